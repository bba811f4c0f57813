/* Advanced SIMD copies, permutations, table look-ups and immediates. ARM DDI 0487, section C4.1.96. */
#include "frontend/arm/a64_simd.h"

/* ---- copies: the lowest one of imm5 tells the size, the bits above it are the index ---- */

static unsigned copy_size(const A64 *i)
{
    return i->imm5 ? (unsigned)__builtin_ctz(i->imm5) : 8;
}

static unsigned copy_index(const A64 *i)
{
    return i->imm5 >> (copy_size(i) + 1);
}

static IrRef lane(Trans *t, IrType kind, unsigned size, unsigned r, unsigned index)
{
    return ir_vget(t->ir, kind, arm_get_v(t, a64_lanes(size, true), r), index);
}

bool a64_dup_elt_v(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > 3 || (size == 3 && !i->q))
        return false;
    IrType w = a64_lanes(size, i->q);
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, ir_vdup(t->ir, w, lane(t, (IrType)size, size, i->rn, copy_index(i)), 0));
    return true;
}

bool a64_dup_elt_s(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > 3)
        return false;
    IrType w = a64_lanes(size, false);
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, ir_vlow(t->ir, w, lane(t, a64_lane_kind(size), size, i->rn, copy_index(i)), 0));
    return true;
}

bool a64_dup_gen(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > 3 || (size == 3 && !i->q))
        return false;
    IrType w = a64_lanes(size, i->q);
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, ir_vdup(t->ir, w, arm_get(t, size == 3, i->rn), 0));
    return true;
}

static void put_lane(Trans *t, const A64 *i, unsigned size, IrRef value)
{
    IrType w = a64_lanes(size, true);
    arm_put_v(t, w, i->rd, ir_vset(t->ir, w, arm_get_v(t, w, i->rd), value, copy_index(i)));
}

bool a64_ins_gen(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > 3)
        return false;
    if (arm_fp_ok(t))
        put_lane(t, i, size, arm_get(t, size == 3, i->rn));
    return true;
}

bool a64_ins_elt(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > 3)
        return false;
    if (arm_fp_ok(t))
        put_lane(t, i, size, lane(t, a64_lane_kind(size), size, i->rn, i->imm4 >> size));
    return true;
}

bool a64_umov(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > 3 || i->q != (size == 3))
        return false;
    if (!arm_fp_ok(t))
        return true;
    IrRef v = lane(t, (IrType)size, size, i->rn, copy_index(i));
    arm_put(t, i->q, i->rd, size < 2 ? ir_zext(t->ir, I32, v, 8u << size) : v);
    return true;
}

bool a64_smov(Trans *t, const A64 *i)
{
    unsigned size = copy_size(i);
    if (size > (i->q ? 2 : 1))
        return false;
    if (!arm_fp_ok(t))
        return true;
    IrRef v = lane(t, (IrType)size, size, i->rn, copy_index(i));
    arm_put(t, i->q, i->rd, ir_sext(t->ir, arm_width(i->q), v, 8u << size));
    return true;
}

/* ---- permutations ---- */

static bool permute(Trans *t, const A64 *i, IrOp op)
{
    IrType w = a64_lanes(i->size, i->q);
    if (i->size == 3 && !i->q)
        return false;
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, ir_emit(t->ir, op, w, arm_get_v(t, w, i->rn), arm_get_v(t, w, i->rm), IR_NONE, 0));
    return true;
}

#define PERMUTE(name)                                                                                                  \
    bool a64_##name(Trans *t, const A64 *i)                                                                            \
    {                                                                                                                  \
        return permute(t, i, IR_v##name);                                                                              \
    }
PERMUTE(zip1)
PERMUTE(zip2)
PERMUTE(uzp1)
PERMUTE(uzp2)
PERMUTE(trn1)
PERMUTE(trn2)

bool a64_ext(Trans *t, const A64 *i)
{
    IrType w = a64_lanes(0, i->q);
    if (!i->q && i->imm >= 8)
        return false;
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd, ir_vext(t->ir, w, arm_get_v(t, w, i->rn), arm_get_v(t, w, i->rm), (uint64_t)i->imm));
    return true;
}

