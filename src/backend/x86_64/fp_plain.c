/* Floating point whose rules are the host's own (FP_NAN_FIRST): one instruction, and nothing to look at afterwards. */
#include "backend/x86_64/vec.h"

#define SD(prefix_, map_, op_)  ((Enc){ prefix_, map_, op_, 8, 0, false, false })
#define SDI(prefix_, map_, op_) ((Enc){ prefix_, map_, op_, 8, 1, false, false })

static bool is_scalar(const IrInsn *i)
{
    return !ir_is_vector(i->type) || i->imm & FP_LOW;
}

static bool is_double(const IrInsn *i)
{
    return ir_kind(i->type) == K_F64;
}

/* The encoding for one lane, or for all. */
static const Enc *encoding(const IrInsn *i)
{
    return enc_vec((IrOp)i->op, i->imm & FP_LOW ? (IrType)ir_kind(i->type) : i->type);
}

static bool binary(Comp *c, Enc e, uint64_t imm)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]);
    int bytes = is_scalar(i) ? ir_lane_bits(i->type) / 8 : 16;
    Rm y = is_scalar(i) && ir_is_vector(i->type) ? rm_reg(vuse(c, i->arg[1])) : voperand(c, i->arg[1], bytes);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    vop(c, e, vdefine(c, false), x, y, imm);
    return true;
}

static bool arithmetic(Comp *c)
{
    const Enc *e = encoding(now(c));
    return e && binary(c, *e, 0);
}

/* One operand: lanes above the lowest come from it. */
static bool unary(Comp *c, Enc e, uint64_t imm)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    if (is_scalar(i))
        asm_vec(&c->a, e, dst, x, rm_reg(x), imm);
    else
        asm_vec2(&c->a, e, dst, rm_reg(x), imm);
    return true;
}

static bool square_root(Comp *c)
{
    return unary(c, *encoding(now(c)), 0);
}

static bool round_integral(Comp *c)
{
    IrInsn *i = now(c);
    static const uint8_t mode[] = {
        [ROUND_EVEN] = 0, [ROUND_UP] = 2, [ROUND_DOWN] = 1, [ROUND_ZERO] = 3, [ROUND_CURRENT] = 4
    };
    IrRound round = (IrRound)(i->imm >> 16 & 7);
    if (round == ROUND_AWAY || round == ROUND_ODD)
        return false;
    Enc e = SDI(0x66, 3, (uint8_t)((is_scalar(i) ? 0x0a : 0x08) | is_double(i)));
    return unary(c, e, mode[round] | (i->imm & FP_EXACT ? 0u : 8u));
}

/* By truth table of less, equal, greater, unordered; SDM volume 2, CMPPD, table 3-1: signalling ones are 16 further or
 * before. */
static int predicate(unsigned truth)
{
    static const uint8_t of[16] = {
        [FP_EQ] = 0,
        [FP_LT] = 1,
        [FP_LT | FP_EQ] = 2,
        [FP_UN] = 3,
        [FP_LT | FP_GT | FP_UN] = 4,
        [FP_EQ | FP_GT | FP_UN] = 5,
        [FP_GT | FP_UN] = 6,
        [FP_LT | FP_EQ | FP_GT] = 7,
        [FP_EQ | FP_UN] = 8,
        [FP_LT | FP_UN] = 9,
        [FP_LT | FP_EQ | FP_UN] = 10,
        [0] = 11,
        [FP_LT | FP_GT] = 12,
        [FP_EQ | FP_GT] = 13,
        [FP_GT] = 14,
        [FP_LT | FP_EQ | FP_GT | FP_UN] = 15,
    };
    static const uint16_t signals = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 13 | 1 << 14;
    unsigned n = of[truth & 15];
    return (int)(n | ((signals >> n & 1) != !!(truth & FP_SIGNALS) ? 16u : 0));
}

/* Without AVX there are eight of the 32. */
static bool compare(Comp *c)
{
    IrInsn *i = now(c);
    static const uint8_t prefix[2][2] = { { 0, 0x66 }, { 0xf3, 0xf2 } };
    int n = predicate((unsigned)(i->imm >> 16));
    return (n < 8 || c->a.avx) && binary(c, SDI(prefix[is_scalar(i)][is_double(i)], 1, 0xc2), (unsigned)n);
}

/* The addend's register becomes the result's. */
static bool multiply_add(Comp *c)
{
    IrInsn *i = now(c);
    const Enc *e = enc_vec(IR_fma, i->type);
    if (!e || !host_cpu.fma)
        return false;
    Enc with = *e;
    with.opcode += (i->imm & FP_NEG_PRODUCT ? 4 : 0) + (i->imm & FP_NEG_ADDEND ? 2 : 0);
    unsigned z = vuse(c, i->arg[2]);
    asm_vmov(&c->a, XS, z);
    if (i->arg[2] != i->arg[0] && i->arg[2] != i->arg[1]) /* else that would be free, too */
        release(c, i->arg[2]);
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    for (int k = 0; k < 3; k++)
        release(c, i->arg[k]);
    unsigned dst = vdefine(c, false);
    if (dst == z && dst != x && dst != y) {
        asm_vex(&c->a, with, false, dst, x, rm_reg(y), 0);
        return true;
    }
    asm_vex(&c->a, with, false, XS, x, rm_reg(y), 0);
    asm_vmov(&c->a, dst, XS);
    return true;
}

