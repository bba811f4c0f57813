/* AArch64 conversions: between precisions, to and from integers and fixed point, to integral values. ARM DDI 0487,
 * sections C4.1.97 and C4.1.96. */
#include "frontend/arm/a64_fp.h"

/* The helper for halves of a family that has integers of 16, 32 and 64 bits. */
static int with_int(IrType integer, int h16, int h32, int h64)
{
    return ir_kind(integer) == K_I16 ? h16 : ir_kind(integer) == K_I32 ? h32 : h64;
}

static IrRef to_int(Trans *t, IrType integer, IrType type, IrRef a, unsigned round, bool is_unsigned)
{
    int helper = with_int(integer, H_f2i16_16, H_f2i32_16, H_f2i64_16);
    return ir_f2i(t->ir, integer, a,
                  a64_fp_imm(t, type, helper) | FP_ROUND(round) | FP_SOURCE(ir_kind(type)) |
                      (is_unsigned ? FP_UNSIGNED : 0));
}

static IrRef from_int(Trans *t, IrType type, IrType integer, IrRef a, bool is_unsigned)
{
    int helper = with_int(integer, H_i16_f2_16, H_i32_f2_16, H_i64_f2_16);
    return ir_i2f(t->ir, type, a,
                  a64_fp_imm(t, type, helper) | FP_SOURCE(ir_kind(integer)) | (is_unsigned ? FP_UNSIGNED : 0));
}

/* ---- integers ---- */

bool a64_fcvti_gen(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type);
    IrRef a = arm_get_v(t, type, i->rn);
    arm_put(t, i->sf, i->rd, to_int(t, arm_width(i->sf), type, a, i->round, i->u));
    return true;
}

bool a64_cvtf_gen(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type);
    arm_put_v(t, type, i->rd, from_int(t, type, arm_width(i->sf), arm_get(t, i->sf, i->rn), i->u));
    return true;
}

bool a64_fcvti_s(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type), integer = a64_fp_int(type);
    IrRef value = to_int(t, integer, type, arm_get_v(t, type, i->rn), i->round, i->u);
    arm_put_v(t, type, i->rd, ir_bits2f(t->ir, type, value, 0));
    return true;
}

bool a64_fcvti_v(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_vector(i), integer = a64_fp_int(type);
    arm_put_v(t, integer, i->rd, to_int(t, integer, type, arm_get_v(t, type, i->rn), i->round, i->u));
    return true;
}

bool a64_cvtf_s(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type), integer = a64_fp_int(type);
    IrRef a = ir_f2bits(t->ir, integer, arm_get_v(t, type, i->rn), 0);
    arm_put_v(t, type, i->rd, from_int(t, type, integer, a, i->u));
    return true;
}

bool a64_cvtf_v(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_vector(i), integer = a64_fp_int(type);
    arm_put_v(t, type, i->rd, from_int(t, type, integer, arm_get_v(t, integer, i->rn), i->u));
    return true;
}

/* Z: the conversion was exact. */
bool a64_fjcvtzs(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    Ir *ir = t->ir;
    IrRef a = ir_f2bits(ir, I64, arm_get_v(t, F64, i->rn), 0);
    IrRef both = trans_call(t, I64, H_fjcvtzs, a, IR_NONE, IR_NONE);
    IrRef z = ir_shl(ir, I64, ir_shr(ir, I64, both, ir_imm(ir, I64, 32), 0), ir_imm(ir, I64, 14), 0);
    IrRef packed = ir_or(ir, I64, z, ir_imm(ir, I64, arm_pack_nzcv(0)), 0);
    arm_set_flags(t, ir_asflags(ir, T_FLAGS, packed, 0));
    arm_put(t, false, i->rd, both);
    return true;
}

/* ---- fixed point ---- */

