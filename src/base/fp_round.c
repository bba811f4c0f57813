/* Rounding an exact result (a 64-bit significand whose bit 0 stands for everything below it) into a format. */
#include "base/fp_impl.h"

/* Indexed by width / 16, where bfloat16 is given as 48. */
const FpFormat fp_formats[5] = {
    [1] = { .bits = 16, .frac_bits = 10, .bias = 15, .top = 31 },
    [2] = { .bits = 32, .frac_bits = 23, .bias = 127, .top = 255 },
    [3] = { .bits = 16, .frac_bits = 7, .bias = 127, .top = 255 },
    [4] = { .bits = 64, .frac_bits = 52, .bias = 1023, .top = 2047 },
};

const FpFormat fp_half_alt = { .bits = 16, .frac_bits = 10, .bias = 15, .top = 31, .finite_only = true };

/* Does dropping `low`, where `half` is half a unit of what is kept, carry into it? */
bool fp_rounds_up(unsigned round, bool sign, bool odd, uint64_t low, uint64_t half)
{
    switch (round) {
    case FP_RNE:
        return low > half || (low == half && odd);
    case FP_RNA:
        return low >= half;
    case FP_RP:
        return low != 0 && !sign;
    case FP_RM:
        return low != 0 && sign;
    case FP_RODD:
        return low != 0 && !odd;
    default:
        return false;
    }
}

uint64_t fp_overflowed(FpEnv *env, const FpFormat *f, bool sign, unsigned round)
{
    env->flags |= FP_OVERFLOW | FP_INEXACT;
    bool to_inf = round == FP_RNE || round == FP_RNA || (round == FP_RP && !sign) || (round == FP_RM && sign);
    return to_inf ? fp_inf(f, sign) : fp_max_normal(f, sign);
}

/* The alternative half precision has nowhere to go: DDI 0487, FPRoundBase. */
static uint64_t too_big(FpEnv *env, const FpFormat *f, bool sign, unsigned round)
{
    if (!f->finite_only)
        return fp_overflowed(env, f, sign, round);
    env->flags |= FP_INVALID;
    return fp_sign_bit(f, sign) | (fp_sign_bit(f, true) - 1);
}

static uint64_t round_sig(uint64_t sig, uint32_t drop, bool sign, unsigned round, uint64_t *low)
{
    uint64_t kept = sig >> drop;
    *low = sig & ((1ull << drop) - 1);
    return kept + fp_rounds_up(round, sign, kept & 1, *low, 1ull << (drop - 1));
}

/* Below the normal numbers. Detected after rounding, a result is tiny unless rounding it to full precision, as if the
 * exponent had no limit, reaches the smallest normal number. */
static bool is_tiny(const FpEnv *env, int32_t biased, uint64_t sig, uint32_t drop, bool sign, unsigned round)
{
    uint64_t low;
    return env->tiny_before || biased < 0 || round_sig(sig, drop, sign, round, &low) >> (64 - drop) == 0;
}

static uint64_t pack_small(FpEnv *env, const FpFormat *f, bool sign, int32_t biased, uint64_t sig, unsigned round)
{
    uint32_t drop = 63u - f->frac_bits;
    bool tiny = is_tiny(env, biased, sig, drop, sign, round);
    if (tiny && env->flush_out) {
        env->flags |= FP_UNDERFLOW | (env->denormals_x86 ? FP_INEXACT : 0);
        return fp_sign_bit(f, sign);
    }
    uint64_t low, kept = round_sig(fp_jam(sig, 1u - (uint32_t)biased), drop, sign, round, &low);
    if (low)
        env->flags |= FP_INEXACT | (tiny ? FP_UNDERFLOW : 0);
    return fp_sign_bit(f, sign) | kept;
}

uint64_t fp_round_pack(FpEnv *env, const FpFormat *f, bool sign, int32_t exp, uint64_t sig, unsigned round)
{
    int32_t biased = exp + f->bias, limit = f->top + f->finite_only;
    if (biased <= 0)
        return pack_small(env, f, sign, biased, sig, round);
    if (biased >= limit)
        return too_big(env, f, sign, round);
    uint64_t low, kept = round_sig(sig, 63u - f->frac_bits, sign, round, &low);
    /* The leading 1 of `kept`, and a carry out of it, count the exponent up. */
    uint64_t packed = ((uint64_t)(biased - 1) << f->frac_bits) + kept;
    if (packed >> f->frac_bits >= (uint64_t)limit)
        return too_big(env, f, sign, round);
    if (low)
        env->flags |= FP_INEXACT;
    return fp_sign_bit(f, sign) | packed;
}
