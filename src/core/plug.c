/* -device, device_add and device_del: devices that the user plugs in, and out. */
#include "base/alloc.h"
#include "base/keyval.h"
#include "core/device_life.h"
#include "core/machine.h"
#include "core/prop.h"
#include "core/run.h"

#include <stdlib.h>
#include <string.h>

/* The keys of -device that are not properties. */
typedef struct Plug {
    char *id, *bus;
    Out rest; /* the properties, in their own grammar again */
} Plug;

static Plug plug_parse(const char *line)
{
    Plug p = { 0 };
    KeyVal kv;
    while (keyval_next(&line, &kv)) {
        char **own = !strcmp(kv.key, "id") ? &p.id : !strcmp(kv.key, "bus") ? &p.bus : NULL;
        if (own && kv.value && !*own) {
            *own = xstrdup(kv.value);
        } else {
            keyval_out(&p.rest, kv.key);
            out(&p.rest, "=");
            keyval_out(&p.rest, kv.value ? kv.value : "on");
            out(&p.rest, ",");
        }
        keyval_free(&kv);
    }
    return p;
}

/* The bus named, or the last one made that takes it: as in QEMU, the first virtio device gets the highest slot. */
static bool find_bus(Machine *m, Device *dev, const char *name, Error *err)
{
    if (name) {
        Device *bus = machine_device(m, name);
        return bus ? device_attach(bus, dev, err)
                   : error_set(err, "there is no bus '%s'; leave bus= out for the one that fits", name);
    }
    error_set(err, "this machine has no %s bus; -device help lists what plugs into others", dev->type->bus);
    Device *bus = NULL, *before = NULL;
    do {
        bus = NULL;
        for (Device *d = m->devices; d != before; d = d->next)
            if (d != dev && d->type->offers && !strcmp(d->type->offers, dev->type->bus))
                bus = d;
        if (bus && device_attach(bus, dev, err))
            return true;
        before = bus;
    } while (bus);
    return false;
}

static bool plug(Machine *m, const DeviceType *type, const char *line, Error *err)
{
    Plug p = plug_parse(line);
    char *id = p.id ? xstrdup(p.id) : NULL;
    for (int n = 0; !id; n++) {
        id = xprintf("%s.%d", type->name, n);
        if (machine_device(m, id))
            free(id), id = NULL;
    }
    bool ok = !machine_device(m, id) || error_set(err, "another device has the id '%s'; choose another", id);
    Device *dev = NULL;
    if (ok) {
        dev = device_new(m, type, id);
        dev->plugged = true;
        ok = props_init(type->props, dev, m, err) &&
             (!p.rest.text || props_parse(type->props, dev, m, p.rest.text, false, err)) &&
             (!type->bus || find_bus(m, dev, p.bus, err)) && device_start(dev, err);
        if (ok)
            device_reset(dev);
    } else {
        free(id);
    }
    if (!ok && dev) {
        device_unlink(m, dev);
        device_free(dev);
    }
    free(p.id);
    free(p.bus);
    out_free(&p.rest);
    return ok;
}

bool machine_plug(Machine *m, const char *line, Error *err)
{
    size_t len = strcspn(line, ",");
    char *name = strndup(line, len);
    const DeviceType *type = device_type(name, err);
    bool ok = type &&
              (type->bus ||
               error_set(err, "'%s' is part of machines and cannot be added; -device help lists what can", name)) &&
              plug(m, type, line + len + (line[len] == ','), err);
    free(name);
    return ok || error_in(err, "-device %s: ", line);
}

void unplugged_forget(void *machine)
{
    Machine *m = machine;
    for (Device *dev; (dev = m->run->gone);) {
        m->run->gone = dev->next;
        device_forget(dev);
    }
}

void machine_unplug(Machine *m, Device *dev)
{
    device_unlink(m, dev);
    device_release(dev);
    device_leave(dev);
    run_unplugged(m, dev->id);
    dev->next = m->run->gone;
    m->run->gone = dev;
    machine_still(m, unplugged_forget, m);
}
