#include "base/keyval.h"

#include "base/alloc.h"

#include <ctype.h>
#include <errno.h>
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

bool text_to_uint(const char *text, uint64_t *value)
{
    static const char suffixes[] = "kmgt";
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    uint64_t v = strtoull(text, &end, 0);
    if (errno)
        return false;
    const char *suffix = *end ? strchr(suffixes, tolower((unsigned char)*end)) : NULL;
    int shift = suffix ? (int)(suffix - suffixes + 1) * 10 : 0;
    if (v << shift >> shift != v || end[suffix ? 1 : 0])
        return false;
    *value = v << shift;
    return true;
}

bool text_to_bool(const char *text, bool *value)
{
    static const char *const on[] = { "on", "yes", "true" }, *const off[] = { "off", "no", "false" };
    for (int i = 0; i < 3; i++) {
        if (!strcmp(text, on[i]))
            return *value = true, true;
        if (!strcmp(text, off[i]))
            return *value = false, true;
    }
    return false;
}
