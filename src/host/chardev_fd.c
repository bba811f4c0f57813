/* Ports on file descriptors: stdio, file, pipe, pty. All reading and writing is the loop's; the device's side only
 * moves bytes to a bounded buffer, so that a slow terminal never holds the machine lock. */
#include "base/alloc.h"
#include "host/port.h"
#include "host/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_BOUND = 1 << 20, PATIENT_BOUND = 64 << 20, CHUNK = 4096, FLUSH_MS = 1000 };

static bool patient;

void chardevs_take_all(bool on)
{
    patient = on;
}

size_t fdport_write(Chardev *c, const void *bytes, size_t len)
{
    FdPort *f = (FdPort *)c;
    pthread_mutex_lock(&f->lock);
    bool all = patient && !c->about;
    size_t n = f->out < 0 ? len : bytes_put(&f->output, bytes, len, all ? PATIENT_BOUND : OUTPUT_BOUND);
    if (f->lossy || all)
        n = len;
    f->short_of_room |= n < len;
    pthread_mutex_unlock(&f->lock);
    loop_wake();
    return n;
}

void fdport_prepare(void *who)
{
    FdPort *f = who;
    pthread_mutex_lock(&f->lock);
    bool writes = f->output.len;
    pthread_mutex_unlock(&f->lock);
    f->in_number = loop_poll(f->in, port_wants_input(&f->port) ? POLLIN : 0);
    f->out_number = loop_poll(f->out, writes ? POLLOUT : 0);
}

static void read_some(FdPort *f)
{
    uint8_t chunk[CHUNK];
    ssize_t n = read(f->in, chunk, sizeof chunk);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    size_t len = n > 0 ? (size_t)n : 0;
    if (len && f->filter)
        len = f->filter(f, chunk, len);
    if (len)
        port_input(&f->port, chunk, len);
    if (n > 0)
        return;
    f->in = -1;
    if (f->lost)
        f->lost(f);
    port_event(&f->port, CHARDEV_CLOSED);
}

/* What cannot be written ever is dropped: the guest must go on without its listener. */
static void write_some(FdPort *f)
{
    pthread_mutex_lock(&f->lock);
    if (f->output.len) {
        ssize_t n = write(f->out, bytes_peek(&f->output), f->output.len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            n = (ssize_t)f->output.len;
        if (n > 0)
            bytes_drop(&f->output, (size_t)n);
    }
    bool tell = f->short_of_room && f->output.len < OUTPUT_BOUND / 2;
    if (tell)
        f->short_of_room = false;
    pthread_mutex_unlock(&f->lock);
    if (tell)
        port_event(&f->port, CHARDEV_WRITABLE);
}

void fdport_dispatch(void *who)
{
    FdPort *f = who;
    if (loop_ready(f->out_number))
        write_some(f);
    if (loop_ready(f->in_number))
        read_some(f);
}

static void flush(FdPort *f)
{
    struct pollfd fd = { .fd = f->out, .events = POLLOUT };
    while (f->out >= 0 && f->output.len && poll(&fd, 1, FLUSH_MS) > 0)
        write_some(f);
}

void fdport_close(Port *p)
{
    FdPort *f = (FdPort *)p;
    loop_remove(&f->source);
    flush(f);
    if (f->in > STDERR_FILENO)
        close(f->in);
    if (f->out > STDERR_FILENO && f->out != f->in)
        close(f->out);
    bytes_free(&f->output);
    pthread_mutex_destroy(&f->lock);
}

void fdport_init(FdPort *f, const char *id, int in, int out)
{
    port_init(&f->port, id);
    port_outside(&f->port);
    f->port.dev.write = fdport_write;
    f->port.close = fdport_close;
    f->in = in;
    f->out = out;
    pthread_mutex_init(&f->lock, NULL);
    f->source = (LoopSource){ .prepare = fdport_prepare, .dispatch = fdport_dispatch, .who = f };
}

static Port *fdport_new(const char *id, int in, int out)
{
    FdPort *f = xalloc(sizeof *f);
    fdport_init(f, id, in, out);
    loop_add(&f->source);
    return &f->port;
}

/* The same terminal or pipe through a description of our own: O_NONBLOCK on the shared one would be a surprise to the
 * shell and to whoever else has it. Not files, whose offset would be another. */
static int own_description(int fd)
{
    struct stat st;
    if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || isatty(fd)))
        return fd;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return again < 0 ? fd : again;
}

