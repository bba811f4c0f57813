/* AArch64 loads and stores of single registers and pairs. ARM DDI 0487, section C4.1.94.
 *
 * Registers are written after the last access: an instruction that faults has changed none. */
#include "frontend/arm/a64_int.h"

/* ---- addresses ---- */

typedef struct Place { /* of an access: base value plus disp, and what the base register becomes */
    IrRef base;
    int32_t disp;
    int32_t step; /* added to the base register afterwards */
} Place;

static IrRef base_of(Trans *t, const A64 *i)
{
    return arm_get_sp(t, true, i->rn);
}

static Place at_offset(Trans *t, const A64 *i, int32_t offset)
{
    return (Place){ .base = base_of(t, i), .disp = offset };
}

static Place pre_index(Trans *t, const A64 *i, int32_t offset)
{
    return (Place){ .base = base_of(t, i), .disp = offset, .step = offset };
}

static Place post_index(Trans *t, const A64 *i, int32_t offset)
{
    return (Place){ .base = base_of(t, i), .step = offset };
}

static Place at_register(Trans *t, const A64 *i)
{
    IrRef offset = a64_extend(t, true, i->rm, i->option, i->s ? i->size : 0);
    return (Place){ .base = ir_add(t->ir, I64, base_of(t, i), offset, 0) };
}

static Place at_literal(Trans *t, const A64 *i)
{
    return (Place){ .base = arm_imm(t, true, i->pc + ((uint64_t)(int64_t)i->imm << 2)) };
}

static void step_base(Trans *t, const A64 *i, Place p)
{
    if (p.step)
        arm_put_sp(t, true, i->rn, ir_add(t->ir, I64, p.base, arm_imm(t, true, (uint64_t)(int64_t)p.step), 0));
}

/* LDTR and STTR: as EL0 would, from EL1. */
static bool unprivileged(const Trans *t)
{
    return arm_el(t) == 1 && !(t->mode & M_UAO);
}

/* ---- one general register ---- */

static bool load(Trans *t, const A64 *i, Place p, IrMem m)
{
    bool sf = m.sign ? !i->w : m.size == 3;
    m.disp = p.disp;
    IrRef value = arm_load(t, arm_width(sf), p.base, m);
    step_base(t, i, p);
    arm_put(t, sf, i->rt, value);
    return true;
}

static bool store(Trans *t, const A64 *i, Place p, IrMem m)
{
    bool sf = m.size == 3;
    m.disp = p.disp;
    arm_store(t, arm_width(sf), p.base, arm_get(t, sf, i->rt), m);
    step_base(t, i, p);
    return true;
}

static IrMem zeros(const A64 *i)
{
    return (IrMem){ .size = i->size };
}

static IrMem sign(const A64 *i)
{
    return (IrMem){ .size = i->size, .sign = true };
}

bool a64_stur(Trans *t, const A64 *i)
{
    return store(t, i, at_offset(t, i, i->imm), zeros(i));
}

bool a64_ldur(Trans *t, const A64 *i)
{
    return load(t, i, at_offset(t, i, i->imm), zeros(i));
}

bool a64_ldurs(Trans *t, const A64 *i)
{
    return load(t, i, at_offset(t, i, i->imm), sign(i));
}

bool a64_str_imm(Trans *t, const A64 *i)
{
    return store(t, i, at_offset(t, i, i->imm << i->size), zeros(i));
}

bool a64_ldr_imm(Trans *t, const A64 *i)
{
    return load(t, i, at_offset(t, i, i->imm << i->size), zeros(i));
}

bool a64_ldrs_imm(Trans *t, const A64 *i)
{
    return load(t, i, at_offset(t, i, i->imm << i->size), sign(i));
}

bool a64_str_imm_pre(Trans *t, const A64 *i)
{
    return store(t, i, pre_index(t, i, i->imm), zeros(i));
}

bool a64_ldr_imm_pre(Trans *t, const A64 *i)
{
    return load(t, i, pre_index(t, i, i->imm), zeros(i));
}

bool a64_ldrs_imm_pre(Trans *t, const A64 *i)
{
    return load(t, i, pre_index(t, i, i->imm), sign(i));
}

bool a64_str_imm_post(Trans *t, const A64 *i)
{
    return store(t, i, post_index(t, i, i->imm), zeros(i));
}

bool a64_ldr_imm_post(Trans *t, const A64 *i)
{
    return load(t, i, post_index(t, i, i->imm), zeros(i));
}

bool a64_ldrs_imm_post(Trans *t, const A64 *i)
{
    return load(t, i, post_index(t, i, i->imm), sign(i));
}

bool a64_str_reg(Trans *t, const A64 *i)
{
    return store(t, i, at_register(t, i), zeros(i));
}

bool a64_ldr_reg(Trans *t, const A64 *i)
{
    return load(t, i, at_register(t, i), zeros(i));
}

bool a64_ldrs_reg(Trans *t, const A64 *i)
{
    return load(t, i, at_register(t, i), sign(i));
}

