/* Integer ops that count, swap and reverse bits. */
#include "backend/x86_64/int.h"

void op_count_zeros(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    int n = ir_bits(i->type);
    Rm x = operand(c, i->arg[0], w ? 8 : 4);
    clobber_flags(c);
    if (host_cpu.lzcnt) {
        unsigned dst = define(c, 0);
        asm_op(&c->a, *enc_int((IrOp)i->op), w, dst, x, 0);
        return;
    }
    unsigned t = scratch(c), z = scratch(c);
    asm_mov_imm(&c->a, z, i->op == IR_clz ? (uint64_t)(2 * n - 1) : (uint64_t)n);
    asm_op(&c->a, (Enc){ 0, 1, i->op == IR_clz ? 0xbd : 0xbc, 8, 0, false, false }, w, t, x, 0); /* bsr, bsf */
    asm_op(&c->a, (Enc){ 0, 1, 0x44, 8, 0, false, false }, w, t, rm_reg(z), 0);                  /* cmove */
    if (i->op == IR_clz)
        asm_alu_imm(&c->a, ALU_XOR, w, rm_reg(t), n - 1);
    result_in(c, t);
}

static void swap_bytes_in(Comp *c, bool w, unsigned t)
{
    if (w || t & 8)
        put8(&c->a, 0x40 | (w ? 8u : 0) | (t >> 3 & 1));
    put8(&c->a, 0x0f);
    put8(&c->a, 0xc8 | (t & 7));
}

void op_byte_swap(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    unsigned t = use_in(c, i->arg[0], scratch(c));
    if (ir_bits(i->type) == 16) {
        clobber_flags(c);
        asm_op(&c->a, (Enc){ 0x66, 0, 0xc1, 0, 1, false, false }, false, 0, rm_reg(t), 8);
    } else {
        swap_bytes_in(c, wide(i), t);
    }
    result_in(c, t);
}

/* Bits within bytes by three masked swaps, then the bytes. */
void op_bit_reverse(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    static const Enc SHR = { 0, 0, 0xc1, 5, 1, false, false }, SHL = { 0, 0, 0xc1, 4, 1, false, false };
    static const uint64_t masks[] = { 0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f };
    unsigned t = use_in(c, i->arg[0], RAX);
    take(c, RCX);
    take(c, RDX);
    clobber_flags(c);
    for (unsigned k = 0; k < 3; k++) {
        asm_mov_imm(&c->a, RDX, w ? masks[k] : (uint32_t)masks[k]);
        asm_mov(&c->a, w, RCX, t);
        asm_op(&c->a, SHR, w, 0, rm_reg(t), 1u << k);
        asm_alu(&c->a, ALU_AND, w, t, rm_reg(RDX));
        asm_alu(&c->a, ALU_AND, w, RCX, rm_reg(RDX));
        asm_op(&c->a, SHL, w, 0, rm_reg(RCX), 1u << k);
        asm_alu(&c->a, ALU_OR, w, t, rm_reg(RCX));
    }
    swap_bytes_in(c, w, t);
    result_in(c, t);
}

void op_pop_count(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    Rm x = operand(c, i->arg[0], wide(i) ? 8 : 4);
    clobber_flags(c);
    unsigned dst = define(c, 0);
    asm_op(&c->a, *enc_int(IR_popcnt), wide(i), dst, x, 0);
}
