#include "core/snapshot.h"

#include "base/alloc.h"
#include "config.h"
#include "core/describe.h"
#include "core/replay.h"
#include "core/run.h"
#include "core/snapshot_device.h"
#include "core/snapshot_items.h"
#include "host/drive.h"
#include "host/random.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

/* ---- what the file is of ---- */

static void header(Machine *m, Out *o)
{
    out(o, "{\n\"dragoman snapshot\": 2,\n");
    machine_describe(m, o);
    out(o, "\"program\": \"dragoman %s\"\n}\n", VERSION);
}

/* All lines but the first and the program's are as this machine would write them. */
static bool same_header(Machine *m, SnapshotFile *s, Error *err)
{
    Out o = { 0 };
    char line[1024];
    bool ok = true;
    header(m, &o);
    for (char *mine = o.text + 2; ok && snapshot_header_line(s, line, sizeof line);) {
        size_t len = strcspn(mine, "\n");
        bool last = !strncmp(mine, "\"program\"", 9), same = strlen(line) == len && !memcmp(line, mine, len);
        if (!same && !(last && !strncmp(line, mine, 9)))
            ok = error_set(err, "it was made of a machine with %s, and here is %.*s; give the options it was made with",
                           line, (int)len, mine);
        mine += last ? 0 : len + 1;
    }
    out_free(&o);
    return ok;
}

typedef struct Outside { /* what reaches a machine from outside and has a state: time, and chance with -seed */
    uint64_t time, chance;
} Outside;

static const StateField clock_state[] = {
    STATE(Outside, time, .below = (uint64_t)INT64_MAX),
    STATE(Outside, chance),
    STATE_END,
};

/* ---- saving ---- */

static void save_text(SnapshotFile *s, const char *name, Out *o)
{
    snapshot_begin(s, name);
    snapshot_put(s, o->text ? o->text : "", o->len);
    snapshot_end(s);
    out_free(o);
}

static bool read_page(void *who, uint64_t number, uint8_t *to)
{
    const uint8_t *page = ((const Region *)who)->ram + number * PAGE;
    if (!page[0] && !memcmp(page, page + 1, PAGE - 1))
        return false;
    memcpy(to, page, PAGE);
    return true;
}

static void save_items(SnapshotFile *s, const char *kind, const char *id, size_t item, uint64_t *numbers, size_t count,
                       SnapshotRead *read, void *who)
{
    char *name = xprintf("%s/%s", kind, id);
    snapshot_begin(s, name);
    snapshot_put_items(s, item, numbers, count, read, who);
    snapshot_end(s);
    free(name);
    free(numbers);
}

static void save_region(SnapshotFile *s, Region *r)
{
    uint64_t *numbers = xalloc((r->size / PAGE + 1) * sizeof *numbers);
    size_t count = ram_touched(r, numbers);
    save_items(s, "ram", r->name, PAGE, numbers, count, read_page, r);
}

static size_t cluster_size(const Drive *d, uint64_t number)
{
    uint64_t left = d->bytes - number * DRIVE_CLUSTER;
    return left < DRIVE_CLUSTER ? left : DRIVE_CLUSTER;
}

static bool read_cluster(void *who, uint64_t number, uint8_t *to)
{
    memset(to, 0, DRIVE_CLUSTER);
    drive_now(who, DRIVE_READ, number * DRIVE_CLUSTER, to, cluster_size(who, number));
    return true;
}

static void save_drive(SnapshotFile *s, Drive *d)
{
    uint64_t *numbers = xalloc((d->bytes / DRIVE_CLUSTER + 1) * sizeof *numbers);
    size_t count = 0;
    for (uint64_t n = 0; n * DRIVE_CLUSTER < d->bytes; n++)
        if (drive_private_has(d, n))
            numbers[count++] = n;
    save_items(s, "drive", d->id, DRIVE_CLUSTER, numbers, count, read_cluster, d);
}

/* What would come before anything else. Timers that are due fire: who works out at a load when its timer is next sees
 * only what is ahead. */
static void deliver(Machine *m, bool timers)
{
    space_device_begin();
    run_posts(m);
    if (timers)
        timers_run(m);
    space_device_end();
}

static void settle(Machine *m)
{
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        drive_settle(d);
    deliver(m, true);
    for (Device *d = m->devices; d; d = d->next)
        if (d->type->settle)
            d->type->settle(d);
    if (m->cpus)
        m->cpus->settle(m);
}

