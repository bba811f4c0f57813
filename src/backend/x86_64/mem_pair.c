/* Two accesses next to each other, as ldp and stp make them: one check for both. The cold path does both. */
#include "backend/x86_64/mem.h"

static void load_pair_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    asm_mov(&c->a, true, s->reg[1], RAX);
    mem_go_slow_for(c, s, s->imm2, 0, thunks.load);
    if (s->reg2 != RAX)
        asm_mov(&c->a, true, s->reg2, RAX);
    jump_back(c, s);
}

static void vload_pair_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    asm_vload(&c->a, 1 << ir_mem_of(s->imm).size, s->reg[1], io(c, 0));
    mem_go_slow_for(c, s, s->imm2, 0, thunks.load);
    asm_vload(&c->a, 1 << ir_mem_of(s->imm).size, s->reg2, io(c, 0));
    jump_back(c, s);
}

static void store_pair_slow(Comp *c, Cold *s)
{
    asm_mov(&c->a, true, RCX, s->reg[1]);
    go_slow(c, s, thunks.store);
    asm_mov(&c->a, true, RCX, s->reg2);
    mem_go_slow_for(c, s, s->imm2, 0, thunks.store);
    jump_back(c, s);
}

static void vstore_pair_slow(Comp *c, Cold *s)
{
    asm_vstore(&c->a, 16, s->reg[1], io(c, 1));
    asm_load(&c->a, 8, false, RCX, io(c, 1));
    go_slow(c, s, thunks.store);
    asm_vstore(&c->a, 16, s->reg2, io(c, 1));
    asm_load(&c->a, 8, false, RCX, io(c, 1));
    mem_go_slow_for(c, s, s->imm2, 0, thunks.store);
    jump_back(c, s);
}

/* Index of the access right after this one that differs only in its place, just above this one; 0: none. */
uint32_t partner(Comp *c)
{
    uint32_t k = c->live.access[c->at];
    const IrInsn *i = insn_of(c, (IrRef)c->at), *next = insn_of(c, (IrRef)k);
    if (!mem_may_pair(c, i))
        return 0;
    for (const IrInsn *between = i + 1; between < next; between++)
        if (between->op != IR_nop && between->op != IR_const)
            return 0;
    IrMem m = ir_mem_of(i->imm);
    bool plain = !m.big && !m.order && !m.align && !m.user && m.size >= 2 && !(m.sign && i->type == I32);
    if (!plain || next->type != i->type || is_const(c, i->arg[0]))
        return 0;
    if (i->op == IR_store && next->arg[1] > c->at)
        return 0;
    if (i->op == IR_store &&
        ir_in_vector_reg(ir_result(insn_of(c, i->arg[1]))) != ir_in_vector_reg(ir_result(insn_of(c, next->arg[1]))))
        return 0;
    return k;
}

/* rax, rcx and everything that this needs are taken before the check: the cold path must not miss a move. */
bool mem_load_pair(Comp *c, const IrInsn *i, bool vector)
{
    IrMem m = ir_mem_of(i->imm);
    uint32_t second = partner(c);
    if (!second)
        return false;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned dst = vector ? vscratch(c) : scratch(c), dst2 = vector ? vscratch(c) : 0;
    Cold *s = mem_check_span(c, address, i->imm, 2 << m.size, false, NO_REG, wants_hint(c, i->imm),
                             vector ? vload_pair_slow : load_pair_slow);
    Rm rm = rm_index(address, RAX, 0, m.disp);
    if (vector)
        asm_vload(&c->a, 1 << m.size, dst, rm);
    else
        asm_load(&c->a, 1 << m.size, m.sign && i->type == I64, dst, rm);
    result_stays(c, dst, vector);
    s->reg[1] = (uint8_t)dst;
    s->reg2 = (uint8_t)dst2;
    c->pair.at = second;
    c->pair.cold = s;
    return true;
}

void mem_load_second(Comp *c, const IrInsn *i, bool vector)
{
    IrMem m = ir_mem_of(i->imm);
    Cold *s = c->pair.cold;
    c->pair.at = 0;
    Rm rm = rm_index(s->reg[0], RAX, 0, m.disp);
    unsigned dst;
    s->imm2 = i->imm;
    if (vector) {
        dst = s->reg2;
        asm_vload(&c->a, 1 << m.size, dst, rm);
        result_stays(c, dst, true);
    } else { /* rax is free, so that no other value has to move */
        c->locked |= 1u << s->reg[1];
        use(c, i->arg[0]);
        release(c, i->arg[0]);
        dst = define(c, i->arg[0]);
        asm_load(&c->a, 1 << m.size, m.sign && i->type == I64, dst, rm);
    }
    s->reg2 = (uint8_t)dst;
    goes_on(c, s);
}

static bool in_pin(Comp *c, IrRef r)
{
    Where w = c->where[r];
    return !is_const(c, r) && w.place == IN_PIN && !slot_is_vector(c, w.of) && !w.offset;
}

bool mem_store_pair(Comp *c, const IrInsn *i, bool vector)
{
    IrMem m = ir_mem_of(i->imm);
    uint32_t second = partner(c);
    if (!second)
        return false;
    IrRef other = insn_of(c, (IrRef)second)->arg[1];
    if (!vector && !in_pin(c, i->arg[0]) + !in_pin(c, i->arg[1]) + !in_pin(c, other) > 2)
        return false; /* more than there are registers */
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned value = vector ? vuse(c, i->arg[1]) : use(c, i->arg[1]);
    unsigned next = vector ? vuse(c, other) : use(c, other);
    Cold *s = mem_check_span(c, address, i->imm, 2 << m.size, true, NO_REG, wants_hint(c, i->imm),
                             vector ? vstore_pair_slow : store_pair_slow);
    for (int k = 0; k < 2; k++) {
        Rm rm = rm_index(address, RAX, 0, m.disp + (k << m.size));
        if (vector)
            asm_vstore(&c->a, 1 << m.size, k ? next : value, rm);
        else
            asm_store(&c->a, 1 << m.size, k ? next : value, rm);
    }
    s->reg[1] = (uint8_t)value;
    s->reg2 = (uint8_t)next;
    s->imm2 = insn_of(c, (IrRef)second)->imm;
    goes_on(c, s);
    c->pair.at = second;
    return true;
}
