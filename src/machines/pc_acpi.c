/* ACPI's tables (ACPI 6.4, chapter 5), handed to the firmware as files and a list of commands that say how to place
 * them: what to allocate, which fields hold addresses, which bytes are checksums (QEMU's etc/table-loader, as SeaBIOS
 * and OVMF take it). */
#include "devices/system/fw-cfg.h"
#include "machines/aml.h"
#include "machines/pc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 36, LENGTH_AT = 4, CHECKSUM_AT = 9, FACS_SIZE = 64, COMMAND = 128, NAME = 56 };
enum { ALLOCATE = 1, ADD_POINTER, ADD_CHECKSUM };
enum { ZONE_HIGH = 1, ZONE_F_SEGMENT };
enum { PM_BASE = 0x600, GPE = 0xafe0, SMI_PORT = 0xb2, SCI = 9, CENTURY = 0x32 }; /* PM_BASE: where SeaBIOS puts it */
#define TABLES "etc/acpi/tables"
#define RSDP   "etc/acpi/rsdp"

typedef struct Acpi {
    Aml tables, commands;
    uint32_t offsets[8]; /* of those that the root table lists */
    int count;
} Acpi;

/* ---- commands ---- */

static void put_name(Aml *a, const char *name)
{
    char field[NAME] = "";
    assert(strlen(name) < NAME);
    strcpy(field, name);
    aml_put(a, field, NAME);
}

static void pad(Aml *a, size_t from)
{
    static const uint8_t zeros[COMMAND];
    aml_put(a, zeros, COMMAND - (a->len - from));
}

static void allocate(Acpi *t, const char *file, uint32_t align, uint8_t zone)
{
    Aml *a = &t->commands;
    size_t from = a->len;
    aml_number(a, ALLOCATE, 4);
    put_name(a, file);
    aml_number(a, align, 4);
    aml_number(a, zone, 1);
    pad(a, from);
}

static void add_pointer(Acpi *t, const char *file, const char *to, uint32_t at)
{
    Aml *a = &t->commands;
    size_t from = a->len;
    aml_number(a, ADD_POINTER, 4);
    put_name(a, file);
    put_name(a, to);
    aml_number(a, at, 4);
    aml_number(a, 4, 1);
    pad(a, from);
}

static void add_checksum(Acpi *t, const char *file, uint32_t at, uint32_t start, uint32_t len)
{
    Aml *a = &t->commands;
    size_t from = a->len;
    aml_number(a, ADD_CHECKSUM, 4);
    put_name(a, file);
    aml_number(a, at, 4);
    aml_number(a, start, 4);
    aml_number(a, len, 4);
    pad(a, from);
}

/* ---- tables ---- */

static uint32_t begin(Acpi *t, const char *signature, uint8_t revision)
{
    Aml *a = &t->tables;
    uint32_t from = (uint32_t)a->len;
    aml_put(a, signature, 4);
    aml_number(a, 0, 4);
    aml_number(a, revision, 2); /* and a checksum of 0 */
    aml_put(a, "BOCHS BXPC    \1\0\0\0BXPC\1\0\0\0", HEADER - 10);
    return from;
}

static void end(Acpi *t, uint32_t from)
{
    uint32_t len = (uint32_t)t->tables.len - from;
    memcpy(t->tables.bytes + from + LENGTH_AT, &len, 4);
    add_checksum(t, TABLES, from + CHECKSUM_AT, from, len);
}

/* Of one that the root table lists. */
static uint32_t begin_listed(Acpi *t, const char *signature, uint8_t revision)
{
    uint32_t from = begin(t, signature, revision);
    t->offsets[t->count++] = from;
    return from;
}

static uint32_t facs(Acpi *t)
{
    static const uint8_t table[FACS_SIZE] = { 'F', 'A', 'C', 'S', FACS_SIZE };
    uint32_t from = (uint32_t)t->tables.len;
    aml_put(&t->tables, table, sizeof table);
    return from;
}

static uint32_t dsdt(Acpi *t, Pc *p)
{
    uint32_t from = begin(t, "DSDT", 1);
    pc_dsdt(p, &t->tables);
    end(t, from);
    return from;
}

