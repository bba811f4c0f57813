/* What the floating-point groups share. The type field: 0 single, 1 double, 3 half. Helpers of one op stand in the
 * order half, single, double (helpers_fp.def). */
#pragma once
#include "frontend/arm/arm.h"

static inline IrType a64_fp_type(unsigned type)
{
    static const uint8_t scalar[] = { F32, F64, F32, F16 };
    return scalar[type & 3];
}

static inline IrType a64_fp_vector(const A64 *i)
{
    return ir_lanes(ir_kind(a64_fp_type(i->type)), i->q ? 128 : 64);
}

/* The integer as wide as a float, or a vector of them. */
static inline IrType a64_fp_int(IrType t)
{
    static const uint8_t kind[] = { [K_F16] = K_I16, [K_F32] = K_I32, [K_F64] = K_I64 };
    return (IrType)(kind[ir_kind(t)] | (t & 0x18));
}

static inline int a64_fp_lanes(IrType t)
{
    return ir_bits(t) / ir_lane_bits(t);
}

/* imm of an FP op on lanes of type t; helper: the one for halves. */
static inline uint64_t a64_fp_imm(const Trans *t, IrType type, int helper)
{
    static const uint8_t place[] = { [K_F16] = 0, [K_F32] = 1, [K_F64] = 2 };
    bool half = ir_kind(type) == K_F16;
    return (uint64_t)(helper + place[ir_kind(type)]) | (t->mode & (half ? M_FP_SOFT16 : M_FP_SOFT) ? FP_SOFT : 0);
}

/* Zero of that type, one lane or all. */
IrRef a64_fp_constant(Trans *, IrType, uint64_t bits);

/* Register rm's lane h:l:m as a scalar of the instruction's type; the register and index as the type says. */
IrRef a64_fp_element(Trans *, const A64 *, IrType scalar);

typedef struct ArmFixed { /* argument of the fixed-point helpers */
    int bits, int_bits, fraction;
    bool is_unsigned;
} ArmFixed;
static inline uint64_t arm_fixed_pack(ArmFixed f)
{
    return (uint64_t)(f.bits | f.int_bits << 8 | f.fraction << 16 | f.is_unsigned << 24);
}
static inline ArmFixed arm_fixed(uint64_t packed)
{
    return (ArmFixed){ packed & 255, packed >> 8 & 255, packed >> 16 & 255, packed >> 24 & 1 };
}
