/* Kernel formats, by Linux's Documentation/arm64/booting.rst and include/linux/pe.h: Image, gzip of it, the compressed
 * EFI image (zboot), ELF, anything else as a raw program. */
#include "machines/arm_kernel.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

enum {
    IMAGE_MAGIC = 0x644d5241, /* "ARM\x64" at 56 */
    IMAGE_HEADER = 64,
    DOS_MAGIC = 0x5a4d,        /* "MZ" */
    PE_MAGIC = 0x4550,         /* "PE\0\0" */
    ZBOOT_MAGIC = 0x676d697a,  /* "zimg" at 4 */
    ZIMAGE_MAGIC = 0x016f2818, /* 32-bit Arm zImage at 36 */
    UIMAGE_MAGIC = 0x56190527, /* U-Boot, big-endian 0x27051956 */
    HDRS_MAGIC = 0x53726448,   /* "HdrS" at 0x202 of an x86 bzImage */
    RAW_OFFSET = 0x80000,      /* where kernels went before they could say */
    TWO_MIB = 2 << 20,
};

typedef struct Loading {
    const char *path;
    Space *space;
    uint64_t ram, ram_size;
    ArmKernel *kernel;
} Loading;

static bool put(const Loading *l, uint64_t at, const Blob *b, uint64_t size, Error *err)
{
    if (size < b->len)
        size = b->len;
    uint64_t offset = at - l->ram, need = offset + size < size ? UINT64_MAX : offset + size;
    if (offset > l->ram_size || l->ram_size - offset < size)
        return error_set(err,
                         "the kernel '%s' needs %" PRIu64 " MiB of memory and the machine has %" PRIu64
                         "; give it more with -m",
                         l->path, (need >> 20) + !!(need & 0xfffff), l->ram_size >> 20);
    if (!space_poke(l->space, at, b->data, b->len))
        return error_set(err, "the kernel '%s' does not fit the memory at 0x%" PRIx64 "; give the machine more with -m",
                         l->path, at);
    *l->kernel = (ArmKernel){ .entry = at, .low = at, .high = at + size };
    return true;
}

/* An Image is an EFI program too, and its section table says how long the file must be. */
static bool complete(const Blob *b)
{
    uint64_t pe = blob_le(b, 60, 4);
    if (blob_le(b, 0, 2) != DOS_MAGIC || blob_le(b, pe, 4) != PE_MAGIC)
        return true;
    uint64_t sections = blob_le(b, pe + 6, 2), table = pe + 24 + blob_le(b, pe + 20, 2);
    for (uint64_t i = 0; i < sections; i++) {
        uint64_t size = blob_le(b, table + i * 40 + 16, 4), at = blob_le(b, table + i * 40 + 20, 4);
        if (at + size > b->len)
            return false;
    }
    return true;
}

static bool load_image(const Loading *l, const Blob *b, Error *err)
{
    uint64_t offset = blob_le(b, 8, 8), size = blob_le(b, 16, 8);
    if (!complete(b))
        return error_set(err, "the kernel '%s' is cut short; fetch or build it again", l->path);
    if (!size)
        offset = RAW_OFFSET; /* older than Linux 3.17: the field's byte order was not defined */
    if (offset < 4096)
        offset += TWO_MIB; /* leaves the first two for the device tree */
    return put(l, l->ram + offset, b, size, err);
}

static bool load_plain(const Loading *, const Blob *, Error *);

static bool load_zboot(const Loading *l, const Blob *b, Error *err)
{
    uint64_t at = blob_le(b, 8, 4), len = blob_le(b, 12, 4);
    char kind[9] = { 0 };
    if (b->len < IMAGE_HEADER || at > b->len || b->len - at < len)
        return error_set(err, "the kernel '%s' is cut short; fetch or build it again", l->path);
    memcpy(kind, b->data + 24, 8);
    Blob inside;
    bool ok;
    if (!strcmp(kind, "gzip"))
        ok = load_gunzip(l->path, b->data + at, len, l->ram_size, &inside, err);
    else if (!strcmp(kind, "zstd") || !strcmp(kind, "zstd22"))
        ok = load_unzstd(l->path, b->data + at, len, l->ram_size, &inside, err);
    else
        return error_set(err, "the kernel '%s' is compressed by %.8s, which is not supported; unpack it first", l->path,
                         kind);
    ok = ok && load_plain(l, &inside, err);
    blob_free(&inside);
    return ok;
}

static bool load_elf(const Loading *l, const Blob *b, Error *err)
{
    ArmKernel *k = l->kernel;
    return load_elf64(l->path, b, EM_AARCH64, l->space, &k->entry, &k->low, &k->high, err);
}

static bool load_raw(const Loading *l, const Blob *b, Error *err)
{
    return put(l, l->ram + RAW_OFFSET, b, 0, err);
}

/* What is known at a fixed offset of a file; the first row that fits decides. */
static const struct Format {
    uint32_t at;
    int size;
    uint64_t magic;
    bool (*load)(const Loading *, const Blob *, Error *);
    const char *refusal;
} formats[] = {
    { 0, 4, 0x464c457f, load_elf, NULL },
    { 56, 4, IMAGE_MAGIC, load_image, NULL },
    { 4, 4, ZBOOT_MAGIC, load_zboot, NULL },
    { 0x202, 4, HDRS_MAGIC, NULL, "is an x86 kernel; this machine takes an arm64 one (Image, Image.gz or vmlinuz)" },
    { 36, 4, ZIMAGE_MAGIC, NULL,
      "is a 32-bit ARM kernel; this machine takes an arm64 one (Image, Image.gz or vmlinuz)" },
    { 0, 4, UIMAGE_MAGIC, NULL, "is a U-Boot image; give the Image that is in it (dumpimage takes it out)" },
    { 0, 2, DOS_MAGIC, NULL, "is an EFI program; boot it by firmware, with -bios and a disk" },
};

static bool load_plain(const Loading *l, const Blob *b, Error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct Format *f = &formats[i];
        if (blob_le(b, f->at, f->size) != f->magic)
            continue;
        if (f->at == 0 && f->magic == DOS_MAGIC && b->len < IMAGE_HEADER) /* all arm64 kernels begin like this, too */
            return error_set(err, "the kernel '%s' is cut short; fetch or build it again", l->path);
        return f->load ? f->load(l, b, err) : error_set(err, "the kernel '%s' %s", l->path, f->refusal);
    }
    return load_raw(l, b, err);
}

static bool load_any(const Loading *l, const Blob *b, Error *err)
{
    if (!load_is_gzip(b->data, b->len))
        return load_plain(l, b, err);
    Blob inside;
    if (!load_gunzip(l->path, b->data, b->len, l->ram_size, &inside, err))
        return false;
    bool ok = load_plain(l, &inside, err);
    blob_free(&inside);
    return ok;
}

bool arm_kernel_load(const char *path, Space *space, uint64_t ram, uint64_t ram_size, ArmKernel *k, Error *err)
{
    Blob b;
    if (!load_file("kernel", path, ram_size, &b, err))
        return false;
    bool ok = load_any(&(Loading){ path, space, ram, ram_size, k }, &b, err);
    blob_free(&b);
    return ok;
}
