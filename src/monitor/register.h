/* A CPU's registers by name, from its state table; the machine stands still. */
#pragma once
#include "monitor/command.h"

/* An element of an array is its name and number: x0. */
bool register_read(const Ask *, const char *name, uint64_t *value, Error *err);
