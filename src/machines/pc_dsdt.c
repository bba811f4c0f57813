/* What ACPI cannot see by itself of a PC: the PCI root and where its interrupts go, ISA devices, sleep states. */
#include "devices/system/pvpanic.h"
#include "machines/aml.h"
#include "machines/pc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESERVED_MEMORY = 0xfec00000u };

/* ---- resource descriptors (ACPI 6.4, 6.4) ---- */

static void io(Aml *r, uint16_t at, uint8_t len)
{
    const uint8_t head[] = { 0x47, 1 }; /* decodes 16 bits */
    aml_put(r, head, 2);
    aml_number(r, at, 2);
    aml_number(r, at, 2);
    aml_number(r, 1, 1);
    aml_number(r, len, 1);
}

static void irq(Aml *r, int n)
{
    aml_number(r, 0x22, 1);
    aml_number(r, 1u << n, 2);
}

static void dma(Aml *r, int n)
{
    aml_number(r, 0x2a, 1);
    aml_number(r, 1u << n, 1);
    aml_number(r, 0, 1);
}

static void end(Aml *r)
{
    aml_number(r, 0x79, 2);
}

enum { SPACE_MEMORY, SPACE_IO, SPACE_BUS };

/* A word, double word or quad word address space descriptor. */
static void space(Aml *r, int kind, int bytes, uint64_t first, uint64_t last)
{
    static const uint8_t codes[9] = { [2] = 0x88, [4] = 0x87, [8] = 0x8a }, flags[] = { 1, 3, 0 };
    aml_number(r, codes[bytes], 1);
    aml_number(r, (uint64_t)(3 + 5 * bytes), 2);
    aml_number(r, (uint64_t)kind, 1);
    aml_number(r, 0x0c, 1); /* first and last are fixed; this one produces them */
    aml_number(r, flags[kind], 1);
    aml_number(r, 0, bytes);
    aml_number(r, first, bytes);
    aml_number(r, last, bytes);
    aml_number(r, 0, bytes);
    aml_number(r, last - first + 1, bytes);
}

static void resources(Aml *a, const char *name, Aml *r)
{
    end(r);
    aml_named_buffer(a, name, r->bytes, r->len);
    r->len = 0;
}

/* ---- PCI ---- */

static void root_resources(Aml *a, const Pc *p, Aml *r)
{
    space(r, SPACE_BUS, 2, 0, 0xff);
    io(r, 0xcf8, 8);
    space(r, SPACE_IO, 2, 0, 0xcf7);
    space(r, SPACE_IO, 2, 0xd00, 0xffff);
    space(r, SPACE_MEMORY, 4, 0xa0000, 0xbffff);
    space(r, SPACE_MEMORY, 4, p->low_ram, RESERVED_MEMORY - 1);
    resources(a, "_CRS", r);
}

/* Each slot's four pins, rotated. */
static void routing(Aml *a)
{
    aml_op(a, AML_NAME);
    aml_path(a, "_PRT");
    size_t all = aml_open(a, AML_PACKAGE);
    aml_number(a, 31 * 4, 1);
    for (unsigned slot = 1; slot < 32; slot++)
        for (unsigned pin = 0; pin < 4; pin++) {
            char link[] = "\\_SB.LNKA";
            link[8] = (char)('A' + (slot - 1 + pin) % 4);
            size_t row = aml_open(a, AML_PACKAGE);
            aml_number(a, 4, 1);
            aml_integer(a, slot << 16 | 0xffff);
            aml_integer(a, pin);
            aml_path(a, link);
            aml_integer(a, 0);
            aml_close(a, row);
        }
    aml_close(a, all);
}

typedef struct IsaDevice {
    const char *name, *id;
    uint8_t irq; /* 0: none */
    struct {
        uint16_t at;
        uint8_t len;
    } io[3];
    int dma;          /* 0: none, for channel 0 is memory's */
    const char *part; /* must be there; NULL: always is */
} IsaDevice;

