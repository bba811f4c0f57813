/* What debuggers see of an x86 CPU beside the rows of its state table: what is stored in another form than the
 * manual's, in gdb's features for 64-bit targets. Those describe the CPU in every mode, so that its registers never
 * change under gdb; the program counter is the linear address (CS base + RIP), which is what breakpoints and memory
 * packets use. */
#include "frontend/x86/guest.h"

#include "frontend/x86/mmu.h"
#include "frontend/x86/segment.h"
#include "frontend/x86/x87.h"
#include "frontend/x86/xsave.h"

#include <stdio.h>
#include <string.h>

#define CORE     "org.gnu.gdb.i386.core"
#define SSE      "org.gnu.gdb.i386.sse"
#define AVX      "org.gnu.gdb.i386.avx"
#define SEGMENTS "org.gnu.gdb.i386.segments"
#define SYSTEM   "org.dragoman.x86.system"

typedef struct Own {
    const char *feature, *name, *type, *group;
    uint8_t bytes;
    V128 (*get)(X86Cpu *, uint32_t arg);
    void (*set)(X86Cpu *, uint32_t arg, V128 value);
    uint32_t arg;
} Own;

/* ---- flags and segments ---- */

enum { EFLAGS_DEFINED = 0x3f7fd5 }; /* the others are 0; bit 1 is 1 */

static V128 get_eflags(X86Cpu *c, uint32_t arg)
{
    (void)arg;
    return (V128){ x86_get_eflags(c), 0 };
}

static void set_eflags(X86Cpu *c, uint32_t arg, V128 v)
{
    (void)arg;
    x86_put_eflags(c, ((uint32_t)v.lo & EFLAGS_DEFINED) | 2);
}

static V128 get_selector(X86Cpu *c, uint32_t seg)
{
    return (V128){ c->seg[seg].selector, 0 };
}

/* Elsewhere than in real mode what it selects is loaded, if it is a segment that is present. CS stays: the mode and the
 * privilege level hang on it. */
static void set_selector(X86Cpu *c, uint32_t seg, V128 v)
{
    uint16_t selector = (uint16_t)v.lo;
    X86Descriptor d;
    if (x86_is_real(c))
        x86_set_real_segment(c, (X86Seg)seg, selector);
    else if (seg != CS && !(selector & 0xfffc))
        x86_clear_segment(c, (X86Seg)seg, selector);
    else if (seg != CS && x86_descriptor_inspect(c, selector, &d) && !x86_is_system(&d) && d.high & SEG_P)
        c->seg[seg] = x86_segment_of(&d, selector);
}

/* ---- x87 ---- */

static V128 get_st(X86Cpu *c, uint32_t i)
{
    return c->st[x87_at(c, i)];
}

static void set_st(X86Cpu *c, uint32_t i, V128 v)
{
    c->st[x87_at(c, i)] = (V128){ v.lo, v.hi & 0xffff };
}

enum { CONTROL, STATUS, TAGS, CODE_SEGMENT, CODE_OFFSET, DATA_SEGMENT, DATA_OFFSET, OPCODE };

static V128 get_x87(X86Cpu *c, uint32_t what)
{
    uint64_t all[] = { c->fcw, x87_status(c), x87_tags(c), c->fcs, c->fip, c->fds, c->fdp, c->fop };
    return (V128){ (uint32_t)all[what], 0 };
}

static void set_x87(X86Cpu *c, uint32_t what, V128 v)
{
    uint32_t value = (uint32_t)v.lo, tags = x87_tags(c);
    switch (what) {
    case CONTROL:
        x87_set_control(c, value);
        break;
    case STATUS:
        x87_set_status(c, value);
        x87_set_tags(c, tags);
        break;
    case TAGS:
        x87_set_tags(c, value);
        break;
    case CODE_SEGMENT:
        c->fcs = value & 0xffff;
        break;
    case CODE_OFFSET:
        c->fip = value;
        break;
    case DATA_SEGMENT:
        c->fds = value & 0xffff;
        break;
    case DATA_OFFSET:
        c->fdp = value;
        break;
    default:
        c->fop = value & 0x7ff;
    }
}

static V128 get_mxcsr(X86Cpu *c, uint32_t arg)
{
    (void)arg;
    return (V128){ x86_get_mxcsr(c), 0 };
}

static void set_mxcsr(X86Cpu *c, uint32_t arg, V128 v)
{
    (void)arg;
    x86_put_mxcsr(c, (uint32_t)v.lo & 0xffff);
}

/* gdb puts YMM registers together itself. */
static V128 get_high(X86Cpu *c, uint32_t n)
{
    return c->ymm[n];
}

static void set_high(X86Cpu *c, uint32_t n, V128 v)
{
    c->ymm[n] = v;
}

/* ---- system registers ---- */

