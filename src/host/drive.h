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

/* What the device of a removable medium does; under the machine lock. */
typedef struct DriveUser {
    void (*changed)(void *who);         /* another medium is in it, or none: `bytes` is 0 */
    void (*resized)(void *who);         /* the same medium has another size; NULL: the guest cannot be told */
    void (*tray)(void *who, bool open); /* somebody moved it; NULL: it has none */
    bool (*is_open)(void *who);         /* NULL: never */
    bool (*is_locked)(void *who);       /* the guest keeps the tray shut; NULL: never */
    void (*ask)(void *who);             /* ... and somebody would like to open it */
} DriveUser;

struct Drive {
    const char *id;
    uint64_t bytes;
    bool readonly, cdrom, removable;
    const DriveUser *user; /* set by the device, or NULL */
    void *user_of;
    bool kept; /* set by a device that saves what is under way (drive_later) */
    /* Starts one request; `iov` (and what it points at) stays until `done` is called, never before submit returns.
     * Out of bounds, or changing what is read-only: done says false. Requests may overtake one another; a flush makes
     * last what was done before it was submitted. */
    void (*submit)(Drive *, DriveOp, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs, DriveDone *,
                   void *who);
    /* Waits until every request so far is done (snapshot, power-off, reset); under the machine lock, as is `done`. */
    void (*drain)(Drive *);
};

/* For machines that are to do the same every time: requests are carried out when they are submitted and done when a
 * drive of our model would have them done. `next` is called with the time at which drives_done is to be called, which
 * says when the next time is, INT64_MAX: never. All under the machine lock. */
typedef struct DriveClock {
    int64_t (*now)(void *machine);
    void (*next)(void *machine, int64_t when);
    void *machine;
} DriveClock;
void drives_use_clock(const DriveClock *); /* before the machine runs; NULL: none */
int64_t drives_done(int64_t now);

/* With such a clock: the nth request under way, for a snapshot, and one that was loaded. */
typedef struct DriveLater {
    void *who;
    int64_t when;
    bool ok;
} DriveLater;
bool drive_later(Drive *, int n, DriveLater *); /* false: there are not so many */
void drive_finish_later(Drive *, const DriveLater *, DriveDone *);
void drive_settle(Drive *); /* before a snapshot: nothing is under way but what the device saves */

/* Reads or writes at once, in the calling thread: firmware flash at start-up, tools. */
bool drive_now(Drive *, DriveOp, uint64_t at, void *, size_t);

/* -drive file=PATH,if=none|virtio|pflash|ide|floppy,format=raw,id=ID,unit=N,... Without an id it is the interface's
 * name and the unit: virtio0, pflash1, or ide0-hd1, ide1-cd0; without `if` it is the `usual` one. `snapshot`: as if
 * snapshot=on was there. CDs and floppies may come without a file: an empty drive. */
bool drive_add(const char *line, const char *usual, bool snapshot, Error *);
bool drive_taken(const char *interface, int unit);
/* Puts another medium into a drive that is removable, NULL: takes it out. Under the machine lock; it waits for
 * requests. On an error the old one stays. */
typedef enum DriveAccess { DRIVE_RETAIN, DRIVE_READONLY, DRIVE_WRITABLE } DriveAccess;
bool drive_change(Drive *, const char *path, const char *format, DriveAccess, Error *);
/* blockdev-add's options, as a line: node-name=ID,driver=file,filename=PATH or node-name=ID,driver=raw,file=ID. */
bool drive_add_node(const char *line, Error *);
/* Of a node that no device has. Under the machine lock; it waits for requests. */
bool drive_remove_node(Drive *, Error *);
bool drive_is_node(const Drive *);
const char *drive_driver(const Drive *); /* what query-block calls it: "raw", "file" */
/* Another size for an image. Under the machine lock; it waits for requests, and tells the device. */
bool drive_resize(Drive *, uint64_t bytes, Error *);
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
void drive_free(Drive *); /* a twin; NULL: nothing */
