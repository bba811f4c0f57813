/* A drive: a block device's medium. Kinds: file (raw image), mem, null. Requests finish later, under the machine lock.
 */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Drive Drive;
typedef enum DriveOp { DRIVE_READ, DRIVE_WRITE, DRIVE_FLUSH, DRIVE_DISCARD, DRIVE_ZERO } DriveOp;
enum { DRIVE_OPS = DRIVE_ZERO + 1 };
typedef void DriveDone(void *who, bool ok);

struct Drive {
    const char *id;
    uint64_t bytes;
    bool readonly, cdrom;
    /* Starts one request; `iov` (and what it points at) stays until `done` is called, never before submit returns.
     * Out of bounds, or changing what is read-only: done says false. Requests may overtake one another; a flush makes
     * last what was done before it was submitted. */
    void (*submit)(Drive *, DriveOp, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs, DriveDone *,
                   void *who);
    /* Waits until every request so far is done (snapshot, power-off, reset); under the machine lock, as is `done`. */
    void (*drain)(Drive *);
};

/* Reads or writes at once, in the calling thread: firmware flash at start-up, tools. */
bool drive_now(Drive *, DriveOp, uint64_t at, void *, size_t);

/* -drive file=PATH,if=none|virtio|pflash|ide|floppy,format=raw,id=ID,unit=N,... Without an id it is the interface's
 * name and the unit: virtio0, pflash1; without `if` it is the `usual` one. `snapshot`: as if snapshot=on was there. */
bool drive_add(const char *line, const char *usual, bool snapshot, Error *);
Drive *drive_find(const char *id); /* NULL: none of that id. pflash0, ide1, floppy0 are found whatever their id */
void drives_close(void);           /* machine gone: finishes what was started */

/* For the command line, which plugs a device for each drive of an interface. */
const char *drive_interface(const Drive *); /* "virtio", ... */
const char *drive_file(const Drive *);      /* the image's path */

typedef struct DriveCount { /* of requests that are done; under the machine lock */
    uint64_t operations, failed, bytes, ns;
} DriveCount;
const DriveCount *drive_count(const Drive *, DriveOp);
Drive *drive_next(Drive *); /* in the order they were added; NULL begins and ends */

/* A drive with snapshot=on keeps what is written to it in clusters of its own, which die with the program. */
enum { DRIVE_CLUSTER = 65536 };
bool drive_is_private(const Drive *);
bool drive_private_has(Drive *, uint64_t cluster);
void drive_private_forget(Drive *); /* all of them: as it was when it was opened. No request is under way */

/* The twins. They do what they are told at once, and say so through the door. */
Drive *drive_mem(const char *id, uint64_t bytes);
uint8_t *drive_mem_bytes(Drive *);
Drive *drive_null(const char *id, uint64_t bytes);
