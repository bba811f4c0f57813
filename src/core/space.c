#include "core/space.h"

#include "base/alloc.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST_VIEW = 8 };

typedef struct Mapping {
    uint64_t at;
    const Region *region;
    int over;
    struct Mapping *next; /* highest first; of equals, the latest first */
} Mapping;

/* Immutable once published. */
typedef struct FlatMap {
    struct FlatMap *retired; /* next on the list of those replaced but perhaps still being read */
    size_t count, room;
    Flat flat[];
} FlatMap;

struct Space {
    char *name;
    Mapping *mappings;
    FlatMap *map; /* atomic */
    Space *next;
};

/* Spaces know one another because a change in one shows through the views of others. Guarded by `lock`, as are the
 * mappings; the flat maps are read without it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Space *spaces;
static FlatMap *retired;
static const SpaceWatch *watch;

/* Readers: each thread announces the map it is reading (a hazard pointer); a replaced map is freed only when nobody
 * announces it. Records are never freed: threads are few. */
typedef struct Reader {
    FlatMap *reading; /* atomic */
    struct Reader *next;
} Reader;
static Reader *readers; /* atomic, grows only */
static _Thread_local Reader *me;

static Reader *reader_new(void)
{
    Reader *r = xalloc(sizeof *r);
    r->next = __atomic_load_n(&readers, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&readers, &r->next, r, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    return r;
}

static const FlatMap *reading_begin(Space *s)
{
    if (!me)
        me = reader_new();
    FlatMap *map;
    do {
        map = __atomic_load_n(&s->map, __ATOMIC_ACQUIRE);
        __atomic_store_n(&me->reading, map, __ATOMIC_SEQ_CST);
    } while (map != __atomic_load_n(&s->map, __ATOMIC_SEQ_CST));
    return map;
}

static void reading_end(void)
{
    __atomic_store_n(&me->reading, NULL, __ATOMIC_RELEASE);
}

static bool being_read(const FlatMap *map)
{
    for (Reader *r = __atomic_load_n(&readers, __ATOMIC_ACQUIRE); r; r = r->next)
        if (__atomic_load_n(&r->reading, __ATOMIC_SEQ_CST) == map)
            return true;
    return false;
}

static void free_retired(void)
{
    for (FlatMap **at = &retired; *at;) {
        FlatMap *map = *at;
        if (being_read(map)) {
            at = &map->retired;
            continue;
        }
        *at = map->retired;
        free(map);
    }
}

static uint64_t last_byte(uint64_t at, uint64_t size)
{
    uint64_t last = at + size - 1;
    return last < at ? UINT64_MAX : last;
}

/* Index of the first stretch that ends at or after `at`. */
static size_t flat_search(const FlatMap *map, uint64_t at)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (last_byte(map->flat[mid].at, map->flat[mid].size) < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool space_flat(Space *s, uint64_t at, Flat *found)
{
    const FlatMap *map = reading_begin(s);
    size_t i = flat_search(map, at);
    bool there = i < map->count && map->flat[i].at <= at;
    if (there)
        *found = map->flat[i];
    reading_end();
    return there;
}

bool space_next(Space *s, uint64_t at, Flat *found)
{
    const FlatMap *map = reading_begin(s);
    size_t i = flat_search(map, at);
    bool there = i < map->count;
    if (there)
        *found = map->flat[i];
    reading_end();
    return there;
}

static FlatMap *flat_insert(FlatMap *map, size_t i, Flat f)
{
    if (map->count == map->room) {
        map->room = map->room * 2 + 16;
        map = xrealloc(map, sizeof *map + map->room * sizeof *map->flat);
    }
    memmove(&map->flat[i + 1], &map->flat[i], (map->count++ - i) * sizeof f);
    map->flat[i] = f;
    return map;
}

/* Fills the gaps of [first, last] with `region`, whose byte `offset` is at `first`. */
static FlatMap *fill_gaps(FlatMap *map, uint64_t first, uint64_t last, const Region *region, uint64_t offset)
{
    for (uint64_t at = first;;) {
        size_t i = flat_search(map, at);
        if (i < map->count && map->flat[i].at <= at) {
            uint64_t end = last_byte(map->flat[i].at, map->flat[i].size);
            if (end >= last)
                return map;
            at = end + 1;
            continue;
        }
        uint64_t end = i < map->count && map->flat[i].at <= last ? map->flat[i].at - 1 : last;
        map = flat_insert(map, i,
                          (Flat){ .at = at, .size = end - at + 1, .offset = offset + (at - first), .region = region });
        if (end == last)
            return map;
        at = end + 1;
    }
}

/* Renders [from, last] of `s`; address a of it appears at a + shift. */
static FlatMap *render(FlatMap *map, const Space *s, uint64_t from, uint64_t last, uint64_t shift, int depth)
{
    for (const Mapping *m = s->mappings; m; m = m->next) {
        const Region *r = m->region;
        if (!r->size || m->at > last)
            continue;
        uint64_t first = m->at > from ? m->at : from, end = last_byte(m->at, r->size);
        if (end > last)
            end = last;
        if (end < first)
            continue;
        uint64_t offset = first - m->at;
        if (!r->into)
            map = fill_gaps(map, first + shift, end + shift, r, offset);
        else if (depth < DEEPEST_VIEW)
            map = render(map, r->into, r->into_at + offset, r->into_at + (end - m->at), shift + m->at - r->into_at,
                         depth + 1);
    }
    return map;
}

/* Two stretches of one region that follow each other become one. */
static void merge(FlatMap *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        Flat *before = kept ? &map->flat[kept - 1] : NULL;
        const Flat *f = &map->flat[i];
        if (before && before->region == f->region && before->at + before->size == f->at &&
            before->offset + before->size == f->offset)
            before->size += f->size;
        else
            map->flat[kept++] = *f;
    }
    map->count = kept;
}

static const Flat *flat_at(const FlatMap *map, uint64_t at, uint64_t *last)
{
    size_t i = flat_search(map, at);
    if (i == map->count) {
        *last = UINT64_MAX;
        return NULL;
    }
    bool there = map->flat[i].at <= at;
    *last = there ? last_byte(map->flat[i].at, map->flat[i].size) : map->flat[i].at - 1;
    return there ? &map->flat[i] : NULL;
}

/* Tells the watcher about every stretch where the two maps differ. */
static void report_changes(Space *s, const FlatMap *old, const FlatMap *new)
{
    if (!watch || !watch->remapped)
        return;
    uint64_t changed_from = 0;
    bool changing = false;
    for (uint64_t at = 0;;) {
        uint64_t last_old, last_new;
        const Flat *a = flat_at(old, at, &last_old), *b = flat_at(new, at, &last_new);
        bool same = a && b ? a->region == b->region && a->offset - a->at == b->offset - b->at : a == b;
        if (same && changing)
            watch->remapped(watch->who, s, changed_from, at - changed_from);
        else if (!same && !changing)
            changed_from = at;
        changing = !same;
        uint64_t last = last_old < last_new ? last_old : last_new;
        if (last == UINT64_MAX)
            break;
        at = last + 1;
    }
    if (changing)
        watch->remapped(watch->who, s, changed_from, 0 - changed_from);
}

static void publish(Space *s)
{
    FlatMap *new = xalloc(sizeof *new), *old = s->map;
    new = render(new, s, 0, UINT64_MAX, 0, 0);
    merge(new);
    __atomic_store_n(&s->map, new, __ATOMIC_SEQ_CST);
    report_changes(s, old, new);
    old->retired = retired;
    retired = old;
}

static bool shows(const Space *s, const Space *other, int depth)
{
    if (s == other)
        return true;
    if (depth < DEEPEST_VIEW)
        for (const Mapping *m = s->mappings; m; m = m->next)
            if (m->region->into && shows(m->region->into, other, depth + 1))
                return true;
    return false;
}

static void changed(const Space *which)
{
    for (Space *s = spaces; s; s = s->next)
        if (shows(s, which, 0))
            publish(s);
    free_retired();
}

Space *space_new(const char *name)
{
    Space *s = xalloc(sizeof *s);
    s->name = xstrdup(name);
    s->map = xalloc(sizeof *s->map);
    pthread_mutex_lock(&lock);
    s->next = spaces;
    spaces = s;
    pthread_mutex_unlock(&lock);
    return s;
}

void space_free(Space *s)
{
    pthread_mutex_lock(&lock);
    Space **at = &spaces;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    while (s->mappings) {
        Mapping *m = s->mappings;
        s->mappings = m->next;
        free(m);
    }
    s->map->retired = retired;
    retired = s->map;
    free_retired();
    pthread_mutex_unlock(&lock);
    free(s->name);
    free(s);
}

void space_map(Space *s, uint64_t at, const Region *region, int over)
{
    Mapping *m = xalloc(sizeof *m);
    *m = (Mapping){ .at = at, .region = region, .over = over };
    pthread_mutex_lock(&lock);
    Mapping **where = &s->mappings;
    while (*where && (*where)->over > over)
        where = &(*where)->next;
    m->next = *where;
    *where = m;
    changed(s);
    pthread_mutex_unlock(&lock);
}

void space_unmap(Space *s, const Region *region)
{
    pthread_mutex_lock(&lock);
    Mapping **where = &s->mappings;
    while (*where && (*where)->region != region)
        where = &(*where)->next;
    if (*where) {
        Mapping *m = *where;
        *where = m->next;
        free(m);
        changed(s);
    }
    pthread_mutex_unlock(&lock);
}

void space_watch(const SpaceWatch *w)
{
    pthread_mutex_lock(&lock);
    __atomic_store_n(&watch, w, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
}

void space_dirty(const Region *region, uint64_t offset, uint64_t len)
{
    const SpaceWatch *w = __atomic_load_n(&watch, __ATOMIC_ACQUIRE);
    if (w && w->dirty)
        w->dirty(w->who, region->page + (offset >> 12), offset & 0xfff, len);
}

static const char *kind(const Region *r)
{
    if (r->ram)
        return !r->readonly ? "ram" : r->window ? "romd" : "rom";
    return "i/o";
}

void space_print(Space *s, Out *o)
{
    pthread_mutex_lock(&lock);
    out(o, "address-space: %s\n", s->name);
    for (size_t i = 0; i < s->map->count; i++) {
        const Flat *f = &s->map->flat[i];
        out(o, "  %016" PRIx64 "-%016" PRIx64 " (%s): %s", f->at, last_byte(f->at, f->size), kind(f->region),
            f->region->name);
        if (f->offset)
            out(o, " @%016" PRIx64, f->offset);
        out(o, "\n");
    }
    pthread_mutex_unlock(&lock);
}
