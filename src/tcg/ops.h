/* What the table of operations says, in the form that passes and the interpreter look it up. */
#pragma once
#include "tcg/ir.h"

/* A meaning of four letters is taken for NONE; tests/tcg/test_ops.c makes sure that there is no other. */
#define IR_HAS_MEANING(meaning) (sizeof #meaning != 5)

/* What an argument has to be. */
typedef enum IrArg {
    ARG_NONE,
    ARG_SAME,   /* integers: at least as wide as the op's type; else in a vector register and of its width */
    ARG_INT,    /* any scalar integer */
    ARG_BIT,    /* I64 that is 0 or 1 */
    ARG_LOW,    /* at least as wide as imm: zext, sext */
    ARG_PC,     /* I64 */
    ARG_FLAGS,  /* T_FLAGS */
    ARG_FLAG32, /* at least 32 bits */
    ARG_SOURCE, /* a conversion's source: of the kind in imm */
    ARG_VECTOR, /* in a vector register, 64 bits or more */
    ARG_WIDE,   /* a 128-bit vector */
    ARG_HALF,   /* a vector of at least half the type's width */
    ARG_VALUE,  /* anything with a value */
    ARG_SCALAR, /* an integer at least as wide as the lane */
    ARG_LANE,   /* the same, or in a vector register and as wide as the lane */
    ARG_BITS,   /* the other kind of register: an integer at least as wide, a float as wide */
} IrArg;
IrArg ir_arg_kind(const IrInsn *, int k);

static inline bool ir_is_int(IrType t) /* a scalar integer; packed flags are one of 32 bits */
{
    return t < 4 || t == T_FLAGS;
}
static inline uint64_t ir_mask(int bits)
{
    return ~0ull >> (64 - bits);
}
static inline bool ir_is_shift(IrOp op)
{
    return op == IR_shl || op == IR_shr || op == IR_sar;
}
/* Shifts do by a constant only, and not by 0. */
static inline bool ir_sets_flags(const Ir *ir, const IrInsn *i)
{
    if (ir_is_shift((IrOp)i->op)) {
        const IrInsn *count = &ir->insn[i->arg[1]];
        return i->type < 4 && count->op == IR_const && count->imm & ((unsigned)ir_bits(i->type) - 1);
    }
    return i->op == IR_add || i->op == IR_sub || i->op == IR_adc || i->op == IR_sbb || i->op == IR_and ||
           i->op == IR_or || i->op == IR_xor;
}
static inline bool ir_always_leaves(IrOp op)
{
    return op == IR_goto_ || op == IR_goto_reg || op == IR_goto_pc || op == IR_leave;
}
/* imm names a row of the guest's helpers in its low 16 bits. */
static inline bool ir_names_helper(IrOp op)
{
    return op == IR_call || op == IR_leave_if || (ir_op[op].effects & FP);
}