static const IsaDevice isa_devices[] = {
    { "KBD", "PNP0303", 1, { { 0x60, 1 }, { 0x64, 1 } }, 0, NULL },
    { "MOU", "PNP0F13", 12, { { 0 } }, 0, NULL },
    { "RTC", "PNP0B00", 8, { { 0x70, 8 } }, 0, NULL },
    { "FDC0", "PNP0700", 6, { { 0x3f2, 4 }, { 0x3f7, 1 } }, 2, "fdc" },
    { "COM1", "PNP0501", 4, { { 0x3f8, 8 } }, 0, "serial0" },
    { "COM2", "PNP0501", 3, { { 0x2f8, 8 } }, 0, "serial1" },
    { "COM3", "PNP0501", 4, { { 0x3e8, 8 } }, 0, "serial2" },
    { "COM4", "PNP0501", 3, { { 0x2e8, 8 } }, 0, "serial3" },
    { "LPT1", "PNP0400", 7, { { 0x378, 8 } }, 0, "parallel0" },
};

/* What the user has plugged in: one is enough. */
static void pvpanic_device(Aml *a, const Pc *p, Aml *r)
{
    const Device *d = p->machine.devices;
    while (d && strcmp(d->type->name, "pvpanic"))
        d = d->next;
    if (!d)
        return;
    size_t mark = aml_open_named(a, AML_DEVICE, "PEVT");
    aml_named_text(a, "_HID", "QEMU0001");
    aml_named_integer(a, "_STA", 15);
    io(r, (uint16_t)pvpanic_port(d), 1);
    resources(a, "_CRS", r);
    aml_close(a, mark);
}

static void isa(Aml *a, Pc *p, Aml *r)
{
    size_t bridge = aml_open_named(a, AML_DEVICE, "ISA");
    aml_named_integer(a, "_ADR", 0x10000);
    aml_op(a, AML_REGION);
    aml_path(a, "P40C");
    aml_number(a, 2, 1); /* configuration space */
    aml_integer(a, 0x60);
    aml_integer(a, 4);
    for (size_t i = 0; i < sizeof isa_devices / sizeof *isa_devices; i++) {
        const IsaDevice *d = &isa_devices[i];
        if (d->part && !machine_device(&p->machine, d->part))
            continue;
        size_t mark = aml_open_named(a, AML_DEVICE, d->name);
        aml_named_id(a, "_HID", d->id);
        aml_named_integer(a, "_STA", 15);
        for (int n = 0; n < 3 && d->io[n].len; n++)
            io(r, d->io[n].at, d->io[n].len);
        irq(r, d->irq);
        if (d->dma)
            dma(r, d->dma);
        resources(a, "_CRS", r);
        aml_close(a, mark);
    }
    pvpanic_device(a, p, r);
    aml_close(a, bridge);
}

/* ---- hot plug: slots that cards may come to (QEMU's docs/specs/acpi_pci_hotplug.rst) ---- */

enum { SLOT_FIRST = 3, SLOT_LAST = 31, SLOT_CHECK = 1, SLOT_EJECT = 3, SLOTS_AT = 0xae00 };

static void slot_name(char name[5], unsigned slot)
{
    snprintf(name, 5, "S%02X_", slot & 0xff);
}

static void slot_registers(Aml *a)
{
    static const struct {
        const char *region, *fields[2];
        uint16_t at, len;
    } rows[] = { { "PCST", { "PCIU", "PCID" }, SLOTS_AT, 8 }, { "SEJ", { "B0EJ", NULL }, SLOTS_AT + 8, 4 } };
    for (int i = 0; i < 2; i++) {
        aml_op(a, AML_REGION);
        aml_path(a, rows[i].region);
        aml_number(a, 1, 1); /* I/O */
        aml_integer(a, rows[i].at);
        aml_integer(a, rows[i].len);
        size_t mark = aml_open_named(a, AML_FIELD, rows[i].region);
        aml_number(a, 0x43, 1); /* 32 bits, the rest of what is written zeros */
        for (int k = 0; k < 2 && rows[i].fields[k]; k++) {
            aml_path(a, rows[i].fields[k]);
            aml_number(a, 32, 1);
        }
        aml_close(a, mark);
    }
}

