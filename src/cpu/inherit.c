/* What a bank for a new address space starts with: the mappings that are the same in all of them, as a TLB with tags
 * would still have them (global pages). A kernel's code is then found at once in a new
 * process. */
#include "cpu/engine.h"

static void take_pages(TlbBank *b, const TlbBank *from, bool write)
{
    for (unsigned k = 0; k < from->touched_count[write]; k++) {
        unsigned at = from->touched[write][k];
        const TlbNote *n = &from->note[write][at];
        const TlbEntry *e = write ? &from->write[at] : &from->read[at];
        if (n->global && n->ram_page != ~0u)
            bank_set(b, write, e->page, e->addend, n->ram_page, n->page_bits, true);
    }
}

static void note_heir(CpuRun *run, const TlbBank *b, uint64_t pc)
{
    int half = pc >> 63;
    uint64_t *from = &run->heir_from[half], *to = &run->heir_to[half];
    if (!run->heirs[half])
        *from = *to = pc;
    *from = pc < *from ? pc : *from;
    *to = pc > *to ? pc : *to;
    run->heirs[half] |= 1u << b->number;
}

static void take_code(TlbBank *b, const TlbBank *from, CpuRun *run)
{
    for (unsigned k = 0; k < FETCHES; k++)
        if (from->fetch[k].page && from->fetch[k].global)
            bank_set_fetch(b, from->fetch[k].page - 1, from->fetch[k].ram_page, from->fetch[k].bytes, true);
    for (unsigned k = 0; k < from->jump_count[1] && b->mode == from->mode; k++) {
        JumpEntry e = from->jump[from->jumps[1][k]];
        if (e.pc == ~0ull || !bank_code_is_global(from, e.pc))
            continue;
        note_heir(run, b, e.pc);
        bank_set_jump(b, from->jumps[1][k], e);
    }
}

void bank_inherit(TlbBank *b, CpuRun *run)
{
    const TlbBank *from = b->parent;
    b->parent = NULL;
    if (from == b || !from->live || from->key.regime != b->key.regime || (from->key.tag ^ b->key.tag) >> 16)
        return;
    for (int half = 0; half < 2; half++) {
        b->big_from[half] = from->big_from[half] < b->big_from[half] ? from->big_from[half] : b->big_from[half];
        b->big_to[half] = from->big_to[half] > b->big_to[half] ? from->big_to[half] : b->big_to[half];
    }
    take_pages(b, from, false);
    take_pages(b, from, true);
    take_code(b, from, run);
}
