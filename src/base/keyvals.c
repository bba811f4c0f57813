#include "base/keyvals.h"

#include "base/alloc.h"
#include "base/nearest.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void append(KeyVals *list, KeyVal kv)
{
    list->row = xrealloc(list->row, (list->count + 1) * sizeof *list->row);
    list->used = xrealloc(list->used, (list->count + 1) * sizeof *list->used);
    list->used[list->count] = false;
    list->row[list->count++] = kv;
}

bool keyvals_parse(const char *line, const char *implied, KeyVals *list, Error *err)
{
    *list = (KeyVals){ 0 };
    const char *at = line;
    KeyVal kv;
    while (keyval_next(&at, &kv)) {
        if (!*kv.key) {
            keyval_free(&kv);
            keyvals_free(list);
            return error_set(err, "%s: a key is missing; write KEY=VALUE,KEY=VALUE", line);
        }
        if (!kv.value && implied && !list->count) {
            kv.value = kv.key;
            kv.key = xstrdup(implied);
        }
        append(list, (KeyVal){ kv.key, kv.value ? kv.value : xstrdup("on") });
    }
    return true;
}

void keyvals_add(KeyVals *list, const char *key, const char *value)
{
    append(list, (KeyVal){ xstrdup(key), xstrdup(value) });
}

void keyvals_free(KeyVals *list)
{
    for (size_t i = 0; i < list->count; i++)
        keyval_free(&list->row[i]);
    free(list->row);
    free(list->used);
    free(list->asked);
    *list = (KeyVals){ 0 };
}

static void remember(KeyVals *list, const char *key)
{
    for (size_t i = 0; i < list->asks; i++)
        if (!strcmp(list->asked[i], key))
            return;
    list->asked = xrealloc(list->asked, (list->asks + 1) * sizeof *list->asked);
    list->asked[list->asks++] = key;
}

const char *keyvals_next(KeyVals *list, const char *key, size_t *at)
{
    remember(list, key);
    while (*at < list->count) {
        size_t i = (*at)++;
        if (!strcmp(list->row[i].key, key)) {
            list->used[i] = true;
            return list->row[i].value;
        }
    }
    return NULL;
}

const char *keyvals_get(KeyVals *list, const char *key)
{
    const char *value = NULL, *next;
    for (size_t at = 0; (next = keyvals_next(list, key, &at));)
        value = next;
    return value;
}

bool keyvals_bool(KeyVals *list, const char *key, bool *value, Error *err)
{
    const char *text = keyvals_get(list, key);
    if (text && !text_to_bool(text, value))
        return error_set(err, "%s=%s: expected on or off", key, text);
    return true;
}

bool keyvals_number(KeyVals *list, const char *key, uint64_t *value, uint64_t max, Error *err)
{
    const char *text = keyvals_get(list, key);
    uint64_t number;
    if (!text)
        return true;
    if (!text_to_number(text, &number) || number > max)
        return error_set(err, "%s=%s: expected a number from 0 to %llu", key, text, (unsigned long long)max);
    *value = number;
    return true;
}

bool keyvals_size(KeyVals *list, const char *key, uint64_t unit, uint64_t *bytes, Error *err)
{
    const char *text = keyvals_get(list, key);
    if (text && !text_to_size(text, unit, bytes))
        return error_set(err, "%s=%s: expected a size such as 64K, 512M or 2G", key, text);
    return true;
}

bool keyvals_choice(KeyVals *list, const char *key, const char *const *names, int *choice, Error *err)
{
    const char *text = keyvals_get(list, key);
    if (!text)
        return true;
    char all[256] = "";
    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], text)) {
            *choice = i;
            return true;
        }
        if (i)
            strncat(all, names[i + 1] ? ", " : " or ", sizeof all - strlen(all) - 1);
        strncat(all, names[i], sizeof all - strlen(all) - 1);
    }
    return error_set(err, "%s=%s: expected %s", key, text, all);
}

bool keyvals_done(const KeyVals *list, Error *err)
{
    size_t i = 0;
    while (i < list->count && list->used[i])
        i++;
    if (i == list->count)
        return true;
    Nearest near = NEAREST(list->row[i].key);
    for (size_t j = 0; j < list->asks; j++)
        nearest_try(&near, list->asked[j]);
    const char *name = nearest_answer(&near);
    if (name)
        return error_set(err, "no such key '%s'; did you mean '%s'?", list->row[i].key, name);
    Out o = { 0 };
    for (size_t j = 0; j < list->asks; j++)
        out(&o, "%s%s", j ? ", " : "", list->asked[j]);
    error_set(err, "no such key '%s'; there are %s", list->row[i].key, o.text ? o.text : "none");
    out_free(&o);
    return false;
}
