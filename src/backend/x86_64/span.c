/* Accesses whose addresses differ from one value by constants, as those of a stack frame or a structure: the first
 * checks a span of bytes that has them all to be on one page of the table, and the host's address of it stays in a
 * register. There is 0 in that register where the check failed, and after each slow path: what was found in the table
 * need not be there any more. */
#include "backend/x86_64/comp.h"

enum { FAR = 48, WIDEST = 512 };

typedef struct Target {
    IrRef root;
    bool narrow; /* the sum is of 32 bits, then extended */
    int64_t from, to;
} Target;

static inline bool is_plain(uint64_t imm)
{
    return !(imm & ir_mem((IrMem){ .big = true, .order = 3, .align = 7, .user = true }));
}

static inline bool is_sum(const Comp *c, IrRef r)
{
    IrOp op = (IrOp)c->ir->insn[r].op;
    return op == IR_add || op == IR_sub || op == IR_zext;
}

/* root + constant, or minus it. */
static bool adds_constant(const IrInsn *insn, const IrInsn *a, IrType type, int64_t *k)
{
    if ((a->op != IR_add && a->op != IR_sub) || a->type != type || insn[a->arg[1]].op != IR_const)
        return false;
    uint64_t by = insn[a->arg[1]].imm;
    int64_t more = type == I32 ? (int32_t)by : (int64_t)by;
    if (more < INT32_MIN / 16 || more > INT32_MAX / 16)
        return false;
    *k += a->op == IR_add ? more : -more;
    return true;
}

static __attribute__((noinline)) void target_of_sum(const Comp *c, IrRef r, int64_t k, Target *t)
{
    enum { DEEP = 32 };
    const IrInsn *insn = c->ir->insn, *a = &insn[r];
    for (int n = 0; n < DEEP && adds_constant(insn, a, I64, &k); n++) {
        r = a->arg[0];
        a = &insn[r];
    }
    t->narrow = !k && a->op == IR_zext && a->imm == 32;
    if (t->narrow) {
        r = a->arg[0];
        a = &insn[r];
        for (int n = 0; n < DEEP; n++) { /* a zext may stand in for what it extends */
            if (!(a->op == IR_zext && a->imm == 32) && !adds_constant(insn, a, I32, &k))
                break;
            r = a->arg[0];
            a = &insn[r];
        }
    }
    t->root = r;
    t->from = k;
}

/* False: it cannot share a check. */
static inline bool find_target(const Comp *c, const IrInsn *i, Target *t)
{
    t->root = i->arg[0];
    t->narrow = false;
    t->from = ir_mem_of(i->imm).disp;
    if (is_sum(c, t->root))
        target_of_sum(c, t->root, t->from, t);
    t->to = t->from + (1 << ir_mem_of(i->imm).size);
    return is_plain(i->imm) && c->ir->insn[t->root].op != IR_const && t->from > INT32_MIN / 2 &&
           t->from < INT32_MAX / 2;
}

bool on_stack(const Comp *c, const IrInsn *i)
{
    Target t;
    if (!c->guest->has_stack || !find_target(c, i, &t))
        return false;
    const IrInsn *root = &c->ir->insn[t.root];
    return root->op == IR_get && ir_slot(root->imm) == c->guest->stack_slot && !ir_slot_offset(root->imm);
}

/* Another access from the same root: where. */
static inline bool shares_root(const Comp *c, const IrInsn *i, const Target *t, Target *other)
{
    other->from = ir_mem_of(i->imm).disp;
    if (is_sum(c, i->arg[0])) {
        target_of_sum(c, i->arg[0], other->from, other);
        if (other->root != t->root || other->narrow != t->narrow)
            return false;
    } else if (i->arg[0] != t->root || t->narrow) {
        return false;
    }
    other->to = other->from + (1 << ir_mem_of(i->imm).size);
    return is_plain(i->imm);
}

bool span_begins(Comp *c, int32_t *below, int32_t *bytes, bool *write)
{
    Target t, other;
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    if (c->ir->count >= SPAN || !find_target(c, i, &t))
        return false;
    int64_t from = t.from, to = t.to;
    int others = 0;
    IrRef last = 0;
    bool writes = i->op == IR_store;
    for (IrRef k = c->live.access[c->at]; k && k < c->at + FAR; k = c->live.access[k]) {
        i = insn_of(c, k);
        if (!shares_root(c, i, &t, &other))
            continue;
        int64_t low = other.from < from ? other.from : from, high = other.to > to ? other.to : to;
        if (high - low > WIDEST)
            continue;
        from = low;
        to = high;
        others++;
        writes |= i->op == IR_store;
        last = k;
    }
    if (!others || (others == 1 && partner(c) == last))
        return false;
    c->span.root = t.root;
    c->span.narrow = t.narrow;
    c->span.from = from;
    c->span.to = to;
    c->span.write = *write = writes;
    c->span.last = last;
    *below = (int32_t)(t.from - from);
    *bytes = (int32_t)(to - from);
    return true;
}

void span_open(Comp *c, unsigned reg)
{
    c->ir->insn[SPAN] = (IrInsn){ .op = IR_nop, .type = I64 };
    c->live.of[SPAN] = (struct IrUse){ .uses = 1, .last = (IrRef)c->span.last };
    c->where[SPAN] = (Where){ .place = IN_REG, .n = (uint8_t)reg };
    c->in_reg[reg] = SPAN;
}

/* offset: of the current access in the span. */
bool span_covers(Comp *c, int32_t *offset)
{
    Target t = { .root = c->span.root, .narrow = c->span.narrow }, here;
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    if (!shares_root(c, i, &t, &here))
        return false;
    *offset = (int32_t)(here.from - c->span.from);
    return here.from >= c->span.from && here.to <= c->span.to && (c->span.write || i->op == IR_load);
}
