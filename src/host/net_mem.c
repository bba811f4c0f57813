/* The memory twin: a test is the world. */
#include "base/alloc.h"
#include "host/netport.h"

#include <stdlib.h>

enum { KEPT = 4096 };

typedef struct MemNet {
    NetPort port;
    Frames sent;
} MemNet;

static void send_mem(NetPort *p, const void *frame, size_t len)
{
    MemNet *m = (MemNet *)p;
    if (m->sent.count < KEPT)
        frames_put(&m->sent, frame, len);
}

static void close_mem(NetPort *p)
{
    frames_free(&((MemNet *)p)->sent);
}

Net *net_mem(const char *id)
{
    MemNet *m = xalloc(sizeof *m);
    netport_init(&m->port, id);
    frames_init(&m->sent);
    m->port.send = send_mem;
    m->port.close = close_mem;
    return &m->port.net;
}

void net_mem_receive(Net *n, const void *frame, size_t len)
{
    netport_give((NetPort *)n, frame, len);
}

const uint8_t *net_mem_sent(Net *n, size_t number, size_t *len)
{
    Frame *f = ((MemNet *)n)->sent.first;
    while (f && number--)
        f = f->next;
    if (f)
        *len = f->len;
    return f ? f->bytes : NULL;
}
