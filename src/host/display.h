/* A guest's screen: a picture that a graphics device draws when someone looks. Whoever looks - a window, the monitor's
 * screendump, a test - does so under the machine lock: display_draw, then `pixels` or the text. Nobody has to. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct TextScreen { /* of a text mode */
    int columns, rows;
    int cursor;      /* its cell; -1: none */
    uint16_t *cells; /* character (code page 437) and attribute << 8; valid until the next call */
} TextScreen;

typedef struct Display Display;
struct Display {
    const char *id;
    int width, height;
    uint32_t *pixels; /* 0xRRGGBB, row by row */
    /* the device's: */
    void (*draw)(void *dev, Display *);    /* calls display_size, then fills the pixels */
    bool (*text)(void *dev, TextScreen *); /* false: it shows graphics; may be NULL */
    void *dev;
    Display *next;
};

void display_add(Display *); /* the last one added is the first */
void display_remove(Display *);
Display *display_first(void);                        /* NULL: no device shows anything */
void display_size(Display *, int width, int height); /* at most 8192 each */

void display_draw(Display *);
uint32_t display_character(uint8_t cell); /* in Unicode */
/* The screen's text in UTF-8, a line for each row without trailing blanks; false: it shows graphics. */
bool display_print(Display *, Out *);
/* Draws and writes a picture file: PNG, or PPM. */
bool display_save(Display *, const char *path, bool png, Error *);
