/* The host's 80-bit floating-point unit, an instruction at a time: what x87 guests compute is what it computes. */
#pragma once
#include <stdint.h>

/* As FSAVE leaves it and FRSTOR takes it, 32-bit protected mode (SDM volume 1, figures 8-9 and 8-13). */
typedef struct F80Image {
    uint16_t control, reserved0;
    uint16_t status, reserved1;
    uint16_t tags, reserved2;
    uint32_t pointers[4];
    uint8_t st[8][10]; /* ST(0) first */
} F80Image;

/* Runs one instruction on that state. insn: the low three bits of the first byte << 8 | ModRM; of a memory operand only
 * the reg field counts, it is at `memory`. flags: CF PF AF ZF SF in their places; returned as they are afterwards. No
 * instruction that waits for an exception may be run on an image with one pending. The host's unit is empty and its
 * control word at its default afterwards. */
uint32_t f80_execute(F80Image *, unsigned insn, void *memory, uint32_t flags);

/* The host's own unit: no exceptions, and this control word, which masks all. */
void f80_reset(uint16_t control);
