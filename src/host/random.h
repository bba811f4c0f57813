/* Chance, for devices: the host's, or after random_seed a repeatable sequence (-seed N). Any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void random_seed(uint64_t seed); /* before the machine is made */
void random_bytes(void *, size_t);
uint64_t random_u64(void);
