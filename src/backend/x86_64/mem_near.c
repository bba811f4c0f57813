/* Accesses near one another share one check: span.c says which. */
#include "backend/x86_64/mem.h"

unsigned mem_kept(Comp *c, unsigned reg, unsigned to)
{
    if (reg != RAX && reg != RCX)
        return reg;
    asm_load(&c->a, 8, false, to, spill_rm(c, reg == RAX ? KEEP_RAX : KEEP_RCX));
    return to;
}

/* By the table, from which the page may be missing: then what follows is done. Returns what jumps over that. */
static uint8_t *by_probe(Comp *c, const Cold *s, const IrInsn *i, bool vector)
{
    IrMem m = ir_mem_of(s->imm);
    bool is_store = i->op == IR_store, f80 = s->reg[1] == F80_TOP;
    asm_lea(&c->a, true, RAX, rm_mem(mem_kept(c, s->reg[0], RAX), m.disp));
    asm_mov_imm(&c->a, RCX, (uint64_t)(4096 - (1 << m.size)));
    asm_call_to(&c->a, thunks.probe[is_store]);
    uint8_t *absent = asm_jcc(&c->a, CC_A);
    mem_access(c, i, vector, is_store && !vector && !f80 ? mem_kept(c, s->reg[1], RCX) : s->reg[1], RAX, false, 0);
    uint8_t *done = asm_jmp(&c->a);
    asm_here(&c->a, absent);
    return done;
}

/* No page is open in the table, or the span goes beyond it: the one access alone. Where there is a hint, the slow path
 * is to see the access. */
void mem_alone(Comp *c, Cold *s)
{
    const IrInsn *i = insn_of(c, s->ref);
    IrMem m = ir_mem_of(s->imm);
    bool vector = s->reg[3], is_store = i->op == IR_store, f80 = s->reg[1] == F80_TOP;
    asm_store(&c->a, 8, RAX, spill_rm(c, KEEP_RAX));
    asm_store(&c->a, 8, RCX, spill_rm(c, KEEP_RCX));
    uint8_t *done = s->hint ? NULL : by_probe(c, s, i, vector);
    if (is_store && f80) {
        f80_access_early(c, i);
    } else if (is_store && vector) {
        asm_vstore(&c->a, 16, s->reg[1], io(c, 1));
        asm_load(&c->a, 8, false, RCX, io(c, 1));
    } else if (is_store) {
        mem_value_to_rcx(c, s, mem_kept(c, s->reg[1], RCX));
    }
    asm_lea(&c->a, true, RAX, rm_mem(mem_kept(c, s->reg[0], RAX), m.disp));
    mem_call_slow(c, s->imm, s->hint, is_store ? thunks.store : thunks.load);
    if (f80)
        f80_access_late(c, i);
    else if (!is_store && vector)
        asm_vload(&c->a, 1 << m.size, s->reg[1], io(c, 0));
    else if (!is_store)
        asm_mov(&c->a, i->type != I32, s->reg[1], RAX);
    if (done)
        asm_here(&c->a, done);
    if (is_store || vector || s->reg[1] != RAX)
        asm_load(&c->a, 8, false, RAX, spill_rm(c, KEEP_RAX));
    if (is_store || vector || s->reg[1] != RCX)
        asm_load(&c->a, 8, false, RCX, spill_rm(c, KEEP_RCX));
    jump_back(c, s);
}

/* ---- the same for what is in a general register, by thunks that look at the table ---- */

static bool is_kept(const Cold *s, unsigned reg)
{
    return s->keep >> reg & 1;
}

static void keep_for(Comp *c, const Cold *s, unsigned reg, unsigned spill)
{
    if (is_kept(s, reg))
        asm_store(&c->a, 8, reg, spill_rm(c, spill));
}

static void give_back(Comp *c, const Cold *s, unsigned reg, unsigned spill)
{
    if (is_kept(s, reg))
        asm_load(&c->a, 8, false, reg, spill_rm(c, spill));
}

static void load_near(Comp *c, Cold *s)
{
    const IrInsn *i = insn_of(c, s->ref);
    IrMem m = ir_mem_of(s->imm);
    keep_for(c, s, RAX, KEEP_RAX);
    keep_for(c, s, RCX, KEEP_RCX);
    asm_address(&c->a, RAX, s->reg[0], m.disp);
    mem_call_slow(c, s->imm, 0, thunks.near_load[m.size][m.sign]);
    asm_mov_rax(&c->a, i->type != I32, s->reg[1]);
    give_back(c, s, RAX, KEEP_RAX);
    give_back(c, s, RCX, KEEP_RCX);
    jump_back(c, s);
}

/* The value to rcx, the address to rax, either of which the other may be in. */
static void store_near(Comp *c, Cold *s)
{
    static const Enc XCHG = { 0, 0, 0x87, 8, 0, false, false };
    IrMem m = ir_mem_of(s->imm);
    unsigned address = s->reg[0], value = s->reg[1];
    keep_for(c, s, RAX, KEEP_RAX);
    keep_for(c, s, RCX, KEEP_RCX);
    if (address == RCX && value == RAX) {
        asm_op(&c->a, XCHG, true, RAX, rm_reg(RCX), 0);
        address = RAX;
        value = RCX;
    }
    if (address == RCX)
        asm_address(&c->a, RAX, address, m.disp);
    if (value != RCX)
        mem_value_to_rcx(c, s, value);
    if (address != RCX && (address != RAX || m.disp))
        asm_address(&c->a, RAX, address, m.disp);
    mem_call_slow(c, s->imm, 0, thunks.near_store[m.size]);
    give_back(c, s, RAX, KEEP_RAX);
    give_back(c, s, RCX, KEEP_RCX);
    jump_back(c, s);
}

