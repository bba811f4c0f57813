/* Integer Advanced SIMD instructions that widen or narrow lanes: three different, by element, shifts. The "2" forms
 * (q = 1) have the upper half of a register on the narrow side. ARM DDI 0487, section C4.1.96. */
#include "frontend/arm/a64_simd.h"

/* ---- long: two narrow operands ---- */

typedef IrRef LongFn(Trans *, const A64 *, IrType wide, IrRef n, IrRef m);

static IrRef widen(Trans *t, IrType wide, IrRef v, bool u)
{
    return u ? ir_vwidenu(t->ir, wide, v, 0) : ir_vwidens(t->ir, wide, v, 0);
}

static IrRef addl(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    return ir_add(t->ir, wide, widen(t, wide, n, i->u), widen(t, wide, m, i->u), 0);
}

static IrRef subl(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    return ir_sub(t->ir, wide, widen(t, wide, n, i->u), widen(t, wide, m, i->u), 0);
}

static IrRef abdl(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    IrType w = a64_lanes(i->size, false);
    IrRef max = i->u ? ir_maxu(t->ir, w, n, m, 0) : ir_maxs(t->ir, w, n, m, 0);
    IrRef min = i->u ? ir_minu(t->ir, w, n, m, 0) : ir_mins(t->ir, w, n, m, 0);
    return ir_vwidenu(t->ir, wide, ir_sub(t->ir, w, max, min, 0), 0);
}

static IrRef abal(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    return ir_add(t->ir, wide, arm_get_v(t, wide, i->rd), abdl(t, i, wide, n, m), 0);
}

static IrRef mull(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    return i->u ? ir_vmullu(t->ir, wide, n, m, 0) : ir_vmulls(t->ir, wide, n, m, 0);
}

static IrRef mlal(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    return ir_add(t->ir, wide, arm_get_v(t, wide, i->rd), mull(t, i, wide, n, m), 0);
}

static IrRef mlsl(Trans *t, const A64 *i, IrType wide, IrRef n, IrRef m)
{
    return ir_sub(t->ir, wide, arm_get_v(t, wide, i->rd), mull(t, i, wide, n, m), 0);
}

static bool longer(Trans *t, const A64 *i, LongFn *fn, bool element)
{
    IrType wide = a64_lanes(i->size + 1u, true);
    if (!arm_fp_ok(t))
        return true;
    IrRef m = element ? a64_simd_element(t, i, a64_lanes(i->size, false)) : a64_simd_half(t, i, i->size, i->rm);
    arm_put_v(t, wide, i->rd, fn(t, i, wide, a64_simd_half(t, i, i->size, i->rn), m));
    return true;
}

#define LONG(name, fn, element)                                                                                        \
    bool a64_##name(Trans *t, const A64 *i)                                                                            \
    {                                                                                                                  \
        return longer(t, i, fn, element);                                                                              \
    }
LONG(addl_v, addl, false)
LONG(subl_v, subl, false)
LONG(abdl_v, abdl, false)
LONG(abal_v, abal, false)
LONG(mull_v, mull, false)
LONG(mlal_v, mlal, false)
LONG(mlsl_v, mlsl, false)
LONG(mull_elt, mull, true)
LONG(mlal_elt, mlal, true)
LONG(mlsl_elt, mlsl, true)

/* ---- wide: the first operand has the result's lanes ---- */

static bool wider(Trans *t, const A64 *i, IrOp op)
{
    IrType wide = a64_lanes(i->size + 1u, true);
    if (!arm_fp_ok(t))
        return true;
    IrRef m = widen(t, wide, a64_simd_half(t, i, i->size, i->rm), i->u);
    arm_put_v(t, wide, i->rd, ir_emit(t->ir, op, wide, arm_get_v(t, wide, i->rn), m, IR_NONE, 0));
    return true;
}

bool a64_addw_v(Trans *t, const A64 *i)
{
    return wider(t, i, IR_add);
}

bool a64_subw_v(Trans *t, const A64 *i)
{
    return wider(t, i, IR_sub);
}

/* ---- upper halves of sums and differences ---- */

static bool high_narrow(Trans *t, const A64 *i, IrOp op, bool round)
{
    IrType wide = a64_lanes(i->size + 1u, true), w = a64_lanes(i->size, false);
    unsigned bits = 8u << i->size;
    if (!arm_fp_ok(t))
        return true;
    IrRef v = ir_emit(t->ir, op, wide, arm_get_v(t, wide, i->rn), arm_get_v(t, wide, i->rm), IR_NONE, 0);
    if (round)
        v = ir_add(t->ir, wide, v, a64_simd_all(t, wide, 1ull << (bits - 1)), 0);
    a64_simd_put_half(t, i, w, ir_vnarrow(t->ir, w, a64_simd_shr(t, wide, v, bits, true, false), 0));
    return true;
}

bool a64_addhn_v(Trans *t, const A64 *i)
{
    return high_narrow(t, i, IR_add, false);
}

