/* The file of a snapshot as a sequence of records; private to core/snapshot*.c. */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct SnapshotFile SnapshotFile;

/* ---- writing ---- what fails is remembered, and told by snapshot_finish */
SnapshotFile *snapshot_create(const char *path, const char *header, Error *err);
void snapshot_begin(SnapshotFile *, const char *name);
void snapshot_put(SnapshotFile *, const void *, size_t);
void snapshot_end(SnapshotFile *);
/* Frees it; the file is at its path from now on, or false: nothing is there. */
bool snapshot_finish(SnapshotFile *, Error *err);

/* ---- reading ---- */
enum { SNAPSHOT_NAME = 96 };
typedef struct SnapshotRecord {
    char name[SNAPSHOT_NAME];
    uint64_t size; /* in the file */
    long at;
} SnapshotRecord;

SnapshotFile *snapshot_open(const char *path, Error *err);
/* A line of the header, without its end; false: that was the last. */
bool snapshot_header_line(SnapshotFile *, char *line, size_t room);
/* The next record; false: none follows, or it is damaged, then *err says so. `err->text` is empty for the former. */
bool snapshot_next(SnapshotFile *, SnapshotRecord *, Error *err);
/* All of a record that is text, with a 0 behind it. The caller frees it. */
char *snapshot_text(SnapshotFile *, const SnapshotRecord *, Error *err);
/* Bytes of a record, from any thread; false: they are not there. */
bool snapshot_peek_bytes(const SnapshotFile *, uint64_t at, void *to, size_t n);
void snapshot_close(SnapshotFile *);
