/* The grammar of -device, -machine and machine tables: "key=value,key=value"; a comma in a value is written ",,". */
#pragma once
#include "base/number.h"
#include "base/text.h"
#include <stdbool.h>

typedef struct KeyVal {
    char *key, *value; /* value NULL: the key stood alone */
} KeyVal;

/* The next pair of the text at *at, which moves on; false at the end. Free with keyval_free. */
bool keyval_next(const char **at, KeyVal *);
void keyval_free(KeyVal *);
void keyval_out(Out *, const char *text); /* as a value is written: with its commas doubled */
