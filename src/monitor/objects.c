/* Devices, CPUs and machines as types with properties, and the machine as a tree of them: QEMU's object model, as far
 * as management tools ask. All of it is read from the tables of types.
 *
 *     /machine                             the machine
 *     /machine/peripheral/ID               what -device added
 *     /machine/unattached/device[N]        its parts, in order; the CPUs come first */
#include "monitor/objects.h"
#include "base/number.h"
#include "core/prop.h"
#include "cpu/cpu.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "host/net.h"
#include "monitor/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- properties ---- */

static const char *const prop_types[] = {
    [PROP_UINT] = "uint64",         [PROP_BOOL] = "bool", [PROP_TEXT] = "str",
    [PROP_CHARDEV] = "str",         [PROP_DRIVE] = "str", [PROP_NET] = "str",
    [PROP_DEVICE] = "link<device>",
};

static json_t *default_value(const Prop *p)
{
    uint64_t number;
    bool on;
    if (p->kind == PROP_UINT && p->init && text_to_uint(p->init, &number))
        return json_integer((json_int_t)number);
    if (p->kind == PROP_BOOL && p->init && text_to_bool(p->init, &on))
        return json_boolean(on);
    return p->kind == PROP_TEXT && p->init ? json_string(p->init) : NULL;
}

static json_t *describe(const Prop *p)
{
    json_t *d = json_pack("{s:s,s:s}", "name", p->name, "type", prop_types[p->kind]);
    if (p->help)
        json_object_set_new(d, "description", json_string(p->help));
    json_t *value = default_value(p);
    if (value)
        json_object_set_new(d, "default-value", value);
    return d;
}

static json_t *describe_all(const Prop *p)
{
    json_t *list = json_array();
    for (; p && p->name; p++)
        json_array_append_new(list, describe(p));
    return list;
}

static json_t *text(const char *value)
{
    return json_string(value ? value : "");
}

static json_t *prop_value(const Prop *p, const void *object)
{
    const void *field = (const char *)object + p->offset;
    void *to = NULL;
    if (p->kind > PROP_BOOL)
        memcpy(&to, field, sizeof to);
    switch (p->kind) {
    case PROP_UINT:
        return json_integer((json_int_t) * (const uint64_t *)field);
    case PROP_BOOL:
        return json_boolean(*(const bool *)field);
    case PROP_TEXT:
        return text(to);
    case PROP_CHARDEV:
        return text(to ? ((Chardev *)to)->id : NULL);
    case PROP_DRIVE:
        return text(to ? ((Drive *)to)->id : NULL);
    case PROP_NET:
        return text(to ? ((Net *)to)->id : NULL);
    case PROP_DEVICE:
        return text(to ? ((Device *)to)->id : NULL);
    }
    return json_null();
}

/* ---- types ---- */

static const DeviceType *const *const lists[] = { device_types, cpu_types };

/* NAME-cpu and NAME-machine are what QEMU calls the types; a device's type is its name. */
static bool is_named(const char *typename, const char *name, const char *suffix)
{
    size_t len = strlen(name);
    return !strncmp(typename, name, len) && (!typename[len] || !strcmp(typename + len, suffix));
}

static const Prop *props_of(const char *typename, bool *found)
{
    *found = true;
    for (int i = 0; i < 2; i++)
        for (const DeviceType *const *t = lists[i]; *t; t++)
            if (is_named(typename, (*t)->name, i ? "-cpu" : ""))
                return (*t)->props;
    for (const MachineType *const *t = machine_types; *t; t++)
        if (is_named(typename, (*t)->name, "-machine"))
            return (*t)->props;
    *found = false;
    return NULL;
}

static json_t *list_properties(Ask *a)
{
    bool found;
    const char *name = ask_text(a, "typename");
    const Prop *props = props_of(name, &found);
    return found ? describe_all(props) : ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", name);
}

static void add_type(json_t *list, const char *name, const char *suffix, const char *parent)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    json_array_append_new(list, json_pack("{s:s,s:s}", "name", full, "parent", parent));
}

static bool wanted(const Ask *a, const char *parent)
{
    const char *implements = ask_text(a, "implements");
    return !implements || !strcmp(implements, parent) || !strcmp(implements, "object") ||
           (!strcmp(implements, "device") && strcmp(parent, "machine"));
}

static json_t *list_types(Ask *a)
{
    json_t *list = json_array();
    for (const DeviceType *const *t = device_types; *t && wanted(a, "device"); t++)
        add_type(list, (*t)->name, "", (*t)->bus ? (*t)->bus : "sys-bus-device");
    for (const DeviceType *const *t = cpu_types; *t && wanted(a, "cpu"); t++)
        add_type(list, (*t)->name, "-cpu", "cpu");
    for (const MachineType *const *t = machine_types; *t && wanted(a, "machine"); t++)
        add_type(list, (*t)->name, "-machine", "machine");
    return list;
}

