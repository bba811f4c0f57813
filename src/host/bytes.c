#include "host/bytes.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

size_t bytes_put(Bytes *b, const void *from, size_t len, size_t bound)
{
    size_t left = b->len < bound ? bound - b->len : 0;
    if (len > left)
        len = left;
    if (!len)
        return 0;
    if (b->from + b->len + len > b->room && b->from) {
        memmove(b->data, b->data + b->from, b->len);
        b->from = 0;
    }
    if (b->len + len > b->room) {
        b->room = (b->len + len) * 2;
        b->data = xrealloc(b->data, b->room);
    }
    memcpy(b->data + b->from + b->len, from, len);
    b->len += len;
    return len;
}

const uint8_t *bytes_peek(const Bytes *b)
{
    return b->data ? b->data + b->from : NULL;
}

void bytes_drop(Bytes *b, size_t len)
{
    assert(len <= b->len);
    b->len -= len;
    b->from = b->len ? b->from + len : 0;
}

void bytes_free(Bytes *b)
{
    free(b->data);
    *b = (Bytes){ 0 };
}
