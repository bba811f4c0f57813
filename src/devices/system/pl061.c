/* ARM PrimeCell general-purpose I/O PL061 (ARM DDI 0190B): eight pins, each an input or an output. */
#include "core/device.h"

typedef struct Pl061 {
    Device dev;
    Line irq, out[8];
    uint8_t data; /* what outputs drive */
    uint8_t in;   /* levels at the pins from outside */
    uint8_t dir, is, ibe, iev, ie, ris, afsel;
} Pl061;

static uint8_t levels(const Pl061 *g)
{
    return (uint8_t)((g->data & g->dir) | (g->in & ~g->dir));
}

/* Level-sensitive pins show their level in RIS; edges stay until they are cleared. */
static void update(Pl061 *g)
{
    uint8_t active = (uint8_t) ~(levels(g) ^ g->iev);
    g->ris = (uint8_t)((g->ris & ~g->is) | (active & g->is));
    line_set(&g->irq, g->ris & g->ie);
    for (int i = 0; i < 8; i++)
        line_set(&g->out[i], g->data & g->dir & 1 << i);
}

static void edge(Pl061 *g, uint8_t before)
{
    uint8_t now = levels(g), moved = now ^ before;
    uint8_t wanted = (uint8_t)(g->ibe | ~(now ^ g->iev));
    g->ris |= (uint8_t)(moved & wanted & ~g->is);
    update(g);
}

static void pin_changed(void *dev, int pin, bool level)
{
    Pl061 *g = dev;
    uint8_t before = levels(g), bit = (uint8_t)(1 << pin);
    g->in = level ? g->in | bit : (uint8_t)(g->in & ~bit);
    edge(g, before);
}

/* Bits 9..2 of the address are a mask of the pins that are read or written (3.3.1). */
static uint64_t data_read(void *dev, int mask)
{
    return levels(dev) & mask;
}

static void data_written(void *dev, int mask, uint64_t value)
{
    Pl061 *g = dev;
    uint8_t before = levels(g), chosen = (uint8_t)mask & g->dir;
    g->data = (uint8_t)((g->data & ~chosen) | (value & chosen));
    edge(g, before);
}

static void changed(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    update(dev);
}

static uint64_t mis_read(void *dev, int index)
{
    (void)index;
    const Pl061 *g = dev;
    return g->ris & g->ie;
}

static uint64_t zero(void *dev, int index)
{
    (void)dev, (void)index;
    return 0;
}

static uint64_t id_read(void *dev, int index)
{
    (void)dev;
    static const uint8_t id[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    return id[index];
}

static const Reg regs[] = {
    REG_CALL(0x000, data, .read = data_read, .written = data_written, .count = 256),
    REG(0x400, Pl061, dir, .writable = 0xff, .written = changed),
    REG(0x404, Pl061, is, .writable = 0xff, .written = changed),
    REG(0x408, Pl061, ibe, .writable = 0xff, .written = changed),
    REG(0x40c, Pl061, iev, .writable = 0xff, .written = changed),
    REG(0x410, Pl061, ie, .writable = 0xff, .written = changed),
    REG(0x414, Pl061, ris),
    REG_CALL(0x418, mis, .read = mis_read),
    REG(0x41c, Pl061, ris, .ack = 0xff, .read = zero, .written = changed),
    REG(0x420, Pl061, afsel, .writable = 0xff),
    REG_CALL(0xfe0, id, .read = id_read, .count = 8),
    REG_END,
};

static const StateField state[] = {
    STATE(Pl061, data),
    STATE(Pl061, in),
    STATE_END,
};

static void reset(void *dev)
{
    update(dev);
}

const DeviceType pl061 = {
    .name = "pl061",
    .about = "ARM PrimeCell general-purpose I/O",
    .size = sizeof(Pl061),
    .state = state,
    .windows = (const Window[]){ { .size = 0x1000, .regs = regs, .min = 4, .max = 4 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Pl061, irq), 1 },
                           { "out", offsetof(Pl061, out), 8 },
                           { "in", .count = 8, .in = pin_changed },
                           { 0 } },
    .reset = reset,
    .loaded = reset,
};