static void slots(Aml *a)
{
    slot_registers(a);
    for (unsigned slot = SLOT_FIRST; slot <= SLOT_LAST; slot++) {
        char name[5];
        slot_name(name, slot);
        size_t mark = aml_open_named(a, AML_DEVICE, name);
        aml_named_integer(a, "_SUN", slot);
        aml_named_integer(a, "_ADR", slot << 16);
        size_t method = aml_method(a, "_EJ0", 1);
        aml_op(a, AML_STORE);
        aml_integer(a, 1ull << slot);
        aml_path(a, "B0EJ");
        aml_close(a, method);
        aml_close(a, mark);
    }
}

static void notify_slot(Aml *a, unsigned local, unsigned slot, unsigned what)
{
    char path[] = "\\_SB.PCI0.S00_";
    slot_name(path + sizeof path - 5, slot);
    size_t mark = aml_open(a, AML_IF);
    aml_op(a, AML_AND);
    aml_op(a, local);
    aml_integer(a, 1ull << slot);
    aml_integer(a, 0);
    aml_op(a, AML_NOTIFY);
    aml_path(a, path);
    aml_integer(a, what);
    aml_close(a, mark);
}

/* General purpose event 1. */
static void slot_event(Aml *a)
{
    size_t scope = aml_open_named(a, AML_SCOPE, "\\_GPE"), method = aml_method(a, "_E01", 0);
    static const char *const fields[] = { "\\_SB.PCI0.PCIU", "\\_SB.PCI0.PCID" };
    for (unsigned i = 0; i < 2; i++) {
        aml_op(a, AML_STORE);
        aml_path(a, fields[i]);
        aml_op(a, AML_LOCAL0 + i);
    }
    for (unsigned slot = SLOT_FIRST; slot <= SLOT_LAST; slot++) {
        notify_slot(a, AML_LOCAL0, slot, SLOT_CHECK);
        notify_slot(a, AML_LOCAL0 + 1, slot, SLOT_EJECT);
    }
    aml_close(a, method);
    aml_close(a, scope);
}

static void root(Aml *a, Pc *p, Aml *r)
{
    size_t mark = aml_open_named(a, AML_DEVICE, "PCI0");
    aml_named_id(a, "_HID", "PNP0A03");
    aml_named_integer(a, "_ADR", 0);
    aml_named_integer(a, "_UID", 0);
    root_resources(a, p, r);
    routing(a);
    isa(a, p, r);
    slots(a);
    aml_close(a, mark);
}

/* ---- interrupt links: the bridge's route registers ---- */

static void route_fields(Aml *a)
{
    static const char *const names[] = { "PRQ0", "PRQ1", "PRQ2", "PRQ3" };
    size_t mark = aml_open_named(a, AML_FIELD, "PCI0.ISA.P40C");
    aml_number(a, 1, 1); /* bytes */
    for (int i = 0; i < 4; i++) {
        aml_path(a, names[i]);
        aml_number(a, 8, 1);
    }
    aml_close(a, mark);
}

static const uint8_t one_interrupt[] = { 0x89, 6, 0, 0x09, 1, 0, 0, 0, 0, 0x79, 0 }; /* level, high, shared */

/* Status: bit 7 of the register says that nothing is routed. */
static void link_status(Aml *a, const char *field)
{
    size_t method = aml_method(a, "_STA", 0), mark = aml_open(a, AML_IF);
    aml_op(a, AML_AND);
    aml_path(a, field);
    aml_integer(a, 0x80);
    aml_integer(a, 0);
    aml_op(a, AML_RETURN);
    aml_integer(a, 9);
    aml_close(a, mark);
    aml_op(a, AML_RETURN);
    aml_integer(a, 11);
    aml_close(a, method);
}

static void link_disable(Aml *a, const char *field)
{
    size_t method = aml_method(a, "_DIS", 0);
    aml_op(a, AML_OR);
    aml_path(a, field);
    aml_integer(a, 0x80);
    aml_path(a, field);
    aml_close(a, method);
}

