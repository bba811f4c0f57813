/* Linear to physical addresses: 32-bit, PAE and 4-level paging. SDM volume 3, chapter 4. */
#include "frontend/x86/mmu.h"

#include "core/machine.h"

#include <string.h>

enum {
    ENTRY_P = 1,
    ENTRY_W = 2,
    ENTRY_U = 4,
    ENTRY_A = 1 << 5,
    ENTRY_D = 1 << 6,
    ENTRY_PS = 1 << 7,
    ENTRY_G = 1 << 8,
};
#define ENTRY_NX (1ull << 63)

/* Error code of #PF: 4.7 */
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_ID = 16 };

/* The three ways of paging. PAE's topmost table is the four registers that were loaded with CR3. */
static const Paging paging[] = {
    [PAGING_32] = { .levels = 2, .index_bits = 10, .entry_bytes = 4, .names = { "PTE", "PDE" } },
    [PAGING_PAE] = { .levels = 2, .index_bits = 9, .entry_bytes = 8, .names = { "PTE", "PDE" } },
    [PAGING_4] = { .levels = 4, .index_bits = 9, .entry_bytes = 8, .names = { "PTE", "PDE", "PDPTE", "PML4E" } },
};

static PagingMode paging_mode(const X86Cpu *c)
{
    if (c->efer & EFER_LMA)
        return PAGING_4;
    return c->cr4 & CR4_PAE ? PAGING_PAE : PAGING_32;
}

static uint64_t ones(unsigned bits)
{
    return (1ull << bits) - 1;
}

/* ---- entries ---- */

/* Tables are mostly in one stretch of memory, which t->memory remembers. Where there is none, all bits are ones. */
static void read_entry(X86Cpu *c, PageWalk *t, uint64_t at)
{
    Flat *f = &t->memory;
    t->host = NULL;
    t->entry = t->paging->entry_bytes == 4 ? UINT32_MAX : UINT64_MAX;
    if (at - f->at >= f->size && (!space_flat(c->cpu.dev.machine->memory, at, f) || !f->region->ram))
        f->size = 0;
    if (at - f->at >= f->size)
        return;
    t->host = f->region->ram + f->offset + (at - f->at);
    t->entry = t->paging->entry_bytes == 4 ? __atomic_load_n((uint32_t *)t->host, __ATOMIC_ACQUIRE)
                                           : __atomic_load_n((uint64_t *)t->host, __ATOMIC_ACQUIRE);
}

