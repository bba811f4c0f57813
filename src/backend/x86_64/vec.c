/* Integer vector ops: one host instruction where enc.def has a row, short sequences here, and the reference
 * evaluation in C for the rest. A 64-bit vector lives in the low half of a register; what is above is undefined. */
#include "backend/x86_64/vec.h"

#include <assert.h>

static const Enc PXOR = { 0x66, 1, 0xef, 8, 0, false, false }, PAND = { 0x66, 1, 0xdb, 8, 0, false, false },
                 POR = { 0x66, 1, 0xeb, 8, 0, false, false }, PANDN = { 0x66, 1, 0xdf, 8, 0, false, false },
                 PSHUFB = { 0x66, 2, 0x00, 8, 0, false, false },
                 PCMPEQ[] = { { 0x66, 1, 0x74, 8, 0, false, false },
                              { 0x66, 1, 0x75, 8, 0, false, false },
                              { 0x66, 1, 0x76, 8, 0, false, false },
                              { 0x66, 2, 0x29, 8, 0, false, false } },
                 PCMPGT[] = { { 0x66, 1, 0x64, 8, 0, false, false },
                              { 0x66, 1, 0x65, 8, 0, false, false },
                              { 0x66, 1, 0x66, 8, 0, false, false },
                              { 0x66, 2, 0x37, 8, 0, false, false } },
                 PUNPCKLQDQ = { 0x66, 1, 0x6c, 8, 0, false, false }, PSHUFD = { 0x66, 1, 0x70, 8, 1, false, false },
                 PALIGNR = { 0x66, 3, 0x0f, 8, 1, false, false };

static IrInsn *now(Comp *c)
{
    return insn_of(c, (IrRef)c->at);
}

void vop(Comp *c, Enc e, unsigned dst, unsigned src1, Rm src2, uint64_t imm)
{
    if (!c->a.avx && src2.kind == RM_REG && src2.base == dst && src1 != dst) {
        asm_vmov(&c->a, XT, src2.base);
        src2 = rm_reg(XT);
    }
    asm_vec(&c->a, e, dst, src1, src2, imm);
}

static void zero(Comp *c, unsigned reg)
{
    asm_vec(&c->a, PXOR, reg, reg, rm_reg(reg), 0);
}

static void ones(Comp *c, unsigned reg)
{
    asm_vec(&c->a, PCMPEQ[2], reg, reg, rm_reg(reg), 0);
}

/* A constant as an operand, through XT when the pool is full. */
Rm vconstant(Comp *c, uint64_t lo, uint64_t hi)
{
    const uint8_t *at = pool_const(lo, hi);
    if (!at)
        c->a.full = true;
    return at ? rm_pool(at) : rm_reg(XT);
}

static uint64_t spread(uint64_t lane, int bits)
{
    for (int n = bits; n < 64; n *= 2)
        lane |= lane << n;
    return lane;
}

bool vec_one_instruction(Comp *c)
{
    IrInsn *i = now(c);
    const Enc *e = enc_vec((IrOp)i->op, i->type);
    if (!e || e->imm)
        return false;
    if (ir_args((IrOp)i->op) == 1) {
        Rm x = voperand(c, i->arg[0], 16);
        release(c, i->arg[0]);
        asm_vec2(&c->a, *e, vdefine(c, false), x, 0);
        return true;
    }
    unsigned x = vuse(c, i->arg[0]);
    Rm y = voperand(c, i->arg[1], 16);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    vop(c, *e, vdefine(c, false), x, y, 0);
    return true;
}

