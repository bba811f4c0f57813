/* -kernel on a PC: a bzImage, which an option ROM of ours (roms/x86/linuxboot.S) loads from fw_cfg when the BIOS is
 * done (Linux Documentation/arch/x86/boot.rst); pc_elf.c has the other kinds of kernels. */
#include "devices/system/fw-cfg.h"
#include "machines/pc.h"

#include "machines/linuxboot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SECTOR = 512, HEADER_END = 0x268, PROTOCOL_OLDEST = 0x203 };
enum {
    H_SECTORS = 0x1f1,
    H_MAGIC = 0x202,
    H_PROTOCOL = 0x206,
    H_LOADER = 0x210,
    H_FLAGS = 0x211,
    H_INITRD = 0x218,
    H_INITRD_SIZE = 0x21c,
    H_HEAP_END = 0x224,
    H_COMMAND_LINE = 0x228,
    H_INITRD_MOST = 0x22c
};
enum { LOADER_UNDEFINED = 0xff, FLAG_HIGH = 1, FLAG_HEAP = 0x80 };
enum { SETUP_AT = 0x10000, COMMAND_LINE_AT = 0x20000, KERNEL_AT = 0x100000, HEAP_END = 0xfe00 };
enum { ROM_TABLE = 0x3b0, PNP_AT = 0x1a, PNP_SIZE = 32, PNP_CHECKSUM = 9 };
enum { DMA_READ = 2, DMA_SELECT = 8 };
enum { FIRMWARE_RAM = 256 << 10 }; /* at the end of low memory, for ACPI's tables and the like */

static void put_big(uint8_t *at, uint64_t value, int size)
{
    for (int i = size; i--; value >>= 8)
        at[i] = (uint8_t)value;
}

static uint8_t sum(const uint8_t *bytes, size_t len)
{
    uint8_t s = 0;
    while (len--)
        s += *bytes++;
    return s;
}

void pc_boot_rom(Device *fw, const char *name, uint8_t *rom, size_t size, const PcRow *rows)
{
    for (int i = 0; i < PC_ROM_ROWS; i++) {
        uint8_t *row = rom + ROM_TABLE + i * 16;
        put_big(row, (uint32_t)rows[i].key << 16 | DMA_SELECT | DMA_READ, 4);
        put_big(row + 4, rows[i].len, 4);
        put_big(row + 8, rows[i].at, 8);
    }
    uint8_t *pnp = rom + rom[PNP_AT];
    pnp[PNP_CHECKSUM] = (uint8_t)-sum(pnp, PNP_SIZE);
    rom[size - 1] = (uint8_t)-sum(rom, size - 1);
    char order[64];
    fw_cfg_add(fw, name, rom, size);
    snprintf(order, sizeof order, "/rom@%s", name);
    fw_cfg_add(fw, "bootorder", order, strlen(order) + 1);
}

static void put(uint8_t *header, int at, uint32_t value, int size)
{
    memcpy(header + at, &value, (size_t)size);
}

/* As high as the kernel takes it and below what the firmware keeps at the end of memory. */
bool pc_place_initrd(const Pc *p, uint64_t kernel_end, uint64_t most, size_t len, uint32_t *at, Error *err)
{
    uint64_t end = p->low_ram - FIRMWARE_RAM;
    end = end < most ? end : most;
    if (len > end || end - len < kernel_end)
        return error_set(err, "the initrd does not fit beside the kernel; give the machine more memory with -m");
    *at = (uint32_t)((end - len) & ~4095ull);
    return true;
}

