/* The machine lock, on futexes. Whoever runs takes it when it is free, before those that sleep: to hand it to one that
 * the host has yet to schedule makes everybody wait for the host's scheduler at each access to a device, and on a busy
 * host a tick of the guest's timer then takes longer than a tick. But a vCPU that polls a device cannot keep it: who
 * was woken and came too late for PATIENCE is hungry, and while somebody is, nobody else takes it. */
#include "core/run.h"

#include "host/clock.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FREE, HELD, SLEPT_FOR };
enum { SLEEPERS = 1, HUNGRY = 2 }; /* bits of those that sleep for the lock */
enum { SPINS = 100, PATIENCE = 2000000 /* ns */ };

static long futex(uint32_t *word, int op, uint32_t value, uint32_t bits)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, bits);
}

static bool take(struct MachineRun *r)
{
    uint32_t expected = FREE;
    return !__atomic_load_n(&r->hungry, __ATOMIC_SEQ_CST) &&
           __atomic_compare_exchange_n(&r->lock, &expected, HELD, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static void eaten(struct MachineRun *r)
{
    if (!__atomic_sub_fetch(&r->hungry, 1, __ATOMIC_SEQ_CST))
        futex(&r->hungry, FUTEX_WAKE, INT_MAX, 0);
}

/* Somebody may sleep for the lock whenever this has taken it, so that its release wakes one. */
static void sleep_for(struct MachineRun *r)
{
    int64_t since = clock_ns();
    bool hungry = false;
    for (uint32_t others;;) {
        if (!hungry && (others = __atomic_load_n(&r->hungry, __ATOMIC_SEQ_CST))) {
            futex(&r->hungry, FUTEX_WAIT, others, 0);
            continue;
        }
        if (__atomic_exchange_n(&r->lock, SLEPT_FOR, __ATOMIC_SEQ_CST) == FREE)
            break;
        futex(&r->lock, FUTEX_WAIT_BITSET, SLEPT_FOR, hungry ? HUNGRY : SLEEPERS);
        if (!hungry && clock_ns() - since > PATIENCE) {
            hungry = true;
            __atomic_fetch_add(&r->hungry, 1, __ATOMIC_SEQ_CST);
        }
    }
    if (hungry)
        eaten(r);
}

static void acquire(struct MachineRun *r)
{
    for (int i = 0; i < SPINS; i++) {
        if (take(r))
            return;
        __builtin_ia32_pause();
    }
    sleep_for(r);
}

/* The hungry are woken before others. If there is one that does not sleep, it is about to look at the lock. */
static void release(struct MachineRun *r)
{
    if (__atomic_exchange_n(&r->lock, FREE, __ATOMIC_SEQ_CST) == SLEPT_FOR)
        futex(&r->lock, FUTEX_WAKE_BITSET, 1, __atomic_load_n(&r->hungry, __ATOMIC_SEQ_CST) ? HUNGRY : SLEEPERS);
}

void lock_init(Machine *m)
{
    m->run->lock = FREE;
    m->run->hungry = 0;
}

static bool mine(const Machine *m)
{
    return __atomic_load_n(&m->run->held, __ATOMIC_RELAXED) &&
           __atomic_load_n(&m->run->holder, __ATOMIC_RELAXED) == pthread_self();
}

/* This thread keeps it over stretches that take it themselves. */
static bool around(const Machine *m)
{
    return mine(m) && m->run->around;
}

void machine_lock(Machine *m)
{
    assert(!machine_locked(m));
    if (around(m)) {
        m->run->inner = true;
        return;
    }
    acquire(m->run);
    __atomic_store_n(&m->run->holder, pthread_self(), __ATOMIC_RELAXED);
    __atomic_store_n(&m->run->held, true, __ATOMIC_RELAXED);
}

void machine_unlock(Machine *m)
{
    assert(machine_locked(m));
    if (m->run->around) {
        m->run->inner = false;
        return;
    }
    __atomic_store_n(&m->run->held, false, __ATOMIC_RELAXED);
    release(m->run);
}

bool machine_locked(const Machine *m)
{
    return mine(m) && (!m->run->around || m->run->inner);
}

void machine_lock_around(Machine *m)
{
    machine_lock(m);
    m->run->around = true;
    m->run->inner = false;
}

void machine_unlock_around(Machine *m)
{
    assert(around(m) && !m->run->inner);
    m->run->around = false;
    machine_unlock(m);
}
