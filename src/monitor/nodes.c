/* Drives and networks that come and go while the machine runs: what device_add can be given. */
#include "base/keyval.h"
#include "core/prop.h"
#include "host/drive.h"
#include "host/net.h"
#include "monitor/command.h"
#include "monitor/flat.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- nodes ---- */

static bool add_one(Ask *a, const json_t *node, const char *name, const char *file)
{
    Out o = { 0 };
    out(&o, "node-name=");
    keyval_out(&o, name);
    flat_add(&o, node, "node-name", file ? "file" : NULL);
    if (file) {
        out(&o, ",file=");
        keyval_out(&o, file);
    }
    bool ok = drive_add_node(o.text, a->err);
    out_free(&o);
    return ok;
}

typedef struct NodeName {
    char text[160];
} NodeName;

/* What one in the place of `file` is called that was given no name. */
static NodeName inner_name(const char *name)
{
    NodeName made;
    snprintf(made.text, sizeof made.text, "#file-of-%s", name);
    return made;
}

/* One in the place of `file` is added first; it goes when what is on it goes. */
static bool add_with_inner(Ask *a, const json_t *inner, const char *name)
{
    NodeName made = inner_name(name);
    const char *its = json_string_value(json_object_get(inner, "node-name"));
    its = its ? its : made.text;
    if (json_is_object(json_object_get(inner, "file")))
        return ask_fail(a, "at most two nodes at once: add '%s' by itself first", its);
    if (!add_one(a, inner, its, NULL))
        return false;
    Error unused;
    bool ok = add_one(a, a->args, name, its);
    if (!ok)
        drive_remove_node(drive_find(its), &unused);
    return ok;
}

static json_t *blockdev_add(Ask *a)
{
    const json_t *file = json_object_get(a->args, "file");
    const char *name = ask_text(a, "node-name");
    if (!name || !*name)
        return ask_fail(a, "'node-name' must be specified for the root node");
    bool ok = json_is_object(file) ? add_with_inner(a, file, name) : add_one(a, a->args, name, NULL);
    return ok ? json_object() : NULL;
}

static Drive *node_named(Ask *a, const char *name)
{
    Drive *d = drive_find(name);
    if (!d)
        ask_fail(a, "Failed to find node with node-name='%s'", name);
    return d;
}

static json_t *blockdev_del(Ask *a)
{
    const char *name = ask_text(a, "node-name");
    Drive *d = node_named(a, name);
    if (!d)
        return NULL;
    const Device *user = prop_user(a->machine, PROP_DRIVE, d);
    if (user)
        return ask_fail(a, "Node %s is in use by device '%s'", name, user->id);
    if (!drive_remove_node(d, a->err))
        return NULL;
    Drive *under = drive_find(inner_name(name).text);
    if (under)
        drive_remove_node(under, a->err);
    return json_object();
}

/* ---- sizes and speeds ---- */

enum { SECTOR = 512 };

static json_t *resize(Ask *a)
{
    const char *name = ask_text(a, "node-name");
    name = name ? name : ask_text(a, "device");
    int64_t bytes = ask_int(a, "size", 0);
    if (!name)
        return ask_fail(a, "Need exactly one of 'device' and 'node-name'");
    Drive *d = drive_find(name);
    if (!d)
        return ask_fail_class(a, "DeviceNotFound", "Cannot find device='%s' nor node-name='%s'", name, name);
    if (bytes <= 0 || bytes % SECTOR)
        return ask_fail(a, "Parameter 'size' expects a multiple of 512 above 0");
    const Device *user = prop_user(a->machine, PROP_DRIVE, d);
    if (user && !(d->user && d->user->resized))
        return ask_fail(a, "'%s' cannot tell the guest that its medium has another size", user->id);
    return drive_resize(d, (uint64_t)bytes, a->err) ? json_object() : NULL;
}

/* Every limit off is how it always is here. */
static json_t *throttle(Ask *a)
{
    const char *name = ask_text(a, "id"), *key;
    json_t *value;
    name = name ? name : ask_text(a, "device");
    const Device *dev = name ? machine_device(a->machine, name) : NULL;
    if (!name || (!dev && !drive_find(name)))
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", name ? name : "");
    json_object_foreach(a->args, key, value)
    {
        if (json_is_integer(value) && json_integer_value(value) && strcmp(key, "iops_size") && !strstr(key, "_length"))
            return ask_fail(a, "%s: this version does not limit what a drive does", key);
    }
    return json_object();
}

/* All of them or none; this version has no action but that which refuses. */
static json_t *transaction(Ask *a)
{
    const json_t *actions = json_object_get(a->args, "actions");
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const char *type = json_string_value(json_object_get(json_array_get(actions, i), "type"));
        if (!type)
            return ask_fail(a, "Parameter 'actions[%zu].type' is missing", i);
        if (!strcmp(type, "abort"))
            return ask_fail(a, "Transaction aborted using Abort action");
        return ask_fail(a, "Parameter 'type' does not accept value '%s': this version has no action but abort", type);
    }
    return json_is_array(actions) ? json_object()
                                  : ask_fail(a, "Invalid parameter type for 'actions', expected: array");
}

/* ---- networks ---- */

static json_t *netdev_add(Ask *a)
{
    Out o = { 0 };
    out(&o, "%s", ask_text(a, "type"));
    flat_add(&o, a->args, "type", NULL);
    bool ok = net_add(o.text, a->err);
    out_free(&o);
    return ok ? json_object() : NULL;
}

static bool netdev_line(Ask *a, Out *o)
{
    (void)o;
    return net_add(ask_text(a, "options"), a->err);
}

static json_t *netdev_del(Ask *a)
{
    const char *id = ask_text(a, "id");
    Net *n = net_find(id);
    if (!n)
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", id);
    const Device *user = prop_user(a->machine, PROP_NET, n);
    if (user)
        return ask_fail(a, "netdev '%s' is in use by device '%s'", id, user->id);
    return net_remove(id, a->err) ? json_object() : NULL;
}

extern const Command node_commands[];
const Command node_commands[] = {
    { "blockdev-add", NULL, "driver:str node-name?:str more:json", NULL, "open an image for devices to come",
      blockdev_add, .still = true },
    { "blockdev-del", NULL, "node-name:str", NULL, "close it again", blockdev_del, .still = true },
    { "block_resize", NULL, "device?:str node-name?:str size:int", NULL, "give an image another size", resize,
      .still = true },
    { NULL, "block_resize", "device:str size:size", NULL, "give an image another size: block_resize virtio0 4G", resize,
      .still = true },
    { "block_set_io_throttle", NULL,
      "device?:str id?:str bps:int bps_rd:int bps_wr:int iops:int iops_rd:int iops_wr:int more:json", NULL,
      "take away all limits of a drive; this version has none to set", throttle },
    { "transaction", NULL, "actions:json properties?:json", NULL, "several actions at once, of those this version has",
      transaction },
    { "netdev_add", NULL, "type:str id:str more:json", NULL, "a network for devices to come", netdev_add,
      .still = true },
    { NULL, "netdev_add", "options:line", NULL, "a network for devices to come: KIND,id=ID[,OPTION=VALUE]",
      .show = netdev_line, .still = true },
    { "netdev_del", "netdev_del", "id:str", NULL, "take it away again", netdev_del, .still = true },
    { 0 },
};
