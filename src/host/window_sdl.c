/* A window, by SDL 2. */
#include "host/window_kind.h"

#include "host/input.h"
#include "host/quit.h"

#include <SDL.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_WIDTH = 640, FIRST_HEIGHT = 480, SCANCODES = 256 };

typedef struct Screen {
    Window *window;
    SDL_Window *sdl;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    Picture shown;
    Pace pace;
    int width, height; /* of the texture */
    bool full, grabbed;
    bool resized; /* by the user: the window's size stays when the guest's screen changes */
    uint8_t down[SCANCODES / 8];
    int buttons;
} Screen;

static Uint32 wake_event; /* its number, given by SDL once */

static bool has_place(void)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return (x && *x) || (wayland && *wayland);
}

static void wake(Window *w)
{
    SDL_Event e = { .type = wake_event };
    (void)w;
    SDL_PushEvent(&e);
}

/* ---- what it shows ---- */

static void set_title(Screen *s)
{
    Out o = { 0 };
    const char *state = s->shown.state;
    out(&o, "%s - Dragoman%s%s%s%s", s->window->options.what, state && *state ? " [" : "", state && *state ? state : "",
        state && *state ? "]" : "", s->grabbed ? " - Ctrl-Alt-G frees the mouse" : "");
    SDL_SetWindowTitle(s->sdl, o.text);
    out_free(&o);
}

static void present(Screen *s)
{
    SDL_SetRenderDrawColor(s->renderer, 0, 0, 0, 255);
    SDL_RenderClear(s->renderer);
    if (s->texture)
        SDL_RenderCopy(s->renderer, s->texture, NULL, NULL);
    SDL_RenderPresent(s->renderer);
}

/* The guest's screen keeps its shape; what is left of the window is black. */
static void fit(Screen *s, int width, int height)
{
    if (s->texture)
        SDL_DestroyTexture(s->texture);
    s->texture = SDL_CreateTexture(s->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING, width, height);
    s->width = width;
    s->height = height;
    if (!s->full && !s->resized)
        SDL_SetWindowSize(s->sdl, width, height);
    SDL_RenderSetLogicalSize(s->renderer, width, height);
}

static void show(Screen *s)
{
    const Picture *p = &s->shown;
    set_title(s);
    /* a guest that is told places draws a pointer where ours is */
    SDL_ShowCursor(input_points() && !s->window->options.shows_pointer ? SDL_DISABLE : SDL_ENABLE);
    if (!p->pixels)
        return;
    if (p->width != s->width || p->height != s->height || !s->texture)
        fit(s, p->width, p->height);
    if (s->texture)
        SDL_UpdateTexture(s->texture, NULL, p->pixels, p->width * (int)sizeof *p->pixels);
    present(s);
}

/* ---- orders ---- */

static void grab(Screen *s, bool on)
{
    s->grabbed = on;
    SDL_SetWindowGrab(s->sdl, on);
    SDL_SetRelativeMouseMode(on && !input_points());
    set_title(s);
}

