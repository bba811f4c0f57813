/* Errors: a function that can fail returns bool and fills in *err. */
#pragma once
#include <stdbool.h>

typedef struct Error {
    char text[512];
} Error;

/* Formats the message and returns false, so failing is one line:
 *     return error_set(err, "%s: not a raw image", path);
 * `err` may be NULL when the caller needs no words. */
bool error_set(Error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts context in front of an error passed up: "drive c: " + text. Returns false. */
bool error_in(Error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
