/* AArch64 floating-point arithmetic, lane by lane. ARM DDI 0487, sections C4.1.97 (scalar) and C4.1.96.
 *
 * An IR op goes to its helper where the host's answer is a NaN, and minimum and maximum also for zeros of two signs. So
 * FMULX, FMINNM, FMAXNM and FRECPS are the ops of their relatives with helpers of their own. What the host has nothing
 * for is an op of as many operands that always goes to the helper. */
#include "frontend/arm/a64_fp.h"

IrRef a64_fp_constant(Trans *t, IrType type, uint64_t bits)
{
    int lane = ir_lane_bits(type);
    if (!ir_is_vector(type))
        return ir_bits2f(t->ir, type, ir_imm(t->ir, a64_fp_int(type), bits), 0);
    for (int at = lane; at < 64; at *= 2)
        bits |= bits << at;
    return ir_wide(t->ir, type, bits, ir_bits(type) == 128 ? bits : 0);
}

IrRef a64_fp_element(Trans *t, const A64 *i, IrType scalar)
{
    unsigned rm = i->rm | (unsigned)i->m << 4, index = i->h;
    if (i->type == 3) {
        rm = i->rm;
        index = (unsigned)(i->h << 2 | i->l << 1 | i->m);
    } else if (i->type == 0) {
        index = (unsigned)(i->h << 1 | i->l);
    }
    return ir_vget(t->ir, scalar, arm_get_v(t, a64_fp_int((IrType)(scalar | W_128)), rm), index);
}

/* ---- two operands ---- */

typedef struct Op {
    IrOp op;
    int helper;                     /* of halves */
    bool soft;                      /* the op is not what it says: only the helper knows */
    bool negate, absolute, negated; /* the first operand; the result */
} Op;

static IrRef compute(Trans *t, const Op *op, IrType type, IrRef a, IrRef b)
{
    Ir *ir = t->ir;
    uint64_t imm = a64_fp_imm(t, type, op->helper) | (op->soft ? FP_SOFT : 0);
    if (op->negate)
        a = ir_fneg(ir, type, a, 0);
    IrRef c = op->op == IR_fma ? a64_fp_constant(t, type,
                                                 ir_kind(type) == K_F16   ? 0x4000
                                                 : ir_kind(type) == K_F32 ? 0x40000000
                                                                          : 1ull << 62)
                               : IR_NONE;
    IrRef value = ir_emit(ir, op->op, type, a, b, c, imm);
    if (op->absolute)
        value = ir_fabs(ir, type, value, 0);
    return op->negated ? ir_fneg(ir, type, value, 0) : value;
}

static bool two(Trans *t, const A64 *i, const Op *op, IrType type)
{
    if (!arm_fp_ok(t))
        return true;
    IrRef a = arm_get_v(t, type, i->rn), b = arm_get_v(t, type, i->rm);
    arm_put_v(t, type, i->rd, compute(t, op, type, a, b));
    return true;
}

static bool by_element(Trans *t, const A64 *i, const Op *op, bool vector)
{
    if (!arm_fp_ok(t))
        return true;
    IrType scalar = a64_fp_type(i->type), type = vector ? a64_fp_vector(i) : scalar;
    IrRef b = a64_fp_element(t, i, vector ? a64_fp_int(scalar) : scalar);
    if (vector)
        b = ir_vdup(t->ir, type, b, 0);
    arm_put_v(t, type, i->rd, compute(t, op, type, arm_get_v(t, type, i->rn), b));
    return true;
}

#define SCALAR(name, ...)                                                                                              \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return two(t, i, &(const Op){ __VA_ARGS__ }, a64_fp_type(i->type));                                            \
    }
#define VECTOR(name, ...)                                                                                              \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return two(t, i, &(const Op){ __VA_ARGS__ }, a64_fp_vector(i));                                                \
    }
#define BOTH(name, ...)                                                                                                \
    SCALAR(name, __VA_ARGS__)                                                                                          \
    VECTOR(name, __VA_ARGS__)
#define ELEMENT(name, ...)                                                                                             \
    bool a64_##name##_elt_s(Trans *t, const A64 *i)                                                                    \
    {                                                                                                                  \
        return by_element(t, i, &(const Op){ __VA_ARGS__ }, false);                                                    \
    }                                                                                                                  \
    bool a64_##name##_elt(Trans *t, const A64 *i)                                                                      \
    {                                                                                                                  \
        return by_element(t, i, &(const Op){ __VA_ARGS__ }, true);                                                     \
    }

BOTH(fadd, IR_fadd, H_fadd16)
BOTH(fsub, IR_fsub, H_fsub16)
BOTH(fmul, IR_fmul, H_fmul16)
BOTH(fdiv, IR_fdiv, H_fdiv16)
BOTH(fmin, IR_fmin, H_fmin16)
BOTH(fmax, IR_fmax, H_fmax16)
BOTH(fminnm, IR_fmin, H_fminnm16)
BOTH(fmaxnm, IR_fmax, H_fmaxnm16)
BOTH(fmulx, IR_fmul, H_fmulx16, .soft = true)
BOTH(fabd, IR_fsub, H_fsub16, .absolute = true)
SCALAR(fnmul, IR_fmul, H_fmul16, .negated = true)
BOTH(frecps, IR_fma, H_frecps16, .soft = true, .negate = true)
BOTH(frsqrts, IR_fmul, H_frsqrts16, .soft = true)
ELEMENT(fmul, IR_fmul, H_fmul16)
ELEMENT(fmulx, IR_fmul, H_fmulx16, .soft = true)

