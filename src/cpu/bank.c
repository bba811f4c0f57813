/* Banks: one TLB and lookup table per regime and address-space tag, so that a switch is a pointer. Built without vector
 * registers, because exception entry and return call it from translated code. */
#include "cpu/engine.h"
#include "cpu/mem.h"

static uint64_t empty_page(unsigned at)
{
    return ((uint64_t)at ^ 1) << 12; /* index bits differ from the place: never a hit */
}

static void note_writer(TlbBank *b, unsigned at)
{
    TlbNote *n = &b->note[1][at];
    uint16_t *first = &b->writer[n->ram_page % WRITERS];
    n->next = *first;
    *first = (uint16_t)(at + 1);
}

static void forget_writer(TlbBank *b, unsigned at)
{
    const TlbNote *n = &b->note[1][at];
    if (n->ram_page == ~0u)
        return;
    uint16_t *link = &b->writer[n->ram_page % WRITERS];
    while (*link != at + 1)
        link = &b->note[1][*link - 1].next;
    *link = n->next;
}

/* The addend is 0, too: code that guesses the place may come with any address. */
static void clear_entry(TlbBank *b, int write, unsigned at)
{
    TlbEntry *e = write ? &b->write[at] : &b->read[at];
    *e = (TlbEntry){ .page = empty_page(at) };
    if (write)
        forget_writer(b, at);
    b->note[write][at].ram_page = ~0u;
}

static void forget_stack(TlbBank *b)
{
    for (unsigned k = 0; k < STACK_SPANS; k++)
        b->stack.end[k] = 0;
}

/* ---- which hints go ---- */

static bool any_hint(const TlbHint *h, unsigned number, uint64_t va)
{
    (void)h, (void)number, (void)va;
    return true;
}

static bool local_hint(const TlbHint *h, unsigned number, uint64_t va)
{
    (void)number, (void)va;
    return !h->global;
}

static bool hint_of_stores(const TlbHint *h, unsigned number, uint64_t va)
{
    (void)h, (void)va;
    return number & HINT_WRITE;
}

/* Tag bits do not count, as with bank_same_page. */
static bool hint_of_page(const TlbHint *h, unsigned number, uint64_t va)
{
    return ((va & ~0xfffull) - h->start) << 8 < (h->end + hint_bytes(number) - 1) << 8;
}

static bool global_hint_of_page(const TlbHint *h, unsigned number, uint64_t va)
{
    return h->global && hint_of_page(h, number, va);
}

static inline void forget_hints(TlbBank *b, bool (*goes)(const TlbHint *, unsigned number, uint64_t va), uint64_t va)
{
    unsigned count = b->hint_count, kept = 0;
    b->hinted = 0;
    for (unsigned k = 0; k < count; k++) {
        unsigned number = b->hints[k];
        TlbHint *h = &b->hint[number];
        if (goes(h, number, va)) {
            h->end = 0;
        } else {
            b->hints[kept++] = (uint16_t)number;
            hint_note(b, h);
        }
    }
    b->hint_count = (uint16_t)kept;
}

/* Zeros, as it was allocated, are an empty entry in any place but the first: none is touched before it is used. */
static void init(TlbBank *b)
{
    b->read[0].page = b->write[0].page = empty_page(0);
    b->jump[0].pc = b->no_jump.pc = ~0ull;
    b->far_epoch = 1;
}

static void forget_jumps(TlbBank *b, bool global)
{
    for (unsigned k = 0; k < b->jump_count[global]; k++)
        b->jump_set[global][b->jumps[global][k] / 64] = 0;
    b->jump_count[global] = 0;
    words_set(b->exec_pages[global], 0, sizeof b->exec_pages[global] / 8);
}

void bank_flush_jumps(TlbBank *b)
{
    for (int global = 0; global < 2; global++) {
        for (unsigned k = 0; k < b->jump_count[global]; k++)
            b->jump[b->jumps[global][k]].pc = ~0ull;
        forget_jumps(b, global);
    }
}

