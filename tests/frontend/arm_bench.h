/* An Arm CPU on a bench: reset, in a machine that has nothing but RAM. */
#pragma once
#include "core/machine.h"
#include "frontend/arm/arm.h"
#include "frontend/arm/guest.h"
#include "frontend/arm/mmu.h"

enum { BENCH_BASE = 0x40000000, BENCH_SIZE = 256 << 20 };

typedef struct ArmBench {
    Machine *machine;
    ArmCpu *cpu;
} ArmBench;

ArmBench arm_bench(const DeviceType *model, const char *settings); /* settings: "el2=on", as after -cpu MODEL, */
void arm_bench_free(ArmBench *);
void arm_bench_put(ArmBench *, uint64_t at, uint64_t value); /* 8 bytes of memory */
uint64_t arm_bench_get(ArmBench *, uint64_t at);

extern const DeviceType cortex_a53, cortex_a57, cortex_a72, cortex_a76, neoverse_n1, aarch64_max;
