/* Ports over TCP and Unix sockets, as server (one client at a time) or client, plain or telnet. */
#include "base/alloc.h"
#include "base/number.h"
#include "host/clock.h"
#include "host/port.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Where it is, as the user wrote it. */
typedef struct Address {
    char *path;        /* Unix, or NULL */
    char *host, *port; /* TCP; an empty host is any address */
} Address;

/* RFC 854: a command is IAC and a verb, the verbs from WILL to DONT take one byte more, SB lasts to IAC SE. */
typedef enum Telnet { TELNET_TEXT, TELNET_COMMAND, TELNET_OPTION, TELNET_SUB, TELNET_SUB_COMMAND, TELNET_CR } Telnet;
enum { IAC = 255, DONT = 254, WILL = 251, SB = 250, BRK = 243, SE = 240, ECHO_OPTION = 1, NO_GO_AHEAD = 3 };

typedef struct SocketPort {
    FdPort f;
    Address address;
    int listener, listener_number; /* -1: a client */
    bool telnet;
    Telnet state;
    int64_t reconnect, retry_at; /* ns; reconnect 0: never */
} SocketPort;

static bool set_error(const Address *a, const char *what, Error *err)
{
    return a->path ? error_set(err, "cannot %s %s: %s", what, a->path, strerror(errno))
                   : error_set(err, "cannot %s %s:%s: %s", what, a->host, a->port, strerror(errno));
}

/* A socket file that no server listens on any more is in the way. */
static void remove_stale(const struct sockaddr_un *un)
{
    struct stat st;
    if (lstat(un->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)un, sizeof *un) && errno == ECONNREFUSED)
        unlink(un->sun_path);
    close(fd);
}

typedef int Attach(int fd, const struct sockaddr *, socklen_t);

static int listen_on(int fd, const struct sockaddr *to, socklen_t len)
{
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (to->sa_family == AF_UNIX)
        remove_stale((const struct sockaddr_un *)to);
    return bind(fd, to, len) || listen(fd, 1) ? -1 : 0;
}

static int attach(int family, const struct sockaddr *to, socklen_t len, Attach *how)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = { .tv_sec = 3 }; /* connect(), which is tried again in the loop's thread */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (fd >= 0 && how(fd, to, len)) {
        int why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

static int attach_unix(const Address *a, Attach *how, Error *err)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    if (strlen(a->path) >= sizeof un.sun_path)
        return error_set(err, "%s: a socket's path has at most %zu letters", a->path, sizeof un.sun_path - 1), -1;
    strcpy(un.sun_path, a->path);
    return attach(AF_UNIX, (const struct sockaddr *)&un, sizeof un, how);
}

static int attach_tcp(const Address *a, Attach *how, Error *err)
{
    struct addrinfo *list, hints = { .ai_socktype = SOCK_STREAM, .ai_flags = how == listen_on ? AI_PASSIVE : 0 };
    int failed = getaddrinfo(*a->host ? a->host : NULL, a->port, &hints, &list);
    if (failed)
        return error_set(err, "%s:%s: %s", a->host, a->port, gai_strerror(failed)), -1;
    int fd = -1;
    for (struct addrinfo *i = list; i && fd < 0; i = i->ai_next)
        fd = attach(i->ai_family, i->ai_addr, i->ai_addrlen, how);
    freeaddrinfo(list);
    return fd;
}

static int open_address(const Address *a, Attach *how, Error *err)
{
    Error none = { "" };
    int fd = a->path ? attach_unix(a, how, &none) : attach_tcp(a, how, &none);
    if (fd < 0 && *none.text)
        error_set(err, "%s", none.text);
    else if (fd < 0)
        set_error(a, how == listen_on ? "listen on" : "connect to", err);
    return fd;
}

