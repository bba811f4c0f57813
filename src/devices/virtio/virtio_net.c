#include "devices/virtio/virtio_net.h"

#include "base/alloc.h"
#include "core/machine.h"

#include <stdlib.h>
#include <string.h>

enum { RX, TX, CTRL };
enum { MOST = 256, CTRL_MOST = 64 };
enum { F_MAC = 1 << 5, F_MRG_RXBUF = 1 << 15, F_STATUS = 1 << 16, F_CTRL_VQ = 1 << 17, F_CTRL_RX = 1 << 18 };
enum { F_CTRL_MAC_ADDR = 1 << 23 };
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_SIZE = 12, LINK_UP = 1 };

/* 5.1.6, with VERSION_1: no checksum or segmentation is left to the other side. */
typedef struct Header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
} Header;
_Static_assert(sizeof(Header) == 12, "layout");

static bool same_type(const Device *d, const Device *e)
{
    return !strncmp(d->type->name, "virtio-net", 10) && !strncmp(e->type->name, "virtio-net", 10);
}

static bool set_mac(VirtioNet *n, Error *err)
{
    uint8_t *m = n->v.config + CONFIG_MAC;
    if (!*n->mac) {
        uint8_t last = 0x56;
        for (const Device *d = n->v.dev->machine->devices; d && d != n->v.dev; d = d->next)
            last += same_type(d, n->v.dev);
        memcpy(m, (const uint8_t[]){ 0x52, 0x54, 0x00, 0x12, 0x34, last }, 6);
        return true;
    }
    return net_mac(n->mac, m, err);
}

/* How many chains a frame takes, and the first of them in v.chain; 0: there are not enough yet, and none is taken. */
static bool put_frame(VirtioNet *n, const uint8_t *frame, size_t len, bool *full)
{
    Virtio *v = &n->v;
    Queue *q = &v->queue[RX];
    bool merge = v->features & F_MRG_RXBUF;
    uint16_t from = q->next_avail, count = 0;
    Header h = { .num_buffers = 1 };
    *full = false;
    for (size_t done = 0; !count || done < len; count++) {
        Chain *c = count ? n->more : v->chain;
        *full = count == q->size || (count && !merge);
        if (*full || !virtio_take(v, RX, c)) {
            q->next_avail = from;
            return false;
        }
        if (!count && c->in_len < sizeof h) {
            virtio_wrong(v, RX, "a buffer has no room for the header");
            return false;
        }
        size_t head = count ? 0 : chain_write(c, 0, &h, sizeof h);
        size_t n_bytes = chain_write(c, head, frame + done, len - done);
        done += n_bytes;
        queue_put(q, count, c->head, (uint32_t)(head + n_bytes));
    }
    chain_write(v->chain, offsetof(Header, num_buffers), &count, sizeof count);
    queue_publish(q, count);
    virtio_tell(v, RX);
    return true;
}

static bool ready(void *dev)
{
    VirtioNet *n = dev;
    return virtio_live(&n->v, RX) && !n->waiting && queue_has(&n->v.queue[RX]);
}

/* A frame that does not fit into all of the ring at once, or into one buffer if they may not be merged, is lost. */
static void receive(void *dev, const void *frame, size_t len)
{
    VirtioNet *n = dev;
    bool full;
    if (len > NET_FRAME || !virtio_live(&n->v, RX) || put_frame(n, frame, len, &full) || full)
        return;
    memcpy(n->in, frame, len);
    n->waiting = len;
}

static void more_buffers(VirtioNet *n)
{
    bool full = false;
    if (n->waiting && (put_frame(n, n->in, n->waiting, &full) || full))
        n->waiting = 0;
    if (!n->waiting && n->net && n->net->accept)
        n->net->accept(n->net);
}

static void send(VirtioNet *n, const Chain *c)
{
    if (c->out_len <= sizeof(Header) || c->out_len - sizeof(Header) > NET_FRAME || !n->net)
        return;
    size_t len = chain_read(c, sizeof(Header), n->out, NET_FRAME);
    n->net->send(n->net, n->out, len);
}

