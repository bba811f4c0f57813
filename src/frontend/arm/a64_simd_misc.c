/* Integer Advanced SIMD instructions of two registers that keep the lanes' width, those across lanes, and sums of pairs
 * and products. ARM DDI 0487, section C4.1.96. */
#include "frontend/arm/a64_simd.h"

typedef IrRef UnaryFn(Trans *, IrType w, IrRef n);

static bool known_shape(const A64 *i, bool scalar)
{
    return scalar || i->q || i->size < 3;
}

static bool unary(Trans *t, const A64 *i, UnaryFn *fn, bool scalar)
{
    IrType w = a64_lanes(i->size, i->q && !scalar);
    if (!known_shape(i, scalar))
        return false;
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, fn(t, w, arm_get_v(t, w, i->rn)));
    return true;
}

static IrRef absolute(Trans *t, IrType w, IrRef n)
{
    return ir_abs(t->ir, w, n, 0);
}

static IrRef negate(Trans *t, IrType w, IrRef n)
{
    return ir_neg(t->ir, w, n, 0);
}

static IrRef complement(Trans *t, IrType w, IrRef n)
{
    return ir_not(t->ir, w, n, 0);
}

static IrRef clz(Trans *t, IrType w, IrRef n)
{
    return ir_clz(t->ir, w, n, 0);
}

/* Bits like the sign that follow it: zeros in n ^ n >> 1, whose top bit is always one more. */
static IrRef cls(Trans *t, IrType w, IrRef n)
{
    IrRef changes = ir_xor(t->ir, w, n, a64_simd_shr(t, w, n, 1, false, false), 0);
    return ir_sub(t->ir, w, ir_clz(t->ir, w, changes, 0), a64_simd_all(t, w, 1), 0);
}

static IrRef cnt(Trans *t, IrType w, IrRef n)
{
    return ir_popcnt(t->ir, w, n, 0);
}

static IrRef rbit(Trans *t, IrType w, IrRef n)
{
    return ir_rbit(t->ir, w, n, 0);
}

static IrRef rev16(Trans *t, IrType w, IrRef n)
{
    return ir_vrev(t->ir, w, n, 16);
}

static IrRef rev32(Trans *t, IrType w, IrRef n)
{
    return ir_vrev(t->ir, w, n, 32);
}

static IrRef rev64(Trans *t, IrType w, IrRef n)
{
    return ir_vrev(t->ir, w, n, 64);
}

#define UNARY(name, fn, scalar)                                                                                        \
    bool a64_##name(Trans *t, const A64 *i)                                                                            \
    {                                                                                                                  \
        return unary(t, i, fn, scalar);                                                                                \
    }
UNARY(abs_v, absolute, false)
UNARY(abs_s, absolute, true)
UNARY(neg_v, negate, false)
UNARY(neg_s, negate, true)
UNARY(not_v, complement, false)
UNARY(clz_v, clz, false)
UNARY(cls_v, cls, false)
UNARY(cnt_v, cnt, false)
UNARY(rev16_v, rev16, false)
UNARY(rev32_v, rev32, false)
UNARY(rev64_v, rev64, false)

bool a64_rbit_v(Trans *t, const A64 *i)
{
    IrType w = a64_lanes(0, i->q); /* the row's size is part of its opcode */
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, rbit(t, w, arm_get_v(t, w, i->rn)));
    return true;
}

/* ---- sums of pairs ---- */

/* The two halves of each lane, added. */
static IrRef pair_sums(Trans *t, IrType wide, IrRef n, bool u)
{
    unsigned half = (unsigned)ir_lane_bits(wide) / 2;
    IrRef low =
        u ? ir_and(t->ir, wide, n, a64_simd_all(t, wide, (1ull << half) - 1), 0)
          : ir_sar(t->ir, wide, ir_shl(t->ir, wide, n, ir_imm(t->ir, I64, half), 0), ir_imm(t->ir, I64, half), 0);
    return ir_add(t->ir, wide, low, a64_simd_shr(t, wide, n, half, u, false), 0);
}

bool a64_addlp_v(Trans *t, const A64 *i)
{
    IrType wide = a64_lanes(i->size + 1u, i->q);
    if (arm_fp_ok(t))
        arm_put_v(t, wide, i->rd, pair_sums(t, wide, arm_get_v(t, wide, i->rn), i->u));
    return true;
}

