#include "devices/virtio/virtqueue.h"

#include <string.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1 };
enum { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4 }; /* offsets in both rings */

typedef struct Desc {
    uint64_t at;
    uint32_t len;
    uint16_t flags, next;
} Desc;

const StateField queue_state[] = {
    STATE(Queue, desc_at),    STATE(Queue, avail_at), STATE(Queue, used_at),   STATE(Queue, size), STATE(Queue, ready),
    STATE(Queue, next_avail), STATE(Queue, told),     STATE(Queue, next_used), STATE_END,
};

void queue_reset(Queue *q)
{
    *q = (Queue){ .most = q->most, .size = q->most };
}

/* The memory at `at`, and how much of it follows. */
static bool memory_at(Space *s, uint64_t at, bool write, QueueMemory *m, uint64_t *left)
{
    Flat f;
    if (!space_flat(s, at, &f) || !f.region->ram || (write && f.region->readonly))
        return false;
    uint64_t offset = f.offset + (at - f.at);
    *m = (QueueMemory){ f.region, offset, f.region->ram + offset };
    *left = f.size - (at - f.at);
    return true;
}

static bool find(Space *s, uint64_t at, uint64_t len, bool write, QueueMemory *m)
{
    uint64_t left;
    return memory_at(s, at, write, m, &left) && len <= left;
}

const char *queue_enable(Queue *q, Space *s)
{
    if (!q->size || q->size > q->most || q->size & (q->size - 1))
        return "the queue's size is no power of two, or too large";
    if (q->desc_at & 15 || q->avail_at & 1 || q->used_at & 3)
        return "a ring is not aligned"; /* 2.7: 16, 2 and 4 bytes */
    if (!find(s, q->desc_at, 16ull * q->size, false, &q->desc) ||
        !find(s, q->avail_at, 6 + 2ull * q->size, false, &q->avail) ||
        !find(s, q->used_at, 6 + 8ull * q->size, true, &q->used))
        return "a ring is not in memory";
    q->space = s;
    q->ready = true;
    return NULL;
}

static uint16_t load(const QueueMemory *m, uint64_t at)
{
    return __atomic_load_n((const uint16_t *)(const void *)(m->host + at), __ATOMIC_ACQUIRE);
}

static void store(const QueueMemory *m, uint64_t at, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)(m->host + at), value, __ATOMIC_RELEASE);
    space_dirty(m->region, m->offset + at, sizeof value);
}

/* The driver notifies when it moves its index past the event's; it looks at that after it has moved the index, so we
 * look at the index after we have set the event (2.7.7, 2.7.10). */
