/* Operands and results of the integer Advanced SIMD groups. ARM DDI 0487, section C4.1.96. */
#include "frontend/arm/a64_simd.h"

#include "cpu/translate.h"

IrRef a64_simd_all(Trans *t, IrType w, uint64_t value)
{
    int bits = ir_lane_bits(w);
    if (bits < 64)
        value &= (1ull << bits) - 1;
    for (; bits < 64; bits *= 2)
        value |= value << bits;
    return ir_wide(t->ir, w, value, ir_bits(w) == 128 ? value : 0);
}

IrRef a64_simd_operand(Trans *t, IrType w, unsigned r, bool scalar)
{
    IrRef v = arm_get_v(t, w, r);
    int bits = ir_lane_bits(w);
    return scalar && bits < 64 ? ir_and(t->ir, w, v, ir_wide(t->ir, w, (1ull << bits) - 1, 0), 0) : v;
}

IrRef a64_simd_half(Trans *t, const A64 *i, unsigned size, unsigned r)
{
    IrType w = a64_lanes(size, false);
    return i->q ? ir_vhigh(t->ir, w, arm_get_v(t, a64_lanes(size, true), r), 0) : arm_get_v(t, w, r);
}

/* Elements of 16 bits have three bits of index, which leaves four for the register. */
IrRef a64_simd_element(Trans *t, const A64 *i, IrType w)
{
    unsigned index = i->size == 1 ? i->h * 4 + i->l * 2 + i->m : i->h * 2 + i->l;
    unsigned r = i->size == 1 ? i->rm : i->m * 16 + i->rm;
    return ir_vdup(t->ir, w, ir_vget(t->ir, (IrType)i->size, arm_get_v(t, a64_lanes(i->size, true), r), index), 0);
}

void a64_simd_put_half(Trans *t, const A64 *i, IrType w, IrRef v)
{
    if (i->q)
        arm_put_v(t, I64X2, i->rd, ir_vset(t->ir, I64X2, arm_get_v(t, I64X2, i->rd), v, 1));
    else
        arm_put_v(t, w, i->rd, v);
}

void a64_simd_saturated(Trans *t, IrType w, IrRef exact, IrRef result)
{
    IrRef differ = ir_xor(t->ir, w, exact, result, 0);
    if (ir_bits(w) == 64)
        differ = ir_vlow(t->ir, I64X2, differ, 0);
    IrRef qc = ir_get(t->ir, I64X2, IR_SLOT(S_QC, 0));
    ir_put(t->ir, I64X2, ir_or(t->ir, I64X2, qc, differ, 0), IR_SLOT(S_QC, 0));
}

static IrRef shift_right(Trans *t, IrType w, IrRef x, unsigned by, bool u)
{
    unsigned bits = (unsigned)ir_lane_bits(w);
    if (u)
        return by < bits ? ir_shr(t->ir, w, x, ir_imm(t->ir, I64, by), 0) : ir_wide(t->ir, w, 0, 0);
    return ir_sar(t->ir, w, x, ir_imm(t->ir, I64, by < bits ? by : bits - 1), 0);
}

/* Rounding adds the last bit shifted out, which unlike adding half before the shift cannot overflow. */
IrRef a64_simd_shr(Trans *t, IrType w, IrRef x, unsigned by, bool u, bool round)
{
    IrRef shifted = shift_right(t, w, x, by, u);
    if (!round)
        return shifted;
    IrRef last = by > 1 ? shift_right(t, w, x, by - 1, true) : x;
    return ir_add(t->ir, w, shifted, ir_and(t->ir, w, last, a64_simd_all(t, w, 1), 0), 0);
}

void a64_simd_helper(Trans *t, const A64 *i, int helper, uint64_t how, IrRef m)
{
    ir_put(t->ir, I64X2, arm_get_v(t, I64X2, i->rn), IR_SLOT(S_SCRATCH0, 0));
    if (m)
        ir_put(t->ir, I64X2, m, IR_SLOT(S_SCRATCH0 + 1, 0));
    ir_put(t->ir, I64X2, arm_get_v(t, I64X2, i->rd), IR_SLOT(S_SCRATCH0 + 2, 0));
    trans_call(t, I64, helper, ir_imm(t->ir, I64, how), IR_NONE, IR_NONE);
    arm_put_v(t, I64X2, i->rd, ir_get(t->ir, I64X2, IR_SLOT(S_SCRATCH0, 0)));
}
