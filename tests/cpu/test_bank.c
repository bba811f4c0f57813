/* A bank and its second level against a plain table: what was set and not flushed may be found, nothing else ever is.
 */
#include "tests/suite.h"

#include "cpu/engine.h"
#include "cpu/mem.h"

#include <stdlib.h>

enum { PAGES = 3 * 4096, STEPS = 400000 };

static Guest guest;
static Engine engine;
static CpuRun run;
static Cpu cpu;
static TlbBank *bank, dead;
static FarEntry far[FAR_SIZE];
static uint8_t flags[PAGES];
static uint64_t memory[PAGES][512]; /* page n's first word is n */

static struct {
    bool load, store, global;
} want[PAGES];

/* Pages that share places in both levels. */
static uint64_t va_of(unsigned n)
{
    return ((uint64_t)(n % (PAGES / 3)) << 12) | ((uint64_t)(n / (PAGES / 3)) << 27);
}

static unsigned page_at(uint64_t va)
{
    return (va >> 12) % (PAGES / 3) + (unsigned)(va >> 27) * (PAGES / 3);
}

static void begin(void)
{
    bank = bank ? bank : calloc(1, sizeof *bank);
    memset(bank, 0, sizeof *bank);
    memset(far, 0, sizeof far);
    memset(flags, 0, sizeof flags);
    memset(want, 0, sizeof want);
    for (unsigned k = 0; k < TLB_SIZE; k++)
        bank->read[k].page = bank->write[k].page = (uint64_t)(k ^ 1) << 12;
    for (unsigned w = 0; w < 2; w++)
        for (unsigned k = 0; k < TLB_SIZE; k++)
            bank->note[w][k].ram_page = ~0u;
    bank->live = true;
    bank->far_epoch = 1;
    engine.page_flags = flags;
    run = (CpuRun){ .engine = &engine, .guest = &guest };
    for (int k = 0; k < BANKS; k++)
        run.bank[k] = k == 3 ? bank : &dead;
    cpu.run = &run;
    cpu.bank = cpu.user_bank = bank;
    for (unsigned n = 0; n < PAGES; n++)
        memory[n][0] = n;
}

static void set(unsigned n, bool write, bool global)
{
    bank_set(bank, write, va_of(n), (uint64_t)(uintptr_t)memory[n] - va_of(n), n, 12, global);
    if (want[n].global != global)
        want[n].load = want[n].store = false;
    *(write ? &want[n].store : &want[n].load) = true;
    want[n].global = global;
}

static bool first_level(unsigned n, bool write)
{
    const TlbEntry *e = write ? bank->write : bank->read;
    return e[va_of(n) >> 12 & (TLB_SIZE - 1)].page == va_of(n);
}

/* 1: found, and right; 0: not there. */
static int look(unsigned n, bool write)
{
    uint32_t mem = (uint32_t)ir_mem((IrMem){ .size = 3 });
    bool known = first_level(n, write);
    run.io[1].lo = n;
    if (!known && (write ? far_store(&cpu, va_of(n), mem) : far_load(&cpu, va_of(n), mem))) {
        known = true;
        ck_assert(first_level(n, write));
        if (!write)
            ck_assert_uint_eq(run.io[0].lo, n);
    }
    if (known)
        ck_assert_msg(write ? want[n].store : want[n].load, "page %u was flushed", n);
    return known;
}

static void flush(unsigned kind, unsigned n)
{
    if (kind == 0) {
        tlb_flush(&cpu, 1, -1);
        memset(want, 0, sizeof want);
    } else if (kind == 3) {
        tlb_flush_non_global(&cpu, 1, 0);
        for (unsigned k = 0; k < PAGES; k++)
            if (!want[k].global)
                want[k].load = want[k].store = false;
    } else {
        bool other_tag = kind == 1;
        tlb_flush_va(&cpu, va_of(n), 1, other_tag ? 7 : 0);
        if (!other_tag || want[n].global)
            want[n].load = want[n].store = false;
    }
}

