/* vCPU threads: the loop around translated code, waiting for interrupts, and stopping for one another. */
#include "cpu/run.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"
#include "cpu/engine.h"
#include "cpu/interp.h"
#include "cpu/mem.h"

#include <assert.h>
#include <cpuid.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t *pc_of(Cpu *cpu)
{
    int count;
    const Guest *g = cpu->run->guest;
    return (uint64_t *)(void *)((char *)cpu + guest_slots(g, &count)[g->pc_slot].offset);
}

/* ---- signals between threads ---- */

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

static void run_posted(Cpu *cpu)
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

static void enter_code(Cpu *cpu)
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

static void leave_code(Cpu *cpu)
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

/* ---- the loop ---- */

/* Bytes of code that lie in one page; false: a fault was raised. Outside of memory they come as the guest's smallest
 * instructions would be fetched. */
static bool fetch_bytes(Cpu *cpu, uint64_t pc, unsigned count, uint8_t *to)
{
    unsigned step = 1u << cpu->run->guest->pc_shift;
    Fetched f;
    V128 v;
    if (!fetch_page(cpu, pc, &f))
        return false;
    if (f.ram_page != ~0u) {
        memcpy(to, f.page_bytes + (pc & 0xfff), count);
        return true;
    }
    for (unsigned k = 0; k < count; k += step) {
        if (!mem_load(cpu, pc + k, (int)step, false, &v))
            return false;
        memcpy(to + k, &v, step);
    }
    return true;
}

/* Code that is not in memory (a device's window), that crosses pages, or that does not compile: one instruction at a
 * time. The second page is looked at only if the instruction reaches it. */
static CpuExit interpret_one(Cpu *cpu)
{
    CpuRun *run = cpu->run;
    uint64_t pc = *pc_of(cpu), budget = 1, next, mode = cpu->bank->mode;
    unsigned most = run->guest->insn_max, left = 0x1000 - (unsigned)(pc & 0xfff), first = left < most ? left : most;
    uint8_t code[16] = { 0 };
    if (!fetch_bytes(cpu, pc, first, code))
        return EXIT_FAULT;
    if (!translate_one(cpu, run->ir, pc, mode, code, first)) {
        if (!fetch_bytes(cpu, pc + first, most - first, code + first))
            return EXIT_FAULT;
        translate_one(cpu, run->ir, pc, mode, code, most);
    }
    cpu->budget--;
    return interp_run(cpu, run->guest, run->ir, &budget, &next);
}

/* While all others stand still: what no host instruction does at once. */
static void interpret_alone(void *arg)
{
    Cpu *cpu = arg;
    cpu->run->is_alone = true;
    cpu->run->alone_exit = interpret_one(cpu);
    cpu->run->is_alone = false;
}

CpuExit interpret_rest(Cpu *cpu)
{
    Fetched f;
    uint32_t bytes;
    uint64_t pc = *pc_of(cpu), next;
    if (!fetch_page(cpu, pc, &f))
        return EXIT_FAULT;
    if (f.ram_page == ~0u)
        return interpret_one(cpu);
    translate_unit(cpu, cpu->run->ir, pc, cpu->bank->mode, f.page_bytes, (uint32_t)cpu->budget, &bytes);
    if (!bytes)
        return interpret_one(cpu);
    return interp_run(cpu, cpu->run->guest, cpu->run->ir, (uint64_t *)&cpu->budget, &next);
}

/* Each unit is logged, or run twice, only if each is looked up. */
static bool one_by_one(const Engine *e)
{
    return log_on(LOG_EXEC | LOG_CPU) || e->lockstep;
}

static void inherit(Cpu *cpu)
{
    Engine *e = cpu->run->engine;
    enter_code(cpu);
    pthread_mutex_lock(&e->lock);
    bank_inherit(cpu->bank, cpu->run);
    pthread_mutex_unlock(&e->lock);
    leave_code(cpu);
}

/* Under the lock, which is given up meanwhile: the page may be read to make units. */
static void protect(Cpu *cpu, uint32_t ram_page)
{
    Engine *e = cpu->run->engine;
    while (!page_protected(e, ram_page)) {
        pthread_mutex_unlock(&e->lock);
        page_protect(cpu, ram_page);
        pthread_mutex_lock(&e->lock);
    }
}

/* It is what runs next, unless none could be made. Under the lock, which is given up. */
static Unit *found(Cpu *cpu, Unit *u, CpuExit *why)
{
    CpuRun *run = cpu->run;
    Engine *e = run->engine;
    if (u && !one_by_one(e))
        cache_jump_fill(cpu->bank, u, run->guest->pc_shift);
    run->generation = e->generation;
    pthread_mutex_unlock(&e->lock);
    if (!u && run->interpret)
        *why = interpret_one(cpu);
    else if (!u)
        cache_evict(cpu);
    run->interpret = false;
    return u;
}

