#include "core/wire.h"

#include "base/alloc.h"
#include "base/nearest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *star_replace(const char *text, int number)
{
    size_t stars = 0;
    for (const char *p = text; *p; p++)
        stars += *p == '*';
    char *made = xalloc(strlen(text) + stars * 11 + 1), *to = made;
    for (const char *p = text; *p; p++)
        if (*p == '*')
            to += sprintf(to, "%d", number);
        else
            *to++ = *p;
    return made;
}

/* NUMBER, NUMBER*, * joined by +. Without any star, `add` is added. */
static bool index_parse(const char *text, int number, int add, int *index)
{
    bool star = false;
    long sum = 0;
    for (const char *p = text;; p++) {
        char *end = (char *)(uintptr_t)p;
        long term = isdigit((unsigned char)*p) ? strtol(p, &end, 10) : *p == '*' ? 1 : -1;
        if (term < 0 || term > 1 << 20)
            return false;
        if (*end == '*') {
            term *= number;
            star = true;
            end++;
        }
        sum += term;
        p = end;
        if (!*p)
            break;
        if (*p != '+')
            return false;
    }
    *index = (int)sum + (star ? 0 : add);
    return true;
}

static int pin_lines(const Pin *pin)
{
    return pin->count ? pin->count : 1;
}

static const char *direction(bool input)
{
    return input ? "input" : "output";
}

static const Pin *first_pin(const DeviceType *type, bool input)
{
    for (const Pin *p = type->pins; p && p->name; p++)
        if (!!p->in == input)
            return p;
    return NULL;
}

static bool no_pin(const Device *dev, const char *name, bool input, Error *err)
{
    Nearest near = NEAREST(name);
    for (const Pin *p = dev->type->pins; p && p->name; p++)
        if (!!p->in == input)
            nearest_try(&near, p->name);
    const char *meant = nearest_answer(&near);
    if (meant)
        return error_set(err, "%s has no %s pin '%s'; did you mean '%s'?", dev->id, direction(input), name, meant);
    return error_set(err, "%s has no %s pin '%s'", dev->id, direction(input), name);
}

/* "pin", "pin.index" or "index" of `dev`; `text` is cut up. */
static bool end_parse(const Device *dev, char *text, bool input, int number, int add, const Pin **pin, int *index,
                      Error *err)
{
    char *dot = strchr(text, '.'), *index_text = dot ? dot + 1 : NULL;
    bool unnamed = !dot && (isdigit((unsigned char)*text) || *text == '*');
    if (dot)
        *dot = 0;
    *pin = unnamed ? first_pin(dev->type, input) : device_pin(dev->type, text, input);
    if (!*pin)
        return no_pin(dev, text, input, err);
    if (unnamed)
        index_text = text;
    *index = index_text ? 0 : add;
    if (index_text && !index_parse(index_text, number, add, index))
        return error_set(err, "'%s' is not a pin number", index_text);
    int count = pin_lines(*pin);
    if (*index < 0 || *index >= count)
        return error_set(err, "%s has %s pins %s.0 to %s.%d, not %d", dev->id, direction(input), (*pin)->name,
                         (*pin)->name, count - 1, *index);
    return true;
}

static Line *lines(Device *dev, const Pin *pin)
{
    return (Line *)(void *)((char *)dev + pin->line);
}

/* Who drives this input already. */
static const Device *driver(Machine *m, const Device *to, LineFn *in, int number)
{
    for (Device *d = m->devices; d; d = d->next)
        for (const Pin *p = d->type->pins; p && p->name; p++)
            for (int i = 0; !p->in && i < pin_lines(p); i++) {
                const Line *l = &lines(d, p)[i];
                if (l->changed == in && l->dev == to && l->pin == number)
                    return d;
            }
    return NULL;
}

