/* What a host provides: IR in, runnable code out. Only main.c names a concrete backend. */
#pragma once
#include "cpu/guest.h"
#include "tcg/ir.h"

typedef struct Unit Unit;

/* A direct exit of a unit, whose jump is patched to go straight to another unit of the same page. */
typedef struct UnitExit {
    uint64_t pc;    /* where it goes */
    uint32_t patch; /* offset in the unit's code of a 4-byte aligned rel32 */
    uint32_t stub;  /* offset of the code it goes to while not linked */
    Unit *to;       /* linked to, or NULL */
    Unit *owner;
    struct UnitExit *next_in; /* in to->linked_from */
} UnitExit;

/* Where a host address inside a unit belongs: one for each guest instruction that can fault or call. */
typedef struct UnitPoint {
    uint32_t host; /* offset of the return address or faulting instruction */
    uint32_t pc;   /* guest pc minus the unit's first pc, in bytes (signed 32 bits) */
} UnitPoint;

enum { UNIT_EXITS = 64, UNIT_POINTS = 1024, LINK_CALL = 5 };

/* Fixed-size scratch of one compilation; cpu/code-make.c copies what lasts. */
typedef struct Compiled {
    uint8_t *at;       /* writable address of the code */
    ptrdiff_t to_exec; /* add to get its executable address */
    uint32_t room, size;
    uint32_t exits, points;
    UnitExit exit[UNIT_EXITS];
    UnitPoint point[UNIT_POINTS];
    const uint64_t *no_hint; /* by no_hint_bit: instructions whose accesses remember nothing; NULL: none */
    void *work;              /* the backend's, NULL in the beginning; who frees this frees it */
} Compiled;

enum { NO_HINT_BITS = 4096 };
static inline unsigned no_hint_bit(uint64_t pc)
{
    return (unsigned)(pc ^ pc >> 12) & (NO_HINT_BITS - 1);
}

/* Stands between translated code and helpers: as a helper, and the helper's number. */
typedef uint64_t HelperThrough(Cpu *, uint64_t a, uint64_t b, uint64_t c, uint32_t number);

enum { HOME_BYTE = 0, HOME_WORD = 1 /* 4 bytes */ }; /* Backend.home; any other: a register of the host */

typedef struct Backend {
    const char *name;
    /* Once: writes the shared thunks for this guest at w (executable at w + to_exec); returns bytes used. Calls of
     * helpers go through the function, if there is one; then every helper needs H_FP. */
    uint32_t (*prologue)(const Guest *, HelperThrough *, uint8_t *w, ptrdiff_t to_exec, uint32_t room);
    /* false: buffer, exits or points overflowed; nothing is kept. */
    bool (*compile)(const Guest *, Ir *, uint64_t first_pc, Compiled *);
    /* Appends code for a piece of a unit to what is there already: one guest instruction, at whose beginning and end
     * all state is where it is between units. Code of a piece depends on numbers by their size only. false: as above.
     */
    bool (*compile_piece)(const Guest *, Ir *, uint64_t first_pc, Compiled *);
    /* Writes the beginning of a unit that counts how often it is entered, `left` downwards, and below 0 takes
     * its exit 0, which goes to itself. unit_counts tells where it is, once that is known. */
    void (*count_entries)(uint64_t pc, Compiled *);
    void (*unit_counts)(uint8_t *code, const int32_t *left);
    /* Slots of one size for which this is the same differ in code by numbers only, of the size that HOME_BYTE says. */
    unsigned (*home)(const Guest *, unsigned slot);
    /* Changes where the exit's jump goes: to an executable address. One atomic store to the writable view. */
    void (*patch)(uint8_t *writable_rel32, ptrdiff_t to_exec, const void *target);
    /* Enters code (executable address); returns when it leaves. After EXIT_LINK *stub is the return address of the
     * UnitExit.stub that was taken: its code address + LINK_CALL. */
    CpuExit (*enter)(Cpu *, const void *code, const void **stub);
} Backend;
extern const Backend x86_64_backend;