static void save_cpu(Machine *m, SnapshotFile *s, int n)
{
    Out o = { 0 };
    char *name = xprintf("cpu%d/run", n);
    state_print(m->cpus->state, m->cpus->state_of(m->cpu[n]), &o);
    save_text(s, name, &o);
    free(name);
}

bool snapshot_save(Machine *m, const char *path, Error *err)
{
    if (!drives_are_kept("a snapshot does not keep", err))
        return false;
    settle(m);
    Out o = { 0 };
    header(m, &o);
    SnapshotFile *s = snapshot_create(path, o.text, err);
    out_free(&o);
    if (!s)
        return false;
    state_print(clock_state, &(Outside){ (uint64_t)time_now(m), random_state() }, &o);
    save_text(s, "clock", &o);
    for (Device *d = m->devices; d; d = d->next) {
        snapshot_print_device(d, &o);
        save_text(s, d->id, &o);
    }
    for (int n = 0; m->cpus && n < m->config->cpus; n++)
        save_cpu(m, s, n);
    for (size_t n = 0; n < m->run->ram_count; n++)
        save_region(s, m->run->ram_regions[n]);
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        if (drive_is_private(d))
            save_drive(s, d);
    save_text(s, "end", &o);
    return snapshot_finish(s, err);
}

/* ---- loading ---- one function for each kind of record: check changes nothing, else it cannot fail for what the
 * file says ---- */
typedef struct Load {
    Machine *machine;
    SnapshotFile *file;
    bool check;
    SnapshotRecord record[1024];
    size_t count;
} Load;

static bool load_clock(Load *l, const char *text, Error *err)
{
    Outside o;
    if (!state_scan(clock_state, &o, &text, err))
        return error_in(err, "clock: ");
    if (!l->check) {
        l->machine->run->frozen = (int64_t)o.time;
        random_go_on(o.chance);
    }
    return true;
}

static bool load_cpu(Load *l, int n, const char *text, Error *err)
{
    const MachineCpus *cpus = l->machine->cpus;
    void *copy = xalloc(cpus->state_size);
    bool ok = state_scan(cpus->state, l->check ? copy : cpus->state_of(l->machine->cpu[n]), &text, err);
    free(copy);
    return ok || error_in(err, "cpu %d: ", n);
}

static bool write_page(void *who, uint64_t number, const uint8_t *bytes)
{
    memcpy(((const Region *)who)->ram + number * PAGE, bytes, PAGE);
    return true;
}

static bool load_region(Load *l, const SnapshotRecord *r, Region *region, Error *err)
{
    if (!l->check) {
        space_dirty(region, 0, region->size);
        if (!ram_clear(region))
            return error_set(err, "guest memory cannot be cleared");
    }
    return snapshot_get_items(l->file, r, PAGE, region->size / PAGE, l->check ? NULL : write_page, region, err);
}

static bool write_cluster(void *who, uint64_t number, const uint8_t *bytes)
{
    return drive_now(who, DRIVE_WRITE, number * DRIVE_CLUSTER, (void *)(uintptr_t)bytes, cluster_size(who, number));
}

static bool load_drive(Load *l, const SnapshotRecord *r, Drive *d, Error *err)
{
    if (!l->check)
        drive_private_forget(d);
    return snapshot_get_items(l->file, r, DRIVE_CLUSTER, (d->bytes + DRIVE_CLUSTER - 1) / DRIVE_CLUSTER,
                              l->check ? NULL : write_cluster, d, err);
}

static Region *region_of(Machine *m, const char *name)
{
    for (size_t n = 0; n < m->run->ram_count; n++)
        if (!strcmp(m->run->ram_regions[n]->name, name))
            return m->run->ram_regions[n];
    return NULL;
}

static bool load_text(Load *l, const SnapshotRecord *r, Error *err)
{
    Machine *m = l->machine;
    int cpu, end = 0;
    char *text = snapshot_text(l->file, r, err);
    if (!text)
        return false;
    Device *dev = machine_device(m, r->name);
    bool ok;
    if (!strcmp(r->name, "clock"))
        ok = load_clock(l, text, err);
    else if (sscanf(r->name, "cpu%d/run%n", &cpu, &end) == 1 && end && !r->name[end] && cpu >= 0 &&
             cpu < m->config->cpus && m->cpus)
        ok = load_cpu(l, cpu, text, err);
    else if (dev)
        ok = l->check ? snapshot_fits_device(dev, text, err) : snapshot_scan_device(dev, text, err);
    else
        ok = error_set(err, "record '%s' is unknown here", r->name);
    free(text);
    return ok;
}

