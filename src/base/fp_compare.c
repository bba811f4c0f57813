/* Comparison, minimum and maximum. */
#include "base/fp_impl.h"

static FpOrder order_of_magnitudes(FpNum a, FpNum b)
{
    if (a.kind != b.kind)
        return a.kind < b.kind ? FP_LESS : FP_GREATER;
    if (a.kind != FP_IS_FINITE)
        return FP_EQUAL;
    if (a.exp != b.exp)
        return a.exp < b.exp ? FP_LESS : FP_GREATER;
    return a.sig < b.sig ? FP_LESS : a.sig > b.sig ? FP_GREATER : FP_EQUAL;
}

/* Neither is a NaN. */
static FpOrder order_of(FpNum a, FpNum b)
{
    if (a.kind == FP_IS_ZERO && b.kind == FP_IS_ZERO)
        return FP_EQUAL;
    if (a.sign != b.sign)
        return a.sign ? FP_LESS : FP_GREATER;
    return a.sign ? order_of_magnitudes(b, a) : order_of_magnitudes(a, b);
}

FpOrder fp_compare(FpEnv *env, int bits, uint64_t ra, uint64_t rb, bool signalling)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    if (fp_nan(a) || fp_nan(b)) {
        bool snan = a.kind == FP_IS_SNAN || b.kind == FP_IS_SNAN;
        env->flags |=
            (snan || signalling ? FP_INVALID : 0) | (snan ? FP_WHY_SNAN : 0) | (signalling ? FP_WHY_COMPARE : 0);
        return FP_UNORDERED;
    }
    fp_denormal_used(env, a.denormal || b.denormal);
    return order_of(a, b);
}

/* MINSS and MAXSS (SDM volume 2): the second operand for any NaN and for two zeros. */
static uint64_t pick_x86(FpEnv *env, int bits, uint64_t ra, uint64_t rb, FpOrder wanted)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    if (fp_nan(a) || fp_nan(b)) {
        env->flags |= FP_INVALID;
        return fp_zero_or(f, b, rb);
    }
    fp_denormal_used(env, a.denormal || b.denormal);
    return order_of(a, b) == wanted ? fp_zero_or(f, a, ra) : fp_zero_or(f, b, rb);
}

/* DDI 0487, FPMin and FPMax: of two zeros, the negative one is less. */
static uint64_t pick(FpEnv *env, int bits, uint64_t ra, uint64_t rb, FpOrder wanted)
{
    if (env->nan_rule == FP_NAN_X86)
        return pick_x86(env, bits, ra, rb, wanted);
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    if (fp_nan(a) || fp_nan(b))
        return fp_nan_of_2(env, f, a, b);
    if (a.kind == FP_IS_ZERO && b.kind == FP_IS_ZERO)
        return fp_sign_bit(f, wanted == FP_LESS ? a.sign || b.sign : a.sign && b.sign);
    return order_of(a, b) == wanted ? fp_zero_or(f, a, ra) : fp_zero_or(f, b, rb);
}

uint64_t fp_min(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return pick(env, bits, a, b, FP_LESS);
}

uint64_t fp_max(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return pick(env, bits, a, b, FP_GREATER);
}

/* DDI 0487, FPMinNum and FPMaxNum: one quiet NaN loses to a number; a signalling one is processed as ever. */
static uint64_t pick_num(FpEnv *env, int bits, uint64_t ra, uint64_t rb, FpOrder wanted)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    uint64_t loser = fp_inf(f, wanted == FP_GREATER);
    if (a.kind == FP_IS_QNAN && b.kind != FP_IS_QNAN)
        ra = loser;
    else if (a.kind != FP_IS_QNAN && b.kind == FP_IS_QNAN)
        rb = loser;
    return pick(env, bits, ra, rb, wanted);
}

uint64_t fp_minnum(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return pick_num(env, bits, a, b, FP_LESS);
}

uint64_t fp_maxnum(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return pick_num(env, bits, a, b, FP_GREATER);
}