/* 5.1.6.5: class, command, data; one byte of answer. All frames are passed on, so that filters need nothing done. */
static uint8_t control(VirtioNet *n, const Chain *c)
{
    enum { RX_MODE = 0, MAC = 1, MAC_TABLE_SET = 0, MAC_ADDR_SET = 1, OK = 0, REFUSED = 1 };
    uint8_t command[2], mac[6];
    if (chain_read(c, 0, command, 2) < 2)
        return REFUSED;
    if (command[0] == RX_MODE)
        return command[1] <= 5 ? OK : REFUSED;
    if (command[0] != MAC || command[1] > MAC_ADDR_SET)
        return REFUSED;
    if (command[1] == MAC_TABLE_SET)
        return OK;
    if (chain_read(c, 2, mac, 6) < 6)
        return REFUSED;
    memcpy(n->v.config + CONFIG_MAC, mac, 6);
    return OK;
}

static uint64_t serve(VirtioNet *n, int queue, const Chain *c)
{
    if (queue == TX) {
        send(n, c);
        return 0;
    }
    uint8_t result = control(n, c);
    return chain_write(c, 0, &result, 1);
}

static void notify(Virtio *v, int queue)
{
    VirtioNet *n = (VirtioNet *)v;
    if (queue == RX) {
        more_buffers(n);
        return;
    }
    uint32_t i = 0;
    for (; i < v->queue[queue].size && virtio_take(v, queue, v->chain); i++) {
        uint16_t head = v->chain->head;
        uint64_t written = serve(n, queue, v->chain);
        virtio_put(v, queue, head, written);
    }
    virtio_tell(v, queue);
    if (i == v->queue[queue].size)
        virtio_again(v, queue);
}

static bool start(Virtio *v, Error *err)
{
    VirtioNet *n = (VirtioNet *)v;
    if (!set_mac(n, err))
        return false;
    v->config[CONFIG_STATUS] = LINK_UP;
    v->offered |= F_MAC | F_MRG_RXBUF | F_STATUS | F_CTRL_VQ | F_CTRL_RX | F_CTRL_MAC_ADDR;
    n->more = xalloc(sizeof *n->more);
    n->in = xalloc(NET_FRAME);
    n->out = xalloc(NET_FRAME);
    if (!n->net)
        return true;
    n->net->dev = n;
    n->net->ready = ready;
    n->net->receive = receive;
    return true;
}

static void reset(Virtio *v)
{
    ((VirtioNet *)v)->waiting = 0;
}

static void stop(Virtio *v)
{
    VirtioNet *n = (VirtioNet *)v;
    if (n->net) {
        n->net->receive = NULL;
        n->net->ready = NULL;
    }
    free(n->more);
    free(n->in);
    free(n->out);
}

const VirtioType virtio_net_type = {
    .name = "virtio-net",
    .id = 1,
    .queue_most = { MOST, MOST, CTRL_MOST },
    .config_size = CONFIG_SIZE,
    .start = start,
    .notify = notify,
    .reset = reset,
    .stop = stop,
};

typedef struct VirtioNetDevice {
    Device dev;
    VirtioNet net;
} VirtioNetDevice;

const DeviceType virtio_net = {
    .name = "virtio-net-device",
    .about = "virtio network card",
    .bus = "virtio",
    .size = sizeof(VirtioNetDevice),
    .props = (const Prop[]){ VIRTIO_NET_PROPS(VirtioNetDevice, net), { 0 } },
    .state = (const StateField[]){ STATE_STRUCT(VirtioNetDevice, net.v, virtio_state), STATE_END },
    .interface = &virtio_net_type,
    .start = virtio_device_start,
    .reset = virtio_device_reset,
    .settle = virtio_device_settle,
    .loaded = virtio_device_loaded,
    .stop = virtio_device_stop,
};