bool a64_adalp_v(Trans *t, const A64 *i)
{
    IrType wide = a64_lanes(i->size + 1u, i->q);
    if (!arm_fp_ok(t))
        return true;
    IrRef sums = pair_sums(t, wide, arm_get_v(t, wide, i->rn), i->u);
    arm_put_v(t, wide, i->rd, ir_add(t->ir, wide, arm_get_v(t, wide, i->rd), sums, 0));
    return true;
}

bool a64_addp_s(Trans *t, const A64 *i)
{
    if (arm_fp_ok(t))
        arm_put_v(t, I64X1, i->rd, ir_vlow(t->ir, I64X1, ir_vsum(t->ir, I64, arm_get_v(t, I64X2, i->rn), 64), 0));
    return true;
}

/* ---- across lanes ---- */

static void put_sum(Trans *t, const A64 *i, IrRef v, unsigned size)
{
    IrRef sum = ir_vsum(t->ir, arm_width(size == 3), v, 8u << size);
    arm_put_v(t, a64_lanes(size, false), i->rd, ir_vlow(t->ir, a64_lanes(size, false), sum, 0));
}

bool a64_addv(Trans *t, const A64 *i)
{
    if (arm_fp_ok(t))
        put_sum(t, i, arm_get_v(t, a64_lanes(i->size, i->q), i->rn), i->size);
    return true;
}

bool a64_addlv(Trans *t, const A64 *i)
{
    IrType wide = a64_lanes(i->size + 1u, i->q);
    if (arm_fp_ok(t))
        put_sum(t, i, pair_sums(t, wide, arm_get_v(t, wide, i->rn), i->u), i->size + 1u);
    return true;
}

/* Halves of halves are compared until one lane is left. */
static bool extreme(Trans *t, const A64 *i, IrOp op)
{
    IrType w = a64_lanes(i->size, false);
    if (!arm_fp_ok(t))
        return true;
    IrRef n = arm_get_v(t, w, i->rn);
    if (i->q)
        n = ir_emit(t->ir, op, w, n, ir_vhigh(t->ir, w, arm_get_v(t, a64_lanes(i->size, true), i->rn), 0), IR_NONE, 0);
    for (unsigned bytes = 4; bytes >= 1u << i->size; bytes /= 2)
        n = ir_emit(t->ir, op, w, n, ir_vext(t->ir, w, n, n, bytes), IR_NONE, 0);
    arm_put_v(t, w, i->rd, ir_vlow(t->ir, w, ir_vget(t->ir, a64_lane_kind(i->size), n, 0), 0));
    return true;
}

bool a64_maxv(Trans *t, const A64 *i)
{
    return extreme(t, i, i->u ? IR_maxu : IR_maxs);
}

bool a64_minv(Trans *t, const A64 *i)
{
    return extreme(t, i, i->u ? IR_minu : IR_mins);
}

/* ---- dot products: each 32-bit lane of rd plus the sum of four products of bytes ---- */

static IrRef product_pairs(Trans *t, IrRef n, IrRef m, bool u)
{
    IrRef products = u ? ir_vmullu(t->ir, I16X8, n, m, 0) : ir_vmulls(t->ir, I16X8, n, m, 0);
    return pair_sums(t, I32X4, products, u);
}

static bool dot(Trans *t, const A64 *i, IrRef m)
{
    IrRef low = product_pairs(t, arm_get_v(t, I8X16, i->rn), m, i->u), high = low;
    if (i->q)
        high =
            product_pairs(t, ir_vhigh(t->ir, I8X8, arm_get_v(t, I8X16, i->rn), 0), ir_vhigh(t->ir, I8X8, m, 0), i->u);
    IrRef sums = ir_vpadd(t->ir, I32X4, low, high, 0);
    if (i->q)
        arm_put_v(t, I32X4, i->rd, ir_add(t->ir, I32X4, arm_get_v(t, I32X4, i->rd), sums, 0));
    else
        arm_put_v(t, I32X2, i->rd, ir_add(t->ir, I32X2, arm_get_v(t, I32X2, i->rd), ir_vget(t->ir, F64, sums, 0), 0));
    return true;
}

bool a64_dot_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || dot(t, i, arm_get_v(t, I8X16, i->rm));
}

bool a64_dot_elt(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || dot(t, i, a64_simd_element(t, i, I32X4));
}
