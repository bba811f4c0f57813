/* Integer Advanced SIMD shifts by an immediate that keep the lanes' width. ARM DDI 0487, section C4.1.96. */
#include "frontend/arm/a64_simd.h"

/* n: the operand; by: 1 .. the width for right shifts, 0 .. width - 1 for left ones */
typedef IrRef ShiftFn(Trans *, const A64 *, IrType w, IrRef n, unsigned by);

static IrRef shr(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    return a64_simd_shr(t, w, n, by, i->u, false);
}

static IrRef sra(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    return ir_add(t->ir, w, arm_get_v(t, w, i->rd), a64_simd_shr(t, w, n, by, i->u, false), 0);
}

static IrRef rshr(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    return a64_simd_shr(t, w, n, by, i->u, true);
}

static IrRef rsra(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    return ir_add(t->ir, w, arm_get_v(t, w, i->rd), a64_simd_shr(t, w, n, by, i->u, true), 0);
}

static IrRef shl(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    (void)i;
    return ir_shl(t->ir, w, n, ir_imm(t->ir, I64, by), 0);
}

/* The bits shifted in are rd's. */
static IrRef insert(Trans *t, const A64 *i, IrType w, IrRef shifted, uint64_t keep)
{
    IrRef kept = ir_and(t->ir, w, arm_get_v(t, w, i->rd), a64_simd_all(t, w, keep), 0);
    return ir_or(t->ir, w, kept, shifted, 0);
}

static IrRef sri(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    unsigned left = (unsigned)ir_lane_bits(w) - by; /* bits of n that stay */
    return insert(t, i, w, a64_simd_shr(t, w, n, by, true, false), ~((1ull << left) - 1));
}

static IrRef sli(Trans *t, const A64 *i, IrType w, IrRef n, unsigned by)
{
    return insert(t, i, w, shl(t, i, w, n, by), (1ull << by) - 1);
}

/* immh:immb is the lane's bits plus a left shift, or twice the bits minus a right one. */
static bool shift(Trans *t, const A64 *i, ShiftFn *fn, bool left, bool scalar)
{
    unsigned size = 31 - (unsigned)__builtin_clz((unsigned)i->imm >> 3), bits = 8u << size;
    IrType w = a64_lanes(size, i->q && !scalar);
    if (scalar ? size < 3 : size == 3 && !i->q)
        return false;
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd,
                  fn(t, i, w, arm_get_v(t, w, i->rn), left ? (unsigned)i->imm - bits : 2 * bits - (unsigned)i->imm));
    return true;
}

#define SHIFT(name, fn, left)                                                                                          \
    bool a64_##name##_v(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return shift(t, i, fn, left, false);                                                                           \
    }                                                                                                                  \
    bool a64_##name##_s(Trans *t, const A64 *i)                                                                        \
    {                                                                                                                  \
        return shift(t, i, fn, left, true);                                                                            \
    }
SHIFT(shr_imm, shr, false)
SHIFT(sra_imm, sra, false)
SHIFT(rshr_imm, rshr, false)
SHIFT(rsra_imm, rsra, false)
SHIFT(sri, sri, false)
SHIFT(shl_imm, shl, true)
SHIFT(sli, sli, true)
