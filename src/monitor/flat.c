#include "monitor/flat.h"

#include "base/keyval.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 128 };

static void add_all(Out *o, const json_t *object, const char *prefix, const char *skip, const char *skip_also);

/* Of a list each element; {"str": TEXT} stands for TEXT. */
static void add_value(Out *o, const char *key, const json_t *value)
{
    const json_t *text = json_object_get(value, "str");
    if (text && json_object_size(value) == 1)
        value = text;
    for (size_t i = 0; i < json_array_size(value); i++)
        add_value(o, key, json_array_get(value, i));
    if (json_is_object(value))
        add_all(o, value, key, NULL, NULL);
    if (json_is_object(value) || json_is_array(value) || json_is_null(value))
        return;
    out(o, ",%s=", key);
    if (json_is_string(value))
        keyval_out(o, json_string_value(value));
    else if (json_is_integer(value))
        out(o, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        out(o, json_is_true(value) ? "on" : "off");
    else
        out(o, "%g", json_number_value(value));
}

static void add_all(Out *o, const json_t *object, const char *prefix, const char *skip, const char *skip_also)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char full[NAME];
        bool left_out = (skip && !strcmp(key, skip)) || (skip_also && !strcmp(key, skip_also));
        snprintf(full, sizeof full, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (!left_out)
            add_value(o, full, value);
    }
}

void flat_add(Out *o, const json_t *object, const char *skip, const char *skip_also)
{
    add_all(o, object, "", skip, skip_also);
}
