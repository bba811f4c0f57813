#include "image_look.h"

#include "base/alloc.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 64 << 10, UNPACK_MOST = 256 << 20 };

void look_say(Look *l, const char *what, const char *why)
{
    if (l->out)
        out(l->out, "%s%s\n  because %s\n", l->inner ? "  inside: " : "", what, why);
}

void look_read(const Look *l, uint64_t at, void *to, size_t len)
{
    memset(to, 0, len);
    if (l->inner) {
        size_t there = at < l->head.len ? l->head.len - (size_t)at : 0;
        memcpy(to, l->head.data + (there ? at : 0), there < len ? there : len);
        return;
    }
    int fd = at <= INT64_MAX - len ? open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return;
    (void)!pread(fd, to, len, (off_t)at);
    close(fd);
}

#define UNPACK  "unpack it first"
#define FOREIGN "is for another processor; this version runs arm64 and x86 guests"

static const struct Machine16 {
    uint16_t number;
    const char *arch;
} elf_machines[] = {
    { EM_AARCH64, "arm64" }, { EM_ARM, "arm" },        { EM_X86_64, "x86_64" },   { EM_386, "x86" },
    { EM_PPC, "ppc" },       { EM_PPC64, "ppc64" },    { EM_RISCV, "riscv" },     { EM_MIPS, "mips" },
    { EM_S390, "s390" },     { EM_SPARC, "sparc" },    { EM_SPARCV9, "sparc64" }, { EM_68K, "m68k" },
    { EM_SH, "sh" },         { EM_XTENSA, "xtensa" },  { EM_AVR, "avr" },         { 258, "loongarch" },
    { 0 },
}, pe_machines[] = {
    { 0xaa64, "arm64" }, { 0x8664, "x86_64" }, { 0x14c, "x86" }, { 0x1c0, "arm" }, { 0x1c2, "arm" },
    { 0x5064, "riscv" }, { 0x6264, "loongarch" }, { 0 },
};

static const char *arch_of(const struct Machine16 *table, uint64_t number)
{
    for (; table->arch; table++)
        if (table->number == number)
            return table->arch;
    return "unknown";
}

static bool is_native(const char *arch)
{
    return !strcmp(arch, "arm64") || !strcmp(arch, "x86_64") || !strcmp(arch, "x86");
}

static uint64_t elf_field(const Look *l, uint64_t at, int size)
{
    uint64_t v = blob_le(&l->head, at, size);
    return l->head.len > 5 && l->head.data[5] == ELFDATA2MSB ? __builtin_bswap64(v) >> (64 - 8 * size) : v;
}

static bool elf_wants_linux(const Look *l)
{
    bool wide = blob_le(&l->head, 4, 1) == ELFCLASS64;
    uint64_t table = elf_field(l, wide ? 32 : 28, wide ? 8 : 4), size = wide ? 56 : 32;
    uint64_t count = elf_field(l, wide ? 56 : 44, 2);
    for (uint64_t i = 0; i < count && table < l->head.len; i++, table += size)
        if (elf_field(l, table, 4) == PT_INTERP)
            return true;
    return false;
}

/* ---- what starts on a PC ---- */

/* Multiboot 1 (0.6.96, 3.1): the magic number, aligned, whose sum with flags and checksum is 0. */
static bool has_multiboot(const Look *l)
{
    for (size_t at = 0; at + 12 <= l->head.len && at < 8192; at += 4)
        if (blob_le(&l->head, at, 4) == 0x1badb002 &&
            !(uint32_t)(0x1badb002 + blob_le(&l->head, at + 4, 4) + blob_le(&l->head, at + 8, 4)))
            return true;
    return false;
}

/* PVH: an ELF note named "Xen" of type 18, which says where it is entered in 32-bit mode. */
static bool has_pvh(const Look *l)
{
    bool wide = blob_le(&l->head, 4, 1) == ELFCLASS64;
    uint64_t table = elf_field(l, wide ? 32 : 28, wide ? 8 : 4), size = wide ? 56 : 32;
    uint64_t count = elf_field(l, wide ? 56 : 44, 2);
    for (uint64_t i = 0; i < count && table < l->head.len; i++, table += size) {
        uint8_t note[4096];
        uint64_t at = elf_field(l, table + (wide ? 8 : 4), wide ? 8 : 4);
        if (elf_field(l, table, 4) != PT_NOTE)
            continue;
        look_read(l, at, note, sizeof note);
        for (size_t k = 0; k + 16 <= sizeof note; k += 4)
            if (!memcmp(note + k, "\4\0\0\0", 4) && !memcmp(note + k + 8, "\22\0\0\0Xen", 8))
                return true;
    }
    return false;
}

