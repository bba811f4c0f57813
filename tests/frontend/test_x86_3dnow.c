/* 3DNow!, which no processor of today has: expectations from AMD 21928, chapter 2, and arithmetic in doubles. */
#include "frontend/x86/helpers.h"
#include "tests/frontend/random_x86.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

static uint32_t bits(float v)
{
    uint32_t b;
    memcpy(&b, &v, 4);
    return b;
}

static float value(uint64_t b)
{
    uint32_t low = (uint32_t)b;
    float v;
    memcpy(&v, &low, 4);
    return v;
}

static uint64_t pair(uint32_t hi, uint32_t lo)
{
    return (uint64_t)hi << 32 | lo;
}

enum { F1 = 0x3f800000, F2 = 0x40000000, F3 = 0x40400000, FM1 = (int)0xbf800000, LARGEST = 0x7f7fffff };
enum {
    PI2FW = 0x0c,
    PI2FD = 0x0d,
    PF2IW = 0x1c,
    PF2ID = 0x1d,
    PFNACC = 0x8a,
    PFPNACC = 0x8e,
    PFCMPGE = 0x90,
    PFMIN = 0x94,
    PFRCP = 0x96,
    PFRSQRT = 0x97,
    PFSUB = 0x9a,
    PFADD = 0x9e,
    PFCMPGT = 0xa0,
    PFMAX = 0xa4,
    PFRCPIT1 = 0xa6,
    PFRSQIT1 = 0xa7,
    PFSUBR = 0xaa,
    PFACC = 0xae,
    PFCMPEQ = 0xb0,
    PFMUL = 0xb4,
    PFRCPIT2 = 0xb6,
    PMULHRW = 0xb7,
    PSWAPD = 0xbb
};

START_TEST(does_as_the_manual_says)
{
    static const struct {
        uint8_t op;
        uint32_t a1, a0, b1, b0, r1, r0; /* high and low doublewords */
    } cases[] = {
        { PFADD, F1, F2, F2, F1, F3, F3 },
        { PFADD, 0x80000000, 0, 0x80000000, 0x80000000, 0x80000000, 0 },          /* zeros: the AND of the signs */
        { PFADD, F1, (uint32_t)FM1, (uint32_t)FM1, F1, 0, 0x80000000 },           /* cancelled: the first one's */
        { PFADD, LARGEST, 0xff7fffff, LARGEST, 0xff7fffff, LARGEST, 0xff7fffff }, /* saturates */
        { PFADD, 0x00800001, 0x80800000, 0x80800000, 0x00800001, 0, 0 },          /* tiny ones are zeros */
        { PFADD, 0x007fffff, 1, F1, 0x80000000, F1, 0 },                          /* denormals are zeros */
        { PFSUB, F3, F1, F1, F3, F2, 0xc0000000 },
        { PFSUB, F1, 0, F1, 0, 0, 0 },
        { PFSUBR, F3, F1, F1, F3, 0xc0000000, F2 },
        { PFMUL, F2, (uint32_t)FM1, F3, 0, 0x40c00000, 0x80000000 },
        { PFMUL, LARGEST, 0x00800000, 0xc0000000, 0x3f000000, 0xff7fffff, 0 },
        { PFACC, F2, F1, F1, F1, F2, F3 },
        { PFNACC, F2, F3, F1, F1, 0, F1 },
        { PFPNACC, F2, F3, F1, F1, F2, F1 },
        { PFCMPEQ, F1, 0, F1, 0x80000000, ~0u, ~0u },
        { PFCMPEQ, F1, F2, F2, F1, 0, 0 },
        { PFCMPGE, F1, 0x80000000, F2, 0, 0, ~0u },
        { PFCMPGE, F2, F1, F1, F1, ~0u, ~0u },
        { PFCMPGT, F2, 0, F1, 0x80000000, ~0u, 0 },
        { PFMAX, F1, 0x80000000, F2, 0x80000000, F2, 0 }, /* a zero is positive */
        { PFMAX, (uint32_t)FM1, 0x80000000, 0xc0000000, (uint32_t)FM1, (uint32_t)FM1, 0 },
        { PFMIN, F1, 0x80000000, F2, F1, F1, 0 },
        { PFMIN, F1, F3, (uint32_t)FM1, 0xc0400000, (uint32_t)FM1, 0xc0400000 },
        { PF2ID, 0, 0, 0x4f000000, 0xcf000001, 0x7fffffff, 0x80000000 },
        { PF2ID, 0, 0, 0xbff33333, 0x3f7fffff, 0xffffffff, 0 }, /* -1.9, 0.99: towards zero */
        { PF2IW, 0, 0, 0x47000000, 0xc7000100, 0x7fff, 0xffff8000 },
        { PF2IW, 0, 0, 0xc2f70000, 0x42f70000, 0xffffff85, 123 },
        { PI2FD, 0, 0, 0x7fffffff, 0xffffffff, 0x4effffff, (uint32_t)FM1 }, /* 2^31 - 1 is cut */
        { PI2FW, 0, 0, 0x1234ffff, 0x7fff0002, (uint32_t)FM1, F2 },
        { PMULHRW, 0x7fff8000, 0x00010001, 0x7fff8000, 0x7fff8000, 0x3fff4000, 0 },
        { PSWAPD, 0, 0, 1, 2, 2, 1 },
        { PFRCP, 0, 0, F3, F2, 0x3f000000, 0x3f000000 },
        { PFRCP, 0, 0, F3, 0x80000000, 0xff7fffff, 0xff7fffff },
        { PFRCP, 0, 0, F3, 0x7e800000, 0, 0 }, /* 2^126 */
        { PFRSQRT, 0, 0, F3, 0x40800000, 0x3f000000, 0x3f000000 },
        { PFRSQRT, 0, 0, F3, 0xc0800000, 0xbf000000, 0xbf000000 },
        { PFRSQRT, 0, 0, F3, 0, LARGEST, LARGEST },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint64_t r = x86_help_3dnow(NULL, pair(cases[k].a1, cases[k].a0), pair(cases[k].b1, cases[k].b0), cases[k].op);
        uint64_t want = pair(cases[k].r1, cases[k].r0);
        ck_assert_msg(r == want, "case %u, opcode %02x: %016llx, not %016llx", k, cases[k].op, (unsigned long long)r,
                      (unsigned long long)want);
    }
}
END_TEST

