/* What is outside of the machine: chardevs, drives, networks, the log. */
#include "base/log.h"
#include "core/prop.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "host/net.h"
#include "monitor/command.h"

#include <string.h>
#include <sys/stat.h>

/* ---- chardevs ---- */

static json_t *chardevs(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (Chardev *c = chardev_next(NULL); c; c = chardev_next(c)) {
        Out name = { 0 };
        chardev_describe(c, &name);
        json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "label", c->id, "filename", name.text, "frontend-open",
                                              (int)!!c->receive));
        out_free(&name);
    }
    return list;
}

static void print_chardevs(const json_t *list, Out *o)
{
    size_t i;
    json_t *c;
    json_array_foreach(list, i, c)
    {
        out(o, "%s: filename=%s\n", json_string_value(json_object_get(c, "label")),
            json_string_value(json_object_get(c, "filename")));
    }
}

static json_t *chardev_backends(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (int i = 0; chardev_kind(i); i++)
        json_array_append_new(list, json_pack("{s:s}", "name", chardev_kind(i)));
    json_array_append_new(list, json_pack("{s:s}", "name", "mux"));
    return list;
}

/* ---- drives ---- */

static json_t *image(const Drive *d)
{
    struct stat st;
    bool there = drive_file(d) && !stat(drive_file(d), &st);
    return json_pack("{s:s,s:s,s:I,s:I,s:b}", "filename", drive_file(d) ? drive_file(d) : "", "format", drive_driver(d),
                     "virtual-size", (json_int_t)d->bytes, "actual-size", (json_int_t)(there ? st.st_blocks * 512 : 0),
                     "dirty-flag", 0);
}

static json_t *node(const Drive *d)
{
    json_t *n = json_pack("{s:s,s:s,s:s,s:b,s:b,s:i,s:s,s:i}", "file", drive_file(d) ? drive_file(d) : "", "drv",
                          drive_driver(d), "node-name", d->id, "ro", (int)d->readonly, "encrypted", 0,
                          "backing_file_depth", 0, "detect_zeroes", "off", "write_threshold", 0);
    static const char *const limits[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr" };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        json_object_set_new(n, limits[i], json_integer(0));
    json_object_set_new(n, "cache", json_pack("{s:b,s:b,s:b}", "writeback", 1, "direct", 0, "no-flush", 0));
    json_object_set_new(n, "image", image(d));
    return n;
}

static json_t *block(Ask *a)
{
    json_t *list = json_array();
    for (Drive *d = drive_next(NULL); d; d = drive_next(d)) {
        const DriveUser *u = d->user;
        const Device *user = prop_user(a->machine, PROP_DRIVE, d);
        if (drive_is_node(d) && !user) /* query-named-block-nodes has those */
            continue;
        json_t *b =
            json_pack("{s:s,s:s,s:b,s:b,s:s}", "device", drive_is_node(d) ? "" : d->id, "type", "unknown", "removable",
                      (int)d->removable, "locked", u && u->is_locked && u->is_locked(d->user_of), "io-status", "ok");
        if (u && u->is_open)
            json_object_set_new(b, "tray_open", json_boolean(u->is_open(d->user_of)));
        if (d->bytes || !d->removable)
            json_object_set_new(b, "inserted", node(d));
        if (user)
            json_object_set_new(b, "qdev", json_string(user->id));
        json_array_append_new(list, b);
    }
    return list;
}

static json_t *block_nodes(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        if (d->bytes || !d->removable)
            json_array_append_new(list, node(d));
    return list;
}

/* What QEMU calls each count. */
static const struct Stat {
    const char *operations, *failed, *bytes, *ns;
} stats[DRIVE_OPS] = {
    [DRIVE_READ] = { "rd_operations", "failed_rd_operations", "rd_bytes", "rd_total_time_ns" },
    [DRIVE_WRITE] = { "wr_operations", "failed_wr_operations", "wr_bytes", "wr_total_time_ns" },
    [DRIVE_FLUSH] = { "flush_operations", "failed_flush_operations", NULL, "flush_total_time_ns" },
    [DRIVE_DISCARD] = { "unmap_operations", "failed_unmap_operations", "unmap_bytes", "unmap_total_time_ns" },
};

static json_t *counts(const Drive *d)
{
    json_t *all = json_object();
    for (int op = 0; op < DRIVE_OPS; op++) {
        const DriveCount *c = drive_count(d, op);
        const struct Stat *s = &stats[op];
        if (!s->operations)
            continue;
        json_object_set_new(all, s->operations, json_integer((json_int_t)c->operations));
        json_object_set_new(all, s->failed, json_integer((json_int_t)c->failed));
        if (s->bytes)
            json_object_set_new(all, s->bytes, json_integer((json_int_t)c->bytes));
        json_object_set_new(all, s->ns, json_integer((json_int_t)c->ns));
    }
    return all;
}

static json_t *blockstats(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:o}", "device", d->id, "node-name", d->id, "stats", counts(d)));
    return list;
}

