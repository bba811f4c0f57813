/* Disks, CDs and floppies: what on them a firmware would start. */
#include "image_look.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, CD_SECTOR = 2048, BOOT_CODE = 440, FLOPPY_MOST = 2949120, FAT_SEARCH = 4 << 20 };

static uint64_t little(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = size; i--;)
        value = value << 8 | at[i];
    return value;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    while (len && !bytes[len - 1])
        len--;
    return !len;
}

/* ---- what UEFI would start ---- */

/* The removable-media boot programs (UEFI 2.10, 3.5.1.1), by their names in a FAT directory. */
static const struct EfiName {
    const char *name, *arch;
} efi_names[] = {
    { "BOOTAA64EFI", "arm64" },
    { "BOOTX64 EFI", "x86_64" },
    { "BOOTIA32EFI", "x86" },
    { "BOOTARM EFI", "arm" },
};

/* Whose program a FAT file system at `at` has; NULL: none was seen in its first 4 MiB. */
static const char *efi_arch(const Look *l, uint64_t at)
{
    uint8_t *bytes = xalloc(FAT_SEARCH);
    const char *arch = NULL;
    look_read(l, at, bytes, FAT_SEARCH);
    for (size_t i = 0; i < sizeof efi_names / sizeof *efi_names && !arch; i++)
        if (memmem(bytes, FAT_SEARCH, efi_names[i].name, 11))
            arch = efi_names[i].arch;
    free(bytes);
    return arch;
}

static bool is_arm(const char *arch)
{
    return arch && !strcmp(arch, "arm64");
}

/* ---- partitions ---- */

/* UEFI 2.10, 5.3.3: partition entries from LBA 2 on; where the EFI system partition begins. */
static bool find_esp(const Look *l, uint64_t *at)
{
    static const uint8_t esp[] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                   0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
    for (size_t row = 1024; row + 128 <= l->head.len && row < 1024 + 128 * 128; row += 128)
        if (!memcmp(l->head.data + row, esp, sizeof esp)) {
            *at = little(l->head.data + row + 32, 8) * SECTOR;
            return true;
        }
    return false;
}

static void disk_of_pc(Look *l)
{
    l->info->kind = IMAGE_DISK;
    l->info->arch = "x86_64";
    l->info->refusal = NULL;
}

bool look_gpt(Look *l)
{
    uint64_t at;
    bool esp = find_esp(l, &at), code = !is_zero(l->head.data, BOOT_CODE);
    const char *arch = esp ? efi_arch(l, at) : NULL;
    char *why =
        xprintf("it has a partition table ('EFI PART') at offset 512%s%s%s", code ? ", boot code for a PC's BIOS" : "",
                arch ? ", an EFI program for " : "", arch ? arch : "");
    look_say(l, esp ? "a disk with an EFI system partition" : "a disk without an EFI system partition", why);
    free(why);
    l->info->arch = arch;
    if (code && !is_arm(arch))
        disk_of_pc(l);
    else if (!esp)
        l->info->refusal = "has nothing that firmware could start; give a kernel with -kernel and the disk with -drive";
    else if (arch && !is_arm(arch))
        l->info->refusal = LOOK_NO_UEFI;
    return true;
}

/* ---- a boot sector: a floppy, or a disk with a partition table of old ---- */

static bool is_partition_table(const uint8_t *sector)
{
    bool any = false;
    for (int i = 0; i < 4; i++) {
        const uint8_t *row = sector + 446 + i * 16;
        if (row[0] & 0x7f)
            return false; /* neither active nor not */
        any |= row[4] && little(row + 12, 4);
    }
    return any;
}

static uint64_t esp_of_table(const uint8_t *sector)
{
    for (int i = 0; i < 4; i++)
        if (sector[446 + i * 16 + 4] == 0xef)
            return little(sector + 446 + i * 16 + 8, 4);
    return 0;
}

