/* Random x86 instructions from the rows of the opcode map. */
#pragma once
#include "frontend/x86/decode.h"

static inline uint64_t x86_random_number(uint64_t *seed) /* 48 bits; xorshift64* */
{
    uint64_t x = *seed ? *seed : 1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *seed = x;
    return x * 0x2545f4914f6cdd1dull >> 16;
}

static inline unsigned x86_random_below(uint64_t *seed, unsigned n)
{
    return (unsigned)((x86_random_number(seed) >> 16) * n >> 32);
}

/* Writes 16 bytes that begin with an instruction of that row in that mode, prefixes included; what follows it is
 * random. false: the row does not exist in the mode. LOCK is given only where it may be. */
bool x86_random(int row, uint64_t mode, uint64_t *seed, uint8_t code[16]);
