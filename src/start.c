#include "start.h"

#include "base/alloc.h"
#include "base/keyvals.h"
#include "base/log.h"
#include "config.h"
#include "core/replay.h"
#include "core/snapshot.h"
#include "core/snapshot_tags.h"
#include "host/chardev.h"
#include "host/clock.h"
#include "host/display.h"
#include "host/drive.h"
#include "host/loop.h"
#include "host/net.h"
#include "host/random.h"
#include "host/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool each(const Texts *list, bool (*add)(const char *, Error *), Error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (!add(list->at[i], err))
            return false;
    return true;
}

/* The n-th of Config.monitors that is not -mon, which uses a chardev that is there. */
static char *monitor_id(size_t n)
{
    return xprintf("compat_monitor%zu", n);
}

static bool opens_chardev(const Config *c, size_t i)
{
    return strcmp(c->monitors.at[i], "mon");
}

static bool open_monitors(const Config *c, Error *err)
{
    bool ok = true;
    for (size_t i = 0, n = 0; ok && i < c->monitors.count; i += 2) {
        if (!opens_chardev(c, i))
            continue;
        char *id = monitor_id(n++);
        ok = chardev_open(id, c->monitors.at[i + 1], err) || error_in(err, "-%s ", c->monitors.at[i]);
        free(id);
    }
    return ok;
}

static bool wants_gdb(const Config *c)
{
    return c->gdb && strcmp(c->gdb, "none");
}

static bool open_gdb(const Config *c, Error *err)
{
    if (!wants_gdb(c))
        return true;
    char *where = gdb_where(c->gdb);
    bool ok = chardev_open("gdb", where, err) || error_in(err, "-gdb ");
    free(where);
    return ok;
}

static bool monitor_on_stdio(const Config *c)
{
    for (size_t i = 0; i < c->monitors.count; i += 2)
        if (opens_chardev(c, i) && !strncmp(c->monitors.at[i + 1], "stdio", 5))
            return true;
    return false;
}

static bool displays(const Config *c, const char *kind)
{
    return !c->nographic && c->display && !strcmp(c->display, kind);
}

/* Without a word from the user the first serial line is this terminal, which Ctrl-A x leaves. */
static bool open_serials(const Config *c, Error *err)
{
    if (!c->serials.count && ((!c->nographic && monitor_on_stdio(c)) || displays(c, "curses")))
        return true;
    if (!c->serials.count && (c->nographic || !(displays(c, "none") || c->machine.no_defaults)))
        return chardev_open("serial0", "mon:stdio", err) || error_in(err, "-serial ");
    for (size_t i = 0; i < c->serials.count; i++) {
        char id[32];
        snprintf(id, sizeof id, "serial%zu", i);
        if (!chardev_open(id, c->serials.at[i], err))
            return error_in(err, "-serial ");
    }
    return true;
}

/* Whether a machine's own controllers take drives of this interface. */
static bool has_controller(const MachineType *type, const char *interface)
{
    const char *all = type->controllers ? type->controllers : "", *at = strstr(all, interface);
    return at && (at == all || at[-1] == ' ');
}

/* As in QEMU, a PC has a CD drive and a floppy drive, empty unless the user says what is there. */
static bool add_empty_drives(const Config *c, Error *err)
{
    if (c->machine.no_defaults)
        return true;
    if (has_controller(c->type, "ide") && !drive_taken("ide", 2) &&
        !drive_add("if=ide,index=2,media=cdrom", "ide", false, err))
        return false;
    return !has_controller(c->type, "floppy") || drive_taken("floppy", 0) ||
           drive_add("if=floppy,index=0", "floppy", false, err);
}

static bool open_drives(const Config *c, Error *err)
{
    for (size_t i = 0; i < c->drives.count; i++)
        if (!drive_add(c->drives.at[i], c->type->drive ? c->type->drive : "virtio", c->machine.snapshot, err))
            return false;
    return add_empty_drives(c, err);
}

