/* Operands: registers, memory with segmentation, flags, the stack. */
#include "frontend/x86/vector.h"

/* ---- registers ---- */

IrRef x86_get_reg(Trans *t, unsigned bytes, unsigned n)
{
    return ir_get(t->ir, x86_type(bytes), IR_SLOT(S_R0 + n, 0));
}

void x86_put_reg(Trans *t, unsigned bytes, unsigned n, IrRef v)
{
    ir_put(t->ir, x86_type(bytes), v, IR_SLOT(S_R0 + n, 0) | (bytes == 4 ? IR_ZEXT : 0));
}

IrRef x86_widen(Trans *t, unsigned bytes, IrRef v)
{
    return bytes == 8 ? v : ir_zext(t->ir, I64, v, 8 * bytes);
}

IrRef x86_get_wide(Trans *t, unsigned bytes, unsigned n)
{
    return x86_widen(t, bytes, x86_get_reg(t, 8, n));
}

/* ---- addresses ---- */

/* base + index << scale, in the address size's type; IR_NONE if there is neither. */
static IrRef registers_sum(Trans *t, const X86Insn *i)
{
    Ir *ir = t->ir;
    IrType type = x86_type(i->adsize);
    IrRef base = i->base == X86_NONE ? IR_NONE : x86_get_reg(t, i->adsize, i->base);
    IrRef index = i->index == X86_NONE ? IR_NONE : x86_get_reg(t, i->adsize, i->index);
    if (index && i->scale)
        index = ir_shl(ir, type, index, ir_imm(ir, type, i->scale), 0);
    return base && index ? ir_add(ir, type, base, index, 0) : base ? base : index;
}

IrRef x86_offset(Trans *t, X86Insn *i)
{
    if (i->offset)
        return i->offset;
    IrType type = x86_type(i->adsize);
    IrRef sum = registers_sum(t, i);
    if (!sum)
        sum = ir_imm(t->ir, type, (uint64_t)i->disp);
    else if (i->disp)
        sum = ir_add(t->ir, type, sum, ir_imm(t->ir, type, (uint64_t)i->disp), 0);
    i->offset = x86_widen(t, i->adsize, sum);
    return i->offset;
}

static IrRef slot(Trans *t, unsigned first, unsigned seg)
{
    return ir_get(t->ir, I64, IR_SLOT(first + seg, 0));
}

static bool is_real(const Trans *t)
{
    return !(t->mode & M_PROT) || t->mode & M_VM;
}

static IrRef within_limit(Trans *t, unsigned seg, IrRef offset, unsigned bytes, bool write)
{
    Ir *ir = t->ir;
    IrRef from = is_real(t) ? offset : ir_sub(ir, I64, offset, slot(t, S_LO0, seg), 0);
    IrRef end = ir_add(ir, I64, from, x86_const(t, bytes), 0);
    IrRef span = slot(t, write ? S_SPAN_WRITE0 : S_SPAN_READ0, seg), ends = ir_leu(ir, I64, end, span, 0);
    if (is_real(t))
        return ends;
    return ir_and(ir, I64, ends, ir_leu(ir, I64, from, span, 0), 0); /* what begins below it may end inside */
}

static IrRef add_base(Trans *t, unsigned seg, IrRef offset)
{
    Ir *ir = t->ir;
    IrRef base = seg == CS ? x86_const(t, x86_cs_base(t)) : slot(t, S_BASE0, seg);
    if (x86_code64(t))
        return ir_add(ir, I64, offset, base, 0);
    return ir_zext(ir, I64, ir_add(ir, I32, offset, base, 0), 32);
}

IrRef x86_linear(Trans *t, unsigned seg, IrRef offset, unsigned bytes, bool write)
{
    if (x86_code64(t))
        return seg < FS ? offset : add_base(t, seg, offset);
    IrRef linear = t->mode & (uint64_t)M_BASE0 << seg && seg != CS ? offset : add_base(t, seg, offset);
    if (t->mode & (uint64_t)M_WHOLE << seg && !(seg == CS && write))
        return linear;
    IrRef bad = x86_const(t, X86_BAD_ADDRESS + (seg == SS ? 0x1000 : 0));
    return ir_pick(t->ir, I64, within_limit(t, seg, offset, bytes, write), linear, bad, 0);
}

