/* Translated code: one memory file mapped twice, writable and executable, never both at one address; regions filled in
 * turn, the oldest emptied whole when space runs out. Units are found by page, pc and mode, and by host address. */
#include "cpu/engine.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    PROLOGUE_ROOM = 512 << 10,
    UNIT_ROOM = 128 << 10,
    SMALL_REGION = 4 * UNIT_ROOM,
    AHEAD = 256 << 10, /* of code pages that are made ready at once */
    HUGE_PAGE = 2 << 20
};

static size_t cache_size(const Engine *e)
{
    return PROLOGUE_ROOM + (size_t)e->region_size * e->regions;
}

bool cache_init(Engine *e, uint64_t bytes, Error *err)
{
    e->regions = bytes < (uint64_t)REGIONS * SMALL_REGION ? (uint32_t)(bytes / SMALL_REGION) : REGIONS;
    assert(e->regions >= 2);
    e->region_size = (uint32_t)(bytes / e->regions) & ~4095u;
    size_t all = cache_size(e);
    int fd = memfd_create("translated-code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)all))
        return error_set(err, "cannot create the code cache: %s", strerror(errno));
    uint8_t *w = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *x = mmap(NULL, all, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    e->code_fd = fd;
    if (w == MAP_FAILED || x == MAP_FAILED) {
        close(fd);
        return error_set(err, "cannot map %llu MiB of code cache: %s; try a smaller tb-size",
                         (unsigned long long)all >> 20, strerror(errno));
    }
    e->base = w;
    e->to_exec = x - w;
    e->prologue_size = e->backend->prologue(e->guest, e->lockstep ? lockstep_call : NULL, w, e->to_exec, PROLOGUE_ROOM);
    for (int k = 0; k < (int)e->regions; k++)
        e->region[k].w = w + PROLOGUE_ROOM + (uint64_t)k * e->region_size;
    return true;
}

void cache_free(Engine *e)
{
    for (int k = 0; k < (int)e->regions; k++) {
        CodeRegion *r = &e->region[k];
        for (uint32_t n = 0; n < r->count; n++)
            free(r->units[n]->leader);
        for (uint32_t n = 0; n < r->blocks; n++)
            free(r->block[n]);
        free(r->block);
        free(r->units);
    }
    if (e->base) {
        munmap(e->base, cache_size(e));
        munmap(e->base + e->to_exec, cache_size(e));
        close(e->code_fd);
    }
}

/* Units that are neighbours in a page are neighbours here: who runs one often looks for the next soon. */
static unsigned hash_of(const Engine *e, uint32_t ram_page, uint64_t pc, uint64_t mode)
{
    uint64_t h = (uint64_t)ram_page * 0x9e3779b97f4a7c15 ^ (pc >> 12) * 0xc2b2ae3d27d4eb4f ^ mode * 0x165667b19e3779f9;
    return ((unsigned)(h >> (64 - HASH_BITS)) + (unsigned)((pc & 0xfff) >> e->guest->pc_shift)) &
           ((1 << HASH_BITS) - 1);
}

Unit *cache_find(Engine *e, uint32_t ram_page, uint64_t pc, uint64_t mode)
{
    for (Unit *u = e->hash[hash_of(e, ram_page, pc, mode)]; u; u = u->next_hash)
        if (u->pc == pc && u->ram_page == ram_page && u->mode == mode)
            return u;
    return NULL;
}

Unit *cache_find_across(Engine *e, uint32_t ram_page, uint32_t second, uint64_t pc, uint64_t mode)
{
    for (Unit *u = e->hash[hash_of(e, ram_page, pc, mode)]; u; u = u->next_hash)
        if (u->pc == pc && u->ram_page == ram_page && u->mode == mode && u->second == second)
            return u;
    return NULL;
}

static void add_to_hash(Engine *e, Unit *u)
{
    Unit **head = &e->hash[hash_of(e, u->ram_page, u->pc, u->mode)];
    u->next_hash = *head;
    if (u->next_hash)
        u->next_hash->at_hash = &u->next_hash;
    u->at_hash = head;
    *head = u;
}

static void count_unit(CodePage *p)
{
    if (!p->count++) {
        p->turns += p->turns < HOT_TURNS;
        __atomic_store_n(&p->idle, 0, __ATOMIC_RELAXED);
    }
}

static void add_to_page(Engine *e, Unit *u)
{
    CodePage *p = e->code_page[u->ram_page];
    uint32_t from = (uint32_t)(u->pc & 0xfff);
    Unit **head = &p->units[from / 64];
    u->next_page = *head;
    if (u->next_page)
        u->next_page->at_page = &u->next_page;
    u->at_page = head;
    *head = u;
    count_unit(p);
    if (p->longest < u->guest_bytes)
        p->longest = u->guest_bytes;
    if (!unit_is_across(u))
        return;
    p = e->code_page[u->second];
    u->next_end = p->ends;
    if (u->next_end)
        u->next_end->at_end = &u->next_end;
    u->at_end = &p->ends;
    p->ends = u;
    count_unit(p);
}

/* Of memory for Unit structs: an eighth of the code, more than there usually is. The host makes a huge page much faster
 * than as many small ones. */
static char *new_block(const Engine *e, CodeRegion *r)
{
    void *block;
    r->block_left = e->region_size / 8 < HUGE_PAGE ? e->region_size / 8 : HUGE_PAGE;
    if (posix_memalign(&block, r->block_left == HUGE_PAGE ? HUGE_PAGE : 64, r->block_left))
        block = xrealloc(NULL, r->block_left);
    if (r->block_left == HUGE_PAGE)
        madvise(block, HUGE_PAGE, MADV_HUGEPAGE);
    return block;
}

/* Memory that lasts until the region is emptied. */
static void *unit_memory(const Engine *e, CodeRegion *r, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (r->block_left < size) {
        if (r->blocks == r->blocks_room) {
            r->blocks_room = r->blocks_room * 2 + 16;
            r->block = xrealloc(r->block, r->blocks_room * sizeof *r->block);
        }
        r->block[r->blocks++] = new_block(e, r);
    }
    r->block_left -= (uint32_t)size;
    return r->block[r->blocks - 1] + r->block_left;
}

static Unit *keep(Engine *e, CodeRegion *r, const Compiled *out, const Unit *like)
{
    size_t exits = out->exits * sizeof(UnitExit), points = out->points * sizeof(UnitPoint);
    Unit *u = unit_memory(e, r, sizeof *u + exits + points);
    *u = *like;
    u->exit = (UnitExit *)(u + 1);
    u->point = (UnitPoint *)((char *)u->exit + exits);
    memcpy(u->exit, out->exit, exits);
    memcpy(u->point, out->point, points);
    u->exits = (uint16_t)out->exits;
    u->points = (uint16_t)out->points;
    u->code_size = out->size;
    u->code = out->at + e->to_exec;
    for (unsigned k = 0; k < u->exits; k++)
        u->exit[k].owner = u;
    if (r->count == r->room) {
        r->room = r->room * 2 + 256;
        r->units = xrealloc(r->units, r->room * sizeof *r->units);
    }
    r->units[r->count++] = u;
    r->used += (out->size + 15) & ~15u;
    add_to_hash(e, u);
    add_to_page(e, u);
    return u;
}

/* Has the host's pages made for what comes next. A write to the file makes them faster than faults do, and then each
 * fault of the two views maps several. It does not matter if that fails. */
static void make_ready(Engine *e, CodeRegion *r)
{
    static const uint8_t zeros[64 << 10];
    uint32_t step = e->region_size - r->ready < AHEAD ? e->region_size - r->ready : AHEAD;
    uint8_t *from = r->w + r->ready;
    for (uint32_t done = 0; done < step; done += sizeof zeros) {
        size_t size = step - done < sizeof zeros ? step - done : sizeof zeros;
        if (pwrite(e->code_fd, zeros, size, from + done - e->base) != (ssize_t)size)
            break;
    }
#ifdef MADV_POPULATE_READ
    madvise(from, step, MADV_POPULATE_READ);
    madvise(from + e->to_exec, step, MADV_POPULATE_READ);
#endif
    r->ready += step;
}

/* The IR of what the unit is to be, of `limit` instructions at most; false: it goes on in the next page. */
static bool translate(Cpu *cpu, Unit *u, const uint8_t *code, uint32_t limit)
{
    uint32_t bytes = 1, insns = 1;
    if (u->second == LOOKS_UP)
        translate_lookup(cpu, cpu->run->ir, u->pc);
    else if (unit_is_across(u))
        bytes = translate_one(cpu, cpu->run->ir, u->pc, u->mode, code, cpu->run->guest->insn_max);
    else
        insns = translate_unit(cpu, cpu->run->ir, u->pc, u->mode, code - (u->pc & 0xfff), limit, &bytes);
    u->guest_bytes = (uint16_t)bytes;
    u->guest_insns = (uint16_t)insns;
    return bytes;
}

static Unit *make(Cpu *cpu, Unit like, const uint8_t *code, uint32_t limit)
{
    Engine *e = cpu->run->engine;
    CodeRegion *r = &e->region[e->region_now];
    Compiled *out = cpu->run->compiled;
    if (like.mode & MODE_STEP)
        limit = 1;
    if (r->ready < r->used + AHEAD / 4 && r->ready < e->region_size)
        make_ready(e, r);
    for (; limit; limit /= 2) {
        if (r->used + UNIT_ROOM > e->region_size)
            return NULL;
        if (!translate(cpu, &like, code, limit)) {
            cpu->run->across = true;
            return NULL;
        }
        out->at = r->w + r->used;
        out->to_exec = e->to_exec;
        out->room = UNIT_ROOM;
        out->no_hint = e->no_hint;
        if (!ir_full(cpu->run->ir) && e->backend->compile(e->guest, cpu->run->ir, like.pc, out))
            break;
        if (limit == 1) {
            log_line("cpu %d: the instruction at %llx does not compile; it is interpreted", cpu->run->number,
                     (unsigned long long)like.pc);
            cpu->run->interpret = true;
            return NULL;
        }
    }
    cpu->run->translated_insns += like.guest_insns;
    cpu->run->translated_units++;
    Unit *u = keep(e, r, out, &like);
    if (log_on(LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM) && log_in_filter(like.pc))
        listing_unit(cpu, u, code);
    return u;
}

Unit *cache_make(Cpu *cpu, uint32_t ram_page, uint64_t pc, uint64_t mode, const uint8_t *page_bytes, uint32_t limit)
{
    Engine *e = cpu->run->engine;
    uint32_t from = (uint32_t)(pc & 0xfff), most = limit * e->guest->insn_max;
    uint64_t claimed = page_claim(cpu, ram_page, granules_of(from, most < 0x1000 - from ? most : 0x1000 - from));
    Unit like = { .pc = pc, .mode = mode, .ram_page = ram_page, .second = NO_PAGE };
    Unit *u = make(cpu, like, page_bytes + from, limit);
    page_unclaim(e, ram_page, claimed & ~(u ? granules_of(from, u->guest_bytes) : 0));
    return u;
}

Unit *cache_make_gate(Cpu *cpu, const Unit *across)
{
    Unit *u = cache_find_across(cpu->run->engine, across->ram_page, LOOKS_UP, across->pc, across->mode);
    Unit like = { .pc = across->pc, .mode = across->mode, .ram_page = across->ram_page, .second = LOOKS_UP };
    static const uint8_t nothing[CODE_MAX];
    return u ? u : make(cpu, like, nothing, 1);
}

/* Only what is claimed may be read. */
Unit *cache_make_across(Cpu *cpu, const Fetched *first, const Fetched *second, uint64_t pc, uint64_t mode)
{
    Engine *e = cpu->run->engine;
    uint8_t code[CODE_MAX] = { 0 };
    uint32_t from = (uint32_t)(pc & 0xfff), here = 0x1000 - from, there = e->guest->insn_max - here;
    uint64_t claimed = page_claim(cpu, first->ram_page, granules_of(from, here));
    uint64_t claimed2 = page_claim(cpu, second->ram_page, granules_of(0, there));
    memcpy(code, first->page_bytes + from, here);
    memcpy(code + here, second->page_bytes, there);
    Unit like = { .pc = pc, .mode = mode, .ram_page = first->ram_page, .second = second->ram_page };
    Unit *u = make(cpu, like, code, 1);
    if (!u) {
        page_unclaim(e, first->ram_page, claimed);
        page_unclaim(e, second->ram_page, claimed2);
    }
    return u;
}

void cache_link(Engine *e, UnitExit *x, Unit *to)
{
    if (x->to || !x->patch || to->dead || x->owner->dead || to->mode & MODE_STEP || unit_is_across(to))
        return;
    x->to = to;
    x->next_in = to->linked_from;
    to->linked_from = x;
    e->backend->patch((uint8_t *)(uintptr_t)x->owner->code - e->to_exec + x->patch, e->to_exec, to->code);
}

static void unlink_exit(Engine *e, UnitExit *x)
{
    const Unit *u = x->owner;
    x->to = NULL;
    e->backend->patch((uint8_t *)(uintptr_t)u->code - e->to_exec + x->patch, e->to_exec, u->code + x->stub);
}

static void forget_link_to(UnitExit *x)
{
    if (!x->to)
        return;
    UnitExit **at = &x->to->linked_from;
    while (*at && *at != x)
        at = &(*at)->next_in;
    if (*at)
        *at = x->next_in;
    x->to = NULL;
}

static void clear_lookups(Engine *e, const Unit *u)
{
    unsigned at = jump_place(u->pc, e->guest->pc_shift);
    for (int k = 0; k < e->machine->config->cpus; k++) {
        Cpu *cpu = e->machine->cpu[k];
        if (!cpu || !cpu->run)
            continue;
        int half = u->pc >> 63;
        bool inherited = u->pc >= cpu->run->heir_from[half] && u->pc <= cpu->run->heir_to[half];
        for (uint32_t left = u->banks | (inherited ? cpu->run->heirs[half] : 0); left; left &= left - 1) {
            TlbBank *b = cpu->run->bank[__builtin_ctz(left)];
            JumpEntry *j = &b->jump[at];
            if (b->live && j->code == u->code)
                __atomic_store_n(&j->pc, ~0ull, __ATOMIC_SEQ_CST);
        }
    }
}

/* Nobody enters the unit any more, once the lookup tables forget it too; who is in it goes on. Its memory stays until
 * its region is emptied. */
static void kill(Engine *e, Unit *u)
{
    *u->at_hash = u->next_hash;
    if (u->next_hash)
        u->next_hash->at_hash = u->at_hash;
    for (UnitExit *x = u->linked_from, *next; x; x = next) {
        next = x->next_in;
        unlink_exit(e, x);
    }
    u->linked_from = NULL;
    for (unsigned k = 0; k < u->exits; k++)
        if (u->exit[k].to) {
            UnitExit *x = &u->exit[k];
            forget_link_to(x);
            unlink_exit(e, x);
        }
    u->dead = true;
}

static void page_empty(Engine *e, uint32_t ram_page)
{
    CodePage *p = e->code_page[ram_page];
    if (p->count)
        return;
    __atomic_store_n(&p->granules, 0, __ATOMIC_RELEASE);
    p->longest = 0;
    if (p->turns == HOT_TURNS) {
        if (p->idle < HOT_STORES)
            return;
        p->turns = 0;
    }
    __atomic_fetch_and(&e->page_flags[ram_page], (uint8_t)~PAGE_CODE, __ATOMIC_SEQ_CST);
}

static void remove_from_pages(Engine *e, Unit *u)
{
    e->code_page[u->ram_page]->count--;
    *u->at_page = u->next_page;
    if (u->next_page)
        u->next_page->at_page = u->at_page;
    if (!unit_is_across(u))
        return;
    e->code_page[u->second]->count--;
    *u->at_end = u->next_end;
    if (u->next_end)
        u->next_end->at_end = u->at_end;
}

/* Who may still be looking it up is the caller's business. */
static void discard(Engine *e, Unit *u)
{
    remove_from_pages(e, u);
    kill(e, u);
    page_empty(e, u->ram_page);
    if (unit_is_across(u))
        page_empty(e, u->second);
}

static uint32_t end_in_second(const Unit *u)
{
    return (uint32_t)(u->pc & 0xfff) + u->guest_bytes - 0x1000;
}

void cache_invalidate(Engine *e, uint32_t ram_page, uint32_t offset, uint32_t len)
{
    CodePage *p = e->code_page[ram_page];
    if (!p)
        return;
    if (!(p->granules & granules_of(offset, len))) {
        if (!p->count && page_idle(p))
            page_empty(e, ram_page);
        return;
    }
    e->invalidations++;
    uint32_t first = offset > p->longest ? (offset - p->longest) / 64 : 0, last = (offset + len - 1) / 64;
    for (uint32_t g = first; g <= last && g < GRANULES; g++)
        for (Unit *u = p->units[g], *next; u; u = next) {
            uint32_t from = (uint32_t)(u->pc & 0xfff);
            next = u->next_page;
            if (from >= offset + len || offset >= from + u->guest_bytes)
                continue;
            clear_lookups(e, u);
            discard(e, u);
        }
    for (Unit *u = p->ends, *next; u; u = next) {
        next = u->next_end;
        if (offset < end_in_second(u)) {
            clear_lookups(e, u);
            discard(e, u);
        }
    }
    page_empty(e, ram_page);
}

void cache_forget_pc(Engine *e, uint64_t pc)
{
    for (int k = 0; k < (int)e->regions; k++)
        for (uint32_t n = 0; n < e->region[k].count; n++) {
            Unit *u = e->region[k].units[n];
            if (u->dead || pc - u->pc >= u->guest_bytes)
                continue;
            clear_lookups(e, u);
            discard(e, u);
        }
}

/* A region has tens of thousands of units: cheaper than clear_lookups for each. Everybody is stopped. */
static void clear_all_lookups(Engine *e)
{
    for (int k = 0; k < e->machine->config->cpus; k++) {
        Cpu *cpu = e->machine->cpu[k];
        for (int b = 0; cpu && cpu->run && b < BANKS; b++)
            if (cpu->run->bank[b]->live)
                bank_flush_jumps(cpu->run->bank[b]);
    }
}

static void empty_region(Engine *e, CodeRegion *r)
{
    clear_all_lookups(e);
    for (uint32_t k = 0; k < r->count; k++) {
        Unit *u = r->units[k];
        if (!u->dead)
            discard(e, u);
        free(u->leader);
    }
    for (uint32_t k = 0; k < r->blocks; k++)
        free(r->block[k]);
    r->count = r->used = r->blocks = r->block_left = 0;
}

static void evict(void *arg)
{
    Engine *e = arg;
    pthread_mutex_lock(&e->lock);
    e->region_now = (e->region_now + 1) % e->regions;
    if (e->region[e->region_now].count)
        e->evictions++;
    empty_region(e, &e->region[e->region_now]);
    e->generation++;
    for (int k = 0; k < e->machine->config->cpus; k++) /* before it enters reused bytes */
        if (e->machine->cpu[k])
            e->machine->cpu[k]->run->resync = 1;
    pthread_mutex_unlock(&e->lock);
}

void cache_evict(Cpu *self)
{
    cpu_exclusive(self, evict, self->run->engine);
}

static bool holds(const Unit *u, const uint8_t *at)
{
    return u->code <= at && at <= u->code + u->code_size;
}

Unit *cache_unit_at(Engine *e, const void *host)
{
    const uint8_t *at = host;
    const CodeRegion *now = &e->region[e->region_now];
    if (now->count && holds(now->units[now->count - 1], at)) /* new code has only begun to run */
        return now->units[now->count - 1];
    for (int k = 0; k < (int)e->regions; k++) {
        CodeRegion *r = &e->region[k];
        const uint8_t *base = r->w + e->to_exec;
        if (at < base || at >= base + e->region_size)
            continue;
        uint32_t lo = 0, hi = r->count;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;
            if (r->units[mid]->code <= at)
                lo = mid + 1;
            else
                hi = mid;
        }
        return lo && holds(r->units[lo - 1], at) ? r->units[lo - 1] : NULL;
    }
    return NULL;
}

UnitExit *cache_exit_at(Engine *e, const void *stub)
{
    UnitExit *x = NULL;
    Unit *from = cache_unit_at(e, (const uint8_t *)stub - 1);
    assert(from);
    uint32_t offset = (uint32_t)((const uint8_t *)stub - from->code) - LINK_CALL;
    for (unsigned k = 0; k < from->exits && !x; k++)
        if (from->exit[k].stub == offset)
            x = &from->exit[k];
    assert(x);
    return x;
}

uint64_t cache_exit_pc(Engine *e, const void *stub)
{
    pthread_mutex_lock(&e->lock);
    uint64_t pc = cache_exit_at(e, stub)->pc;
    pthread_mutex_unlock(&e->lock);
    return pc;
}

/* A vCPU that is in a unit keeps its region alive, but the list of units grows under the lock. */
bool cache_point(Engine *e, const void *ret, uint64_t *pc)
{
    pthread_mutex_lock(&e->lock);
    Unit *u = cache_unit_at(e, ret);
    pthread_mutex_unlock(&e->lock);
    if (!u)
        return false;
    uint32_t host = (uint32_t)((const uint8_t *)ret - u->code);
    unsigned lo = 0, hi = u->points; /* in the order of the code */
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (u->point[mid].host < host)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == u->points || u->point[lo].host != host)
        return false;
    *pc = u->pc + (uint64_t)(int64_t)(int32_t)u->point[lo].pc;
    return true;
}

