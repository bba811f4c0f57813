/* Where a PC's interrupts fork: each of the first 16 goes to the 8259s and to the I/O APIC, which gets the timer's at
 * input 2. The PCI interrupts that the ISA bridge routes join those of the ISA devices, as do those of a second
 * device at one line (COM3, COM4), and floating-point errors of all CPUs are interrupt 13. */
#include "core/device.h"

enum { INPUTS = 24, OLD = 16, TIMER_PIN = 2, FERR = 13, CPUS = 16 };

typedef struct Gsi {
    Device dev;
    uint32_t isa, second, routed;
    uint32_t ferr; /* bit per CPU */
    Line old[OLD], apic[INPUTS];
} Gsi;

static void update(Gsi *g, int n)
{
    bool level = (g->isa | g->second | g->routed) >> n & 1 || (n == FERR && g->ferr);
    if (n < OLD)
        line_set(&g->old[n], level);
    if (n != TIMER_PIN)
        line_set(&g->apic[n ? n : TIMER_PIN], level);
}

static void change(Gsi *g, uint32_t *set, int n, bool level)
{
    *set = level ? *set | 1u << n : *set & ~(1u << n);
    update(g, set == &g->ferr ? FERR : n);
}

static void input(void *dev, int n, bool level)
{
    Gsi *g = dev;
    change(g, &g->isa, n, level);
}

static void second_input(void *dev, int n, bool level)
{
    Gsi *g = dev;
    change(g, &g->second, n, level);
}

static void routed_input(void *dev, int n, bool level)
{
    Gsi *g = dev;
    change(g, &g->routed, n, level);
}

static void ferr_input(void *dev, int cpu, bool level)
{
    Gsi *g = dev;
    change(g, &g->ferr, cpu, level);
}

static void loaded(void *dev)
{
    for (int n = 0; n < INPUTS; n++)
        update(dev, n);
}

const DeviceType gsi = {
    .name = "pc-irqs",
    .about = "interrupt lines of a PC",
    .size = sizeof(Gsi),
    .state =
        (const StateField[]){ STATE(Gsi, isa), STATE(Gsi, second), STATE(Gsi, routed), STATE(Gsi, ferr), STATE_END },
    .pins = (const Pin[]){ { .name = "in", .in = input, .count = INPUTS },
                           { .name = "second", .in = second_input, .count = OLD },
                           { .name = "pci", .in = routed_input, .count = OLD },
                           { .name = "ferr", .in = ferr_input, .count = CPUS },
                           { "old", offsetof(Gsi, old), OLD },
                           { "apic", offsetof(Gsi, apic), INPUTS },
                           { 0 } },
    .loaded = loaded,
};
