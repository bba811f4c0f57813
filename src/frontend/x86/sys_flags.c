/* POPF, CLI, STI. SDM volume 2; volume 3, 21.3 for virtual-8086 mode. */
#include "frontend/x86/sys.h"

#include "frontend/x86/helpers.h"

static unsigned iopl(const X86Cpu *c)
{
    return c->eflags >> 12 & 3;
}

bool x86_popf(X86Cpu *c, uint64_t value, unsigned bytes)
{
    uint32_t old = x86_get_eflags(c), may = FL_ARITH | FL_TF | FL_DF | FL_NT | FL_AC | FL_ID;
    if (c->eflags & FL_VM && iopl(c) < 3) {
        x86_raise(c, X86_GP, 0);
        return false;
    }
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

bool x86_set_interrupts(X86Cpu *c, bool on)
{
    if (c->cpl > iopl(c)) {
        x86_raise(c, X86_GP, 0);
        return false;
    }
    if (on && !(c->eflags & FL_IF))
        c->shadow = 1;
    c->eflags = on ? c->eflags | FL_IF : c->eflags & ~(uint32_t)FL_IF;
    return true;
}

/* ---- helpers ---- */

uint64_t x86_help_pushf_check(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (!(c->eflags & FL_VM) || iopl(c) == 3)
        return 0;
    x86_raise(c, X86_GP, 0);
    return 1;
}

/* Leaves if the mode changed or interrupts may now come. The stack pointer is moved here, after what may raise.
 * how: operand bytes, bytes of the stack pointer << 8. */
uint64_t x86_help_popf(Cpu *cpu, uint64_t value, uint64_t how, uint64_t next)
{
    X86Cpu *c = x86_of(cpu);
    unsigned bytes = how & 0xff, stack = how >> 8 & 0xff;
    uint32_t before = c->eflags;
    if (!x86_popf(c, value, bytes))
        return 1;
    uint64_t mask = stack == 8 ? ~0ull : (1ull << 8 * stack) - 1, sp = (c->r[RSP] + bytes) & mask;
    c->r[RSP] = stack == 2 ? (c->r[RSP] & ~mask) | sp : sp;
    if (!((before ^ c->eflags) & (FL_TF | FL_IF | FL_AC)))
        return 0;
    c->rip = next;
    /* TF takes effect after the next instruction; that it was set before counts for this one */
    x86_mode_changed(c);
    __atomic_store_n(&c->cpu.stop, 1, __ATOMIC_RELAXED);
    if (before & FL_TF) {
        c->dr[6] |= 1 << 14;
        x86_raise(c, X86_DB, 0);
    }
    return 1;
}

/* CLI (0) and STI (1). */
uint64_t x86_help_interrupts(Cpu *cpu, uint64_t on, uint64_t next, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)x;
    if (!x86_set_interrupts(c, on))
        return 1;
    if (!c->shadow || !on)
        return 0;
    c->rip = next;
    x86_mode_changed(c);
    return 1;
}
