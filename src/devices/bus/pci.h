/* PCI and PCI Express: a bus that a host bridge owns, and the functions plugged into it. PCI Local Bus
 * Specification 3.0, PCI Express Base Specification 3.0.
 *
 * A function's struct begins with PciDevice; its DeviceType has `.bus = "pci"`, `.interface` a PciType, PCI_PROPS in
 * its properties and STATE_STRUCT(T, pci, pci_state) in its state table, and calls pci_reset() from its reset hook,
 * pci_loaded() from its loaded hook. Its windows are numbered as ever; the PciType says behind which base address
 * register each one is. Configuration space is bytes with a mask of those bits a guest can write and one of those it
 * clears by writing 1. */
#pragma once
#include "core/device.h"
#include "core/space.h"

enum {
    PCI_SLOTS = 32,
    PCI_FUNCTIONS = 256, /* of a bus: slot * 8 + function */
    PCI_CONFIG = 256,
    PCI_EXPRESS_CONFIG = 4096,
    PCI_BARS = 7, /* six base address registers and, last, that of the expansion ROM */
    PCI_ROM = 6,
    PCI_PINS = 4, /* INTA to INTD */
    PCI_MSIX_VECTORS = 128,
    PCI_MSIX_SIZE = 4096, /* of PCI_MSIX_WINDOW: the table and, in its upper half, the pending bits */

    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS = 0x09,
    PCI_HEADER = 0x0e,
    PCI_BAR_0 = 0x10,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,

    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_COMMAND_NO_INTX = 1 << 10,
};

enum PciBarKind {
    PCI_BAR_IO = 1,
    PCI_BAR_64 = 4,
    PCI_BAR_PREFETCH = 8
}; /* bits as the register shows them; 0: 32 bits */

typedef struct PciBar {
    uint8_t number, window; /* which register, which of the type's windows; its size is a power of two */
    uint8_t kind;
} PciBar;

typedef struct PciType {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class; /* base class, subclass and programming interface, as 0x020000 */
    uint8_t revision;
    uint8_t pin;        /* 1: uses INTA ... 4: INTD; 0: no INTx */
    const PciBar *bars; /* ends with a row whose window is PCI_NO_WINDOW; may be NULL */
    /* After configuration bytes [at, at + size) were written by the guest; `read` before they are read. May be NULL. */
    void (*written)(void *dev, uint32_t at, uint32_t size);
    void (*read)(void *dev, uint32_t at, uint32_t size);
} PciType;
#define PCI_NO_WINDOW 0xff
#define PCI_BARS_END                                                                                                   \
    {                                                                                                                  \
        .window = PCI_NO_WINDOW                                                                                        \
    }

typedef struct PciMsix {
    uint32_t low, high, data, control;
} PciMsix;

struct PciBus;
typedef struct PciDevice {
    Device dev;
    char *addr; /* property: SLOT[.FUNCTION] in hexadecimal; NULL: the first free slot */
    bool multifunction;
    struct PciBus *bus;
    uint8_t devfn;
    uint16_t config_size;
    uint8_t config[PCI_EXPRESS_CONFIG];
    uint8_t initial[PCI_EXPRESS_CONFIG];  /* after a reset; what the functions below fill in */
    uint8_t writable[PCI_EXPRESS_CONFIG]; /* bits a guest can change */
    uint8_t ack[PCI_EXPRESS_CONFIG];      /* bits it clears by writing 1 */
    uint8_t next_capability, last_capability;
    Region region[PCI_BARS]; /* of the window behind each base address register; size 0: none */
    uint8_t msix;            /* where its capability is; 0: none */
    unsigned vectors;        /* it has */
    PciMsix vector[PCI_MSIX_VECTORS];
    uint64_t msix_pending[PCI_MSIX_VECTORS / 64];
    bool intx; /* it asserts its pin */

    /* derived */
    bool intx_on_bus;
    uint64_t mapped[PCI_BARS]; /* where each region is now */
    bool is_mapped[PCI_BARS];
} PciDevice;

