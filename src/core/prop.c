#include "core/prop.h"

#include "base/alloc.h"
#include "base/keyval.h"
#include "base/nearest.h"
#include "base/text.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "host/net.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct Setting {
    Machine *machine;
    const char *value;
    bool table; /* from the machine's own table */
} Setting;

static bool set_uint(const Prop *p, void *field, const Setting *s, Error *err)
{
    uint64_t value;
    if (!text_to_uint(s->value, &value))
        return error_set(err, "%s=%s: expected a number, such as 4096, 0x1000 or 4K", p->name, s->value);
    *(uint64_t *)field = value;
    return true;
}

static bool set_bool(const Prop *p, void *field, const Setting *s, Error *err)
{
    if (!text_to_bool(s->value, field))
        return error_set(err, "%s=%s: expected on or off", p->name, s->value);
    return true;
}

static bool set_text(const Prop *p, void *field, const Setting *s, Error *err)
{
    (void)p, (void)err;
    free(*(char **)field);
    *(char **)field = xstrdup(s->value);
    return true;
}

static bool is_none(const char *id)
{
    return !*id || !strcmp(id, "null") || !strcmp(id, "none");
}

const Device *prop_user(const Machine *m, PropKind kind, const void *object)
{
    for (const Device *d = m->devices; d; d = d->next)
        for (const Prop *p = d->type->props; p && p->name; p++)
            if (p->kind == kind && *(void *const *)(const void *)((const char *)d + p->offset) == object)
                return d;
    return NULL;
}

static bool set_host(const Prop *p, void *field, const Setting *s, Error *err)
{
    static const char *const option[] = {
        [PROP_CHARDEV] = "-chardev", [PROP_DRIVE] = "-drive", [PROP_NET] = "-netdev"
    };
    const MachineConfig *config = s->machine ? s->machine->config : NULL;
    void *found = config && config->find ? config->find(p->kind, s->value) : NULL;
    if (!found && !s->table && !is_none(s->value))
        return error_set(err, "%s=%s: there is no %s with that id; add one", p->name, s->value, option[p->kind]);
    bool shared = p->kind == PROP_CHARDEV || !found || *(void **)field == found; /* else one device can have it */
    const Device *user = shared ? NULL : prop_user(s->machine, p->kind, found);
    if (user)
        return error_set(err, "%s=%s: %s has it already; give each device its own %s", p->name, s->value, user->id,
                         option[p->kind]);
    *(void **)field = found;
    return true;
}

static bool set_device(const Prop *p, void *field, const Setting *s, Error *err)
{
    Device *found = s->machine && !is_none(s->value) ? machine_device(s->machine, s->value) : NULL;
    if (!found && !s->table && !is_none(s->value))
        return error_set(err, "%s=%s: there is no device with that id", p->name, s->value);
    *(Device **)field = found;
    return true;
}

static void print_uint(const void *field, Out *o)
{
    uint64_t value = *(const uint64_t *)field;
    out(o, value > 0xffff ? "0x%" PRIx64 : "%" PRIu64, value);
}

static void print_bool(const void *field, Out *o)
{
    out(o, "%s", *(const bool *)field ? "on" : "off");
}

static void print_id(const char *id, Out *o)
{
    out(o, "\"%s\"", id ? id : "");
}

static void print_text(const void *field, Out *o)
{
    print_id(*(char *const *)field, o);
}

static void print_chardev(const void *field, Out *o)
{
    const Chardev *c = *(Chardev *const *)field;
    print_id(c ? c->id : NULL, o);
}

static void print_drive(const void *field, Out *o)
{
    const Drive *d = *(Drive *const *)field;
    print_id(d ? d->id : NULL, o);
}

static void print_net(const void *field, Out *o)
{
    const Net *n = *(Net *const *)field;
    print_id(n ? n->id : NULL, o);
}

static void print_device(const void *field, Out *o)
{
    const Device *d = *(Device *const *)field;
    print_id(d ? d->id : NULL, o);
}

