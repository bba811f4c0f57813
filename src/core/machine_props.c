/* -machine NAME,KEY=VALUE: the machine's own properties and those that every machine has. */
#include "base/keyval.h"
#include "base/nearest.h"
#include "core/prop.h"
#include "core/run.h"

#include <ctype.h>
#include <string.h>

#define COMMON(name, field, kind, help)                                                                                \
    {                                                                                                                  \
        name, help, kind, offsetof(MachineCommon, field), NULL                                                         \
    }

/* The last of them change nothing here; scripts and libvirt pass them. */
static const Prop common[] = {
    COMMON("accel", accel, PROP_TEXT, "tcg: how guest code is run"),
    COMMON("kernel", kernel, PROP_TEXT, "as -kernel"),
    COMMON("initrd", initrd, PROP_TEXT, "as -initrd"),
    COMMON("append", append, PROP_TEXT, "as -append"),
    COMMON("dtb", dtb, PROP_TEXT, "as -dtb"),
    COMMON("firmware", firmware, PROP_TEXT, "as -bios"),
    COMMON("dumpdtb", dump_dtb, PROP_TEXT, "write the device tree to this file and end"),
    COMMON("usb", usb, PROP_BOOL, "a USB controller"),
    COMMON("memory-backend", unused_text, PROP_TEXT, "accepted, without effect"),
    COMMON("graphics", unused, PROP_BOOL, "accepted, without effect"),
    COMMON("dump-guest-core", unused, PROP_BOOL, "accepted, without effect"),
    COMMON("mem-merge", unused, PROP_BOOL, "accepted, without effect"),
    COMMON("suppress-vmdesc", unused, PROP_BOOL, "accepted, without effect"),
    { 0 },
};

static bool has(const Prop *p, const char *name)
{
    for (; p && p->name; p++)
        if (!strcmp(p->name, name))
            return true;
    return false;
}

static bool unknown(const MachineType *type, const char *name, Error *err)
{
    Nearest near = NEAREST(name);
    const Prop *const tables[] = { type->props, common };
    for (int i = 0; i < 2; i++)
        for (const Prop *p = tables[i]; p && p->name; p++)
            nearest_try(&near, p->name);
    const char *meant = nearest_answer(&near);
    if (meant)
        return error_set(err, "no property '%s'; did you mean '%s'?", name, meant);
    return error_set(err, "no property '%s'; -machine %s,help lists them", name, type->name);
}

static bool set(Machine *m, const KeyVal *kv, Error *err)
{
    const char *value = kv->value ? kv->value : "on";
    if (has(m->type->props, kv->key))
        return prop_set(m->type->props, m, m, kv->key, value, err);
    if (has(common, kv->key))
        return prop_set(common, &m->run->common, m, kv->key, value, err);
    return unknown(m->type, kv->key, err);
}

/* "kvm:tcg" asks for the first that there is. */
static bool check(const MachineCommon *c, Error *err)
{
    if (c->accel && !strstr(c->accel, "tcg"))
        return error_set(err, "accel=%s: only tcg is there, which translates guest code", c->accel);
    if (c->usb)
        return error_set(err, "usb=on: there is no USB controller");
    return true;
}

static void prefer(const char **option, const char *property)
{
    if (!*option)
        *option = property;
}

bool machine_props_set(Machine *m, Error *err)
{
    const char *at = m->config->machine_props;
    MachineCommon *c = &m->run->common;
    MachineConfig *config = &m->run->config;
    KeyVal kv;
    bool ok = props_init(m->type->props, m, m, err);
    while (ok && keyval_next(&at, &kv)) {
        ok = set(m, &kv, err);
        keyval_free(&kv);
    }
    if (!ok || !check(c, err))
        return error_in(err, "-machine %s: ", m->type->name);
    prefer(&config->kernel, c->kernel);
    prefer(&config->initrd, c->initrd);
    prefer(&config->append, c->append);
    prefer(&config->dtb, c->dtb);
    prefer(&config->bios, c->firmware);
    prefer(&config->dump_dtb, c->dump_dtb);
    return true;
}

void machine_props_free(Machine *m)
{
    props_free(m->type->props, m);
    props_free(common, &m->run->common);
}

void machine_props_help(const MachineType *type, Out *o)
{
    props_help(type->props, o);
    props_help(common, o);
}

/* "virt-7.2" is a version of "virt": there is one of each machine here. */
static size_t plain_length(const char *name)
{
    const char *dash = strrchr(name, '-');
    return dash && isdigit((unsigned char)dash[1]) && strchr(dash, '.') ? (size_t)(dash - name) : strlen(name);
}

const MachineType *machine_type(const char *name, Error *err)
{
    size_t len = plain_length(name);
    Nearest near = NEAREST(name);
    for (const MachineType *const *t = machine_types; *t; t++) {
        if (!strcmp((*t)->name, name) || (strlen((*t)->name) == len && !memcmp((*t)->name, name, len)))
            return *t;
        nearest_try(&near, (*t)->name);
    }
    const char *meant = nearest_answer(&near);
    if (meant)
        error_set(err, "there is no machine '%s'; did you mean '%s'?", name, meant);
    else
        error_set(err, "there is no machine '%s'; -machine help lists them", name);
    return NULL;
}
