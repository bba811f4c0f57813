/* Runs units as the backend compiles them, over a memory that the test keeps, without the engine. One guest at a time.
 */
#pragma once
#include "cpu/backend.h"
#include "cpu/interp.h"

/* memory: what pages not mapped here go through. set_pc: before an access that may fault; NULL: nobody looks. Starting
 * unmaps all. */
void jit_start(const Guest *, const InterpMemory *memory, void (*set_pc)(Cpu *, uint64_t pc));
void jit_use(Cpu *); /* makes it one that may run; again when its state was cleared */
/* `page`, a page of the host's, lies at addr: compiled code reaches it by itself. */
void jit_map(uint64_t addr, uint8_t *page);
void jit_unmap(uint64_t addr);
/* false: more than a unit holds. */
bool jit_compile(Ir *, uint64_t pc);
/* Runs what was compiled last. true: *next is where it goes on; false: the pc slot says it. */
bool jit_run(Cpu *, uint64_t *next);
/* What a read-modify-write of the memory leaves there. */
uint64_t jit_rmw(IrRmw, uint64_t old, uint64_t operand, int size);
