#include "cpu/debug.h"

#include "base/log.h"
#include "core/machine.h"
#include "cpu/engine.h"

#include <string.h>

static Engine *engine_in(Machine *m)
{
    return m->cpu[0]->run->engine;
}

/* ---- the list ---- */

static bool same(const DebugPoint *a, const DebugPoint *b)
{
    return a->kind == b->kind && a->phys == b->phys && a->at == b->at && a->regimes == b->regimes &&
           (a->kind == DEBUG_BREAK || a->len == b->len);
}

static void flush_banks(Cpu *cpu)
{
    for (int b = 0; b < BANKS; b++)
        if (cpu->run->bank[b]->live)
            bank_flush(cpu->run->bank[b]);
}

/* Units made before know nothing of a change, TLB entries let accesses through. */
static void forget(Machine *m, const DebugPoint *p)
{
    Engine *e = engine_in(m);
    Flat f;
    if (p->kind != DEBUG_BREAK) {
        for (int k = 0; k < m->config->cpus; k++)
            flush_banks(m->cpu[k]);
        return;
    }
    if (!p->phys) {
        pthread_mutex_lock(&e->lock);
        cache_forget_pc(e, p->at);
        pthread_mutex_unlock(&e->lock);
    } else if (space_flat(m->memory, p->at, &f) && f.region->ram) {
        uint64_t offset = p->at - f.at + f.offset;
        page_written(e, (uint32_t)(f.region->page + (offset >> 12)), offset & 0xfff, 1);
    }
}

bool debug_add(Machine *m, const DebugPoint *p, Error *err)
{
    Debug *d = &engine_in(m)->debug;
    for (int k = 0; k < d->count; k++)
        if (same(&d->point[k], p)) {
            d->point[k].uses++;
            return true;
        }
    if (d->count == DEBUG_POINTS)
        return error_set(err, "there are %d breakpoints and watchpoints already; delete some", DEBUG_POINTS);
    if (p->kind != DEBUG_BREAK && (!p->len || p->at + p->len - 1 < p->at))
        return error_set(err, "a watchpoint needs a length, and may not go round the end of the addresses");
    d->point[d->count] = *p;
    d->point[d->count++].uses = 1;
    *(p->kind == DEBUG_BREAK ? &d->breaks : &d->watches) += 1;
    forget(m, p);
    return true;
}

bool debug_remove(Machine *m, const DebugPoint *p, Error *err)
{
    Debug *d = &engine_in(m)->debug;
    for (int k = 0; k < d->count; k++) {
        if (!same(&d->point[k], p))
            continue;
        if (--d->point[k].uses)
            return true;
        *(p->kind == DEBUG_BREAK ? &d->breaks : &d->watches) -= 1;
        memmove(&d->point[k], &d->point[k + 1], (size_t)(--d->count - k) * sizeof *p);
        forget(m, p);
        return true;
    }
    return error_set(err, "there is none at 0x%llx", (unsigned long long)p->at);
}

const DebugPoint *debug_points(Machine *m, int *count)
{
    *count = engine_in(m)->debug.count;
    return engine_in(m)->debug.point;
}

void debug_own(Cpu *cpu, int n, const DebugPoint *p)
{
    Engine *e = cpu->run->engine;
    DebugPoint *own = &cpu->run->own_point[n], old = *own;
    if (!memcmp(&old, p, sizeof old))
        return;
    bool was = old.kind == DEBUG_BREAK, is = p->kind == DEBUG_BREAK;
    pthread_mutex_lock(&e->lock); /* whoever translates sees all of it, or comes before units are discarded */
    *own = *p;
    __atomic_fetch_add(&e->debug.own_breaks, is - was, __ATOMIC_RELAXED);
    if (was)
        cache_forget_pc(e, old.at);
    if (is)
        cache_forget_pc(e, p->at);
    pthread_mutex_unlock(&e->lock);
    cpu->run->own_watches += !!(p->kind & DEBUG_ACCESS) - !!(old.kind & DEBUG_ACCESS);
    if ((old.kind | p->kind) & DEBUG_ACCESS)
        flush_banks(cpu);
}

/* ---- breakpoints ---- */

