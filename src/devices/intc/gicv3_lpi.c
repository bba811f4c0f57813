/* LPIs: ARM IHI 0069 chapter 5.1. The guest keeps a byte of configuration and a pending bit for each in its memory.
 * Pending bits live here while LPIs are enabled; configuration is read when first needed and kept until the guest says
 * that it changed it (INV and INVALL commands), as the architecture allows. */
#include "core/space.h"
#include "devices/intc/gicv3.h"

#include <string.h>

enum {
    CONFIG_ENABLED = 1 << 0,
    CONFIG_KNOWN = 1 << 1, /* RES1 in the guest's table, ours in the copy */
    ADDRESS_IDBITS = 0x1f,
};

static const uint64_t PENDING_ZERO = 1ull << 62, PROP_ADDRESS = 0xffffffffff000, PEND_ADDRESS = 0xfffffffff0000;

/* One past the largest number the guest's tables have room for. */
static uint32_t limit(const Gicv3Cpu *c)
{
    unsigned bits = (c->propbaser & ADDRESS_IDBITS) + 1;
    return bits < 16 ? 1u << bits : LPI_END;
}

static bool usable(const Gicv3Cpu *c, uint32_t lpi)
{
    return c->ctlr & GICR_CTLR_ENABLE_LPIS && lpi >= LPI_FIRST && lpi < limit(c);
}

static uint8_t config(Gicv3Cpu *c, uint32_t lpi)
{
    uint8_t *known = &c->gic->lpi_config[lpi - LPI_FIRST];
    if (!*known) {
        space_read(c->gic->dev.dma, (c->propbaser & PROP_ADDRESS) + (lpi - LPI_FIRST), known, 1);
        *known |= CONFIG_KNOWN;
    }
    return *known;
}

/* LPIs are always of group 1. */
static GicRank rank(Gicv3Cpu *c, uint32_t lpi)
{
    uint8_t byte = config(c, lpi);
    return byte & CONFIG_ENABLED ? rank_of(byte & GIC_PRIORITY_MASK, lpi, true) : GIC_NONE;
}

static void find_best(Gicv3Cpu *c)
{
    GicRank best = GIC_NONE;
    for (unsigned i = 0; i < sizeof c->lpi_words / sizeof *c->lpi_words; i++)
        for (uint64_t words = c->lpi_words[i]; words; words &= words - 1) {
            unsigned word = i * 64 + (unsigned)__builtin_ctzll(words);
            for (uint64_t bits = c->lpi_pending[word]; bits; bits &= bits - 1) {
                GicRank r = rank(c, word * 64 + (unsigned)__builtin_ctzll(bits));
                if (r < best)
                    best = r;
            }
        }
    c->lpi_best = best;
}

static bool mark(Gicv3Cpu *c, uint32_t lpi, bool pending)
{
    uint64_t *word = &c->lpi_pending[lpi / 64], bit = 1ull << lpi % 64, old = *word;
    *word = pending ? old | bit : old & ~bit;
    uint64_t *words = &c->lpi_words[lpi / 64 / 64], words_bit = 1ull << lpi / 64 % 64;
    *words = *word ? *words | words_bit : *words & ~words_bit;
    return *word != old;
}

void gicv3_lpi_set(Gicv3Cpu *c, uint32_t lpi, bool pending)
{
    if (!usable(c, lpi) || !mark(c, lpi, pending))
        return;
    GicRank r = rank(c, lpi);
    if (pending && r < c->lpi_best)
        c->lpi_best = r;
    else if (!pending && r == c->lpi_best)
        find_best(c);
    else
        return;
    gicv3_update(c);
}

static bool pending(const Gicv3Cpu *c, uint32_t lpi)
{
    return usable(c, lpi) && c->lpi_pending[lpi / 64] >> lpi % 64 & 1;
}

void gicv3_lpi_move(Gicv3Cpu *from, Gicv3Cpu *to, uint32_t lpi)
{
    if (from == to || !pending(from, lpi))
        return;
    gicv3_lpi_set(from, lpi, false);
    gicv3_lpi_set(to, lpi, true);
}

void gicv3_lpi_move_all(Gicv3Cpu *from, Gicv3Cpu *to)
{
    if (from == to || !(from->ctlr & to->ctlr & GICR_CTLR_ENABLE_LPIS))
        return;
    for (unsigned i = 0; i < LPI_END / 64; i++)
        to->lpi_pending[i] |= from->lpi_pending[i];
    memset(from->lpi_pending, 0, sizeof from->lpi_pending);
    gicv3_lpi_loaded(from);
    gicv3_lpi_loaded(to);
    gicv3_update(from);
    gicv3_update(to);
}

static void find_best_all(Gicv3 *g)
{
    for (unsigned i = 0; i < g->cpus; i++) {
        find_best(&g->cpu[i]);
        gicv3_update(&g->cpu[i]);
    }
}

void gicv3_lpi_reread(Gicv3 *g, uint32_t lpi)
{
    if (lpi < LPI_FIRST || lpi >= LPI_END)
        return;
    g->lpi_config[lpi - LPI_FIRST] = 0;
    for (unsigned i = 0; i < g->cpus; i++)
        if (pending(&g->cpu[i], lpi)) {
            find_best(&g->cpu[i]);
            gicv3_update(&g->cpu[i]);
        }
}

void gicv3_lpi_forget_all(Gicv3 *g)
{
    memset(g->lpi_config, 0, sizeof g->lpi_config);
}

void gicv3_lpi_reread_all(Gicv3 *g)
{
    gicv3_lpi_forget_all(g);
    find_best_all(g);
}

void gicv3_lpi_loaded(Gicv3Cpu *c)
{
    memset(c->lpi_words, 0, sizeof c->lpi_words);
    for (unsigned i = 0; i < LPI_FIRST / 64; i++)
        c->lpi_pending[i] = 0;
    for (unsigned i = LPI_FIRST / 64; i < LPI_END / 64; i++)
        if (c->lpi_pending[i])
            c->lpi_words[i / 64] |= 1ull << i % 64;
    find_best(c);
}

/* A pending table has a bit for every INTID, those of the first KiB being unused. */
static bool table(const Gicv3Cpu *c, uint64_t *at, size_t *size)
{
    *at = (c->pendbaser & PEND_ADDRESS) + LPI_FIRST / 8;
    *size = limit(c) > LPI_FIRST ? (limit(c) - LPI_FIRST) / 8 : 0;
    return *size;
}

void gicv3_lpi_start(Gicv3Cpu *c)
{
    uint64_t at;
    size_t size;
    memset(c->lpi_pending, 0, sizeof c->lpi_pending);
    if (table(c, &at, &size) && !(c->pendbaser & PENDING_ZERO))
        space_read(c->gic->dev.dma, at, &c->lpi_pending[LPI_FIRST / 64], size);
    memset(c->gic->lpi_config, 0, sizeof c->gic->lpi_config);
    gicv3_lpi_loaded(c);
    gicv3_update(c);
}

void gicv3_lpi_stop(Gicv3Cpu *c)
{
    uint64_t at;
    size_t size;
    if (table(c, &at, &size))
        space_write(c->gic->dev.dma, at, &c->lpi_pending[LPI_FIRST / 64], size);
    memset(c->lpi_pending, 0, sizeof c->lpi_pending);
    gicv3_lpi_loaded(c);
    gicv3_update(c);
}
