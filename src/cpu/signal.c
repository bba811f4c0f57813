/* What vCPU threads ask of one another: to look up, to run something, to be out of translated code. */
#include "base/alloc.h"
#include "core/machine.h"
#include "cpu/engine.h"

#include <assert.h>
#include <time.h>

void cpu_kick(Cpu *cpu)
{
    __atomic_store_n(&cpu->stop, CPU_STOP, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&cpu->run->wake_lock);
    pthread_cond_broadcast(&cpu->run->wake);
    pthread_mutex_unlock(&cpu->run->wake_lock);
}

void cpu_interrupt_line(Cpu *cpu, int line, bool level)
{
    if (level)
        atomic_fetch_or(&cpu->run->lines, 1u << line);
    else
        atomic_fetch_and(&cpu->run->lines, ~(1u << line));
    if (level) {
        cpu_kick(cpu);
        counting_interrupt(cpu);
    }
}

bool cpu_powered(const Cpu *cpu)
{
    return cpu->run->powered;
}

void cpu_power(Cpu *cpu, bool on)
{
    atomic_store(&cpu->run->powered, on);
    cpu_kick(cpu);
}

static void queue_post(CpuRun *run, Posted p)
{
    if (run->posts == run->posts_room) {
        run->posts_room = run->posts_room * 2 + 16;
        run->post = xrealloc(run->post, run->posts_room * sizeof *run->post);
    }
    run->post[run->posts++] = p;
    run->posted_number++;
}

/* A vCPU that sleeps is not woken for it: it goes on only with the lock held here. */
void cpu_post(Cpu *cpu, void (*fn)(Cpu *, uint64_t), uint64_t arg)
{
    CpuRun *run = cpu->run;
    pthread_mutex_lock(&run->wake_lock);
    if (run->asleep) {
        fn(cpu, arg);
    } else {
        queue_post(run, (Posted){ fn, arg });
        __atomic_store_n(&cpu->stop, CPU_STOP, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&run->wake_lock);
}

static void run_posted_locked(Cpu *cpu)
{
    CpuRun *run = cpu->run;
    for (size_t k = 0; k < run->posts; k++)
        run->post[k].fn(cpu, run->post[k].arg);
    run->posts = 0;
    run->done_number = run->posted_number;
    pthread_cond_broadcast(&run->wake);
}

void cpu_run_posted(Cpu *cpu)
{
    pthread_mutex_lock(&cpu->run->wake_lock);
    run_posted_locked(cpu);
    pthread_mutex_unlock(&cpu->run->wake_lock);
}

static void set_asleep(Cpu *cpu, bool asleep)
{
    pthread_mutex_lock(&cpu->run->wake_lock);
    run_posted_locked(cpu);
    cpu->run->asleep = asleep;
    pthread_mutex_unlock(&cpu->run->wake_lock);
}

/* Whether another vCPU need not be waited for. One that does not run guest code has no stale state to worry about: it
 * runs what was posted before it enters any. */
static bool posted_done(const CpuRun *run, uint64_t until)
{
    const Engine *e = run->engine;
    return run->done_number >= until || !run->in_code || __atomic_load_n(&e->halting, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&e->wanted, __ATOMIC_SEQ_CST);
}

/* It tells when it has run what was posted, but not when it only leaves code: hence the timeout. */
static void wait_posted(CpuRun *run)
{
    pthread_mutex_lock(&run->wake_lock);
    uint64_t until = run->posted_number;
    while (!posted_done(run, until)) {
        struct timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 1000000;
        if (soon.tv_nsec >= 1000000000)
            soon.tv_sec++, soon.tv_nsec -= 1000000000;
        pthread_cond_timedwait(&run->wake, &run->wake_lock, &soon);
    }
    pthread_mutex_unlock(&run->wake_lock);
}

/* Meanwhile others do this vCPU's share: they may be waiting for it. When everybody is asked to leave translated code,
 * that does what is waited for too. */
void cpu_post_wait(Cpu *self)
{
    Machine *m = self->dev.machine;
    set_asleep(self, true);
    for (int k = 0; k < m->config->cpus; k++)
        if (m->cpu[k] && m->cpu[k] != self)
            wait_posted(m->cpu[k]->run);
    set_asleep(self, false);
}

/* ---- everybody out of translated code ---- */

void cpu_enter_code(Cpu *cpu)
{
    Engine *e = cpu->run->engine;
    if (e->lockstep)
        machine_lock_around(e->machine);
    for (;;) {
        atomic_store(&cpu->run->in_code, 1);
        if (!__atomic_load_n(&e->wanted, __ATOMIC_SEQ_CST))
            return;
        pthread_mutex_lock(&e->stop_lock);
        atomic_store(&cpu->run->in_code, 0);
        pthread_cond_broadcast(&e->stopped);
        while (e->wanted)
            pthread_cond_wait(&e->resumed, &e->stop_lock);
        pthread_mutex_unlock(&e->stop_lock);
    }
}

void cpu_leave_code(Cpu *cpu)
{
    Engine *e = cpu->run->engine;
    atomic_store(&cpu->run->in_code, 0);
    if (e->lockstep)
        machine_unlock_around(e->machine);
    if (__atomic_load_n(&e->wanted, __ATOMIC_SEQ_CST)) {
        pthread_mutex_lock(&e->stop_lock);
        pthread_cond_broadcast(&e->stopped);
        pthread_mutex_unlock(&e->stop_lock);
    }
}

void cpu_exclusive(Cpu *self, void (*fn)(void *arg), void *arg)
{
    Engine *e = self->run->engine;
    Machine *m = e->machine;
    if (m->config->cpus == 1) {
        fn(arg);
        return;
    }
    assert(!self->run->in_code);
    pthread_mutex_lock(&e->stop_lock);
    while (e->wanted)
        pthread_cond_wait(&e->resumed, &e->stop_lock);
    __atomic_store_n(&e->wanted, 1, __ATOMIC_SEQ_CST);
    for (int k = 0; k < m->config->cpus; k++) {
        Cpu *cpu = m->cpu[k];
        if (!cpu || cpu == self)
            continue;
        __atomic_store_n(&cpu->stop, CPU_STOP, __ATOMIC_SEQ_CST);
        while (cpu->run->in_code)
            pthread_cond_wait(&e->stopped, &e->stop_lock);
    }
    fn(arg);
    __atomic_store_n(&e->wanted, 0, __ATOMIC_SEQ_CST);
    pthread_cond_broadcast(&e->resumed);
    pthread_mutex_unlock(&e->stop_lock);
}
