/* One AArch64 instruction into the IR, and the operands that all instruction groups share. */
#include "frontend/arm/guest.h"

#include <string.h>

/* ---- flags ---- */

/* Slot form has C inverted: HS, C set, is "no borrow". */
static const uint8_t condition[] = { IF_EQ, IF_NE, IF_NC, IF_C,  IF_N,  IF_NN, IF_V,
                                     IF_NV, IF_A,  IF_BE, IF_GE, IF_LT, IF_GT, IF_LE };

IrRef arm_cond(Trans *t, unsigned cond)
{
    if (cond >= sizeof condition) /* AL, and NV, which is AL too */
        return ir_imm(t->ir, I64, 1);
    IrRef flags = ir_get(t->ir, T_FLAGS, IR_SLOT(S_NZCV, 0));
    return ir_cond(t->ir, T_FLAGS, flags, condition[cond]);
}

void arm_set_flags(Trans *t, IrRef flags)
{
    ir_put(t->ir, T_FLAGS, flags, IR_SLOT(S_NZCV, 0));
}

void arm_set_nzcv(Trans *t, unsigned nzcv)
{
    arm_set_flags(t, ir_asflags(t->ir, T_FLAGS, ir_imm(t->ir, I32, arm_pack_nzcv(nzcv)), 0));
}

/* ---- memory ---- */

/* Vector registers have no byte-reversing loads and stores: big-endian data goes through integers. A 128-bit register
 * is one number, so its upper half comes first. */
static IrRef load_big(Trans *t, IrType result, IrRef address, IrMem m)
{
    Ir *ir = t->ir;
    if (m.size < 4) {
        IrRef bits = ir_load(ir, arm_width(m.size == 3), address, ir_mem(m));
        return ir_is_vector(result) ? ir_vdup(ir, I64X1, bits, 0) : ir_bits2f(ir, result, bits, 0);
    }
    IrMem low = m;
    m.size = low.size = 3;
    low.disp += 8;
    IrRef hi = ir_load(ir, I64, address, ir_mem(m)), lo = ir_load(ir, I64, address, ir_mem(low));
    return ir_vset(ir, I64X2, ir_vlow(ir, I64X2, lo, 0), hi, 1);
}

static void store_big(Trans *t, IrType type, IrRef address, IrRef value, IrMem m)
{
    Ir *ir = t->ir;
    if (m.size < 4) {
        IrType w = arm_width(m.size == 3);
        IrRef bits = ir_is_vector(type) ? ir_vget(ir, w, value, 0) : ir_f2bits(ir, w, value, 0);
        ir_store(ir, w, address, bits, ir_mem(m));
        return;
    }
    IrMem low = m;
    m.size = low.size = 3;
    low.disp += 8;
    ir_store(ir, I64, address, ir_vget(ir, I64, value, 1), ir_mem(m));
    ir_store(ir, I64, address, ir_vget(ir, I64, value, 0), ir_mem(low));
}

IrRef arm_load_special(Trans *t, IrType result, IrRef address, IrMem m)
{
    m.big = m.size && t->mode & M_BIG;
    m.align = t->mode & (M_ALIGN | M_MMU_OFF) ? ALIGN_SIZE : m.align;
    if (m.big && ir_in_vector_reg(result))
        return load_big(t, result, address, m);
    return ir_load(t->ir, result, address, ir_mem(m));
}

void arm_store_special(Trans *t, IrType type, IrRef address, IrRef value, IrMem m)
{
    m.big = m.size && t->mode & M_BIG;
    m.align = t->mode & (M_ALIGN | M_MMU_OFF) ? ALIGN_SIZE : m.align;
    if (m.big && ir_in_vector_reg(type))
        store_big(t, type, address, value, m);
    else
        ir_store(t->ir, type, address, value, ir_mem(m));
}

/* ---- vector registers ---- */

bool arm_fp_ok(Trans *t)
{
    if (!(t->mode & M_FP_TRAP))
        return true;
    arm_raise(t, EC_FP, 0x1e00000, t->pc); /* ISS: CV, and condition "always" */
    return false;
}

/* ---- one instruction ---- */

/* LDXR, LDAXR, LDXP, LDAXP (C4.1.94), but not CASP, which shares their bits. */
static bool is_load_exclusive(uint32_t word)
{
    return (word & 0x3fc00000) == 0x08400000 && (word >> 31 || !(word >> 21 & 1));
}

static __attribute__((noinline)) void step(Trans *t, uint32_t word)
{
    trans_call(t, I64, H_step, ir_imm(t->ir, I64, t->pc), ir_imm(t->ir, I64, is_load_exclusive(word)), IR_NONE);
}

void arm_translate(Trans *t)
{
    uint32_t word;
    t->length = 4;
    memcpy(&word, t->code, sizeof word);
    if (t->mode & M_STEP)
        step(t, word);
    unsigned row = a64_find(word);
    A64 i = { .pc = t->pc, .word = word, .row = (uint16_t)row };
    if (row == A64_ROWS || !arm_can(t, (ArmFeature)a64_rows[row].feature) || !a64_handle[row](t, &i))
        arm_raise(t, EC_UNKNOWN, 0, t->pc);
}