void bank_flush(TlbBank *b)
{
    for (int w = 0; w < 2; w++) {
        for (unsigned k = 0; k < b->touched_count[w]; k++) {
            clear_entry(b, w, b->touched[w][k]);
            b->note[w][b->touched[w][k]].used = b->note[w][b->touched[w][k]].local = false;
        }
        b->touched_count[w] = b->local_count[w] = 0;
    }
    for (unsigned k = 0; k < FETCHES; k++) {
        b->fetch[k].page = 0;
        b->fetch[k].local = false;
    }
    b->local_fetches = 0;
    b->big_from[0] = b->big_from[1] = ~0ull;
    b->big_to[0] = b->big_to[1] = 0;
    bank_flush_jumps(b);
    far_flush(b);
    forget_stack(b);
    forget_hints(b, any_hint, 0);
}

void bank_note_big(TlbBank *b, uint64_t page_va, uint8_t page_bits)
{
    if (page_bits <= 12)
        return;
    int half = page_va >> 63;
    uint64_t from = page_va >> page_bits << page_bits, to = from + (1ull << page_bits) - 1;
    if (from < b->big_from[half])
        b->big_from[half] = from;
    if (to > b->big_to[half])
        b->big_to[half] = to;
}

void bank_set(TlbBank *b, bool write, uint64_t page_va, uint64_t addend, uint32_t ram_page, uint8_t page_bits,
              bool global)
{
    unsigned at = (page_va >> 12) & (TLB_SIZE - 1);
    TlbNote *n = &b->note[write][at];
    if (!n->used) {
        n->used = true;
        n->ram_page = ~0u;
        b->touched[write][b->touched_count[write]++] = (uint16_t)at;
    } else {
        far_keep(b, write, at);
    }
    if (!global && !n->local) {
        n->local = true;
        b->local[write][b->local_count[write]++] = (uint16_t)at;
    }
    if (write)
        forget_writer(b, at);
    n->ram_page = ram_page;
    if (write)
        note_writer(b, at);
    n->page_bits = page_bits;
    n->global = global;
    bank_note_big(b, page_va, page_bits);
    TlbEntry *e = write ? &b->write[at] : &b->read[at];
    e->addend = addend;
    e->page = page_va;
}

void bank_set_fetch(TlbBank *b, uint64_t pc, uint32_t ram_page, const uint8_t *bytes, bool global)
{
    unsigned at = (pc >> 12) & (FETCHES - 1);
    FetchEntry *f = &b->fetch[at];
    if (!global && !f->local)
        b->local_fetch[b->local_fetches++] = (uint16_t)at;
    *f = (FetchEntry){ (pc & ~0xfffull) + 1, ram_page, global, f->local || !global, bytes };
}

void bank_drop_page(TlbBank *b, uint32_t ram_page)
{
    forget_stack(b);
    forget_hints(b, hint_of_stores, 0);
    for (unsigned at = b->writer[ram_page % WRITERS], next; at; at = next) {
        next = b->note[1][at - 1].next;
        if (b->note[1][at - 1].ram_page == ram_page)
            clear_entry(b, 1, at - 1);
    }
}

static TlbBank *oldest(CpuRun *run)
{
    TlbBank *best = NULL;
    for (int k = 0; k < BANKS; k++) {
        TlbBank *b = run->bank[k];
        if (!b->live)
            return b;
        if (!best || b->when < best->when)
            best = b;
    }
    return best;
}

enum { MODES = 4 }; /* banks that an address space may have, each with the code of one mode */

static bool is_for(const TlbBank *b, Regime r, const uint64_t *mode)
{
    return b->live && b->key.regime == r.regime && b->key.tag == r.tag && (!mode || b->mode == *mode);
}

static TlbBank *search(CpuRun *run, Regime r, const uint64_t *mode)
{
    for (int k = 0; k < BANKS; k++)
        if (is_for(run->bank[k], r, mode))
            return run->bank[k];
    return NULL;
}

/* One that has no code yet. Or, if the address space has enough, the one that was not used for longest: it keeps what
 * it knows of memory. */
