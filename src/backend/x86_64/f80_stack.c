/* The host's stack of 80-bit numbers: what slots are in its registers, and how they give way. */
#include "backend/x86_64/f80.h"

void f80_store_top(Comp *c)
{
    if (c->f80.changed & 1)
        with_slot(c, FSTP_M80, c->f80.slot[0]);
    else
        insn(c, FSTP_ST);
    popped(&c->f80);
}

void f80_exchange(Comp *c, unsigned k)
{
    if (!k)
        return;
    insn(c, FXCH + k);
    exchanged(&c->f80, k);
}

/* The deepest that is not `keep`, brought up, gives way. */
void f80_make_room(Comp *c, unsigned keep)
{
    unsigned k = c->f80.slot[7] == keep ? 6 : 7;
    if (c->f80.depth < 8)
        return;
    f80_exchange(c, k);
    f80_store_top(c);
}

unsigned f80_bring(Comp *c, unsigned slot, unsigned keep) /* its register */
{
    unsigned k = find(&c->f80, slot);
    if (k != ABSENT)
        return k;
    f80_make_room(c, keep);
    with_slot(c, FLD_M80, slot);
    pushed(&c->f80, slot, false);
    return 0;
}

void f80_to_top(Comp *c, unsigned slot, unsigned keep)
{
    f80_exchange(c, f80_bring(c, slot, keep));
}

/* Of no use any more: taken from the stack before the next op, as that changes the status word. */
void f80_drop_later(Comp *c, unsigned slot)
{
    unsigned k = find(&c->f80, slot);
    if (k == ABSENT)
        return;
    c->f80.slot[k] = DEAD;
    c->f80.changed &= (uint8_t) ~(1u << k);
}

void f80_drop(Comp *c, unsigned slot)
{
    F80Cache *f = &c->f80;
    unsigned k = find(f, slot);
    if (k == ABSENT)
        return;
    insn(c, FSTP_ST + k);
    exchanged(f, k);
    popped(f);
}

void f80_drop_dead(Comp *c)
{
    while (find(&c->f80, DEAD) != ABSENT)
        f80_drop(c, DEAD);
}

void f80_now_changed(Comp *c, unsigned slot)
{
    forget_slot(c, slot);
    c->f80.changed |= (uint8_t)(1u << find(&c->f80, slot));
}

void f80_define_top(Comp *c, unsigned d)
{
    pushed(&c->f80, d, true);
    forget_slot(c, d);
}

/* A new value for d: what it had is of no use. */
void f80_before_new(Comp *c, unsigned d, unsigned keep)
{
    f80_drop(c, d);
    f80_make_room(c, keep);
}

void f80_store_status(Comp *c)
{
    if (c->f80.ran)
        asm_op(&c->a, FNSTSW, false, 0, slot_rm(c, c->guest->f80_status, 2), 0);
    c->f80.ran = false;
}

void f80_flush(Comp *c)
{
    F80Cache *f = &c->f80;
    owed_pay(c);
    f80_store_status(c);
    f->valid = f->valid && (f->zero || !f->depth);
    while (f->depth)
        f80_store_top(c);
}

void f80_flush_slot(Comp *c, unsigned slot)
{
    owed_pay_slot(c, slot);
    if (find(&c->f80, slot) != ABSENT)
        f80_flush(c);
}

void f80_out_of_the_way(Comp *c)
{
    F80Cache was = c->f80;
    f80_flush(c);
    c->f80 = was;
}

/* A dead one leaves its place to any value. */
void f80_back(Comp *c)
{
    for (unsigned k = c->f80.depth; k-- > 0;)
        if (c->f80.slot[k] == DEAD)
            insn(c, FLD1);
        else
            with_slot(c, FLD_M80, c->f80.slot[k]);
}
