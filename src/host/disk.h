/* What all kinds of drive share; private to host/. A kind is one function that carries out one request, in any thread
 * and at the same time as others. */
#pragma once
#include "base/keyvals.h"
#include "host/drive.h"
#include <pthread.h>

typedef struct Disk Disk;
typedef struct Request Request;
struct Disk {
    Drive drive;
    Disk *next;
    const char *interface;
    int unit;
    char *path; /* of the image, or NULL */
    DriveCount counts[DRIVE_OPS];
    bool (*execute)(Disk *, DriveOp, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs);
    const char *driver; /* of a node that the monitor added: "raw", "file"; NULL: -drive's */
    Disk *over;         /* drive_node.c's: the node whose bytes these are, or NULL */
    bool private;       /* disk_overlay.c's, or one is inside */
    Disk *inside;       /* disk_slot.c's: the medium that is in it, or NULL */
    bool (*resize)(Disk *, uint64_t bytes, Error *); /* NULL: nobody can; no request is under way */
    void (*close)(Disk *);                           /* frees what the kind owns, not the Disk; may be NULL */
    bool immediate;                                  /* executed by submit itself */
    pthread_mutex_t lock;                            /* of the next three */
    pthread_cond_t idle;
    Request *finished, **finished_end; /* executed, `done` not yet called */
    size_t unfinished;                 /* submitted, not yet executed */
};

void disk_init(Disk *, const char *id, uint64_t bytes); /* `id` is copied */
void disk_free(Disk *);
void disk_register(Disk *);   /* drive_find finds it from now on */
void disk_unregister(Disk *); /* ... and no more */
void disk_queue_stop(void);   /* every disk is drained */

/* Copies of part of an iovec list: what remains after `skip` bytes, `bytes` long; free with free(). */
struct iovec *iov_part(const struct iovec *, int iovs, uint64_t skip, uint64_t bytes, int *count);

typedef struct FileOptions {
    const char *path;
    bool readonly, lock, unmap, no_flush, write_through;
} FileOptions;
Disk *disk_file(const char *id, const FileOptions *, Error *);
Disk *disk_overlay(Disk *base, Error *); /* takes `base` over; writes go to a temporary file */

typedef struct DiskOptions {
    FileOptions file; /* its path NULL: none */
    const char *format;
    bool snapshot;
} DiskOptions;
Disk *disk_open(const char *id, const DiskOptions *, Error *);
Disk *disk_slot(const char *id, const DiskOptions *, bool cdrom, Error *); /* for media that come and go */