typedef struct PciBus {
    Device *host;
    uint8_t number;
    Space *memory, *io;          /* where base address registers show their windows */
    Space *dma;                  /* what functions see as bus masters */
    Space *nowhere;              /* the same while they are not enabled to be bus masters */
    Line *intx;                  /* the host bridge's four interrupt lines */
    unsigned asserted[PCI_PINS]; /* functions that pull each line; derived */
    PciDevice *function[PCI_FUNCTIONS];
    /* Of who tells the guest what comes and goes, or NULL. */
    void (*hotplug)(void *who, unsigned slot, bool in);
    void *hotplug_who;
    bool zero_is_address; /* a base address register of 0 counts, rather than meaning that none was assigned */
} PciBus;

extern const StateField pci_state[];
#define PCI_PROPS(T)                                                                                                   \
    { "addr", "slot and function on the bus, SLOT[.FUNCTION] in hexadecimal", PROP_TEXT, offsetof(T, pci.addr),        \
      NULL },                                                                                                          \
    {                                                                                                                  \
        "multifunction", "other functions share its slot", PROP_BOOL, offsetof(T, pci.multifunction), "off"            \
    }

/* A host bridge sets up a bus before anything is attached, and forwards its type's attach and detach. */
void pci_bus_init(PciBus *, Device *host, Line *intx);
void pci_bus_free(PciBus *);
bool pci_bus_attach(PciBus *, Device *, Error *err);
void pci_bus_detach(PciBus *, Device *);
bool pci_bus_hotplug(PciBus *, Device *, bool in, Error *err);
/* An access to configuration space; size 1, 2 or 4, within one function. Nobody there: all ones. */
uint32_t pci_config_read(PciBus *, unsigned devfn, uint32_t at, int size);
void pci_config_write(PciBus *, unsigned devfn, uint32_t at, uint32_t value, int size);

/* For functions, in their start hook: what configuration space has beyond the PciType. */
void pci_set(PciDevice *, uint32_t at, uint32_t value, int size); /* reset value */
void pci_set_writable(PciDevice *, uint32_t at, uint32_t mask, int size);
uint8_t pci_capability(PciDevice *, uint8_t id, uint8_t size); /* its offset; bytes after the header are 0 */
/* Code for firmware to run, at most 64 KiB,, is shown by the expansion ROM base address register. */
bool pci_rom_init(PciDevice *, const uint8_t *code, size_t len, Error *);
void pci_extended_capability(PciDevice *, uint16_t at, uint16_t id, uint8_t version, uint16_t next);
void pci_msix_init(PciDevice *, unsigned vectors, uint8_t bar); /* PCI_MSIX_WINDOW must be behind `bar` */
void pci_express_init(PciDevice *);                             /* root complex integrated endpoint */

/* While it runs, under the machine lock. */
void pci_reset(PciDevice *);
void pci_loaded(PciDevice *);
void pci_intx(PciDevice *, bool level);
bool pci_msix_enabled(const PciDevice *);
void pci_msix_changed(PciDevice *);                               /* its capability was written: what waited may go */
void pci_msix_notify(PciDevice *, unsigned vector);               /* a vector it does not have is ignored */
uint32_t pci_get(const PciDevice *, uint32_t at, int size);       /* configuration space as it is now */
void pci_put(PciDevice *, uint32_t at, uint32_t value, int size); /* the same, until the guest writes or a reset */

/* The window for the MSI-X table and pending bits, a row of a type's windows. */
uint64_t pci_msix_read(void *dev, uint64_t at, int size);
void pci_msix_write(void *dev, uint64_t at, uint64_t value, int size);
#define PCI_MSIX_WINDOW                                                                                                \
    {                                                                                                                  \
        PCI_MSIX_SIZE, .read = pci_msix_read, .write = pci_msix_write, .min = 4, .max = 8                              \
    }
