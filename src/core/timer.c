#include "core/timer.h"

#include "core/run.h"
#include "host/clock.h"

#include <assert.h>

void timers_init(Machine *m)
{
    m->run->clock_start = clock_ns();
    m->run->frozen = 0; /* time begins when the machine runs */
    m->run->sleeps_until = INT64_MIN;
}

int64_t time_now(const Machine *m)
{
    int64_t frozen = __atomic_load_n(&m->run->frozen, __ATOMIC_ACQUIRE);
    if (frozen != NOT_FROZEN)
        return frozen;
    if (m->cpus && m->cpus->now)
        return m->cpus->now(m);
    return clock_ns() - __atomic_load_n(&m->run->clock_start, __ATOMIC_RELAXED);
}

void clock_freeze(Machine *m)
{
    __atomic_store_n(&m->run->frozen, time_now(m), __ATOMIC_RELEASE);
}

void clock_thaw(Machine *m)
{
    if (m->run->frozen == NOT_FROZEN)
        return;
    if (m->cpus && m->cpus->set_now)
        m->cpus->set_now(m, m->run->frozen);
    __atomic_store_n(&m->run->clock_start, clock_ns() - m->run->frozen, __ATOMIC_RELAXED);
    __atomic_store_n(&m->run->frozen, NOT_FROZEN, __ATOMIC_RELEASE);
}

void timer_init(Timer *t, Machine *m, void (*fire)(void *who), void *who)
{
    *t = (Timer){ .when = TIMER_OFF, .fire = fire, .who = who, .machine = m };
}

void timer_off(Timer *t)
{
    if (t->when == TIMER_OFF)
        return;
    Timer **at = &t->machine->run->timers;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    t->when = TIMER_OFF;
}

void timer_at(Timer *t, int64_t when)
{
    timer_off(t);
    if (when == TIMER_OFF)
        return;
    Timer **at = &t->machine->run->timers;
    while (*at && (*at)->when <= when)
        at = &(*at)->next;
    t->when = when;
    t->next = *at;
    *at = t;
    if (t->machine->cpus && t->machine->cpus->sooner)
        t->machine->cpus->sooner(t->machine, when);
    else if (when < __atomic_load_n(&t->machine->run->sleeps_until, __ATOMIC_SEQ_CST))
        run_wake(t->machine);
}

/* One that sets itself again for a time already past waits for the next round, so that it cannot hold the lock. */
int64_t timers_run(Machine *m)
{
    int64_t now = time_now(m);
    Timer **timers = &m->run->timers;
    for (int left = 1000; left && *timers && (*timers)->when <= now; left--) {
        Timer *t = *timers;
        timer_off(t);
        m->run->timers_fired++;
        t->fire(t->who);
    }
    return *timers ? (*timers)->when : TIMER_OFF;
}
