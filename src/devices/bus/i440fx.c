/* The Intel 440FX host bridge (82441FX data sheet 290549): PCI configuration by ports CF8h and CFCh, and the memory map
 * below 1 MiB, where each segment is PCI's or shadowed in RAM (PAM), and A0000h to BFFFFh may hide system management
 * RAM (SMRAM). Port CF9h, the reset control of its companion chip, is among its ports, as is the gate of address line
 * 20 among its effects on the map. */
#include "core/machine.h"
#include "devices/bus/pci.h"

#include <string.h>

enum { PORTS = 8, SEGMENTS = 13, R_PAM = 0x59, R_SMRAM = 0x72 };
enum { PAM_READ = 1, PAM_WRITE = 2 };
enum { SMRAM_OPEN = 0x40, SMRAM_CLOSED = 0x20, SMRAM_LOCKED = 0x10, SMRAM_ENABLED = 8, SMRAM_RESET = 2 };
enum { RESET_HARD = 2, RESET_CPU = 4 };
enum { OVER_PCI = -1, OVER_ROM = 2, OVER_SMRAM = 3, OVER_A20 = 10 };
enum { SMRAM_AT = 0xa0000, SMRAM_SIZE = 0x20000, MEGABYTE = 1 << 20 };
#define ALL_MEMORY (1ull << 48)

typedef struct Segment {
    uint8_t mode;
    Region shown;        /* what is mapped over the rest now */
    Window write_window; /* of a segment that is read from PCI and written to RAM */
    uint8_t *ram;
    const Region *of;
} Segment;

typedef struct I440fx {
    Device dev;
    PciBus bus;
    PciDevice root;
    uint32_t address; /* of port CF8h */
    uint8_t reset_control;
    bool a20;
    Segment segment[SEGMENTS];
    Region pci_view, port_view, no_memory, all_view, smram, low_memory;
    bool smram_open, smram_shown, low_shown;
    Space *management; /* what a CPU in system management mode sees */
    Line intx[PCI_PINS];
} I440fx;

static uint64_t nothing_read(void *dev, uint64_t at, int size)
{
    (void)dev, (void)at, (void)size;
    return UINT64_MAX;
}

static void nothing_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)dev, (void)at, (void)value, (void)size;
}

static const Window nothing = { ALL_MEMORY, .read = nothing_read, .write = nothing_write };

/* ---- shadow RAM ---- */

/* F0000h, then C0000h upwards: each register has two segments, but for the first one. */
static uint32_t segment_at(int n)
{
    return n ? 0xc0000 + (uint32_t)(n - 1) * 0x4000 : 0xf0000;
}

static uint32_t segment_size(int n)
{
    return n ? 0x4000 : 0x10000;
}

static void write_behind(void *segment, uint64_t at, uint64_t value, int size)
{
    Segment *s = segment;
    memcpy(s->ram + at, &value, (size_t)size);
    space_dirty(s->of, (uint64_t)(s->ram - s->of->ram) + at, (uint64_t)size);
}

/* The memory that PCI shows there; NULL: none, or none that is contiguous. */
static uint8_t *under(const I440fx *h, int n)
{
    uint64_t left;
    const uint8_t *bytes = space_ram(h->dev.machine->memory, segment_at(n), &left);
    return left >= segment_size(n) ? (uint8_t *)(uintptr_t)bytes : NULL;
}

static void show_segment(I440fx *h, int n, uint8_t mode)
{
    Segment *s = &h->segment[n];
    if (!s->ram || mode == s->mode)
        return;
    if (s->mode)
        space_unmap(h->dev.machine->memory, &s->shown);
    s->mode = mode;
    if (!mode)
        return;
    s->shown = (Region){ .name = s->of->name,
                         .size = segment_size(n),
                         .ram = s->ram,
                         .readonly = mode == PAM_READ,
                         .page = s->of->page + (uint64_t)(s->ram - s->of->ram) / 4096 };
    uint8_t *pci = mode == PAM_WRITE ? under(h, n) : NULL;
    if (pci) {
        s->write_window = (Window){ .size = segment_size(n), .write = write_behind };
        Flat f;
        space_flat(h->dev.machine->memory, segment_at(n), &f);
        s->shown.ram = pci;
        s->shown.page = f.region->page + (f.offset + segment_at(n) - f.at) / 4096;
        s->shown.readonly = true;
        s->shown.window = &s->write_window;
        s->shown.dev = s;
    }
    space_map(h->dev.machine->memory, segment_at(n), &s->shown, OVER_ROM);
}

