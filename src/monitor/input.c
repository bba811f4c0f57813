/* Keys and mouse from a monitor. */
#include "host/input.h"
#include "monitor/command.h"

#include <stdio.h>
#include <string.h>

enum { MOST_KEYS = 16, HOLD_MS = 100, MOST_HOLD_MS = 60000 };
#define MS INT64_C(1000000)

static bool is_there(bool mouse)
{
    for (const Listener *l = input_next(NULL); l; l = input_next(l))
        if (mouse ? (void *)l->mouse != NULL : (void *)l->key != NULL)
            return true;
    return false;
}

static json_t *no_listener(Ask *a, const char *what)
{
    return ask_fail(a, "this machine has no %s", what);
}

/* ---- keys ---- */

static json_t *press(Ask *a, const int *keys, int count)
{
    int64_t hold = ask_int(a, "hold-time", HOLD_MS);
    if (!is_there(false))
        return no_listener(a, "keyboard");
    if (hold < 0 || hold > MOST_HOLD_MS)
        return ask_fail(a, "hold-time: expected 0 to %d milliseconds", MOST_HOLD_MS);
    if (!monitor_type(a->monitors, keys, count, hold * MS))
        return ask_fail(a, "too many keys wait; ask again when they were typed");
    return json_object();
}

/* KEY-KEY-...; "<" is what the key between shift and z types. */
static bool sendkey(Ask *a, Out *o)
{
    int keys[MOST_KEYS], count = 0;
    (void)o;
    for (const char *at = ask_text(a, "keys"); *at && count < MOST_KEYS; count++) {
        size_t len = strcspn(at, "-");
        bool less = len == 1 && *at == '<';
        keys[count] = less ? key_named("less", 4) : key_named(at, len);
        if (!keys[count])
            return ask_fail(a, "unknown key: '%.*s'; keys are called as in QEMU: a, ret, spc, ctrl, f1, up, kp_5",
                            (int)len, at);
        at += len + (at[len] == '-');
    }
    json_t *done = press(a, keys, count);
    json_decref(done);
    return done;
}

/* {"type":"qcode","data":NAME} or {"type":"number","data":N} */
static int key_of(const json_t *k)
{
    const char *type = json_string_value(json_object_get(k, "type"));
    const json_t *data = json_object_get(k, "data");
    if (type && !strcmp(type, "qcode") && json_is_string(data))
        return key_named(json_string_value(data), json_string_length(data));
    if (type && !strcmp(type, "number") && json_is_integer(data))
        return key_numbered((unsigned long)json_integer_value(data));
    return 0;
}

static json_t *send_key(Ask *a)
{
    int keys[MOST_KEYS];
    const json_t *list = json_object_get(a->args, "keys");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > MOST_KEYS)
        return ask_fail(a, "Invalid parameter type for 'keys', expected: array of at most %d", MOST_KEYS);
    for (size_t i = 0; i < count; i++) {
        keys[i] = key_of(json_array_get(list, i));
        if (!keys[i])
            return ask_fail(a, "Invalid parameter 'keys[%zu]'", i);
    }
    return press(a, keys, (int)count);
}

/* ---- mouse ---- */

/* Words and no expressions: in `mouse_move 3 -4` there are two numbers. */
static bool mouse_move(Ask *a, Out *o)
{
    static const char *const names[] = { "dx", "dy", "dz" };
    int by[3] = { 0 };
    (void)o;
    for (int i = 0; i < 3; i++) {
        const char *text = ask_text(a, names[i]);
        int end = 0;
        if (text && (sscanf(text, "%5d%n", &by[i], &end) != 1 || text[end]))
            return ask_fail(a, "%s: '%s' is not a number", names[i], text);
    }
    return input_mouse(by[0], by[1], by[2], monitor_pointer(a->monitors)->buttons) || no_listener(a, "mouse");
}

/* To the pointer that a window would tell it. */
static bool tell_buttons(Ask *a, int wheel)
{
    const MonitorPointer *p = monitor_pointer(a->monitors);
    bool told = input_points() ? input_point(p->x, p->y, wheel, p->buttons) : input_mouse(0, 0, wheel, p->buttons);
    return told || no_listener(a, "mouse");
}

/* 1 the left button, 2 the middle one, 4 the right one. */
static bool mouse_button(Ask *a, Out *o)
{
    int64_t state = ask_int(a, "state", 0);
    (void)o;
    monitor_pointer(a->monitors)->buttons =
        (state & 1 ? BUTTON_LEFT : 0) | (state & 2 ? BUTTON_MIDDLE : 0) | (state & 4 ? BUTTON_RIGHT : 0);
    return tell_buttons(a, 0);
}

static json_t *mice(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    int n = 0;
    for (const Listener *l = input_next(NULL); l; l = input_next(l))
        if (l->mouse || l->point) {
            json_array_append_new(list, json_pack("{s:s,s:i,s:b,s:b}", "name", l->name, "index", n, "current", n == 0,
                                                  "absolute", l->point != NULL));
            n++;
        }
    return list;
}