static bool shift_imm(Comp *c)
{
    IrInsn *i = now(c);
    int bits = ir_lane_bits(i->type);
    if (!is_const(c, i->arg[1]))
        return false;
    unsigned n = (unsigned)insn_of(c, i->arg[1])->imm & (unsigned)(bits - 1), x = vuse(c, i->arg[0]);
    const Enc *e = enc_vec((IrOp)i->op, i->type);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    if (e) {
        if (c->a.avx) {
            asm_vex(&c->a, *e, false, e->ext, dst, rm_reg(x), n);
        } else {
            asm_vmov(&c->a, dst, x);
            asm_op(&c->a, *e, false, 0, rm_reg(dst), n);
        }
        return true;
    }
    static const uint8_t group[] = { 6, 2, 4 }; /* shl shr sar */
    if (bits == 8) {
        unsigned ext = group[i->op - IR_shl];
        if (ext == 4) { /* bytes: shift as unsigned, then restore the sign: (x ^ m) - m */
            asm_vmov(&c->a, XS, x);
            asm_op(&c->a, VSH(0x71, 2), false, 0, rm_reg(XS), n);
            asm_vec(&c->a, PAND, XS, XS, vconstant(c, spread(0xffu >> n, 8), spread(0xffu >> n, 8)), 0);
            uint64_t m = spread(0x80u >> n, 8);
            asm_vec(&c->a, PXOR, XS, XS, vconstant(c, m, m), 0);
            asm_vec(&c->a, V66(1, 0xf8), XS, XS, vconstant(c, m, m), 0);
        } else {
            asm_vmov(&c->a, XS, x);
            asm_op(&c->a, VSH(0x71, ext), false, 0, rm_reg(XS), n);
            uint64_t m = spread(ext == 6 ? 0xff & 0xffu << n : 0xffu >> n, 8);
            asm_vec(&c->a, PAND, XS, XS, vconstant(c, m, m), 0);
        }
        asm_vmov(&c->a, dst, XS);
        return true;
    }
    /* sar of 64-bit lanes: (x >>> n) with the sign from a compare with zero */
    zero(c, XT);
    asm_vec(&c->a, PCMPGT[3], XT, XT, rm_reg(x), 0);
    asm_vmov(&c->a, XS, x);
    asm_op(&c->a, VSH(0x73, 2), false, 0, rm_reg(XS), n);
    if (n) {
        asm_op(&c->a, VSH(0x73, 6), false, 0, rm_reg(XT), 64 - n);
        asm_vec(&c->a, POR, XS, XS, rm_reg(XT), 0);
    }
    asm_vmov(&c->a, dst, XS);
    return true;
}

static bool compare(Comp *c)
{
    IrInsn *i = now(c);
    int k = ir_kind(i->type);
    if (ir_is_float(i->type))
        return false;
    IrRef a = i->arg[0], b = i->arg[1];
    bool uns = i->op == IR_ltu || i->op == IR_leu, negate = i->op == IR_leu || i->op == IR_les;
    /* a < b is b > a; a <= b is not (a > b) */
    unsigned x = vuse(c, negate ? a : b), y = vuse(c, negate ? b : a);
    release(c, a);
    release(c, b);
    unsigned dst = vdefine(c, false);
    if (uns) { /* compare signed after flipping the sign bits */
        uint64_t m = spread(1ull << (ir_lane_bits(i->type) - 1), ir_lane_bits(i->type));
        vop(c, PXOR, XS, x, vconstant(c, m, m), 0);
        vop(c, PXOR, XT, y, vconstant(c, m, m), 0);
        asm_vec(&c->a, PCMPGT[k], XS, XS, rm_reg(XT), 0);
    } else {
        vop(c, PCMPGT[k], negate ? XS : dst, x, rm_reg(y), 0);
        if (!negate)
            return true;
    }
    if (negate) {
        ones(c, XT);
        asm_vec(&c->a, PXOR, XS, XS, rm_reg(XT), 0);
    }
    asm_vmov(&c->a, dst, XS);
    return true;
}

