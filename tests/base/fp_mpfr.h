/* IEEE 754 formats on top of MPFR, for test_fp_mpfr.c: bits to exact values, an exact value rounded into a format by
 * MPFR's rounding to integers, and the guests' NaN choices. Shares nothing with src/base but the environment. */
#pragma once
#include "fp_cases.h"

#define MPFR_USE_INTMAX_T 1
#include <mpfr.h>

typedef struct Format {
    int bits, p, emin; /* precision, exponent of the smallest normal number */
    int emax;
} Format;

static const Format formats[] = {
    { 16, 11, -14, 15 }, { 32, 24, -126, 127 }, { 64, 53, -1022, 1023 }, { FP_BFLOAT16, 8, -126, 127 }
};
static const Format half_alt = { 16, 11, -14, 16 };

static mpfr_t in[3], result, scaled, rounded, limit;

static const Format *format_of(int bits)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].bits == bits)
            return &formats[i];
    abort();
}

static uint64_t sign_of(const Format *f)
{
    return 1ull << (case_width(f->bits) - 1);
}

static uint64_t inf_of(const Format *f)
{
    return sign_of(f) - (1ull << (f->p - 1));
}

static bool is_nan(const Format *f, uint64_t v)
{
    return f != &half_alt && (v & ~sign_of(f)) > inf_of(f);
}

static bool is_snan(const Format *f, uint64_t v)
{
    return is_nan(f, v) && !(v >> (f->p - 2) & 1);
}

/* v's value, exactly; NaNs excepted. */
static void decode(mpfr_t to, const Format *f, FpEnv *env, uint64_t v)
{
    uint64_t magnitude = v & ~sign_of(f), frac = magnitude & ((1ull << (f->p - 1)) - 1), exp = magnitude >> (f->p - 1);
    int sign = v & sign_of(f) ? -1 : 1;
    if (f != &half_alt && magnitude == inf_of(f)) {
        mpfr_set_inf(to, sign);
        return;
    }
    if (exp == 0 && frac && env->flush_in) {
        env->flags |= f->bits == 16 || f->bits == FP_BFLOAT16 ? 0 : FP_INPUT_DENORMAL;
        frac = 0;
    }
    if (exp)
        frac |= 1ull << (f->p - 1);
    mpfr_set_uj_2exp(to, frac, (exp ? (int)exp : 1) + f->emin - f->p, MPFR_RNDN);
    mpfr_setsign(to, to, sign < 0, MPFR_RNDN);
}

static void round_integer(mpfr_t to, mpfr_t from, unsigned mode)
{
    switch (mode) {
    case FP_RNE:
        mpfr_roundeven(to, from);
        return;
    case FP_RNA:
        mpfr_round(to, from);
        return;
    case FP_RP:
        mpfr_ceil(to, from);
        return;
    case FP_RM:
        mpfr_floor(to, from);
        return;
    }
    mpfr_trunc(to, from);
    if (mode != FP_RODD || mpfr_integer_p(from))
        return;
    mpfr_div_2ui(limit, to, 1, MPFR_RNDN);
    if (mpfr_integer_p(limit) && mpfr_signbit(from))
        mpfr_sub_ui(to, to, 1, MPFR_RNDN);
    else if (mpfr_integer_p(limit))
        mpfr_add_ui(to, to, 1, MPFR_RNDN);
}

/* Rounds `result` to units of 2^unit; the number of units goes to `rounded`. */
static bool round_at(long unit, unsigned mode)
{
    mpfr_mul_2si(scaled, result, -unit, MPFR_RNDN);
    round_integer(rounded, scaled, mode);
    return !mpfr_integer_p(scaled);
}

