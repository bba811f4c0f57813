/* AArch64 floating-point ops on neighbours: pairwise and across lanes. ARM DDI 0487, sections C4.1.96. */
#include "frontend/arm/a64_fp.h"

static IrRef of_two(Trans *t, IrOp op, int helper, IrType type, IrRef a, IrRef b)
{
    return ir_emit(t->ir, op, type, a, b, IR_NONE, a64_fp_imm(t, type, helper));
}

static bool pairs(Trans *t, const A64 *i, IrOp op, int helper)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_vector(i), ints = a64_fp_int(type);
    IrRef a = arm_get_v(t, ints, i->rn), b = arm_get_v(t, ints, i->rm);
    IrRef even = ir_vuzp1(t->ir, ints, a, b, 0), odd = ir_vuzp2(t->ir, ints, a, b, 0);
    arm_put_v(t, type, i->rd, of_two(t, op, helper, type, even, odd));
    return true;
}

/* FPReduce of DDI 0487: the halves first, which a NaN's payload can tell. */
static IrRef reduce(Trans *t, IrOp op, int helper, IrType scalar, IrRef v, int from, int count)
{
    if (count == 1)
        return ir_vget(t->ir, scalar, v, (uint64_t)from);
    IrRef low = reduce(t, op, helper, scalar, v, from, count / 2);
    IrRef high = reduce(t, op, helper, scalar, v, from + count / 2, count / 2);
    return of_two(t, op, helper, scalar, low, high);
}

static bool across(Trans *t, const A64 *i, IrOp op, int helper, int count)
{
    if (!arm_fp_ok(t))
        return true;
    IrType scalar = a64_fp_type(i->type);
    IrRef v = arm_get_v(t, ir_lanes(ir_kind(a64_fp_int(scalar)), 128), i->rn);
    arm_put_v(t, scalar, i->rd, reduce(t, op, helper, scalar, v, 0, count));
    return true;
}

#define PAIRS(name, op, helper)                                                                                        \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return pairs(t, i, op, helper);                                                                                \
    }                                                                                                                  \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return across(t, i, op, helper, 2);                                                                            \
    }
#define ACROSS(name, op, helper)                                                                                       \
    bool a64_##name(Trans *t, const A64 *i)                                                                            \
    {                                                                                                                  \
        return across(t, i, op, helper, a64_fp_lanes(a64_fp_vector(i)));                                               \
    }
PAIRS(faddp, IR_fadd, H_fadd16)
PAIRS(fmaxp, IR_fmax, H_fmax16)
PAIRS(fminp, IR_fmin, H_fmin16)
PAIRS(fmaxnmp, IR_fmax, H_fmaxnm16)
PAIRS(fminnmp, IR_fmin, H_fminnm16)
ACROSS(fmaxv, IR_fmax, H_fmax16)
ACROSS(fminv, IR_fmin, H_fmin16)
ACROSS(fmaxnmv, IR_fmax, H_fmaxnm16)
ACROSS(fminnmv, IR_fmin, H_fminnm16)
