/* Links between units, and the end of units: their bytes have changed, or their region is wanted for others. */
#include "core/machine.h"
#include "cpu/engine.h"

#include <stdlib.h>
#include <string.h>

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

void cache_discard(Engine *e, Unit *u)
{
    clear_lookups(e, u);
    discard(e, u);
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
            cache_discard(e, u);
        }
    for (Unit *u = p->ends, *next; u; u = next) {
        next = u->next_end;
        if (offset < end_in_second(u))
            cache_discard(e, u);
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
            cache_discard(e, u);
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
    if (u && !u->dead)
        cache_discard(e, u);
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
    if (again && !u->dead)
        cache_discard(e, u);
    pthread_mutex_unlock(&e->lock);
    return again;
}
