/* Lanes from place to place: permutations, in and out of general registers, to other widths. */
#include "backend/x86_64/vec.h"

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
bool vec_permute(Comp *c)
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
        vop(c, V66I(3, 0x0f), dst, y, rm_reg(x), i->imm);
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

bool vec_reverse(Comp *c)
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

bool vec_table(Comp *c)
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

bool vec_dup(Comp *c)
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

bool vec_get_lane(Comp *c)
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

bool vec_set_lane(Comp *c)
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

bool vec_low(Comp *c)
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

bool vec_high(Comp *c)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    asm_vec2(&c->a, PSHUFD, dst, rm_reg(x), 0xee);
    return true;
}

/* 128-bit lanes to half as wide. */
bool vec_narrow(Comp *c)
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

bool vec_reinterpret(Comp *c)
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