static bool connect_pins(Machine *m, Device *from, const Pin *out, int from_index, Device *to, const Pin *in,
                         int to_index, Error *err)
{
    Line *line = &lines(from, out)[from_index];
    if (line->changed)
        return error_set(err, "output %s.%d of %s is wired already", out->name, from_index, from->id);
    const Device *other = driver(m, to, in->in, in->first + to_index);
    if (other)
        return error_set(err, "input %s.%d of %s is driven by %s already", in->name, to_index, to->id, other->id);
    line->changed = in->in;
    line->dev = to;
    line->pin = in->first + to_index;
    if (line->level)
        line->changed(line->dev, line->pin, true);
    return true;
}

/* "[COUNT]" at the end of a pin is cut off; without it the count is 1. */
static bool take_count(char *pin, int *count, Error *err)
{
    char *open = strchr(pin, '['), *end = NULL;
    *count = 1;
    if (!open)
        return true;
    *count = (int)strtol(open + 1, &end, 10);
    *open = 0;
    return (*count > 0 && *count <= 1 << 16 && !strcmp(end, "]")) || error_set(err, "expected PIN[COUNT]");
}

static bool wire(Machine *m, Device *dev, char *text, int number, int add, Error *err)
{
    size_t near_len = strcspn(text, "<>");
    char way = text[near_len], *far = text + near_len + 1;
    char *dot = way ? strchr(far, '.') : NULL;
    if (!dot)
        return error_set(err, "expected PIN>PART.PIN or PIN<PART.PIN");
    text[near_len] = 0;
    *dot = 0;
    char *part = star_replace(far, number);
    Device *other = machine_device(m, part);
    if (!other)
        error_set(err, "there is no part '%s'", part);
    free(part);
    bool out = way == '>';
    const Pin *mine, *its;
    int my_index, its_index, count;
    if (!other || !take_count(text, &count, err) || !end_parse(dev, text, !out, number, 0, &mine, &my_index, err) ||
        !end_parse(other, dot + 1, out, number, add, &its, &its_index, err))
        return false;
    if (count > 1 && (!out || pin_lines(mine) < my_index + count || pin_lines(its) < its_index + count))
        return error_set(err, "the pins do not have %d lines", count);
    for (int i = 0; i < count; i++)
        if (!(out ? connect_pins(m, dev, mine, my_index + i, other, its, its_index + i, err)
                  : connect_pins(m, other, its, its_index, dev, mine, my_index, err)))
            return false;
    return true;
}

/* PIN.A..B>FAR: one wire for each of A to B. */
static bool wire_range(Machine *m, Device *dev, const char *text, const char *dots, int number, int add, Error *err)
{
    const char *from = dots, *rest = dots + strcspn(dots, "<>");
    while (from > text && isdigit((unsigned char)from[-1]))
        from--;
    long first = strtol(from, NULL, 10), last = strtol(dots + 2, NULL, 10);
    if (from == dots || !isdigit((unsigned char)dots[2]) || last < first || last >= 1 << 16)
        return error_set(err, "expected PIN.FIRST..LAST");
    bool ok = true;
    for (long i = first; ok && i <= last; i++) {
        char *one = xprintf("%.*s%ld%s", (int)(from - text), text, i, rest);
        ok = wire(m, dev, one, number, add + (int)(i - first), err);
        free(one);
    }
    return ok;
}

bool wires_connect(Machine *m, Device *dev, const char *wires, int number, int add, Error *err)
{
    for (const char *at = wires ? wires : ""; *at;) {
        size_t len = strcspn(at, " ");
        char *one = strndup(at, len);
        const char *dots = strstr(one, "..");
        bool ok = dots ? wire_range(m, dev, one, dots, number, add, err) : wire(m, dev, one, number, add, err);
        free(one);
        if (!ok)
            return error_in(err, "wire %.*s: ", (int)len, at);
        at += len + strspn(at + len, " ");
    }
    return true;
}

bool machine_wire(Machine *m, Device *from, const char *wires, Error *err)
{
    return wires_connect(m, from, wires, 0, 0, err) || error_in(err, "%s: ", from->id);
}
