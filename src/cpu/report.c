#include "cpu/report.h"

#include "core/machine.h"
#include "cpu/engine.h"
#include "cpu/inspect.h"

#include <inttypes.h>

const char *report_guest(const Cpu *cpu)
{
    return cpu->run->guest->name;
}

int report_thread(const Cpu *cpu)
{
    return cpu->run->thread_number;
}

uint64_t report_pc(Cpu *cpu)
{
    return *pc_of(cpu);
}

/* Each page once, with all that may be done. */
static void print_entry(const TlbBank *b, unsigned at, Out *o)
{
    const TlbEntry *read = &b->read[at], *write = &b->write[at];
    bool reads = b->note[0][at].used, writes = b->note[1][at].used;
    bool same = reads && writes && read->page == write->page;
    for (int k = 0; k < 2; k++) {
        const TlbEntry *e = k ? write : read;
        const TlbNote *n = &b->note[k][at];
        if (!(k ? writes : reads) || (k && same) || n->ram_page == ~0u)
            continue;
        out(o, "%016" PRIx64 ": ram %012" PRIx64 " %c%c%s %u KiB\n", e->page, (uint64_t)n->ram_page << 12,
            !k ? 'r' : '-', k || same ? 'w' : '-', n->global ? " global" : "",
            n->page_bits >= 10 ? 1u << (n->page_bits - 10) : 0);
    }
}

void report_tlb(Cpu *cpu, Out *o)
{
    for (int k = 0; k < BANKS; k++) {
        const TlbBank *b = cpu->run->bank[k];
        if (!b->live)
            continue;
        const char *name = inspect_regime(cpu, (int)b->key.regime);
        out(o, "regime %u (%s), tag %u%s:\n", b->key.regime, name ? name : "?", b->key.tag,
            b == cpu->bank ? ", current" : "");
        for (unsigned at = 0; at < TLB_SIZE; at++)
            print_entry(b, at, o);
    }
}

/* ---- page tables ---- */

enum { WALKS = 1 << 21 }; /* tables that refer to one another could keep us for ever */

typedef struct Stretch { /* of the same permissions */
    uint64_t from, to;
    uint8_t prot;
} Stretch;

static void print_stretch(const Stretch *s, Out *o)
{
    if (s->prot)
        out(o, "%016" PRIx64 "-%016" PRIx64 " %016" PRIx64 " %c%c%c\n", s->from, s->to - 1, s->to - s->from,
            s->prot & PROT_LOAD ? 'r' : '-', s->prot & PROT_STORE ? 'w' : '-', s->prot & PROT_FETCH ? 'x' : '-');
}

/* The mapping or hole at *va, which moves behind it; false: that was the top. */
static bool map_next(Cpu *cpu, uint64_t *va, Stretch *s, Out *o)
{
    InspectMap m = inspect_map(cpu, *va);
    if (m.prot != s->prot || *va != s->to) {
        print_stretch(s, o);
        *s = (Stretch){ *va, *va, m.prot };
    }
    s->to = *va = m.at + m.size;
    return *va;
}

void report_map(Cpu *cpu, Out *o)
{
    uint64_t va = 0;
    Stretch s = { 0, 0, 0 };
    int left = WALKS;
    while (map_next(cpu, &va, &s, o) && --left)
        ;
    print_stretch(&s, o);
    if (!left)
        out(o, "... and more from %016" PRIx64 " on\n", va);
}

typedef struct Sums {
    uint64_t units, quick, insns, guest_bytes, host_bytes, exits, linked;
} Sums;

static void add_region(const CodeRegion *r, Sums *s)
{
    for (uint32_t k = 0; k < r->count; k++) {
        const Unit *u = r->units[k];
        if (u->dead)
            continue;
        s->units++;
        s->quick += u->quick;
        s->insns += u->guest_insns;
        s->guest_bytes += u->guest_bytes;
        s->host_bytes += u->code_size;
        s->exits += u->exits;
        for (unsigned x = 0; x < u->exits; x++)
            s->linked += u->exit[x].to != NULL;
    }
}

void report_code(Machine *m, Out *o)
{
    Engine *e = m->cpu[0]->run->engine;
    Sums s = { 0 };
    uint64_t used = 0, lookups = 0;
    for (int k = 0; k < REGIONS; k++) {
        used += e->region[k].used;
        add_region(&e->region[k], &s);
    }
    for (int k = 0; k < m->config->cpus; k++) {
        lookups += m->cpu[k]->run->lookups;
    }
    out(o, "Translation buffer state:\n");
    out(o, "gen code size       %" PRIu64 "/%" PRIu64 "\n", used, (uint64_t)e->region_size * REGIONS);
    out(o, "units               %" PRIu64 ", made quickly %" PRIu64 "\n", s.units, s.quick);
    out(o, "guest instructions  %" PRIu64 ", %" PRIu64 " bytes\n", s.insns, s.guest_bytes);
    out(o, "host code           %" PRIu64 " bytes\n", s.host_bytes);
    out(o, "direct exits        %" PRIu64 ", linked %" PRIu64 "\n", s.exits, s.linked);
    out(o, "\nStatistics:\n");
    out(o, "translated          %" PRIu64 " units, %" PRIu64 " instructions\n", e->translated_units,
        e->translated_insns);
    out(o, "evicted regions     %" PRIu64 "\n", e->evictions);
    out(o, "invalidated units   %" PRIu64 "\n", e->invalidations);
    out(o, "lookups             %" PRIu64 "\n", lookups);
}
