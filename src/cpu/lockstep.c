#include "cpu/lockstep.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 20000 }; /* instructions in one go: a loop inside a unit is then left at each turn */

static bool chosen;

void cpu_use_lockstep(bool on)
{
    chosen = on;
}

/* ---- making ---- */

static void add_part(Lockstep *l, uint32_t offset, uint32_t size)
{
    LockPart *last = l->parts ? &l->part[l->parts - 1] : NULL;
    if (last && last->offset + last->size == offset) {
        last->size += size;
        return;
    }
    l->part = xrealloc(l->part, (l->parts + 1) * sizeof *l->part);
    l->part[l->parts++] = (LockPart){ offset, size };
}

static void add_parts(Lockstep *l, const StateField *f, uint32_t base)
{
    for (; f->name; f++)
        for (uint32_t k = 0; k < f->count && !f->brief; k++) {
            uint32_t at = base + f->offset + k * f->size;
            if (f->kind == STATE_TABLE)
                add_parts(l, f->fields, at);
            else
                add_part(l, at, f->size);
        }
}

Lockstep *lockstep_new(const Guest *g)
{
    if (!chosen)
        return NULL;
    Lockstep *l = xalloc(sizeof *l);
    int helpers = 0;
    while (g->helpers[helpers].name)
        helpers++;
    l->guest = *g;
    l->guest.helpers = l->helpers = xalloc(((size_t)helpers + 1) * sizeof *l->helpers);
    for (int k = 0; k < helpers; k++) {
        l->helpers[k] = g->helpers[k];
        l->helpers[k].effects |= H_FP; /* lockstep_call stands in for it */
    }
    l->ir = xalloc(sizeof *l->ir);
    l->ir->raw = true;
    l->before = xalloc(g->size);
    l->copy = xalloc(g->size);
    l->at_call = xalloc(g->size);
    add_parts(l, g->state, 0);
    return l;
}

void lockstep_free(Lockstep *l)
{
    if (!l)
        return;
    void *const all[] = { l->helpers, l->ir,    l->before, l->copy,  l->at_call, l->part,
                          l->write,   l->event, l->change, l->bytes, l->touch };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
    out_free(&l->what);
    free(l);
}

const Guest *lockstep_guest(Lockstep *l)
{
    return &l->guest;
}

/* ---- the leader's operations ---- */

typedef struct Kept { /* those of a unit, packed */
    uint32_t count, pooled, labels;
    IrInsn insn[];
} Kept;

static size_t kept_size(const Kept *k, size_t *pool, size_t *label)
{
    *pool = sizeof *k + k->count * sizeof(IrInsn);
    *label = *pool + k->pooled * sizeof(struct IrWide);
    return *label + k->labels * sizeof(uint64_t);
}

static void *pack(const Ir *ir)
{
    Kept head = { ir->count, ir->pooled, ir->labels }, *k;
    size_t pool, label;
    k = xalloc(kept_size(&head, &pool, &label));
    *k = head;
    memcpy(k->insn, ir->insn, ir->count * sizeof *ir->insn);
    memcpy((char *)k + pool, ir->pool, ir->pooled * sizeof *ir->pool);
    memcpy((char *)k + label, ir->label, ir->labels * sizeof *ir->label);
    return k;
}

static void unpack(const Kept *k, Ir *ir)
{
    size_t pool, label;
    kept_size(k, &pool, &label);
    ir->count = k->count;
    ir->pooled = k->pooled;
    ir->labels = k->labels;
    memcpy(ir->insn, k->insn, k->count * sizeof *ir->insn);
    memcpy(ir->pool, (const char *)k + pool, k->pooled * sizeof *ir->pool);
    memcpy(ir->label, (const char *)k + label, k->labels * sizeof *ir->label);
}

/* Raw if that fits and is the same, so that folding is compared, too. */
bool lockstep_ir(Cpu *cpu, const Unit *u, uint32_t limit, Ir *ir)
{
    Fetched f;
    uint32_t bytes;
    if (!fetch_page(cpu, u->pc, &f) || f.ram_page != u->ram_page)
        return false;
    for (int raw = 1; raw >= 0; raw--) {
        ir->raw = raw;
        ir->full = ir->raw_only = false;
        translate_unit(cpu, ir, u->pc, u->mode, f.page_bytes, limit, &bytes);
        if (!ir_full(ir) && !(raw && ir->raw_only))
            return true;
    }
    return false;
}

