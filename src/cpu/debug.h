/* Breakpoints, watchpoints and single steps of a machine's CPUs: what debuggers ask of the engine, outside the machine
 * and inside. They are options of the translator, and guest memory is never patched: a breakpoint can be there before
 * its page is mapped and survives whoever overwrites the code, and no guest sees it. All of this is called while the
 * machine stands still (machine_still), unless said. */
#pragma once
#include "cpu/cpu.h"

typedef struct Machine Machine;

typedef enum DebugKind { DEBUG_BREAK = 1, DEBUG_READ = 2, DEBUG_WRITE = 4, DEBUG_ACCESS = 6 } DebugKind;

typedef struct DebugPoint {
    DebugKind kind;
    bool phys;        /* addresses are physical */
    uint64_t at, len; /* len: of a watchpoint */
    uint32_t regimes; /* bit per regime of the guest that it holds for; 0: all */
    unsigned uses;    /* how often it was set: that often it is to be removed */
} DebugPoint;

enum { DEBUG_POINTS = 1024 };
bool debug_add(Machine *, const DebugPoint *, Error *err);
bool debug_remove(Machine *, const DebugPoint *, Error *err); /* one that is the same */
const DebugPoint *debug_points(Machine *, int *count);

/* The guest's own, of one CPU: the nth of what its debug registers say; kind 0: none. By the vCPU itself, or while it
 * stands still. Where one is met, GuestDebug is asked whether it counts. */
enum { DEBUG_OWN = 16 };
void debug_own(Cpu *, int n, const DebugPoint *);

typedef enum DebugReason { DEBUG_AT_BREAK, DEBUG_AT_WATCH, DEBUG_STEPPED } DebugReason;
typedef struct DebugEvent {
    int cpu;
    DebugReason reason;
    DebugKind kind; /* of the access to watched memory */
    uint64_t at;    /* of the breakpoint, or of the access */
} DebugEvent;

/* The machine was paused because of this. It then stands still; whoever wants it to run says machine_continue. False:
 * the listener wants to hear of it when the machine goes on. NULL: nobody listens, and all CPUs run freely. */
void debug_listen(Machine *, bool (*stopped)(void *who, const DebugEvent *), void *who);

/* What a CPU does when the machine goes on. One that is held stays where it is. A step runs one instruction, pauses the
 * machine again and leaves its CPU to go on freely. */
typedef enum DebugRun { DEBUG_RUN, DEBUG_HOLD, DEBUG_STEP } DebugRun;
enum { DEBUG_NO_IRQ = 2, DEBUG_NO_TIMER = 4 }; /* while stepping: no interrupt is taken; virtual time stands still */
void debug_run(Machine *, int cpu, DebugRun, int flags);