/* An access to a page that is known makes one. */
static void hint(unsigned n, bool write)
{
    unsigned number = (unsigned)rand() % HINTS & ~(unsigned)HINT_WRITE;
    uint32_t mem = (uint32_t)ir_mem((IrMem){ .size = 3 }) | hint_of(write ? number | HINT_WRITE : number);
    bank->hint[hint_number(mem)].misses = 0;
    far_load(&cpu, va_of(n), mem);
}

static unsigned hints_that_are_right(void)
{
    for (unsigned k = 0; k < bank->hint_count; k++) {
        unsigned number = bank->hints[k];
        const TlbHint *h = &bank->hint[number];
        for (uint64_t va = h->start; va < h->start + h->end; va += 4096) {
            unsigned n = page_at(va);
            ck_assert_uint_eq(va + h->addend, (uintptr_t)memory[n]);
            ck_assert(number & HINT_WRITE ? want[n].store : want[n].load);
            ck_assert(bank->hinted & hint_place(va));
        }
    }
    return bank->hint_count;
}

START_TEST(nothing_flushed_is_found_again)
{
    unsigned found = 0, from_far = 0, hints = 0;
    bank->far = far;
    srand(1);
    for (unsigned k = 0; k < STEPS; k++) {
        unsigned n = (unsigned)rand() % PAGES, what = (unsigned)rand() % 1000;
        bool write = rand() & 1;
        if (what < 500) {
            set(n, write, n % 5 == 0);
            hint(n, write);
        } else if (what < 997) {
            bool near = first_level(n, write);
            int hit = look(n, write);
            found += (unsigned)hit;
            from_far += hit && !near;
        } else {
            if (bank->hint_count && write)
                n = page_at(bank->hint[bank->hints[(unsigned)rand() % bank->hint_count]].start);
            flush(k % 64 ? 1 + (unsigned)rand() % 2 : k % 128 ? 0 : 3, n);
            hints += hints_that_are_right();
        }
    }
    ck_assert_uint_gt(found, STEPS / 20);
    ck_assert_uint_gt(from_far, STEPS / 100);
    ck_assert_uint_gt(hints, STEPS / 10);
}
END_TEST

START_TEST(global_entries_outlive_a_flush_of_the_rest_and_go_to_a_new_bank)
{
    static TlbBank other;
    for (unsigned n = 1; n < 9; n++)
        set(n, n & 1, n > 4);
    tlb_flush_non_global(&cpu, 1, 0);
    for (unsigned n = 1; n < 9; n++)
        ck_assert_int_eq(look(n, n & 1), n > 4);
    for (unsigned n = 1; n < 5; n++)
        set(n, n & 1, false);
    bank = &other;
    bank_flush(bank);
    bank->parent = cpu.bank;
    bank->live = true;
    bank_inherit(bank, &run);
    ck_assert_ptr_null(bank->parent);
    for (unsigned n = 1; n < 9; n++)
        ck_assert_int_eq(first_level(n, n & 1), n > 4);
    bank = cpu.bank;
}
END_TEST

static void fill_jump(uint64_t pc, bool global)
{
    bank_set_fetch(bank, pc, 1, NULL, global);
    bank_set_jump(bank, jump_place(pc, 0), (JumpEntry){ pc, memory });
}

static bool finds_code(uint64_t pc)
{
    return bank->jump[jump_place(pc, 0)].pc == pc;
}

START_TEST(code_that_is_not_global_is_forgotten_with_the_rest)
{
    enum { GLOBAL = 0x5010, LOCAL = 0x6020, AFTER = 0x7030, ACROSS = 0x5ff8 };
    for (unsigned turn = 0; turn < 3; turn++) { /* what was flushed is listed again */
        fill_jump(LOCAL, false);
        fill_jump(ACROSS, true); /* goes on in the local page */
        fill_jump(GLOBAL, true);
        fill_jump(AFTER, false);
        fill_jump(AFTER, true); /* was local before */
        ck_assert(finds_code(GLOBAL) && finds_code(LOCAL) && finds_code(AFTER) && finds_code(ACROSS));
        tlb_flush_non_global(&cpu, 1, 0);
        ck_assert(finds_code(GLOBAL) && finds_code(AFTER) && !finds_code(LOCAL) && !finds_code(ACROSS));
        ck_assert(!bank->fetch[LOCAL >> 12].page && bank->fetch[GLOBAL >> 12].page);
    }
    fill_jump(LOCAL, false);
    tlb_flush_va(&cpu, GLOBAL, 1, 0);
    ck_assert(!finds_code(GLOBAL) && finds_code(LOCAL) && finds_code(AFTER));
    tlb_flush(&cpu, 1, -1);
    ck_assert(!finds_code(LOCAL) && !finds_code(AFTER));
}
END_TEST