/* Physical ones are compared by where they are in host memory, which also finds them through every view of it. */
static bool is_there(const Engine *e, const DebugPoint *p, uint64_t pc, const uint8_t *host)
{
    Flat f;
    if (p->kind != DEBUG_BREAK)
        return false;
    if (!p->phys)
        return p->at == pc;
    return space_flat(e->machine->memory, p->at, &f) && f.region->ram &&
           f.region->ram + f.offset + (p->at - f.at) == host;
}

static int own_break_at(const Cpu *cpu, uint64_t pc, int n)
{
    const DebugPoint *p = cpu->run->own_point;
    while (n < DEBUG_OWN && !(p[n].kind == DEBUG_BREAK && p[n].at == pc))
        n++;
    return n;
}

bool debug_stops(const Engine *e, uint64_t pc, const uint8_t *host)
{
    const Machine *m = e->machine;
    if (e->debug.breaks)
        for (int k = 0; k < e->debug.count; k++)
            if (is_there(e, &e->debug.point[k], pc, host))
                return true;
    if (__atomic_load_n(&e->debug.own_breaks, __ATOMIC_RELAXED))
        for (int k = 0; k < m->config->cpus; k++)
            if (own_break_at(m->cpu[k], pc, 0) < DEBUG_OWN)
                return true;
    return false;
}

/* The guest's own breakpoints at the pc; true: an exception was raised. */
static bool own_break(Cpu *cpu)
{
    uint64_t pc = *pc_of(cpu);
    for (int n = 0; (n = own_break_at(cpu, pc, n)) < DEBUG_OWN; n++)
        if (cpu->run->guest->debug->own_break(cpu, n))
            return true;
    return false;
}

static bool holds_here(const Cpu *cpu, const DebugPoint *p)
{
    return !p->regimes || p->regimes >> cpu->bank->key.regime & 1;
}

static const DebugPoint *break_at(Cpu *cpu, uint64_t pc)
{
    const Engine *e = cpu->run->engine;
    Fetched f;
    if (!fetch_page(cpu, pc, &f))
        return NULL;
    for (int k = 0; k < e->debug.count; k++)
        if (is_there(e, &e->debug.point[k], pc, f.page_bytes ? f.page_bytes + (pc & 0xfff) : NULL) &&
            holds_here(cpu, &e->debug.point[k]))
            return &e->debug.point[k];
    return NULL;
}

/* ---- watchpoints ---- */

static uint64_t plain(const Cpu *cpu, uint64_t va)
{
    return cpu->run->guest->strip ? cpu->run->guest->strip(cpu, va) : va;
}

static bool overlap(uint64_t a, uint64_t a_last, uint64_t b, uint64_t b_last)
{
    return a <= b_last && b <= a_last;
}

static bool is_watch(const DebugPoint *p)
{
    return p->kind & DEBUG_ACCESS;
}

static bool own_watches_page(const Cpu *cpu, uint64_t page)
{
    for (const DebugPoint *p = cpu->run->own_point; p < cpu->run->own_point + DEBUG_OWN; p++)
        if (is_watch(p) && overlap(page, page + 0xfff, p->at, p->at + p->len - 1))
            return true;
    return false;
}

bool debug_watches_page(Cpu *cpu, uint64_t va, uint64_t phys)
{
    const Debug *d = &cpu->run->engine->debug;
    if (!d->watches && !cpu->run->own_watches)
        return false;
    uint64_t page = plain(cpu, va) & ~0xfffull;
    phys &= ~0xfffull;
    if (cpu->run->own_watches && own_watches_page(cpu, page))
        return true;
    for (int k = 0; k < d->count; k++) {
        const DebugPoint *p = &d->point[k];
        uint64_t from = p->phys ? phys : page;
        if (p->kind != DEBUG_BREAK && overlap(from, from + 0xfff, p->at, p->at + p->len - 1))
            return true;
    }
    return false;
}

/* The guest is told before the access is done, as by a fault. */
static bool own_refuses(Cpu *cpu, uint64_t va, int size, unsigned kinds, bool user)
{
    uint64_t from = plain(cpu, va);
    for (int n = 0; n < DEBUG_OWN; n++) {
        const DebugPoint *p = &cpu->run->own_point[n];
        if (p->kind & kinds & DEBUG_ACCESS && overlap(from, from + (uint64_t)size - 1, p->at, p->at + p->len - 1) &&
            cpu->run->guest->debug->own_watch(cpu, n, p->at > from ? va + (p->at - from) : va, kinds, user))
            return true;
    }
    return false;
}

