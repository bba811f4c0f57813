/* What the integer Advanced SIMD groups share: a64_simd_*.c. */
#pragma once
#include "frontend/arm/arm.h"

/* ---- shapes ---- */

/* Lanes of 1 << size bytes; the whole register if q, else its lower half. */
static inline IrType a64_lanes(unsigned size, bool q)
{
    return (IrType)(size | (q ? W_128 : W_64));
}

/* A scalar that holds a lane: one that stays in the vector registers where there is one. */
static inline IrType a64_lane_kind(unsigned size)
{
    return size == 3 ? F64 : size == 2 ? F32 : (IrType)size;
}

IrRef a64_simd_all(Trans *, IrType w, uint64_t value); /* a constant in every lane */

/* Register r as lanes w. Of a scalar form only lane 0 counts: the others are made zero, so that they do not saturate.
 */
IrRef a64_simd_operand(Trans *, IrType w, unsigned r, bool scalar);
IrRef a64_simd_half(Trans *, const A64 *, unsigned size, unsigned r); /* the upper 64 bits if i->q, else the lower */
IrRef a64_simd_element(Trans *, const A64 *, IrType w);               /* the element h:l:m of rm in all lanes of w */
void a64_simd_put_half(Trans *, const A64 *, IrType w, IrRef v);      /* to the upper half if i->q, else as arm_put_v */
void a64_simd_saturated(Trans *, IrType w, IrRef exact, IrRef result); /* FPSR.QC is set if they differ */

/* Right shift by 1 .. the lane's width, rounded if `round`. */
IrRef a64_simd_shr(Trans *, IrType w, IrRef x, unsigned by, bool u, bool round);

/* ---- operations without IR: simd_lanes.c, simd_crypto.c ---- */

/* `how` of arm_help_simd: a SimdOp, and what follows it. n, m, d are scratch 0, 1, 2; scratch 0 gets the result. */
typedef enum SimdOp {
    SIMD_SHL,
    SIMD_RSHL,
    SIMD_QSHL,
    SIMD_QRSHL,
    SIMD_QSHL_IMM,
    SIMD_SQSHLU,
    SIMD_QACC,
    SIMD_SQABS,
    SIMD_SQNEG,
    SIMD_SQDMULH,
    SIMD_SQRDMULH,
    SIMD_SQRDMLAH,
    SIMD_SQRDMLSH,
    SIMD_SQDMULL,
    SIMD_SQDMLAL,
    SIMD_SQDMLSL,
    SIMD_PMUL,
    SIMD_PMULL,
    SIMD_COUNT
} SimdOp;
#define SIMD_HOW(op, size, lanes, u, high, shift)                                                                      \
    ((uint64_t)(op) | (uint64_t)(size) << 8 | (uint64_t)(lanes) << 12 | (uint64_t)(u) << 20 | (uint64_t)(high) << 21 | \
     (uint64_t)(shift) << 24)

typedef enum CryptoOp {
    CRYPTO_AESE,
    CRYPTO_AESD,
    CRYPTO_AESMC,
    CRYPTO_AESIMC,
    CRYPTO_SHA1C,
    CRYPTO_SHA1P,
    CRYPTO_SHA1M,
    CRYPTO_SHA1SU0,
    CRYPTO_SHA1H,
    CRYPTO_SHA1SU1,
    CRYPTO_SHA256H,
    CRYPTO_SHA256H2,
    CRYPTO_SHA256SU0,
    CRYPTO_SHA256SU1,
    CRYPTO_COUNT
} CryptoOp;

/* rd = helper(rn, m, rd); m: 128 bits, none: rm is not an operand. */
void a64_simd_helper(Trans *, const A64 *, int helper, uint64_t how, IrRef m);