static bool bitwise(Comp *c)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]);
    if (i->op == IR_not) {
        release(c, i->arg[0]);
        unsigned dst = vdefine(c, false);
        ones(c, XT);
        vop(c, PXOR, dst, x, rm_reg(XT), 0);
    } else if (i->op == IR_neg) {
        release(c, i->arg[0]);
        static const uint8_t psub[] = { 0xf8, 0xf9, 0xfa, 0xfb };
        unsigned dst = vdefine(c, false);
        zero(c, XS);
        asm_vec(&c->a, V66(1, psub[ir_kind(i->type) & 3]), XS, XS, rm_reg(x), 0);
        asm_vmov(&c->a, dst, XS);
    } else if (i->op == IR_andn) {
        unsigned y = vuse(c, i->arg[1]);
        release(c, i->arg[0]);
        release(c, i->arg[1]);
        unsigned dst = vdefine(c, false);
        vop(c, PANDN, dst, y, rm_reg(x), 0);
    } else { /* bsl: (a & b) | (~a & c), as c ^ (a & (b ^ c)) */
        unsigned y = vuse(c, i->arg[1]);
        asm_vmov(&c->a, XS, y);
        if (i->arg[1] != i->arg[0]) /* else x would be free, too */
            release(c, i->arg[1]);
        unsigned z = vuse(c, i->arg[2]);
        asm_vec(&c->a, PXOR, XS, XS, rm_reg(z), 0);
        asm_vec(&c->a, PAND, XS, XS, rm_reg(x), 0);
        asm_vec(&c->a, PXOR, XS, XS, rm_reg(z), 0);
        release(c, i->arg[0]);
        release(c, i->arg[2]);
        asm_vmov(&c->a, vdefine(c, false), XS);
    }
    return true;
}

static bool float_sign(Comp *c)
{
    IrInsn *i = now(c);
    int bits = ir_lane_bits(i->type);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    uint64_t m = spread(1ull << (bits - 1), bits);
    m = i->op == IR_fneg ? m : ~m;
    vop(c, i->op == IR_fneg ? PXOR : PAND, vdefine(c, false), x, vconstant(c, m, m), 0);
    return true;
}

void shuffle2(Comp *c, unsigned dst, unsigned x, unsigned y, const uint8_t pattern[16])
{
    uint8_t p[2][16];
    for (int k = 0; k < 16; k++) {
        p[0][k] = pattern[k] < 16 ? pattern[k] : 0x80;
        p[1][k] = pattern[k] >= 16 && pattern[k] < 32 ? pattern[k] - 16 : 0x80;
    }
    uint64_t w[4];
    memcpy(w, p, 32);
    vop(c, PSHUFB, XS, x, vconstant(c, w[0], w[1]), 0);
    vop(c, PSHUFB, XT, y, vconstant(c, w[2], w[3]), 0);
    asm_vec(&c->a, POR, XS, XS, rm_reg(XT), 0);
    asm_vmov(&c->a, dst, XS);
}

void shuffle1(Comp *c, unsigned dst, unsigned x, const uint8_t pattern[16])
{
    uint64_t w[2];
    memcpy(w, pattern, 16);
    vop(c, PSHUFB, dst, x, vconstant(c, w[0], w[1]), 0);
}

