/* The fused operations: a * b + c and ARM's Newton steps, which are the same with constants. */
#include "base/fp_impl.h"

typedef struct Exact { /* sig * 2^(exp - 127), bit 127 set */
    FpWide sig;
    int32_t exp;
    bool sign;
} Exact;

static int leading_zeros(FpWide n)
{
    uint64_t high = (uint64_t)(n >> 64);
    return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)n);
}

static Exact normal(bool sign, int32_t exp, FpWide sig)
{
    int zeros = leading_zeros(sig);
    return (Exact){ .sign = sign, .exp = exp - zeros, .sig = sig << zeros };
}

static Exact product_of(FpNum a, FpNum b)
{
    return normal(a.sign ^ b.sign, a.exp + b.exp + 1, (FpWide)a.sig * b.sig);
}

static Exact exact(FpNum a)
{
    return (Exact){ .sign = a.sign, .exp = a.exp, .sig = (FpWide)a.sig << 64 };
}

/* The sum of two numbers of at most 106 bits; sig is 0 when it is zero. */
static Exact sum_of(Exact a, Exact b)
{
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        Exact t = a;
        a = b;
        b = t;
    }
    uint32_t apart = (uint32_t)(a.exp - b.exp);
    if (a.sign == b.sign)
        return normal(a.sign, a.exp + 1, (a.sig >> 1) + fp_jam_wide(b.sig, apart + 1));
    if (a.exp == b.exp && a.sig == b.sig)
        return (Exact){ 0 };
    return normal(a.sign, a.exp, a.sig - fp_jam_wide(b.sig, apart));
}

/* (a * b + c) * 2^scale, of finite numbers. */
static uint64_t fused(FpEnv *env, const FpFormat *f, FpNum a, FpNum b, FpNum c, int scale)
{
    bool sign = a.sign ^ b.sign, zero = a.kind == FP_IS_ZERO || b.kind == FP_IS_ZERO;
    if (zero && c.kind == FP_IS_ZERO)
        return fp_sign_bit(f, sign == c.sign ? sign : env->round == FP_RM);
    Exact r = zero ? exact(c) : c.kind == FP_IS_ZERO ? product_of(a, b) : sum_of(product_of(a, b), exact(c));
    if (r.sig == 0)
        return fp_sign_bit(f, env->round == FP_RM);
    return fp_round_pack(env, f, r.sign, r.exp + scale, fp_narrow(r.sig), env->round);
}

static bool inf_times_zero(FpNum a, FpNum b)
{
    return (a.kind == FP_IS_INF && b.kind == FP_IS_ZERO) || (a.kind == FP_IS_ZERO && b.kind == FP_IS_INF);
}

/* Beside a quiet NaN addend, infinity times zero is invalid on ARM, whose result is then the default NaN (DDI 0487,
 * FPMulAdd), and on PowerPC, where the addend stays the result; x86 says nothing. */
static uint64_t fma_nan(FpEnv *env, const FpFormat *f, FpNum a, FpNum b, FpNum c)
{
    if (inf_times_zero(a, b) && env->nan_rule != FP_NAN_X86) {
        if (env->nan_rule == FP_NAN_PPC)
            env->flags |= FP_INVALID | FP_WHY_INF_TIMES_ZERO;
        else if (c.kind == FP_IS_QNAN)
            return fp_nan_invalid(env, f, FP_WHY_INF_TIMES_ZERO);
    }
    return fp_nan_of_3(env, f, a, b, c);
}

uint64_t fp_fma(FpEnv *env, int bits, uint64_t ra, uint64_t rb, uint64_t rc)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra), b = fp_unpack(env, f, rb), c = fp_unpack(env, f, rc);
    if (fp_nan(a) || fp_nan(b) || fp_nan(c))
        return fma_nan(env, f, a, b, c);
    if (inf_times_zero(a, b))
        return fp_nan_invalid(env, f, FP_WHY_INF_TIMES_ZERO);
    bool inf = a.kind == FP_IS_INF || b.kind == FP_IS_INF, sign = a.sign ^ b.sign;
    if (inf && c.kind == FP_IS_INF && c.sign != sign)
        return fp_nan_invalid(env, f, FP_WHY_INF_MINUS_INF);
    fp_denormal_used(env, a.denormal || b.denormal || c.denormal);
    if (inf || c.kind == FP_IS_INF)
        return fp_inf(f, inf ? sign : c.sign);
    return fused(env, f, a, b, c, 0);
}

/* (first - a * b) * 2^scale; `special` for infinity times zero. DDI 0487, FPRecipStepFused and FPRSqrtStepFused negate
 * the first operand before anything else, so that a NaN there changes sign too. */
static uint64_t step(FpEnv *env, int bits, uint64_t ra, uint64_t rb, uint64_t first_sig, uint64_t special, int scale)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, ra ^ fp_sign_bit(f, true)), b = fp_unpack(env, f, rb);
    if (fp_nan(a) || fp_nan(b))
        return fp_nan_of_2(env, f, a, b);
    if (inf_times_zero(a, b))
        return special;
    if (a.kind == FP_IS_INF || b.kind == FP_IS_INF)
        return fp_inf(f, a.sign ^ b.sign);
    FpNum first = { .kind = FP_IS_FINITE, .exp = 1, .sig = first_sig };
    return fused(env, f, a, b, first, scale);
}

uint64_t fp_recip_step(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    const FpFormat *f = fp_format(bits);
    uint64_t two = (uint64_t)(f->bias + 1) << f->frac_bits;
    return step(env, bits, a, b, 1ull << 63, two, 0);
}

uint64_t fp_rsqrt_step(FpEnv *env, int bits, uint64_t a, uint64_t b)
{
    const FpFormat *f = fp_format(bits);
    uint64_t one_and_half = (uint64_t)f->bias << f->frac_bits | 1ull << (f->frac_bits - 1);
    return step(env, bits, a, b, 3ull << 62, one_and_half, -1);
}
