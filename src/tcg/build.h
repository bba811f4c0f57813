/* What the files that build a unit share: ir.c, forward.c, fold.c. */
#pragma once
#include "tcg/ops.h"

void ir_fold_start(void);  /* reads the rules, once in a process */
extern bool ir_fold_ready; /* atomic: they are read */

/* A value with the same low bits. */
static inline IrRef ir_low(const Ir *ir, IrRef r, int bits)
{
    const IrInsn *i = &ir->insn[r];
    while ((i->op == IR_zext || i->op == IR_sext) && i->imm >= (unsigned)bits) {
        r = i->arg[0];
        i = &ir->insn[r];
    }
    return r;
}

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
