/* Between tlb.c and atomic.c: places in memory. */
#pragma once
#include "core/space.h"
#include "cpu/engine.h"

typedef struct Spot { /* where one page's part of an access is */
    uint8_t *host;    /* NULL: a device */
    uint64_t phys;
    uint32_t ram_page;
    const Region *region;
    uint8_t page_bits;
    bool global;
    bool readonly;
    bool watched; /* some of the page is: the caller asks debug_refuses */
    bool user;
} Spot;

static inline uint64_t sign_extend(uint64_t v, int size)
{
    return (uint64_t)((int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size));
}

/* Before a fault is raised: the pc slot tells the instruction. C code's accesses have put it there already. */
void tlb_precise(Cpu *);
/* Where to write, for who tells tlb_wrote afterwards unless s->host is NULL; NULL: a device, or two pages. */
void *tlb_host(Cpu *, uint64_t va, int size, bool user, Spot *, bool *ok);
void tlb_wrote(Cpu *, const Spot *, int size); /* the bytes have changed: units made from them go */
