#include "devices/intc/gicv2.h"

#include "core/machine.h"
#include "core/requester.h"

#include <string.h>

Gicv2Cpu *gicv2_requester(Gicv2 *g, unsigned *number)
{
    unsigned n = (unsigned)requester_cpu;
    n = n < g->cpus ? n : 0;
    if (number)
        *number = n;
    return &g->cpu[n];
}

GicBank *gicv2_bank(Gicv2 *g, unsigned cpu, unsigned index)
{
    if (index == 0)
        return &g->cpu[cpu].bank;
    return index <= g->banks ? &g->spi[index - 1] : NULL;
}

static GicRank best(const Gicv2 *g, const Gicv2Cpu *c)
{
    unsigned groups = g->ctlr & c->ctlr & 3;
    if (!groups)
        return GIC_NONE;
    GicRank rank = bank_best(&c->bank, bank_ready(&c->bank, groups), 0, GIC_NONE);
    for (unsigned i = 0; i < g->banks; i++)
        rank = bank_best(&g->spi[i], bank_ready(&g->spi[i], groups) & c->routed[i], GIC_INTERNAL + i * 32, rank);
    return rank;
}

void gicv2_update(Gicv2 *g, unsigned cpu)
{
    Gicv2Cpu *c = &g->cpu[cpu];
    c->port.best = best(g, c);
    bool raised = gic_signals(&c->port, c->port.best);
    bool fiq = rank_group(c->port.best) == 0 && c->ctlr & GICC_CTLR_FIQ;
    line_set(&g->irq[cpu], raised && !fiq);
    line_set(&g->fiq[cpu], raised && fiq);
}

void gicv2_update_all(Gicv2 *g)
{
    for (unsigned i = 0; i < g->cpus; i++)
        gicv2_update(g, i);
}

/* With one CPU there are no target registers: everything goes to it (IHI 0048B 4.3.12). */
void gicv2_route(Gicv2 *g, unsigned spi)
{
    uint32_t bit = 1u << spi % 32;
    for (unsigned i = 0; i < g->cpus; i++) {
        uint32_t *routed = &g->cpu[i].routed[spi / 32];
        *routed = g->cpus == 1 || g->target[spi] >> i & 1 ? *routed | bit : *routed & ~bit;
    }
}

static void spi_input(void *dev, int pin, bool level)
{
    Gicv2 *g = dev;
    unsigned spi = (unsigned)pin;
    if (spi / 32 >= g->banks || spi + GIC_INTERNAL >= g->intids)
        return;
    if (!bank_input(&g->spi[spi / 32], spi % 32, level))
        return;
    for (unsigned i = 0; i < g->cpus; i++)
        if (g->cpu[i].routed[spi / 32] >> spi % 32 & 1)
            gicv2_update(g, i);
}

static void ppi_input(void *dev, int pin, bool level)
{
    Gicv2 *g = dev;
    unsigned cpu = (unsigned)pin / 16;
    if (cpu < g->cpus && bank_input(&g->cpu[cpu].bank, GIC_SGIS + (unsigned)pin % 16, level))
        gicv2_update(g, cpu);
}

static bool start(void *dev, Error *err)
{
    Gicv2 *g = dev;
    if (!g->cpus && g->dev.machine)
        g->cpus = (uint64_t)g->dev.machine->config->cpus;
    if (g->cpus < 1 || g->cpus > GICV2_CPUS)
        return error_set(err, "%s: a GICv2 serves 1 to %d CPUs, not %llu", g->dev.id, GICV2_CPUS,
                         (unsigned long long)g->cpus);
    if (g->intids < GIC_INTERNAL || g->intids > 1020 || (g->intids % 32 && g->intids != 1020))
        return error_set(err, "%s: num-irq must be 1020 or a multiple of 32 from 32 to 992", g->dev.id);
    g->banks = (unsigned)(g->intids + 31) / 32 - 1;
    return true;
}

static void loaded(void *dev)
{
    Gicv2 *g = dev;
    for (unsigned i = 0; i < g->banks * 32; i++)
        gicv2_route(g, i);
    gicv2_update_all(g);
}

static void reset(void *dev)
{
    Gicv2 *g = dev;
    for (unsigned i = 0; i < g->cpus; i++) {
        g->cpu[i].bank.enabled = g->cpu[i].bank.edge = 0xffff; /* SGIs: always (DDI 0471B table 3-2) */
        gic_cpu_reset(&g->cpu[i].port);
    }
    loaded(g);
}

static const StateField cpu_state[] = {
    STATE_STRUCT(Gicv2Cpu, bank, gic_bank_state),
    STATE_ARRAY(Gicv2Cpu, sgi_from),
    STATE_STRUCT(Gicv2Cpu, port, gic_cpu_state),
    STATE(Gicv2Cpu, ctlr),
    STATE(Gicv2Cpu, hcr),
    STATE(Gicv2Cpu, vmcr),
    STATE(Gicv2Cpu, vapr),
    STATE_ARRAY(Gicv2Cpu, lr),
    STATE_END,
};

static const StateField state[] = {
    STATE(Gicv2, ctlr),
    STATE_STRUCTS(Gicv2, spi, gic_bank_state),
    STATE_ARRAY(Gicv2, target),
    STATE_STRUCTS(Gicv2, cpu, cpu_state),
    STATE_END,
};

static const Prop props[] = {
    { "cpus", "CPUs served; 0: all of the machine", PROP_UINT, offsetof(Gicv2, cpus), "0" },
    { "num-irq", "interrupt numbers, the 32 private ones included", PROP_UINT, offsetof(Gicv2, intids), "288" },
    { 0 },
};

static const Window windows[] = {
    { 0x1000, .read = gicv2_dist_read, .write = gicv2_dist_write, .min = 1, .max = 4 },
    { 0x2000, .regs = gicv2_cpu_regs, .min = 4, .max = 4 },
    { 0x1000, .regs = gicv2_hyp_regs, .min = 4, .max = 4 },
    { 0 },
};

static const Pin pins[] = {
    { "spi", .count = GIC_SPIS, .in = spi_input },
    { "ppi", .count = GICV2_CPUS * 16, .in = ppi_input },
    { "irq", offsetof(Gicv2, irq), GICV2_CPUS },
    { "fiq", offsetof(Gicv2, fiq), GICV2_CPUS },
    { "virq", offsetof(Gicv2, virq), GICV2_CPUS },
    { "vfiq", offsetof(Gicv2, vfiq), GICV2_CPUS },
    { 0 },
};

const DeviceType gicv2 = {
    .name = "gicv2",
    .about = "Arm generic interrupt controller version 2 (GIC-400)",
    .size = sizeof(Gicv2),
    .props = props,
    .state = state,
    .windows = windows,
    .pins = pins,
    .start = start,
    .reset = reset,
    .loaded = loaded,
};
