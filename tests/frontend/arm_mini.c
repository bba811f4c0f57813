#include "tests/frontend/arm_mini.h"

#include "cpu/interp.h"
#include <stdlib.h>
#include <string.h>

enum { PAGES = 1024, BLOCK = 16 };

typedef struct Page {
    uint64_t va;
    Regime regime;
    uint32_t generation;
    Access access;
    Walk walk;
} Page;

struct ArmMini {
    ArmCpu *cpu;
    Page page[3][PAGES];
    uint32_t generation;
    Ir ir;
};

static ArmMini *mini; /* there is one at a time: memory functions get only the CPU */

extern uint32_t engine_stub_flushes; /* engine_stub.c counts invalidations */

static bool same_regime(Regime a, Regime b)
{
    return a.regime == b.regime && a.tag == b.tag;
}

/* The walk for addr; a fault is raised. NULL: it was. */
static const Walk *find(Cpu *cpu, uint64_t addr, Access access, bool user)
{
    Regime regime = arm_regime(cpu, user);
    Page *p = &mini->page[access][addr >> 12 & (PAGES - 1)];
    if (mini->generation != engine_stub_flushes || p->generation != mini->generation || p->va != addr >> 12 ||
        !same_regime(p->regime, regime) || addr & 3 * (access == FETCH)) {
        mini->generation = engine_stub_flushes;
        *p = (Page){ addr >> 12, regime, mini->generation + 1, access, { 0 } };
        arm_walk(cpu, addr, access, regime.regime, &p->walk);
        if (p->walk.fault) {
            aarch64_guest.fault(cpu, addr, access, &p->walk, user);
            return NULL;
        }
        p->generation = mini->generation;
        p->walk.phys &= ~0xfffull;
    }
    return &p->walk;
}

/* Host memory of addr, or NULL: *phys then is where a device may be. */
static uint8_t *host(Cpu *cpu, const Walk *w, uint64_t addr, Access access, uint64_t *phys)
{
    Flat f;
    *phys = w->phys | (addr & 0xfff);
    if (!space_flat(cpu->dev.machine->memory, *phys, &f) || !f.region->ram || (access == STORE && f.region->readonly))
        return NULL;
    return f.region->ram + f.offset + (*phys - f.at);
}

static bool device_access(Cpu *cpu, uint64_t addr, uint64_t phys, int size, Access access, V128 *value)
{
    bool ok = size <= 8;
    machine_lock(cpu->dev.machine);
    if (ok && access == STORE)
        ok = space_store(cpu->dev.machine->memory, phys, value->lo, size);
    else if (ok)
        value->lo = space_load(cpu->dev.machine->memory, phys, size, &ok);
    machine_unlock(cpu->dev.machine);
    if (!ok)
        aarch64_guest.bus_error(cpu, addr, access, phys);
    return ok;
}

static bool within_page(Cpu *cpu, uint64_t addr, int size, bool user, Access access, V128 *value)
{
    uint64_t phys;
    const Walk *w = find(cpu, addr, access, user);
    if (!w)
        return false;
    uint8_t *at = host(cpu, w, addr, access, &phys);
    if (!at)
        return device_access(cpu, addr, phys, size, access, value);
    if (access == STORE)
        memcpy(at, value, (size_t)size);
    else
        memcpy(value, at, (size_t)size);
    return true;
}

static bool access_memory(Cpu *cpu, uint64_t addr, int size, bool user, Access access, V128 *value)
{
    int first = 4096 - (int)(addr & 4095);
    if (first >= size)
        return within_page(cpu, addr, size, user, access, value);
    if (!find(cpu, addr, access, user) || !find(cpu, addr + (unsigned)first, access, user))
        return false;
    for (int i = 0; i < size; i++) {
        V128 byte = { ((uint8_t *)value)[i], 0 };
        if (!within_page(cpu, addr + (unsigned)i, 1, user, access, &byte))
            return false;
        ((uint8_t *)value)[i] = (uint8_t)byte.lo;
    }
    return true;
}

static bool load(Cpu *cpu, uint64_t addr, int size, bool user, V128 *value)
{
    *value = (V128){ 0 };
    return access_memory(cpu, addr, size, user, LOAD, value);
}

