/* System registers that are views of other state: the processor state, identification, debug claims. */
#include "frontend/arm/arm.h"

uint64_t sys_get_zero(ArmCpu *c, const SysReg *r)
{
    (void)c, (void)r;
    return 0;
}

void sys_set_nothing(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)c, (void)r, (void)value;
}

/* EL2 chooses what EL1 sees. */
uint64_t sys_get_midr(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return arm_has(c, ARM_el2) && c->el < 2 ? c->sys.VPIDR_EL2 : c->sys.MIDR_EL1;
}

uint64_t sys_get_mpidr(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return arm_has(c, ARM_el2) && c->el < 2 ? c->sys.VMPIDR_EL2 : c->mpidr;
}

/* DC ZVA clears 64 bytes; bit 4: it is forbidden. */
uint64_t sys_get_dczid(ArmCpu *c, const SysReg *r)
{
    (void)r;
    bool forbidden = (c->el == 0 && !(c->sctlr[1] & SCTLR_DZE)) || (c->el < 2 && arm_hcr(c) & HCR_TDZ);
    return 4 | (forbidden ? 1 << 4 : 0);
}

/* Pending interrupts, masked or not; in EL1 the virtual ones where EL2 owns the physical. */
uint64_t sys_get_isr(ArmCpu *c, const SysReg *r)
{
    (void)r;
    uint32_t lines = cpu_lines(&c->cpu);
    uint64_t hcr = arm_hcr(c);
    bool irq = lines >> ARM_IRQ & 1, fiq = lines >> ARM_FIQ & 1, serror = false;
    if (c->el < 2 && hcr & HCR_IMO)
        irq = lines >> ARM_VIRQ & 1 || hcr & HCR_VI;
    if (c->el < 2 && hcr & HCR_FMO)
        fiq = lines >> ARM_VFIQ & 1 || hcr & HCR_VF;
    if (c->el < 2 && hcr & HCR_AMO)
        serror = hcr & HCR_VSE;
    return (uint64_t)serror << 8 | (uint64_t)irq << 7 | (uint64_t)fiq << 6;
}

uint64_t sys_get_rvbar(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return c->rvbar;
}

uint64_t sys_get_spsel(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return c->sp_sel;
}

void sys_set_spsel(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    arm_set_pstate_el(c, c->el, value & 1);
}

uint64_t sys_get_current_el(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return (uint64_t)c->el << 2;
}

uint64_t sys_get_pan(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return (uint64_t)c->pan << 22;
}

void sys_set_pan(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->pan = value >> 22 & 1;
    arm_mode_changed(c);
}

uint64_t sys_get_uao(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return (uint64_t)c->uao << 23;
}

void sys_set_uao(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->uao = value >> 23 & 1;
    arm_mode_changed(c);
}

uint64_t sys_get_dit(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return (uint64_t)c->dit << 24;
}

void sys_set_dit(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->dit = value >> 24 & 1;
}

uint64_t sys_get_nzcv(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return (uint64_t)arm_unpack_nzcv(c->nzcv) << 28;
}

void sys_set_nzcv(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->nzcv = arm_pack_nzcv(value >> 28 & 15);
}

uint64_t sys_get_daif(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return (uint64_t)c->daif << 6;
}

void sys_set_daif(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->daif = value >> 6 & 15;
    if (c->mdscr & MDSCR_SS)
        arm_mode_changed(c); /* PSTATE.D takes part in software step */
    arm_recheck_interrupts(c);
}

/* The lock is bit 1 of OSLSR_EL1; locked, no debug exception is taken. */
void sys_set_oslar(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->sys.OSLSR_EL1 = (c->sys.OSLSR_EL1 & ~2ull) | (value & 1) << 1;
    arm_mode_changed(c);
}

uint64_t sys_get_claimset(ArmCpu *c, const SysReg *r)
{
    (void)c, (void)r;
    return 0xff; /* the tags there are */
}

void sys_set_claimset(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->sys.DBGCLAIMCLR_EL1 |= value & 0xff;
}

void sys_set_claimclr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    c->sys.DBGCLAIMCLR_EL1 &= ~value;
}