bool queue_has(Queue *q)
{
    if (!q->ready)
        return false;
    if (load(&q->avail, RING_INDEX) != q->next_avail)
        return true;
    if (!q->event_index)
        return false; /* our flags never forbid notifications */
    store(&q->used, RING_ENTRIES + 8ull * q->size, q->next_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return load(&q->avail, RING_INDEX) != q->next_avail;
}

/* A table of descriptors: the queue's own or an indirect one. */
typedef struct Table {
    const uint8_t *host;
    uint32_t entries, seen;
} Table;

static const char *add_piece(Chain *c, Space *s, const Desc *d)
{
    bool write = d->flags & DESC_WRITE;
    if (c->ins && !write)
        return "a chain has a part to read behind one to write";
    if (c->out_len + c->in_len + d->len > UINT32_MAX)
        return "a chain is longer than 4 GiB"; /* 2.7.5 */
    *(write ? &c->in_len : &c->out_len) += d->len;
    for (uint64_t at = d->at, left = d->len, n; left; at += n, left -= n) {
        QueueMemory m;
        if (at < d->at || !memory_at(s, at, write, &m, &n))
            return "a buffer is not in memory";
        if (c->outs + c->ins == QUEUE_MOST)
            return "a chain has too many pieces";
        n = n < left ? n : left;
        c->iov[c->outs + c->ins] = (struct iovec){ m.host, n };
        if (write) {
            c->in[c->ins].region = m.region;
            c->in[c->ins++].offset = m.offset;
        } else {
            c->outs++;
        }
    }
    return NULL;
}

/* 2.7.5.3: a table of its own, whose descriptors are no tables, ends a chain. */
static const char *enter_indirect(const Queue *q, Space *s, const Desc *d, Table *t)
{
    QueueMemory m;
    if (!q->indirect || t->host != q->desc.host)
        return "an indirect descriptor where none may be";
    if (d->flags & DESC_NEXT)
        return "an indirect descriptor has a next one";
    if (!d->len || d->len % sizeof(Desc) || d->len / sizeof(Desc) > QUEUE_MOST)
        return "an indirect table of a wrong size";
    if (!find(s, d->at, d->len, false, &m))
        return "an indirect table is not in memory";
    *t = (Table){ m.host, d->len / sizeof(Desc), 0 };
    return NULL;
}

static const char *walk(const Queue *q, Space *s, Chain *c)
{
    Table t = { q->desc.host, q->size, 0 };
    for (uint32_t i = c->head;;) {
        Desc d;
        if (i >= t.entries)
            return "a descriptor's number is too large";
        if (t.seen++ == t.entries)
            return "a chain has a loop";
        memcpy(&d, t.host + i * sizeof d, sizeof d);
        __atomic_signal_fence(__ATOMIC_SEQ_CST); /* `d` is not read from memory again */
        const char *why = d.flags & DESC_INDIRECT ? enter_indirect(q, s, &d, &t) : add_piece(c, s, &d);
        if (why)
            return why;
        if (d.flags & DESC_INDIRECT)
            i = 0;
        else if (d.flags & DESC_NEXT)
            i = d.next;
        else
            return NULL;
    }
}

const char *queue_take_again(const Queue *q, Space *s, Chain *c)
{
    c->outs = c->ins = 0;
    c->out_len = c->in_len = 0;
    return walk(q, s, c);
}

QueueTake queue_take(Queue *q, Space *s, Chain *c, const char **why)
{
    if (!queue_has(q))
        return QUEUE_EMPTY;
    uint16_t waiting = (uint16_t)(load(&q->avail, RING_INDEX) - q->next_avail);
    if (waiting > q->size) {
        *why = "the driver's index is ahead by more than the queue's size";
        return QUEUE_WRONG;
    }
    c->head = load(&q->avail, RING_ENTRIES + 2ull * (q->next_avail & (q->size - 1)));
    *why = queue_take_again(q, s, c);
    if (*why)
        return QUEUE_WRONG;
    q->next_avail++;
    return QUEUE_CHAIN;
}

void queue_put(Queue *q, uint16_t n, uint16_t head, uint32_t written)
{
    if (!q->ready)
        return;
    uint32_t entry[2] = { head, written };
    uint64_t at = RING_ENTRIES + 8ull * ((uint16_t)(q->next_used + n) & (q->size - 1));
    memcpy(q->used.host + at, entry, sizeof entry);
    space_dirty(q->used.region, q->used.offset + at, sizeof entry);
}

void queue_publish(Queue *q, uint16_t count)
{
    if (!q->ready)
        return;
    q->next_used += count;
    store(&q->used, RING_INDEX, q->next_used);
}

/* 2.7.7 and 2.7.8. The driver says what it waits for, then looks at our index: hence the fence. */
bool queue_wants_interrupt(Queue *q)
{
    uint16_t old = q->told;
    if (!q->ready || old == q->next_used)
        return false;
    q->told = q->next_used;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->event_index)
        return !(load(&q->avail, RING_FLAGS) & AVAIL_NO_INTERRUPT);
    uint16_t event = load(&q->avail, RING_ENTRIES + 2ull * q->size);
    return (uint16_t)(q->next_used - event - 1) < (uint16_t)(q->next_used - old);
}

size_t chain_read(const Chain *c, uint64_t at, void *to, size_t len)
{
    size_t done = 0;
    for (int i = 0; i < c->outs && done < len; i++) {
        size_t piece = c->iov[i].iov_len;
        if (at >= piece) {
            at -= piece;
            continue;
        }
        size_t n = piece - at < len - done ? piece - at : len - done;
        memcpy((char *)to + done, (const char *)c->iov[i].iov_base + at, n);
        done += n;
        at = 0;
    }
    return done;
}

size_t chain_write(const Chain *c, uint64_t at, const void *from, size_t len)
{
    size_t done = 0;
    for (int i = 0; i < c->ins && done < len; i++) {
        const struct iovec *v = &c->iov[c->outs + i];
        if (at >= v->iov_len) {
            at -= v->iov_len;
            continue;
        }
        size_t n = v->iov_len - at < len - done ? v->iov_len - at : len - done;
        memcpy((char *)v->iov_base + at, (const char *)from + done, n);
        space_dirty(c->in[i].region, c->in[i].offset + at, n);
        done += n;
        at = 0;
    }
    return done;
}

void chain_dirty(const Chain *c)
{
    for (int i = 0; i < c->ins; i++)
        space_dirty(c->in[i].region, c->in[i].offset, c->iov[c->outs + i].iov_len);
}
