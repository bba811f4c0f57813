#include "base/text.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdlib.h>

void out(Out *o, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (o->file) {
        vfprintf(o->file, fmt, args);
        va_end(args);
        return;
    }
    va_list again;
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (need > 0 && o->len + (size_t)need + 1 > o->room) {
        o->room = (o->len + (size_t)need + 1) * 2;
        o->text = xrealloc(o->text, o->room);
    }
    if (need > 0)
        o->len += (size_t)vsnprintf(o->text + o->len, o->room - o->len, fmt, again);
    va_end(again);
}

void out_free(Out *o)
{
    free(o->text);
    *o = (Out){ .file = o->file };
}
