/* Makes a machine of its parts list: create, set and wire, start, reset. Every error names the part. */
#include "core/machine.h"

#include "base/alloc.h"
#include "base/keyval.h"
#include "base/log.h"
#include "base/nearest.h"
#include "core/device_life.h"
#include "core/prop.h"
#include "core/run.h"
#include "core/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One row of the table, or one copy of it. */
typedef struct Instance {
    const Part *part;
    int number;
    Device *dev;
} Instance;

typedef struct Board {
    Machine *machine;
    Instance *all;
    size_t count;
} Board;

/* One condition: KEY=VALUE or KEY!=VALUE. */
static bool holds(const Machine *m, const KeyVal *kv)
{
    size_t len = strlen(kv->key);
    bool not = len && kv->key[len - 1] == '!';
    char *key = strndup(kv->key, not ? len - 1 : len);
    bool is = prop_is(m->type->props, m, key, kv->value ? kv->value : "on");
    free(key);
    return is != not ;
}

bool machine_prop_is(const Machine *m, const char *when)
{
    KeyVal kv;
    bool all = true;
    while (keyval_next(&when, &kv)) {
        all &= holds(m, &kv);
        keyval_free(&kv);
    }
    return all;
}

/* -cpu MODEL,features: the model's name, which the caller frees. */
static char *cpu_model(const Machine *m)
{
    return strndup(m->config->cpu, strcspn(m->config->cpu, ","));
}

static bool allowed(const char *list, const char *name)
{
    for (size_t len; list && *list; list += len + strspn(list + len, " ")) {
        len = strcspn(list, " ");
        if (strlen(name) == len && !memcmp(list, name, len))
            return true;
    }
    return !list;
}

static const DeviceType *cpu_type(const char *name)
{
    const DeviceType *const *t = cpu_types;
    while (*t && strcmp((*t)->name, name))
        t++;
    return *t;
}

/* Models of different architectures may have the same name: then it is one of the machine's own, which are of one kind
 * with its usual model. */
static bool is_model(const DeviceType *t, const Machine *m, const char *name)
{
    const DeviceType *usual = m->type->cpu ? cpu_type(m->type->cpu) : NULL;
    return !strcmp(t->name, name) && (!usual || t->state == usual->state || !strcmp(usual->name, name));
}

static const DeviceType *part_type(Machine *m, const Part *part, Error *err)
{
    if (strcmp(part->type, "$cpu"))
        return device_type(part->type, err);
    char *model = cpu_model(m);
    const DeviceType *const *t = cpu_types;
    Nearest near = NEAREST(model);
    for (; *t && !is_model(*t, m, model); t++)
        nearest_try(&near, (*t)->name);
    if (!*t && cpu_type(model)) {
        error_set(err,
                  "the machine %s does not take the CPU model '%s': it is of another architecture; -cpu help lists all",
                  m->type->name, model);
    } else if (!*t) {
        const char *meant = nearest_answer(&near);
        error_set(err, "there is no CPU model '%s'; %s%s%s-cpu help lists them", model, meant ? "did you mean '" : "",
                  meant ? meant : "", meant ? "'? " : "");
    } else if (!allowed(m->type->cpus, model)) {
        error_set(err, "the machine %s does not take the CPU model '%s'; choose one of: %s", m->type->name, model,
                  m->type->cpus);
        t = NULL;
    }
    free(model);
    return t ? *t : NULL;
}

/* With -nodefaults: but a port stays that the user has given something to be connected to (-serial). */
static bool left_out(const MachineConfig *c, const Part *p)
{
    return (p->asked || (p->optional && c->no_defaults)) && !(c->find && c->find(PROP_CHARDEV, p->id));
}

/* -cpu none: the machine without CPUs, for looking at its devices. */
static int copies(const Machine *m, const Part *p)
{
    if (!strcmp(p->type, "$cpu") && !strcmp(m->config->cpu, "none"))
        return 0;
    if (left_out(m->config, p) || (p->when && !machine_prop_is(m, p->when)))
        return 0;
    return p->each_cpu ? m->config->cpus : p->copies ? p->copies : 1;
}

static bool create(Board *b, const Part *part, int number, int of, Error *err)
{
    Machine *m = b->machine;
    char *id = star_replace(part->id, number);
    if (of > 1 && !strchr(part->id, '*')) {
        char *numbered = xprintf("%s%d", id, number);
        free(id);
        id = numbered;
    }
    const DeviceType *type = part_type(m, part, err);
    if (type && machine_device(m, id))
        type = NULL, error_set(err, "two parts have this id");
    if (!type) {
        error_in(err, "%s: ", id);
        free(id);
        return false;
    }
    Device *dev = device_new(m, type, id);
    b->all = xrealloc(b->all, (b->count + 1) * sizeof *b->all);
    b->all[b->count++] = (Instance){ part, number, dev };
    if (!strcmp(part->type, "$cpu"))
        m->cpu[number] = (struct Cpu *)(void *)dev;
    return true;
}