bool debug_refuses(Cpu *cpu, uint64_t va, uint64_t phys, int size, unsigned kinds, bool user)
{
    const Debug *d = &cpu->run->engine->debug;
    CpuDebug *own = &cpu->run->debug;
    if (cpu->run->own_watches && own_refuses(cpu, va, size, kinds, user))
        return true;
    va = plain(cpu, va);
    for (int k = 0; k < d->count && !own->watch_passed; k++) {
        const DebugPoint *p = &d->point[k];
        uint64_t from = p->phys ? phys : va;
        if (!(p->kind & kinds & DEBUG_ACCESS) || !holds_here(cpu, p) ||
            !overlap(from, from + (uint64_t)size - 1, p->at, p->at + p->len - 1))
            continue;
        own->watch_hit = true;
        own->watch_kind = (uint8_t)p->kind;
        own->watch_at = p->phys || p->at < va ? va : p->at;
        __atomic_store_n(&cpu->stop, CPU_STOP, __ATOMIC_RELAXED);
        return true;
    }
    return false;
}

/* ---- devices ---- */

DebugDevice debug_device(Cpu *cpu, bool store, uint64_t phys, int size, uint64_t *value)
{
    CpuDebug *own = &cpu->run->debug;
    if (own->step == STEP_NONE) {
        if (!cpu->run->engine->debug.watches)
            return DEVICE_ASK;
        own->careful = true;
        __atomic_store_n(&cpu->stop, CPU_STOP, __ATOMIC_RELAXED);
        return DEVICE_LATER;
    }
    for (DebugPast *p = own->past; p < own->past + own->pasts; p++)
        if (!p->used && p->phys == phys && p->size == size && p->store == store) {
            p->used = true;
            *value = p->value;
            return DEVICE_KNOWN;
        }
    return DEVICE_ASK;
}

void debug_device_said(Cpu *cpu, bool store, uint64_t phys, int size, uint64_t value)
{
    CpuDebug *own = &cpu->run->debug;
    if (own->step == STEP_NONE)
        return;
    if (own->pasts == DEBUG_PASTS)
        memmove(own->past, own->past + 1, --own->pasts * sizeof *own->past);
    own->past[own->pasts++] = (DebugPast){ phys, value, (uint8_t)size, store, true };
}

/* ---- running and stopping ---- */

/* The listener did not take it, having stopped the machine itself before: the CPU comes here again when it goes on. */
static void not_told(CpuDebug *own)
{
    own->stopped_at = ~0ull;
    own->watch_passed = false;
}

static void deliver(void *machine)
{
    Machine *m = machine;
    Debug *d = &engine_in(m)->debug;
    machine_pause(m);
    machine_hold_time(m, false);
    for (int k = 0; k < m->config->cpus; k++)
        debug_run(m, k, DEBUG_RUN, 0);
    pthread_mutex_lock(&d->lock);
    DebugEvent event = d->event;
    d->waits = false;
    pthread_mutex_unlock(&d->lock);
    CpuDebug *own = &m->cpu[event.cpu]->run->debug;
    bool late = own->late;
    own->late = false;
    if (d->stopped && !d->stopped(d->who, &event))
        not_told(own), own->late = late;
    else if (!d->stopped)
        log_line("cpu %d: stopped at a breakpoint or watchpoint, pc %llx; the monitor's cont goes on", event.cpu,
                 (unsigned long long)*pc_of(m->cpu[event.cpu]));
}

/* On the CPU's thread: the machine is to stand still. If another CPU was quicker, its event is told, and this one will
 * come here again. */
static void tell(Cpu *cpu, DebugReason reason, DebugKind kind, uint64_t at)
{
    Engine *e = cpu->run->engine;
    Debug *d = &e->debug;
    CpuDebug *own = &cpu->run->debug;
    pthread_mutex_lock(&d->lock);
    bool first = !d->waits;
    if (first)
        d->event = (DebugEvent){ cpu->run->number, reason, kind, at };
    d->waits = true;
    pthread_mutex_unlock(&d->lock);
    own->stopped = true;
    own->step = STEP_NONE;
    own->mode = 0;
    own->watch_passed = false;
    if (!first)
        return;
    own->stopped_at = *pc_of(cpu);
    own->watch_passed = reason == DEBUG_AT_WATCH && cpu->run->guest->debug && cpu->run->guest->debug->watch_before;
    machine_still(e->machine, deliver, e->machine);
    __atomic_store_n(&e->halting, 1, __ATOMIC_SEQ_CST); /* the machine's thread does it too, but later */
    for (int k = 0; k < e->machine->config->cpus; k++)
        cpu_kick(e->machine->cpu[k]);
}

