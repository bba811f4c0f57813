/* System management mode: entry, the state save map, RSM. SDM volume 3, chapter 31; AMD's APM volume 2, table 10-1 for
 * processors with long mode, whose map theirs is. */
#include "base/alloc.h"
#include "base/log.h"
#include "frontend/x86/guest.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

#include <stdlib.h>
#include <string.h>

enum { SAVE_AT = 0x8000, ENTRY = 0x8000, REVISION32 = 0x20000, REVISION64 = 0x20064 }; /* SMBASE may be changed */

/* A field of X86Cpu in the map: offsets from SMBASE + 8000h. */
typedef struct Saved {
    uint16_t at;
    uint8_t bytes, size; /* in the map; in X86Cpu */
    uint16_t offset;
} Saved;
#define SAVED(at, bytes, field)                                                                                        \
    {                                                                                                                  \
        at, bytes, sizeof((X86Cpu *)0)->field, offsetof(X86Cpu, field)                                                 \
    }

static const Saved map64[] = {
    SAVED(0x7e64, 2, gdt_limit), SAVED(0x7e68, 8, gdt_base), SAVED(0x7e84, 2, idt_limit), SAVED(0x7e88, 8, idt_base),
    SAVED(0x7ed0, 8, efer),      SAVED(0x7f00, 4, smbase),   SAVED(0x7f48, 8, cr4),       SAVED(0x7f50, 8, cr3),
    SAVED(0x7f58, 8, cr0),       SAVED(0x7f60, 8, dr[7]),    SAVED(0x7f68, 8, dr[6]),     SAVED(0x7f80, 8, r[R15]),
    SAVED(0x7f88, 8, r[R14]),    SAVED(0x7f90, 8, r[R13]),   SAVED(0x7f98, 8, r[R12]),    SAVED(0x7fa0, 8, r[R11]),
    SAVED(0x7fa8, 8, r[R10]),    SAVED(0x7fb0, 8, r[R9]),    SAVED(0x7fb8, 8, r[R8]),     SAVED(0x7fc0, 8, r[RDI]),
    SAVED(0x7fc8, 8, r[RSI]),    SAVED(0x7fd0, 8, r[RBP]),   SAVED(0x7fd8, 8, r[RSP]),    SAVED(0x7fe0, 8, r[RBX]),
    SAVED(0x7fe8, 8, r[RDX]),    SAVED(0x7ff0, 8, r[RCX]),   SAVED(0x7ff8, 8, r[RAX]),    { 0 },
};
static const Saved map32[] = {
    SAVED(0x7ef8, 4, smbase),
    SAVED(0x7f14, 4, cr4),
    SAVED(0x7f54, 4, idt_limit),
    SAVED(0x7f58, 4, idt_base),
    SAVED(0x7f70, 4, gdt_limit),
    SAVED(0x7f74, 4, gdt_base),
    SAVED(0x7fc8, 4, dr[7]),
    SAVED(0x7fcc, 4, dr[6]),
    SAVED(0x7fd0, 4, r[RAX]),
    SAVED(0x7fd4, 4, r[RCX]),
    SAVED(0x7fd8, 4, r[RDX]),
    SAVED(0x7fdc, 4, r[RBX]),
    SAVED(0x7fe0, 4, r[RSP]),
    SAVED(0x7fe4, 4, r[RBP]),
    SAVED(0x7fe8, 4, r[RSI]),
    SAVED(0x7fec, 4, r[RDI]),
    SAVED(0x7ff8, 4, cr3),
    SAVED(0x7ffc, 4, cr0),
    { 0 },
};

/* Segments: where each has its selector and the rest. In the 64-bit map selector, attributes, limit and base follow one
 * another; in the 32-bit map attributes, limit and base do. */
typedef struct Place {
    uint16_t selector, rest;
} Place;
enum { SEGMENTS = SEGS + 2 };
static const Place place64[SEGMENTS] = { { 0x7e00, 0 }, { 0x7e10, 0 }, { 0x7e20, 0 }, { 0x7e30, 0 },
                                         { 0x7e40, 0 }, { 0x7e50, 0 }, { 0x7e70, 0 }, { 0x7e90, 0 } };
