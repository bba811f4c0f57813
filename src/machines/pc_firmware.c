/* What a PC's firmware is told, by fw_cfg files and the CMOS memory, in the form that SeaBIOS reads (QEMU's
 * docs/specs/fw_cfg.rst; RBIL's CMOS.LST). */
#include "devices/storage/fdc.h"
#include "devices/system/fw-cfg.h"
#include "devices/timer/mc146818.h"
#include "host/drive.h"
#include "machines/pc.h"

#include <string.h>

enum {
    CMOS_FLOPPIES = 0x10,
    CMOS_DISKS = 0x12,
    CMOS_DISK_TYPES = 0x19,
    CMOS_DISK_GEOMETRY = 0x1b,
    CMOS_EQUIPMENT = 0x14,
    CMOS_BASE_LOW = 0x15,
    CMOS_EXTENDED = 0x17,
    CMOS_EXTENDED_TOO = 0x30,
    CMOS_ABOVE_16M = 0x34,
    CMOS_BOOT_3 = 0x38,
    CMOS_TRANSLATION = 0x39,
    CMOS_BOOT_12 = 0x3d,
    CMOS_ABOVE_4G = 0x5b,
    CMOS_CPUS = 0x5f,
};
enum { EQUIPMENT_FLOPPY = 1, EQUIPMENT_FPU = 2, EQUIPMENT_MOUSE = 4, EQUIPMENT_SECOND_FLOPPY = 0x40 };
enum { E820_RAM = 1 };
#define FOUR_GIB (4ull << 30)
#define CHUNK    (64ull << 10)
#define MIB      (1ull << 20)

