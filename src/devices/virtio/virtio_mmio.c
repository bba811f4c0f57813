/* The memory-mapped transport (virtio 1.2, section 4.2): version 2 registers, one device each. */
#include "base/log.h"
#include "devices/virtio/virtio.h"

typedef struct VirtioMmio {
    Device dev;
    Virtio *device; /* what is plugged in, or NULL */
    Line irq;
    uint32_t device_features_sel, driver_features_sel, queue_sel, interrupt_status;
} VirtioMmio;

enum { INT_QUEUE = 1, INT_CONFIG = 2 };
enum { CONFIG = 0x100, SIZE = 0x200 };

static void update(VirtioMmio *m)
{
    line_set(&m->irq, m->interrupt_status);
}

static void raise(void *via, int queue)
{
    VirtioMmio *m = via;
    m->interrupt_status |= queue < 0 ? INT_CONFIG : INT_QUEUE;
    update(m);
}

static const VirtioTransport transport = { .raise = raise };

/* The queue that the driver chose, or NULL. */
static Queue *chosen(const VirtioMmio *m)
{
    Virtio *v = m->device;
    return v && m->queue_sel < (uint32_t)virtio_queues(v) ? &v->queue[m->queue_sel] : NULL;
}

static uint64_t magic(void *dev, int index)
{
    (void)dev, (void)index;
    return 0x74726976; /* "virt" */
}

static uint64_t version(void *dev, int index)
{
    (void)dev, (void)index;
    return 2;
}

/* 4.2.2.1: 0 is a place where no device is. */
static uint64_t device_id(void *dev, int index)
{
    (void)index;
    const VirtioMmio *m = dev;
    return m->device ? m->device->type->id : 0;
}

static uint64_t vendor_id(void *dev, int index)
{
    (void)dev, (void)index;
    return 0x554d4551; /* what guests know this kind of machine by */
}

static uint64_t device_features(void *dev, int index)
{
    (void)index;
    const VirtioMmio *m = dev;
    return m->device && m->device_features_sel < 2 ? (uint32_t)(m->device->offered >> m->device_features_sel * 32) : 0;
}

static void driver_features(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioMmio *m = dev;
    if (m->device && m->driver_features_sel < 2)
        virtio_set_features(m->device, (int)m->driver_features_sel, (uint32_t)value);
}

static uint64_t queue_num_max(void *dev, int index)
{
    (void)index;
    const Queue *q = chosen(dev);
    return q ? q->most : 0;
}

static void queue_num(void *dev, int index, uint64_t value)
{
    (void)index;
    Queue *q = chosen(dev);
    if (q && !q->ready)
        q->size = (uint32_t)value;
}

static uint64_t queue_ready(void *dev, int index)
{
    (void)index;
    const Queue *q = chosen(dev);
    return q && q->ready;
}

static void queue_ready_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioMmio *m = dev;
    if (chosen(m))
        virtio_enable(m->device, (int)m->queue_sel, value & 1);
}

static void queue_notify(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioMmio *m = dev;
    if (m->device && value < VIRTIO_QUEUES)
        virtio_notify(m->device, (int)value);
}

static void interrupt_ack(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioMmio *m = dev;
    m->interrupt_status &= ~(uint32_t)value;
    update(m);
}

static uint64_t status(void *dev, int index)
{
    (void)index;
    const VirtioMmio *m = dev;
    return m->device ? m->device->status : 0;
}

static void status_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioMmio *m = dev;
    if (!m->device)
        return;
    virtio_set_status(m->device, (uint8_t)value);
    if (value)
        return;
    m->interrupt_status = 0; /* 4.2.2.1: a reset clears it, and QueueReady of all queues */
    update(m);
}

static void set_half(uint64_t *address, int high, uint64_t value)
{
    uint64_t keep = high ? 0xffffffff : 0xffffffff00000000;
    *address = (*address & keep) | (value & 0xffffffff) << high * 32;
}

static void queue_desc(void *dev, int index, uint64_t value)
{
    Queue *q = chosen(dev);
    if (q && !q->ready)
        set_half(&q->desc_at, index, value);
}

static void queue_driver(void *dev, int index, uint64_t value)
{
    Queue *q = chosen(dev);
    if (q && !q->ready)
        set_half(&q->avail_at, index, value);
}

