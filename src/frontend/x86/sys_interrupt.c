/* Exceptions and interrupts: real mode. SDM volume 3, 21.1.4. */
#include "frontend/x86/sys.h"

#include "base/log.h"
#include "frontend/x86/helpers.h"

/* Triple fault: the processor stops until it is reset. */
static void shut_down(X86Cpu *c, unsigned vector)
{
    log_guest("cpu %d: interrupt %u cannot be taken: shut down", cpu_number(&c->cpu), vector);
    cpu_power(&c->cpu, false);
}

static bool push16(X86Cpu *c, uint64_t v)
{
    uint64_t sp = (c->r[RSP] - 2) & 0xffff;
    if (!x86_write(c, SS, sp, 2, v))
        return false;
    c->r[RSP] = (c->r[RSP] & ~0xffffull) | sp;
    return true;
}

static void take_real(X86Cpu *c, unsigned vector, uint64_t return_linear)
{
    V128 entry;
    if (c->idt_limit < 4 * vector + 3 || !mem_load(&c->cpu, c->idt_base + 4 * vector, 4, false, &entry)) {
        shut_down(c, vector);
        return;
    }
    uint64_t ip = x86_ip(c, return_linear);
    if (!push16(c, x86_get_eflags(c)) || !push16(c, c->seg[CS].selector) || !push16(c, ip))
        return;
    c->eflags &= ~(uint32_t)(FL_IF | FL_TF | FL_RF | FL_AC);
    c->shadow = 0;
    x86_set_real_segment(c, CS, (uint16_t)(entry.lo >> 16));
    x86_set_ip(c, entry.lo & 0xffff);
    x86_mode_changed(c);
}

void x86_raise(X86Cpu *c, X86Vector vector, uint32_t error)
{
    if (log_on(LOG_INT))
        log_line("cpu %d: exception %d, error %x, at %llx", cpu_number(&c->cpu), vector, error,
                 (unsigned long long)c->rip);
    if (x86_is_real(c) && !(c->eflags & FL_VM))
        take_real(c, vector, c->rip);
    else
        shut_down(c, vector);
}

void x86_raise_page_fault(X86Cpu *c, uint64_t linear, uint32_t error)
{
    c->cr2 = linear;
    x86_raise(c, X86_PF, error);
}

void x86_soft_interrupt(X86Cpu *c, unsigned vector, uint64_t next)
{
    if (x86_is_real(c) && !(c->eflags & FL_VM))
        take_real(c, vector, next);
    else
        shut_down(c, vector);
}

void x86_iret(X86Cpu *c, unsigned bytes)
{
    uint64_t ip, cs, f, sp = c->r[RSP] & 0xffff, mask = bytes == 2 ? 0xffff : ~0ull;
    if (!x86_read(c, SS, sp, bytes, &ip) || !x86_read(c, SS, (sp + bytes) & 0xffff, bytes, &cs) ||
        !x86_read(c, SS, (sp + 2 * bytes) & 0xffff, bytes, &f))
        return;
    if (ip > c->seg[CS].limit) {
        x86_raise(c, X86_GP, 0);
        return;
    }
    c->r[RSP] = (c->r[RSP] & ~0xffffull) | ((sp + 3 * bytes) & 0xffff);
    uint64_t may = mask & ~(uint64_t)(FL_VM | FL_VIF | FL_VIP);
    x86_put_eflags(c, (uint32_t)((f & may) | (x86_get_eflags(c) & ~may)) & 0x3f7fd7);
    x86_set_real_segment(c, CS, (uint16_t)cs);
    x86_set_ip(c, ip);
    x86_mode_changed(c);
}

void x86_after(X86Cpu *c, uint64_t pc)
{
    bool trap = c->eflags & FL_TF;
    (void)pc;
    c->shadow = 0;
    x86_mode_changed(c);
    if (trap) {
        c->dr[6] |= 1 << 14; /* BS */
        x86_raise(c, X86_DB, 0);
    }
    __atomic_store_n(&c->cpu.stop, 1, __ATOMIC_RELAXED); /* an interrupt may have waited for this */
}

bool x86_interrupt(Cpu *cpu)
{
    (void)cpu;
    return false;
}

bool x86_wakes(const Cpu *cpu)
{
    return cpu_lines(cpu) != 0;
}

/* ---- helpers ---- */

uint64_t x86_help_after(Cpu *cpu, uint64_t pc, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    x86_after(x86_of(cpu), pc);
    return 0;
}

uint64_t x86_help_soft_interrupt(Cpu *cpu, uint64_t vector, uint64_t next, uint64_t x)
{
    (void)x;
    x86_soft_interrupt(x86_of(cpu), (unsigned)vector, next);
    return 1;
}

uint64_t x86_help_into(Cpu *cpu, uint64_t overflow, uint64_t next, uint64_t x)
{
    (void)x;
    if (overflow)
        x86_soft_interrupt(x86_of(cpu), X86_OF, next);
    return overflow;
}

uint64_t x86_help_iret(Cpu *cpu, uint64_t bytes, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    x86_iret(x86_of(cpu), (unsigned)bytes);
    return 1;
}