bool a64_raddhn_v(Trans *t, const A64 *i)
{
    return high_narrow(t, i, IR_add, true);
}

bool a64_subhn_v(Trans *t, const A64 *i)
{
    return high_narrow(t, i, IR_sub, false);
}

bool a64_rsubhn_v(Trans *t, const A64 *i)
{
    return high_narrow(t, i, IR_sub, true);
}

/* ---- narrowing, with a right shift or without (0) ---- */

static const struct Narrowing {
    IrOp op;
    bool from_u, to_u; /* the lanes before and after are unsigned: how the shift, and the saturation, see them */
} truncate = { IR_vnarrow, true, true }, to_signed = { IR_vnarrowss, false, false },
  to_unsigned = { IR_vnarrowsu, false, true }, between_unsigned = { IR_vnarrowuu, true, true };

static bool narrow(Trans *t, const A64 *i, unsigned size, const struct Narrowing *how, unsigned shift, bool round,
                   bool scalar)
{
    IrType wide = a64_lanes(size + 1, true), w = a64_lanes(size, false);
    if (!arm_fp_ok(t))
        return true;
    IrRef v = arm_get_v(t, wide, i->rn);
    if (scalar) /* the other lanes must not saturate */
        v = ir_vlow(t->ir, wide, ir_vget(t->ir, a64_lane_kind(size + 1), v, 0), 0);
    if (shift)
        v = a64_simd_shr(t, wide, v, shift, how->from_u, round);
    IrRef result = ir_emit(t->ir, how->op, w, v, IR_NONE, IR_NONE, 0);
    if (how->op != IR_vnarrow)
        a64_simd_saturated(t, wide, v, widen(t, wide, result, how->to_u));
    if (scalar)
        arm_put_v(t, w, i->rd, result);
    else
        a64_simd_put_half(t, i, w, result);
    return true;
}

static const struct Narrowing *like(const A64 *i)
{
    return i->u ? &between_unsigned : &to_signed;
}

bool a64_xtn_v(Trans *t, const A64 *i)
{
    return narrow(t, i, i->size, &truncate, 0, false, false);
}

bool a64_qxtn_v(Trans *t, const A64 *i)
{
    return narrow(t, i, i->size, like(i), 0, false, false);
}

bool a64_qxtn_s(Trans *t, const A64 *i)
{
    return narrow(t, i, i->size, like(i), 0, false, true);
}

bool a64_sqxtun_v(Trans *t, const A64 *i)
{
    return narrow(t, i, i->size, &to_unsigned, 0, false, false);
}

bool a64_sqxtun_s(Trans *t, const A64 *i)
{
    return narrow(t, i, i->size, &to_unsigned, 0, false, true);
}

/* immh:immb is twice the narrow lane's bits, minus the shift; its highest one tells that size. */
static bool shift_narrow(Trans *t, const A64 *i, const struct Narrowing *how, bool round, bool scalar)
{
    unsigned size = 31 - (unsigned)__builtin_clz((unsigned)i->imm >> 3);
    return size < 3 && narrow(t, i, size, how, (16u << size) - (unsigned)i->imm, round, scalar);
}

#define SHIFT_NARROW(name, how, round, scalar)                                                                         \
    bool a64_##name(Trans *t, const A64 *i)                                                                            \
    {                                                                                                                  \
        return shift_narrow(t, i, how, round, scalar);                                                                 \
    }
SHIFT_NARROW(shrn_v, &truncate, false, false)
SHIFT_NARROW(rshrn_v, &truncate, true, false)
SHIFT_NARROW(qshrn_v, like(i), false, false)
SHIFT_NARROW(qshrn_s, like(i), false, true)
SHIFT_NARROW(qrshrn_v, like(i), true, false)
SHIFT_NARROW(qrshrn_s, like(i), true, true)
SHIFT_NARROW(sqshrun_v, &to_unsigned, false, false)
SHIFT_NARROW(sqshrun_s, &to_unsigned, false, true)
SHIFT_NARROW(sqrshrun_v, &to_unsigned, true, false)
SHIFT_NARROW(sqrshrun_s, &to_unsigned, true, true)

/* ---- widening with a left shift ---- */

static bool shift_widen(Trans *t, const A64 *i, unsigned size, unsigned shift, bool u)
{
    IrType wide = a64_lanes(size + 1, true);
    if (!arm_fp_ok(t))
        return true;
    IrRef v = widen(t, wide, a64_simd_half(t, i, size, i->rn), u);
    arm_put_v(t, wide, i->rd, shift ? ir_shl(t->ir, wide, v, ir_imm(t->ir, I64, shift), 0) : v);
    return true;
}

bool a64_shll_imm_v(Trans *t, const A64 *i)
{
    unsigned size = 31 - (unsigned)__builtin_clz((unsigned)i->imm >> 3);
    return size < 3 && shift_widen(t, i, size, (unsigned)i->imm - (8u << size), i->u);
}

bool a64_shll_v(Trans *t, const A64 *i)
{
    return shift_widen(t, i, i->size, 8u << i->size, true);
}