static TlbBank *bank_to_change(CpuRun *run, Regime r)
{
    TlbBank *best = NULL;
    int count = 0;
    for (int k = 0; k < BANKS; k++) {
        TlbBank *b = run->bank[k];
        if (!is_for(b, r, NULL))
            continue;
        if (!b->jump_count[0] && !b->jump_count[1])
            return b;
        count++;
        if (!best || b->when < best->when)
            best = b;
    }
    return count < MODES ? NULL : best;
}

static TlbBank *new_bank(CpuRun *run, Regime r, uint64_t mode)
{
    TlbBank *b = bank_to_change(run, r);
    if (b) {
        bank_flush_jumps(b);
    } else {
        b = oldest(run);
        if (b->when == 0)
            init(b);
        bank_flush(b);
        b->parent = run->recent[r.regime & 15][0];
        b->key = r;
        b->live = true;
    }
    b->mode = mode;
    return b;
}

/* mode NULL: whatever it is. */
static TlbBank *bank_for(CpuRun *run, Regime r, const uint64_t *mode)
{
    TlbBank **recent = run->recent[r.regime & 15], *b = recent[0];
    if (!b || !is_for(b, r, mode)) {
        int at = 1;
        while (at < RECENT - 1 && !(recent[at] && is_for(recent[at], r, mode)))
            at++;
        b = recent[at];
        if (!b || !is_for(b, r, mode))
            b = search(run, r, mode);
        if (!b)
            b = new_bank(run, r, mode ? *mode : 0);
        for (; at; at--)
            recent[at] = recent[at - 1];
        recent[0] = b;
    }
    b->when = ++run->clock;
    return b;
}

TlbBank *cpu_bank(Cpu *cpu, const Regime *r)
{
    return bank_for(cpu->run, *r, NULL);
}

void cpu_switch_bank(Cpu *cpu)
{
    const Guest *g = cpu->run->guest;
    uint64_t mode = g->mode(cpu) | cpu->run->debug.mode | cpu->run->mode_bits;
    cpu->user_bank = bank_for(cpu->run, g->regime(cpu, true), NULL);
    cpu->bank = bank_for(cpu->run, g->regime(cpu, false), &mode);
}

/* Spread, because a kernel's text and what a process maps lie in rows of thousands of pages each. */
static unsigned page_hash(uint64_t pc)
{
    return (uint32_t)(pc >> 12) * 0x9e3779b1u >> 17; /* of 32768 */
}

static void note_page(TlbBank *b, uint64_t pc, bool global)
{
    unsigned hash = page_hash(pc);
    b->exec_pages[global][hash / 64] |= 1ull << hash % 64;
}

static void note_code(TlbBank *b, uint64_t pc, bool global)
{
    note_page(b, pc, global);
    if (code_may_cross(pc))
        note_page(b, pc + CODE_MAX, global);
}

/* Drops the entry if its instruction may lie in the page, or end there; else tells if it makes exec_pages say so. */
static bool drop_jump(JumpEntry *j, uint64_t va)
{
    bool crosses = code_may_cross(j->pc);
    if (j->pc == ~0ull)
        return false;
    if (bank_same_page(j->pc, va) || (crosses && bank_same_page(j->pc + CODE_MAX, va))) {
        j->pc = ~0ull;
        return false;
    }
    return page_hash(j->pc) == page_hash(va) || (crosses && page_hash(j->pc + CODE_MAX) == page_hash(va));
}

/* With the instructions of the page before that may end here. */
static void flush_jumps_of_page(TlbBank *b, uint64_t va, unsigned shift)
{
    unsigned hash = page_hash(va);
    if (!((b->exec_pages[0][hash / 64] | b->exec_pages[1][hash / 64]) >> hash % 64 & 1))
        return;
    uint64_t pc = (va & ~0xfffull) - CODE_MAX, end = pc + CODE_MAX + 4096;
    bool others = false;
    for (; pc != end; pc += 1ull << shift)
        others |= drop_jump(&b->jump[jump_place(pc, shift)], va);
    for (unsigned global = 0; global < 2 && !others; global++)
        b->exec_pages[global][hash / 64] &= ~(1ull << hash % 64);
}

