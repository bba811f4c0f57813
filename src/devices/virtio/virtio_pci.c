#include "devices/virtio/virtio_pci.h"

#include <string.h>

enum { WINDOW_MSIX, WINDOW_VIRTIO };
enum { BAR_MSIX = 1, BAR_VIRTIO = 4 };
enum { COMMON = 0, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000, PART = 0x1000, SIZE = 0x4000 };
enum { NOTIFY_EACH = 4 };
enum { CAPABILITY = 9, CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_ACCESS };
enum { CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_MORE = 16 };
enum { ISR_QUEUE = 1, ISR_CONFIG = 2, NO_VECTOR = 0xffff };

const StateField virtio_pci_state[] = {
    STATE(VirtioPci, device_feature_select),
    STATE(VirtioPci, driver_feature_select),
    STATE(VirtioPci, config_vector),
    STATE_ARRAY(VirtioPci, queue_vector),
    STATE(VirtioPci, queue_select),
    STATE(VirtioPci, isr),
    STATE_END,
};

static void raise(void *via, int queue)
{
    VirtioPciDevice *d = via;
    if (pci_msix_enabled(&d->pci)) {
        pci_msix_notify(&d->pci, queue < 0 ? d->via.config_vector : d->via.queue_vector[queue]);
        return;
    }
    d->via.isr |= queue < 0 ? ISR_CONFIG : ISR_QUEUE;
    pci_intx(&d->pci, true);
}

static const VirtioTransport transport = { .raise = raise };

static Queue *chosen(VirtioPciDevice *d)
{
    return d->via.queue_select < virtio_queues(&d->v) ? &d->v.queue[d->via.queue_select] : NULL;
}

static uint64_t device_feature(void *dev, int index)
{
    (void)index;
    const VirtioPciDevice *d = dev;
    uint32_t word = d->via.device_feature_select;
    return word < 2 ? (uint32_t)(d->v.offered >> word * 32) : 0;
}

static uint64_t driver_feature(void *dev, int index)
{
    (void)index;
    const VirtioPciDevice *d = dev;
    uint32_t word = d->via.driver_feature_select;
    return word < 2 ? (uint32_t)(d->v.features >> word * 32) : 0;
}

static void driver_feature_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioPciDevice *d = dev;
    if (d->via.driver_feature_select < 2)
        virtio_set_features(&d->v, (int)d->via.driver_feature_select, (uint32_t)value);
}

/* 4.1.5.1.2: a vector that is not there is answered with NO_VECTOR. */
static uint16_t known_vector(const VirtioPciDevice *d, uint64_t value)
{
    return value < d->pci.vectors ? (uint16_t)value : NO_VECTOR;
}

static void config_vector_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioPciDevice *d = dev;
    d->via.config_vector = known_vector(d, value);
}

static uint64_t queue_vector(void *dev, int index)
{
    (void)index;
    VirtioPciDevice *d = dev;
    return chosen(d) ? d->via.queue_vector[d->via.queue_select] : NO_VECTOR;
}

static void queue_vector_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioPciDevice *d = dev;
    if (chosen(d))
        d->via.queue_vector[d->via.queue_select] = known_vector(d, value);
}

static uint64_t num_queues(void *dev, int index)
{
    (void)index;
    return (uint64_t)virtio_queues(&((VirtioPciDevice *)dev)->v);
}

static uint64_t status(void *dev, int index)
{
    (void)index;
    return ((VirtioPciDevice *)dev)->v.status;
}

static void forget(VirtioPciDevice *d)
{
    d->via.config_vector = NO_VECTOR;
    for (int i = 0; i < VIRTIO_QUEUES; i++)
        d->via.queue_vector[i] = NO_VECTOR;
    d->via.isr = 0;
    pci_intx(&d->pci, false);
}

static void status_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioPciDevice *d = dev;
    virtio_set_status(&d->v, (uint8_t)value);
    if (!value)
        forget(d);
}

static uint64_t generation(void *dev, int index)
{
    (void)index;
    return (uint8_t)((VirtioPciDevice *)dev)->v.generation;
}

static uint64_t queue_size(void *dev, int index)
{
    (void)index;
    const Queue *q = chosen(dev);
    return q ? q->size : 0;
}

static void queue_size_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Queue *q = chosen(dev);
    if (q && !q->ready)
        q->size = (uint32_t)value;
}

static uint64_t queue_enable_read(void *dev, int index)
{
    (void)index;
    const Queue *q = chosen(dev);
    return q && q->ready;
}

/* 4.1.4.3.2: a driver does not write 0. */
static void queue_enable_written(void *dev, int index, uint64_t value)
{
    (void)index;
    VirtioPciDevice *d = dev;
    if (chosen(d) && value == 1)
        virtio_enable(&d->v, d->via.queue_select, true);
}

