/* What gdb is told of the target: its registers, from the guest's state table and its own rows, and its memory. */
#include "monitor/gdb_session.h"

#include "base/alloc.h"
#include "cpu/inspect.h"

#include <stdlib.h>
#include <string.h>

static Cpu *cpu_of(const Gdb *g)
{
    return g->machine->cpu[g->cpu];
}

/* ---- target.xml ---- */

/* The first register of that feature which comes after `number`, -1: none. */
static int next_of(Cpu *cpu, const char *feature, int number, InspectReg *r)
{
    while (inspect_reg(cpu, ++number, r))
        if (!strcmp(r->feature, feature))
            return number;
    return -1;
}

static void say_feature(Cpu *cpu, const char *feature, Out *o)
{
    InspectReg r;
    out(o, "<feature name=\"%s\">\n", feature);
    const char *types = inspect_types(cpu, feature);
    if (types)
        out(o, "%s\n", types);
    for (int n = -1; (n = next_of(cpu, feature, n, &r)) >= 0;) {
        out(o, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%d\"", r.name, r.bytes * 8, n);
        if (r.type)
            out(o, " type=\"%s\"", r.type);
        if (r.group)
            out(o, " group=\"%s\"", r.group);
        out(o, "/>\n");
    }
    out(o, "</feature>\n");
}

/* Features in the order of their first registers. */
static char *target_xml(Cpu *cpu)
{
    const char *architecture = inspect_architecture(cpu);
    Out o = { 0 };
    InspectReg r, first;
    out(&o, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n");
    if (architecture)
        out(&o, "<architecture>%s</architecture>\n", architecture);
    for (int n = 0; inspect_reg(cpu, n, &r); n++)
        if (next_of(cpu, r.feature, -1, &first) == n)
            say_feature(cpu, r.feature, &o);
    out(&o, "</target>\n");
    return o.text;
}

const char *gdb_target_xml(Gdb *g)
{
    if (!g->xml[0])
        g->xml[0] = target_xml(cpu_of(g));
    return g->xml[0];
}

/* ---- memory map ---- */

/* gdb takes these addresses for those it uses, virtual ones, and touches nothing outside the map. So there is no gap in
 * it, and no read-only memory: a debugger can write that, too. Stretches of the physical map have entries of their own.
 */
static void say_memory(Out *o, uint64_t from, uint64_t size)
{
    if (size)
        out(o, "<memory type=\"ram\" start=\"0x%llx\" length=\"0x%llx\"/>\n", (unsigned long long)from,
            (unsigned long long)size);
}

static char *memory_xml(Machine *m)
{
    const uint64_t half = 1ull << 63; /* one entry cannot say 2^64 */
    Out o = { 0 };
    Flat f;
    uint64_t from = 0;
    out(&o, "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
            "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n");
    while (from < half && space_next(m->memory, from, &f) && f.at < half && f.size < half) {
        say_memory(&o, from, f.at - from);
        say_memory(&o, f.at, f.size);
        from = f.at + f.size;
    }
    if (from < half)
        say_memory(&o, from, half - from);
    say_memory(&o, from < half ? half : from, from < half ? half : 0 - from);
    out(&o, "</memory-map>\n");
    return o.text;
}

const char *gdb_memory_xml(Gdb *g)
{
    if (!g->xml[1])
        g->xml[1] = memory_xml(g->machine);
    return g->xml[1];
}

void gdb_target_forget(Gdb *g)
{
    for (int k = 0; k < 2; k++) {
        free(g->xml[k]);
        g->xml[k] = NULL;
    }
}

/* ---- registers: in the guest's byte order, which gdb is told by the architecture's name ---- */

void gdb_read_all(Gdb *g)
{
    InspectReg r;
    for (int n = 0; inspect_reg(cpu_of(g), n, &r); n++)
        if (!r.rare) {
            V128 v = inspect_get(cpu_of(g), n);
            gdb_add_hex(g, &v, r.bytes);
        }
}

static bool set_from(Cpu *cpu, int number, const InspectReg *r, const char *hex)
{
    V128 v = { 0, 0 };
    if (!gdb_unhex(hex, &v, r->bytes))
        return false;
    inspect_set(cpu, number, v);
    return true;
}

/* 'x' for digits: gdb does not know that register, it stays. */
bool gdb_write_all(Gdb *g, const char *hex)
{
    size_t left = strlen(hex);
    InspectReg r;
    for (int n = 0; left && inspect_reg(cpu_of(g), n, &r); n++) {
        if (r.rare)
            continue;
        if (left < r.bytes * 2 || (*hex != 'x' && !set_from(cpu_of(g), n, &r, hex)))
            return false;
        hex += r.bytes * 2;
        left -= r.bytes * 2;
    }
    return true;
}

bool gdb_read_reg(Gdb *g, uint64_t number)
{
    InspectReg r;
    if (number > INT32_MAX || !inspect_reg(cpu_of(g), (int)number, &r))
        return false;
    V128 v = inspect_get(cpu_of(g), (int)number);
    gdb_add_hex(g, &v, r.bytes);
    return true;
}

bool gdb_write_reg(Gdb *g, uint64_t number, const char *hex)
{
    InspectReg r;
    return number <= INT32_MAX && inspect_reg(cpu_of(g), (int)number, &r) && strlen(hex) == r.bytes * 2 &&
           set_from(cpu_of(g), (int)number, &r, hex);
}
