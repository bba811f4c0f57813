/* Devices of the machine: how they hang together and what they remember. */
#include "monitor/command.h"

#include "cpu/cpu.h"
#include "monitor/flat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool qtree(Ask *a, Out *o)
{
    machine_print_qtree(a->machine, o);
    return true;
}

static bool mtree(Ask *a, Out *o)
{
    space_print(a->machine->memory, o);
    Flat any;
    bool ports = false;
    for (uint64_t at = 0; at < 0x10000 && !ports; at++)
        ports = space_flat(a->machine->ports, at, &any);
    if (ports)
        space_print(a->machine->ports, o);
    return true;
}

/* Memory that a guest cannot write, where it is seen. */
static bool roms(Ask *a, Out *o)
{
    Flat f;
    for (uint64_t at = 0; space_next(a->machine->memory, at, &f); at = f.at + f.size) {
        if (f.region->ram && f.region->readonly)
            out(o, "addr=%016" PRIx64 " size=0x%06" PRIx64 " mem=%s name=\"%s\"\n", f.at, f.size,
                f.region->window ? "romd" : "rom", f.region->name);
        if (f.at + f.size < f.at || !(f.at + f.size))
            break;
    }
    return true;
}

/* ---- wires ---- */

/* The input pin that has this number at its device, and which of the pin's lines it is. */
static const Pin *input_pin(const Device *d, int number, int *index)
{
    for (const Pin *p = d->type->pins; p && p->name; p++) {
        int count = p->count ? p->count : 1;
        if (p->in && number >= p->first && number < p->first + count) {
            *index = number - p->first;
            return p;
        }
    }
    return NULL;
}

static void print_end(const Device *d, const Pin *p, int index, Out *o)
{
    out(o, "%s.%s", d->id, p ? p->name : "?");
    if (p && p->count > 1)
        out(o, ".%d", index);
}

static void print_wire(const Device *from, const Pin *p, int i, Out *o)
{
    const Line *l = &((const Line *)(const void *)((const char *)from + p->line))[i];
    if (!l->changed)
        return;
    const Device *to = l->dev;
    int index = 0;
    const Pin *in = input_pin(to, l->pin, &index);
    out(o, "%-4s ", l->level ? "high" : "low");
    print_end(from, p, i, o);
    out(o, " > ");
    print_end(to, in, index, o);
    out(o, "\n");
}

static bool irq(Ask *a, Out *o)
{
    for (const Device *d = a->machine->devices; d; d = d->next)
        for (const Pin *p = d->type->pins; p && p->name; p++)
            for (int i = 0; !p->in && i < (p->count ? p->count : 1); i++)
                print_wire(d, p, i, o);
    return true;
}

/* ---- state ---- */

static void print_state(Device *d, Out *o)
{
    out(o, "%s (%s)\n", d->id, d->type->name);
    for (const Window *w = d->type->windows; w && w->size; w++)
        if (w->regs)
            reg_print(w->regs, d, o);
    if (d->type->state)
        state_print(d->type->state, d, o);
}

static bool device(Ask *a, Out *o)
{
    const char *id = ask_text(a, "id");
    Device *d = machine_device(a->machine, id);
    if (!d)
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", id);
    print_state(d, o);
    return true;
}

static bool is_cpu(const Machine *m, const void *dev)
{
    for (int i = 0; i < m->config->cpus; i++)
        if (m->cpu[i] == dev)
            return true;
    return false;
}

/* An interrupt controller is what has a wire to a CPU, and is none. */
static bool interrupts_cpus(const Machine *m, const Device *d)
{
    for (const Pin *p = d->type->pins; p && p->name && !is_cpu(m, d); p++)
        for (int i = 0; !p->in && i < (p->count ? p->count : 1); i++)
            if (is_cpu(m, ((const Line *)(const void *)((const char *)d + p->line))[i].dev))
                return true;
    return false;
}

