/* AArch64 exclusives and atomics: LDXR to STLXP, CAS, CASP, LD<op>, SWP. ARM DDI 0487, sections C4.1.94, B2.9.
 *
 * The local monitor remembers address, size and the value that was loaded; a store-exclusive is a compare-and-swap with
 * that value, so it also succeeds if others changed the memory and changed it back. */
#include "frontend/arm/a64_int.h"
#include "frontend/arm/helpers.h"

static const uint64_t no_address = ~0ull;

/* What has the rules of single-copy atomic accesses: without FEAT_LSE2 it must be aligned, with it only not cross 16
 * bytes. */
IrMem a64_atomic_mem(const Trans *t, unsigned size, bool acquire, bool release)
{
    return (IrMem){ .size = (uint8_t)size,
                    .order = (uint8_t)((acquire ? ORDER_ACQUIRE : 0) | (release ? ORDER_RELEASE : 0)),
                    .align = arm_can(t, ARM_lse2) ? ALIGN_16_ATOMIC : ALIGN_SIZE };
}

/* ---- byte order ---- atomics work on numbers as the host has them in memory */

static IrRef swapped(Trans *t, IrType w, IrRef value, unsigned size)
{
    if (!(t->mode & M_BIG) || size == 0)
        return value;
    value = ir_bswap(t->ir, w, value, 0);
    return size == 1 ? ir_shr(t->ir, w, value, ir_imm(t->ir, w, 16), 0) : value;
}

static IrMem checked(const Trans *t, IrMem m)
{
    if (t->mode & (M_ALIGN | M_MMU_OFF))
        m.align = ALIGN_SIZE;
    return m;
}

IrRef a64_cas_op(Trans *t, IrType w, IrRef address, IrRef expected, IrRef desired, IrMem m)
{
    expected = swapped(t, w, expected, m.size);
    desired = swapped(t, w, desired, m.size);
    IrRef old = ir_cas(t->ir, w, address, expected, desired, ir_mem(checked(t, m)));
    return swapped(t, w, old, m.size);
}

/* Two registers of 32 bits as the number that a 64-bit access has. */
static IrRef joined(Trans *t, unsigned first, unsigned second)
{
    bool big = t->mode & M_BIG;
    IrRef low = arm_get(t, true, big ? second : first), high = arm_get(t, true, big ? first : second);
    high = ir_shl(t->ir, I64, high, ir_imm(t->ir, I64, 32), 0);
    return ir_or(t->ir, I64, ir_zext(t->ir, I64, low, 32), high, 0);
}

static void put_parted(Trans *t, unsigned first, unsigned second, IrRef value)
{
    bool big = t->mode & M_BIG;
    arm_put(t, false, big ? second : first, value);
    arm_put(t, false, big ? first : second, ir_shr(t->ir, I64, value, ir_imm(t->ir, I64, 32), 0));
}

/* ---- load exclusive ---- */

/* Exclusives must be aligned, FEAT_LSE2 or not. */
static IrMem exclusive(unsigned size, bool acquire, bool release)
{
    return (IrMem){ .size = (uint8_t)size,
                    .order = (uint8_t)((acquire ? ORDER_ACQUIRE : 0) | (release ? ORDER_RELEASE : 0)),
                    .align = ALIGN_SIZE };
}

static void set_monitor(Trans *t, IrRef address, unsigned bytes, IrType w, IrRef loaded)
{
    ir_put(t->ir, I64, address, IR_SLOT(S_EXCL_ADDR, 0));
    ir_put(t->ir, I32, ir_imm(t->ir, I32, bytes), IR_SLOT(S_EXCL_SIZE, 0));
    ir_put(t->ir, w, loaded, IR_SLOT(S_EXCL_LO, 0) | IR_ZEXT);
}

