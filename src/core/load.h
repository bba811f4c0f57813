/* Files for guests: kernels, firmware, disks of start-up code. All that is in them is checked before it is used. */
#pragma once
#include "core/space.h"

typedef struct Blob {
    uint8_t *data;
    size_t len;
    bool mapped; /* of a file, read-only; else from malloc */
} Blob;

void blob_free(Blob *);

/* The whole file, which `what` ("kernel") names in errors. At most `most` bytes. */
bool load_file(const char *what, const char *path, uint64_t most, Blob *, Error *err);

/* The same; a gzip file is unpacked. */
bool load_unpacked(const char *what, const char *path, uint64_t most, Blob *, Error *err);

/* If the bytes are a gzip file (zlib; load_is_gzip) or a zstd frame: what is inside, at most `most` bytes of it. */
bool load_is_gzip(const uint8_t *data, size_t len);
bool load_gunzip(const char *path, const uint8_t *data, size_t len, uint64_t most, Blob *, Error *err);
bool load_unzstd(const char *path, const uint8_t *data, size_t len, uint64_t most, Blob *, Error *err);

/* Little- or big-endian fields of a file, zero beyond its end. */
uint64_t blob_le(const Blob *, uint64_t at, int size);

/* An ELF program for `machine` (EM_...) of 64 bits, little-endian: its segments go to their physical addresses in
 * guest memory. [low, high) is what it occupies. */
bool load_is_elf(const Blob *);
bool load_elf64(const char *path, const Blob *, uint16_t machine, Space *, uint64_t *entry, uint64_t *low,
                uint64_t *high, Error *err);
