/* A network back end: Ethernet frames to and from the outside world. Kinds: user (libslirp), mem, null. */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Net Net;
struct Net {
    const char *id;
    void (*send)(Net *, const void *frame, size_t); /* device to world, under the machine lock */
    /* set by the device, called under the machine lock: */
    bool (*ready)(void *dev); /* whether it can take a frame now */
    void (*receive)(void *dev, const void *frame, size_t);
    void *dev;
    void (*accept)(Net *); /* the device calls this when ready() became true; may be NULL */
};
