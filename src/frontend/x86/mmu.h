/* One walk through the paging structures: mmu.c walks, inspect.c shows. */
#pragma once
#include "core/space.h"
#include "frontend/x86/sys.h"

typedef enum PagingMode { PAGING_32, PAGING_PAE, PAGING_4 } PagingMode;

typedef struct Paging {
    uint8_t levels, index_bits, entry_bytes;
    const char *names[4]; /* of entries, by level from the last */
} Paging;

typedef struct PageWalk {
    uint64_t linear;
    Access access; /* FETCH, LOAD or STORE */
    uint32_t regime;
    bool inspect; /* a debugger's: no rights are asked for, no bits are set */
    Out *show;    /* a line for each entry read goes here; NULL: none */
    Walk *w;
    /* while it goes on */
    PagingMode mode;
    const Paging *paging;
    unsigned level, shift; /* of the entry last read: level 0 is a page table, 2^shift what an entry maps */
    uint64_t rights;       /* U and W if all entries have them, NX if one has */
    uint64_t entry;
    void *host; /* where it is; NULL: not in memory */
    Flat memory;
} PageWalk;

void x86_page_walk(X86Cpu *, PageWalk *); /* CR0.PG is 1; fills *w */
