/* Chance, for devices: the host's, or after random_seed a repeatable sequence (-seed N). Any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void random_seed(uint64_t seed); /* before the machine is made */
uint64_t random_state(void);     /* of that sequence, for snapshots; 0 if it is the host's chance */
void random_go_on(uint64_t);     /* from such a state, if there is a sequence */
void random_bytes(void *, size_t);
uint64_t random_u64(void);
