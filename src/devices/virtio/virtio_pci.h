/* The PCI transport (virtio 1.2, section 4.1), without the legacy interface. A function's struct begins like
 * VirtioPciDevice and its DeviceType is made of what is below. */
#pragma once
#include "devices/bus/pci.h"
#include "devices/virtio/virtio.h"

typedef struct VirtioPciType {
    PciType pci; /* first: the type's interface */
    const VirtioType *virtio;
} VirtioPciType;

typedef struct VirtioPci {
    char *disable_legacy, *romfile;
    uint32_t device_feature_select, driver_feature_select;
    uint16_t config_vector, queue_vector[VIRTIO_QUEUES], queue_select;
    uint8_t isr;
    uint8_t access;   /* where the capability to access the window through configuration space is */
    uint8_t scratch8; /* what was last written to registers that are functions */
    uint16_t scratch16;
    uint32_t scratch32[2];
} VirtioPci;
extern const StateField virtio_pci_state[];

typedef struct VirtioPciDevice {
    PciDevice pci;
    VirtioPci via;
    Virtio v;
} VirtioPciDevice;

bool virtio_pci_start(void *, Error *);
void virtio_pci_reset(void *);
void virtio_pci_settle(void *);
void virtio_pci_loaded(void *);
void virtio_pci_stop(void *);
extern const Window virtio_pci_windows[];
extern const PciBar virtio_pci_bars[];
void virtio_pci_written(void *, uint32_t at, uint32_t size);
void virtio_pci_read(void *, uint32_t at, uint32_t size);

/* clang-format off */
#define VIRTIO_PCI_FUNCTION(id, class_)                                                                                \
    { .vendor = 0x1af4, .device = 0x1040 + (id), .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .revision = 1,       \
      .class = class_, .pin = 1, .bars = virtio_pci_bars, .written = virtio_pci_written, .read = virtio_pci_read }

#define VIRTIO_PCI_PROPS(T)                                                                                            \
    PCI_PROPS(T),                                                                                                      \
    { "disable-legacy", "on: the interface of before virtio 1.0 is not there", PROP_TEXT,                              \
      offsetof(T, via.disable_legacy), "on" },                                                                         \
    { "romfile", "accepted; there are no option ROMs", PROP_TEXT, offsetof(T, via.romfile), "" }

#define VIRTIO_PCI_STATE(T, v)                                                                                         \
    STATE_STRUCT(T, pci, pci_state), STATE_STRUCT(T, via, virtio_pci_state), STATE_STRUCT(T, v, virtio_state)

#define VIRTIO_PCI_HOOKS                                                                                               \
    .bus = "pci", .windows = virtio_pci_windows, .start = virtio_pci_start, .reset = virtio_pci_reset,                 \
    .settle = virtio_pci_settle, .loaded = virtio_pci_loaded, .stop = virtio_pci_stop
/* clang-format on */
