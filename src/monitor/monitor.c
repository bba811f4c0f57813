/* Monitors and their chardevs. All of it runs on the machine's thread under its lock; a command that needs the machine
 * to stand still waits for it, and its monitor takes no input meanwhile. */
#include "monitor/monitor.h"

#include "base/alloc.h"
#include "base/keyvals.h"
#include "host/quit.h"
#include "monitor/gdb.h"
#include "monitor/session.h"
#include "monitor/typist.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* Output that nobody reads: events are lost beyond EVENT_BOUND, and no further command is taken while any waits. */
enum { INPUT_ROOM = 4096, EVENT_BOUND = 1 << 20 };

struct Monitors {
    Machine *machine;
    MonitorFacts facts;
    Monitor *first;
    int cpu;  /* a debugger's */
    Gdb *gdb; /* begun by `gdbserver` */
    const char *reason;
    Typist *typist;
    MonitorPointer pointer;
};

const MonitorFacts *monitor_facts(const Monitors *all)
{
    return &all->facts;
}

bool monitor_type(Monitors *all, const int *keys, int count, int64_t hold_ns)
{
    return typist_press(all->typist, keys, count, hold_ns);
}

MonitorPointer *monitor_pointer(Monitors *all)
{
    return &all->pointer;
}

Ask monitors_ask(Monitors *all, Error *err)
{
    return (Ask){ .monitors = all, .machine = all->machine, .cpu = &all->cpu, .err = err };
}

Ask monitor_ask(Monitor *mon, Error *err)
{
    Ask a = monitors_ask(mon->monitors, err);
    a.monitor = mon;
    a.cpu = &mon->cpu;
    return a;
}

/* ---- out ---- */

static void flush(Monitor *mon)
{
    while (mon->output.len) {
        size_t n = mon->chr->write(mon->chr, bytes_peek(&mon->output), mon->output.len);
        bytes_drop(&mon->output, n);
        if (!n)
            return;
    }
}

void monitor_write(Monitor *mon, const char *text, size_t len)
{
    bytes_put(&mon->output, text, len, SIZE_MAX);
    flush(mon);
}

void monitor_say(Monitor *mon, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        bytes_put(&mon->output, text, len, SIZE_MAX);
        text += len;
        if (*text) {
            bytes_put(&mon->output, "\r\n", 2, SIZE_MAX);
            text++;
        }
    }
    flush(mon);
}

/* ---- in ---- */

static void pump(Monitor *mon)
{
    while (!mon->waits && mon->input.len) {
        size_t n = mon->kind->take(mon, (const char *)bytes_peek(&mon->input), mon->input.len);
        bytes_drop(&mon->input, n < mon->input.len ? n : mon->input.len);
    }
}

static size_t room(void *dev)
{
    Monitor *mon = dev;
    return mon->waits || mon->output.len || mon->input.len ? 0 : INPUT_ROOM;
}

static void came(Monitor *mon)
{
    mon->open = true;
    mon->session++;
    mon->kind->opened(mon);
}

static void receive(void *dev, const void *bytes, size_t len)
{
    Monitor *mon = dev;
    if (!mon->open)
        came(mon);
    bytes_put(&mon->input, bytes, len, SIZE_MAX);
    pump(mon);
}

static void closed(Monitor *mon)
{
    mon->open = mon->ends = false;
    mon->session++;
    bytes_drop(&mon->input, mon->input.len);
    bytes_drop(&mon->output, mon->output.len);
    mon->kind->forget(mon);
}

static void accept_more(Monitor *mon)
{
    if (room(mon) && mon->chr->accept)
        mon->chr->accept(mon->chr);
}

/* Who says something and leaves at once is obeyed: what came before waits for the machine to stand still. */
static void leaves(Monitor *mon)
{
    mon->ends = mon->waits;
    if (!mon->ends)
        closed(mon);
}

static void event(void *dev, int what)
{
    Monitor *mon = dev;
    if (what == CHARDEV_OPENED && mon->ends)
        closed(mon);
    if (what == CHARDEV_OPENED)
        came(mon);
    if (what == CHARDEV_CLOSED)
        leaves(mon);
    if (what == CHARDEV_WRITABLE) {
        flush(mon);
        accept_more(mon);
    }
}

static void stands_still(void *who)
{
    Monitor *mon = who;
    mon->waits = false;
    if (mon->asked == mon->session)
        mon->kind->run(mon);
    pump(mon);
    if (mon->ends)
        bytes_drop(&mon->output, mon->output.len); /* nobody hears it */
    accept_more(mon);
    if (mon->ends && !mon->waits)
        closed(mon);
}

void monitor_run(Monitor *mon, bool still)
{
    if (!still) {
        mon->kind->run(mon);
        return;
    }
    mon->waits = true;
    mon->asked = mon->session;
    machine_still(mon->monitors->machine, stands_still, mon);
}

/* ---- events ---- */

void monitor_event(Monitors *all, const char *name, json_t *data)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    json_t *e = json_pack("{s:{s:I,s:I},s:s}", "timestamp", "seconds", (json_int_t)now.tv_sec, "microseconds",
                          (json_int_t)now.tv_usec, "event", name);
    if (data)
        json_object_set_new(e, "data", data);
    for (Monitor *mon = all->first; mon; mon = mon->next)
        if (mon->open && mon->kind->event && mon->output.len < EVENT_BOUND)
            mon->kind->event(mon, e);
    json_decref(e);
}

void monitor_reason(Monitors *all, const char *reason)
{
    all->reason = reason;
}

