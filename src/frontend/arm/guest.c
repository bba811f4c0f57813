/* AArch64 as the engine sees it. */
#include "frontend/arm/guest.h"

#include "cpu/run.h"
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
    arm_debug_changed(c);
    arm_mode_changed(c);
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

static void settle(Cpu *cpu)
{
    ArmCpu *c = arm_of(cpu);
    arm_sync_mxcsr(c);
    c->nzcv &= FLAGS_ALL;
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
static const uint16_t hot_vector[] = { S_V0,     S_V0 + 1, S_V0 + 2,  S_V0 + 3,  S_V0 + 4, S_V0 + 5,
                                       S_V0 + 6, S_V0 + 7, S_V0 + 16, S_V0 + 17, 0xffff };

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
    .shape = arm_shape,
    .walk = arm_walk,
    .fault = fault,
    .misaligned = misaligned,
    .bus_error = bus_error,
    .interrupt = arm_interrupt,
    .wakes = arm_wakes,
    .strip = strip,
    .settle = settle,
    .test_line = arm_test_line,
    .disassembler = disassembler,
    .debug = &arm_debug,
};

bool arm_guest_start(ArmCpu *c, Error *err)
{
    arm_shapes_make();
    return cpu_init(&c->cpu, &aarch64_guest, err);
}
