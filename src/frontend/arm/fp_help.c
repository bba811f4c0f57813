/* The helpers of floating-point ops: one lane in the guest's soft floating point, its flags into FPSR. tcg/ops.def says
 * what they are given. */
#include "frontend/arm/a64_fp.h"

#include "base/fp.h"
#include "frontend/arm/helpers.h"

/* name16, name32, name64: the value of `expression` over env, bits, a, b, c. `mode` is the width whose FPCR flush bit
 * counts. */
#define LANE(name, bits_, mode, expression)                                                                            \
    uint64_t arm_help_##name(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)                                             \
    {                                                                                                                  \
        enum { bits = bits_ };                                                                                         \
        FpEnv env;                                                                                                     \
        (void)a, (void)b, (void)c;                                                                                     \
        arm_fp_begin(arm_of(cpu), &env, mode);                                                                         \
        uint64_t value = expression;                                                                                   \
        arm_fp_end(arm_of(cpu), &env, mode);                                                                           \
        return value;                                                                                                  \
    }
#define LANES(name, expression)                                                                                        \
    LANE(name##16, 16, 16, expression)                                                                                 \
    LANE(name##32, 32, 32, expression)                                                                                 \
    LANE(name##64, 64, 64, expression)

/* ---- arithmetic ---- */

LANES(fadd, fp_add(&env, bits, a, b))
LANES(fsub, fp_sub(&env, bits, a, b))
LANES(fmul, fp_mul(&env, bits, a, b))
LANES(fmulx, fp_mulx(&env, bits, a, b))
LANES(fdiv, fp_div(&env, bits, a, b))
LANES(fsqrt, fp_sqrt(&env, bits, a))
LANES(fma, fp_fma(&env, bits, a, b, c))
LANES(fmin, fp_min(&env, bits, a, b))
LANES(fmax, fp_max(&env, bits, a, b))
LANES(fminnm, fp_minnum(&env, bits, a, b))
LANES(fmaxnm, fp_maxnum(&env, bits, a, b))
/* a comes negated: the op is a * b + 2. */
LANES(frecps, fp_recip_step(&env, bits, a ^ 1ull << (bits - 1), b))
LANES(frsqrts, fp_rsqrt_step(&env, bits, a, b))
LANES(frecpe, fp_recip_estimate(&env, bits, a))
LANES(frsqrte, fp_rsqrt_estimate(&env, bits, a))
LANES(frecpx, fp_recip_exponent(&env, bits, a))

uint64_t arm_help_urecpe(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu, (void)b, (void)c;
    return fp_urecip_estimate((uint32_t)a);
}

uint64_t arm_help_ursqrte(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu, (void)b, (void)c;
    return fp_ursqrt_estimate((uint32_t)a);
}

/* ---- compares ---- */

static uint64_t flags(FpOrder order)
{
    static const uint64_t packed[] = { [FP_LESS] = FLAG_N | FLAG_C, [FP_EQUAL] = FLAG_Z, [FP_UNORDERED] = FLAG_V };
    return packed[order];
}

static uint64_t mask(bool holds)
{
    return holds ? ~0ull : 0;
}

LANES(fcmp, flags(fp_compare(&env, bits, a, b, c &FP_SIGNAL)))
LANES(fcmpeq, mask(fp_compare(&env, bits, a, b, false) == FP_EQUAL))
LANES(fcmplt, mask(fp_compare(&env, bits, a, b, true) == FP_LESS))
LANES(fcmple, mask(fp_compare(&env, bits, a, b, true) <= FP_EQUAL))

/* ---- conversions ---- */

static FpRound rounding(const FpEnv *env, uint64_t imm)
{
    unsigned round = imm >> 16 & 7;
    return round == ROUND_CURRENT ? (FpRound)env->round : (FpRound)round;
}

LANES(fround, fp_round_int(&env, bits, a, rounding(&env, b), b &FP_EXACT))

#define TO_INT(n) LANES(f2i##n##_, fp_to_int(&env, bits, a, rounding(&env, b), n, !(b & FP_UNSIGNED), 0))
TO_INT(16)
TO_INT(32)
TO_INT(64)
#define FROM_INT(n) LANES(i##n##_f2_, fp_from_int(&env, bits, a, n, !(b & FP_UNSIGNED), 0))
FROM_INT(16)
FROM_INT(32)
FROM_INT(64)

/* FPCR.FZ counts, whatever the formats: fp_convert. */
#define BETWEEN(n)                                                                                                     \
    LANE(f##n##_f2_16, 16, 32, fp_convert(&env, n, bits, a))                                                           \
    LANE(f##n##_f2_32, 32, 32, fp_convert(&env, n, bits, a))                                                           \
    LANE(f##n##_f2_64, 64, 32, fp_convert(&env, n, bits, a))
BETWEEN(16)
BETWEEN(32)
BETWEEN(64)
LANE(fcvtxn, 32, 32, fp_convert_odd(&env, 64, bits, a))

/* b: an ArmFixed */
LANE(fix2f, 64, arm_fixed(b).bits,
     fp_from_int(&env, arm_fixed(b).bits, a, arm_fixed(b).int_bits, !arm_fixed(b).is_unsigned, arm_fixed(b).fraction))
LANE(f2fix, 64, arm_fixed(b).bits,
     fp_to_int(&env, arm_fixed(b).bits, a, FP_RZ, arm_fixed(b).int_bits, !arm_fixed(b).is_unsigned,
               arm_fixed(b).fraction))

/* The integer, and bit 32: flag Z. */
uint64_t arm_help_fjcvtzs(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    FpEnv env;
    bool exact;
    (void)b, (void)c;
    arm_fp_begin(arm_of(cpu), &env, 64);
    uint32_t value = fp_to_int_js(&env, a, &exact);
    arm_fp_end(arm_of(cpu), &env, 64);
    return value | (uint64_t)exact << 32;
}