/* zip, uzp, trn, ext as byte patterns of the operation's own definition. */
static bool permute(Comp *c)
{
    IrInsn *i = now(c);
    int bytes = ir_bits(i->type) / 8, lane = ir_lane_bits(i->type) / 8, lanes = bytes / lane;
    uint8_t pattern[16];
    memset(pattern, 0xff, sizeof pattern);
    for (int k = 0; k < lanes; k++) {
        int from; /* lane of a:b */
        switch (i->op) {
        case IR_vzip1:
            from = k / 2 + (k & 1) * lanes;
            break;
        case IR_vzip2:
            from = lanes / 2 + k / 2 + (k & 1) * lanes;
            break;
        case IR_vuzp1:
            from = 2 * k;
            break;
        case IR_vuzp2:
            from = 2 * k + 1;
            break;
        case IR_vtrn1:
            from = (k & ~1) + (k & 1) * lanes;
            break;
        case IR_vtrn2:
            from = (k & ~1) + 1 + (k & 1) * lanes;
            break;
        default:
            from = 0;
        }
        for (int b = 0; b < lane; b++) {
            int at = from * lane + b; /* byte of a:b, each `bytes` long */
            pattern[k * lane + b] = (uint8_t)(at < bytes ? at : at - bytes + 16);
        }
    }
    if (i->op == IR_vext)
        for (int b = 0; b < bytes; b++) {
            int at = b + (int)i->imm;
            pattern[b] = (uint8_t)(at < bytes ? at : at - bytes + 16);
        }
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    unsigned dst = vdefine(c, false);
    if (i->op == IR_vext && bytes == 16) {
        vop(c, PALIGNR, dst, y, rm_reg(x), i->imm);
        return true;
    }
    const Enc *e = enc_vec((IrOp)i->op, i->type);
    if (e && (bytes == 16 || i->op == IR_vzip1)) {
        vop(c, *e, dst, x, rm_reg(y), 0);
        return true;
    }
    if (x == y) {
        for (int b = 0; b < 16; b++)
            pattern[b] = pattern[b] == 0xff ? 0x80 : pattern[b] & 15;
        shuffle1(c, dst, x, pattern);
        return true;
    }
    shuffle2(c, dst, x, y, pattern);
    return true;
}

static bool reverse(Comp *c)
{
    IrInsn *i = now(c);
    int lane = ir_lane_bits(i->type) / 8, group = (int)i->imm / 8;
    uint8_t pattern[16];
    for (int b = 0; b < 16; b++) {
        int g = b / group, l = b % group / lane;
        pattern[b] = (uint8_t)(g * group + (group / lane - 1 - l) * lane + b % lane);
    }
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    shuffle1(c, vdefine(c, false), x, pattern);
    return true;
}

static bool table(Comp *c)
{
    IrInsn *i = now(c);
    /* pshufb takes the low four bits unless bit 7 is set: add 0x70 saturating, so that 16.. get bit 7 */
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    unsigned dst = vdefine(c, false);
    uint64_t m = spread(0x70, 8);
    vop(c, V66(1, 0xdc), XS, y, vconstant(c, m, m), 0);
    vop(c, PSHUFB, XT, x, rm_reg(XS), 0);
    asm_vmov(&c->a, dst, XT);
    return true;
}

static bool dup(Comp *c)
{
    IrInsn *i = now(c);
    static const uint8_t bcast[] = { 0x78, 0x79, 0x58, 0x59 };
    int k = ir_kind(i->type) & 3;
    if (ir_is_float(i->type))
        k = ir_lane_bits(i->type) == 64 ? 3 : ir_lane_bits(i->type) == 32 ? 2 : 1;
    bool vector = ir_in_vector_reg(ir_result(insn_of(c, i->arg[0])));
    unsigned from = XS;
    if (vector) {
        from = vuse(c, i->arg[0]);
    } else {
        unsigned reg = use(c, i->arg[0]);
        asm_vec2(&c->a, (Enc){ 0x66, 1, 0x6e, 8, 0, k == 3, false }, XS, rm_reg(reg), 0);
    }
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    if (host_cpu.avx2) {
        asm_vex(&c->a, V66(2, bcast[k]), false, dst, 0, rm_reg(from), 0);
        return true;
    }
    if (k == 3) {
        vop(c, PUNPCKLQDQ, dst, from, rm_reg(from), 0);
    } else if (k == 2) {
        asm_vec2(&c->a, PSHUFD, dst, rm_reg(from), 0);
    } else {
        uint64_t p = k == 1 ? spread(0x0100, 16) : 0;
        vop(c, PSHUFB, dst, from, vconstant(c, p, p), 0);
    }
    return true;
}

