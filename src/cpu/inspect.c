#include "cpu/inspect.h"

#include "core/machine.h"
#include "cpu/run.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- memory ---- */

bool inspect_translate(Cpu *cpu, uint64_t at, uint64_t *phys)
{
    const Guest *g = cpu->run->guest;
    Walk w = { 0 };
    g->walk(cpu, at, INSPECT, g->regime(cpu, false).regime, &w);
    *phys = w.phys;
    return !w.fault;
}

void inspect_explain(Cpu *cpu, uint64_t at, Out *o)
{
    const GuestDebug *d = cpu->run->guest->debug;
    uint64_t phys;
    if (d && d->explain)
        d->explain(cpu, at, o);
    else if (inspect_translate(cpu, at, &phys))
        out(o, "physical 0x%llx\n", (unsigned long long)phys);
    else
        out(o, "not mapped\n");
}

/* Where the next region of addresses may begin, beyond one without tables: they grow from both ends, by powers of 2. */
static uint64_t past_hole(uint64_t va)
{
    if (va < 1ull << 63) /* the next power of 2 */
        return va ? 1ull << (64 - __builtin_clzll(va)) : 1ull << 12;
    uint64_t left = -va; /* to the top: the next power of 2 below */
    return left > 4096 ? -(1ull << (63 - __builtin_clzll(left - 1))) : 0;
}

InspectMap inspect_map(Cpu *cpu, uint64_t at)
{
    const Guest *g = cpu->run->guest;
    Walk w = { 0 };
    g->walk(cpu, at, INSPECT, g->regime(cpu, false).regime, &w);
    uint8_t prot = w.fault ? 0 : w.prot | (w.dirty_pending ? PROT_STORE : 0);
    uint64_t size = 1ull << (w.page_bits < 12 || w.page_bits > 63 ? 12 : w.page_bits);
    uint64_t next = w.fault && !w.page_bits ? past_hole(at) : (at & -size) + size;
    return (InspectMap){ at, w.phys, next - at, prot };
}

/* What a device's window takes at once: the largest power of two that the address is a multiple of. */
static int portion(uint64_t at, size_t left)
{
    int size = 8;
    while (size > 1 && (at & (uint64_t)(size - 1) || (size_t)size > left))
        size /= 2;
    return size;
}

static bool read_window(Space *s, uint64_t at, uint8_t *to, size_t len)
{
    bool ok = true;
    for (int n; len && ok; at += (uint64_t)n, to += n, len -= (size_t)n) {
        n = portion(at, len);
        uint64_t value = space_load(s, at, n, &ok);
        memcpy(to, &value, (size_t)n);
    }
    return ok;
}

static bool write_window(Space *s, uint64_t at, const uint8_t *from, size_t len)
{
    bool ok = true;
    for (int n; len && ok; at += (uint64_t)n, from += n, len -= (size_t)n) {
        uint64_t value = 0;
        n = portion(at, len);
        memcpy(&value, from, (size_t)n);
        ok = space_store(s, at, value, n);
    }
    return ok;
}

static bool read_phys(Space *s, uint64_t at, void *to, size_t len)
{
    Flat f;
    if (!space_flat(s, at, &f))
        return false;
    return f.region->ram ? space_read(s, at, to, len) : read_window(s, at, to, len);
}

static bool write_phys(Space *s, uint64_t at, const void *from, size_t len)
{
    Flat f;
    if (!space_flat(s, at, &f))
        return false;
    return f.region->ram ? space_poke(s, at, from, len) : write_window(s, at, from, len);
}

/* Page by page: at most up to the end of one. */
static size_t in_page(uint64_t at, size_t len)
{
    size_t left = 0x1000 - (at & 0xfff);
    return len < left ? len : left;
}

bool inspect_read(Cpu *cpu, uint64_t at, bool phys, void *bytes, size_t len)
{
    for (size_t n; len; at += n, bytes = (char *)bytes + n, len -= n) {
        uint64_t where = at;
        n = in_page(at, len);
        if (!phys && !inspect_translate(cpu, at, &where))
            return false;
        if (!read_phys(cpu->dev.machine->memory, where, bytes, n))
            return false;
    }
    return true;
}

