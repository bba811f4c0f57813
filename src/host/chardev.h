/* A character device: bytes to and from the outside world. Kinds: null, mem, stdio, file, pipe, pty, socket, mux. */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct Chardev Chardev;
struct Chardev {
    const char *id;
    size_t (*write)(Chardev *, const void *, size_t); /* device to world; how many were taken */
    /* set by the device, called under the machine lock: */
    size_t (*room)(void *dev);                         /* how many bytes it can take now */
    void (*receive)(void *dev, const void *, size_t);  /* world to device: at most room() */
    void (*event)(void *dev, int what);                /* CHARDEV_BREAK, ... or NULL */
    void *dev;
    void (*accept)(Chardev *); /* the device calls this when room() grew; may be NULL */
};
enum { CHARDEV_BREAK = 1, CHARDEV_OPENED, CHARDEV_CLOSED };
