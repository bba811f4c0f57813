/* String instructions as their helper sees them: string.c packs, help_string.c unpacks. */
#pragma once
#include <stdint.h>

typedef enum X86String {
    STRING_MOVS,
    STRING_CMPS,
    STRING_STOS,
    STRING_LODS,
    STRING_SCAS,
    STRING_INS,
    STRING_OUTS
} X86String;

/* op, operand bytes, address bytes, segment of the source, REP prefix (0xf3, 0xf2, 0: once) */
#define STRING_ARG(op, bytes, adsize, seg, rep)                                                                        \
    ((uint64_t)(op) | (uint64_t)(bytes) << 8 | (uint64_t)(adsize) << 16 | (uint64_t)(seg) << 24 | (uint64_t)(rep) << 32)
