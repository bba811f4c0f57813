/* Integer Advanced SIMD instructions that are calls of a helper. ARM DDI 0487, sections C4.1.96 and C7.2. */
#include "frontend/arm/a64_simd.h"
#include "frontend/arm/helpers.h"

#include "cpu/translate.h"

static bool known_shape(const A64 *i, bool scalar)
{
    return scalar || i->q || i->size < 3;
}

static unsigned lane_count(const A64 *i, bool scalar)
{
    return scalar ? 1 : (i->q ? 16u : 8u) >> i->size;
}

/* rd = op(rn, m), of rd too if op has such an operand */
static bool same(Trans *t, const A64 *i, SimdOp op, bool u, bool scalar, bool two)
{
    if (!known_shape(i, scalar))
        return false;
    if (!arm_fp_ok(t))
        return true;
    IrRef m = two ? arm_get_v(t, I64X2, i->rm) : IR_NONE;
    a64_simd_helper(t, i, H_simd, SIMD_HOW(op, i->size, lane_count(i, scalar), u, false, 0), m);
    return true;
}

#define SAME(name, op, u, two)                                                                                         \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return same(t, i, op, u, false, two);                                                                          \
    }                                                                                                                  \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return same(t, i, op, u, true, two);                                                                           \
    }
SAME(shl_reg, SIMD_SHL, i->u, true)
SAME(rshl_reg, SIMD_RSHL, i->u, true)
SAME(qshl_reg, SIMD_QSHL, i->u, true)
SAME(qrshl_reg, SIMD_QRSHL, i->u, true)
SAME(qacc, SIMD_QACC, i->u, false)
SAME(sqabs, SIMD_SQABS, false, false)
SAME(sqneg, SIMD_SQNEG, false, false)
SAME(sqdmulh, SIMD_SQDMULH, false, true)
SAME(sqrdmulh, SIMD_SQRDMULH, false, true)
SAME(sqrdmlah, SIMD_SQRDMLAH, false, true)
SAME(sqrdmlsh, SIMD_SQRDMLSH, false, true)

bool a64_pmul_v(Trans *t, const A64 *i)
{
    return same(t, i, SIMD_PMUL, true, false, true);
}

/* ---- by element ---- */

static bool element(Trans *t, const A64 *i, SimdOp op, bool scalar)
{
    if (!arm_fp_ok(t))
        return true;
    IrRef m = a64_simd_element(t, i, a64_lanes(i->size, true));
    a64_simd_helper(t, i, H_simd, SIMD_HOW(op, i->size, lane_count(i, scalar), false, false, 0), m);
    return true;
}

/* Results of twice the width: from the upper halves if q, and not scalar */
static bool longer(Trans *t, const A64 *i, SimdOp op, bool u, bool scalar, IrRef m)
{
    unsigned lanes = scalar ? 1 : 8u >> i->size;
    a64_simd_helper(t, i, H_simd, SIMD_HOW(op, i->size, lanes, u, i->q && !scalar, 0), m);
    return true;
}

static bool element_longer(Trans *t, const A64 *i, SimdOp op, bool scalar)
{
    return !arm_fp_ok(t) || longer(t, i, op, false, scalar, a64_simd_element(t, i, a64_lanes(i->size, true)));
}

static bool same_longer(Trans *t, const A64 *i, SimdOp op, bool u, bool scalar)
{
    return !arm_fp_ok(t) || longer(t, i, op, u, scalar, arm_get_v(t, I64X2, i->rm));
}

#define ELEMENT(name, op)                                                                                              \
    bool a64_##name##_elt(Trans *t, const A64 *i)                                                                      \
    {                                                                                                                  \
        return element(t, i, op, false);                                                                               \
    }                                                                                                                  \
    bool a64_##name##_elt_s(Trans *t, const A64 *i)                                                                    \
    {                                                                                                                  \
        return element(t, i, op, true);                                                                                \
    }
ELEMENT(sqdmulh, SIMD_SQDMULH)
ELEMENT(sqrdmulh, SIMD_SQRDMULH)
ELEMENT(sqrdmlah, SIMD_SQRDMLAH)
ELEMENT(sqrdmlsh, SIMD_SQRDMLSH)

