/* User-mode networking: libslirp answers the guest's TCP, UDP and ICMP with ordinary sockets of this process. The
 * library is not thread-safe, so all of it runs on the loop's thread; the device only queues its frames. */
#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"
#include "host/clock.h"
#include "host/loop.h"
#include "host/netport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>

typedef struct SlirpTimer SlirpTimer;
typedef struct UserNet {
    NetPort port;
    Slirp *slirp;
    LoopSource source;
    pthread_mutex_t lock; /* of the next three */
    pthread_cond_t heard;
    Frames sent;
    bool hears; /* the loop's thread is busy with what was sent */
    SlirpTimer *timers;
} UserNet;

struct SlirpTimer {
    SlirpTimer *next;
    SlirpTimerCb fn;
    void *arg;
    int64_t when; /* ms of clock_ns; -1: off */
};

static ssize_t to_guest(const void *frame, size_t len, void *opaque)
{
    netport_frame(opaque, frame, len);
    return (ssize_t)len;
}

static void guest_error(const char *words, void *opaque)
{
    log_guest("netdev %s: %s", ((UserNet *)opaque)->port.net.id, words);
}

static int64_t now_ns(void *opaque)
{
    (void)opaque;
    return clock_ns();
}

static void *timer_new(SlirpTimerCb fn, void *arg, void *opaque)
{
    UserNet *u = opaque;
    SlirpTimer *t = xalloc(sizeof *t);
    *t = (SlirpTimer){ u->timers, fn, arg, -1 };
    u->timers = t;
    return t;
}

static void timer_free(void *timer, void *opaque)
{
    UserNet *u = opaque;
    for (SlirpTimer **at = &u->timers; *at; at = &(*at)->next)
        if (*at == timer) {
            *at = (*at)->next;
            free(timer);
            return;
        }
}

static void timer_mod(void *timer, int64_t ms, void *opaque)
{
    (void)opaque;
    ((SlirpTimer *)timer)->when = ms;
}

static void fd_known(int fd, void *opaque)
{
    (void)fd, (void)opaque;
}

static void notify(void *opaque)
{
    (void)opaque;
    loop_wake();
}

static const SlirpCb callbacks = {
    .send_packet = to_guest,
    .guest_error = guest_error,
    .clock_get_ns = now_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = fd_known,
    .unregister_poll_fd = fd_known,
    .notify = notify,
};

