/* IN and OUT: core/ports.h. */
#include "frontend/x86/sys.h"

#include "core/ports.h"
#include "frontend/x86/helpers.h"

bool x86_port_allowed(X86Cpu *c, unsigned port, unsigned bytes)
{
    (void)port, (void)bytes;
    if (!(c->cr0 & CR0_PE) || (c->cpl <= (c->eflags >> 12 & 3) && !(c->eflags & FL_VM)))
        return true;
    x86_raise(c, X86_GP, 0);
    return false;
}

uint32_t x86_in(X86Cpu *c, unsigned port, unsigned bytes)
{
    return port_in(c->cpu.dev.machine, cpu_number(&c->cpu), (uint16_t)port, (int)bytes);
}

void x86_out(X86Cpu *c, unsigned port, unsigned bytes, uint32_t value)
{
    port_out(c->cpu.dev.machine, cpu_number(&c->cpu), (uint16_t)port, value, (int)bytes);
}

/* ---- helpers ---- */

/* The value goes to tmp[0], as the result says whether to leave. */
uint64_t x86_help_in(Cpu *cpu, uint64_t port, uint64_t bytes, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)x;
    if (!x86_port_allowed(c, port & 0xffff, (unsigned)bytes))
        return 1;
    c->tmp[0] = x86_in(c, port & 0xffff, (unsigned)bytes);
    return 0;
}

uint64_t x86_help_out(Cpu *cpu, uint64_t port, uint64_t bytes, uint64_t value)
{
    X86Cpu *c = x86_of(cpu);
    if (!x86_port_allowed(c, port & 0xffff, (unsigned)bytes))
        return 1;
    x86_out(c, port & 0xffff, (unsigned)bytes, (uint32_t)value);
    return 0;
}
