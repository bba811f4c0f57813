#include "core/snapshot_items.h"

#include "base/alloc.h"
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#if HAVE_ZSTD
#include <zstd.h>
#endif

enum { PLAIN = 256 << 10, BATCH = 32, THREADS = 4 };
enum { STORED, ZLIB, ZSTD };

typedef struct ChunkHead {
    uint32_t items, bytes, method, zero;
} ChunkHead;

/* ---- work for several threads ---- */

typedef struct Work {
    void (*fn)(void *who, size_t n);
    void *who;
    size_t next, count; /* next: atomic */
} Work;

static void *work(void *arg)
{
    Work *w = arg;
    for (size_t n; (n = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED)) < w->count;)
        w->fn(w->who, n);
    return NULL;
}

/* fn(who, n) for each n below `count`. */
static void in_parallel(size_t count, void (*fn)(void *who, size_t n), void *who)
{
    Work w = { fn, who, 0, count };
    pthread_t thread[THREADS];
    long most = sysconf(_SC_NPROCESSORS_ONLN);
    size_t started = 0;
    most = most < THREADS ? most : THREADS;
    while ((long)started + 1 < most && started + 1 < count && !pthread_create(&thread[started], NULL, work, &w))
        started++;
    work(&w);
    while (started)
        pthread_join(thread[--started], NULL);
}

/* ---- packing ---- */

/* Whether the bytes look like chance, which takes long to compress and gains nothing: in a sample of 512 the squares of
 * the 256 counts add up to about 1530 then, and to thousands in code and text. */
static bool random_looking(const uint8_t *bytes, size_t n)
{
    enum { RUNS = 8, RUN = 64, LIMIT = 2000 };
    unsigned count[256] = { 0 }, sum = 0;
    if (n < (size_t)RUNS * RUN)
        return false;
    for (unsigned k = 0; k < RUNS * RUN; k++) {
        unsigned *c = &count[bytes[k / RUN * (n / RUNS) + k % RUN]];
        sum += 2 * (*c)++ + 1; /* the next square */
    }
    return sum < LIMIT;
}

/* In less than n bytes, or 0. */
static size_t pack(uint8_t *to, const uint8_t *from, size_t n, uint32_t *method)
{
#if HAVE_ZSTD
    *method = ZSTD;
    size_t bytes = random_looking(from, n) ? 0 : ZSTD_compress(to, n - 1, from, n, 1);
    return ZSTD_isError(bytes) ? 0 : bytes;
#else
    *method = ZLIB;
    uLongf bytes = n - 1;
    return random_looking(from, n) || compress2(to, &bytes, from, n, Z_BEST_SPEED) != Z_OK ? 0 : bytes;
#endif
}

static bool unpack_zstd(uint8_t *to, size_t n, const uint8_t *from, size_t bytes, Error *err)
{
#if HAVE_ZSTD
    return ZSTD_decompress(to, n, from, bytes) == n || error_set(err, "a compressed record is damaged");
#else
    (void)to, (void)n, (void)from, (void)bytes;
    return error_set(err, "it is compressed with zstd, and this program was built without libzstd");
#endif
}

static bool unpack(uint8_t *to, size_t n, const uint8_t *from, const ChunkHead *h, Error *err)
{
    uLongf got = n;
    switch (h->method) {
    case STORED:
        memcpy(to, from, n);
        return true;
    case ZLIB:
        return (uncompress(to, &got, from, h->bytes) == Z_OK && got == n) ||
               error_set(err, "a compressed record is damaged");
    default:
        return unpack_zstd(to, n, from, h->bytes, err);
    }
}

/* ---- writing ---- */

typedef struct Slot {
    ChunkHead head;
    uint64_t *number;
    uint8_t *plain, *packed;
} Slot;

typedef struct Put {
    size_t item, per_chunk;
    const uint64_t *numbers;
    size_t count;
    SnapshotRead *read;
    void *who;
    Slot slot[BATCH];
} Put;

static void fill_slot(void *who, size_t n)
{
    Put *p = who;
    Slot *s = &p->slot[n];
    size_t first = n * p->per_chunk, end = first + p->per_chunk < p->count ? first + p->per_chunk : p->count, items = 0;
    for (size_t k = first; k < end; k++)
        if (p->read(p->who, p->numbers[k], s->plain + items * p->item))
            s->number[items++] = p->numbers[k];
    s->head = (ChunkHead){ .items = (uint32_t)items };
    if (items)
        s->head.bytes = (uint32_t)pack(s->packed, s->plain, items * p->item, &s->head.method);
    if (!s->head.bytes)
        s->head = (ChunkHead){ .items = (uint32_t)items, .bytes = (uint32_t)(items * p->item), .method = STORED };
}

static void put_slot(SnapshotFile *f, const Slot *s)
{
    if (!s->head.items)
        return;
    snapshot_put(f, &s->head, sizeof s->head);
    snapshot_put(f, s->number, s->head.items * sizeof *s->number);
    snapshot_put(f, s->head.method == STORED ? s->plain : s->packed, s->head.bytes);
}

