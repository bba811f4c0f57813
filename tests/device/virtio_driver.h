/* A driver for virtio devices on the bench, behind the memory-mapped transport. Its memory: queue n has its rings at
 * RINGS + n * 64 KiB, buffers are from BUFFERS on. */
#pragma once
#include "tests/device/bench.h"

enum { RINGS = 0x100000, BUFFERS = 0x200000 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { NEEDS_RESET = 64 };

#define F_INDIRECT  (1ull << 28)
#define F_EVENT_IDX (1ull << 29)
#define F_VERSION_1 (1ull << 32)

typedef struct Ring {
    Bench *b;
    int queue;
    uint32_t size;
    uint16_t added, seen; /* the driver's indices */
} Ring;

/* Reset, features (VERSION_1 is added), all of `rings` set up with these sizes, DRIVER_OK. */
void driver_start(Bench *, uint64_t features, Ring *rings, int count, uint32_t size);
uint8_t driver_status(Bench *);

uint64_t ring_desc_at(const Ring *);
uint64_t ring_avail_at(const Ring *);
uint64_t ring_used_at(const Ring *);

void put_desc(Bench *, uint64_t table, uint32_t i, uint64_t at, uint32_t len, uint16_t flags, uint16_t next);
void ring_desc(Ring *, uint32_t i, uint64_t at, uint32_t len, uint16_t flags, uint16_t next);
void ring_add(Ring *, uint16_t head); /* visible to the device, without a notification */
void ring_kick(Ring *);
void ring_send(Ring *, uint16_t head);                     /* add, kick, let it happen */
bool ring_done(Ring *, uint32_t *head, uint32_t *written); /* the next used entry */

void put16(Bench *, uint64_t at, uint16_t);
uint16_t get16(const Bench *, uint64_t at);