static bool is_pc(const char *arch)
{
    return !strcmp(arch, "x86_64") || !strcmp(arch, "x86");
}

/* A program without ELF's header that a Multiboot loader knows how to load. */
static bool look_multiboot(Look *l)
{
    if (!has_multiboot(l))
        return false;
    look_say(l, "a Multiboot kernel", "it has 1badb002 and its checksum in the first 8 KiB");
    return true;
}

/* Boot protocol 2.12 says whether there is a 64-bit entry (Documentation/arch/x86/boot.rst, xloadflags). */
static bool look_bzimage(Look *l)
{
    bool wide = blob_le(&l->head, 0x206, 2) >= 0x20c && blob_le(&l->head, 0x236, 2) & 1;
    l->info->arch = wide ? "x86_64" : "x86";
    look_say(l, wide ? "a Linux kernel (bzImage, 64-bit)" : "a Linux kernel (bzImage, 32-bit)",
             "it has 'HdrS' at offset 514");
    return true;
}

/* What there is to start in an ELF program of a PC. */
static const char *elf_of_pc(Look *l)
{
    if (has_pvh(l))
        return "an ELF kernel with a PVH entry";
    if (has_multiboot(l))
        return "a Multiboot kernel (ELF)";
    if (!l->info->refusal)
        l->info->refusal = "has neither a PVH note nor a Multiboot header that a loader could start it by";
    return "an ELF program";
}

static bool look_elf(Look *l)
{
    const char *arch = arch_of(elf_machines, elf_field(l, 18, 2));
    uint64_t type = elf_field(l, 16, 2);
    l->info->arch = arch;
    if (!is_native(arch))
        l->info->refusal = FOREIGN;
    else if (elf_wants_linux(l))
        l->info->refusal = "is a program that runs under Linux, not a system; start a Linux guest and run it there";
    else if (type != ET_EXEC && type != ET_DYN)
        l->info->refusal = "is not linked; link it first";
    char *why = xprintf("it begins with \\x7f"
                        "ELF, and e_machine is %" PRIu64 " (%s)",
                        elf_field(l, 18, 2), arch);
    look_say(l, is_pc(arch) ? elf_of_pc(l) : "an ELF program", why);
    free(why);
    return true;
}

static uint64_t pe_machine(const Look *l)
{
    uint64_t pe = blob_le(&l->head, 60, 4);
    return blob_le(&l->head, pe, 4) == 0x4550 ? blob_le(&l->head, pe + 4, 2) : 0;
}

static bool look_efi(Look *l)
{
    uint64_t machine = pe_machine(l);
    if (!machine)
        return false;
    l->info->arch = arch_of(pe_machines, machine);
    char *why =
        xprintf("it begins with MZ, and the machine of its PE header is 0x%" PRIx64 " (%s)", machine, l->info->arch);
    look_say(l, "an EFI program", why);
    free(why);
    return true;
}

static bool look_zboot(Look *l)
{
    const char *arch = arch_of(pe_machines, pe_machine(l));
    char *what = xprintf("a Linux kernel in a compressed EFI program (zboot, %.8s)", (const char *)l->head.data + 24);
    l->info->arch = arch;
    l->info->refusal = is_native(arch) ? NULL : FOREIGN;
    look_say(l, what, "it has 'zimg' at offset 4");
    free(what);
    return true;
}

static bool find(Look *l);

static bool look_gzip(Look *l)
{
    Blob file, inside;
    Error err;
    look_say(l, "a gzip file", "it begins with 1f 8b");
    l->info->kind = IMAGE_UNKNOWN;
    l->info->refusal = "holds nothing this version knows; unpack it and look at what is in it";
    if (l->inner || l->info->bytes > UNPACK_MOST || !load_file("image", l->path, UNPACK_MOST, &file, &err))
        return true;
    bool ok = load_gunzip(l->path, file.data, file.len, UNPACK_MOST, &inside, &err);
    blob_free(&file);
    if (!ok) {
        look_say(l, "cannot be unpacked", err.text);
        return true;
    }
    l->inner = true;
    Blob outer = l->head;
    l->head = inside;
    l->info->refusal = NULL;
    bool known = find(l);
    /* only kernels are unpacked on their way into the guest */
    if (!known || (l->info->kind != IMAGE_KERNEL && !l->info->refusal))
        l->info->refusal = "is compressed; " UNPACK;
    l->head = outer;
    blob_free(&inside);
    return true;
}

/* The last 16 bytes of a PC's firmware, at FFFFFFF0h, are where the processor begins: with a jump, or with NOP, CLI or
 * a look at CR0 before one. */