/* What ended it, in QEMU's words: the guest unless the host did. */
static json_t *ending(Monitors *all, bool reset)
{
    StopReason why = machine_stopping(all->machine);
    const char *reason = all->reason;
    if (quit_signal())
        reason = "host-signal";
    else if (!reason && why == STOP_QUIT)
        reason = "host-ui";
    else if (!reason && why == STOP_PANIC)
        reason = "guest-panic";
    bool guest = !reason || why == STOP_PANIC;
    if (!reason)
        reason = reset || why == STOP_RESET ? "guest-reset" : "guest-shutdown";
    all->reason = NULL;
    return json_pack("{s:b,s:s}", "guest", (int)guest, "reason", reason);
}

const MonitorEvent monitor_events[] = {
    [NEWS_STOP] = { "STOP", NULL },
    [NEWS_RESUME] = { "RESUME", NULL },
    [NEWS_RESET] = { "RESET", "{guest:bool reason:str}" },
    [NEWS_SHUTDOWN] = { "SHUTDOWN", "{guest:bool reason:str}" },
    [NEWS_POWERDOWN] = { "POWERDOWN", NULL },
    [NEWS_UNPLUGGED] = { "DEVICE_DELETED", "{device:str path:str}" },
    { MONITOR_TRAY, "{device:str id:str tray-open:bool}" },
    { MONITOR_DUMP, "{result:{total:int status:str completed:int}}" },
    { 0 },
};

static json_t *unplugged(const Machine *m)
{
    const char *id = machine_unplugged(m);
    return json_pack("{s:s,s:o}", "device", id, "path", json_sprintf("/machine/peripheral/%s", id));
}

static void told(void *who, MachineNews news)
{
    if (news == NEWS_UNPLUGGED) {
        monitor_event(who, monitor_events[news].name, unplugged(((Monitors *)who)->machine));
        return;
    }
    bool ends = news == NEWS_RESET || news == NEWS_SHUTDOWN;
    monitor_event(who, monitor_events[news].name, ends ? ending(who, news == NEWS_RESET) : NULL);
}

bool monitor_gdb(Monitors *all, const char *where, Error *err)
{
    for (Chardev *c = chardev_next(NULL); c; c = chardev_next(c))
        if (!strcmp(c->id, "gdb"))
            return error_set(err, "there is a gdb server already; info chardev says where");
    char *server = gdb_where(where);
    if (chardev_open("gdb", server, err))
        all->gdb = gdb_new(all->machine, all, "gdb", err);
    free(server);
    return all->gdb;
}

/* ---- making ---- */

Monitors *monitors_new(Machine *m, const MonitorFacts *facts)
{
    Monitors *all = xalloc(sizeof *all);
    all->machine = m;
    all->facts = *facts;
    all->typist = typist_new(m);
    machine_tell(m, told, all);
    return all;
}

bool monitor_open(Monitors *all, const char *chardev, MonitorMode mode, Error *err)
{
    Chardev *chr = chardev_find(chardev);
    if (!chr)
        return error_set(err, "there is no chardev '%s' for a monitor; make it with -chardev KIND,id=%s", chardev,
                         chardev);
    if (chr->receive)
        return error_set(err, "the chardev '%s' is in use; add mux=on to share it", chardev);
    Monitor *mon = xalloc(sizeof *mon), **last = &all->first;
    *mon = (Monitor){ .monitors = all,
                      .chr = chr,
                      .kind = mode == MONITOR_HUMAN ? &monitor_human : &monitor_json,
                      .pretty = mode == MONITOR_PRETTY };
    while (*last)
        last = &(*last)->next;
    *last = mon;
    chr->dev = mon;
    chardev_about(chr);
    chr->room = room;
    chr->event = event;
    chr->receive = receive;
    if (!chr->late)
        came(mon);
    return true;
}

bool monitor_option(Monitors *all, const char *line, Error *err)
{
    static const char *const modes[] = { "readline", "control", NULL };
    KeyVals keys;
    int mode = 0;
    bool pretty = false;
    if (!keyvals_parse(line, "chardev", &keys, err))
        return error_in(err, "-mon ");
    const char *chardev = keyvals_get(&keys, "chardev");
    bool ok = keyvals_choice(&keys, "mode", modes, &mode, err) && keyvals_bool(&keys, "pretty", &pretty, err);
    keyvals_get(&keys, "id");
    ok = ok && keyvals_done(&keys, err) && (chardev || error_set(err, "say where: chardev=ID"));
    ok = ok && monitor_open(all, chardev, !mode ? MONITOR_HUMAN : pretty ? MONITOR_PRETTY : MONITOR_JSON, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-mon %s: ", line);
}

void monitors_free(Monitors *all)
{
    if (!all)
        return;
    machine_tell(all->machine, NULL, all);
    gdb_free(all->gdb);
    typist_free(all->typist);
    for (Monitor *mon = all->first, *next; mon; mon = next) {
        next = mon->next;
        mon->chr->receive = NULL;
        mon->chr->event = NULL;
        mon->kind->forget(mon);
        edit_free(&mon->edit);
        bytes_free(&mon->input);
        bytes_free(&mon->output);
        bytes_free(&mon->text);
        free(mon);
    }
    free(all);
}

bool monitor_history(const Monitor *mon, Out *o)
{
    if (!mon || mon->kind != &monitor_human)
        return false;
    for (int i = 0; i < mon->edit.lines; i++)
        out(o, "%d: '%s'\n", i, mon->edit.history[i]);
    return true;
}

void monitor_line(Monitors *all, const char *line, Out *o)
{
    Error err;
    Ask a = monitors_ask(all, &err);
    human_line(&a, line, o);
}
