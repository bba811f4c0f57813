/* -machine, -accel, -cpu, -smp, -m, -rtc, -device: the options that are lists themselves, and their help. */
#include "base/alloc.h"
#include "base/keyvals.h"
#include "core/prop.h"
#include "host/clock.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void machines_help(Out *o)
{
    out(o, "Machines (-machine NAME,help lists the properties of one):\n");
    for (const MachineType *const *t = machine_types; *t; t++)
        out(o, "%-20s %s\n", (*t)->name, (*t)->about);
}

static bool choose_accel(const char *list, Error *err)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ":");
        if (len == 3 && !memcmp(at, "tcg", 3))
            return true;
        at += len + (at[len] == ':');
    }
    return error_set(err, "accelerator '%s': guest code is always translated; leave it out, or say -accel tcg", list);
}

static void add_prop(Out *o, const char *key, const char *value)
{
    out(o, "%s%s=", o->len ? "," : "", key);
    for (; *value; value++)
        out(o, "%s%c", *value == ',' ? "," : "", *value);
}

/* Several -machine options are one. */
static bool machine_keys(Config *c, const KeyVals *keys, Error *err)
{
    for (size_t i = 0; i < keys->count; i++) {
        const char *key = keys->row[i].key, *value = keys->row[i].value;
        if (!strcmp(key, "type")) {
            c->type = machine_type(value, err);
            if (!c->type)
                return false;
        } else if (!strcmp(key, "help")) {
            c->done = true;
        } else {
            add_prop(&c->machine_props, key, value);
        }
    }
    return true;
}

bool set_machine(void *config, const char *value, Error *err)
{
    Config *c = config;
    Out o = OUT_TO(stdout);
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        machines_help(&o);
        return c->done = true;
    }
    KeyVals keys;
    if (!keyvals_parse(value, "type", &keys, err))
        return error_in(err, "-machine ");
    bool ok = machine_keys(c, &keys, err);
    keyvals_free(&keys);
    if (ok && c->done && c->type)
        machine_props_help(c->type, &o);
    return ok || error_in(err, "-machine %s: ", value);
}

static void accel_help(void)
{
    puts("Accelerators:\n"
         "tcg   translates guest code\n"
         "  tb-size=MIB           code cache; 256 when not said, 0 the same; at most 1024\n"
         "  one-insn-per-tb=on    translates each instruction by itself: slow, for finding errors\n"
         "  quick=auto|on|off     puts together quickly what has not run often yet; auto: in long runs\n"
         "  thread=multi          each CPU has a host thread (so it is without saying)\n"
         "  split-wx=on           code is written and run at two addresses (so it is without saying)");
}

static bool tcg_options(Config *c, KeyVals *keys, Error *err)
{
    static const char *const threads[] = { "multi", NULL };
    static const char *const quick[] = { "auto", "on", "off", NULL };
    int thread = 0, when = QUICK_AUTO;
    uint64_t size = 0;
    bool split = true;
    if (!keyvals_choice(keys, "thread", threads, &thread, err) || !keyvals_size(keys, "tb-size", 1 << 20, &size, err) ||
        !keyvals_bool(keys, "one-insn-per-tb", &c->translation.one_insn, err) ||
        !keyvals_choice(keys, "quick", quick, &when, err) || !keyvals_bool(keys, "split-wx", &split, err) ||
        !keyvals_done(keys, err))
        return false;
    if (size > 1ull << 30 || (size && size < 1 << 20))
        return error_set(err, "tb-size=%s: the code cache can have 1 to 1024 MiB", keyvals_get(keys, "tb-size"));
    if (!split)
        return error_set(err, "split-wx=off: generated code is never writable and executable at once; leave it out");
    c->translation.cache_bytes = size;
    c->translation.quick = (TranslateQuickly)when;
    return true;
}

bool set_accel(void *config, const char *value, Error *err)
{
    KeyVals keys;
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        accel_help();
        return ((Config *)config)->done = true;
    }
    if (!keyvals_parse(value, "accel", &keys, err))
        return error_in(err, "-accel ");
    const char *name = keyvals_get(&keys, "accel");
    bool ok = choose_accel(name ? name : "", err) && tcg_options(config, &keys, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-accel %s: ", value);
}

bool set_cpu(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        puts("CPU models (-cpu NAME,+feature,-feature,property=value):");
        for (const DeviceType *const *t = cpu_types; *t; t++)
            printf("  %-16s %s\n", (*t)->name, (*t)->about ? (*t)->about : "");
        return c->done = true;
    }
    c->machine.cpu = value;
    return true;
}

