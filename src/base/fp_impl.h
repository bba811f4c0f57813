/* What the files of the soft floating point share: formats, unpacked numbers, and the one way back to bits. */
#pragma once
#include "base/fp.h"

typedef unsigned __int128 FpWide;

typedef struct FpFormat {
    uint8_t bits, frac_bits;
    bool finite_only; /* ARM's alternative half precision: the top exponent is an ordinary one */
    int16_t bias;
    int16_t top; /* the exponent field of infinities */
} FpFormat;

extern const FpFormat fp_formats[5], fp_half_alt;

static inline const FpFormat *fp_format(int bits)
{
    return &fp_formats[bits >> 4 & 7];
}

typedef enum FpKind { FP_IS_ZERO, FP_IS_FINITE, FP_IS_INF, FP_IS_QNAN, FP_IS_SNAN } FpKind;

/* FINITE: sig * 2^(exp - 63) with bit 63 of sig set. NaN: the fraction field at the top of sig, below bit 63. */
typedef struct FpNum {
    uint64_t sig;
    int32_t exp;
    uint8_t kind;
    bool sign;
    bool denormal;
} FpNum;

static inline bool fp_nan(FpNum n)
{
    return n.kind >= FP_IS_QNAN;
}

static inline uint64_t fp_sign_bit(const FpFormat *f, bool sign)
{
    return (uint64_t)sign << (f->bits - 1);
}

static inline uint64_t fp_inf(const FpFormat *f, bool sign)
{
    return fp_sign_bit(f, sign) | (uint64_t)f->top << f->frac_bits;
}

static inline uint64_t fp_max_normal(const FpFormat *f, bool sign)
{
    return fp_inf(f, sign) - 1;
}

/* Shift right, or every bit lost into bit 0: enough to round right later as long as two bits stay below the result. */
static inline uint64_t fp_jam(uint64_t sig, uint32_t by)
{
    if (by >= 64)
        return sig != 0;
    return sig >> by | ((sig & ((1ull << by) - 1)) != 0);
}

static inline FpWide fp_jam_wide(FpWide sig, uint32_t by)
{
    if (by >= 128)
        return sig != 0;
    return sig >> by | ((sig & (((FpWide)1 << by) - 1)) != 0);
}

static inline uint64_t fp_narrow(FpWide sig)
{
    return (uint64_t)(sig >> 64) | ((uint64_t)sig != 0);
}

/* DDI 0487, FPUnpackBase: flushed half-precision operands (FZ16) do not set the input denormal flag. */
static inline FpNum fp_unpack_denormal(FpEnv *env, const FpFormat *f, FpNum n)
{
    if (env->flush_in) {
        if (f->bits != 16 && !env->denormals_x86)
            env->flags |= FP_INPUT_DENORMAL;
        return (FpNum){ .sign = n.sign, .kind = FP_IS_ZERO };
    }
    int zeros = __builtin_clzll(n.sig);
    n.sig <<= zeros;
    n.exp = -f->bias - zeros;
    n.kind = FP_IS_FINITE;
    n.denormal = true;
    return n;
}

static inline FpNum fp_unpack(FpEnv *env, const FpFormat *f, uint64_t raw)
{
    raw <<= 64 - f->bits;
    uint32_t exp_bits = f->bits - 1u - f->frac_bits;
    int32_t exp = (int32_t)(raw << 1 >> (64 - exp_bits));
    FpNum n = { .sign = raw >> 63, .sig = raw << (1 + exp_bits) };
    if (exp == 0) {
        if (n.sig == 0)
            return n;
        return fp_unpack_denormal(env, f, n);
    }
    n.sig >>= 1;
    if (exp == f->top && !f->finite_only) {
        n.kind = n.sig == 0 ? FP_IS_INF : n.sig >> 62 ? FP_IS_QNAN : FP_IS_SNAN;
        return n;
    }
    n.sig |= 1ull << 63;
    n.exp = exp - f->bias;
    n.kind = FP_IS_FINITE;
    return n;
}

/* x86 (SDM volume 1, 4.9.2): the denormal exception comes after the NaNs and the invalid operations, so the operations
 * call this only once those are out of the way. */
static inline void fp_denormal_used(FpEnv *env, bool denormal)
{
    if (denormal && env->denormals_x86)
        env->flags |= FP_INPUT_DENORMAL;
}

static inline uint64_t fp_zero_or(const FpFormat *f, FpNum n, uint64_t raw)
{
    return n.kind == FP_IS_ZERO ? fp_sign_bit(f, n.sign) : raw;
}

/* fp_round.c */
bool fp_rounds_up(unsigned round, bool sign, bool odd, uint64_t low, uint64_t half);
uint64_t fp_round_pack(FpEnv *, const FpFormat *, bool sign, int32_t exp, uint64_t sig, unsigned round);
uint64_t fp_overflowed(FpEnv *, const FpFormat *, bool sign, unsigned round);
static inline uint64_t fp_pack(FpEnv *env, const FpFormat *f, FpNum n)
{
    return fp_round_pack(env, f, n.sign, n.exp, n.sig, env->round);
}

/* fp_nan.c. The choosers take operands in the order of the operation (fma: a, b, addend), one at least a NaN. */
uint64_t fp_nan_default(const FpEnv *, const FpFormat *);
uint64_t fp_nan_of(FpEnv *, const FpFormat *to, FpNum);
uint64_t fp_nan_of_2(FpEnv *, const FpFormat *, FpNum a, FpNum b);
uint64_t fp_nan_of_3(FpEnv *, const FpFormat *, FpNum a, FpNum b, FpNum c);
uint64_t fp_nan_invalid(FpEnv *, const FpFormat *, uint32_t why);