static bool get_lane(Comp *c)
{
    IrInsn *i = now(c);
    if (ir_is_float(i->type) && vec_get_float(c))
        return true;
    int lane = ir_lane_bits(i->type) / 8;
    unsigned n = (unsigned)i->imm;
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    if (ir_is_float(i->type)) {
        unsigned dst = vdefine(c, false);
        if (!n) {
            asm_vmov(&c->a, dst, x);
        } else {
            uint8_t pattern[16];
            memset(pattern, 0x80, 16);
            for (int b = 0; b < lane; b++)
                pattern[b] = (uint8_t)((int)n * lane + b);
            shuffle1(c, dst, x, pattern);
        }
        return true;
    }
    unsigned dst = define(c, 0);
    if (!n && lane >= 4) {
        asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, lane == 8, false }, x, rm_reg(dst), 0);
    } else {
        static const uint8_t pextr[] = { [1] = 0x14, [2] = 0x15, [4] = 0x16, [8] = 0x16 };
        asm_vec2(&c->a, (Enc){ 0x66, 3, pextr[lane], 8, 1, lane == 8, false }, x, rm_reg(dst), n);
    }
    return true;
}

static bool set_lane(Comp *c)
{
    IrInsn *i = now(c);
    int lane = ir_lane_bits(i->type) / 8;
    bool vector = ir_in_vector_reg(ir_result(insn_of(c, i->arg[1])));
    if (vector && vec_set_float(c))
        return true;
    unsigned n = (unsigned)i->imm;
    unsigned t;
    if (vector) { /* a float: through a general register */
        unsigned y = vuse(c, i->arg[1]);
        t = scratch(c);
        asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, true, false }, y, rm_reg(t), 0);
    } else {
        t = use(c, i->arg[1]);
    }
    unsigned x = vuse(c, i->arg[0]);
    static const uint8_t opcode[] = { [1] = 0x20, [2] = 0xc4, [4] = 0x22, [8] = 0x22 };
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    if (!c->a.avx) { /* asm_vec takes t for a vector register */
        asm_vmov(&c->a, dst, x);
        x = dst;
    }
    asm_vec(&c->a, (Enc){ 0x66, lane == 2 ? 1 : 3, opcode[lane], 8, 1, lane == 8, false }, dst, x, rm_reg(t), n);
    return true;
}

static bool low(Comp *c)
{
    IrInsn *i = now(c);
    IrType from = ir_result(insn_of(c, i->arg[0]));
    int bits = ir_lane_bits(i->type);
    if (ir_is_vector(from) && ir_bits(from) < 128)
        bits = ir_bits(from);
    if (!ir_in_vector_reg(from)) {
        unsigned reg = use(c, i->arg[0]);
        if (bits < 32) {
            unsigned t = scratch(c);
            asm_load(&c->a, bits / 8, false, t, rm_reg(reg));
            reg = t;
        }
        unsigned dst = vdefine(c, true);
        asm_vec2(&c->a, (Enc){ 0x66, 1, 0x6e, 8, 0, bits == 64, false }, dst, rm_reg(reg), 0);
        return true;
    }
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, true);
    if (bits == 64) {
        asm_vec2(&c->a, (Enc){ 0xf3, 1, 0x7e, 8, 0, false, false }, dst, rm_reg(x), 0);
    } else if (bits == 128) {
        asm_vmov(&c->a, dst, x);
    } else {
        uint64_t m = bits == 32 ? UINT32_MAX : UINT16_MAX;
        vop(c, PAND, dst, x, vconstant(c, m, 0), 0);
    }
    return true;
}

static bool high(Comp *c)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    asm_vec2(&c->a, PSHUFD, dst, rm_reg(x), 0xee);
    return true;
}

