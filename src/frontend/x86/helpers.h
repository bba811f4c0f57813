/* Prototypes of every function that helpers.def names. */
#pragma once
#include <stdint.h>

typedef struct Cpu Cpu;
#define HELPER(name, fn, effects) uint64_t fn(Cpu *, uint64_t, uint64_t, uint64_t);
#include "frontend/x86/helpers.def"