/* Scaling by a power of two is exact but where a half overflows or underflows. */
static IrRef from_fixed(Trans *t, IrType type, IrType integer, IrRef a, bool is_unsigned, int fraction)
{
    static const int bias[] = { [K_F32] = 127, [K_F64] = 1023 }, digits[] = { [K_F32] = 23, [K_F64] = 52 };
    IrKind k = ir_kind(type);
    IrRef whole = from_int(t, type, integer, a, is_unsigned);
    IrRef scale = a64_fp_constant(t, type, (uint64_t)(bias[k] - fraction) << digits[k]);
    return ir_fmul(t->ir, type, whole, scale, a64_fp_imm(t, type, H_fmul16));
}

static IrRef fixed_call(Trans *t, int helper, IrType result, IrRef a, ArmFixed f)
{
    IrRef how = ir_imm(t->ir, I64, arm_fixed_pack(f));
    return trans_call(t, result, helper, a, how, IR_NONE);
}

bool a64_cvtf_fix(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type), integer = arm_width(i->sf);
    IrRef a = arm_get(t, i->sf, i->rn), value;
    ArmFixed f = { ir_bits(type), ir_bits(integer), 64 - i->scale, i->u };
    if (type == F16)
        value = ir_bits2f(t->ir, type, fixed_call(t, H_fix2f, I64, a, f), 0);
    else
        value = from_fixed(t, type, integer, a, i->u, f.fraction);
    arm_put_v(t, type, i->rd, value);
    return true;
}

bool a64_fcvtz_fix(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type);
    ArmFixed f = { ir_bits(type), i->sf ? 64 : 32, 64 - i->scale, i->u };
    IrRef a = ir_f2bits(t->ir, a64_fp_int(type), arm_get_v(t, type, i->rn), 0);
    arm_put(t, i->sf, i->rd, fixed_call(t, H_f2fix, I64, a, f));
    return true;
}

/* imm is immh:immb: twice the width less the fraction bits. */
static ArmFixed vector_fixed(const A64 *i, IrType type)
{
    int bits = ir_lane_bits(type);
    return (ArmFixed){ bits, bits, 2 * bits - i->imm, i->u };
}

static bool fixed_lanes(Trans *t, const A64 *i, int helper, IrType type, int count)
{
    if (!arm_fp_ok(t))
        return true;
    IrType lane = a64_fp_int((IrType)(type & 7)), ints = ir_lanes(ir_kind(lane), count == 1 ? 64 : ir_bits(type));
    IrRef from = arm_get_v(t, ints, i->rn), to = ir_wide(t->ir, ints, 0, 0);
    for (int n = 0; n < count; n++) {
        IrRef a = ir_vget(t->ir, lane, from, (uint64_t)n);
        to = ir_vset(t->ir, ints, to, fixed_call(t, helper, I64, a, vector_fixed(i, type)), (uint64_t)n);
    }
    arm_put_v(t, ints, i->rd, to);
    return true;
}

bool a64_fcvtz_fix_s(Trans *t, const A64 *i)
{
    return fixed_lanes(t, i, H_f2fix, a64_fp_type(i->type), 1);
}

bool a64_fcvtz_fix_v(Trans *t, const A64 *i)
{
    IrType type = a64_fp_vector(i);
    return fixed_lanes(t, i, H_f2fix, type, a64_fp_lanes(type));
}

bool a64_cvtf_fix_s(Trans *t, const A64 *i)
{
    IrType type = a64_fp_type(i->type);
    if (type == F16)
        return fixed_lanes(t, i, H_fix2f, type, 1);
    if (!arm_fp_ok(t))
        return true;
    IrRef a = ir_f2bits(t->ir, a64_fp_int(type), arm_get_v(t, type, i->rn), 0);
    arm_put_v(t, type, i->rd, from_fixed(t, type, a64_fp_int(type), a, i->u, vector_fixed(i, type).fraction));
    return true;
}

bool a64_cvtf_fix_v(Trans *t, const A64 *i)
{
    IrType type = a64_fp_vector(i), integer = a64_fp_int(type);
    if (ir_kind(type) == K_F16)
        return fixed_lanes(t, i, H_fix2f, type, a64_fp_lanes(type));
    if (!arm_fp_ok(t))
        return true;
    IrRef a = arm_get_v(t, integer, i->rn);
    arm_put_v(t, type, i->rd, from_fixed(t, type, integer, a, i->u, vector_fixed(i, type).fraction));
    return true;
}