/* 128-bit lanes to half as wide. */
static bool narrow(Comp *c)
{
    IrInsn *i = now(c);
    int lane = ir_lane_bits(i->type) / 8; /* of the result */
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    if (i->op == IR_vnarrow) {
        uint8_t pattern[16];
        memset(pattern, 0x80, 16);
        for (int b = 0; b < 8; b++)
            pattern[b] = (uint8_t)(b / lane * 2 * lane + b % lane);
        shuffle1(c, vdefine(c, false), x, pattern);
        return true;
    }
    if (lane == 4)
        return false;
    if (i->op == IR_vnarrowuu) { /* unsigned: clamp to the top first, then the signed pack fits */
        unsigned dst = vdefine(c, false);
        uint64_t m = spread(lane == 1 ? 0xff : 0xffff, 16 * lane);
        vop(c, V66(2, lane == 1 ? 0x3a : 0x3b), XS, x, vconstant(c, m, m), 0); /* pminuw, pminud */
        asm_vec(&c->a, lane == 1 ? V66(1, 0x67) : V66(2, 0x2b), XS, XS, rm_reg(XS), 0);
        asm_vmov(&c->a, dst, XS);
        return true;
    }
    Enc pack = i->op == IR_vnarrowss ? V66(1, lane == 1 ? 0x63 : 0x6b) : lane == 1 ? V66(1, 0x67) : V66(2, 0x2b);
    vop(c, pack, vdefine(c, false), x, rm_reg(x), 0);
    return true;
}

static bool multiply_long(Comp *c)
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

static bool multiply_bytes(Comp *c)
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
static bool count_bits(Comp *c)
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

static bool pairwise(Comp *c)
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
static bool sum(Comp *c)
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
        zero(c, XT);
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

static bool reinterpret(Comp *c)
{
    IrInsn *i = now(c);
    if (i->op == IR_bits2f) {
        unsigned reg = use(c, i->arg[0]);
        if (ir_bits(i->type) == 16) { /* the upper half of the source is not part of it */
            unsigned low = scratch(c);
            asm_load(&c->a, 2, false, low, rm_reg(reg));
            reg = low;
        }
        asm_vec2(&c->a, (Enc){ 0x66, 1, 0x6e, 8, 0, ir_bits(i->type) == 64, false }, vdefine(c, true), rm_reg(reg), 0);
        return true;
    }
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = define(c, 0);
    asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, ir_bits(i->type) == 64, false }, x, rm_reg(dst), 0);
    if (ir_bits(i->type) == 16)
        asm_load(&c->a, 2, false, dst, rm_reg(dst));
    return true;
}

/* 64-bit lanes of min and max, and what else is a compare and a select. */
static bool by_select(Comp *c)
{
    IrInsn *i = now(c);
    if (ir_kind(i->type) != K_I64 || ir_is_float(i->type))
        return false;
    bool uns = i->op == IR_minu || i->op == IR_maxu, min = i->op == IR_minu || i->op == IR_mins;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    if (uns) {
        uint64_t m = 1ull << 63;
        vop(c, PXOR, XS, x, vconstant(c, m, m), 0);
        vop(c, PXOR, XT, y, vconstant(c, m, m), 0);
        asm_vec(&c->a, PCMPGT[3], XS, XS, rm_reg(XT), 0);
    } else {
        vop(c, PCMPGT[3], XS, x, rm_reg(y), 0);
    }
    /* XS: x > y. min takes y there: x ^ (m & (x ^ y)); max the other way round */
    unsigned keep = min ? x : y;
    vop(c, PXOR, XT, x, rm_reg(y), 0);
    asm_vec(&c->a, PAND, XS, XS, rm_reg(XT), 0);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    vop(c, PXOR, vdefine(c, false), XS, rm_reg(keep), 0);
    return true;
}

