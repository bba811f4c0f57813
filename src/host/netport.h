/* What all kinds of network back end share; private to host/. */
#pragma once
#include "base/keyvals.h"
#include "host/net.h"
#include "host/pcap.h"

typedef struct Frame {
    struct Frame *next;
    size_t len;
    uint8_t bytes[];
} Frame;

typedef struct Frames {
    Frame *first, **last;
    size_t count;
} Frames;

void frames_init(Frames *);
void frames_put(Frames *, const void *, size_t len);
Frame *frames_take(Frames *); /* NULL: none; the caller frees it */
void frames_free(Frames *);

typedef struct NetPort NetPort;
struct NetPort {
    Net net;
    NetPort *next;
    const char *kind;
    Frames arrived; /* through the door, not yet taken by the device; machine lock */
    size_t waiting; /* atomic: `arrived` and what is still on its way; beyond the bound frames are lost */
    Pcap *dump;
    void (*send)(NetPort *, const void *frame, size_t); /* the kind's */
    void (*close)(NetPort *);                           /* frees what the kind owns, not the NetPort; may be NULL */
};

enum { FRAME_MOST = 65536 + 64, FRAMES_WAITING = 1024 };

void netport_init(NetPort *, const char *id); /* `id` is copied */
void netport_free(NetPort *);
void netport_frame(NetPort *, const void *, size_t); /* world to device: from the loop, through the door */
void netport_give(NetPort *, const void *, size_t);  /* the same, under the machine lock at once */

bool net_is_prompt(void); /* nets_be_prompt */

NetPort *net_user(KeyVals *, const char *id, Error *);