static bool pic(Ask *a, Out *o)
{
    for (Device *d = a->machine->devices; d; d = d->next)
        if (interrupts_cpus(a->machine, d))
            print_state(d, o);
    return true;
}

/* ---- adding and removing ---- */

static Device *bus_for(const Machine *m, const DeviceType *type, const char *name)
{
    for (Device *d = m->devices; d; d = d->next)
        if (d->type->offers && !strcmp(d->type->offers, type->bus) && (!name || !strcmp(d->id, name)))
            return d;
    return NULL;
}

/* The words of -device for what was asked in JSON; a line of words has it all in `driver`. */
static char *device_line(Ask *a)
{
    Out o = { 0 };
    out(&o, "%s", ask_text(a, "driver"));
    flat_add(&o, a->args, "driver", NULL);
    return o.text;
}

static const Device *newest(const Machine *m)
{
    const Device *d = m->devices;
    while (d && d->next)
        d = d->next;
    return d;
}

/* What is plugged into a running machine must be told to the guest by the bus. */
static bool plug(Ask *a, const Device *bus)
{
    if (!bus->type->hotplug)
        return ask_fail(a, "Bus '%s' does not support hotplugging", bus->id);
    char *line = device_line(a);
    bool ok = machine_plug(a->machine, line, a->err);
    free(line);
    Device *dev = ok ? machine_device(a->machine, newest(a->machine)->id) : NULL;
    if (!ok || bus->type->hotplug(dev->bus, dev, true, a->err))
        return ok;
    machine_unplug(a->machine, dev);
    return false;
}

static json_t *add(Ask *a)
{
    const char *driver = ask_text(a, "driver"), *id = ask_text(a, "id"), *bus_name = ask_text(a, "bus");
    char name[128];
    strncpy(name, driver, sizeof name - 1)[sizeof name - 1] = 0;
    name[strcspn(name, ",")] = 0;
    const DeviceType *type = device_type(name, a->err);
    if (!type)
        return NULL;
    if (!type->bus)
        return ask_fail(a, "'%s' is part of machines and cannot be added", name);
    if (id && machine_device(a->machine, id))
        return ask_fail(a, "Duplicate device ID '%s'", id);
    const Device *bus = bus_for(a->machine, type, bus_name);
    if (!bus)
        return ask_fail(a, "No '%s' bus found for device '%s'", type->bus, name);
    return plug(a, bus) ? json_object() : NULL;
}

static json_t *del(Ask *a)
{
    const char *id = ask_text(a, "id");
    Device *d = machine_device(a->machine, id);
    if (!d)
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", id);
    if (!d->bus || !d->plugged)
        return ask_fail(a, "Device '%s' is part of the machine and cannot be removed", id);
    if (!d->bus->type->hotplug)
        return ask_fail(a, "Bus '%s' does not support hotplugging", d->bus->id);
    return d->bus->type->hotplug(d->bus, d, false, a->err) ? json_object() : NULL;
}

extern const Command device_commands[];
const Command device_commands[] = {
    { NULL, "info qtree", NULL, NULL, "devices and their properties", .show = qtree },
    { NULL, "info mtree", NULL, NULL, "what is at each address", .show = mtree },
    { NULL, "info roms", NULL, NULL, "memory that the guest cannot write", .show = roms },
    { NULL, "info irq", NULL, NULL, "wires between devices and their levels", .show = irq, .still = true },
    { NULL, "info pic", NULL, NULL, "the interrupt controllers", .show = pic, .still = true },
    { NULL, "info device", "id:str", NULL, "registers and state of a device", .show = device, .still = true },
    { "device_add", "device_add", "driver:str id?:str bus?:str more:json", NULL, "add a device: NAME[,PROPERTY=VALUE]",
      add, .still = true },
    { "device_del", "device_del", "id:str", NULL, "ask the guest to let go of a device, and remove it", del,
      .still = true },
    { 0 },
};