static bool starts_a_pc(const Look *l)
{
    static const uint8_t first[] = { 0xea, 0xe9, 0xeb, 0x90, 0xfa, 0x0f };
    uint64_t size = l->info->bytes;
    uint8_t byte;
    if (l->inner || size < 64 << 10 || size > 16 << 20 || size % 4096)
        return false;
    look_read(l, size - 16, &byte, 1);
    return memchr(first, byte, sizeof first);
}

static bool look_flash(Look *l)
{
    bool arm = blob_le(&l->head, 3, 1) == 0x14; /* B: the reset vector */
    l->info->arch = arm ? "arm64" : starts_a_pc(l) ? "x86_64" : NULL;
    if (!l->info->arch)
        l->info->refusal = "has no code where a processor begins: it holds the variables of a firmware, or is for "
                           "another processor";
    look_say(l, "UEFI firmware", "it has a firmware volume ('_FVH') where one begins");
    return true;
}

static bool look_bios(Look *l)
{
    uint64_t size = l->info->bytes;
    if (size & (size - 1) || !starts_a_pc(l))
        return false;
    look_say(l, "firmware of a PC", "it has a chip's size, and a jump 16 bytes before its end, where a PC begins");
    return true;
}

/* Told by a few bytes at a fixed place. The first row that fits decides, so the special come before the general. */
typedef struct Magic {
    uint32_t at;
    const char *bytes;
    uint32_t len;
    ImageKind kind;
    const char *arch, *what, *refusal;
    bool (*more)(Look *); /* looks on; NULL: that is all */
} Magic;

static const Magic magics[] = {
    { 0,
      "\x7f"
      "ELF",
      4, IMAGE_KERNEL, NULL, "an ELF program", NULL, look_elf },
    { 0, "\x1f\x8b", 2, IMAGE_KERNEL, NULL, "a gzip file", NULL, look_gzip },
    { 56, "ARM\x64", 4, IMAGE_KERNEL, "arm64", "a Linux kernel (Image)", NULL, NULL },
    { 4, "zimg", 4, IMAGE_KERNEL, NULL, "a compressed kernel", NULL, look_zboot },
    { 56, "RISCV\0\0\0", 8, IMAGE_KERNEL, "riscv", "a Linux kernel (Image)", FOREIGN, NULL },
    { 0x202, "HdrS", 4, IMAGE_KERNEL, "x86", "a Linux kernel (bzImage)", NULL, look_bzimage },
    { 36, "\x18\x28\x6f\x01", 4, IMAGE_KERNEL, "arm", "a Linux kernel (32-bit zImage)", FOREIGN, NULL },
    { 0, "\x27\x05\x19\x56", 4, IMAGE_UNKNOWN, NULL, "a U-Boot image",
      "is wrapped for U-Boot; take out what is in it "
      "(dumpimage)",
      NULL },
    { 0, "\xd0\x0d\xfe\xed", 4, IMAGE_UNKNOWN, NULL, "a device tree",
      "describes a machine; give it with -dtb, and a "
      "kernel with -kernel",
      NULL },
    { 0, "070701", 6, IMAGE_UNKNOWN, NULL, "an initial ram disk (cpio)",
      "goes with a kernel: -kernel FILE -initrd this", NULL },
    { 40, "_FVH", 4, IMAGE_FIRMWARE, NULL, "UEFI firmware", NULL, look_flash },
    { 4096 + 40, "_FVH", 4, IMAGE_FIRMWARE, NULL, "UEFI firmware", NULL, look_flash },
    { 0, "QFI\xfb", 4, IMAGE_CONTAINER, NULL, "a qcow2 disk",
      "is a qcow2 image and this version reads raw images only; "
      "convert it: qemu-img convert -O raw FILE FILE.raw",
      NULL },
    { 0, "KDMV", 4, IMAGE_CONTAINER, NULL, "a VMware disk",
      "is a vmdk image and this version reads raw images only; "
      "convert it: qemu-img convert -O raw FILE FILE.raw",
      NULL },
    { 0, "vhdxfile", 8, IMAGE_CONTAINER, NULL, "a Hyper-V disk",
      "is a vhdx image and this version reads raw images "
      "only; convert it: qemu-img convert -O raw FILE FILE.raw",
      NULL },
    { 0,
      "\xfd"
      "7zXZ",
      5, IMAGE_UNKNOWN, NULL, "an xz file", "is compressed; " UNPACK, NULL },
    { 0, "\x28\xb5\x2f\xfd", 4, IMAGE_UNKNOWN, NULL, "a zstd file", "is compressed; " UNPACK, NULL },
    { 0x8001, "CD001", 5, IMAGE_CD, NULL, "a CD image (ISO 9660)", NULL, look_cd },
    { 512, "EFI PART", 8, IMAGE_DISK, NULL, "a disk", NULL, look_gpt },
    { 0, "MZ", 2, IMAGE_UNKNOWN, NULL, "an EFI program", "is started by firmware from a disk; give the disk",
      look_efi },
    { 510, "\x55\xaa", 2, IMAGE_DISK, NULL, "a disk with an MBR", NULL, look_boot_sector },
    { 0, "", 0, IMAGE_FIRMWARE, "x86_64", "firmware of a PC", NULL, look_bios },
    { 0, "", 0, IMAGE_KERNEL, "x86", "a Multiboot kernel", NULL, look_multiboot },
    { 0x438, "\x53\xef", 2, IMAGE_DISK, NULL, "an ext2/3/4 file system",
      "is a file system without a system to start; "
      "give a kernel with -kernel and this with -drive",
      NULL },
};

