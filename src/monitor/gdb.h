/* The server of gdb's remote protocol: one debugger at a time on a chardev. */
#pragma once
#include "monitor/monitor.h"

typedef struct Gdb Gdb;

/* What -gdb WHERE means for a chardev: a server that waits for nobody, where the user says nothing else. To be freed.
 */
char *gdb_where(const char *where);
/* monitors: answers gdb's `monitor` command; may be NULL. */
Gdb *gdb_new(Machine *, Monitors *, const char *chardev, Error *err);
void gdb_free(Gdb *); /* the machine does not run; NULL: nothing */
