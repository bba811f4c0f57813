/* Several devices on one keyboard and screen. Ctrl-A is the escape: x ends the program, c gives the keyboard to the
 * next device (the guest's serial line, the monitor), b sends a break, h helps, Ctrl-A again sends a Ctrl-A. */
#include "base/alloc.h"
#include "host/port.h"
#include "host/quit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPE = 1, FRONT_BOUND = 64 << 10 };

typedef struct Front Front;
typedef struct Mux {
    Port port; /* never written to or read from: devices have fronts */
    Front *fronts, *focus;
    bool escaped; /* the last byte was the escape */
    bool watched; /* the same, for mux_watch */
} Mux;

struct Front {
    Port port;
    Mux *mux;
    Front *next;
};

static void say(Mux *m, const char *text)
{
    m->port.under->dev.write(&m->port.under->dev, text, strlen(text));
}

static void help(Mux *m)
{
    say(m, "\r\nCtrl-A h   this help\r\n"
           "Ctrl-A x   end the program\r\n"
           "Ctrl-A c   switch between console and monitor\r\n"
           "Ctrl-A b   send a break\r\n"
           "Ctrl-A Ctrl-A   send Ctrl-A\r\n");
}

static void end(Mux *m)
{
    say(m, "\r\ndragoman: ended by Ctrl-A x\r\n");
    quit_ask();
}

/* The next one that a device listens on. */
static void next_front(Mux *m)
{
    Front *f = m->focus;
    do
        f = f->next ? f->next : m->fronts;
    while (f != m->focus && !f->port.dev.receive);
    if (f == m->focus) {
        say(m, "\r\n[there is nothing to switch to]\r\n");
        return;
    }
    m->focus = f;
    port_tell(&f->port, CHARDEV_OPENED);
}

static void send_break(Mux *m)
{
    port_tell(&m->focus->port, CHARDEV_BREAK);
}

/* A guest that reads nothing must not take Ctrl-A x away from the user: what it has no room for is lost. */
static void to_front(Mux *m, const uint8_t *bytes, size_t len)
{
    if (m->focus && m->focus->port.pending + len <= FRONT_BOUND)
        port_give(&m->focus->port, bytes, len);
}

static void escape(Mux *m, uint8_t key)
{
    static const struct Key {
        char key;
        void (*fn)(Mux *);
    } keys[] = { { 'h', help }, { '?', help }, { 'x', end }, { 'c', next_front }, { 'b', send_break } };
    if (key == ESCAPE)
        to_front(m, &key, 1);
    for (size_t i = 0; m->focus && i < sizeof keys / sizeof *keys; i++)
        if (keys[i].key == (key | 0x20)) /* either case */
            keys[i].fn(m);
}

static void receive(void *dev, const void *bytes, size_t len)
{
    Mux *m = dev;
    const uint8_t *at = bytes, *end_of = at + len;
    while (at < end_of) {
        if (m->escaped) {
            m->escaped = false;
            escape(m, *at++);
            continue;
        }
        const uint8_t *stop = memchr(at, ESCAPE, (size_t)(end_of - at));
        if (!stop)
            stop = end_of;
        if (stop != at)
            to_front(m, at, (size_t)(stop - at));
        m->escaped = stop != end_of;
        at = stop + m->escaped;
    }
}

void mux_watch(Port *base, const uint8_t *bytes, size_t len)
{
    Mux *m = base->dev.receive == receive ? base->dev.dev : NULL;
    for (size_t i = 0; m && i < len; i++) {
        if (m->watched && (bytes[i] | 0x20) == 'x')
            end(m);
        m->watched = !m->watched && bytes[i] == ESCAPE;
    }
}

static size_t room(void *dev)
{
    (void)dev;
    return FRONT_BOUND;
}

static void event(void *dev, int what)
{
    Mux *m = dev;
    if (what != CHARDEV_WRITABLE && m->focus)
        port_tell(&m->focus->port, what);
    for (Front *f = m->fronts; f && what == CHARDEV_WRITABLE; f = f->next)
        port_tell(&f->port, what);
}

static size_t write_front(Chardev *c, const void *bytes, size_t len)
{
    Chardev *base = &((Front *)c)->mux->port.under->dev;
    return base->write(base, bytes, len);
}

static Port *add_front(Port *p, const char *id)
{
    Mux *m = (Mux *)p;
    Front *f = xalloc(sizeof *f), **last = &m->fronts;
    port_init(&f->port, id);
    f->port.kind = "mux";
    f->port.dev.write = write_front;
    f->port.under = p->under;
    f->port.dev.late = true;
    f->mux = m;
    while (*last)
        last = &(*last)->next;
    *last = f;
    if (!m->focus)
        m->focus = f;
    return &f->port;
}

static void close_mux(Port *p)
{
    port_free(p->under);
}

Port *mux_new(Port *base, const char *id)
{
    Mux *m = xalloc(sizeof *m);
    port_init(&m->port, id);
    m->port.kind = "mux";
    m->port.front = add_front;
    m->port.close = close_mux;
    m->port.under = base;
    base->dev.dev = m;
    base->dev.room = room;
    base->dev.receive = receive;
    base->dev.event = event;
    return &m->port;
}
