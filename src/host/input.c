#include "host/input.h"

#include <stdlib.h>
#include <string.h>

static const struct Key {
    int key;
    const char *name;
    uint16_t code[2];
    uint8_t usage;
} keys[] = {
#define KEY(number, name, set1, set2, usage) { number, name, { set1, set2 }, usage },
#include "host/keys.def"
#undef KEY
};
enum { KEYS = sizeof keys / sizeof *keys };

static Listener *listeners;
static int pointers; /* atomic: listeners to places */

void input_listen(Listener *l)
{
    l->next = listeners;
    listeners = l;
    __atomic_add_fetch(&pointers, l->point != NULL, __ATOMIC_RELAXED);
}

void input_deafen(Listener *l)
{
    Listener **at = &listeners;
    while (*at && *at != l)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = l->next;
    __atomic_sub_fetch(&pointers, l->point != NULL, __ATOMIC_RELAXED);
}

bool input_key(int key, bool down)
{
    for (Listener *l = listeners; l; l = l->next)
        if (l->key) {
            l->key(l->dev, key, down);
            return true;
        }
    return false;
}

bool input_mouse(int dx, int dy, int wheel, int buttons)
{
    for (Listener *l = listeners; l; l = l->next)
        if (l->mouse) {
            l->mouse(l->dev, dx, dy, wheel, buttons);
            return true;
        }
    return false;
}

bool input_point(int x, int y, int wheel, int buttons)
{
    for (Listener *l = listeners; l; l = l->next)
        if (l->point) {
            l->point(l->dev, x, y, wheel, buttons);
            return true;
        }
    return false;
}

bool input_points(void)
{
    return __atomic_load_n(&pointers, __ATOMIC_RELAXED);
}

const Listener *input_next(const Listener *l)
{
    return l ? l->next : listeners;
}

int key_numbered(unsigned long number)
{
    unsigned long code = number & 0x80 ? 0xe000 | (number & 0x7f) : number;
    for (int i = 0; i < KEYS; i++)
        if (number && number < 0x100 && keys[i].code[0] == code)
            return keys[i].key;
    return 0;
}

int key_of_usage(unsigned usage)
{
    for (int i = 0; i < KEYS; i++)
        if (usage && keys[i].usage == usage)
            return keys[i].key;
    return 0;
}

int key_named(const char *name, unsigned long len)
{
    if (len > 2 && name[0] == '0' && name[1] == 'x')
        return key_numbered(strtoul(name, NULL, 16));
    for (int i = 0; i < KEYS; i++)
        if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
            return keys[i].key;
    return 0;
}

static const struct Key *find(int key)
{
    for (int i = 0; i < KEYS; i++)
        if (keys[i].key == key)
            return &keys[i];
    return NULL;
}

const char *key_name(int key)
{
    const struct Key *k = find(key);
    return k ? k->name : NULL;
}

uint16_t key_code(int key, int set)
{
    const struct Key *k = find(key);
    return k ? k->code[set == 2] : 0;
}

static const struct Mark {
    char plain, shifted;
    const char *name;
} marks[] = {
    { '1', '!', "1" },
    { '2', '@', "2" },
    { '3', '#', "3" },
    { '4', '$', "4" },
    { '5', '%', "5" },
    { '6', '^', "6" },
    { '7', '&', "7" },
    { '8', '*', "8" },
    { '9', '(', "9" },
    { '0', ')', "0" },
    { '-', '_', "minus" },
    { '=', '+', "equal" },
    { '[', '{', "bracket_left" },
    { ']', '}', "bracket_right" },
    { ';', ':', "semicolon" },
    { '\'', '"', "apostrophe" },
    { '`', '~', "grave_accent" },
    { '\\', '|', "backslash" },
    { ',', '<', "comma" },
    { '.', '>', "dot" },
    { '/', '?', "slash" },
    { ' ', ' ', "spc" },
    { '\n', '\n', "ret" },
    { '\r', '\r', "ret" },
    { '\t', '\t', "tab" },
    { '\b', 0x7f, "backspace" },
    { 0x1b, 0x1b, "esc" },
};

int key_of_char(uint32_t c, bool *shift)
{
    *shift = c >= 'A' && c <= 'Z';
    char lower = (char)(c | 0x20);
    if (c < 128 && lower >= 'a' && lower <= 'z' && c >= 'A')
        return key_named(&lower, 1);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (c == (uint32_t)marks[i].plain || c == (uint32_t)marks[i].shifted) {
            *shift = c != (uint32_t)marks[i].plain && c != 0x7f;
            return key_named(marks[i].name, strlen(marks[i].name));
        }
    return 0;
}
