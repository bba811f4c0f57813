/* Vector registers and vectors in memory. */
#include "frontend/x86/vector.h"

#include "frontend/x86/sys.h"
#include <string.h>

IrRef x86_get_xmm(Trans *t, unsigned n, bool high)
{
    return ir_get(t->ir, I8X16, IR_SLOT((high ? S_YMM0 : S_XMM0) + n, 0));
}

static void put_slot(Trans *t, unsigned slot, IrRef v)
{
    ir_put(t->ir, ir_result(&t->ir->insn[v]), v, IR_SLOT(slot, 0));
}

void x86_put_xmm(Trans *t, unsigned n, IrRef low, IrRef high)
{
    if (low)
        put_slot(t, S_XMM0 + n, low);
    if (high)
        put_slot(t, S_YMM0 + n, high);
}

/* ---- memory ---- */

/* SDM volume 1, 10.6.1 and 14.9: legacy encodings want vectors of 16 bytes aligned, VEX ones seldom do. */
static bool wants_alignment(const X86Insn *i, unsigned bytes)
{
    if (bytes < 16 || i->attr & X86_UNALIGNED)
        return false;
    return i->attr & X86_ALIGNED || !i->vex;
}

/* What the engine finds misaligned is #GP here, but with alignment checks on it could be #AC as well. */
static void check_alignment(Trans *t, IrRef address, IrMem *m, unsigned bytes)
{
    Ir *ir = t->ir;
    if (bytes == 16 && !(t->mode & M_ALIGN)) {
        m->align = ALIGN_SIZE;
        return;
    }
    IrRef at = ir_add(ir, I64, address, x86_const(t, (uint64_t)(int64_t)m->disp), 0);
    IrRef rest = ir_and(ir, I64, at, x86_const(t, bytes - 1), 0);
    x86_raise_if(t, ir_ne(ir, I64, rest, x86_const(t, 0), 0), X86_GP, 0);
}

/* One half of the memory operand of that many bytes in all. */
static IrRef half_address(Trans *t, X86Insn *i, unsigned bytes, bool write, bool high, IrMem *m)
{
    unsigned half = bytes < 16 ? bytes : 16;
    *m = x86_mem(t, half < 8 ? half : 8);
    m->size = (uint8_t)__builtin_ctz(half);
    m->align = half == 16 ? ALIGN_ANY : m->align;
    IrRef address = x86_address(t, i, bytes, write, &m->disp);
    if (wants_alignment(i, bytes) && !high)
        check_alignment(t, address, m, bytes);
    if (high && m->disp > INT32_MAX - 16)
        address = ir_add(t->ir, I64, address, x86_const(t, 16), 0);
    else if (high)
        m->disp += 16;
    return address;
}

static bool writes_memory(const X86Insn *i)
{
    return i->op[0].kind == OPERAND_MEM && i->op[0].access & X86_WRITE;
}

static IrRef load(Trans *t, X86Insn *i, unsigned bytes, bool high)
{
    IrMem m;
    IrRef address = half_address(t, i, bytes, writes_memory(i), high, &m);
    if (i->attr & X86_MMX && bytes < 8)
        return ir_vlow(t->ir, I32X2, ir_load(t->ir, I32, address, ir_mem(m)), 0);
    return ir_load(t->ir, i->attr & X86_MMX && bytes == 8 ? I8X8 : I8X16, address, ir_mem(m));
}

static void store(Trans *t, X86Insn *i, unsigned bytes, bool high, IrRef v)
{
    IrMem m;
    IrRef address = half_address(t, i, bytes, true, high, &m);
    ir_store(t->ir, ir_result(&t->ir->insn[v]), address, v, ir_mem(m));
}

/* ---- operands ---- */

IrRef x86_get_vector(Trans *t, X86Insn *i, unsigned k, bool high)
{
    const X86Operand *o = &i->op[k];
    if (o->kind == OPERAND_MMX)
        return ir_get(t->ir, I8X8, IR_SLOT(S_ST0 + o->n, 0));
    if (o->kind == OPERAND_XMM)
        return x86_get_xmm(t, o->n, high);
    return load(t, i, o->bytes, high);
}

/* An MMX register's upper 16 bits become ones. A legacy SSE instruction leaves the upper half of a YMM register, a VEX
 * one clears what it does not write. */
static void put_register(Trans *t, const X86Insn *i, const X86Operand *o, IrRef low, IrRef high)
{
    if (o->kind == OPERAND_MMX) {
        put_slot(t, S_ST0 + o->n, low);
        ir_put(t->ir, I16, ir_imm(t->ir, I16, 0xffff), IR_SLOT(S_ST0 + o->n, 8));
        return;
    }
    x86_put_xmm(t, o->n, low, high ? high : i->vex ? x86_zero_vector(t) : IR_NONE);
}

void x86_put_vector(Trans *t, X86Insn *i, unsigned k)
{
    const X86Operand *o = &i->op[k];
    if (o->kind != OPERAND_MEM) {
        put_register(t, i, o, i->out[k], i->out_high[k]);
        return;
    }
    store(t, i, o->bytes, false, i->out[k]);
    if (i->out_high[k])
        store(t, i, o->bytes, true, i->out_high[k]);
}

/* ---- moves of bytes ---- */

IrRef x86_shuffle(Trans *t, const X86Insn *i, IrRef a, IrRef b, const uint8_t p[16])
{
    uint64_t w[2];
    IrType type = x86_lanes(i, K_I8);
    memcpy(w, p, sizeof w);
    return ir_vshuf(t->ir, type, a, b, ir_wide(t->ir, type, w[0], type == I8X8 ? 0 : w[1]), 0);
}

IrRef x86_shuffle_lanes(Trans *t, const X86Insn *i, IrRef a, IrRef b, unsigned bytes, const uint8_t *lane)
{
    uint8_t p[16];
    for (unsigned n = 0; n < 16; n++)
        p[n] = lane[n / bytes] & 0x80 ? 0x80 : (uint8_t)(lane[n / bytes] * bytes + n % bytes);
    return x86_shuffle(t, i, a, b, p);
}

IrRef x86_merge_low(Trans *t, const X86Insn *i, IrRef a, IrRef b, unsigned bytes)
{
    uint8_t p[16];
    for (unsigned n = 0; n < 16; n++)
        p[n] = (uint8_t)(n < bytes ? n + 16 : n);
    return x86_shuffle(t, i, a, b, p);
}