static void flush_one(TlbBank *b, uint64_t va, bool only_global, unsigned shift)
{
    unsigned at = (va >> 12) & (TLB_SIZE - 1);
    for (int w = 0; w < 2; w++) {
        TlbEntry *e = w ? &b->write[at] : &b->read[at];
        if (bank_same_page(e->page, va) && (!only_global || b->note[w][at].global))
            clear_entry(b, w, at);
    }
    far_flush_va(b, va, only_global);
    if (bank_same_page(b->stack.start, va))
        forget_stack(b);
    if (b->hinted & hint_place(va))
        forget_hints(b, only_global ? global_hint_of_page : hint_of_page, va);
    FetchEntry *f = &b->fetch[(va >> 12) & (FETCHES - 1)];
    if (f->page && bank_same_page(f->page - 1, va))
        f->page = 0;
    flush_jumps_of_page(b, va, shift);
}

static bool selected(const TlbBank *b, uint32_t regimes)
{
    return b->live && regimes >> b->key.regime & 1;
}

void tlb_flush_va(Cpu *cpu, uint64_t va, uint32_t regimes, int64_t tag)
{
    CpuRun *run = cpu->run;
    int half = va >> 55 & 1;
    uint64_t full = half ? va | 0xffull << 56 : va & ~(0xffull << 56);
    for (int k = 0; k < BANKS; k++) {
        TlbBank *b = run->bank[k];
        if (!selected(b, regimes))
            continue;
        if (full >= b->big_from[half] && full <= b->big_to[half])
            bank_flush(b);
        else
            flush_one(b, va, tag >= 0 && b->key.tag != (uint32_t)tag, run->guest->pc_shift);
    }
}

void tlb_flush(Cpu *cpu, uint32_t regimes, int64_t tag)
{
    for (int k = 0; k < BANKS; k++) {
        TlbBank *b = cpu->run->bank[k];
        if (selected(b, regimes) && (tag < 0 || b->key.tag == (uint32_t)tag))
            bank_flush(b);
    }
}

void bank_set_jump(TlbBank *b, unsigned at, JumpEntry e)
{
    JumpEntry *j = &b->jump[at];
    bool global = bank_code_is_global(b, e.pc);
    uint64_t *set = &b->jump_set[global][at / 64], bit = 1ull << at % 64;
    if (!(*set & bit))
        b->jumps[global][b->jump_count[global]++] = (uint16_t)at;
    *set |= bit;
    note_code(b, e.pc, global);
    j->code = e.code;
    __atomic_store_n(&j->pc, e.pc, __ATOMIC_RELEASE);
}

/* By what was listed, so that it costs nothing how much is global. Pages, then code: a unit's page was fetched through
 * an entry that says whether it is global. */
static void flush_non_global(TlbBank *b)
{
    for (int w = 0; w < 2; w++) {
        for (unsigned k = 0; k < b->local_count[w]; k++) {
            TlbNote *n = &b->note[w][b->local[w][k]];
            n->local = false;
            if (!n->global)
                clear_entry(b, w, b->local[w][k]);
        }
        b->local_count[w] = 0;
    }
    far_flush(b);
    forget_stack(b);
    forget_hints(b, local_hint, 0);
    for (unsigned k = 0; k < b->local_fetches; k++) {
        FetchEntry *f = &b->fetch[b->local_fetch[k]];
        f->local = false;
        if (!f->global)
            f->page = 0;
    }
    b->local_fetches = 0;
    for (unsigned k = 0; k < b->jump_count[0]; k++) { /* what is there now may be among the global ones, too */
        unsigned at = b->jumps[0][k];
        if (!(b->jump_set[1][at / 64] >> at % 64 & 1) || !bank_code_is_global(b, b->jump[at].pc))
            b->jump[at].pc = ~0ull;
    }
    forget_jumps(b, false);
}

void tlb_flush_non_global(Cpu *cpu, uint32_t regimes, int64_t tag)
{
    for (int k = 0; k < BANKS; k++) {
        TlbBank *b = cpu->run->bank[k];
        if (selected(b, regimes) && (tag < 0 || b->key.tag == (uint32_t)tag))
            flush_non_global(b);
    }
}
