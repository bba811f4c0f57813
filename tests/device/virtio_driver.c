#include "tests/device/virtio_driver.h"

#include <check.h>
#include <string.h>

enum { FEATURES_SEL = 0x14, DRIVER_FEATURES = 0x20, DRIVER_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_NUM = 0x38 };
enum { QUEUE_READY = 0x44, NOTIFY = 0x50, STATUS = 0x70, DESC = 0x80, AVAIL = 0x90, USED = 0xa0 };
enum { EACH = 0x10000 };

void put16(Bench *b, uint64_t at, uint16_t value)
{
    memcpy(b->ram + at, &value, sizeof value);
}

uint16_t get16(const Bench *b, uint64_t at)
{
    uint16_t value;
    memcpy(&value, b->ram + at, sizeof value);
    return value;
}

uint64_t ring_desc_at(const Ring *r)
{
    return RINGS + (uint64_t)r->queue * EACH;
}

uint64_t ring_avail_at(const Ring *r)
{
    return ring_desc_at(r) + 0x4000;
}

uint64_t ring_used_at(const Ring *r)
{
    return ring_desc_at(r) + 0x8000;
}

uint8_t driver_status(Bench *b)
{
    return (uint8_t)bench_read(b, STATUS);
}

static void set_up(Ring *r)
{
    Bench *b = r->b;
    memset(b->ram + ring_desc_at(r), 0, EACH);
    bench_write(b, QUEUE_SEL, (uint64_t)r->queue);
    bench_write(b, QUEUE_NUM, r->size);
    bench_write(b, DESC, ring_desc_at(r));
    bench_write(b, DESC + 4, 0);
    bench_write(b, AVAIL, ring_avail_at(r));
    bench_write(b, AVAIL + 4, 0);
    bench_write(b, USED, ring_used_at(r));
    bench_write(b, USED + 4, 0);
    bench_write(b, QUEUE_READY, 1);
}

void driver_start(Bench *b, uint64_t features, Ring *rings, int count, uint32_t size)
{
    features |= F_VERSION_1;
    bench_write(b, STATUS, 0);
    bench_write(b, STATUS, 1);
    bench_write(b, STATUS, 3);
    for (uint64_t word = 0; word < 2; word++) {
        bench_write(b, DRIVER_SEL, word);
        bench_write(b, DRIVER_FEATURES, features >> word * 32 & 0xffffffff);
    }
    bench_write(b, STATUS, 11);
    ck_assert_uint_eq(driver_status(b), 11);
    for (int i = 0; i < count; i++) {
        rings[i] = (Ring){ .b = b, .queue = i, .size = size };
        set_up(&rings[i]);
    }
    bench_write(b, STATUS, 15);
}

void put_desc(Bench *b, uint64_t table, uint32_t i, uint64_t at, uint32_t len, uint16_t flags, uint16_t next)
{
    uint8_t *d = b->ram + table + 16ull * i;
    memcpy(d, &at, 8);
    memcpy(d + 8, &len, 4);
    memcpy(d + 12, &flags, 2);
    memcpy(d + 14, &next, 2);
}

void ring_desc(Ring *r, uint32_t i, uint64_t at, uint32_t len, uint16_t flags, uint16_t next)
{
    put_desc(r->b, ring_desc_at(r), i, at, len, flags, next);
}

void ring_add(Ring *r, uint16_t head)
{
    put16(r->b, ring_avail_at(r) + 4 + 2ull * (r->added % r->size), head);
    put16(r->b, ring_avail_at(r) + 2, ++r->added);
}

void ring_kick(Ring *r)
{
    bench_write(r->b, NOTIFY, (uint64_t)r->queue);
    bench_sleep(r->b, 1000);
}

void ring_send(Ring *r, uint16_t head)
{
    ring_add(r, head);
    ring_kick(r);
}

bool ring_done(Ring *r, uint32_t *head, uint32_t *written)
{
    if (r->seen == get16(r->b, ring_used_at(r) + 2))
        return false;
    const uint8_t *entry = r->b->ram + ring_used_at(r) + 4 + 8ull * (r->seen++ % r->size);
    memcpy(head, entry, 4);
    memcpy(written, entry + 4, 4);
    return true;
}