/* ---- one operand ---- */

static bool one(Trans *t, const A64 *i, int helper, bool soft, IrType type)
{
    if (!arm_fp_ok(t))
        return true;
    uint64_t imm = a64_fp_imm(t, type, helper) | (soft ? FP_SOFT : 0);
    arm_put_v(t, type, i->rd, ir_fsqrt(t->ir, type, arm_get_v(t, type, i->rn), imm));
    return true;
}

#define ONE_SCALAR(name, helper, soft)                                                                                 \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return one(t, i, helper, soft, a64_fp_type(i->type));                                                          \
    }
#define ONE_VECTOR(name, helper, soft)                                                                                 \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return one(t, i, helper, soft, a64_fp_vector(i));                                                              \
    }
ONE_SCALAR(fsqrt, H_fsqrt16, false)
ONE_VECTOR(fsqrt, H_fsqrt16, false)
ONE_SCALAR(frecpe, H_frecpe16, true)
ONE_VECTOR(frecpe, H_frecpe16, true)
ONE_SCALAR(frsqrte, H_frsqrte16, true)
ONE_VECTOR(frsqrte, H_frsqrte16, true)
ONE_SCALAR(frecpx, H_frecpx16, true)

static bool of_words(Trans *t, const A64 *i, int helper)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = i->q ? F32X4 : F32X2;
    uint64_t imm = (uint64_t)helper | FP_SOFT;
    arm_put_v(t, type, i->rd, ir_fsqrt(t->ir, type, arm_get_v(t, type, i->rn), imm));
    return true;
}

bool a64_urecpe_v(Trans *t, const A64 *i)
{
    return of_words(t, i, H_urecpe);
}

bool a64_ursqrte_v(Trans *t, const A64 *i)
{
    return of_words(t, i, H_ursqrte);
}

/* ---- sign ---- */

static bool sign(Trans *t, const A64 *i, IrOp op, IrType type)
{
    if (arm_fp_ok(t))
        arm_put_v(t, type, i->rd, ir_emit(t->ir, op, type, arm_get_v(t, type, i->rn), IR_NONE, IR_NONE, 0));
    return true;
}

bool a64_fabs_s(Trans *t, const A64 *i)
{
    return sign(t, i, IR_fabs, a64_fp_type(i->type));
}

bool a64_fabs_v(Trans *t, const A64 *i)
{
    return sign(t, i, IR_fabs, a64_fp_vector(i));
}

bool a64_fneg_s(Trans *t, const A64 *i)
{
    return sign(t, i, IR_fneg, a64_fp_type(i->type));
}

bool a64_fneg_v(Trans *t, const A64 *i)
{
    return sign(t, i, IR_fneg, a64_fp_vector(i));
}

/* ---- fused multiply and add ---- operands are negated before, NaNs too, as FPNeg does */

static bool fused(Trans *t, IrType type, unsigned rd, IrRef a, IrRef b, IrRef c, bool negate)
{
    if (negate)
        a = ir_fneg(t->ir, type, a, 0);
    arm_put_v(t, type, rd, ir_fma(t->ir, type, a, b, c, a64_fp_imm(t, type, H_fma16)));
    return true;
}

static bool three(Trans *t, const A64 *i, bool negate_product, bool negate_addend)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type);
    IrRef c = arm_get_v(t, type, i->ra);
    if (negate_addend)
        c = ir_fneg(t->ir, type, c, 0);
    return fused(t, type, i->rd, arm_get_v(t, type, i->rn), arm_get_v(t, type, i->rm), c, negate_product);
}

bool a64_fmadd(Trans *t, const A64 *i)
{
    return three(t, i, false, false);
}

bool a64_fmsub(Trans *t, const A64 *i)
{
    return three(t, i, true, false);
}

bool a64_fnmadd(Trans *t, const A64 *i)
{
    return three(t, i, true, true);
}

bool a64_fnmsub(Trans *t, const A64 *i)
{
    return three(t, i, false, true);
}

static bool accumulate(Trans *t, const A64 *i, bool negate)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_vector(i);
    IrRef a = arm_get_v(t, type, i->rn), b = arm_get_v(t, type, i->rm);
    return fused(t, type, i->rd, a, b, arm_get_v(t, type, i->rd), negate);
}

bool a64_fmla_v(Trans *t, const A64 *i)
{
    return accumulate(t, i, false);
}

bool a64_fmls_v(Trans *t, const A64 *i)
{
    return accumulate(t, i, true);
}

static bool accumulate_element(Trans *t, const A64 *i, bool vector, bool negate)
{
    if (!arm_fp_ok(t))
        return true;
    IrType scalar = a64_fp_type(i->type), type = vector ? a64_fp_vector(i) : scalar;
    IrRef b = a64_fp_element(t, i, vector ? a64_fp_int(scalar) : scalar);
    if (vector)
        b = ir_vdup(t->ir, type, b, 0);
    return fused(t, type, i->rd, arm_get_v(t, type, i->rn), b, arm_get_v(t, type, i->rd), negate);
}

bool a64_fmla_elt(Trans *t, const A64 *i)
{
    return accumulate_element(t, i, true, false);
}

bool a64_fmls_elt(Trans *t, const A64 *i)
{
    return accumulate_element(t, i, true, true);
}

bool a64_fmla_elt_s(Trans *t, const A64 *i)
{
    return accumulate_element(t, i, false, false);
}

bool a64_fmls_elt_s(Trans *t, const A64 *i)
{
    return accumulate_element(t, i, false, true);
}
