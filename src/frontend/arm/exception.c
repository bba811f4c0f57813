/* Taking exceptions and returning from them. ARM DDI 0487, section D1.3 "Exceptions".
 *
 * Built without FP and vector registers (meson.build): an exception is then as cheap as a call. */
#include "frontend/arm/arm.h"

#include "base/log.h"
#include "frontend/arm/helpers.h"

enum { VECTOR_SYNC = 0, VECTOR_IRQ = 0x80, VECTOR_FIQ = 0x100, VECTOR_SERROR = 0x180 };
enum { VECTOR_SAME_SPX = 0x200, VECTOR_LOWER_64 = 0x400 };
#define SPSR_SS (1ull << 21)

void arm_mode_changed(ArmCpu *c)
{
    cpu_switch_bank(&c->cpu);
}

uint32_t arm_pack_nzcv(unsigned nzcv)
{
    return (nzcv & 8 ? FLAG_N : 0) | (nzcv & 4 ? FLAG_Z : 0) | (nzcv & 2 ? 0 : FLAG_C) | (nzcv & 1 ? FLAG_V : 0);
}

unsigned arm_unpack_nzcv(uint32_t packed)
{
    return (packed & FLAG_N ? 8 : 0) | (packed & FLAG_Z ? 4 : 0) | (packed & FLAG_C ? 0 : 2) |
           (packed & FLAG_V ? 1 : 0);
}

uint64_t arm_get_spsr(const ArmCpu *c)
{
    return (uint64_t)arm_unpack_nzcv(c->nzcv) << 28 | (uint64_t)c->tco << 25 | (uint64_t)c->dit << 24 |
           (uint64_t)c->uao << 23 | (uint64_t)c->pan << 22 | (uint64_t)c->ss << 21 | (uint64_t)c->il << 20 |
           (uint64_t)c->btype << 10 | (uint64_t)c->daif << 6 | (uint64_t)c->el << 2 | c->sp_sel;
}

static void switch_stack(ArmCpu *c, int el, int sp_sel)
{
    c->sp_el[c->sp_sel ? c->el : 0] = c->sp;
    c->el = (uint8_t)el;
    c->sp_sel = (uint8_t)sp_sel;
    c->sp = c->sp_el[sp_sel ? el : 0];
}

void arm_set_pstate_el(ArmCpu *c, int el, int sp_sel)
{
    switch_stack(c, el, sp_sel);
    arm_mode_changed(c);
}

uint64_t arm_hcr(const ArmCpu *c)
{
    return arm_has(c, ARM_el2) ? c->hcr : 0;
}

/* Everything that taking an exception does but for the syndrome. */
static void enter(ArmCpu *c, int target, uint64_t kind, uint64_t return_pc)
{
    uint64_t spsr = arm_get_spsr(c);
    /* An instruction that a software step let through and that faulted is stepped again: D2.10.5 */
    if (return_pc == c->step_pc)
        spsr |= SPSR_SS;
    uint64_t from = c->el < target ? VECTOR_LOWER_64 : c->sp_sel ? VECTOR_SAME_SPX : 0;
    if (log_on(LOG_INT))
        cpu_log("cpu %d: exception to EL%d, vector +%llx, from EL%d pc %llx", cpu_number(&c->cpu), target,
                (unsigned long long)(from + kind), c->el, (unsigned long long)return_pc);
    c->spsr[target] = spsr;
    c->elr[target] = return_pc;
    c->step_pc = ~0ull;
    c->ss = c->il = c->btype = c->uao = 0;
    c->daif = 15;
    if (arm_has(c, ARM_pan) && target == 1 && !(c->sctlr[1] & SCTLR_SPAN))
        c->pan = 1;
    switch_stack(c, target, 1);
    c->pc = c->vbar[target] + from + kind;
    arm_mode_changed(c);
}

/* Classes that have a second number for "from the same exception level", one higher. */
static bool has_same_level_class(int ec)
{
    return ec == EC_IABORT_LOW || ec == EC_DABORT_LOW || ec == EC_BREAK_LOW || ec == EC_STEP_LOW || ec == EC_WATCH_LOW;
}

void arm_take_sync_to(ArmCpu *c, int target, int ec, uint32_t iss, uint64_t return_pc, bool has_far, uint64_t far)
{
    if (target == c->el && has_same_level_class(ec))
        ec++;
    if (has_far)
        c->far[target] = far;
    c->esr[target] = (uint64_t)ec << 26 | 1u << 25 | iss;
    if (log_on(LOG_INT))
        cpu_log("cpu %d: esr %llx far %llx", cpu_number(&c->cpu), (unsigned long long)c->esr[target],
                (unsigned long long)c->far[target]);
    enter(c, target, VECTOR_SYNC, return_pc);
}

/* Whether CPACR_EL1 traps FP and SIMD; if not, CPTR_EL2 did. */
static bool cpacr_traps(const ArmCpu *c)
{
    unsigned fpen = c->cpacr >> 20 & 3;
    return c->el <= 1 && !(arm_hcr(c) & HCR_TGE) && fpen != 3 && (fpen != 1 || c->el == 0);
}

