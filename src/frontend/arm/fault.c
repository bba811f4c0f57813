/* Aborts: a failed access becomes an exception. ARM DDI 0487, section D17.2.37, data and instruction abort syndromes.
 */
#include "frontend/arm/helpers.h"
#include "frontend/arm/mmu.h"

enum { ISS_WNR = 1 << 6, ISS_S1PTW = 1 << 7 };

void arm_fault(Cpu *cpu, uint64_t addr, int access, const Walk *w, bool user)
{
    (void)user;
    ArmCpu *c = arm_of(cpu);
    uint64_t return_pc = access == FETCH ? addr : c->pc;
    if (w->fault == ARM_FAULT_PC) {
        arm_take_sync(c, EC_PC_ALIGN, 0, return_pc, true, addr);
        return;
    }
    ArmEc class = access == FETCH ? EC_IABORT_LOW : EC_DABORT_LOW;
    uint32_t iss = w->fault & 0x3f;
    iss |= access == STORE ? ISS_WNR : 0;
    iss |= w->fault & ARM_FAULT_S1PTW ? ISS_S1PTW : 0;
    if (!(w->fault & ARM_FAULT_STAGE2)) {
        arm_take_sync(c, class, iss, return_pc, true, addr);
        return;
    }
    c->hpfar = w->fault_info >> 12 << 4;
    arm_take_sync_to(c, 2, class, iss, return_pc, true, addr);
}

/* From translated code: an alignment fault of this access. Leaves. */
uint64_t arm_help_align_fault(Cpu *cpu, uint64_t addr, uint64_t access, uint64_t x)
{
    (void)x;
    arm_fault(cpu, addr, (int)access, &(Walk){ .fault = ARM_FAULT_ALIGN }, false);
    return 1;
}
