/* The debug console of emulators: a port that firmware writes its log to. Reading it tells that it is there. */
#include "devices/bus/isa.h"
#include "host/chardev.h"

typedef struct Debugcon {
    Device dev;
    Chardev *chardev;
    uint64_t port, readback;
} Debugcon;

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    return ((Debugcon *)dev)->readback & 0xff;
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    Debugcon *d = dev;
    uint8_t byte = (uint8_t)value;
    if (d->chardev)
        d->chardev->write(d->chardev, &byte, 1);
}

static bool start(void *dev, Error *err)
{
    Debugcon *d = dev;
    return isa_place(&d->dev, d->port, err);
}

static const Prop props[] = {
    { "chardev", "where the text goes", PROP_CHARDEV, offsetof(Debugcon, chardev), "null" },
    { "iobase", "its port", PROP_UINT, offsetof(Debugcon, port), "0xe9" },
    { "readback", "what reading it gives", PROP_UINT, offsetof(Debugcon, readback), "0xe9" },
    { 0 },
};

const DeviceType debugcon = {
    .name = "isa-debugcon",
    .about = "debug console",
    .bus = ISA,
    .size = sizeof(Debugcon),
    .props = props,
    .windows = (const Window[]){ { 1, .read = window_read, .write = window_write }, { 0 } },
    .start = start,
};
