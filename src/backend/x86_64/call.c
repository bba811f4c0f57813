/* Calls of C helpers. Each helper has a thunk of its own that saves what its effects demand (thunks.c), so a call site
 * only places arguments: rax, rcx, rdx in; rax out. */
#include "backend/x86_64/comp.h"

enum { ALL_TEMPS = TEMPS, SAVED_BY_C = 1 << R13 };

void call_op(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    const Helper *h = &c->guest->helpers[i->imm];
    static const uint8_t place[] = { RAX, RCX, RDX };
    clobber_flags(c);
    if (h->effects)
        c->where[SPAN].place = NOWHERE;
    if (h->effects & (H_STATE | H_LEAVES)) /* the helper may change what slots hold */
        forget_all_slots(c);
    for (int k = 0; k < 3; k++) /* what is made of flags needs rax while it is made */
        if (i->arg[k] && !is_const(c, i->arg[k]) && c->where[i->arg[k]].place == AS_COND) {
            use(c, i->arg[k]);
            c->locked = c->vlocked = 0;
        }
    for (int k = 0; k < 3; k++)
        if (i->arg[k])
            use_in(c, i->arg[k], place[k]);
    /* arguments are copies now; what else lives in temporaries must survive */
    evict_temps(c, ALL_TEMPS & ~SAVED_BY_C, h->effects & H_FP ? VTEMPS : 0);
    pins_out(c);
    asm_call_to(&c->a, thunks.helper[i->imm]);
    point(c);
    if (h->effects & H_LEAVES) {
        asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, false, RAX, rm_reg(RAX), 0);
        asm_jcc_to(&c->a, CC_NE, thunks.goto_pc);
    }
    pins_in(c);
    c->locked &= ~(1u << RAX | 1u << RCX | 1u << RDX);
    if (!c->live.of[c->at].uses)
        return;
    result_in(c, RAX);
}

/* What the unit had is of no use afterwards: only the pins are put where they belong. */
static void leave_cold(Comp *c, Cold *s)
{
    const IrInsn *i = insn_of(c, s->ref);
    f80_flush(c);
    pins_out(c);
    asm_mov_imm(&c->a, RAX, insn_of(c, i->arg[1])->imm);
    asm_mov_imm(&c->a, RCX, insn_of(c, i->arg[2])->imm);
    asm_mov_imm(&c->a, RDX, 0);
    asm_call_to(&c->a, thunks.helper[i->imm]);
    point(c);
    asm_jmp_to(&c->a, thunks.goto_pc);
}

void leave_if(Comp *c)
{
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    bool known, value;
    Cc cc = condition(c, i->arg[0], &known, &value);
    if (known && !value)
        return;
    Cold *s = cold(c, leave_cold);
    late_flags_for(c, s);
    s->from[0] = known ? asm_jmp(&c->a) : asm_jcc(&c->a, cc);
}
