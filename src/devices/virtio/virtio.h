/* What virtio devices have in common (virtio 1.2, section 2), whatever carries them: status, features, configuration
 * space, queues. Three parties: a kind of device (VirtioType: block, net, ...), the Virtio that keeps its state, and a
 * transport (memory-mapped, PCI), which is how the driver reaches it. */
#pragma once
#include "devices/virtio/virtqueue.h"

typedef struct Virtio Virtio;

enum { VIRTIO_QUEUES = 4 };

enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VIRTIO_F_VERSION_1     (1ull << 32)

typedef struct VirtioType {
    const char *name;
    uint32_t id;                         /* section 5 */
    uint16_t queue_most[VIRTIO_QUEUES];  /* 0 ends the list */
    uint32_t config_size;                /* of Virtio.config, which start() fills */
    uint32_t config_writable;            /* so many bytes at its begin are the driver's to write */
    void (*configured)(Virtio *);        /* it wrote there */
    bool (*start)(Virtio *, Error *);    /* properties are set; adds to Virtio.offered */
    void (*running)(Virtio *);           /* the driver set DRIVER_OK; may be NULL */
    void (*notify)(Virtio *, int queue); /* there may be chains; takes a bounded number */
    void (*reset)(Virtio *);             /* queues are off: let go of every chain; may be NULL */
    void (*settle)(Virtio *);            /* before a snapshot: put chains that were taken back; may be NULL */
    void (*loaded)(Virtio *);            /* after one was loaded, the queues being there; may be NULL */
    void (*stop)(Virtio *);              /* frees what start() made; may be NULL */
} VirtioType;

typedef struct VirtioTransport {
    void (*raise)(void *via, int queue); /* an interrupt for a queue, or -1: for the configuration */
} VirtioTransport;

struct Virtio {
    const VirtioType *type;
    Device *dev; /* whose DMA it is */
    const VirtioTransport *transport;
    void *via;
    uint64_t offered, features;
    uint8_t status;
    uint32_t generation; /* of the configuration space */
    uint8_t config[136];
    Queue queue[VIRTIO_QUEUES];
    bool again[VIRTIO_QUEUES]; /* a notification is on its way from ourselves */
    Chain *chain;              /* the last taken */
};
extern const StateField virtio_state[];

bool virtio_start(Virtio *, const VirtioType *, Device *, Error *);
void virtio_stop(Virtio *);
void virtio_reset(Virtio *);
void virtio_settle(Virtio *);
void virtio_loaded(Virtio *);

/* For transports. */
int virtio_queues(const Virtio *);
void virtio_set_status(Virtio *, uint8_t);
void virtio_set_features(Virtio *, int word, uint32_t); /* 0: bits 0 to 31, ... */
void virtio_enable(Virtio *, int queue, bool);
void virtio_notify(Virtio *, int queue);
uint64_t virtio_config_load(const Virtio *, uint64_t at, int size);
void virtio_config_store(Virtio *, uint64_t at, uint64_t value, int size);

/* For kinds of device. */
bool virtio_live(const Virtio *, int queue); /* the driver is there and the queue in use */
bool virtio_take(Virtio *, int queue, Chain *);
void virtio_put(Virtio *, int queue, uint16_t head, uint64_t written); /* one chain back; then tell */
void virtio_tell(Virtio *, int queue);                                 /* interrupt, if the driver wants one */
void virtio_again(Virtio *, int queue);                  /* notify, when others had their turn under the machine lock */
void virtio_config_changed(Virtio *);                    /* the device changed its configuration space */
void virtio_wrong(Virtio *, int queue, const char *why); /* the driver's fault: it must reset the device */

/* A device of its own on a "virtio" bus, where the Virtio comes first behind the Device. */
typedef struct VirtioDevice {
    Device dev;
    Virtio v;
} VirtioDevice;
bool virtio_device_start(void *, Error *);
void virtio_device_reset(void *);
void virtio_device_settle(void *);
void virtio_device_loaded(void *);
void virtio_device_stop(void *);