static bool leader_ir(Cpu *cpu, Unit *u)
{
    Lockstep *l = cpu->run->engine->lockstep;
    if (u->leader) {
        unpack(u->leader, l->ir);
        return true;
    }
    if (!lockstep_ir(cpu, u, u->guest_insns, l->ir))
        return false;
    u->leader = pack(l->ir);
    return true;
}

/* ---- both ---- */

/* All but what belongs to the engine; `stop` may have been set meanwhile. */
void lockstep_put_back(Cpu *cpu, const Cpu *was, size_t size)
{
    cpu->mxcsr = was->mxcsr;
    cpu->budget = was->budget;
    cpu->bank = was->bank;
    cpu->user_bank = was->user_bank;
    memcpy(cpu + 1, was + 1, size - sizeof *cpu);
}

void lockstep_back(Cpu *cpu)
{
    Lockstep *l = cpu->run->engine->lockstep;
    for (size_t k = l->writes; k-- > 0;)
        memcpy(l->write[k].host, l->bytes + l->write[k].before, l->write[k].size);
    lockstep_put_back(cpu, (const Cpu *)(const void *)l->before, l->guest.size);
}

/* With counting the instructions left are those of the turn, which devices look at. */
static CpuExit lead(Cpu *cpu, const Ir *ir, bool forward, uint64_t *left)
{
    Lockstep *l = cpu->run->engine->lockstep;
    const InterpMemory *memory = forward ? &lockstep_memory_forward : &lockstep_memory;
    bool counts = cpu->run->engine->counting;
    uint64_t next;
    lockstep_log_start(l);
    *left = LONGEST;
    l->role = LOCK_LEADS;
    CpuExit why = interp_run_on(cpu, &l->guest, ir, memory, counts ? (uint64_t *)&cpu->budget : left, &next);
    l->role = LOCK_OFF;
    if (counts)
        *left = (uint64_t)cpu->budget;
    return why;
}

static bool goes_on(CpuExit why)
{
    return why == EXIT_LOOKUP || why == EXIT_STOP || why == EXIT_LINK || why == EXIT_FAULT;
}

static bool state_differs(const Lockstep *l, const void *a, const void *b)
{
    for (size_t k = 0; k < l->parts; k++)
        if (memcmp((const uint8_t *)a + l->part[k].offset, (const uint8_t *)b + l->part[k].offset, l->part[k].size))
            return true;
    return false;
}

static void compare_state(Lockstep *l, Cpu *cpu, Cpu *copy)
{
    if (l->guest.settle) {
        l->guest.settle(cpu);
        l->guest.settle(copy);
    }
    if (!state_differs(l, cpu, copy))
        return;
    Cpu *led = (Cpu *)(void *)l->at_call; /* free now */
    memcpy(led, cpu, l->guest.size);
    if (l->guest.forget) {
        l->guest.forget(led);
        l->guest.forget(copy);
    }
    if (state_differs(l, led, copy)) {
        l->wrong = true;
        out(&l->what, "  state: interpreter, translated\n");
        state_diff(l->guest.state, led, copy, &l->what);
    }
}

static void compare(Cpu *cpu, CpuExit led, CpuExit followed)
{
    Lockstep *l = cpu->run->engine->lockstep;
    compare_state(l, cpu, (Cpu *)(void *)l->copy);
    if (goes_on(led) != goes_on(followed) || (!goes_on(led) && led != followed))
        lockstep_wrong(l, "way out: interpreter %d, translated %d", led, followed);
    if (!lockstep_finished(l))
        lockstep_wrong(l, "the translation left out something that the interpreter asked devices or helpers");
    if (lockstep_memory_differs(l, &l->what))
        l->wrong = true;
}

