/* What handlers use: registers, memory, flags, the stack, leaving. Values are IrRefs; sizes are bytes, 1 2 4 8. */
#pragma once
#include "frontend/x86/decode.h"

static inline IrType x86_type(unsigned bytes)
{
    return bytes == 1 ? I8 : bytes == 2 ? I16 : bytes == 4 ? I32 : I64;
}
/* A constant as wide as operand 0, or as said. */
static inline IrRef x86_imm(Trans *t, unsigned bytes, uint64_t value)
{
    return ir_imm(t->ir, x86_type(bytes), value);
}
static inline IrRef x86_const(Trans *t, uint64_t value)
{
    return ir_imm(t->ir, I64, value);
}
static inline unsigned x86_bytes(const X86Insn *i)
{
    return i->op[0].bytes;
}

/* ---- registers ---- writing 4 bytes clears the upper half, 1 and 2 bytes leave the rest */
IrRef x86_get_reg(Trans *, unsigned bytes, unsigned n);
void x86_put_reg(Trans *, unsigned bytes, unsigned n, IrRef);
/* The same, zero-extended to 64 bits: an address size's worth of a register. */
IrRef x86_get_wide(Trans *, unsigned bytes, unsigned n);
IrRef x86_widen(Trans *, unsigned bytes, IrRef); /* zero-extends to I64 */

/* ---- operands of the row ---- integer ones: registers, memory, immediates, selectors */
IrRef x86_get_operand(Trans *, X86Insn *, unsigned k);
void x86_put_operand(Trans *, X86Insn *, unsigned k, IrRef);

/* ---- memory ----
 * The offset of the memory operand (I64, cut to the address size). A linear address: segment base added; where the
 * segment's limit or rights forbid the access it is X86_BAD_ADDRESS instead, for which the walk gives #GP(0) or #SS(0).
 */
#define X86_BAD_ADDRESS 0x7fff000000000000ull /* + 0x1000 in the stack segment; never canonical */
IrRef x86_offset(Trans *, X86Insn *);
IrRef x86_linear(Trans *, unsigned seg, IrRef offset, unsigned bytes, bool write);
IrRef x86_address(Trans *, X86Insn *, unsigned bytes, bool write, int32_t *disp); /* of the memory operand */
IrRef x86_load(Trans *, X86Insn *, unsigned bytes);                               /* the memory operand */
void x86_store(Trans *, X86Insn *, unsigned bytes, IrRef);
IrRef x86_load_at(Trans *, unsigned seg, IrRef offset, unsigned bytes);
void x86_store_at(Trans *, unsigned seg, IrRef offset, unsigned bytes, IrRef);
IrMem x86_mem(const Trans *, unsigned bytes); /* attributes of a plain access in this mode */

/* ---- flags ---- */
IrRef x86_get_flags(Trans *);       /* FLAGS */
void x86_put_flags(Trans *, IrRef); /* for `raw` handlers: others set X86Insn.flags */
IrRef x86_flags_int(Trans *);       /* packed, as I32, only the six bits */
IrRef x86_as_flags(Trans *, IrRef packed);
IrRef x86_carry(Trans *);             /* BIT: CF */
IrRef x86_cond(Trans *, unsigned cc); /* BIT: condition 0..15 as in encodings */

/* ---- the stack ---- SS:rSP with the mode's stack size. x86_push stores, then changes rSP. x86_pop loads `bytes` at
 * rSP + skip and leaves rSP; x86_drop adds to it. */
unsigned x86_stack_bytes(const Trans *); /* 2, 4 or 8 */
void x86_push(Trans *, unsigned bytes, IrRef);
IrRef x86_pop(Trans *, unsigned bytes, unsigned skip);
void x86_drop(Trans *, uint64_t bytes);

/* ---- leaving ---- targets are linear. They look after single-stepping, the interrupt shadow and the CS limit. */
void x86_goto(Trans *, const X86Insn *, uint64_t linear);
void x86_goto_if(Trans *, const X86Insn *, IrRef cond, uint64_t linear); /* and goes on with the next one otherwise */
void x86_goto_ip(Trans *, const X86Insn *, IrRef ip); /* near: offset in CS, cut to the operand size */
/* #GP(0) for a target beyond the CS limit, before anything is committed; false: it certainly is, and was raised. */
bool x86_check_target(Trans *, uint64_t linear);
void x86_check_ip(Trans *, const X86Insn *, IrRef ip);
/* Goes on at the pc slot, in whatever mode the CPU now is; for after helpers that set both. */
void x86_goto_state(Trans *);
bool x86_go_on(Trans *, X86Insn *);          /* ends the unit: the next instruction, in whatever mode the CPU now is */
void x86_set_next(Trans *, const X86Insn *); /* pc slot = the next instruction */

/* ---- exceptions ---- emits it in place of the instruction, which is then done */
typedef enum X86Vector {
    X86_DE,
    X86_DB,
    X86_NMI,
    X86_BP,
    X86_OF,
    X86_BR,
    X86_UD,
    X86_NM,
    X86_DF,
    X86_TS = 10,
    X86_NP,
    X86_SS,
    X86_GP,
    X86_PF,
    X86_MF = 16,
    X86_AC,
    X86_MC,
    X86_XM,
} X86Vector;
void x86_raise_at(Trans *, X86Vector, uint32_t error);
/* ... if the BIT holds: before anything of the instruction is committed. */
void x86_raise_if(Trans *, IrRef cond, X86Vector, uint32_t error);
