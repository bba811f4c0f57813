/* A command is a row. The row checks its arguments and answers in JSON (QMP); the human monitor reads the same
 * arguments from words and prints the same answer. Rows live in tables beside their functions; table.c lists the
 * tables. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include "monitor/monitor.h"
#include <jansson.h>

typedef struct Monitor Monitor;

typedef struct Ask { /* one call of a command */
    Monitors *monitors;
    Machine *machine;
    Monitor *monitor; /* who asks; NULL: a debugger */
    int *cpu;         /* the asker's chosen CPU */
    json_t *args;
    Error *err;
    const char *class; /* of the error: QMP's, "GenericError" if not set */
} Ask;

/* clang-format off */
/* `takes` declares the arguments in order, "NAME:TYPE" or "NAME?:TYPE" for one that may be missing:
 *     str      text; in the human monitor a word, or "several words"
 *     line     text; in the human monitor the rest of the line
 *     int      a whole number; in the human monitor an expression with numbers, $registers, + - * / % & | ^ ( )
 *     size     bytes; in the human monitor with K, M, G, a bare number in MiB
 *     bool     in the human monitor on or off
 *     -x       bool; in the human monitor the word -x
 *     -x=TYPE  in the human monitor the word -x, then the value
 *     fmt      human monitor only: /FORMAT after the command's name
 *     a|b|c    one of these words
 *     [str]    a list, json: any value; QMP only
 *     more     by this name, QMP only: members that no other argument names are accepted
 * `gives` is the answer's type, of str, int, bool, json, a|b|c, [TYPE] and {NAME:TYPE NAME?:TYPE}. */
/* clang-format on */
typedef struct Command {
    const char *name;                     /* in QMP; NULL: the human monitor only */
    const char *human;                    /* in the human monitor: "quit", "info status"; NULL: QMP only */
    const char *takes;                    /* NULL: nothing */
    const char *gives;                    /* NULL: an empty object */
    const char *help;                     /* a line; NULL ends the table */
    json_t *(*run)(Ask *);                /* the answer, NULL after ask_fail */
    const char *answer;                   /* instead: always this, in JSON */
    const char *refusal, *class;          /* instead: it always fails with these words */
    bool (*show)(Ask *, Out *);           /* instead of run, human monitor only: prints; false after ask_fail */
    void (*print)(const json_t *, Out *); /* run's answer for people; NULL: nothing is said */
    const char *alias;                    /* another spelling for people: "q" */
    bool still;                           /* runs in machine_still: looks at CPUs, or changes what they run on */
} Command;

extern const Command *const command_tables[]; /* each ends with a row of no help; NULL ends */
const Command *command_next(const Command *); /* in all tables; NULL begins and ends */
const Command *command_named(const char *name);
/* The row whose human words `line` begins with, and where its arguments start; NULL with words that name the nearest.
 */
const Command *command_of_line(const char *line, const char **args, Error *err);

bool args_check(const Command *, const json_t *args, Error *err);           /* QMP's */
json_t *args_of_line(const Command *, const char *line, Ask *, Error *err); /* the human monitor's; NULL: error */

/* Runs it, arguments checked. NULL: a->err and a->class say why. */
json_t *command_run(const Command *, Ask *);

bool monitor_history(const Monitor *, Out *); /* what was typed; false: it has none */
json_t *monitor_version(void);                /* as query-version has it */
json_t *ask_fail(Ask *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
json_t *ask_fail_class(Ask *, const char *class, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *ask_text(const Ask *, const char *name); /* NULL: not given */
int64_t ask_int(const Ask *, const char *name, int64_t missing);
bool ask_bool(const Ask *, const char *name);

/* A line of the human monitor; what it says goes to `o`. */
void human_line(Ask *, const char *line, Out *o);
const MonitorFacts *monitor_facts(const Monitors *);
/* What a monitor may say unasked, and the type of the data that comes with it; NULL: none. */
typedef struct MonitorEvent {
    const char *name, *data;
} MonitorEvent;
extern const MonitorEvent monitor_events[]; /* by MachineNews, then what else there is; ends with no name */
#define MONITOR_TRAY "DEVICE_TRAY_MOVED"
#define MONITOR_DUMP "DUMP_COMPLETED"

/* An event for all JSON monitors; `data` is taken over, NULL: none. */
void monitor_event(Monitors *, const char *name, json_t *data);
bool monitor_gdb(Monitors *, const char *where, Error *err); /* begins a server for gdb, which stays */
/* Presses the keys of `count`, lets go of them after a time; what was asked before comes first. False: too many wait.
 */
bool monitor_type(Monitors *, const int *keys, int count, int64_t hold_ns);
/* The mouse as monitors moved it: buttons that are pressed, and where it is if it is told places. */
typedef struct MonitorPointer {
    int buttons, x, y;
} MonitorPointer;
MonitorPointer *monitor_pointer(Monitors *);
/* Why the machine ends or resets, for the event that follows. */
void monitor_reason(Monitors *, const char *reason);
