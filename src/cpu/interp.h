/* The reference interpreter: runs a unit on the CPU struct. Oracle for the backend, fallback where there is no unit. */
#pragma once
#include "cpu/guest.h"
#include "cpu/interp-value.h"

/* Where memory ops and calls go: cpu/mem.h's functions and the guest's helpers, or a stand-in (tests; lockstep). */
typedef struct InterpMemory {
    bool (*load)(Cpu *, uint64_t addr, int size, bool user, V128 *value);
    bool (*store)(Cpu *, uint64_t addr, int size, bool user, V128 value);
    bool (*rmw)(Cpu *, uint64_t addr, int size, IrRmw, uint64_t operand, bool user, uint64_t *old);
    bool (*cas)(Cpu *, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old);
    uint64_t (*call)(Cpu *, const Ir *, const IrInsn *, const uint64_t a[3]); /* NULL: straight to the helper */
    bool forward; /* leave instead of going back inside the unit: pc says where it would have gone on */
} InterpMemory;

/* Runs until the unit is left, or `*budget` guest instructions have begun and another would; the budget is counted
 * down. The pc slot and *next_pc then hold where to go on; the result is what a backend's unit would return,
 * EXIT_LOOKUP for every way out but `leave` and faults. A unit that a budget may cut short must not have been through
 * ir_live: a put that nobody in it sees may be missing there. After EXIT_FAULT the pc slot is the handler's. */
CpuExit interp_run(Cpu *, const Guest *, const Ir *, uint64_t *budget, uint64_t *next_pc);
CpuExit interp_run_on(Cpu *, const Guest *, const Ir *, const InterpMemory *, uint64_t *budget, uint64_t *next_pc);
