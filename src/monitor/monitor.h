/* Monitors: where users and programs ask and order a running machine, as people (a line editor) or in JSON. What can be
 * asked is the table of commands in src/monitor/; both kinds answer from it. */
#pragma once
#include "base/error.h"
#include "base/option.h"
#include "core/machine.h"

typedef struct Monitors Monitors;

typedef enum MonitorMode { MONITOR_HUMAN, MONITOR_JSON, MONITOR_PRETTY } MonitorMode;

/* What the command line knows and the machine does not. */
typedef struct MonitorFacts {
    const char *name, *uuid;     /* of the guest; NULL: none */
    const char *snapshot_folder; /* NULL: not chosen */
    const Option *options;
} MonitorFacts;

Monitors *monitors_new(Machine *, const MonitorFacts *);
void monitors_free(Monitors *); /* the machine does not run; NULL: nothing */
/* One more, on the chardev of that id. */
bool monitor_open(Monitors *, const char *chardev, MonitorMode, Error *err);
/* -mon chardev=ID[,mode=readline|control][,pretty=on|off] */
bool monitor_option(Monitors *, const char *line, Error *err);

/* A line of the human monitor, for gdb's `monitor` command and tests: what it prints goes to `o`, errors too. On the
 * machine's thread, under the lock, in machine_still. */
void monitor_line(Monitors *, const char *line, Out *o);
