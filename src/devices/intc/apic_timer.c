/* The timer of a local APIC. Its clock is 1 GHz, and so is the time stamp counter that its deadline is compared with:
 * both are virtual nanoseconds. */
#include "core/machine.h"
#include "devices/intc/apic.h"

enum { ONE_SHOT, PERIODIC, DEADLINE };
#define SECOND INT64_C(1000000000)

static int mode(const Apic *a)
{
    return a->lvt[LVT_TIMER] >> 17 & 3;
}

/* Divide configuration: bits 0, 1 and 3 count from 2; 7 is 1. */
static int64_t divider(const Apic *a)
{
    uint32_t n = (a->divide & 3) | (a->divide >> 1 & 4);
    return 1ll << ((n + 1) & 7);
}

static int64_t now(const Apic *a)
{
    return time_now(a->all->dev.machine);
}

static int64_t period(const Apic *a)
{
    return a->initial * divider(a);
}

uint32_t apic_timer_count(const Apic *a)
{
    if (!a->initial || mode(a) == DEADLINE)
        return 0;
    int64_t passed = (now(a) - a->started) / divider(a);
    if (mode(a) == PERIODIC)
        return a->initial - (uint32_t)(passed % a->initial);
    return passed < a->initial ? a->initial - (uint32_t)passed : 0;
}

static void schedule(Apic *a)
{
    int64_t when = TIMER_OFF, passed = now(a) - a->started;
    if (mode(a) == DEADLINE)
        when = a->deadline && a->deadline < INT64_MAX ? (int64_t)a->deadline : TIMER_OFF;
    else if (a->initial && mode(a) == PERIODIC)
        when = a->started + (passed / period(a) + 1) * period(a);
    else if (a->initial && passed < period(a))
        when = a->started + period(a);
    timer_at(&a->timer, when);
}

static void fire(void *apic)
{
    Apic *a = apic;
    a->deadline = 0;
    if (!(a->lvt[LVT_TIMER] & LVT_MASKED))
        apic_request(a, (uint8_t)a->lvt[LVT_TIMER], false);
    schedule(a);
}

void apic_timer_changed(Apic *a)
{
    a->started = now(a);
    schedule(a);
}

void apic_timer_mode_changed(Apic *a)
{
    schedule(a);
}

void apic_timer_init(Apic *a)
{
    timer_init(&a->timer, a->all->dev.machine, fire, a);
}