static bool load_record(Load *l, const SnapshotRecord *r, Error *err)
{
    const char *name = r->name;
    if (!strncmp(name, "ram/", 4)) {
        Region *region = region_of(l->machine, name + 4);
        return region ? load_region(l, r, region, err) : error_set(err, "there is no memory '%s' here", name + 4);
    }
    if (!strncmp(name, "drive/", 6)) {
        Drive *d = drive_find(name + 6);
        if (!d || !drive_is_private(d))
            return error_set(err, "drive '%s' has changes in the snapshot; give it snapshot=on", name + 6);
        return load_drive(l, r, d, err);
    }
    return load_text(l, r, err);
}

static bool load_all(Load *l, Error *err)
{
    for (size_t k = 0; k < l->count; k++)
        if (!load_record(l, &l->record[k], err))
            return false;
    return true;
}

static bool has(const Load *l, const char *name)
{
    for (size_t k = 0; k < l->count; k++)
        if (!strcmp(l->record[k].name, name))
            return true;
    return false;
}

/* Every record the machine would write is there, once. */
static bool complete(Load *l, Error *err)
{
    Machine *m = l->machine;
    size_t want = 1 + m->run->ram_count + (m->cpus ? (size_t)m->config->cpus : 0);
    for (Device *d = m->devices; d; d = d->next, want++)
        if (!has(l, d->id))
            return error_set(err, "nothing is said of device '%s'", d->id);
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        want += drive_is_private(d);
    return l->count == want || error_set(err, "%zu records are needed, and there are %zu", want, l->count);
}

static bool list_records(Load *l, Error *err)
{
    SnapshotRecord r;
    while (snapshot_next(l->file, &r, err)) {
        if (!strcmp(r.name, "end"))
            return complete(l, err);
        if (l->count == sizeof l->record / sizeof l->record[0])
            return error_set(err, "it has too many records");
        l->record[l->count++] = r;
    }
    return err->text[0] ? false : error_set(err, "it is cut off");
}

static void forget_timers(Machine *m)
{
    for (Timer *t = m->run->timers, *next; t; t = next) {
        next = t->next;
        t->when = TIMER_OFF;
    }
    m->run->timers = NULL;
}

static bool apply(Load *l, Error *err)
{
    Machine *m = l->machine;
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        d->drain(d);
    deliver(m, false);
    forget_timers(m);
    if (m->cpus) {
        m->cpus->settle(m); /* it was for the state that goes */
        m->cpus->reset(m);
    }
    l->check = false;
    bool ok = load_all(l, err);
    for (Device *d = m->devices; d; d = d->next)
        if (d->type->loaded)
            d->type->loaded(d);
    return ok;
}

bool snapshot_load(Machine *m, const char *path, Error *err)
{
    if (replay_has_begun())
        return error_set(err, "a recording has begun, which goes one way; start with -loadvm instead");
    SnapshotFile *file = snapshot_open(path, err);
    if (!file)
        return false;
    Load *l = xalloc(sizeof *l);
    *l = (Load){ .machine = m, .file = file, .check = true };
    bool fits = same_header(m, file, err) && list_records(l, err) && load_all(l, err);
    bool ok = fits && apply(l, err);
    snapshot_close(file);
    free(l);
    return ok || error_in(err, "%s: %s", path, fits ? "" : "nothing was loaded: ");
}

bool snapshot_peek(const char *path, int64_t *clock, Error *err)
{
    Error own = { "" };
    Outside o = { 0 };
    char line[1024], *text = NULL;
    SnapshotRecord r;
    SnapshotFile *file = snapshot_open(path, &own);
    while (file && snapshot_header_line(file, line, sizeof line))
        ;
    if (file && snapshot_next(file, &r, &own) && !strcmp(r.name, "clock"))
        text = snapshot_text(file, &r, &own);
    const char *at = text;
    bool ok = text && state_scan(clock_state, &o, &at, &own);
    *clock = (int64_t)o.time;
    free(text);
    if (file)
        snapshot_close(file);
    return ok || error_set(err, "%s", *own.text ? own.text : "this is no snapshot");
}
