/* Allocation that cannot fail: out of memory ends the program with a message. */
#pragma once
#include <stddef.h>

void *xalloc(size_t size); /* zeroed */
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
