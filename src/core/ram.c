/* Guest memory: one memfd, mapped into one reserved stretch of addresses, so that a page number, an offset in the file
 * and a host address say the same thing. */
#include "core/run.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Beyond the largest RAM: flash, ROM and video memory. */
#define OTHER_MEMORY (2ull << 30)
#define ALIGN        (2ull << 20) /* so that the host may use large pages */

static uint64_t align(uint64_t size)
{
    return (size + ALIGN - 1) & ~(ALIGN - 1);
}

bool ram_init(Machine *m, Error *err)
{
    struct MachineRun *run = m->run;
    run->ram_reserved = align(run->config.ram) + OTHER_MEMORY;
    run->ram_fd = memfd_create("guest-ram", MFD_CLOEXEC);
    if (run->ram_fd < 0)
        return error_set(err, "cannot create guest memory: %s", strerror(errno));
    uint8_t *base =
        mmap(NULL, run->ram_reserved + ALIGN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return error_set(err, "cannot reserve addresses for %llu MiB of guest memory: %s; try a smaller -m",
                         (unsigned long long)run->ram_reserved >> 20, strerror(errno));
    uint8_t *aligned = (uint8_t *)align((uintptr_t)base);
    if (aligned != base)
        munmap(base, (size_t)(aligned - base));
    if (aligned != base + ALIGN)
        munmap(aligned + run->ram_reserved, (size_t)(base + ALIGN - aligned));
    run->ram = aligned;
    return true;
}

Region *ram_add(Machine *m, const char *name, uint64_t size, bool readonly, Error *err)
{
    struct MachineRun *run = m->run;
    uint64_t at = run->ram_used;
    if (!size || size > run->ram_reserved - at || align(size) > run->ram_reserved - at) {
        error_set(err, "%s: %llu bytes of memory do not fit this machine", name, (unsigned long long)size);
        return NULL;
    }
    if (ftruncate(run->ram_fd, (off_t)(at + align(size))) ||
        mmap(run->ram + at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, run->ram_fd,
             (off_t)at) == MAP_FAILED) {
        error_set(err, "%s: cannot allocate %llu MiB: %s; try a smaller -m", name, (unsigned long long)size >> 20,
                  strerror(errno));
        return NULL;
    }
    madvise(run->ram + at, size, MADV_HUGEPAGE);
    Region *r = xalloc(sizeof *r);
    *r = (Region){ .name = xstrdup(name), .size = size, .ram = run->ram + at, .readonly = readonly, .page = at >> 12 };
    run->ram_used = at + align(size);
    run->ram_regions = xrealloc(run->ram_regions, (run->ram_count + 1) * sizeof(Region *));
    run->ram_regions[run->ram_count++] = r;
    return r;
}

uint64_t ram_pages(const Machine *m)
{
    return m->run->ram_used >> 12;
}

int ram_fd(const Machine *m, uint64_t *size)
{
    *size = m->run->ram_used;
    return m->run->ram_fd;
}

void ram_free(Machine *m)
{
    struct MachineRun *run = m->run;
    for (size_t i = 0; i < run->ram_count; i++) {
        free((void *)(uintptr_t)run->ram_regions[i]->name);
        free(run->ram_regions[i]);
    }
    free(run->ram_regions);
    if (run->ram)
        munmap(run->ram, run->ram_reserved);
    if (run->ram_fd >= 0)
        close(run->ram_fd);
}
