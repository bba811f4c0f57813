/* What kinds of window share; private to host/window*.c. Each has a thread of its own. It asks for a look at the
 * guest's screen; the machine's thread draws it under its lock, and the window takes the copy. */
#pragma once
#include "host/display.h"
#include "host/window.h"
#include <pthread.h>

typedef struct Picture {
    int width, height;
    uint32_t *pixels;  /* NULL: nothing shows anything */
    TextScreen text;   /* of a text mode: its cells are the picture's; else no columns */
    const char *state; /* of the machine */
} Picture;

typedef struct Window Window;
typedef struct WindowKind {
    const char *name, *about;
    bool (*has_place)(void);
    bool (*open)(Window *, Error *); /* in its thread, as is `run`, which returns when `stop` is set */
    void (*run)(Window *);
    void (*wake)(Window *); /* from any thread: there is a picture, or it is to stop */
} WindowKind;
extern const WindowKind window_sdl, window_curses;

struct Window {
    const WindowKind *kind; /* NULL: none is open */
    WindowOptions options;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t began;
    bool has_begun, failed, stop;
    Error *err;
    bool asked; /* for a look */
    bool fresh; /* `next` was not taken */
    Picture next;
};

bool window_stops(Window *);
void window_look(Window *); /* unless one is under way */
/* Another picture than *shown, which it becomes; false: there is none. */
bool window_take(Window *, Picture *shown);
void picture_free(Picture *);
/* How long until the next look: less while something changes. */
typedef struct Pace {
    int still; /* looks that found nothing new */
    int64_t next_ms;
} Pace;
int window_pace(Window *, Pace *, bool changed); /* looks if it is time; milliseconds to wait */

void window_key(Window *, int key, bool down);
void window_mouse(Window *, int dx, int dy, int wheel, int buttons);
void window_point(Window *, int x, int y, int wheel, int buttons);
