/* Raw image files and block devices of the host. */
#include "base/alloc.h"
#include "host/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SECTOR = 512, MOST_IOVS = IOV_MAX };

typedef struct FileDisk {
    Disk disk;
    int fd;
    FileOptions how;
} FileDisk;

/* Moves *iov on by `n` bytes. */
static void advance(struct iovec **iov, int *iovs, size_t n)
{
    while (*iovs && n >= (*iov)->iov_len) {
        n -= (*iov)->iov_len;
        ++*iov;
        --*iovs;
    }
    if (n) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + n;
        (*iov)->iov_len -= n;
    }
}

static void zero_rest(const struct iovec *iov, int iovs)
{
    for (int i = 0; i < iovs; i++)
        memset(iov[i].iov_base, 0, iov[i].iov_len);
}

/* A file whose size is no multiple of a sector reads as zeros after its end. */
static bool transfer(int fd, bool writes, uint64_t at, struct iovec *iov, int iovs)
{
    while (iovs) {
        int some = iovs < MOST_IOVS ? iovs : MOST_IOVS;
        ssize_t n = writes ? pwritev(fd, iov, some, (off_t)at) : preadv(fd, iov, some, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (writes && !n))
            return false;
        if (!n) {
            zero_rest(iov, iovs);
            return true;
        }
        advance(&iov, &iovs, (size_t)n);
        at += (uint64_t)n;
    }
    return true;
}

static bool read_or_write(FileDisk *f, bool writes, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    int count;
    struct iovec *part = iov_part(iov, iovs, 0, bytes, &count);
    bool ok = transfer(f->fd, writes, at, part, count);
    free(part);
    return ok && (!writes || !f->how.write_through || !fdatasync(f->fd));
}

static bool write_zeros(int fd, uint64_t at, uint64_t bytes)
{
    static const uint8_t zeros[65536];
    while (bytes) {
        size_t len = bytes < sizeof zeros ? bytes : sizeof zeros;
        struct iovec iov = { (void *)(uintptr_t)zeros, len };
        if (!transfer(fd, true, at, &iov, 1))
            return false;
        at += len;
        bytes -= len;
    }
    return true;
}

static bool zero(FileDisk *f, uint64_t at, uint64_t bytes)
{
    int mode = f->how.unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;
    return !bytes || !fallocate(f->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes) ||
           write_zeros(f->fd, at, bytes);
}

/* A discard is advice: a file system that cannot do it keeps the data. */
static bool discard(FileDisk *f, uint64_t at, uint64_t bytes)
{
    if (f->how.unmap && bytes)
        (void)!fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes);
    return true;
}

static bool execute(Disk *d, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    FileDisk *f = (FileDisk *)d;
    switch (op) {
    case DRIVE_READ:
    case DRIVE_WRITE:
        return read_or_write(f, op == DRIVE_WRITE, at, bytes, iov, iovs);
    case DRIVE_FLUSH:
        return f->how.no_flush || d->drive.readonly || !fdatasync(f->fd);
    case DRIVE_DISCARD:
        return discard(f, at, bytes);
    case DRIVE_ZERO:
        return zero(f, at, bytes);
    }
    return false;
}

static bool resize(Disk *d, uint64_t bytes, Error *err)
{
    FileDisk *f = (FileDisk *)d;
    struct stat st;
    if (fstat(f->fd, &st) || !S_ISREG(st.st_mode))
        return error_set(err, "'%s' is no file, its size is the host's", d->drive.id);
    return !ftruncate(f->fd, (off_t)bytes) || error_set(err, "'%s': %s", d->drive.id, strerror(errno));
}

static void close_file(Disk *d)
{
    FileDisk *f = (FileDisk *)d;
    if (!d->drive.readonly && !f->how.no_flush)
        fdatasync(f->fd);
    close(f->fd);
}

/* Readers share, a writer is alone; held by the open file, so any other process sees it, and it dies with us. */
static bool lock_image(int fd, const FileOptions *how, Error *err)
{
    struct flock lock = { .l_type = how->readonly ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };
    if (!how->lock || !fcntl(fd, F_OFD_SETLK, &lock) || (errno != EAGAIN && errno != EACCES))
        return true; /* not every file system has locks */
    return error_set(err, "%s is in use by another program; stop it, or add readonly=on or snapshot=on to both",
                     how->path);
}

static bool size_of(int fd, const char *path, uint64_t *bytes, Error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return error_set(err, "%s: %s", path, strerror(errno));
    *bytes = (uint64_t)st.st_size;
    if (S_ISDIR(st.st_mode))
        return error_set(err, "%s is a directory; name an image file", path);
    if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, bytes))
        return error_set(err, "%s: cannot ask for its size (%s); name an image file", path, strerror(errno));
    if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
        return error_set(err, "%s is neither a file nor a block device; name an image file", path);
    *bytes = (*bytes + SECTOR - 1) / SECTOR * SECTOR;
    return true;
}

static int open_image(const FileOptions *how, Error *err)
{
    int fd = open(how->path, (how->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM || errno == ETXTBSY) && !how->readonly &&
        !access(how->path, R_OK))
        error_set(err, "%s cannot be written (%s); add readonly=on or snapshot=on", how->path, strerror(errno));
    else if (fd < 0 && errno == EISDIR)
        error_set(err, "%s is a directory; name an image file", how->path);
    else if (fd < 0)
        error_set(err, "%s: %s; name an image file", how->path, strerror(errno));
    return fd;
}

Disk *disk_file(const char *id, const FileOptions *how, Error *err)
{
    int fd = open_image(how, err);
    uint64_t bytes;
    if (fd < 0)
        return NULL;
    if (!size_of(fd, how->path, &bytes, err) || !lock_image(fd, how, err)) {
        close(fd);
        return NULL;
    }
    FileDisk *f = xalloc(sizeof *f);
    disk_init(&f->disk, id, bytes);
    f->disk.drive.readonly = how->readonly;
    f->disk.execute = execute;
    f->disk.resize = resize;
    f->disk.close = close_file;
    f->fd = fd;
    f->how = *how;
    f->how.path = NULL;
    return &f->disk;
}
