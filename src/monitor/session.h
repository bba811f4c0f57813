/* One monitor on one chardev; private to src/monitor/. */
#pragma once
#include "host/bytes.h"
#include "host/chardev.h"
#include "monitor/command.h"
#include "monitor/edit.h"

typedef struct MonitorKind {
    void (*opened)(Monitor *); /* somebody came */
    /* Bytes from the world: how many were used. Stops after a command that waits (Monitor.waits). */
    size_t (*take)(Monitor *, const char *, size_t);
    void (*run)(Monitor *);    /* what waited may run */
    void (*forget)(Monitor *); /* whatever was begun: somebody left */
    void (*event)(Monitor *, json_t *event);
} MonitorKind;
extern const MonitorKind monitor_json, monitor_human;

struct Monitor {
    Monitors *monitors;
    Monitor *next;
    Chardev *chr;
    const MonitorKind *kind;
    Bytes input, output;
    int cpu;          /* chosen with `cpu` */
    bool open;        /* somebody is there */
    bool waits;       /* a command waits for the machine to stand still; input stays where it is */
    bool ends;        /* nobody is there any more, but what was said before waits */
    unsigned session; /* counts who came; `asked` is the one that gave the command that waits */
    unsigned asked;
    const Command *command;
    json_t *args;

    /* qmp.c */
    bool pretty, negotiated, in_string, escaped, discard;
    int depth;
    Bytes text;
    json_t *id;

    /* human.c */
    Editor edit;
    char *line;
};

void monitor_write(Monitor *, const char *text, size_t len);
void monitor_say(Monitor *, const char *text); /* with \r\n for \n */
/* Calls kind->run, at once or when the machine stands still. */
void monitor_run(Monitor *, bool still);
Ask monitor_ask(Monitor *, Error *err);
Ask monitors_ask(Monitors *, Error *err); /* a debugger's */
