/* Between formats, to integral values, to and from integers. */
#include "base/fp_impl.h"

/* DDI 0487, FPConvert: the alternative half precision has no NaN and no infinity. */
static uint64_t convert_special_alt(FpEnv *env, const FpFormat *to, FpNum a)
{
    env->flags |= FP_INVALID;
    return fp_sign_bit(to, a.sign) | (a.kind == FP_IS_INF ? fp_sign_bit(to, true) - 1 : 0);
}

static uint64_t convert(FpEnv *env, const FpFormat *from, const FpFormat *to, uint64_t raw, unsigned round)
{
    FpNum a = fp_unpack(env, from, raw);
    if (a.kind == FP_IS_ZERO)
        return fp_sign_bit(to, a.sign);
    if (a.kind != FP_IS_FINITE && to->finite_only)
        return convert_special_alt(env, to, a);
    if (fp_nan(a))
        return fp_nan_of(env, to, a);
    if (a.kind == FP_IS_INF)
        return fp_inf(to, a.sign);
    fp_denormal_used(env, a.denormal);
    return fp_round_pack(env, to, a.sign, a.exp, a.sig, round);
}

/* Neither ARM (DDI 0487, FPUnpackCV and FPRoundCV) nor x86 (VCVTPH2PS, VCVTPS2PH) flushes the half-precision side, and
 * x86 does not even report it as denormal. */
static uint64_t convert_half(FpEnv *env, int from, int to, uint64_t raw, unsigned round)
{
    const FpFormat *half = env->half_alt ? &fp_half_alt : fp_format(16);
    FpEnv inner = *env;
    if (from == 16)
        inner.flush_in = inner.denormals_x86 = false;
    if (to == 16)
        inner.flush_out = false;
    uint64_t r = convert(&inner, from == 16 ? half : fp_format(from), to == 16 ? half : fp_format(to), raw, round);
    env->flags |= inner.flags;
    return r;
}

uint64_t fp_convert(FpEnv *env, int from, int to, uint64_t a)
{
    if (from == 16 || to == 16)
        return convert_half(env, from, to, a, env->round);
    return convert(env, fp_format(from), fp_format(to), a, env->round);
}

uint64_t fp_convert_odd(FpEnv *env, int from, int to, uint64_t a)
{
    if (from == 16 || to == 16)
        return convert_half(env, from, to, a, FP_RODD);
    return convert(env, fp_format(from), fp_format(to), a, FP_RODD);
}

/* The magnitude of a finite number below 2^64, as an integer; *inexact is set if that changed it. */
static uint64_t integer_of(FpNum a, unsigned round, bool *inexact)
{
    uint64_t whole = a.exp < 0 ? 0 : a.sig >> (63 - a.exp);
    uint64_t part = a.exp < 0 ? fp_jam(a.sig, (uint32_t)(-1 - a.exp)) : a.exp == 63 ? 0 : a.sig << (a.exp + 1);
    *inexact = part != 0;
    return whole + fp_rounds_up(round, a.sign, whole & 1, part, 1ull << 63);
}

uint64_t fp_round_int(FpEnv *env, int bits, uint64_t raw, FpRound round, bool exact)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, raw);
    if (fp_nan(a))
        return fp_nan_of(env, f, a);
    if (a.kind != FP_IS_FINITE || a.exp >= f->frac_bits)
        return fp_zero_or(f, a, raw & (fp_sign_bit(f, true) * 2 - 1));
    bool inexact;
    uint64_t n = integer_of(a, round, &inexact);
    if (inexact && exact)
        env->flags |= FP_INEXACT;
    if (n == 0)
        return fp_sign_bit(f, a.sign);
    int zeros = __builtin_clzll(n);
    return fp_round_pack(env, f, a.sign, 63 - zeros, n << zeros, FP_RZ);
}

