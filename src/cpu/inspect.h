/* What a debugger sees of a CPU that stands still: memory and registers. Called in machine_still. */
#pragma once
#include "cpu/cpu.h"

/* Guest memory as that CPU sees it now, or physical memory: nobody is asked for permission and page tables keep no
 * trace. Device windows are read and written by 8, 4, 2 or 1 bytes, as alignment and length allow. Read-only memory can
 * be written. false: not all of it is there. */
bool inspect_read(Cpu *, uint64_t at, bool phys, void *bytes, size_t len);
bool inspect_write(Cpu *, uint64_t at, bool phys, const void *bytes, size_t len);
bool inspect_translate(Cpu *, uint64_t at, uint64_t *phys);

typedef struct InspectMap {  /* a mapping that page tables have */
    uint64_t at, phys, size; /* size 0: up to the top of the address space */
    uint8_t prot;            /* PROT_ bits; 0: a hole, or more of it than one */
} InspectMap;
/* The one at `at`, with the current privilege; the next is where it ends. */
InspectMap inspect_map(Cpu *, uint64_t at);

/* ELF's number of the architecture, and the registers that a core file has: NULL if it has no such form. */
const char *const *inspect_core(const Cpu *, uint16_t *machine);
bool inspect_named(Cpu *, const char *name, V128 *value); /* a register; false: there is none of that name */

void inspect_explain(Cpu *, uint64_t at, Out *); /* each step of that translation in a line */

const char *inspect_architecture(const Cpu *);               /* gdb's name, or NULL */
const char *inspect_types(const Cpu *, const char *feature); /* XML of the types that its registers have, or NULL */

const char *inspect_regime(const Cpu *, int number); /* name of one of its regimes; NULL: none of that number */

/* Registers by number: first those rows of the state table that belong to a gdb feature, then the guest's own. */
typedef struct InspectReg {
    const char *feature, *type, *group; /* gdb's words; the last two may be NULL */
    char name[40];
    unsigned bytes; /* at most 16 */
    bool rare;      /* asked for by itself only, not in the block of all registers */
} InspectReg;
bool inspect_reg(Cpu *, int number, InspectReg *); /* false: there are no more */
V128 inspect_get(Cpu *, int number);
void inspect_set(Cpu *, int number, V128 value); /* as far as it can be changed */
