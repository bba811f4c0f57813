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
            else
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
