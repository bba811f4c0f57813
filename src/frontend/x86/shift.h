/* Shifts and rotates as helpers see them: int_shift.c packs, help_int.c unpacks. */
#pragma once
#include <stdint.h>

typedef enum X86Shift {
    SHIFT_ROL,
    SHIFT_ROR,
    SHIFT_RCL,
    SHIFT_RCR,
    SHIFT_SHL,
    SHIFT_SHR,
    SHIFT_SHLD,
    SHIFT_SAR,
    SHIFT_SHRD
} X86Shift;

/* One argument for what is no value of the program: count (8 bits), operation, size in bits, packed flags before. */
#define SHIFT_ARG(op, bits)   ((uint64_t)(op) << 8 | (uint64_t)(bits) << 16)
#define SHIFT_ARG_FLAGS_SHIFT 32