static void interrupt_field(Aml *a, unsigned of)
{
    aml_op(a, AML_DWORD_FIELD);
    if (of)
        aml_op(a, of);
    else
        aml_path(a, "PRR0");
    aml_integer(a, 5);
    aml_path(a, "PRRI");
}

static void link_current(Aml *a, const char *field)
{
    size_t method = aml_open_named(a, AML_METHOD, "_CRS");
    aml_number(a, 8, 1); /* serialized: it makes a name */
    aml_named_buffer(a, "PRR0", one_interrupt, sizeof one_interrupt);
    interrupt_field(a, 0);
    aml_op(a, AML_AND);
    aml_path(a, field);
    aml_integer(a, 15);
    aml_path(a, "PRRI");
    aml_op(a, AML_RETURN);
    aml_path(a, "PRR0");
    aml_close(a, method);
}

static void link_set(Aml *a, const char *field)
{
    size_t method = aml_method(a, "_SRS", 1);
    interrupt_field(a, AML_ARG0);
    aml_op(a, AML_STORE);
    aml_path(a, "PRRI");
    aml_path(a, field);
    aml_close(a, method);
}

static void links(Aml *a, Aml *r)
{
    static const uint32_t choices[] = { 5, 10, 11 };
    route_fields(a);
    for (int i = 0; i < 4; i++) {
        char name[] = "LNKA", field[] = "PRQ0";
        name[3] = (char)('A' + i);
        field[3] = (char)('0' + i);
        size_t mark = aml_open_named(a, AML_DEVICE, name);
        aml_named_id(a, "_HID", "PNP0C0F");
        aml_named_integer(a, "_UID", (uint64_t)i + 1);
        const uint8_t head[] = { 0x89, 14, 0, 0x09, 3 };
        aml_put(r, head, sizeof head);
        aml_put(r, choices, sizeof choices);
        resources(a, "_PRS", r);
        link_status(a, field);
        link_disable(a, field);
        link_current(a, field);
        link_set(a, field);
        aml_close(a, mark);
    }
}

static void hpet(Aml *a, Aml *r)
{
    static const uint8_t memory[] = { 0x86, 9, 0, 0, 0, 0, 0xd0, 0xfe, 0, 4, 0, 0 }; /* 1 KiB at FED00000h */
    size_t mark = aml_open_named(a, AML_DEVICE, "HPET");
    aml_named_id(a, "_HID", "PNP0103");
    aml_named_integer(a, "_UID", 0);
    aml_named_integer(a, "_STA", 15);
    aml_put(r, memory, sizeof memory);
    resources(a, "_CRS", r);
    aml_close(a, mark);
}

static void processors(Aml *a, int count)
{
    size_t scope = aml_open_named(a, AML_SCOPE, "\\_PR");
    for (int i = 0; i < count; i++) {
        char name[8];
        snprintf(name, sizeof name, "C%03X", (unsigned)i & 0xfff);
        size_t mark = aml_open_named(a, AML_PROCESSOR, name);
        aml_number(a, (uint64_t)i, 1);
        aml_number(a, 0, 4); /* no control block */
        aml_number(a, 0, 1);
        aml_close(a, mark);
    }
    aml_close(a, scope);
}

/* S5, soft off: what goes to the sleep type fields. */
static void sleep_state(Aml *a)
{
    aml_op(a, AML_NAME);
    aml_path(a, "\\_S5");
    size_t mark = aml_open(a, AML_PACKAGE);
    aml_number(a, 4, 1);
    aml_number(a, 0, 4); /* four zeros */
    aml_close(a, mark);
}

void pc_dsdt(Pc *p, Aml *a)
{
    Aml r = { 0 };
    size_t scope = aml_open_named(a, AML_SCOPE, "\\_SB");
    root(a, p, &r);
    links(a, &r);
    if (p->hpet)
        hpet(a, &r);
    aml_close(a, scope);
    slot_event(a);
    processors(a, p->machine.config->cpus);
    sleep_state(a);
    free(r.bytes);
}
