/* The grammar of -device, -machine and machine tables: "key=value,key=value"; a comma in a value is written ",,". */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct KeyVal {
    char *key, *value; /* value NULL: the key stood alone */
} KeyVal;

/* The next pair of the text at *at, which moves on; false at the end. Free with keyval_free. */
bool keyval_next(const char **at, KeyVal *);
void keyval_free(KeyVal *);

bool text_to_uint(const char *text, uint64_t *value); /* decimal, 0x, 0; a K, M, G or T suffix multiplies */
bool text_to_bool(const char *text, bool *value);     /* on off yes no true false */