static bool exchange(PageWalk *t, uint64_t now)
{
    uint64_t old = t->entry;
    if (t->paging->entry_bytes == 8)
        return __atomic_compare_exchange_n((uint64_t *)t->host, &old, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    uint32_t old32 = (uint32_t)old;
    return __atomic_compare_exchange_n((uint32_t *)t->host, &old32, (uint32_t)now, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

/* Accessed and dirty, 4.8. false: somebody changed the entry meanwhile. */
static bool set_bits(PageWalk *t, uint64_t bits)
{
    const Region *region = t->memory.region;
    if ((t->entry & bits) == bits || !t->host || region->readonly)
        return true;
    if (!exchange(t, t->entry | bits))
        return false;
    t->entry |= bits;
    space_dirty(region, (uint64_t)((uint8_t *)t->host - region->ram), t->paging->entry_bytes);
    return true;
}

static bool may_be_page(const X86Cpu *c, const PageWalk *t)
{
    if (t->level == 1)
        return t->mode != PAGING_32 || c->cr4 & CR4_PSE;
    return t->level == 2 && x86_has(c, X86_pdpe1gb);
}

/* Bits of the entry that must be 0: tables 4-4 to 4-20. */
static uint64_t reserved(const X86Cpu *c, const PageWalk *t, bool page)
{
    if (t->mode == PAGING_32) {
        if (!page || !t->level)
            return 0;
        unsigned high = !x86_has(c, X86_pse36) ? 0 : c->phys_bits > 40 ? 8 : c->phys_bits - 32;
        return ones(22) & ~ones(13 + high); /* bits above 31 of a 4 MiB page are in bits 13 to 20 */
    }
    uint64_t r = ones(t->mode == PAGING_PAE ? 63 : 52) & ~ones(c->phys_bits);
    if (!(c->efer & EFER_NXE))
        r |= ENTRY_NX;
    if (page && t->level)
        r |= ones(t->shift) & ~ones(13); /* bit 12 is the PAT's */
    if (t->level >= 2 && !may_be_page(c, t))
        r |= ENTRY_PS;
    return r;
}

/* ---- faults and rights ---- */

static void set_fault(const X86Cpu *c, PageWalk *t, uint32_t error)
{
    bool fetch_told = c->cr4 & CR4_SMEP || (c->cr4 & CR4_PAE && c->efer & EFER_NXE);
    error |= t->access == STORE ? PF_W : 0;
    error |= t->regime == R_USER ? PF_U : 0;
    error |= t->access == FETCH && fetch_told ? PF_ID : 0;
    t->w->fault = X86_FAULT_PAGE;
    t->w->fault_info = error;
    t->w->page_bits = (uint8_t)t->shift;
}

/* 4.6.1 */
static uint8_t rights(const X86Cpu *c, const PageWalk *t)
{
    bool user = t->rights & ENTRY_U, write = t->rights & ENTRY_W, fetch = !(t->rights & ENTRY_NX);
    if (t->regime == R_USER)
        return !user ? 0 : PROT_LOAD | (write ? PROT_STORE : 0) | (fetch ? PROT_FETCH : 0);
    bool data = !user || !(c->cr4 & CR4_SMAP) || t->regime == R_SUPERVISOR_AC;
    write |= !(c->cr0 & CR0_WP);
    fetch &= !user || !(c->cr4 & CR4_SMEP);
    return (data ? PROT_LOAD : 0) | (data && write ? PROT_STORE : 0) | (fetch ? PROT_FETCH : 0);
}

/* ---- the walk ---- */

/* Where the first table is. false: its entry among PAE's four registers is not present. */
static bool first_table(const X86Cpu *c, PageWalk *t, uint64_t *at)
{
    uint64_t root = c->cr3;
    t->level = t->paging->levels - 1u;
    t->shift = 12 + t->level * t->paging->index_bits;
    if (t->mode == PAGING_PAE) {
        unsigned n = (unsigned)(t->linear >> 30 & 3);
        root = c->pdpte[n];
        if (t->show)
            out(t->show, "PDPTE %016llx, register %u\n", (unsigned long long)root, n);
        if (!(root & ENTRY_P)) {
            t->shift = 30;
            return false;
        }
    }
    *at = root & ones(t->mode == PAGING_32 ? 32 : c->phys_bits) & ~ones(12);
    return true;
}

static uint64_t page_address(const X86Cpu *c, const PageWalk *t)
{
    uint64_t e = t->entry;
    if (t->mode == PAGING_32)
        e = (e & ones(32)) | (t->level && x86_has(c, X86_pse36) ? (e >> 13 & 0xff) << 32 : 0);
    return (e & ones(c->phys_bits) & ~ones(t->shift)) | (t->linear & ones(t->shift));
}

typedef enum Step { STEP_DONE, STEP_AGAIN } Step;

/* The entry that maps the page was found. */
static Step finish(const X86Cpu *c, PageWalk *t)
{
    Walk *w = t->w;
    uint8_t prot = rights(c, t);
    if (!t->inspect && !(prot >> t->access & 1)) {
        set_fault(c, t, PF_P);
        return STEP_DONE;
    }
    if (!t->inspect && !set_bits(t, ENTRY_A | (t->access == STORE ? ENTRY_D : 0)))
        return STEP_AGAIN;
    w->dirty_pending = prot & PROT_STORE && !(t->entry & ENTRY_D);
    w->prot = w->dirty_pending ? prot & (uint8_t)~PROT_STORE : prot;
    w->phys = page_address(c, t);
    w->page_bits = (uint8_t)t->shift;
    w->global = t->entry & ENTRY_G && c->cr4 & CR4_PGE;
    return STEP_DONE;
}

/* Entries on the way are marked as accessed, whatever comes of it: 4.8 */
static Step walk(X86Cpu *c, PageWalk *t)
{
    uint64_t table;
    t->rights = ENTRY_U | ENTRY_W;
    if (!first_table(c, t, &table)) {
        set_fault(c, t, 0);
        return STEP_DONE;
    }
    for (;; t->level--) {
        t->shift = 12 + t->level * t->paging->index_bits;
        uint64_t index = t->linear >> t->shift & ones(t->paging->index_bits);
        uint64_t at = table + index * t->paging->entry_bytes;
        read_entry(c, t, at);
        if (t->show)
            out(t->show, "%s %016llx at 0x%llx\n", t->paging->names[t->level], (unsigned long long)t->entry,
                (unsigned long long)at);
        bool page = !t->level || (t->entry & ENTRY_PS && may_be_page(c, t));
        if (!(t->entry & ENTRY_P) || t->entry & reserved(c, t, page)) {
            set_fault(c, t, t->entry & ENTRY_P ? PF_P | PF_RSVD : 0);
            return STEP_DONE;
        }
        t->rights = (t->rights & (t->entry | ENTRY_NX)) | (t->entry & ENTRY_NX);
        if (page)
            return finish(c, t);
        if (!t->inspect && !set_bits(t, ENTRY_A))
            return STEP_AGAIN;
        table = t->entry & (t->mode == PAGING_32 ? ones(32) : ones(c->phys_bits)) & ~ones(12);
    }
}

/* Addresses that a limit check of translated code refused: operand.h. */
static bool refused(uint64_t linear, Walk *w)
{
    if (linear >> 16 != X86_BAD_ADDRESS >> 16)
        return false;
    *w = (Walk){ .fault = linear & 0x1000 ? X86_FAULT_STACK_SEGMENT : X86_FAULT_SEGMENT };
    return true;
}

void x86_page_walk(X86Cpu *c, PageWalk *t)
{
    Walk *w = t->w;
    t->mode = paging_mode(c);
    t->paging = &paging[t->mode];
    if (t->mode != PAGING_4) {
        t->linear = (uint32_t)t->linear;
    } else if (!x86_canonical(t->linear)) {
        w->fault = X86_FAULT_SEGMENT;
        return;
    }
    while (walk(c, t) == STEP_AGAIN)
        ;
}

void x86_walk(Cpu *cpu, uint64_t linear, Access access, uint32_t regime, Walk *w)
{
    X86Cpu *c = x86_of(cpu);
    if (refused(linear, w))
        return;
    *w = (Walk){ 0 };
    if (access == INSPECT && linear >> 32 && !(c->efer & EFER_LMA)) {
        w->fault = X86_FAULT_PAGE; /* nothing is there; others never ask */
        return;
    }
    if (!(c->cr0 & CR0_PG)) {
        *w = (Walk){ .phys = (uint32_t)linear,
                     .page_bits = access == INSPECT ? 32 : 12,
                     .prot = PROT_FETCH | PROT_LOAD | PROT_STORE,
                     .global = true };
        return;
    }
    PageWalk t = { .linear = linear,
                   .access = access == INSPECT ? LOAD : access,
                   .regime = regime,
                   .inspect = access == INSPECT,
                   .w = w };
    x86_page_walk(c, &t);
}

/* ---- PAE's registers ---- 4.4.1 */

bool x86_load_pdptes(X86Cpu *c, uint64_t cr3)
{
    uint64_t entry[4], mask = ~ones(c->phys_bits) | 0x1e6;
    Flat f;
    uint64_t at = cr3 & 0xffffffe0;
    if (!space_flat(c->cpu.dev.machine->memory, at, &f) || !f.region->ram || at - f.at > f.size - sizeof entry)
        memset(entry, 0xff, sizeof entry);
    else
        memcpy(entry, f.region->ram + f.offset + (at - f.at), sizeof entry);
    for (int n = 0; n < 4; n++)
        if (entry[n] & ENTRY_P && entry[n] & mask)
            return false;
    memcpy(c->pdpte, entry, sizeof entry);
    return true;
}
