/* A split virtqueue as the device sees it (virtio 1.2, section 2.7): modern layout, indirect descriptors, event index.
 * All that is in guest memory may change at any time, so each index, length and descriptor is read once, copied and
 * checked; what does not fit makes the queue wrong, which its device answers with DEVICE_NEEDS_RESET. */
#pragma once
#include "core/space.h"
#include <sys/uio.h>

enum { QUEUE_MOST = 1024 }; /* entries of a queue, of an indirect table and host pieces of a chain */

/* Guest memory with its host address: whoever writes there tells space_dirty then. */
typedef struct QueueMemory {
    const Region *region;
    uint64_t offset;
    uint8_t *host;
} QueueMemory;

typedef struct Queue {
    uint64_t desc_at, avail_at, used_at; /* guest addresses, as the driver set them */
    uint32_t size;
    bool ready;
    uint16_t next_avail, next_used;
    uint16_t told; /* next_used when the driver's need for an interrupt was last looked at */

    uint32_t most;                 /* set by the device: the largest size */
    bool indirect, event_index;    /* negotiated */
    QueueMemory desc, avail, used; /* valid while ready */
    const Space *space;            /* where they are */
} Queue;
extern const StateField queue_state[];

/* What the driver offers the device: `outs` pieces to read, followed by `ins` pieces to write. */
typedef struct Chain {
    uint16_t head;
    int outs, ins;
    uint64_t out_len, in_len; /* together less than 4 GiB */
    struct iovec iov[QUEUE_MOST];
    struct {
        const Region *region;
        uint64_t offset;
    } in[QUEUE_MOST]; /* where the piece to write that iov[outs + n] is lies */
} Chain;

void queue_reset(Queue *);
/* Finds the rings in memory; NULL, or what is wrong with them. */
const char *queue_enable(Queue *, Space *);

typedef enum QueueTake { QUEUE_EMPTY, QUEUE_CHAIN, QUEUE_WRONG } QueueTake;
/* The next chain. Empty: the driver will notify when it adds one. Wrong: `*why` says it. */
QueueTake queue_take(Queue *, Space *, Chain *, const char **why);
/* One that was taken before: its number is in c->head. NULL, or what is wrong with it. */
const char *queue_take_again(const Queue *, Space *, Chain *c);
bool queue_has(Queue *); /* whether there is a chain; if not, the driver will notify */

/* Gives chains back: put the nth of some, with how many bytes were written to it, then publish them all at once. */
void queue_put(Queue *, uint16_t n, uint16_t head, uint32_t written);
void queue_publish(Queue *, uint16_t count);
bool queue_wants_interrupt(Queue *); /* for what was published since the last time */

/* Bytes from or to a chain, from `at` on; how many there were. */
size_t chain_read(const Chain *, uint64_t at, void *, size_t);
size_t chain_write(const Chain *, uint64_t at, const void *, size_t);
void chain_dirty(const Chain *); /* before and after others write to the pieces */
