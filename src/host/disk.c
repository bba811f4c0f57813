/* Requests travel: submit -> the workers' queue -> execute -> the drive's finished list -> the door -> done.
 *
 * With a clock (drives_use_clock) nothing about a request depends on the host: it is executed by submit, and done when
 * a drive of our model would have it done. */
#include "host/disk.h"

#include "base/alloc.h"
#include "host/clock.h"
#include "host/door.h"

#include <assert.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 3 };
enum { LATENCY = 50000, BYTES_PER_NS = 1 }; /* of the model: 50 us, and 1 GB/s */

struct Request {
    Request *next;
    Disk *disk;
    DriveOp op;
    uint64_t at, bytes;
    const struct iovec *iov;
    int iovs;
    DriveDone *done;
    void *who;
    int64_t since;
    int64_t when; /* with a clock: it is done */
    bool ok;
};

static struct Queue {
    pthread_mutex_t lock;
    pthread_cond_t came;
    Request *first, **last;
    pthread_t workers[WORKERS];
    bool started, stop;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .last = &queue.first };

static bool allowed(const Request *r)
{
    const Drive *d = &r->disk->drive;
    bool changes = r->op == DRIVE_WRITE || r->op == DRIVE_DISCARD || r->op == DRIVE_ZERO;
    return r->at <= d->bytes && r->bytes <= d->bytes - r->at && !(changes && d->readonly);
}

const DriveCount *drive_count(const Drive *drive, DriveOp op)
{
    return &((const Disk *)drive)->counts[op];
}

static void count(const Request *r)
{
    DriveCount *c = &r->disk->counts[r->op];
    c->operations += r->ok;
    c->failed += !r->ok;
    c->bytes += r->ok ? r->bytes : 0;
    c->ns += (uint64_t)(clock_ns() - r->since);
}

static void finish(Request *r)
{
    count(r);
    r->done(r->who, r->ok);
    free(r);
}

/* Under the machine lock. */
static void call_done(Disk *d)
{
    pthread_mutex_lock(&d->lock);
    Request *r = d->finished;
    d->finished = NULL;
    d->finished_end = &d->finished;
    pthread_mutex_unlock(&d->lock);
    for (Request *next; r; r = next) {
        next = r->next;
        finish(r);
    }
}

static void came_in(void *who, const void *bytes, size_t len)
{
    (void)bytes, (void)len;
    call_done(who);
}

static void carry_out(Request *r)
{
    r->ok = allowed(r) && r->disk->execute(r->disk, r->op, r->at, r->bytes, r->iov, r->iovs);
}

static void execute(Request *r)
{
    Disk *d = r->disk;
    carry_out(r);
    pthread_mutex_lock(&d->lock);
    bool first = !d->finished;
    r->next = NULL;
    *d->finished_end = r;
    d->finished_end = &r->next;
    if (first)
        door_post(DOOR_DISK, d->drive.id, came_in, d, NULL, 0);
    if (!--d->unfinished)
        pthread_cond_broadcast(&d->idle);
    pthread_mutex_unlock(&d->lock);
}

static Request *next_request(void)
{
    pthread_mutex_lock(&queue.lock);
    while (!queue.first && !queue.stop)
        pthread_cond_wait(&queue.came, &queue.lock);
    Request *r = queue.first;
    if (r) {
        queue.first = r->next;
        if (!queue.first)
            queue.last = &queue.first;
    }
    pthread_mutex_unlock(&queue.lock);
    return r;
}

static void *work(void *unused)
{
    (void)unused;
    for (Request *r; (r = next_request());)
        execute(r);
    return NULL;
}

static void start_workers(void)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 0; i < WORKERS; i++) {
        int failed = pthread_create(&queue.workers[i], NULL, work, NULL);
        if (failed) {
            fprintf(stderr, "dragoman: cannot start a thread: %s\n", strerror(failed));
            exit(1);
        }
        pthread_setname_np(queue.workers[i], "drive");
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    queue.started = true;
}

static void enqueue(Request *r)
{
    pthread_mutex_lock(&queue.lock);
    if (!queue.started)
        start_workers();
    *queue.last = r;
    queue.last = &r->next;
    pthread_cond_signal(&queue.came);
    pthread_mutex_unlock(&queue.lock);
}

void disk_queue_stop(void)
{
    pthread_mutex_lock(&queue.lock);
    bool started = queue.started;
    queue.stop = true;
    pthread_cond_broadcast(&queue.came);
    pthread_mutex_unlock(&queue.lock);
    for (int i = 0; started && i < WORKERS; i++)
        pthread_join(queue.workers[i], NULL);
    queue.started = queue.stop = false;
}

/* ---- by the machine's clock; all under the machine lock ---- */