/* Missing counts are 1; a missing number of CPUs is their product. */
bool set_smp(void *config, const char *value, Error *err)
{
    enum { CPUS, SOCKETS, DIES, CLUSTERS, CORES, THREADS, COUNTS, MOST = 4096 };
    static const char *const names[COUNTS] = { "cpus", "sockets", "dies", "clusters", "cores", "threads" };
    uint64_t count[COUNTS] = { 0 }, product = 1, most = 0;
    KeyVals keys;
    if (!keyvals_parse(value, "cpus", &keys, err))
        return error_in(err, "-smp ");
    bool ok = true;
    for (int i = 0; ok && i < COUNTS; i++) {
        ok = keyvals_number(&keys, names[i], &count[i], MOST, err);
        if (ok && keyvals_get(&keys, names[i]) && !count[i])
            ok = error_set(err, "%s=0: at least one is needed", names[i]);
        if (i != CPUS && product < MOST)
            product *= count[i] ? count[i] : 1;
    }
    ok = ok && keyvals_number(&keys, "maxcpus", &most, MOST, err) && keyvals_done(&keys, err);
    keyvals_free(&keys);
    uint64_t cpus = count[CPUS] ? count[CPUS] : product;
    if (ok && most && most != cpus)
        ok = error_set(err, "maxcpus=%d: CPUs cannot be added later in this version; make it %d", (int)most, (int)cpus);
    MachineConfig *machine = &((Config *)config)->machine;
    machine->cpus = (int)cpus;
    machine->cores = (int)count[CORES];
    machine->threads = (int)count[THREADS];
    return ok || error_in(err, "-smp %s: ", value);
}

bool set_memory(void *config, const char *value, Error *err)
{
    Config *c = config;
    KeyVals keys;
    if (!keyvals_parse(value, "size", &keys, err))
        return error_in(err, "-m ");
    uint64_t bytes = 0;
    bool given = keyvals_get(&keys, "size");
    bool ok = keyvals_size(&keys, "size", 1 << 20, &bytes, err) && keyvals_done(&keys, err);
    keyvals_free(&keys);
    if (ok && (!given || !bytes))
        ok = error_set(err, "a machine needs memory; write -m 512 or -m 2G");
    c->machine.ram = (bytes + 4095) & ~UINT64_C(4095);
    return ok || error_in(err, "-m %s: ", value);
}

#define SECOND INT64_C(1000000000)

/* How far local time is ahead of UTC now. */
static int64_t local_offset_ns(void)
{
    time_t now = (time_t)(clock_wall_ns() / 1000000000);
    struct tm local;
    localtime_r(&now, &local);
    return local.tm_gmtoff * INT64_C(1000000000);
}

static bool date_shift(const char *text, int64_t *shift)
{
    struct tm date = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
    if (!end)
        end = strptime(text, "%Y-%m-%d", &date);
    if (!end || *end)
        return false;
    *shift = timegm(&date) * INT64_C(1000000000) - clock_wall_ns();
    return true;
}

bool set_rtc(void *config, const char *value, Error *err)
{
    Config *c = config;
    static const char *const clocks[] = { "host", "rt", NULL }, *const fixes[] = { "none", "slew", NULL };
    KeyVals keys;
    int clock = 0, fix = 0;
    int64_t shift = 0;
    if (!keyvals_parse(value, NULL, &keys, err))
        return error_in(err, "-rtc ");
    const char *base = keyvals_get(&keys, "base");
    bool ok = keyvals_choice(&keys, "clock", clocks, &clock, err) &&
              keyvals_choice(&keys, "driftfix", fixes, &fix, err) && keyvals_done(&keys, err);
    bool date = base && strcmp(base, "utc") && strcmp(base, "localtime");
    if (ok && base && !strcmp(base, "localtime"))
        shift = local_offset_ns();
    else if (ok && date && !date_shift(base, &shift))
        ok = error_set(err, "base=%s: expected utc, localtime or a date such as 2024-05-17T16:01:21", base);
    keyvals_free(&keys);
    if (ok) {
        clock_wall_shift(shift);
        c->date_ns = clock_wall_ns() / SECOND * SECOND;
        c->dated = date;
    }
    return ok || error_in(err, "-rtc %s: ", value);
}

/* rr=record|replay,rrfile=FILE */
static bool replay_keys(Config *c, KeyVals *keys, Error *err)
{
    static const char *const modes[] = { "off", "record", "replay", NULL };
    const char *file = keyvals_get(keys, "rrfile");
    if (!keyvals_choice(keys, "rr", modes, &c->replay, err))
        return false;
    if (!c->replay != !file)
        return error_set(err, "rr=record and rr=replay need a file, and only they: rrfile=FILE");
    c->replay_file = file ? config_own(c, xstrdup(file)) : NULL;
    return true;
}