static bool load_exclusive(Trans *t, const A64 *i, bool acquire)
{
    bool sf = i->size == 3;
    IrRef address = arm_get_sp(t, true, i->rn);
    IrRef value = arm_load(t, arm_width(sf), address, exclusive(i->size, acquire, false));
    set_monitor(t, address, 1u << i->size, arm_width(sf), value);
    arm_put(t, sf, i->rt, value);
    return true;
}

/* Both at once, as the pair may be read by a lone LDXP that expects no tearing; a big-endian pair is read in halves,
 * and a store-exclusive to it fails if it was torn. */
static bool load_exclusive_quad(Trans *t, const A64 *i, bool acquire)
{
    Ir *ir = t->ir;
    IrRef address = arm_get_sp(t, true, i->rn), first, second;
    if (t->mode & M_BIG) {
        IrMem m = exclusive(3, acquire, false);
        first = arm_load(t, I64, address, m);
        m.disp = 8;
        second = arm_load(t, I64, address, m);
    } else {
        IrRef both = arm_load(t, I64X2, address, exclusive(4, acquire, false));
        first = ir_vget(ir, I64, both, 0);
        second = ir_vget(ir, I64, both, 1);
    }
    set_monitor(t, address, 16, I64, first);
    ir_put(ir, I64, second, IR_SLOT(S_EXCL_HI, 0));
    arm_put(t, true, i->rt, first);
    arm_put(t, true, i->rt2, second);
    return true;
}

static bool load_exclusive_pair(Trans *t, const A64 *i, bool acquire)
{
    if (i->size == 3)
        return load_exclusive_quad(t, i, acquire);
    IrRef address = arm_get_sp(t, true, i->rn);
    IrRef value = arm_load(t, I64, address, exclusive(3, acquire, false));
    set_monitor(t, address, 8, I64, value);
    put_parted(t, i->rt, i->rt2, value);
    return true;
}

bool a64_ldxr(Trans *t, const A64 *i)
{
    return load_exclusive(t, i, false);
}

bool a64_ldaxr(Trans *t, const A64 *i)
{
    return load_exclusive(t, i, true);
}

bool a64_ldxp(Trans *t, const A64 *i)
{
    return load_exclusive_pair(t, i, false);
}

bool a64_ldaxp(Trans *t, const A64 *i)
{
    return load_exclusive_pair(t, i, true);
}

/* ---- store exclusive ---- */

/* If the monitor is not set for this access, what is expected is written back: memory keeps its value, and whether a
 * store-exclusive that fails checks for aborts is IMPLEMENTATION DEFINED (C6.2, STXR). */
static bool store_exclusive(Trans *t, const A64 *i, IrRef value, IrMem m)
{
    Ir *ir = t->ir;
    IrType w = arm_width(m.size == 3);
    IrRef address = arm_get_sp(t, true, i->rn);
    IrRef monitored = ir_get(ir, I64, IR_SLOT(S_EXCL_ADDR, 0)), bytes = ir_get(ir, I32, IR_SLOT(S_EXCL_SIZE, 0));
    IrRef expected = ir_get(ir, w, IR_SLOT(S_EXCL_LO, 0));
    IrRef same_size = ir_eq(ir, I32, bytes, ir_imm(ir, I32, 1u << m.size), 0);
    IrRef held = ir_and(ir, I64, ir_eq(ir, I64, address, monitored, 0), same_size, 0);
    IrRef old = a64_cas_op(t, w, address, expected, ir_pick(ir, w, held, value, expected, 0), m);
    IrRef failed = ir_or(ir, I64, ir_ne(ir, w, old, expected, 0), ir_xor(ir, I64, held, ir_imm(ir, I64, 1), 0), 0);
    ir_put(ir, I64, ir_imm(ir, I64, no_address), IR_SLOT(S_EXCL_ADDR, 0));
    arm_put(t, false, i->rs, failed);
    return true;
}

static bool store_exclusive_one(Trans *t, const A64 *i, bool release)
{
    return store_exclusive(t, i, arm_get(t, i->size == 3, i->rt), exclusive(i->size, false, release));
}

