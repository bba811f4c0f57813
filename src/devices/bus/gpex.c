/* The generic PCI Express host bridge: configuration space as one window of memory (ECAM), a bus without bridges, and
 * windows onto its memory and I/O ports. PCI Express 3.0, 7.2.2; the pci-host-ecam-generic binding. */
#include "core/machine.h"
#include "devices/bus/pci.h"

#include <string.h>

enum { VIEWS = 3, ECAM_SIZE = 256 << 20, PORTS = 1 << 16 };

typedef struct View {
    uint64_t at, size; /* properties: in the system's memory */
    Region region;
} View;

typedef struct Gpex {
    Device dev;
    PciBus bus;
    PciDevice root;   /* the bridge as a function of its own bus */
    View view[VIEWS]; /* low memory, ports, high memory */
    Region no_memory, no_port;
    Line intx[PCI_PINS];
} Gpex;

/* As in QEMU: a Red Hat PCIe host bridge. */
static const PciType root_function = {
    .vendor = 0x1b36,
    .device = 0x0008,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x060000,
};
static const DeviceType root_type = {
    .name = "gpex-root",
    .about = "generic PCI Express host bridge",
    .bus = "pci",
    .size = sizeof(PciDevice),
    .interface = &root_function,
};

/* Where no function answers, a read completes with ones. */
static uint64_t nothing_read(void *dev, uint64_t at, int size)
{
    (void)dev, (void)at, (void)size;
    return UINT64_MAX;
}

static void nothing_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)dev, (void)at, (void)value, (void)size;
}

static const Window nothing = { 1ull << 48, .read = nothing_read, .write = nothing_write };

static uint64_t ecam_read(void *dev, uint64_t at, int size)
{
    Gpex *g = dev;
    return at >> 20 ? UINT32_MAX : pci_config_read(&g->bus, at >> 12 & 0xff, at & 0xfff, size);
}

static void ecam_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Gpex *g = dev;
    if (!(at >> 20))
        pci_config_write(&g->bus, at >> 12 & 0xff, at & 0xfff, (uint32_t)value, size);
}

/* Parts may be attached before the bridge is started. */
static bool prepare(Gpex *g, Error *err)
{
    if (g->bus.host)
        return true;
    pci_bus_init(&g->bus, &g->dev, g->intx);
    g->bus.zero_is_address = true;
    g->no_memory = g->no_port = (Region){ .name = g->dev.id, .size = nothing.size, .dev = g, .window = &nothing };
    g->no_port.size = PORTS;
    space_map(g->bus.memory, 0, &g->no_memory, -1);
    space_map(g->bus.io, 0, &g->no_port, -1);
    g->root.dev = (Device){ .type = &root_type, .id = g->dev.id, .machine = g->dev.machine };
    return pci_bus_attach(&g->bus, &g->root.dev, err);
}

static bool attach(void *dev, Device *function, Error *err)
{
    Gpex *g = dev;
    return prepare(g, err) && pci_bus_attach(&g->bus, function, err);
}

static void detach(void *dev, Device *function)
{
    Gpex *g = dev;
    pci_bus_detach(&g->bus, function);
}

/* Memory has the same addresses on the bus, ports begin at 0 there. */
static bool start(void *dev, Error *err)
{
    Gpex *g = dev;
    if (!prepare(g, err))
        return false;
    for (int i = 0; i < VIEWS; i++) {
        View *v = &g->view[i];
        bool ports = i == 1;
        v->region = (Region){
            .name = g->dev.id, .size = v->size, .into = ports ? g->bus.io : g->bus.memory, .into_at = ports ? 0 : v->at
        };
        if (v->size)
            space_map(g->dev.machine->memory, v->at, &v->region, 0);
    }
    return true;
}

static void stop(void *dev)
{
    Gpex *g = dev;
    for (int i = 0; i < VIEWS; i++)
        space_unmap(g->dev.machine->memory, &g->view[i].region);
    pci_bus_detach(&g->bus, &g->root.dev);
    pci_bus_free(&g->bus);
}

static void reset(void *dev)
{
    Gpex *g = dev;
    pci_reset(&g->root);
}

static void loaded(void *dev)
{
    Gpex *g = dev;
    pci_loaded(&g->root);
}

static const StateField state[] = { STATE_STRUCT(Gpex, root, pci_state), STATE_END };

#define VIEW_PROPS(name, n, about, at_init, size_init)                                                                 \
    { name, "where the window onto " about " is", PROP_UINT, offsetof(Gpex, view[n].at), at_init },                    \
    {                                                                                                                  \
        name "-size", "its size; 0: none", PROP_UINT, offsetof(Gpex, view[n].size), size_init                          \
    }

static const Prop props[] = {
    VIEW_PROPS("mmio", 0, "memory below 4 GiB", "0x10000000", "0x2eff0000"),
    VIEW_PROPS("io", 1, "the ports", "0x3eff0000", "64K"),
    VIEW_PROPS("high", 2, "memory above 4 GiB", "0x8000000000", "0x8000000000"),
    { 0 },
};

static const Window windows[] = { { ECAM_SIZE, .read = ecam_read, .write = ecam_write, .max = 4 }, { 0 } };
static const Pin pins[] = { { "irq", offsetof(Gpex, intx), PCI_PINS }, { 0 } };

const DeviceType gpex = {
    .name = "gpex",
    .about = "generic PCI Express host bridge (ECAM)",
    .size = sizeof(Gpex),
    .props = props,
    .state = state,
    .windows = windows,
    .pins = pins,
    .offers = "pci",
    .attach = attach,
    .detach = detach,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