/* Doubles hold sums and products of singles that are not too far apart. */
START_TEST(arithmetic_is_rounded_to_nearest)
{
    uint64_t seed = 1;
    for (int k = 0; k < 100000; k++) {
        uint32_t a = (uint32_t)x86_random_number(&seed), b = (uint32_t)x86_random_number(&seed);
        a = (a & 0x87ffffff) + 0x38000000;
        b = (b & 0x87ffffff) + 0x38000000;
        double x = (double)value(a), y = (double)value(b);
        ck_assert_uint_eq((uint32_t)x86_help_3dnow(NULL, a, b, PFADD), bits((float)(x + y)));
        ck_assert_uint_eq((uint32_t)x86_help_3dnow(NULL, a, b, PFMUL), bits((float)(x * y)));
    }
}
END_TEST

/* The sequences of the manual's examples reach one unit in the last place. */
START_TEST(estimates_are_refined)
{
    uint64_t seed = 2;
    for (int k = 0; k < 100000; k++) {
        uint32_t b = ((uint32_t)x86_random_number(&seed) & 0x0fffffff) + 0x38000000;
        uint64_t x0 = x86_help_3dnow(NULL, 0, b, PFRCP);
        uint64_t x2 = x86_help_3dnow(NULL, x86_help_3dnow(NULL, pair(b, b), x0, PFRCPIT1), x0, PFRCPIT2);
        ck_assert(fabs((double)value(x2) * (double)value(b) - 1) < 0x1p-23);
        ck_assert_uint_eq(x2 >> 32, (uint32_t)x2);
        uint64_t s0 = x86_help_3dnow(NULL, 0, b, PFRSQRT), s1 = x86_help_3dnow(NULL, s0, s0, PFMUL);
        uint64_t s3 = x86_help_3dnow(NULL, x86_help_3dnow(NULL, pair(b, b), s1, PFRSQIT1), s0, PFRCPIT2);
        ck_assert(fabs((double)value(s3) * sqrt((double)value(b)) - 1) < 0x1p-22);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, does_as_the_manual_says);
    tcase_add_test(c, arithmetic_is_rounded_to_nearest);
    tcase_add_test(c, estimates_are_refined);
    return run_suite("x86_3dnow", (TCase *[]){ c, NULL });
}
