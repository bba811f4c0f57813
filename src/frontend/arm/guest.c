/* AArch64 as the engine sees it: reset, what translation depends on, which translations of addresses are in force. */
#include "frontend/arm/guest.h"

#include "frontend/arm/helpers.h"
#include "frontend/arm/mmu.h"

#include <string.h>

void arm_reset(Cpu *cpu)
{
    ArmCpu *c = arm_of(cpu);
    state_reset(arm_state, c);
    sysregs_reset(c);
    arm_model_reset(c);
    c->pc = c->rvbar;
    c->el = arm_has(c, ARM_el2) ? 2 : 1;
    c->sp_sel = 1;
    c->cpu.mxcsr = 0x1f80;
    arm_sync_mxcsr(c);
    arm_mode_changed(c);
}

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

/* Top byte ignored: bit 55 stands for it. */
static uint64_t strip(const Cpu *cpu, uint64_t addr)
{
    uint64_t mode = arm_mode(cpu);
    if (!(mode & (addr >> 55 & 1 ? M_TBI1 : M_TBI0)))
        return addr;
    if ((mode & M_EL) == 2)
        return addr << 8 >> 8;
    return (uint64_t)((int64_t)(addr << 8) >> 8);
}

static void fault(Cpu *cpu, uint64_t addr, Access access, const Walk *w, bool user)
{
    arm_fault(cpu, addr, access, w, user);
}

static void misaligned(Cpu *cpu, uint64_t addr, Access access)
{
    arm_fault(cpu, addr, access, &(Walk){ .fault = ARM_FAULT_ALIGN }, false);
}

static void bus_error(Cpu *cpu, uint64_t addr, Access access, uint64_t phys)
{
    (void)phys;
    arm_fault(cpu, addr, access, &(Walk){ .fault = ARM_FAULT_EXTERNAL }, false);
}

static const char *disassembler(const Cpu *cpu, int *arch, int *mode)
{
    (void)cpu;
    *arch = 1; /* CS_ARCH_ARM64 */
    *mode = 0;
    return "aarch64";
}

const Helper arm_helpers[] = {
#define HELPER(name, fn, effects) { #name, (void *)fn, effects },
#include "frontend/arm/helpers.def"
    { NULL },
};

static const uint16_t hot[] = {
    S_X0, S_X0 + 1, S_X0 + 2, S_X0 + 3, S_X0 + 8, S_X0 + 19, S_X0 + 20, S_SP, S_X30, 0xffff
};
static const uint16_t hot_vector[] = { 0xffff };

const Guest aarch64_guest = {
    .name = "aarch64",
    .size = sizeof(ArmCpu),
    .state = arm_state,
    .hot = hot,
    .hot_vector = hot_vector,
    .helpers = arm_helpers,
    .pc_slot = S_PC,
    .pc_shift = 2,
    .insn_max = 4,
    .flags_mask = FLAGS_ALL,
    .reset = arm_reset,
    .mode = arm_mode,
    .regime = arm_regime,
    .translate = arm_translate,
    .walk = arm_walk,
    .fault = fault,
    .misaligned = misaligned,
    .bus_error = bus_error,
    .interrupt = arm_interrupt,
    .wakes = arm_wakes,
    .strip = strip,
    .disassembler = disassembler,
};
