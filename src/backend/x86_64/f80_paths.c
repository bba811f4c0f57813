/* Where paths meet each has the same 80-bit numbers on the host's stack. A unit that branches to its start keeps what
 * it works on where it is on the way round. */
#include "backend/x86_64/f80.h"

/* Slots that are read before they are written, up to the last branch to the unit's start. */
typedef struct Reads {
    uint8_t slot[8], count;
    bool seen[IR_SLOTS];
} Reads;

static void touches(Reads *r, unsigned slot, bool reads)
{
    enum { MOST = 6 }; /* some room must be left to work in */
    if (!r->seen[slot] && reads && r->count < MOST)
        r->slot[r->count++] = (uint8_t)slot;
    r->seen[slot] = true;
}

static void note(Reads *r, const IrInsn *i)
{
    unsigned op = i->imm & 0xff, d = ir_f80_d(i->imm), b = ir_f80_b(i->imm);
    if (i->op == IR_f80_status || i->op == IR_f80_control || (i->op == IR_f80 && op == F80_DROP))
        return;
    if ((i->op == IR_f80 && ir_f80_uses_b(i->imm)) || i->op == IR_f80_cmp)
        touches(r, b, true);
    bool defines = i->op == IR_f80_in ? op == F80_COPY
                                      : i->op == IR_f80 && (op == F80_COPY || op == F80_XTRACT || op >= F80_CONST);
    touches(r, d, !defines);
}

/* false: the loop, if there is one, looks at state on its way. */
static bool find_reads(const Comp *c, Reads *r)
{
    bool found = false;
    for (uint32_t k = c->at + 1; k < c->ir->count; k++) {
        const IrInsn *i = &c->ir->insn[k];
        bool call = i->op == IR_call && c->guest->helpers[i->imm & 0xffff].effects & (H_STATE | H_LEAVES);
        if (i->op == IR_charge || call)
            break;
        if (i->op >= IR_f80 && i->op <= IR_f80_control)
            note(r, i);
        else if ((i->op == IR_goto_ || i->op == IR_goto_if) && i->imm == c->first_pc)
            found = true;
        if (ir_effects((IrOp)i->op) & LEAVES && i->op != IR_goto_if && i->op != IR_leave_if)
            break;
    }
    return found;
}

void f80_loop_head(Comp *c)
{
    if (!c->guest->f80_status || !c->live.loops)
        return;
    Reads r = { .count = 0 };
    if (!find_reads(c, &r) || !r.count)
        return;
    for (unsigned k = r.count; k-- > 0;) {
        with_slot(c, FLD_M80, r.slot[k]);
        pushed(&c->f80, r.slot[k], true);
    }
    c->f80.ran = c->f80.valid = true;
    c->f80.zero = false;
    f80_begins(c);
    c->f80_loop.at = c->a.p;
    c->f80_loop.cache = c->f80;
}

bool f80_goes_round(const Comp *c, uint64_t pc)
{
    return c->f80_loop.at && pc == c->first_pc;
}

/* ---- from what is to what is wanted ---- */

bool f80_same(const F80Cache *f, const F80Cache *want)
{
    return f->depth == want->depth && !memcmp(f->slot, want->slot, f->depth);
}

bool f80_keeps(const F80Cache *f, const F80Cache *want)
{
    return f->valid && (f->zero || f80_same(f, want));
}

F80Cache f80_alive(const F80Cache *f)
{
    F80Cache alive = *f;
    for (unsigned k; (k = find(&alive, DEAD)) != ABSENT;) { /* as f80_drop() does it */
        exchanged(&alive, k);
        popped(&alive);
    }
    return alive;
}

unsigned f80_changed(const F80Cache *f, const F80Cache *like)
{
    unsigned changed = 0;
    for (unsigned k = 0; k < f->depth; k++) {
        unsigned there = find(like, f->slot[k]);
        if (there != ABSENT)
            changed |= (f->changed >> k & 1u) << there;
    }
    return changed;
}

bool f80_fits(Comp *c, const F80Cache *want)
{
    const F80Cache *f = &c->f80;
    return owed_among(c, want, f) && (!want->ran || f80_keeps(f, want)) &&
           !(f80_changed(f, want) & ~(unsigned)want->changed);
}

static void evict_others(Comp *c, const F80Cache *want)
{
    F80Cache *f = &c->f80;
    for (unsigned k = 0; k < f->depth; k++)
        if (find(want, f->slot[k]) == ABSENT) {
            f80_exchange(c, k);
            f80_store_top(c);
            k = ~0u; /* from the top again */
        }
}

void f80_become(Comp *c, const F80Cache *want)
{
    F80Cache *f = &c->f80;
    owed_become(c, want);
    if (!want->ran)
        f80_store_status(c);
    f80_drop_dead(c);
    evict_others(c, want);
    for (unsigned k = 0; k < want->depth; k++)
        f80_bring(c, want->slot[k], want->slot[k]);
    for (unsigned k = want->depth; k-- > 1;)
        if (f->slot[k] != want->slot[k]) {
            f80_exchange(c, find(f, want->slot[k]));
            f80_exchange(c, k);
        }
    *f = *want;
}

void f80_settle(Comp *c)
{
    F80Cache *f = &c->f80;
    owed_pay(c);
    f80_store_status(c);
    f80_drop_dead(c);
    f->changed = 0xff; /* others may have changed them */
    f->valid = f->zero = false;
}

void f80_go_round(Comp *c)
{
    f80_become(c, &c->f80_loop.cache);
}
