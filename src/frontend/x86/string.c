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

static void move(Trans *t, const X86Insn *i, unsigned reg, IrRef by)
{
    IrType type = x86_type(i->adsize);
    x86_put_reg(t, i->adsize, reg, ir_add(t->ir, type, x86_get_reg(t, i->adsize, reg), by, 0));
}

static IrRef offset(Trans *t, const X86Insn *i, unsigned reg)
{
    return x86_widen(t, i->adsize, x86_get_reg(t, i->adsize, reg));
}

/* What is left is for the helper `string`. tmp[0]: elements done. */
static bool leave_rest(Trans *t, const X86Insn *i, X86String op, unsigned bytes, IrRef left)
{
    Ir *ir = t->ir;
    IrRef how = x86_const(t, STRING_RESUMED | STRING_ARG(op, bytes, i->adsize, i->seg, i->rep, i->length));
    ir_leave_if(ir, T_VOID, ir_ne(ir, I64, left, x86_const(t, 0), 0), how, x86_const(t, t->pc), H_string);
    return true;
}

/* Addresses as wide as they can be, in segments that bound nothing. */
static bool is_flat(const Trans *t, const X86Insn *i, unsigned seg)
{
    if (x86_code64(t))
        return i->adsize == 8;
    return i->adsize == 4 && seg != CS && t->mode & (uint64_t)M_BASE0 << seg && t->mode & (uint64_t)M_WHOLE << seg;
}

/* Upwards, in flat segments: the registers move by what the helper says it has done. */
static bool call_flat(Trans *t, const X86Insn *i, X86String op, unsigned bytes)
{
    static const int helper[][4] = {
        [STRING_MOVS] = { H_movs1, H_movs2, H_movs4, H_movs8 }, [STRING_STOS] = { H_stos1, H_stos2, H_stos4, H_stos8 }
    };
    Ir *ir = t->ir;
    unsigned log = (unsigned)__builtin_ctz(bytes);
    IrRef down = ir_and(ir, I32, ir_get(ir, I32, IR_SLOT(S_EFLAGS, 0)), ir_imm(ir, I32, FL_DF), 0);
    IrRef count = ir_minu(ir, I64, offset(t, i, RCX), x86_const(t, STRING_BYTES / bytes), 0);
    count = ir_pick(ir, I64, ir_eq(ir, I32, down, ir_imm(ir, I32, 0), 0), count, x86_const(t, 0), 0);
    IrRef from = op == STRING_MOVS ? x86_linear(t, i->seg, offset(t, i, RSI), 1, false) : x86_get_reg(t, 8, RAX);
    IrRef done = trans_call(t, I64, helper[op][log], offset(t, i, RDI), from, count);
    IrRef by = ir_shl(ir, I64, done, x86_const(t, log), 0);
    ir_put(ir, I64, done, IR_SLOT(S_TMP0, 0));
    move(t, i, RDI, by);
    if (op == STRING_MOVS)
        move(t, i, RSI, by);
    move(t, i, RCX, ir_neg(ir, I64, done, 0));
    return leave_rest(t, i, op, bytes, offset(t, i, RCX));
}

/* MOVS and STOS are mostly done in plain memory, without leaving the unit. */
static bool call_quick(Trans *t, X86Insn *i, X86String op, unsigned bytes)
{
    if (t->mode & M_ALONE)
        return call_helper(t, i, op, bytes);
    if (is_flat(t, i, ES) && (op == STRING_STOS || is_flat(t, i, i->seg)))
        return call_flat(t, i, op, bytes);
    IrRef how = x86_const(t, STRING_ARG(op, bytes, i->adsize, i->seg, i->rep, i->length));
    return leave_rest(t, i, op, bytes, trans_call(t, I64, H_string_quick, how, IR_NONE, IR_NONE));
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