static void queue_device(void *dev, int index, uint64_t value)
{
    Queue *q = chosen(dev);
    if (q && !q->ready)
        set_half(&q->used_at, index, value);
}

/* No shared memory: length and base are all ones (4.2.2). */
static uint64_t shm(void *dev, int index)
{
    (void)dev, (void)index;
    return 0xffffffff;
}

static uint64_t config_generation(void *dev, int index)
{
    (void)index;
    const VirtioMmio *m = dev;
    return m->device ? m->device->generation : 0;
}

static const Reg regs[] = {
    REG_CALL(0x000, magic, .read = magic),
    REG_CALL(0x004, version, .read = version),
    REG_CALL(0x008, device_id, .read = device_id),
    REG_CALL(0x00c, vendor_id, .read = vendor_id),
    REG_CALL(0x010, device_features, .read = device_features),
    REG(0x014, VirtioMmio, device_features_sel, .writable = 0xffffffff),
    REG_CALL(0x020, driver_features, .written = driver_features),
    REG(0x024, VirtioMmio, driver_features_sel, .writable = 0xffffffff),
    REG(0x030, VirtioMmio, queue_sel, .writable = 0xffffffff),
    REG_CALL(0x034, queue_num_max, .read = queue_num_max),
    REG_CALL(0x038, queue_num, .written = queue_num),
    REG_CALL(0x044, queue_ready, .read = queue_ready, .written = queue_ready_written),
    REG_CALL(0x050, queue_notify, .written = queue_notify),
    REG(0x060, VirtioMmio, interrupt_status),
    REG_CALL(0x064, interrupt_ack, .written = interrupt_ack),
    REG_CALL(0x070, status, .read = status, .written = status_written),
    REG_CALL(0x080, queue_desc, .count = 2, .written = queue_desc),
    REG_CALL(0x090, queue_driver, .count = 2, .written = queue_driver),
    REG_CALL(0x0a0, queue_device, .count = 2, .written = queue_device),
    REG_CALL(0x0ac, shm_sel),
    REG_CALL(0x0b0, shm, .count = 4, .read = shm),
    REG_CALL(0x0fc, config_generation, .read = config_generation),
    REG_END,
};

/* 4.2.2.2: control registers are 32 bits wide and accessed so; the configuration space in any size. */
static bool decoded(const VirtioMmio *m, uint64_t at, int size)
{
    if (size == 4 && !(at & 3))
        return true;
    log_guest("%s: register 0x%llx accessed with %d bytes", m->dev.id, (unsigned long long)at, size);
    return false;
}

static uint64_t read(void *dev, uint64_t at, int size)
{
    VirtioMmio *m = dev;
    if (at >= CONFIG)
        return m->device ? virtio_config_load(m->device, at - CONFIG, size) : 0;
    return decoded(m, at, size) ? reg_read(regs, m, at, size) : 0;
}

static void write(void *dev, uint64_t at, uint64_t value, int size)
{
    VirtioMmio *m = dev;
    if (at < CONFIG && decoded(m, at, size))
        reg_write(regs, m, at, value, size);
    else if (at >= CONFIG && m->device)
        virtio_config_store(m->device, at - CONFIG, value, size);
}

static bool attach(void *bus, Device *dev, Error *err)
{
    VirtioMmio *m = bus;
    if (m->device)
        return error_set(err, "%s holds a device already; choose another, or leave bus= out", m->dev.id);
    m->device = &((VirtioDevice *)(void *)dev)->v;
    m->device->transport = &transport;
    m->device->via = m;
    return true;
}

static void detach(void *bus, Device *dev)
{
    (void)dev;
    ((VirtioMmio *)bus)->device = NULL;
}

static void settle(void *dev)
{
    update(dev);
}

static const StateField state[] = {
    STATE(VirtioMmio, device_features_sel),
    STATE(VirtioMmio, driver_features_sel),
    STATE(VirtioMmio, queue_sel),
    STATE(VirtioMmio, interrupt_status),
    STATE_END,
};

const DeviceType virtio_mmio = {
    .name = "virtio-mmio",
    .about = "place for a virtio device, memory-mapped",
    .size = sizeof(VirtioMmio),
    .state = state,
    .windows = (const Window[]){ { .size = SIZE, .read = read, .write = write, .max = 4 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(VirtioMmio, irq), 1 }, { 0 } },
    .offers = "virtio",
    .attach = attach,
    .detach = detach,
    .reset = settle,
    .loaded = settle,
};