static Port *open_stdio(KeyVals *keys, const char *id, Error *err)
{
    static bool taken;
    bool mux = false;
    if (!keyvals_bool(keys, "mux", &mux, err))
        return NULL;
    bool signals = !mux; /* a mux has Ctrl-A x, and Ctrl-C is for the guest */
    if (!keyvals_bool(keys, "signal", &signals, err) || !keyvals_done(keys, err))
        return NULL;
    if (taken)
        return error_set(err, "stdio can be used once; put a mux over it with mon:stdio or mux=on"), NULL;
    taken = true;
    terminal_raw(STDIN_FILENO, signals);
    return fdport_new(id, STDIN_FILENO, own_description(STDOUT_FILENO));
}

static const char *path_of(KeyVals *keys, Error *err)
{
    const char *path = keyvals_get(keys, "path");
    if (!path || !*path)
        return error_set(err, "a path is needed: path=FILE"), NULL;
    return path;
}

static int open_path(const char *path, int flags, Error *err)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0)
        error_set(err, "%s: %s", path, strerror(errno));
    return fd;
}

static Port *open_file(KeyVals *keys, const char *id, Error *err)
{
    const char *path = path_of(keys, err);
    bool append = false;
    if (!path || !keyvals_bool(keys, "append", &append, err) || !keyvals_done(keys, err))
        return NULL;
    int fd = open_path(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), err);
    return fd < 0 ? NULL : fdport_new(id, -1, fd);
}

/* PATH.in and PATH.out if both are there, else PATH both ways. Opened for both directions, since a pipe with no other
 * end yet could not be opened for writing. */
static Port *open_pipe(KeyVals *keys, const char *id, Error *err)
{
    const char *path = path_of(keys, err);
    if (!path || !keyvals_done(keys, err))
        return NULL;
    char *in_path = xprintf("%s.in", path), *out_path = xprintf("%s.out", path);
    bool pair = !access(in_path, F_OK) && !access(out_path, F_OK);
    int in = open_path(pair ? in_path : path, O_RDWR | O_NONBLOCK, err);
    int out = in < 0 ? -1 : pair ? open_path(out_path, O_RDWR | O_NONBLOCK, err) : in;
    free(in_path);
    free(out_path);
    if (in >= 0 && out >= 0)
        return fdport_new(id, in, out);
    if (in >= 0)
        close(in);
    return error_in(err, "make the pipe with mkfifo first: "), NULL;
}

/* We keep the other end open, too: without it each hang-up would have to be polled for. */
static int open_pty_pair(char *name, size_t room)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0)
        return -1;
    int slave = -1;
    if (!grantpt(master) && !unlockpt(master) && !ptsname_r(master, name, room))
        slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    if (slave < 0 || tcgetattr(slave, &raw)) {
        close(master);
        return -1;
    }
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    return master;
}

typedef struct PtyPort {
    FdPort f;
    char name[64]; /* of the other end */
} PtyPort;

static void describe_pty(const Port *p, Out *o)
{
    out(o, "pty:%s", ((const PtyPort *)p)->name);
}

static Port *open_pty(KeyVals *keys, const char *id, Error *err)
{
    PtyPort *p;
    char name[sizeof p->name];
    if (!keyvals_done(keys, err))
        return NULL;
    int fd = open_pty_pair(name, sizeof name);
    if (fd < 0)
        return error_set(err, "pty: %s", strerror(errno)), NULL;
    fprintf(stderr, "char device redirected to %s (label %s)\n", name, id);
    p = xalloc(sizeof *p);
    fdport_init(&p->f, id, fd, fd);
    strcpy(p->name, name);
    p->f.lossy = true;
    p->f.port.describe = describe_pty;
    loop_add(&p->f.source);
    return &p->f.port;
}

const PortKind port_stdio = { "stdio", "signal=on|off", "this terminal", open_stdio };
const PortKind port_file = { "file", "path=FILE,append=on|off", "output to a file", open_file };
const PortKind port_pipe = { "pipe", "path=FIFO", "named pipes FIFO.in and FIFO.out, or FIFO both ways", open_pipe };
const PortKind port_pty = { "pty", "", "a new pseudo-terminal, whose name is printed", open_pty };