bool a64_ldr_lit(Trans *t, const A64 *i)
{
    return load(t, i, at_literal(t, i), (IrMem){ .size = i->sf ? 3 : 2 });
}

bool a64_ldrsw_lit(Trans *t, const A64 *i)
{
    return load(t, i, at_literal(t, i), (IrMem){ .size = 2, .sign = true });
}

bool a64_sttr(Trans *t, const A64 *i)
{
    return store(t, i, at_offset(t, i, i->imm), (IrMem){ .size = i->size, .user = unprivileged(t) });
}

bool a64_ldtr(Trans *t, const A64 *i)
{
    return load(t, i, at_offset(t, i, i->imm), (IrMem){ .size = i->size, .user = unprivileged(t) });
}

bool a64_ldtrs(Trans *t, const A64 *i)
{
    IrMem m = { .size = i->size, .sign = true, .user = unprivileged(t) };
    return load(t, i, at_offset(t, i, i->imm), m);
}

/* ---- ordered ---- */

static bool load_acquire(Trans *t, const A64 *i, int32_t offset, bool sign_extended)
{
    IrMem m = a64_atomic_mem(t, i->size, true, false);
    m.sign = sign_extended;
    return load(t, i, at_offset(t, i, offset), m);
}

static bool store_release(Trans *t, const A64 *i, int32_t offset)
{
    return store(t, i, at_offset(t, i, offset), a64_atomic_mem(t, i->size, false, true));
}

bool a64_ldar(Trans *t, const A64 *i)
{
    return load_acquire(t, i, 0, false);
}

bool a64_ldlar(Trans *t, const A64 *i)
{
    return load_acquire(t, i, 0, false);
}

bool a64_ldapr(Trans *t, const A64 *i)
{
    return load_acquire(t, i, 0, false);
}

bool a64_ldapur(Trans *t, const A64 *i)
{
    return load_acquire(t, i, i->imm, false);
}

bool a64_ldapurs(Trans *t, const A64 *i)
{
    return load_acquire(t, i, i->imm, true);
}

bool a64_stlr(Trans *t, const A64 *i)
{
    return store_release(t, i, 0);
}

bool a64_stllr(Trans *t, const A64 *i)
{
    return store_release(t, i, 0);
}

bool a64_stlur(Trans *t, const A64 *i)
{
    return store_release(t, i, i->imm);
}

/* ---- prefetch: may do nothing ---- */

bool a64_prfm_imm(Trans *t, const A64 *i)
{
    (void)t, (void)i;
    return true;
}

bool a64_prfm_lit(Trans *t, const A64 *i)
{
    return a64_prfm_imm(t, i);
}

bool a64_prfm_reg(Trans *t, const A64 *i)
{
    return a64_prfm_imm(t, i);
}

bool a64_prfum(Trans *t, const A64 *i)
{
    return a64_prfm_imm(t, i);
}

/* ---- pairs ---- */

static bool load_pair(Trans *t, const A64 *i, Place p, IrMem m)
{
    bool sf = m.size == 3 || m.sign;
    m.disp = p.disp;
    IrRef first = arm_load(t, arm_width(sf), p.base, m);
    m.disp += 1 << m.size;
    IrRef second = arm_load(t, arm_width(sf), p.base, m);
    step_base(t, i, p);
    arm_put(t, sf, i->rt, first);
    arm_put(t, sf, i->rt2, second);
    return true;
}

static bool store_pair(Trans *t, const A64 *i, Place p, IrMem m)
{
    bool sf = m.size == 3;
    IrRef first = arm_get(t, sf, i->rt), second = arm_get(t, sf, i->rt2);
    m.disp = p.disp;
    arm_store(t, arm_width(sf), p.base, first, m);
    m.disp += 1 << m.size;
    arm_store(t, arm_width(sf), p.base, second, m);
    step_base(t, i, p);
    return true;
}

static IrMem half(const A64 *i)
{
    return (IrMem){ .size = i->sf ? 3 : 2 };
}

static const IrMem signed_half = { .size = 2, .sign = true };

bool a64_stp(Trans *t, const A64 *i)
{
    return store_pair(t, i, at_offset(t, i, i->imm * (i->sf ? 8 : 4)), half(i));
}

bool a64_ldp(Trans *t, const A64 *i)
{
    return load_pair(t, i, at_offset(t, i, i->imm * (i->sf ? 8 : 4)), half(i));
}

bool a64_stnp(Trans *t, const A64 *i)
{
    return a64_stp(t, i);
}

bool a64_ldnp(Trans *t, const A64 *i)
{
    return a64_ldp(t, i);
}

bool a64_stp_pre(Trans *t, const A64 *i)
{
    return store_pair(t, i, pre_index(t, i, i->imm * (i->sf ? 8 : 4)), half(i));
}

bool a64_ldp_pre(Trans *t, const A64 *i)
{
    return load_pair(t, i, pre_index(t, i, i->imm * (i->sf ? 8 : 4)), half(i));
}

