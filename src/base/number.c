#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 0x means hexadecimal; a leading 0 does not mean octal, which nobody who writes -m 0512 wants. */
static bool leading_number(const char *text, const char **end, uint64_t *value)
{
    if (!isdigit((unsigned char)*text))
        return false;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && isxdigit((unsigned char)text[2]);
    errno = 0;
    char *stop;
    *value = strtoull(text, &stop, hex ? 16 : 10);
    *end = stop;
    return !errno;
}

bool text_to_number(const char *text, uint64_t *value)
{
    const char *end;
    return leading_number(text, &end, value) && !*end;
}

static bool suffix_unit(const char *suffix, uint64_t bare, uint64_t *unit)
{
    static const char letters[] = "BKMGT";
    if (!*suffix) {
        *unit = bare;
        return true;
    }
    const char *at = strchr(letters, toupper((unsigned char)*suffix));
    if (!at || suffix[1])
        return false;
    *unit = 1ull << (10 * (at - letters));
    return true;
}

/* "1.5G": few users, so a double is exact enough. */
static bool fraction_parse(const char *text, uint64_t bare, uint64_t *bytes)
{
    if (strspn(text, "0123456789.") == 0 || strchr(text, '.') != strrchr(text, '.'))
        return false;
    char *end;
    double value = strtod(text, &end);
    uint64_t unit;
    if (end != text + strspn(text, "0123456789.") || !suffix_unit(end, bare, &unit))
        return false;
    value *= (double)unit;
    if (!(value < 0x1p63))
        return false;
    *bytes = (uint64_t)llround(value);
    return true;
}

bool text_to_size(const char *text, uint64_t unit, uint64_t *bytes)
{
    const char *end;
    uint64_t value;
    if (!leading_number(text, &end, &value))
        return false;
    if (*end == '.')
        return fraction_parse(text, unit, bytes);
    return suffix_unit(end, unit, &unit) && !__builtin_mul_overflow(value, unit, bytes);
}

bool text_to_uint(const char *text, uint64_t *value)
{
    return text_to_size(text, 1, value);
}

bool text_to_bool(const char *text, bool *value)
{
    static const char *const words[] = { "off", "on", "no", "yes", "false", "true" };
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) {
            *value = i & 1;
            return true;
        }
    return false;
}