/* ---- to integral ---- */

static bool integral(Trans *t, const A64 *i, IrType type, uint64_t how)
{
    if (!arm_fp_ok(t))
        return true;
    IrRef a = arm_get_v(t, type, i->rn);
    arm_put_v(t, type, i->rd, ir_fround(t->ir, type, a, a64_fp_imm(t, type, H_fround16) | how));
    return true;
}

#define INTEGRAL(name, how)                                                                                            \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return integral(t, i, a64_fp_type(i->type), how);                                                              \
    }                                                                                                                  \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return integral(t, i, a64_fp_vector(i), how);                                                                  \
    }
INTEGRAL(frint, FP_ROUND(i->round))
INTEGRAL(frintx, FP_ROUND(ROUND_CURRENT) | FP_EXACT)
INTEGRAL(frinti, FP_ROUND(ROUND_CURRENT))

/* ---- between precisions ---- */

/* `to` may be a vector: of the low lanes of a. Halves depend on FPCR.AHP, all on FZ: one of the two makes it soft. */
static IrRef convert(Trans *t, IrType to, IrKind from, IrRef a)
{
    int helper = from == K_F16 ? H_f16_f2_16 : from == K_F32 ? H_f32_f2_16 : H_f64_f2_16;
    uint64_t soft = t->mode & (M_FP_SOFT | M_FP_SOFT16) ? FP_SOFT : 0;
    return ir_f2f(t->ir, to, a, a64_fp_imm(t, to, helper) | FP_SOURCE(from) | soft);
}

bool a64_fcvt(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType from = a64_fp_type(i->type), to = a64_fp_type(i->to);
    arm_put_v(t, to, i->rd, convert(t, to, ir_kind(from), arm_get_v(t, from, i->rn)));
    return true;
}

bool a64_fcvtl_v(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType half = i->type ? F32X2 : F16X4;
    IrRef a = i->q ? ir_vhigh(t->ir, half, arm_get_v(t, I64X2, i->rn), 0) : arm_get_v(t, half, i->rn);
    arm_put_v(t, i->type ? F64X2 : F32X4, i->rd, convert(t, i->type ? F64X2 : F32X4, ir_kind(half), a));
    return true;
}

/* The low half of rd, and zeros; or with q its upper half. */
static void put_narrow(Trans *t, const A64 *i, IrType type, IrRef value)
{
    if (!i->q) {
        arm_put_v(t, type, i->rd, value);
        return;
    }
    IrRef upper = ir_vget(t->ir, I64, value, 0);
    arm_put_v(t, I64X2, i->rd, ir_vset(t->ir, I64X2, arm_get_v(t, I64X2, i->rd), upper, 1));
}

bool a64_fcvtn_v(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType wide = i->type ? F64X2 : F32X4, narrow = i->type ? F32X2 : F16X4;
    put_narrow(t, i, narrow, convert(t, narrow, ir_kind(wide), arm_get_v(t, wide, i->rn)));
    return true;
}

static IrRef to_odd(Trans *t, IrType to, IrRef a)
{
    return ir_f2f(t->ir, to, a, H_fcvtxn | FP_SOFT | FP_ROUND(ROUND_ODD) | FP_SOURCE(K_F64));
}

bool a64_fcvtxn_s(Trans *t, const A64 *i)
{
    if (arm_fp_ok(t))
        arm_put_v(t, F32, i->rd, to_odd(t, F32, arm_get_v(t, F64, i->rn)));
    return true;
}

bool a64_fcvtxn_v(Trans *t, const A64 *i)
{
    if (arm_fp_ok(t))
        put_narrow(t, i, F32X2, to_odd(t, F32X2, arm_get_v(t, F64X2, i->rn)));
    return true;
}
