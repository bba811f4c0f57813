/* The machine lock: first come, first served, so that a vCPU polling a device cannot starve the timers. A ticket lock
 * whose waiters sleep on a futex, each woken only for its own ticket. */
#include "core/run.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS = 100 };

static long futex(uint32_t *word, int op, uint32_t value, uint32_t bits)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, bits);
}

static uint32_t bit(uint32_t ticket)
{
    return 1u << (ticket & 31);
}

void lock_init(Machine *m)
{
    m->run->next_ticket = m->run->serving = 0;
}

static void wait_for(uint32_t *serving, uint32_t ticket)
{
    uint32_t now = __atomic_load_n(serving, __ATOMIC_ACQUIRE);
    for (int i = 0; i < SPINS && now != ticket; i++) {
        __builtin_ia32_pause();
        now = __atomic_load_n(serving, __ATOMIC_ACQUIRE);
    }
    while (now != ticket) {
        futex(serving, FUTEX_WAIT_BITSET, now, bit(ticket));
        now = __atomic_load_n(serving, __ATOMIC_ACQUIRE);
    }
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
    uint32_t ticket = __atomic_fetch_add(&m->run->next_ticket, 1, __ATOMIC_SEQ_CST);
    wait_for(&m->run->serving, ticket);
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
    uint32_t next = m->run->serving + 1;
    __atomic_store_n(&m->run->serving, next, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&m->run->next_ticket, __ATOMIC_SEQ_CST) != next)
        futex(&m->run->serving, FUTEX_WAKE_BITSET, INT_MAX, bit(next));
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