static const struct PollBit {
    int slirp;
    short poll;
} poll_bits[] = {
    { SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
    { SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};

static int add_poll(int fd, int events, void *opaque)
{
    (void)opaque;
    short wanted = 0;
    for (size_t i = 0; i < sizeof poll_bits / sizeof *poll_bits; i++)
        wanted = (short)(wanted | (events & poll_bits[i].slirp ? poll_bits[i].poll : 0));
    return loop_poll(fd, wanted);
}

static int get_events(int number, void *opaque)
{
    (void)opaque;
    short came = loop_ready(number);
    int events = 0;
    for (size_t i = 0; i < sizeof poll_bits / sizeof *poll_bits; i++)
        events |= came & poll_bits[i].poll ? poll_bits[i].slirp : 0;
    return events;
}

static void prepare(void *who)
{
    UserNet *u = who;
    uint32_t ms = UINT32_MAX;
    slirp_pollfds_fill(u->slirp, &ms, add_poll, u);
    if (ms != UINT32_MAX)
        loop_within((int64_t)ms * 1000000);
    for (SlirpTimer *t = u->timers; t; t = t->next)
        if (t->when >= 0)
            loop_within(t->when * 1000000 - clock_ns());
    pthread_mutex_lock(&u->lock);
    if (u->sent.first)
        loop_within(0);
    pthread_mutex_unlock(&u->lock);
}

static void fire_timers(UserNet *u)
{
    int64_t now = clock_ns() / 1000000;
    for (SlirpTimer *t = u->timers; t; t = t->next)
        if (t->when >= 0 && t->when <= now) {
            t->when = -1;
            t->fn(t->arg);
            return; /* it may have changed the list; the next turn has the next one */
        }
}

static void take_sent(UserNet *u)
{
    Frames batch;
    pthread_mutex_lock(&u->lock);
    batch = u->sent;
    frames_init(&u->sent);
    u->hears = true;
    pthread_mutex_unlock(&u->lock);
    for (Frame *f = batch.first, *next; f; f = next) {
        next = f->next;
        slirp_input(u->slirp, f->bytes, (int)f->len);
        free(f);
    }
    pthread_mutex_lock(&u->lock);
    u->hears = false;
    pthread_cond_broadcast(&u->heard);
    pthread_mutex_unlock(&u->lock);
}

/* What the network itself answers (ARP, DHCP, a ping to it) is at the door when this returns, so that the moment at
 * which it comes in does not depend on the host. */
static void wait_heard(UserNet *u)
{
    pthread_mutex_lock(&u->lock);
    while (u->sent.first || u->hears)
        pthread_cond_wait(&u->heard, &u->lock);
    pthread_mutex_unlock(&u->lock);
}

static void dispatch(void *who)
{
    UserNet *u = who;
    slirp_pollfds_poll(u->slirp, 0, get_events, u);
    take_sent(u);
    fire_timers(u);
}

static void send_user(NetPort *p, const void *frame, size_t len)
{
    UserNet *u = (UserNet *)p;
    pthread_mutex_lock(&u->lock);
    bool first = !u->sent.first;
    if (u->sent.count < FRAMES_WAITING)
        frames_put(&u->sent, frame, len);
    pthread_mutex_unlock(&u->lock);
    if (first)
        loop_wake();
    if (net_is_prompt())
        wait_heard(u);
}

static void close_user(NetPort *p)
{
    UserNet *u = (UserNet *)p;
    loop_remove(&u->source);
    slirp_cleanup(u->slirp);
    while (u->timers)
        timer_free(u->timers, u);
    frames_free(&u->sent);
    pthread_mutex_destroy(&u->lock);
    pthread_cond_destroy(&u->heard);
}

/* What the user can say about the network; addresses in network byte order. */
typedef struct UserOptions {
    SlirpConfig config;
    const char **dns_search; /* NULL-ended */
    uint64_t prefix_len;
} UserOptions;

static bool address4(KeyVals *keys, const char *key, struct in_addr *to, Error *err)
{
    const char *text = keyvals_get(keys, key);
    return !text || inet_pton(AF_INET, text, to) == 1 ||
           error_set(err, "%s=%s: expected an IPv4 address such as 10.0.2.2", key, text);
}

static bool address6(KeyVals *keys, const char *key, struct in6_addr *to, Error *err)
{
    const char *text = keyvals_get(keys, key);
    return !text || inet_pton(AF_INET6, text, to) == 1 ||
           error_set(err, "%s=%s: expected an IPv6 address such as fec0::2", key, text);
}

/* net=ADDRESS[/BITS or /MASK]: host, name server and first lease follow it, as .2, .3 and .15. */
static bool network(KeyVals *keys, SlirpConfig *c, Error *err)
{
    const char *text = keyvals_get(keys, "net");
    char address[64];
    if (!text)
        text = "10.0.2.0/24";
    size_t len = strcspn(text, "/");
    uint64_t bits = 24;
    snprintf(address, sizeof address, "%.*s", (int)len, text);
    bool ok = len < sizeof address && inet_pton(AF_INET, address, &c->vnetwork) == 1;
    c->vnetmask.s_addr = htonl(0xffffff00);
    if (ok && text[len] && inet_pton(AF_INET, text + len + 1, &c->vnetmask) != 1) {
        ok = text_to_number(text + len + 1, &bits) && bits >= 8 && bits <= 28;
        c->vnetmask.s_addr = htonl(0xffffffffu << (ok ? 32 - bits : 8));
    }
    if (!ok)
        return error_set(err, "net=%s: expected ADDRESS/BITS such as 10.0.2.0/24", text);
    c->vnetwork.s_addr &= c->vnetmask.s_addr;
    c->vhost.s_addr = c->vnetwork.s_addr | htonl(2);
    c->vnameserver.s_addr = c->vnetwork.s_addr | htonl(3);
    c->vdhcp_start.s_addr = c->vnetwork.s_addr | htonl(15);
    return true;
}

static bool inside(const SlirpConfig *c, struct in_addr a)
{
    return (a.s_addr & c->vnetmask.s_addr) == c->vnetwork.s_addr;
}

static bool options4(KeyVals *keys, SlirpConfig *c, Error *err)
{
    if (!network(keys, c, err) || !address4(keys, "host", &c->vhost, err) ||
        !address4(keys, "dns", &c->vnameserver, err) || !address4(keys, "dhcpstart", &c->vdhcp_start, err))
        return false;
    if (!inside(c, c->vhost) || !inside(c, c->vnameserver) || !inside(c, c->vdhcp_start))
        return error_set(err, "host, dns and dhcpstart must lie in the network; say which with net=ADDRESS/BITS");
    return c->vhost.s_addr != c->vnameserver.s_addr || error_set(err, "host and dns must be two addresses");
}

static bool options6(KeyVals *keys, UserOptions *o, Error *err)
{
    SlirpConfig *c = &o->config;
    inet_pton(AF_INET6, "fec0::", &c->vprefix_addr6);
    if (!address6(keys, "ipv6-prefix", &c->vprefix_addr6, err) ||
        !keyvals_number(keys, "ipv6-prefixlen", &o->prefix_len, 126, err))
        return false;
    c->vprefix_len = (uint8_t)o->prefix_len;
    c->vhost6 = c->vnameserver6 = c->vprefix_addr6;
    c->vhost6.s6_addr[15] |= 2;
    c->vnameserver6.s6_addr[15] |= 3;
    return address6(keys, "ipv6-host", &c->vhost6, err) && address6(keys, "ipv6-dns", &c->vnameserver6, err);
}

static void search_list(KeyVals *keys, UserOptions *o)
{
    size_t count = 0, at = 0;
    for (const char *name; (name = keyvals_next(keys, "dnssearch", &at));) {
        o->dns_search = xrealloc(o->dns_search, (count + 2) * sizeof *o->dns_search);
        o->dns_search[count++] = name;
        o->dns_search[count] = NULL;
    }
    o->config.vdnssearch = o->dns_search;
}

static bool options(KeyVals *keys, UserOptions *o, Error *err)
{
    bool restricted = false;
    SlirpConfig *c = &o->config;
    *o = (UserOptions){ .config = { .version = 1, .in_enabled = true, .in6_enabled = true }, .prefix_len = 64 };
    if (keyvals_get(keys, "guestfwd"))
        return error_set(err, "guestfwd is not supported: it would run programs for the guest; use hostfwd");
    if (keyvals_get(keys, "smb"))
        return error_set(err, "smb is not supported; let the guest reach a server on this host at the address host=");
    bool ok = keyvals_bool(keys, "ipv4", &c->in_enabled, err) && keyvals_bool(keys, "ipv6", &c->in6_enabled, err) &&
              keyvals_bool(keys, "restrict", &restricted, err) && options4(keys, c, err) && options6(keys, o, err);
    c->restricted = restricted;
    c->vhostname = keyvals_get(keys, "hostname");
    c->vdomainname = keyvals_get(keys, "domainname");
    c->tftp_path = keyvals_get(keys, "tftp");
    c->bootfile = keyvals_get(keys, "bootfile");
    c->tftp_server_name = keyvals_get(keys, "tftp-server-name");
    search_list(keys, o);
    return ok;
}

typedef struct Forward {
    bool udp;
    struct in_addr host, guest;
    uint64_t host_port, guest_port;
} Forward;

/* "ADDRESS:PORT" up to `len`; an empty address leaves *address. */
static bool endpoint(const char *text, size_t len, struct in_addr *address, uint64_t *port)
{
    char copy[64];
    if (len >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%.*s", (int)len, text);
    char *colon = strrchr(copy, ':');
    if (!colon)
        return false;
    *colon = 0;
    return (!*copy || inet_pton(AF_INET, copy, address) == 1) && text_to_number(colon + 1, port) && *port < 65536;
}

/* [tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT, the host's first. */
static bool forward_parse(const char *rule, const SlirpConfig *c, Forward *f, Error *err)
{
    *f = (Forward){ .host.s_addr = INADDR_ANY, .guest = c->vdhcp_start };
    const char *colon = strchr(rule, ':'), *dash = strchr(rule, '-');
    f->udp = !strncmp(rule, "udp:", 4);
    bool known = f->udp || !strncmp(rule, "tcp:", 4) || *rule == ':';
    if (!known || !dash || dash < colon || !endpoint(colon + 1, (size_t)(dash - colon - 1), &f->host, &f->host_port) ||
        !endpoint(dash + 1, strlen(dash + 1), &f->guest, &f->guest_port) || !f->guest_port)
        return error_set(err, "hostfwd=%s: expected tcp|udp:[ADDRESS]:PORT-[ADDRESS]:PORT such as tcp::2222-:22", rule);
    return true;
}

/* Twice: to check the rules before anything is opened, and to open them (slirp not NULL). */
static bool forwards(KeyVals *keys, const SlirpConfig *c, Slirp *slirp, Error *err)
{
    size_t at = 0;
    Forward f;
    for (const char *rule; (rule = keyvals_next(keys, "hostfwd", &at));) {
        if (!forward_parse(rule, c, &f, err))
            return false;
        if (slirp && slirp_add_hostfwd(slirp, f.udp, f.host, (int)f.host_port, f.guest, (int)f.guest_port) < 0)
            return error_set(err, "hostfwd=%s: %s; choose another port of the host", rule, strerror(errno));
    }
    return true;
}

static UserNet *user_new(const char *id, const SlirpConfig *config)
{
    UserNet *u = xalloc(sizeof *u);
    netport_init(&u->port, id);
    u->port.send = send_user;
    u->port.close = close_user;
    frames_init(&u->sent);
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->heard, NULL);
    u->source = (LoopSource){ .prepare = prepare, .dispatch = dispatch, .who = u };
    u->slirp = slirp_new(config, &callbacks, u);
    return u;
}

NetPort *net_user(KeyVals *keys, const char *id, Error *err)
{
    UserOptions o;
    UserNet *u = NULL;
    if (options(keys, &o, err) && forwards(keys, &o.config, NULL, err) && keyvals_done(keys, err)) {
        u = user_new(id, &o.config);
        if (!u->slirp || !forwards(keys, &o.config, u->slirp, err)) {
            if (!u->slirp) {
                u->port.close = NULL;
                error_set(err, "libslirp refuses this configuration; check net, host, tftp and bootfile");
            }
            netport_free(&u->port);
            u = NULL;
        }
    }
    free(o.dns_search);
    if (!u)
        return NULL;
    loop_add(&u->source);
    return &u->port;
}
