/* The backward pass: how often each value is used by ops that will be emitted, where for the last time, and which puts
 * nobody sees. State is seen in full wherever the unit may be left: at ops that can fault, branches, labels and calls
 * that touch state or leave. Between two such places a put whose bytes are all overwritten, and not read before that,
 * is dead. */
#include "tcg/ops.h"

#include <string.h>

typedef struct Walk { /* its address is taken by nobody, so that it may be in registers */
    Ir *ir;
    IrInsn *insn;
    struct IrUse *of;
    struct IrSeen *seen;
    uint32_t line;    /* changes at each place where state is seen */
    uint32_t barrier; /* the next op that can fault, leave or call, or a label */
    IrRef *access;
    IrRef next_access;
    bool loops, defer;
    struct {
        unsigned slot;   /* of flags that are put later, in whole; IR_SLOTS: none */
        uint32_t wanted; /* the last op before that which may have to know what was in it, on a way seldom taken */
        uint8_t *dead;   /* IrLive.dead */
        uint32_t labels; /* that come before this op */
        bool up;         /* IrLive.up */
    } late;
} Walk;

#define STEP static inline __attribute__((always_inline))

/* Bit for each byte of the slot. */
static inline uint32_t bytes_of(const Ir *ir, const IrInsn *i)
{
    enum { B1 = 1, B2 = 3, B4 = 0xf, B8 = 0xff, B10 = 0x3ff, B16 = 0xffff };
    static const uint32_t bytes[] = { B1,  B2,  B4,  B8,  B2,  B4,  B8,  B10, B8,  B8,  B8,  B8,
                                      B8,  B8,  B8,  B8,  B16, B16, B16, B16, B16, B16, B16, B16,
                                      ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, B1,  B4 };
    unsigned from = ir_slot_offset(i->imm);
    if ((i->imm & IR_ZEXT) && ir->slots)
        return (uint32_t)((1ull << ir->slots[ir_slot(i->imm)].size) - 1) & ~0u << from;
    return bytes[i->type] << from;
}

STEP struct IrSeen *seen(const Walk *w, unsigned slot)
{
    struct IrSeen *s = &w->seen[slot];
    s->overwritten &= -(uint32_t)(s->line == w->line);
    s->line = w->line;
    return s;
}

static bool touches_state(const Ir *ir, const IrInsn *call)
{
    return !ir->helpers || (ir->helpers[call->imm & 0xffff].effects & (H_STATE | H_LEAVES));
}

static bool only_a_value(const Ir *ir, const IrInsn *call)
{
    return ir->helpers && !(ir->helpers[call->imm & 0xffff].effects & (H_STATE | H_LEAVES | H_SLOW | H_MEMORY));
}