/* The page's fetch entry may be in another's place when the code is listed, and back when the flush looks at it. */
START_TEST(code_that_outlives_a_flush_is_found_by_the_next)
{
    enum { PC = 0x5010 };
    fill_jump(PC, false);
    bank_set_fetch(bank, PC, 5, NULL, true);
    tlb_flush_non_global(&cpu, 1, 0);
    tlb_flush(&cpu, 1, -1);
    ck_assert(!finds_code(PC));
}
END_TEST

START_TEST(a_page_with_code_takes_no_store)
{
    bank->far = far;
    set(1, true, false);
    set(1 + PAGES / 3, true, false);
    ck_assert(!first_level(1, true));
    flags[1] = PAGE_CODE;
    ck_assert_int_eq(look(1, true), 0);
    flags[1] = 0;
    ck_assert_int_eq(look(1, true), 1);
    ck_assert_uint_eq(flags[1], PAGE_WRITTEN);
}
END_TEST

/* Pages whose numbers have the same hash are told apart, and all mappings of one are found. */
START_TEST(a_page_is_dropped_wherever_it_may_be_written)
{
    static const struct {
        unsigned at, ram_page;
        bool stays;
    } map[] = { { 1, 5, false }, { 9, 5 + WRITERS, true }, { 2, 5, false }, { 3, 5, false }, { 4, 6, true } };
    for (unsigned k = 0; k < 5; k++)
        bank_set(bank, true, va_of(map[k].at), 0, map[k].ram_page, 12, false);
    bank_set(bank, true, va_of(3), 0, 6, 12, false); /* another is there now */
    tlb_flush_va(&cpu, va_of(2), 1, 0);
    bank_set(bank, true, va_of(2), 0, 5, 12, false);
    bank_drop_page(bank, 5);
    for (unsigned k = 0; k < 5; k++)
        ck_assert_int_eq(first_level(map[k].at, true), map[k].stays || map[k].at == 3);
    bank_drop_page(bank, 5 + WRITERS);
    bank_drop_page(bank, 6);
    for (unsigned k = 0; k < 5; k++)
        ck_assert(!first_level(map[k].at, true));
}
END_TEST

static bool stores_beside(uint64_t offset)
{
    uint64_t *word = &memory[1][offset / 8], before = *word;
    run.io[1].lo = before + 1;
    bool done = far_store(&cpu, va_of(1) + offset, (uint32_t)ir_mem((IrMem){ .size = 3 }));
    ck_assert_uint_eq(*word, before + done);
    return done;
}

/* Only where no unit was made of the bytes, only as long as the mapping is known, and only while the page has code. */
START_TEST(a_store_beside_code_is_done)
{
    static CodePage code;
    static CodePage *pages[PAGES] = { [1] = &code };
    engine.code_page = pages;
    flags[1] = PAGE_CODE;
    code.granules = granules_of(64, 128);
    ck_assert(!stores_beside(0));
    far_beside(bank, va_of(1), (uint64_t)(uintptr_t)memory[1] - va_of(1), 1);
    ck_assert(stores_beside(56) && stores_beside(192));
    ck_assert(!stores_beside(64) && !stores_beside(184));
    flags[1] = 0;
    ck_assert(!stores_beside(0));
    flags[1] = PAGE_CODE;
    ck_assert(stores_beside(0));
    tlb_flush_va(&cpu, va_of(1), 1, 0);
    ck_assert(!stores_beside(0));
    far_beside(bank, va_of(1), (uint64_t)(uintptr_t)memory[1] - va_of(1), 1);
    ck_assert(stores_beside(0));
    tlb_flush(&cpu, 1, -1);
    ck_assert(!stores_beside(0));
    engine.code_page = NULL;
}
END_TEST

