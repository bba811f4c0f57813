/* What the leader of a lockstep run notes, and how the follower is given it. Stores to memory are noted with what was
 * there before, wherever in cpu/ they are done. */
#include "cpu/lockstep.h"

#include "base/alloc.h"
#include "cpu/mem.h"
#include "tcg/ops.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define GROW(list, count, room)                                                                                        \
    do                                                                                                                 \
        if ((count) == (room)) {                                                                                       \
            (room) = (room)*2 + 64;                                                                                    \
            (list) = xrealloc(list, (room) * sizeof *(list));                                                          \
        }                                                                                                              \
    while (0)

void lockstep_log_start(Lockstep *l)
{
    l->writes = l->events = l->changes = l->used = l->next_event = l->touches = 0;
    l->device_wrote = l->wrong = false;
    out_free(&l->what);
    l->what = (Out){ 0 };
}

void lockstep_wrong(Lockstep *l, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    l->wrong = true;
    out(&l->what, "  %s\n", text);
}

static uint32_t keep_bytes(Lockstep *l, const void *from, uint32_t size)
{
    while (l->used + size > l->bytes_room) {
        l->bytes_room = l->bytes_room * 2 + 4096;
        l->bytes = xrealloc(l->bytes, l->bytes_room);
    }
    memcpy(l->bytes + l->used, from, size);
    l->used += size;
    return (uint32_t)(l->used - size);
}

/* ---- memory ---- */

void lockstep_write(Cpu *cpu, void *host, int size)
{
    Lockstep *l = cpu->run->engine->lockstep;
    if (l->role != LOCK_LEADS && l->role != LOCK_HELPS)
        return;
    GROW(l->write, l->writes, l->writes_room);
    LockWrite *w = &l->write[l->writes++];
    *w = (LockWrite){ .host = host, .size = (uint32_t)size };
    w->before = keep_bytes(l, host, w->size);
}

void lockstep_device_writes(Lockstep *l)
{
    if (l->role == LOCK_LEADS || l->role == LOCK_HELPS)
        l->device_wrote = true;
}

void lockstep_take_back(Lockstep *l)
{
    for (size_t k = 0; k < l->writes; k++)
        l->write[k].after = keep_bytes(l, l->write[k].host, l->write[k].size);
    for (size_t k = l->writes; k-- > 0;)
        memcpy(l->write[k].host, l->bytes + l->write[k].before, l->write[k].size);
}

bool lockstep_memory_differs(Lockstep *l, Out *o)
{
    bool differs = false;
    for (size_t k = 0; k < l->writes; k++) {
        const LockWrite *w = &l->write[k];
        const uint8_t *want = l->bytes + w->after;
        for (uint32_t b = 0; b < w->size; b++)
            if (w->host[b] != want[b]) {
                out(o, "  byte %u of store %zu: interpreter %02x, translated %02x\n", b, k, want[b], w->host[b]);
                differs = true;
                break;
            }
    }
    for (size_t k = 0; k < l->writes; k++)
        memcpy(l->write[k].host, l->bytes + l->write[k].after, l->write[k].size);
    return differs;
}

/* ---- what comes from outside, in order ---- */

static LockEvent *new_event(Lockstep *l)
{
    GROW(l->event, l->events, l->events_room);
    l->event[l->events] = (LockEvent){ .change = (uint32_t)l->changes, .write = (uint32_t)l->writes };
    return &l->event[l->events++];
}

bool lockstep_device(Cpu *cpu, Access access, uint64_t phys, int size, uint64_t *value, bool *ok)
{
    Lockstep *l = cpu->run->engine->lockstep;
    if (l->role != LOCK_FOLLOWS)
        return false;
    while (l->next_event < l->events && l->event[l->next_event].call && l->event[l->next_event].pure)
        l->next_event++;
    const LockEvent *e = l->next_event < l->events ? &l->event[l->next_event++] : NULL;
    *ok = e && e->ok;
    if (!e || e->call || e->access != access || e->phys != phys || e->size != size)
        lockstep_wrong(l, "an access of %d bytes to a device at %llx that the interpreter did not do now", size,
                       (unsigned long long)phys);
    else if (access != STORE)
        *value = e->value;
    else if ((e->value ^ *value) & ir_mask(8 * size))
        lockstep_wrong(l, "to the device at %llx: interpreter %llx, translated %llx", (unsigned long long)phys,
                       (unsigned long long)e->value, (unsigned long long)*value);
    return true;
}

void lockstep_device_done(Cpu *cpu, Access access, uint64_t phys, int size, uint64_t value, bool ok)
{
    Lockstep *l = cpu->run->engine->lockstep;
    if (l->role != LOCK_LEADS)
        return;
    LockEvent *e = new_event(l);
    e->access = access;
    e->phys = phys;
    e->size = size;
    e->value = value;
    e->ok = ok;
    l->device_accesses++;
}

/* ---- helpers ---- */

static void note_changes(Lockstep *l, const uint8_t *now, LockPart p, bool always)
{
    for (uint32_t at = p.offset; at < p.offset + p.size;) {
        uint32_t left = p.offset + p.size - at, n = left < 16 ? left : 16;
        if (always || memcmp(now + at, l->at_call + at, n)) {
            GROW(l->change, l->changes, l->changes_room);
            LockChange *c = &l->change[l->changes++];
            *c = (LockChange){ .offset = at, .size = n };
            memcpy(c->now, now + at, n);
        }
        at += n;
    }
}

