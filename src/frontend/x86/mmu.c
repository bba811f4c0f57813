/* Linear to physical addresses: no paging yet, CR0.PG = 0. */
#include "frontend/x86/sys.h"

Regime x86_regime(const Cpu *cpu, bool user)
{
    const X86Cpu *c = (const X86Cpu *)cpu;
    if (user || c->cpl == 3)
        return (Regime){ R_USER, 0 };
    return (Regime){ c->eflags & FL_AC ? R_SUPERVISOR_AC : R_SUPERVISOR, 0 };
}

Regime x86_system_regime(const X86Cpu *c)
{
    (void)c;
    return (Regime){ R_SUPERVISOR, 0 };
}

/* Addresses that a limit check of translated code refused: operand.h. */
static bool refused(uint64_t linear, Walk *w)
{
    if (linear >> 16 != X86_BAD_ADDRESS >> 16)
        return false;
    *w = (Walk){ .fault = linear & 0x1000 ? X86_FAULT_STACK_SEGMENT : X86_FAULT_SEGMENT };
    return true;
}

void x86_walk(Cpu *cpu, uint64_t linear, Access access, uint32_t regime, Walk *w)
{
    (void)cpu, (void)access, (void)regime;
    if (!refused(linear, w))
        *w = (Walk){ .phys = linear, .page_bits = 12, .prot = PROT_FETCH | PROT_LOAD | PROT_STORE, .global = true };
}