bool a64_stp_post(Trans *t, const A64 *i)
{
    return store_pair(t, i, post_index(t, i, i->imm * (i->sf ? 8 : 4)), half(i));
}

bool a64_ldp_post(Trans *t, const A64 *i)
{
    return load_pair(t, i, post_index(t, i, i->imm * (i->sf ? 8 : 4)), half(i));
}

bool a64_ldpsw(Trans *t, const A64 *i)
{
    return load_pair(t, i, at_offset(t, i, i->imm * 4), signed_half);
}

bool a64_ldpsw_pre(Trans *t, const A64 *i)
{
    return load_pair(t, i, pre_index(t, i, i->imm * 4), signed_half);
}

bool a64_ldpsw_post(Trans *t, const A64 *i)
{
    return load_pair(t, i, post_index(t, i, i->imm * 4), signed_half);
}

/* ---- one SIMD&FP register ---- bytes and halfwords pass through general registers */

static const IrType whole[] = { I32, I32, F32, F64, I64X2 };

static void put_loaded(Trans *t, unsigned size, unsigned r, IrRef value)
{
    if (size < 2)
        arm_put_v(t, I32X4, r, ir_vlow(t->ir, I32X4, value, 0));
    else
        arm_put_v(t, whole[size], r, value);
}

static bool load_v(Trans *t, const A64 *i, Place p)
{
    IrRef value = arm_load(t, whole[i->size], p.base, (IrMem){ .size = i->size, .disp = p.disp });
    step_base(t, i, p);
    put_loaded(t, i->size, i->rt, value);
    return true;
}

static bool store_v(Trans *t, const A64 *i, Place p)
{
    IrType type = whole[i->size];
    arm_store(t, type, p.base, arm_get_v(t, type, i->rt), (IrMem){ .size = i->size, .disp = p.disp });
    step_base(t, i, p);
    return true;
}

bool a64_stur_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_v(t, i, at_offset(t, i, i->imm));
}

bool a64_ldur_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_v(t, i, at_offset(t, i, i->imm));
}

bool a64_str_imm_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_v(t, i, at_offset(t, i, i->imm << i->size));
}

bool a64_ldr_imm_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_v(t, i, at_offset(t, i, i->imm << i->size));
}

bool a64_str_imm_pre_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_v(t, i, pre_index(t, i, i->imm));
}

bool a64_ldr_imm_pre_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_v(t, i, pre_index(t, i, i->imm));
}

bool a64_str_imm_post_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_v(t, i, post_index(t, i, i->imm));
}

bool a64_ldr_imm_post_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_v(t, i, post_index(t, i, i->imm));
}

bool a64_str_reg_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_v(t, i, at_register(t, i));
}

bool a64_ldr_reg_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_v(t, i, at_register(t, i));
}

bool a64_ldr_lit_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_v(t, i, at_literal(t, i));
}

/* ---- pairs of SIMD&FP registers ---- */

static bool load_pair_v(Trans *t, const A64 *i, Place p)
{
    IrType type = whole[i->size];
    IrMem m = { .size = i->size, .disp = p.disp };
    IrRef first = arm_load(t, type, p.base, m);
    m.disp += 1 << m.size;
    IrRef second = arm_load(t, type, p.base, m);
    step_base(t, i, p);
    put_loaded(t, i->size, i->rt, first);
    put_loaded(t, i->size, i->rt2, second);
    return true;
}

static bool store_pair_v(Trans *t, const A64 *i, Place p)
{
    IrType type = whole[i->size];
    IrMem m = { .size = i->size, .disp = p.disp };
    IrRef first = arm_get_v(t, type, i->rt), second = arm_get_v(t, type, i->rt2);
    arm_store(t, type, p.base, first, m);
    m.disp += 1 << m.size;
    arm_store(t, type, p.base, second, m);
    step_base(t, i, p);
    return true;
}

bool a64_stp_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_pair_v(t, i, at_offset(t, i, i->imm * (1 << i->size)));
}

bool a64_ldp_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_pair_v(t, i, at_offset(t, i, i->imm * (1 << i->size)));
}

bool a64_stnp_v(Trans *t, const A64 *i)
{
    return a64_stp_v(t, i);
}

bool a64_ldnp_v(Trans *t, const A64 *i)
{
    return a64_ldp_v(t, i);
}

bool a64_stp_pre_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_pair_v(t, i, pre_index(t, i, i->imm * (1 << i->size)));
}

bool a64_ldp_pre_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_pair_v(t, i, pre_index(t, i, i->imm * (1 << i->size)));
}

bool a64_stp_post_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || store_pair_v(t, i, post_index(t, i, i->imm * (1 << i->size)));
}

bool a64_ldp_post_v(Trans *t, const A64 *i)
{
    return !arm_fp_ok(t) || load_pair_v(t, i, post_index(t, i, i->imm * (1 << i->size)));
}
