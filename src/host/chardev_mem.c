/* The memory twin: a test is the world. */
#include "base/alloc.h"
#include "host/port.h"

#include <string.h>

typedef struct MemPort {
    Port port;
    Bytes written; /* always followed by a zero */
} MemPort;

static size_t write_mem(Chardev *c, const void *bytes, size_t len)
{
    MemPort *m = (MemPort *)c;
    enum { BOUND = 16 << 20 };
    size_t n = bytes_put(&m->written, bytes, len, BOUND);
    return n;
}

static void close_mem(Port *p)
{
    bytes_free(&((MemPort *)p)->written);
}

Chardev *chardev_mem(const char *id)
{
    MemPort *m = xalloc(sizeof *m);
    port_init(&m->port, id);
    m->port.dev.write = write_mem;
    m->port.close = close_mem;
    return &m->port.dev;
}

void chardev_type(Chardev *c, const char *text)
{
    port_give((Port *)c, text, strlen(text));
}

const char *chardev_written(Chardev *c)
{
    MemPort *m = (MemPort *)c;
    if (!m->written.len)
        return "";
    bytes_put(&m->written, "", 1, SIZE_MAX);
    m->written.len--;
    return (const char *)bytes_peek(&m->written);
}