static void follow(Cpu *cpu, const LockWay *w, bool forward, CpuExit led)
{
    Engine *e = cpu->run->engine;
    Lockstep *l = e->lockstep;
    Cpu *copy = (Cpu *)(void *)l->copy;
    const void *stub = NULL;
    lockstep_take_back(l);
    memcpy(l->copy, l->before, l->guest.size);
    copy->stop = forward ? CPU_STOP : 0;
    l->role = LOCK_FOLLOWS;
    CpuExit why = e->backend->enter(copy, w->code, &stub);
    l->role = LOCK_OFF;
    if (why == EXIT_LINK)
        *pc_of(copy) = cache_exit_pc(e, stub);
    compare(cpu, led, why);
}

static LockVerdict skip(Lockstep *l, LockSkip why)
{
    l->skipped[why]++;
    return LOCK_SKIPPED;
}

LockVerdict lockstep_pair(Cpu *cpu, const LockWay *w, CpuExit *why)
{
    Lockstep *l = cpu->run->engine->lockstep;
    uint64_t left;
    bool forward = w->unit->turns, counts = cpu->run->engine->counting;
    uint64_t before = cpu_count(cpu->dev.machine);
    memcpy(l->before, cpu, l->guest.size);
    *why = lead(cpu, w->ir, forward, &left);
    bool loops = !left && (!counts || ((const Cpu *)(const void *)l->before)->budget >= LONGEST);
    if (loops && !forward && !l->events && !l->device_wrote) { /* nobody saw it: once more, turn by turn */
        lockstep_back(cpu);
        w->unit->turns = forward = true;
        *why = lead(cpu, w->ir, forward, &left);
    }
    if (l->device_wrote)
        return skip(l, SKIP_DEVICE_WROTE);
    if (!left)
        return skip(l, counts ? SKIP_TURN : SKIP_TOO_LONG);
    uint64_t ran = counts ? cpu_count(cpu->dev.machine) - before : LONGEST - left;
    follow(cpu, w, forward, *why);
    const Cpu *copy = (const Cpu *)(void *)l->copy;
    uint64_t charged = (uint64_t)(((const Cpu *)(const void *)l->before)->budget - copy->budget);
    if (counts && charged != ran)
        lockstep_wrong(l, "instructions: %llu, %llu charged", (unsigned long long)ran, (unsigned long long)charged);
    l->units++;
    l->insns += ran;
    l->faults += *why == EXIT_FAULT;
    return l->wrong ? LOCK_DIFFERS : LOCK_SAME;
}

/* The pc slot is that of the unit's beginning only if it was looked up. */
CpuExit lockstep_run(Cpu *cpu, Unit *u)
{
    Lockstep *l = cpu->run->engine->lockstep;
    CpuExit why = EXIT_LOOKUP;
    *pc_of(cpu) = u->pc;
    if (!leader_ir(cpu, u)) {
        const void *stub;
        skip(l, SKIP_FULL);
        why = cpu->run->engine->backend->enter(cpu, u->code, &stub);
        if (why == EXIT_LINK)
            *pc_of(cpu) = cache_exit_pc(cpu->run->engine, stub);
    } else if (lockstep_pair(cpu, &(LockWay){ l->ir, u->code, u }, &why) == LOCK_DIFFERS) {
        lockstep_report(cpu, u);
    }
    return why;
}

/* ---- the balance ---- */

void cpu_lockstep_balance(const Machine *m, Out *o)
{
    static const char *const reason[SKIPS] = { "not translated: outside memory", "a device wrote to memory meanwhile",
                                               "a loop that went on with devices", "too large for the interpreter",
                                               "the turn ended in it" };
    const Lockstep *l = m->cpu[0] && m->cpu[0]->run ? m->cpu[0]->run->engine->lockstep : NULL;
    if (!l)
        return;
    out(o, "lockstep: %llu units, %llu instructions compared; %llu faults, %llu helper calls, %llu device accesses\n",
        (unsigned long long)l->units, (unsigned long long)l->insns, (unsigned long long)l->faults,
        (unsigned long long)l->calls, (unsigned long long)l->device_accesses);
    for (int k = 0; k < SKIPS; k++)
        if (l->skipped[k])
            out(o, "lockstep: %llu not compared: %s\n", (unsigned long long)l->skipped[k], reason[k]);
    if (!l->reported)
        out(o, "lockstep: no difference\n");
}
