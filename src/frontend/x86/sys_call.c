/* SYSCALL, SYSENTER and the ways back. SDM volume 2, and AMD's APM volume 3 for SYSCALL outside 64-bit mode. Built
 * without FP and vector registers, of which the quick ones use none. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

enum {
    FLAT = SEG_P | SEG_S | SEG_RW | SEG_A | SEG_G,
    FLAT_CODE32 = FLAT | SEG_CODE | SEG_DB,
    FLAT_CODE64 = FLAT | SEG_CODE | SEG_L,
    FLAT_DATA = FLAT | SEG_DB,
};

static void set_flat(X86Cpu *c, X86Seg n, uint32_t selector, uint32_t attr)
{
    uint32_t dpl = selector & 3;
    c->seg[n] =
        (X86Segment){ .limit = UINT32_MAX, .attr = attr | dpl << SEG_DPL_SHIFT, .selector = (uint16_t)selector };
    x86_segment_derive(&c->seg[n], false);
}

/* Code and stack segment as these instructions have them: not from descriptors. */
static void enter(X86Cpu *c, uint32_t cs, uint32_t ss, uint32_t cs_attr)
{
    set_flat(c, CS, cs, cs_attr);
    set_flat(c, SS, ss, FLAT_DATA);
    c->cpl = cs & 3;
}

static uint64_t undefined(X86Cpu *c)
{
    x86_raise(c, X86_UD, 0);
    return 1;
}

static uint64_t refuse(X86Cpu *c)
{
    x86_raise(c, X86_GP, 0);
    return 1;
}

/* A trap by TF follows at once, with the flags as they are now: SYSRET brings that of a program which is stepped. */
static uint64_t done(X86Cpu *c)
{
    x86_finish(c, c->eflags & FL_TF);
    return 1;
}

static void syscall_long(X86Cpu *c, uint64_t next, bool from64)
{
    c->r[RCX] = x86_ip(c, next);
    c->r[R11] = x86_get_eflags(c) & ~(uint32_t)FL_RF;
    x86_put_eflags(c, x86_get_eflags(c) & ~((uint32_t)c->sfmask | FL_RF));
    c->rip = from64 ? c->lstar : c->cstar;
}

uint64_t x86_help_syscall(Cpu *cpu, uint64_t next, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    uint32_t cs = c->star >> 32 & 0xfffc;
    bool from64 = x86_in_code64(c);
    if (!(c->efer & EFER_SCE) || (!from64 && (!c->amd || !(c->cr0 & CR0_PE))))
        return undefined(c);
    if (c->efer & EFER_LMA) {
        syscall_long(c, next, from64);
        enter(c, cs, cs + 8, FLAT_CODE64);
    } else {
        c->r[RCX] = (uint32_t)x86_ip(c, next);
        c->eflags &= ~(uint32_t)(FL_VM | FL_IF | FL_RF);
        enter(c, cs, cs + 8, FLAT_CODE32);
        c->rip = (uint32_t)c->star;
    }
    return done(c);
}

/* wide: to 64-bit code. AMD's processors leave SS as it was but for the selector; what matters of it is the same. */
static void go_back(X86Cpu *c, bool wide)
{
    uint32_t cs = c->star >> 48 | 3;
    if (c->efer & EFER_LMA)
        x86_put_eflags(c, (uint32_t)c->r[R11] & 0x3c7fd7);
    else
        c->eflags |= FL_IF;
    c->rip = wide ? c->r[RCX] : (uint32_t)c->r[RCX];
    enter(c, wide ? cs + 16 : cs, (uint32_t)(c->star >> 48) + 8, wide ? FLAT_CODE64 : FLAT_CODE32);
    c->seg[SS].selector |= 3;
}

uint64_t x86_help_sysret(Cpu *cpu, uint64_t wide, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (!(c->efer & EFER_SCE) || (!x86_in_code64(c) && (!c->amd || !(c->cr0 & CR0_PE) || c->eflags & FL_VM)))
        return undefined(c);
    if (c->cpl || (wide && !x86_canonical(c->r[RCX])))
        return refuse(c);
    go_back(c, wide);
    return done(c);
}

static bool may_sysenter(const X86Cpu *c)
{
    return c->cr0 & CR0_PE && c->sysenter_cs & 0xfffc;
}

static void enter_kernel(X86Cpu *c)
{
    bool wide = c->efer & EFER_LMA;
    uint32_t cs = c->sysenter_cs & 0xfffc;
    c->eflags &= ~(uint32_t)(FL_VM | FL_IF | FL_RF);
    c->r[RSP] = wide ? c->sysenter_esp : (uint32_t)c->sysenter_esp;
    c->rip = wide ? c->sysenter_eip : (uint32_t)c->sysenter_eip;
    enter(c, cs, cs + 8, wide ? FLAT_CODE64 : FLAT_CODE32);
}

uint64_t x86_help_sysenter(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (c->efer & EFER_LMA && c->amd)
        return undefined(c);
    if (!may_sysenter(c))
        return refuse(c);
    enter_kernel(c);
    return done(c);
}

static bool may_sysexit(const X86Cpu *c, bool wide)
{
    return may_sysenter(c) && !c->cpl && !(c->eflags & FL_VM) &&
           (!wide || (x86_canonical(c->r[RCX]) && x86_canonical(c->r[RDX])));
}

static void leave_kernel(X86Cpu *c, bool wide)
{
    uint32_t cs = (c->sysenter_cs & 0xfffc) + (wide ? 32 : 16);
    c->r[RSP] = wide ? c->r[RCX] : (uint32_t)c->r[RCX];
    c->rip = wide ? c->r[RDX] : (uint32_t)c->r[RDX];
    enter(c, cs | 3, (cs + 8) | 3, wide ? FLAT_CODE64 : FLAT_CODE32);
}

uint64_t x86_help_sysexit(Cpu *cpu, uint64_t wide, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (c->efer & EFER_LMA && c->amd)
        return undefined(c);
    if (!may_sysexit(c, wide))
        return refuse(c);
    leave_kernel(c, wide);
    return done(c);
}

/* ---- the same, if nothing comes between: they return whether the ones above are to be called ---- */

static bool is_quiet(const X86Cpu *c)
{
    return !(c->eflags & FL_TF) && !c->shadow && !c->dr6_pending && !cpu_lines(&c->cpu);
}

static bool is_plain(const X86Cpu *c)
{
    return c->efer & EFER_SCE && x86_in_code64(c) && is_quiet(c);
}

uint64_t x86_help_syscall_quick(Cpu *cpu, uint64_t next, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    uint32_t cs = c->star >> 32 & 0xfffc;
    if (!is_plain(c))
        return 1;
    syscall_long(c, next, true);
    enter(c, cs, cs + 8, FLAT_CODE64);
    x86_mode_changed(c);
    return 0;
}

uint64_t x86_help_sysret_quick(Cpu *cpu, uint64_t wide, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (!is_plain(c) || c->cpl || (wide && !x86_canonical(c->r[RCX])) || c->r[R11] & FL_TF)
        return 1;
    go_back(c, wide);
    x86_mode_changed(c);
    return 0;
}

uint64_t x86_help_sysenter_quick(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (!is_quiet(c) || c->efer & EFER_LMA || !may_sysenter(c))
        return 1;
    enter_kernel(c);
    x86_mode_changed(c);
    return 0;
}

uint64_t x86_help_sysexit_quick(Cpu *cpu, uint64_t wide, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (!is_quiet(c) || c->efer & EFER_LMA || !may_sysexit(c, wide))
        return 1;
    leave_kernel(c, wide);
    x86_mode_changed(c);
    return 0;
}
