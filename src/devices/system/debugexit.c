/* The way out for test programs: writing n ends the emulator with exit code 2n + 1. */
#include "devices/bus/isa.h"

typedef struct Debugexit {
    Device dev;
    uint64_t port, ports;
} Debugexit;

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)dev, (void)at, (void)size;
    return 0;
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    Machine *m = ((Device *)dev)->machine;
    if (machine_stopping(m) == RUN) /* the first stays: CPUs run on for a moment */
        machine_exit(m, (int)(value << 1 | 1) & 0xff);
}

static bool start(void *dev, Error *err)
{
    Debugexit *d = dev;
    return isa_place(&d->dev, d->port, err);
}

const DeviceType debugexit = {
    .name = "isa-debug-exit",
    .about = "ends the emulator with an exit code",
    .bus = ISA,
    .size = sizeof(Debugexit),
    .props = (const Prop[]){ { "iobase", "its port", PROP_UINT, offsetof(Debugexit, port), "0x501" },
                             { "iosize", "accepted: it has four ports", PROP_UINT, offsetof(Debugexit, ports), "4" },
                             { 0 } },
    .windows = (const Window[]){ { 4, .read = window_read, .write = window_write, .max = 4 }, { 0 } },
    .start = start,
};
