/* The distributor of the GICv2: ARM IHI 0048B 4.3. */
#include "base/log.h"
#include "devices/intc/gicv2.h"

enum { ITARGETSR = 0x800, ITARGETSR_END = 0xc00, CPENDSGIR = 0xf10, SPENDSGIR = 0xf20, SPENDSGIR_END = 0xf30 };

static uint64_t typer_read(void *dev, int index)
{
    (void)index;
    const Gicv2 *g = dev;
    return g->banks | (g->cpus - 1) << 5;
}

static uint64_t iidr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return GICV2_IIDR;
}

static void ctlr_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    gicv2_update_all(dev);
}

static void sgi_send(Gicv2 *g, unsigned from, unsigned to, unsigned sgi)
{
    Gicv2Cpu *c = &g->cpu[to];
    c->sgi_from[sgi] |= (uint8_t)(1 << from);
    c->bank.latch |= 1u << sgi;
    gicv2_update(g, to);
}

static void sgir_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Gicv2 *g = dev;
    unsigned from;
    gicv2_requester(g, &from);
    const unsigned all = (1u << g->cpus) - 1, self = 1u << from;
    const unsigned targets[4] = { value >> 16 & all, all & ~self, self, 0 };
    for (unsigned i = 0, list = targets[value >> 24 & 3]; i < g->cpus; i++)
        if (list >> i & 1)
            sgi_send(g, from, i, value & 15);
}

static const Reg regs[] = {
    REG(0x000, Gicv2, ctlr, .writable = 3, .written = ctlr_written),
    REG_CALL(0x004, typer, .read = typer_read),
    REG_CALL(0x008, iidr, .read = iidr_read),
    REG_CALL(0xf00, sgir, .written = sgir_written),
    REG_END,
};

/* GICD_PIDR4-7, GICD_PIDR0-3, GICD_CIDR0-3 (DDI 0471B table 3-2). */
static const uint8_t ids[12] = { 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t target_read(Gicv2 *g, unsigned intid)
{
    unsigned cpu;
    gicv2_requester(g, &cpu);
    if (g->cpus == 1)
        return 0;
    if (intid < GIC_INTERNAL)
        return 1u << cpu;
    return intid < g->intids ? g->target[intid - GIC_INTERNAL] : 0;
}

static void target_write(Gicv2 *g, unsigned intid, uint8_t value)
{
    if (g->cpus == 1 || intid < GIC_INTERNAL || intid >= g->intids)
        return;
    g->target[intid - GIC_INTERNAL] = value & (uint8_t)((1u << g->cpus) - 1);
    gicv2_route(g, intid - GIC_INTERNAL);
}

/* GICD_CPENDSGIR and GICD_SPENDSGIR: a byte for each SGI, a bit for each CPU that sent it. */
static void sgi_pending_write(Gicv2 *g, uint64_t at, uint8_t value)
{
    Gicv2Cpu *c = gicv2_requester(g, NULL);
    unsigned sgi = at & 15;
    value &= (uint8_t)((1u << g->cpus) - 1);
    c->sgi_from[sgi] = at >= SPENDSGIR ? c->sgi_from[sgi] | value : c->sgi_from[sgi] & (uint8_t)~value;
}

static bool bytewise(uint64_t at)
{
    return (at >= ITARGETSR && at < ITARGETSR_END) || (at >= CPENDSGIR && at < SPENDSGIR_END);
}

static uint32_t byte_read(Gicv2 *g, uint64_t at)
{
    if (at < ITARGETSR_END)
        return target_read(g, (unsigned)(at - ITARGETSR));
    return gicv2_requester(g, NULL)->sgi_from[at & 15];
}

static void byte_write(Gicv2 *g, uint64_t at, uint8_t value)
{
    if (at < ITARGETSR_END)
        target_write(g, (unsigned)(at - ITARGETSR), value);
    else
        sgi_pending_write(g, at, value);
}

/* SGIs are edge-triggered and always enabled; they are pending as long as some CPU's request is (4.3.5, 4.3.7, 4.3.15).
 */
static void fix_sgis(Gicv2Cpu *c)
{
    c->bank.enabled |= 0xffff;
    c->bank.edge |= 0xffff;
    c->bank.latch &= 0xffff0000;
    for (unsigned i = 0; i < GIC_SGIS; i++)
        if (c->sgi_from[i])
            c->bank.latch |= 1u << i;
}

uint64_t gicv2_dist_read(void *dev, uint64_t at, int size)
{
    Gicv2 *g = dev;
    unsigned cpu;
    gicv2_requester(g, &cpu);
    const BankReg *r = bank_reg(at);
    if (r) {
        const GicBank *b = gicv2_bank(g, cpu, bank_of(r, at));
        return b ? bank_read(r, b, at, size) : 0;
    }
    if (at >= 0xfd0)
        return at % 4 ? 0 : ids[(at - 0xfd0) / 4];
    if (!bytewise(at))
        return reg_read(regs, g, at, size);
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)byte_read(g, at + (unsigned)i) << i * 8;
    return value;
}

void gicv2_dist_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Gicv2 *g = dev;
    unsigned cpu;
    Gicv2Cpu *c = gicv2_requester(g, &cpu);
    const BankReg *r = bank_reg(at);
    if (!r && !bytewise(at)) {
        reg_write(regs, g, at, value, size);
        return;
    }
    GicBank *b = r ? gicv2_bank(g, cpu, bank_of(r, at)) : NULL;
    if (b)
        bank_write(r, b, at, (uint32_t)value, size);
    for (int i = 0; !r && i < size; i++)
        byte_write(g, at + (unsigned)i, (uint8_t)(value >> i * 8));
    fix_sgis(c);
    gicv2_update_all(g);
}
