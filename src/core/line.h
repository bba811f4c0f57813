/* A line is one wire: an output pin of one device driving an input of another. */
#pragma once
#include <stdbool.h>

typedef void LineFn(void *dev, int pin, bool level);

typedef struct Line {
    LineFn *changed; /* NULL: the pin is open */
    void *dev;
    int pin; /* input pin number at `dev` */
    bool level;
} Line;

static inline void line_set(Line *line, bool level)
{
    if (line->level == level)
        return;
    line->level = level;
    if (line->changed)
        line->changed(line->dev, line->pin, level);
}