static bool create_all(Board *b, Error *err)
{
    for (const Part *p = b->machine->type->parts; p && p->id; p++) {
        int n = copies(b->machine, p);
        for (int i = 0; i < n; i++)
            if (!create(b, p, i, n, err))
                return false;
    }
    return true;
}

/* "+feature", "-feature" and "property=value" after the model's name. */
static bool set_cpu(Machine *m, Device *dev, Error *err)
{
    const char *at = m->config->cpu + strcspn(m->config->cpu, ",");
    at += *at == ',';
    KeyVal kv;
    bool ok = true;
    while (ok && keyval_next(&at, &kv)) {
        bool plus = *kv.key == '+', minus = *kv.key == '-';
        const char *value = kv.value ? kv.value : minus ? "off" : "on";
        ok = prop_set(dev->type->props, dev, m, kv.key + (plus || minus), value, err);
        keyval_free(&kv);
    }
    return ok || error_in(err, "-cpu %s: ", m->config->cpu);
}

static bool set(Board *b, const Instance *i, Error *err)
{
    Machine *m = b->machine;
    if (!props_init(i->dev->type->props, i->dev, m, err))
        return false;
    char *text = star_replace(i->part->set ? i->part->set : "", i->number);
    bool ok = props_parse(i->dev->type->props, i->dev, m, text, true, err);
    free(text);
    return ok && (strcmp(i->part->type, "$cpu") || set_cpu(m, i->dev, err));
}

/* Who has a window in [at, at + size) already. */
static const Device *occupant(const Machine *m, bool ports, uint64_t at, uint64_t size)
{
    for (const Device *d = m->devices; d; d = d->next)
        for (int i = 0; i < device_windows(d->type); i++) {
            uint64_t its = *device_window_at(d, i, ports);
            if (its != UNMAPPED && its < at + size && at < its + d->type->windows[i].size)
                return d;
        }
    return NULL;
}

static bool map_window(Board *b, const Instance *i, int w, bool ports, uint64_t at, Error *err)
{
    int windows = device_windows(i->dev->type);
    if (w >= windows)
        return error_set(err, "has %d windows, but %d addresses are given", windows, w + 1);
    at += (uint64_t)i->number * i->part->step;
    uint64_t size = device_region(i->dev, w)->size;
    const Device *other = occupant(b->machine, ports, at, size);
    if (other)
        return error_set(err, "window %" PRIx64 "-%" PRIx64 " overlaps one of %s", at, at + size - 1, other->id);
    *device_window_at(i->dev, w, ports) = at;
    space_map(ports ? b->machine->ports : b->machine->memory, at, device_region(i->dev, w), 0);
    return true;
}

static bool map(Board *b, const Instance *i, Error *err)
{
    for (int w = 0; w < (int)(sizeof i->part->at / sizeof *i->part->at); w++) {
        uint64_t at = i->part->at[w];
        uint32_t port = i->part->port[w];
        if ((at && !map_window(b, i, w, false, at, err)) ||
            (port && !map_window(b, i, w, true, port == PORT_0 ? 0 : port, err)))
            return false;
    }
    return true;
}

static bool wire(Board *b, const Instance *i, Error *err)
{
    const Part *p = i->part;
    if (p->on) {
        Device *bus = machine_device(b->machine, p->on);
        if (!bus)
            return error_set(err, "there is no part '%s' to be on", p->on);
        if (!device_attach(bus, i->dev, err))
            return false;
    }
    return wires_connect(b->machine, i->dev, p->wire, i->number, p->copies > 1 ? i->number : 0, err);
}

static bool start_one(Board *b, const Instance *i, Error *err)
{
    (void)b;
    return device_start(i->dev, err);
}

/* set, map, wire, start: each for all parts before the next, because wires and device properties name other parts. */
static bool build(Board *b, Error *err)
{
    static bool (*const passes[])(Board *, const Instance *, Error *) = { set, map, wire, start_one };
    if (!create_all(b, err))
        return false;
    for (size_t pass = 0; pass < sizeof passes / sizeof *passes; pass++)
        for (size_t i = 0; i < b->count; i++)
            if (!passes[pass](b, &b->all[i], err))
                return error_in(err, "%s: ", b->all[i].dev->id);
    return true;
}

