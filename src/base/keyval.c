#include "base/keyval.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Copies up to a single comma, making each pair of commas one. */
static char *take(const char **at)
{
    char *copy = xalloc(strlen(*at) + 1);
    size_t len = 0;
    const char *p = *at;
    for (; *p && (*p != ',' || p[1] == ','); p++) {
        if (*p == ',')
            p++;
        copy[len++] = *p;
    }
    *at = p + (*p == ',');
    return copy;
}

bool keyval_next(const char **at, KeyVal *kv)
{
    if (!*at || !**at)
        return false;
    kv->key = take(at);
    char *equals = strchr(kv->key, '=');
    kv->value = equals ? xstrdup(equals + 1) : NULL;
    if (equals)
        *equals = 0;
    return true;
}

void keyval_free(KeyVal *kv)
{
    free(kv->key);
    free(kv->value);
    *kv = (KeyVal){ 0 };
}

void keyval_out(Out *o, const char *text)
{
    for (; *text; text++)
        out(o, *text == ',' ? ",," : "%c", *text);
}
