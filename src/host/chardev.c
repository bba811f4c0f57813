/* The registry of character devices, and how input travels from the loop to a device. */
#include "host/chardev.h"

#include "base/alloc.h"
#include "base/nearest.h"
#include "host/door.h"
#include "host/port.h"

#include <stdlib.h>
#include <string.h>

static Port *ports;

/* Another name for a port: -serial chardev:ID. */
static struct Alias {
    struct Alias *next;
    char *id;
    Port *port;
} * aliases;

static Port *find(const char *id)
{
    for (Port *p = ports; p; p = p->next)
        if (!strcmp(p->dev.id, id))
            return p;
    for (struct Alias *a = aliases; a; a = a->next)
        if (!strcmp(a->id, id))
            return a->port;
    return NULL;
}

static size_t write_nowhere(Chardev *c, const void *bytes, size_t len)
{
    (void)c, (void)bytes;
    return len;
}

static void accept_more(Chardev *c)
{
    port_feed((Port *)c);
}

static void unpend(Port *p, size_t n)
{
    if (n && !__atomic_sub_fetch(&p->pending, n, __ATOMIC_ACQ_REL))
        loop_wake();
}

static void unheard(void *port, const void *bytes, size_t len)
{
    unpend(port, len);
    mux_watch(port, bytes, len);
}

static void given(void *port, const void *bytes, size_t len)
{
    port_give(port, bytes, len);
}

static void happened(void *who, const void *what, size_t len)
{
    (void)len;
    port_tell(who, *(const uint8_t *)what);
}

void port_init(Port *p, const char *id)
{
    p->dev = (Chardev){ .id = xstrdup(id), .write = write_nowhere, .accept = accept_more };
}

void port_outside(Port *p)
{
    door_source(DOOR_CHARS, p->dev.id, given, unheard, p);
    door_source(DOOR_EVENT, p->dev.id, happened, NULL, p);
}

Port *null_port(const char *id)
{
    Port *p = xalloc(sizeof *p);
    port_init(p, id);
    p->kind = "null";
    return p;
}

void port_add(Port *p)
{
    p->next = ports;
    ports = p;
}

bool port_wants_input(const Port *p)
{
    return !__atomic_load_n(&p->pending, __ATOMIC_ACQUIRE);
}

/* `n` bytes less are pending; the loop reads again when none is. */
static void taken(Port *p, size_t n)
{
    bytes_drop(&p->input, n);
    unpend(p, n);
}

void port_feed(Port *p)
{
    Chardev *c = &p->dev;
    while (p->input.len && c->receive) {
        uint8_t piece[256]; /* a copy, and off the queue first: receive() may call accept() */
        size_t n = c->room ? c->room(c->dev) : sizeof piece;
        if (!n)
            return;
        n = n < sizeof piece ? n : sizeof piece;
        n = n < p->input.len ? n : p->input.len;
        memcpy(piece, bytes_peek(&p->input), n);
        taken(p, n);
        c->receive(c->dev, piece, n);
    }
    taken(p, p->input.len); /* nobody listens */
}

static void arrived(void *who, const void *bytes, size_t len)
{
    Port *p = who;
    bytes_put(&p->input, bytes, len, SIZE_MAX);
    port_feed(p);
}

void port_input(Port *p, const void *bytes, size_t len)
{
    __atomic_fetch_add(&p->pending, len, __ATOMIC_ACQ_REL);
    door_post(DOOR_CHARS, p->dev.id, arrived, p, bytes, len);
}

void port_give(Port *p, const void *bytes, size_t len)
{
    __atomic_fetch_add(&p->pending, len, __ATOMIC_ACQ_REL);
    arrived(p, bytes, len);
}

void port_tell(Port *p, int what)
{
    if (p->dev.event)
        p->dev.event(p->dev.dev, what);
}

void port_event(Port *p, int what)
{
    uint8_t byte = (uint8_t)what;
    door_post(DOOR_EVENT, p->dev.id, happened, p, &byte, 1);
}