static bool check_config(const MachineType *type, MachineConfig *c, Error *err)
{
    c->cpus = c->cpus ? c->cpus : 1;
    c->ram = c->ram ? c->ram : type->ram;
    c->cpu = c->cpu ? c->cpu : type->cpu;
    int most = type->cpus_max ? type->cpus_max : 1;
    if (c->cpus < 1 || c->cpus > most)
        return error_set(err, "-smp %d: the machine %s has 1 to %d CPUs", c->cpus, type->name, most);
    if (type->ram_max && c->ram > type->ram_max)
        return error_set(err, "-m: the machine %s has at most %" PRIu64 " MiB", type->name, type->ram_max >> 20);
    return true;
}

static bool set_up(Machine *m, Error *err)
{
    if (!machine_props_set(m, err))
        return false;
    if (!check_config(m->type, &m->run->config, err) || !run_init(m, err) || !ram_init(m, err))
        return false;
    lock_init(m);
    timers_init(m);
    m->cpu = xalloc((size_t)m->config->cpus * sizeof *m->cpu);
    return !m->type->prepare || m->type->prepare(m, err);
}

Machine *machine_new(const MachineType *type, const MachineConfig *config, Error *err)
{
    Machine *m = xalloc(type->size ? type->size : sizeof *m);
    m->type = type;
    m->run = xalloc(sizeof *m->run);
    m->run->config = *config;
    m->config = &m->run->config;
    m->run->wake = -1;
    m->memory = space_new("memory");
    m->ports = space_new("I/O");
    Board b = { .machine = m };
    bool ok = set_up(m, err) && build(&b, err);
    free(b.all);
    if (ok)
        return m;
    machine_free(m);
    return NULL;
}

void machine_free(Machine *m)
{
    unplugged_forget(m);
    while (m->devices) {
        /* the latest first: what is plugged in goes before its bus */
        Device *last = m->devices;
        while (last->next)
            last = last->next;
        device_unlink(m, last);
        device_free(last);
    }
    if (m->engine)
        m->cpus->free(m);
    space_free(m->ports);
    space_free(m->memory);
    run_free(m);
    ram_free(m);
    machine_props_free(m);
    free(m->cpu);
    free(m->run);
    free(m);
}

static void drop_lines(Device *d)
{
    for (const Pin *p = d->type->pins; p && p->name; p++)
        for (int i = 0; !p->in && i < (p->count ? p->count : 1); i++)
            ((Line *)(void *)((char *)d + p->line))[i].level = false;
}

/* Inputs forgot their level when they were reset, perhaps after the output was raised. */
static void tell_lines(Device *d)
{
    for (const Pin *p = d->type->pins; p && p->name; p++)
        for (int i = 0; !p->in && i < (p->count ? p->count : 1); i++) {
            const Line *l = &((Line *)(void *)((char *)d + p->line))[i];
            if (l->level && l->changed)
                l->changed(l->dev, l->pin, true);
        }
}

static void each_device(Machine *m, void (*fn)(Device *))
{
    for (Device *d = m->devices; d; d = d->next)
        fn(d);
}

bool machine_boot(Machine *m, Error *err)
{
    machine_lock(m);
    each_device(m, drop_lines);
    each_device(m, device_reset);
    each_device(m, tell_lines);
    machine_unlock(m);
    if (m->cpus && m->cpus->reset)
        m->cpus->reset(m);
    machine_lock(m);
    bool ok = !m->type->boot || m->type->boot(m, err);
    machine_unlock(m);
    return ok;
}

void machine_reset(Machine *m)
{
    Error err;
    if (machine_boot(m, &err))
        return;
    log_line("dragoman: reset: %s", err.text);
    machine_stop(m, STOP_PANIC);
}

static void print_device(const Machine *m, const Device *bus, Out *o, int indent)
{
    for (const Device *d = m->devices; d; d = d->next) {
        if (d->bus != bus)
            continue;
        char *pad = xprintf("%*s", indent + 2, "");
        out(o, "%*sdev: %s, id \"%s\"\n", indent, "", d->type->name, d->id);
        props_print(d->type->props, d, o, pad);
        for (int i = 0; i < device_windows(d->type); i++) {
            if (*device_window_at(d, i, false) != UNMAPPED)
                out(o, "%smmio %016" PRIx64 "/%016" PRIx64 "\n", pad, *device_window_at(d, i, false),
                    d->type->windows[i].size);
            if (*device_window_at(d, i, true) != UNMAPPED)
                out(o, "%sports %04" PRIx64 "/%04" PRIx64 "\n", pad, *device_window_at(d, i, true),
                    d->type->windows[i].size);
        }
        if (d->type->offers) {
            out(o, "%sbus: %s\n%s  type %s\n", pad, d->id, pad, d->type->offers);
            print_device(m, d, o, indent + 4);
        }
        free(pad);
    }
}

void machine_print_qtree(Machine *m, Out *o)
{
    out(o, "bus: main-system-bus\n  type System\n");
    print_device(m, NULL, o, 2);
}
