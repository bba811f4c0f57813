/* Branches inside a unit, links to other units of the page, lookups of everything else. */
#include "backend/x86_64/comp.h"

#include <assert.h>

static bool in_page(const Comp *c, uint64_t pc)
{
    return !((pc ^ c->first_pc) >> 12);
}

bool unit_has_label(const Comp *c, uint64_t pc)
{
    return ir_label_number(c->ir, pc) < c->ir->labels;
}

static unsigned label_index(Comp *c, uint64_t pc)
{
    for (uint32_t k = 0; k < c->labels; k++)
        if (c->label[k].pc == pc)
            return k;
    if (c->labels == IR_LABELS) {
        c->a.full = true;
        return 0;
    }
    c->label[c->labels].pc = pc;
    c->label[c->labels].at = NULL;
    c->label[c->labels].waits = 0;
    c->label[c->labels].bound = false;
    return c->labels++;
}

static void flush_and_go(Comp *, Cold *);

/* Of the branches that wait for the label too; false: not all can leave the status word to the host. */
static bool agree(Comp *c, uint64_t pc, F80Cache *there, bool *any)
{
    bool keeps = true;
    for (uint32_t k = 0; k < c->colds; k++) {
        const Cold *s = &c->cold[k];
        if (s->emit != flush_and_go || s->imm != pc)
            continue;
        if (!*any)
            *there = f80_alive(&s->f80);
        *any = true;
        owed_meet(c, there, &s->f80);
        keeps &= f80_keeps(&s->f80, there);
        there->ran |= s->f80.ran;
        there->zero &= s->f80.zero;
        there->changed |= f80_changed(&s->f80, there);
    }
    return keeps;
}

/* What is on the host's stack at a label: what is there when it is reached from above, or else by the first branch. */
static void meet(Comp *c, unsigned k)
{
    F80Cache *want = &c->label[k].f80;
    bool any = !c->over, keeps;
    if (!c->label[k].bound) {
        *want = f80_alive(&c->f80);
        keeps = !any || f80_keeps(&c->f80, want);
        keeps &= agree(c, c->label[k].pc, want, &any);
        if (c->label[k].waits) {
            *want = (F80Cache){ 0 };
            keeps = false;
        }
        want->ran &= keeps;
        want->valid = keeps;
        want->zero &= keeps;
    }
    if (c->over)
        c->f80 = *want;
    else
        f80_become(c, want);
    c->over = false;
}

void label_here(Comp *c, uint64_t pc)
{
    unsigned k = label_index(c, pc);
    if (c->f80_used)
        meet(c, k);
    else
        c->label[k].f80 = c->f80;
    c->label[k].at = c->a.p;
    for (unsigned w = 0; w < c->label[k].waits; w++)
        asm_here(&c->a, c->label[k].wait[w]);
}

/* A rel32 that shall go to the label, now or when it comes. */
static bool to_label(Comp *c, unsigned k, uint8_t *rel32)
{
    if (c->label[k].at) {
        asm_target(rel32, c->label[k].at);
        return true;
    }
    if (c->label[k].waits == 8) {
        c->a.full = true;
        return false;
    }
    c->label[k].wait[c->label[k].waits++] = rel32;
    return true;
}

static uint32_t offset_of(const Comp *c, const uint8_t *at)
{
    return (uint32_t)(at - c->out->at);
}

static void link_stub(Comp *c, Cold *s)
{
    UnitExit *e = &c->out->exit[s->reg[0]];
    if (s->reg[1])
        pins_out(c);
    e->stub = offset_of(c, c->a.p);
    if (s->from[2]) /* the patchable one */
        e->patch = offset_of(c, s->from[2]);
    asm_call_to(&c->a, thunks.link);
}

static Cold *new_exit(Comp *c, uint64_t pc)
{
    Cold *s = cold(c, link_stub);
    if (c->out->exits == UNIT_EXITS) {
        c->a.full = true;
        return s;
    }
    c->out->exit[c->out->exits] = (UnitExit){ .pc = pc };
    s->reg[0] = (uint8_t)c->out->exits++;
    return s;
}

enum { COMPARE_STOP = 4 }; /* bytes */

static void compare_stop(Comp *c)
{
    clobber_flags(c);
    uint8_t *at = c->a.p;
    asm_alu_imm(&c->a, ALU_CMP, false, cpu_rm(offsetof(Cpu, stop)), 0);
    assert(c->a.p - at == COMPARE_STOP);
    (void)at;
}

static void miss(Comp *c, Cold *s)
{
    asm_mov(&c->a, true, RAX, s->reg[0]);
    asm_jmp_to(&c->a, thunks.lookup_miss);
}

