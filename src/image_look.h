/* Looking at a file; private to image*.c. */
#pragma once
#include "core/load.h"
#include "image.h"

typedef struct Look {
    const char *path;
    Blob head;  /* the first 64 KiB, or all that was unpacked */
    bool inner; /* inside a compressed file */
    Out *out;
    ImageInfo *info;
} Look;

#define LOOK_NO_UEFI                                                                                                   \
    "is started by UEFI only, which this version has for arm64; give a kernel with -kernel and this with -drive"

void look_say(Look *, const char *what, const char *why);
/* Of the file, beyond its head, too; what is not there is zeros. */
void look_read(const Look *, uint64_t at, void *to, size_t len);

/* image_disk.c: each says what it is; false: it is something else after all. */
bool look_cd(Look *);
bool look_gpt(Look *);
bool look_boot_sector(Look *);
