#include "devices/intc/gic.h"

#include <string.h>

const StateField gic_bank_state[] = { STATE(GicBank, group),          STATE(GicBank, enabled),
                                      STATE(GicBank, latch),          STATE(GicBank, level),
                                      STATE(GicBank, edge),           STATE(GicBank, active),
                                      STATE_ARRAY(GicBank, priority), STATE_END };

const StateField gic_cpu_state[] = { STATE(GicCpu, pmr), STATE_ARRAY(GicCpu, bpr, .below = 8), STATE_ARRAY(GicCpu, apr),
                                     STATE(GicCpu, cbpr), STATE_END };

bool bank_input(GicBank *b, unsigned n, bool level)
{
    uint32_t bit = 1u << n;
    b->level = level ? b->level | bit : b->level & ~bit;
    if (!(b->edge & bit))
        return true;
    if (level)
        b->latch |= bit;
    return level;
}

static uint32_t get_group(const GicBank *b, unsigned word)
{
    (void)word;
    return b->group;
}

static void set_group(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->group = (b->group & ~lanes) | (value & lanes);
}

static uint32_t get_enabled(const GicBank *b, unsigned word)
{
    (void)word;
    return b->enabled;
}

static void set_enabled(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->enabled |= value & lanes;
}

static void clear_enabled(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->enabled &= ~(value & lanes);
}

static uint32_t get_pending(const GicBank *b, unsigned word)
{
    (void)word;
    return bank_pending(b);
}

static void set_pending(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->latch |= value & lanes;
}

static void clear_pending(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->latch &= ~(value & lanes);
}

static uint32_t get_active(const GicBank *b, unsigned word)
{
    (void)word;
    return b->active;
}

static void set_active(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->active |= value & lanes;
}

static void clear_active(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    (void)word;
    b->active &= ~(value & lanes);
}

static uint32_t get_priority(const GicBank *b, unsigned word)
{
    uint32_t value;
    memcpy(&value, b->priority + word * 4, 4);
    return value;
}

static void set_priority(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    uint32_t mask = lanes & 0x01010101u * GIC_PRIORITY_MASK, new = (get_priority(b, word) & ~mask) | (value & mask);
    memcpy(b->priority + word * 4, &new, 4);
}

/* GICD_ICFGR has two bits for each interrupt, the upper of which means edge-triggered. */
static uint32_t get_edge(const GicBank *b, unsigned word)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 16; i++)
        value |= (b->edge >> (word * 16 + i) & 1) << (i * 2 + 1);
    return value;
}

static void set_edge(GicBank *b, unsigned word, uint32_t value, uint32_t lanes)
{
    for (unsigned i = 0; i < 16; i++) {
        uint32_t bit = 1u << (word * 16 + i);
        if (lanes >> (i * 2 + 1) & 1)
            b->edge = value >> (i * 2 + 1) & 1 ? b->edge | bit : b->edge & ~bit;
    }
}

static const BankReg regs[] = {
    { 0x080, 0x100, 4, get_group, set_group },       { 0x100, 0x180, 4, get_enabled, set_enabled },
    { 0x180, 0x200, 4, get_enabled, clear_enabled }, { 0x200, 0x280, 4, get_pending, set_pending },
    { 0x280, 0x300, 4, get_pending, clear_pending }, { 0x300, 0x380, 4, get_active, set_active },
    { 0x380, 0x400, 4, get_active, clear_active },   { 0x400, 0x800, 32, get_priority, set_priority },
    { 0xc00, 0xd00, 8, get_edge, set_edge },
};

const BankReg *bank_reg(uint64_t at)
{
    for (size_t i = 0; i < sizeof regs / sizeof *regs; i++)
        if (at >= regs[i].at && at < regs[i].end)
            return &regs[i];
    return NULL;
}

static unsigned word_of(const BankReg *r, uint64_t at)
{
    return (unsigned)(at - r->at) % r->stride / 4;
}

uint32_t bank_read(const BankReg *r, const GicBank *b, uint64_t at, int size)
{
    uint32_t value = r->get(b, word_of(r, at)) >> at % 4 * 8;
    return size < 4 ? value & ((1u << size * 8) - 1) : value;
}

void bank_write(const BankReg *r, GicBank *b, uint64_t at, uint32_t value, int size)
{
    uint32_t lanes = size < 4 ? ((1u << size * 8) - 1) << at % 4 * 8 : UINT32_MAX;
    r->set(b, word_of(r, at), value << at % 4 * 8, lanes);
}

GicRank bank_best(const GicBank *b, uint32_t mask, uint32_t first, GicRank best)
{
    for (; mask; mask &= mask - 1) {
        unsigned n = (unsigned)__builtin_ctz(mask);
        GicRank rank = rank_of(b->priority[n], first + n, b->group >> n & 1);
        if (rank < best)
            best = rank;
    }
    return best;
}

static uint32_t get(const uint32_t *field)
{
    return __atomic_load_n(field, __ATOMIC_RELAXED);
}

void gic_cpu_reset(GicCpu *c)
{
    *c = (GicCpu){ .bpr = { GIC_BPR_MIN, GIC_BPR_MIN + 1 }, .best = GIC_NONE };
}

uint8_t gic_running(const GicCpu *c)
{
    uint32_t active = get(&c->apr[0]) | get(&c->apr[1]);
    return active ? (uint8_t)(__builtin_ctz(active) << GIC_PRIORITY_SHIFT) : GIC_IDLE;
}

/* The part of the priority that decides preemption. Group 1's binary point is one more for the same split, the other
 * having been meant for a Secure state (IHI 0048B 3.3.3, IHI 0069 4.8.3). */
static uint8_t preemption_level(const GicCpu *c, GicRank rank)
{
    uint32_t point = rank_group(rank) && !c->cbpr ? get(&c->bpr[1]) - 1 : get(&c->bpr[0]);
    return rank_priority(rank) & (uint8_t)(0xff << (point + 1));
}

bool gic_signals(const GicCpu *c, GicRank rank)
{
    return rank_priority(rank) < get(&c->pmr) && preemption_level(c, rank) < gic_running(c);
}

void gic_activate(GicCpu *c, GicRank rank)
{
    uint32_t *apr = &c->apr[rank_group(rank)];
    __atomic_store_n(apr, *apr | 1u << (preemption_level(c, rank) >> GIC_PRIORITY_SHIFT), __ATOMIC_RELAXED);
}

void gic_drop(GicCpu *c, int group)
{
    uint32_t *mine = &c->apr[group], active = *mine | c->apr[!group], highest = active & -active;
    __atomic_store_n(mine, *mine & ~highest, __ATOMIC_RELAXED);
}

void gic_bpr_set(GicCpu *c, int group, uint32_t value)
{
    uint32_t least = GIC_BPR_MIN + (uint32_t)group;
    value &= 7;
    __atomic_store_n(&c->bpr[group], value < least ? least : value, __ATOMIC_RELAXED);
}