static void connected(SocketPort *s, int fd)
{
    static const uint8_t hello[] = { IAC, WILL, ECHO_OPTION, IAC, WILL, NO_GO_AHEAD };
    int one = 1, flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!s->address.path) /* a keystroke is a packet */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (s->telnet && send(fd, hello, sizeof hello, flags) < 0) {
        close(fd);
        return;
    }
    s->state = TELNET_TEXT;
    s->f.in = fd;
    pthread_mutex_lock(&s->f.lock);
    s->f.out = fd;
    pthread_mutex_unlock(&s->f.lock);
    port_event(&s->f.port, CHARDEV_OPENED);
}

static void lost(FdPort *f)
{
    SocketPort *s = (SocketPort *)f;
    pthread_mutex_lock(&f->lock);
    close(f->out);
    f->out = -1;
    bytes_drop(&f->output, f->output.len);
    f->short_of_room = false;
    pthread_mutex_unlock(&f->lock);
    s->retry_at = clock_ns() + s->reconnect;
}

static Telnet telnet_command(SocketPort *s, uint8_t verb)
{
    if (verb == BRK)
        port_event(&s->f.port, CHARDEV_BREAK);
    return verb == SB ? TELNET_SUB : verb >= WILL && verb <= DONT ? TELNET_OPTION : TELNET_TEXT;
}

static size_t telnet_filter(FdPort *f, uint8_t *bytes, size_t len)
{
    SocketPort *s = (SocketPort *)f;
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t b = bytes[i];
        switch (s->state) {
        case TELNET_CR: /* a return key is CR NUL or CR LF */
            s->state = TELNET_TEXT;
            if (b == 0 || b == '\n')
                break;
            __attribute__((fallthrough));
        case TELNET_TEXT:
            s->state = b == IAC ? TELNET_COMMAND : b == '\r' ? TELNET_CR : TELNET_TEXT;
            if (b != IAC)
                bytes[kept++] = b;
            break;
        case TELNET_COMMAND:
            if (b == IAC)
                bytes[kept++] = b;
            s->state = b == IAC ? TELNET_TEXT : telnet_command(s, b);
            break;
        case TELNET_OPTION:
            s->state = TELNET_TEXT;
            break;
        case TELNET_SUB:
            s->state = b == IAC ? TELNET_SUB_COMMAND : TELNET_SUB;
            break;
        case TELNET_SUB_COMMAND:
            s->state = b == SE ? TELNET_TEXT : TELNET_SUB;
            break;
        }
    }
    return kept;
}

static void prepare(void *who)
{
    SocketPort *s = who;
    bool alone = s->f.in < 0;
    fdport_prepare(&s->f);
    s->listener_number = loop_poll(s->listener, alone ? POLLIN : 0);
    if (alone && s->listener < 0 && s->reconnect)
        loop_within(s->retry_at - clock_ns());
}

static void dispatch(void *who)
{
    SocketPort *s = who;
    fdport_dispatch(&s->f);
    if (loop_ready(s->listener_number)) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            connected(s, fd);
    }
    if (s->f.in >= 0 || s->listener >= 0 || !s->reconnect || clock_ns() < s->retry_at)
        return;
    int fd = open_address(&s->address, connect, NULL);
    s->retry_at = clock_ns() + s->reconnect;
    if (fd >= 0)
        connected(s, fd);
}

static void close_socket(Port *p)
{
    SocketPort *s = (SocketPort *)p;
    fdport_close(p);
    if (s->listener >= 0) {
        close(s->listener);
        if (s->address.path)
            unlink(s->address.path);
    }
    free(s->address.path);
    free(s->address.host);
    free(s->address.port);
}

/* HOST:PORT, :PORT or [IPV6]:PORT. */
static bool split(const char *text, Address *a, Error *err)
{
    const char *colon = strrchr(text, ':');
    if (!colon || !colon[1])
        return error_set(err, "%s: expected HOST:PORT or :PORT", text);
    bool brackets = *text == '[' && colon > text && colon[-1] == ']';
    a->host = xprintf("%.*s", (int)(colon - text) - 2 * brackets, text + brackets);
    a->port = xstrdup(colon + 1);
    return true;
}

