/* A log of the door: what came in, and at which moment of the machine's. Recorded once, it is given to the same machine
 * again at the same moments (-icount ...,rr=record|replay,rrfile=FILE). */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ReplayMode { REPLAY_OFF, REPLAY_RECORDS, REPLAY_PLAYS } ReplayMode;

/* How far a machine is that counts instructions: one that does the same every time is at each moment once. */
typedef struct Moment {
    uint64_t count; /* instructions */
    int64_t time;   /* ns */
    uint64_t fired; /* timers: what comes at one time comes in order */
} Moment;

/* Before anything is at the door. */
bool replay_open(ReplayMode, const char *path, Error *);
void replay_close(void); /* not open: nothing */
ReplayMode replay_mode(void);

/* What machine it is, in lines: written, or compared with what was. */
bool replay_machine(const char *lines, Error *);
/* Who tells the moment; under the machine lock. */
void replay_clock(Moment (*now)(void *who), void *who);

/* Recording: a message is being delivered. */
void replay_note(const char *kind, const char *source, const void *bytes, size_t len);
/* The machine has come to its end, with memory and registers that come to these sums. */
void replay_note_end(const uint64_t sums[2]);

/* Playing: what comes next. */
typedef struct ReplayEntry {
    Moment when;
    char kind[16], source[256];
    bool end; /* no message: the recording ends, with these sums */
    uint64_t sums[2];
    size_t len;
    uint8_t *bytes;
} ReplayEntry;
const ReplayEntry *replay_next(void); /* NULL: the file was cut off */
void replay_taken(void);              /* that one is done with */

/* -1: `when` is still to come, 0: it is now, 1: it has passed */
int moment_order(const Moment *now, const Moment *when);