static uint64_t queue_notify_off(void *dev, int index)
{
    (void)index;
    VirtioPciDevice *d = dev;
    return chosen(d) ? d->via.queue_select : 0;
}

static uint64_t half(uint64_t address, int high)
{
    return (uint32_t)(address >> high * 32);
}

static void set_half(Queue *q, uint64_t *address, int high, uint64_t value)
{
    uint64_t keep = high ? 0xffffffff : 0xffffffff00000000;
    if (!q->ready)
        *address = (*address & keep) | value << high * 32;
}

static uint64_t queue_desc(void *dev, int index)
{
    const Queue *q = chosen(dev);
    return q ? half(q->desc_at, index) : 0;
}

static void queue_desc_written(void *dev, int index, uint64_t value)
{
    Queue *q = chosen(dev);
    if (q)
        set_half(q, &q->desc_at, index, value);
}

static uint64_t queue_driver(void *dev, int index)
{
    const Queue *q = chosen(dev);
    return q ? half(q->avail_at, index) : 0;
}

static void queue_driver_written(void *dev, int index, uint64_t value)
{
    Queue *q = chosen(dev);
    if (q)
        set_half(q, &q->avail_at, index, value);
}

static uint64_t queue_device(void *dev, int index)
{
    const Queue *q = chosen(dev);
    return q ? half(q->used_at, index) : 0;
}

static void queue_device_written(void *dev, int index, uint64_t value)
{
    Queue *q = chosen(dev);
    if (q)
        set_half(q, &q->used_at, index, value);
}

/* Registers that are functions have a scratch field for their width. */
#define ANY_BITS 0xffffffff
static const Reg common[] = {
    REG(0x00, VirtioPciDevice, via.device_feature_select, .writable = ANY_BITS),
    REG(0x04, VirtioPciDevice, via.scratch32[0], .read = device_feature),
    REG(0x08, VirtioPciDevice, via.driver_feature_select, .writable = ANY_BITS),
    REG(0x0c, VirtioPciDevice, via.scratch32[0], .read = driver_feature, .written = driver_feature_written),
    REG(0x10, VirtioPciDevice, via.config_vector, .writable = ANY_BITS, .written = config_vector_written),
    REG(0x12, VirtioPciDevice, via.scratch16, .read = num_queues),
    REG(0x14, VirtioPciDevice, via.scratch8, .read = status, .written = status_written),
    REG(0x15, VirtioPciDevice, via.scratch8, .read = generation),
    REG(0x16, VirtioPciDevice, via.queue_select, .writable = ANY_BITS),
    REG(0x18, VirtioPciDevice, via.scratch16, .read = queue_size, .written = queue_size_written),
    REG(0x1a, VirtioPciDevice, via.scratch16, .read = queue_vector, .written = queue_vector_written),
    REG(0x1c, VirtioPciDevice, via.scratch16, .read = queue_enable_read, .written = queue_enable_written),
    REG(0x1e, VirtioPciDevice, via.scratch16, .read = queue_notify_off),
    REG_ARRAY(0x20, VirtioPciDevice, via.scratch32, .read = queue_desc, .written = queue_desc_written),
    REG_ARRAY(0x28, VirtioPciDevice, via.scratch32, .read = queue_driver, .written = queue_driver_written),
    REG_ARRAY(0x30, VirtioPciDevice, via.scratch32, .read = queue_device, .written = queue_device_written),
    REG_END,
};
enum { COMMON_SIZE = 0x38 };

/* Reading it is the acknowledgement (4.1.4.5). */
static uint64_t isr_read(VirtioPciDevice *d)
{
    uint8_t isr = d->via.isr;
    d->via.isr = 0;
    pci_intx(&d->pci, false);
    return isr;
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    VirtioPciDevice *d = dev;
    switch (at & ~(uint64_t)(PART - 1)) {
    case COMMON:
        return at + (uint64_t)size <= COMMON_SIZE ? reg_read(common, d, at, size) : 0;
    case ISR:
        return at == ISR ? isr_read(d) : 0;
    case DEVICE:
        return virtio_config_load(&d->v, at - DEVICE, size);
    default:
        return 0;
    }
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    VirtioPciDevice *d = dev;
    if (at + (uint64_t)size <= COMMON_SIZE)
        reg_write(common, d, at, value, size);
    else if (at >= NOTIFY && (at - NOTIFY) / NOTIFY_EACH < VIRTIO_QUEUES)
        virtio_notify(&d->v, (int)((at - NOTIFY) / NOTIFY_EACH));
    else if (at >= DEVICE && at < NOTIFY)
        virtio_config_store(&d->v, at - DEVICE, value, size);
}

const Window virtio_pci_windows[] = {
    PCI_MSIX_WINDOW,
    { SIZE, .read = window_read, .write = window_write, .max = 4 },
    { 0 },
};

