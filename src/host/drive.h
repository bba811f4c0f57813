/* A drive: a block device's medium. Kinds: file (raw image), mem, null. Requests finish later, under the machine lock.
 */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Drive Drive;
typedef enum DriveOp { DRIVE_READ, DRIVE_WRITE, DRIVE_FLUSH, DRIVE_DISCARD, DRIVE_ZERO } DriveOp;
typedef void DriveDone(void *who, bool ok);

struct Drive {
    const char *id;
    uint64_t bytes;
    bool readonly;
    /* Starts one request; `iov` (and what it points at) stays until `done` is called, never before submit returns. */
    void (*submit)(Drive *, DriveOp, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs, DriveDone *,
                   void *who);
    /* Waits until every request so far is done (snapshot, power-off, reset). */
    void (*drain)(Drive *);
};
