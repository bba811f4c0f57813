/* Vector ops that look at the signs of lanes, and the test of all bits. */
#include "backend/x86_64/vec.h"

/* XS = lanes of ones where x's are negative. */
static void negative_lanes(Comp *c, unsigned x, int bits)
{
    if (bits == 8) {
        asm_vec(&c->a, PXOR, XS, XS, rm_reg(XS), 0);
        asm_vec(&c->a, V66(1, 0x64), XS, XS, rm_reg(x), 0); /* pcmpgtb */
        return;
    }
    asm_vmov(&c->a, XS, x);
    asm_op(&c->a, VSH(bits == 16 ? 0x71 : 0x72, 4), false, 0, rm_reg(XS), bits == 16 ? 15 : 31);
    if (bits == 64)
        asm_vec2(&c->a, V66I(1, 0x70), XS, rm_reg(XS), 0xf5); /* pshufd */
}

/* With AVX in one instruction, but of words; else c ^ (mask & (b ^ c)). */
bool vec_blend(Comp *c)
{
    IrInsn *i = now(c);
    int bits = ir_lane_bits(i->type);
    unsigned a = vuse(c, i->arg[0]), b = vuse(c, i->arg[1]), z = vuse(c, i->arg[2]);
    static const uint8_t opcode[] = { [8] = 0x4c, [32] = 0x4a, [64] = 0x4b };
    bool one = c->a.avx && bits != 16;
    if (!one) {
        negative_lanes(c, a, bits);
        vop(c, PXOR, XT, b, rm_reg(z), 0);
        asm_vec(&c->a, PAND, XS, XS, rm_reg(XT), 0);
        asm_vec(&c->a, PXOR, XS, XS, rm_reg(z), 0);
    }
    for (int k = 0; k < 3; k++)
        release(c, i->arg[k]);
    unsigned dst = vdefine(c, false);
    if (one)
        asm_vex(&c->a, V66I(3, opcode[bits]), false, dst, z, rm_reg(b), a << 4);
    else
        asm_vmov(&c->a, dst, XS);
    return true;
}

/* Of 16-bit lanes: those of the bytes that saturating makes of them. What lies above a 64-bit vector is cut off. */
bool vec_mask(Comp *c)
{
    IrInsn *i = now(c);
    int bits = (int)i->imm, lanes = ir_bits(ir_result(insn_of(c, i->arg[0]))) / bits;
    unsigned x = vuse(c, i->arg[0]);
    bool cut = lanes * bits == 64 || bits == 16;
    if (cut)
        clobber_flags(c);
    if (bits == 16) {
        vop(c, V66(1, 0x63), XS, x, rm_reg(x), 0); /* packsswb */
        x = XS;
    }
    release(c, i->arg[0]);
    unsigned dst = define(c, 0);
    Enc e = bits <= 16 ? V66(1, 0xd7) : bits == 32 ? (Enc){ 0, 1, 0x50, 8, 0, false, false } : V66(1, 0x50);
    asm_vec2(&c->a, e, dst, rm_reg(x), 0);
    if (cut)
        asm_alu_imm(&c->a, ALU_AND, false, rm_reg(dst), (1 << lanes) - 1);
    return true;
}

/* pshufb, of a vector of 64 bits with numbers that stay below 8. */
bool vec_look(Comp *c)
{
    IrInsn *i = now(c);
    if (ir_bits(i->type) == 128)
        return vec_one_instruction(c);
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    uint64_t m = 0x8787878787878787;
    vop(c, PAND, XS, y, vconstant(c, m, m), 0);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    vop(c, V66(2, 0x00), vdefine(c, false), x, rm_reg(XS), 0);
    return true;
}

/* Not every host has them. */
bool vec_crypto(Comp *c)
{
    static const uint8_t opcode[IR_OPS] = {
        [IR_aesround] = 0xdc, [IR_aeslast] = 0xdd, [IR_aesback] = 0xde, [IR_aesbacklast] = 0xdf
    };
    IrInsn *i = now(c);
    bool product = i->op == IR_vclmul;
    if (!(product ? host_cpu.clmul : host_cpu.aes))
        return false;
    unsigned x = vuse(c, i->arg[0]), y = ir_args((IrOp)i->op) > 1 ? vuse(c, i->arg[1]) : x;
    for (int k = 0; k < ir_args((IrOp)i->op); k++)
        release(c, i->arg[k]);
    unsigned dst = vdefine(c, false);
    if (i->op == IR_aesunmix)
        asm_vec2(&c->a, V66(2, 0xdb), dst, rm_reg(x), 0);
    else
        vop(c, product ? V66I(3, 0x44) : V66(2, opcode[i->op]), dst, x, rm_reg(y), (i->imm & 1) | (i->imm & 2) << 3);
    return true;
}

void op_vtest(Comp *c)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    clobber_flags(c);
    if (ir_bits(i->type) == 64) {
        static const Enc MOVQ = { 0xf3, 1, 0x7e, 8, 0, false, false };
        asm_vec2(&c->a, MOVQ, XS, rm_reg(x), 0);
        asm_vec2(&c->a, MOVQ, XT, rm_reg(y), 0);
        x = XS;
        y = XT;
    }
    asm_vec2(&c->a, V66(2, 0x17), x, rm_reg(y), 0); /* ptest */
    set_host_flags(c, (IrRef)c->at, 0);
}
