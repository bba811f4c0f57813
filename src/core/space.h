/* An address space is what one bus master sees: regions at addresses, the higher hiding the lower. It is rendered to a
 * flat map that is immutable and swapped atomically, so that a vCPU's TLB fill reads it without a lock. */
#pragma once
#include "core/device.h"

/* A region is one of three things: memory, a device's window, or a view into another space. Read-only memory that also
 * has a window is both: reads find memory, writes go to the device (flash). A region outlives every space it was in. */
typedef struct Region {
    const char *name;
    uint64_t size;
    uint8_t *ram; /* memory: host address */
    bool readonly;
    uint64_t page; /* memory: number of its first page in machine page flags (cpu/page.h), set by ram_add */
    void *dev;     /* device window */
    const Window *window;
    Space *into; /* view */
    uint64_t into_at;
} Region;

/* One stretch of the flat map: `size` bytes at `at` are `region` from `offset` on. */
typedef struct Flat {
    uint64_t at, size, offset;
    const Region *region; /* never a view */
} Flat;

Space *space_new(const char *name);
void space_map(Space *, uint64_t at, const Region *, int over); /* a higher `over` hides a lower one */
void space_unmap(Space *, const Region *);
void space_free(Space *);                      /* no other space may have a view into it */
bool space_next(Space *, uint64_t at, Flat *); /* the one that holds `at`, or the first behind it. Lock-free, too */
bool space_flat(Space *, uint64_t at, Flat *); /* the stretch that holds `at`; false: nothing there. Lock-free */
void space_print(Space *, Out *);              /* info mtree */

/* As a bus master. Each is bounded and may cross stretches; false: nothing decodes some byte (reads give zeros from
 * there on). Writers to memory tell the translator first (space_watch); a write to read-only memory is dropped. Called
 * under the machine lock.
 *
 * read and write move blocks and reach memory only. load and store are single accesses and reach device windows too,
 * split or widened to the sizes the window decodes - unless device code is running already (a window's function, a
 * timer, a posted event): a device's DMA that lands on a window is refused and logged, so that no guest can make a
 * device enter itself. Windows marked `messages` (MSI doorbells) are the exception, once per device. */
bool space_read(Space *, uint64_t at, void *, size_t);
bool space_write(Space *, uint64_t at, const void *, size_t);
uint64_t space_load(Space *, uint64_t at, int size, bool *ok);
bool space_store(Space *, uint64_t at, uint64_t value, int size);
/* Loaders and debuggers: as space_write, but read-only memory takes it too. */
bool space_poke(Space *, uint64_t at, const void *, size_t);
/* Whoever writes memory through Region.ram itself says so afterwards. */
void space_dirty(const Region *, uint64_t offset, uint64_t len);
/* Around device code that is not a window's: timers and posted events. */
void space_device_begin(void);
void space_device_end(void);
/* Host address of guest memory for reading, and how many bytes are contiguous there; NULL if it is not memory. */
const uint8_t *space_ram(Space *, uint64_t at, uint64_t *left);

/* Called before a bus master changes guest memory [ram page numbers as in Region.page], and when the flat map changed.
 */
typedef struct SpaceWatch {
    void (*dirty)(void *who, uint64_t page, uint64_t offset, uint64_t len); /* offset in bytes from that page's start */
    void (*remapped)(void *who, Space *, uint64_t at, uint64_t len);
    void *who;
} SpaceWatch;
void space_watch(const SpaceWatch *); /* one for the process: cpu/ */
