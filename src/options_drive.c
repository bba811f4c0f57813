/* -drive and its short forms; -boot. */
#include "base/alloc.h"
#include "base/keyvals.h"
#include "options.h"

#include <string.h>

bool set_drive(void *config, const char *value, Error *err)
{
    (void)err;
    texts_add(&((Config *)config)->drives, value);
    return true;
}

/* FILE as a value of -drive. */
static bool add_drive(Config *c, const char *file, const char *more)
{
    Out o = { 0 };
    for (out(&o, "file="); *file; file++)
        out(&o, "%s%c", *file == ',' ? "," : "", *file);
    out(&o, "%s", more);
    texts_add(&c->drives, o.text);
    out_free(&o);
    return true;
}

bool set_fda(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",if=floppy,index=0");
}

bool set_fdb(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",if=floppy,index=1");
}

bool set_hdc(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",index=2");
}

bool set_hdd(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",index=3");
}

bool set_image(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, "");
}

bool set_hda(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",index=0");
}

bool set_hdb(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",index=1");
}

bool set_cdrom(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",index=2,media=cdrom");
}

bool set_pflash(void *config, const char *value, Error *err)
{
    (void)err;
    return add_drive(config, value, ",if=pflash");
}

static bool check_order(const char *key, const char *order, Error *err)
{
    return !order || !order[strspn(order, "acdn")] ||
           error_set(err, "%s=%s: a is the floppy, c the disk, d the CD, n the network", key, order);
}

static bool boot_keys(Config *c, KeyVals *keys, Error *err)
{
    bool strict;
    const char *order = keyvals_get(keys, "order"), *once = keyvals_get(keys, "once");
    const char *retry = keyvals_get(keys, "reboot-timeout");
    uint64_t retry_ms = 0;
    bool never = retry && !strcmp(retry, "-1");
    bool ok = keyvals_bool(keys, "menu", &c->machine.boot_menu, err) && keyvals_bool(keys, "strict", &strict, err) &&
              keyvals_number(keys, "splash-time", &c->machine.boot_wait_ms, 65535, err) &&
              (never || keyvals_number(keys, "reboot-timeout", &retry_ms, 65535, err)) && keyvals_done(keys, err) &&
              check_order("order", order, err) && check_order("once", once, err);
    if (retry)
        c->machine.boot_retry_ms = never ? -1 : (int64_t)retry_ms;
    if (ok && order)
        c->machine.boot_order = config_own(c, xstrdup(order));
    if (ok && once)
        c->machine.boot_once = config_own(c, xstrdup(once));
    return ok;
}

bool set_boot(void *config, const char *value, Error *err)
{
    KeyVals keys;
    if (!keyvals_parse(value, "order", &keys, err))
        return error_in(err, "-boot ");
    bool ok = boot_keys(config, &keys, err);
    keyvals_free(&keys);
    return ok || error_in(err, "-boot %s: ", value);
}
