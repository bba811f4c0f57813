/* Runs the IR of a few instructions as the backend compiles it, over a memory that the test keeps. */
#pragma once
#include "cpu/interp.h"
#include "frontend/arm/guest.h"

/* `page`, a page of the host's, lies at addr: what translated code reaches by itself. All else goes through memory. */
void a64_jit_start(ArmCpu *, const Guest *, const InterpMemory *memory, uint64_t addr, uint8_t *page);
void a64_jit_map(uint64_t addr, uint8_t *page); /* another one */
void a64_jit_unmap(uint64_t addr);
/* Returns where it goes on; meaningless after an exception. */
uint64_t a64_jit_run(ArmCpu *, Ir *, uint64_t pc);