/* To the pc in the register, through the bank's table: the place that rcx is the offset of, from `at` on. */
static void look_up(Comp *c, unsigned pc, int32_t at)
{
    asm_alu(&c->a, ALU_CMP, true, pc, rm_index(R14, RCX, 0, at));
    if (pc == RAX) {
        asm_jcc_to(&c->a, CC_NE, thunks.lookup_miss);
    } else {
        Cold *s = cold(c, miss);
        s->reg[0] = (uint8_t)pc;
        s->from[0] = asm_jcc(&c->a, CC_NE);
    }
    asm_op(&c->a, (Enc){ 0, 0, 0xff, 4, 0, false, false }, false, 0, rm_index(R14, RCX, 0, at + 8), 0); /* jmp [code] */
}

static void look_up_any(Comp *c, unsigned pc)
{
    jump_offset(&c->a, c->guest, pc);
    asm_alu(&c->a, ALU_OR, true, RCX, cpu_rm(offsetof(Cpu, stop)));
    look_up(c, pc, BANK_JUMP);
}

/* Leaves for a pc outside the page or behind it. With the stop word the place is another, where the pc is not. */
static void cross_page(Comp *c, uint64_t pc)
{
    pins_out(c);
    asm_mov_imm(&c->a, RAX, pc);
    if (c->piece) { /* where the place is not a constant that no other pc has anything of */
        look_up_any(c, RAX);
        return;
    }
    asm_load(&c->a, 8, false, RCX, cpu_rm(offsetof(Cpu, stop)));
    look_up(c, RAX, (int32_t)(jump_place(pc, c->guest->pc_shift) * sizeof(JumpEntry)) + BANK_JUMP);
}

static void cross_page_cold(Comp *c, Cold *s)
{
    c->host = 0;
    f80_flush(c);
    cross_page(c, s->imm);
}

/* Back to the unit's start, past where that loads the stack. */
static void go_round(Comp *c, uint64_t pc)
{
    f80_go_round(c);
    Cold *s = new_exit(c, pc);
    s->reg[1] = true;
    late_flags_for(c, s);
    compare_stop(c);
    asm_target(asm_jcc(&c->a, CC_E), c->f80_loop.at);
    f80_flush(c);
    s->from[0] = asm_jmp(&c->a);
}

/* To a label that is yet to come. */
static void go_down(Comp *c, unsigned k)
{
    if (c->label[k].bound) {
        f80_become(c, &c->label[k].f80);
    } else if (f80_busy(c)) {
        if (c->label[k].waits)
            f80_flush(c);
        else
            f80_settle(c);
        c->label[k].f80 = c->f80;
        c->label[k].bound = true;
    }
    to_label(c, k, asm_jmp(&c->a));
}

static void go_up(Comp *c, unsigned k, uint64_t pc)
{
    f80_become(c, &c->label[k].f80);
    Cold *s = new_exit(c, pc);
    s->reg[1] = true;
    late_flags_for(c, s);
    compare_stop(c);
    to_label(c, k, asm_jcc(&c->a, CC_E));
    f80_flush(c);
    s->from[0] = asm_jmp(&c->a);
}

static void go(Comp *c, uint64_t pc)
{
    c->host = 0;
    if (f80_goes_round(c, pc)) {
        go_round(c, pc);
        return;
    }
    if (unit_has_label(c, pc) && !c->label[label_index(c, pc)].at) {
        go_down(c, label_index(c, pc));
        return;
    }
    if (unit_has_label(c, pc) && f80_fits(c, &c->label[label_index(c, pc)].f80)) {
        go_up(c, label_index(c, pc), pc);
        return;
    }
    late_flags(c);
    f80_flush(c);
    if (in_page(c, pc)) {
        Cold *s = new_exit(c, pc);
        pins_out(c);
        if (pc > c->pc) {
            s->from[2] = asm_jmp_aligned(&c->a);
            return;
        }
        asm_align_jcc(&c->a, COMPARE_STOP); /* the test and its jump stay together: the host fuses them */
        compare_stop(c);
        s->from[2] = asm_jcc(&c->a, CC_E);
        s->from[0] = asm_jmp(&c->a);
    } else {
        cross_page(c, pc);
    }
}

/* Out of a loop: on the way its pins are swapped. */
static void swap_and_go(Comp *c, Cold *s)
{
    f80_flush(c);
    pins_out(c);
    Cold *stub = new_exit(c, s->imm);
    stub->from[2] = asm_jmp_aligned(&c->a);
}

/* If nothing has to be done, nor was for late flags, the branch itself goes there. */
static void flush_and_go(Comp *c, Cold *s)
{
    unsigned k = label_index(c, s->imm);
    const F80Cache *want = &c->label[k].f80;
    if (!s->late && f80_same(&c->f80, want) && (want->ran || !c->f80.ran) && owed_among(c, &c->f80, want)) {
        to_label(c, k, s->from[0]);
        return;
    }
    f80_become(c, want);
    to_label(c, k, asm_jmp(&c->a));
}