static const struct Kind {
    const char *takes;
    bool (*set)(const Prop *, void *field, const Setting *, Error *);
    void (*print)(const void *field, Out *);
} kinds[] = {
    [PROP_UINT] = { "number", set_uint, print_uint },
    [PROP_BOOL] = { "on|off", set_bool, print_bool },
    [PROP_TEXT] = { "text", set_text, print_text },
    [PROP_CHARDEV] = { "chardev id", set_host, print_chardev },
    [PROP_DRIVE] = { "drive id", set_host, print_drive },
    [PROP_NET] = { "netdev id", set_host, print_net },
    [PROP_DEVICE] = { "device id", set_device, print_device },
};

static const Prop *find(const Prop *p, const char *name)
{
    for (; p && p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

/* The first few names, for who has none near. */
static bool unknown_of(const Prop *props, const char *name, Error *err)
{
    enum { MOST = 12 };
    Out o = { 0 };
    const Prop *p = props;
    for (; p && p->name && p - props < MOST; p++)
        out(&o, "%s%s", p == props ? "" : ", ", p->name);
    error_set(err, "no property '%s'; %s%s%s", name, o.text ? "there are " : "there are none", o.text ? o.text : "",
              p && p->name ? ", ..." : "");
    out_free(&o);
    return false;
}

static bool unknown(const Prop *props, const char *name, Error *err)
{
    Nearest near = NEAREST(name);
    for (const Prop *p = props; p && p->name; p++)
        nearest_try(&near, p->name);
    const char *meant = nearest_answer(&near);
    if (meant)
        return error_set(err, "no property '%s'; did you mean '%s'?", name, meant);
    return unknown_of(props, name, err);
}

static bool set(const Prop *props, void *object, const char *name, const Setting *s, Error *err)
{
    const Prop *p = find(props, name);
    if (!p)
        return unknown(props, name, err);
    return kinds[p->kind].set(p, (char *)object + p->offset, s, err);
}

bool props_init(const Prop *props, void *object, Machine *m, Error *err)
{
    for (const Prop *p = props; p && p->name; p++)
        if (p->init && !set(p, object, p->name, &(Setting){ m, p->init, true }, err))
            return false;
    return true;
}

bool prop_set(const Prop *props, void *object, Machine *m, const char *name, const char *value, Error *err)
{
    return set(props, object, name, &(Setting){ m, value, false }, err);
}

bool props_parse(const Prop *props, void *object, Machine *m, const char *text, bool table, Error *err)
{
    KeyVal kv;
    bool ok = true;
    while (ok && keyval_next(&text, &kv)) {
        ok = set(props, object, kv.key, &(Setting){ m, kv.value ? kv.value : "on", table }, err);
        keyval_free(&kv);
    }
    return ok;
}

void props_free(const Prop *props, void *object)
{
    for (const Prop *p = props; p && p->name; p++)
        if (p->kind == PROP_TEXT) {
            char **field = (char **)(void *)((char *)object + p->offset);
            free(*field);
            *field = NULL;
        }
}

void props_print(const Prop *props, const void *object, Out *o, const char *indent)
{
    for (const Prop *p = props; p && p->name; p++) {
        out(o, "%s%s = ", indent, p->name);
        kinds[p->kind].print((const char *)object + p->offset, o);
        out(o, "\n");
    }
}

void props_help(const Prop *props, Out *o)
{
    for (const Prop *p = props; p && p->name; p++) {
        out(o, "  %s=<%s>", p->name, kinds[p->kind].takes);
        out(o, "%s%s%s%s\n", p->help ? " - " : "", p->help ? p->help : "", p->init ? ", default " : "",
            p->init ? p->init : "");
    }
}

bool prop_is(const Prop *props, const void *object, const char *name, const char *value)
{
    const Prop *p = find(props, name);
    if (!p)
        return false;
    const void *field = (const char *)object + p->offset;
    uint64_t number;
    bool truth;
    switch (p->kind) {
    case PROP_UINT:
        return text_to_uint(value, &number) && number == *(const uint64_t *)field;
    case PROP_BOOL:
        return text_to_bool(value, &truth) && truth == *(const bool *)field;
    case PROP_TEXT:
        return *(char *const *)field && !strcmp(*(char *const *)field, value);
    default:
        return false;
    }
}