/* -icount shift=N|auto[,sleep=on|off][,align=off][,stop=COUNT][,rr=record|replay,rrfile=FILE] */
bool set_icount(void *config, const char *value, Error *err)
{
    enum { AUTO_SHIFT = 3, MOST_SHIFT = 10 }; /* 125 million instructions a second; about a million */
    CountOptions *o = &((Config *)config)->count;
    KeyVals keys;
    bool align = false;
    uint64_t stop = 0;
    *o = (CountOptions){ .on = true, .sleep = true, .shift = AUTO_SHIFT };
    if (!keyvals_parse(value, "shift", &keys, err))
        return error_in(err, "-icount ");
    const char *shift = keyvals_get(&keys, "shift"), *at = keyvals_get(&keys, "stop");
    uint64_t n = AUTO_SHIFT;
    bool ok = true;
    if (shift && strcmp(shift, "auto") && (!text_to_number(shift, &n) || n > MOST_SHIFT))
        ok = error_set(err, "shift=%s: expected auto or a number from 0 to %d", shift, MOST_SHIFT);
    if (ok && at && (!text_to_number(at, &stop) || !stop))
        ok = error_set(err, "stop=%s: expected a number of instructions", at);
    ok = ok && keyvals_bool(&keys, "sleep", &o->sleep, err) && keyvals_bool(&keys, "align", &align, err) &&
         replay_keys(config, &keys, err) && keyvals_done(&keys, err);
    if (ok && align)
        ok = error_set(err, "align=on: a guest that is too slow is not told of; leave it out");
    keyvals_free(&keys);
    o->shift = (int)n;
    o->stop_at = stop;
    return ok || error_in(err, "-icount %s: ", value);
}

static const char *const displays[] = { "none", "sdl", "curses", NULL };

static bool display_keys(Config *c, KeyVals *keys, Error *err)
{
    bool closes = !c->window.stays, gl = false;
    int kind = 0;
    const char *type = keyvals_get(keys, "type");
    if (!type)
        return error_set(err, "say which; -display help lists them");
    bool ok = keyvals_choice(keys, "type", displays, &kind, err) &&
              keyvals_bool(keys, "full-screen", &c->window.full_screen, err) &&
              keyvals_bool(keys, "window-close", &closes, err) &&
              keyvals_bool(keys, "show-cursor", &c->window.shows_pointer, err) && keyvals_bool(keys, "gl", &gl, err) &&
              keyvals_done(keys, err);
    if (ok && gl)
        ok = error_set(err, "gl=on: guests have no 3D here; leave it out");
    c->window.stays = !closes;
    c->display = displays[kind];
    return ok;
}

/* -display KIND[,KEY=VALUE...] */
bool set_display(void *config, const char *value, Error *err)
{
    KeyVals keys;
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        Out o = OUT_TO(stdout);
        windows_help(&o);
        return ((Config *)config)->done = true;
    }
    if (!keyvals_parse(value, "type", &keys, err))
        return error_in(err, "-display ");
    bool ok = display_keys(config, &keys, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-display %s: ", value);
}

bool set_sdl(void *config, const char *value, Error *err)
{
    (void)value, (void)err;
    ((Config *)config)->display = "sdl";
    return true;
}

bool set_curses(void *config, const char *value, Error *err)
{
    (void)value, (void)err;
    ((Config *)config)->display = "curses";
    return true;
}

static void devices_help(Out *o)
{
    out(o, "Devices that can be added (-device NAME,help lists the properties of one):\n");
    for (const DeviceType *const *t = device_types; *t; t++)
        if ((*t)->bus)
            out(o, "%-24s bus %s%s%s\n", (*t)->name, (*t)->bus, (*t)->about ? ", " : "",
                (*t)->about ? (*t)->about : "");
}

void nics_help(Out *o)
{
    out(o, "Network cards (-nic user,model=NAME):\n");
    for (const DeviceType *const *t = device_types; *t; t++)
        for (const Prop *p = (*t)->bus ? (*t)->props : NULL; p && p->name; p++)
            if (p->kind == PROP_NET)
                out(o, "%-24s bus %s, %s\n", (*t)->name, (*t)->bus, (*t)->about);
}

static bool device_help(const char *name, Error *err)
{
    const DeviceType *type = device_type(name, err);
    if (!type)
        return error_in(err, "-device %s,help: ", name);
    Out o = OUT_TO(stdout);
    out(&o, "%s options:\n", type->name);
    props_help(type->props, &o);
    return true;
}

bool set_device(void *config, const char *value, Error *err)
{
    Config *c = config;
    Out o = OUT_TO(stdout);
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        devices_help(&o);
        return c->done = true;
    }
    KeyVals keys;
    if (!keyvals_parse(value, "driver", &keys, err))
        return error_in(err, "-device ");
    const char *name = keyvals_get(&keys, "driver");
    bool ok = true;
    if (!name)
        ok = error_set(err, "-device %s: say which device first; -device help lists them", value);
    else if (keyvals_get(&keys, "help"))
        ok = c->done = device_help(name, err);
    else
        ok = device_type(name, err) || error_in(err, "-device %s: ", name);
    keyvals_free(&keys);
    texts_add(&c->devices, value);
    return ok;
}
