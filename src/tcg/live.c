/* The backward pass: how often each value is used by ops that will be emitted, where for the last time, and which puts
 * nobody sees. State is seen in full wherever the unit may be left: at ops that can fault, branches, labels and calls
 * that touch state or leave. Between two such places a put whose bytes are all overwritten, and not read before that,
 * is dead. */
#include "tcg/ops.h"

typedef struct Walk {
    Ir *ir;
    IrLive *live;
    uint32_t line;                  /* changes at each place where state is seen */
    uint32_t in_line[IR_SLOTS];     /* Walk.line when overwritten[] was set */
    uint32_t overwritten[IR_SLOTS]; /* bytes of the slot that are put later, before anyone looks */
} Walk;

static uint32_t bytes_of(const Ir *ir, const IrInsn *i)
{
    unsigned from = ir_slot_offset(i->imm), len = (unsigned)ir_bits(i->type) / 8;
    if ((i->imm & IR_ZEXT) && ir->slots)
        len = ir->slots[ir_slot(i->imm)].size - from;
    return (uint32_t)((1ull << len) - 1) << from;
}

static uint32_t *overwritten(Walk *w, unsigned slot)
{
    if (w->in_line[slot] != w->line) {
        w->in_line[slot] = w->line;
        w->overwritten[slot] = 0;
    }
    return &w->overwritten[slot];
}

static bool shows_state(const Ir *ir, const IrInsn *i)
{
    int effects = ir_op[i->op].effects;
    if (effects & (FAULTS | LEAVES))
        return true;
    if (effects & CALLS)
        return !ir->helpers || (ir->helpers[i->imm & 0xffff].effects & (H_STATE | H_LEAVES));
    return i->op == IR_label;
}

/* Pure, or a call of a pure helper, or a get. */
static bool only_a_value(const Ir *ir, const IrInsn *i)
{
    int effects = ir_op[i->op].effects;
    if (effects & CALLS)
        return ir->helpers && !(ir->helpers[i->imm & 0xffff].effects & (H_STATE | H_LEAVES | H_SLOW));
    if (effects & FP)
        return false; /* it raises the guest's FP flags */
    return !(effects & (WRITES | FAULTS | LEAVES | MARK | ARG));
}

static void use_arguments(Walk *w, const IrInsn *i, uint32_t at)
{
    IrLive *l = w->live;
    for (int k = 0; k < ir_op[i->op].args; k++) {
        IrRef r = i->arg[k];
        if (r && !l->uses[r]++)
            l->last[r] = (IrRef)at;
    }
}

static void drop(IrInsn *i)
{
    *i = (IrInsn){ .op = IR_nop, .type = T_VOID };
}

static void visit_put(Walk *w, IrInsn *i, uint32_t at)
{
    uint32_t bytes = bytes_of(w->ir, i), *over = overwritten(w, ir_slot(i->imm));
    if (!(bytes & ~*over)) {
        drop(i);
        return;
    }
    *over |= bytes;
    use_arguments(w, i, at);
    w->live->put[i->arg[0]] = (IrRef)at;
}

static void visit(Walk *w, uint32_t at)
{
    IrInsn *i = &w->ir->insn[at];
    if (i->op == IR_nop)
        return;
    if (i->op == IR_put) {
        visit_put(w, i, at);
        return;
    }
    if (only_a_value(w->ir, i) && !w->live->uses[at]) {
        drop(i);
        return;
    }
    if (i->op == IR_get)
        *overwritten(w, ir_slot(i->imm)) &= ~bytes_of(w->ir, i);
    if (shows_state(w->ir, i))
        w->line++;
    use_arguments(w, i, at);
}

void ir_live(Ir *ir, IrLive *live)
{
    Walk w = { .ir = ir, .live = live, .line = 1 };
    for (uint32_t r = 0; r < ir->count; r++)
        live->uses[r] = live->last[r] = live->put[r] = 0;
    for (uint32_t at = ir->count; at-- > 1;)
        visit(&w, at);
}
