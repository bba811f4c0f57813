/* -kernel on a PC: kernels that are entered in flat protected mode, which an option ROM of ours (roms/x86/kernelboot.S)
 * loads and starts. PVH: an ELF file with a note that names its 32-bit entry (Xen, public/arch-x86/hvm/start_info.h and
 * elfnote.h). Multiboot: a header in the first 8 KiB (Multiboot Specification 0.6.96). */
#include "base/alloc.h"
#include "devices/system/fw-cfg.h"
#include "machines/pc.h"

#include "machines/kernelboot.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_LINE_AT = 0x20000, COMMAND_LINES_MOST = 0x10000, INFO_AT = 0x7400, MAP_AT = 0x8000, LOWEST = 0x100000 };
enum { MODULE_OFFSET = 256, MODULE_SIZE = 16, INFO_SIZE = MODULE_OFFSET + PC_MODULES * MODULE_SIZE };
enum { ROM_PARAMETERS = 0x390, NOTE_ENTRY = 18, PVH_MAGIC = 0x336ec578, MB_HEADER = 0x1badb002, MB_MAGIC = 0x2badb002 };
enum { MB_MEMORY_ASKED = 2, MB_ADDRESSES = 1 << 16, MB_UNKNOWN = 0xfffc }; /* flags of the header */
enum { MB_MEMORY = 1, MB_COMMAND_LINE = 4, MB_MODULES = 8, MB_MAP = 64, MB_LOADER = 512 };

typedef struct Flat32 { /* a kernel as it lies in memory */
    uint8_t *bytes;
    uint64_t low, high;
    uint32_t entry;
    bool multiboot;
} Flat32;

static bool cut_short(Error *err)
{
    return error_set(err, "it is cut short; fetch or build it again");
}

/* ---- ELF, of 32 and 64 bits ---- */

typedef struct Program {
    uint32_t type;
    uint64_t offset, vaddr, paddr, filesz, memsz;
} Program;

static bool is_64(const Blob *k)
{
    return blob_le(k, EI_CLASS, 1) == ELFCLASS64;
}

static unsigned programs(const Blob *k)
{
    return (unsigned)blob_le(k, is_64(k) ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum), 2);
}

#define FIELD(type, bits, at, f) blob_le(k, (at) + offsetof(type, f), bits)

static Program program(const Blob *k, unsigned n)
{
    if (is_64(k)) {
        uint64_t at = blob_le(k, offsetof(Elf64_Ehdr, e_phoff), 8) + n * sizeof(Elf64_Phdr);
        return (Program){ (uint32_t)FIELD(Elf64_Phdr, 4, at, p_type), FIELD(Elf64_Phdr, 8, at, p_offset),
                          FIELD(Elf64_Phdr, 8, at, p_vaddr),          FIELD(Elf64_Phdr, 8, at, p_paddr),
                          FIELD(Elf64_Phdr, 8, at, p_filesz),         FIELD(Elf64_Phdr, 8, at, p_memsz) };
    }
    uint64_t at = blob_le(k, offsetof(Elf32_Ehdr, e_phoff), 4) + n * sizeof(Elf32_Phdr);
    return (Program){ (uint32_t)FIELD(Elf32_Phdr, 4, at, p_type), FIELD(Elf32_Phdr, 4, at, p_offset),
                      FIELD(Elf32_Phdr, 4, at, p_vaddr),          FIELD(Elf32_Phdr, 4, at, p_paddr),
                      FIELD(Elf32_Phdr, 4, at, p_filesz),         FIELD(Elf32_Phdr, 4, at, p_memsz) };
}

/* The 32-bit entry that a note of PT_NOTE tells. */
static bool pvh_entry(const Blob *k, uint32_t *entry)
{
    for (unsigned n = 0; load_is_elf(k) && n < programs(k); n++) {
        Program p = program(k, n);
        if (p.type != PT_NOTE || p.offset > k->len || p.filesz > k->len - p.offset)
            continue;
        for (uint64_t at = p.offset, end = p.offset + p.filesz; at + 12 <= end;) {
            uint64_t name = blob_le(k, at, 4), len = blob_le(k, at + 4, 4);
            uint64_t text = at + 12, data = text + ((name + 3) & ~3ull);
            if (data + len > end)
                break;
            if (blob_le(k, at + 8, 4) == NOTE_ENTRY && name == 4 && !memcmp(k->data + text, "Xen", 4)) {
                *entry = (uint32_t)blob_le(k, data, 4);
                return true;
            }
            at = data + ((len + 3) & ~3ull);
        }
    }
    return false;
}

/* ---- what goes to memory ---- */