static V128 get_control(X86Cpu *c, uint32_t n)
{
    return (V128){ n == 0 ? c->cr0 : n == 2 ? c->cr2 : n == 3 ? c->cr3 : c->cr4, 0 };
}

/* As MOV to them does; what that refuses stays as it was. */
static void set_control(X86Cpu *c, uint32_t n, V128 v)
{
    if (n == 0)
        x86_put_cr0(c, v.lo);
    else if (n == 2)
        c->cr2 = v.lo;
    else if (n == 3)
        x86_put_cr3(c, v.lo);
    else
        x86_put_cr4(c, v.lo);
}

static V128 get_msr(X86Cpu *c, uint32_t number)
{
    uint64_t value = 0;
    x86_msr_read(c, number, &value);
    return (V128){ value, 0 };
}

static void set_msr(X86Cpu *c, uint32_t number, V128 v)
{
    x86_msr_write(c, number, v.lo);
}

static V128 get_field(X86Cpu *c, uint32_t offset)
{
    V128 v = { 0, 0 };
    memcpy(&v.lo, (const char *)c + offset, sizeof v.lo);
    return v;
}

static void set_field(X86Cpu *c, uint32_t offset, V128 v)
{
    memcpy((char *)c + offset, &v.lo, sizeof v.lo);
}

static V128 get_limit(X86Cpu *c, uint32_t offset)
{
    return (V128){ (uint32_t)get_field(c, offset).lo, 0 };
}

static void set_limit(X86Cpu *c, uint32_t offset, V128 v)
{
    uint32_t limit = (uint32_t)v.lo;
    memcpy((char *)c + offset, &limit, sizeof limit);
}

static V128 get_selector_of(X86Cpu *c, uint32_t offset)
{
    return (V128){ ((const X86Segment *)(const void *)((const char *)c + offset))->selector, 0 };
}

static V128 get_dr(X86Cpu *c, uint32_t n)
{
    return (V128){ c->dr[n], 0 };
}

static void set_dr(X86Cpu *c, uint32_t n, V128 v)
{
    x86_put_dr(c, n, v.lo);
}

static void set_nothing(X86Cpu *c, uint32_t arg, V128 v)
{
    (void)c, (void)arg, (void)v;
}

/* clang-format off */
#define SEGMENT(name, seg)     { CORE, name, NULL, "general", 4, get_selector, set_selector, seg }
#define ST(n)                  { CORE, "st" #n, "i387_ext", "float", 10, get_st, set_st, n }
#define X87(name, what)        { CORE, name, "int", "float", 4, get_x87, set_x87, what }
#define CONTROL_REGISTER(n)    { SYSTEM, "cr" #n, NULL, "system", 8, get_control, set_control, n }
#define MSR(feature, name, number) { feature, name, NULL, "system", 8, get_msr, set_msr, number }
#define FIELD(name, field)     { SYSTEM, name, NULL, "system", 8, get_field, set_field, offsetof(X86Cpu, field) }
#define LIMIT(name, field)     { SYSTEM, name, NULL, "system", 4, get_limit, set_limit, offsetof(X86Cpu, field) }
#define YMM(n)                 { AVX, "ymm" #n "h", "uint128", "vector", 16, get_high, set_high, n }
#define DEBUG_REGISTER(n)      { SYSTEM, "dr" #n, NULL, "system", 8, get_dr, set_dr, n }
static const Own own[] = {
    { CORE, "eflags", "i386_eflags", "general", 4, get_eflags, set_eflags, 0 },
    SEGMENT("cs", CS), SEGMENT("ss", SS), SEGMENT("ds", DS), SEGMENT("es", ES), SEGMENT("fs", FS), SEGMENT("gs", GS),
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),
    X87("fctrl", CONTROL), X87("fstat", STATUS), X87("ftag", TAGS), X87("fiseg", CODE_SEGMENT), X87("fioff", CODE_OFFSET),
    X87("foseg", DATA_SEGMENT), X87("fooff", DATA_OFFSET), X87("fop", OPCODE),
    { SSE, "mxcsr", "i386_mxcsr", "vector", 4, get_mxcsr, set_mxcsr, 0 },
    MSR(SEGMENTS, "fs_base", 0xc0000100), MSR(SEGMENTS, "gs_base", 0xc0000101),
    CONTROL_REGISTER(0), CONTROL_REGISTER(2), CONTROL_REGISTER(3), CONTROL_REGISTER(4),
    MSR(SYSTEM, "efer", 0xc0000080), MSR(SYSTEM, "k_gs_base", 0xc0000102), MSR(SYSTEM, "star", 0xc0000081),
    MSR(SYSTEM, "lstar", 0xc0000082), MSR(SYSTEM, "cstar", 0xc0000083), MSR(SYSTEM, "sfmask", 0xc0000084),
    MSR(SYSTEM, "tsc_aux", 0xc0000103), MSR(SYSTEM, "sysenter_cs", 0x174), MSR(SYSTEM, "sysenter_esp", 0x175),
    MSR(SYSTEM, "sysenter_eip", 0x176), MSR(SYSTEM, "pat", 0x277), MSR(SYSTEM, "apic_base", 0x1b),
    MSR(SYSTEM, "tsc", 0x10), MSR(SYSTEM, "misc_enable", 0x1a0),
    FIELD("gdt_base", gdt_base), LIMIT("gdt_limit", gdt_limit), FIELD("idt_base", idt_base), LIMIT("idt_limit", idt_limit),
    { SYSTEM, "ldtr", NULL, "system", 4, get_selector_of, set_nothing, offsetof(X86Cpu, ldtr) },
    FIELD("ldt_base", ldtr.base),
    { SYSTEM, "tr", NULL, "system", 4, get_selector_of, set_nothing, offsetof(X86Cpu, tr) },
    FIELD("tss_base", tr.base),
    DEBUG_REGISTER(0), DEBUG_REGISTER(1), DEBUG_REGISTER(2), DEBUG_REGISTER(3), DEBUG_REGISTER(6), DEBUG_REGISTER(7),
    YMM(0), YMM(1), YMM(2), YMM(3), YMM(4), YMM(5), YMM(6), YMM(7), YMM(8), YMM(9), YMM(10), YMM(11), YMM(12), YMM(13),
    YMM(14), YMM(15),
};
/* clang-format on */
enum { OWN = sizeof own / sizeof *own };