static void print_mice(const json_t *list, Out *o)
{
    size_t i;
    json_t *m;
    json_array_foreach(list, i, m)
    {
        out(o, "%c Mouse #%zu: %s%s\n", json_is_true(json_object_get(m, "current")) ? '*' : ' ', i,
            json_string_value(json_object_get(m, "name")),
            json_is_true(json_object_get(m, "absolute")) ? " (absolute)" : "");
    }
    if (!json_array_size(list))
        out(o, "No mouse devices connected\n");
}

/* ---- input-send-event: what a window would report ---- */

static bool send_button(Ask *a, const json_t *data)
{
    static const struct {
        const char *name;
        int button, wheel;
    } names[] = {
        { "left", BUTTON_LEFT, 0 }, { "middle", BUTTON_MIDDLE, 0 }, { "right", BUTTON_RIGHT, 0 },
        { "wheel-up", 0, -1 },      { "wheel-down", 0, 1 },
    };
    const char *name = json_string_value(json_object_get(data, "button"));
    bool down = json_is_true(json_object_get(data, "down"));
    int *buttons = &monitor_pointer(a->monitors)->buttons;
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i].name)) {
            *buttons = down ? *buttons | names[i].button : *buttons & ~names[i].button;
            return tell_buttons(a, down ? names[i].wheel : 0);
        }
    return ask_fail(a, "button: expected left, middle, right, wheel-up or wheel-down");
}

static bool read_axis(Ask *a, const json_t *data, bool *x, int *value)
{
    const char *axis = json_string_value(json_object_get(data, "axis"));
    if (!axis || (strcmp(axis, "x") && strcmp(axis, "y")))
        return ask_fail(a, "axis: expected x or y");
    *x = *axis == 'x';
    *value = (int)json_integer_value(json_object_get(data, "value"));
    return true;
}

static bool send_move(Ask *a, const json_t *data)
{
    bool x = false;
    int by = 0;
    if (!read_axis(a, data, &x, &by))
        return false;
    const MonitorPointer *p = monitor_pointer(a->monitors);
    return input_mouse(x ? by : 0, x ? 0 : by, 0, p->buttons) || no_listener(a, "mouse");
}

static bool send_pressed(Ask *a, const json_t *data)
{
    int key = key_of(json_object_get(data, "key"));
    if (!key)
        return ask_fail(a, "key: there is no such key");
    return input_key(key, json_is_true(json_object_get(data, "down"))) || no_listener(a, "keyboard");
}

/* Told when all of the list has been read, so that both directions come at once. */
static bool send_place(Ask *a, const json_t *data)
{
    bool x = false;
    int to = 0;
    if (!read_axis(a, data, &x, &to))
        return false;
    if (!input_points())
        return no_listener(a, "pointer that is told places");
    if (to < 0 || to > INPUT_PLACES)
        return ask_fail(a, "value: expected 0 to %d", INPUT_PLACES);
    MonitorPointer *p = monitor_pointer(a->monitors);
    *(x ? &p->x : &p->y) = to;
    return true;
}

static const struct Sender {
    const char *type;
    bool (*send)(Ask *, const json_t *data);
} senders[] = { { "key", send_pressed }, { "btn", send_button }, { "rel", send_move }, { "abs", send_place } };

static bool send_one(Ask *a, const json_t *event)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    for (size_t i = 0; type && i < sizeof senders / sizeof *senders; i++)
        if (!strcmp(senders[i].type, type))
            return senders[i].send(a, json_object_get(event, "data"));
    return ask_fail(a, "type: expected key, btn, rel or abs");
}

static json_t *send_event(Ask *a)
{
    size_t i;
    bool moved = false;
    json_t *event, *list = json_object_get(a->args, "events");
    if (!json_is_array(list))
        return ask_fail(a, "Invalid parameter type for 'events', expected: array");
    json_array_foreach(list, i, event)
    {
        if (!send_one(a, event))
            return NULL;
        moved |= !strcmp(json_string_value(json_object_get(event, "type")), "abs");
    }
    return !moved || tell_buttons(a, 0) ? json_object() : NULL;
}

extern const Command input_commands[];
const Command input_commands[] = {
    { NULL, "sendkey", "keys:str hold-time?:int", NULL, "press keys together, as ctrl-alt-f1, for 100 milliseconds",
      .show = sendkey },
    { "send-key", NULL, "keys:json hold-time?:int", NULL, "press keys together", send_key },
    { "input-send-event", NULL, "device?:str head?:int events:json", NULL, "what keyboard and mouse report",
      send_event },
    { NULL, "mouse_move", "dx:str dy:str dz?:str", NULL, "move the mouse, and its wheel", .show = mouse_move },
    { NULL, "mouse_button", "state:int", NULL, "press buttons: 1 left, 2 middle, 4 right, 0 none",
      .show = mouse_button },
    { "query-mice", "info mice", NULL, "[{name:str index:int current:bool absolute:bool}]", "pointing devices", mice,
      .print = print_mice },
    { 0 },
};