static bool address_of(KeyVals *keys, Address *a, Error *err)
{
    const char *path = keyvals_get(keys, "path"), *address = keyvals_get(keys, "address");
    const char *host = keyvals_get(keys, "host"), *port = keyvals_get(keys, "port");
    if (path && *path) {
        a->path = xstrdup(path);
        return true;
    }
    if (address)
        return split(address, a, err);
    if (!port)
        return error_set(err, "say where: host=HOST,port=PORT or path=FILE");
    a->host = xstrdup(host ? host : "");
    a->port = xstrdup(port);
    return true;
}

typedef struct Manner {
    bool server, wait, nowait, telnet, nodelay;
    uint64_t reconnect;
} Manner;

static bool manner_of(KeyVals *keys, Manner *m, Error *err)
{
    *m = (Manner){ .wait = true };
    bool ok = keyvals_bool(keys, "server", &m->server, err) && keyvals_bool(keys, "wait", &m->wait, err) &&
              keyvals_bool(keys, "nowait", &m->nowait, err) && keyvals_bool(keys, "telnet", &m->telnet, err) &&
              keyvals_bool(keys, "nodelay", &m->nodelay, err) &&
              keyvals_number(keys, "reconnect", &m->reconnect, 86400, err);
    m->wait = m->wait && !m->nowait && m->server;
    return ok;
}

static bool begin(SocketPort *s, const Manner *m, Error *err)
{
    if (!m->server) {
        int fd = open_address(&s->address, connect, m->reconnect ? NULL : err);
        if (fd >= 0)
            connected(s, fd);
        return fd >= 0 || m->reconnect;
    }
    s->listener = open_address(&s->address, listen_on, err);
    if (s->listener >= 0 && m->wait) {
        fprintf(stderr, "dragoman: waiting for a connection on %s%s%s%s\n",
                s->address.path ? "unix:" : "tcp:", s->address.path ? s->address.path : s->address.host,
                s->address.path ? "" : ":", s->address.path ? "" : s->address.port);
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return set_error(&s->address, "accept on", err);
        connected(s, fd);
    }
    return s->listener >= 0;
}

/* The port as it was named on the command line. */
static void describe(const Port *p, Out *o)
{
    const SocketPort *s = (const SocketPort *)p;
    if (s->f.out < 0 && s->listener < 0)
        out(o, "disconnected:");
    out(o, "%s:", s->address.path ? "unix" : s->telnet ? "telnet" : "tcp");
    if (s->address.path)
        out(o, "%s", s->address.path);
    else
        out(o, "%s:%s", s->address.host, s->address.port);
    out(o, "%s", s->listener >= 0 ? ",server=on" : "");
}

static Port *open_socket(KeyVals *keys, const char *id, Error *err)
{
    SocketPort *s = xalloc(sizeof *s);
    Manner manner;
    fdport_init(&s->f, id, -1, -1);
    s->listener = -1;
    s->f.port.dev.late = true;
    s->f.port.describe = describe;
    s->f.port.close = close_socket;
    s->f.lost = lost;
    s->f.source = (LoopSource){ .prepare = prepare, .dispatch = dispatch, .who = s };
    bool ok = manner_of(keys, &manner, err) && address_of(keys, &s->address, err) && keyvals_done(keys, err);
    s->telnet = ok && manner.telnet;
    s->f.filter = s->telnet ? telnet_filter : NULL;
    s->reconnect = ok ? (int64_t)manner.reconnect * 1000000000 : 0;
    if (!ok || !begin(s, &manner, err)) {
        port_free(&s->f.port);
        return NULL;
    }
    loop_add(&s->f.source);
    return &s->f.port;
}

const PortKind port_socket = { "socket", "host=,port=|path=,server=on|off,wait=on|off,telnet=on|off,reconnect=SECONDS",
                               "a TCP or Unix socket", open_socket };