/* One that is code and data by turns keeps the mark of code until it was only data for long. */
START_TEST(a_page_without_units_stays_one_of_code_for_some_stores)
{
    static CodePage code;
    static CodePage *pages[PAGES] = { [1] = &code };
    unsigned stores = 0;
    engine.code_page = pages;
    flags[1] = PAGE_CODE;
    code.turns = HOT_TURNS;
    far_beside(bank, va_of(1), (uint64_t)(uintptr_t)memory[1] - va_of(1), 1);
    for (; stores_beside(0); stores++)
        cache_invalidate(&engine, 1, 0, 8);
    ck_assert_uint_gt(stores, 100);
    ck_assert_uint_eq(flags[1], PAGE_CODE);
    cache_invalidate(&engine, 1, 0, 8);
    ck_assert_uint_eq(flags[1], 0);
    ck_assert_uint_eq(code.turns, 0);
    flags[1] = PAGE_CODE;
    code.granules = granules_of(0, 8);
    cache_invalidate(&engine, 1, 0, 8); /* no turns: it is data at once */
    ck_assert_uint_eq(flags[1], 0);
    engine.code_page = NULL;
}
END_TEST

/* Against bytes one after the other; what is on a page that is not known waits. */
START_TEST(runs_of_bytes_are_done_up_to_the_end_of_what_is_known)
{
    static const int sizes[] = { 1, 2, 4, 8 };
    uint8_t *bytes = (uint8_t *)memory[1], model[4096];
    set(1, true, false);
    set(1, false, false);
    srand(2);
    for (unsigned k = 0; k < 20000; k++) {
        int size = sizes[rand() % 4];
        unsigned from = (unsigned)rand() % 4096,
                 to = k % 2 ? (unsigned)rand() % 4096 : (from + (unsigned)rand() % 20) & 4095,
                 count = (unsigned)rand() % 400, high = k % 3 && from > to ? from : to;
        uint64_t value = (uint64_t)rand() * 0x10001000100001;
        uint64_t most = (4096 - high) / (unsigned)size, done;
        memcpy(model, bytes, sizeof model);
        if (k % 3) {
            done = mem_copy(&cpu, va_of(1) + to, va_of(1) + from, size, count);
            for (unsigned n = 0; n < done * (unsigned)size; n += (unsigned)size)
                memmove(model + to + n, model + from + n, (size_t)size);
        } else {
            done = mem_fill(&cpu, va_of(1) + to, size, value, count);
            for (unsigned n = 0; n < done * (unsigned)size; n += (unsigned)size)
                memcpy(model + to + n, &value, (size_t)size);
        }
        ck_assert_uint_eq(done, count < most ? count : most);
        ck_assert(!memcmp(model, bytes, sizeof model));
    }
    ck_assert_uint_eq(mem_copy(&cpu, va_of(2), va_of(1), 8, 4), 0);
    ck_assert_uint_eq(mem_copy(&cpu, va_of(1), va_of(2), 8, 4), 0);
    ck_assert_uint_eq(mem_fill(&cpu, va_of(2), 1, 5, 4), 0);
}
END_TEST

/* ---- hints ---- */

enum { HINT = 4 };

static bool load_with_hint(unsigned n)
{
    uint32_t mem = (uint32_t)ir_mem((IrMem){ .size = 3 }) | hint_of(HINT);
    return far_load(&cpu, va_of(n), mem) && run.io[0].lo == n;
}

static bool hinted(uint64_t va)
{
    const TlbHint *h = &bank->hint[HINT];
    return va - h->start < h->end;
}

START_TEST(a_hint_covers_pages_in_a_row)
{
    for (unsigned n = 9; n < 12; n++)
        set(n, false, false);
    set(13, false, false);
    set(8, true, false);
    ck_assert(!hinted(0) && !hinted(va_of(10)));
    ck_assert(load_with_hint(10));
    const TlbHint *h = &bank->hint[HINT];
    ck_assert_uint_eq(h->addend, (uint64_t)(uintptr_t)memory[10] - va_of(10));
    ck_assert(hinted(va_of(9)) && hinted(va_of(12) - 16));
    ck_assert(!hinted(va_of(9) - 1) && !hinted(va_of(12) - 15));
    ck_assert(!load_with_hint(12) && !load_with_hint(8));
}
END_TEST

