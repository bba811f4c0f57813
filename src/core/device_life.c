#include "core/device_life.h"

#include "base/alloc.h"
#include "core/machine.h"
#include "core/prop.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "host/net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

Device *machine_device(Machine *m, const char *id)
{
    for (Device *d = m->devices; d; d = d->next)
        if (!strcmp(d->id, id))
            return d;
    return NULL;
}

/* What the board knows of a device; it follows the device's struct in memory. */
typedef struct Place {
    bool started;
    struct {
        Region region;
        uint64_t at;   /* in the system's memory, or UNMAPPED */
        uint64_t port; /* among the I/O ports, or UNMAPPED */
    } window[];
} Place;

static size_t place_offset(const DeviceType *type)
{
    return (type->size + 15) & ~(size_t)15;
}

static Place *place(const Device *dev)
{
    return (Place *)(void *)((char *)(uintptr_t)dev + place_offset(dev->type));
}

const Region *device_region(const Device *dev, int window)
{
    assert(window < device_windows(dev->type));
    return &place(dev)->window[window].region;
}

bool device_address(const Device *dev, int window, uint64_t *at)
{
    if (window >= device_windows(dev->type) || place(dev)->window[window].at == UNMAPPED)
        return false;
    *at = place(dev)->window[window].at;
    return true;
}

Device *device_new(Machine *m, const DeviceType *type, char *id)
{
    int windows = device_windows(type);
    Device *dev = xalloc(place_offset(type) + sizeof(Place) + (size_t)windows * sizeof *place(dev)->window);
    dev->type = type;
    dev->id = id;
    dev->machine = m;
    dev->dma = m->memory;
    for (int i = 0; i < windows; i++) {
        const Window *w = &type->windows[i];
        place(dev)->window[i].region = (Region){ .name = id, .size = w->size, .dev = dev, .window = w };
        place(dev)->window[i].at = place(dev)->window[i].port = UNMAPPED;
    }
    Device **last = &m->devices;
    while (*last)
        last = &(*last)->next;
    *last = dev;
    return dev;
}

void device_unlink(Machine *m, Device *dev)
{
    Device **at = &m->devices;
    while (*at != dev)
        at = &(*at)->next;
    *at = dev->next;
}

static void release(const Prop *p, void *host)
{
    if (p->kind == PROP_NET) {
        ((Net *)host)->receive = NULL;
        ((Net *)host)->ready = NULL;
    } else if (p->kind == PROP_DRIVE) {
        ((Drive *)host)->drain(host);
        ((Drive *)host)->user = NULL;
        ((Drive *)host)->kept = false;
    } else if (p->kind == PROP_CHARDEV) {
        ((Chardev *)host)->receive = NULL;
        ((Chardev *)host)->event = NULL;
        ((Chardev *)host)->room = NULL;
    }
}

void device_release(Device *dev)
{
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        void *host = NULL;
        if (p->kind > PROP_TEXT && p->kind < PROP_DEVICE)
            memcpy(&host, (char *)dev + p->offset, sizeof host);
        if (host)
            release(p, host);
    }
}

void device_leave(Device *dev)
{
    if (dev->bus && dev->bus->type->detach)
        dev->bus->type->detach(dev->bus, dev);
    if (place(dev)->started && dev->type->stop)
        dev->type->stop(dev);
    for (int i = 0; i < device_windows(dev->type); i++) {
        space_unmap(dev->machine->memory, device_region(dev, i));
        space_unmap(dev->machine->ports, device_region(dev, i));
    }
}

void device_forget(Device *dev)
{
    props_free(dev->type->props, dev);
    free((void *)(uintptr_t)dev->id);
    free(dev);
}

void device_free(Device *dev)
{
    device_leave(dev);
    device_forget(dev);
}

uint64_t *device_window_at(const Device *d, int window, bool ports)
{
    return ports ? &place(d)->window[window].port : &place(d)->window[window].at;
}

bool device_attach(Device *bus, Device *dev, Error *err)
{
    if (!bus->type->offers || !dev->type->bus || strcmp(bus->type->offers, dev->type->bus))
        return error_set(err, "%s offers a %s bus, but %s plugs into %s; leave bus= out for the one that fits", bus->id,
                         bus->type->offers ? bus->type->offers : "missing", dev->type->name,
                         dev->type->bus ? dev->type->bus : "none");
    if (bus->type->attach && !bus->type->attach(bus, dev, err))
        return false;
    dev->bus = bus;
    return true;
}

bool device_start(Device *dev, Error *err)
{
    if (dev->type->start && !dev->type->start(dev, err))
        return false;
    place(dev)->started = true;
    return true;
}