static void print_blockstats(const json_t *list, Out *o)
{
    size_t i;
    json_t *b, *value;
    const char *key;
    json_array_foreach(list, i, b)
    {
        out(o, "%s:", json_string_value(json_object_get(b, "device")));
        json_object_foreach(json_object_get(b, "stats"), key, value)
        {
            out(o, " %s=%lld", key, (long long)json_integer_value(value));
        }
        out(o, "\n");
    }
}

static void print_block(const json_t *list, Out *o)
{
    size_t i;
    json_t *b;
    json_array_foreach(list, i, b)
    {
        const json_t *n = json_object_get(b, "inserted"), *tray = json_object_get(b, "tray_open");
        const char *user = json_string_value(json_object_get(b, "qdev"));
        out(o, "%s%s: ", i ? "\n" : "", json_string_value(json_object_get(b, "device")));
        if (n)
            out(o, "%s (raw%s)\n", json_string_value(json_object_get(n, "file")),
                json_is_true(json_object_get(n, "ro")) ? ", read-only" : "");
        else
            out(o, "[not inserted]\n");
        if (user)
            out(o, "    Attached to:      %s\n", user);
        if (json_is_true(json_object_get(b, "removable")))
            out(o, "    Removable device: %slocked%s%s\n", json_is_true(json_object_get(b, "locked")) ? "" : "not ",
                tray ? ", tray " : "",
                !tray                ? ""
                : json_is_true(tray) ? "open"
                                     : "closed");
        if (n)
            out(o, "    Size:             %lld bytes\n",
                (long long)json_integer_value(json_object_get(json_object_get(n, "image"), "virtual-size")));
    }
}

/* ---- networks ---- */

static void print_user(const Device *d, Out *o)
{
    out(o, "%s: type=nic,model=%s", d->id, d->type->name);
    for (const Prop *p = d->type->props; p && p->name; p++)
        if (p->kind == PROP_TEXT && !strcmp(p->name, "mac"))
            out(o, ",macaddr=%s", *(char *const *)(const void *)((const char *)d + p->offset));
    out(o, "\n");
}

static bool network(Ask *a, Out *o)
{
    for (Net *n = net_next(NULL); n; n = net_next(n)) {
        const Device *user = prop_user(a->machine, PROP_NET, n);
        if (user)
            print_user(user, o);
        out(o, "%s%s: type=%s\n", user ? " \\ " : "", n->id, net_kind(n));
    }
    return true;
}

/* ---- the log ---- */

/* Units made before know nothing of the items that show each execution: they must be looked up again. */
static void translate_again(Machine *m)
{
    if (!m->cpus || !m->cpus->reset)
        return;
    machine_unlock(m);
    m->cpus->reset(m);
    machine_lock(m);
}

static bool log_items(Ask *a, Out *o)
{
    const char *items = ask_text(a, "items");
    uint32_t before = log_mask;
    log_mask = 0;
    if (strcmp(items, "none") && !log_choose(items, a->err)) {
        log_mask = before;
        out(o, "%s\n", a->err->text);
        log_help(o);
        return true;
    }
    translate_again(a->machine);
    return true;
}

static bool log_file(Ask *a, Out *o)
{
    (void)o;
    return log_to(ask_text(a, "filename"), a->err);
}

#define NODE                                                                                                           \
    "{file:str drv:str node-name:str ro:bool encrypted:bool backing_file_depth:int detect_zeroes:str "                 \
    "write_threshold:int bps:int bps_rd:int bps_wr:int iops:int iops_rd:int iops_wr:int "                              \
    "cache:{writeback:bool direct:bool no-flush:bool} "                                                                \
    "image:{filename:str format:str virtual-size:int actual-size:int dirty-flag:bool}}"

extern const Command host_commands[];
const Command host_commands[] = {
    { "query-chardev", "info chardev", NULL, "[{label:str filename:str frontend-open:bool}]", "character devices",
      chardevs, .print = print_chardevs },
    { "query-chardev-backends", NULL, NULL, "[{name:str}]", "kinds of character device", chardev_backends },
    { "query-block", "info block", NULL,
      "[{device:str type:str removable:bool locked:bool io-status:str qdev?:str tray_open?:bool inserted?:" NODE "}]",
      "drives", block, .print = print_block },
    { "query-named-block-nodes", NULL, "flat?:bool", "[" NODE "]", "the images of drives", block_nodes },
    { "query-blockstats", "info blockstats", "query-nodes?:bool",
      "[{device:str node-name:str stats:{rd_operations:int failed_rd_operations:int rd_bytes:int rd_total_time_ns:int "
      "wr_operations:int failed_wr_operations:int wr_bytes:int wr_total_time_ns:int flush_operations:int "
      "failed_flush_operations:int flush_total_time_ns:int unmap_operations:int failed_unmap_operations:int "
      "unmap_bytes:int unmap_total_time_ns:int}}]",
      "what drives have done", blockstats, .print = print_blockstats },
    { NULL, "info network", NULL, NULL, "networks and their cards", .show = network },
    { NULL, "log", "items:str", NULL, "log these items from now on, or none", .show = log_items, .still = true },
    { NULL, "logfile", "filename:str", NULL, "log to another file", .show = log_file, .still = true },
    { 0 },
};
