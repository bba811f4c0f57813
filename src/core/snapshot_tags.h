/* Snapshots by name: TAG is the file TAG.snapshot in a folder. */
#pragma once
#include "base/error.h"
#include <stdint.h>

/* The folder to use: the one chosen, or that of the first drive's image, or the working folder. Free it. */
char *snapshot_folder(const char *chosen);
/* The file of a tag; a text with a / in it is a file itself. NULL: it cannot be a file's name. Free it. */
char *snapshot_path(const char *folder, const char *tag, Error *err);

typedef struct SnapshotInfo {
    char *tag;
    uint64_t bytes;
    int64_t made;  /* seconds since 1970 */
    int64_t clock; /* virtual time in it, ns */
} SnapshotInfo;

/* What is in the folder, by age. How many; free with snapshot_list_free. What is no snapshot is not listed. */
int snapshot_list(const char *folder, SnapshotInfo **list);
void snapshot_list_free(SnapshotInfo *list, int count);
/* Only a file that is a snapshot is removed. */
bool snapshot_remove(const char *path, Error *err);
