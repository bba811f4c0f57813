/* Integer vector ops: one host instruction where enc.def has a row, short sequences here, and the reference
 * evaluation in C for the rest. A 64-bit vector lives in the low half of a register; what is above is undefined. */
#include "backend/x86_64/vec.h"

static const Enc PANDN = V66(1, 0xdf), PCMPGT[] = { V66(1, 0x64), V66(1, 0x65), V66(1, 0x66), V66(2, 0x37) };

void vop(Comp *c, Enc e, unsigned dst, unsigned src1, Rm src2, uint64_t imm)
{
    if (!c->a.avx && src2.kind == RM_REG && src2.base == dst && src1 != dst) {
        asm_vmov(&c->a, XT, src2.base);
        src2 = rm_reg(XT);
    }
    asm_vec(&c->a, e, dst, src1, src2, imm);
}

/* A constant as an operand, through XT when the pool is full. */
Rm vconstant(Comp *c, uint64_t lo, uint64_t hi)
{
    const uint8_t *at = pool_const(lo, hi);
    if (!at)
        c->a.full = true;
    return at ? rm_pool(at) : rm_reg(XT);
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
    vec_zero(c, XT);
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
        vec_ones(c, XT);
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
        vec_ones(c, XT);
        vop(c, PXOR, dst, x, rm_reg(XT), 0);
    } else if (i->op == IR_neg) {
        release(c, i->arg[0]);
        static const uint8_t psub[] = { 0xf8, 0xf9, 0xfa, 0xfb };
        unsigned dst = vdefine(c, false);
        vec_zero(c, XS);
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
        [IR_vzip1] = vec_permute,
        [IR_vzip2] = vec_permute,
        [IR_vuzp1] = vec_permute,
        [IR_vuzp2] = vec_permute,
        [IR_vtrn1] = vec_permute,
        [IR_vtrn2] = vec_permute,
        [IR_vext] = vec_permute,
        [IR_vrev] = vec_reverse,
        [IR_vtbl] = vec_table,
        [IR_vdup] = vec_dup,
        [IR_vget] = vec_get_lane,
        [IR_vset] = vec_set_lane,
        [IR_vlow] = vec_low,
        [IR_vhigh] = vec_high,
        [IR_vnarrow] = vec_narrow,
        [IR_vnarrowss] = vec_narrow,
        [IR_vnarrowsu] = vec_narrow,
        [IR_vnarrowuu] = vec_narrow,
        [IR_vmullu] = vec_multiply_long,
        [IR_vmulls] = vec_multiply_long,
        [IR_mul] = vec_multiply_bytes,
        [IR_popcnt] = vec_count_bits,
        [IR_vpadd] = vec_pairwise,
        [IR_vpaddss] = vec_pairwise,
        [IR_vpsub] = vec_pairwise,
        [IR_vpsubss] = vec_pairwise,
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
        [IR_vsum] = vec_sum,
        [IR_bits2f] = vec_reinterpret,
        [IR_f2bits] = vec_reinterpret,
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