static bool place(const Pc *p, Flat32 *f, Error *err)
{
    if (f->low < LOWEST || f->high <= f->low || f->high > p->low_ram)
        return error_set(err,
                         "it wants memory at 0x%" PRIx64 "-0x%" PRIx64
                         ", of which the machine has only what is between 1 MiB and 0x%" PRIx64 "; see -m",
                         f->low, f->high - 1, p->low_ram);
    f->bytes = xalloc(f->high - f->low);
    return true;
}

static bool flatten_elf(const Pc *p, const Blob *k, Flat32 *f, Error *err)
{
    f->low = UINT64_MAX;
    f->high = 0;
    for (unsigned n = 0; n < programs(k); n++) {
        Program s = program(k, n);
        if (s.type != PT_LOAD || !s.memsz)
            continue;
        if (s.offset > k->len || s.filesz > k->len - s.offset || s.filesz > s.memsz || s.paddr + s.memsz < s.paddr)
            return cut_short(err);
        f->low = s.paddr < f->low ? s.paddr : f->low;
        f->high = s.paddr + s.memsz > f->high ? s.paddr + s.memsz : f->high;
    }
    if (!place(p, f, err))
        return false;
    for (unsigned n = 0; n < programs(k); n++) {
        Program s = program(k, n);
        if (s.type == PT_LOAD && s.memsz)
            memcpy(f->bytes + (s.paddr - f->low), k->data + s.offset, s.filesz);
    }
    return true;
}

/* Where the Multiboot header is; 0: there is none that is right. */
static uint64_t multiboot_header(const Blob *k)
{
    enum { WITHIN = 8192 };
    for (uint64_t at = 0; at + 12 <= k->len && at + 12 <= WITHIN; at += 4)
        if (blob_le(k, at, 4) == MB_HEADER && !(uint32_t)(MB_HEADER + blob_le(k, at + 4, 4) + blob_le(k, at + 8, 4)))
            return at + 1;
    return 0;
}

/* The header says where the file's bytes go. */
static bool flatten_addresses(const Pc *p, const Blob *k, uint64_t at, Flat32 *f, Error *err)
{
    uint64_t header = blob_le(k, at + 12, 4), load = blob_le(k, at + 16, 4), load_end = blob_le(k, at + 20, 4);
    uint64_t bss_end = blob_le(k, at + 24, 4), offset = at - (header - load);
    if (header < load || header - load > at)
        return error_set(err, "its Multiboot header contradicts itself; build it again");
    uint64_t len = load_end ? load_end - load : k->len - offset;
    if (len > k->len - offset)
        return cut_short(err);
    f->low = load;
    f->high = bss_end > load + len ? bss_end : load + len;
    f->entry = (uint32_t)blob_le(k, at + 28, 4);
    if (!place(p, f, err))
        return false;
    memcpy(f->bytes, k->data + offset, len);
    return true;
}

static bool flatten_multiboot(const Pc *p, const Blob *k, uint64_t at, Flat32 *f, Error *err)
{
    uint64_t flags = blob_le(k, at + 4, 4);
    f->multiboot = true;
    if (flags & MB_UNKNOWN)
        return error_set(
            err, "its Multiboot header asks for what is not there (flags 0x%" PRIx64 "); boot it by GRUB, from a disk",
            flags);
    if (flags & MB_ADDRESSES)
        return flatten_addresses(p, k, at, f, err);
    if (!load_is_elf(k))
        return error_set(err, "its Multiboot header has no addresses, and it is no ELF file; build it as one");
    f->entry = (uint32_t)blob_le(k, offsetof(Elf32_Ehdr, e_entry), 4);
    return flatten_elf(p, k, f, err);
}

/* ---- information for the kernel ---- */

static void put(uint8_t *at, uint64_t value, int size)
{
    memcpy(at, &value, (size_t)size);
}

/* hvm_start_info and hvm_modlist_entry. */
static void pvh_info(uint8_t *info, const PcModules *mods, uint32_t at)
{
    put(info, PVH_MAGIC, 4);
    put(info + 4, 1, 4); /* version: there is a map of memory */
    put(info + 24, COMMAND_LINE_AT, 8);
    put(info + 40, MAP_AT, 8);
    if (!mods->count)
        return;
    put(info + 12, 1, 4);
    put(info + 16, INFO_AT + MODULE_OFFSET, 8);
    put(info + MODULE_OFFSET, at, 8);
    put(info + MODULE_OFFSET + 8, mods->bytes.len, 8);
}

/* Texts for the kernel, one behind the other. */
typedef struct Texts {
    char bytes[COMMAND_LINES_MOST];
    size_t len;
} Texts;

static uint32_t add_text(Texts *t, const char *text)
{
    size_t at = t->len, room = sizeof t->bytes - at;
    t->len += (size_t)snprintf(t->bytes + at, room, "%s", text) + 1;
    return COMMAND_LINE_AT + (uint32_t)at;
}

