/* Near branches. */
#include "frontend/x86/operand.h"

bool i86_jcc(Trans *t, X86Insn *i)
{
    x86_goto_if(t, i, x86_cond(t, i->opcode & 15), i->imm);
    return true;
}

bool i86_jmp(Trans *t, X86Insn *i)
{
    x86_goto(t, i, i->imm);
    return true;
}

static void push_next(Trans *t, X86Insn *i)
{
    x86_push(t, i->opsize, x86_imm(t, i->opsize, x86_eip(t, i->next)));
}

bool i86_call(Trans *t, X86Insn *i)
{
    if (!x86_check_target(t, i->imm))
        return true;
    push_next(t, i);
    x86_goto(t, i, i->imm);
    return true;
}

bool i86_jmp_reg(Trans *t, X86Insn *i)
{
    x86_goto_ip(t, i, i->in[0]);
    return true;
}

bool i86_call_reg(Trans *t, X86Insn *i)
{
    x86_check_ip(t, i, i->in[0]);
    push_next(t, i);
    x86_goto_ip(t, i, i->in[0]);
    return true;
}

bool i86_ret(Trans *t, X86Insn *i)
{
    IrRef ip = x86_pop(t, i->opsize, 0);
    x86_drop(t, i->opsize + (i->operands ? i->imm & 0xffff : 0));
    x86_goto_ip(t, i, ip);
    return true;
}

/* The count register has the address size. */
static IrRef counted_down(Trans *t, X86Insn *i)
{
    IrType type = x86_type(i->adsize);
    IrRef left = ir_sub(t->ir, type, x86_get_reg(t, i->adsize, RCX), ir_imm(t->ir, type, 1), 0);
    x86_put_reg(t, i->adsize, RCX, left);
    return ir_ne(t->ir, type, left, ir_imm(t->ir, type, 0), 0);
}

bool i86_loop(Trans *t, X86Insn *i)
{
    x86_goto_if(t, i, counted_down(t, i), i->imm);
    return true;
}

bool i86_loope(Trans *t, X86Insn *i)
{
    IrRef zero = x86_cond(t, 4);
    x86_goto_if(t, i, ir_and(t->ir, I64, counted_down(t, i), zero, 0), i->imm);
    return true;
}

bool i86_loopne(Trans *t, X86Insn *i)
{
    IrRef other = x86_cond(t, 5);
    x86_goto_if(t, i, ir_and(t->ir, I64, counted_down(t, i), other, 0), i->imm);
    return true;
}

bool i86_jcxz(Trans *t, X86Insn *i)
{
    IrType type = x86_type(i->adsize);
    IrRef zero = ir_eq(t->ir, type, x86_get_reg(t, i->adsize, RCX), ir_imm(t->ir, type, 0), 0);
    x86_goto_if(t, i, zero, i->imm);
    return true;
}

/* Lets other work go on, but not where something is to happen after this instruction. */
bool i86_pause(Trans *t, X86Insn *i)
{
    if (i->rex & 1) { /* XCHG of R8 and rAX, to which F3 says nothing */
        IrRef a = x86_get_reg(t, i->opsize, RAX), b = x86_get_reg(t, i->opsize, R8);
        x86_put_reg(t, i->opsize, RAX, b);
        x86_put_reg(t, i->opsize, R8, a);
        return true;
    }
    if (t->mode & M_ALONE)
        return true;
    x86_set_next(t, i);
    trans_leave(t, EXIT_EVENT);
    return true;
}
