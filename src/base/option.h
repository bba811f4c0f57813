/* The command line as a table: the same rows parse it, print -help and make the manual. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stddef.h>

typedef struct Option {
    const char *name;  /* without the dash; "" takes a bare argument; NULL ends the table */
    const char *takes; /* what its argument is called; NULL: it takes none */
    const char *help;  /* lines separated by \n; NULL: not shown */
    bool (*set)(void *config, const char *value, Error *err);
    const char *heading; /* set in the first row of a group */
    const char *same_as; /* another spelling of that option: shares its other columns */
    size_t text, flag;   /* instead of set(): offset in the config of a char * to point to the argument, of a bool */
    /* neither set() nor these: known, and refused with `help` as the reason */
} Option;

/* Calls set() for each argument in order; stops at the first that is wrong, or once *stop is true. --name is -name. */
bool options_parse(const Option *, char *const *args, void *config, const bool *stop, Error *err);

void options_help(const Option *, Out *);   /* -help */
void options_manual(const Option *, Out *); /* the same as the body of a man page (man-pages(7)) */