static struct Timed {
    const DriveClock *clock; /* NULL: none */
    Request *first;          /* by when they are done */
} timed;

void drives_use_clock(const DriveClock *clock)
{
    timed.clock = clock;
}

static void finish_at(Request *r, int64_t when)
{
    Request **at = &timed.first;
    while (*at && (*at)->when <= when)
        at = &(*at)->next;
    r->when = when;
    r->next = *at;
    *at = r;
    timed.clock->next(timed.clock->machine, timed.first->when);
}

static void carry_out_now(Request *r)
{
    carry_out(r);
    uint64_t moved = r->ok && r->iovs ? r->bytes : 0;
    finish_at(r, timed.clock->now(timed.clock->machine) + LATENCY + (int64_t)(moved / BYTES_PER_NS));
}

int64_t drives_done(int64_t now)
{
    for (Request *r; (r = timed.first) && r->when <= now;) {
        timed.first = r->next;
        finish(r);
    }
    return timed.first ? timed.first->when : INT64_MAX;
}

/* The first of a drive's is out of the list. */
static Request *take_timed(const Disk *d)
{
    Request **at = &timed.first;
    while (*at && (*at)->disk != d)
        at = &(*at)->next;
    Request *r = *at;
    if (r)
        *at = r->next;
    return r;
}

bool drive_later(Drive *drive, int n, DriveLater *later)
{
    const Request *r = timed.first;
    while (r && (r->disk != (Disk *)drive || n--))
        r = r->next;
    if (r)
        *later = (DriveLater){ r->who, r->when, r->ok };
    return r;
}

void drive_finish_later(Drive *drive, const DriveLater *later, DriveDone *done)
{
    Request *r = xalloc(sizeof *r);
    *r = (Request){ .disk = (Disk *)drive, .done = done, .who = later->who, .since = clock_ns(), .ok = later->ok };
    finish_at(r, later->when);
}

void drive_settle(Drive *drive)
{
    if (!timed.clock || !drive->kept)
        drive->drain(drive);
}

/* ---- */

static void submit(Drive *drive, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs,
                   DriveDone *done, void *who)
{
    Disk *d = (Disk *)drive;
    Request *r = xalloc(sizeof *r);
    *r = (Request){ NULL, d, op, at, bytes, iov, iovs, done, who, clock_ns(), 0, false };
    if (timed.clock) {
        carry_out_now(r);
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->unfinished++;
    pthread_mutex_unlock(&d->lock);
    d->immediate ? execute(r) : enqueue(r);
}

static bool is_busy(Disk *d)
{
    pthread_mutex_lock(&d->lock);
    bool busy = d->unfinished || d->finished;
    pthread_mutex_unlock(&d->lock);
    return busy;
}

/* Who hears that a request is done may submit the next. */
static void drain(Drive *drive)
{
    Disk *d = (Disk *)drive;
    do {
        pthread_mutex_lock(&d->lock);
        while (d->unfinished)
            pthread_cond_wait(&d->idle, &d->lock);
        pthread_mutex_unlock(&d->lock);
        call_done(d);
    } while (is_busy(d));
    for (Request *r; (r = take_timed(d));)
        finish(r);
}

bool drive_now(Drive *drive, DriveOp op, uint64_t at, void *to, size_t len)
{
    Disk *d = (Disk *)drive;
    struct iovec iov = { to, len };
    Request r = { .disk = d, .op = op, .at = at, .bytes = len };
    return allowed(&r) && d->execute(d, op, at, len, &iov, 1);
}

void disk_init(Disk *d, const char *id, uint64_t bytes)
{
    *d = (Disk){ .drive = { .id = xstrdup(id), .bytes = bytes, .submit = submit, .drain = drain } };
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->idle, NULL);
    d->finished_end = &d->finished;
}

void disk_free(Disk *d)
{
    char *id = (char *)d->drive.id;
    if (d->close)
        d->close(d);
    door_forget(d);
    for (Request *r = d->finished, *next; r; r = next) {
        next = r->next;
        free(r); /* who asked is gone */
    }
    for (Request *r; (r = take_timed(d));)
        free(r);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->idle);
    free(id);
    free(d->path);
    free(d);
}

struct iovec *iov_part(const struct iovec *iov, int iovs, uint64_t skip, uint64_t bytes, int *count)
{
    struct iovec *part = xalloc((size_t)(iovs > 0 ? iovs : 1) * sizeof *part);
    *count = 0;
    for (int i = 0; i < iovs && bytes; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t len = iov[i].iov_len - skip;
        if (len > bytes)
            len = bytes;
        part[(*count)++] = (struct iovec){ (char *)iov[i].iov_base + skip, len };
        bytes -= len;
        skip = 0;
    }
    return part;
}