void snapshot_put_items(SnapshotFile *f, size_t item, const uint64_t *numbers, size_t count, SnapshotRead *read,
                        void *who)
{
    Put *p = xalloc(sizeof *p);
    *p = (Put){ .item = item, .per_chunk = PLAIN / item, .read = read, .who = who };
    for (int n = 0; n < BATCH; n++)
        p->slot[n] =
            (Slot){ .number = xalloc(p->per_chunk * sizeof *numbers), .plain = xalloc(PLAIN), .packed = xalloc(PLAIN) };
    while (count) {
        size_t most = BATCH * p->per_chunk;
        p->numbers = numbers;
        p->count = count < most ? count : most;
        size_t chunks = (p->count + p->per_chunk - 1) / p->per_chunk;
        in_parallel(chunks, fill_slot, p);
        for (size_t n = 0; n < chunks; n++)
            put_slot(f, &p->slot[n]);
        numbers += p->count;
        count -= p->count;
    }
    for (int n = 0; n < BATCH; n++) {
        free(p->slot[n].number);
        free(p->slot[n].plain);
        free(p->slot[n].packed);
    }
    free(p);
}

/* ---- reading ---- */

typedef struct Chunk {
    ChunkHead head;
    uint64_t at; /* of its numbers, in the file */
} Chunk;

typedef struct Get {
    SnapshotFile *file;
    size_t item;
    uint64_t limit;
    SnapshotWrite *write;
    void *who;
    Chunk *chunk;
    size_t count;
    pthread_mutex_t lock; /* of failed */
    Error failed;
} Get;

static bool numbers_are_below(const uint64_t *numbers, size_t count, uint64_t limit)
{
    for (size_t k = 0; k < count; k++)
        if (numbers[k] >= limit)
            return false;
    return true;
}

static bool chunk_is_sound(const Get *g, const ChunkHead *h, uint64_t left)
{
    return h->items && h->items <= PLAIN / g->item && h->method <= ZSTD &&
           h->items * sizeof(uint64_t) + h->bytes <= left &&
           (h->method == STORED ? h->bytes == h->items * g->item : h->bytes < h->items * g->item);
}

static bool find_chunks(Get *g, const SnapshotRecord *r, Error *err)
{
    size_t room = 0;
    for (uint64_t at = (uint64_t)r->at, end = at + r->size; at < end; g->count++) {
        Chunk c;
        bool whole = end - at >= sizeof c.head && snapshot_peek_bytes(g->file, at, &c.head, sizeof c.head);
        if (!whole || !chunk_is_sound(g, &c.head, end - at - sizeof c.head))
            return error_set(err, "record '%s' is damaged", r->name);
        c.at = at + sizeof c.head;
        at = c.at + c.head.items * sizeof(uint64_t) + c.head.bytes;
        if (g->count == room)
            g->chunk = xrealloc(g->chunk, (room = room * 2 + 64) * sizeof c);
        g->chunk[g->count] = c;
    }
    return true;
}

static bool get_chunk(Get *g, const Chunk *c, uint8_t *packed, uint8_t *plain, uint64_t *number, Error *err)
{
    size_t n = c->head.items * g->item, numbers = c->head.items * sizeof *number;
    if (!snapshot_peek_bytes(g->file, c->at, number, numbers) || !numbers_are_below(number, c->head.items, g->limit))
        return error_set(err, "there is an item beyond the end");
    if (!g->write)
        return true;
    if (!snapshot_peek_bytes(g->file, c->at + numbers, packed, c->head.bytes))
        return error_set(err, "it cannot be read");
    if (!unpack(plain, n, packed, &c->head, err))
        return false;
    for (size_t k = 0; k < c->head.items; k++)
        if (!g->write(g->who, number[k], plain + k * g->item))
            return error_set(err, "what it keeps cannot be put back");
    return true;
}

static void get_one(void *who, size_t n)
{
    Get *g = who;
    Error err = { "" };
    uint8_t *packed = xalloc(PLAIN), *plain = xalloc(PLAIN);
    uint64_t *number = xalloc(PLAIN / g->item * sizeof *number);
    if (!get_chunk(g, &g->chunk[n], packed, plain, number, &err)) {
        pthread_mutex_lock(&g->lock);
        g->failed = err;
        pthread_mutex_unlock(&g->lock);
    }
    free(number);
    free(plain);
    free(packed);
}

bool snapshot_get_items(SnapshotFile *f, const SnapshotRecord *r, size_t item, uint64_t limit, SnapshotWrite *write,
                        void *who, Error *err)
{
    Get g = { .file = f, .item = item, .limit = limit, .write = write, .who = who, .lock = PTHREAD_MUTEX_INITIALIZER };
    bool ok = find_chunks(&g, r, err);
    if (ok)
        in_parallel(g.count, get_one, &g);
    free(g.chunk);
    return ok && (!*g.failed.text || error_set(err, "record '%s': %s", r->name, g.failed.text));
}