static bool store(Cpu *cpu, uint64_t addr, int size, bool user, V128 value)
{
    return access_memory(cpu, addr, size, user, STORE, &value);
}

static int64_t signed_value(uint64_t v, int size)
{
    return (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
}

static uint64_t changed(IrRmw op, uint64_t a, uint64_t b, int size)
{
    int64_t x = signed_value(a, size), y = signed_value(b, size);
    uint64_t mask = ~0ull >> (64 - 8 * size);
    const uint64_t result[] = {
        [RMW_ADD] = a + b,
        [RMW_ANDN] = a & ~b,
        [RMW_XOR] = a ^ b,
        [RMW_OR] = a | b,
        [RMW_AND] = a & b,
        [RMW_SMAX] = x > y ? a : b,
        [RMW_SMIN] = x < y ? a : b,
        [RMW_UMAX] = (a & mask) > (b & mask) ? a : b,
        [RMW_UMIN] = (a & mask) < (b & mask) ? a : b,
        [RMW_SWAP] = b,
    };
    return result[op] & mask;
}

static bool rmw(Cpu *cpu, uint64_t addr, int size, IrRmw op, uint64_t operand, bool user, uint64_t *old)
{
    V128 v;
    if (!find(cpu, addr, STORE, user) || !load(cpu, addr, size, user, &v))
        return false;
    *old = v.lo;
    return store(cpu, addr, size, user, (V128){ changed(op, v.lo, operand, size), 0 });
}

static bool cas(Cpu *cpu, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old)
{
    if (!find(cpu, addr, STORE, user) || !load(cpu, addr, size, user, old))
        return false;
    return memcmp(old, &expected, (size_t)size) != 0 || store(cpu, addr, size, user, desired);
}

static const InterpMemory memory = { load, store, rmw, cas, NULL, false };

bool mem_cas(Cpu *c, uint64_t a, int s, V128 e, V128 d, bool user, V128 *old) __attribute__((weak));
bool mem_cas(Cpu *c, uint64_t a, int s, V128 e, V128 d, bool user, V128 *old)
{
    return cas(c, a, s, e, d, user, old);
}

ArmMini *arm_mini(ArmCpu *c)
{
    mini = calloc(1, sizeof *mini);
    mini->cpu = c;
    mini->generation = engine_stub_flushes - 1;
    return mini;
}

void arm_mini_free(ArmMini *m)
{
    free(m);
    mini = NULL;
}

/* One block of instructions at pc into m->ir; how many. 0: the fetch faulted. */
static int translate(ArmMini *m)
{
    ArmCpu *c = m->cpu;
    uint64_t pc = c->pc, phys;
    const Walk *w = find(&c->cpu, pc, FETCH, false);
    const uint8_t *at = w ? host(&c->cpu, w, pc, FETCH, &phys) : NULL;
    if (w && !at)
        aarch64_guest.bus_error(&c->cpu, pc, FETCH, phys);
    if (!at)
        return 0;
    int slots, n = 0, most = (int)(4096 - (pc & 4095)) / 4;
    ir_begin(&m->ir, guest_slots(&aarch64_guest, &slots), arm_helpers);
    Trans t = { .ir = &m->ir, .cpu = &c->cpu, .mode = arm_mode(&c->cpu), .page_end = (pc | 0xfff) + 1, .have = 4 };
    for (t.pc = pc; n < most && n < BLOCK && !t.done; n++, t.pc += 4) {
        memcpy(t.code, at + 4 * n, 4);
        ir_insn(&m->ir, T_VOID, t.pc);
        arm_translate(&t);
    }
    if (!t.done)
        trans_goto(&t, t.pc);
    return n;
}

uint64_t arm_mini_run(ArmMini *m, uint64_t instructions)
{
    Cpu *cpu = &m->cpu->cpu;
    uint64_t done = 0;
    while (done < instructions && machine_stopping(cpu->dev.machine) == RUN) {
        cpu->stop = 0;
        arm_interrupt(cpu);
        uint64_t count = (uint64_t)translate(m), budget = count, next;
        if (!count)
            continue;
        CpuExit exit = interp_run_on(cpu, &aarch64_guest, &m->ir, &memory, &budget, &next);
        if (exit != EXIT_FAULT)
            m->cpu->pc = next;
        done += count - budget;
    }
    return done;
}