static const Place place32[SEGMENTS] = {
    { 0x7fa8, 0x7f84 }, { 0x7fac, 0x7f90 }, { 0x7fb0, 0x7f9c }, { 0x7fb4, 0x7f2c },
    { 0x7fb8, 0x7f38 }, { 0x7fbc, 0x7f44 }, { 0x7fc0, 0x7f78 }, { 0x7fc4, 0x7f5c }
};

typedef struct Layout {
    const Saved *map;
    const Place *place;
    uint16_t ip, flags, flags_bytes, revision_at, halt_at;
    uint32_t revision;
} Layout;
static const Layout layout64 = { map64, place64, 0x7f78, 0x7f70, 8, 0x7efc, 0x7ec9, REVISION64 };
static const Layout layout32 = { map32, place32, 0x7ff0, 0x7ff4, 4, 0x7efc, 0x7f02, REVISION32 };

static const Layout *layout_of(const X86Cpu *c)
{
    return x86_has(c, X86_lm) ? &layout64 : &layout32;
}

static X86Segment *segment(X86Cpu *c, unsigned n)
{
    return n < SEGS ? &c->seg[n] : n == SEGS ? &c->ldtr : &c->tr;
}

/* Without paging, in the space that only this mode sees: nothing there faults. */
static void put(X86Cpu *c, uint64_t base, unsigned at, unsigned bytes, uint64_t v)
{
    x86_system_write(c, (uint32_t)(base + SAVE_AT + at), bytes, v);
}

static uint64_t get(X86Cpu *c, uint64_t base, unsigned at, unsigned bytes)
{
    uint64_t v = 0;
    x86_system_read(c, (uint32_t)(base + SAVE_AT + at), bytes, &v);
    return v;
}

static uint32_t packed(uint32_t attr)
{
    return (attr >> 8 & 0xff) | (attr >> 12 & 0xf00);
}

static uint32_t unpacked(uint32_t attr)
{
    return (attr & 0xff) << 8 | (attr & 0xf00) << 12;
}

static void save_segment(X86Cpu *c, const X86Cpu *was, uint64_t base, unsigned n)
{
    const Layout *l = layout_of(c);
    const X86Segment *s = segment((X86Cpu *)(uintptr_t)was, n);
    unsigned at = l->place[n].selector, rest = l->place[n].rest;
    put(c, base, at, rest ? 4 : 2, s->selector);
    put(c, base, rest ? rest : at + 2, rest ? 4 : 2, packed(s->attr));
    put(c, base, rest ? rest + 4 : at + 4, 4, s->limit);
    put(c, base, rest ? rest + 8 : at + 8, rest ? 4 : 8, s->base);
}

static void load_segment(X86Cpu *c, uint64_t base, unsigned n)
{
    const Layout *l = layout_of(c);
    X86Segment *s = segment(c, n);
    unsigned at = l->place[n].selector, rest = l->place[n].rest;
    s->selector = (uint16_t)get(c, base, at, 2);
    s->attr = unpacked((uint32_t)get(c, base, rest ? rest : at + 2, 2));
    s->limit = (uint32_t)get(c, base, rest ? rest + 4 : at + 4, 4);
    s->base = get(c, base, rest ? rest + 8 : at + 8, rest ? 4 : 8);
}

static void save(X86Cpu *c, const X86Cpu *was, bool halted)
{
    const Layout *l = layout_of(c);
    uint64_t base = was->smbase;
    for (const Saved *f = l->map; f->bytes; f++) {
        uint64_t v = 0;
        memcpy(&v, (const char *)was + f->offset, f->size);
        put(c, base, f->at, f->bytes, v);
    }
    for (unsigned n = 0; n < SEGMENTS; n++)
        save_segment(c, was, base, n);
    put(c, base, l->ip, l->flags_bytes, x86_ip(was, was->rip));
    put(c, base, l->flags, l->flags_bytes, x86_get_eflags(was));
    put(c, base, l->revision_at, 4, l->revision);
    put(c, base, l->halt_at, l == &layout64 ? 1 : 2, halted);
}