static bool is_debug(ArmEc ec)
{
    return ec == EC_BREAK_LOW || ec == EC_STEP_LOW || ec == EC_WATCH_LOW || ec == EC_BRK64;
}

void arm_take_sync(ArmCpu *c, ArmEc ec, uint32_t iss, uint64_t return_pc, bool has_far, uint64_t far)
{
    int target = c->el > 1 || (c->el == 0 && arm_hcr(c) & HCR_TGE) ? 2 : 1;
    if (ec == EC_FP && !cpacr_traps(c)) {
        target = 2;
        iss = (iss & 0x1f00000) | 0xa; /* CPTR_EL2 reports the coprocessor number of FP: D17.2.37 */
    } else if (is_debug(ec) && arm_has(c, ARM_el2) && c->sys.MDCR_EL2 & MDCR_TDE) {
        target = 2;
    }
    arm_take_sync_to(c, target, ec, iss, return_pc, has_far, far);
}

void arm_take_interrupt(ArmCpu *c, bool fiq, int target_el)
{
    enter(c, target_el, fiq ? VECTOR_FIQ : VECTOR_IRQ, c->pc);
}

/* ---- which interrupt can be taken: D1.3.6 ---- */
enum { MASK_F = 1, MASK_I = 2, MASK_A = 4 };

/* Target of a physical interrupt now; 0: masked, or meant for a lower level. */
static int physical_target(const ArmCpu *c, uint64_t route, unsigned mask)
{
    if (arm_hcr(c) & (route | HCR_TGE))
        return c->el < 2 || !(c->daif & mask) ? 2 : 0;
    return c->el < 2 && !(c->daif & mask) ? 1 : 0;
}

static bool virtual_taken(const ArmCpu *c, uint64_t route, unsigned mask)
{
    return c->el < 2 && (arm_hcr(c) & (route | HCR_TGE)) == route && !(c->daif & mask);
}

typedef struct Pending {
    int target; /* 0: nothing */
    uint64_t kind;
} Pending;

static Pending pending(const ArmCpu *c)
{
    uint32_t lines = cpu_lines(&c->cpu);
    uint64_t hcr = arm_hcr(c);
    if (!lines && !(hcr & (HCR_VI | HCR_VF | HCR_VSE)))
        return (Pending){ 0 };
    int target = lines >> ARM_FIQ & 1 ? physical_target(c, HCR_FMO, MASK_F) : 0;
    if (target)
        return (Pending){ target, VECTOR_FIQ };
    target = lines >> ARM_IRQ & 1 ? physical_target(c, HCR_IMO, MASK_I) : 0;
    if (target)
        return (Pending){ target, VECTOR_IRQ };
    if ((lines >> ARM_VFIQ & 1 || hcr & HCR_VF) && virtual_taken(c, HCR_FMO, MASK_F))
        return (Pending){ 1, VECTOR_FIQ };
    if ((lines >> ARM_VIRQ & 1 || hcr & HCR_VI) && virtual_taken(c, HCR_IMO, MASK_I))
        return (Pending){ 1, VECTOR_IRQ };
    if (hcr & HCR_VSE && virtual_taken(c, HCR_AMO, MASK_A))
        return (Pending){ 1, VECTOR_SERROR };
    return (Pending){ 0 };
}

bool arm_interrupt_pending(const ArmCpu *c)
{
    return pending(c).target;
}

bool arm_interrupt(Cpu *cpu)
{
    ArmCpu *c = arm_of(cpu);
    Pending p = pending(c);
    if (!p.target)
        return false;
    if (p.kind == VECTOR_SERROR) {
        c->hcr &= ~HCR_VSE;
        c->esr[1] = (uint64_t)EC_SERROR << 26 | 1u << 25;
    }
    enter(c, p.target, p.kind, c->pc);
    return true;
}

/* D1.6.2: what ends WFI does so whether PSTATE masks it or not. */
bool arm_wakes(const Cpu *cpu)
{
    const ArmCpu *c = (const ArmCpu *)cpu;
    uint32_t lines = cpu_lines(cpu);
    uint64_t hcr = arm_hcr(c);
    uint64_t virtual = (lines >> ARM_VFIQ & 1 ? HCR_VF : 0) | (lines >> ARM_VIRQ & 1 ? HCR_VI : 0) | hcr;
    return lines & (1u << ARM_IRQ | 1u << ARM_FIQ) || (hcr & HCR_FMO && virtual & HCR_VF) ||
           (hcr & HCR_IMO && virtual & HCR_VI) || (hcr & HCR_AMO && hcr & HCR_VSE);
}

void arm_recheck_interrupts(ArmCpu *c)
{
    if (arm_interrupt_pending(c))
        __atomic_store_n(&c->cpu.stop, CPU_STOP, __ATOMIC_RELAXED);
}

