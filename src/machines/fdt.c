#include "machines/fdt.h"

#include "base/alloc.h"
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#if HAVE_FDT
#include <libfdt.h>

enum { ROOM = 1 << 20 };

static void did(Fdt *f, int result)
{
    if (!f->failed && result < 0)
        f->failed = result;
}

void fdt_new(Fdt *f)
{
    *f = (Fdt){ .blob = xalloc(ROOM) };
    did(f, fdt_create(f->blob, ROOM));
    did(f, fdt_finish_reservemap(f->blob));
    did(f, fdt_begin_node(f->blob, ""));
}

void fdt_node(Fdt *f, const char *fmt, ...)
{
    char name[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    did(f, fdt_begin_node(f->blob, name));
}

void fdt_end(Fdt *f)
{
    did(f, fdt_end_node(f->blob));
}

void fdt_bytes(Fdt *f, const char *name, const void *bytes, int len)
{
    did(f, fdt_property(f->blob, name, bytes, len));
}

void fdt_empty(Fdt *f, const char *name)
{
    fdt_bytes(f, name, NULL, 0);
}

void fdt_text(Fdt *f, const char *name, const char *text)
{
    fdt_bytes(f, name, text, (int)strlen(text) + 1);
}

void fdt_texts(Fdt *f, const char *name, const char *texts)
{
    char *list = xstrdup(texts);
    for (char *space = list; (space = strchr(space, ' ')); space++)
        *space = 0;
    fdt_bytes(f, name, list, (int)strlen(texts) + 1);
    free(list);
}

void fdt_cells(Fdt *f, const char *name, const uint32_t *cells, int count)
{
    fdt32_t *big = xalloc((size_t)count * sizeof *big);
    for (int i = 0; i < count; i++)
        big[i] = cpu_to_fdt32(cells[i]);
    fdt_bytes(f, name, big, count * (int)sizeof *big);
    free(big);
}

bool fdt_done(Fdt *f, Blob *b, Error *err)
{
    did(f, fdt_end_node(f->blob));
    did(f, fdt_finish(f->blob));
    if (f->failed) {
        free(f->blob);
        return error_set(err, "cannot make the device tree: %s", fdt_strerror(f->failed));
    }
    *b = (Blob){ f->blob, fdt_totalsize(f->blob) };
    return true;
}

static int child(void *tree, const char *name)
{
    int at = fdt_subnode_offset(tree, 0, name);
    return at >= 0 ? at : fdt_add_subnode(tree, 0, name);
}

static int amend_chosen(void *tree, const FdtBoot *boot)
{
    int at = child(tree, "chosen"), result = at < 0 ? at : 0;
    if (!result && boot->bootargs)
        result = fdt_setprop_string(tree, at, "bootargs", boot->bootargs);
    if (!result && boot->initrd)
        result = fdt_setprop_u64(tree, at, "linux,initrd-start", boot->initrd);
    if (!result && boot->initrd)
        result = fdt_setprop_u64(tree, at, "linux,initrd-end", boot->initrd_end);
    return result;
}

/* The size of an address or of a length in reg properties of the root's children, in cells; it is 2 or 1. */
static int cells(const void *tree, const char *name)
{
    int len;
    const fdt32_t *value = fdt_getprop(tree, 0, name, &len);
    return value && len == 4 && fdt32_to_cpu(*value) == 1 ? 1 : 2;
}

static int amend_memory(void *tree, const FdtBoot *boot)
{
    for (int at = fdt_first_subnode(tree, 0); at >= 0; at = fdt_next_subnode(tree, at)) {
        const char *type = fdt_getprop(tree, at, "device_type", NULL);
        if (type && !strcmp(type, "memory"))
            fdt_nop_node(tree, at);
    }
    int at = fdt_add_subnode(tree, 0, "memory");
    if (at < 0)
        return at;
    fdt32_t reg[4];
    int n = 0;
    const uint64_t values[] = { boot->ram, boot->ram_size };
    static const char *const names[] = { "#address-cells", "#size-cells" };
    for (int i = 0; i < 2; i++) {
        if (cells(tree, names[i]) == 2)
            reg[n++] = cpu_to_fdt32((uint32_t)(values[i] >> 32));
        reg[n++] = cpu_to_fdt32((uint32_t)values[i]);
    }
    int result = fdt_setprop_string(tree, at, "device_type", "memory");
    return result ? result : fdt_setprop(tree, at, "reg", reg, n * (int)sizeof *reg);
}

bool fdt_amend(const char *path, Blob *b, const FdtBoot *boot, Error *err)
{
    if (b->len < sizeof(struct fdt_header) || fdt_check_full(b->data, b->len))
        return error_set(err, "-dtb '%s' is not a device tree blob; dtc makes one of source", path);
    size_t args = boot->bootargs ? strlen(boot->bootargs) : 0, room = b->len + args + 4096;
    uint8_t *tree = xalloc(room);
    int result = fdt_open_into(b->data, tree, (int)room);
    if (!result)
        result = amend_memory(tree, boot);
    if (!result)
        result = amend_chosen(tree, boot);
    blob_free(b);
    *b = (Blob){ tree, room };
    if (result)
        return error_set(err, "-dtb '%s': %s", path, fdt_strerror(result));
    fdt_pack(tree);
    b->len = fdt_totalsize(tree);
    return true;
}
#else
void fdt_new(Fdt *f)
{
    *f = (Fdt){ 0 };
}

void fdt_node(Fdt *f, const char *fmt, ...)
{
    (void)f, (void)fmt;
}

void fdt_end(Fdt *f)
{
    (void)f;
}

void fdt_empty(Fdt *f, const char *name)
{
    (void)f, (void)name;
}

void fdt_text(Fdt *f, const char *name, const char *text)
{
    (void)f, (void)name, (void)text;
}

void fdt_texts(Fdt *f, const char *name, const char *texts)
{
    (void)f, (void)name, (void)texts;
}

void fdt_cells(Fdt *f, const char *name, const uint32_t *cells, int count)
{
    (void)f, (void)name, (void)cells, (void)count;
}

void fdt_bytes(Fdt *f, const char *name, const void *bytes, int len)
{
    (void)f, (void)name, (void)bytes, (void)len;
}

bool fdt_done(Fdt *f, Blob *b, Error *err)
{
    (void)f, (void)b;
    return error_set(err, "this program was built without libfdt and cannot make a device tree; give one with -dtb");
}

bool fdt_amend(const char *path, Blob *b, const FdtBoot *boot, Error *err)
{
    (void)path, (void)b;
    if (boot->bootargs || boot->initrd)
        return error_set(err, "this program was built without libfdt and cannot add -append or -initrd to -dtb");
    return true;
}
#endif
