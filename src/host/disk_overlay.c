/* snapshot=on: writes go to a temporary file that nobody sees, reads come from it where something was written. A bitmap
 * says which clusters the temporary file holds; a cluster is filled from below before its first partial write. */
#include "base/alloc.h"
#include "host/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLUSTER = DRIVE_CLUSTER };

typedef struct OverlayDisk {
    Disk disk;
    Disk *base;
    Disk *top;            /* the temporary file */
    pthread_mutex_t lock; /* of `held`, and of writers against one another */
    uint8_t *held;
} OverlayDisk;

static bool holds(OverlayDisk *o, uint64_t cluster)
{
    pthread_mutex_lock(&o->lock);
    bool yes = o->held[cluster / 8] >> cluster % 8 & 1;
    pthread_mutex_unlock(&o->lock);
    return yes;
}

/* From here on in one cluster or less. */
static bool read_piece(OverlayDisk *o, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    Disk *from = holds(o, at / CLUSTER) ? o->top : o->base;
    return from->execute(from, DRIVE_READ, at, bytes, iov, iovs);
}

static bool fill(OverlayDisk *o, uint64_t cluster)
{
    uint64_t at = cluster * CLUSTER, left = o->disk.drive.bytes - at, len = left < CLUSTER ? left : CLUSTER;
    struct iovec iov = { xalloc(CLUSTER), len };
    bool ok = o->base->execute(o->base, DRIVE_READ, at, len, &iov, 1) &&
              o->top->execute(o->top, DRIVE_WRITE, at, len, &iov, 1);
    free(iov.iov_base);
    return ok;
}

static bool write_piece(OverlayDisk *o, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    uint64_t cluster = at / CLUSTER;
    uint8_t bit = (uint8_t)(1u << cluster % 8);
    pthread_mutex_lock(&o->lock);
    bool held = o->held[cluster / 8] & bit;
    bool ok = (held || bytes == CLUSTER || fill(o, cluster)) && o->top->execute(o->top, op, at, bytes, iov, iovs);
    if (ok)
        o->held[cluster / 8] |= bit;
    pthread_mutex_unlock(&o->lock);
    return ok;
}

static bool piece(OverlayDisk *o, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    return op == DRIVE_READ ? read_piece(o, at, bytes, iov, iovs) : write_piece(o, op, at, bytes, iov, iovs);
}

static bool execute(Disk *d, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    OverlayDisk *o = (OverlayDisk *)d;
    if (op == DRIVE_FLUSH || op == DRIVE_DISCARD)
        return true; /* it all goes at the end */
    bool ok = true;
    for (uint64_t done = 0, len; ok && done < bytes; done += len) {
        len = CLUSTER - (at + done) % CLUSTER;
        len = len < bytes - done ? len : bytes - done;
        int count;
        struct iovec *part = iov_part(iov, iovs, done, len, &count);
        ok = piece(o, op, at + done, len, part, count);
        free(part);
    }
    return ok;
}

bool drive_is_private(const Drive *d)
{
    return ((const Disk *)d)->private;
}

static OverlayDisk *overlay_of(Drive *drive)
{
    Disk *d = (Disk *)drive;
    return (OverlayDisk *)(d->inside ? d->inside : d);
}

bool drive_private_has(Drive *d, uint64_t cluster)
{
    return holds(overlay_of(d), cluster);
}

void drive_private_forget(Drive *d)
{
    OverlayDisk *o = overlay_of(d);
    memset(o->held, 0, d->bytes / CLUSTER / 8 + 1);
    o->top->execute(o->top, DRIVE_DISCARD, 0, d->bytes, NULL, 0);
}

static void close_overlay(Disk *d)
{
    OverlayDisk *o = (OverlayDisk *)d;
    disk_free(o->top);
    disk_free(o->base);
    free(o->held);
    pthread_mutex_destroy(&o->lock);
}

/* A file without a name in $TMPDIR, opened through /proc so that it is a drive like another. */
static Disk *temporary(uint64_t bytes, Error *err)
{
    const char *dir = getenv("TMPDIR");
    dir = dir && *dir ? dir : "/var/tmp"; /* not /tmp, which is often memory */
    char *name = xprintf("%s/dragoman-XXXXXX", dir), path[32];
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0 || unlink(name) || ftruncate(fd, (off_t)bytes)) {
        error_set(err, "%s: %s; set TMPDIR to a directory with room for a snapshot", dir, strerror(errno));
        free(name);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    free(name);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    Disk *top = disk_file("snapshot", &(FileOptions){ .path = path, .unmap = true, .no_flush = true }, err);
    close(fd);
    return top;
}

Disk *disk_overlay(Disk *base, Error *err)
{
    Disk *top = temporary(base->drive.bytes, err);
    if (!top) {
        disk_free(base);
        return NULL;
    }
    OverlayDisk *o = xalloc(sizeof *o);
    disk_init(&o->disk, base->drive.id, base->drive.bytes);
    o->disk.execute = execute;
    o->disk.private = true;
    o->disk.close = close_overlay;
    o->base = base;
    o->top = top;
    o->held = xalloc(base->drive.bytes / CLUSTER / 8 + 1);
    pthread_mutex_init(&o->lock, NULL);
    return &o->disk;
}
