#include "tests/frontend/random_a64.h"

/* xorshift64*: G. Marsaglia, "Xorshift RNGs"; the multiplication makes the high bits good. */
uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1d;
}

uint32_t a64_random(const A64Row *row, uint64_t *seed)
{
    for (;;) {
        A64 i = { 0 };
        uint32_t word = (uint32_t)(random_next(seed) >> 32 & ~row->mask) | row->value;
        if (a64_decode(word, &i) == row)
            return word;
    }
}
