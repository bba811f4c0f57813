#include "core/load.h"

#include "base/alloc.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if HAVE_ZLIB
#include <zlib.h>
#endif
#if HAVE_ZSTD
#include <zstd.h>
#endif

enum { MAPPED = 1 << 20 };

void blob_free(Blob *b)
{
    if (b->mapped)
        munmap(b->data, b->len);
    else
        free(b->data);
    *b = (Blob){ 0 };
}

/* Large files are mapped: that saves a copy of a kernel. */
static bool map_all(int fd, Blob *b)
{
    void *data = b->len < MAPPED ? MAP_FAILED : mmap(NULL, b->len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED)
        return false;
    b->data = data;
    b->mapped = true;
    return true;
}

static bool read_all(int fd, Blob *b)
{
    b->data = xalloc(b->len);
    for (size_t done = 0; done < b->len;) {
        ssize_t n = read(fd, b->data + done, b->len - done);
        if (n < 0)
            return false;
        if (!n)
            b->len = done; /* it shrank meanwhile */
        done += (size_t)n;
    }
    return true;
}

bool load_file(const char *what, const char *path, uint64_t most, Blob *b, Error *err)
{
    *b = (Blob){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "%s '%s': %s; name a file that can be read", what, path, strerror(errno));
    struct stat s;
    bool ok = false;
    if (fstat(fd, &s))
        error_set(err, "%s '%s': %s", what, path, strerror(errno));
    else if (!S_ISREG(s.st_mode))
        error_set(err, "%s '%s': not a file; name one", what, path);
    else if (!s.st_size)
        error_set(err, "%s '%s': the file is empty; fetch or build it again", what, path);
    else if ((uint64_t)s.st_size > most)
        error_set(err,
                  "%s '%s' has %" PRIu64 " MiB, but only %" PRIu64 " MiB fit; give the machine more memory with -m",
                  what, path, (uint64_t)s.st_size >> 20, most >> 20);
    else {
        b->len = (size_t)s.st_size;
        ok = map_all(fd, b) || read_all(fd, b) || error_set(err, "%s '%s': %s", what, path, strerror(errno));
    }
    close(fd);
    if (!ok)
        blob_free(b);
    return ok;
}

uint64_t blob_le(const Blob *b, uint64_t at, int size)
{
    uint64_t value = 0;
    if (at <= b->len && b->len - at >= (size_t)size)
        memcpy(&value, b->data + at, (size_t)size);
    return value;
}

bool load_is_gzip(const uint8_t *data, size_t len)
{
    return len > 18 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

#if HAVE_ZLIB || HAVE_ZSTD
static bool grow(Blob *b, size_t *room, uint64_t most)
{
    if (*room >= most)
        return false;
    *room = *room ? *room * 2 : 16u << 20;
    if (*room > most)
        *room = most;
    b->data = xrealloc(b->data, *room);
    return true;
}

static bool too_long(const char *path, uint64_t most, Error *err)
{
    return error_set(err, "'%s' unpacks to more than %" PRIu64 " MiB; give the machine more memory with -m", path,
                     most >> 20);
}
#endif

bool load_gunzip(const char *path, const uint8_t *data, size_t len, uint64_t most, Blob *b, Error *err)
{
    *b = (Blob){ 0 };
#if HAVE_ZLIB
    z_stream z = { .next_in = (uint8_t *)(uintptr_t)data, .avail_in = (unsigned)len };
    if (len > UINT32_MAX || inflateInit2(&z, 15 + 16) != Z_OK)
        return error_set(err, "'%s': cannot unpack; gunzip it first", path);
    size_t room = 0;
    int result = Z_OK;
    while (result == Z_OK && (b->len < room || grow(b, &room, most))) {
        z.next_out = b->data + b->len;
        z.avail_out = room - b->len > 1u << 30 ? 1u << 30 : (unsigned)(room - b->len);
        result = inflate(&z, Z_NO_FLUSH);
        b->len = (size_t)(z.next_out - b->data);
    }
    inflateEnd(&z);
    if (result == Z_STREAM_END)
        return true;
    blob_free(b);
    if (result == Z_OK)
        return too_long(path, most, err);
    return error_set(err, "'%s': %s; fetch or build it again", path,
                     result == Z_BUF_ERROR ? "the gzip file ends early" : "the gzip file is damaged");
#else
    (void)data, (void)len, (void)most;
    return error_set(err, "'%s' is gzip-compressed and this program was built without zlib; unpack it with gunzip",
                     path);
#endif
}

bool load_unpacked(const char *what, const char *path, uint64_t most, Blob *b, Error *err)
{
    Blob packed;
    if (!load_file(what, path, most, b, err) || !load_is_gzip(b->data, b->len))
        return b->data;
    packed = *b;
    bool ok = load_gunzip(path, packed.data, packed.len, most, b, err);
    blob_free(&packed);
    return ok;
}

bool load_unzstd(const char *path, const uint8_t *data, size_t len, uint64_t most, Blob *b, Error *err)
{
    *b = (Blob){ 0 };
#if HAVE_ZSTD
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = { data, len, 0 };
    size_t room = 0, left = 1;
    while (left && !ZSTD_isError(left) && (b->len < room || grow(b, &room, most))) {
        size_t before = in.pos;
        ZSTD_outBuffer to = { b->data, room, b->len };
        left = ZSTD_decompressStream(stream, &to, &in);
        bool stuck = in.pos == before && to.pos == b->len;
        b->len = to.pos;
        if (stuck)
            break;
    }
    ZSTD_freeDStream(stream);
    if (!left)
        return true;
    bool full = b->len == most;
    blob_free(b);
    if (full)
        return too_long(path, most, err);
    return error_set(err, "'%s': %s; fetch or build it again", path,
                     ZSTD_isError(left) ? "the zstd data is damaged" : "the zstd data ends early");
#else
    (void)data, (void)len, (void)most;
    return error_set(err, "'%s' is zstd-compressed and this program was built without libzstd; unpack it with unzstd",
                     path);
#endif
}