/* ---- table look-up in len + 1 registers from rn ---- */

static IrRef look_up(Trans *t, const A64 *i, IrRef index)
{
    IrRef result = IR_NONE;
    for (unsigned k = 0; k <= i->len; k++) {
        IrRef at = k ? ir_sub(t->ir, I8X16, index, a64_simd_all(t, I8X16, 16 * k), 0) : index;
        IrRef found = ir_vtbl(t->ir, I8X16, arm_get_v(t, I8X16, i->rn + k), at, 0);
        result = k ? ir_or(t->ir, I8X16, result, found, 0) : found;
    }
    return result;
}

static void put_bytes(Trans *t, const A64 *i, IrRef v)
{
    if (i->q)
        arm_put_v(t, I8X16, i->rd, v);
    else
        arm_put_v(t, F64, i->rd, ir_vget(t->ir, F64, v, 0));
}

bool a64_tbl(Trans *t, const A64 *i)
{
    if (arm_fp_ok(t))
        put_bytes(t, i, look_up(t, i, arm_get_v(t, I8X16, i->rm)));
    return true;
}

/* Bytes whose index is beyond the table stay. */
bool a64_tbx(Trans *t, const A64 *i)
{
    if (!arm_fp_ok(t))
        return true;
    IrRef index = arm_get_v(t, I8X16, i->rm);
    IrRef inside = ir_ltu(t->ir, I8X16, index, a64_simd_all(t, I8X16, 16 * (i->len + 1u)), 0);
    put_bytes(t, i, ir_bsl(t->ir, I8X16, inside, look_up(t, i, index), arm_get_v(t, I8X16, i->rd), 0));
    return true;
}

/* ---- immediates ---- */

static uint64_t replicate(uint64_t value, unsigned bits)
{
    for (; bits < 64; bits *= 2)
        value |= value << bits;
    return value;
}

static uint64_t byte_mask(unsigned bits)
{
    uint64_t mask = 0;
    for (unsigned k = 0; k < 8; k++)
        mask |= bits >> k & 1 ? 0xffull << 8 * k : 0;
    return mask;
}

/* AdvSIMDExpandImm, but for the floating-point ones (cmode 1111) */
static uint64_t expanded(const A64 *i)
{
    uint64_t imm = (uint64_t)i->imm;
    unsigned kind = i->cmode >> 1;
    if (kind < 4)
        return replicate(imm << 8 * kind, 32);
    if (kind < 6)
        return replicate(imm << 8 * (kind - 4), 16);
    if (kind == 6)
        return replicate(i->cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff, 32);
    return i->op ? byte_mask((unsigned)imm) : replicate(imm, 8);
}

bool a64_movi(Trans *t, const A64 *i)
{
    uint64_t value = i->op && i->cmode < 14 ? ~expanded(i) : expanded(i); /* MVNI */
    if (arm_fp_ok(t))
        arm_put_v(t, I64X2, i->rd, ir_wide(t->ir, I64X2, value, i->q ? value : 0));
    return true;
}

static bool modify(Trans *t, const A64 *i, IrOp op)
{
    IrType w = a64_lanes(3, i->q);
    if (arm_fp_ok(t))
        arm_put_v(t, w, i->rd,
                  ir_emit(t->ir, op, w, arm_get_v(t, w, i->rd), a64_simd_all(t, w, expanded(i)), IR_NONE, 0));
    return true;
}

bool a64_orr_imm_v(Trans *t, const A64 *i)
{
    return modify(t, i, IR_or);
}

bool a64_bic_imm_v(Trans *t, const A64 *i)
{
    return modify(t, i, IR_andn);
}
