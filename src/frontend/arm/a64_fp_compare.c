/* AArch64 floating-point compares and selection. ARM DDI 0487, sections C4.1.97 and C4.1.96. */
#include "frontend/arm/a64_fp.h"

/* ---- to flags ---- fcmp of the IR leaves them in the stored polarity */

static bool compare(Trans *t, const A64 *i, bool with_zero, uint64_t signal)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type);
    IrRef a = arm_get_v(t, type, i->rn), b = with_zero ? a64_fp_constant(t, type, 0) : arm_get_v(t, type, i->rm);
    arm_set_flags(t, ir_fcmp(t->ir, type, a, b, a64_fp_imm(t, type, H_fcmp16) | signal));
    return true;
}

bool a64_fcmp(Trans *t, const A64 *i)
{
    return compare(t, i, false, 0);
}

bool a64_fcmp_zero(Trans *t, const A64 *i)
{
    return compare(t, i, true, 0);
}

bool a64_fcmpe(Trans *t, const A64 *i)
{
    return compare(t, i, false, FP_SIGNAL);
}

bool a64_fcmpe_zero(Trans *t, const A64 *i)
{
    return compare(t, i, true, FP_SIGNAL);
}

/* A float as an integer that pick takes, and back. */
static IrRef bits_of(Trans *t, IrType type, unsigned r)
{
    IrRef value = ir_f2bits(t->ir, a64_fp_int(type), arm_get_v(t, type, r), 0);
    return type == F16 ? ir_zext(t->ir, I32, value, 16) : value;
}

static IrType pick_type(IrType type)
{
    return type == F64 ? I64 : I32;
}

/* If the condition does not hold nothing is compared: 0 with 0 raises nothing. */
static bool compare_if(Trans *t, const A64 *i, uint64_t signal)
{
    if (!arm_fp_ok(t))
        return true;
    Ir *ir = t->ir;
    IrType type = a64_fp_type(i->type), w = pick_type(type);
    IrRef holds = arm_cond(t, i->cond), zero = ir_imm(ir, w, 0);
    IrRef a = ir_pick(ir, w, holds, bits_of(t, type, i->rn), zero, 0);
    IrRef b = ir_pick(ir, w, holds, bits_of(t, type, i->rm), zero, 0);
    IrRef flags =
        ir_fcmp(ir, type, ir_bits2f(ir, type, a, 0), ir_bits2f(ir, type, b, 0), a64_fp_imm(t, type, H_fcmp16) | signal);
    IrRef chosen = ir_pick(ir, I32, holds, flags, ir_imm(ir, I32, arm_pack_nzcv(i->nzcv)), 0);
    arm_set_flags(t, ir_asflags(ir, T_FLAGS, chosen, 0));
    return true;
}

bool a64_fccmp(Trans *t, const A64 *i)
{
    return compare_if(t, i, 0);
}

bool a64_fccmpe(Trans *t, const A64 *i)
{
    return compare_if(t, i, FP_SIGNAL);
}

bool a64_fcsel(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrType type = a64_fp_type(i->type);
    IrRef holds = arm_cond(t, i->cond), a = bits_of(t, type, i->rn), b = bits_of(t, type, i->rm);
    IrRef chosen = ir_pick(t->ir, pick_type(type), holds, a, b, 0);
    arm_put_v(t, type, i->rd, ir_bits2f(t->ir, type, chosen, 0));
    return true;
}

/* ---- to masks ---- greater is less with the operands swapped */

typedef enum Order { EQ, GE, GT, LE, LT } Order;
enum { ABSOLUTE = 1, WITH_ZERO = 2 };

static bool lanes(Trans *t, const A64 *i, IrType type, Order order, unsigned how)
{
    static const struct {
        uint16_t op, helper;
        bool swap;
    } by[] = { [EQ] = { IR_fcmpeq, H_fcmpeq16, false },
               [GE] = { IR_fcmple, H_fcmple16, true },
               [GT] = { IR_fcmplt, H_fcmplt16, true },
               [LE] = { IR_fcmple, H_fcmple16, false },
               [LT] = { IR_fcmplt, H_fcmplt16, false } };
    if (!arm_fp_ok(t))
        return true;
    IrRef a = arm_get_v(t, type, i->rn);
    IrRef b = how & WITH_ZERO ? a64_fp_constant(t, type, 0) : arm_get_v(t, type, i->rm);
    if (how & ABSOLUTE) {
        a = ir_fabs(t->ir, type, a, 0);
        b = ir_fabs(t->ir, type, b, 0);
    }
    bool swap = by[order].swap;
    uint64_t imm = a64_fp_imm(t, type, by[order].helper);
    arm_put_v(t, type, i->rd, ir_emit(t->ir, (IrOp)by[order].op, type, swap ? b : a, swap ? a : b, IR_NONE, imm));
    return true;
}

#define COMPARE(name, order, how)                                                                                      \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return lanes(t, i, a64_fp_type(i->type), order, how);                                                          \
    }                                                                                                                  \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return lanes(t, i, a64_fp_vector(i), order, how);                                                              \
    }
COMPARE(fcmeq, EQ, 0)
COMPARE(fcmge, GE, 0)
COMPARE(fcmgt, GT, 0)
COMPARE(facge, GE, ABSOLUTE)
COMPARE(facgt, GT, ABSOLUTE)
COMPARE(fcmeq_zero, EQ, WITH_ZERO)
COMPARE(fcmge_zero, GE, WITH_ZERO)
COMPARE(fcmgt_zero, GT, WITH_ZERO)
COMPARE(fcmle_zero, LE, WITH_ZERO)
COMPARE(fcmlt_zero, LT, WITH_ZERO)
