/* The smallest engine there can be: one Arm CPU, run by the interpreter, memory found by walking for every page it
 * touches. Slow, and with nothing that could hide a mistake of the system side. */
#pragma once
#include "tests/frontend/arm_bench.h"

typedef struct ArmMini ArmMini;
ArmMini *arm_mini(ArmCpu *);
void arm_mini_free(ArmMini *);
/* Runs until the machine stops or that many instructions have run; how many did. */
uint64_t arm_mini_run(ArmMini *, uint64_t instructions);