/* The instruction goes on in the next page: a unit by itself, which depends on both. Under the lock. */
static Unit *find_across(Cpu *cpu, const Fetched *first, CpuExit *why)
{
    CpuRun *run = cpu->run;
    Engine *e = run->engine;
    uint64_t pc = *pc_of(cpu), mode = cpu->bank->mode;
    Fetched second;
    run->across = false;
    pthread_mutex_unlock(&e->lock);
    if (e->lockstep || debug_may_stop(e)) { /* they look at pages */
        *why = interpret_one(cpu);
        return NULL;
    }
    *why = EXIT_FAULT;
    if (!fetch_page(cpu, (pc | 0xfff) + 1, &second))
        return NULL;
    *why = EXIT_NONE;
    if (second.ram_page == ~0u) {
        *why = interpret_one(cpu);
        return NULL;
    }
    pthread_mutex_lock(&e->lock);
    Unit *u = cache_find_across(e, first->ram_page, second.ram_page, pc, mode);
    if (!u) {
        do {
            protect(cpu, first->ram_page);
            protect(cpu, second.ram_page);
        } while (!page_protected(e, first->ram_page));
        u = cache_make_across(cpu, first, &second, pc, mode);
        run->interpret |= run->across; /* it has changed: there may be even more of it */
        run->across = false;
    }
    return found(cpu, u, why);
}

/* The unit for the pc slot; NULL: look again. *why then says what came of the instruction if it was interpreted or its
 * fetch faulted. */
static Unit *find_unit(Cpu *cpu, CpuExit *why)
{
    CpuRun *run = cpu->run;
    Engine *e = run->engine;
    uint64_t *pc = pc_of(cpu);
    if (run->guest->strip)
        *pc = run->guest->strip(cpu, *pc);
    if (cpu->bank->parent)
        inherit(cpu);
    if (run->alone) {
        run->alone = false;
        cpu_exclusive(cpu, interpret_alone, cpu);
        *why = run->alone_exit;
        return NULL;
    }
    Fetched f;
    *why = EXIT_FAULT;
    if (!fetch_page(cpu, *pc, &f))
        return NULL;
    if (f.ram_page == ~0u) {
        *why = interpret_one(cpu);
        return NULL;
    }
    *why = EXIT_NONE;
    uint64_t mode = cpu->bank->mode;
    run->lookups++;
    pthread_mutex_lock(&e->lock);
    Unit *u = cache_find(e, f.ram_page, *pc, mode);
    if (!u) {
        protect(cpu, f.ram_page);
        u = cache_make(cpu, f.ram_page, *pc, mode, f.page_bytes, e->unit_insns);
    }
    bool across = u ? u->second != NO_PAGE : run->across;
    return across ? find_across(cpu, &f, why) : found(cpu, u, why);
}

/* A direct exit that is not linked was taken: its target, linked, if that is there already. Nobody can evict the unit
 * the exit belongs to meanwhile, because this vCPU still counts as running translated code. */
static Unit *follow_link(Cpu *cpu, const void *stub)
{
    Engine *e = cpu->run->engine;
    pthread_mutex_lock(&e->lock);
    UnitExit *x = cache_exit_at(e, stub);
    const Unit *from = x->owner;
    *pc_of(cpu) = x->pc;
    Unit *to = cpu->stop ? NULL : cache_find(e, from->ram_page, x->pc, from->mode);
    if (to && to->second != NO_PAGE)
        to = cache_make_gate(cpu, to);
    if (to && !one_by_one(e))
        cache_link(e, x, to);
    cpu->run->generation = e->generation;
    pthread_mutex_unlock(&e->lock);
    return to;
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
        run_posted(cpu);
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
    next = find_unit(cpu, why);
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
    enter_code(cpu);
    /* Something was posted, or happened while we waited to enter. */
    if (__atomic_load_n(&cpu->stop, __ATOMIC_SEQ_CST) || run->generation != e->generation || u->dead) {
        leave_code(cpu);
        return EXIT_NONE;
    }
    serialise(cpu);
    log_entry(cpu, u);
    why = e->lockstep ? lockstep_run(cpu, u) : e->backend->enter(cpu, u->code, &stub);
    *next = why == EXIT_LINK ? follow_link(cpu, stub) : NULL;
    run->settled = !e->lockstep && (why == EXIT_LOOKUP || why == EXIT_LINK) && !debug_wants(cpu, why);
    leave_code(cpu);
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
        run_posted(m->cpu[k]);
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
