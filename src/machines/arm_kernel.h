/* The kernel file of an AArch64 machine. */
#pragma once
#include "core/load.h"

typedef struct ArmKernel {
    uint64_t entry, low, high; /* [low, high) is what it occupies, the part it clears included */
} ArmKernel;

/* Puts the kernel, whatever its format, into RAM. */
bool arm_kernel_load(const char *path, Space *, uint64_t ram, uint64_t ram_size, ArmKernel *, Error *err);
