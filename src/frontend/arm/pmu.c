/* Performance monitors, PMUv3 without event counters: PMCCNTR_EL0 counts cycles of a 1 GHz clock, so nanoseconds.
 * ARM DDI 0487, chapter D11. It never overflows in the life of a machine unless software sets it so. */
#include "frontend/arm/arm.h"

#include "core/machine.h"

enum { PMCR_E = 1, PMCR_C = 4, PMSELR_CYCLES = 31 };

static bool counting(const ArmCpu *c)
{
    return c->sys.PMCR_EL0 & PMCR_E && c->sys.PMCNTENSET_EL0 & PMU_CYCLES;
}

/* While it counts, sys.cycles is what it would have been at time 0. */
static uint64_t cycles(const ArmCpu *c)
{
    uint64_t now = counting(c) ? (uint64_t)time_now(c->cpu.dev.machine) : 0;
    return c->sys.cycles + now;
}

static void set_cycles(ArmCpu *c, uint64_t value)
{
    uint64_t now = counting(c) ? (uint64_t)time_now(c->cpu.dev.machine) : 0;
    c->sys.cycles = value - now;
}

static void update_line(ArmCpu *c)
{
    bool level = c->sys.PMOVSSET_EL0 & c->sys.PMINTENSET_EL1 && c->sys.PMCR_EL0 & PMCR_E;
    machine_lock(c->cpu.dev.machine);
    line_set(&c->pmu_out, level);
    machine_unlock(c->cpu.dev.machine);
}

void sys_set_pmcr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t before = value & PMCR_C ? 0 : cycles(c);
    sysreg_store(c, r, value);
    set_cycles(c, before);
    update_line(c);
}

static void set_enabled(ArmCpu *c, uint64_t enabled)
{
    uint64_t before = cycles(c);
    c->sys.PMCNTENSET_EL0 = enabled & PMU_CYCLES;
    set_cycles(c, before);
}

void sys_set_pmcntenset(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    set_enabled(c, c->sys.PMCNTENSET_EL0 | value);
}

void sys_set_pmcntenclr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    set_enabled(c, c->sys.PMCNTENSET_EL0 & ~value);
}

uint64_t sys_get_pmcnten(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return c->sys.PMCNTENSET_EL0;
}

uint64_t sys_get_pmovs(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return c->sys.PMOVSSET_EL0;
}

void sys_set_pmovsclr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->sys.PMOVSSET_EL0 &= ~value;
    update_line(c);
}

void sys_set_pmovsset(ArmCpu *c, const SysReg *r, uint64_t value)
{
    c->sys.PMOVSSET_EL0 |= value & r->writable;
    update_line(c);
}

uint64_t sys_get_pminten(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return c->sys.PMINTENSET_EL1;
}

void sys_set_pmintenset(ArmCpu *c, const SysReg *r, uint64_t value)
{
    c->sys.PMINTENSET_EL1 |= value & r->writable;
    update_line(c);
}

void sys_set_pmintenclr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->sys.PMINTENSET_EL1 &= ~value;
    update_line(c);
}

/* Common events implemented: CPU_CYCLES. */
uint64_t sys_get_pmceid0(ArmCpu *c, const SysReg *r)
{
    (void)c, (void)r;
    return 1 << 0x11;
}

uint64_t sys_get_pmccntr(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return cycles(c);
}

void sys_set_pmccntr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    set_cycles(c, value);
}

/* Selected by PMSELR_EL0: the cycle counter's filter, or a counter that is not there. */
uint64_t sys_get_pmxevtyper(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return c->sys.PMSELR_EL0 == PMSELR_CYCLES ? c->sys.PMCCFILTR_EL0 : 0;
}

void sys_set_pmxevtyper(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    if (c->sys.PMSELR_EL0 == PMSELR_CYCLES)
        c->sys.PMCCFILTR_EL0 = value & 0xf8000000;
}
