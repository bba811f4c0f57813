/* The distributor and the redistributors of the GICv3: ARM IHI 0069, 12.9 to 12.11. */
#include "devices/intc/gicv3.h"

enum {
    GICD_CTLR_ARE = 1 << 4,
    GICD_CTLR_DS = 1 << 6,
    GICR_CTLR_CES = 1 << 1,
    WAKER_SLEEP = 1 << 1,
    WAKER_CHILDREN = 1 << 2,
};

/* PIDR4-7, PIDR0-3, CIDR0-3 at the end of each frame; part 0x492 and 0x493. */
static const uint8_t dist_ids[12] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
static const uint8_t redist_ids[12] = { 0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

enum { IDS = 0xffd0 };

static uint64_t ctlr_read(void *dev, int index)
{
    (void)index;
    const Gicv3 *g = dev;
    return g->ctlr | GICD_CTLR_ARE | GICD_CTLR_DS;
}

static void ctlr_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    gicv3_update_all(dev);
}

static uint64_t typer_read(void *dev, int index)
{
    (void)index;
    const Gicv3 *g = dev;
    const uint64_t no_1_of_n = 1 << 25, affinity_3 = 1 << 24, id_bits = 15 << 19, lpis = g->lpis ? 1 << 17 : 0;
    return no_1_of_n | affinity_3 | id_bits | lpis | g->banks;
}

static uint64_t iidr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return GICV3_IIDR;
}

static void router_written(void *dev, int index, uint64_t value)
{
    (void)value;
    Gicv3 *g = dev;
    unsigned spi = (unsigned)index;
    if (spi + GIC_INTERNAL >= g->intids) {
        g->router[spi] = 0;
        return;
    }
    gicv3_route(g, spi);
    gicv3_update_all(g);
}

const Reg gicv3_dist_regs[] = {
    REG(0x000, Gicv3, ctlr, .writable = 3, .read = ctlr_read, .written = ctlr_written),
    REG_CALL(0x004, typer, .read = typer_read),
    REG_CALL(0x008, iidr, .read = iidr_read),
    REG_CALL(0x00c, typer2),
    REG(0x010, Gicv3, statusr, .ack = 0xf),
    REG_ARRAY(0x6100, Gicv3, router, .writable = 0xff00ffffff, .written = router_written),
    REG_END,
};

static uint64_t split_read(uint64_t (*read)(void *, uint64_t, int), void *dev, uint64_t at)
{
    uint64_t low = read(dev, at, 4);
    return low | read(dev, at + 4, 4) << 32;
}

static bool identification(uint64_t at)
{
    return at >= IDS && at < IDS + 0x30;
}

/* SGIs and PPIs are the redistributors' (affinity routing is always on). */
static GicBank *dist_bank(Gicv3 *g, unsigned index)
{
    return index >= 1 && index <= g->banks ? &g->spi[index - 1] : NULL;
}

uint64_t gicv3_dist_read(void *dev, uint64_t at, int size)
{
    Gicv3 *g = dev;
    const BankReg *r = bank_reg(at);
    if (r && size == 8)
        return split_read(gicv3_dist_read, dev, at);
    if (r) {
        const GicBank *b = dist_bank(g, bank_of(r, at));
        return b ? bank_read(r, b, at, size) : 0;
    }
    if (identification(at))
        return at % 4 ? 0 : dist_ids[(at - IDS) / 4];
    return reg_read(gicv3_dist_regs, g, at, size);
}

void gicv3_dist_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Gicv3 *g = dev;
    const BankReg *r = bank_reg(at);
    if (!r) {
        reg_write(gicv3_dist_regs, g, at, value, size);
        return;
    }
    if (size == 8) {
        gicv3_dist_write(dev, at, (uint32_t)value, 4);
        gicv3_dist_write(dev, at + 4, value >> 32, 4);
        return;
    }
    GicBank *b = dist_bank(g, bank_of(r, at));
    if (!b)
        return;
    bank_write(r, b, at, (uint32_t)value, size);
    gicv3_update_all(g);
}

