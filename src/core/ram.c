/* Guest memory: one reserved stretch of addresses, so that a page number and a host address say the same thing. It is
 * private anonymous memory, to which hosts give large pages when asked; a memfd gets none unless an administrator
 * changed shmem_enabled (Linux, Documentation/admin-guide/mm/transhuge.rst). */
#include "core/run.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
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
        error_set(err, "%s: %llu bytes of memory do not fit this machine; take less", name, (unsigned long long)size);
        return NULL;
    }
    if (mmap(run->ram + at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
             0) == MAP_FAILED) {
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

/* What /proc/self/pagemap says of a page (Linux, Documentation/admin-guide/mm/pagemap.rst): it is in memory, or
 * swapped. */
#define PAGEMAP_THERE (3ull << 62)

size_t ram_touched(const Region *r, uint64_t *numbers)
{
    uint64_t map[512], pages = r->size / 4096, first = (uintptr_t)r->ram / 4096;
    size_t found = 0, per = sizeof map / sizeof *map;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    for (uint64_t done = 0; done < pages; done += per) {
        size_t n = pages - done < per ? (size_t)(pages - done) : per;
        if (fd < 0 || pread(fd, map, n * 8, (off_t)((first + done) * 8)) != (ssize_t)(n * 8))
            memset(map, 0xff, sizeof map); /* not known: any of them may be */
        for (size_t k = 0; k < n; k++)
            if (map[k] & PAGEMAP_THERE)
                numbers[found++] = done + k;
    }
    if (fd >= 0)
        close(fd);
    return found;
}

bool ram_clear(Region *r)
{
    return !madvise(r->ram, r->size, MADV_DONTNEED);
}

Region *const *ram_regions(const Machine *m, size_t *count)
{
    *count = m->run->ram_count;
    return m->run->ram_regions;
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
}