static bool store_exclusive_pair(Trans *t, const A64 *i, bool release)
{
    if (i->size == 2)
        return store_exclusive(t, i, joined(t, i->rt, i->rt2), exclusive(3, false, release));
    IrRef address = arm_get_sp(t, true, i->rn), how = ir_imm(t->ir, I64, !!(t->mode & M_BIG));
    trans_call(t, I64, H_stxp, address, ir_imm(t->ir, I64, i->word), how);
    return true;
}

bool a64_stxr(Trans *t, const A64 *i)
{
    return store_exclusive_one(t, i, false);
}

bool a64_stlxr(Trans *t, const A64 *i)
{
    return store_exclusive_one(t, i, true);
}

bool a64_stxp(Trans *t, const A64 *i)
{
    return store_exclusive_pair(t, i, false);
}

bool a64_stlxp(Trans *t, const A64 *i)
{
    return store_exclusive_pair(t, i, true);
}

/* ---- compare and swap ---- */

bool a64_cas(Trans *t, const A64 *i)
{
    bool sf = i->size == 3;
    IrRef address = arm_get_sp(t, true, i->rn), expected = arm_get(t, sf, i->rs), desired = arm_get(t, sf, i->rt);
    IrMem m = a64_atomic_mem(t, i->size, i->a, i->r);
    arm_put(t, sf, i->rs, a64_cas_op(t, arm_width(sf), address, expected, desired, m));
    return true;
}

bool a64_casp(Trans *t, const A64 *i)
{
    IrRef address = arm_get_sp(t, true, i->rn);
    if (i->sf) {
        IrRef how = ir_imm(t->ir, I64, !!(t->mode & M_BIG));
        trans_call(t, I64, H_casp, address, ir_imm(t->ir, I64, i->word), how);
        return true;
    }
    IrRef expected = joined(t, i->rs, i->rs + 1u), desired = joined(t, i->rt, i->rt + 1u);
    IrRef old = a64_cas_op(t, I64, address, expected, desired, a64_atomic_mem(t, 3, i->a, i->r));
    put_parted(t, i->rs, i->rs + 1u, old);
    return true;
}

/* ---- read, change, write ---- */

/* Carries and comparisons need the number in the host's order, which a big-endian guest's is not. */
static bool needs_order(IrRmw op)
{
    return op == RMW_ADD || (op >= RMW_SMAX && op <= RMW_UMIN);
}

static IrRef change(Trans *t, const A64 *i, IrRmw op, IrRef address, IrRef operand)
{
    IrType w = arm_width(i->size == 3);
    IrMem m = checked(t, a64_atomic_mem(t, i->size, i->a, i->r));
    m.rmw = (uint8_t)op;
    if (t->mode & M_BIG && i->size && needs_order(op)) {
        trans_call(t, I64, H_rmw_big, address, operand, ir_imm(t->ir, I64, (uint64_t)op << 8 | i->size));
        return ir_get(t->ir, w, IR_SLOT(S_TMP0, 0));
    }
    IrRef old = ir_rmw(t->ir, w, address, swapped(t, w, operand, i->size), ir_mem(m));
    return swapped(t, w, old, i->size);
}

static bool atomic(Trans *t, const A64 *i, IrRmw op)
{
    bool sf = i->size == 3;
    IrRef old = change(t, i, op, arm_get_sp(t, true, i->rn), arm_get(t, sf, i->rs));
    arm_put(t, sf, i->rt, old);
    return true;
}

bool a64_ldadd(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_ADD);
}

bool a64_ldclr(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_ANDN);
}

bool a64_ldeor(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_XOR);
}

bool a64_ldset(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_OR);
}

bool a64_ldsmax(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_SMAX);
}

bool a64_ldsmin(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_SMIN);
}

bool a64_ldumax(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_UMAX);
}

bool a64_ldumin(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_UMIN);
}

bool a64_swp(Trans *t, const A64 *i)
{
    return atomic(t, i, RMW_SWAP);
}
