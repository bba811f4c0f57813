/* What all kinds of character device share; private to host/. */
#pragma once
#include "base/keyvals.h"
#include "host/bytes.h"
#include "host/chardev.h"
#include "host/loop.h"
#include <pthread.h>

typedef struct Port Port;
struct Port {
    Chardev dev;
    Port *next;
    /* World to device. The loop reads only while nothing is pending, so a device that takes nothing stops the sender.
     */
    Bytes input;                            /* came through the door, not yet taken by the device; machine lock */
    size_t pending;                         /* atomic: `input` and what is still on its way */
    Port *(*front)(Port *, const char *id); /* a mux: one more front end */
    Port *under;                            /* a mux or its front end: what both write to */
    const char *kind;                       /* its name */
    void (*describe)(const Port *, Out *);  /* instead of its kind's name: with what it is connected to */
    void (*close)(Port *);                  /* writes out, frees what the kind owns, not the Port; may be NULL */
};

void port_init(Port *, const char *id); /* `id` is copied */
void port_outside(Port *);              /* port_input and port_event will be called for it */
void port_add(Port *);                  /* to the registry */
void port_free(Port *);                 /* of one that was not added */
bool port_wants_input(const Port *);

/* From the loop's thread, through the door: */
void port_input(Port *, const void *, size_t);
void port_event(Port *, int what);
/* Under the machine lock: */
void port_feed(Port *); /* gives the device what it can take; every port's `accept` */
void port_give(Port *, const void *, size_t);
void port_tell(Port *, int what);

typedef struct PortKind {
    const char *name, *takes, *help;
    Port *(*open)(KeyVals *, const char *id, Error *); /* looks at all keys before it touches anything */
} PortKind;
extern const PortKind port_stdio, port_file, port_pipe, port_pty, port_socket;

/* A port on file descriptors that the loop serves. */
typedef struct FdPort {
    Port port;
    int in, out;          /* -1: none; may be the same */
    bool lossy;           /* nobody need read it: what does not fit is lost instead of holding up the device */
    pthread_mutex_t lock; /* of the next two */
    Bytes output;
    bool short_of_room; /* a write was cut: tell the device when there is room */
    LoopSource source;
    int in_number, out_number;
    /* for kinds built on this one; may be NULL. Loop's thread: */
    size_t (*filter)(struct FdPort *, uint8_t *, size_t); /* input in place; how many are left */
    void (*lost)(struct FdPort *);                        /* end of file or error */
} FdPort;

void fdport_init(FdPort *, const char *id, int in, int out);
void fdport_prepare(void *), fdport_dispatch(void *); /* the source's functions */
void fdport_close(Port *);                            /* writes out for a second at most; Port.close */
size_t fdport_write(Chardev *, const void *, size_t);

Port *mux_new(Port *base, const char *id);
/* A recording is played: of what is typed only Ctrl-A x is heard. */
void mux_watch(Port *base, const uint8_t *, size_t);
Port *null_port(const char *id);
