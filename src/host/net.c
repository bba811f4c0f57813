/* The registry of network back ends, and how frames travel from the loop to a device. */
#include "host/net.h"

#include "base/alloc.h"
#include "base/nearest.h"
#include "config.h"
#include "host/door.h"
#include "host/netport.h"
#include "host/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static NetPort *ports;
static bool prompt;

void nets_be_prompt(bool on)
{
    prompt = on;
}

bool net_is_prompt(void)
{
    return prompt;
}

void frames_init(Frames *f)
{
    *f = (Frames){ .last = &f->first };
}

void frames_put(Frames *f, const void *bytes, size_t len)
{
    Frame *frame = xalloc(sizeof *frame + len);
    frame->len = len;
    memcpy(frame->bytes, bytes, len);
    *f->last = frame;
    f->last = &frame->next;
    f->count++;
}

Frame *frames_take(Frames *f)
{
    Frame *frame = f->first;
    if (!frame)
        return NULL;
    f->first = frame->next;
    if (!f->first)
        f->last = &f->first;
    f->count--;
    return frame;
}

void frames_free(Frames *f)
{
    for (Frame *frame; (frame = frames_take(f));)
        free(frame);
}

/* A device without ready() is always ready; what comes before there is a device is lost. */
static void feed(NetPort *p)
{
    Net *n = &p->net;
    while (p->arrived.first && (!n->receive || !n->ready || n->ready(n->dev))) {
        Frame *frame = frames_take(&p->arrived);
        __atomic_fetch_sub(&p->waiting, 1, __ATOMIC_ACQ_REL);
        if (n->receive)
            n->receive(n->dev, frame->bytes, frame->len);
        free(frame);
    }
}

static void accept_more(Net *n)
{
    feed((NetPort *)n);
}

static void came(void *who, const void *bytes, size_t len)
{
    NetPort *p = who;
    frames_put(&p->arrived, bytes, len);
    feed(p);
}

static bool admit(NetPort *p, const void *frame, size_t len)
{
    if (len > FRAME_MOST || __atomic_load_n(&p->waiting, __ATOMIC_ACQUIRE) >= FRAMES_WAITING)
        return false; /* as on a wire whose receiver is too slow */
    __atomic_fetch_add(&p->waiting, 1, __ATOMIC_ACQ_REL);
    if (p->dump)
        pcap_frame(p->dump, frame, len);
    return true;
}

void netport_frame(NetPort *p, const void *frame, size_t len)
{
    if (admit(p, frame, len))
        door_post(DOOR_FRAME, p->net.id, came, p, frame, len);
}

void netport_give(NetPort *p, const void *frame, size_t len)
{
    if (admit(p, frame, len))
        came(p, frame, len);
}

static void send_frame(Net *n, const void *frame, size_t len)
{
    NetPort *p = (NetPort *)n;
    if (len > FRAME_MOST)
        return;
    if (p->dump)
        pcap_frame(p->dump, frame, len);
    if (p->send && replay_mode() != REPLAY_PLAYS) /* else the answers are recorded already */
        p->send(p, frame, len);
}

static void lost(void *port, const void *frame, size_t len)
{
    (void)frame, (void)len;
    __atomic_fetch_sub(&((NetPort *)port)->waiting, 1, __ATOMIC_ACQ_REL);
}

static void given(void *port, const void *frame, size_t len)
{
    netport_give(port, frame, len);
}

void netport_init(NetPort *p, const char *id)
{
    p->net = (Net){ .id = xstrdup(id), .send = send_frame, .accept = accept_more };
    frames_init(&p->arrived);
    door_source(DOOR_FRAME, p->net.id, given, lost, p);
}

void netport_free(NetPort *p)
{
    if (p->close)
        p->close(p);
    door_forget(p);
    frames_free(&p->arrived);
    pcap_close(p->dump);
    free((char *)(uintptr_t)p->net.id);
    free(p);
}

static NetPort *open_null(KeyVals *keys, const char *id, Error *err)
{
    (void)keys, (void)err;
    NetPort *p = xalloc(sizeof *p);
    netport_init(p, id);
    return p;
}

static NetPort *open_mem(KeyVals *keys, const char *id, Error *err)
{
    (void)keys, (void)err;
    return (NetPort *)net_mem(id);
}

