/* POPF, CLI, STI. SDM volume 2; volume 3, 21.3 for virtual-8086 mode. */
#include "frontend/x86/sys.h"

#include "frontend/x86/helpers.h"

static unsigned iopl(const X86Cpu *c)
{
    return c->eflags >> 12 & 3;
}

static bool refuse(X86Cpu *c)
{
    x86_raise(c, X86_GP, 0);
    return false;
}

/* 21.3: in virtual-8086 mode below IOPL 3, with VME, the 16-bit forms have VIF for IF, and see IOPL 3. */
static bool is_virtual(const X86Cpu *c)
{
    return c->eflags & FL_VM && iopl(c) < 3;
}

static bool popf_virtual(X86Cpu *c, uint32_t value)
{
    const uint32_t may = (FL_ARITH | FL_DF | FL_NT | FL_TF) & 0xffff;
    if (value & FL_TF || (value & FL_IF && c->eflags & FL_VIP))
        return refuse(c);
    x86_put_eflags(c, (x86_get_eflags(c) & ~(may | FL_VIF)) | (value & may) | (value & FL_IF ? FL_VIF : 0));
    return true;
}

bool x86_popf(X86Cpu *c, uint64_t value, unsigned bytes)
{
    uint32_t old = x86_get_eflags(c), may = FL_ARITH | FL_TF | FL_DF | FL_NT | FL_AC | FL_ID;
    if (is_virtual(c))
        return c->cr4 & CR4_VME && bytes == 2 ? popf_virtual(c, (uint32_t)value) : refuse(c);
    if (c->cpl <= iopl(c))
        may |= FL_IF;
    if (c->cpl == 0)
        may |= FL_IOPL;
    if (bytes == 2)
        may &= 0xffff;
    uint32_t now = (old & ~may) | ((uint32_t)value & may);
    x86_put_eflags(c, bytes == 2 ? now : now & ~(uint32_t)FL_RF);
    return true;
}

/* VIF for IF: virtual-8086 mode with VME, privilege level 3 with PVI. */
static bool has_virtual_flag(const X86Cpu *c)
{
    return c->eflags & FL_VM ? c->cr4 & CR4_VME : c->cpl == 3 && c->cr4 & CR4_PVI;
}

bool x86_set_interrupts(X86Cpu *c, bool on)
{
    bool own = c->cpl <= iopl(c);
    if (!own && (!has_virtual_flag(c) || (on && c->eflags & FL_VIP)))
        return refuse(c);
    if (own && on && !(c->eflags & FL_IF))
        c->shadow = 1;
    uint32_t flag = own ? FL_IF : FL_VIF;
    c->eflags = on ? c->eflags | flag : c->eflags & ~flag;
    return true;
}

/* ---- helpers ---- */

/* PUSHF in virtual-8086 mode; the flags go to tmp[0]. */
uint64_t x86_help_pushf(Cpu *cpu, uint64_t bytes, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    uint32_t flags = x86_get_eflags(c) & ~(uint32_t)(FL_VM | FL_RF);
    if (is_virtual(c)) {
        if (!(c->cr4 & CR4_VME) || bytes != 2)
            return !refuse(c);
        flags = (flags & ~(uint32_t)FL_IF) | FL_IOPL | (flags & FL_VIF ? FL_IF : 0);
    }
    c->tmp[0] = flags;
    return 0;
}

/* Leaves if the mode changed or an interrupt has waited for this. The stack pointer is moved here, after what may
 * raise. how: operand bytes, bytes of the stack pointer << 8. */
uint64_t x86_help_popf(Cpu *cpu, uint64_t value, uint64_t how, uint64_t next)
{
    X86Cpu *c = x86_of(cpu);
    unsigned bytes = how & 0xff, stack = how >> 8 & 0xff;
    uint32_t before = c->eflags;
    if (!x86_popf(c, value, bytes))
        return 1;
    uint64_t mask = stack == 8 ? ~0ull : (1ull << 8 * stack) - 1, sp = (c->r[RSP] + bytes) & mask;
    c->r[RSP] = stack == 2 ? (c->r[RSP] & ~mask) | sp : sp;
    bool waits = c->eflags & ~before & FL_IF && cpu_lines(cpu);
    if (!waits && !((before ^ c->eflags) & (FL_TF | FL_AC)))
        return 0;
    c->rip = next;
    x86_finish(c, before & FL_TF); /* that it was set before counts for this one */
    return 1;
}

/* CLI (0) and STI (1). last: the next instruction may be in another unit, so the shadow has to be kept. */
uint64_t x86_help_interrupts(Cpu *cpu, uint64_t on, uint64_t next, uint64_t last)
{
    X86Cpu *c = x86_of(cpu);
    if (!x86_set_interrupts(c, on))
        return 1;
    if (!c->shadow || !on)
        return 0;
    /* Nothing waits: the next instruction comes before anything is looked at. */
    if (!last && !cpu_lines(cpu) && !(c->eflags & FL_TF) && !c->dr6_pending) {
        c->shadow = 0;
        return 0;
    }
    c->rip = next;
    if (c->eflags & FL_TF || c->dr6_pending)
        x86_finish(c, c->eflags & FL_TF);
    else
        x86_mode_changed(c);
    return 1;
}

/* What a quick helper has not done the whole one does, of which tmp[1] is the operand. how: REST_ARG. */
uint64_t x86_help_rest(Cpu *cpu, uint64_t how, uint64_t pc, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint64_t next = pc + (how >> 32 & 0xff), operand = c->tmp[1];
    X86Rest rest = (X86Rest)(how >> 40);
    (void)x;
    c->rip = pc;
    bool left = rest == REST_SEGMENT ? x86_help_load_segment(cpu, (uint32_t)how, operand, next)
                : rest == REST_POPF  ? x86_help_popf(cpu, operand, (uint32_t)how, next)
                                     : x86_help_interrupts(cpu, 1, next, 1);
    if (!left)
        c->rip = next;
    return 1;
}