/* What a load has found is no place to store. */
START_TEST(loads_and_stores_have_hints_of_their_own)
{
    uint32_t mem = (uint32_t)ir_mem((IrMem){ .size = 3 });
    set(9, false, false);
    set(10, true, false);
    far_store(&cpu, va_of(10), mem | hint_of(HINT));
    far_load(&cpu, va_of(9), mem | hint_of(HINT | HINT_WRITE));
    ck_assert_uint_eq(bank->hint_count, 0);
    ck_assert(far_store(&cpu, va_of(10), mem | hint_of(HINT | HINT_WRITE)));
    ck_assert_uint_eq(bank->hint_count, 1);
    ck_assert(load_with_hint(9) && !hinted(va_of(10)));
}
END_TEST

/* The first access of several, which are checked as stores are, may be a load. */
START_TEST(a_load_fills_a_hint_of_stores_from_what_may_be_written)
{
    uint32_t mem = (uint32_t)ir_mem((IrMem){ .size = 3 }) | hint_of(HINT | HINT_WRITE);
    set(9, false, false);
    set(10, true, false);
    ck_assert(!far_load(&cpu, va_of(9), mem));
    ck_assert(far_load(&cpu, va_of(10), mem) && run.io[0].lo == 10);
    const TlbHint *h = &bank->hint[HINT | HINT_WRITE];
    ck_assert_uint_eq(h->start, va_of(10));
    for (int k = 0; k < 1000000 && h->misses < HINT_MISSES; k++)
        ck_assert(!far_load(&cpu, va_of(9), mem));
    ck_assert_uint_eq(h->misses, HINT_MISSES);
}
END_TEST

static void flush_all(void)
{
    tlb_flush(&cpu, 1, -1);
}

static void flush_address(void)
{
    tlb_flush_va(&cpu, va_of(9), 1, -1);
}

static void flush_most(void)
{
    tlb_flush_non_global(&cpu, 1, -1);
}

static bool hints_are(unsigned loads, unsigned stores)
{
    return !!bank->hint[HINT].end == loads && !!bank->hint[HINT | HINT_WRITE].end == stores &&
           bank->hint_count == loads + stores;
}

static void make_hints(bool global)
{
    for (unsigned n = 9; n < 12; n++) {
        set(n, true, global);
        set(n, false, global);
    }
    ck_assert(load_with_hint(10) &&
              far_load(&cpu, va_of(10), (uint32_t)ir_mem((IrMem){ .size = 3 }) | hint_of(HINT | HINT_WRITE)));
    ck_assert(hints_are(1, 1));
}

START_TEST(hints_go_with_a_page_of_theirs)
{
    const uint64_t tag = 0xabull << 56;
    make_hints(false);
    tlb_flush_va(&cpu, va_of(8), 1, -1);
    tlb_flush_va(&cpu, va_of(12), 1, -1);
    tlb_flush_va(&cpu, va_of(10) + (64ull << 21), 1, -1); /* its bit is the same */
    ck_assert(hints_are(1, 1));
    for (unsigned n = 9; n < 12; n++) {
        make_hints(false);
        tlb_flush_va(&cpu, va_of(n) | (n & 1 ? tag : 0) | 0xfff, 1, -1);
        ck_assert(hints_are(0, 0));
    }
    make_hints(false);
    tlb_flush_va(&cpu, va_of(10), 1, 7);
    ck_assert(hints_are(1, 1)); /* another address space's */
    make_hints(true);
    tlb_flush_va(&cpu, va_of(10), 1, 7);
    ck_assert(hints_are(0, 0));
}
END_TEST

START_TEST(hints_of_stores_go_with_a_page_that_may_not_be_written)
{
    make_hints(false);
    bank->stack.end[0] = stack_end(0);
    bank_drop_page(bank, 10);
    ck_assert_uint_eq(bank->stack.end[0], 0);
    ck_assert(hints_are(1, 0) && !first_level(10, true) && first_level(10, false));
    tlb_flush_va(&cpu, va_of(11), 1, -1);
    ck_assert(hints_are(0, 0));
}
END_TEST

