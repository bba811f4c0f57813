/* What this program is and can do. */
#include "config.h"
#include "monitor/command.h"

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
    const char *takes = c->takes;
    Param p;
    while (param_next(&takes, &p)) {
        if (!strcmp(p.type, "fmt"))
            out(o, "/fmt");
        else if (*p.type == '-')
            out(o, " [%s]", p.type);
        else if (strcmp(p.type, "[str]") && strcmp(p.type, "json"))
            out(o, p.optional ? " [%s]" : " %s", strchr(p.type, '|') ? p.type : p.name);
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

extern const Command query_commands[];
const Command query_commands[] = {
    { NULL, "help", "name?:line", NULL, "this list, or of commands that begin with a word", .show = help,
      .alias = "?" },
    { "query-version", "info version", NULL, "{qemu:{micro:int minor:int major:int} package:str}",
      "what this program is", version, .print = print_version },
    { "query-commands", NULL, NULL, "[{name:str}]", "the names of all commands", commands },
    { 0 },
};
