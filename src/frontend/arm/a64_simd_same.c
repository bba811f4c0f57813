/* Integer Advanced SIMD instructions whose lanes keep their width: three-same, two-register miscellaneous, across
 * lanes, multiplications by element. ARM DDI 0487, section C4.1.96. Those that call helpers are in a64_simd_slow.c. */
#include "frontend/arm/a64_simd.h"

typedef IrRef SameFn(Trans *, const A64 *, IrType w, IrRef n, IrRef m);

static bool known_shape(const A64 *i, bool scalar)
{
    return scalar || i->q || i->size < 3;
}

static bool same(Trans *t, const A64 *i, SameFn *fn, bool scalar)
{
    IrType w = a64_lanes(i->size, i->q && !scalar);
    if (!known_shape(i, scalar))
        return false;
    if (!arm_fp_ok(t))
        return true;
    IrRef n = a64_simd_operand(t, w, i->rn, scalar), m = a64_simd_operand(t, w, i->rm, scalar);
    arm_put_v(t, w, i->rd, fn(t, i, w, n, m));
    return true;
}

#define SAME_V(name, fn)                                                                                               \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return same(t, i, fn, false);                                                                                  \
    }
#define SAME(name, fn)                                                                                                 \
    SAME_V(name, fn)                                                                                                   \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return same(t, i, fn, true);                                                                                   \
    }

/* ---- arithmetic ---- */

static IrRef add(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_add(t->ir, w, n, m, 0);
}

static IrRef sub(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_sub(t->ir, w, n, m, 0);
}

static IrRef mul(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_mul(t->ir, w, n, m, 0);
}

static IrRef mla(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_add(t->ir, w, arm_get_v(t, w, i->rd), ir_mul(t->ir, w, n, m, 0), 0);
}

static IrRef mls(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_sub(t->ir, w, arm_get_v(t, w, i->rd), ir_mul(t->ir, w, n, m, 0), 0);
}

static IrRef qadd(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    IrRef sum = i->u ? ir_addsu(t->ir, w, n, m, 0) : ir_addss(t->ir, w, n, m, 0);
    a64_simd_saturated(t, w, ir_add(t->ir, w, n, m, 0), sum);
    return sum;
}

static IrRef qsub(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    IrRef difference = i->u ? ir_subsu(t->ir, w, n, m, 0) : ir_subss(t->ir, w, n, m, 0);
    a64_simd_saturated(t, w, ir_sub(t->ir, w, n, m, 0), difference);
    return difference;
}

/* n + m = (n ^ m) + 2 * (n & m) = 2 * (n | m) - (n ^ m), and n - m = (n ^ m) - 2 * (m & ~n): halves without overflow.
 */
static IrRef half_xor(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return a64_simd_shr(t, w, ir_xor(t->ir, w, n, m, 0), 1, i->u, false);
}

static IrRef hadd(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_add(t->ir, w, ir_and(t->ir, w, n, m, 0), half_xor(t, i, w, n, m), 0);
}

static IrRef rhadd(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    if (i->u)
        return ir_avgu(t->ir, w, n, m, 0);
    return ir_sub(t->ir, w, ir_or(t->ir, w, n, m, 0), half_xor(t, i, w, n, m), 0);
}

static IrRef hsub(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_sub(t->ir, w, half_xor(t, i, w, n, m), ir_andn(t->ir, w, m, n, 0), 0);
}

static IrRef max(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return i->u ? ir_maxu(t->ir, w, n, m, 0) : ir_maxs(t->ir, w, n, m, 0);
}

static IrRef min(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return i->u ? ir_minu(t->ir, w, n, m, 0) : ir_mins(t->ir, w, n, m, 0);
}

static IrRef abd(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_sub(t->ir, w, max(t, i, w, n, m), min(t, i, w, n, m), 0);
}

static IrRef aba(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_add(t->ir, w, arm_get_v(t, w, i->rd), abd(t, i, w, n, m), 0);
}

static IrRef addp(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_vpadd(t->ir, w, n, m, 0);
}

static IrRef maxp(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return max(t, i, w, ir_vuzp1(t->ir, w, n, m, 0), ir_vuzp2(t->ir, w, n, m, 0));
}

static IrRef minp(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return min(t, i, w, ir_vuzp1(t->ir, w, n, m, 0), ir_vuzp2(t->ir, w, n, m, 0));
}

/* ---- comparisons ---- */

