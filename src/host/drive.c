/* -drive and the registry of drives. */
#include "host/drive.h"

#include "base/alloc.h"
#include "host/disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Disk *disks, **disks_end = &disks;

enum { NONE, VIRTIO, PFLASH, IDE, FLOPPY };
static const char *const interfaces[] = { "none", "virtio", "pflash", "ide", "floppy", NULL };

/* Formats we know of and do not read yet: a guest given one as raw would see the container, and could damage it. */
static const struct Magic {
    const char *format, *bytes;
    size_t len;
} magics[] = {
    { "qcow2", "QFI\xfb", 4 },     { "vmdk", "KDMV", 4 }, { "vhdx", "vhdxfile", 8 },
    { "vhd", "conectix", 8 },      { "qed", "QED", 4 },   { "parallels", "WithoutFreeSpace", 16 },
    { "luks", "LUKS\xba\xbe", 6 },
};

static const char *known_format(const char *path)
{
    char head[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL; /* who opens it next says why */
    ssize_t got = pread(fd, head, sizeof head, 0);
    close(fd);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (got >= (ssize_t)magics[i].len && !memcmp(head, magics[i].bytes, magics[i].len))
            return magics[i].format;
    return NULL;
}

static bool check_format(const char *path, const char *format, Error *err)
{
    const char *found = known_format(path);
    if (format && strcmp(format, "raw"))
        return error_set(err,
                         "format=%s: this version reads raw images only; convert it: qemu-img convert -O raw %s %s.raw",
                         format, path, path);
    if (found && !format)
        return error_set(err,
                         "%s is a %s image, and this version reads raw images only; convert it: "
                         "qemu-img convert -O raw %s %s.raw (or add format=raw to show the guest the container)",
                         path, found, path, path);
    if (found)
        fprintf(stderr, "dragoman: warning: %s is a %s image; with format=raw the guest sees the container\n", path,
                found);
    return true;
}

typedef struct DriveOptions {
    DiskOptions disk;
    const char *id;
    char made_id[40];
    int interface;
    uint64_t unit;
    bool cdrom;
} DriveOptions;

static Disk *taken(int interface, uint64_t unit)
{
    for (Disk *d = disks; d; d = d->next)
        if (d->interface == interfaces[interface] && d->unit == (int)unit)
            return d;
    return NULL;
}

static bool cache_options(KeyVals *keys, FileOptions *f, Error *err)
{
    static const char *const names[] = { "writeback", "none", "writethrough", "directsync", "unsafe", NULL };
    int cache = 0;
    if (!keyvals_choice(keys, "cache", names, &cache, err))
        return false;
    f->write_through = cache == 2 || cache == 3;
    f->no_flush = cache == 4;
    return true;
}

static bool other_options(KeyVals *keys, DriveOptions *o, Error *err)
{
    FileOptions *f = &o->disk.file;
    static const char *const discards[] = { "ignore", "off", "unmap", "on", NULL };
    static const char *const media[] = { "disk", "cdrom", NULL }, *const aio[] = { "threads", "native", "io_uring",
                                                                                   NULL };
    static const char *const locking[] = { "auto", "on", "off", NULL };
    int discard = 0, medium = 0, lock = 0, unused = 0;
    bool ok = keyvals_choice(keys, "discard", discards, &discard, err) &&
              keyvals_choice(keys, "media", media, &medium, err) && keyvals_choice(keys, "aio", aio, &unused, err) &&
              keyvals_choice(keys, "file.locking", locking, &lock, err) && cache_options(keys, f, err);
    f->unmap = discard >= 2;
    f->lock = lock != 2;
    o->cdrom = medium == 1;
    f->readonly |= o->cdrom;
    return ok;
}

/* index=N, or bus=N,unit=N: an IDE bus has two. */
static bool unit_of(KeyVals *keys, DriveOptions *o, Error *err)
{
    bool given = keyvals_get(keys, "unit") || keyvals_get(keys, "index");
    uint64_t bus = 0;
    if (!keyvals_number(keys, "index", &o->unit, 63, err) || !keyvals_number(keys, "unit", &o->unit, 63, err) ||
        !keyvals_number(keys, "bus", &bus, 31, err))
        return false;
    if (bus && o->interface != IDE)
        return error_set(err, "if=%s has one bus, number 0; leave bus= out", interfaces[o->interface]);
    o->unit += bus * 2;
    while (!given && taken(o->interface, o->unit))
        o->unit++;
    if (taken(o->interface, o->unit))
        return error_set(err, "if=%s,unit=%d is taken; give each drive its own unit", interfaces[o->interface],
                         (int)o->unit);
    return true;
}

static bool is_removable(const DriveOptions *o)
{
    return o->interface == FLOPPY || (o->cdrom && (o->interface == IDE || o->interface == NONE));
}

/* In QEMU's words. */
static void make_id(DriveOptions *o)
{
    int unit = (int)o->unit;
    if (o->interface == IDE)
        snprintf(o->made_id, sizeof o->made_id, "ide%d-%s%d", unit / 2, o->cdrom ? "cd" : "hd", unit % 2);
    else
        snprintf(o->made_id, sizeof o->made_id, "%s%d", interfaces[o->interface], unit);
    o->id = o->id ? o->id : o->made_id;
}

static bool parse(KeyVals *keys, DriveOptions *o, Error *err)
{
    DiskOptions *d = &o->disk;
    o->id = keyvals_get(keys, "id");
    d->format = keyvals_get(keys, "format");
    const char *driver = keyvals_get(keys, "driver"), *path = keyvals_get(keys, "file");
    d->format = d->format ? d->format : driver;
    d->file.path = path ? path : keyvals_get(keys, "file.filename");
    bool ok = keyvals_choice(keys, "if", interfaces, &o->interface, err) &&
              keyvals_bool(keys, "readonly", &d->file.readonly, err) &&
              keyvals_bool(keys, "snapshot", &d->snapshot, err) && other_options(keys, o, err) &&
              unit_of(keys, o, err) && keyvals_done(keys, err);
    if (!ok)
        return false;
    if (d->file.path && !*d->file.path)
        d->file.path = NULL;
    if (!d->file.path && !is_removable(o))
        return error_set(err, "an image is needed: file=PATH");
    make_id(o);
    return !drive_find(o->id) || error_set(err, "the id '%s' is taken; give each drive its own", o->id);
}

Disk *disk_open(const char *id, const DiskOptions *o, Error *err)
{
    FileOptions file = o->file;
    if (!check_format(file.path, o->format, err))
        return NULL;
    file.readonly |= o->snapshot;
    Disk *d = disk_file(id, &file, err);
    if (d && o->snapshot)
        d = disk_overlay(d, err);
    if (d)
        d->drive.readonly = o->file.readonly, d->path = xstrdup(file.path);
    return d;
}

static Disk *open_disk(const DriveOptions *o, Error *err)
{
    return is_removable(o) ? disk_slot(o->id, &o->disk, o->cdrom, err) : disk_open(o->id, &o->disk, err);
}

static int interface_named(const char *name)
{
    int i = 0;
    while (interfaces[i] && strcmp(interfaces[i], name))
        i++;
    return interfaces[i] ? i : NONE;
}

bool drive_add(const char *line, const char *usual, bool snapshot, Error *err)
{
    KeyVals keys;
    DriveOptions o = { .disk.snapshot = snapshot, .interface = interface_named(usual) };
    if (!keyvals_parse(line, NULL, &keys, err))
        return error_in(err, "-drive ");
    Disk *d = parse(&keys, &o, err) ? open_disk(&o, err) : NULL;
    keyvals_free(&keys);
    if (!d)
        return error_in(err, "-drive %s: ", line);
    d->interface = interfaces[o.interface];
    d->unit = (int)o.unit;
    disk_register(d);
    return true;
}

void disk_register(Disk *d)
{
    d->interface = d->interface ? d->interface : interfaces[NONE];
    *disks_end = d;
    disks_end = &d->next;
}

void disk_unregister(Disk *d)
{
    Disk **at = &disks;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    if (!*at)
        disks_end = at;
}

bool drive_taken(const char *interface, int unit)
{
    return taken(interface_named(interface), (uint64_t)unit);
}

/* INTERFACEn: what is there, whatever its id. */
static Drive *in_place(const char *id)
{
    static const int fixed[] = { PFLASH, IDE, FLOPPY };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const char *name = interfaces[fixed[i]];
        int unit, end = 0;
        if (strncmp(id, name, strlen(name)) || sscanf(id + strlen(name), "%d%n", &unit, &end) != 1)
            continue;
        Disk *d = !id[strlen(name) + (size_t)end] && unit >= 0 ? taken(fixed[i], (uint64_t)unit) : NULL;
        return d ? &d->drive : NULL;
    }
    return NULL;
}

Drive *drive_find(const char *id)
{
    for (Disk *d = disks; d; d = d->next)
        if (!strcmp(d->drive.id, id))
            return &d->drive;
    return in_place(id);
}

const char *drive_interface(const Drive *d)
{
    return ((const Disk *)d)->interface;
}

const char *drive_file(const Drive *d)
{
    const Disk *disk = (const Disk *)d;
    return disk->inside ? disk->inside->path : disk->path;
}

Drive *drive_next(Drive *d)
{
    Disk *next = d ? ((Disk *)d)->next : disks;
    return next ? &next->drive : NULL;
}

void drives_close(void)
{
    disk_queue_stop();
    for (Disk *d = disks, *next; d; d = next) {
        next = d->next;
        disk_free(d);
    }
    disks = NULL;
    disks_end = &disks;
}
