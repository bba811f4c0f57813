/* The bus: who is where on it, configuration accesses, base address registers, interrupt pins. */
#include "devices/bus/pci.h"

#include "base/log.h"
#include "core/machine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PCI_ROM_REGISTER = 0x30, ROM_ENABLE = 1, ROM_MOST = 64 << 10 };
enum { STATUS_INTERRUPT = 1 << 3, STATUS_ACK = 0xf900, HEADER_MULTIFUNCTION = 0x80 };

static const StateField msix_state[] = { STATE(PciMsix, low), STATE(PciMsix, high), STATE(PciMsix, data),
                                         STATE(PciMsix, control), STATE_END };

const StateField pci_state[] = {
    STATE_ARRAY(PciDevice, config),
    STATE_STRUCTS(PciDevice, vector, msix_state),
    STATE_ARRAY(PciDevice, msix_pending),
    STATE(PciDevice, intx),
    STATE_END,
};

static uint32_t get(const uint8_t *bytes, uint32_t at, int size)
{
    uint32_t value = 0;
    memcpy(&value, bytes + at, (size_t)size);
    return value;
}

static void put(uint8_t *bytes, uint32_t at, uint32_t value, int size)
{
    memcpy(bytes + at, &value, (size_t)size);
}

uint32_t pci_get(const PciDevice *d, uint32_t at, int size)
{
    return get(d->config, at, size);
}

void pci_put(PciDevice *d, uint32_t at, uint32_t value, int size)
{
    put(d->config, at, value, size);
}

void pci_set(PciDevice *d, uint32_t at, uint32_t value, int size)
{
    put(d->initial, at, value, size);
    put(d->config, at, value, size);
}

void pci_set_writable(PciDevice *d, uint32_t at, uint32_t mask, int size)
{
    put(d->writable, at, mask, size);
}

static uint16_t command(const PciDevice *d)
{
    return (uint16_t)get(d->config, PCI_COMMAND, 2);
}

static const PciType *pci_type(const PciDevice *d)
{
    return d->dev.type->interface;
}

/* The expansion ROM's register is apart from the others, and has an enable bit where they have their kind. */
static uint32_t bar_register(int bar)
{
    return bar == PCI_ROM ? PCI_ROM_REGISTER : PCI_BAR_0 + (uint32_t)bar * 4;
}

static uint32_t bar_kind(const PciDevice *d, int bar)
{
    return bar == PCI_ROM ? 0 : get(d->initial, bar_register(bar), 4);
}

