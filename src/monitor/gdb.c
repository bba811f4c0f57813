/* A debugger's connection. Bytes are taken as they come; a packet, or the wish to interrupt, is served while the
 * machine stands still, and no further bytes are looked at before. */
#include "monitor/gdb.h"

#include "base/alloc.h"
#include "monitor/gdb_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_ROOM = GDB_PACKET };

char *gdb_where(const char *where)
{
    bool socket = !strncmp(where, "tcp:", 4) || !strncmp(where, "unix:", 5);
    bool said = strstr(where, ",server") || strstr(where, ",reconnect");
    return socket && !said ? xprintf("%s,server=on,wait=off", where) : xstrdup(where);
}

/* ---- out ---- */

static void flush(Gdb *g)
{
    if (g->changed) /* what is still to be said is not for this peer */
        bytes_drop(&g->link.out, g->link.out.len);
    while (g->link.out.len) {
        size_t n = g->chr->write(g->chr, bytes_peek(&g->link.out), g->link.out.len);
        bytes_drop(&g->link.out, n);
        if (!n)
            return;
    }
}

void gdb_add(Gdb *g, const void *bytes, size_t len)
{
    bytes_put(&g->answer, bytes, len, SIZE_MAX);
}

void gdb_add_hex(Gdb *g, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char pair[2];
        gdb_hex(pair, (const char *)bytes + i, 1);
        gdb_add(g, pair, 2);
    }
}

void gdb_say(Gdb *g, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    gdb_add(g, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

void gdb_send(Gdb *g)
{
    gdb_link_send(&g->link, bytes_peek(&g->answer), g->answer.len);
    bytes_drop(&g->answer, g->answer.len);
    flush(g);
}

/* ---- coming and going ---- */

void gdb_attach(Gdb *g)
{
    if (g->attached)
        return;
    g->attached = true;
    g->running = false;
    g->cpu = 0;
    g->run_cpu = -1;
    g->sstep = SSTEP_ENABLE | SSTEP_NO_IRQ | SSTEP_NO_TIMER;
    g->interrupt = g->phys = g->multiprocess = g->swbreak = g->hwbreak = false;
    machine_pause(g->machine);
    debug_listen(g->machine, gdb_stopped, g);
}

void gdb_detach(Gdb *g, bool go_on)
{
    if (!g->attached)
        return;
    g->attached = g->running = false;
    gdb_points_clear(g);
    debug_listen(g->machine, NULL, NULL);
    gdb_target_forget(g);
    if (go_on)
        machine_continue(g->machine);
}

/* ---- in ---- */

static void pump(Gdb *g);

static void serve(void *who)
{
    Gdb *g = who;
    GdbNews news = g->news;
    gdb_attach(g);
    if (news == GDB_GOT_BREAK)
        gdb_interrupt(g);
    else if (news == GDB_GOT_PACKET)
        gdb_command(g);
    g->news = GDB_NOTHING;
    pump(g);
}

static size_t room(void *dev)
{
    const Gdb *g = dev;
    return g->news != GDB_NOTHING || g->input.len || g->changed ? 0 : INPUT_ROOM;
}

/* Somebody left without a word, and maybe somebody else came: what the machine did, it goes on doing, but without
 * stopping where nobody looks. */
static void change(void *who)
{
    Gdb *g = who;
    if (!g->changed)
        return;
    gdb_link_reset(&g->link);
    gdb_detach(g, false);
    g->changed = false;
    if (g->connected)
        gdb_attach(g);
    pump(g);
}

static void pump(Gdb *g)
{
    while (g->news == GDB_NOTHING && g->input.len) {
        size_t n = gdb_link_take(&g->link, bytes_peek(&g->input), g->input.len, &g->news);
        bytes_drop(&g->input, n);
    }
    flush(g);
    if (g->news != GDB_NOTHING)
        machine_still(g->machine, serve, g);
    else if (g->changed)
        machine_still(g->machine, change, g);
    else if (g->chr->accept)
        g->chr->accept(g->chr);
}

static void receive(void *dev, const void *bytes, size_t len)
{
    Gdb *g = dev;
    bytes_put(&g->input, bytes, len, SIZE_MAX);
    pump(g);
}

static void event(void *dev, int what)
{
    Gdb *g = dev;
    if (what == CHARDEV_WRITABLE)
        flush(g);
    if (what != CHARDEV_OPENED && what != CHARDEV_CLOSED)
        return;
    g->changed = true;
    g->connected = what == CHARDEV_OPENED;
    if (g->news == GDB_NOTHING)
        pump(g);
}

/* ---- what becomes of the machine ---- */

/* Somebody else stopped it, at a monitor. */
static void stopped_by_others(void *who)
{
    Gdb *g = who;
    if (g->attached && g->running && machine_pause_wanted(g->machine))
        gdb_interrupt(g);
}

static void told(void *who, MachineNews news)
{
    Gdb *g = who;
    if (!g->attached || !g->running)
        return;
    if (news == NEWS_STOP)
        machine_still(g->machine, stopped_by_others, g);
    if (news == NEWS_SHUTDOWN) {
        gdb_say(g, "W00");
        gdb_send(g);
    }
}

Gdb *gdb_new(Machine *m, Monitors *monitors, const char *chardev, Error *err)
{
    Chardev *chr = chardev_find(chardev);
    if (!chr || chr->receive)
        return error_set(err, chr ? "the chardev '%s' is in use" : "there is no chardev '%s'", chardev), NULL;
    if (!m->cpus)
        return error_set(err, "the machine has no CPU to debug"), NULL;
    Gdb *g = xalloc(sizeof *g);
    *g = (Gdb){ .machine = m, .monitors = monitors, .chr = chr };
    g->held = xalloc((size_t)m->config->cpus);
    gdb_link_init(&g->link);
    chr->dev = g;
    chardev_about(chr);
    chr->room = room;
    chr->event = event;
    chr->receive = receive;
    machine_tell(m, told, g);
    return g;
}

void gdb_free(Gdb *g)
{
    if (!g)
        return;
    machine_tell(g->machine, NULL, g);
    g->chr->receive = NULL;
    g->chr->event = NULL;
    gdb_link_free(&g->link);
    bytes_free(&g->input);
    bytes_free(&g->answer);
    gdb_target_forget(g);
    free(g->held);
    free(g);
}
