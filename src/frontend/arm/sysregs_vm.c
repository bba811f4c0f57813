/* Control registers: what a write to them changes in the engine. Software must follow such a write by an ISB or a TLB
 * invalidation; the TLB here is told at once, so that nothing stale outlives what the manual allows. */
#include "frontend/arm/arm.h"

enum { EL10_REGIMES = 1 << R_EL0 | 1 << R_EL1 | 1 << R_EL1_PAN, EL2_REGIME = 1 << R_EL2 };

static uint32_t regimes_of(const SysReg *r)
{
    return r->encoding >> 11 & 4 ? EL2_REGIME : EL10_REGIMES;
}

/* Translations depend on these bits of SCTLR. */
void sys_set_sctlr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t changed = sysreg_store(c, r, value) ^ sysreg_value(c, r);
    if (changed & (SCTLR_M | SCTLR_WXN | SCTLR_EE))
        tlb_flush(&c->cpu, regimes_of(r), -1);
    arm_mode_changed(c);
}

void sys_set_mode(ArmCpu *c, const SysReg *r, uint64_t value)
{
    sysreg_store(c, r, value);
    arm_mode_changed(c);
}

/* A root or the tag: entries of other tags stay valid, and those of the same tag are software's business. */
void sys_set_ttbr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t old = sysreg_store(c, r, value);
    if ((old ^ sysreg_value(c, r)) >> 48)
        arm_mode_changed(c);
}

void sys_set_tcr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    if (!arm_has(c, ARM_e0pd))
        value &= ~TCR_E0PD;
    if (sysreg_store(c, r, value) != sysreg_value(c, r))
        tlb_flush(&c->cpu, regimes_of(r), -1);
    arm_mode_changed(c);
}

void sys_set_mair(ArmCpu *c, const SysReg *r, uint64_t value)
{
    if (sysreg_store(c, r, value) != sysreg_value(c, r))
        tlb_flush(&c->cpu, regimes_of(r), -1);
}

void sys_set_hcr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t changed = sysreg_store(c, r, value) ^ sysreg_value(c, r);
    if (changed & (HCR_VM | HCR_PTW | HCR_DC | HCR_TGE | HCR_CD | HCR_ID))
        tlb_flush(&c->cpu, EL10_REGIMES, -1);
    arm_mode_changed(c);
    arm_recheck_interrupts(c);
}

void sys_set_stage2(ArmCpu *c, const SysReg *r, uint64_t value)
{
    if (sysreg_store(c, r, value) != sysreg_value(c, r))
        tlb_flush(&c->cpu, EL10_REGIMES, -1);
}

/* FPCR: rounding mode and what makes FP take the slow way. */
void sys_set_fpcr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t old = sysreg_store(c, r, value);
    if (old == sysreg_value(c, r))
        return;
    arm_sync_mxcsr(c);
    arm_mode_changed(c);
}
