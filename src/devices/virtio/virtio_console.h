/* A console (virtio 1.2, section 5.3) with its one port, apart from what carries it. The port is a device of its own,
 * "virtconsole", which plugs into the console's bus and brings the chardev. */
#pragma once
#include "devices/virtio/virtio.h"
#include "host/chardev.h"

typedef struct VirtioConsole {
    Virtio v;
    uint64_t max_ports;
    Device *port;
    Chardev *chardev; /* the port's */
    Chain *in, *out;  /* those that the world's bytes go to, and that go out: */
    bool has_in, has_out;
    uint64_t sent; /* of `out` */
} VirtioConsole;

extern const VirtioType virtio_console_type;
bool virtio_console_plug(VirtioConsole *, Device *port, Error *);
void virtio_console_unplug(VirtioConsole *, Device *port);
void virtio_console_connect(VirtioConsole *, Chardev *); /* the port starts; NULL: it stops */

typedef struct Virtconsole {
    Device dev;
    Chardev *chardev;
    VirtioConsole *console;
} Virtconsole;

/* clang-format off */
#define VIRTIO_CONSOLE_PROPS(T, console_)                                                                              \
    { "max_ports", "accepted; there is one port, for a virtconsole", PROP_UINT, offsetof(T, console_.max_ports), "1" }
/* clang-format on */