#if !HAVE_SLIRP
NetPort *net_user(KeyVals *keys, const char *id, Error *err)
{
    (void)keys, (void)id;
    error_set(err, "this program was built without libslirp; install libslirp-dev and build it again");
    return NULL;
}
#endif

static const struct NetKind {
    const char *name, *help;
    NetPort *(*open)(KeyVals *, const char *id, Error *); /* looks at all keys before it touches anything */
} kinds[] = {
    { "user",
      "a network behind this host's, without privileges; hostfwd=tcp:[ADDR]:PORT-[ADDR]:PORT,net=,host=,dns=,"
      "dhcpstart=,hostname=,domainname=,dnssearch=,tftp=,bootfile=,restrict=on|off,ipv4=on|off,ipv6=on|off",
      net_user },
    { "null", "a cable that leads nowhere", open_null },
    { "mem", "keeps in memory what is sent", open_mem },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct NetKind *kind_named(const char *name, Error *err)
{
    Nearest near = NEAREST(name);
    for (int i = 0; i < KINDS; i++) {
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
        nearest_try(&near, kinds[i].name);
    }
    const char *meant = nearest_answer(&near);
    if (meant)
        return error_set(err, "there is no kind of network '%s'; did you mean '%s'?", name, meant), NULL;
    return error_set(err, "there is no kind of network '%s'; this version has user and null", name), NULL;
}

bool net_open(KeyVals *keys, Error *err)
{
    const char *name = keyvals_get(keys, "type"), *id = keyvals_get(keys, "id"), *dump = keyvals_get(keys, "dump");
    if (!name || !id)
        return error_set(err, "a kind and an id are needed: -netdev KIND,id=NAME");
    const struct NetKind *kind = kind_named(name, err);
    if (!kind)
        return false;
    if (net_find(id))
        return error_set(err, "the id '%s' is taken; give each netdev its own", id);
    NetPort *p = kind->open(keys, id, err);
    if (!p)
        return false;
    if (!keyvals_done(keys, err)) {
        netport_free(p);
        return false;
    }
    p->kind = kind->name;
    p->next = ports;
    ports = p;
    return !dump || net_dump(id, dump, err);
}

bool net_add(const char *line, Error *err)
{
    KeyVals keys;
    if (!keyvals_parse(line, "type", &keys, err))
        return error_in(err, "-netdev ");
    bool ok = net_open(&keys, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-netdev %s: ", line);
}

bool net_remove(const char *id, Error *err)
{
    NetPort **at = &ports, *p;
    while (*at && strcmp((*at)->net.id, id))
        at = &(*at)->next;
    if (!(p = *at))
        return error_set(err, "Device '%s' not found", id);
    *at = p->next;
    netport_free(p);
    return true;
}

Net *net_find(const char *id)
{
    for (NetPort *p = ports; p; p = p->next)
        if (!strcmp(p->net.id, id))
            return &p->net;
    return NULL;
}

Net *net_next(Net *n)
{
    NetPort *next = n ? ((NetPort *)n)->next : ports;
    return next ? &next->net : NULL;
}

const char *net_kind(const Net *n)
{
    return ((const NetPort *)n)->kind;
}

/* Before the machine runs. */
bool net_dump(const char *id, const char *path, Error *err)
{
    NetPort *p = (NetPort *)net_find(id);
    if (!p)
        return error_set(err, "there is no netdev '%s'; make it with -netdev KIND,id=%s", id, id);
    if (p->dump)
        return error_set(err, "netdev '%s' is dumped already; one file is enough", id);
    p->dump = pcap_open(path, err);
    return p->dump;
}

bool net_mac(const char *text, uint8_t m[6], Error *err)
{
    int end = 0;
    if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", m, m + 1, m + 2, m + 3, m + 4, m + 5, &end) != 6 ||
        text[end])
        return error_set(err, "mac=%s: write six bytes in hexadecimal, 52:54:00:12:34:56", text);
    return !(m[0] & 1) || error_set(err, "mac=%s: this is a multicast address; the first byte must be even", text);
}

void nets_help(Out *o)
{
    out(o, "Kinds of network (-netdev KIND,id=ID[,dump=FILE],...):\n");
    for (int i = 0; i < KINDS; i++)
        out(o, "  %-8s %s\n", kinds[i].name, kinds[i].help);
}

void nets_close(void)
{
    for (NetPort *p = ports, *next; p; p = next) {
        next = p->next;
        netport_free(p);
    }
    ports = NULL;
}
