/* What a vCPU runs next: the unit for its pc, made if need be, or one instruction that is interpreted. */
#include "base/log.h"
#include "cpu/engine.h"
#include "cpu/interp.h"
#include "cpu/mem.h"

#include <string.h>

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
    cpu_enter_code(cpu);
    pthread_mutex_lock(&e->lock);
    bank_inherit(cpu->bank, cpu->run);
    pthread_mutex_unlock(&e->lock);
    cpu_leave_code(cpu);
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

Unit *next_unit(Cpu *cpu, CpuExit *why)
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
    bool hot = u && unit_is_hot(u);
    if (hot)
        cache_discard(e, u);
    if (!u || hot) {
        protect(cpu, f.ram_page);
        u = cache_make(cpu, f.ram_page, *pc, mode, f.page_bytes, e->unit_insns, hot);
    }
    bool across = u ? u->second != NO_PAGE : run->across;
    return across ? find_across(cpu, &f, why) : found(cpu, u, why);
}

/* A direct exit that is not linked was taken: its target, linked, if that is there already. Nobody can evict the unit
 * the exit belongs to meanwhile, because this vCPU still counts as running translated code. */
Unit *next_by_link(Cpu *cpu, const void *stub)
{
    Engine *e = cpu->run->engine;
    pthread_mutex_lock(&e->lock);
    UnitExit *x = cache_exit_at(e, stub);
    const Unit *from = x->owner;
    *pc_of(cpu) = x->pc;
    Unit *to = cpu->stop ? NULL : cache_find(e, from->ram_page, x->pc, from->mode);
    if (to && unit_is_hot(to))
        to = NULL;
    if (to && to->second != NO_PAGE)
        to = cache_make_gate(cpu, to);
    if (to && !one_by_one(e))
        cache_link(e, x, to);
    cpu->run->generation = e->generation;
    pthread_mutex_unlock(&e->lock);
    return to;
}
