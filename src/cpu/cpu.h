/* What every emulated CPU has in common. A guest's CPU struct begins with Cpu; its hottest registers follow at once,
 * within a short displacement of the base pointer that generated code uses. */
#pragma once
#include "base/state.h"
#include "core/device.h"
#include "core/space.h"
#include <stdint.h>

typedef struct Guest Guest;
typedef struct TlbBank TlbBank;
typedef struct CpuRun CpuRun;

typedef enum CpuExit {
    EXIT_NONE,
    EXIT_LOOKUP,    /* no unit in the lookup table for the pc slot's value: find or make it */
    EXIT_STOP,      /* Cpu.stop was set */
    EXIT_IDLE,      /* wait for interrupt: the pc slot holds the next instruction */
    EXIT_FAULT,     /* a memory access faulted; the guest's fault was raised */
    EXIT_LINK,      /* an unlinked direct exit was taken: link it */
    EXIT_INTERPRET, /* run this instruction by the interpreter */
    EXIT_BUDGET,    /* counting: the budget does not reach for what comes next */
    EXIT_EVENT,     /* interrupts may have become deliverable: check, then go on */
    EXIT_DEBUG,     /* there is a breakpoint at the pc slot's value */
} CpuExit;

typedef struct Cpu {
    Device dev;         /* the CPU is a part of its machine */
    int64_t budget;     /* counting: instructions it may still begin */
    int64_t stop;       /* CPU_STOP: leave translated code at the next test or look-up; else 0 */
    TlbBank *bank;      /* of the current regime and address-space tag */
    TlbBank *user_bank; /* of the unprivileged regime (IrMem.user) */
    CpuRun *run;        /* everything else the engine keeps: cpu/run.h */
    uint32_t mxcsr;     /* host FP control while translated code runs: guest's rounding mode and sticky flags */
} Cpu;

enum { CPU_STOP = -16 }; /* any place in the table of look-ups or'ed with it is TlbBank.no_jump's */

enum {
    CPU_BIAS = 128 + 64
}; /* the base pointer of generated code is at this offset: reaches stop and 27 registers in a byte */

/* Whether code is put together quickly before it is translated in full, when it has turned out to be run often. */
typedef enum TranslateQuickly { QUICK_AUTO /* once there is much of it */, QUICK_ON, QUICK_OFF } TranslateQuickly;

typedef struct Translation { /* how; all zero: as is best */
    uint64_t cache_bytes;    /* of translated code */
    bool one_insn;           /* units of one instruction each */
    TranslateQuickly quick;
} Translation;

/* From any thread. kick: leave translated code soon and look at interrupt lines. */
void cpu_kick(Cpu *);
/* Whether an instruction that can be taken up again is to be left half done. Counting, it never is for what may come
 * from outside: it would count once more. */
bool cpu_hurries(const Cpu *);
/* A device's input line to the CPU changed (under the machine lock). */
void cpu_interrupt_line(Cpu *, int line, bool level);
uint32_t cpu_lines(const Cpu *); /* bit per line */
int cpu_number(const Cpu *);
/* log_line for code that is built without vector registers. */
void cpu_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool cpu_powered(const Cpu *);
void cpu_power(Cpu *, bool on); /* on: the guest's reset state was set by the caller */
/* The regime or its tag changed: chooses the banks anew. mode_changed: also what translation depends on. */
void cpu_switch_bank(Cpu *);
/* The bank of another regime, for a CPU's own accesses beside those of the program it runs: to be put in Cpu.bank
 * around them. */
struct Regime;
TlbBank *cpu_bank(Cpu *, const struct Regime *);
/* Whether the CPU sees Machine.private_memory; what it knows of memory is forgotten. On its own thread. */
void cpu_private_memory(Cpu *, bool on);
/* Runs fn(arg) while no vCPU is in translated code or in a slow path. Called by a vCPU thread that holds no lock. */
void cpu_exclusive(Cpu *self, void (*fn)(void *arg), void *arg);
/* Runs fn(cpu, arg) on that vCPU's thread before its next guest block (asynchronous). */
void cpu_post(Cpu *, void (*fn)(Cpu *, uint64_t), uint64_t arg);
/* Waits until everything posted to any other vCPU has run. */
void cpu_post_wait(Cpu *self);
