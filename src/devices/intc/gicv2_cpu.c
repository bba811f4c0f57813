/* The CPU interface of the GICv2 (ARM IHI 0048B 4.4) and the stored part of its hypervisor interface (5.3). */
#include "base/log.h"
#include "devices/intc/gicv2.h"

enum { GICC_IIDR = 0x0202143b, GROUP_1_PENDING = 1022, VTR = 0x90000000 | (GICV2_LIST_REGS - 1) };

static Gicv2Cpu *self(void *dev)
{
    return gicv2_requester(dev, NULL);
}

static void changed(Gicv2 *g)
{
    unsigned cpu;
    gicv2_requester(g, &cpu);
    gicv2_update(g, cpu);
}

static uint64_t ctlr_read(void *dev, int index)
{
    (void)index;
    return self(dev)->ctlr;
}

static void ctlr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Gicv2Cpu *c = self(dev);
    c->ctlr = (uint32_t)value & 0x3ff;
    c->port.cbpr = value & GICC_CTLR_CBPR;
    changed(dev);
}

static uint64_t pmr_read(void *dev, int index)
{
    (void)index;
    return self(dev)->port.pmr;
}

static void pmr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    self(dev)->port.pmr = (uint32_t)value & GIC_PRIORITY_MASK;
    changed(dev);
}

static uint64_t bpr_read(void *dev, int group)
{
    return self(dev)->port.bpr[group];
}

static void bpr_written(void *dev, int group, uint64_t value)
{
    gic_bpr_set(&self(dev)->port, group, (uint32_t)value);
    changed(dev);
}

static uint64_t abpr_read(void *dev, int index)
{
    (void)index;
    return bpr_read(dev, 1);
}

static void abpr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    bpr_written(dev, 1, value);
}

static uint64_t rpr_read(void *dev, int index)
{
    (void)index;
    return gic_running(&self(dev)->port);
}

/* The number by which the CPU may know of `rank`: the plain registers are for group 0, and for group 1 only with
 * AckCtl, the aliased ones for group 1 (table 3-7). */
static uint32_t visible(const Gicv2Cpu *c, GicRank rank, bool aliased)
{
    if (rank == GIC_NONE)
        return GIC_SPURIOUS;
    if (aliased)
        return rank_group(rank) ? rank_intid(rank) : GIC_SPURIOUS;
    return rank_group(rank) && !(c->ctlr & GICC_CTLR_ACK) ? GROUP_1_PENDING : rank_intid(rank);
}

static uint32_t with_source(const Gicv2Cpu *c, uint32_t intid)
{
    return intid < GIC_SGIS && c->sgi_from[intid] ? intid | (uint32_t)__builtin_ctz(c->sgi_from[intid]) << 10 : intid;
}

static uint32_t acknowledge(Gicv2 *g, bool aliased)
{
    unsigned cpu;
    Gicv2Cpu *c = gicv2_requester(g, &cpu);
    GicRank rank = c->port.best;
    uint32_t intid = visible(c, rank, aliased);
    if (!gic_signals(&c->port, rank))
        return GIC_SPURIOUS;
    if (intid >= GROUP_1_PENDING)
        return intid;
    GicBank *b = gicv2_bank(g, cpu, intid / 32);
    uint32_t bit = 1u << intid % 32, answer = with_source(c, intid);
    gic_activate(&c->port, rank);
    b->active |= bit;
    b->latch &= ~bit;
    if (intid < GIC_SGIS) {
        c->sgi_from[intid] &= (uint8_t)(c->sgi_from[intid] - 1);
        b->latch |= c->sgi_from[intid] ? bit : 0;
    }
    if (intid < GIC_INTERNAL)
        gicv2_update(g, cpu);
    else
        gicv2_update_all(g);
    return answer;
}

static uint64_t iar_read(void *dev, int index)
{
    (void)index;
    return acknowledge(dev, false);
}

static uint64_t aiar_read(void *dev, int index)
{
    (void)index;
    return acknowledge(dev, true);
}

static uint64_t hppir_read(void *dev, int index)
{
    (void)index;
    const Gicv2Cpu *c = self(dev);
    return with_source(c, visible(c, c->port.best, false));
}

static uint64_t ahppir_read(void *dev, int index)
{
    (void)index;
    const Gicv2Cpu *c = self(dev);
    return with_source(c, visible(c, c->port.best, true));
}

