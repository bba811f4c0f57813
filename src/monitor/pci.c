/* The functions on PCI buses, as their configuration space says. */
#include "devices/bus/pci.h"
#include "monitor/command.h"

#include <string.h>

static const PciDevice *function_of(const Device *d)
{
    return d->bus && d->type->bus && !strcmp(d->type->bus, "pci") ? (const PciDevice *)(const void *)d : NULL;
}

/* Base class and subclass (PCI Code and ID Assignment Specification, 1). */
static const char *class_name(uint32_t class)
{
    static const struct {
        uint16_t class;
        const char *name;
    } names[] = {
        { 0x0100, "SCSI controller" },
        { 0x0101, "IDE controller" },
        { 0x0106, "SATA controller" },
        { 0x0200, "Ethernet controller" },
        { 0x0300, "VGA controller" },
        { 0x0380, "Display controller" },
        { 0x0500, "RAM controller" },
        { 0x0600, "Host bridge" },
        { 0x0601, "ISA bridge" },
        { 0x0604, "PCI bridge" },
        { 0x0680, "Bridge" },
        { 0x0700, "Serial port" },
        { 0x0780, "Communication controller" },
        { 0x0980, "Input controller" },
        { 0x0c03, "USB controller" },
        { 0x0c05, "SMBus" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].class == class)
            return names[i].name;
    return NULL;
}

static json_t *region(const PciDevice *d, int bar)
{
    uint32_t kind = pci_get(d, PCI_BAR_0 + (uint32_t)bar * 4, 4);
    bool rom = bar == PCI_ROM, io = !rom && kind & PCI_BAR_IO;
    int64_t at = d->is_mapped[bar] ? (int64_t)d->mapped[bar] : -1;
    json_t *r = json_pack("{s:i,s:s,s:I,s:I}", "bar", bar, "type", io ? "io" : "memory", "address", (json_int_t)at,
                          "size", (json_int_t)d->region[bar].size);
    if (!io) {
        json_object_set_new(r, "prefetch", json_boolean(!rom && kind & PCI_BAR_PREFETCH));
        json_object_set_new(r, "mem_type_64", json_boolean(!rom && kind & PCI_BAR_64));
    }
    return r;
}

static json_t *describe(const PciDevice *d)
{
    uint32_t class = pci_get(d, PCI_CLASS, 4) >> 8 & 0xffff;
    json_t *regions = json_array(), *info = json_pack("{s:i}", "class", (int)class);
    if (class_name(class))
        json_object_set_new(info, "desc", json_string(class_name(class)));
    for (int bar = 0; bar < PCI_BARS; bar++)
        if (d->region[bar].size)
            json_array_append_new(regions, region(d, bar));
    json_t *f = json_pack("{s:i,s:i,s:i,s:o,s:{s:i,s:i,s:i,s:i},s:s,s:i,s:o}", "bus", (int)d->bus->number, "slot",
                          d->devfn / 8, "function", d->devfn % 8, "class_info", info, "id", "vendor",
                          (int)pci_get(d, PCI_VENDOR_ID, 2), "device", (int)pci_get(d, PCI_DEVICE_ID, 2),
                          "subsystem-vendor", (int)pci_get(d, PCI_SUBSYSTEM_VENDOR, 2), "subsystem",
                          (int)pci_get(d, PCI_SUBSYSTEM, 2), "qdev_id", d->dev.plugged ? d->dev.id : "", "irq_pin",
                          (int)pci_get(d, PCI_INTERRUPT_PIN, 1), "regions", regions);
    if (pci_get(d, PCI_INTERRUPT_PIN, 1))
        json_object_set_new(f, "irq", json_integer(pci_get(d, PCI_INTERRUPT_LINE, 1)));
    return f;
}

static json_t *describe_bus(const PciBus *bus)
{
    json_t *functions = json_array();
    for (int i = 0; i < PCI_FUNCTIONS; i++)
        if (bus->function[i])
            json_array_append_new(functions, describe(bus->function[i]));
    return json_pack("{s:i,s:o}", "bus", (int)bus->number, "devices", functions);
}

/* A bus is found by what is on it; the host bridge is always one. */
static json_t *buses(Ask *a)
{
    json_t *list = json_array();
    const PciBus *last = NULL;
    for (const Device *d = a->machine->devices; d; d = d->next) {
        const PciDevice *f = function_of(d);
        if (f && f->bus && f->bus != last)
            json_array_append_new(list, describe_bus(last = f->bus));
    }
    return list;
}

static int number(const json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

static void print_region(const json_t *r, Out *o)
{
    long long at = json_integer_value(json_object_get(r, "address")),
              size = json_integer_value(json_object_get(r, "size"));
    bool wide = json_is_true(json_object_get(r, "mem_type_64"));
    out(o, "      BAR%d: ", number(r, "bar"));
    if (!strcmp(json_string_value(json_object_get(r, "type")), "io"))
        out(o, "I/O at 0x%04llx [0x%04llx].\n", at & 0xffff, (at + size - 1) & 0xffff);
    else
        out(o, "%d bit %smemory at 0x%08llx [0x%08llx].\n", wide ? 64 : 32,
            json_is_true(json_object_get(r, "prefetch")) ? "prefetchable " : "", at, at + size - 1);
}

static void print_function(const json_t *f, Out *o)
{
    const json_t *class = json_object_get(f, "class_info"), *id = json_object_get(f, "id");
    const char *name = json_string_value(json_object_get(class, "desc"));
    out(o, "  Bus %2d, device %3d, function %d:\n    ", number(f, "bus"), number(f, "slot"), number(f, "function"));
    if (name)
        out(o, "%s", name);
    else
        out(o, "Class %04x", (unsigned)number(class, "class"));
    out(o, ": PCI device %04x:%04x\n      PCI subsystem %04x:%04x\n", (unsigned)number(id, "vendor"),
        (unsigned)number(id, "device"), (unsigned)number(id, "subsystem-vendor"), (unsigned)number(id, "subsystem"));
    if (number(f, "irq_pin"))
        out(o, "      IRQ %d, pin %c\n", number(f, "irq"), number(f, "irq_pin") + 'A' - 1);
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(f, "regions"), i, r)
    {
        print_region(r, o);
    }
    out(o, "      id \"%s\"\n", json_string_value(json_object_get(f, "qdev_id")));
}

static void print_buses(const json_t *list, Out *o)
{
    size_t i, k;
    json_t *bus, *f;
    json_array_foreach(list, i, bus)
    {
        json_array_foreach(json_object_get(bus, "devices"), k, f)
        {
            print_function(f, o);
        }
    }
    if (!json_array_size(list))
        out(o, "PCI devices: none\n");
}

#define REGION "{bar:int type:io|memory address:int size:int prefetch?:bool mem_type_64?:bool}"
#define FUNCTION                                                                                                       \
    "{bus:int slot:int function:int class_info:{desc?:str class:int} "                                                 \
    "id:{vendor:int device:int subsystem-vendor:int subsystem:int} qdev_id:str irq?:int irq_pin:int "                  \
    "regions:[" REGION "]}"

extern const Command pci_commands[];
const Command pci_commands[] = {
    { "query-pci", "info pci", NULL, "[{bus:int devices:[" FUNCTION "]}]", "functions on PCI buses", buses,
      .print = print_buses },
    { 0 },
};
