/* vCPU threads: the loop around translated code, and waiting for interrupts. */
#include "cpu/run.h"

#include "base/log.h"
#include "core/machine.h"
#include "cpu/engine.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t *pc_of(Cpu *cpu)
{
    int count;
    const Guest *g = cpu->run->guest;
    return (uint64_t *)(void *)((char *)cpu + guest_slots(g, &count)[g->pc_slot].offset);
}

static void serialise(Cpu *cpu)
{
    if (atomic_exchange(&cpu->run->resync, 0)) {
        unsigned a, b, c, d;
        __cpuid(0, a, b, c, d);
        __asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d));
    }
}

/* What was posted to the CPU while it slept may have sent it elsewhere. */
static bool goes_on(Cpu *cpu, bool off)
{
    const CpuRun *run = cpu->run;
    return run->powered && (off || run->waits_at != *pc_of(cpu) || run->guest->wakes(cpu));
}

/* Until something wakes it; a CPU that was seen off, until it is switched on, which may have happened since. */
static void wait_idle(Cpu *cpu, bool off)
{
    CpuRun *run = cpu->run;
    pthread_mutex_lock(&run->wake_lock);
    run->asleep = true;
    while (!run->engine->halting && !run->posts && !goes_on(cpu, off))
        pthread_cond_wait(&run->wake, &run->wake_lock);
    run->asleep = false;
    pthread_mutex_unlock(&run->wake_lock);
}

/* A debugger is told of this CPU: all of them are about to stop. */
static void wait_halt(Cpu *cpu)
{
    CpuRun *run = cpu->run;
    pthread_mutex_lock(&run->wake_lock);
    while (!run->engine->halting)
        pthread_cond_wait(&run->wake, &run->wake_lock);
    pthread_mutex_unlock(&run->wake_lock);
}

static void log_entry(Cpu *cpu, const Unit *u)
{
    if (log_on(LOG_EXEC) && log_in_filter(u->pc))
        log_line("cpu %d: unit %016llx [%p, %u instructions]", cpu->run->number, (unsigned long long)u->pc,
                 (const void *)u->code, u->guest_insns);
    if (log_on(LOG_CPU) && log_in_filter(u->pc)) {
        Out o = { 0 };
        state_print(cpu->run->guest->state, cpu, &o);
        log_text(o.text);
        out_free(&o);
    }
}

bool cpu_waits(Cpu *cpu)
{
    CpuRun *run = cpu->run;
    if (run->waits_at == *pc_of(cpu) && !run->guest->wakes(cpu))
        return true;
    run->waits_at = ~0ull;
    return false;
}

void cpu_attend(Cpu *cpu, Unit **next)
{
    if (__atomic_exchange_n(&cpu->stop, 0, __ATOMIC_SEQ_CST) || cpu->run->posts) {
        cpu_run_posted(cpu);
        cpu->run->settled = false;
        *next = NULL;
    }
}

/* Interrupts come before the unit that follows. */
static Unit *to_run(Cpu *cpu, Unit *next, CpuExit *why)
{
    CpuRun *run = cpu->run;
    if (debug_interruptible(cpu) && run->guest->interrupt(cpu)) {
        run->settled = false;
        next = NULL;
    }
    if (next)
        return next;
    if (!run->settled)
        cpu_switch_bank(cpu);
    next = next_unit(cpu, why);
    if (!next && *why != EXIT_NONE)
        debug_after(cpu, *why);
    return next;
}

CpuExit run_once(Cpu *cpu, Unit **next)
{
    CpuRun *run = cpu->run;
    Engine *e = run->engine;
    const void *stub = NULL;
    CpuExit why = EXIT_NONE;
    Unit *u = to_run(cpu, *next, &why);
    *next = NULL;
    run->settled = false;
    if (!u)
        return why;
    cpu_enter_code(cpu);
    /* Something was posted, or happened while we waited to enter. */
    if (__atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST) || run->generation != e->generation || u->dead) {
        cpu_leave_code(cpu);
        return EXIT_NONE;
    }
    serialise(cpu);
    log_entry(cpu, u);
    why = e->lockstep ? lockstep_run(cpu, u) : e->backend->enter(cpu, u->code, &stub);
    *next = why == EXIT_LINK ? next_by_link(cpu, stub) : NULL;
    run->settled = !e->lockstep && (why == EXIT_LOOKUP || why == EXIT_LINK) && !debug_wants(cpu, why);
    cpu_leave_code(cpu);
    if (debug_wants(cpu, why)) {
        *next = NULL;
        debug_after(cpu, why);
    } else {
        run->waits_at = why == EXIT_IDLE ? *pc_of(cpu) : ~0ull;
    }
    return why;
}

static void run_until_halt(Cpu *cpu)
{
    CpuRun *run = cpu->run;
    Unit *next = NULL;
    while (!__atomic_load_n(&run->engine->halting, __ATOMIC_SEQ_CST)) {
        if (run->debug.stopped) {
            wait_halt(cpu);
            break;
        }
        cpu_attend(cpu, &next);
        if (!run->powered) {
            next = NULL;
            debug_after(cpu, EXIT_NONE); /* a step has nothing to wait for */
            wait_idle(cpu, true);
        } else if (cpu_waits(cpu)) {
            wait_idle(cpu, false);
        } else {
            run_once(cpu, &next);
        }
    }
}

void cpu_thread_begin(Cpu *cpu)
{
    cpu->run->settled = false;
    cpu->run->host_mxcsr = __builtin_ia32_stmxcsr();
    cpu->run->thread_number = (int)syscall(SYS_gettid);
    debug_begin(cpu);
    cpu_switch_bank(cpu);
}

static void *thread(void *arg)
{
    Cpu *cpu = arg;
    cpu_thread_begin(cpu);
    run_until_halt(cpu);
    return NULL;
}

static int start_cpus(Machine *m)
{
    for (int k = 0; k < m->config->cpus; k++) {
        Cpu *cpu = m->cpu[k];
        cpu->run->engine->halting = 0;
        if (cpu->run->debug.held)
            continue;
        if (pthread_create(&cpu->run->thread, NULL, thread, cpu)) {
            log_line("cannot start a thread for CPU %d", k);
            return 1;
        }
        cpu->run->has_thread = true;
    }
    return 0;
}

void stop_cpus(Machine *m)
{
    for (int k = 0; k < m->config->cpus; k++) {
        m->cpu[k]->run->engine->halting = 1;
        cpu_kick(m->cpu[k]);
    }
    for (int k = 0; k < m->config->cpus; k++)
        if (m->cpu[k]->run->has_thread) {
            pthread_join(m->cpu[k]->run->thread, NULL);
            m->cpu[k]->run->has_thread = false;
        }
}

void settle_cpus(Machine *m)
{
    for (int k = 0; k < m->config->cpus; k++)
        cpu_run_posted(m->cpu[k]);
}

void reset_cpus(Machine *m)
{
    for (int k = 0; k < m->config->cpus; k++) {
        m->cpu[k]->run->waits_at = ~0ull;
        for (int b = 0; b < BANKS; b++)
            if (m->cpu[k]->run->bank[b]->live)
                bank_flush(m->cpu[k]->run->bank[b]);
    }
}

static const StateField run_state[] = { RUN_STATE, STATE_END };

void *run_of(Cpu *cpu)
{
    return cpu->run;
}

const MachineCpus machine_cpus = {
    .start = start_cpus,
    .stop = stop_cpus,
    .reset = reset_cpus,
    .settle = settle_cpus,
    .state = run_state,
    .state_size = sizeof(CpuRun),
    .state_of = run_of,
    .free = engine_free,
};
