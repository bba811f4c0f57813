/* The parallel printer port of a PC (IEEE 1284 compatibility mode): a strobe sends the byte in the data register, and
 * the printer acknowledges at once. */
#include "core/device.h"
#include "host/chardev.h"

enum { DATA, STATUS, CONTROL, PORTS = 8 };
enum { READY = 0xd8 }; /* not busy, no acknowledgement, selected, no error; paper is there */
enum { STROBE = 1, INIT = 4, SELECT = 8, IRQ_ENABLE = 16, CONTROL_BITS = 0x3f, CONTROL_ONES = 0xc0 };

typedef struct Parallel {
    Device dev;
    Chardev *chardev;
    Line irq;
    uint8_t data, control;
    bool acknowledged; /* since the status was read */
} Parallel;

static void update(void *dev)
{
    Parallel *p = dev;
    line_set(&p->irq, p->acknowledged && p->control & IRQ_ENABLE);
}

static void write_control(Parallel *p, uint8_t value)
{
    bool strobe = value & STROBE && !(p->control & STROBE) && value & INIT;
    p->control = value & CONTROL_BITS;
    if (strobe && p->chardev)
        p->chardev->write(p->chardev, &p->data, 1);
    if (strobe)
        p->acknowledged = true;
    update(p);
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)size;
    Parallel *p = dev;
    if (at == STATUS) {
        p->acknowledged = false;
        update(p);
    }
    return at == DATA ? p->data : at == STATUS ? READY : at == CONTROL ? p->control | CONTROL_ONES : 0xff;
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Parallel *p = dev;
    if (at == DATA)
        p->data = (uint8_t)value;
    else if (at == CONTROL)
        write_control(p, (uint8_t)value);
}

const DeviceType parallel = {
    .name = "isa-parallel",
    .about = "parallel printer port",
    .size = sizeof(Parallel),
    .props = (const Prop[]){ { "chardev", "where the paper goes", PROP_CHARDEV, offsetof(Parallel, chardev), "null" },
                             { 0 } },
    .state = (const StateField[]){ STATE(Parallel, data), STATE(Parallel, control, .reset = INIT | SELECT),
                                   STATE(Parallel, acknowledged), STATE_END },
    .windows = (const Window[]){ { PORTS, .read = window_read, .write = window_write, .max = 1 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Parallel, irq), 1 }, { 0 } },
    .reset = update,
    .loaded = update,
};