/* ---- conversions ---- */

static IrKind source_of(const IrInsn *i)
{
    return (IrKind)(i->imm >> 24 & 7);
}

static bool vector_to_int(Comp *c, bool d, bool trunc)
{
    IrInsn *i = now(c);
    if (i->type != (d ? I32X2 : I32X4))
        return false;
    Enc e = d ? SD(trunc ? 0x66 : 0xf2, 1, 0xe6) : SD(trunc ? 0xf3 : 0x66, 1, 0x5b);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    asm_vec2(&c->a, e, vdefine(c, false), rm_reg(x), 0);
    return true;
}

static bool to_int(Comp *c)
{
    IrInsn *i = now(c);
    IrKind source = source_of(i);
    IrRound round = (IrRound)(i->imm >> 16 & 7);
    bool d = source == K_F64, trunc = round == ROUND_ZERO;
    if (i->imm & FP_UNSIGNED || (source != K_F32 && source != K_F64) || (!trunc && round != ROUND_CURRENT) ||
        ir_lane_bits(i->type) < 32)
        return false;
    if (ir_is_vector(i->type))
        return vector_to_int(c, d, trunc);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    Enc e = { d ? 0xf2 : 0xf3, 1, trunc ? 0x2c : 0x2d, 8, 0, ir_bits(i->type) == 64, false };
    asm_vec2(&c->a, e, define(c, 0), rm_reg(x), 0);
    return true;
}

static bool vector_from_int(Comp *c, IrKind source)
{
    IrInsn *i = now(c);
    if (source != K_I32 || (i->type != F32X4 && i->type != F64X2))
        return false;
    bool d = is_double(i);
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    asm_vec2(&c->a, d ? SD(0xf3, 1, 0xe6) : SD(0, 1, 0x5b), vdefine(c, false), rm_reg(x), 0);
    return true;
}

static bool from_int(Comp *c)
{
    IrInsn *i = now(c);
    IrKind source = source_of(i);
    if (i->imm & FP_UNSIGNED)
        return false;
    if (ir_is_vector(i->type))
        return vector_from_int(c, source);
    if (source != K_I32 && source != K_I64)
        return false;
    unsigned r = use(c, i->arg[0]);
    asm_vec(&c->a, V66(1, 0xef), XS, XS, rm_reg(XS), 0);
    Enc e = { is_double(i) ? 0xf2 : 0xf3, 1, 0x2a, 8, 0, source == K_I64, false };
    asm_vec(&c->a, e, XS, XS, rm_reg(r), 0);
    release(c, i->arg[0]);
    asm_vmov(&c->a, vdefine(c, false), XS);
    return true;
}

static bool halves(Comp *c, IrKind source)
{
    IrInsn *i = now(c);
    static const uint8_t mode[] = {
        [ROUND_EVEN] = 0, [ROUND_UP] = 2, [ROUND_DOWN] = 1, [ROUND_ZERO] = 3, [ROUND_CURRENT] = 4
    };
    IrRound round = (IrRound)(i->imm >> 16 & 7);
    bool widen = source == K_F16 && i->type == F32X4, narrow = source == K_F32 && i->type == F16X4;
    if (!host_cpu.f16c || (!widen && !narrow) || round == ROUND_AWAY || round == ROUND_ODD)
        return false;
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    if (widen)
        asm_vex(&c->a, V66(2, 0x13), false, dst, 0, rm_reg(x), 0);
    else
        asm_vex(&c->a, V66I(3, 0x1d), false, x, 0, rm_reg(dst), mode[round]);
    return true;
}

static bool between_floats(Comp *c)
{
    IrInsn *i = now(c);
    IrKind source = source_of(i);
    if (source == K_F16 || ir_kind(i->type) == K_F16)
        return halves(c, source);
    bool narrow = source == K_F64;
    if (ir_is_vector(i->type) ? i->type != (narrow ? F32X2 : F64X2) : source == ir_kind(i->type))
        return false;
    Enc vector = SD(narrow ? 0x66 : 0, 1, 0x5a), scalar = SD(narrow ? 0xf2 : 0xf3, 1, 0x5a);
    return unary(c, ir_is_vector(i->type) ? vector : scalar, 0);
}

bool fp_op_plain(Comp *c)
{
    static bool (*const by_op[IR_OPS])(Comp *) = {
        [IR_fadd] = arithmetic,       [IR_fsub] = arithmetic,     [IR_fmul] = arithmetic,    [IR_fdiv] = arithmetic,
        [IR_flesser] = arithmetic,    [IR_fgreater] = arithmetic, [IR_faddsub] = arithmetic, [IR_fsqrt] = square_root,
        [IR_fround] = round_integral, [IR_fcmpp] = compare,       [IR_fma] = multiply_add,   [IR_f2i] = to_int,
        [IR_i2f] = from_int,          [IR_f2f] = between_floats,
    };
    IrInsn *i = now(c);
    bool converts = i->op == IR_f2i || i->op == IR_i2f || i->op == IR_f2f;
    bool narrow = ir_is_vector(i->type) && ir_bits(i->type) == 64; /* what lies above would raise flags */
    return by_op[i->op] && (!narrow || converts) && by_op[i->op](c);
}
