/* What this program is and can do. */
#include "config.h"
#include "monitor/command.h"
#include "monitor/types.h"

#include <ctype.h>
#include <string.h>

/* Of the QEMU whose protocol this is; what we are stands in `package`. */
json_t *monitor_version(void)
{
    return json_pack("{s:{s:i,s:i,s:i},s:s}", "qemu", "micro", 0, "minor", 2, "major", 7, "package",
                     "dragoman " VERSION);
}

static json_t *version(Ask *a)
{
    (void)a;
    return monitor_version();
}

static void print_version(const json_t *v, Out *o)
{
    out(o, "%s\n", json_string_value(json_object_get(v, "package")));
}

static json_t *commands(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (const Command *c = NULL; (c = command_next(c));)
        if (c->name)
            json_array_append_new(list, json_pack("{s:s}", "name", c->name));
    return list;
}

/* ---- help ---- */

static void print_takes(const Command *c, Out *o)
{
    const char *takes = c->takes ? c->takes : "";
    Member p;
    while (member_next(&takes, takes + strlen(takes), &p)) {
        bool says = *p.type.at == '-' || type_is_choice(p.type); /* the type, not its name */
        if (p.flag)
            out(o, " [-%c %s]", p.flag, p.name);
        else if (type_is(p.type, "fmt"))
            out(o, "/fmt");
        else if (!type_is(p.type, "[str]") && !type_is(p.type, "json"))
            out(o, p.optional ? " [%.*s]" : " %.*s", says ? (int)p.type.len : (int)strlen(p.name),
                says ? p.type.at : p.name);
    }
}

static void print_row(const Command *c, Out *o)
{
    out(o, "%s", c->human);
    if (c->alias)
        out(o, "|%s", c->alias);
    print_takes(c, o);
    out(o, " -- %s\n", c->help);
}

/* `help info` lists what begins with that word. */
static bool help(Ask *a, Out *o)
{
    const char *name = ask_text(a, "name");
    size_t len = name ? strlen(name) : 0;
    bool found = false;
    for (const Command *c = NULL; (c = command_next(c));) {
        if (!c->human)
            continue;
        bool is = name && ((!strncmp(c->human, name, len) && (!c->human[len] || c->human[len] == ' ')) ||
                           (c->alias && !strcmp(c->alias, name)));
        if (!name || is)
            print_row(c, o);
        found |= is;
    }
    if (found || !name)
        return true;
    const char *rest;
    return command_of_line(name, &rest, a->err);
}

/* ---- the guest ---- */

static json_t *name(Ask *a)
{
    const char *its = monitor_facts(a->monitors)->name;
    return its ? json_pack("{s:s}", "name", its) : json_object();
}

static void print_name(const json_t *v, Out *o)
{
    const char *its = json_string_value(json_object_get(v, "name"));
    if (its)
        out(o, "%s\n", its);
}

static json_t *uuid(Ask *a)
{
    const char *its = monitor_facts(a->monitors)->uuid;
    return json_pack("{s:s}", "UUID", its ? its : "00000000-0000-0000-0000-000000000000");
}

static void print_uuid(const json_t *v, Out *o)
{
    out(o, "%s\n", json_string_value(json_object_get(v, "UUID")));
}

/* ---- what there is to choose from ---- */

static json_t *machines(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (const MachineType *const *t = machine_types; *t; t++) {
        json_t *m =
            json_pack("{s:s,s:i,s:b,s:b,s:b,s:s}", "name", (*t)->name, "cpu-max", (*t)->cpus_max, "hotpluggable-cpus",
                      0, "numa-mem-supported", 0, "deprecated", 0, "default-ram-id", "ram");
        if ((*t)->cpu)
            json_object_set_new(m, "default-cpu-type", json_sprintf("%s-cpu", (*t)->cpu));
        json_array_append_new(list, m);
    }
    return list;
}

static json_t *events(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (const MonitorEvent *e = monitor_events; e->name; e++)
        json_array_append_new(list, json_pack("{s:s}", "name", e->name));
    return list;
}

