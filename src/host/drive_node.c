/* Nodes: drives that a management tool puts together while the machine runs, from an image (driver file) and a format
 * on it (driver raw), and takes apart again. A node over another hands its requests on. */
#include "base/alloc.h"
#include "host/disk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct NodeOptions {
    const char *name, *path, *file; /* of a node that has the bytes */
    int driver;
    bool readonly, auto_readonly;
    FileOptions how;
} NodeOptions;

enum { FILE_NODE, HOST_DEVICE, RAW };
static const char *const drivers[] = { "file", "host_device", "raw", NULL };

/* ---- options ---- */

static bool read_how(KeyVals *keys, NodeOptions *o, Error *err)
{
    static const char *const discards[] = { "ignore", "unmap", NULL }, *const locking[] = { "auto", "on", "off", NULL };
    static const char *const aio[] = { "threads", "native", "io_uring", NULL }, *const zeroes[] = { "off", NULL };
    int discard = 0, lock = 0, unused = 0;
    bool direct = false;
    bool ok = keyvals_bool(keys, "read-only", &o->readonly, err) &&
              keyvals_bool(keys, "auto-read-only", &o->auto_readonly, err) &&
              keyvals_bool(keys, "cache.direct", &direct, err) &&
              keyvals_bool(keys, "cache.no-flush", &o->how.no_flush, err) &&
              keyvals_choice(keys, "discard", discards, &discard, err) &&
              keyvals_choice(keys, "locking", locking, &lock, err) && keyvals_choice(keys, "aio", aio, &unused, err) &&
              keyvals_choice(keys, "detect-zeroes", zeroes, &unused, err);
    o->how.unmap = discard;
    o->how.lock = lock != 2;
    return ok;
}

static bool known_driver(const char *name, Error *err)
{
    for (int i = 0; name && drivers[i]; i++)
        if (!strcmp(drivers[i], name))
            return true;
    return error_set(err, "driver '%s' is not there: this version has file, host_device and raw", name ? name : "");
}

static bool read_options(KeyVals *keys, NodeOptions *o, Error *err)
{
    o->name = keyvals_get(keys, "node-name");
    if (!o->name || !*o->name)
        return error_set(err, "'node-name' must be specified for the root node");
    if (!known_driver(keyvals_get(keys, "driver"), err) || !keyvals_choice(keys, "driver", drivers, &o->driver, err) ||
        !read_how(keys, o, err))
        return false;
    const char *needed = o->driver == RAW ? "file" : "filename", *value = keyvals_get(keys, needed);
    if (!value || !*value)
        return error_set(err, "Parameter '%s' is missing", needed);
    o->path = o->driver == RAW ? NULL : value;
    o->file = o->driver == RAW ? value : NULL;
    if (drive_find(o->name))
        return error_set(err, "Duplicate nodes with node-name='%s'", o->name);
    return keyvals_done(keys, err);
}

/* ---- a node over another ---- */

static bool execute(Disk *d, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    return d->over->execute(d->over, op, at, bytes, iov, iovs);
}

static bool resize(Disk *d, uint64_t bytes, Error *err)
{
    if (!d->over->resize)
        return error_set(err, "'%s' cannot have another size", d->over->drive.id);
    bool ok = d->over->resize(d->over, bytes, err);
    if (ok)
        d->over->drive.bytes = bytes;
    return ok;
}

static Disk *node_over(const Disk *d)
{
    for (Drive *n = drive_next(NULL); n; n = drive_next(n))
        if (((Disk *)n)->over == d)
            return (Disk *)n;
    return NULL;
}

static Disk *open_over(const NodeOptions *o, Error *err)
{
    Disk *base = (Disk *)drive_find(o->file);
    if (!base || !base->driver)
        return error_set(err, "Cannot find node '%s'", o->file), NULL;
    const Disk *other = node_over(base);
    if (other)
        return error_set(err, "Node '%s' is busy: node '%s' is on it", o->file, other->drive.id), NULL;
    if (base->drive.readonly && !o->readonly && !o->auto_readonly)
        return error_set(err, "Block node '%s' is read-only", o->file), NULL;
    Disk *d = xalloc(sizeof *d);
    disk_init(d, o->name, base->drive.bytes);
    d->execute = execute;
    d->resize = resize;
    d->over = base;
    d->drive.readonly = o->readonly || base->drive.readonly;
    return d;
}

/* ---- adding and removing ---- */

static Disk *open_file(const NodeOptions *o, Error *err)
{
    DiskOptions how = { .file = o->how, .format = "raw" };
    how.file.path = o->path;
    how.file.readonly = o->readonly || (o->auto_readonly && access(o->path, W_OK) && !access(o->path, R_OK));
    return disk_open(o->name, &how, err);
}

bool drive_add_node(const char *line, Error *err)
{
    KeyVals keys;
    NodeOptions o = { 0 };
    if (!keyvals_parse(line, NULL, &keys, err))
        return false;
    Disk *d = !read_options(&keys, &o, err) ? NULL : o.driver == RAW ? open_over(&o, err) : open_file(&o, err);
    if (d) {
        d->driver = drivers[o.driver];
        d->unit = -1;
        disk_register(d);
    }
    keyvals_free(&keys);
    return d;
}

bool drive_remove_node(Drive *drive, Error *err)
{
    Disk *d = (Disk *)drive;
    const Disk *other = node_over(d);
    if (!d->driver)
        return error_set(err, "Node %s is not owned by the monitor", drive->id);
    if (other)
        return error_set(err, "Node '%s' is busy: node '%s' is on it", drive->id, other->drive.id);
    drive->drain(drive);
    disk_unregister(d);
    disk_free(d);
    return true;
}

bool drive_is_node(const Drive *d)
{
    return ((const Disk *)d)->driver;
}

const char *drive_driver(const Drive *d)
{
    const char *driver = ((const Disk *)d)->driver;
    return driver ? driver : "raw";
}

/* ---- sizes ---- */

bool drive_resize(Drive *drive, uint64_t bytes, Error *err)
{
    Disk *d = (Disk *)drive;
    const Disk *other = node_over(d);
    if (other)
        return error_set(err, "Node '%s' is busy: node '%s' is on it", drive->id, other->drive.id);
    if (!d->resize)
        return error_set(err, "'%s' cannot have another size", drive->id);
    if (drive->readonly)
        return error_set(err, "Block node '%s' is read-only", drive->id);
    drive->drain(drive);
    if (!d->resize(d, bytes, err))
        return false;
    drive->bytes = bytes;
    if (drive->user && drive->user->resized)
        drive->user->resized(drive->user_of);
    return true;
}
