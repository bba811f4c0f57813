/* SMBIOS tables (DMTF DSP0134 2.8) for the firmware to place: what the machine calls itself. */
#include "devices/system/fw-cfg.h"
#include "machines/aml.h"
#include "machines/pc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAKER        "QEMU" /* by which guests know that they are emulated */
#define PRODUCT      "Standard PC (i440FX + PIIX, 1996)"
#define VERSION_TEXT "pc-i440fx"

typedef struct Smbios {
    Aml bytes;
    uint16_t count, largest;
} Smbios;

/* One structure: its formatted part, then its strings, ended by an empty one. */
static void add(Smbios *s, const void *formatted, size_t len, ...)
{
    const char *text;
    size_t from = s->bytes.len, texts = 0;
    aml_put(&s->bytes, formatted, len);
    va_list args;
    va_start(args, len);
    while ((text = va_arg(args, const char *))) {
        aml_put(&s->bytes, text, strlen(text) + 1);
        texts++;
    }
    va_end(args);
    aml_number(&s->bytes, 0, texts ? 1 : 2);
    s->count++;
    if (s->bytes.len - from > s->largest)
        s->largest = (uint16_t)(s->bytes.len - from);
}

static void system_and_chassis(Smbios *s)
{
    static const uint8_t system[27] = { 1, 27, 0x00, 0x01, 1, 2, 3, [24] = 6 };
    static const uint8_t chassis[22] = { 3, 22, 0x00, 0x03, 1, 1, 2, 0, 0, 3, 3, 3, 2 };
    add(s, system, sizeof system, MAKER, PRODUCT, VERSION_TEXT, NULL);
    add(s, chassis, sizeof chassis, MAKER, VERSION_TEXT, NULL);
}

static void processor(Smbios *s, int n)
{
    char socket[16];
    uint8_t b[42] = { 4,    42, (uint8_t)n, 0x04, 1,    3,    1,    2,    [16] = 3, [20] = 0xd0, 7, 0xd0, 7,
                      0x41, 1,  0xff,       0xff, 0xff, 0xff, 0xff, 0xff, [35] = 1, 1,           1, 2,    [40] = 1 };
    snprintf(socket, sizeof socket, "CPU %d", n);
    add(s, b, sizeof b, socket, MAKER, VERSION_TEXT, NULL);
}

static void memory(Smbios *s, const Pc *p)
{
    uint64_t kib = p->machine.config->ram >> 10, mib = kib >> 10;
    uint8_t array[23] = { 16, 23, 0x00, 0x10, 1, 3, 6, [11] = 0xfe, 0xff, 1 };
    uint32_t small = kib < 0x80000000 ? (uint32_t)kib : 0x80000000;
    memcpy(array + 7, &small, 4);
    add(s, array, sizeof array, NULL);
    uint8_t device[40] = { 17,   40,   0x00,     0x11, 0x00, 0x10, 0xfe, 0xff, 0xff,    0xff,
                           0xff, 0xff, [14] = 9, 0,    1,    0,    7,    2,    [23] = 2 };
    uint16_t size = mib < 0x7fff ? (uint16_t)mib : 0x7fff;
    memcpy(device + 12, &size, 2);
    uint32_t extended = size == 0x7fff ? (uint32_t)mib : 0;
    memcpy(device + 28, &extended, 4);
    add(s, device, sizeof device, "DIMM 0", MAKER, NULL);
    uint8_t mapped[31] = { 19, 31, 0x00, 0x13, [12] = 0x00, 0x10, 1 };
    uint32_t last = (uint32_t)(p->low_ram >> 10) - 1;
    memcpy(mapped + 8, &last, 4);
    add(s, mapped, sizeof mapped, NULL);
}

void pc_smbios(Pc *p, Device *fw)
{
    static const uint8_t boot[11] = { 32, 11, 0x00, 0x20 }, end[4] = { 127, 4, 0x00, 0x7f };
    Smbios s = { 0 };
    system_and_chassis(&s);
    for (int i = 0; i < p->machine.config->cpus; i++)
        processor(&s, i);
    memory(&s, p);
    add(&s, boot, sizeof boot, NULL);
    add(&s, end, sizeof end, NULL);
    /* the firmware fills in where the tables are, and the checksums */
    uint8_t anchor[31] = { '_', 'S', 'M', '_', 0, 31, 2, 8, [16] = '_', 'D', 'M', 'I', '_', [30] = 0x28 };
    uint16_t len = (uint16_t)s.bytes.len;
    memcpy(anchor + 8, &s.largest, 2);
    memcpy(anchor + 22, &len, 2);
    memcpy(anchor + 28, &s.count, 2);
    fw_cfg_add(fw, "etc/smbios/smbios-tables", s.bytes.bytes, s.bytes.len);
    fw_cfg_add(fw, "etc/smbios/smbios-anchor", anchor, sizeof anchor);
    free(s.bytes.bytes);
}
