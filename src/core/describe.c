#include "core/describe.h"

#include "base/alloc.h"
#include "host/drive.h"

#include <stdlib.h>

static void quoted(Out *o, const char *text)
{
    out(o, "\"");
    for (; text && *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
            out(o, "\\u%04x", (unsigned char)*text);
        else
            out(o, "%c", *text);
    out(o, "\"");
}

static void member(Out *o, const char *kind, const char *name, const char *value)
{
    char *key = xprintf("%s%s", kind, name);
    quoted(o, key);
    free(key);
    out(o, ": ");
    quoted(o, value);
    out(o, ",\n");
}

void machine_describe(Machine *m, Out *o)
{
    const MachineConfig *c = m->config;
    member(o, "machine", "", m->type->name);
    member(o, "machine properties", "", c->machine_props);
    member(o, "cpu", "", c->cpu);
    out(o, "\"cpus\": %d,\n\"ram bytes\": %llu,\n", c->cpus, (unsigned long long)c->ram);
    for (const Device *d = m->devices; d; d = d->next)
        member(o, "device ", d->id, d->type->name);
    for (Drive *d = drive_next(NULL); d; d = drive_next(d)) {
        char *bytes = xprintf("%llu bytes%s", (unsigned long long)d->bytes, d->readonly ? ", readonly" : "");
        member(o, "drive ", d->id, bytes);
        free(bytes);
    }
}

bool drives_are_kept(const char *lost, Error *err)
{
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        if (!d->readonly && !drive_is_private(d))
            return error_set(err,
                             "drive '%s' writes to its file, which %s; start with -snapshot, or with snapshot=on or "
                             "readonly=on in its -drive",
                             d->id, lost);
    return true;
}
