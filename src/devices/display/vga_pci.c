/* The standard VGA of emulators: a PCI function with the video memory behind its first base address register, its
 * registers also behind the third (QEMU's docs/specs/standard-vga.rst), and the places of old on the ISA bus. */
#include "core/load.h"
#include "devices/bus/pci.h"
#include "devices/display/vga.h"

#include <string.h>
#include <unistd.h>

enum { MEMORY = 16 << 20, MMIO = 4096, MMIO_PORTS = 0x400, MMIO_VBE = 0x500, MMIO_QEMU = 0x600, PORTS = 0x30 };
enum { BAR_MEMORY = 0, BAR_MMIO = 2, LEGACY_AT = 0xa0000, LEGACY = 0x20000 };
enum { PORT_FIRST = 0x3b0, PORT_VBE = 0x1ce, OVER_PCI = 1 };

typedef struct VgaPci {
    PciDevice pci;
    Vga vga;
    char *rom; /* property: file of its BIOS */
    Region legacy, ports, vbe;
} VgaPci;

static uint64_t legacy_read(void *dev, uint64_t at, int size)
{
    return vga_memory_read(&((VgaPci *)dev)->vga, at, size);
}

static void legacy_write(void *dev, uint64_t at, uint64_t value, int size)
{
    vga_memory_write(&((VgaPci *)dev)->vga, at, value, size);
}

static uint64_t port_read(void *dev, uint64_t at, int size)
{
    return vga_port_read(&((VgaPci *)dev)->vga, at, size);
}

static void port_write(void *dev, uint64_t at, uint64_t value, int size)
{
    vga_port_write(&((VgaPci *)dev)->vga, at, value, size);
}

/* The index at 1CEh, data at 1CFh for a PC and at 1D0h for those who cannot make a misaligned access. */
static uint64_t index_read(void *dev, uint64_t at, int size)
{
    const Vga *v = &((VgaPci *)dev)->vga;
    (void)size;
    return at ? vbe_read(v, v->vbe_index) : v->vbe_index;
}

static void index_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Vga *v = &((VgaPci *)dev)->vga;
    (void)size;
    if (at)
        vbe_write(v, v->vbe_index, (uint16_t)value);
    else
        v->vbe_index = (uint16_t)value;
}

/* The ports from 3C0h on at 400h, the extensions' registers at 500h, and how big what QEMU adds is. */
static uint64_t mmio_read(void *dev, uint64_t at, int size)
{
    Vga *v = &((VgaPci *)dev)->vga;
    if (at >= MMIO_PORTS && at < MMIO_PORTS + 0x20)
        return vga_port_read(v, at - MMIO_PORTS + 0x10, size);
    if (at >= MMIO_VBE && at < MMIO_VBE + VBE_REGS * 2)
        return vbe_read(v, (unsigned)(at - MMIO_VBE) / 2);
    return at == MMIO_QEMU ? 8 : at == MMIO_QEMU + 4 ? 0x1e1e1e1e : UINT64_MAX;
}

static void mmio_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Vga *v = &((VgaPci *)dev)->vga;
    if (at >= MMIO_PORTS && at < MMIO_PORTS + 0x20)
        vga_port_write(v, at - MMIO_PORTS + 0x10, value, size);
    else if (at >= MMIO_VBE && at < MMIO_VBE + VBE_REGS * 2)
        vbe_write(v, (unsigned)(at - MMIO_VBE) / 2, (uint16_t)value);
}

static const Window legacy_window = { LEGACY, .read = legacy_read, .write = legacy_write, .max = 8, .unaligned = true };
static const Window port_window = { PORTS, .read = port_read, .write = port_write, .max = 4, .unaligned = true };
static const Window vbe_window = { 4, .read = index_read, .write = index_write, .max = 2, .unaligned = true };

static bool load_rom(VgaPci *d, Error *err)
{
    if (!*d->rom || access(d->rom, R_OK))
        return true; /* a machine without it shows nothing until an operating system's driver comes */
    Blob code;
    if (!load_file("romfile", d->rom, 64 << 10, &code, err))
        return false;
    bool ok = pci_rom_init(&d->pci, code.data, code.len, err);
    blob_free(&code);
    return ok;
}

static bool start(void *dev, Error *err)
{
    VgaPci *d = dev;
    Machine *m = d->pci.dev.machine;
    if (!vga_init(&d->vga, &d->pci.dev, MEMORY, err) || !load_rom(d, err))
        return false;
    d->pci.region[BAR_MEMORY] = *d->vga.memory;
    d->legacy = (Region){ .name = "vga", .size = LEGACY, .dev = d, .window = &legacy_window };
    d->ports = (Region){ .name = "vga", .size = PORTS, .dev = d, .window = &port_window };
    d->vbe = (Region){ .name = "vbe", .size = 4, .dev = d, .window = &vbe_window };
    space_map(m->memory, LEGACY_AT, &d->legacy, OVER_PCI);
    space_map(m->ports, PORT_FIRST, &d->ports, 0);
    space_map(m->ports, PORT_VBE, &d->vbe, 0);
    return true;
}

static void stop(void *dev)
{
    VgaPci *d = dev;
    Machine *m = d->pci.dev.machine;
    space_unmap(m->memory, &d->legacy);
    space_unmap(m->ports, &d->ports);
    space_unmap(m->ports, &d->vbe);
    vga_stop(&d->vga);
}

static void reset(void *dev)
{
    VgaPci *d = dev;
    pci_reset(&d->pci);
    vga_reset(&d->vga);
}

static void loaded(void *dev)
{
    pci_loaded(dev);
}

static const PciBar bars[] = { { BAR_MEMORY, 0, PCI_BAR_PREFETCH }, { BAR_MMIO, 1, 0 }, PCI_BARS_END };
static const PciType function = {
    .vendor = 0x1234,
    .device = 0x1111,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x030000,
    .revision = 2,
    .bars = bars,
};

const DeviceType vga_pci = {
    .name = "VGA",
    .about = "standard VGA with Bochs's extensions",
    .bus = "pci",
    .size = sizeof(VgaPci),
    .props = (const Prop[]){ PCI_PROPS(VgaPci),
                             { "romfile", "its BIOS", PROP_TEXT, offsetof(VgaPci, rom),
                               "/usr/share/seabios/vgabios-stdvga.bin" },
                             { 0 } },
    .state =
        (const StateField[]){ STATE_STRUCT(VgaPci, pci, pci_state), STATE_STRUCT(VgaPci, vga, vga_state), STATE_END },
    .windows = (const Window[]){ { MEMORY, .read = legacy_read, .write = legacy_write },
                                 { MMIO, .read = mmio_read, .write = mmio_write, .max = 4 },
                                 { 0 } },
    .interface = &function,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
