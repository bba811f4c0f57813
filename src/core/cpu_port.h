/* What a machine's boot function asks of a CPU, whatever its architecture: the interface of a CPU's DeviceType. */
#pragma once
#include <stdint.h>

typedef struct CpuPort {
    /* Powers it up in its reset state, at the highest privilege it has, with the program counter at `pc` and `arg` in
     * the first argument register. */
    void (*start)(void *cpu, uint64_t pc, uint64_t arg);
    void (*stop)(void *cpu); /* off, until another CPU or the machine starts it */
} CpuPort;