static Port *open_null(KeyVals *keys, const char *id, Error *err)
{
    (void)keys, (void)err;
    return null_port(id);
}

static Port *open_mem(KeyVals *keys, const char *id, Error *err)
{
    (void)keys, (void)err;
    return (Port *)chardev_mem(id);
}

static const PortKind port_null = { "null", "", "takes everything, says nothing", open_null };
static const PortKind port_mem = { "mem", "", "keeps in memory what is written to it", open_mem };
static const PortKind *const kinds[] = {
    &port_null, &port_mem, &port_stdio, &port_file, &port_pipe, &port_pty, &port_socket,
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const PortKind *kind_named(const char *name, Error *err)
{
    Nearest near = NEAREST(name);
    for (int i = 0; i < KINDS; i++) {
        if (!strcmp(kinds[i]->name, name))
            return kinds[i];
        nearest_try(&near, kinds[i]->name);
    }
    if (!strncmp(name, "vc", 2))
        return error_set(err, "a virtual console (vc) needs a window, which this version does not have; use stdio"),
               NULL;
    const char *meant = nearest_answer(&near);
    if (meant)
        return error_set(err, "there is no kind of chardev '%s'; did you mean '%s'?", name, meant), NULL;
    return error_set(err, "there is no kind of chardev '%s'; -chardev help lists them", name), NULL;
}

/* Opens one, puts a mux over it if asked to, and registers it under `id`. */
static Port *open_kind(const char *name, const char *id, KeyVals *keys, Error *err)
{
    const PortKind *kind = kind_named(name, err);
    bool mux = false;
    if (!kind || !keyvals_bool(keys, "mux", &mux, err))
        return NULL;
    if (find(id))
        return error_set(err, "the id '%s' is taken; give each chardev its own", id), NULL;
    Port *p = kind->open(keys, id, err);
    if (!p)
        return NULL;
    if (!keyvals_done(keys, err)) {
        port_free(p);
        return NULL;
    }
    p->kind = kind->name;
    if (mux)
        p = mux_new(p, id);
    port_add(p);
    return p;
}

bool chardev_add(const char *line, Error *err)
{
    KeyVals keys;
    if (!keyvals_parse(line, "backend", &keys, err))
        return error_in(err, "-chardev ");
    const char *name = keyvals_get(&keys, "backend"), *id = keyvals_get(&keys, "id");
    bool ok = true;
    if (!name || !id)
        ok = error_set(err, "a kind and an id are needed: -chardev KIND,id=NAME");
    ok = ok && open_kind(name, id, &keys, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-chardev %s: ", line);
}

/* How -serial writes the kinds: what stands in front, the kind, and the key that the first word after it is. */
static const struct Shorthand {
    const char *prefix, *kind, *key, *also, *value;
    bool whole; /* the rest of the text is that word, commas and all */
} shorthands[] = {
    { "null", "null" },
    { "mem", "mem" },
    { "stdio", "stdio" },
    { "pty", "pty" },
    { "file:", "file", "path", .whole = true },
    { "pipe:", "pipe", "path", .whole = true },
    { "unix:", "socket", "path" },
    { "tcp:", "socket", "address" },
    { "telnet:", "socket", "address", "telnet", "on" },
};

static bool matches(const struct Shorthand *s, const char *where)
{
    size_t len = strlen(s->prefix);
    return !strncmp(s->prefix, where, len) && (s->key || !where[len] || where[len] == ',');
}

static const struct Shorthand *shorthand(const char *where)
{
    for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++)
        if (matches(&shorthands[i], where))
            return &shorthands[i];
    return NULL;
}

static bool shorthand_keys(const struct Shorthand *s, const char *where, KeyVals *keys, Error *err)
{
    const char *rest = where + strlen(s->prefix);
    if (s->whole) {
        *keys = (KeyVals){ 0 };
        keyvals_add(keys, s->key, rest);
    } else if (!keyvals_parse(s->key ? rest : rest + (*rest == ','), s->key, keys, err)) {
        return false;
    }
    if (s->also)
        keyvals_add(keys, s->also, s->value);
    return true;
}

static void alias_add(const char *id, Port *port)
{
    struct Alias *a = xalloc(sizeof *a);
    *a = (struct Alias){ aliases, xstrdup(id), port };
    aliases = a;
}

static bool open_existing(const char *id, const char *named, Error *err)
{
    Port *p = find(named);
    if (!p)
        return error_set(err, "there is no chardev '%s'; make it with -chardev KIND,id=%s", named, named);
    if (p->front)
        port_add(p->front(p, id));
    else
        alias_add(id, p);
    return true;
}

static bool open_where(const char *id, const char *where, bool mux, Error *err)
{
    const struct Shorthand *s = shorthand(where);
    if (!s) {
        char name[32];
        size_t len = strcspn(where, ":,");
        memcpy(name, where, len < sizeof name ? len : sizeof name - 1);
        name[len < sizeof name ? len : sizeof name - 1] = 0;
        return kind_named(name, err) ? error_set(err, "expected %s:WHERE", name) : false;
    }
    KeyVals keys;
    if (!shorthand_keys(s, where, &keys, err))
        return false;
    char *name = mux ? xprintf("mux-%s", id) : xstrdup(id);
    if (mux)
        keyvals_add(&keys, "mux", "on");
    Port *p = open_kind(s->kind, name, &keys, err);
    if (p && p->front) {
        port_add(p->front(p, id));
        if (!find("monitor"))
            port_add(p->front(p, "monitor"));
    }
    keyvals_free(&keys);
    free(name);
    return p;
}

bool chardev_open(const char *id, const char *where, Error *err)
{
    if (!strcmp(where, "none"))
        return true;
    if (find(id))
        return error_set(err, "%s: the id '%s' is taken; give each chardev its own", where, id);
    bool ok = !strncmp(where, "chardev:", 8) ? open_existing(id, where + 8, err)
              : !strncmp(where, "mon:", 4)   ? open_where(id, where + 4, true, err)
                                             : open_where(id, where, false, err);
    return ok || error_in(err, "%s: ", where);
}

Chardev *chardev_find(const char *id)
{
    Port *p = find(id);
    if (!p || !p->front)
        return p ? &p->dev : NULL;
    Port *front = p->front(p, id);
    front->next = p->next; /* behind the mux, so that it is closed with the others and not found by id */
    p->next = front;
    return &front->dev;
}

Chardev *chardev_next(Chardev *c)
{
    Port *next = c ? ((Port *)c)->next : ports;
    return next ? &next->dev : NULL;
}

void chardev_describe(const Chardev *c, Out *o)
{
    const Port *p = (const Port *)c;
    if (p->describe)
        p->describe(p, o);
    else
        out(o, "%s", p->kind);
}

void chardev_about(Chardev *c)
{
    c->about = true;
    door_about(c);
}

const char *chardev_kind(int i)
{
    return i < KINDS ? kinds[i]->name : NULL;
}

Chardev *chardev_mux_base(const char *id)
{
    Port *p = find(id);
    return p && p->under ? &p->under->dev : NULL;
}

void chardevs_help(Out *o)
{
    out(o, "Kinds of character device (-chardev KIND,id=ID[,mux=on],...):\n");
    for (int i = 0; i < KINDS; i++)
        out(o, "  %-8s %s%s%s\n", kinds[i]->name, kinds[i]->help, *kinds[i]->takes ? "; " : "", kinds[i]->takes);
}

void port_free(Port *p)
{
    bytes_free(&p->input);
    char *id = (char *)p->dev.id;
    if (p->close)
        p->close(p);
    door_forget(p);
    free(id);
    free(p);
}

void chardevs_close(void)
{
    for (Port *p = ports, *next; p; p = next) {
        next = p->next;
        port_free(p);
    }
    ports = NULL;
    for (struct Alias *a = aliases, *next; a; a = next) {
        next = a->next;
        free(a->id);
        free(a);
    }
    aliases = NULL;
}
