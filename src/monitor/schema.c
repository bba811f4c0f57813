/* query-qmp-schema: all commands, events and types of this monitor, in the form of QEMU's introspection. Types have
 * numbers for names; what stands for itself (str, int) is built in. */
#include "monitor/command.h"
#include "monitor/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Schema {
    json_t *list;
    json_t *names; /* of types, by their declaration */
} Schema;

static const struct Builtin {
    const char *declared, *name, *json;
} builtins[] = {
    { "str", "str", "string" }, { "line", "str", NULL },       { "int", "int", "int" },    { "size", "int", NULL },
    { "fmt", "str", NULL },     { "bool", "bool", "boolean" }, { "json", "any", "value" },
};
enum { BUILTINS = sizeof builtins / sizeof *builtins };

static const char *builtin(Type t)
{
    for (int i = 0; i < BUILTINS; i++)
        if (type_is(t, builtins[i].declared))
            return builtins[i].name;
    return *t.at == '-' ? "bool" : NULL;
}

static const char *type_name(Schema *, Type);

static json_t *members(Schema *s, const char *at, const char *end)
{
    json_t *list = json_array();
    Member m;
    while (member_next(&at, end, &m)) {
        if (!strcmp(m.name, "more"))
            continue;
        json_t *member = json_pack("{s:s,s:s}", "name", m.name, "type", type_name(s, m.type));
        if (m.optional)
            json_object_set_new(member, "default", json_null());
        json_array_append_new(list, member);
    }
    return list;
}

static json_t *choices(Type t)
{
    json_t *values = json_array(), *named = json_array();
    Type word;
    for (const char *at = t.at; choice_next(&at, t.at + t.len, &word);) {
        json_t *name = json_stringn(word.at, word.len);
        json_array_append(values, name);
        json_array_append_new(named, json_pack("{s:o}", "name", name));
    }
    return json_pack("{s:s,s:o,s:o}", "meta-type", "enum", "values", values, "members", named);
}

static json_t *describe(Schema *s, Type t)
{
    const char *at, *end;
    Type element;
    if (type_is_object(t, &at, &end))
        return json_pack("{s:s,s:o}", "meta-type", "object", "members", members(s, at, end));
    if (type_is_list(t, &element))
        return json_pack("{s:s,s:s}", "meta-type", "array", "element-type", type_name(s, element));
    return choices(t);
}

static const char *type_name(Schema *s, Type t)
{
    const char *own = builtin(t);
    if (own)
        return own;
    json_t *known = json_object_getn(s->names, t.at, t.len);
    if (known)
        return json_string_value(known);
    Type element;
    json_t *name = type_is_list(t, &element) ? json_sprintf("[%s]", type_name(s, element))
                                             : json_sprintf("%zu", json_object_size(s->names));
    json_object_setn_new(s->names, t.at, t.len, name);
    json_t *type = describe(s, t);
    json_object_set(type, "name", name);
    json_array_append_new(s->list, type);
    return json_string_value(name);
}

/* The arguments are an object whose members stand in the row without its brackets. */
static const char *arguments(Schema *s, const Command *c)
{
    char *text = malloc(strlen(c->takes ? c->takes : "") + 3);
    sprintf(text, "{%s}", c->takes ? c->takes : "");
    const char *name = type_name(s, type_of_text(text));
    free(text);
    return name;
}

static void add_builtins(Schema *s)
{
    for (int i = 0; i < BUILTINS; i++)
        if (builtins[i].json)
            json_array_append_new(s->list, json_pack("{s:s,s:s,s:s}", "name", builtins[i].name, "meta-type", "builtin",
                                                     "json-type", builtins[i].json));
}

static void add_commands(Schema *s)
{
    for (const Command *c = NULL; (c = command_next(c));)
        if (c->name)
            json_array_append_new(s->list,
                                  json_pack("{s:s,s:s,s:s,s:s}", "name", c->name, "meta-type", "command", "arg-type",
                                            arguments(s, c), "ret-type", type_name(s, type_of_text(c->gives))));
}

static void add_events(Schema *s)
{
    for (const MonitorEvent *e = monitor_events; e->name; e++)
        json_array_append_new(s->list, json_pack("{s:s,s:s,s:s}", "name", e->name, "meta-type", "event", "arg-type",
                                                 type_name(s, type_of_text(e->data))));
}

static json_t *schema(Ask *a)
{
    (void)a;
    Schema s = { json_array(), json_object() };
    add_commands(&s);
    add_events(&s);
    add_builtins(&s);
    json_decref(s.names);
    return s.list;
}

extern const Command schema_commands[];
const Command schema_commands[] = {
    { "query-qmp-schema", NULL, NULL, "[json]", "all commands, events and types", schema },
    { 0 },
};
