/* What keeps a machine going; private to core/. */
#pragma once
#include "core/machine.h"
#include <pthread.h>

typedef struct Posted {
    void (*fn)(void *dev, uint64_t data);
    void *dev;
    uint64_t data;
} Posted;

typedef struct Posts {
    Posted *at;
    size_t count, room;
} Posts;

typedef struct MachineTold {
    void (*fn)(void *who, MachineNews);
    void *who;
} MachineTold;

/* -machine properties that every machine has. */
typedef struct MachineCommon {
    char *accel, *kernel, *initrd, *append, *dtb, *firmware, *dump_dtb, *unused_text;
    bool usb, unused;
} MachineCommon;

struct MachineRun {
    MachineConfig config; /* the user's, with the defaults filled in */
    MachineCommon common;

    /* lock.c */
    uint32_t lock;   /* FREE, HELD, SLEPT_FOR; a futex, as is the next */
    uint32_t hungry; /* who have waited too long */
    pthread_t holder;
    bool held;
    bool around, inner; /* the holder's: it keeps the lock; code it calls has taken it, too */

    /* timer.c */
    Timer *timers; /* earliest first */
    uint64_t timers_fired;
    int64_t clock_start;  /* atomic: clock_ns() at virtual time 0 */
    int64_t frozen;       /* atomic: virtual time while paused; else NOT_FROZEN */
    int64_t sleeps_until; /* atomic: when the run loop will look at the timers again */

    /* run.c */
    int wake; /* eventfd */
    pthread_mutex_t posts_lock;
    Posts posts, stills;
    MachineTold told[4];
    const char *unplugged;
    Device *gone;      /* unplugged, and not freed before the CPUs stand still */
    int stop;          /* atomic StopReason */
    int exit_code;     /* atomic; machine_exit */
    bool pause_wanted; /* atomic */
    bool time_held;
    bool running; /* the CPUs */

    /* ram.c */
    uint8_t *ram;
    uint64_t ram_used, ram_reserved;
    Region **ram_regions;
    size_t ram_count;
};

#define NOT_FROZEN INT64_MIN

bool machine_props_set(Machine *, Error *err);
void machine_props_free(Machine *);
void lock_init(Machine *);
void timers_init(Machine *);
void clock_freeze(Machine *);
void clock_thaw(Machine *);
void replay_turn(Machine *);   /* under the lock: what a recording says comes now */
void replay_finish(Machine *); /* the CPUs stand for good */
bool run_init(Machine *, Error *err);
void run_free(Machine *);
void run_wake(Machine *);
void run_posts(Machine *); /* under the lock */
void run_unplugged(Machine *, const char *id);
bool ram_init(Machine *, Error *err);
void ram_free(Machine *);
