/* One debugger and what it has chosen; private to src/monitor/gdb*.c. All of it runs in machine_still, but for taking
 * bytes in. Threads are CPUs, numbered from 1, in process 1. */
#pragma once
#include "cpu/debug.h"
#include "host/chardev.h"
#include "monitor/gdb.h"
#include "monitor/gdb_packet.h"

enum { SSTEP_ENABLE = 1, SSTEP_NO_IRQ = DEBUG_NO_IRQ, SSTEP_NO_TIMER = DEBUG_NO_TIMER };

struct Gdb {
    Machine *machine;
    Monitors *monitors;
    Chardev *chr;
    GdbLink link;
    Bytes input;
    GdbNews news;            /* what waits to be served; input stays where it is meanwhile */
    bool attached;           /* somebody is there and has not detached */
    bool running;            /* it waits for the machine to stop */
    bool interrupt;          /* ... and will not have to */
    bool connected, changed; /* there is a peer; not yet acted upon: what came before is served first */
    bool multiprocess, swbreak, hwbreak, phys;
    unsigned sstep;
    int cpu;           /* whose registers and memory are meant */
    int run_cpu;       /* what plain s steps; -1: any */
    uint64_t from, to; /* vCont;r: steps on while the pc is in there; to 0: not */
    uint8_t *held;     /* by CPU: waits meanwhile */
    Bytes answer;      /* built up by commands */
    char *xml[2];      /* target.xml, memory map; made when first asked for */
    DebugPoint point[DEBUG_POINTS];
    uint8_t type[DEBUG_POINTS]; /* of Z: 0 software, 1 hardware breakpoint ... */
    int points;
};

/* ---- gdb.c ---- */
void gdb_attach(Gdb *);
void gdb_detach(Gdb *, bool go_on);                                              /* takes what it set away */
void gdb_say(Gdb *, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* adds to the answer */
void gdb_add(Gdb *, const void *bytes, size_t len);
void gdb_add_hex(Gdb *, const void *bytes, size_t len);
void gdb_send(Gdb *); /* the answer, which is then empty */

/* ---- gdb_command.c ---- answers the packet in link.in */
void gdb_command(Gdb *);
bool gdb_thread(const char **at, int *cpu); /* "p1.2", "2", -1 for all; false: no number */
void gdb_add_thread(Gdb *, int cpu);

/* ---- gdb_query.c ---- q and Q; no answer: unknown */
void gdb_query(Gdb *, const char *text);

/* ---- gdb_points.c ---- Z and z: the words after the letter */
void gdb_point(Gdb *, const char *text, bool add);
void gdb_points_clear(Gdb *);
const char *gdb_break_kind(const Gdb *, uint64_t pc); /* for a stop reply */

/* ---- gdb_run.c ---- */
void gdb_resume(Gdb *, bool step);       /* what c and s do */
bool gdb_vcont(Gdb *, const char *text); /* false: cannot be understood */
bool gdb_stopped(void *gdb, const DebugEvent *);
void gdb_interrupt(Gdb *);              /* Ctrl-C */
void gdb_stop_reply(Gdb *, int signal); /* adds it */

/* ---- gdb_target.c ---- */
const char *gdb_target_xml(Gdb *);
const char *gdb_memory_xml(Gdb *);
void gdb_target_forget(Gdb *);
void gdb_read_all(Gdb *);
bool gdb_write_all(Gdb *, const char *hex);
bool gdb_read_reg(Gdb *, uint64_t number);
bool gdb_write_reg(Gdb *, uint64_t number, const char *hex);
