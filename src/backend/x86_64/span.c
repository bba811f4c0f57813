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

static bool is_plain(IrMem m)
{
    return !m.big && !m.order && !m.align && !m.user;
}

/* root + constant; false: it cannot share a check. */
static bool find_target(Comp *c, const IrInsn *i, Target *t)
{
    IrMem m = ir_mem_of(i->imm);
    IrRef r = i->arg[0];
    int64_t k = m.disp;
    const IrInsn *a = insn_of(c, r);
    while (a->op == IR_add && a->type == I64 && is_const(c, a->arg[1])) {
        k += (int64_t)insn_of(c, a->arg[1])->imm;
        r = a->arg[0];
        a = insn_of(c, r);
    }
    t->narrow = !k && a->op == IR_zext && a->imm == 32;
    if (t->narrow) {
        r = a->arg[0];
        a = insn_of(c, r);
        while (a->op == IR_add && a->type == I32 && is_const(c, a->arg[1])) {
            k += (int32_t)insn_of(c, a->arg[1])->imm;
            r = a->arg[0];
            a = insn_of(c, r);
        }
    }
    t->root = r;
    t->from = k;
    t->to = k + (1 << m.size);
    return is_plain(m) && a->op != IR_const && k > INT32_MIN / 2 && k < INT32_MAX / 2;
}

bool span_begins(Comp *c, int32_t *below, int32_t *bytes, bool *write)
{
    Target t, other;
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    if (!c->live.access[c->at] || span_register(c) != NO_REG || c->ir->count >= SPAN || !find_target(c, i, &t))
        return false;
    int64_t from = t.from, to = t.to;
    int others = 0;
    *write = i->op == IR_store;
    c->span.last = 0;
    for (IrRef k = c->live.access[c->at]; k && k < c->at + FAR; k = c->live.access[k]) {
        i = insn_of(c, k);
        if (!find_target(c, i, &other) || other.root != t.root || other.narrow != t.narrow)
            continue;
        int64_t low = other.from < from ? other.from : from, high = other.to > to ? other.to : to;
        if (high - low > WIDEST)
            continue;
        from = low;
        to = high;
        others++;
        *write |= i->op == IR_store;
        c->span.last = k;
    }
    if (!others || (others == 1 && partner(c) == c->span.last))
        return false;
    c->span.root = t.root;
    c->span.narrow = t.narrow;
    c->span.from = from;
    c->span.to = to;
    c->span.write = *write;
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
    Target t;
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    if (span_register(c) == NO_REG || !find_target(c, i, &t) || t.root != c->span.root || t.narrow != c->span.narrow)
        return false;
    *offset = (int32_t)(t.from - c->span.from);
    return t.from >= c->span.from && t.to <= c->span.to && (c->span.write || i->op == IR_load);
}