bool inspect_write(Cpu *cpu, uint64_t at, bool phys, const void *bytes, size_t len)
{
    for (size_t n; len; at += n, bytes = (const char *)bytes + n, len -= n) {
        uint64_t where = at;
        n = in_page(at, len);
        if (!phys && !inspect_translate(cpu, at, &where))
            return false;
        if (!write_phys(cpu->dev.machine->memory, where, bytes, n))
            return false;
    }
    return true;
}

/* ---- registers ---- */

const char *inspect_architecture(const Cpu *cpu)
{
    const GuestDebug *d = cpu->run->guest->debug;
    return d ? d->architecture : NULL;
}

const char *inspect_regime(const Cpu *cpu, int number)
{
    const GuestDebug *d = cpu->run->guest->debug;
    const char *const *names = d ? d->regimes : NULL;
    for (; names && *names && number; number--)
        names++;
    return names ? *names : NULL;
}

const char *inspect_types(const Cpu *cpu, const char *feature)
{
    const GuestDebug *d = cpu->run->guest->debug;
    for (const GuestTypes *t = d ? d->types : NULL; t && t->feature; t++)
        if (!strcmp(t->feature, feature))
            return t->xml;
    return NULL;
}

/* Row of the state table and element that register `*number` is; NULL: beyond them, and *number counts from there. */
static const StateField *row_of(const Guest *g, int *number)
{
    for (const StateField *f = g->state; f->name; f++) {
        if (!f->gdb)
            continue;
        if (*number < (int)f->count)
            return f;
        *number -= f->count;
    }
    return NULL;
}

bool inspect_reg(Cpu *cpu, int number, InspectReg *r)
{
    const Guest *g = cpu->run->guest;
    *r = (InspectReg){ 0 };
    if (number < 0)
        return false;
    const StateField *f = row_of(g, &number);
    if (!f)
        return g->debug && g->debug->reg && g->debug->reg(cpu, number, r);
    r->feature = f->gdb;
    r->type = f->gdb_type;
    r->bytes = f->size;
    assert(f->size <= sizeof(V128) && f->kind != STATE_TABLE);
    if (f->count > 1)
        snprintf(r->name, sizeof r->name, "%s%d", f->name, number);
    else
        snprintf(r->name, sizeof r->name, "%s", f->name);
    return true;
}

/* A guest's registers take the machine's lock themselves, as its instructions do. */
static V128 own_get(Cpu *cpu, int number)
{
    machine_unlock(cpu->dev.machine);
    V128 v = cpu->run->guest->debug->get(cpu, number);
    machine_lock(cpu->dev.machine);
    return v;
}

static void own_set(Cpu *cpu, int number, V128 value)
{
    machine_unlock(cpu->dev.machine);
    cpu->run->guest->debug->set(cpu, number, value);
    machine_lock(cpu->dev.machine);
}

V128 inspect_get(Cpu *cpu, int number)
{
    const Guest *g = cpu->run->guest;
    V128 v = { 0, 0 };
    const StateField *f = row_of(g, &number);
    if (!f)
        return own_get(cpu, number);
    memcpy(&v, (char *)cpu + f->offset + (size_t)number * f->size, f->size);
    return v;
}

void inspect_set(Cpu *cpu, int number, V128 value)
{
    const Guest *g = cpu->run->guest;
    const StateField *f = row_of(g, &number);
    if (!f)
        own_set(cpu, number, value);
    else
        memcpy((char *)cpu + f->offset + (size_t)number * f->size, &value, f->size);
}

/* ---- core files ---- */

const char *const *inspect_core(const Cpu *cpu, uint16_t *machine)
{
    const GuestDebug *d = cpu->run->guest->debug;
    if (!d || !d->core)
        return NULL;
    *machine = d->core->machine;
    return d->core->regs;
}

bool inspect_named(Cpu *cpu, const char *name, V128 *value)
{
    InspectReg r;
    for (int i = 0; inspect_reg(cpu, i, &r); i++)
        if (!strcmp(r.name, name)) {
            *value = inspect_get(cpu, i);
            return true;
        }
    return false;
}