static void show_segments(I440fx *h)
{
    for (int n = 0; n < SEGMENTS; n++) {
        uint8_t reg = h->root.config[R_PAM + (n + 1) / 2];
        show_segment(h, n, (n == 0 || n % 2 == 0 ? reg >> 4 : reg) & 3);
    }
}

/* ---- system management RAM ---- */

static void show_smram(I440fx *h)
{
    uint8_t reg = h->root.config[R_SMRAM];
    bool open = reg & SMRAM_OPEN && reg & SMRAM_ENABLED, shown = reg & SMRAM_ENABLED && !(reg & SMRAM_CLOSED);
    if (!h->smram.size)
        return;
    if (open != h->smram_open) {
        if (open)
            space_map(h->dev.machine->memory, SMRAM_AT, &h->smram, OVER_SMRAM);
        else
            space_unmap(h->dev.machine->memory, &h->smram);
    }
    if (shown != h->smram_shown) {
        if (shown)
            space_map(h->management, SMRAM_AT, &h->smram, OVER_SMRAM);
        else
            space_unmap(h->management, &h->smram);
    }
    h->smram_open = open;
    h->smram_shown = shown;
}

/* Once locked only the bit that closes it can be changed, until a reset. */
static void smram_written(I440fx *h)
{
    uint8_t *reg = &h->root.config[R_SMRAM];
    *reg = (*reg & 0x78) | SMRAM_RESET;
    if (*reg & SMRAM_LOCKED) {
        *reg &= ~SMRAM_OPEN;
        h->root.writable[R_SMRAM] = SMRAM_CLOSED;
    }
    show_smram(h);
}

/* ---- address line 20 ---- */

/* With the gate closed the second megabyte is the first, as on the machines that had no more address lines. */
static void a20_input(void *dev, int pin, bool open)
{
    (void)pin;
    I440fx *h = dev;
    h->a20 = open;
    if (!open == h->low_shown)
        return;
    h->low_shown = !open;
    if (open)
        space_unmap(h->dev.machine->memory, &h->low_memory);
    else
        space_map(h->dev.machine->memory, MEGABYTE, &h->low_memory, OVER_A20);
}

/* ---- the bridge as a function ---- */

static void root_written(void *root, uint32_t at, uint32_t size)
{
    I440fx *h = (I440fx *)(void *)((char *)root - offsetof(I440fx, root));
    if (at <= R_PAM + 6 && at + size > R_PAM)
        show_segments(h);
    if (at <= R_SMRAM && at + size > R_SMRAM)
        smram_written(h);
}

static const PciType root_function = {
    .vendor = 0x8086,
    .device = 0x1237,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x060000,
    .revision = 2,
    .written = root_written,
};
static const DeviceType root_type = {
    .name = "i440FX",
    .about = "440FX host bridge",
    .bus = "pci",
    .size = sizeof(PciDevice),
    .interface = &root_function,
};

static bool prepare(I440fx *h, Error *err)
{
    if (h->bus.host)
        return true;
    pci_bus_init(&h->bus, &h->dev, h->intx);
    h->root.dev = (Device){ .type = &root_type, .id = h->dev.id, .machine = h->dev.machine };
    if (!pci_bus_attach(&h->bus, &h->root.dev, err))
        return false;
    for (uint32_t at = 0x40; at < PCI_CONFIG; at++)
        pci_set_writable(&h->root, at, 0xff, 1);
    pci_set(&h->root, 0x57, 0x10, 1); /* DRAM buffers */
    pci_set(&h->root, R_SMRAM, SMRAM_RESET, 1);
    return true;
}

static bool attach(void *dev, Device *function, Error *err)
{
    I440fx *h = dev;
    return prepare(h, err) && pci_bus_attach(&h->bus, function, err);
}

static void detach(void *dev, Device *function)
{
    pci_bus_detach(&((I440fx *)dev)->bus, function);
}

static bool hotplug(void *dev, Device *function, bool in, Error *err)
{
    return pci_bus_hotplug(&((I440fx *)dev)->bus, function, in, err);
}

/* What RAM hides below the holes of the memory map is found under them, where the machine put it. */
static void find_ram(I440fx *h)
{
    Flat f;
    if (!space_flat(h->dev.machine->memory, 0, &f) || !f.region->ram || f.region->size - f.offset < MEGABYTE)
        return;
    for (int n = 0; n < SEGMENTS; n++) {
        h->segment[n].of = f.region;
        h->segment[n].ram = f.region->ram + f.offset + segment_at(n);
    }
    h->smram = (Region){ .name = "smram",
                         .size = SMRAM_SIZE,
                         .ram = f.region->ram + f.offset + SMRAM_AT,
                         .page = f.region->page + (f.offset + SMRAM_AT) / 4096 };
    h->low_memory = (Region){ .name = "low-memory", .size = MEGABYTE, .into = h->dev.machine->memory };
}