/* Fixed hardware: 5.2.9, of ACPI 1.0's length. */
static void fadt(Acpi *t, uint32_t facs_at, uint32_t dsdt_at)
{
    Aml *a = &t->tables;
    uint32_t from = begin_listed(t, "FACP", 1);
    add_pointer(t, TABLES, TABLES, (uint32_t)a->len);
    aml_number(a, facs_at, 4);
    add_pointer(t, TABLES, TABLES, (uint32_t)a->len);
    aml_number(a, dsdt_at, 4);
    aml_number(a, 1, 2);
    aml_number(a, SCI, 2);
    aml_number(a, SMI_PORT, 4);
    aml_number(a, 0xf0f1, 4);      /* values for it: ACPI on, off */
    aml_number(a, PM_BASE, 8);     /* events */
    aml_number(a, PM_BASE + 4, 8); /* control */
    aml_number(a, 0, 4);
    aml_number(a, PM_BASE + 8, 4); /* timer */
    aml_number(a, GPE, 8);
    aml_put(a, "\4\2\0\4\4\0\0\0", 8); /* lengths: events, control, -, timer, GPE */
    aml_number(a, 0x0fff0fff, 4);      /* C2 and C3 are not there */
    aml_number(a, 0, 8);
    aml_number(a, CENTURY, 4);
    aml_number(a, 0x80a5, 4); /* WBINVD, C1, sleep button and alarm are not fixed, platform clock */
    end(t, from);
}

/* Interrupts: 5.2.12. Those of PCI links are level-triggered, high; the timer's is input 2. */
static void madt(Acpi *t, const Pc *p)
{
    static const uint8_t levels[] = { 5, 9, 10, 11 };
    Aml *a = &t->tables;
    uint32_t from = begin_listed(t, "APIC", 1);
    aml_number(a, 0xfee00000, 4);
    aml_number(a, 1, 4); /* a PC's 8259s are there as well */
    for (int i = 0; i < p->machine.config->cpus; i++) {
        const uint8_t row[] = { 0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0 };
        aml_put(a, row, sizeof row);
    }
    static const uint8_t io_apic[] = { 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0 };
    static const uint8_t timer[] = { 2, 10, 0, 0, 2, 0, 0, 0, 0, 0 };
    static const uint8_t nmi[] = { 4, 6, 0xff, 0, 0, 1 };
    aml_put(a, io_apic, sizeof io_apic);
    aml_put(a, timer, sizeof timer);
    for (size_t i = 0; i < sizeof levels; i++) {
        const uint8_t row[] = { 2, 10, 0, levels[i], levels[i], 0, 0, 0, 0x0d, 0 };
        aml_put(a, row, sizeof row);
    }
    aml_put(a, nmi, sizeof nmi);
    end(t, from);
}

static void hpet(Acpi *t)
{
    Aml *a = &t->tables;
    uint32_t from = begin_listed(t, "HPET", 1);
    aml_number(a, 0x8086a201, 4);
    aml_number(a, 0, 4);
    aml_number(a, 0xfed00000, 8);
    aml_number(a, 0, 4);
    end(t, from);
}

/* Windows: the PM timer is reliable. */
static void waet(Acpi *t)
{
    uint32_t from = begin_listed(t, "WAET", 1);
    aml_number(&t->tables, 2, 4);
    end(t, from);
}

static uint32_t rsdt(Acpi *t)
{
    uint32_t from = begin(t, "RSDT", 1);
    for (int i = 0; i < t->count; i++) {
        add_pointer(t, TABLES, TABLES, (uint32_t)t->tables.len);
        aml_number(&t->tables, t->offsets[i], 4);
    }
    end(t, from);
    return from;
}

static void rsdp(Acpi *t, uint32_t rsdt_at, Device *fw)
{
    uint8_t bytes[20] = "RSD PTR \0BOCHS ";
    memcpy(bytes + 16, &rsdt_at, 4);
    add_pointer(t, RSDP, TABLES, 16);
    add_checksum(t, RSDP, 8, 0, sizeof bytes);
    fw_cfg_add(fw, RSDP, bytes, sizeof bytes);
}

void pc_acpi(Pc *p, Device *fw)
{
    Acpi t = { 0 };
    allocate(&t, RSDP, 16, ZONE_F_SEGMENT);
    allocate(&t, TABLES, 64, ZONE_HIGH);
    uint32_t facs_at = facs(&t), dsdt_at = dsdt(&t, p);
    fadt(&t, facs_at, dsdt_at);
    madt(&t, p);
    if (p->hpet)
        hpet(&t);
    waet(&t);
    rsdp(&t, rsdt(&t), fw);
    fw_cfg_add(fw, TABLES, t.tables.bytes, t.tables.len);
    fw_cfg_add(fw, "etc/table-loader", t.commands.bytes, t.commands.len);
    free(t.tables.bytes);
    free(t.commands.bytes);
}