const PciBar virtio_pci_bars[] = {
    { BAR_MSIX, WINDOW_MSIX, 0 },
    { BAR_VIRTIO, WINDOW_VIRTIO, PCI_BAR_64 | PCI_BAR_PREFETCH },
    PCI_BARS_END,
};

/* The window through configuration space (4.1.4.9): for what runs before base address registers are set. */
static bool access_asked(const VirtioPciDevice *d, uint32_t at, uint32_t size, uint32_t *offset, uint32_t *length)
{
    uint32_t cap = d->via.access, data = cap + CAP_MORE;
    if (!cap || at >= data + 4 || at + size <= data || pci_get(&d->pci, cap + CAP_BAR, 1) != BAR_VIRTIO)
        return false;
    *offset = pci_get(&d->pci, cap + CAP_OFFSET, 4);
    *length = pci_get(&d->pci, cap + CAP_LENGTH, 4);
    bool sized = *length == 1 || *length == 2 || *length == 4;
    return sized && !(*offset % *length) && *offset <= SIZE - *length;
}

void virtio_pci_written(void *dev, uint32_t at, uint32_t size)
{
    VirtioPciDevice *d = dev;
    uint32_t offset, length;
    if (access_asked(d, at, size, &offset, &length))
        window_write(d, offset, pci_get(&d->pci, d->via.access + CAP_MORE, (int)length), (int)length);
}

void virtio_pci_read(void *dev, uint32_t at, uint32_t size)
{
    VirtioPciDevice *d = dev;
    uint32_t offset, length;
    if (access_asked(d, at, size, &offset, &length))
        pci_put(&d->pci, d->via.access + CAP_MORE, (uint32_t)window_read(d, offset, (int)length), (int)length);
}

static uint8_t add_capability(PciDevice *d, uint8_t kind, uint32_t offset, uint32_t length)
{
    uint8_t size = kind == CAP_NOTIFY || kind == CAP_ACCESS ? 20 : 16, at = pci_capability(d, CAPABILITY, size);
    pci_set(d, at + 2u, size | (uint32_t)kind << 8, 2);
    pci_set(d, at + (uint32_t)CAP_BAR, kind == CAP_ACCESS ? 0 : BAR_VIRTIO, 4);
    pci_set(d, at + (uint32_t)CAP_OFFSET, offset, 4);
    pci_set(d, at + (uint32_t)CAP_LENGTH, length, 4);
    return at;
}

static void add_capabilities(VirtioPciDevice *d)
{
    PciDevice *p = &d->pci;
    uint32_t queues = (uint32_t)virtio_queues(&d->v);
    pci_msix_init(p, queues + 1, BAR_MSIX);
    add_capability(p, CAP_COMMON, COMMON, COMMON_SIZE);
    uint32_t notify = add_capability(p, CAP_NOTIFY, NOTIFY, queues * NOTIFY_EACH);
    pci_set(p, notify + CAP_MORE, NOTIFY_EACH, 4);
    add_capability(p, CAP_ISR, ISR, 1);
    if (d->v.type->config_size)
        add_capability(p, CAP_DEVICE, DEVICE, d->v.type->config_size);
    uint32_t access = d->via.access = add_capability(p, CAP_ACCESS, 0, 0);
    pci_set_writable(p, access + CAP_BAR, 0xff, 1);
    pci_set_writable(p, access + CAP_OFFSET, ANY_BITS, 4);
    pci_set_writable(p, access + CAP_LENGTH, ANY_BITS, 4);
    pci_set_writable(p, access + CAP_MORE, ANY_BITS, 4);
}

bool virtio_pci_start(void *dev, Error *err)
{
    VirtioPciDevice *d = dev;
    if (!strcmp(d->via.disable_legacy, "off"))
        return error_set(err, "disable-legacy=off: the interface of before virtio 1.0 is not there; leave it out");
    d->v.transport = &transport;
    d->v.via = d;
    const VirtioPciType *type = d->pci.dev.type->interface;
    if (!virtio_start(&d->v, type->virtio, &d->pci.dev, err))
        return false;
    add_capabilities(d);
    return true;
}

void virtio_pci_reset(void *dev)
{
    VirtioPciDevice *d = dev;
    virtio_reset(&d->v);
    pci_reset(&d->pci);
    forget(d);
}

void virtio_pci_settle(void *dev)
{
    virtio_settle(&((VirtioPciDevice *)dev)->v);
}

void virtio_pci_loaded(void *dev)
{
    VirtioPciDevice *d = dev;
    pci_loaded(&d->pci);
    virtio_loaded(&d->v);
}

void virtio_pci_stop(void *dev)
{
    virtio_stop(&((VirtioPciDevice *)dev)->v);
}
