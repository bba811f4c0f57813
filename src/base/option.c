#include "base/option.h"

#include "base/nearest.h"

#include <string.h>

static const Option *row(const Option *table, const char *name)
{
    for (const Option *o = table; o->name; o++)
        if (!strcmp(o->name, name))
            return o->same_as ? row(table, o->same_as) : o;
    return NULL;
}

static bool works(const Option *o)
{
    return o->set || o->text || o->flag;
}

static bool unknown(const Option *table, const char *name, Error *err)
{
    Nearest near = NEAREST(name);
    for (const Option *o = table; o->name; o++)
        if (works(o) || o->same_as)
            nearest_try(&near, o->name);
    const char *meant = nearest_answer(&near);
    if (meant)
        return error_set(err, "there is no option -%s; did you mean -%s?", name, meant);
    return error_set(err, "there is no option -%s; -help lists them", name);
}

static bool bare(const Option *table, const char *value, void *config, Error *err)
{
    const Option *o = row(table, "");
    return o ? o->set(config, value, err) : error_set(err, "'%s' is not an option; -help lists them", value);
}

static bool apply(const Option *o, void *config, const char *value, Error *err)
{
    if (o->set)
        return o->set(config, value, err);
    if (o->text)
        *(const char **)(void *)((char *)config + o->text) = value;
    else
        *(bool *)((char *)config + o->flag) = true;
    return true;
}

bool options_parse(const Option *table, char *const *args, void *config, const bool *stop, Error *err)
{
    for (; *args && !*stop; args++) {
        const char *name = *args;
        if (*name != '-' || !name[1]) {
            if (!bare(table, name, config, err))
                return false;
            continue;
        }
        name += name[1] == '-' ? 2 : 1;
        const Option *o = *name ? row(table, name) : NULL;
        if (!o)
            return unknown(table, name, err);
        if (!works(o))
            return error_set(err, "-%s: %s", name, o->help);
        if (o->takes && !args[1])
            return error_set(err, "-%s needs an argument: -%s %s", name, name, o->takes);
        if (!apply(o, config, o->takes ? *++args : NULL, err))
            return false;
    }
    return true;
}

static bool shown(const Option *o)
{
    return o->help && works(o) && *o->name;
}

static void indented(const char *text, const char *indent, Out *o)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        out(o, "%s%.*s\n", indent, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/* "-h or -help", "-machine or -M name": every spelling, then what it takes. */
static void spellings(const Option *table, const Option *o, const char *before, const char *between, Out *to)
{
    const char *lead = before;
    for (const Option *s = table; s->name; s++)
        if (s == o || (s->same_as && !strcmp(s->same_as, o->name))) {
            out(to, "%s%s", lead, s->name);
            lead = between;
        }
}

void options_help(const Option *table, Out *to)
{
    for (const Option *o = table; o->name; o++) {
        if (o->heading)
            out(to, "\n%s:\n", o->heading);
        if (!shown(o))
            continue;
        spellings(table, o, "-", " or -", to);
        out(to, "%s%s\n", o->takes ? " " : "", o->takes ? o->takes : "");
        indented(o->help, "                ", to);
    }
}

/* A backslash, and a dot or quote at the start of a line, mean something to troff; a hyphen should stay one. */
static void troff(const char *text, Out *to)
{
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\''))
            out(to, "\\&");
        out(to, *text == '\\' ? "\\e" : *text == '-' ? "\\-" : "%c", *text);
        start = *text == '\n';
    }
}

void options_manual(const Option *table, Out *to)
{
    for (const Option *o = table; o->name; o++) {
        if (o->heading) {
            out(to, ".SS ");
            troff(o->heading, to);
            out(to, "\n");
        }
        if (!shown(o))
            continue;
        out(to, ".TP\n");
        spellings(table, o, "\\fB\\-", "\\fR, \\fB\\-", to);
        out(to, "\\fR");
        if (o->takes) {
            out(to, " \\fI");
            troff(o->takes, to);
            out(to, "\\fR");
        }
        out(to, "\n");
        troff(o->help, to);
        out(to, "\n");
    }
}