/* The unit is made anew when it is next looked for. */
void cache_no_hint(Engine *e, const void *ret)
{
    uint64_t pc;
    if (!cache_point(e, ret, &pc))
        return;
    pthread_mutex_lock(&e->lock);
    if (++e->no_hints > NO_HINT_BITS / 4) {
        memset(e->no_hint, 0, sizeof e->no_hint);
        e->no_hints = 1;
    }
    unsigned bit = no_hint_bit(pc);
    e->no_hint[bit / 64] |= 1ull << bit % 64;
    Unit *u = cache_unit_at(e, ret);
    if (u && !u->dead) {
        clear_lookups(e, u);
        discard(e, u);
    }
    pthread_mutex_unlock(&e->lock);
}

static bool note_own_store(Engine *e, uint64_t pc)
{
    unsigned bit = no_hint_bit(pc);
    if (e->own_store[bit / 64] >> bit % 64 & 1)
        return false;
    if (++e->own_stores > NO_HINT_BITS / 4) {
        memset(e->own_store, 0, sizeof e->own_store);
        e->own_stores = 1;
    }
    e->own_store[bit / 64] |= 1ull << bit % 64;
    return true;
}

bool cache_changes_itself(Engine *e, const void *ret, uint32_t ram_page, uint32_t offset, uint32_t len)
{
    uint64_t pc;
    pthread_mutex_lock(&e->lock);
    Unit *u = cache_unit_at(e, ret);
    uint32_t from = u ? (uint32_t)(u->pc & 0xfff) : 0;
    bool hit =
        u && u->ram_page == ram_page && u->guest_insns > 1 && offset < from + u->guest_bytes && offset + len > from;
    pthread_mutex_unlock(&e->lock);
    if (!hit || !cache_point(e, ret, &pc))
        return false;
    pthread_mutex_lock(&e->lock);
    bool again = note_own_store(e, pc);
    if (again && !u->dead) {
        clear_lookups(e, u);
        discard(e, u);
    }
    pthread_mutex_unlock(&e->lock);
    return again;
}

void cache_jump_fill(TlbBank *b, Unit *u, unsigned pc_shift)
{
    u->banks |= 1u << b->number;
    if (!(u->mode & MODE_STEP))
        bank_set_jump(b, jump_place(u->pc, pc_shift), (JumpEntry){ u->pc, u->code });
}
