/* ARM PrimeCell real-time clock PL031 (ARM DDI 0224C). It takes the host's time of day once, when the machine starts;
 * from then on it counts virtual time. */
#include "core/device.h"
#include "core/timer.h"
#include "host/clock.h"

typedef struct Pl031 {
    Device dev;
    Line irq;
    Timer alarm;
    uint64_t base;     /* property */
    uint64_t at_start; /* seconds since 1970 at virtual time 0 */
    uint32_t offset;   /* dr at virtual time 0 */
    uint32_t lr, mr, imsc, ris;
} Pl031;

#define SECOND INT64_C(1000000000)

static void update(Pl031 *r)
{
    line_set(&r->irq, r->ris & r->imsc);
}

static uint32_t seconds(const Pl031 *r)
{
    return r->offset + (uint32_t)(time_now(r->dev.machine) / SECOND);
}

static void fire(void *dev)
{
    Pl031 *r = dev;
    r->ris = 1;
    update(r);
}

/* The counter wraps, so a match in the past is one far ahead. */
static void arm(Pl031 *r)
{
    uint32_t left = r->mr - seconds(r);
    int64_t now = time_now(r->dev.machine);
    if (left)
        timer_at(&r->alarm, now - now % SECOND + left * SECOND);
    else
        fire(r);
}

static uint64_t dr_read(void *dev, int index)
{
    (void)index;
    return seconds(dev);
}

static void mr_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    arm(dev);
}

static void lr_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    Pl031 *r = dev;
    r->offset += r->lr - seconds(r);
    arm(r);
}

static void changed(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    update(dev);
}

/* Always running: the enable bit cannot be cleared once set (3.3.4), and firmware may have set it. */
static uint64_t cr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return 1;
}

static uint64_t mis_read(void *dev, int index)
{
    (void)index;
    const Pl031 *r = dev;
    return r->ris & r->imsc;
}

static uint64_t zero(void *dev, int index)
{
    (void)dev, (void)index;
    return 0;
}

static uint64_t id_read(void *dev, int index)
{
    (void)dev;
    static const uint8_t id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    return id[index];
}

static const Reg regs[] = {
    REG_CALL(0x000, dr, .read = dr_read),
    REG(0x004, Pl031, mr, .writable = 0xffffffff, .written = mr_written),
    REG(0x008, Pl031, lr, .writable = 0xffffffff, .written = lr_written),
    REG_CALL(0x00c, cr, .read = cr_read, .written = changed),
    REG(0x010, Pl031, imsc, .writable = 1, .written = changed),
    REG(0x014, Pl031, ris),
    REG_CALL(0x018, mis, .read = mis_read),
    REG(0x01c, Pl031, ris, .ack = 1, .read = zero, .written = changed),
    REG_CALL(0xfe0, id, .read = id_read, .count = 8),
    REG_END,
};

static const StateField state[] = {
    STATE(Pl031, offset),
    STATE_TIMER(Pl031, alarm),
    STATE_END,
};

static const Prop props[] = {
    { "base", "seconds since 1970 when the machine starts; 0: the host's time", PROP_UINT, offsetof(Pl031, base), "0" },
    { 0 },
};

static bool start(void *dev, Error *err)
{
    (void)err;
    Pl031 *r = dev;
    timer_init(&r->alarm, r->dev.machine, fire, r);
    r->at_start = r->base ? r->base : (uint64_t)(clock_wall_ns() / SECOND);
    return true;
}

static void reset(void *dev)
{
    Pl031 *r = dev;
    r->offset = (uint32_t)r->at_start;
    timer_off(&r->alarm);
    update(r);
}

static void stop(void *dev)
{
    timer_off(&((Pl031 *)dev)->alarm);
}

const DeviceType pl031 = {
    .name = "pl031",
    .about = "ARM PrimeCell real-time clock",
    .size = sizeof(Pl031),
    .props = props,
    .state = state,
    .windows = (const Window[]){ { .size = 0x1000, .regs = regs, .min = 4, .max = 4 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Pl031, irq), 1 }, { 0 } },
    .start = start,
    .reset = reset,
    .stop = stop,
};
