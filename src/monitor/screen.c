/* The screen as a picture. */
#include "host/display.h"
#include "host/window.h"
#include "monitor/command.h"

#include <string.h>

static Display *display_named(const char *id)
{
    Display *d = display_first();
    while (d && strcmp(d->id, id))
        d = d->next;
    return d;
}

/* A name that ends in .png says what is to be in the file. */
static bool wants_png(const char *format, const char *path)
{
    size_t len = strlen(path);
    return format ? !strcmp(format, "png") : len > 4 && !strcmp(path + len - 4, ".png");
}

static json_t *screendump(Ask *a)
{
    const char *id = ask_text(a, "device"), *path = ask_text(a, "filename");
    bool head = json_object_get(a->args, "head");
    if (head && !id)
        return ask_fail(a, "'head' must be specified together with 'device'");
    Display *d = id ? display_named(id) : display_first();
    if (!d && id && !machine_device(a->machine, id))
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", id);
    if (!d)
        return ask_fail(a, id ? "'%s' shows nothing" : "There is no console to take a screendump from", id);
    if (ask_int(a, "head", 0))
        return ask_fail(a, "'%s' has one screen, number 0", id);
    return display_save(d, path, wants_png(ask_text(a, "format"), path), a->err) ? json_object() : NULL;
}

static bool screen_text(Ask *a, Out *o)
{
    Display *d = display_first();
    if (!d)
        return ask_fail(a, "this machine has no screen");
    return display_print(d, o) || ask_fail(a, "the screen shows graphics; screendump FILE.png takes a picture");
}

static json_t *display_options(Ask *a)
{
    (void)a;
    return json_pack("{s:s}", "type", window_kind());
}

extern const Command screen_commands[];
const Command screen_commands[] = {
    { "screendump", "screendump", "filename:str format?:-f=png|ppm device?:str head?:int", NULL,
      "the screen as a picture", screendump },
    { "query-display-options", NULL, NULL, "{type:str}", "what shows the screen", display_options },
    { NULL, "info screen", NULL, NULL, "what the screen says, in a text mode", .show = screen_text },
    { 0 },
};
