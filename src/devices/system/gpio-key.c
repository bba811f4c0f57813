/* A push button wired to an input: the machine's power key. A press lasts as long as a finger's. */
#include "core/machine.h"

typedef struct GpioKey {
    Device dev;
    Line out;
    Timer release;
} GpioKey;

#define PRESS INT64_C(100000000)

static void released(void *dev)
{
    line_set(&((GpioKey *)dev)->out, false);
}

static void pressed(void *dev, int pin, bool level)
{
    (void)pin, (void)level;
    GpioKey *k = dev;
    line_set(&k->out, true);
    timer_at(&k->release, time_now(k->dev.machine) + PRESS);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    GpioKey *k = dev;
    timer_init(&k->release, k->dev.machine, released, k);
    k->dev.machine->power_key = (Line){ .changed = pressed, .dev = k };
    return true;
}

static void stop(void *dev)
{
    timer_off(&((GpioKey *)dev)->release);
}

const DeviceType gpio_key = {
    .name = "gpio-key",
    .about = "the power key",
    .size = sizeof(GpioKey),
    .state = (const StateField[]){ STATE_TIMER(GpioKey, release), STATE_END },
    .pins = (const Pin[]){ { "out", offsetof(GpioKey, out), 1 }, { 0 } },
    .start = start,
    .reset = stop,
    .stop = stop,
};