static void full_screen(Screen *s, bool on)
{
    s->full = on;
    SDL_SetWindowFullscreen(s->sdl, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
    if (on)
        grab(s, true);
}

static void original_size(Screen *s)
{
    s->resized = false;
    if (!s->full)
        SDL_SetWindowSize(s->sdl, s->width, s->height);
}

/* Ctrl-Alt and a letter. */
static bool is_order(Screen *s, const SDL_KeyboardEvent *e)
{
    SDL_Keymod mod = SDL_GetModState();
    if (!(mod & KMOD_CTRL) || !(mod & KMOD_ALT) || e->repeat)
        return false;
    switch (e->keysym.scancode) {
    case SDL_SCANCODE_G:
        grab(s, !s->grabbed);
        return true;
    case SDL_SCANCODE_F:
        full_screen(s, !s->full);
        return true;
    case SDL_SCANCODE_U:
        original_size(s);
        return true;
    default:
        return false;
    }
}

/* ---- input ---- */

static void key(Screen *s, unsigned code, bool down)
{
    if (code >= SCANCODES)
        return;
    uint8_t bit = (uint8_t)(1 << code % 8);
    s->down[code / 8] = down ? s->down[code / 8] | bit : s->down[code / 8] & ~bit;
    window_key(s->window, key_of_usage(code), down);
}

/* Keys that are let go elsewhere are not heard of here. */
static void release_all(Screen *s)
{
    for (unsigned code = 0; code < SCANCODES; code++)
        if (s->down[code / 8] >> code % 8 & 1)
            key(s, code, false);
}

static void keyboard(Screen *s, const SDL_KeyboardEvent *e)
{
    bool down = e->type == SDL_KEYDOWN;
    unsigned code = e->keysym.scancode;
    if (down && is_order(s, e))
        return;
    if (down || (code < SCANCODES && s->down[code / 8] >> code % 8 & 1))
        key(s, code, down);
}

/* Where in the guest's screen, from 0 to INPUT_PLACES. */
static int place(int at, int size)
{
    return at <= 0 || size < 2 ? 0 : at >= size - 1 ? INPUT_PLACES : at * INPUT_PLACES / (size - 1);
}

static void motion(Screen *s, const SDL_MouseMotionEvent *e)
{
    if (input_points())
        window_point(s->window, place(e->x, s->width), place(e->y, s->height), 0, s->buttons);
    else if (s->grabbed)
        window_mouse(s->window, e->xrel, e->yrel, 0, s->buttons);
}

static void tell_buttons(Screen *s, int wheel, int x, int y)
{
    if (input_points())
        window_point(s->window, place(x, s->width), place(y, s->height), wheel, s->buttons);
    else if (s->grabbed)
        window_mouse(s->window, 0, 0, wheel, s->buttons);
}

static void button(Screen *s, const SDL_MouseButtonEvent *e)
{
    static const int bits[] = {
        [SDL_BUTTON_LEFT] = BUTTON_LEFT, [SDL_BUTTON_MIDDLE] = BUTTON_MIDDLE, [SDL_BUTTON_RIGHT] = BUTTON_RIGHT
    };
    if (e->button >= sizeof bits / sizeof *bits)
        return;
    if (!s->grabbed && !input_points()) {
        grab(s, e->type == SDL_MOUSEBUTTONDOWN); /* this click is for us */
        return;
    }
    s->buttons = e->type == SDL_MOUSEBUTTONDOWN ? s->buttons | bits[e->button] : s->buttons & ~bits[e->button];
    tell_buttons(s, 0, e->x, e->y);
}

static void wheel(Screen *s, const SDL_MouseWheelEvent *e)
{
    tell_buttons(s, -e->y, e->mouseX, e->mouseY);
}

/* ---- events ---- */

static void window_event(Screen *s, const SDL_WindowEvent *e)
{
    switch (e->event) {
    case SDL_WINDOWEVENT_CLOSE:
        if (!s->window->options.stays)
            quit_ask();
        break;
    case SDL_WINDOWEVENT_RESIZED:
        s->resized = !s->full && (e->data1 != s->width || e->data2 != s->height);
        present(s);
        break;
    case SDL_WINDOWEVENT_EXPOSED:
        present(s);
        break;
    case SDL_WINDOWEVENT_FOCUS_LOST:
        release_all(s);
        if (s->grabbed && !s->full)
            grab(s, false);
        break;
    }
}

static void event(Screen *s, const SDL_Event *e)
{
    switch (e->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        keyboard(s, &e->key);
        break;
    case SDL_MOUSEMOTION:
        motion(s, &e->motion);
        break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        button(s, &e->button);
        break;
    case SDL_MOUSEWHEEL:
        wheel(s, &e->wheel);
        break;
    case SDL_WINDOWEVENT:
        window_event(s, &e->window);
        break;
    }
}

/* ---- its life ---- */

static void close_screen(Screen *s)
{
    if (s->texture)
        SDL_DestroyTexture(s->texture);
    if (s->renderer)
        SDL_DestroyRenderer(s->renderer);
    if (s->sdl)
        SDL_DestroyWindow(s->sdl);
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    picture_free(&s->shown);
}

/* SDL falls back on drivers that show nothing. */
static bool shows_nothing(void)
{
    const char *driver = SDL_GetCurrentVideoDriver(), *wanted = SDL_getenv("SDL_VIDEODRIVER");
    return driver && !wanted && (!strcmp(driver, "offscreen") || !strcmp(driver, "dummy"));
}

static Screen the_screen; /* of the one window there is */

static bool open_window(Window *w, Error *err)
{
    Screen *s = &the_screen;
    *s = (Screen){ .window = w, .width = FIRST_WIDTH, .height = FIRST_HEIGHT };
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    SDL_SetHint(SDL_HINT_GRAB_KEYBOARD, "1");
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (SDL_InitSubSystem(SDL_INIT_VIDEO))
        return error_set(err, "SDL finds no display (%s); set DISPLAY, or use -display none", SDL_GetError());
    if (shows_nothing()) {
        close_screen(s);
        return error_set(err, "SDL finds no display; set DISPLAY, or use -display none");
    }
    s->sdl = SDL_CreateWindow("Dragoman", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, FIRST_WIDTH, FIRST_HEIGHT,
                              SDL_WINDOW_RESIZABLE);
    s->renderer = s->sdl ? SDL_CreateRenderer(s->sdl, -1, 0) : NULL;
    if (!s->renderer) {
        error_set(err, "SDL cannot open a window (%s); use -display curses or none", SDL_GetError());
        close_screen(s);
        return false;
    }
    if (!wake_event)
        wake_event = SDL_RegisterEvents(1);
    if (w->options.full_screen)
        full_screen(s, true);
    set_title(s);
    return true;
}

static void run(Window *w)
{
    Screen *s = &the_screen;
    bool changed = true;
    while (!window_stops(w)) {
        SDL_Event e;
        for (int more = SDL_WaitEventTimeout(&e, window_pace(w, &s->pace, changed)); more; more = SDL_PollEvent(&e))
            event(s, &e);
        changed = window_take(w, &s->shown);
        if (changed)
            show(s);
    }
    close_screen(s);
}

const WindowKind window_sdl = {
    .name = "sdl",
    .about =
        "a window: Ctrl-Alt-G grabs the mouse and frees it, Ctrl-Alt-F is full screen, Ctrl-Alt-U the original size",
    .has_place = has_place,
    .open = open_window,
    .run = run,
    .wake = wake,
};
