/* A queue of bytes that grows up to a bound. No lock of its own. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Bytes {
    uint8_t *data;
    size_t from, len, room; /* the queue is data[from .. from + len) */
} Bytes;

size_t bytes_put(Bytes *, const void *, size_t len, size_t bound); /* how many fitted */
const uint8_t *bytes_peek(const Bytes *);
void bytes_drop(Bytes *, size_t len); /* at most `len` of the queue */
void bytes_free(Bytes *);