static bool reg(Cpu *cpu, int number, InspectReg *r)
{
    if (number >= OWN)
        return false;
    const Own *o = &own[number];
    if (!strcmp(o->feature, AVX) && !x86_has(x86_of(cpu), X86_avx)) /* the last rows */
        return false;
    *r = (InspectReg){ .feature = o->feature, .type = o->type, .group = o->group, .bytes = o->bytes };
    r->rare = !strcmp(o->feature, SYSTEM) || !strcmp(o->feature, AVX);
    snprintf(r->name, sizeof r->name, "%s", o->name);
    return true;
}

static V128 get(Cpu *cpu, int number)
{
    return own[number].get(x86_of(cpu), own[number].arg);
}

static void set(Cpu *cpu, int number, V128 value)
{
    X86Cpu *c = x86_of(cpu);
    own[number].set(c, own[number].arg, value);
    x86_mode_changed(c);
}

#define BIT(name, n) "<field name=\"" name "\" start=\"" #n "\" end=\"" #n "\"/>"
static const GuestTypes types[] = {
    { CORE, "<flags id=\"i386_eflags\" size=\"4\">" BIT("CF", 0) BIT("PF", 2) BIT("AF", 4) BIT("ZF", 6) BIT("SF", 7)
                BIT("TF", 8) BIT("IF", 9) BIT("DF", 10) BIT("OF", 11) BIT("NT", 14) BIT("RF", 16) BIT("VM", 17)
                    BIT("AC", 18) BIT("VIF", 19) BIT("VIP", 20) BIT("ID", 21) "</flags>" },
    { SSE, "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
           "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
           "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
           "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
           "<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
           "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
           "<field name=\"uint128\" type=\"uint128\"/></union>"
           "<flags id=\"i386_mxcsr\" size=\"4\">" BIT("IE", 0) BIT("DE", 1) BIT("ZE", 2) BIT("OE", 3) BIT("UE", 4)
               BIT("PE", 5) BIT("DAZ", 6) BIT("IM", 7) BIT("DM", 8) BIT("ZM", 9) BIT("OM", 10) BIT("UM", 11)
                   BIT("PM", 12) BIT("FZ", 15) "</flags>" },
    { NULL },
};

static const char *const regimes[] = {
    [R_USER] = "user", [R_SUPERVISOR] = "supervisor", [R_SUPERVISOR_AC] = "supervisor with AC", [R_COUNT] = NULL
};

/* ---- vtop ---- */

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

/* struct user_regs_struct of Linux for x86-64 (arch/x86/include/asm/user_64.h). */
static const char *const core_regs[] = {
    "r15", "r14", "r13", "r12", "rbp",    "rbx", "r11", "r10",     "r9",      "r8", "rax", "rcx", "rdx", "rsi",
    "rdi", "",    "rip", "cs",  "eflags", "rsp", "ss",  "fs_base", "gs_base", "ds", "es",  "fs",  "gs",  NULL,
};
static const GuestCore core = { .machine = 62, .regs = core_regs };

const GuestDebug x86_debug = {
    .architecture = "i386:x86-64",
    .core = &core,
    .types = types,
    .regimes = regimes,
    .reg = reg,
    .get = get,
    .set = set,
    .own_watch = x86_own_watch,
    .explain = explain,
};
