/* The backward pass: how often each value is used by ops that will be emitted, where for the last time, and which puts
 * nobody sees. State is seen in full wherever the unit may be left: at ops that can fault, branches, labels and calls
 * that touch state or leave. Between two such places a put whose bytes are all overwritten, and not read before that,
 * is dead. */
#include "tcg/ops.h"

#include <string.h>

typedef struct Seen {     /* of a slot, by what comes later */
    uint32_t line;        /* Walk.line when overwritten was set */
    uint32_t overwritten; /* bytes that are put later, before anyone looks */
    IrRef touch;          /* the next live get or put */
} Seen;

typedef struct Walk {
    Ir *ir;
    IrLive *live;
    uint32_t line;    /* changes at each place where state is seen */
    uint32_t barrier; /* the next op that can fault, leave or call, or a label */
    Seen seen[IR_SLOTS];
} Walk;

static uint32_t bytes_of(const Ir *ir, const IrInsn *i)
{
    unsigned from = ir_slot_offset(i->imm), len = (unsigned)ir_bits(i->type) / 8;
    if ((i->imm & IR_ZEXT) && ir->slots)
        len = ir->slots[ir_slot(i->imm)].size - from;
    return (uint32_t)((1ull << len) - 1) << from;
}

static Seen *seen(Walk *w, unsigned slot)
{
    Seen *s = &w->seen[slot];
    if (s->line != w->line) {
        s->line = w->line;
        s->overwritten = 0;
    }
    return s;
}

static bool touches_state(const Ir *ir, const IrInsn *call)
{
    return !ir->helpers || (ir->helpers[call->imm & 0xffff].effects & (H_STATE | H_LEAVES));
}

static bool only_a_value(const Ir *ir, const IrInsn *call)
{
    return ir->helpers && !(ir->helpers[call->imm & 0xffff].effects & (H_STATE | H_LEAVES | H_SLOW));
}

static inline void use_arguments(Walk *w, const IrInsn *i, uint32_t at)
{
    IrLive *l = w->live;
    for (int k = 0; k < ir_op[i->op].args; k++) {
        IrRef r = i->arg[k];
        if (!l->uses[r]++)
            l->last[r] = (IrRef)at;
    }
}

static void drop(IrInsn *i)
{
    *i = (IrInsn){ .op = IR_nop, .type = T_VOID };
}

/* Where the value of `at` is put next is of use only if until then nobody looks at or changes that slot, and nothing
 * can fault, leave or call: then the value may be computed straight into the slot. */
static inline void check_hint(Walk *w, uint32_t at)
{
    IrRef put = w->live->put[at];
    if (put && (put >= w->barrier || w->seen[ir_slot(w->ir->insn[put].imm)].touch != put))
        w->live->put[at] = 0;
}

static void visit_put(Walk *w, IrInsn *i, uint32_t at)
{
    uint32_t bytes = bytes_of(w->ir, i);
    Seen *s = seen(w, ir_slot(i->imm));
    if (!(bytes & ~s->overwritten)) {
        drop(i);
        return;
    }
    s->overwritten |= bytes;
    s->touch = (IrRef)at;
    use_arguments(w, i, at);
    w->live->put[i->arg[0]] = (IrRef)at;
}

static void visit_get(Walk *w, IrInsn *i, uint32_t at)
{
    if (!w->live->uses[at]) {
        drop(i);
        return;
    }
    check_hint(w, at);
    Seen *s = seen(w, ir_slot(i->imm));
    s->overwritten &= ~bytes_of(w->ir, i);
    s->touch = (IrRef)at;
}

/* What is more than a value; FP ops raise the guest's FP flags. */
static void visit_effect(Walk *w, IrInsn *i, uint32_t at, int effects)
{
    bool call = effects & CALLS;
    if (call && !w->live->uses[at] && only_a_value(w->ir, i)) {
        drop(i);
        return;
    }
    check_hint(w, at);
    if (effects & (FAULTS | LEAVES) || i->op == IR_label || (call && touches_state(w->ir, i)))
        w->line++;
    if (effects & (FAULTS | LEAVES | CALLS) || i->op == IR_label)
        w->barrier = at;
    use_arguments(w, i, at);
}

static inline void visit(Walk *w, uint32_t at)
{
    IrInsn *i = &w->ir->insn[at];
    int effects = ir_op[i->op].effects;
    if (i->op == IR_put) {
        visit_put(w, i, at);
    } else if (i->op == IR_get) {
        visit_get(w, i, at);
    } else if (effects & (CALLS | FP | WRITES | FAULTS | LEAVES | MARK | ARG)) {
        visit_effect(w, i, at, effects);
    } else if (w->live->uses[at]) {
        check_hint(w, at);
        use_arguments(w, i, at);
    } else {
        drop(i);
    }
}

void ir_live(Ir *ir, IrLive *live)
{
    Walk w = { .ir = ir, .live = live, .line = 1, .barrier = ir->count };
    memset(live->uses, 0, ir->count * sizeof *live->uses);
    memset(live->last, 0, ir->count * sizeof *live->last);
    memset(live->put, 0, ir->count * sizeof *live->put);
    for (uint32_t at = ir->count; at-- > 1;)
        visit(&w, at);
    live->uses[0] = live->last[0] = 0;
}