/* Not where that would first have to put pins and 80-bit numbers out of the way. */
static void choose_emit(const Comp *c, Cold *s, const IrInsn *i, bool vector, bool f80)
{
    if (!vector && !f80 && !s->hint && !c->swaps && !c->f80_used)
        s->emit = i->op == IR_store ? store_near : load_near;
}

static unsigned needed_in(const Comp *c, unsigned reg)
{
    IrRef r = c->in_reg[reg];
    return r && r != c->at && needed_later(c, r) ? 1u << reg : 0;
}

static unsigned result_of(Comp *c, const IrInsn *i, bool vector)
{
    release(c, i->arg[0]);
    return vector ? vdefine(c, true) : define(c, i->arg[0]);
}

/* What was checked for an access before holds for this one. All registers are ready before the test. */
static void access_open(Comp *c, const IrInsn *i, bool vector, bool f80, int32_t offset)
{
    unsigned span = span_register(c);
    c->locked |= 1u << span;
    unsigned address = use(c, i->arg[0]), reg = F80_TOP;
    if (i->op == IR_store && !f80)
        reg = mem_stored(c, i, vector);
    clobber_flags(c);
    if (i->op == IR_load && !f80)
        reg = result_of(c, i, vector);
    Cold *s = cold(c, mem_alone);
    s->from[0] = asm_if_zero(&c->a, span);
    late_flags_for(c, s);
    s->reg[0] = (uint8_t)address;
    s->reg[1] = (uint8_t)reg;
    s->reg[3] = vector;
    s->hint = 0;
    s->imm = i->imm;
    s->keep = (uint8_t)(needed_in(c, RAX) | needed_in(c, RCX));
    choose_emit(c, s, i, vector, f80);
    mem_access(c, i, vector, reg, span, false, offset);
    goes_on(c, s);
}

static const AccessForm LEA = { .opcode = 0x8d, .bits = 8, .w = true };

/* Neither rax nor rcx is needed, but what is made of flags takes those, whatever is in them. */
static bool open_stack(Comp *c, const IrInsn *i, bool vector, bool f80, int32_t below, int32_t bytes)
{
    unsigned address = use(c, i->arg[0]), reg = F80_TOP;
    if (i->op == IR_store && !f80)
        reg = mem_stored(c, i, vector);
    uint32_t locked = c->locked;
    c->locked |= 1u << RAX | 1u << RCX;
    unsigned span = temp_left(c) ? scratch(c) : NO_REG;
    c->locked = locked;
    if (span == NO_REG)
        return false;
    c->locked |= 1u << span;
    clobber_flags(c); /* before a register that is given up here may be taken for them */
    if (i->op == IR_load && !f80)
        reg = result_of(c, i, vector);
    Cold *s = mem_check_stack(c, span, address, ir_mem_of(i->imm).disp - below, bytes);
    span_open(c, span);
    s->reg[1] = (uint8_t)reg;
    s->reg[3] = vector;
    mem_access(c, i, vector, reg, span, false, below);
    goes_on(c, s);
    return true;
}

/* The first of several. False, and nothing done: there is no register for it. */
static bool open_span(Comp *c, const IrInsn *i, bool vector, bool f80)
{
    int32_t below, bytes;
    bool write;
    if (!span_begins(c, &below, &bytes, &write))
        return false;
    if (bytes <= STACK_MOST && on_stack(c, i))
        return open_stack(c, i, vector, f80, below, bytes);
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]), reg = F80_TOP;
    if (i->op == IR_store && !f80)
        reg = mem_stored(c, i, vector);
    if (!temp_left(c))
        return false;
    unsigned span = scratch(c);
    if (i->op == IR_load && vector)
        reg = vdefine(c, true);
    int32_t lowest = ir_mem_of(i->imm).disp - below;
    uint64_t imm = (uint32_t)i->imm | (uint64_t)(uint32_t)lowest << 32;
    Cold *s = wants_hint(c, i->imm) ? mem_check_span(c, address, imm, bytes, write, NO_REG, true, mem_alone)
                                    : mem_check_usual(c, address, lowest, bytes, write, mem_alone);
    asm_access(&c->a, LEA, span, address, true, lowest);
    span_open(c, span);
    c->locked &= ~(1u << RAX);
    if (i->op == IR_load && !vector && !f80)
        reg = result_of(c, i, false);
    s->reg[1] = (uint8_t)reg;
    s->reg[3] = vector;
    choose_emit(c, s, i, vector, f80);
    mem_access(c, i, vector, reg, span, false, below);
    goes_on(c, s);
    return true;
}

bool mem_near(Comp *c, const IrInsn *i, bool vector, bool f80)
{
    int32_t offset;
    if (span_register(c) == NO_REG)
        return open_span(c, i, vector, f80);
    if (!span_covers(c, &offset))
        return false;
    access_open(c, i, vector, f80, offset);
    return true;
}