uint64_t fp_round_int_sized(FpEnv *env, int bits, uint64_t raw, FpRound round, int size)
{
    const FpFormat *f = fp_format(bits);
    FpNum a = fp_unpack(env, f, raw);
    bool inexact = false, fits = a.kind == FP_IS_ZERO;
    if (a.kind == FP_IS_FINITE && a.exp < 64)
        fits = integer_of(a, round, &inexact) <= (1ull << (size - 1)) - !a.sign;
    if (fits)
        return fp_round_int(env, bits, raw, round, true);
    env->flags |= FP_INVALID;
    return fp_sign_bit(f, true) | (uint64_t)(f->bias + size - 1) << f->frac_bits;
}

static uint64_t low_bits(uint64_t v, int bits)
{
    return bits >= 64 ? v : v & ((1ull << bits) - 1);
}

static uint64_t unrepresentable(FpEnv *env, bool nan, bool negative, int int_bits, bool is_signed)
{
    env->flags |= FP_INVALID | FP_WHY_CONVERT;
    uint64_t lowest = is_signed ? 1ull << (int_bits - 1) : 0, highest = low_bits(lowest - 1, int_bits);
    if (env->nan_rule == FP_NAN_X86)
        return is_signed ? lowest : highest;
    if (nan)
        return env->nan_rule == FP_NAN_ARM ? 0 : lowest;
    return negative ? lowest : highest;
}

uint64_t fp_to_int(FpEnv *env, int bits, uint64_t raw, FpRound round, int int_bits, bool is_signed, int frac)
{
    FpNum a = fp_unpack(env, fp_format(bits), raw);
    if (a.kind == FP_IS_ZERO)
        return 0;
    if (a.kind == FP_IS_SNAN)
        env->flags |= FP_WHY_SNAN;
    a.exp += frac;
    if (a.kind != FP_IS_FINITE || a.exp >= 64)
        return unrepresentable(env, fp_nan(a), a.sign, int_bits, is_signed);
    bool inexact;
    uint64_t n = integer_of(a, round, &inexact);
    uint64_t most = low_bits(UINT64_MAX, is_signed ? int_bits - 1 : int_bits);
    uint64_t limit = !a.sign ? most : is_signed ? most + 1 : 0;
    if (n > limit)
        return unrepresentable(env, false, a.sign, int_bits, is_signed);
    if (inexact)
        env->flags |= FP_INEXACT;
    return low_bits(a.sign ? 0 - n : n, int_bits);
}

uint64_t fp_from_int(FpEnv *env, int bits, uint64_t value, int int_bits, bool is_signed, int frac)
{
    value = low_bits(value, int_bits);
    bool negative = is_signed && value >> (int_bits - 1);
    uint64_t n = negative ? low_bits(0 - value, int_bits) : value;
    if (n == 0)
        return 0;
    int zeros = __builtin_clzll(n);
    return fp_round_pack(env, fp_format(bits), negative, 63 - zeros - frac, n << zeros, env->round);
}

/* DDI 0487, FPToFixedJS: rounds to zero, keeps the low 32 bits; whatever loses something, the sign of -0 and a flushed
 * denormal included, clears *exact. */
uint32_t fp_to_int_js(FpEnv *env, uint64_t raw, bool *exact)
{
    FpNum a = fp_unpack(env, fp_format(64), raw);
    *exact = raw == 0;
    if (a.kind == FP_IS_ZERO)
        return 0;
    if (a.kind != FP_IS_FINITE || a.exp >= 64) {
        env->flags |= FP_INVALID;
        uint64_t n = a.kind == FP_IS_FINITE && a.exp < 64 + 32 ? a.sig << (a.exp - 63) : 0;
        return (uint32_t)(a.sign ? 0 - n : n);
    }
    bool inexact;
    uint64_t n = integer_of(a, FP_RZ, &inexact);
    bool fits = n <= 0x7fffffffull + a.sign;
    env->flags |= !fits ? FP_INVALID : inexact ? FP_INEXACT : 0;
    *exact = fits && !inexact;
    return (uint32_t)(a.sign ? 0 - n : n);
}