/* Whether debug exceptions are enabled here: D2.4 */
bool arm_debug_enabled(const ArmCpu *c)
{
    if (c->sys.OSLSR_EL1 & 2)
        return false;
    int debug_el = arm_has(c, ARM_el2) && (c->hcr & HCR_TGE || c->sys.MDCR_EL2 & MDCR_TDE) ? 2 : 1;
    return c->el < debug_el || (c->el == debug_el && c->mdscr & MDSCR_KDE && !(c->daif & 8));
}

/* ---- software step: D2.10 ---- */
bool arm_step_active(const ArmCpu *c)
{
    return c->mdscr & MDSCR_SS && arm_debug_enabled(c);
}

enum { STEP_ISV = 1 << 24, STEP_EX = 1 << 6, STATUS_DEBUG = 0x22 };

/* Before each instruction where M_STEP is set: lets one through, and stops at the next. Leaves if it stopped. What the
 * syndrome says of the instruction that was stepped (ISV, EX): whether there was one, and was a load-exclusive. */
uint64_t arm_help_step(Cpu *cpu, uint64_t pc, uint64_t exclusive, uint64_t x)
{
    (void)x;
    ArmCpu *c = arm_of(cpu);
    if (c->ss) {
        c->ss = 0;
        c->step_pc = pc;
        c->step_exclusive = exclusive;
        return 0;
    }
    uint32_t stepped = c->step_pc == ~0ull ? 0 : c->step_exclusive ? STEP_ISV | STEP_EX : STEP_ISV;
    c->step_pc = ~0ull;
    arm_take_sync(c, EC_STEP_LOW, stepped | STATUS_DEBUG, pc, false, 0);
    return 1;
}

/* ---- exception return: D1.3.5 ---- */
static bool return_is_legal(const ArmCpu *c, uint64_t spsr)
{
    int el = spsr >> 2 & 3;
    if (spsr & 0x12) /* AArch32, or a reserved bit */
        return false;
    if (el > c->el || (el == 0 && spsr & 1))
        return false;
    return !(el == 1 && arm_hcr(c) & HCR_TGE);
}

static void restore_pstate(ArmCpu *c, uint64_t spsr)
{
    c->nzcv = arm_pack_nzcv(spsr >> 28 & 15);
    c->daif = spsr >> 6 & 15;
    c->il = spsr >> 20 & 1;
    c->btype = 0;
    c->pan = arm_has(c, ARM_pan) ? spsr >> 22 & 1 : 0;
    c->uao = arm_has(c, ARM_uao) ? spsr >> 23 & 1 : 0;
    c->dit = arm_has(c, ARM_dit) ? spsr >> 24 & 1 : 0;
}

void arm_set_pstate(ArmCpu *c, uint64_t spsr)
{
    int el = spsr >> 2 & 3, sp_sel = spsr & 1;
    bool level = el <= (arm_has(c, ARM_el2) ? 2 : 1) && (el || !sp_sel);
    restore_pstate(c, spsr);
    if (level && !(spsr & 0x12))
        switch_stack(c, el, sp_sel);
    arm_mode_changed(c);
}

void arm_eret(ArmCpu *c)
{
    uint64_t spsr = c->spsr[c->el];
    bool stepped_here = arm_step_active(c), legal = return_is_legal(c, spsr);
    c->pc = c->elr[c->el];
    c->excl_addr = ~0ull;
    c->step_pc = ~0ull;
    restore_pstate(c, spsr);
    if (legal)
        switch_stack(c, spsr >> 2 & 3, spsr & 1);
    else
        c->il = 1;
    c->ss = !stepped_here && arm_step_active(c) && spsr & SPSR_SS ? 1 : 0;
    /* The next instruction would raise it, whatever it is. */
    if (c->il)
        arm_take_sync(c, EC_ILLEGAL, 0, c->pc, false, 0);
    else
        arm_mode_changed(c);
    arm_recheck_interrupts(c);
}

/* ---- what translated code calls ---- */
uint64_t arm_help_eret(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    arm_eret(arm_of(cpu));
    return 1;
}

/* a: class << 32 | ISS; b: what ELR gets */
uint64_t arm_help_raise(Cpu *cpu, uint64_t a, uint64_t return_pc, uint64_t x)
{
    (void)x;
    arm_take_sync(arm_of(cpu), (ArmEc)(a >> 32), (uint32_t)a, return_pc, false, 0);
    return 1;
}

/* PSTATE.DAIF from MSR DAIFSet (0), DAIFClr (1) or DAIF (2); leaves for `next` if something may now be taken. */
uint64_t arm_help_daif(Cpu *cpu, uint64_t bits, uint64_t what, uint64_t next)
{
    ArmCpu *c = arm_of(cpu);
    unsigned before = c->daif, now = (unsigned)bits;
    if (what < 2)
        now = what ? before & ~now : before | now;
    c->daif = (uint8_t)now;
    bool unmasked = before & ~now && arm_interrupt_pending(c);
    if (!unmasked && !(c->mdscr & MDSCR_SS))
        return 0;
    c->pc = next;
    arm_mode_changed(c); /* PSTATE.D takes part in software step */
    arm_recheck_interrupts(c);
    return 1;
}

uint64_t arm_help_get_daif(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return (uint64_t)arm_of(cpu)->daif << 6;
}
