/* What the files that build a unit share: ir.c, forward.c, fold.c. */
#pragma once
#include "tcg/ops.h"

IrRef ir_append(Ir *, const IrInsn *);
IrRef ir_emit_get(Ir *, const IrInsn *); /* forward.c */
IrRef ir_emit_put(Ir *, const IrInsn *);
IrRef ir_emit_pure(Ir *, const IrInsn *); /* fold.c */
IrRef ir_emit_extend(Ir *, const IrInsn *);
IrRef ir_emit_move(Ir *, const IrInsn *);
void ir_constants_right(const Ir *, IrInsn *); /* of commutative ops */
IrRef ir_low(const Ir *, IrRef, int bits);     /* a value with the same low bits */
void ir_fold_start(void);                      /* reads the rules, once in a process */

static inline void ir_forget_slots(Ir *ir)
{
    ir->line++;
}
