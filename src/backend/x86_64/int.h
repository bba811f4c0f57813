/* Between the files of the integer ops. */
#pragma once
#include "backend/x86_64/comp.h"

static inline bool wide(const IrInsn *i)
{
    return i->type == I64;
}

void op_mul(Comp *), op_mul_high(Comp *), op_divide(Comp *), op_divide_wide(Comp *);             /* int_mul.c */
void op_count_zeros(Comp *), op_byte_swap(Comp *), op_bit_reverse(Comp *), op_pop_count(Comp *); /* int_bits.c */
