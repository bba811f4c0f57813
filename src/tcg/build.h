/* What the files that build a unit share: ir.c, forward.c, fold.c. */
#pragma once
#include "tcg/ops.h"

IrRef ir_low(const Ir *, IrRef, int bits); /* a value with the same low bits */
void ir_fold_start(void);                  /* reads the rules, once in a process */

static inline void ir_forget_slots(Ir *ir)
{
    ir->line++;
}

/* A commutative op has its constant on the right. */
static inline void ir_constants_right(const Ir *ir, IrInsn *w)
{
    if (!(ir_op[w->op].effects & COMM) || ir->insn[w->arg[0]].op != IR_const || ir->insn[w->arg[1]].op == IR_const)
        return;
    IrRef a = w->arg[0];
    w->arg[0] = w->arg[1];
    w->arg[1] = a;
}