static void cmos_set(Device *rtc, uint8_t at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        mc146818_set(rtc, (uint8_t)(at + i), (uint8_t)(value >> i * 8));
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static void tell_memory(const Pc *p, Device *rtc)
{
    uint64_t low = p->low_ram;
    cmos_set(rtc, CMOS_BASE_LOW, 640, 2);
    uint64_t extended = low > MIB ? at_most((low - MIB) / 1024, 0xffff) : 0;
    cmos_set(rtc, CMOS_EXTENDED, extended, 2);
    cmos_set(rtc, CMOS_EXTENDED_TOO, extended, 2);
    cmos_set(rtc, CMOS_ABOVE_16M, low > 16 * MIB ? at_most((low - 16 * MIB) / CHUNK, 0xffff) : 0, 2);
    cmos_set(rtc, CMOS_ABOVE_4G, p->high_ram / CHUNK, 3);
}

/* -boot order=: letters, up to three; a floppy, c disk, d CD, n network. */
static void tell_order(const char *order, Device *rtc)
{
    static const char letters[] = "acdn";
    uint8_t nibble[3] = { 0 };
    for (int i = 0; order[i] && i < 3; i++) {
        const char *at = strchr(letters, order[i]);
        nibble[i] = at ? (uint8_t)(at - letters + 1) : 0;
    }
    cmos_set(rtc, CMOS_BOOT_12, nibble[0] | nibble[1] << 4, 1);
    cmos_set(rtc, CMOS_BOOT_3, (uint8_t)(nibble[2] << 4), 1);
}

/* Kinds of floppy drive, a nibble each; how many is part of the equipment byte. */
static void tell_equipment(Device *fdc, Device *rtc)
{
    unsigned a = fdc ? fdc_drive_kind(fdc, 0) : FLOPPY_NONE, b = fdc ? fdc_drive_kind(fdc, 1) : FLOPPY_NONE;
    cmos_set(rtc, CMOS_FLOPPIES, a << 4 | b, 1);
    cmos_set(rtc, CMOS_EQUIPMENT,
             EQUIPMENT_FPU | EQUIPMENT_MOUSE | (a || b ? EQUIPMENT_FLOPPY : 0) | (a && b ? EQUIPMENT_SECOND_FLOPPY : 0),
             1);
}

/* Of the first two disks, in the place of their type; and of all, whether the BIOS shows them with fewer cylinders and
 * more heads than they have: 0 no, 1 yes (LBA translation). */
static void tell_disks(const MachineConfig *c, Device *rtc)
{
    enum { HEADS = 16, SECTORS = 63, MOST = 16383, BIOS_MOST_CYLINDERS = 1024, USER_TYPE = 47, GEOMETRY = 9 };
    uint8_t types = 0, translation = 0;
    for (int i = 0; i < 4; i++) {
        char id[] = "ide0";
        id[3] = (char)('0' + i);
        const Drive *d = c->find ? c->find(PROP_DRIVE, id) : NULL;
        if (!d || d->cdrom)
            continue;
        uint64_t n = at_most(d->bytes / 512 / (HEADS * SECTORS), MOST);
        translation |= (uint8_t)((n > BIOS_MOST_CYLINDERS) << i * 2);
        const uint8_t geometry[GEOMETRY] = { (uint8_t)n, (uint8_t)(n >> 8), HEADS,  0xff, 0xff, 0xc8,
                                             (uint8_t)n, (uint8_t)(n >> 8), SECTORS };
        if (i > 1)
            continue;
        types |= i ? 0x0f : 0xf0;
        cmos_set(rtc, (uint8_t)(CMOS_DISK_TYPES + i), USER_TYPE, 1);
        for (int k = 0; k < GEOMETRY; k++)
            cmos_set(rtc, (uint8_t)(CMOS_DISK_GEOMETRY + i * GEOMETRY + k), geometry[k], 1);
    }
    cmos_set(rtc, CMOS_DISKS, types, 1);
    cmos_set(rtc, CMOS_TRANSLATION, translation, 1);
}

/* What -boot says. */
static void tell_boot(Pc *p, Device *fw, Device *rtc)
{
    const MachineConfig *c = p->machine.config;
    const char *order = c->boot_order ? c->boot_order : "cad";
    uint16_t wait = (uint16_t)c->boot_wait_ms;
    uint32_t retry = (uint32_t)c->boot_retry_ms;
    tell_order(c->boot_once && !p->began ? c->boot_once : order, rtc);
    p->began = true;
    fw_cfg_set_number(fw, FW_CFG_BOOT_MENU, c->boot_menu, 2);
    if (wait)
        fw_cfg_add(fw, "etc/boot-menu-wait", &wait, sizeof wait);
    if (retry)
        fw_cfg_add(fw, "etc/boot-fail-wait", &retry, sizeof retry);
}

typedef struct E820 {
    uint64_t at, size;
    uint32_t kind;
} __attribute__((packed)) E820;

static void tell_map(const Pc *p, Device *fw)
{
    const E820 map[] = { { 0, p->low_ram, E820_RAM }, { FOUR_GIB, p->high_ram, E820_RAM } };
    fw_cfg_add(fw, "etc/e820", map, sizeof *map * (p->high_ram ? 2 : 1));
}

static void tell_hpet(const Pc *p, Device *fw)
{
    /* one block: event timer block id, address, minimum tick, page protection */
    uint8_t block[1 + 8 * 16] = { p->hpet };
    const uint32_t id = 0x8086a201;
    const uint64_t at = 0xfed00000;
    if (p->hpet) {
        memcpy(block + 1, &id, 4);
        memcpy(block + 5, &at, 8);
    }
    fw_cfg_set(fw, FW_CFG_HPET, block, sizeof block);
}

void pc_firmware(Pc *p)
{
    Machine *m = &p->machine;
    const MachineConfig *c = m->config;
    Device *fw = machine_device(m, "fw-cfg"), *rtc = machine_device(m, "rtc");
    static const uint8_t uuid[16];
    static const uint8_t sleep_states[6] = { 0x80, 0, 0, 0x01, 0x02, 0x80 }; /* S0 and S5; with types for S3, S4 */
    tell_memory(p, rtc);
    tell_boot(p, fw, rtc);
    tell_equipment(machine_device(m, "fdc"), rtc);
    tell_disks(c, rtc);
    cmos_set(rtc, CMOS_CPUS, (uint64_t)c->cpus - 1, 1);
    fw_cfg_set(fw, FW_CFG_UUID, uuid, sizeof uuid);
    fw_cfg_set_number(fw, FW_CFG_NO_GRAPHICS, c->no_graphics, 2);
    fw_cfg_set_number(fw, FW_CFG_IRQ0_OVERRIDE, 1, 1);
    fw_cfg_set_number(fw, FW_CFG_NUMA, 0, 8);
    fw_cfg_add(fw, "etc/system-states", sleep_states, sizeof sleep_states);
    if (c->no_graphics) /* SeaBIOS's screen on the first serial line */
        fw_cfg_add(fw, "etc/sercon-port", &(const uint64_t){ 0x3f8 }, 8);
    tell_map(p, fw);
    tell_hpet(p, fw);
    if (p->acpi)
        pc_acpi(p, fw);
    pc_smbios(p, fw);
}
