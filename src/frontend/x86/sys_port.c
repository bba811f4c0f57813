/* IN and OUT: an access to the Space of ports. */
#include "frontend/x86/sys.h"

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
    bool ok = false;
    uint64_t v = c->ports ? space_load(c->ports, port, (int)bytes, &ok) : 0;
    return ok ? (uint32_t)v : ~0u;
}

void x86_out(X86Cpu *c, unsigned port, unsigned bytes, uint32_t value)
{
    if (c->ports)
        space_store(c->ports, port, (int)bytes, value);
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