/* As boot loaders do it, the kernel's line and those of the modules begin with the file's name. */
static void multiboot_info(const Pc *p, uint8_t *info, const PcModules *mods, uint32_t at, Texts *t)
{
    put(info, MB_MEMORY | MB_COMMAND_LINE | MB_MODULES | MB_MAP | MB_LOADER, 4);
    put(info + 4, 639, 4);
    put(info + 8, (p->low_ram >> 10) - 1024, 4);
    put(info + 16, COMMAND_LINE_AT, 4);
    put(info + 20, mods->count, 4);
    put(info + 24, INFO_AT + MODULE_OFFSET, 4);
    put(info + 48, MAP_AT, 4);
    put(info + 64, add_text(t, "dragoman"), 4);
    for (unsigned n = 0; n < mods->count; n++) {
        uint8_t *row = info + MODULE_OFFSET + n * MODULE_SIZE;
        put(row, at + mods->of[n].start, 4);
        put(row + 4, at + mods->of[n].end, 4);
        put(row + 8, add_text(t, mods->of[n].line), 4);
    }
}

static bool offer(Pc *p, Device *fw, const Flat32 *f, const PcModules *mods, uint32_t at, Error *err)
{
    enum { PVH_MAP_ENTRIES = 48, MB_MAP_LENGTH = 44 };
    const MachineConfig *c = p->machine.config;
    uint8_t info[INFO_SIZE] = { 0 }, rom[sizeof kernelboot];
    Texts t = { .len = 0 };
    char *line = xprintf("%s%s%s", f->multiboot ? c->kernel : "", f->multiboot && c->append ? " " : "",
                         c->append ? c->append : "");
    add_text(&t, line);
    free(line);
    memcpy(rom, kernelboot, sizeof rom);
    if (f->multiboot)
        multiboot_info(p, info, mods, at, &t);
    else
        pvh_info(info, mods, at);
    if (t.len > sizeof t.bytes)
        return error_set(err, "the command lines of the kernel and its modules are longer than %d bytes together",
                         COMMAND_LINES_MOST);
    put(rom + ROM_PARAMETERS, f->entry, 4);
    put(rom + ROM_PARAMETERS + 4, INFO_AT, 4);
    put(rom + ROM_PARAMETERS + 8, f->multiboot ? MB_MAGIC : 0, 4);
    put(rom + ROM_PARAMETERS + 12, f->multiboot, 4);
    const PcRow rows[PC_ROM_ROWS] = { { FW_CFG_KERNEL_DATA, (uint32_t)(f->high - f->low), (uint32_t)f->low },
                                      { FW_CFG_CMDLINE_DATA, (uint32_t)t.len, COMMAND_LINE_AT },
                                      { FW_CFG_INITRD_DATA, (uint32_t)mods->bytes.len, at },
                                      { FW_CFG_SETUP_DATA, INFO_SIZE, INFO_AT } };
    put(rom + ROM_PARAMETERS + 16, INFO_AT + (f->multiboot ? MB_MAP_LENGTH : PVH_MAP_ENTRIES), 4);
    fw_cfg_set(fw, FW_CFG_SETUP_DATA, info, sizeof info);
    fw_cfg_set(fw, FW_CFG_CMDLINE_DATA, t.bytes, t.len);
    fw_cfg_set(fw, FW_CFG_KERNEL_DATA, f->bytes, f->high - f->low);
    fw_cfg_set(fw, FW_CFG_INITRD_DATA, mods->bytes.data, mods->bytes.len);
    pc_boot_rom(fw, "genroms/kernelboot.bin", rom, sizeof rom, rows);
    return true;
}

bool pc_is_multiboot(const Blob *kernel)
{
    return multiboot_header(kernel);
}

bool pc_is_elf_kernel(const Blob *kernel)
{
    uint32_t entry;
    return multiboot_header(kernel) || pvh_entry(kernel, &entry);
}

bool pc_elf_kernel(Pc *p, Device *fw, const Blob *kernel, const PcModules *mods, Error *err)
{
    Flat32 f = { 0 };
    uint32_t at = 0;
    uint64_t header = multiboot_header(kernel);
    bool ok = header ? flatten_multiboot(p, kernel, header - 1, &f, err)
                     : pvh_entry(kernel, &f.entry) && flatten_elf(p, kernel, &f, err);
    ok = ok && (!mods->bytes.len || pc_place_initrd(p, f.high, UINT32_MAX, mods->bytes.len, &at, err)) &&
         offer(p, fw, &f, mods, at, err);
    free(f.bytes);
    return ok;
}