static uint64_t gicr_ctlr_read(void *dev, int index)
{
    (void)index;
    const Gicv3Cpu *c = dev;
    return c->ctlr | (c->gic->lpis ? GICR_CTLR_CES : 0);
}

static void gicr_ctlr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Gicv3Cpu *c = dev;
    uint32_t old = c->ctlr;
    c->ctlr = c->gic->lpis ? value & GICR_CTLR_ENABLE_LPIS : 0;
    if (c->ctlr & ~old)
        gicv3_lpi_start(c);
    if (~c->ctlr & old)
        gicv3_lpi_stop(c);
}

/* 64 bits wide, in two words. */
static uint64_t gicr_typer_read(void *dev, int index)
{
    const Gicv3Cpu *c = dev;
    const uint64_t common_lpis = 1 << 24, last = c->number + 1 == c->gic->cpus ? 1 << 4 : 0;
    return index ? c->number : common_lpis | c->number << 8 | last | c->gic->lpis;
}

static void waker_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    Gicv3Cpu *c = dev;
    c->waker = c->waker & WAKER_SLEEP ? WAKER_SLEEP | WAKER_CHILDREN : 0;
}

static const Reg redist_regs[] = {
    REG(0x00, Gicv3Cpu, ctlr, .read = gicr_ctlr_read, .written = gicr_ctlr_written),
    REG_CALL(0x04, iidr, .read = iidr_read),
    REG_CALL(0x08, typer, .count = 2, .read = gicr_typer_read),
    REG(0x10, Gicv3Cpu, statusr, .ack = 0xf),
    REG(0x14, Gicv3Cpu, waker, .reset = WAKER_SLEEP | WAKER_CHILDREN, .writable = WAKER_SLEEP,
        .written = waker_written),
    REG(0x70, Gicv3Cpu, propbaser, .writable = 0x070fffffffffff9f),
    REG(0x78, Gicv3Cpu, pendbaser, .writable = 0x470fffffffff0f80),
    REG_CALL(0xc0, syncr),
    REG_END,
};

void gicv3_redist_reset(Gicv3Cpu *c)
{
    reg_reset(redist_regs, c);
    c->bank.edge = 0xffff;
}

/* Each has a frame of registers of its own and a frame for its SGIs and PPIs. */
static Gicv3Cpu *redist(Gicv3 *g, uint64_t at, bool *sgi_frame)
{
    uint64_t cpu = at / (2 * GICV3_FRAME);
    *sgi_frame = at & GICV3_FRAME;
    return cpu < g->cpus ? &g->cpu[cpu] : NULL;
}

uint64_t gicv3_redist_read(void *dev, uint64_t at, int size)
{
    bool sgi_frame;
    Gicv3Cpu *c = redist(dev, at, &sgi_frame);
    uint64_t offset = at % GICV3_FRAME;
    if (!c)
        return 0;
    if (identification(offset))
        return offset % 4 ? 0 : redist_ids[(offset - IDS) / 4];
    if (!sgi_frame)
        return reg_read(redist_regs, c, offset, size);
    if (size == 8)
        return split_read(gicv3_redist_read, dev, at);
    const BankReg *r = bank_reg(offset);
    return r && bank_of(r, offset) == 0 ? bank_read(r, &c->bank, offset, size) : 0;
}

void gicv3_redist_write(void *dev, uint64_t at, uint64_t value, int size)
{
    bool sgi_frame;
    Gicv3Cpu *c = redist(dev, at, &sgi_frame);
    uint64_t offset = at % GICV3_FRAME;
    if (!c)
        return;
    if (!sgi_frame) {
        reg_write(redist_regs, c, offset, value, size);
        return;
    }
    if (size == 8) {
        gicv3_redist_write(dev, at, (uint32_t)value, 4);
        gicv3_redist_write(dev, at + 4, value >> 32, 4);
        return;
    }
    const BankReg *r = bank_reg(offset);
    if (!r || bank_of(r, offset) != 0)
        return;
    bank_write(r, &c->bank, offset, (uint32_t)value, size);
    c->bank.edge |= 0xffff;
    gicv3_update(c);
}