/* Where a base address register says its window is; false: nowhere. */
static bool bar_address(const PciDevice *d, int bar, uint64_t *at)
{
    uint32_t low = get(d->config, bar_register(bar), 4), kind = bar_kind(d, bar);
    if (bar == PCI_ROM && !(low & ROM_ENABLE))
        return false;
    bool io = kind & PCI_BAR_IO, wide = !io && kind & PCI_BAR_64;
    uint64_t high = wide ? get(d->config, bar_register(bar) + 4, 4) : 0;
    *at = high << 32 | (low & (io ? ~3u : ~15u));
    if (!d->region[bar].size || !(command(d) & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
        return false;
    /* the top of the space is what software writes to learn the size */
    uint64_t last = *at + d->region[bar].size - 1;
    return (*at || d->bus->zero_is_address) && last > *at && last != (wide ? UINT64_MAX : UINT32_MAX);
}

static Space *bar_space(const PciDevice *d, int bar)
{
    return bar_kind(d, bar) & PCI_BAR_IO ? d->bus->io : d->bus->memory;
}

static void unmap(PciDevice *d, int bar)
{
    if (d->is_mapped[bar])
        space_unmap(bar_space(d, bar), &d->region[bar]);
    d->is_mapped[bar] = false;
}

static void map_bars(PciDevice *d)
{
    for (int bar = 0; bar < PCI_BARS; bar++) {
        uint64_t at = 0;
        bool shown = bar_address(d, bar, &at);
        if (shown == d->is_mapped[bar] && (!shown || at == d->mapped[bar]))
            continue;
        unmap(d, bar);
        if (shown)
            space_map(bar_space(d, bar), at, &d->region[bar], 0);
        d->is_mapped[bar] = shown;
        d->mapped[bar] = at;
    }
}

/* Pins of neighbouring slots are rotated, so that INTA of four slots are four lines (PCI 3.0, 2.2.6). */
static unsigned line_of(const PciDevice *d)
{
    return (unsigned)(d->devfn / 8 + d->initial[PCI_INTERRUPT_PIN] - 1) % PCI_PINS;
}

static void drive_intx(PciDevice *d)
{
    bool on = d->intx && !(command(d) & PCI_COMMAND_NO_INTX);
    uint16_t status = (uint16_t)get(d->config, PCI_STATUS, 2);
    put(d->config, PCI_STATUS, d->intx ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT, 2);
    if (on == d->intx_on_bus)
        return;
    d->intx_on_bus = on;
    unsigned line = line_of(d);
    d->bus->asserted[line] += on ? 1u : -1u;
    line_set(&d->bus->intx[line], d->bus->asserted[line]);
}

void pci_intx(PciDevice *d, bool level)
{
    if (!d->initial[PCI_INTERRUPT_PIN] || !d->bus)
        return;
    d->intx = level;
    drive_intx(d);
}

static void command_changed(PciDevice *d)
{
    d->dev.dma = command(d) & PCI_COMMAND_MASTER ? d->bus->dma : d->bus->nowhere;
    map_bars(d);
    drive_intx(d);
}

void pci_loaded(PciDevice *d)
{
    if (d->bus)
        command_changed(d);
}

void pci_reset(PciDevice *d)
{
    memcpy(d->config, d->initial, sizeof d->config);
    memset(d->msix_pending, 0, sizeof d->msix_pending);
    for (unsigned i = 0; i < PCI_MSIX_VECTORS; i++)
        d->vector[i] = (PciMsix){ .control = i < d->vectors }; /* masked (PCI 3.0, 6.8.2.9) */
    d->intx = false;
    pci_loaded(d);
}

uint32_t pci_config_read(PciBus *bus, unsigned devfn, uint32_t at, int size)
{
    PciDevice *d = bus->function[devfn % PCI_FUNCTIONS];
    uint32_t ones = size < 4 ? (1u << size * 8) - 1 : UINT32_MAX;
    if (!d || at >= d->config_size || at + (uint32_t)size > d->config_size)
        return ones;
    if (pci_type(d)->read)
        pci_type(d)->read(d, at, (uint32_t)size);
    return get(d->config, at, size);
}

static bool overlaps(uint32_t at, int size, uint32_t from, uint32_t bytes)
{
    return at < from + bytes && at + (uint32_t)size > from;
}

void pci_config_write(PciBus *bus, unsigned devfn, uint32_t at, uint32_t value, int size)
{
    PciDevice *d = bus->function[devfn % PCI_FUNCTIONS];
    if (!d || at >= d->config_size || at + (uint32_t)size > d->config_size)
        return;
    uint32_t old = get(d->config, at, size), writable = get(d->writable, at, size), ack = get(d->ack, at, size);
    put(d->config, at, ((old & ~writable) | (value & writable)) & ~(value & ack), size);
    if (overlaps(at, size, PCI_COMMAND, 2) || overlaps(at, size, PCI_BAR_0, 6 * 4) ||
        overlaps(at, size, PCI_ROM_REGISTER, 4))
        command_changed(d);
    if (d->msix && overlaps(at, size, d->msix, 4))
        pci_msix_changed(d);
    if (pci_type(d)->written)
        pci_type(d)->written(d, at, (uint32_t)size);
}

/* SLOT or SLOT.FUNCTION, in hexadecimal. */
static bool parse_address(const char *text, unsigned *devfn)
{
    char *end;
    unsigned long slot = strtoul(text, &end, 16), function = 0;
    if (end == text || slot >= PCI_SLOTS)
        return false;
    if (*end == '.') {
        const char *digit = end + 1;
        function = strtoul(digit, &end, 16);
        if (end == digit || function >= 8)
            return false;
    }
    *devfn = (unsigned)(slot * 8 + function);
    return !*end;
}

static bool slot_used(const PciBus *bus, unsigned slot)
{
    for (unsigned i = 0; i < 8; i++)
        if (bus->function[slot * 8 + i])
            return true;
    return false;
}

static bool choose_place(const PciBus *bus, PciDevice *d, Error *err)
{
    unsigned devfn = 0;
    if (d->addr) {
        if (!parse_address(d->addr, &devfn))
            return error_set(err, "addr=%s: expected SLOT or SLOT.FUNCTION, in hexadecimal, up to 1f.7", d->addr);
        if (bus->function[devfn])
            return error_set(err,
                             "addr=%s: %s is there already; choose another slot, or none for the next that is free",
                             d->addr, bus->function[devfn]->dev.id);
        const PciDevice *first = bus->function[devfn & ~7u];
        if (devfn % 8 && first && !first->multifunction)
            return error_set(err,
                             "addr=%s: %s has the slot to itself; add multifunction=on to it, or choose another slot",
                             d->addr, first->dev.id);
    } else {
        while (devfn < PCI_FUNCTIONS && slot_used(bus, devfn / 8))
            devfn += 8;
        if (devfn == PCI_FUNCTIONS)
            return error_set(
                err, "all %d slots of %s are taken; put several on one with multifunction=on and addr=SLOT.FUNCTION",
                PCI_SLOTS, bus->host->id);
    }
    d->devfn = (uint8_t)devfn;
    return true;
}

static void fill_bar(PciDevice *d, const PciBar *bar)
{
    const Window *w = &d->dev.type->windows[bar->window];
    uint32_t at = PCI_BAR_0 + bar->number * 4u;
    uint64_t mask = ~(w->size - 1);
    bool io = bar->kind & PCI_BAR_IO;
    assert(bar->number < PCI_ROM && w->size >= (io ? 4 : 16) && !(w->size & (w->size - 1)));
    d->region[bar->number] = (Region){ .name = d->dev.id, .size = w->size, .dev = d, .window = w };
    pci_set(d, at, bar->kind, 4);
    pci_set_writable(d, at, (uint32_t)mask & (io ? ~3u : ~15u), 4);
    if (bar->kind & PCI_BAR_64 && !io)
        pci_set_writable(d, at + 4, (uint32_t)(mask >> 32), 4);
}

bool pci_rom_init(PciDevice *d, const uint8_t *code, size_t len, Error *err)
{
    uint64_t size = 2048;
    while (size < len)
        size *= 2;
    if (size > ROM_MOST)
        return error_set(err, "code of %zu bytes does not fit an expansion ROM of 64 KiB", len);
    Region *memory = ram_add(d->dev.machine, d->dev.id, ROM_MOST, true, err);
    if (!memory)
        return false;
    memcpy(memory->ram, code, len);
    d->region[PCI_ROM] = *memory;
    d->region[PCI_ROM].size = size;
    pci_set_writable(d, PCI_ROM_REGISTER, (uint32_t) ~(size - 1) | ROM_ENABLE, 4);
    return true;
}

static void fill_header(PciDevice *d)
{
    const PciType *t = pci_type(d);
    d->config_size = PCI_CONFIG;
    d->next_capability = 0x40;
    pci_set(d, PCI_VENDOR_ID, t->vendor | (uint32_t)t->device << 16, 4);
    pci_set(d, PCI_REVISION, t->revision | t->class << 8, 4);
    pci_set(d, PCI_HEADER, d->multifunction ? HEADER_MULTIFUNCTION : 0, 1);
    pci_set(d, PCI_SUBSYSTEM_VENDOR, t->subsystem_vendor | (uint32_t)t->subsystem << 16, 4);
    pci_set(d, PCI_INTERRUPT_PIN, t->pin, 1);
    pci_set_writable(d, PCI_COMMAND, 0x0547, 2); /* I/O, memory, master, parity, SERR#, no INTx */
    put(d->ack, PCI_STATUS, STATUS_ACK, 2);
    pci_set_writable(d, 0x0c, 0xff, 1); /* cache line size */
    pci_set_writable(d, PCI_INTERRUPT_LINE, 0xff, 1);
    for (const PciBar *bar = t->bars; bar && bar->window != PCI_NO_WINDOW; bar++)
        fill_bar(d, bar);
}

bool pci_bus_attach(PciBus *bus, Device *dev, Error *err)
{
    PciDevice *d = (PciDevice *)(void *)dev;
    if (!choose_place(bus, d, err))
        return false;
    d->bus = bus;
    bus->function[d->devfn] = d;
    dev->dma = bus->nowhere;
    fill_header(d);
    return true;
}

void pci_bus_detach(PciBus *bus, Device *dev)
{
    PciDevice *d = (PciDevice *)(void *)dev;
    if (bus->function[d->devfn] != d)
        return;
    pci_intx(d, false);
    for (int bar = 0; bar < PCI_BARS; bar++)
        unmap(d, bar);
    bus->function[d->devfn] = NULL;
    d->bus = NULL;
}

bool pci_bus_hotplug(PciBus *bus, Device *dev, bool in, Error *err)
{
    if (!bus->hotplug)
        return error_set(err, "Bus '%s' does not support hotplugging: the machine has nothing to tell the guest by",
                         bus->host->id);
    bus->hotplug(bus->hotplug_who, ((const PciDevice *)(const void *)dev)->devfn / 8u, in);
    return true;
}

void pci_bus_init(PciBus *bus, Device *host, Line *intx)
{
    bus->host = host;
    bus->intx = intx;
    bus->memory = space_new("pci-memory");
    bus->io = space_new("pci-io");
    bus->nowhere = space_new("pci-no-master");
    bus->dma = host->machine->memory;
}

void pci_bus_free(PciBus *bus)
{
    if (!bus->memory)
        return;
    space_free(bus->memory);
    space_free(bus->io);
    space_free(bus->nowhere);
}
