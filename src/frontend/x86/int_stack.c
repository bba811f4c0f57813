/* PUSH and POP in their forms, ENTER and LEAVE. Values go to the stack before rSP changes, so a fault finds it as it
 * was. */
#include "frontend/x86/operand.h"

bool i86_push(Trans *t, X86Insn *i)
{
    unsigned bytes = i->op[0].kind == OPERAND_IMM ? i->opsize : x86_bytes(i);
    x86_push(t, bytes, i->op[0].kind == OPERAND_IMM ? x86_imm(t, bytes, i->imm) : i->in[0]);
    return true;
}

/* POP to memory: an address from rSP is that after the pop; rSP itself changes after the store. */
static void pop_to_memory(Trans *t, X86Insn *i, unsigned bytes, IrRef v)
{
    if (i->base == RSP)
        i->disp += bytes;
    x86_store(t, i, bytes, v);
    x86_drop(t, bytes);
}

bool i86_pop(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    IrRef v = x86_pop(t, bytes, 0);
    if (i->op[0].kind == OPERAND_MEM) {
        pop_to_memory(t, i, bytes, v);
        return true;
    }
    x86_drop(t, bytes);
    x86_put_reg(t, bytes, i->op[0].n, v);
    return true;
}

/* Places on the stack: rSP + distance, cut to the stack's size. */
static IrRef place(Trans *t, uint64_t distance)
{
    unsigned size = x86_stack_bytes(t);
    IrType type = x86_type(size);
    IrRef sp = ir_add(t->ir, type, x86_get_reg(t, size, RSP), ir_imm(t->ir, type, distance), 0);
    return x86_widen(t, size, sp);
}

bool i86_pusha(Trans *t, X86Insn *i)
{
    unsigned bytes = i->opsize;
    for (unsigned n = 0; n < 8; n++)
        x86_store_at(t, SS, place(t, -(uint64_t)(bytes * (n + 1))), bytes, x86_get_reg(t, bytes, n));
    x86_drop(t, -(uint64_t)(8 * bytes));
    return true;
}

bool i86_popa(Trans *t, X86Insn *i)
{
    unsigned bytes = i->opsize;
    IrRef v[8];
    for (unsigned n = 0; n < 8; n++) /* all are read before one is written */
        v[n] = n == RSP ? IR_NONE : x86_load_at(t, SS, place(t, (uint64_t)bytes * (7 - n)), bytes);
    for (unsigned n = 0; n < 8; n++)
        if (n != RSP)
            x86_put_reg(t, bytes, n, v[n]);
    x86_drop(t, 8 * bytes);
    return true;
}

bool i86_enter(Trans *t, X86Insn *i)
{
    uint64_t how = (uint64_t)i->opsize | (i->imm2 & 31) << 8;
    trans_call(t, I64, H_enter, x86_const(t, i->imm & 0xffff), x86_const(t, how), IR_NONE);
    return true;
}

bool i86_leave(Trans *t, X86Insn *i)
{
    unsigned bytes = i->opsize, size = x86_stack_bytes(t);
    IrType type = x86_type(size);
    IrRef frame = x86_get_reg(t, size, RBP);
    IrRef v = x86_load_at(t, SS, x86_widen(t, size, frame), bytes);
    x86_put_reg(t, size, RSP, ir_add(t->ir, type, frame, ir_imm(t->ir, type, bytes), 0));
    x86_put_reg(t, bytes, RBP, v);
    return true;
}
