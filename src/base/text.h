/* Out: where text goes. A growing string or a stdio stream; everything that prints takes an Out. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct Out {
    FILE *file; /* NULL: collect in `text` */
    char *text; /* always terminated once anything was written */
    size_t len, room;
} Out;

#define OUT_TO(file_)                                                                                                  \
    {                                                                                                                  \
        .file = (file_)                                                                                                \
    }
void out(Out *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_free(Out *);
