/* Writing a device tree (Devicetree Specification 0.4) from start to end. The first failure is kept; fdt_done tells. */
#pragma once
#include "core/load.h"
#include <stdint.h>

typedef struct Fdt {
    uint8_t *blob;
    int failed; /* libfdt's error, or 0 */
} Fdt;

void fdt_new(Fdt *);
void fdt_node(Fdt *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fdt_end(Fdt *);
void fdt_empty(Fdt *, const char *name);
void fdt_text(Fdt *, const char *name, const char *text);
void fdt_texts(Fdt *, const char *name, const char *texts); /* separated by spaces */
void fdt_cells(Fdt *, const char *name, const uint32_t *cells, int count);
void fdt_bytes(Fdt *, const char *name, const void *bytes, int len);
#define FDT_CELLS(f, name, ...)                                                                                        \
    fdt_cells(f, name, (const uint32_t[]){ __VA_ARGS__ }, (int)(sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)))
/* Two cells of a 64-bit number. */
#define FDT_U64(x) (uint32_t)((uint64_t)(x) >> 32), (uint32_t)(x)

bool fdt_done(Fdt *, Blob *, Error *err); /* frees the Fdt */

/* A tree that the user gives (-dtb), with what the boot protocol adds to it. */
typedef struct FdtBoot {
    const char *bootargs; /* NULL: leave what is there */
    uint64_t ram, ram_size;
    uint64_t initrd, initrd_end; /* 0: none */
} FdtBoot;
bool fdt_amend(const char *path, Blob *, const FdtBoot *, Error *err);
