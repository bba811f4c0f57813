/* Handlers of opcodes_seg.def. SDM volume 2. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

enum { GDT, IDT, LDT, TASK };

/* The limit or selector goes to tmp[0], the base to tmp[1]. */
uint64_t x86_help_get_table(Cpu *cpu, uint64_t which, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    c->tmp[0] = which == GDT   ? c->gdt_limit
                : which == IDT ? c->idt_limit
                               : (which == LDT ? &c->ldtr : &c->tr)->selector;
    c->tmp[1] = which == GDT ? c->gdt_base : c->idt_base;
    return 0;
}

uint64_t x86_help_set_table(Cpu *cpu, uint64_t which, uint64_t limit, uint64_t base)
{
    X86Cpu *c = x86_of(cpu);
    if (x86_in_code64(c) && !x86_canonical(base)) {
        x86_raise(c, X86_GP, 0);
        return 1;
    }
    *(which == GDT ? &c->gdt_base : &c->idt_base) = base;
    *(which == GDT ? &c->gdt_limit : &c->idt_limit) = (uint32_t)limit & 0xffff;
    return 0;
}

static IrRef base_offset(Trans *t, X86Insn *i)
{
    return x86_widen(t, i->adsize, ir_add(t->ir, I64, x86_offset(t, i), x86_const(t, 2), 0));
}

static bool store_table(Trans *t, X86Insn *i, unsigned which)
{
    unsigned bytes = x86_code64(t) ? 8 : 4;
    x86_check_umip(t);
    trans_call(t, I64, H_get_table, x86_const(t, which), IR_NONE, IR_NONE);
    x86_store_at(t, i->seg, x86_offset(t, i), 2, ir_get(t->ir, I16, IR_SLOT(S_TMP0, 0)));
    x86_store_at(t, i->seg, base_offset(t, i), bytes, ir_get(t->ir, x86_type(bytes), IR_SLOT(S_TMP0 + 1, 0)));
    return true;
}

/* With 16-bit operands the base has 24 bits. */
static bool load_table(Trans *t, X86Insn *i, unsigned which)
{
    unsigned bytes = x86_code64(t) ? 8 : 4;
    IrRef limit = ir_zext(t->ir, I64, x86_load_at(t, i->seg, x86_offset(t, i), 2), 16);
    IrRef base = x86_widen(t, bytes, x86_load_at(t, i->seg, base_offset(t, i), bytes));
    if (bytes == 4 && i->opsize == 2)
        base = ir_and(t->ir, I64, base, x86_const(t, 0xffffff), 0);
    trans_call(t, I64, H_set_table, x86_const(t, which), limit, base);
    return true;
}

bool i86_sgdt(Trans *t, X86Insn *i)
{
    return store_table(t, i, GDT);
}

bool i86_sidt(Trans *t, X86Insn *i)
{
    return store_table(t, i, IDT);
}

bool i86_lgdt(Trans *t, X86Insn *i)
{
    return load_table(t, i, GDT);
}

bool i86_lidt(Trans *t, X86Insn *i)
{
    return load_table(t, i, IDT);
}

static bool store_selector(Trans *t, X86Insn *i, unsigned which)
{
    x86_check_umip(t);
    trans_call(t, I64, H_get_table, x86_const(t, which), IR_NONE, IR_NONE);
    if (i->op[0].kind == OPERAND_MEM)
        x86_store(t, i, 2, ir_get(t->ir, I16, IR_SLOT(S_TMP0, 0)));
    else
        x86_put_reg(t, i->opsize, i->op[0].n, ir_get(t->ir, x86_type(i->opsize), IR_SLOT(S_TMP0, 0)));
    return true;
}

bool i86_sldt(Trans *t, X86Insn *i)
{
    return store_selector(t, i, LDT);
}

bool i86_str(Trans *t, X86Insn *i)
{
    return store_selector(t, i, TASK);
}

static bool call(Trans *t, int helper, IrRef selector, uint64_t b, uint64_t c)
{
    trans_call(t, I64, helper, ir_zext(t->ir, I64, selector, 16), x86_const(t, b), x86_const(t, c));
    return true;
}

bool i86_lldt(Trans *t, X86Insn *i)
{
    return call(t, H_lldt, i->in[0], 0, 0);
}

bool i86_ltr(Trans *t, X86Insn *i)
{
    return call(t, H_ltr, i->in[0], 0, 0);
}

bool i86_verr(Trans *t, X86Insn *i)
{
    return call(t, H_verify, i->in[0], 0, 0);
}

bool i86_verw(Trans *t, X86Insn *i)
{
    return call(t, H_verify, i->in[0], 1, 0);
}

bool i86_lar(Trans *t, X86Insn *i)
{
    return call(t, H_look, x86_get_operand(t, i, 1), (uint64_t)i->opsize << 8, i->op[0].n);
}

bool i86_lsl(Trans *t, X86Insn *i)
{
    return call(t, H_look, x86_get_operand(t, i, 1), 1 | (uint64_t)i->opsize << 8, i->op[0].n);
}

bool i86_rsm(Trans *t, X86Insn *i)
{
    (void)i;
    trans_set_pc(t, t->pc);
    trans_call(t, I64, H_rsm, IR_NONE, IR_NONE, IR_NONE);
    x86_goto_state(t);
    return true;
}

/* ZF says whether the privilege level had to be raised. */
bool i86_arpl(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef rpl = ir_and(ir, I16, i->in[1], ir_imm(ir, I16, 3), 0),
          own = ir_and(ir, I16, i->in[0], ir_imm(ir, I16, 3), 0);
    IrRef less = ir_ltu(ir, I16, own, rpl, 0);
    IrRef raised = ir_or(ir, I16, ir_and(ir, I16, i->in[0], ir_imm(ir, I16, 0xfffc), 0), rpl, 0);
    i->out[0] = ir_pick(ir, I16, less, raised, i->in[0], 0);
    IrRef rest = ir_and(ir, I32, x86_flags_int(t), ir_imm(ir, I32, FLAGS_ALL & ~(uint32_t)FLAG_Z), 0);
    IrRef zero = ir_pick(ir, I32, less, ir_imm(ir, I32, FLAG_Z), ir_imm(ir, I32, 0), 0);
    i->flags = x86_as_flags(t, ir_or(ir, I32, rest, zero, 0));
    return true;
}
