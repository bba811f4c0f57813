#include "devices/virtio/virtio.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"

#include <stdlib.h>
#include <string.h>

const StateField virtio_state[] = {
    STATE(Virtio, features),    STATE(Virtio, status),
    STATE(Virtio, generation),  STATE_STRUCTS(Virtio, queue, queue_state),
    STATE_ARRAY(Virtio, again), STATE_END,
};

bool virtio_start(Virtio *v, const VirtioType *type, Device *dev, Error *err)
{
    v->type = type;
    v->dev = dev;
    v->offered = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;
    v->chain = xalloc(sizeof *v->chain);
    for (int i = 0; i < VIRTIO_QUEUES; i++)
        v->queue[i].most = type->queue_most[i];
    bool ok = type->start(v, err);
    if (!ok)
        free(v->chain);
    return ok;
}

void virtio_reset(Virtio *v)
{
    v->status = 0;
    v->features = 0;
    v->generation = 0;
    for (int i = 0; i < VIRTIO_QUEUES; i++)
        queue_reset(&v->queue[i]);
    if (v->type->reset)
        v->type->reset(v);
}

void virtio_stop(Virtio *v)
{
    virtio_reset(v);
    if (v->type->stop)
        v->type->stop(v);
    free(v->chain);
}

int virtio_queues(const Virtio *v)
{
    int n = 0;
    while (n < VIRTIO_QUEUES && v->type->queue_most[n])
        n++;
    return n;
}

static void find_rings(Virtio *v, int n)
{
    Queue *q = &v->queue[n];
    q->ready = false;
    q->indirect = v->features & VIRTIO_F_INDIRECT_DESC;
    q->event_index = v->features & VIRTIO_F_EVENT_IDX;
    const char *why = queue_enable(q, v->dev->dma);
    if (why)
        virtio_wrong(v, n, why);
}

void virtio_settle(Virtio *v)
{
    if (v->type->settle)
        v->type->settle(v);
}

void virtio_loaded(Virtio *v)
{
    for (int i = 0; i < virtio_queues(v); i++) {
        bool again = v->again[i];
        if (v->queue[i].ready)
            find_rings(v, i);
        v->again[i] = false;
        if (again)
            virtio_again(v, i);
    }
    if (v->type->loaded)
        v->type->loaded(v);
}

void virtio_enable(Virtio *v, int n, bool on)
{
    Queue *q = &v->queue[n];
    if (!on) {
        q->ready = false;
        q->next_avail = q->next_used = q->told = 0;
    } else if (!q->ready) {
        find_rings(v, n);
    }
}

static void raise(Virtio *v, int queue)
{
    if (v->transport)
        v->transport->raise(v->via, queue);
}

void virtio_config_changed(Virtio *v)
{
    v->generation++;
    if (v->status & VIRTIO_DRIVER_OK)
        raise(v, -1);
}

void virtio_wrong(Virtio *v, int queue, const char *why)
{
    log_guest("%s: queue %d: %s", v->dev->id, queue, why);
    if (v->status & VIRTIO_NEEDS_RESET)
        return;
    v->status |= VIRTIO_NEEDS_RESET;
    virtio_config_changed(v); /* 2.1.2 */
}

void virtio_set_features(Virtio *v, int word, uint32_t bits)
{
    if (word > 1 || v->status & VIRTIO_FEATURES_OK)
        return;
    v->features = (v->features & ~(0xffffffffull << word * 32)) | (uint64_t)bits << word * 32;
}

/* 2.2: the device does not say FEATURES_OK to what it did not offer, and we do not speak the language of before 1.0. */
static bool features_fit(const Virtio *v)
{
    return v->features & VIRTIO_F_VERSION_1 && !(v->features & ~v->offered);
}

void virtio_set_status(Virtio *v, uint8_t status)
{
    if (!status) {
        virtio_reset(v);
        return;
    }
    uint8_t added = status & (uint8_t)~v->status;
    if (added & VIRTIO_FEATURES_OK && !features_fit(v)) {
        log_guest("%s: features 0x%llx are not what is offered", v->dev->id, (unsigned long long)v->features);
        status &= (uint8_t)~VIRTIO_FEATURES_OK;
    }
    v->status = status | (v->status & VIRTIO_NEEDS_RESET);
    if (!(added & VIRTIO_DRIVER_OK))
        return;
    if (v->type->running)
        v->type->running(v);
    for (int i = 0; i < virtio_queues(v); i++)
        virtio_notify(v, i); /* buffers that were there before */
}

/* A PCI function that is no bus master for now sees no memory. */
bool virtio_live(const Virtio *v, int n)
{
    return v->queue[n].ready && v->queue[n].space == v->dev->dma &&
           (v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

void virtio_notify(Virtio *v, int n)
{
    if (n < virtio_queues(v) && virtio_live(v, n))
        v->type->notify(v, n);
}

static void come_back(void *who, uint64_t n)
{
    Virtio *v = who;
    v->again[n] = false;
    virtio_notify(v, (int)n);
}

void virtio_again(Virtio *v, int n)
{
    if (v->again[n])
        return;
    v->again[n] = true;
    machine_post(v->dev->machine, come_back, v, (uint64_t)n);
}

uint64_t virtio_config_load(const Virtio *v, uint64_t at, int size)
{
    uint64_t value = 0;
    if (at < v->type->config_size && (uint64_t)size <= v->type->config_size - at)
        memcpy(&value, v->config + at, (size_t)size);
    return value;
}

void virtio_config_store(Virtio *v, uint64_t at, uint64_t value, int size)
{
    uint64_t end = v->type->config_writable;
    if (at >= end)
        return;
    memcpy(v->config + at, &value, (size_t)size < end - at ? (size_t)size : (size_t)(end - at));
    v->type->configured(v);
}

bool virtio_take(Virtio *v, int n, Chain *c)
{
    const char *why = NULL;
    if (!virtio_live(v, n))
        return false;
    QueueTake got = queue_take(&v->queue[n], v->dev->dma, c, &why);
    if (got == QUEUE_WRONG)
        virtio_wrong(v, n, why);
    return got == QUEUE_CHAIN;
}

void virtio_put(Virtio *v, int n, uint16_t head, uint64_t written)
{
    queue_put(&v->queue[n], 0, head, (uint32_t)written);
    queue_publish(&v->queue[n], 1);
}

void virtio_tell(Virtio *v, int n)
{
    if (queue_wants_interrupt(&v->queue[n]))
        raise(v, n);
}

bool virtio_device_start(void *dev, Error *err)
{
    VirtioDevice *d = dev;
    return virtio_start(&d->v, d->dev.type->interface, &d->dev, err);
}

void virtio_device_reset(void *dev)
{
    virtio_reset(&((VirtioDevice *)dev)->v);
}

void virtio_device_settle(void *dev)
{
    virtio_settle(&((VirtioDevice *)dev)->v);
}

void virtio_device_loaded(void *dev)
{
    virtio_loaded(&((VirtioDevice *)dev)->v);
}

void virtio_device_stop(void *dev)
{
    virtio_stop(&((VirtioDevice *)dev)->v);
}
