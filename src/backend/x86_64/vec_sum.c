/* Vector ops that take several instructions because lanes become wider on the way: products, sums, counts. */
#include "backend/x86_64/vec.h"

bool vec_multiply_long(Comp *c)
{
    IrInsn *i = now(c);
    static const uint8_t zx[] = { 0, 0x30, 0x33, 0x35 }, sx[] = { 0, 0x20, 0x23, 0x25 };
    int k = ir_kind(i->type);
    bool sign = i->op == IR_vmulls;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    unsigned dst = vdefine(c, false);
    uint8_t widen = sign ? sx[k] : zx[k];
    asm_vec2(&c->a, V66(2, widen), XS, rm_reg(x), 0);
    asm_vec2(&c->a, V66(2, widen), XT, rm_reg(y), 0);
    static const Enc mul[] = { { 0 }, { 0x66, 1, 0xd5, 8, 0, false, false }, { 0x66, 2, 0x40, 8, 0, false, false } };
    Enc e = k == 3 ? (sign ? V66(2, 0x28) : V66(1, 0xf4)) : mul[k];
    asm_vec(&c->a, e, XS, XS, rm_reg(XT), 0);
    asm_vmov(&c->a, dst, XS);
    return true;
}

bool vec_multiply_bytes(Comp *c)
{
    IrInsn *i = now(c);
    if (ir_kind(i->type) != K_I8)
        return false;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    unsigned dst = vdefine(c, false);
    uint64_t m = spread(0xff, 16);
    /* odd bytes: high halves of (x & ff00) >> 8 times y >> 8; even bytes: low halves of x * y */
    asm_vmov(&c->a, XS, x);
    asm_op(&c->a, VSH(0x71, 2), false, 0, rm_reg(XS), 8);
    asm_vmov(&c->a, XT, y);
    asm_op(&c->a, VSH(0x71, 2), false, 0, rm_reg(XT), 8);
    asm_vec(&c->a, V66(1, 0xd5), XS, XS, rm_reg(XT), 0);
    asm_op(&c->a, VSH(0x71, 6), false, 0, rm_reg(XS), 8);
    vop(c, V66(1, 0xd5), XT, x, rm_reg(y), 0);
    asm_vec(&c->a, PAND, XT, XT, vconstant(c, m, m), 0);
    asm_vec(&c->a, POR, XS, XS, rm_reg(XT), 0);
    asm_vmov(&c->a, dst, XS);
    return true;
}

/* Population count of bytes by two table look-ups of nibbles. */
bool vec_count_bits(Comp *c)
{
    IrInsn *i = now(c);
    if (ir_kind(i->type) != K_I8)
        return false;
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    uint64_t m = spread(0x0f, 8);
    uint64_t lo = 0x0302020102010100, hi = 0x0403030203020201;
    const uint8_t *lut = pool_const(lo, hi);
    if (!lut)
        return false;
    vop(c, PAND, XS, x, vconstant(c, m, m), 0);
    asm_vload(&c->a, 16, XT, rm_pool(lut));
    asm_vec(&c->a, PSHUFB, XT, XT, rm_reg(XS), 0);
    asm_vmov(&c->a, XS, x);
    asm_op(&c->a, VSH(0x71, 2), false, 0, rm_reg(XS), 4);
    asm_vec(&c->a, PAND, XS, XS, vconstant(c, m, m), 0);
    asm_vmov(&c->a, dst, XT);
    asm_vload(&c->a, 16, XT, rm_pool(lut));
    asm_vec(&c->a, PSHUFB, XT, XT, rm_reg(XS), 0);
    vop(c, V66(1, 0xfc), dst, dst, rm_reg(XT), 0);
    return true;
}

bool vec_pairwise(Comp *c)
{
    IrInsn *i = now(c);
    int k = ir_kind(i->type), bytes = ir_bits(i->type) / 8;
    static const uint8_t paddx[] = { 0xfc, 0xfd, 0xfe, 0xd4 };
    const Enc *e = enc_vec((IrOp)i->op, i->type);
    if (!e && i->op != IR_vpadd)
        return false;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    unsigned dst = vdefine(c, false);
    if (bytes == 8) { /* both halves in one register */
        vop(c, PUNPCKLQDQ, XS, x, rm_reg(y), 0);
        if (e) {
            vop(c, *e, dst, XS, rm_reg(XS), 0);
            return true;
        }
        x = y = XS;
    } else if (e) {
        vop(c, *e, dst, x, rm_reg(y), 0);
        return true;
    }
    if (k == K_I64) {
        vop(c, PUNPCKLQDQ, XT, x, rm_reg(y), 0);
        vop(c, V66(1, 0x6d), XS, x, rm_reg(y), 0);
    } else { /* bytes: even + odd in 16-bit lanes, then the low bytes together */
        uint64_t m = spread(0xff, 16);
        asm_vmov(&c->a, XT, y);
        asm_op(&c->a, VSH(0x71, 2), false, 0, rm_reg(XT), 8);
        vop(c, V66(1, 0xfc), XT, XT, rm_reg(y), 0);
        asm_vec(&c->a, PAND, XT, XT, vconstant(c, m, m), 0);
        if (x != XS)
            asm_vmov(&c->a, XS, x);
        unsigned t = vscratch(c);
        asm_vmov(&c->a, t, XS);
        asm_op(&c->a, VSH(0x71, 2), false, 0, rm_reg(t), 8);
        asm_vec(&c->a, V66(1, 0xfc), XS, XS, rm_reg(t), 0);
        asm_vec(&c->a, PAND, XS, XS, vconstant(c, m, m), 0);
        asm_vec(&c->a, V66(1, 0x67), XS, XS, rm_reg(XT), 0); /* packuswb */
        asm_vmov(&c->a, dst, XS);
        return true;
    }
    asm_vec(&c->a, V66(1, paddx[k]), XS, XS, rm_reg(XT), 0);
    asm_vmov(&c->a, dst, XS);
    return true;
}

/* Sum of all lanes: bytes by psadbw, others by halving. */
bool vec_sum(Comp *c)
{
    IrInsn *i = now(c);
    IrType from = ir_result(insn_of(c, i->arg[0]));
    int lane = (int)i->imm, bytes = ir_bits(from) / 8;
    static const uint8_t paddx[] = { [8] = 0xfc, [16] = 0xfd, [32] = 0xfe, [64] = 0xd4 };
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    if (bytes == 8)
        asm_vec2(&c->a, (Enc){ 0xf3, 1, 0x7e, 8, 0, false, false }, XS, rm_reg(x), 0);
    else
        asm_vmov(&c->a, XS, x);
    if (lane == 8) {
        vec_zero(c, XT);
        asm_vec(&c->a, V66(1, 0xf6), XS, XS, rm_reg(XT), 0);
        asm_vec2(&c->a, PSHUFD, XT, rm_reg(XS), 0xee);
        asm_vec(&c->a, V66(1, 0xd4), XS, XS, rm_reg(XT), 0);
    } else {
        for (int half = bytes / 2; half * 8 >= lane; half /= 2) {
            asm_vmov(&c->a, XT, XS);
            asm_op(&c->a, VSH(0x73, 3), false, 0, rm_reg(XT), (unsigned)half); /* psrldq */
            asm_vec(&c->a, V66(1, paddx[lane]), XS, XS, rm_reg(XT), 0);
        }
    }
    unsigned dst = define(c, 0);
    asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, lane == 64, false }, XS, rm_reg(dst), 0);
    if (lane < 32)
        asm_load(&c->a, lane / 8, false, dst, rm_reg(dst));
    return true;
}
