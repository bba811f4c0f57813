#include "core/snapshot_file.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

enum { CHUNK = 65536, TEXT_MOST = 64 << 20, NUMBERS = 27 }; /* NUMBERS: " SIZE CRC\n" of a record's first line */

struct SnapshotFile {
    FILE *file;
    char *path, *temporary;
    int failed; /* errno of the first write that did not work, or 0 */
    /* the record being written */
    long numbers; /* where its size and checksum go */
    uint64_t size;
    uint32_t crc;
    uint8_t chunk[CHUNK];
};

/* ---- writing ---- */
static void raw(SnapshotFile *s, const void *bytes, size_t n)
{
    if (!s->failed && fwrite(bytes, 1, n, s->file) != n)
        s->failed = errno ? errno : EIO;
    s->crc = (uint32_t)crc32(s->crc, bytes, (uInt)n);
    s->size += n;
}

SnapshotFile *snapshot_create(const char *path, const char *header, Error *err)
{
    SnapshotFile *s = xalloc(sizeof *s);
    s->path = xstrdup(path);
    s->temporary = xprintf("%s.new", path);
    s->file = fopen(s->temporary, "wxe");
    if (!s->file && errno == EEXIST && !unlink(s->temporary))
        s->file = fopen(s->temporary, "wxe");
    if (!s->file) {
        error_set(err, "%s: %s; choose a file in a directory that can be written to", path, strerror(errno));
        snapshot_close(s);
        return NULL;
    }
    raw(s, header, strlen(header));
    return s;
}

void snapshot_begin(SnapshotFile *s, const char *name)
{
    fprintf(s->file, "@%s", name);
    s->numbers = ftell(s->file);
    fprintf(s->file, "%*s\n", NUMBERS - 1, "");
    s->size = 0;
    s->crc = 0;
}

void snapshot_put(SnapshotFile *s, const void *bytes, size_t n)
{
    raw(s, bytes, n);
}

void snapshot_end(SnapshotFile *s)
{
    fseek(s->file, s->numbers, SEEK_SET);
    fprintf(s->file, " %016llx %08x", (unsigned long long)s->size, s->crc);
    fseek(s->file, 0, SEEK_END);
}

bool snapshot_finish(SnapshotFile *s, Error *err)
{
    if (!s->failed && (fflush(s->file) || fsync(fileno(s->file))))
        s->failed = errno;
    if (!s->failed && rename(s->temporary, s->path))
        s->failed = errno;
    bool ok = !s->failed || error_set(err, "%s: %s; nothing was saved", s->path, strerror(s->failed));
    if (!ok)
        unlink(s->temporary);
    snapshot_close(s);
    return ok;
}

/* ---- reading ---- */
static const char first_line[] = "{\n";

SnapshotFile *snapshot_open(const char *path, Error *err)
{
    SnapshotFile *s = xalloc(sizeof *s);
    char line[sizeof first_line];
    s->path = xstrdup(path);
    s->file = fopen(path, "re");
    if (!s->file)
        error_set(err, "%s: %s", path, strerror(errno));
    else if (!fgets(line, sizeof line, s->file) || strcmp(line, first_line))
        error_set(err, "%s: this is no snapshot", path);
    else
        return s;
    snapshot_close(s);
    return NULL;
}

bool snapshot_header_line(SnapshotFile *s, char *line, size_t room)
{
    if (!fgets(line, (int)room, s->file))
        return false;
    line[strcspn(line, "\n")] = 0;
    return strcmp(line, "}") != 0;
}

static bool damaged(SnapshotFile *s, const char *name, Error *err)
{
    return error_set(err, "%s: record '%s' is damaged or cut off", s->path, name);
}

/* Whether the bytes of the record are there and are those that were written. */
static bool intact(SnapshotFile *s, const SnapshotRecord *r, uint32_t crc)
{
    uint32_t sum = 0;
    for (uint64_t left = r->size; left;) {
        size_t n = left < CHUNK ? left : CHUNK;
        if (fread(s->chunk, 1, n, s->file) != n)
            return false;
        sum = (uint32_t)crc32(sum, s->chunk, (uInt)n);
        left -= n;
    }
    return sum == crc;
}

bool snapshot_next(SnapshotFile *s, SnapshotRecord *r, Error *err)
{
    char line[SNAPSHOT_NAME + NUMBERS + 2];
    unsigned long long size;
    uint32_t crc;
    err->text[0] = 0;
    if (!fgets(line, sizeof line, s->file))
        return false;
    if (sscanf(line, "@%95s %llx %x", r->name, &size, &crc) != 3)
        return error_set(err, "%s: a record is expected where there is '%.20s'", s->path, line);
    r->size = size;
    r->at = ftell(s->file);
    return intact(s, r, crc) || damaged(s, r->name, err);
}

char *snapshot_text(SnapshotFile *s, const SnapshotRecord *r, Error *err)
{
    if (r->size > TEXT_MOST) {
        damaged(s, r->name, err);
        return NULL;
    }
    char *text = xalloc(r->size + 1);
    if (!fseek(s->file, r->at, SEEK_SET) && fread(text, 1, r->size, s->file) == r->size)
        return text;
    damaged(s, r->name, err);
    free(text);
    return NULL;
}

bool snapshot_peek_bytes(const SnapshotFile *s, uint64_t at, void *to, size_t n)
{
    return pread(fileno(s->file), to, n, (off_t)at) == (ssize_t)n;
}

void snapshot_close(SnapshotFile *s)
{
    if (s->file)
        fclose(s->file);
    free(s->path);
    free(s->temporary);
    free(s);
}
