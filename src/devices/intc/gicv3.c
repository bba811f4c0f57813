#include "devices/intc/gicv3.h"

#include "core/machine.h"

static GicRank best(const Gicv3 *g, const Gicv3Cpu *c)
{
    unsigned groups = g->ctlr & c->groups;
    if (!groups)
        return GIC_NONE;
    GicRank rank = groups & 2 ? c->lpi_best : GIC_NONE;
    rank = bank_best(&c->bank, bank_ready(&c->bank, groups), 0, rank);
    for (unsigned i = 0; i < g->banks; i++)
        rank = bank_best(&g->spi[i], bank_ready(&g->spi[i], groups) & c->routed[i], GIC_INTERNAL + i * 32, rank);
    return rank;
}

/* With one security state group 0 is FIQ and group 1 is IRQ (IHI 0069 4.6.2). */
typedef struct Levels {
    bool irq, fiq;
} Levels;

static Levels wanted(const Gicv3Cpu *c)
{
    GicRank rank = __atomic_load_n(&c->port.best, __ATOMIC_RELAXED);
    bool raised = gic_signals(&c->port, rank);
    return (Levels){ raised && rank_group(rank), raised && !rank_group(rank) };
}

bool gicv3_lines_right(Gicv3Cpu *c)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    Levels l = wanted(c);
    return __atomic_load_n(&c->gic->irq[c->number].level, __ATOMIC_RELAXED) == l.irq &&
           __atomic_load_n(&c->gic->fiq[c->number].level, __ATOMIC_RELAXED) == l.fiq;
}

/* Again if the vCPU changed its mask meanwhile and may have compared it with the old lines. */
void gicv3_lines(Gicv3Cpu *c)
{
    do {
        Levels l = wanted(c);
        line_set(&c->gic->irq[c->number], l.irq);
        line_set(&c->gic->fiq[c->number], l.fiq);
    } while (!gicv3_lines_right(c));
}

void gicv3_update(Gicv3Cpu *c)
{
    __atomic_store_n(&c->port.best, best(c->gic, c), __ATOMIC_SEQ_CST);
    gicv3_lines(c);
}

void gicv3_update_all(Gicv3 *g)
{
    for (unsigned i = 0; i < g->cpus; i++)
        gicv3_update(&g->cpu[i]);
}

void gicv3_spi_changed(Gicv3 *g, unsigned spi)
{
    for (unsigned i = 0; i < g->cpus; i++)
        if (g->cpu[i].routed[spi / 32] >> spi % 32 & 1)
            gicv3_update(&g->cpu[i]);
}

void gicv3_route(Gicv3 *g, unsigned spi)
{
    uint32_t bit = 1u << spi % 32;
    for (unsigned i = 0; i < g->cpus; i++) {
        uint32_t *routed = &g->cpu[i].routed[spi / 32];
        *routed = g->router[spi] == i ? *routed | bit : *routed & ~bit;
    }
}

static void spi_input(void *dev, int pin, bool level)
{
    Gicv3 *g = dev;
    unsigned spi = (unsigned)pin;
    if (spi + GIC_INTERNAL < g->intids && bank_input(&g->spi[spi / 32], spi % 32, level))
        gicv3_spi_changed(g, spi);
}

static void ppi_input(void *dev, int pin, bool level)
{
    Gicv3 *g = dev;
    unsigned cpu = (unsigned)pin / 16;
    if (cpu < g->cpus && bank_input(&g->cpu[cpu].bank, GIC_SGIS + (unsigned)pin % 16, level))
        gicv3_update(&g->cpu[cpu]);
}

static bool start(void *dev, Error *err)
{
    Gicv3 *g = dev;
    if (!g->cpus)
        g->cpus = (uint64_t)g->dev.machine->config->cpus;
    if (g->cpus < 1 || g->cpus > GICV3_CPUS)
        return error_set(err, "%s: this GICv3 serves 1 to %d CPUs, not %llu", g->dev.id, GICV3_CPUS,
                         (unsigned long long)g->cpus);
    if (g->intids < GIC_INTERNAL || g->intids > 1020 || (g->intids % 32 && g->intids != 1020))
        return error_set(err, "%s: num-irq must be 1020 or a multiple of 32 from 32 to 992", g->dev.id);
    g->banks = (unsigned)(g->intids + 31) / 32 - 1;
    for (unsigned i = 0; i < GICV3_CPUS; i++) {
        g->cpu[i].dev = (Device){ .type = g->dev.type, .id = g->dev.id, .machine = g->dev.machine, .dma = g->dev.dma };
        g->cpu[i].gic = g;
        g->cpu[i].number = i;
    }
    gicv3_sysregs_index(g);
    return true;
}

