/* Accesses on the stack. All of a bank share one hint, the page that the stack was last found in (StackHint): the check
 * needs neither the table nor the address to know where memory is. Another page is taken from the table in some thirty
 * instructions, so that two stacks, or one at the border of pages, do little harm. */
#include "backend/x86_64/mem.h"

/* imm2: how far below the access the check begins, and of how many bytes. */
static void another_page(Comp *c, Cold *s)
{
    int32_t below = (int32_t)(s->imm2 >> 32);
    asm_store(&c->a, 8, RAX, spill_rm(c, KEEP_RAX));
    asm_store(&c->a, 8, RCX, spill_rm(c, KEEP_RCX));
    asm_lea(&c->a, true, RAX, rm_mem(mem_kept(c, s->reg[0], RAX), ir_mem_of(s->imm).disp - below));
    asm_mov_imm(&c->a, RCX, stack_end(stack_span((int32_t)s->imm2)) - 1);
    asm_call_to(&c->a, thunks.stack);
    asm_load(&c->a, 8, false, RAX, spill_rm(c, KEEP_RAX));
    asm_load(&c->a, 8, false, RCX, spill_rm(c, KEEP_RCX));
    asm_target(asm_jcc(&c->a, CC_BE), s->guess);
    mem_alone(c, s);
}

static Rm hint_rm(size_t offset)
{
    return rm_mem(R14, (int32_t)(offsetof(TlbBank, stack) + offset));
}

/*     lea at, [address]; sub at, [start]; cmp at, [end]; jae cold; add at, [host] */
Cold *mem_check_stack(Comp *c, unsigned at, unsigned address, int32_t disp, int32_t bytes)
{
    uint64_t imm = insn_of(c, (IrRef)c->at)->imm;
    clobber_flags(c);
    uint8_t *begin = c->a.p;
    asm_address(&c->a, at, address, disp);
    asm_alu(&c->a, ALU_SUB, true, at, hint_rm(offsetof(StackHint, start)));
    asm_alu(&c->a, ALU_CMP, true, at, hint_rm(offsetof(StackHint, end) + 8 * stack_span(bytes)));
    Cold *s = cold(c, another_page);
    s->from[0] = asm_jcc(&c->a, CC_AE);
    late_flags_for(c, s);
    asm_alu(&c->a, ALU_ADD, true, at, hint_rm(offsetof(StackHint, host)));
    s->guess = begin;
    s->hint = 0;
    s->imm = imm;
    s->imm2 = (uint64_t)(uint32_t)(ir_mem_of(imm).disp - disp) << 32 | (uint32_t)bytes;
    s->reg[0] = (uint8_t)address;
    return s;
}

bool mem_stack(Comp *c, const IrInsn *i, bool vector)
{
    bool is_store = i->op == IR_store;
    if (ir_mem_of(i->imm).size > 4 || !on_stack(c, i))
        return false;
    unsigned address = use(c, i->arg[0]), reg = is_store ? mem_stored(c, i, vector) : 0, at = scratch(c);
    if (!is_store && vector)
        reg = vdefine(c, true);
    Cold *s = mem_check_stack(c, at, address, ir_mem_of(i->imm).disp, 1 << ir_mem_of(i->imm).size);
    c->locked &= ~(1u << at); /* it may serve the result, so that no other value has to move */
    release(c, i->arg[0]);
    if (!is_store && !vector)
        reg = define(c, 0);
    mem_access(c, i, vector, reg, at, false, 0);
    s->reg[1] = (uint8_t)reg;
    s->reg[3] = vector;
    goes_on(c, s);
    return true;
}