static void alone(Cpu *cpu, int step)
{
    cpu->run->debug.step = (uint8_t)step;
    cpu->run->debug.mode = MODE_STEP;
}

static void tell_late(Cpu *cpu)
{
    const CpuDebug *own = &cpu->run->debug;
    tell(cpu, DEBUG_AT_WATCH, (DebugKind)own->watch_kind, own->watch_at);
}

void debug_begin(Cpu *cpu)
{
    CpuDebug *own = &cpu->run->debug;
    own->stopped = false;
    if (own->late) {
        tell_late(cpu);
        return;
    }
    if (own->step == STEP_ONE)
        cpu->run->waits_at = ~0ull;       /* the next instruction is asked for */
    if (own->stopped_at != *pc_of(cpu)) { /* it was sent elsewhere */
        own->stopped_at = ~0ull;
        own->watch_passed = false;
        own->pasts = 0;
    } else if (own->step == STEP_NONE) {
        own->step = STEP_PAST;
    }
    if (own->step == STEP_NONE)
        return;
    own_break(cpu); /* a unit of one instruction has no breakpoints */
    alone(cpu, own->step);
}

static void stepped(Cpu *cpu)
{
    CpuDebug *own = &cpu->run->debug;
    bool wanted = own->step == STEP_ONE, after = own->watch_after;
    own->step = STEP_NONE;
    own->mode = 0;
    own->watch_passed = own->watch_after = false;
    own->pasts = 0;
    own->stopped_at = ~0ull; /* not before: the machine may stand still in between for somebody else */
    own->late = after;
    if (after)
        tell_late(cpu);
    else if (wanted)
        tell(cpu, DEBUG_STEPPED, DEBUG_BREAK, *pc_of(cpu));
}

/* The access was not done. A guest whose debuggers want to hear of it afterwards does it first. */
static void watched(Cpu *cpu)
{
    CpuDebug *own = &cpu->run->debug;
    own->watch_hit = false;
    for (int k = 0; k < own->pasts; k++)
        own->past[k].used = false;
    if (cpu->run->guest->debug && cpu->run->guest->debug->watch_before) {
        tell(cpu, DEBUG_AT_WATCH, (DebugKind)own->watch_kind, own->watch_at);
        return;
    }
    own->watch_after = own->watch_passed = true;
    alone(cpu, own->step == STEP_NONE ? STEP_PAST : own->step);
}

void debug_after(Cpu *cpu, CpuExit why)
{
    CpuDebug *own = &cpu->run->debug;
    bool careful = own->careful;
    own->careful = false;
    if (own->watch_hit) {
        watched(cpu);
    } else if (careful) {
        alone(cpu, STEP_PAST);
    } else if (why == EXIT_DEBUG) {
        const DebugPoint *p = break_at(cpu, *pc_of(cpu));
        if (p)
            tell(cpu, DEBUG_AT_BREAK, DEBUG_BREAK, *pc_of(cpu));
        else if (!own_break(cpu))
            alone(cpu, STEP_PAST);
    } else if (own->step != STEP_NONE) {
        stepped(cpu);
    }
}

void debug_run(Machine *m, int cpu, DebugRun how, int flags)
{
    CpuDebug *own = &m->cpu[cpu]->run->debug;
    own->held = how == DEBUG_HOLD;
    own->step = how == DEBUG_STEP ? STEP_ONE : own->step == STEP_ONE ? STEP_NONE : own->step;
    own->mode = own->step == STEP_NONE ? 0 : MODE_STEP;
    own->irq_steps = !(flags & DEBUG_NO_IRQ);
    if (how == DEBUG_STEP && flags & DEBUG_NO_TIMER)
        machine_hold_time(m, true);
}

void debug_listen(Machine *m, bool (*stopped)(void *who, const DebugEvent *), void *who)
{
    Debug *d = &engine_in(m)->debug;
    d->stopped = stopped;
    d->who = who;
    if (stopped)
        return;
    machine_hold_time(m, false);
    for (int k = 0; k < m->config->cpus; k++) {
        m->cpu[k]->run->debug.late = false;
        debug_run(m, k, DEBUG_RUN, 0);
    }
}
