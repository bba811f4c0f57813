/* Counting: the vCPUs take turns on one thread, each for a number of instructions that is kept exactly, and the
 * machine's time is how many were run. Posts and timers are looked at between two turns and nowhere else, so that a
 * machine that nobody talks to does the same every time. */
#include "cpu/engine.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/replay.h"
#include "host/clock.h"
#include "host/drive.h"
#include "host/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TURN = 50000, SHORTER = 4096 }; /* instructions: a turn, and how much less it may be */

struct Counting {
    CountOptions options;
    Cpu *running;  /* who is in its turn */
    int64_t given; /* its budget at the beginning, as it is by now */
    bool poked;    /* atomic */
    Timer drives;  /* what they finish next */
    DriveClock drive_clock;
};

static CountOptions chosen;

void cpu_use_counting(const CountOptions *o)
{
    chosen = *o;
}

static Engine *engine_in(const Machine *m)
{
    return m->cpu[0]->run->engine;
}

/* ---- drives finish what they do by the machine's time ---- */

static int64_t drives_now(void *m)
{
    return time_now(m);
}

static void drives_next(void *m, int64_t when)
{
    timer_at(&engine_in(m)->counting->drives, when);
}

static void drives_due(void *m)
{
    timer_at(&engine_in(m)->counting->drives, drives_done(time_now(m)));
}

Counting *counting_new(Machine *m)
{
    drives_use_clock(NULL);
    if (!chosen.on)
        return NULL;
    Counting *c = xalloc(sizeof *c);
    c->options = chosen;
    timer_init(&c->drives, m, drives_due, m);
    c->drive_clock = (DriveClock){ drives_now, drives_next, m };
    drives_use_clock(&c->drive_clock);
    return c;
}

void counting_free(Counting *c)
{
    if (!c)
        return;
    drives_use_clock(NULL);
    timer_off(&c->drives);
    free(c);
}

static CountState *state(const Machine *m)
{
    return &m->cpu[0]->run->count;
}

/* ---- the clock ---- */

static uint64_t count_of(const Machine *m)
{
    const Counting *c = engine_in(m)->counting;
    return state(m)->done + (c->running ? (uint64_t)(c->given - c->running->budget) : 0);
}

uint64_t cpu_count(Machine *m)
{
    const Counting *c = m->cpu[0] && m->cpu[0]->run ? engine_in(m)->counting : NULL;
    return c ? count_of(m) : 0;
}

static int64_t now(const Machine *m)
{
    return state(m)->skipped + (int64_t)(count_of(m) << engine_in(m)->counting->options.shift);
}

static void set_now(Machine *m, int64_t when)
{
    state(m)->skipped += when - now(m);
}

/* Instructions until then, at least one. */
static int64_t until(const Machine *m, int64_t when)
{
    int64_t left = when - now(m), shift = engine_in(m)->counting->options.shift;
    return left <= 0 ? 1 : ((left - 1) >> shift) + 1;
}

/* By the CPU whose turn it is: it ends when the timer is due. */
static void sooner(Machine *m, int64_t when)
{
    Counting *c = engine_in(m)->counting;
    if (!c->running)
        return;
    int64_t left = when <= now(m) ? 0 : until(m, when), less = c->running->budget - left;
    if (less > 0) {
        c->running->budget -= less;
        c->given -= less;
    }
}

/* What the CPU does in its turn may interrupt it: that is taken before the next instruction. The next test of the stop
 * word may be far off, and where it is depends on which units are there and linked, as they are not after a load. */
void counting_interrupt(const Cpu *cpu)
{
    Counting *c = cpu->run->engine->counting;
    if (!c || c->running != cpu)
        return;
    c->given -= c->running->budget;
    c->running->budget = 0;
}

/* ---- between turns ---- */

static void poke(Machine *m)
{
    Engine *e = engine_in(m);
    CpuRun *first = m->cpu[0]->run;
    Cpu *cpu = e->counting->running;
    pthread_mutex_lock(&first->wake_lock);
    e->counting->poked = true;
    pthread_cond_broadcast(&first->wake);
    pthread_mutex_unlock(&first->wake_lock);
    if (cpu)
        __atomic_store_n(&cpu->stop, CPU_STOP, __ATOMIC_SEQ_CST);
}

static struct timespec host_time_in(int64_t ns)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += ns / 1000000000 + (t.tv_nsec + ns % 1000000000) / 1000000000;
    t.tv_nsec = (t.tv_nsec + ns % 1000000000) % 1000000000;
    return t;
}

/* Until somebody pokes, or at most so long; -1: for ever. */
static void wait_poke(Engine *e, int64_t ns)
{
    CpuRun *first = e->machine->cpu[0]->run;
    struct timespec end = host_time_in(ns < 0 ? 0 : ns);
    int timeout = 0;
    pthread_mutex_lock(&first->wake_lock);
    while (!e->counting->poked && !e->halting && timeout != ETIMEDOUT)
        timeout = ns < 0 ? pthread_cond_wait(&first->wake, &first->wake_lock)
                         : pthread_cond_timedwait(&first->wake, &first->wake_lock, &end);
    e->counting->poked = false;
    pthread_mutex_unlock(&first->wake_lock);
}