static bool fits(const Look *l, const Magic *m)
{
    return l->head.len >= m->at + m->len && !memcmp(l->head.data + m->at, m->bytes, m->len);
}

static bool found(Look *l, const Magic *m)
{
    l->info->kind = m->kind;
    l->info->arch = m->arch;
    l->info->refusal = m->refusal;
    if (m->more)
        return m->more(l);
    char *why = xprintf("of its bytes at offset %" PRIu32, m->at);
    look_say(l, m->what, why);
    free(why);
    return true;
}

static bool find(Look *l)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (fits(l, &magics[i]) && found(l, &magics[i]))
            return true;
    *l->info =
        (ImageInfo){ .bytes = l->info->bytes,
                     .refusal = "is nothing this version knows; a raw program goes to -kernel, a disk to -drive" };
    return false;
}

static bool read_head(Look *l, Error *err)
{
    struct stat st;
    int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, "%s: %s; name a file", l->path, strerror(errno));
    if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
        close(fd);
        return error_set(err, "%s is a directory; name a file", l->path);
    }
    l->info->bytes = (uint64_t)st.st_size;
    l->head.data = xalloc(HEAD);
    ssize_t n = pread(fd, l->head.data, HEAD, 0);
    l->head.len = n > 0 ? (size_t)n : 0;
    close(fd);
    return n >= 0 || error_set(err, "%s: %s; name a file", l->path, strerror(errno));
}

/* How each kind is started on each machine; the first row that fits. */
static const struct Choice {
    const char *arch; /* NULL: any */
    ImageKind kind;
    const char *machine, *options; /* before the file, separated by blanks */
} choices[] = {
    { "x86", IMAGE_KERNEL, "pc", "-kernel" },         { "x86_64", IMAGE_KERNEL, "pc", "-kernel" },
    { "x86_64", IMAGE_FLOPPY, "pc", "-boot a -fda" }, { "x86_64", IMAGE_CD, "pc", "-boot d -cdrom" },
    { "x86_64", IMAGE_DISK, "pc", "-hda" },           { "x86_64", IMAGE_FIRMWARE, "pc", "-bios" },
    { NULL, IMAGE_KERNEL, "virt", "-kernel" },        { NULL, IMAGE_DISK, "virt", "-bios QEMU_EFI.fd" },
    { NULL, IMAGE_FIRMWARE, "virt", "-bios" },
};

char *image_options(const ImageInfo *info)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const struct Choice *c = &choices[i];
        if (c->kind == info->kind && (!c->arch || (info->arch && !strcmp(c->arch, info->arch))))
            return xprintf("-machine %s -m 1G %s", c->machine, c->options);
    }
    return NULL;
}

static void print_verdict(const Look *l)
{
    const ImageInfo *i = l->info;
    if (i->arch)
        out(l->out, "  processor: %s\n", i->arch);
    if (i->refusal) {
        out(l->out, "  it %s\n", i->refusal);
        return;
    }
    char *options = image_options(i);
    out(l->out, "  run it: dragoman run %s\n  which is: dragoman %s %s\n", l->path, options ? options : "", l->path);
    free(options);
}

bool image_inspect(const char *path, Out *o, ImageInfo *info, Error *err)
{
    Look l = { .path = path, .out = o, .info = info };
    *info = (ImageInfo){ 0 };
    bool ok = read_head(&l, err);
    if (ok) {
        if (o)
            out(o, "%s: %" PRIu64 " bytes, ", path, info->bytes);
        if (!find(&l) && !l.inner)
            look_say(&l, "of no known kind", "no pattern fits");
        if (o)
            print_verdict(&l);
    }
    blob_free(&l.head);
    return ok;
}
