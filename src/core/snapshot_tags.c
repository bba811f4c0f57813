#include "core/snapshot_tags.h"

#include "base/alloc.h"
#include "core/snapshot.h"
#include "host/drive.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".snapshot"

char *snapshot_folder(const char *chosen)
{
    if (chosen)
        return xstrdup(chosen);
    const Drive *first = drive_next(NULL);
    const char *file = first ? drive_file(first) : NULL, *slash = file ? strrchr(file, '/') : NULL;
    return slash ? xprintf("%.*s", (int)(slash - file) + (slash == file), file) : xstrdup(".");
}

char *snapshot_path(const char *folder, const char *tag, Error *err)
{
    if (strchr(tag, '/'))
        return xstrdup(tag);
    if (!*tag || *tag == '.' || strlen(tag) + sizeof SUFFIX > 255)
        return error_set(err, "'%s' cannot be the name of a snapshot", tag), NULL;
    return xprintf("%s/%s" SUFFIX, folder, tag);
}

static bool add(const char *folder, const char *name, SnapshotInfo *info)
{
    size_t len = strlen(name), end = sizeof SUFFIX - 1;
    if (len <= end || strcmp(name + len - end, SUFFIX))
        return false;
    struct stat st;
    char *path = xprintf("%s/%s", folder, name);
    bool is = !stat(path, &st) && S_ISREG(st.st_mode) && snapshot_peek(path, &info->clock, NULL);
    if (is) {
        info->tag = strndup(name, len - end);
        info->bytes = (uint64_t)st.st_size;
        info->made = st.st_mtime;
    }
    free(path);
    return is;
}

static int by_age(const void *a, const void *b)
{
    const SnapshotInfo *x = a, *y = b;
    return x->made != y->made ? (x->made > y->made) - (x->made < y->made) : strcmp(x->tag, y->tag);
}

int snapshot_list(const char *folder, SnapshotInfo **list)
{
    int count = 0;
    DIR *dir = opendir(folder);
    *list = NULL;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        SnapshotInfo info;
        if (!add(folder, e->d_name, &info))
            continue;
        *list = xrealloc(*list, ((size_t)count + 1) * sizeof **list);
        (*list)[count++] = info;
    }
    if (dir)
        closedir(dir);
    if (count)
        qsort(*list, (size_t)count, sizeof **list, by_age);
    return count;
}

void snapshot_list_free(SnapshotInfo *list, int count)
{
    for (int i = 0; i < count; i++)
        free(list[i].tag);
    free(list);
}

bool snapshot_remove(const char *path, Error *err)
{
    int64_t clock;
    if (access(path, F_OK))
        return error_set(err, "%s: %s", path, strerror(errno));
    if (!snapshot_peek(path, &clock, NULL))
        return error_set(err, "%s: this is no snapshot; it was left alone", path);
    return !unlink(path) || error_set(err, "%s: %s", path, strerror(errno));
}