#define LONGER(name, op)                                                                                               \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return same_longer(t, i, op, false, false);                                                                    \
    }                                                                                                                  \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return same_longer(t, i, op, false, true);                                                                     \
    }                                                                                                                  \
    bool a64_##name##_elt(Trans *t, const A64 *i)                                                                      \
    {                                                                                                                  \
        return element_longer(t, i, op, false);                                                                        \
    }                                                                                                                  \
    bool a64_##name##_elt_s(Trans *t, const A64 *i)                                                                    \
    {                                                                                                                  \
        return element_longer(t, i, op, true);                                                                         \
    }
LONGER(sqdmull, SIMD_SQDMULL)
LONGER(sqdmlal, SIMD_SQDMLAL)
LONGER(sqdmlsl, SIMD_SQDMLSL)

bool a64_pmull_v(Trans *t, const A64 *i)
{
    if (i->size < 3)
        return same_longer(t, i, SIMD_PMULL, true, false);
    if (!arm_fp_ok(t))
        return true;
    IrRef n = ir_vget(t->ir, I64, arm_get_v(t, I64X2, i->rn), i->q);
    IrRef m = ir_vget(t->ir, I64, arm_get_v(t, I64X2, i->rm), i->q);
    trans_call(t, I64, H_pmull64, n, m, IR_NONE);
    arm_put_v(t, I64X2, i->rd, ir_get(t->ir, I64X2, IR_SLOT(S_SCRATCH0, 0)));
    return true;
}

/* ---- saturating left shifts by immediate ---- */

static bool shift_left(Trans *t, const A64 *i, SimdOp op, bool u, bool scalar)
{
    unsigned size = 31 - (unsigned)__builtin_clz((unsigned)i->imm >> 3), shift = (unsigned)i->imm - (8u << size);
    unsigned lanes = scalar ? 1 : (i->q ? 16u : 8u) >> size;
    if (size == 3 && !scalar && !i->q)
        return false;
    if (arm_fp_ok(t))
        a64_simd_helper(t, i, H_simd, SIMD_HOW(op, size, lanes, u, false, shift), IR_NONE);
    return true;
}

bool a64_qshl_imm_v(Trans *t, const A64 *i)
{
    return shift_left(t, i, SIMD_QSHL_IMM, i->u, false);
}

bool a64_qshl_imm_s(Trans *t, const A64 *i)
{
    return shift_left(t, i, SIMD_QSHL_IMM, i->u, true);
}

bool a64_sqshlu_v(Trans *t, const A64 *i)
{
    return shift_left(t, i, SIMD_SQSHLU, false, false);
}

bool a64_sqshlu_s(Trans *t, const A64 *i)
{
    return shift_left(t, i, SIMD_SQSHLU, false, true);
}

/* ---- AES, SHA-1, SHA-256 ---- */

static bool crypto(Trans *t, const A64 *i, CryptoOp op, bool three)
{
    if (arm_fp_ok(t))
        a64_simd_helper(t, i, H_crypto, op, three ? arm_get_v(t, I64X2, i->rm) : IR_NONE);
    return true;
}

#define CRYPTO(name, op, three)                                                                                        \
    bool a64_##name(Trans *t, const A64 *i)                                                                            \
    {                                                                                                                  \
        return crypto(t, i, op, three);                                                                                \
    }
CRYPTO(aese, CRYPTO_AESE, false)
CRYPTO(aesd, CRYPTO_AESD, false)
CRYPTO(aesmc, CRYPTO_AESMC, false)
CRYPTO(aesimc, CRYPTO_AESIMC, false)
CRYPTO(sha1c, CRYPTO_SHA1C, true)
CRYPTO(sha1p, CRYPTO_SHA1P, true)
CRYPTO(sha1m, CRYPTO_SHA1M, true)
CRYPTO(sha1su0, CRYPTO_SHA1SU0, true)
CRYPTO(sha1h, CRYPTO_SHA1H, false)
CRYPTO(sha1su1, CRYPTO_SHA1SU1, false)
CRYPTO(sha256h, CRYPTO_SHA256H, true)
CRYPTO(sha256h2, CRYPTO_SHA256H2, true)
CRYPTO(sha256su0, CRYPTO_SHA256SU0, false)
CRYPTO(sha256su1, CRYPTO_SHA256SU1, true)
