/* Random x86 instructions from the rows of the opcode map. */
#pragma once
#include "frontend/x86/decode.h"

uint64_t x86_random_number(uint64_t *seed);
/* Writes 16 bytes that begin with an instruction of that row in that mode, prefixes included; what follows it is
 * random. false: the row does not exist in the mode. LOCK is given only where it may be. */
bool x86_random(int row, uint64_t mode, uint64_t *seed, uint8_t code[16]);
