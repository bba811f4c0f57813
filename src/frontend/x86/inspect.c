/* What debuggers see of an x86 CPU beside the rows of its state table: registers in the form of the manual under gdb's
 * names, control and model-specific registers, and how an address is translated. */
#include "frontend/x86/guest.h"

#include "frontend/x86/mmu.h"
#include "frontend/x86/x87.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CORE     "org.gnu.gdb.i386.core"
#define SSE      "org.gnu.gdb.i386.sse"
#define SEGMENTS "org.gnu.gdb.i386.segments"
#define SYSTEM   "org.dragoman.x86.system"

/* ---- registers ---- */

typedef struct Own {
    const char *feature, *name, *type, *group;
    uint8_t bytes, n;
    uint16_t offset; /* in X86Cpu, 8 bytes; where there is no function */
    uint64_t (*get)(const X86Cpu *, unsigned n);
    void (*set)(X86Cpu *, unsigned n, uint64_t); /* NULL: it does not change */
} Own;

static uint64_t get_eflags(const X86Cpu *c, unsigned n)
{
    (void)n;
    return x86_get_eflags(c);
}

static void set_eflags(X86Cpu *c, unsigned n, uint64_t v)
{
    (void)n;
    x86_put_eflags(c, (uint32_t)v);
    x86_mode_changed(c);
}

static uint64_t get_selector(const X86Cpu *c, unsigned n)
{
    return c->seg[n].selector;
}

/* A selector alone says nothing of the segment: it is loaded only where that is all there is to it. */
static void set_selector(X86Cpu *c, unsigned n, uint64_t v)
{
    if (x86_is_real(c) && n != CS)
        x86_set_real_segment(c, (X86Seg)n, (uint16_t)v);
}

enum { FCTRL, FSTAT, FTAG, FISEG, FIOFF, FOSEG, FOOFF, FOP };

static uint64_t get_x87(const X86Cpu *c, unsigned n)
{
    switch (n) {
    case FCTRL:
        return c->fcw;
    case FSTAT:
        return x87_status(c);
    case FTAG:
        return x87_tags(c);
    case FISEG:
        return c->fcs;
    case FIOFF:
        return (uint32_t)c->fip;
    case FOSEG:
        return c->fds;
    case FOOFF:
        return (uint32_t)c->fdp;
    default:
        return c->fop;
    }
}

static uint64_t get_control(const X86Cpu *c, unsigned n)
{
    return n == 0 ? c->cr0 : n == 3 ? c->cr3 : c->cr4;
}

static void set_control(X86Cpu *c, unsigned n, uint64_t v)
{
    if (n == 0 ? x86_put_cr0(c, v) : n == 3 ? x86_put_cr3(c, v) : x86_put_cr4(c, v))
        x86_mode_changed(c);
}

static uint64_t get_efer(const X86Cpu *c, unsigned n)
{
    (void)n;
    return c->efer;
}

static void set_efer(X86Cpu *c, unsigned n, uint64_t v)
{
    (void)n;
    if (x86_put_efer(c, v))
        x86_mode_changed(c);
}

/* clang-format off */
#define SELECTOR(name, seg) { CORE, name, "int32", NULL, 4, seg, 0, get_selector, set_selector }
#define X87(name, n)        { CORE, name, "int", "float", 4, n, 0, get_x87, NULL }
#define CONTROL(name, n)    { SYSTEM, name, "uint64", "system", 8, n, 0, get_control, set_control }
#define FIELD(feature, group, name, f) { feature, name, "uint64", group, 8, 0, offsetof(X86Cpu, f), NULL, NULL }
/* clang-format on */
enum { ST = 8 }; /* that many stack registers stand before these rows */
static const Own own[] = {
    { CORE, "eflags", "i386_eflags", NULL, 4, 0, 0, get_eflags, set_eflags },
    SELECTOR("cs", CS),
    SELECTOR("ss", SS),
    SELECTOR("ds", DS),
    SELECTOR("es", ES),
    SELECTOR("fs", FS),
    SELECTOR("gs", GS),
    X87("fctrl", FCTRL),
    X87("fstat", FSTAT),
    X87("ftag", FTAG),
    X87("fiseg", FISEG),
    X87("fioff", FIOFF),
    X87("foseg", FOSEG),
    X87("fooff", FOOFF),
    X87("fop", FOP),
    FIELD(SEGMENTS, NULL, "fs_base", seg[FS].base),
    FIELD(SEGMENTS, NULL, "gs_base", seg[GS].base),
    CONTROL("cr0", 0),
    FIELD(SYSTEM, "system", "cr2", cr2),
    CONTROL("cr3", 3),
    CONTROL("cr4", 4),
    { SYSTEM, "efer", "uint64", "system", 8, 0, 0, get_efer, set_efer },
    FIELD(SYSTEM, "system", "k_gs_base", kernel_gs_base),
    FIELD(SYSTEM, "system", "star", star),
    FIELD(SYSTEM, "system", "lstar", lstar),
    FIELD(SYSTEM, "system", "cstar", cstar),
    FIELD(SYSTEM, "system", "fmask", sfmask),
    FIELD(SYSTEM, "system", "sysenter_cs", sysenter_cs),
    FIELD(SYSTEM, "system", "sysenter_esp", sysenter_esp),
    FIELD(SYSTEM, "system", "sysenter_eip", sysenter_eip),
    FIELD(SYSTEM, "system", "gdt_base", gdt_base),
    FIELD(SYSTEM, "system", "idt_base", idt_base),
};
enum { OWN = sizeof own / sizeof *own };

