/* The reference interpreter: runs a unit on the CPU struct. Oracle for the backend, fallback where there is no unit. */
#pragma once
#include "cpu/guest.h"
#include "cpu/interp-value.h"

/* Where memory ops go: cpu/mem.h's functions, or a stand-in (tests; the follower of a lockstep run). */
typedef struct InterpMemory {
    bool (*load)(Cpu *, uint64_t addr, int size, bool user, V128 *value);
    bool (*store)(Cpu *, uint64_t addr, int size, bool user, V128 value);
    bool (*rmw)(Cpu *, uint64_t addr, int size, IrRmw, uint64_t operand, bool user, uint64_t *old);
    bool (*cas)(Cpu *, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old);
} InterpMemory;

/* Runs until the unit is left, or `*budget` guest instructions have begun and another would; the budget is counted
 * down. The pc slot and *next_pc then hold where to go on; the result is what a backend's unit would return,
 * EXIT_LOOKUP for every way out but `leave` and faults. A unit that a budget may cut short must not have been through
 * ir_live: a put that nobody in it sees may be missing there. After EXIT_FAULT the pc slot is the handler's. */
CpuExit interp_run(Cpu *, const Guest *, const Ir *, uint64_t *budget, uint64_t *next_pc);
CpuExit interp_run_on(Cpu *, const Guest *, const Ir *, const InterpMemory *, uint64_t *budget, uint64_t *next_pc);
