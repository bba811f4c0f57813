/* String instructions. Once: in line. Repeated, and those of ports: a helper that does as many as it may before the
 * next test for interrupts (help_string.c), for MOVS and STOS after one that is quick where memory is plain. SDM volume
 * 2, REP. */
#include "frontend/x86/strings.h"

static bool call_helper(Trans *t, X86Insn *i, X86String op, unsigned bytes)
{
    uint64_t how = STRING_ARG(op, bytes, i->adsize, i->seg, i->rep, i->length);
    trans_call(t, I64, H_string, x86_const(t, how), x86_const(t, t->pc), IR_NONE);
    return true;
}

/* MOVS and STOS are mostly done in plain memory, without leaving the unit. */
static bool call_quick(Trans *t, X86Insn *i, X86String op, unsigned bytes)
{
    Ir *ir = t->ir;
    if (t->mode & M_ALONE)
        return call_helper(t, i, op, bytes);
    IrRef how = x86_const(t, STRING_ARG(op, bytes, i->adsize, i->seg, i->rep, i->length));
    IrRef left = trans_call(t, I64, H_string_quick, how, IR_NONE, IR_NONE);
    IrRef more = ir_ne(ir, I64, left, x86_const(t, 0), 0);
    how = x86_const(t, STRING_RESUMED | STRING_ARG(op, bytes, i->adsize, i->seg, i->rep, i->length));
    ir_leave_if(ir, T_VOID, more, how, x86_const(t, t->pc), H_string);
    return true;
}

/* What the index registers move by: the operand's size, backwards if DF. */
static IrRef stride(Trans *t, const X86Insn *i, unsigned bytes)
{
    Ir *ir = t->ir;
    IrRef f = ir_get(ir, I32, IR_SLOT(S_EFLAGS, 0));
    IrRef twice = ir_and(ir, I32, ir_shr(ir, I32, f, ir_imm(ir, I32, 9), 0), ir_imm(ir, I32, 2), 0);
    IrRef one = ir_sub(ir, I32, ir_imm(ir, I32, 1), twice, 0);
    IrRef step = ir_shl(ir, I32, one, ir_imm(ir, I32, (unsigned)__builtin_ctz(bytes)), 0);
    return i->adsize == 8 ? ir_sext(ir, I64, step, 32) : step;
}

static void move(Trans *t, const X86Insn *i, unsigned reg, IrRef by)
{
    IrType type = x86_type(i->adsize);
    x86_put_reg(t, i->adsize, reg, ir_add(t->ir, type, x86_get_reg(t, i->adsize, reg), by, 0));
}

static IrRef offset(Trans *t, const X86Insn *i, unsigned reg)
{
    return x86_widen(t, i->adsize, x86_get_reg(t, i->adsize, reg));
}

static IrRef load_source(Trans *t, X86Insn *i, unsigned bytes)
{
    return x86_load_at(t, i->seg, offset(t, i, RSI), bytes);
}

static IrRef load_dest(Trans *t, X86Insn *i, unsigned bytes)
{
    return x86_load_at(t, ES, offset(t, i, RDI), bytes);
}

bool i86_movs(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    if (i->rep)
        return call_quick(t, i, STRING_MOVS, bytes);
    IrRef v = load_source(t, i, bytes);
    x86_store_at(t, ES, offset(t, i, RDI), bytes, v);
    IrRef by = stride(t, i, bytes);
    move(t, i, RSI, by);
    move(t, i, RDI, by);
    return true;
}

bool i86_stos(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    if (i->rep)
        return call_quick(t, i, STRING_STOS, bytes);
    x86_store_at(t, ES, offset(t, i, RDI), bytes, x86_get_reg(t, bytes, RAX));
    move(t, i, RDI, stride(t, i, bytes));
    return true;
}

bool i86_lods(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    if (i->rep)
        return call_helper(t, i, STRING_LODS, bytes);
    x86_put_reg(t, bytes, RAX, load_source(t, i, bytes));
    move(t, i, RSI, stride(t, i, bytes));
    return true;
}

static void compare(Trans *t, unsigned bytes, IrRef a, IrRef b)
{
    IrType type = x86_type(bytes);
    x86_put_flags(t, ir_flags(t->ir, type, ir_sub(t->ir, type, a, b, 0), 0));
}

bool i86_cmps(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    if (i->rep)
        return call_helper(t, i, STRING_CMPS, bytes);
    IrRef a = load_source(t, i, bytes), b = load_dest(t, i, bytes);
    compare(t, bytes, a, b);
    IrRef by = stride(t, i, bytes);
    move(t, i, RSI, by);
    move(t, i, RDI, by);
    return true;
}

bool i86_scas(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    if (i->rep)
        return call_helper(t, i, STRING_SCAS, bytes);
    compare(t, bytes, x86_get_reg(t, bytes, RAX), load_dest(t, i, bytes));
    move(t, i, RDI, stride(t, i, bytes));
    return true;
}

bool i86_ins(Trans *t, X86Insn *i)
{
    return call_helper(t, i, STRING_INS, x86_bytes(i));
}

bool i86_outs(Trans *t, X86Insn *i)
{
    return call_helper(t, i, STRING_OUTS, i->op[1].bytes);
}