static bool offer(Pc *p, Device *fw, const Blob *kernel, const PcModules *mods, Error *err)
{
    const char *append = p->machine.config->append ? p->machine.config->append : "";
    const Blob *initrd = &mods->bytes;
    uint64_t sectors = blob_le(kernel, H_SECTORS, 1);
    size_t setup = (size_t)((sectors ? sectors : 4) + 1) * SECTOR;
    if (setup >= kernel->len || setup < HEADER_END || setup > COMMAND_LINE_AT - SETUP_AT)
        return error_set(err, "it ends within its own header; fetch or build it again");
    uint32_t initrd_at = 0;
    if (initrd->len &&
        !pc_place_initrd(p, KERNEL_AT + kernel->len, blob_le(kernel, H_INITRD_MOST, 4), initrd->len, &initrd_at, err))
        return false;
    uint8_t header[COMMAND_LINE_AT - SETUP_AT];
    memcpy(header, kernel->data, setup);
    header[H_LOADER] = LOADER_UNDEFINED;
    header[H_FLAGS] |= FLAG_HEAP;
    put(header, H_HEAP_END, HEAP_END - SECTOR, 2);
    put(header, H_COMMAND_LINE, COMMAND_LINE_AT, 4);
    put(header, H_INITRD, initrd_at, 4);
    put(header, H_INITRD_SIZE, (uint32_t)initrd->len, 4);
    const PcRow rows[PC_ROM_ROWS] = { { FW_CFG_SETUP_DATA, (uint32_t)setup, SETUP_AT },
                                      { FW_CFG_CMDLINE_DATA, (uint32_t)strlen(append) + 1, COMMAND_LINE_AT },
                                      { FW_CFG_KERNEL_DATA, (uint32_t)(kernel->len - setup), KERNEL_AT },
                                      { FW_CFG_INITRD_DATA, (uint32_t)initrd->len, initrd_at } };
    fw_cfg_set(fw, FW_CFG_SETUP_DATA, header, setup);
    fw_cfg_set(fw, FW_CFG_CMDLINE_DATA, append, strlen(append) + 1);
    fw_cfg_set(fw, FW_CFG_KERNEL_DATA, kernel->data + setup, kernel->len - setup);
    fw_cfg_set(fw, FW_CFG_INITRD_DATA, initrd->data, initrd->len);
    uint8_t rom[sizeof linuxboot];
    memcpy(rom, linuxboot, sizeof rom);
    pc_boot_rom(fw, "genroms/linuxboot.bin", rom, sizeof rom, rows);
    return true;
}

static bool check(const Pc *p, const Blob *kernel, Error *err)
{
    bool linux_kernel = kernel->len > HEADER_END && !memcmp(kernel->data + H_MAGIC, "HdrS", 4);
    if (!linux_kernel || blob_le(kernel, H_PROTOCOL, 2) < PROTOCOL_OLDEST || !(kernel->data[H_FLAGS] & FLAG_HIGH))
        return error_set(err, "it is no bzImage, has no PVH entry and no Multiboot header: no kernel for a PC; "
                              "dragoman inspect says what it is");
    if (KERNEL_AT + kernel->len > p->low_ram - FIRMWARE_RAM)
        return error_set(err, "it does not fit %" PRIu64 " MiB of memory; give the machine more with -m",
                         p->low_ram >> 20);
    return true;
}

static bool load(Pc *p, Device *fw, const Blob *kernel, const PcModules *mods, Error *err)
{
    if (pc_is_elf_kernel(kernel))
        return pc_elf_kernel(p, fw, kernel, mods, err);
    return check(p, kernel, err) && offer(p, fw, kernel, mods, err);
}

bool pc_kernel(Pc *p, Device *fw, Error *err)
{
    const MachineConfig *c = p->machine.config;
    Blob kernel;
    PcModules mods = { 0 };
    if ((c->initrd || c->append) && !c->kernel)
        return error_set(err, "-initrd and -append go with a kernel; add -kernel FILE");
    if (!c->kernel)
        return true;
    if (!load_unpacked("kernel", c->kernel, p->low_ram, &kernel, err))
        return false;
    bool ok = pc_modules_load(&mods, c, pc_is_multiboot(&kernel), p->low_ram, err) &&
              (load(p, fw, &kernel, &mods, err) || error_in(err, "kernel '%s': ", c->kernel));
    pc_modules_free(&mods);
    blob_free(&kernel);
    return ok;
}
