/* AArch64 FMOV. ARM DDI 0487, section C4.1.97. */
#include "frontend/arm/a64_fp.h"

bool a64_fmov_s(Trans *t, const A64 *i)
{
    IrType type = a64_fp_type(i->type);
    if (arm_fp_ok(t))
        arm_put_v(t, type, i->rd, arm_get_v(t, type, i->rn));
    return true;
}

/* VFPExpandImm: sign, not b, b b .. b, and 6 bits for the rest of the exponent and the fraction's top. */
static uint64_t expanded(unsigned imm8, int bits)
{
    static const uint8_t exponents[] = { [1] = 5, [2] = 8, [4] = 11 };
    int exponent = exponents[bits / 16];
    uint64_t b = imm8 >> 6 & 1, run = b ? (1ull << (exponent - 3)) - 1 : 0;
    uint64_t top = (uint64_t)(imm8 >> 7) << exponent | (b ^ 1) << (exponent - 1) | run << 2 | (imm8 >> 4 & 3);
    return top << (bits - 1 - exponent) | (uint64_t)(imm8 & 15) << (bits - 5 - exponent);
}

bool a64_fmov_imm_s(Trans *t, const A64 *i)
{
    IrType type = a64_fp_type(i->type);
    if (arm_fp_ok(t))
        arm_put_v(t, type, i->rd, a64_fp_constant(t, type, expanded((unsigned)i->imm, ir_bits(type))));
    return true;
}

bool a64_fmov_imm_v(Trans *t, const A64 *i)
{
    IrType type = a64_fp_vector(i);
    if (arm_fp_ok(t))
        arm_put_v(t, type, i->rd, a64_fp_constant(t, type, expanded((unsigned)i->imm, ir_lane_bits(type))));
    return true;
}

static void to_vector(Trans *t, const A64 *i)
{
    IrRef x = arm_get(t, i->sf, i->rn);
    IrType type = a64_fp_type(i->type);
    if (i->half)
        arm_put_v(t, I64X2, i->rd, ir_vset(t->ir, I64X2, arm_get_v(t, I64X2, i->rd), x, 1));
    else
        arm_put_v(t, type, i->rd, ir_bits2f(t->ir, type, x, 0));
}

static void to_general(Trans *t, const A64 *i)
{
    IrType type = a64_fp_type(i->type);
    IrRef x;
    if (i->half)
        x = ir_vget(t->ir, I64, arm_get_v(t, I64X2, i->rn), 1);
    else
        x = ir_f2bits(t->ir, a64_fp_int(type), arm_get_v(t, type, i->rn), 0);
    if (type == F16)
        x = ir_zext(t->ir, arm_width(i->sf), x, 16);
    arm_put(t, i->sf, i->rd, x);
}

bool a64_fmov_gen(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    (i->to ? to_vector : to_general)(t, i);
    return true;
}