static bool reg(Cpu *cpu, int number, InspectReg *r)
{
    (void)cpu;
    if (number < ST) {
        *r = (InspectReg){ .feature = CORE, .type = "i387_ext", .group = "float", .bytes = 10 };
        snprintf(r->name, sizeof r->name, "st%d", number);
        return true;
    }
    if (number >= ST + OWN)
        return false;
    const Own *o = &own[number - ST];
    *r = (InspectReg){ .feature = o->feature,
                       .type = o->type,
                       .group = o->group,
                       .bytes = o->bytes,
                       .rare = !strcmp(o->feature, SYSTEM) };
    snprintf(r->name, sizeof r->name, "%s", o->name);
    return true;
}

static V128 get(Cpu *cpu, int number)
{
    X86Cpu *c = x86_of(cpu);
    if (number < ST)
        return c->st[x87_at(c, (unsigned)number)];
    const Own *o = &own[number - ST];
    uint64_t v;
    if (o->get)
        return (V128){ o->get(c, o->n), 0 };
    memcpy(&v, (char *)c + o->offset, sizeof v);
    return (V128){ v, 0 };
}

static void set(Cpu *cpu, int number, V128 value)
{
    X86Cpu *c = x86_of(cpu);
    if (number < ST) {
        c->st[x87_at(c, (unsigned)number)] = (V128){ value.lo, value.hi & 0xffff };
        return;
    }
    const Own *o = &own[number - ST];
    if (o->set)
        o->set(c, o->n, value.lo);
    else if (!o->get)
        memcpy((char *)c + o->offset, &value.lo, sizeof value.lo);
}

#define FLAG(name, bit) "<field name=\"" name "\" start=\"" bit "\" end=\"" bit "\"/>"
static const GuestTypes types[] = {
    { CORE, "<flags id=\"i386_eflags\" size=\"4\">" FLAG("CF", "0") FLAG("PF", "2") FLAG("AF", "4") FLAG("ZF", "6")
                FLAG("SF", "7") FLAG("TF", "8") FLAG("IF", "9") FLAG("DF", "10") FLAG("OF", "11") FLAG("NT", "14")
                    FLAG("RF", "16") FLAG("VM", "17") FLAG("AC", "18") FLAG("VIF", "19") FLAG("VIP", "20")
                        FLAG("ID", "21") "</flags>" },
    { SSE, "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
           "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
           "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
           "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
           "<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
           "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
           "<field name=\"uint128\" type=\"uint128\"/></union>" },
    { NULL },
};

/* ---- vtop ---- */

static const char *const regimes[] = {
    [R_USER] = "user", [R_SUPERVISOR] = "supervisor", [R_SUPERVISOR_AC] = "supervisor with EFLAGS.AC", [R_COUNT] = NULL
};

static void explain(Cpu *cpu, uint64_t addr, Out *o)
{
    X86Cpu *c = x86_of(cpu);
    Walk w = { 0 };
    uint32_t regime = x86_regime(cpu, false).regime;
    PageWalk t = { .linear = addr, .access = LOAD, .regime = regime, .inspect = true, .show = o, .w = &w };
    out(o, "0x%016llx in regime %s\n", (unsigned long long)addr, regimes[regime]);
    if (!(c->cr0 & CR0_PG)) {
        out(o, "paging is off\nphysical 0x%llx\n", (unsigned long long)(uint32_t)addr);
        return;
    }
    x86_page_walk(c, &t);
    if (w.fault == X86_FAULT_SEGMENT)
        out(o, "fault: the address is not canonical\n");
    else if (w.fault)
        out(o, "fault: error code 0x%llx\n", (unsigned long long)w.fault_info);
    else
        out(o, "physical 0x%llx, mapped by %llu KiB%s\n", (unsigned long long)w.phys, 1ull << w.page_bits >> 10,
            w.global ? ", global" : "");
}

const GuestDebug x86_debug = {
    .architecture = "i386:x86-64",
    .types = types,
    .regimes = regimes,
    .reg = reg,
    .get = get,
    .set = set,
    .own_watch = x86_own_watch,
    .explain = explain,
};
