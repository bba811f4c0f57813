/* Where the user sees the guest's screen and works its keyboard and mouse: a window (SDL), or the terminal (curses). */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>

typedef struct WindowOptions {
    const char *kind; /* "sdl", "curses" */
    const char *what; /* runs, for the title */
    bool full_screen;
    bool stays; /* closing it does not end the program */
    bool shows_pointer;
    const char *(*state)(void *who); /* of the machine, in a word; "" while it runs. Under the machine lock */
    void *who;
} WindowOptions;

bool window_known(const char *kind);     /* this program was built with it */
bool window_has_place(const char *kind); /* there is a display, or a terminal */
void windows_help(Out *);
bool window_open(const WindowOptions *, Error *); /* the texts of the options stay; one at most */
void window_source(void);      /* what is typed may come from a recording, with a window or without; undone by: */
void window_close(void);       /* nothing comes through the door any more */
const char *window_kind(void); /* "none": there is no window */
