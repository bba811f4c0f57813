/* Operands that find bugs in floating point: specials, exponents near every edge, mantissas of few bits, operands
 * that cancel or land near the smallest normal number. Deterministic: the seed is fixed unless FP_SEED is set. */
#pragma once
#include "base/fp.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t case_state = 0x9e3779b97f4a7c15;

static inline uint64_t case_random(void) /* xorshift64*, Vigna */
{
    case_state ^= case_state >> 12;
    case_state ^= case_state << 25;
    case_state ^= case_state >> 27;
    return case_state * 0x2545f4914f6cdd1d;
}

static inline uint32_t case_below(uint32_t n)
{
    return (uint32_t)((case_random() >> 32) * n >> 32);
}

/* FP_CASES: how many times the quick run's number of cases. */
static inline uint64_t case_count(uint64_t quick)
{
    const char *times = getenv("FP_CASES"), *seed = getenv("FP_SEED");
    if (seed)
        case_state = strtoull(seed, NULL, 0) | 1;
    return quick * (times ? strtoull(times, NULL, 0) : 1);
}

static inline int case_frac_bits(int bits)
{
    return bits == 16 ? 10 : bits == 32 ? 23 : bits == FP_BFLOAT16 ? 7 : 52;
}

static inline int case_width(int bits)
{
    return bits == FP_BFLOAT16 ? 16 : bits;
}

enum { CASE_SPECIALS = 24 };
static inline uint64_t case_special(int bits, uint32_t n)
{
    int frac = case_frac_bits(bits), width = case_width(bits);
    uint64_t sign = 1ull << (width - 1), one = 1ull << frac, top = sign - one, bias = (top >> 1) & ~(one - 1);
    const uint64_t positive[CASE_SPECIALS / 2] = {
        0, 1, one - 1, one, one + 1, bias, bias + one, bias + (one >> 1), top - 1, top, top | one >> 1 | 1, top | 1
    };
    return positive[n / 2 % (CASE_SPECIALS / 2)] | (n & 1 ? sign : 0);
}

static inline uint64_t case_exponent(int bits)
{
    int frac = case_frac_bits(bits), width = case_width(bits);
    uint64_t top = (1ull << (width - 1 - frac)) - 1, bias = top / 2;
    const uint64_t near[] = {
        0,         2,        top - 2, bias, bias + (uint64_t)frac, bias - (uint64_t)frac, bias / 2, bias + bias / 2,
        bias + 31, bias + 63
    };
    uint32_t choice = case_below(16);
    uint64_t exp = choice < 10 ? near[choice] + case_below(5) - 2 : case_random();
    return exp & top;
}

static inline uint64_t case_mantissa(int frac)
{
    uint64_t mask = (1ull << frac) - 1, r = case_random();
    switch (case_below(6)) {
    case 0:
        return 0;
    case 1: /* few bits */
        return (1ull << r % (uint32_t)frac | 1ull << (r >> 8) % (uint32_t)frac | (r >> 20 & 1)) & mask;
    case 2: /* a run of ones at the top */
        return mask & ~(mask >> r % (uint32_t)frac);
    case 3: /* a run of ones at the bottom */
        return mask >> r % (uint32_t)frac;
    default:
        return r & mask;
    }
}

static inline uint64_t case_number(int bits)
{
    int frac = case_frac_bits(bits), width = case_width(bits);
    uint32_t choice = case_below(16);
    if (choice == 0)
        return case_special(bits, case_below(CASE_SPECIALS));
    uint64_t sign = (uint64_t)(case_random() >> 63) << (width - 1);
    return sign | case_exponent(bits) << frac | case_mantissa(frac);
}

/* a * b within a few units of the smallest normal number: what tells tininess before rounding from after. */
static inline void case_edge_of_normal(int bits, uint64_t *a, uint64_t *b)
{
    int frac = case_frac_bits(bits), width = case_width(bits);
    uint64_t one = 1ull << frac, exps = (1ull << (width - 1)) - one, bias = (exps >> 1) & exps;
    uint64_t e = case_random() % (bias - 2 * one) + one;
    *a = (e & exps) + case_below(16) - 8;
    *b = bias + one - (e & exps) + case_below(16) - 8;
}

/* Three operands; often b's exponent is chosen against a's, or c is close to -(a * b). */
static inline void case_operands(int bits, uint64_t op[3])
{
    int frac = case_frac_bits(bits), width = case_width(bits);
    uint64_t mask = (width == 64 ? 0 : 1ull << width) - 1, sign = 1ull << (width - 1), exps = sign - (1ull << frac);
    for (int i = 0; i < 3; i++)
        op[i] = case_number(bits);
    switch (case_below(8)) {
    case 0: /* close to a, either sign */
        op[1] = ((op[0] ^ (case_random() & sign)) + case_below(9) - 4) & mask;
        break;
    case 1: /* a * b near the smallest normal number */
    case 2: /* a / b near it */ {
        uint64_t e = op[0] & exps, b = (exps >> 1 & exps) + ((uint64_t)case_below(5) << frac) - (2ull << frac);
        op[1] = (op[1] & ~exps) | ((case_below(2) ? b - e : e + b) & exps);
        break;
    }
    case 3: { /* the exponents a few apart */
        uint64_t apart = (uint64_t)case_below((uint32_t)frac + 4) << frac;
        op[1] = (op[1] & ~exps) | ((op[0] + apart) & exps);
        break;
    }
    }
    if (case_below(8) == 0 && bits != FP_BFLOAT16)
        case_edge_of_normal(bits, &op[0], &op[1]);
    FpEnv env = { .round = FP_RNE };
    if (bits != FP_BFLOAT16 && case_below(4) == 0)
        op[2] = (fp_mul(&env, bits, op[0], op[1]) ^ (case_below(8) ? sign : 0)) + case_below(5) - 2;
    op[2] &= mask;
}

static inline const char *case_env_text(const FpEnv *e)
{
    static char text[80];
    static const char *const rounds[] = { "RNE", "RP", "RM", "RZ", "RNA", "RODD" };
    snprintf(text, sizeof text, "%s rule%d%s%s%s%s%s", rounds[e->round], e->nan_rule, e->flush_in ? " fi" : "",
             e->flush_out ? " fo" : "", e->default_nan ? " dn" : "", e->tiny_before ? " before" : " after",
             e->half_alt ? " ahp" : "");
    return text;
}
