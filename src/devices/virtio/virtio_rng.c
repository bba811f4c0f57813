#include "devices/virtio/virtio_rng.h"

#include "host/random.h"

enum { MOST = 8, AT_ONCE = 4096 };

static bool start(Virtio *v, Error *err)
{
    (void)v, (void)err;
    return true;
}

/* 5.4.6: the device may write less than there is room for. */
static uint64_t fill(const Chain *c)
{
    uint8_t bytes[AT_ONCE];
    size_t n = c->in_len < sizeof bytes ? c->in_len : sizeof bytes;
    random_bytes(bytes, n);
    return chain_write(c, 0, bytes, n);
}

static void notify(Virtio *v, int queue)
{
    uint32_t n = 0;
    for (; n < v->queue[queue].size && virtio_take(v, queue, v->chain); n++)
        virtio_put(v, queue, v->chain->head, fill(v->chain));
    virtio_tell(v, queue);
    if (n == v->queue[queue].size)
        virtio_again(v, queue);
}

const VirtioType virtio_rng_type = {
    .name = "virtio-rng",
    .id = 4,
    .queue_most = { MOST },
    .start = start,
    .notify = notify,
};

const DeviceType virtio_rng = {
    .name = "virtio-rng-device",
    .about = "virtio source of random numbers",
    .bus = "virtio",
    .size = sizeof(VirtioDevice),
    .state = (const StateField[]){ STATE_STRUCT(VirtioDevice, v, virtio_state), STATE_END },
    .interface = &virtio_rng_type,
    .start = virtio_device_start,
    .reset = virtio_device_reset,
    .settle = virtio_device_settle,
    .loaded = virtio_device_loaded,
    .stop = virtio_device_stop,
};
