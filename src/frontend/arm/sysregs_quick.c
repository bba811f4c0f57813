/* Helpers for system registers that are written on every context switch or user access. Built without FP and vector
 * registers (meson.build), so that calling them saves little. */
#include "frontend/arm/arm.h"

#include "frontend/arm/helpers.h"

#include <string.h>

/* A register that is only stored. offset in ArmCpu; size 4 or 8 */
uint64_t arm_help_sysreg_plain(Cpu *cpu, uint64_t offset, uint64_t size, uint64_t x)
{
    (void)x;
    const char *at = (const char *)cpu + offset;
    uint32_t narrow;
    uint64_t wide;
    if (size == 4)
        return memcpy(&narrow, at, sizeof narrow), narrow;
    return memcpy(&wide, at, sizeof wide), wide;
}

/* The same for 8 bytes, written: the bits of mask. */
uint64_t arm_help_sysreg_put(Cpu *cpu, uint64_t offset, uint64_t value, uint64_t mask)
{
    uint64_t *at = (uint64_t *)(void *)((char *)cpu + offset);
    *at = (*at & ~mask) | (value & mask);
    return 0;
}

uint64_t arm_help_pan(Cpu *cpu, uint64_t pan, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    ArmCpu *c = arm_of(cpu);
    if (c->pan != pan) {
        c->pan = (uint8_t)pan;
        arm_mode_changed(c);
    }
    return 0;
}

/* TTBR0_EL1, TTBR1_EL1: see sys_set_ttbr. */
uint64_t arm_help_ttbr(Cpu *cpu, uint64_t upper, uint64_t value, uint64_t x)
{
    (void)x;
    ArmCpu *c = arm_of(cpu);
    uint64_t *at = upper ? &c->ttbr1[1] : &c->ttbr0[1];
    uint64_t old = *at;
    *at = value;
    if ((old ^ value) >> 48)
        arm_mode_changed(c);
    return 0;
}
