/* Translated code: one memory file mapped twice, writable and executable, never both at one address; regions filled in
 * turn, the oldest emptied whole when space runs out. Units are found by page, pc and mode, and by host address. */
#include "cpu/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROLOGUE_ROOM = 512 << 10, SMALL_REGION = 4 * UNIT_ROOM };

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
Unit **cache_place(Engine *e, uint32_t ram_page, uint64_t pc, uint64_t mode)
{
    uint64_t h = (uint64_t)ram_page * 0x9e3779b97f4a7c15 ^ (pc >> 12) * 0xc2b2ae3d27d4eb4f ^ mode * 0x165667b19e3779f9;
    unsigned at = (unsigned)(h >> (64 - HASH_BITS)) + (unsigned)((pc & 0xfff) >> e->guest->pc_shift);
    return &e->hash[at & ((1 << HASH_BITS) - 1)];
}

Unit *cache_find(Engine *e, uint32_t ram_page, uint64_t pc, uint64_t mode)
{
    for (Unit *u = *cache_place(e, ram_page, pc, mode); u; u = u->next_hash)
        if (u->pc == pc && u->ram_page == ram_page && u->mode == mode)
            return u;
    return NULL;
}

Unit *cache_find_across(Engine *e, uint32_t ram_page, uint32_t second, uint64_t pc, uint64_t mode)
{
    for (Unit *u = *cache_place(e, ram_page, pc, mode); u; u = u->next_hash)
        if (u->pc == pc && u->ram_page == ram_page && u->mode == mode && u->second == second)
            return u;
    return NULL;
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

void cache_jump_fill(TlbBank *b, Unit *u, unsigned pc_shift)
{
    u->banks |= 1u << b->number;
    if (!(u->mode & MODE_STEP))
        bank_set_jump(b, jump_place(u->pc, pc_shift), (JumpEntry){ u->pc, u->code });
}
