/* The SYS instructions: TLB invalidation, caches, address translation. ARM DDI 0487, section C5.3 to C5.5.
 *
 * A broadcast invalidation is posted to the other CPUs; the DSB that must follow waits for them. */
#include "frontend/arm/arm.h"

#include "core/machine.h"
#include "frontend/arm/helpers.h"

enum { EL10 = 1 << R_EL0 | 1 << R_EL1 | 1 << R_EL1_PAN, EL2 = 1 << R_EL2 };

/* The address in bits 43..0 of the argument, as the translation regime extends it. */
static uint64_t address(uint64_t arg)
{
    return (uint64_t)((int64_t)(arg << 20) >> 8);
}

/* The tag an ASID argument means on this CPU. With EL2 the VMID is the initiator's: then all tags. */
static int64_t tag(const ArmCpu *c, uint64_t arg)
{
    if (arm_has(c, ARM_el2))
        return -1;
    return (int64_t)(c->tcr[1] >> 36 & 1 ? arg >> 48 : arg >> 48 & 0xff);
}

static void all_el1(Cpu *cpu, uint64_t arg)
{
    (void)arg;
    tlb_flush(cpu, EL10, -1);
}

static void va_el1(Cpu *cpu, uint64_t arg)
{
    tlb_flush_va(cpu, address(arg), EL10, tag(arm_of(cpu), arg));
}

static void va_all_asids(Cpu *cpu, uint64_t arg)
{
    tlb_flush_va(cpu, address(arg), EL10, -1);
}

static void asid(Cpu *cpu, uint64_t arg)
{
    tlb_flush_non_global(cpu, EL10, tag(arm_of(cpu), arg));
}

static void all_el2(Cpu *cpu, uint64_t arg)
{
    (void)arg;
    tlb_flush(cpu, EL2, -1);
}

static void va_el2(Cpu *cpu, uint64_t arg)
{
    tlb_flush_va(cpu, address(arg), EL2, -1);
}

/* clang-format off */
#define SYS(name, op1, crn, crm, op2, ...) { name, SYSREG(1, op1, crn, crm, op2), __VA_ARGS__ }
/* Both the one for this CPU and the one for the inner shareable domain, whose CRm is 4 less. */
#define TLBI(name, op1, crm, op2, el, fn)                                                                              \
    SYS("tlbi " name, op1, 8, crm, op2, el, TR_TLB, false, fn),                                                        \
        SYS("tlbi " name "is", op1, 8, crm - 4, op2, el, TR_TLB, true, fn)
/* clang-format on */

/* Caches are coherent with memory here and code is watched for writes, so their maintenance is to be allowed only. */
static const SysOp sysops[] = {
    SYS("ic ialluis", 0, 7, 1, 0, 1, TR_CACHE, false, NULL),
    SYS("ic iallu", 0, 7, 5, 0, 1, TR_CACHE, false, NULL),
    SYS("ic ivau", 3, 7, 5, 1, 0, TR_POINT, false, NULL),
    SYS("dc ivac", 0, 7, 6, 1, 1, TR_POINT, false, NULL),
    SYS("dc isw", 0, 7, 6, 2, 1, TR_SETWAY, false, NULL),
    SYS("dc csw", 0, 7, 10, 2, 1, TR_SETWAY, false, NULL),
    SYS("dc cisw", 0, 7, 14, 2, 1, TR_SETWAY, false, NULL),
    SYS("dc zva", 3, 7, 4, 1, 0, TR_ZVA, false, NULL),
    SYS("dc cvac", 3, 7, 10, 1, 0, TR_POINT, false, NULL),
    SYS("dc cvau", 3, 7, 11, 1, 0, TR_POINT, false, NULL),
    SYS("dc cvap", 3, 7, 12, 1, 0, TR_POINT, false, NULL, ARM_dpb),
    SYS("dc civac", 3, 7, 14, 1, 0, TR_POINT, false, NULL),
    SYS("at s1e1r", 0, 7, 8, 0, 1, TR_NONE, false, NULL),
    SYS("at s1e1w", 0, 7, 8, 1, 1, TR_NONE, false, NULL),
    SYS("at s1e0r", 0, 7, 8, 2, 1, TR_NONE, false, NULL),
    SYS("at s1e0w", 0, 7, 8, 3, 1, TR_NONE, false, NULL),
    SYS("at s1e1rp", 0, 7, 9, 0, 1, TR_NONE, false, NULL, ARM_pan),
    SYS("at s1e1wp", 0, 7, 9, 1, 1, TR_NONE, false, NULL, ARM_pan),
    SYS("at s1e2r", 4, 7, 8, 0, 2, TR_NONE, false, NULL),
    SYS("at s1e2w", 4, 7, 8, 1, 2, TR_NONE, false, NULL),
    SYS("at s12e1r", 4, 7, 8, 4, 2, TR_NONE, false, NULL),
    SYS("at s12e1w", 4, 7, 8, 5, 2, TR_NONE, false, NULL),
    SYS("at s12e0r", 4, 7, 8, 6, 2, TR_NONE, false, NULL),
    SYS("at s12e0w", 4, 7, 8, 7, 2, TR_NONE, false, NULL),
    TLBI("vmalle1", 0, 7, 0, 1, all_el1),
    TLBI("vae1", 0, 7, 1, 1, va_el1),
    TLBI("aside1", 0, 7, 2, 1, asid),
    TLBI("vaae1", 0, 7, 3, 1, va_all_asids),
    TLBI("vale1", 0, 7, 5, 1, va_el1),
    TLBI("vaale1", 0, 7, 7, 1, va_all_asids),
    TLBI("alle2", 4, 7, 0, 2, all_el2),
    TLBI("vae2", 4, 7, 1, 2, va_el2),
    TLBI("alle1", 4, 7, 4, 2, all_el1),
    TLBI("vale2", 4, 7, 5, 2, va_el2),
    TLBI("vmalls12e1", 4, 7, 6, 2, all_el1),
    TLBI("ipas2e1", 4, 4, 1, 2, all_el1),
    TLBI("ipas2le1", 4, 4, 5, 2, all_el1),
};

const SysOp *sysop_find(const ArmCpu *c, uint32_t encoding)
{
    for (size_t i = 0; i < sizeof sysops / sizeof *sysops; i++)
        if (sysops[i].encoding == encoding)
            return arm_has(c, sysops[i].needs) ? &sysops[i] : NULL;
    return NULL;
}

static void broadcast(ArmCpu *c, void (*fn)(Cpu *, uint64_t), uint64_t arg)
{
    const Machine *m = c->cpu.dev.machine;
    for (int i = 0; i < m->config->cpus; i++)
        if (m->cpu[i] != &c->cpu) {
            cpu_post(m->cpu[i], fn, arg);
            c->sys.tlb_posted = true;
        }
}

bool sysop_run(ArmCpu *c, const SysOp *op, uint64_t arg)
{
    if ((op->encoding & ~(uint32_t)0x3807) == SYSREG(1, 0, 7, 8, 0) ||
        (op->encoding & ~(uint32_t)0x3807) == SYSREG(1, 0, 7, 9, 0))
        return arm_at(&c->cpu, arg, op->encoding);
    if (!op->fn)
        return false;
    op->fn(&c->cpu, arg);
    if (op->all)
        broadcast(c, op->fn, arg);
    return false;
}

/* DSB: everything this CPU asked of the others has happened. */
uint64_t arm_help_dsb(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    ArmCpu *c = arm_of(cpu);
    if (c->sys.tlb_posted) {
        c->sys.tlb_posted = false;
        cpu_post_wait(cpu);
    }
    return 0;
}
