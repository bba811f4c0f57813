/* AT: address translation without the access; the answer goes to PAR_EL1. ARM DDI 0487, section D8.17 and PAR_EL1. */
#include "frontend/arm/mmu.h"

/* op2 of AT: bit 0 a write; bit 1 as EL0; bit 2 both stages. */
static ArmWalk request(const ArmCpu *c, uint32_t encoding, Walk *w, uint32_t *regime)
{
    bool el2 = (encoding >> 11 & 7) == 4 && !(encoding & 4), as_el0 = encoding & 2;
    bool pan = (encoding >> 3 & 15) == 9 && c->pan;
    *regime = el2 ? R_EL2 : as_el0 ? R_EL0 : pan ? R_EL1_PAN : R_EL1;
    return (ArmWalk){ .access = encoding & 1 ? STORE : LOAD, .privileged = !as_el0, .pan = pan, .probe = true, .w = w };
}

enum { ISS_WNR = 1 << 6, ISS_CM = 1 << 8 };

static bool is_external(const Walk *w)
{
    unsigned code = w->fault & 0x3f;
    return w->fault && code >= FSC_EXTERNAL && code < FSC_EXTERNAL + 8;
}

static uint64_t failed(const Walk *w)
{
    bool stage2 = w->fault & ARM_FAULT_STAGE2;
    return 1 | (uint64_t)(w->fault & 0x3f) << 1 | (w->fault & ARM_FAULT_S1PTW ? 1 << 8 : 0) | (stage2 ? 1 << 9 : 0) |
           1 << 11;
}

/* True: an exception was taken. */
bool arm_at(Cpu *cpu, uint64_t addr, uint32_t encoding)
{
    ArmCpu *c = arm_of(cpu);
    Walk w = { 0 };
    uint32_t regime;
    ArmWalk a = request(c, encoding, &w, &regime);
    a.addr = addr;
    arm_stage1(c, regime, &a);
    if (!w.fault && (encoding >> 11 & 7) == 4 && encoding & 4)
        arm_stage2(c, &a);
    bool device = !(a.attributes & 0xf0);
    /* Device and Non-cacheable memory is reported as outer shareable. */
    uint64_t shareability = device || a.attributes == 0x44 ? 2 : a.shareability;
    if (is_external(&w)) {
        /* This one is an exception: D8.17.3 */
        arm_take_sync(c, EC_DABORT_LOW, (w.fault & 0x3f) | ISS_CM | ISS_WNR, c->pc, true, addr);
        return true;
    }
    if (w.fault)
        c->par = failed(&w);
    else
        c->par = (w.phys & 0xfffffffff000) | (uint64_t)a.attributes << 56 | shareability << 7 | 1 << 9 | 1 << 11;
    return false;
}