/* Time that passes while nobody has anything to do until the next timer; -1: it does not come, and nobody waits. */
static int64_t time_to_skip(Engine *e, int64_t next)
{
    int64_t at;
    uint64_t count;
    bool played = replay_ahead(&count, &at);
    if (played && count == state(e->machine)->done && at < next && at > now(e->machine))
        next = at;
    else if (played && next == TIMER_OFF)
        replay_lost(e->machine);
    return next == TIMER_OFF ? -1 : next - now(e->machine);
}

static void idle(Engine *e, int64_t next)
{
    Counting *c = e->counting;
    int64_t left = time_to_skip(e, next), passed = left;
    if (left < 0 && next == TIMER_OFF) {
        wait_poke(e, -1);
        return;
    }
    if (c->options.sleep && left > 0 && replay_mode() != REPLAY_PLAYS) {
        int64_t before = clock_ns();
        wait_poke(e, left);
        passed = clock_ns() - before;
    }
    if (left > 0)
        state(e->machine)->skipped += passed < left ? passed : left;
}

static bool runs(Cpu *cpu)
{
    Unit *none;
    cpu_attend(cpu, &none);
    return cpu->run->powered && !cpu->run->debug.held && !cpu_waits(cpu);
}

static Cpu *whose_turn(Engine *e)
{
    Machine *m = e->machine;
    CountState *s = state(m);
    for (int k = 0; k < m->config->cpus; k++, s->left = 0) {
        Cpu *cpu = m->cpu[(s->next + (uint32_t)k) % (uint32_t)m->config->cpus];
        if (runs(cpu)) {
            s->next = (uint32_t)cpu->run->number;
            return cpu;
        }
    }
    return NULL;
}

/* ---- a turn ---- */

static bool ends(Engine *e, const Cpu *cpu)
{
    return __atomic_load_n(&e->halting, __ATOMIC_SEQ_CST) || machine_stopping(e->machine) != RUN ||
           cpu->run->debug.stopped;
}

/* A turn that a timer cut short, or whoever wants the machine to stand still, goes on afterwards: turns change by count
 * alone, or the guest would notice. */
static void end_turn(Machine *m, const Cpu *cpu, int64_t whole)
{
    Counting *c = engine_in(m)->counting;
    CountState *s = state(m);
    int64_t left = whole - (c->given - cpu->budget);
    bool goes_on = left > 0 && cpu->run->powered && !cpu_waits((Cpu *)(uintptr_t)cpu);
    s->done = count_of(m);
    c->running = NULL;
    s->left = goes_on ? (uint32_t)left : 0;
    if (!goes_on)
        s->next = (s->next + 1) % (uint32_t)m->config->cpus;
}

static int64_t at_most(int64_t count, uint64_t most)
{
    return (uint64_t)count < most ? count : (int64_t)most;
}

/* Instructions until something comes from a recording. */
static uint64_t to_replayed(const CountState *s)
{
    int64_t at;
    uint64_t count;
    return replay_ahead(&count, &at) && count > s->done ? count - s->done : UINT64_MAX;
}

/* What comes next from a recording comes now, behind a timer that is due. */
static bool waits_for_timer(const Machine *m, int64_t next)
{
    int64_t at;
    uint64_t count;
    return replay_ahead(&count, &at) && count == state(m)->done && next <= now(m);
}

/* No two are of the same length: a loop that takes a lock again as soon as it has let go of it would otherwise hold it
 * at the end of every turn. */
static int64_t turn_at(uint64_t done)
{
    return TURN - (int64_t)(done * 0x9e3779b97f4a7c15 >> 32) % SHORTER;
}

static void run_turn(Engine *e, Cpu *cpu, int64_t next)
{
    Counting *c = e->counting;
    const CountState *s = state(e->machine);
    Unit *u = NULL;
    int64_t whole = s->left ? s->left : turn_at(s->done);
    c->given = next == TIMER_OFF ? whole : until(e->machine, next);
    if (c->given > whole)
        c->given = whole;
    c->given = at_most(c->given, c->options.stop_at ? c->options.stop_at - s->done : UINT64_MAX);
    c->given = at_most(c->given, to_replayed(s));
    cpu->budget = c->given;
    c->running = cpu;
    cpu->run->settled = false;
    while (cpu->budget > 0 && !ends(e, cpu)) {
        cpu_attend(cpu, &u);
        if (!cpu->run->powered || cpu_waits(cpu))
            break;
        if (run_once(cpu, &u) == EXIT_BUDGET && cpu->budget > 0 && interpret_rest(cpu) == EXIT_IDLE)
            cpu->run->waits_at = *pc_of(cpu);
    }
    end_turn(e->machine, cpu, whole);
}

