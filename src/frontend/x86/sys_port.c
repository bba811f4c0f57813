/* IN and OUT: core/ports.h. */
#include "frontend/x86/sys.h"

#include "core/ports.h"
#include "frontend/x86/helpers.h"

/* The I/O permission bitmap of the task, a bit for each port: SDM volume 1, 18.5.2. Two bytes are always read. *allowed
 * is what it says; false: a page fault was raised. */
static bool look_in_map(X86Cpu *c, unsigned port, unsigned bytes, bool *allowed)
{
    bool wide = (c->tr.attr >> 8 & 15) >= 9; /* a 16-bit task segment has none */
    uint64_t map, bits;
    *allowed = false;
    if (!wide || !(c->tr.attr & SEG_P) || c->tr.limit < 0x67)
        return true;
    if (!x86_system_read(c, c->tr.base + 0x66, 2, &map))
        return false;
    if (map + port / 8 + 1 > c->tr.limit)
        return true;
    if (!x86_system_read(c, c->tr.base + map + port / 8, 2, &bits))
        return false;
    *allowed = !(bits >> port % 8 & ((1u << bytes) - 1));
    return true;
}

bool x86_port_allowed(X86Cpu *c, unsigned port, unsigned bytes)
{
    bool allowed;
    if (!(c->cr0 & CR0_PE) || (c->cpl <= (c->eflags >> 12 & 3) && !(c->eflags & FL_VM)))
        return true;
    if (!look_in_map(c, port, bytes, &allowed))
        return false;
    if (!allowed)
        x86_raise(c, X86_GP, 0);
    return allowed;
}

uint32_t x86_in(X86Cpu *c, unsigned port, unsigned bytes)
{
    x86_touched_port(c, port, bytes);
    return port_in(c->cpu.dev.machine, cpu_number(&c->cpu), (uint16_t)port, (int)bytes);
}

void x86_out(X86Cpu *c, unsigned port, unsigned bytes, uint32_t value)
{
    x86_touched_port(c, port, bytes);
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
