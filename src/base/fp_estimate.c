/* ARM's reciprocal and reciprocal square root estimates, 8 bits each: DDI 0487, FPRecipEstimate, FPRSqrtEstimate,
 * FPRecpX and the unsigned ones. Their integer cores, RecipEstimate and RecipSqrtEstimate, are specified to the bit. */
#include "base/fp_impl.h"

#include <math.h>

/* a: 256 to 511, a fixed-point number from 0.5 to 1. Result: 256 to 511, from 1 to 2. */
static uint32_t recip(uint32_t a)
{
    uint32_t b = (1u << 19) / (a * 2 + 1);
    return (b + 1) / 2;
}

/* a: 128 to 511, from 0.25 to 1. Result: 256 to 511, from 1 to 2. The manual counts b up from 512 as long as
 * a * (b + 1)^2 < 2^28: b ends as the root of (2^28 - 1) / a, rounded down, a 20-bit number the host's root is exact
 * enough for. */
static uint32_t rsqrt(uint32_t a)
{
    a = a < 256 ? a * 2 + 1 : (a | 1) * 2;
    uint32_t b = (uint32_t)sqrt((double)(((1u << 28) - 1) / a));
    return (b + 1) / 2;
}

uint32_t fp_urecip_estimate(uint32_t a)
{
    return a >> 31 ? recip(a >> 23) << 23 : UINT32_MAX;
}

uint32_t fp_ursqrt_estimate(uint32_t a)
{
    return a >> 30 ? rsqrt(a >> 23) << 23 : UINT32_MAX;
}

/* 1 / a for a finite a not so small that it overflows. The result may be one or two binades below the normal numbers
 * and is then a denormal, which the 8 bits of the estimate always fit. */
static uint64_t recip_finite(const FpFormat *f, FpNum a)
{
    uint64_t estimate = recip((uint32_t)(a.sig >> 55)) & 0xff;
    int32_t exp = f->bias - 1 - a.exp;
    uint64_t fraction = estimate << (f->frac_bits - 8);
    if (exp <= 0) {
        fraction = (fraction | 1ull << f->frac_bits) >> (1 - exp);
        exp = 0;
    }
    return fp_sign_bit(f, a.sign) | (uint64_t)exp << f->frac_bits | fraction;
}

uint64_t fp_recip_estimate(FpEnv *env, int bits, uint64_t raw)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, raw);
    if (fp_nan(a))
        return fp_nan_of(env, f, a);
    if (a.kind == FP_IS_INF)
        return fp_sign_bit(f, a.sign);
    if (a.kind == FP_IS_ZERO) {
        env->flags |= FP_DIVZERO;
        return fp_inf(f, a.sign);
    }
    if (a.exp < -f->bias - 1)
        return fp_overflowed(env, f, a.sign, env->round);
    if (env->flush_out && a.exp >= f->bias - 1) {
        env->flags |= FP_UNDERFLOW;
        return fp_sign_bit(f, a.sign);
    }
    return recip_finite(f, a);
}

uint64_t fp_rsqrt_estimate(FpEnv *env, int bits, uint64_t raw)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, raw);
    if (fp_nan(a))
        return fp_nan_of(env, f, a);
    if (a.kind == FP_IS_ZERO) {
        env->flags |= FP_DIVZERO;
        return fp_inf(f, a.sign);
    }
    if (a.sign)
        return fp_nan_invalid(env, f, FP_WHY_SQRT);
    if (a.kind == FP_IS_INF)
        return 0;
    /* a is scaled to [0.25, 1) by an even power of two, so that an odd exponent (of [1, 2)) is the upper half. */
    uint32_t scaled = (uint32_t)(a.sig >> (a.exp & 1 ? 55 : 56));
    int32_t exp = f->bias - 1 - (a.exp >> 1);
    return (uint64_t)exp << f->frac_bits | (uint64_t)(rsqrt(scaled) & 0xff) << (f->frac_bits - 8);
}

/* FRECPX: the exponent's complement with the fraction cleared, for scaling; no rounding, nothing overflows. */
uint64_t fp_recip_exponent(FpEnv *env, int bits, uint64_t raw)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, raw);
    if (fp_nan(a))
        return fp_nan_of(env, f, a);
    uint64_t exp = raw >> f->frac_bits & (uint64_t)f->top;
    exp = exp == 0 ? (uint64_t)f->top - 1 : ~exp & (uint64_t)f->top;
    return fp_sign_bit(f, a.sign) | exp << f->frac_bits;
}