/* In 64-bit mode the displacement may be left to the access. */
static IrRef address(Trans *t, X86Insn *i, unsigned bytes, bool write, int32_t *disp)
{
    *disp = 0;
    if (!x86_code64(t) || i->adsize != 8 || i->rip_relative || (i->base == X86_NONE && i->index == X86_NONE))
        return x86_linear(t, i->seg, x86_offset(t, i), bytes, write);
    *disp = (int32_t)i->disp;
    return x86_linear(t, i->seg, registers_sum(t, i), bytes, write);
}

IrRef x86_address(Trans *t, X86Insn *i, unsigned bytes, bool write, int32_t *disp)
{
    if (!i->linear)
        i->linear = address(t, i, bytes, write, &i->linear_disp);
    *disp = i->linear_disp;
    return i->linear;
}

IrMem x86_mem(const Trans *t, unsigned bytes)
{
    return (IrMem){ .size = (uint8_t)__builtin_ctz(bytes), .align = t->mode & M_ALIGN ? ALIGN_SIZE : ALIGN_ANY };
}

static bool is_written(const X86Insn *i)
{
    return i->op[0].kind == OPERAND_MEM && i->op[0].access & X86_WRITE;
}

IrRef x86_load(Trans *t, X86Insn *i, unsigned bytes)
{
    IrMem m = x86_mem(t, bytes);
    IrRef address = x86_address(t, i, bytes, is_written(i), &m.disp);
    return ir_load(t->ir, x86_type(bytes), address, ir_mem(m));
}

void x86_store(Trans *t, X86Insn *i, unsigned bytes, IrRef v)
{
    IrMem m = x86_mem(t, bytes);
    IrRef address = x86_address(t, i, bytes, true, &m.disp);
    ir_store(t->ir, x86_type(bytes), address, v, ir_mem(m));
}

IrRef x86_load_at(Trans *t, unsigned seg, IrRef offset, unsigned bytes)
{
    return ir_load(t->ir, x86_type(bytes), x86_linear(t, seg, offset, bytes, false), ir_mem(x86_mem(t, bytes)));
}

void x86_store_at(Trans *t, unsigned seg, IrRef offset, unsigned bytes, IrRef v)
{
    ir_store(t->ir, x86_type(bytes), x86_linear(t, seg, offset, bytes, true), v, ir_mem(x86_mem(t, bytes)));
}

/* ---- operands ---- */

static uint64_t immediate(const X86Insn *i, unsigned k)
{
    return k > 0 && i->op[k - 1].kind == OPERAND_IMM ? i->imm2 : i->imm;
}

IrRef x86_get_operand(Trans *t, X86Insn *i, unsigned k)
{
    const X86Operand *o = &i->op[k];
    if (o->vector)
        return x86_get_vector(t, i, k, false);
    switch (o->kind) {
    case OPERAND_REG:
        return x86_get_reg(t, o->bytes, o->n);
    case OPERAND_HIGH:
        return ir_get(t->ir, I8, IR_SLOT(S_R0 + o->n, 1));
    case OPERAND_MEM:
        return x86_load(t, i, o->bytes);
    case OPERAND_SEG:
        return ir_get(t->ir, I16, IR_SLOT(S_SEL0 + o->n, 0));
    case OPERAND_IMM: /* as wide as what it is combined with */
        return x86_imm(t, o->bytes < i->op[0].bytes && k ? i->op[0].bytes : o->bytes, immediate(i, k));
    default:
        return IR_NONE; /* of no value: the handler knows what to do with it */
    }
}

