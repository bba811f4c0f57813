/* CPU models. */
#pragma once
#include "frontend/arm/arm.h"

struct ArmModel {
    const char *name;
    uint64_t features; /* those that -cpu cannot switch; the rest are properties with defaults in models.c */
    uint32_t midr, revidr;
    uint8_t pa_bits;
    uint32_t ctr, clidr;
    uint32_t ccsidr[3]; /* L1 data, L1 instruction, L2 */
};