/* 31.5: table 31-4 says what the handler begins with. */
static void enter(X86Cpu *c)
{
    static const uint32_t data = SEG_P | SEG_S | SEG_RW | SEG_A | SEG_G;
    x86_put_eflags(c, 2);
    c->cr0 &= ~(uint64_t)(CR0_PE | CR0_EM | CR0_TS | CR0_PG);
    c->cr4 = 0;
    c->efer = 0;
    c->dr[7] = 0x400;
    c->cpl = 0;
    c->shadow = 0;
    for (unsigned n = 0; n < SEGS; n++)
        c->seg[n] = (X86Segment){ .limit = UINT32_MAX, .attr = data };
    c->seg[CS].base = c->smbase;
    c->seg[CS].selector = (uint16_t)(c->smbase >> 4);
    x86_rederive_segments(c);
    c->rip = (uint32_t)(c->smbase + ENTRY);
}

void x86_enter_smm(X86Cpu *c)
{
    X86Cpu *was = xalloc(sizeof *was);
    *was = *c;
    if (log_on(LOG_INT))
        log_line("cpu %d: system management interrupt at %x:%llx", cpu_number(&c->cpu), c->seg[CS].selector,
                 (unsigned long long)x86_ip(c, c->rip));
    c->smm = 1;
    c->smm_blocked_nmi = c->nmi_blocked;
    c->nmi_blocked = 1;
    enter(c);
    cpu_private_memory(&c->cpu, true);
    x86_mode_changed(c);
    save(c, was, c->halted);
    free(was);
}

/* ---- RSM ---- */

static bool is_good(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    bool paging = cr0 & CR0_PG;
    return !(paging && !(cr0 & CR0_PE)) && !(cr0 & CR0_NW && !(cr0 & CR0_CD)) &&
           !(paging && efer & EFER_LME && !(cr4 & CR4_PAE));
}

static void load_registers(X86Cpu *c, uint64_t base)
{
    const Layout *l = layout_of(c);
    for (const Saved *f = l->map; f->bytes; f++) {
        uint64_t v = get(c, base, f->at, f->bytes);
        if (f->offset == offsetof(X86Cpu, smbase) && !(get(c, base, l->revision_at, 4) & 0x20000))
            continue;
        memcpy((char *)c + f->offset, &v, f->size);
    }
    for (unsigned n = 0; n < SEGMENTS; n++)
        load_segment(c, base, n);
}

static void resume(X86Cpu *c)
{
    const Layout *l = layout_of(c);
    uint64_t base = c->smbase, ip = get(c, base, l->ip, l->flags_bytes);
    uint32_t flags = (uint32_t)get(c, base, l->flags, 4);
    bool halt = get(c, base, l->halt_at, 1) & 1;
    load_registers(c, base);
    x86_put_eflags(c, flags);
    c->cpl = !(c->cr0 & CR0_PE) ? 0 : flags & FL_VM ? 3 : c->seg[SS].attr >> SEG_DPL_SHIFT & 3;
    x86_rederive_segments(c);
    x86_set_ip(c, halt ? ip - 1 : ip); /* the HLT again */
    c->smm = 0;
    c->nmi_blocked = c->smm_blocked_nmi;
    cpu_private_memory(&c->cpu, false);
}

uint64_t x86_help_rsm(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (!c->smm) {
        x86_raise(c, X86_UD, 0);
        return 1;
    }
    resume(c);
    bool pae = c->cr0 & CR0_PG && c->cr4 & CR4_PAE && !x86_is_long(c);
    if (is_good(c->cr0, c->cr4, c->efer) && (!pae || x86_load_pdptes(c, c->cr3)))
        x86_finish(c, false);
    else
        x86_shut_down(c, "RSM to a state that cannot be");
    return 1;
}