void x86_put_operand(Trans *t, X86Insn *i, unsigned k, IrRef v)
{
    const X86Operand *o = &i->op[k];
    if (o->vector) {
        i->out[k] = v;
        x86_put_vector(t, i, k);
    } else if (o->kind == OPERAND_REG)
        x86_put_reg(t, o->bytes, o->n, v);
    else if (o->kind == OPERAND_HIGH)
        ir_put(t->ir, I8, v, IR_SLOT(S_R0 + o->n, 1));
    else if (o->kind == OPERAND_MEM)
        x86_store(t, i, o->bytes, v);
}

/* ---- flags ---- */

IrRef x86_get_flags(Trans *t)
{
    return ir_get(t->ir, T_FLAGS, IR_SLOT(S_FLAGS, 0));
}

void x86_put_flags(Trans *t, IrRef flags)
{
    ir_put(t->ir, T_FLAGS, flags, IR_SLOT(S_FLAGS, 0));
}

IrRef x86_flags_int(Trans *t)
{
    return ir_and(t->ir, I32, x86_get_flags(t), ir_imm(t->ir, I32, FLAGS_ALL), 0);
}

IrRef x86_as_flags(Trans *t, IrRef packed)
{
    return ir_asflags(t->ir, T_FLAGS, packed, 0);
}

IrRef x86_cond(Trans *t, unsigned cc)
{
    static const uint8_t condition[] = { IF_V, IF_NV, IF_C, IF_NC, IF_EQ, IF_NE, IF_BE, IF_A,
                                         IF_N, IF_NN, IF_P, IF_NP, IF_LT, IF_GE, IF_LE, IF_GT };
    return ir_cond(t->ir, T_FLAGS, x86_get_flags(t), condition[cc & 15]);
}

IrRef x86_carry(Trans *t)
{
    return x86_cond(t, 2);
}

/* ---- the stack ---- */

unsigned x86_stack_bytes(const Trans *t)
{
    return x86_code64(t) ? 8 : t->mode & M_STACK32 ? 4 : 2;
}

static IrRef stack_offset(Trans *t, uint64_t add)
{
    unsigned bytes = x86_stack_bytes(t);
    IrType type = x86_type(bytes);
    IrRef sp = x86_get_reg(t, bytes, RSP);
    return !add ? sp : ir_add(t->ir, type, sp, ir_imm(t->ir, type, add), 0);
}

/* A new stack pointer is made from the last one, not from that which several pushes began with: that can go. */
static IrRef moved(Trans *t, uint64_t by)
{
    unsigned bytes = x86_stack_bytes(t);
    IrType type = x86_type(bytes);
    IrRef sp = x86_get_reg(t, bytes, RSP);
    if (t->ir->insn[sp].op == IR_const || !by)
        return stack_offset(t, by);
    return ir_add_raw(t->ir, IR_add, type, sp, ir_imm(t->ir, type, by), 0, 0);
}

void x86_push(Trans *t, unsigned bytes, IrRef v)
{
    unsigned size = x86_stack_bytes(t);
    if (x86_code64(t)) { /* nothing is cut off: the new stack pointer is not wanted before the store is done */
        IrMem m = x86_mem(t, bytes);
        m.disp = -(int32_t)bytes;
        ir_store(t->ir, x86_type(bytes), x86_linear(t, SS, stack_offset(t, 0), bytes, true), v, ir_mem(m));
        x86_drop(t, -(uint64_t)bytes);
        return;
    }
    IrRef sp = moved(t, -(uint64_t)bytes);
    x86_store_at(t, SS, x86_widen(t, size, sp), bytes, v);
    x86_put_reg(t, size, RSP, sp);
}

IrRef x86_pop(Trans *t, unsigned bytes, unsigned skip)
{
    return x86_load_at(t, SS, x86_widen(t, x86_stack_bytes(t), stack_offset(t, skip)), bytes);
}

void x86_drop(Trans *t, uint64_t bytes)
{
    x86_put_reg(t, x86_stack_bytes(t), RSP, moved(t, bytes));
}
