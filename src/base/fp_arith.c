/* Addition, multiplication, division and square root. */
#include "base/fp_impl.h"

#include <math.h>

/* DDI 0487, FPAdd: an exact zero from unlike signs is negative only when rounding down. */
static uint64_t zero_sum(const FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    return fp_sign_bit(f, a.sign == b.sign ? a.sign : env->round == FP_RM);
}

/* a is the one with the larger exponent. One bit of headroom for the carry; formats leave at least ten bits below. */
static FpNum add_magnitudes(FpNum a, FpNum b)
{
    uint64_t sum = (a.sig >> 1 | (a.sig & 1)) + fp_jam(b.sig, 1u + (uint32_t)(a.exp - b.exp));
    bool carry = sum >> 63;
    a.exp += carry;
    a.sig = carry ? sum : sum << 1;
    return a;
}

/* a is the larger; the difference is not zero. */
static FpNum sub_magnitudes(FpNum a, FpNum b)
{
    uint64_t diff = a.sig - fp_jam(b.sig, (uint32_t)(a.exp - b.exp));
    int zeros = __builtin_clzll(diff);
    a.sig = diff << zeros;
    a.exp -= zeros;
    return a;
}

static uint64_t add_finite(FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        FpNum t = a;
        a = b;
        b = t;
    }
    if (a.sign == b.sign)
        return fp_pack(env, f, add_magnitudes(a, b));
    if (a.exp == b.exp && a.sig == b.sig)
        return zero_sum(env, f, a, b);
    return fp_pack(env, f, sub_magnitudes(a, b));
}

static uint64_t add_special(FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    if (a.kind == FP_IS_INF && b.kind == FP_IS_INF && a.sign != b.sign)
        return fp_nan_invalid(env, f, FP_WHY_INF_MINUS_INF);
    fp_denormal_used(env, a.denormal || b.denormal);
    if (a.kind == FP_IS_INF || b.kind == FP_IS_INF)
        return fp_inf(f, a.kind == FP_IS_INF ? a.sign : b.sign);
    if (a.kind == FP_IS_ZERO && b.kind == FP_IS_ZERO)
        return zero_sum(env, f, a, b);
    return fp_pack(env, f, a.kind == FP_IS_ZERO ? b : a);
}

static uint64_t add(FpEnv *env, int bits, uint64_t ra, uint64_t rb, bool subtract)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    if (fp_nan(a) || fp_nan(b))
        return fp_nan_of_2(env, f, a, b);
    b.sign ^= subtract;
    if (a.kind != FP_IS_FINITE || b.kind != FP_IS_FINITE)
        return add_special(env, f, a, b);
    fp_denormal_used(env, a.denormal || b.denormal);
    return add_finite(env, f, a, b);
}

uint64_t fp_add(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return add(env, bits, a, b, false);
}

uint64_t fp_sub(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return add(env, bits, a, b, true);
}

static uint64_t mul_finite(FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    FpWide product = (FpWide)a.sig * b.sig;
    bool carry = product >> 127;
    int32_t exp = a.exp + b.exp + carry;
    return fp_round_pack(env, f, a.sign ^ b.sign, exp, fp_narrow(carry ? product : product << 1), env->round);
}

static uint64_t mul(FpEnv *env, int bits, uint64_t ra, uint64_t rb, bool extended)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    bool sign = a.sign ^ b.sign;
    if (fp_nan(a) || fp_nan(b))
        return fp_nan_of_2(env, f, a, b);
    bool inf = a.kind == FP_IS_INF || b.kind == FP_IS_INF, zero = a.kind == FP_IS_ZERO || b.kind == FP_IS_ZERO;
    if (inf && zero && extended)
        return fp_sign_bit(f, sign) | (uint64_t)(f->bias + 1) << f->frac_bits;
    if (inf && zero)
        return fp_nan_invalid(env, f, FP_WHY_INF_TIMES_ZERO);
    fp_denormal_used(env, a.denormal || b.denormal);
    if (inf || zero)
        return inf ? fp_inf(f, sign) : fp_sign_bit(f, sign);
    return mul_finite(env, f, a, b);
}

uint64_t fp_mul(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return mul(env, bits, a, b, false);
}

uint64_t fp_mulx(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    return mul(env, bits, a, b, true);
}

static uint64_t div_finite(FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    bool borrow = a.sig < b.sig;
    FpWide dividend = (FpWide)a.sig << (63 + borrow);
    uint64_t quotient = (uint64_t)(dividend / b.sig);
    bool rest = dividend != (FpWide)quotient * b.sig;
    return fp_round_pack(env, f, a.sign ^ b.sign, a.exp - b.exp - borrow, quotient | rest, env->round);
}

static uint64_t div_special(FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    bool sign = a.sign ^ b.sign;
    if (a.kind == FP_IS_INF && b.kind == FP_IS_INF)
        return fp_nan_invalid(env, f, FP_WHY_INF_BY_INF);
    if (a.kind == FP_IS_ZERO && b.kind == FP_IS_ZERO)
        return fp_nan_invalid(env, f, FP_WHY_ZERO_BY_ZERO);
    if (a.kind == FP_IS_FINITE && b.kind == FP_IS_ZERO) {
        env->flags |= FP_DIVZERO;
        return fp_inf(f, sign);
    }
    fp_denormal_used(env, a.denormal || b.denormal);
    return a.kind == FP_IS_INF ? fp_inf(f, sign) : fp_sign_bit(f, sign);
}

uint64_t fp_div(FpEnv *env, int bits, uint64_t ra, uint64_t rb)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb);
    if (fp_nan(a) || fp_nan(b))
        return fp_nan_of_2(env, f, a, b);
    if (a.kind != FP_IS_FINITE || b.kind != FP_IS_FINITE)
        return div_special(env, f, a, b);
    fp_denormal_used(env, a.denormal || b.denormal);
    return div_finite(env, f, a, b);
}

/* The root of n in [2^126, 2^128), rounded down. The host's square root of the upper half is good to some 2^12 units;
 * one Newton step leaves it at most one off, whatever the host's rounding mode is. */
static uint64_t root_of(FpWide n)
{
    double estimate = sqrt((double)(uint64_t)(n >> 64)) * 4294967296.0;
    uint64_t root = estimate >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)estimate;
    __int128 error = (__int128)(n - (FpWide)root * root);
    root += (uint64_t)(int64_t)((double)(int64_t)(error >> 32) / (double)(root >> 31));
    while ((FpWide)root * root > n)
        root--;
    while (n - (FpWide)root * root > (FpWide)root * 2)
        root++;
    return root;
}

uint64_t fp_sqrt(FpEnv *env, int bits, uint64_t raw)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, raw);
    if (fp_nan(a))
        return fp_nan_of(env, f, a);
    if (a.kind == FP_IS_ZERO)
        return fp_sign_bit(f, a.sign);
    if (a.sign)
        return fp_nan_invalid(env, f, FP_WHY_SQRT);
    if (a.kind == FP_IS_INF)
        return fp_inf(f, false);
    fp_denormal_used(env, a.denormal);
    FpWide n = (FpWide)a.sig << (63 + (a.exp & 1));
    uint64_t root = root_of(n);
    return fp_round_pack(env, f, false, a.exp >> 1, root | ((FpWide)root * root != n), env->round);
}