/* ---- the tree ---- */

char *object_path(const Machine *m, const Device *dev)
{
    int parts = 0;
    for (const Device *d = m->devices; d != dev; d = d->next)
        parts += !d->plugged;
    char path[256];
    if (dev->plugged)
        snprintf(path, sizeof path, "/machine/peripheral/%s", dev->id);
    else
        snprintf(path, sizeof path, "/machine/unattached/device[%d]", parts);
    return strdup(path);
}

static const Device *device_at(const Machine *m, const char *path)
{
    for (const Device *d = m->devices; d; d = d->next) {
        char *its = object_path(m, d);
        bool same = !strcmp(its, path);
        free(its);
        if (same)
            return d;
    }
    return NULL;
}

static void add_child(json_t *list, const char *name, const char *type)
{
    char kind[160];
    snprintf(kind, sizeof kind, "child<%s>", type);
    json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "type", kind));
}

static void add_children(const Machine *m, const char *path, json_t *list)
{
    size_t len = strlen(path);
    for (const Device *d = m->devices; d; d = d->next) {
        char *its = object_path(m, d);
        if (!strncmp(its, path, len) && its[len] == '/' && !strchr(its + len + 1, '/'))
            add_child(list, its + len + 1, d->type->name);
        free(its);
    }
}

static json_t *object_list(const Prop *props)
{
    json_t *list = json_pack("[{s:s,s:s}]", "name", "type", "type", "string");
    for (; props && props->name; props++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", props->name, "type", prop_types[props->kind]));
    return list;
}

static const struct Folder {
    const char *path, *children[4];
} folders[] = {
    { "/", { "machine" } },
    { "/machine", { "peripheral", "peripheral-anon", "unattached" } },
    { "/machine/peripheral", { NULL } },
    { "/machine/peripheral-anon", { NULL } },
    { "/machine/unattached", { NULL } },
};

static json_t *qom_list(Ask *a)
{
    const Machine *m = a->machine;
    const char *path = ask_text(a, "path");
    const Device *d = device_at(m, path);
    if (d)
        return object_list(d->type->props);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (strcmp(folders[i].path, path))
            continue;
        json_t *list = object_list(!strcmp(path, "/machine") ? m->type->props : NULL);
        for (const char *const *c = folders[i].children; *c; c++)
            add_child(list, *c, !strcmp(*c, "machine") ? m->type->name : "container");
        add_children(m, path, list);
        return list;
    }
    return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", path);
}

static json_t *qom_get(Ask *a)
{
    const Machine *m = a->machine;
    const char *path = ask_text(a, "path"), *property = ask_text(a, "property");
    const Device *d = device_at(m, path);
    bool whole = !strcmp(path, "/machine");
    if (!d && !whole)
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", path);
    const char *type = whole ? m->type->name : d->type->name;
    if (!strcmp(property, "type"))
        return json_sprintf("%s%s", type, whole ? "-machine" : "");
    const void *object = whole ? (const void *)m : d;
    for (const Prop *p = whole ? m->type->props : d->type->props; p && p->name; p++)
        if (!strcmp(p->name, property))
            return prop_value(p, object);
    return ask_fail(a, "Property '%s.%s' not found", type, property);
}

/* All properties here are set before a device is there. */
static json_t *qom_set(Ask *a)
{
    const char *path = ask_text(a, "path"), *property = ask_text(a, "property");
    json_t *value = qom_get(a);
    if (!value)
        return NULL;
    json_decref(value);
    const Device *d = device_at(a->machine, path);
    if (!strcmp(property, "type"))
        return ask_fail(a, "Property '%s.type' is not writable", d ? d->type->name : "machine");
    return ask_fail(a, "Attempt to set property '%s' on %s '%s' (type '%s') after it was realized", property,
                    d ? "device" : "machine", d ? d->id : "/machine", d ? d->type->name : a->machine->type->name);
}

#define PROPS "[{name:str type:str description?:str default-value?:json}]"

extern const Command object_commands[];
const Command object_commands[] = {
    { "device-list-properties", NULL, "typename:str", PROPS, "what a device can be told", list_properties },
    { "qom-list-properties", NULL, "typename:str", PROPS, "what an object of a type can be told", list_properties },
    { "qom-list-types", NULL, "implements?:str abstract?:bool", "[{name:str parent:str}]", "types of object",
      list_types },
    { "qom-list", NULL, "path:str", "[{name:str type:str}]", "properties and children of an object", qom_list },
    { "qom-get", NULL, "path:str property:str", "json", "a property of an object", qom_get },
    { "qom-set", NULL, "path:str property:str value:json", NULL,
      "set a property: none of this version's can be set once a device is there", qom_set },
    { 0 },
};
