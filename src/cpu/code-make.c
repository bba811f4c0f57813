/* New units: translated, compiled to where the code cache has room, and listed. */
#include "base/alloc.h"
#include "base/log.h"
#include "cpu/engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    AHEAD = 256 << 10, /* of code pages that are made ready at once */
    HUGE_PAGE = 2 << 20
};

static void add_to_hash(Engine *e, Unit *u)
{
    Unit **head = cache_place(e, u->ram_page, u->pc, u->mode);
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

static Unit *keep(Engine *e, const Compiled *out, const Unit *like)
{
    CodeRegion *r = &e->region[e->region_now];
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
    e->translated_insns += u->guest_insns;
    e->translated_units++;
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

/* Where compiled code goes; false: the region is full. */
static bool place(Engine *e, Compiled *out)
{
    CodeRegion *r = &e->region[e->region_now];
    if (r->ready < r->used + AHEAD / 4 && r->ready < e->region_size)
        make_ready(e, r);
    out->at = r->w + r->used;
    out->to_exec = e->to_exec;
    out->room = UNIT_ROOM;
    out->no_hint = e->no_hint;
    return r->used + UNIT_ROOM <= e->region_size;
}

static Unit *make_quickly(Cpu *cpu, Unit like, const uint8_t *code, uint32_t limit)
{
    Engine *e = cpu->run->engine;
    Compiled *out = cpu->run->compiled;
    uint32_t bytes;
    if (!quick_wanted(cpu, &like) || !place(e, out))
        return NULL;
    like.guest_insns = (uint16_t)quick_unit(cpu, &like, code, limit, out, &bytes);
    if (!like.guest_insns)
        return NULL;
    like.guest_bytes = (uint16_t)bytes;
    like.quick = true;
    Unit *u = keep(e, out, &like);
    quick_counts(e, u);
    return u;
}

static Unit *make(Cpu *cpu, Unit like, const uint8_t *code, uint32_t limit)
{
    Engine *e = cpu->run->engine;
    Compiled *out = cpu->run->compiled;
    if (like.mode & MODE_STEP)
        limit = 1;
    for (; limit; limit /= 2) {
        if (!place(e, out))
            return NULL;
        if (!translate(cpu, &like, code, limit)) {
            cpu->run->across = true;
            return NULL;
        }
        if (!ir_full(cpu->run->ir) && e->backend->compile(e->guest, cpu->run->ir, like.pc, out))
            break;
        if (limit == 1) {
            log_line("cpu %d: the instruction at %llx does not compile; it is interpreted", cpu->run->number,
                     (unsigned long long)like.pc);
            cpu->run->interpret = true;
            return NULL;
        }
    }
    Unit *u = keep(e, out, &like);
    if (log_on(LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM) && log_in_filter(like.pc))
        listing_unit(cpu, u, code);
    return u;
}

Unit *cache_make(Cpu *cpu, uint32_t ram_page, uint64_t pc, uint64_t mode, const uint8_t *page_bytes, uint32_t limit,
                 bool hot)
{
    Engine *e = cpu->run->engine;
    uint32_t from = (uint32_t)(pc & 0xfff), most = limit * (e->guest->insn_max + UNIT_PADDING);
    uint64_t claimed = page_claim(cpu, ram_page, granules_of(from, most < 0x1000 - from ? most : 0x1000 - from));
    Unit like = { .pc = pc, .mode = mode, .ram_page = ram_page, .second = NO_PAGE };
    Unit *u = hot ? NULL : make_quickly(cpu, like, page_bytes + from, limit);
    if (!u)
        u = make(cpu, like, page_bytes + from, limit);
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
