/* What is this file? Told by its content: `dragoman inspect FILE`, and the choices of `dragoman run FILE`. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdint.h>

typedef enum ImageKind {
    IMAGE_UNKNOWN,
    IMAGE_KERNEL,   /* goes to -kernel */
    IMAGE_DISK,     /* raw: goes to -drive, and is started by firmware */
    IMAGE_CD,       /* the same of a CD: -cdrom */
    IMAGE_FLOPPY,   /* and a floppy: -fda */
    IMAGE_FIRMWARE, /* flash content: goes to -bios */
    IMAGE_CONTAINER /* a disk in a format this version does not read */
} ImageKind;

typedef struct ImageInfo {
    ImageKind kind;
    const char *arch;    /* "arm64", "x86", ... or NULL: not known */
    const char *refusal; /* why it cannot be run, and what to do; NULL: it can */
    uint64_t bytes;
} ImageInfo;

/* Options that run it, separated by blanks, the file's name comes behind; free it. NULL: nothing can. */
char *image_options(const ImageInfo *);
/* Reads the file and says on `o` (which may be NULL) what it is and why. False: it cannot be read. */
bool image_inspect(const char *path, Out *o, ImageInfo *, Error *);
