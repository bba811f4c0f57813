/* The known word nearest to a mistyped one, for error messages. */
#pragma once
#include <stddef.h>

/* Feed every candidate, then ask. */
typedef struct Nearest {
    const char *word; /* what was typed */
    const char *best;
    int distance;
} Nearest;

#define NEAREST(word_)                                                                                                 \
    {                                                                                                                  \
        .word = (word_)                                                                                                \
    }
void nearest_try(Nearest *, const char *candidate);
const char *nearest_answer(const Nearest *); /* NULL: nothing is near enough to be meant */
