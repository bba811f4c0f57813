/* Random instructions for tests, made from the rows of a64.isa. */
#pragma once
#include "frontend/arm/a64_decode.h"

uint64_t random_next(uint64_t *seed); /* *seed must not be 0 */

/* A word that decodes as this row. Whether a CPU model has it, and whether the manual calls it CONSTRAINED
 * UNPREDICTABLE (a load to its own base register with write-back), is not looked at. */
uint32_t a64_random(const A64Row *row, uint64_t *seed);