/* What follows has few jumps: which ops come, and which are used once or often, is hard to guess for the host. */
STEP void use_argument(const Walk *w, IrRef r, uint32_t at)
{
    struct IrUse *u = &w->of[r];
    u->last |= (IrRef)(at & -(uint32_t)!u->uses);
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

#define NOP_HEAD ((uint64_t)IR_nop | (uint64_t)T_VOID << 8)

static void drop(IrInsn *i)
{
    *i = ir_insn_of(IR_nop, T_VOID, 0, 0, 0, 0);
}

/* Where the value of `at` is put next is of use only if until then nobody looks at or changes that slot, and nothing
 * can fault, leave or call: then the value may be computed straight into the slot. */
STEP void check_hint(const Walk *w, uint32_t at)
{
    IrRef put = w->of[at].put;
    bool good = put < w->barrier && w->seen[ir_slot(w->insn[put].imm)].touch == put;
    w->of[at].put = (IrRef)(put & -(uint32_t)good);
}

/* ---- late flags ---- */

bool ir_may_be_late(IrOp op, IrType t)
{
    static const bool any[IR_OPS] = {
        [IR_add] = true, [IR_sub] = true, [IR_and] = true,  [IR_or] = true,  [IR_xor] = true,    [IR_not] = true,
        [IR_neg] = true, [IR_shl] = true, [IR_zext] = true, [IR_mul] = true, [IR_asflags] = true
    };
    static const bool wide[IR_OPS] = {
        [IR_shr] = true, [IR_sar] = true, [IR_sext] = true, [IR_mulhs] = true, [IR_mulhu] = true, [IR_pick] = true
    };
    return any[op] ? t <= I64 || t == T_FLAGS : wide[op] && (t == I32 || t == I64);
}

static bool is_pure_call(const Ir *ir, const IrInsn *i)
{
    return i->op == IR_call && ir->helpers && ir->helpers[i->imm & 0xffff].effects == H_PURE;
}

/* Such values are never kept: they would have to be taken out of the host's flags first. */
static bool is_fleeting(IrOp op)
{
    return op == IR_flags || op == IR_cmc || op == IR_cond || (op >= IR_eq && op <= IR_les);
}

static bool gives_late_flags(const IrInsn *i)
{
    static const bool gives[IR_OPS] = {
        [IR_add] = true, [IR_sub] = true, [IR_and] = true, [IR_or] = true,  [IR_xor] = true,
        [IR_shl] = true, [IR_shr] = true, [IR_sar] = true, [IR_adc] = true, [IR_sbb] = true
    };
    return i->type <= I64 && gives[i->op];
}

/* `budget` bounds how much is looked at, and so what cold paths have to compute. */
static bool can_be_late(const Ir *ir, IrRef r, int *budget)
{
    const IrInsn *i = &ir->insn[r], *of = &ir->insn[i->arg[0]];
    if (--*budget < 0)
        return false;
    switch (i->op) {
    case IR_flags:
        if (!gives_late_flags(of))
            return false;
        return (of->op != IR_adc && of->op != IR_sbb) || can_be_late(ir, of->arg[2], budget);
    case IR_call:
        for (int k = 0; k < 3; k++)
            if (i->arg[k] && !can_be_late(ir, i->arg[k], budget))
                return false;
        return true;
    case IR_cond:
    case IR_asflags:
    case IR_cmc:
    case IR_zext:
        return can_be_late(ir, i->arg[0], budget);
    case IR_and:
    case IR_or:
    case IR_xor:
    case IR_shl:
        return can_be_late(ir, i->arg[0], budget) && can_be_late(ir, i->arg[1], budget);
    case IR_pick:
        return i->type >= I32 && can_be_late(ir, i->arg[0], budget) && can_be_late(ir, i->arg[1], budget) &&
               can_be_late(ir, i->arg[2], budget);
    default:
        return i->op == IR_get || ir_result(i) <= I64;
    }
}

STEP void want_op_late(const Walk *w, IrRef r, uint32_t last)
{
    if (r && (w->of[r].late & LATE_LAST) < last)
        w->of[r].late = (uint16_t)((w->of[r].late & ~LATE_LAST) | last);
}

STEP void want_late(const Walk *w, IrRef r, uint32_t last)
{
    want_op_late(w, r, last);
    w->of[r].late |= LATE_VALUE;
}

/* The result, if it is kept anyway, gives back the first operand: no need to keep what was overwritten. */
static void want_for_flags(const Walk *w, uint32_t at, uint32_t last)
{
    IrRef r = w->insn[at].arg[0];
    const IrInsn *i = &w->insn[r];
    bool from_result = w->of[r].uses && i->op >= IR_add && i->op <= IR_xor;
    if (from_result) {
        w->of[at].late |= LATE_RESULT;
        want_late(w, r, last);
        if (i->op == IR_add || i->op == IR_sub)
            want_late(w, i->arg[1], last);
        return;
    }
    want_op_late(w, r, last); /* or it would be dropped before it is computed again */
    for (int k = 0; k < ir_op[i->op].args; k++)
        want_late(w, i->arg[k], last);
}

static void want_arguments(const Walk *w, uint32_t at, uint32_t last)
{
    const IrInsn *i = &w->insn[at];
    if (i->op == IR_flags) {
        want_for_flags(w, at, last);
        return;
    }
    for (int k = 0; k < ir_op[i->op].args; k++)
        want_late(w, i->arg[k], last);
}

/* A value that cold paths want. True: it is computed there, and nowhere else. */
static bool left_to_cold(const Walk *w, uint32_t at)
{
    const IrInsn *i = &w->insn[at];
    struct IrUse *u = &w->of[at];
    uint32_t last = u->late & LATE_LAST;
    if (i->op == IR_const)
        return !u->uses;
    if (is_fleeting((IrOp)i->op)) {
        want_arguments(w, at, last);
        return !u->uses;
    }
    if (!u->uses && (ir_may_be_late((IrOp)i->op, i->type) || is_pure_call(w->ir, i))) {
        want_arguments(w, at, last);
        return true;
    }
    if (u->uses && !(u->late & LATE_VALUE))
        return false;
    u->uses++; /* so that nobody takes the use that it had for the only one */
    if (u->last < last)
        u->last = (IrRef)last;
    return false;
}

/* Whoever looks at state now wants to know flags that will be overwritten only later. */
STEP void late_is_wanted(Walk *w, uint32_t at)
{
    w->late.wanted |= at & -(uint32_t)!w->late.wanted;
}

/* The slot of flags that the code from this label on puts before anybody can look at them, found forwards. */
static unsigned flags_put_first(const Ir *ir, uint64_t pc)
{
    enum { FAR = 64 };
    uint32_t k = 1;
    while (k < ir->count && !(ir->insn[k].op == IR_label && ir->insn[k].imm == pc))
        k++;
    for (uint32_t end = k + FAR; ++k < ir->count && k < end;) {
        const IrInsn *i = &ir->insn[k];
        if (i->op == IR_put && i->type == T_FLAGS && !ir_slot_offset(i->imm))
            return ir_slot(i->imm);
        if ((i->op == IR_get && i->type == T_FLAGS) || ir_op[i->op].effects & (FAULTS | LEAVES | CALLS | FP) ||
            i->op == IR_label || (i->op >= IR_f80 && i->op <= IR_f80_control))
            return IR_SLOTS;
    }
    return IR_SLOTS;
}

/* The label that comes right after this branch. */
static uint32_t label_behind(const Ir *ir, uint32_t at)
{
    while (++at < ir->count && (ir->insn[at].op == IR_nop || ir->insn[at].op == IR_insn || ir->insn[at].op == IR_const))
        ;
    return at < ir->count && ir->insn[at].op == IR_label ? at : 0;
}

/* Nothing but that the host's flags outlive lies between. */
static bool last_to_label(const Ir *ir, uint32_t at, uint32_t label)
{
    static const bool harmless[IR_OPS] = {
        [IR_nop] = true,   [IR_const] = true, [IR_insn] = true, [IR_get] = true,     [IR_put] = true,
        [IR_flags] = true, [IR_cmc] = true,   [IR_cond] = true, [IR_goto_if] = true, [IR_label] = true
    };
    while (++at < label)
        if (!harmless[ir->insn[at].op])
            return false;
    return true;
}

/* At a branch to a label of the unit. If nobody there looks at the flags they are wanted only by the way out of the
 * loop, if it goes round. */
static void late_at_branch(Walk *w, const IrInsn *i, uint32_t at)
{
    uint32_t k = ir_label_number(w->ir, i->imm);
    bool down = k >= w->late.labels, always = i->op == IR_goto_;
    w->late.up |= !down;
    if (k < w->ir->labels && !down && !k)
        w->late.dead[k] = (uint8_t)flags_put_first(w->ir, i->imm);
    unsigned dead = k < w->ir->labels ? w->late.dead[k] : IR_SLOTS;
    if (always) {
        w->late.slot = dead;
        w->late.wanted = down ? 0 : at;
        return;
    }
    uint32_t behind = dead != IR_SLOTS && w->late.slot == IR_SLOTS ? label_behind(w->ir, at) : 0;
    if (behind) { /* where it is not taken they are put there, and where it is they are not */
        w->late.slot = dead;
        w->late.wanted = behind;
    } else if (dead != w->late.slot || !down) {
        late_is_wanted(w, at);
    }
}

static void late_at_label(Walk *w)
{
    if (w->late.wanted)
        w->late.slot = IR_SLOTS;
    w->late.wanted = 0;
    if (w->late.labels)
        w->late.dead[--w->late.labels] = (uint8_t)w->late.slot;
}

STEP void late_at_effect(Walk *w, const IrInsn *i, uint32_t at, bool sees_state)
{
    if (i->op == IR_goto_if || i->op == IR_goto_)
        late_at_branch(w, i, at);
    else if (i->op == IR_label)
        late_at_label(w);
    else if (i->op == IR_leave_if)
        late_is_wanted(w, at);
    else if (sees_state)
        w->late.slot = IR_SLOTS;
}

/* Of flags, or to their slot. True: this put is late, or dead: overwritten on all ways that lead from here. */
static bool late_put(Walk *w, IrInsn *i, uint32_t at)
{
    unsigned slot = ir_slot(i->imm);
    bool flags = i->type == T_FLAGS && !ir_slot_offset(i->imm);
    int budget = 24;
    if (flags && w->late.slot == slot && !w->late.wanted) {
        drop(i);
        return true;
    }
    bool at_label = w->insn[w->late.wanted].op == IR_label;
    bool late = flags && w->late.slot == slot && can_be_late(w->ir, i->arg[0], &budget) &&
                (!at_label || last_to_label(w->ir, at, w->late.wanted));
    if (late) {
        w->of[at].late = (uint16_t)w->late.wanted;
        want_late(w, i->arg[0], w->late.wanted);
    }
    if (flags || w->late.slot == slot) {
        w->late.slot = flags ? slot : IR_SLOTS;
        w->late.wanted = 0;
    }
    return late;
}

STEP void visit_put(Walk *w, IrInsn *i, uint32_t at)
{
    uint32_t bytes = bytes_of(w->ir, i);
    struct IrSeen *s = seen(w, ir_slot(i->imm));
    if (!(bytes & ~s->overwritten)) {
        drop(i);
        return;
    }
    s->overwritten |= bytes;
    s->touch = at;
    if (w->defer && (i->type == T_FLAGS || w->late.slot == ir_slot(i->imm)) && late_put(w, i, at))
        return;
    use_argument(w, i->arg[0], at);
    w->of[i->arg[0]].put = (IrRef)at;
}

STEP void visit_get(Walk *w, IrInsn *i, uint32_t at)
{
    if (w->of[at].late)
        left_to_cold(w, at);
    if (!w->of[at].uses) {
        drop(i);
        return;
    }
    check_hint(w, at);
    if (w->late.slot == ir_slot(i->imm))
        w->late.slot = IR_SLOTS;
    struct IrSeen *s = seen(w, ir_slot(i->imm));
    s->overwritten &= ~bytes_of(w->ir, i);
    s->touch = at;
}

/* What an f80 op reads is seen there; what it writes is not ten bytes for all who put them. */
static void visit_f80(Walk *w, const IrInsn *i, uint32_t at)
{
    unsigned slot[] = { ir_f80_d(i->imm), ir_f80_b(i->imm) };
    for (int k = 0; k < 2 && i->op != IR_f80_status && i->op != IR_f80_control; k++)
        if (slot[k] < IR_SLOTS) {
            struct IrSeen *s = seen(w, slot[k]);
            s->overwritten = 0;
            s->touch = at;
            if (w->late.slot == slot[k])
                w->late.slot = IR_SLOTS;
        }
}

/* Who looks for accesses near one another looks only so far. */
STEP bool ends_chain(const Walk *w, const IrInsn *i)
{
    if (i->op == IR_call)
        return !w->ir->helpers || w->ir->helpers[i->imm & 0xffff].effects;
    return i->op == IR_label || (ir_op[i->op].effects & LEAVES && i->op != IR_goto_if && i->op != IR_leave_if);
}

/* What is more than a value; FP ops raise the guest's FP flags. */
STEP void visit_effect(Walk *w, IrInsn *i, uint32_t at)
{
    int effects = ir_op[i->op].effects;
    bool call = effects & CALLS;
    if (w->of[at].late && left_to_cold(w, at))
        return;
    if (call && !w->of[at].uses && only_a_value(w->ir, i)) {
        drop(i);
        return;
    }
    check_hint(w, at);
    if (ends_chain(w, i))
        w->next_access = 0;
    if (i->op >= IR_f80 && i->op <= IR_f80_control)
        visit_f80(w, i, at);
    bool sees_state = effects & LEAVES || i->op == IR_label || (call && touches_state(w->ir, i));
    w->line += sees_state;
    if (w->defer)
        late_at_effect(w, i, at, sees_state);
    if (effects & (LEAVES | CALLS) || i->op == IR_label)
        w->barrier = at;
    if (i->op == IR_goto_ || i->op == IR_goto_if)
        w->loops |= w->ir->labels && i->imm == w->ir->label[0];
    use_arguments(w, i, at);
}

/* A load, a store or an atomic operation. */
STEP void visit_access(Walk *w, IrInsn *i, uint32_t at)
{
    if (w->of[at].late)
        left_to_cold(w, at);
    check_hint(w, at);
    late_is_wanted(w, at);
    w->access[at] = w->next_access;
    if (i->op == IR_load || i->op == IR_store)
        w->next_access = (IrRef)at;
    w->line++;
    w->barrier = at;
    use_arguments(w, i, at);
}

/* One that nobody uses becomes a nop, which has no arguments. */
STEP void visit_value(const Walk *w, IrInsn *i, uint32_t at)
{
    if (w->of[at].late && left_to_cold(w, at))
        return;
    uint64_t live = -(uint64_t)(w->of[at].uses != 0), head = (ir_head(i) & live) | (NOP_HEAD & ~live);
    memcpy(i, &head, sizeof head);
    i->imm &= live;
    check_hint(w, at);
    use_arguments(w, i, at);
}

typedef enum Kind { NOTHING, PUT, VALUE, ACCESS, GET, EFFECT } Kind;
static const uint8_t kind[IR_OPS] = {
#define OP(name, args, result, effects, meaning)                                                                       \
    [IR_##name] = IR_##name == IR_put                                                ? PUT                             \
                  : IR_##name == IR_get                                              ? GET                             \
                  : IR_##name == IR_insn                                             ? NOTHING                         \
                  : (effects)&FAULTS                                                 ? ACCESS                          \
                  : (effects) & (CALLS | FP | WRITES | FAULTS | LEAVES | MARK | ARG) ? EFFECT                          \
                                                                                     : VALUE,
#include "tcg/ops.def"
};

void ir_live(Ir *ir, IrLive *live)
{
    if (++live->line > UINT32_MAX - IR_MAX) {
        memset(live->seen, 0, sizeof live->seen);
        live->line = 1;
    }
    Walk w = { .ir = ir,
               .insn = ir->insn,
               .of = live->of,
               .seen = live->seen,
               .access = live->access,
               .line = live->line,
               .barrier = ir->count,
               .defer = live->defer,
               .late = { .slot = IR_SLOTS, .dead = live->dead, .labels = ir->labels } };
    memset(live->dead, IR_SLOTS, ir->labels);
    memset(live->of, 0, ir->count * sizeof *live->of);
    for (uint32_t at = ir->count; at-- > 1;) {
        IrInsn *i = &w.insn[at];
        Kind k = (Kind)kind[i->op];
        if (k == NOTHING)
            continue;
        if (k == PUT)
            visit_put(&w, i, at);
        else if (k == VALUE)
            visit_value(&w, i, at);
        else if (k == ACCESS)
            visit_access(&w, i, at);
        else if (k == GET)
            visit_get(&w, i, at);
        else
            visit_effect(&w, i, at);
    }
    live->line = w.line;
    live->loops = w.loops;
    live->up = w.late.up;
    live->of[0] = (struct IrUse){ 0 };
}
