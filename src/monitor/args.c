/* Arguments: what a row's `takes` says, checked in JSON and read from words. */
#include "base/number.h"
#include "monitor/command.h"
#include "monitor/expr.h"
#include "monitor/types.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What `takes` declares, with its type as a word. */
typedef struct Param {
    const char *name;
    char type[96];
    bool optional;
    Member member;
} Param;

static bool param_next(const char **takes, Param *p)
{
    if (!*takes || !member_next(takes, *takes + strlen(*takes), &p->member))
        return false;
    assert(p->member.type.len < sizeof p->type);
    snprintf(p->type, sizeof p->type, "%.*s", (int)p->member.type.len, p->member.type.at);
    p->name = p->member.name;
    p->optional = p->member.optional;
    return true;
}

/* ---- JSON ---- */

static bool one_of(const char *words, const char *word)
{
    for (size_t len; *words; words += len + (words[len] == '|')) {
        len = strcspn(words, "|");
        if (len == strlen(word) && !memcmp(words, word, len))
            return true;
    }
    return false;
}

static bool is_integer(const json_t *v)
{
    return json_is_integer(v);
}
static bool is_string(const json_t *v)
{
    return json_is_string(v);
}
static bool is_bool(const json_t *v)
{
    return json_is_boolean(v);
}
static bool is_array(const json_t *v)
{
    return json_is_array(v);
}
static bool is_anything(const json_t *v)
{
    return v;
}

static const struct Kind {
    const char *name, *expected;
    bool (*is)(const json_t *);
} kinds[] = {
    { "str", "string", is_string },    { "line", "string", is_string },  { "int", "integer", is_integer },
    { "size", "integer", is_integer }, { "bool", "boolean", is_bool },   { "-", "boolean", is_bool },
    { "[str]", "array", is_array },    { "json", "value", is_anything }, { "fmt", "string", is_string },
};

static const struct Kind *kind_of(const Param *p)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, p->type) || (*kinds[i].name == '-' && *p->type == '-'))
            return &kinds[i];
    assert(strchr(p->type, '|'));
    return NULL;
}

static bool check_value(const Param *p, const json_t *value, Error *err)
{
    const struct Kind *t = kind_of(p);
    if (t)
        return t->is(value) || error_set(err, "Invalid parameter type for '%s', expected: %s", p->name, t->expected);
    if (!json_is_string(value))
        return error_set(err, "Invalid parameter type for '%s', expected: string", p->name);
    return one_of(p->type, json_string_value(value)) ||
           error_set(err, "Parameter '%s' does not accept value '%s'", p->name, json_string_value(value));
}

static bool declared(const char *takes, const char *key)
{
    Param p;
    while (param_next(&takes, &p))
        if (!strcmp(p.name, key) || !strcmp(p.name, "more"))
            return true;
    return false;
}

bool args_check(const Command *c, const json_t *args, Error *err)
{
    const char *takes = c->takes, *key;
    json_t *value;
    Param p;
    while (param_next(&takes, &p)) {
        value = json_object_get(args, p.name);
        if (!value && !p.optional && strcmp(p.name, "more"))
            return error_set(err, "Parameter '%s' is missing", p.name);
        if (value && strcmp(p.name, "more") && !check_value(&p, value, err))
            return false;
    }
    json_object_foreach((json_t *)(uintptr_t)args, key, value)
    {
        if (!declared(c->takes, key))
            return error_set(err, "Parameter '%s' is unexpected", key);
    }
    return true;
}

/* ---- words ---- */

static void blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* A word, or "several words" with \ before what stands for itself. Cut short if too long. */
static bool word(const char **at, char *to, size_t room, Error *err)
{
    bool quoted = **at == '"';
    size_t len = 0;
    for (*at += quoted; **at && (quoted ? **at != '"' : !strchr(" \t", **at)); (*at)++) {
        if (quoted && **at == '\\' && (*at)[1])
            (*at)++;
        if (len + 1 < room)
            to[len++] = **at;
    }
    to[len] = 0;
    if (quoted && **at != '"')
        return error_set(err, "a \" is missing");
    *at += quoted;
    return true;
}

typedef struct Words {
    const char *at;
    Ask *ask;
    Error *err;
} Words;

static json_t *read_word(Words *w, const Param *p)
{
    char text[1024];
    if (!word(&w->at, text, sizeof text, w->err))
        return NULL;
    if (!strcmp(p->type, "str") || (strchr(p->type, '|') && one_of(p->type, text)))
        return json_string(text);
    bool on;
    if (!strcmp(p->type, "bool") && text_to_bool(text, &on))
        return json_boolean(on);
    uint64_t bytes;
    if (!strcmp(p->type, "size") && text_to_size(text, 1 << 20, &bytes))
        return json_integer((json_int_t)bytes);
    error_set(w->err, "%s: '%s' is not %s%s", p->name, text,
              !strcmp(p->type, "bool")   ? "on or off"
              : !strcmp(p->type, "size") ? "a size such as 64M"
                                         : "one of ",
              strchr(p->type, '|') ? p->type : "");
    return NULL;
}

static json_t *read_value(Words *w, const Param *p)
{
    if (!strcmp(p->type, "line")) {
        json_t *rest = json_string(w->at);
        w->at += strlen(w->at);
        return rest ? rest : (error_set(w->err, "%s: not UTF-8 text", p->name), NULL);
    }
    if (strcmp(p->type, "int")) {
        json_t *value = read_word(w, p);
        return value || *w->err->text ? value : (error_set(w->err, "%s: not UTF-8 text", p->name), NULL);
    }
    uint64_t number;
    if (!expr_read(&w->at, w->ask, &number, w->err))
        return error_in(w->err, "%s: ", p->name), NULL;
    return json_integer((json_int_t)number);
}

/* What looks different from other arguments: /FORMAT at once after the command, -x anywhere before the rest. */
static bool read_special(Words *w, const Param *p, json_t *args)
{
    size_t len = strcspn(w->at, " \t");
    if (p->member.flag && w->at[0] == '-' && w->at[1] == p->member.flag && len == 2) {
        w->at += len;
        blanks(&w->at);
        return false;
    }
    if (*p->type == '-' && len == 2 && !memcmp(w->at, p->type, 2)) {
        json_object_set_new(args, p->name, json_true());
        w->at += len;
    } else if (!strcmp(p->type, "fmt") && *w->at == '/') {
        json_object_set_new(args, p->name, json_stringn(w->at + 1, len - 1));
        w->at += len;
    }
    blanks(&w->at);
    return p->member.flag || *p->type == '-' || !strcmp(p->type, "fmt");
}

static bool for_programs(const Param *p)
{
    return !strcmp(p->type, "[str]") || !strcmp(p->type, "json");
}

static bool read_args(const Command *c, Words *w, json_t *args)
{
    const char *takes = c->takes;
    Param p;
    while (param_next(&takes, &p)) {
        blanks(&w->at);
        if (for_programs(&p) || read_special(w, &p, args))
            continue;
        if (!*w->at && p.optional)
            continue;
        if (!*w->at)
            return error_set(w->err, "%s: say %s", c->human, p.name);
        json_t *value = read_value(w, &p);
        if (!value)
            return false;
        json_object_set_new(args, p.name, value);
    }
    blanks(&w->at);
    return !*w->at || error_set(w->err, "%s: '%s' is too much", c->human, w->at);
}

json_t *args_of_line(const Command *c, const char *line, Ask *a, Error *err)
{
    Words w = { line, a, err };
    *err->text = 0;
    json_t *args = json_object();
    if (read_args(c, &w, args))
        return args;
    json_decref(args);
    return NULL;
}
