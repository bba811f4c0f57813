#include "base/state.h"

#include <string.h>

static uint64_t read_uint(const void *at, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, at, size);
    return value;
}

void state_reset(const StateField *f, void *object)
{
    for (; f->name; f++)
        for (size_t i = 0; i < f->count && !f->kept; i++) {
            char *at = (char *)object + f->offset + i * f->size;
            if (f->kind == STATE_TABLE)
                state_reset(f->fields, at);
            else if (f->kind == STATE_V128)
                memset(at, 0, f->size);
            else if (f->kind != STATE_WHEN)
                memcpy(at, &f->reset, f->size);
        }
}

static void print_value(const StateField *f, const char *at, Out *o)
{
    if (f->kind == STATE_V128)
        out(o, "%016llx%016llx", (unsigned long long)read_uint(at + 8, 8), (unsigned long long)read_uint(at, 8));
    else
        out(o, "%0*llx", f->kind == STATE_BOOL ? 1 : f->size * 2, (unsigned long long)read_uint(at, f->size));
}

static void print_name(const StateField *f, size_t i, Out *o)
{
    if (f->count > 1)
        out(o, "%s[%zu]", f->name, i);
    else
        out(o, "%s", f->name);
}

void state_print(const StateField *f, const void *object, Out *o)
{
    for (; f->name; f++)
        for (size_t i = 0; i < f->count; i++) {
            const char *at = (const char *)object + f->offset + i * f->size;
            print_name(f, i, o);
            if (f->kind == STATE_TABLE) {
                out(o, ":\n");
                state_print(f->fields, at, o);
                continue;
            }
            out(o, "=");
            print_value(f, at, o);
            out(o, "\n");
        }
}

/* ---- reading it back ---- */

/* "name=" or, of one in an array, "name[i]=": *text is then behind it. */
static bool scan_name(const StateField *f, size_t i, char end, const char **text)
{
    Out o = { 0 };
    print_name(f, i, &o);
    out(&o, "%c", end);
    bool same = !strncmp(*text, o.text, o.len);
    if (same)
        *text += o.len;
    out_free(&o);
    return same;
}

/* The next `digits` digits; false if they are not there. */
static bool scan_hex(const char **text, int digits, uint64_t *value)
{
    for (*value = 0; digits--; (*text)++) {
        const char *all = "0123456789abcdef", *digit = **text ? strchr(all, **text) : NULL;
        if (!digit)
            return false;
        *value = *value << 4 | (uint64_t)(digit - all);
    }
    return true;
}

static bool scan_value(const StateField *f, char *at, const char **text)
{
    uint64_t value, high = 0;
    if (f->kind == STATE_V128 && !scan_hex(text, 16, &high))
        return false;
    if (!scan_hex(text, f->kind == STATE_BOOL ? 1 : f->kind == STATE_V128 ? 16 : f->size * 2, &value) || **text != '\n')
        return false;
    ++*text;
    if ((f->kind == STATE_BOOL && value > 1) || (f->below && value >= f->below))
        return false;
    memcpy(at, &value, f->kind == STATE_V128 ? 8 : f->size);
    if (f->kind == STATE_V128)
        memcpy(at + 8, &high, 8);
    return true;
}

bool state_scan(const StateField *f, void *object, const char **text, Error *err)
{
    for (; f->name; f++)
        for (size_t i = 0; i < f->count; i++) {
            char *at = (char *)object + f->offset + i * f->size;
            bool table = f->kind == STATE_TABLE;
            if (!scan_name(f, i, table ? ':' : '=', text))
                return error_set(err, "field '%s' expected, found '%.*s'", f->name, (int)strcspn(*text, "=:\n"), *text);
            const char *value = *text;
            if (table) {
                *text += **text == '\n';
                if (!state_scan(f->fields, at, text, err))
                    return error_in(err, "%s: ", f->name);
            } else if (!scan_value(f, at, text)) {
                return error_set(err, "field '%s' cannot be '%.*s'", f->name, (int)strcspn(value, "\n"), value);
            }
        }
    return true;
}

int state_diff(const StateField *f, const void *a, const void *b, Out *o)
{
    int found = 0;
    for (; f->name; f++)
        for (size_t i = 0; i < f->count; i++) {
            const char *x = (const char *)a + f->offset + i * f->size, *y = (const char *)b + f->offset + i * f->size;
            if (f->kind == STATE_TABLE) {
                found += state_diff(f->fields, x, y, o);
                continue;
            }
            if (!memcmp(x, y, f->size))
                continue;
            found++;
            print_name(f, i, o);
            out(o, ": ");
            print_value(f, x, o);
            out(o, " ");
            print_value(f, y, o);
            out(o, "\n");
        }
    return found;
}
