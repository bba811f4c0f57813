#include "devices/virtio/virtio_console.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { RX, TX, MOST = 128 };

static bool start(Virtio *v, Error *err)
{
    (void)err;
    VirtioConsole *c = (VirtioConsole *)v;
    c->in = xalloc(sizeof *c->in);
    c->out = xalloc(sizeof *c->out);
    return true;
}

static void reset(Virtio *v)
{
    VirtioConsole *c = (VirtioConsole *)v;
    c->has_in = c->has_out = false;
}

/* Both queues are served in order, so that what was taken is what comes before the next. */
static void settle(Virtio *v)
{
    VirtioConsole *c = (VirtioConsole *)v;
    v->queue[RX].next_avail -= c->has_in != 0;
    v->queue[TX].next_avail -= c->has_out;
    reset(v);
}

static void stop(Virtio *v)
{
    VirtioConsole *c = (VirtioConsole *)v;
    free(c->in);
    free(c->out);
}

/* What the world has not taken stays; without a port all of it is lost. */
static bool send_all(VirtioConsole *c)
{
    uint64_t at = 0;
    for (int i = 0; i < c->out->outs; i++) {
        const struct iovec *piece = &c->out->iov[i];
        uint64_t skip = c->sent > at ? c->sent - at : 0;
        at += piece->iov_len;
        if (skip >= piece->iov_len)
            continue;
        size_t left = piece->iov_len - skip;
        size_t n = c->chardev ? c->chardev->write(c->chardev, (const char *)piece->iov_base + skip, left) : left;
        c->sent += n;
        if (n < left)
            return false;
    }
    return true;
}

static void send(VirtioConsole *c)
{
    Virtio *v = &c->v;
    uint32_t n = 0;
    for (; n < v->queue[TX].size; n++) {
        if (!c->has_out) {
            c->has_out = virtio_take(v, TX, c->out);
            c->sent = 0;
        }
        if (!c->has_out || !send_all(c))
            break;
        c->has_out = false;
        virtio_put(v, TX, c->out->head, 0);
    }
    virtio_tell(v, TX);
    if (n == v->queue[TX].size)
        virtio_again(v, TX);
}

static void notify(Virtio *v, int queue)
{
    VirtioConsole *c = (VirtioConsole *)v;
    if (queue == TX)
        send(c);
    else if (c->chardev && c->chardev->accept)
        c->chardev->accept(c->chardev);
}

const VirtioType virtio_console_type = {
    .name = "virtio-serial",
    .id = 3,
    .queue_most = { MOST, MOST },
    .start = start,
    .notify = notify,
    .reset = reset,
    .settle = settle,
    .stop = stop,
};

static size_t room(void *dev)
{
    VirtioConsole *c = dev;
    if (!virtio_live(&c->v, RX))
        return 0;
    for (uint32_t n = 0; !c->has_in && n < c->v.queue[RX].size && virtio_take(&c->v, RX, c->in); n++) {
        c->has_in = c->in->in_len;
        if (!c->has_in)
            virtio_put(&c->v, RX, c->in->head, 0); /* nothing fits into it */
    }
    return c->has_in ? c->in->in_len : 0;
}

static void receive(void *dev, const void *bytes, size_t n)
{
    VirtioConsole *c = dev;
    if (!room(c))
        return;
    c->has_in = false;
    virtio_put(&c->v, RX, c->in->head, chain_write(c->in, 0, bytes, n));
    virtio_tell(&c->v, RX);
}

static void event(void *dev, int what)
{
    VirtioConsole *c = dev;
    if (what == CHARDEV_WRITABLE)
        virtio_notify(&c->v, TX);
}

bool virtio_console_plug(VirtioConsole *c, Device *port, Error *err)
{
    if (c->port)
        return error_set(err, "%s has its one port, %s; add another virtio-serial", c->v.dev->id, c->port->id);
    c->port = port;
    ((Virtconsole *)(void *)port)->console = c;
    return true;
}

void virtio_console_unplug(VirtioConsole *c, Device *port)
{
    if (c->port == port)
        c->port = NULL;
}

void virtio_console_connect(VirtioConsole *c, Chardev *chardev)
{
    if (c->chardev) {
        c->chardev->room = NULL;
        c->chardev->receive = NULL;
        c->chardev->event = NULL;
    }
    c->chardev = chardev;
    if (!chardev)
        return;
    chardev->dev = c;
    chardev->room = room;
    chardev->receive = receive;
    chardev->event = event;
}

typedef struct VirtioSerialDevice {
    Device dev;
    VirtioConsole console;
} VirtioSerialDevice;

static bool attach(void *bus, Device *port, Error *err)
{
    return virtio_console_plug(&((VirtioSerialDevice *)bus)->console, port, err);
}

static void detach(void *bus, Device *port)
{
    virtio_console_unplug(&((VirtioSerialDevice *)bus)->console, port);
}

const DeviceType virtio_console = {
    .name = "virtio-serial-device",
    .about = "virtio console, for one virtconsole",
    .bus = "virtio",
    .size = sizeof(VirtioSerialDevice),
    .props = (const Prop[]){ VIRTIO_CONSOLE_PROPS(VirtioSerialDevice, console), { 0 } },
    .state = (const StateField[]){ STATE_STRUCT(VirtioSerialDevice, console.v, virtio_state), STATE_END },
    .interface = &virtio_console_type,
    .offers = "virtio-serial",
    .attach = attach,
    .detach = detach,
    .start = virtio_device_start,
    .reset = virtio_device_reset,
    .settle = virtio_device_settle,
    .loaded = virtio_device_loaded,
    .stop = virtio_device_stop,
};
