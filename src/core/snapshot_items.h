/* Records of memory and of drives: numbered items of one size, pages or clusters, those of zeros left out. They are
 * kept in chunks of about 256 KiB, which are packed and unpacked by several threads:
 *
 *     items, bytes, method, 0    four little-endian words of 32 bits
 *     the number of each item    64 bits
 *     their bytes, packed        as they are (method 0), as a zlib (1) or a zstd stream (2), whichever is shorter
 *
 * Private to core/snapshot*.c. */
#pragma once
#include "core/snapshot_file.h"

/* One item to `to`; false: it is all zeros. From several threads. */
typedef bool SnapshotRead(void *who, uint64_t number, uint8_t *to);
void snapshot_put_items(SnapshotFile *, size_t item, const uint64_t *numbers, size_t count, SnapshotRead *, void *who);

/* Items to somebody, in any order and from several threads; NULL: only checks that there is none beyond `limit`. */
typedef bool SnapshotWrite(void *who, uint64_t number, const uint8_t *bytes);
bool snapshot_get_items(SnapshotFile *, const SnapshotRecord *, size_t item, uint64_t limit, SnapshotWrite *, void *who,
                        Error *err);