START_TEST(a_row_of_pages_is_found_in_either_half)
{
    const unsigned first = 500; /* 2 MiB end at 512 */
    for (unsigned at = 511; at < 513; at++) {
        for (unsigned n = first; n < 530; n++)
            set(n, false, false);
        ck_assert(load_with_hint(510));
        ck_assert(hinted(va_of(first)) && hinted(va_of(530) - 16));
        tlb_flush_va(&cpu, va_of(at), 1, -1);
        ck_assert_uint_eq(bank->hint_count, 0);
    }
}
END_TEST

START_TEST(a_hint_goes_with_any_flush)
{
    static void (*const ways[])(void) = { flush_all, flush_address, flush_most };
    for (unsigned k = 0; k < sizeof ways / sizeof *ways; k++) {
        set(9, false, false);
        ck_assert(load_with_hint(9) && hinted(va_of(9)));
        bank->stack.start = va_of(9);
        for (unsigned n = 0; n < STACK_SPANS; n++)
            bank->stack.end[n] = stack_end(n);
        ways[k]();
        ck_assert(!hinted(va_of(9)));
        ck_assert_uint_eq(bank->hint_count, 0);
        for (unsigned n = 0; n < STACK_SPANS; n++)
            ck_assert_uint_eq(bank->stack.end[n], 0);
    }
    set(9, false, true);
    ck_assert(load_with_hint(9));
    flush_most();
    ck_assert(hinted(va_of(9)) && bank->hint_count == 1);
}
END_TEST

START_TEST(a_hint_that_misses_all_the_time_is_given_up)
{
    int count = 0;
    set(9, false, false);
    set(2000, false, false);
    while (load_with_hint(count & 1 ? 9 : 2000) && count < 1000000)
        count++;
    ck_assert(count >= HINT_MISSES && count < 1000000);
    ck_assert_uint_eq(bank->hint[HINT].misses, HINT_MISSES);
    bank->far = far; /* the second level does not keep it going */
    set(9 + PAGES / 3, false, false);
    ck_assert(look(9, false));
    set(9 + PAGES / 3, false, false);
    ck_assert(!load_with_hint(9));
    bank->far = NULL;
}
END_TEST

START_TEST(a_bank_asks_for_a_second_level_after_many_conflicts)
{
    for (unsigned k = 0; k < FAR_CONFLICTS; k++) {
        ck_assert_uint_eq(bank->conflicts, k ? k - 1 : 0);
        set(k & 1 ? 9 : 9 + PAGES / 3, false, false);
    }
    ck_assert_uint_eq(bank->conflicts, FAR_CONFLICTS - 1);
    tlb_flush(&cpu, 1, -1);
    ck_assert_uint_eq(bank->conflicts, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { nothing_flushed_is_found_again,
                                   global_entries_outlive_a_flush_of_the_rest_and_go_to_a_new_bank,
                                   code_that_is_not_global_is_forgotten_with_the_rest,
                                   code_that_outlives_a_flush_is_found_by_the_next,
                                   a_page_with_code_takes_no_store,
                                   a_page_is_dropped_wherever_it_may_be_written,
                                   a_store_beside_code_is_done,
                                   a_page_without_units_stays_one_of_code_for_some_stores,
                                   runs_of_bytes_are_done_up_to_the_end_of_what_is_known,
                                   a_bank_asks_for_a_second_level_after_many_conflicts,
                                   a_hint_covers_pages_in_a_row,
                                   loads_and_stores_have_hints_of_their_own,
                                   a_load_fills_a_hint_of_stores_from_what_may_be_written,
                                   a_hint_goes_with_any_flush,
                                   hints_go_with_a_page_of_theirs,
                                   hints_of_stores_go_with_a_page_that_may_not_be_written,
                                   a_row_of_pages_is_found_in_either_half,
                                   a_hint_that_misses_all_the_time_is_given_up,
                                   NULL };
    return run_tests("bank", tests, begin);
}