bool look_boot_sector(Look *l)
{
    const uint8_t *sector = l->head.data;
    bool table = is_partition_table(sector), code = !is_zero(sector, BOOT_CODE);
    uint64_t esp = table ? esp_of_table(sector) : 0;
    const char *arch = esp ? efi_arch(l, esp * SECTOR) : NULL;
    if (is_arm(arch)) {
        l->info->arch = arch;
        look_say(l, "a disk with an EFI system partition",
                 "its partition table (55 aa at offset 510) names one for arm64");
    } else if (!code) {
        look_say(l, "a disk with an MBR", "it has 55 aa at offset 510, and no boot code before");
        l->info->refusal = "has nothing that firmware could start; give a kernel with -kernel and the disk with -drive";
    } else if (!table && l->info->bytes <= FLOPPY_MOST) {
        disk_of_pc(l);
        l->info->kind = IMAGE_FLOPPY;
        look_say(l, "a floppy disk", "it has a boot sector (55 aa at offset 510), no partitions, and a floppy's size");
    } else {
        disk_of_pc(l);
        look_say(l, table ? "a disk with an MBR" : "a disk without partitions",
                 "it has boot code for a PC's BIOS (55 aa at offset 510)");
    }
    return true;
}

/* ---- El Torito (Phoenix and IBM, 1.0) ---- */

typedef struct Catalog { /* what a CD can be started by */
    bool bios;
    const char *efi; /* for whom; NULL: none */
    bool any_efi;
} Catalog;

static void take_entry(const Look *l, Catalog *c, int platform, const uint8_t *entry)
{
    if (entry[0] != 0x88)
        return;
    if (platform == 0xef) {
        c->any_efi = true;
        c->efi = c->efi ? c->efi : efi_arch(l, little(entry + 8, 4) * CD_SECTOR);
    } else if (platform == 0) {
        c->bios = true;
    }
}

/* The validation entry with the platform of the default entry, which follows; then sections with their own. */
static Catalog read_catalog(const Look *l, uint32_t sector)
{
    Catalog c = { 0 };
    uint8_t b[CD_SECTOR];
    look_read(l, (uint64_t)sector * CD_SECTOR, b, sizeof b);
    if (b[0] != 1 || b[30] != 0x55 || b[31] != 0xaa)
        return c;
    take_entry(l, &c, b[1], b + 32);
    for (size_t at = 64; at + 32 <= sizeof b && (b[at] == 0x90 || b[at] == 0x91);) {
        int platform = b[at + 1];
        unsigned count = (unsigned)little(b + at + 2, 2);
        bool last = b[at] == 0x91;
        for (at += 32; count && at + 32 <= sizeof b; count--, at += 32)
            take_entry(l, &c, platform, b + at);
        if (last)
            break;
    }
    return c;
}

static uint32_t find_catalog(const Look *l)
{
    uint8_t b[CD_SECTOR];
    look_read(l, 17 * CD_SECTOR, b, sizeof b);
    return !b[0] && !memcmp(b + 1, "CD001", 5) && !memcmp(b + 7, "EL TORITO SPECIFICATION", 23)
               ? (uint32_t)little(b + 0x47, 4)
               : 0;
}

bool look_cd(Look *l)
{
    uint32_t sector = find_catalog(l);
    Catalog c = sector ? read_catalog(l, sector) : (Catalog){ 0 };
    char *why = xprintf("it has 'CD001' at offset 32769%s%s%s%s%s", sector ? " and a boot catalog (El Torito)" : "",
                        c.bios ? ", which starts a PC's BIOS" : "", c.any_efi ? ", has an EFI program" : "",
                        c.efi ? " for " : "", c.efi ? c.efi : "");
    look_say(l, "a CD image (ISO 9660)", why);
    free(why);
    l->info->kind = IMAGE_CD;
    if (is_arm(c.efi) || (c.any_efi && !c.efi && !c.bios)) {
        l->info->arch = "arm64";
        l->info->kind = IMAGE_DISK;
    } else if (c.bios) {
        l->info->arch = "x86_64";
    } else {
        l->info->arch = c.efi;
        l->info->refusal =
            c.any_efi ? LOOK_NO_UEFI : "cannot be started; give it with -cdrom to a machine that starts from elsewhere";
    }
    return true;
}
