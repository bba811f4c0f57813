/* A unit that is a loop has pins of its own: the slots that the loop uses most take the registers of those that it uses
 * least. The unit's entry swaps them; whatever leaves it, if only for a slow path, swaps them back. */
#include "backend/x86_64/comp.h"

#include <string.h>

typedef struct Loop {
    uint32_t end; /* index behind the last branch to the unit's start; 0: none */
    int exits;    /* other branches before that one: each may be on the way that the loop usually takes */
} Loop;

/* Only up to a call, for which all would have to be swapped. */
static Loop find_loop(const Comp *c)
{
    Loop loop = { 0 };
    int exits = 0;
    for (uint32_t k = 1; k < c->ir->count; k++) {
        const IrInsn *i = &c->ir->insn[k];
        if (i->op == IR_call)
            break;
        if (i->op != IR_goto_ && i->op != IR_goto_if)
            continue;
        if (i->imm == c->first_pc)
            loop = (Loop){ k + 1, exits };
        else
            exits += !unit_has_label(c, i->imm);
    }
    return loop;
}

/* Parts of a register are easier to get at in memory. */
static void count_accesses(const Comp *c, uint32_t end, int *count)
{
    for (uint32_t k = 1; k < end; k++) {
        const IrInsn *i = &c->ir->insn[k];
        if (i->op != IR_get && i->op != IR_put)
            continue;
        if (i->op == IR_put && c->ir->insn[i->arg[0]].op == IR_const)
            continue; /* goes to memory as well as to a register */
        bool part = ir_slot_offset(i->imm) || ir_bits(i->type) < 32;
        count[ir_slot(i->imm)] += i->type == T_FLAGS ? -(int)IR_MAX : part ? -1 : 1;
    }
}

static unsigned most_used(const Comp *c, const int *count)
{
    unsigned best = NO_SLOT;
    for (unsigned slot = 0; slot < IR_SLOTS; slot++)
        if (count[slot] > 0 && c->pin_of[slot] == NO_REG && c->ir->slots[slot].size == 8 &&
            (best == NO_SLOT || count[slot] > count[best]))
            best = slot;
    return best;
}

/* A canonical pin that is not swapped yet. */
static unsigned least_used(const Comp *c, const int *count)
{
    unsigned least = NO_SLOT;
    for (unsigned k = 0; c->guest->hot[k] != 0xffff; k++) {
        unsigned slot = c->guest->hot[k];
        if (c->pin_of[slot] != NO_REG && (least == NO_SLOT || count[slot] < count[least]))
            least = slot;
    }
    return least;
}

/* Chooses swaps; returns how many accesses to memory they save each time round. */
static int choose(Comp *c, int *count, int worth)
{
    int saved = 0;
    while (c->swaps < MOST_SWAPS) {
        unsigned in = most_used(c, count), out = least_used(c, count);
        if (in == NO_SLOT || out == NO_SLOT || count[in] - count[out] < worth)
            break;
        c->swap[c->swaps++] = (Swap){ .reg = c->pin_of[out], .out = (uint16_t)out, .in = (uint16_t)in };
        c->pin_of[in] = c->pin_of[out];
        c->pin_of[out] = NO_REG;
        saved += count[in] - count[out];
        count[out] = 0;
    }
    return saved;
}

/* Memory beside the base register is nearly as good as a register, so that little is not worth the swaps on the way in
 * and out of a loop that may be short. */
void loop_begin(Comp *c)
{
    enum { WORTH = 2, ENOUGH = 4 };
    memcpy(c->pin_of, pin_of, sizeof pin_of);
    c->swaps = 0;
    c->swap_out = c->swap_in = NULL;
    Loop loop = { 0 };
    if (c->live.loops)
        loop = find_loop(c);
    if (!loop.end)
        return;
    int count[IR_SLOTS] = { 0 };
    count_accesses(c, loop.end, count);
    if (choose(c, count, WORTH + 2 * loop.exits) < ENOUGH) {
        memcpy(c->pin_of, pin_of, sizeof pin_of);
        c->swaps = 0;
    }
    pins_in(c);
}

/* Registers other than the swapped ones are kept, and so are the flags. */
static void swap_all(Comp *c, bool out)
{
    for (unsigned k = 0; k < c->swaps; k++) {
        Swap s = c->swap[k];
        asm_store(&c->a, 8, s.reg, slot_rm(c, out ? s.in : s.out, 0));
        asm_load(&c->a, 8, false, s.reg, slot_rm(c, out ? s.out : s.in, 0));
    }
}

void pins_out(Comp *c)
{
    swap_all(c, true);
}

void pins_in(Comp *c)
{
    swap_all(c, false);
}

/* Many cold paths do the same: the first has the code. */
static void call_swap(Comp *c, uint8_t **at, bool out)
{
    if (*at) {
        uint8_t *call = asm_call(&c->a);
        asm_target(call, *at);
        return;
    }
    uint8_t *call = asm_call(&c->a), *over = asm_jmp(&c->a);
    asm_here(&c->a, call);
    *at = c->a.p;
    swap_all(c, out);
    put8(&c->a, 0xc3);
    asm_here(&c->a, over);
}

void call_thunk(Comp *c, const uint8_t *thunk, bool is_point)
{
    bool f80 = f80_busy(c);
    if (f80)
        f80_out_of_the_way(c);
    if (c->swaps)
        call_swap(c, &c->swap_out, true);
    asm_call_to(&c->a, thunk);
    if (is_point)
        point(c);
    if (c->swaps)
        call_swap(c, &c->swap_in, false);
    if (f80)
        f80_back(c);
}
