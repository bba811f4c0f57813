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

typedef struct Walk { /* its address is taken by nobody, so that it may be in registers */
    Ir *ir;
    IrInsn *insn;
    struct IrUse *of;
    Seen *seen;
    uint32_t line;    /* changes at each place where state is seen */
    uint32_t barrier; /* the next op that can fault, leave or call, or a label */
    bool loops;
} Walk;

#define STEP static inline __attribute__((always_inline))

static inline uint32_t bytes_of(const Ir *ir, const IrInsn *i)
{
    unsigned from = ir_slot_offset(i->imm), len = (unsigned)ir_bits(i->type) / 8;
    if ((i->imm & IR_ZEXT) && ir->slots)
        len = ir->slots[ir_slot(i->imm)].size - from;
    return (uint32_t)((1ull << len) - 1) << from;
}

STEP Seen *seen(const Walk *w, unsigned slot)
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

STEP void use_argument(const Walk *w, IrRef r, uint32_t at)
{
    struct IrUse *u = &w->of[r];
    u->last = u->uses ? u->last : (IrRef)at;
    u->uses++;
}

/* Arguments that an op does not have are IR_NONE, of which nobody asks anything. */
STEP void use_arguments(const Walk *w, const IrInsn *i, uint32_t at)
{
    use_argument(w, i->arg[0], at);
    use_argument(w, i->arg[1], at);
    if (i->arg[2])
        use_argument(w, i->arg[2], at);
}

static void drop(IrInsn *i)
{
    *i = (IrInsn){ .op = IR_nop, .type = T_VOID };
}

/* Where the value of `at` is put next is of use only if until then nobody looks at or changes that slot, and nothing
 * can fault, leave or call: then the value may be computed straight into the slot. */
STEP void check_hint(const Walk *w, uint32_t at)
{
    IrRef put = w->of[at].put;
    if (put && (put >= w->barrier || w->seen[ir_slot(w->insn[put].imm)].touch != put))
        w->of[at].put = 0;
}

STEP void visit_put(const Walk *w, IrInsn *i, uint32_t at)
{
    uint32_t bytes = bytes_of(w->ir, i);
    Seen *s = seen(w, ir_slot(i->imm));
    if (!(bytes & ~s->overwritten)) {
        drop(i);
        return;
    }
    s->overwritten |= bytes;
    s->touch = (IrRef)at;
    use_argument(w, i->arg[0], at);
    w->of[i->arg[0]].put = (IrRef)at;
}

STEP void visit_get(const Walk *w, IrInsn *i, uint32_t at)
{
    if (!w->of[at].uses) {
        drop(i);
        return;
    }
    check_hint(w, at);
    Seen *s = seen(w, ir_slot(i->imm));
    s->overwritten &= ~bytes_of(w->ir, i);
    s->touch = (IrRef)at;
}

/* What an f80 op reads is seen there; what it writes is not ten bytes for all who put them. */
static void visit_f80(Walk *w, const IrInsn *i, uint32_t at)
{
    unsigned slot[] = { ir_f80_d(i->imm), ir_f80_b(i->imm) };
    for (int k = 0; k < 2 && i->op != IR_f80_status && i->op != IR_f80_control; k++)
        if (slot[k] < IR_SLOTS) {
            Seen *s = seen(w, slot[k]);
            s->overwritten = 0;
            s->touch = (IrRef)at;
        }
}

/* What is more than a value; FP ops raise the guest's FP flags. */
STEP void visit_effect(Walk *w, IrInsn *i, uint32_t at)
{
    int effects = ir_op[i->op].effects;
    bool call = effects & CALLS;
    if (call && !w->of[at].uses && only_a_value(w->ir, i)) {
        drop(i);
        return;
    }
    check_hint(w, at);
    if (i->op >= IR_f80 && i->op <= IR_f80_control)
        visit_f80(w, i, at);
    if (effects & (FAULTS | LEAVES) || i->op == IR_label || (call && touches_state(w->ir, i)))
        w->line++;
    if (effects & (FAULTS | LEAVES | CALLS) || i->op == IR_label)
        w->barrier = at;
    if (i->op == IR_goto_ || i->op == IR_goto_if)
        w->loops |= w->ir->labels && i->imm == w->ir->label[0];
    use_arguments(w, i, at);
}

STEP void visit_value(const Walk *w, IrInsn *i, uint32_t at)
{
    if (!w->of[at].uses) {
        drop(i);
        return;
    }
    check_hint(w, at);
    use_arguments(w, i, at);
}

typedef enum Kind { NOTHING, VALUE, GET, PUT, EFFECT } Kind;
static const uint8_t kind[IR_OPS] = {
    [IR_const] = VALUE,
#define OP(name, args, result, effects, meaning)                                                                       \
    [IR_##name] = IR_##name == IR_put                                                ? PUT                             \
                  : IR_##name == IR_get                                              ? GET                             \
                  : IR_##name == IR_insn                                             ? NOTHING                         \
                  : (effects) & (CALLS | FP | WRITES | FAULTS | LEAVES | MARK | ARG) ? EFFECT                          \
                                                                                     : VALUE,
#include "tcg/ops.def"
};

void ir_live(Ir *ir, IrLive *live)
{
    static _Thread_local Seen seen[IR_SLOTS]; /* void where its line is another: nothing to clear */
    static _Thread_local uint32_t line;
    if (++line > UINT32_MAX - IR_MAX) {
        memset(seen, 0, sizeof seen);
        line = 1;
    }
    Walk w = { ir, ir->insn, live->of, seen, line, ir->count, false };
    memset(live->of, 0, ir->count * sizeof *live->of);
    for (uint32_t at = ir->count; at-- > 1;) {
        IrInsn *i = &w.insn[at];
        Kind k = (Kind)kind[i->op];
        if (k == PUT)
            visit_put(&w, i, at);
        else if (k == GET)
            visit_get(&w, i, at);
        else if (k == EFFECT)
            visit_effect(&w, i, at);
        else if (k == VALUE)
            visit_value(&w, i, at);
    }
    line = w.line;
    live->loops = w.loops;
    live->of[0] = (struct IrUse){ 0 };
}
