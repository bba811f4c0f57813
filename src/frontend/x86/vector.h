/* What handlers of MMX, SSE and AVX instructions share. One handler serves all encodings of an instruction: legacy ones
 * write over their first operand, VEX ones have a destination of their own; lanes are those of 64 bits (MMX) or of 128,
 * twice for VEX.256 (attribute `halves`). */
#pragma once
#include "frontend/x86/operand.h"

static inline IrType x86_lanes(const X86Insn *i, IrKind k)
{
    return ir_lanes(k, i->attr & X86_MMX ? 64 : 128);
}
/* The two sources, whichever encoding. */
static inline IrRef x86_first(const X86Insn *i)
{
    return i->in[i->vex];
}
static inline IrRef x86_second(const X86Insn *i)
{
    return i->in[1 + i->vex];
}
static inline IrRef x86_zero_vector(Trans *t)
{
    return ir_wide(t->ir, I64X2, 0, 0);
}
/* Byte p[i] of a:b at i, 0 where p[i] is 0x80. `lanes` the same for lanes of that many bytes. */
IrRef x86_shuffle(Trans *, const X86Insn *, IrRef a, IrRef b, const uint8_t p[16]);
IrRef x86_shuffle_lanes(Trans *, const X86Insn *, IrRef a, IrRef b, unsigned bytes, const uint8_t *p);
IrRef x86_merge_low(Trans *, const X86Insn *, IrRef a, IrRef b, unsigned bytes); /* a with b's low bytes */

/* MMX: before the operands are read, and before anything is written (x87_insn.c). */
void x86_mmx_wait(Trans *);
void x86_mmx_begin(Trans *);

/* The operand's lower or upper 128 bits (less: zeros above), or MMX's 64. */
IrRef x86_get_vector(Trans *, X86Insn *, unsigned k, bool high);
void x86_put_vector(Trans *, X86Insn *, unsigned k);
/* The same for a register by number. */
IrRef x86_get_xmm(Trans *, unsigned n, bool high);
void x86_put_xmm(Trans *, unsigned n, IrRef low, IrRef high); /* IR_NONE: stays */