static IrRef cmgt(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return i->u ? ir_ltu(t->ir, w, m, n, 0) : ir_lts(t->ir, w, m, n, 0);
}

static IrRef cmge(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return i->u ? ir_leu(t->ir, w, m, n, 0) : ir_les(t->ir, w, m, n, 0);
}

static IrRef cmeq(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_eq(t->ir, w, n, m, 0);
}

static IrRef cmtst(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    IrRef both = ir_and(t->ir, w, n, m, 0);
    return ir_not(t->ir, w, ir_eq(t->ir, w, both, a64_simd_all(t, w, 0), 0), 0);
}

/* ---- logic ---- */

static IrRef and (Trans * t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_and(t->ir, w, n, m, 0);
}

static IrRef bic(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_andn(t->ir, w, n, m, 0);
}

static IrRef orr(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_or(t->ir, w, n, m, 0);
}

static IrRef orn(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_or(t->ir, w, n, ir_not(t->ir, w, m, 0), 0);
}

static IrRef eor(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    (void)i;
    return ir_xor(t->ir, w, n, m, 0);
}

static IrRef bsl(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_bsl(t->ir, w, arm_get_v(t, w, i->rd), n, m, 0);
}

static IrRef bit(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_bsl(t->ir, w, m, n, arm_get_v(t, w, i->rd), 0);
}

static IrRef bif(Trans *t, const A64 *i, IrType w, IrRef n, IrRef m)
{
    return ir_bsl(t->ir, w, m, arm_get_v(t, w, i->rd), n, 0);
}

SAME(add, add)
SAME(sub, sub)
SAME_V(mul, mul)
SAME_V(mla, mla)
SAME_V(mls, mls)
SAME(qadd, qadd)
SAME(qsub, qsub)
SAME_V(hadd, hadd)
SAME_V(rhadd, rhadd)
SAME_V(hsub, hsub)
SAME_V(max, max)
SAME_V(min, min)
SAME_V(abd, abd)
SAME_V(aba, aba)
SAME_V(addp, addp)
SAME_V(maxp, maxp)
SAME_V(minp, minp)
SAME(cmgt, cmgt)
SAME(cmge, cmge)
SAME(cmeq, cmeq)
SAME(cmtst, cmtst)
SAME_V(and, and)
SAME_V(bic, bic)
SAME_V(orr, orr)
SAME_V(orn, orn)
SAME_V(eor, eor)
SAME_V(bsl, bsl)
SAME_V(bit, bit)
SAME_V(bif, bif)

/* ---- by element ---- */

static bool element(Trans *t, const A64 *i, SameFn *fn)
{
    IrType w = a64_lanes(i->size, i->q);
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, fn(t, i, w, arm_get_v(t, w, i->rn), a64_simd_element(t, i, w)));
    return true;
}

bool a64_mul_elt(Trans *t, const A64 *i)
{
    return element(t, i, mul);
}

bool a64_mla_elt(Trans *t, const A64 *i)
{
    return element(t, i, mla);
}

bool a64_mls_elt(Trans *t, const A64 *i)
{
    return element(t, i, mls);
}

/* ---- comparisons with zero, all signed ---- */

static bool with_zero(Trans *t, const A64 *i, IrOp op, bool zero_first, bool scalar)
{
    IrType w = a64_lanes(i->size, i->q && !scalar);
    if (!known_shape(i, scalar))
        return false;
    if (!arm_fp_ok(t))
        return true;
    IrRef n = arm_get_v(t, w, i->rn), zero = a64_simd_all(t, w, 0);
    IrRef r = ir_emit(t->ir, op, w, zero_first ? zero : n, zero_first ? n : zero, IR_NONE, 0);
    arm_put_v(t, w, i->rd, r);
    return true;
}

#define WITH_ZERO(name, op, zero_first)                                                                                \
    bool a64_##name##_zero_v(Trans *t, const A64 *i)                                                                   \
    {                                                                                                                  \
        return with_zero(t, i, op, zero_first, false);                                                                 \
    }                                                                                                                  \
    bool a64_##name##_zero_s(Trans *t, const A64 *i)                                                                   \
    {                                                                                                                  \
        return with_zero(t, i, op, zero_first, true);                                                                  \
    }
WITH_ZERO(cmgt, IR_lts, true)
WITH_ZERO(cmge, IR_les, true)
WITH_ZERO(cmeq, IR_eq, false)
WITH_ZERO(cmle, IR_les, false)
WITH_ZERO(cmlt, IR_lts, false)