/* What a helper may have done to the CPU. Brief slots are handed over even if unchanged: the follower may not have put
 * there what the leader had. */
static void note_cpu(Lockstep *l, Cpu *cpu)
{
    const uint8_t *now = (const uint8_t *)cpu;
    note_changes(l, now, (LockPart){ offsetof(Cpu, mxcsr), sizeof cpu->mxcsr }, false);
    note_changes(l, now, (LockPart){ offsetof(Cpu, bank), 2 * sizeof cpu->bank }, false);
    note_changes(l, now, (LockPart){ sizeof(Cpu), (uint32_t)(l->guest.size - sizeof(Cpu)) }, false);
    for (const StateField *f = l->guest.state; f->name; f++)
        if (f->brief)
            note_changes(l, now, (LockPart){ f->offset, (uint32_t)f->size * f->count }, true);
}

static uint64_t lead_call(Cpu *cpu, const Ir *ir, const IrInsn *i, const uint64_t a[3])
{
    Lockstep *l = cpu->run->engine->lockstep;
    const Helper *h = &ir->helpers[i->imm & 0xffff];
    bool pure = !(h->effects & (H_STATE | H_LEAVES | H_SLOW | H_MEMORY));
    size_t at = l->events;
    LockEvent *e = new_event(l);
    e->call = true;
    e->pure = pure;
    e->number = i->imm & 0xffff;
    for (int k = 0; k < 3; k++) {
        e->arg[k] = a[k];
        e->mask[k] = i->arg[k] ? ir_mask(ir_bits(ir_result(&ir->insn[i->arg[k]]))) : 0;
    }
    if (!pure)
        memcpy(l->at_call, cpu, l->guest.size);
    l->role = LOCK_HELPS;
    uint64_t result = helper_call(cpu, ir->helpers, i->imm, a);
    l->role = LOCK_LEADS;
    if (!pure)
        note_cpu(l, cpu);
    e = &l->event[at];
    e->value = result;
    e->change_end = (uint32_t)l->changes;
    e->write_end = (uint32_t)l->writes;
    for (size_t k = e->write; k < e->write_end; k++)
        l->write[k].made = keep_bytes(l, l->write[k].host, l->write[k].size);
    l->calls++;
    return result;
}

static bool same_call(const LockEvent *e, uint32_t number, const uint64_t a[3])
{
    bool same = e->call && e->number == number;
    for (int k = 0; same && k < 3; k++)
        same = !((e->arg[k] ^ a[k]) & e->mask[k]);
    return same;
}

uint64_t lockstep_call(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint32_t number)
{
    Lockstep *l = cpu->run->engine->lockstep;
    const uint64_t arg[3] = { a, b, c };
    while (l->next_event < l->events && l->event[l->next_event].pure &&
           !same_call(&l->event[l->next_event], number, arg))
        l->next_event++;
    const LockEvent *e = l->next_event < l->events ? &l->event[l->next_event] : NULL;
    if (!e || !same_call(e, number, arg)) {
        lockstep_wrong(l, "translated: %s(%llx, %llx, %llx)", l->guest.helpers[number].name, (unsigned long long)a,
                       (unsigned long long)b, (unsigned long long)c);
        if (e && e->call)
            lockstep_wrong(l, "interpreter: %s(%llx, %llx, %llx)", l->guest.helpers[e->number].name,
                           (unsigned long long)e->arg[0], (unsigned long long)e->arg[1], (unsigned long long)e->arg[2]);
        return 0;
    }
    l->next_event++;
    for (size_t k = e->change; k < e->change_end; k++)
        memcpy((uint8_t *)cpu + l->change[k].offset, l->change[k].now, l->change[k].size);
    for (size_t k = e->write; k < e->write_end; k++)
        memcpy(l->write[k].host, l->bytes + l->write[k].made, l->write[k].size);
    return e->value;
}

bool lockstep_finished(Lockstep *l)
{
    while (l->next_event < l->events && l->event[l->next_event].pure)
        l->next_event++;
    return l->next_event == l->events;
}

/* ---- the leader's memory ---- */

static void touched(Cpu *cpu, uint64_t va, int size)
{
    Lockstep *l = cpu->run->engine->lockstep;
    if (!l->noting)
        return;
    GROW(l->touch, l->touches, l->touches_room);
    l->touch[l->touches++] = (LockTouch){ va, size };
}

static bool lead_load(Cpu *cpu, uint64_t va, int size, bool user, V128 *value)
{
    touched(cpu, va, size);
    return mem_load(cpu, va, size, user, value);
}

static bool lead_store(Cpu *cpu, uint64_t va, int size, bool user, V128 value)
{
    touched(cpu, va, size);
    return mem_store(cpu, va, size, user, value);
}

static bool lead_rmw(Cpu *cpu, uint64_t va, int size, IrRmw op, uint64_t operand, bool user, uint64_t *old)
{
    touched(cpu, va, size);
    return mem_rmw(cpu, va, size, op, operand, user, old);
}

static bool lead_cas(Cpu *cpu, uint64_t va, int size, V128 expected, V128 desired, bool user, V128 *old)
{
    touched(cpu, va, size);
    return mem_cas(cpu, va, size, expected, desired, user, old);
}

const InterpMemory lockstep_memory = { lead_load, lead_store, lead_rmw, lead_cas, lead_call, false };
const InterpMemory lockstep_memory_forward = { lead_load, lead_store, lead_rmw, lead_cas, lead_call, true };