/* The op in C on vectors that lie on the stack: the interpreter's own meaning of it. */
void by_reference(Comp *c)
{
    IrInsn *i = now(c);
    int args = ir_args((IrOp)i->op);
    bool to_vector = ir_in_vector_reg(ir_result(i));
    unsigned v[3] = { 0 };
    clobber_flags(c);
    asm_lea(&c->a, true, RSP, rm_mem(RSP, -64)); /* below, spills are 64 further */
    c->pushed = 64;
    for (int k = 0; k < args; k++) {
        IrType t = ir_result(insn_of(c, i->arg[k]));
        if (ir_in_vector_reg(t)) {
            v[k] = vuse(c, i->arg[k]);
            asm_vstore(&c->a, 16, v[k], rm_mem(RSP, 16 * k));
        } else {
            unsigned reg = use(c, i->arg[k]);
            asm_store(&c->a, 8, reg, rm_mem(RSP, 16 * k));
        }
    }
    IrType source = args ? ir_result(insn_of(c, i->arg[0])) : i->type;
    put8(&c->a, 0x68);
    put32(&c->a, (uint32_t)i->imm);
    put8(&c->a, 0x68);
    put32(&c->a, i->op | (uint32_t)i->type << 8 | (uint32_t)source << 16);
    call_thunk(c, thunks.reference, false);
    for (int k = 0; k < args; k++)
        release(c, i->arg[k]);
    if (to_vector)
        asm_vload(&c->a, 16, vdefine(c, false), rm_mem(RSP, 0));
    else
        asm_load(&c->a, 8, false, define(c, 0), rm_mem(RSP, 0));
    asm_lea(&c->a, true, RSP, rm_mem(RSP, 64));
    c->pushed = 0;
}

void vec_op(Comp *c)
{
    static bool (*const by_op[IR_OPS])(Comp *) = {
        [IR_shl] = shift_imm,
        [IR_shr] = shift_imm,
        [IR_sar] = shift_imm,
        [IR_ltu] = compare,
        [IR_lts] = compare,
        [IR_leu] = compare,
        [IR_les] = compare,
        [IR_not] = bitwise,
        [IR_neg] = bitwise,
        [IR_andn] = bitwise,
        [IR_bsl] = bitwise,
        [IR_fneg] = float_sign,
        [IR_fabs] = float_sign,
        [IR_vzip1] = permute,
        [IR_vzip2] = permute,
        [IR_vuzp1] = permute,
        [IR_vuzp2] = permute,
        [IR_vtrn1] = permute,
        [IR_vtrn2] = permute,
        [IR_vext] = permute,
        [IR_vrev] = reverse,
        [IR_vtbl] = table,
        [IR_vdup] = dup,
        [IR_vget] = get_lane,
        [IR_vset] = set_lane,
        [IR_vlow] = low,
        [IR_vhigh] = high,
        [IR_vnarrow] = narrow,
        [IR_vnarrowss] = narrow,
        [IR_vnarrowsu] = narrow,
        [IR_vnarrowuu] = narrow,
        [IR_vmullu] = multiply_long,
        [IR_vmulls] = multiply_long,
        [IR_mul] = multiply_bytes,
        [IR_popcnt] = count_bits,
        [IR_vpadd] = pairwise,
        [IR_vpaddss] = pairwise,
        [IR_vpsub] = pairwise,
        [IR_vpsubss] = pairwise,
        [IR_vshuf] = vec_shuffle,
        [IR_vclmul] = vec_crypto,
        [IR_aesround] = vec_crypto,
        [IR_aeslast] = vec_crypto,
        [IR_aesback] = vec_crypto,
        [IR_aesbacklast] = vec_crypto,
        [IR_aesunmix] = vec_crypto,
        [IR_vmask] = vec_mask,
        [IR_vlook] = vec_look,
        [IR_blend] = vec_blend,
        [IR_vsum] = sum,
        [IR_bits2f] = reinterpret,
        [IR_f2bits] = reinterpret,
        [IR_minu] = by_select,
        [IR_maxu] = by_select,
        [IR_mins] = by_select,
        [IR_maxs] = by_select,
    };
    IrInsn *i = now(c);
    if (!by_op[i->op] || i->op == IR_mul || (i->op >= IR_minu && i->op <= IR_maxs)) {
        if (vec_one_instruction(c))
            return;
    }
    if (by_op[i->op] && by_op[i->op](c))
        return;
    by_reference(c);
}
