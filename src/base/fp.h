/* Soft floating point, bit exact, flags included: what IEEE 754-2008 says, with what it leaves open (NaN choice,
 * when tininess is detected, flushing of denormals) decided by an environment. Formats are named by their width
 * in bits; values are raw bits, zero-extended; bits above the width are ignored.
 *
 *     FpEnv env = { .round = FP_RNE, .nan_rule = FP_NAN_ARM, .tiny_before = true };
 *     uint64_t sum = fp_add(&env, 32, 0x3f800000, 0x40000000);
 *     if (env.flags & FP_INEXACT) ...
 *
 * An environment belongs to one thread; nothing here reads or depends on the host's rounding mode. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { FP_BFLOAT16 = 48 }; /* the format argument for bfloat16, which shares its width with binary16 */

/* The numbers are those of IrRound. */
typedef enum FpRound { FP_RNE, FP_RP, FP_RM, FP_RZ, FP_RNA, FP_RODD } FpRound;

enum FpNanRule { FP_NAN_ARM, FP_NAN_X86, FP_NAN_PPC };

enum {
    FP_INVALID = 1 << 0,
    FP_DIVZERO = 1 << 1,
    FP_OVERFLOW = 1 << 2,
    FP_UNDERFLOW = 1 << 3,
    FP_INEXACT = 1 << 4,
    FP_INPUT_DENORMAL = 1 << 7,
    FP_FLAGS = 0x9f,

    /* Why an operation was invalid, beside FP_INVALID: PowerPC shows it to the guest. */
    FP_WHY_SNAN = 1 << 8,
    FP_WHY_INF_MINUS_INF = 1 << 9,
    FP_WHY_INF_BY_INF = 1 << 10,
    FP_WHY_ZERO_BY_ZERO = 1 << 11,
    FP_WHY_INF_TIMES_ZERO = 1 << 12,
    FP_WHY_COMPARE = 1 << 13,
    FP_WHY_SQRT = 1 << 14,
    FP_WHY_CONVERT = 1 << 15
};

typedef struct FpEnv {
    uint8_t round;      /* FpRound, of the operations that do not name one */
    uint8_t nan_rule;   /* FpNanRule: which operand's NaN is the result, the default NaN, what fp_min and fp_max do with
                         * a NaN, what fp_to_int makes of numbers that do not fit */
    bool flush_in;      /* denormal operands are zeros */
    bool flush_out;     /* denormal results become zeros */
    bool default_nan;   /* every NaN result is the default one */
    bool tiny_before;   /* tininess is detected before rounding (ARM, PowerPC), else after (x86) */
    bool half_alt;      /* ARM FPCR.AHP: binary16 in fp_convert has neither infinities nor NaNs */
    bool denormals_x86; /* FP_INPUT_DENORMAL tells that a denormal was used, not that one was flushed, and a flushed
                         * result is inexact */
    uint32_t flags;     /* sticky; only ever ored into */
} FpEnv;

/* Arithmetic. fp_mulx: 0 * infinity is 2 (ARM FMULX). The steps are fused: 2 - a*b and (3 - a*b) / 2. */
uint64_t fp_add(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_sub(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_mul(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_mulx(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_div(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_sqrt(FpEnv *, int bits, uint64_t a);
uint64_t fp_fma(FpEnv *, int bits, uint64_t a, uint64_t b, uint64_t c); /* a * b + c, rounded once */
uint64_t fp_recip_step(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_rsqrt_step(FpEnv *, int bits, uint64_t a, uint64_t b);

/* ARM FMIN, FMAX, FMINNM, FMAXNM. With FP_NAN_X86 fp_min and fp_max are MINSS and MAXSS: b if in doubt. */
uint64_t fp_min(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_max(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_minnum(FpEnv *, int bits, uint64_t a, uint64_t b);
uint64_t fp_maxnum(FpEnv *, int bits, uint64_t a, uint64_t b);

/* signalling: a quiet NaN is invalid too. */
typedef enum FpOrder { FP_LESS, FP_EQUAL, FP_GREATER, FP_UNORDERED } FpOrder;
FpOrder fp_compare(FpEnv *, int bits, uint64_t a, uint64_t b, bool signalling);

/* Conversions between formats. Here flush_* mean FPCR.FZ even if one side is binary16, which is itself never flushed.
 * fp_convert_odd rounds to odd (FCVTXN). */
uint64_t fp_convert(FpEnv *, int from, int to, uint64_t a);
uint64_t fp_convert_odd(FpEnv *, int from, int to, uint64_t a);

/* To an integral value in the same format. exact: a changed value is inexact. The sized one is ARM's FRINT32* and
 * FRINT64*: what does not fit in a signed `size`-bit integer is invalid and gives its most negative value. */
uint64_t fp_round_int(FpEnv *, int bits, uint64_t a, FpRound, bool exact);
uint64_t fp_round_int_sized(FpEnv *, int bits, uint64_t a, FpRound, int size);

/* To and from integers of int_bits (1 to 64) bits, `frac` (0 to 64) of them behind the point. What does not fit is
 * invalid and saturates (ARM, PowerPC) or gives the x86 "integer indefinite". The result is zero-extended; bits of
 * `value` above int_bits are ignored. */
uint64_t fp_to_int(FpEnv *, int bits, uint64_t a, FpRound, int int_bits, bool is_signed, int frac);
uint64_t fp_from_int(FpEnv *, int bits, uint64_t value, int int_bits, bool is_signed, int frac);
uint32_t fp_to_int_js(FpEnv *, uint64_t a, bool *exact); /* FJCVTZS: modulo 2^32; *exact is the Z flag */

/* ARM's estimates: FRECPE, FRSQRTE, FRECPX, URECPE, URSQRTE. */
uint64_t fp_recip_estimate(FpEnv *, int bits, uint64_t a);
uint64_t fp_rsqrt_estimate(FpEnv *, int bits, uint64_t a);
uint64_t fp_recip_exponent(FpEnv *, int bits, uint64_t a);
uint32_t fp_urecip_estimate(uint32_t a);
uint32_t fp_ursqrt_estimate(uint32_t a);

uint64_t fp_default_nan(const FpEnv *, int bits);
bool fp_is_nan(int bits, uint64_t a);
bool fp_is_snan(int bits, uint64_t a);
