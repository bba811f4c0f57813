/* The twins: a drive in memory, and one that is nothing but zeros. */
#include "base/alloc.h"
#include "host/disk.h"

#include <stdlib.h>
#include <string.h>

typedef struct MemDisk {
    Disk disk;
    uint8_t *bytes; /* NULL: reads zeros, forgets writes */
} MemDisk;

static void copy(MemDisk *m, bool writes, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    for (int i = 0; i < iovs && bytes; i++) {
        size_t len = iov[i].iov_len < bytes ? iov[i].iov_len : bytes;
        if (writes && m->bytes)
            memcpy(m->bytes + at, iov[i].iov_base, len);
        else if (!writes && m->bytes)
            memcpy(iov[i].iov_base, m->bytes + at, len);
        else if (!writes)
            memset(iov[i].iov_base, 0, len);
        at += len;
        bytes -= len;
    }
}

static bool execute(Disk *d, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs)
{
    MemDisk *m = (MemDisk *)d;
    if (op == DRIVE_READ || op == DRIVE_WRITE)
        copy(m, op == DRIVE_WRITE, at, bytes, iov, iovs);
    else if (op == DRIVE_ZERO && m->bytes)
        memset(m->bytes + at, 0, bytes);
    return true;
}

static void close_mem(Disk *d)
{
    free(((MemDisk *)d)->bytes);
}

static MemDisk *mem_new(const char *id, uint64_t bytes)
{
    MemDisk *m = xalloc(sizeof *m);
    disk_init(&m->disk, id, bytes);
    m->disk.execute = execute;
    m->disk.close = close_mem;
    m->disk.immediate = true;
    return m;
}

Drive *drive_mem(const char *id, uint64_t bytes)
{
    MemDisk *m = mem_new(id, bytes);
    m->bytes = xalloc(bytes);
    return &m->disk.drive;
}

Drive *drive_null(const char *id, uint64_t bytes)
{
    return &mem_new(id, bytes)->disk.drive;
}

void drive_free(Drive *d)
{
    if (d)
        disk_free((Disk *)d);
}

uint8_t *drive_mem_bytes(Drive *d)
{
    return ((MemDisk *)d)->bytes;
}
