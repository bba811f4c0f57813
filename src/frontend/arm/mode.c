/* What translation depends on, and which translations of addresses are in force. Asked at every exception and return,
 * so built without FP and vector registers. */
#include "frontend/arm/guest.h"

/* CPACR_EL1.FPEN and CPTR_EL2.TFP: D1.3.4 */
static bool fp_traps(const ArmCpu *c)
{
    unsigned fpen = c->cpacr >> 20 & 3;
    if (c->el <= 1 && !(arm_hcr(c) & HCR_TGE) && fpen != 3 && (fpen != 1 || c->el == 0))
        return true;
    return arm_has(c, ARM_el2) && c->cptr_el2 >> 10 & 1;
}

enum { FPCR_FZ16 = 1 << 19, FPCR_FZ = 1 << 24, FPCR_AHP = 1 << 26 };

/* What EL0 is allowed by EL1, and both by EL2: sysregs_trap.c says the same with syndromes. */
static uint64_t allowed(const ArmCpu *c)
{
    uint64_t mode = M_ZVA | M_CACHE | M_COUNTER;
    if (c->el == 0) {
        mode &= c->sctlr[1] & SCTLR_DZE ? ~0ull : ~(uint64_t)M_ZVA;
        mode &= c->sctlr[1] & SCTLR_UCI ? ~0ull : ~(uint64_t)M_CACHE;
        mode &= c->cntkctl & 2 ? ~0ull : ~(uint64_t)M_COUNTER;
    }
    if (c->el < 2 && arm_hcr(c) & HCR_TDZ)
        mode &= ~(uint64_t)M_ZVA;
    if (c->el < 2 && arm_hcr(c) & (HCR_TPC | HCR_TPU))
        mode &= ~(uint64_t)M_CACHE;
    return mode;
}

uint64_t arm_mode(const Cpu *cpu)
{
    const ArmCpu *c = (const ArmCpu *)cpu;
    int rules = c->el == 2 ? 2 : 1; /* whose SCTLR and TCR */
    uint64_t sctlr = c->sctlr[rules], tcr = c->tcr[rules], mode = c->el | allowed(c);
    bool mmu = sctlr & SCTLR_M || (rules == 1 && arm_hcr(c) & HCR_DC);
    mode |= fp_traps(c) ? M_FP_TRAP : 0;
    mode |= c->fpcr & FPCR_FZ ? M_FP_SOFT : 0;
    mode |= c->fpcr & (FPCR_FZ16 | FPCR_AHP) ? M_FP_SOFT16 : 0;
    mode |= sctlr & SCTLR_A ? M_ALIGN : 0;
    mode |= sctlr & (c->el ? SCTLR_EE : SCTLR_E0E) ? M_BIG : 0;
    if (rules == 2)
        mode |= tcr >> 20 & 1 ? M_TBI0 | M_TBI1 : 0;
    else
        mode |= (tcr >> 37 & 1 ? M_TBI0 : 0) | (tcr >> 38 & 1 ? M_TBI1 : 0);
    mode |= c->mdscr & MDSCR_SS && arm_step_active(c) ? M_STEP : 0;
    mode |= mmu ? 0 : M_MMU_OFF;
    mode |= c->uao ? M_UAO : 0;
    mode |= c->sp_sel ? M_SP_SEL : 0;
    return mode;
}

static uint32_t tag(const ArmCpu *c)
{
    uint64_t tcr = c->tcr[1];
    uint32_t asid = (tcr >> 22 & 1 ? c->ttbr1[1] : c->ttbr0[1]) >> 48;
    uint32_t vmid = arm_has(c, ARM_el2) ? c->vttbr >> 48 : 0;
    return (tcr >> 36 & 1 ? asid : asid & 0xff) | vmid << 16;
}

Regime arm_regime(const Cpu *cpu, bool user)
{
    const ArmCpu *c = (const ArmCpu *)cpu;
    if (c->el == 2)
        return (Regime){ R_EL2, 0 };
    uint32_t regime = user || c->el == 0 ? R_EL0 : c->pan ? R_EL1_PAN : R_EL1;
    return (Regime){ regime, tag(c) };
}