static bool open_dump(const char *line, Error *err)
{
    KeyVals keys;
    if (!keyvals_parse(line, "type", &keys, err))
        return error_in(err, "-object ");
    const char *net = keyvals_get(&keys, "netdev"), *file = keyvals_get(&keys, "file");
    keyvals_get(&keys, "type");
    keyvals_get(&keys, "id");
    bool ok = keyvals_done(&keys, err);
    if (ok && (!net || !file))
        ok = error_set(err, "a network and a file are needed: netdev=ID,file=PATH");
    ok = ok && net_dump(net, file, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-object %s: ", line);
}

#define COUNTED_DATE (INT64_C(946684800) * 1000000000) /* 2000-01-01: a machine's that is to do the same every day */

bool host_open(const Config *c, Error *err)
{
    if (c->seeded || c->count.on)
        random_seed(c->seed);
    chardevs_take_all(c->count.on);
    nets_be_prompt(c->count.on);
    if (c->count.on)
        clock_wall_stand(c->dated ? c->date_ns : COUNTED_DATE);
    if (!replay_open((ReplayMode)c->replay, c->replay_file, err))
        return error_in(err, "-icount: ");
    return (!c->log_file || log_to(c->log_file, err)) && each(&c->chardevs, chardev_add, err) && open_serials(c, err) &&
           (!c->parallel || chardev_open("parallel0", c->parallel, err) || error_in(err, "-parallel ")) &&
           open_monitors(c, err) && open_gdb(c, err) && open_drives(c, err) && each(&c->netdevs, net_add, err);
}

void host_close(void)
{
    nets_close();
    drives_close();
    loop_stop();
    chardevs_close();
    replay_close();
}

static void *find_host(PropKind kind, const char *id)
{
    return kind == PROP_CHARDEV ? (void *)chardev_find(id)
           : kind == PROP_DRIVE ? (void *)drive_find(id)
           : kind == PROP_NET   ? (void *)net_find(id)
                                : NULL;
}

static bool offers(const Machine *m, const char *bus)
{
    for (const Device *d = m->devices; d; d = d->next)
        if (d->type->offers && !strcmp(d->type->offers, bus))
            return true;
    return false;
}

/* The virtio device of a kind that this machine has a place for: virtio-KIND-pci, or else virtio-KIND-device. */
static char *virtio_type(const Machine *m, const char *kind)
{
    return xprintf("virtio-%s-%s", kind, offers(m, "pci") ? "pci" : "device");
}

/* Cards that come without a -device line: 52:54:00 is the prefix virtual machines use, 12:34:56 what guests expect. */
typedef struct Cards {
    Machine *machine;
    int count;
} Cards;

static bool plug_card(Cards *cards, const char *model, const char *mac, const char *netdev, Error *err)
{
    char *own = xprintf("52:54:00:12:34:%02x", 0x56 + cards->count % 170);
    char *usual = virtio_type(cards->machine, "net");
    bool said = model && strcmp(model, "virtio");
    const char *card = cards->machine->type->card, *type = said ? model : model || !card ? usual : card;
    char *line = xprintf("%s,netdev=%s,mac=%s", type, netdev, mac ? mac : own);
    bool ok = machine_plug(cards->machine, line, err);
    cards->count++;
    free(usual);
    free(own);
    free(line);
    return ok;
}

/* -nic KIND,model=,mac=,...: the rest are the network's keys. */
static bool plug_nic(Cards *cards, const char *text, Error *err)
{
    KeyVals keys;
    if (!keyvals_parse(text, "type", &keys, err))
        return error_in(err, "-nic ");
    const char *id = keyvals_get(&keys, "id"), *model = keyvals_get(&keys, "model"), *mac = keyvals_get(&keys, "mac");
    char made[32];
    snprintf(made, sizeof made, "nic%d", cards->count);
    if (!id)
        keyvals_add(&keys, "id", made);
    bool ok = net_open(&keys, err) && plug_card(cards, model, mac, id ? id : made, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-nic %s: ", text);
}

static bool plug_old_nic(Cards *cards, const char *text, const char *netdev, Error *err)
{
    KeyVals keys;
    if (!keyvals_parse(text, NULL, &keys, err))
        return error_in(err, "-net nic,");
    const char *own = keyvals_get(&keys, "netdev"), *model = keyvals_get(&keys, "model");
    const char *mac = keyvals_get(&keys, "macaddr");
    keyvals_get(&keys, "name");
    bool ok = keyvals_done(&keys, err) && plug_card(cards, model, mac, own ? own : netdev, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-net nic,%s: ", text);
}

static bool plug_old(Cards *cards, const Config *c, Error *err)
{
    for (size_t i = 0; i < c->old_nets.count; i++) {
        KeyVals keys;
        char id[32];
        snprintf(id, sizeof id, "net%zu", i);
        if (!keyvals_parse(c->old_nets.at[i], "type", &keys, err))
            return error_in(err, "-net ");
        keyvals_add(&keys, "id", id);
        bool ok = net_open(&keys, err);
        keyvals_free(&keys);
        if (!ok)
            return error_in(err, "-net %s: ", c->old_nets.at[i]);
    }
    for (size_t i = 0; i < c->old_nics.count; i++)
        if (!plug_old_nic(cards, c->old_nics.at[i], c->old_nets.count ? "net0" : "", err))
            return false;
    return true;
}

/* As in QEMU, a machine with a place for a card has one, unless the user says anything about the network. */
static bool wants_card(const Machine *m, const Config *c)
{
    bool said = c->no_net || c->nics.count || c->old_nics.count || c->old_nets.count || c->netdevs.count;
    return HAVE_SLIRP && !said && !c->machine.no_defaults && (offers(m, "pci") || offers(m, "virtio"));
}

static bool plug_cards(Machine *m, const Config *c, Error *err)
{
    Cards cards = { .machine = m };
    for (size_t i = 0; i < c->nics.count; i++)
        if (!plug_nic(&cards, c->nics.at[i], err))
            return false;
    return plug_old(&cards, c, err) && (!wants_card(m, c) || plug_nic(&cards, "user", err));
}

/* -debugcon WHERE */
static bool plug_debugcon(Machine *m, const Config *c, Error *err)
{
    return !c->debugcon || ((chardev_open("debugcon", c->debugcon, err) || error_in(err, "-debugcon ")) &&
                            machine_plug(m, "isa-debugcon,chardev=debugcon", err));
}

static bool plug_devices(Machine *m, const Config *c, Error *err)
{
    for (size_t i = 0; i < c->devices.count; i++)
        if (!machine_plug(m, c->devices.at[i], err))
            return false;
    return true;
}

/* -drive if=virtio is the drive and the device on it; the machine's own parts have found theirs. */
static bool plug_drives(Machine *m, Error *err)
{
    for (Drive *d = drive_next(NULL); d; d = drive_next(d)) {
        const char *interface = drive_interface(d);
        bool own = !strcmp(interface, "ide") || !strcmp(interface, "floppy");
        if (own && !has_controller(m->type, interface))
            return error_set(err, "-drive if=%s: the machine %s has no controller for it; use if=virtio", interface,
                             m->type->name);
        if (strcmp(interface, "virtio"))
            continue;
        char *type = virtio_type(m, "blk"), *line = xprintf("%s,drive=%s", type, d->id);
        bool ok = machine_plug(m, line, err);
        free(type);
        free(line);
        if (!ok)
            return error_in(err, "-drive if=virtio: ");
    }
    return true;
}

/* -loadvm: the machine as it was, instead of one that begins. */
static bool load_snapshot(const Config *c, Machine *m, Error *err)
{
    if (!c->loadvm)
        return true;
    char *folder = snapshot_folder(c->snapshot_folder), *path = snapshot_path(folder, c->loadvm, err);
    *err = (Error){ 0 };
    machine_lock(m);
    bool ok = path && snapshot_load(m, path, err);
    machine_unlock(m);
    free(folder);
    free(path);
    return ok || error_in(err, "-loadvm %s: ", c->loadvm);
}

Machine *start_machine(Config *c, Error *err)
{
    c->machine.find = find_host;
    Machine *m = machine_new(c->type, &c->machine, err);
    if (!m)
        return NULL;
    if (plug_cards(m, c, err) && each(&c->dumps, open_dump, err) && plug_debugcon(m, c, err) &&
        plug_devices(m, c, err) && plug_drives(m, err) && machine_boot(m, err) && load_snapshot(c, m, err) &&
        (replay_begin(m, err) || error_in(err, "-icount rrfile=%s: ", c->replay_file)))
        return m;
    machine_free(m);
    return NULL;
}

static bool start_monitor(Monitors *all, const char *option, const char *value, size_t *n, Error *err)
{
    if (!strcmp(option, "mon"))
        return monitor_option(all, value, err);
    MonitorMode mode = !strcmp(option, "qmp")      ? MONITOR_JSON
                       : strcmp(option, "monitor") ? MONITOR_PRETTY
                                                   : MONITOR_HUMAN;
    char *id = monitor_id((*n)++);
    bool ok = monitor_open(all, id, mode, err) || error_in(err, "-%s %s: ", option, value);
    free(id);
    return ok;
}

bool start_monitors(const Config *c, Machine *m, Monitors **all, Error *err)
{
    MonitorFacts facts = {
        .name = c->name, .uuid = c->uuid, .snapshot_folder = c->snapshot_folder, .options = options
    };
    *all = monitors_new(m, &facts);
    bool beside = chardev_find("monitor") && (c->serials.count || !c->no_monitor);
    bool ok = !*all || !beside || monitor_open(*all, "monitor", MONITOR_HUMAN, err);
    for (size_t i = 0, n = 0; ok && i < c->monitors.count; i += 2)
        ok = start_monitor(*all, c->monitors.at[i], c->monitors.at[i + 1], &n, err);
    if (ok)
        return true;
    monitors_free(*all);
    *all = NULL;
    return false;
}

static const char *machine_state(void *m)
{
    return machine_pause_wanted(m) ? "paused" : "";
}

/* What runs: the user's name for it, or the file that is started. */
static char *window_words(const Config *c)
{
    const Drive *d = drive_next(NULL);
    const char *file = c->machine.kernel ? c->machine.kernel : d && drive_file(d) ? drive_file(d) : c->machine.bios;
    const char *slash = file ? strrchr(file, '/') : NULL;
    return xstrdup(c->name ? c->name : slash ? slash + 1 : file ? file : c->type->name);
}

/* As in QEMU, a machine with a screen is shown in a window where that can be, even if nobody says so. */
bool start_window(Config *c, Machine *m, Error *err)
{
    window_source();
    bool screen = display_first(), asked = c->display, none = c->nographic || displays(c, "none");
    if (none || (!asked && !(screen && window_has_place("sdl"))))
        return true;
    if (!screen)
        fprintf(stderr, "dragoman: warning: -display %s: this machine has no screen; -device VGA adds one\n",
                c->display);
    c->window.kind = asked ? c->display : "sdl";
    c->window.what = config_own(c, window_words(c));
    c->window.state = machine_state;
    c->window.who = m;
    if (window_open(&c->window, err))
        return true;
    if (asked)
        return error_in(err, "-display %s: ", c->display);
    fprintf(stderr, "dragoman: warning: no window: %s\n", err->text);
    return true;
}

bool start_gdb(const Config *c, Machine *m, Monitors *monitors, Gdb **gdb, Error *err)
{
    if (c->paused)
        machine_pause(m);
    *gdb = wants_gdb(c) ? gdb_new(m, monitors, "gdb", err) : NULL;
    return *gdb || !wants_gdb(c) || error_in(err, "-gdb %s: ", c->gdb);
}