static bool tiny(const Format *f, const FpEnv *env)
{
    mpfr_set_si_2exp(limit, 1, f->emin, MPFR_RNDN);
    if (mpfr_cmpabs(result, limit) >= 0)
        return false;
    if (env->tiny_before)
        return true;
    long exp = mpfr_get_exp(result) - 1;
    round_at(exp - f->p + 1, env->round);
    mpfr_mul_2si(rounded, rounded, exp - f->p + 1, MPFR_RNDN);
    mpfr_set_si_2exp(limit, 1, f->emin, MPFR_RNDN);
    return mpfr_cmpabs(rounded, limit) < 0;
}

static uint64_t overflow(const Format *f, FpEnv *env, bool minus)
{
    uint64_t sign = minus ? sign_of(f) : 0;
    if (f == &half_alt) {
        env->flags |= FP_INVALID;
        return sign | 0x7fff;
    }
    env->flags |= FP_OVERFLOW | FP_INEXACT;
    bool away = env->round == FP_RNE || env->round == FP_RNA || env->round == (minus ? FP_RM : FP_RP);
    return sign | (inf_of(f) - !away);
}

static uint64_t encode(const Format *f, FpEnv *env)
{
    bool minus = mpfr_signbit(result);
    uint64_t sign = minus ? sign_of(f) : 0;
    if (mpfr_zero_p(result))
        return sign;
    if (mpfr_inf_p(result))
        return sign | inf_of(f);
    bool small = tiny(f, env);
    if (small && env->flush_out) {
        env->flags |= FP_UNDERFLOW;
        return sign;
    }
    long exp = mpfr_get_exp(result) - 1;
    if (exp < f->emin)
        exp = f->emin;
    bool inexact = round_at(exp - f->p + 1, env->round);
    uint64_t units = mpfr_get_uj(rounded, MPFR_RNDN);
    if (minus)
        units = (mpfr_neg(rounded, rounded, MPFR_RNDN), mpfr_get_uj(rounded, MPFR_RNDN));
    if (units >> f->p) {
        units >>= 1;
        exp++;
    }
    if (exp > f->emax)
        return overflow(f, env, minus);
    env->flags |= inexact ? FP_INEXACT | (small ? FP_UNDERFLOW : 0) : 0;
    return sign | (units + ((uint64_t)(exp - f->emin) << (f->p - 1)));
}

/* The three guests' choices, from their manuals' tables. */
static uint64_t default_nan(const Format *f, const FpEnv *env)
{
    return inf_of(f) | 1ull << (f->p - 2) | (env->nan_rule == FP_NAN_X86 ? sign_of(f) : 0);
}

static uint64_t invalid(const Format *f, FpEnv *env)
{
    env->flags |= FP_INVALID;
    return default_nan(f, env);
}

static uint64_t choose_nan(const Format *f, FpEnv *env, const uint64_t *v, int count)
{
    const uint64_t *pick = NULL;
    for (int i = 0; i < count; i++)
        if (is_snan(f, v[i]))
            env->flags |= FP_INVALID;
    for (int i = 0; i < count && !pick && env->nan_rule == FP_NAN_ARM; i++)
        if (is_snan(f, v[i]))
            pick = &v[i];
    for (int i = 0; i < count && !pick; i++)
        if (is_nan(f, v[i]))
            pick = &v[i];
    return env->default_nan ? default_nan(f, env) : *pick | 1ull << (f->p - 2);
}

static uint64_t choose_nan_fma(const Format *f, FpEnv *env, const uint64_t *v)
{
    bool lost = (mpfr_inf_p(in[0]) && mpfr_zero_p(in[1])) || (mpfr_zero_p(in[0]) && mpfr_inf_p(in[1]));
    lost = lost && !is_nan(f, v[0]) && !is_nan(f, v[1]);
    if (lost && env->nan_rule == FP_NAN_ARM && !is_snan(f, v[2]))
        return invalid(f, env);
    if (lost && env->nan_rule == FP_NAN_PPC)
        env->flags |= FP_INVALID;
    uint64_t orders[3][3] = { { v[2], v[0], v[1] }, { v[0], v[1], v[2] }, { v[0], v[2], v[1] } };
    return choose_nan(f, env, orders[env->nan_rule], 3);
}
