/* A whole line of the grammar of base/keyval.h, to be asked for its keys: -drive, -chardev, -netdev, -machine. */
#pragma once
#include "base/error.h"
#include "base/keyval.h"
#include <stddef.h>

typedef struct KeyVals {
    KeyVal *row;
    bool *used; /* by row: somebody asked for it */
    size_t count;
    const char **asked; /* every key asked for, to suggest one for a key nobody asked for */
    size_t asks;
} KeyVals;

/* A key that stands alone means key=on. If `implied` is not NULL, a first word without `=` is that key's value
 * ("virtio-blk-pci" with implied "type"). On error nothing is left to free. */
bool keyvals_parse(const char *line, const char *implied, KeyVals *, Error *);
void keyvals_add(KeyVals *, const char *key, const char *value);
void keyvals_free(KeyVals *);

/* The value, or NULL if the key was not given. A key given twice: the last counts. Marks it used; `key` must outlive
 * the list. */
const char *keyvals_get(KeyVals *, const char *key);

/* Every value of a key that may be repeated: start with *at = 0; NULL ends. */
const char *keyvals_next(KeyVals *, const char *key, size_t *at);

/* Typed: *value stays as it is when the key was not given; false with words when it was and is wrong.
 * `unit` is what a bare size counts (1 or 1 << 20). */
bool keyvals_bool(KeyVals *, const char *key, bool *value, Error *);
bool keyvals_number(KeyVals *, const char *key, uint64_t *value, uint64_t max, Error *);
bool keyvals_size(KeyVals *, const char *key, uint64_t unit, uint64_t *bytes, Error *);

/* One of `names`, which ends with NULL: its index in *choice. */
bool keyvals_choice(KeyVals *, const char *key, const char *const *names, int *choice, Error *);

/* The last call of every reader: false if a key was given that nobody asked for, with the nearest that was. */
bool keyvals_done(const KeyVals *, Error *);