/* The words before a = in what an option takes. */
static json_t *parameters(const char *takes)
{
    json_t *list = json_array();
    for (const char *eq = takes; (eq = strchr(eq, '=')); eq++) {
        const char *from = eq;
        while (from > takes && (isalnum((unsigned char)from[-1]) || strchr("-_.", from[-1])))
            from--;
        if (from != eq && islower((unsigned char)*from))
            json_array_append_new(
                list, json_pack("{s:o,s:s}", "name", json_stringn(from, (size_t)(eq - from)), "type", "string"));
    }
    return list;
}

static json_t *command_line_options(Ask *a)
{
    const char *wanted = ask_text(a, "option");
    json_t *list = json_array();
    for (const Option *o = monitor_facts(a->monitors)->options; o->name; o++) {
        bool works = o->set || o->text || o->flag;
        if (works && o->takes && *o->name && (!wanted || !strcmp(wanted, o->name)))
            json_array_append_new(list, json_pack("{s:s,s:o}", "option", o->name, "parameters", parameters(o->takes)));
    }
    return list;
}

static bool known(const char *type)
{
    for (const DeviceType *const *t = device_types; *t; t++)
        if (!strcmp((*t)->name, type))
            return true;
    return false;
}

static json_t *gic_capabilities(Ask *a)
{
    static const char *const types[] = { [2] = "gicv2", [3] = "gicv3" };
    (void)a;
    json_t *list = json_array();
    for (int version = 3; version > 1; version--)
        if (known(types[version]))
            json_array_append_new(list, json_pack("{s:i,s:b,s:b}", "version", version, "emulated", 1, "kernel", 0));
    return list;
}

/* ---- the other monitor ---- */

static json_t *human(Ask *a)
{
    Error err;
    Out o = { 0 };
    Ask inner = *a;
    int cpu = (int)ask_int(a, "cpu-index", *a->cpu);
    if (json_object_get(a->args, "cpu-index"))
        inner.cpu = &cpu;
    inner.err = &err;
    human_line(&inner, ask_text(a, "command-line"), &o);
    Out lines = { 0 };
    for (const char *at = o.text ? o.text : ""; *at; at += strcspn(at, "\n") + 1)
        out(&lines, "%.*s\r\n", (int)strcspn(at, "\n"), at);
    json_t *said = json_string(lines.text ? lines.text : "");
    out_free(&lines);
    out_free(&o);
    return said ? said : json_string("");
}

static bool history(Ask *a, Out *o)
{
    return monitor_history(a->monitor, o) || ask_fail(a, "only a monitor for people has a history");
}

extern const Command query_commands[];
const Command query_commands[] = {
    { NULL, "help", "name?:line", NULL, "this list, or of commands that begin with a word", .show = help,
      .alias = "?" },
    { "query-version", "info version", NULL, "{qemu:{micro:int minor:int major:int} package:str}",
      "what this program is", version, .print = print_version },
    { "query-commands", NULL, NULL, "[{name:str}]", "the names of all commands", commands },
    { "query-events", NULL, NULL, "[{name:str}]", "the names of all events", events },
    { "query-name", "info name", NULL, "{name?:str}", "the guest's name", name, .print = print_name },
    { "query-uuid", "info uuid", NULL, "{UUID:str}", "the guest's identity", uuid, .print = print_uuid },
    { "query-machines", NULL, NULL,
      "[{name:str cpu-max:int hotpluggable-cpus:bool numa-mem-supported:bool deprecated:bool default-ram-id:str "
      "default-cpu-type?:str}]",
      "machines to choose from", machines },
    { "query-command-line-options", NULL, "option?:str", "[{option:str parameters:[{name:str type:str}]}]",
      "options of the command line", command_line_options },
    { "query-gic-capabilities", NULL, NULL, "[{version:int emulated:bool kernel:bool}]",
      "interrupt controllers of Arm machines", gic_capabilities },
    { "human-monitor-command", NULL, "command-line:str cpu-index?:int", "str", "a line of the human monitor", human,
      .still = true },
    { NULL, "info history", NULL, NULL, "what was typed here", .show = history },
    { 0 },
};