/* ---- ports ---- */

static uint64_t port_read(void *dev, uint64_t at, int size)
{
    const I440fx *h = dev;
    if (at >= 4) {
        bool there = h->address >> 31 && !(h->address >> 16 & 0xff);
        uint32_t where = (h->address & 0xfc) + (uint32_t)(at - 4);
        return there ? pci_config_read((PciBus *)(uintptr_t)&h->bus, h->address >> 8 & 0xff, where, size) : UINT32_MAX;
    }
    return at == 0 && size == 4 ? h->address : at == 1 && size == 1 ? h->reset_control : UINT32_MAX;
}

/* CF9h: the change of its bit 2 to one is the reset. */
static void write_reset(I440fx *h, uint8_t value)
{
    bool reset = value & RESET_CPU && !(h->reset_control & RESET_CPU);
    h->reset_control = value & (RESET_HARD | RESET_CPU);
    if (reset)
        machine_stop(h->dev.machine, STOP_RESET);
}

static void port_write(void *dev, uint64_t at, uint64_t value, int size)
{
    I440fx *h = dev;
    if (at >= 4 && h->address >> 31 && !(h->address >> 16 & 0xff))
        pci_config_write(&h->bus, h->address >> 8 & 0xff, (h->address & 0xfc) + (uint32_t)(at - 4), (uint32_t)value,
                         size);
    else if (at == 0 && size == 4)
        h->address = (uint32_t)value & 0x80fffffc;
    else if (at == 1 && size == 1)
        write_reset(h, (uint8_t)value);
}

static bool start(void *dev, Error *err)
{
    I440fx *h = dev;
    Machine *m = h->dev.machine;
    if (!prepare(h, err))
        return false;
    find_ram(h);
    h->no_memory = (Region){ .name = h->dev.id, .size = nothing.size, .dev = h, .window = &nothing };
    h->pci_view = (Region){ .name = "pci", .size = ALL_MEMORY, .into = h->bus.memory };
    h->port_view = (Region){ .name = "pci-io", .size = 1 << 16, .into = h->bus.io };
    h->all_view = (Region){ .name = "memory", .size = ALL_MEMORY, .into = m->memory };
    space_map(h->bus.memory, 0, &h->no_memory, -1);
    space_map(m->memory, 0, &h->pci_view, OVER_PCI);
    space_map(m->ports, 0, &h->port_view, OVER_PCI);
    h->management = m->private_memory = space_new("system-management");
    space_map(h->management, 0, &h->all_view, 0);
    return true;
}

static void stop(void *dev)
{
    I440fx *h = dev;
    Machine *m = h->dev.machine;
    for (int n = 0; n < SEGMENTS; n++)
        show_segment(h, n, 0);
    a20_input(h, 0, true);
    space_unmap(m->memory, &h->smram);
    space_unmap(m->memory, &h->pci_view);
    space_unmap(m->ports, &h->port_view);
    m->private_memory = NULL;
    space_free(h->management);
    pci_bus_detach(&h->bus, &h->root.dev);
    pci_bus_free(&h->bus);
}

static void loaded(void *dev)
{
    I440fx *h = dev;
    pci_loaded(&h->root);
    show_segments(h);
    smram_written(h);
    a20_input(h, 0, h->a20);
}

static void reset(void *dev)
{
    I440fx *h = dev;
    pci_reset(&h->root);
    h->root.writable[R_SMRAM] = 0xff;
    loaded(h);
}

static const StateField state[] = {
    STATE_STRUCT(I440fx, root, pci_state),
    STATE(I440fx, address),
    STATE(I440fx, reset_control),
    STATE(I440fx, a20, .reset = true),
    STATE_END,
};

const DeviceType i440fx = {
    .name = "i440FX-pcihost",
    .about = "440FX host bridge",
    .size = sizeof(I440fx),
    .state = state,
    .windows = (const Window[]){ { PORTS, .read = port_read, .write = port_write, .max = 4 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(I440fx, intx), PCI_PINS }, { .name = "a20", .in = a20_input }, { 0 } },
    .offers = "pci",
    .attach = attach,
    .detach = detach,
    .hotplug = hotplug,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