/* The slot of late flags need not be right at that label. */
static bool dead_at_label(const Comp *c, uint64_t pc)
{
    uint32_t k = ir_label_number(c->ir, pc);
    return k < c->ir->labels && c->live.dead[k] == c->late.slot;
}

/* A loop's branch: the stop word is tested where it is taken, the condition skips both. */
static void back_if(Comp *c, Cc cc, uint64_t pc)
{
    uint8_t *skip = asm_jcc(&c->a, (Cc)(cc ^ 1));
    IrRef host = c->host;
    uint16_t slot = c->host_slot;
    Where saved = c->where[host];
    uint64_t here = c->pc;
    F80Cache f80 = c->f80;
    IrRef late = c->late.flags;
    if (!dead_at_label(c, pc)) {
        late_flags(c);
        c->late.flags = 0;
    }
    c->pc = pc > here ? pc : here; /* go() takes it for a backward jump */
    go(c, pc);
    c->pc = here;
    c->late.flags = late;
    asm_here(&c->a, skip);
    c->host = host; /* not reached from the test: the flags are as they were */
    c->host_slot = slot;
    c->where[host] = saved;
    c->f80 = f80;
}

static void go_if(Comp *c, IrRef bit, uint64_t pc)
{
    bool known, value;
    Cc cc = condition(c, bit, &known, &value);
    if (known) {
        if (value) {
            late_flags(c);
            go(c, pc);
        }
        return;
    }
    if (unit_has_label(c, pc)) {
        unsigned k = label_index(c, pc);
        if (c->label[k].at) {
            back_if(c, cc, pc);
        } else if (f80_busy(c) || c->label[k].bound || (flags_are_late(c) && !dead_at_label(c, pc))) {
            Cold *s = cold(c, flush_and_go);
            if (!dead_at_label(c, pc))
                late_flags_for(c, s);
            s->imm = pc;
            s->from[0] = asm_jcc(&c->a, cc);
        } else
            to_label(c, k, asm_jcc(&c->a, cc));
    } else if (!in_page(c, pc)) {
        Cold *s = cold(c, cross_page_cold);
        late_flags_for(c, s);
        s->imm = pc;
        s->from[0] = asm_jcc(&c->a, cc);
    } else if (pc <= c->pc) {
        back_if(c, cc, pc);
    } else if (c->swaps || f80_busy(c) || flags_are_late(c)) {
        Cold *s = cold(c, swap_and_go);
        late_flags_for(c, s);
        s->imm = pc;
        s->from[0] = asm_jcc(&c->a, cc);
    } else {
        Cold *s = new_exit(c, pc);
        s->from[2] = asm_jcc_aligned(&c->a, cc);
    }
}

/* In any register but rcx that is still the same when the pins are back. */
static unsigned target(Comp *c, IrRef pc)
{
    unsigned reg = c->swaps ? use_in(c, pc, RAX) : use(c, pc);
    return reg == RCX ? use_in(c, pc, RAX) : reg;
}

static void go_reg(Comp *c, IrRef pc)
{
    unsigned reg = target(c, pc);
    take(c, RCX);
    pins_out(c);
    look_up_any(c, reg);
}

/* What was taken too much is given back. */
static void short_of(Comp *c, Cold *s)
{
    pins_out(c);
    asm_alu_imm(&c->a, ALU_ADD, true, cpu_rm(offsetof(Cpu, budget)), (int32_t)s->imm);
    asm_mov_imm(&c->a, RAX, c->pc);
    asm_jmp_to(&c->a, thunks.budget);
}

static void charge(Comp *c, uint64_t insns)
{
    clobber_flags(c);
    asm_alu_imm(&c->a, ALU_SUB, true, cpu_rm(offsetof(Cpu, budget)), (int32_t)insns);
    uint8_t *fewer = asm_jcc(&c->a, CC_S);
    Cold *s = cold(c, short_of);
    s->from[0] = fewer;
    s->imm = insns;
}

void exit_op(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    switch (i->op) {
    case IR_goto_:
        go(c, i->imm);
        c->f80 = (F80Cache){ 0 };
        break;
    case IR_goto_if:
        go_if(c, i->arg[0], i->imm);
        break;
    case IR_goto_reg:
        go_reg(c, i->arg[0]);
        break;
    case IR_charge:
        charge(c, i->imm);
        break;
    case IR_goto_pc:
        pins_out(c);
        asm_jmp_to(&c->a, thunks.goto_pc);
        break;
    default:
        pins_out(c);
        asm_mov_imm(&c->a, RAX, i->imm);
        asm_jmp_to(&c->a, thunks.leave);
    }
    c->over = i->op != IR_goto_if && i->op != IR_charge;
}
