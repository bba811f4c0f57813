/* --lockstep: each unit runs twice from the same state, on the interpreter and then translated, and both must leave
 * the same registers, memory and way out behind. Private to cpu/. */
#pragma once
#include "cpu/engine.h"
#include "cpu/interp.h"

/* The interpreter leads, on the CPU itself: what it got from devices and helpers is noted. Its stores are then taken
 * back, and the translation follows on a copy of the CPU, being given what was noted. */
typedef enum LockRole { LOCK_OFF, LOCK_LEADS, LOCK_HELPS, LOCK_FOLLOWS } LockRole;

typedef struct LockWrite {
    uint8_t *host;
    uint32_t size, before, after, made; /* bytes: what was there, what is in the end, and what a helper left */
} LockWrite;

typedef struct LockEvent {
    bool call; /* of a helper; else an access to a device */
    bool pure; /* the translation may have found that nobody needs the result */
    bool ok;
    Access access;
    int size;
    uint64_t phys, value; /* result of calls */
    uint32_t number;
    uint64_t arg[3], mask[3];
    uint32_t change, change_end, write, write_end; /* what the helper did to the CPU and to memory */
} LockEvent;

typedef struct LockChange {
    uint32_t offset, size;
    uint8_t now[16];
} LockChange;

typedef struct LockPart { /* bytes of the CPU struct to compare or to hand over */
    uint32_t offset, size;
} LockPart;

typedef struct LockTouch { /* an access, for the reproducer */
    uint64_t va;
    int size;
} LockTouch;

typedef enum LockSkip { SKIP_NO_UNIT, SKIP_DEVICE_WROTE, SKIP_TOO_LONG, SKIP_FULL, SKIP_TURN, SKIPS } LockSkip;

struct Lockstep {
    Guest guest; /* the machine's, its helpers marked H_FP */
    Helper *helpers;
    Ir *ir; /* what the leader runs */
    uint8_t *before, *copy, *at_call;
    LockPart *part; /* compared */
    size_t parts;
    LockRole role;
    LockWrite *write;
    size_t writes, writes_room;
    LockEvent *event;
    size_t events, events_room, next_event;
    LockChange *change;
    size_t changes, changes_room;
    uint8_t *bytes;
    size_t used, bytes_room;
    LockTouch *touch;
    size_t touches, touches_room;
    bool noting; /* accesses, in touch */
    bool device_wrote, wrong;
    bool reported;
    Out what; /* why it is wrong */
    uint64_t units, insns, skipped[SKIPS], calls, device_accesses, faults;
};

/* lockstep.c */
typedef struct LockWay { /* how to run a unit */
    const Ir *ir;
    const void *code;
    Unit *unit;
} LockWay;
typedef enum LockVerdict { LOCK_SAME, LOCK_DIFFERS, LOCK_SKIPPED } LockVerdict;
LockVerdict lockstep_pair(Cpu *, const LockWay *, CpuExit *);
void lockstep_put_back(Cpu *, const Cpu *was, size_t size);
void lockstep_back(Cpu *);                                   /* the CPU and memory as before the last pair */
bool lockstep_ir(Cpu *, const Unit *, uint32_t limit, Ir *); /* what the leader of that unit runs */
CpuExit lockstep_run(Cpu *, Unit *);

/* lockstep-log.c: what the leader notes and the follower is given */
void lockstep_log_start(Lockstep *);
void lockstep_take_back(Lockstep *);             /* the leader's stores; what they left is kept */
bool lockstep_memory_differs(Lockstep *, Out *); /* after the follower; memory is as the leader left it afterwards */
bool lockstep_finished(Lockstep *);              /* the follower asked for all it was to ask for */
extern const InterpMemory lockstep_memory, lockstep_memory_forward;
void lockstep_wrong(Lockstep *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* lockstep-show.c */
void lockstep_report(Cpu *, Unit *);