/* ---- what a machine's state comes to ---- */

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15;
        h ^= h >> 29;
    }
    for (; len; len--)
        h = (h ^ *at++) * 0x100000001b3;
    return h;
}

static uint64_t mix_state(uint64_t h, const StateField *f, const void *object)
{
    for (; f->name; f++)
        for (size_t i = 0; i < f->count && !f->brief; i++) {
            const char *at = (const char *)object + f->offset + i * f->size;
            h = f->kind == STATE_TABLE ? mix_state(h, f->fields, at) : mix(h, at, f->size);
        }
    return h;
}

static uint64_t registers_hash(const Machine *m)
{
    uint64_t h = 0;
    for (int k = 0; k < m->config->cpus; k++) {
        Cpu *cpu = m->cpu[k];
        const Guest *g = cpu->run->guest;
        if (g->settle)
            g->settle(cpu);
        Cpu *copy = xalloc(g->size);
        memcpy(copy, cpu, g->size);
        if (g->forget)
            g->forget(copy);
        h = mix_state(h, g->state, copy);
        free(copy);
    }
    return h;
}

/* Pages of zeros do not count, so that it does not matter which were ever touched. */
static uint64_t memory_hash(const Machine *m)
{
    static const uint8_t zeros[4096];
    uint64_t *numbers = xalloc(ram_pages(m) * sizeof *numbers), h = 0;
    size_t regions;
    Region *const *region = ram_regions(m, &regions);
    for (size_t r = 0; r < regions; r++) {
        size_t count = ram_touched(region[r], numbers);
        for (size_t k = 0; k < count; k++) {
            const uint8_t *page = region[r]->ram + numbers[k] * sizeof zeros;
            uint64_t number = region[r]->page + numbers[k];
            if (memcmp(page, zeros, sizeof zeros))
                h = mix(mix(h, &number, sizeof number), page, sizeof zeros);
        }
    }
    free(numbers);
    return h;
}

static void sums(const Machine *m, uint64_t sum[2])
{
    sum[0] = memory_hash(m);
    sum[1] = registers_hash(m);
}

static void end_here(Engine *e)
{
    uint64_t sum[2];
    sums(e->machine, sum);
    log_line("count %llu: time %lld ns, memory %016llx, registers %016llx", (unsigned long long)state(e->machine)->done,
             (long long)now(e->machine), (unsigned long long)sum[0], (unsigned long long)sum[1]);
    log_flush();
    machine_exit(e->machine, 0);
}

/* ---- the thread ---- */

static bool stopped(const Machine *m)
{
    bool any = machine_stopping(m) != RUN;
    for (int k = 0; k < m->config->cpus; k++)
        any |= m->cpu[k]->run->debug.stopped;
    return any;
}

static void *thread(void *arg)
{
    Engine *e = arg;
    Machine *m = e->machine;
    Counting *c = e->counting;
    for (int k = 0; k < m->config->cpus; k++)
        cpu_thread_begin(m->cpu[k]);
    while (!__atomic_load_n(&e->halting, __ATOMIC_SEQ_CST)) {
        if (c->options.stop_at && state(m)->done == c->options.stop_at && !stopped(m))
            end_here(e);
        if (stopped(m)) {
            wait_poke(e, -1); /* the machine's thread is about to stop this one */
            continue;
        }
        int64_t next = machine_turn(m);
        if (waits_for_timer(m, next))
            continue;
        Cpu *cpu = whose_turn(e);
        if (cpu)
            run_turn(e, cpu, next);
        else
            idle(e, next);
    }
    return NULL;
}

static int start(Machine *m)
{
    CpuRun *first = m->cpu[0]->run;
    first->engine->halting = 0;
    if (pthread_create(&first->thread, NULL, thread, first->engine)) {
        log_line("cannot start a thread for the CPUs");
        return 1;
    }
    first->has_thread = true;
    return 0;
}

static const StateField count_state[] = {
    STATE(CountState, done),
    STATE(CountState, skipped, .below = (uint64_t)INT64_MAX),
    STATE(CountState, next, .below = 4096),
    STATE(CountState, left, .below = TURN + 1),
    STATE_END,
};

static const StateField counting_run_state[] = {
    RUN_STATE,
    STATE_STRUCT(CpuRun, count, count_state),
    STATE_END,
};

const MachineCpus counting_cpus = {
    .start = start,
    .stop = stop_cpus,
    .reset = reset_cpus,
    .settle = settle_cpus,
    .now = now,
    .count = count_of,
    .sums = sums,
    .set_now = set_now,
    .sooner = sooner,
    .poke = poke,
    .state = counting_run_state,
    .state_size = sizeof(CpuRun),
    .state_of = run_of,
    .free = engine_free,
};
