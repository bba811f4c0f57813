#include "monitor/types.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

Type type_of_text(const char *text)
{
    text = text ? text : "{}";
    return (Type){ text, strlen(text) };
}

/* Up to a blank that is in no bracket. */
static const char *type_end(const char *at, const char *end)
{
    int depth = 0;
    for (; at < end && (depth || *at != ' '); at++)
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    return at;
}

bool member_next(const char **at, const char *end, Member *m)
{
    const char *name = *at;
    while (name < end && *name == ' ')
        name++;
    if (name == end)
        return false;
    const char *colon = memchr(name, ':', (size_t)(end - name));
    assert(colon && colon > name);
    m->optional = colon[-1] == '?';
    size_t len = (size_t)(colon - name) - m->optional;
    assert(len < sizeof m->name);
    snprintf(m->name, sizeof m->name, "%.*s", (int)len, name);
    m->flag = 0;
    if (colon[1] == '-' && colon[3] == '=') {
        m->flag = colon[2];
        colon += 3;
    }
    *at = type_end(colon + 1, end);
    m->type = (Type){ colon + 1, (size_t)(*at - colon - 1) };
    assert(m->type.len);
    return true;
}

bool type_is_list(Type t, Type *element)
{
    *element = (Type){ t.at + 1, t.len - 2 };
    return *t.at == '[';
}

bool type_is_object(Type t, const char **members, const char **end)
{
    *members = t.at + 1;
    *end = t.at + t.len - 1;
    return *t.at == '{';
}

bool type_is_choice(Type t)
{
    return *t.at != '{' && *t.at != '[' && memchr(t.at, '|', t.len);
}

bool choice_next(const char **at, const char *end, Type *word)
{
    if (*at >= end)
        return false;
    const char *bar = memchr(*at, '|', (size_t)(end - *at));
    *word = (Type){ *at, (size_t)((bar ? bar : end) - *at) };
    *at += word->len + 1;
    return true;
}

bool type_is(Type t, const char *name)
{
    return t.len == strlen(name) && !memcmp(t.at, name, t.len);
}

static bool choice_holds(Type t, const json_t *v)
{
    Type word;
    for (const char *at = t.at; json_is_string(v) && choice_next(&at, t.at + t.len, &word);)
        if (type_is(word, json_string_value(v)))
            return true;
    return false;
}

static bool object_holds(const char *at, const char *end, const json_t *v)
{
    Member m;
    size_t known = 0;
    while (member_next(&at, end, &m)) {
        const json_t *value = json_object_get(v, m.name);
        known += value != NULL;
        if (value ? !type_holds(m.type, value) : !m.optional)
            return false;
    }
    return json_is_object(v) && known == json_object_size(v);
}

bool type_holds(Type t, const json_t *v)
{
    const char *members, *end;
    Type element;
    if (type_is_object(t, &members, &end))
        return object_holds(members, end, v);
    if (type_is_list(t, &element)) {
        for (size_t i = 0; i < json_array_size(v); i++)
            if (!type_holds(element, json_array_get(v, i)))
                return false;
        return json_is_array(v);
    }
    if (type_is_choice(t))
        return choice_holds(t, v);
    return type_is(t, "str")    ? json_is_string(v)
           : type_is(t, "int")  ? json_is_integer(v)
           : type_is(t, "bool") ? json_is_boolean(v)
                                : type_is(t, "json") && v;
}