static void end(void *dev, uint64_t value, bool drop, bool deactivate)
{
    Gicv2 *g = dev;
    unsigned cpu, intid = value & 0x3ff;
    Gicv2Cpu *c = gicv2_requester(g, &cpu);
    GicBank *b = intid < g->intids ? gicv2_bank(g, cpu, intid / 32) : NULL;
    if (!b)
        return;
    if (drop)
        gic_drop(&c->port, b->group >> intid % 32 & 1);
    if (deactivate)
        b->active &= ~(1u << intid % 32);
    if (deactivate && intid >= GIC_INTERNAL)
        gicv2_update_all(g);
    else
        gicv2_update(g, cpu);
}

static void eoir_written(void *dev, int index, uint64_t value)
{
    (void)index;
    end(dev, value, true, !(self(dev)->ctlr & GICC_CTLR_EOIMODE));
}

static void dir_written(void *dev, int index, uint64_t value)
{
    (void)index;
    if (self(dev)->ctlr & GICC_CTLR_EOIMODE)
        end(dev, value, false, true);
    else
        log_guest("gicv2: write to GICC_DIR with GICC_CTLR.EOImode 0");
}

static uint64_t apr_read(void *dev, int index)
{
    return index ? 0 : self(dev)->port.apr[0];
}

static void apr_written(void *dev, int index, uint64_t value)
{
    if (index == 0)
        self(dev)->port.apr[0] = (uint32_t)value;
    changed(dev);
}

static uint64_t nsapr_read(void *dev, int index)
{
    return index ? 0 : self(dev)->port.apr[1];
}

static void nsapr_written(void *dev, int index, uint64_t value)
{
    if (index == 0)
        self(dev)->port.apr[1] = (uint32_t)value;
    changed(dev);
}

static uint64_t iidr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return GICC_IIDR;
}

const Reg gicv2_cpu_regs[] = {
    REG_CALL(0x0000, ctlr, .read = ctlr_read, .written = ctlr_written),
    REG_CALL(0x0004, pmr, .read = pmr_read, .written = pmr_written),
    REG_CALL(0x0008, bpr, .read = bpr_read, .written = bpr_written),
    REG_CALL(0x000c, iar, .read = iar_read),
    REG_CALL(0x0010, eoir, .written = eoir_written),
    REG_CALL(0x0014, rpr, .read = rpr_read),
    REG_CALL(0x0018, hppir, .read = hppir_read),
    REG_CALL(0x001c, abpr, .read = abpr_read, .written = abpr_written),
    REG_CALL(0x0020, aiar, .read = aiar_read),
    REG_CALL(0x0024, aeoir, .written = eoir_written),
    REG_CALL(0x0028, ahppir, .read = ahppir_read),
    REG_CALL(0x00d0, apr, .count = 4, .read = apr_read, .written = apr_written),
    REG_CALL(0x00e0, nsapr, .count = 4, .read = nsapr_read, .written = nsapr_written),
    REG_CALL(0x00fc, iidr, .read = iidr_read),
    REG_CALL(0x1000, dir, .written = dir_written),
    REG_END,
};

static uint64_t hcr_read(void *dev, int index)
{
    (void)index;
    return self(dev)->hcr;
}

static void hcr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    self(dev)->hcr = (uint32_t)value & 0xf80000ff;
}

static uint64_t vmcr_read(void *dev, int index)
{
    (void)index;
    return self(dev)->vmcr;
}

static void vmcr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    self(dev)->vmcr = (uint32_t)value & 0xf8fc021f;
}

static uint64_t vapr_read(void *dev, int index)
{
    (void)index;
    return self(dev)->vapr;
}

static void vapr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    self(dev)->vapr = (uint32_t)value;
}

static uint64_t lr_read(void *dev, int index)
{
    return self(dev)->lr[index];
}

static void lr_written(void *dev, int index, uint64_t value)
{
    self(dev)->lr[index] = (uint32_t)value;
}

/* List registers whose state is invalid. */
static uint64_t elrsr_read(void *dev, int index)
{
    uint64_t empty = 0;
    for (unsigned i = 0; !index && i < GICV2_LIST_REGS; i++)
        empty |= (uint64_t) !(self(dev)->lr[i] >> 28 & 3) << i;
    return empty;
}

static uint64_t vtr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return VTR;
}

const Reg gicv2_hyp_regs[] = {
    REG_CALL(0x000, hcr, .read = hcr_read, .written = hcr_written),
    REG_CALL(0x004, vtr, .read = vtr_read),
    REG_CALL(0x008, vmcr, .read = vmcr_read, .written = vmcr_written),
    REG_CALL(0x010, misr),
    REG_CALL(0x020, eisr, .count = 2),
    REG_CALL(0x030, elrsr, .count = 2, .read = elrsr_read),
    REG_CALL(0x0f0, vapr, .read = vapr_read, .written = vapr_written),
    REG_CALL(0x100, lr, .count = GICV2_LIST_REGS, .read = lr_read, .written = lr_written),
    REG_END,
};
