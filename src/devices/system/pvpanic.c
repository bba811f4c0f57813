/* Where a guest's kernel says that it has panicked (docs/specs/pvpanic of QEMU). */
#include "devices/system/pvpanic.h"

#include "base/log.h"
#include "devices/bus/isa.h"

enum { PANICKED = 1, CRASH_LOADED = 2 };

typedef struct Pvpanic {
    Device dev;
    uint64_t port, events;
} Pvpanic;

uint64_t pvpanic_port(const Device *dev)
{
    return ((const Pvpanic *)dev)->port;
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    return ((Pvpanic *)dev)->events & (PANICKED | CRASH_LOADED);
}

/* After a loaded crash kernel's start the guest goes on. */
static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    Pvpanic *p = dev;
    if (value & ~(uint64_t)(PANICKED | CRASH_LOADED))
        log_guest("%s: unknown event 0x%x", p->dev.id, (unsigned)value);
    if (!(value & p->events & PANICKED))
        return;
    if (machine_stopping(p->dev.machine) == RUN)
        log_line("dragoman: the guest's kernel panicked");
    machine_stop(p->dev.machine, STOP_PANIC);
}

static bool start(void *dev, Error *err)
{
    Pvpanic *p = dev;
    return isa_place(&p->dev, p->port, err);
}

const DeviceType pvpanic = {
    .name = "pvpanic",
    .about = "where a guest reports its panic",
    .bus = ISA,
    .size = sizeof(Pvpanic),
    .props = (const Prop[]){ { "ioport", "its port", PROP_UINT, offsetof(Pvpanic, port), "0x505" },
                             { "events", "those it takes, as bits", PROP_UINT, offsetof(Pvpanic, events), "3" },
                             { 0 } },
    .windows = (const Window[]){ { 1, .read = window_read, .write = window_write }, { 0 } },
    .start = start,
};
