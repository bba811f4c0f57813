/* All commands, and how one is found and run. */
#include "base/nearest.h"
#include "monitor/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const Command constant_commands[], cpu_commands[], device_commands[], host_commands[], object_commands[];
extern const Command debug_commands[], input_commands[], media_commands[], pci_commands[], screen_commands[];
extern const Command node_commands[], dump_commands[];
extern const Command memory_commands[], query_commands[], run_commands[], schema_commands[], snapshot_commands[];
const Command *const command_tables[] = {
    run_commands,    query_commands,    cpu_commands,    memory_commands,   device_commands, host_commands,
    object_commands, constant_commands, schema_commands, snapshot_commands, debug_commands,  input_commands,
    pci_commands,    screen_commands,   media_commands,  node_commands,     dump_commands,   NULL,
};

const Command *command_next(const Command *c)
{
    if (!c)
        return command_tables[0];
    if ((++c)->help)
        return c;
    for (const Command *const *t = command_tables; *t; t++)
        for (const Command *row = *t; row->help; row++)
            if (row + 1 == c)
                return t[1];
    return NULL;
}

const Command *command_named(const char *name)
{
    for (const Command *c = NULL; (c = command_next(c));)
        if (c->name && !strcmp(c->name, name))
            return c;
    return NULL;
}

/* How much of the line one spelling of a command takes: 0, it is another. */
static size_t spelling_length(const char *words, const char *line)
{
    size_t at = 0;
    for (; *words; words++) {
        if (*words == ' ' && (line[at] == ' ' || line[at] == '\t'))
            at += strspn(line + at, " \t");
        else if (*words == line[at])
            at++;
        else
            return 0;
    }
    return strchr(" \t/", line[at]) ? at : 0; /* the end is in there, too */
}

static size_t line_length(const Command *c, const char *line)
{
    size_t name = c->human ? spelling_length(c->human, line) : 0,
           alias = c->alias ? spelling_length(c->alias, line) : 0;
    return name > alias ? name : alias;
}

static void unknown(const char *line, Error *err)
{
    char typed[64];
    size_t len = strcspn(line, " \t");
    if (len == 4 && !memcmp(line, "info", 4))
        len += strspn(line + 4, " \t") + strcspn(line + 4 + strspn(line + 4, " \t"), " \t");
    snprintf(typed, sizeof typed, "%.*s", (int)len, line);
    Nearest near = NEAREST(typed);
    for (const Command *c = NULL; (c = command_next(c));) {
        if (c->human)
            nearest_try(&near, c->human);
    }
    const char *meant = nearest_answer(&near);
    if (meant)
        error_set(err, "unknown command: '%s'; did you mean '%s'?", typed, meant);
    else
        error_set(err, "unknown command: '%s'; help lists them", typed);
}

const Command *command_of_line(const char *line, const char **args, Error *err)
{
    const Command *best = NULL;
    size_t most = 0;
    for (const Command *c = NULL; (c = command_next(c));) {
        size_t n = line_length(c, line);
        if (n > most) {
            most = n;
            best = c;
        }
    }
    if (!best)
        unknown(line, err);
    *args = line + most;
    return best;
}

json_t *command_run(const Command *c, Ask *a)
{
    if (c->answer)
        return json_loads(c->answer, 0, NULL);
    return c->refusal ? ask_fail_class(a, c->class, "%s", c->refusal) : c->run(a);
}

json_t *ask_fail_class(Ask *a, const char *class, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->err->text, sizeof a->err->text, fmt, args);
    va_end(args);
    a->class = class;
    return NULL;
}

json_t *ask_fail(Ask *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->err->text, sizeof a->err->text, fmt, args);
    va_end(args);
    return NULL;
}

const char *ask_text(const Ask *a, const char *name)
{
    return json_string_value(json_object_get(a->args, name));
}

int64_t ask_int(const Ask *a, const char *name, int64_t missing)
{
    const json_t *v = json_object_get(a->args, name);
    return v ? json_integer_value(v) : missing;
}

bool ask_bool(const Ask *a, const char *name)
{
    return json_is_true(json_object_get(a->args, name));
}
