#include "host/window_kind.h"

#include "base/alloc.h"
#include "config.h"
#include "host/clock.h"
#include "host/door.h"
#include "host/input.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MS = 33, IDLE_MS = 100, IDLE_AFTER = 30 };

static const WindowKind *const kinds[] = {
#if HAVE_SDL
    &window_sdl,
#endif
#if HAVE_CURSES
    &window_curses,
#endif
    NULL
};

static Window the_window = { .lock = PTHREAD_MUTEX_INITIALIZER, .began = PTHREAD_COND_INITIALIZER };

static const WindowKind *kind_named(const char *name)
{
    const WindowKind *const *k = kinds;
    while (*k && strcmp((*k)->name, name))
        k++;
    return *k;
}

bool window_known(const char *name)
{
    return kind_named(name);
}

bool window_has_place(const char *name)
{
    return kind_named(name) && kind_named(name)->has_place();
}

void windows_help(Out *o)
{
    out(o, "Displays:\n  %-8s %s\n", "none", "nothing is shown; the monitor's screendump takes pictures");
    for (const WindowKind *const *k = kinds; *k; k++)
        out(o, "  %-8s %s\n", (*k)->name, (*k)->about);
}

const char *window_kind(void)
{
    return the_window.kind ? the_window.kind->name : "none";
}

/* ---- pictures: made on the machine's thread, under its lock ---- */

void picture_free(Picture *p)
{
    free(p->pixels);
    free(p->text.cells);
    *p = (Picture){ 0 };
}

static void *copy(const void *from, size_t len)
{
    void *to = xalloc(len);
    memcpy(to, from, len);
    return to;
}

static Picture take_picture(void)
{
    Picture p = { 0 };
    Display *d = display_first();
    if (!d)
        return p;
    display_draw(d);
    p.width = d->width;
    p.height = d->height;
    p.pixels = copy(d->pixels, (size_t)d->width * (size_t)d->height * sizeof *d->pixels);
    if (!d->text || !d->text(d->dev, &p.text))
        p.text = (TextScreen){ 0 };
    else
        p.text.cells = copy(p.text.cells, (size_t)(p.text.columns * p.text.rows) * sizeof *p.text.cells);
    return p;
}

static void look(void *window, const void *bytes, size_t len)
{
    Window *w = window;
    (void)bytes, (void)len;
    Picture p = take_picture();
    p.state = w->options.state ? w->options.state(w->options.who) : "";
    pthread_mutex_lock(&w->lock);
    picture_free(&w->next);
    w->next = p;
    w->fresh = true;
    w->asked = false;
    bool stop = w->stop;
    pthread_mutex_unlock(&w->lock);
    if (!stop)
        w->kind->wake(w);
}

/* ---- for the kinds ---- */

bool window_stops(Window *w)
{
    pthread_mutex_lock(&w->lock);
    bool stop = w->stop;
    pthread_mutex_unlock(&w->lock);
    return stop;
}

void window_look(Window *w)
{
    pthread_mutex_lock(&w->lock);
    bool asks = !w->asked && !w->stop;
    w->asked |= asks;
    pthread_mutex_unlock(&w->lock);
    if (asks)
        door_post(DOOR_ORDER, "window", look, w, NULL, 0);
}

static bool is_same(const Picture *a, const Picture *b)
{
    size_t pixels = (size_t)a->width * (size_t)a->height * sizeof *a->pixels;
    return a->width == b->width && a->height == b->height && a->state == b->state &&
           a->text.columns == b->text.columns && a->text.rows == b->text.rows && a->text.cursor == b->text.cursor &&
           (!a->pixels || !memcmp(a->pixels, b->pixels, pixels)) &&
           (!a->text.columns ||
            !memcmp(a->text.cells, b->text.cells, (size_t)(a->text.columns * a->text.rows) * sizeof *a->text.cells));
}

bool window_take(Window *w, Picture *shown)
{
    Picture p = { 0 };
    pthread_mutex_lock(&w->lock);
    bool fresh = w->fresh;
    if (fresh) {
        p = w->next;
        w->next = (Picture){ 0 };
    }
    w->fresh = false;
    pthread_mutex_unlock(&w->lock);
    bool other = fresh && !is_same(&p, shown);
    Picture *drop = other ? shown : &p;
    picture_free(drop);
    if (other)
        *shown = p;
    return other;
}

int window_pace(Window *w, Pace *p, bool changed)
{
    int64_t now = clock_ns() / 1000000;
    if (changed)
        p->still = 0;
    if (now >= p->next_ms) {
        window_look(w);
        p->next_ms = now + (++p->still > IDLE_AFTER ? IDLE_MS : FRAME_MS);
    }
    return (int)(p->next_ms - now);
}

/* ---- input ---- */

typedef struct Input {
    enum { KEY, MOUSE, POINT } kind;
    int a, b, wheel, buttons;
} Input;

static void deliver(void *window, const void *bytes, size_t len)
{
    Input i;
    (void)window;
    if (len != sizeof i) /* a recording can be damaged */
        return;
    memcpy(&i, bytes, len);
    if (i.kind == KEY)
        input_key(i.a, i.b);
    else if (i.kind == MOUSE)
        input_mouse(i.a, i.b, i.wheel, i.buttons);
    else
        input_point(i.a, i.b, i.wheel, i.buttons);
}

static void post(Window *w, Input i)
{
    door_post(DOOR_INPUT, "window", deliver, w, &i, sizeof i);
}

void window_key(Window *w, int key, bool down)
{
    if (key)
        post(w, (Input){ KEY, key, down, 0, 0 });
}

void window_mouse(Window *w, int dx, int dy, int wheel, int buttons)
{
    post(w, (Input){ MOUSE, dx, dy, wheel, buttons });
}

void window_point(Window *w, int x, int y, int wheel, int buttons)
{
    post(w, (Input){ POINT, x, y, wheel, buttons });
}

/* ---- its thread ---- */

static void *begin(void *window)
{
    Window *w = window;
    bool ok = w->kind->open(w, w->err);
    pthread_mutex_lock(&w->lock);
    w->has_begun = true;
    w->failed = !ok;
    pthread_cond_signal(&w->began);
    pthread_mutex_unlock(&w->lock);
    if (ok)
        w->kind->run(w);
    return NULL;
}

static bool start_thread(Window *w, Error *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&w->thread, NULL, begin, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed)
        return error_set(err, "cannot start a thread: %s", strerror(failed));
    pthread_setname_np(w->thread, "window");
    return true;
}

void window_source(void)
{
    door_source(DOOR_INPUT, "window", deliver, NULL, &the_window);
}

bool window_open(const WindowOptions *options, Error *err)
{
    Window *w = &the_window;
    const WindowKind *kind = kind_named(options->kind);
    if (!kind)
        return error_set(err, "this program was built without it; use -display none, or -nographic");
    w->kind = kind;
    w->options = *options;
    w->has_begun = w->failed = w->stop = w->asked = false;
    w->err = err;
    if (!start_thread(w, err)) {
        w->kind = NULL;
        return false;
    }
    pthread_mutex_lock(&w->lock);
    while (!w->has_begun)
        pthread_cond_wait(&w->began, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (w->failed) {
        pthread_join(w->thread, NULL);
        w->kind = NULL;
    }
    return !w->failed;
}

void window_close(void)
{
    Window *w = &the_window;
    if (!w->kind) {
        door_forget(w);
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_mutex_unlock(&w->lock);
    w->kind->wake(w);
    pthread_join(w->thread, NULL);
    door_forget(w);
    picture_free(&w->next);
    w->fresh = false;
    w->kind = NULL;
}