static void loaded(void *dev)
{
    Gicv3 *g = dev;
    for (unsigned i = 0; i < g->banks * 32; i++)
        gicv3_route(g, i);
    gicv3_lpi_reread_all(g);
    for (unsigned i = 0; i < g->cpus; i++)
        gicv3_lpi_loaded(&g->cpu[i]);
    gicv3_update_all(g);
}

static void reset(void *dev)
{
    Gicv3 *g = dev;
    reg_reset(gicv3_dist_regs, g);
    for (unsigned i = 0; i < g->cpus; i++) {
        gicv3_redist_reset(&g->cpu[i]);
        gic_cpu_reset(&g->cpu[i].port);
    }
    loaded(g);
}

static const StateField cpu_state[] = {
    STATE_STRUCT(Gicv3Cpu, bank, gic_bank_state),
    STATE(Gicv3Cpu, ctlr),
    STATE(Gicv3Cpu, statusr),
    STATE(Gicv3Cpu, waker),
    STATE(Gicv3Cpu, propbaser),
    STATE(Gicv3Cpu, pendbaser),
    STATE_ARRAY(Gicv3Cpu, lpi_pending),
    STATE_STRUCT(Gicv3Cpu, port, gic_cpu_state),
    STATE(Gicv3Cpu, icc_ctlr),
    STATE(Gicv3Cpu, groups),
    STATE(Gicv3Cpu, hcr),
    STATE(Gicv3Cpu, vmcr),
    STATE_ARRAY(Gicv3Cpu, vapr),
    STATE_ARRAY(Gicv3Cpu, lr),
    STATE_END,
};

static const StateField state[] = {
    STATE(Gicv3, ctlr),
    STATE(Gicv3, statusr),
    STATE_STRUCTS(Gicv3, spi, gic_bank_state),
    STATE_ARRAY(Gicv3, router),
    STATE_STRUCTS(Gicv3, cpu, cpu_state),
    STATE_END,
};

static const Prop props[] = {
    { "cpus", "CPUs served; 0: all of the machine", PROP_UINT, offsetof(Gicv3, cpus), "0" },
    { "num-irq", "interrupt numbers, the 32 private ones included", PROP_UINT, offsetof(Gicv3, intids), "288" },
    { "has-lpi", "whether there are message-signalled interrupts kept in memory", PROP_BOOL, offsetof(Gicv3, lpis),
      "on" },
    { 0 },
};

static const Window windows[] = {
    { GICV3_FRAME, .read = gicv3_dist_read, .write = gicv3_dist_write },
    { GICV3_FRAME * 2 * GICV3_CPUS, .read = gicv3_redist_read, .write = gicv3_redist_write },
    { 0 },
};

static const Pin pins[] = {
    { "spi", .count = GIC_SPIS, .in = spi_input },
    { "ppi", .count = GICV3_CPUS * 16, .in = ppi_input },
    { "irq", offsetof(Gicv3, irq), GICV3_CPUS },
    { "fiq", offsetof(Gicv3, fiq), GICV3_CPUS },
    { "virq", offsetof(Gicv3, virq), GICV3_CPUS },
    { "vfiq", offsetof(Gicv3, vfiq), GICV3_CPUS },
    { 0 },
};

const DeviceType gicv3 = {
    .name = "gicv3",
    .about = "Arm generic interrupt controller version 3",
    .size = sizeof(Gicv3),
    .props = props,
    .state = state,
    .windows = windows,
    .pins = pins,
    .interface = &gicv3_sysregs,
    .offers = SYSREGS,
    .start = start,
    .reset = reset,
    .loaded = loaded,
};
