/* Accesses that remember where they found memory the last time (TlbHint): then the address is needed for the access
 * itself only. A miss costs as much as some twenty checks, so it is for accesses that are likely to be done again soon
 * and near: in a loop, and on the way to where an indirect branch goes. */
#include "backend/x86_64/comp.h"

/* From the first label that a branch goes back to, to the last such branch. */
static void find_loops(Comp *c)
{
    _Static_assert(IR_goto_ == IR_label + 1 && IR_goto_if == IR_label + 2, "told apart from others by one compare");
    const Ir *ir = c->ir;
    uint32_t at[IR_LABELS], labels = 0, head = ir->count;
    for (uint32_t k = 1; k < ir->count; k++) {
        const IrInsn *i = &ir->insn[k];
        if ((unsigned)i->op - IR_label > IR_goto_if - IR_label)
            continue;
        if (i->op == IR_label) {
            at[labels++] = k;
            continue;
        }
        for (uint32_t n = 0; n < labels; n++)
            if (ir->label[n] == i->imm) {
                head = at[n] < head ? at[n] : head;
                c->hint.turn = k;
            }
    }
    c->hint.head = head;
}

/* A return takes its target from a stack, of which there are many: what it is read from moves on. */
static bool moves_on(Comp *c, IrRef load)
{
    IrRef base = insn_of(c, load)->arg[0];
    const IrInsn *b = insn_of(c, base);
    while (b->op == IR_zext || (b->op == IR_add && is_const(c, b->arg[1]))) {
        base = b->arg[0];
        b = insn_of(c, base);
    }
    for (uint32_t k = load + 1u; k < c->ir->count; k++) {
        const IrInsn *put = insn_of(c, (IrRef)k), *v = insn_of(c, put->arg[0]);
        if (put->op == IR_put && v->op == IR_add && v->arg[0] == base && is_const(c, v->arg[1]))
            return true;
    }
    return false;
}

/* Loads that the value depends on. */
static void follow(Comp *c, IrRef r, int depth)
{
    const IrInsn *i = insn_of(c, r);
    if (!depth || c->hint.leads == HINT_LEADS)
        return;
    if (i->op == IR_load)
        c->hint.lead[c->hint.leads++] = r;
    else if (i->op != IR_add && i->op != IR_zext && i->op != IR_sext && i->op != IR_shl && i->op != IR_and)
        return;
    follow(c, i->arg[0], depth - 1);
    if (i->op == IR_add)
        follow(c, i->arg[1], depth - 1);
}

void hint_begin(Comp *c)
{
    enum { DEPTH = 12 };
    c->hint.turn = 0;
    if (c->live.up)
        find_loops(c);
    c->hint.leads = 0;
    const IrInsn *last = insn_of(c, (IrRef)(c->ir->count - 1));
    if (last->op != IR_goto_reg)
        return;
    IrRef to = last->arg[0];
    while (insn_of(c, to)->op == IR_zext)
        to = insn_of(c, to)->arg[0];
    if (insn_of(c, to)->op == IR_load && !is_const(c, insn_of(c, to)->arg[0]) && !moves_on(c, to))
        follow(c, to, DEPTH);
}

static bool leads(const Comp *c)
{
    for (unsigned k = 0; k < c->hint.leads; k++)
        if (c->hint.lead[k] == c->at)
            return true;
    return false;
}

bool wants_one_here(const Comp *c)
{
    const uint64_t *no = c->out->no_hint;
    unsigned bit = no_hint_bit(c->pc);
    bool in_loop = c->at < c->hint.turn && c->at > c->hint.head;
    return (in_loop || leads(c)) && !c->piece && !(no && no[bit / 64] >> bit % 64 & 1);
}

/* Neighbours in the code do not get the same one. Under the translation lock. */
uint32_t next_hint(int32_t bytes, bool write)
{
    static unsigned last;
    last = (last + HINT_KINDS) % HINTS;
    unsigned number = last + (write ? HINT_WRITE : 0) + ((unsigned)bytes > hint_bytes(0) ? HINT_WIDE : 0);
    return (unsigned)bytes <= hint_bytes(number) ? hint_of(number) : 0;
}

/* What is needed of the hint has a fixed place, so that its addend is there before the address is. */
uint8_t *check_hint(Comp *c, uint32_t hint)
{
    int32_t at = (int32_t)(offsetof(TlbBank, hint) + hint_number(hint) * sizeof(TlbHint));
    asm_alu(&c->a, ALU_SUB, true, RCX, rm_mem(R14, at + (int32_t)offsetof(TlbHint, start)));
    asm_alu(&c->a, ALU_CMP, true, RCX, rm_mem(R14, at + (int32_t)offsetof(TlbHint, end)));
    uint8_t *absent = asm_jcc(&c->a, CC_AE);
    asm_load(&c->a, 8, false, RAX, rm_mem(R14, at + (int32_t)offsetof(TlbHint, addend)));
    return absent;
}
