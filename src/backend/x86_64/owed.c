/* Constants that the guest's state is owed: in a unit that works on 80-bit numbers every instruction says anew where
 * its stack stands, and most of that is overwritten before anybody looks. Such puts are done where the state may be
 * looked at: they go with the numbers, F80Cache. */
#include "backend/x86_64/comp.h"

static unsigned slot_owed(Comp *c, IrRef put)
{
    return ir_slot(insn_of(c, put)->imm);
}

static uint64_t value_owed(Comp *c, IrRef put)
{
    return insn_of(c, insn_of(c, put)->arg[0])->imm;
}

static bool same(Comp *c, IrRef a, IrRef b)
{
    return slot_owed(c, a) == slot_owed(c, b) && value_owed(c, a) == value_owed(c, b);
}

static unsigned place(Comp *c, const F80Cache *f, unsigned slot)
{
    unsigned k = 0;
    while (k < f->owes && slot_owed(c, f->owed[k]) != slot)
        k++;
    return k;
}

static void take_out(F80Cache *f, unsigned k)
{
    f->owed[k] = f->owed[--f->owes];
}

static void pay(Comp *c, IrRef put)
{
    unsigned slot = slot_owed(c, put), bytes = c->ir->slots[slot].size;
    uint64_t v = value_owed(c, put);
    Enc e = { 0, 0, bytes == 1 ? 0xc6 : 0xc7, 0, bytes == 1 ? 1 : 4, false, false };
    if (bytes == 1)
        asm_op8(&c->a, e, 0, slot_rm(c, slot, 0), v & 0xff);
    else
        asm_op(&c->a, e, bytes == 8, 0, slot_rm(c, slot, 0), (uint32_t)v);
}

/* A whole slot in memory, and a constant that one instruction stores. */
static bool can_owe(Comp *c, const IrInsn *i)
{
    unsigned slot = ir_slot(i->imm), bytes = c->ir->slots[slot].size;
    IrRef v = i->arg[0];
    if (!c->f80_used || c->pin_of[slot] != NO_REG || !is_const(c, v) || i->type > I64 || i->imm & IR_ZEXT ||
        ir_slot_offset(i->imm) || (unsigned)ir_bits(i->type) != 8 * bytes || bytes == 2)
        return false;
    return bytes < 8 || insn_of(c, v)->imm <= INT32_MAX;
}

bool owe(Comp *c)
{
    F80Cache *f = &c->f80;
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    unsigned k = place(c, f, ir_slot(i->imm));
    if (!can_owe(c, i))
        return false;
    if (k < f->owes)
        take_out(f, k);
    if (f->owes == OWED)
        return false;
    f->owed[f->owes++] = (IrRef)c->at;
    return true;
}

void owed_pay(Comp *c)
{
    while (c->f80.owes)
        pay(c, c->f80.owed[--c->f80.owes]);
}

void owed_pay_slot(Comp *c, unsigned slot)
{
    unsigned k = place(c, &c->f80, slot);
    if (k == c->f80.owes)
        return;
    pay(c, c->f80.owed[k]);
    take_out(&c->f80, k);
}

bool owed_among(Comp *c, const F80Cache *some, const F80Cache *all)
{
    for (unsigned k = 0; k < some->owes; k++) {
        unsigned n = place(c, all, slot_owed(c, some->owed[k]));
        if (n == all->owes || !same(c, some->owed[k], all->owed[n]))
            return false;
    }
    return true;
}

void owed_meet(Comp *c, F80Cache *f, const F80Cache *other)
{
    for (unsigned k = f->owes; k-- > 0;) {
        unsigned n = place(c, other, slot_owed(c, f->owed[k]));
        if (n == other->owes || !same(c, f->owed[k], other->owed[n]))
            take_out(f, k);
    }
}

void owed_become(Comp *c, const F80Cache *want)
{
    for (unsigned k = c->f80.owes; k-- > 0;) {
        unsigned n = place(c, want, slot_owed(c, c->f80.owed[k]));
        if (n == want->owes || !same(c, c->f80.owed[k], want->owed[n]))
            pay(c, c->f80.owed[k]);
    }
}
