/* A drive whose medium can be changed: it hands requests on to the medium that is in it. */
#include "base/alloc.h"
#include "host/disk.h"

#include <stdlib.h>
#include <string.h>

typedef struct Slot {
    Disk disk;
    DiskOptions how;       /* without what is the medium's own: path, format */
    pthread_rwlock_t lock; /* of the medium: who uses it reads, who changes it writes */
} Slot;

/* The end of one request may submit the next, so that one can be under way when the medium changes: it finds what is in
 * the drive then, if that is large enough. */
static bool execute(Disk *d, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    Slot *s = (Slot *)d;
    pthread_rwlock_rdlock(&s->lock);
    Disk *in = d->inside;
    bool fits = in && at <= in->drive.bytes && bytes <= in->drive.bytes - at;
    bool writes = op == DRIVE_WRITE || op == DRIVE_ZERO || op == DRIVE_DISCARD;
    bool ok = fits && !(writes && in->drive.readonly) && in->execute(in, op, at, bytes, iov, iovs);
    pthread_rwlock_unlock(&s->lock);
    return ok;
}

static void put(Slot *s, Disk *medium)
{
    Disk *d = &s->disk;
    pthread_rwlock_wrlock(&s->lock);
    if (d->inside)
        disk_free(d->inside);
    d->inside = medium;
    d->private = medium && medium->private;
    d->drive.bytes = medium ? medium->drive.bytes : 0;
    d->drive.readonly = !medium || medium->drive.readonly;
    pthread_rwlock_unlock(&s->lock);
}

static void close_slot(Disk *d)
{
    put((Slot *)d, NULL);
    pthread_rwlock_destroy(&((Slot *)d)->lock);
}

static bool is_same(const Disk *d, const char *path)
{
    return path && d->inside && !strcmp(d->inside->path, path);
}

/* One that is written is locked, also against ourselves: taken out before it is put in again. */
static bool change(Slot *s, const char *path, const char *format, DriveAccess access, Error *err)
{
    Disk *d = &s->disk;
    DiskOptions how = s->how;
    how.file.path = path;
    how.format = format;
    if (access != DRIVE_RETAIN)
        how.file.readonly = d->drive.cdrom || access == DRIVE_READONLY;
    if (is_same(d, path))
        put(s, NULL);
    Disk *medium = path ? disk_open(d->drive.id, &how, err) : NULL;
    if (path && !medium)
        return false;
    s->how.file.readonly = how.file.readonly;
    put(s, medium);
    return true;
}

bool drive_change(Drive *drive, const char *path, const char *format, DriveAccess access, Error *err)
{
    if (!drive->removable)
        return error_set(err, "Device '%s' is not removable", drive->id);
    drive->drain(drive);
    char *own = path ? xstrdup(path) : NULL; /* it may be the path of what goes */
    bool ok = change((Slot *)drive, own, format, access, err);
    free(own);
    if ((ok || !drive->bytes) && drive->user && drive->user->changed)
        drive->user->changed(drive->user_of);
    return ok;
}

Disk *disk_slot(const char *id, const DiskOptions *how, bool cdrom, Error *err)
{
    Slot *s = xalloc(sizeof *s);
    disk_init(&s->disk, id, 0);
    s->disk.execute = execute;
    s->disk.close = close_slot;
    s->disk.drive.cdrom = cdrom;
    s->disk.drive.removable = s->disk.drive.readonly = true;
    s->how = *how;
    s->how.file.readonly |= cdrom;
    pthread_rwlock_init(&s->lock, NULL);
    if (!how->file.path || change(s, how->file.path, how->format, DRIVE_RETAIN, err))
        return &s->disk;
    disk_free(&s->disk);
    return NULL;
}
