/* A machine is a parts list and a netlist, read by core/board.c, plus one `boot` function. */
#pragma once
#include "core/device.h"
#include "core/space.h"
#include "core/timer.h"

typedef struct Part {
    const char *id, *type;
    const char *on;    /* bus part; NULL: the system bus */
    uint64_t at[8];    /* one address for each window; 0: not mapped */
    const char *wire;  /* "irq>vic.12 dma>dmac.0": output pin > input pin of a part */
    const char *set;   /* "chardev=serial0,fifo=on": as on the command line */
    const char *when;  /* only if this machine property has this value, "gic-version=3"; NULL: always */
    bool optional;     /* left out with -nodefaults */
    bool each_cpu;     /* one for each CPU; `*` in id, wire and set is its number */
    uint16_t copies;   /* more than 1: that many, `*` is the number, each `step` bytes further, irq `wire` number + n */
    uint64_t step;
} Part;

typedef struct MachineType {
    const char *name, *about;
    const char *cpu, *cpus; /* default, and those allowed, separated by spaces */
    uint64_t ram, ram_max;  /* bytes: default and largest */
    int cpus_max;
    const Prop *props;      /* -machine name,KEY=VALUE; offsets into the struct of `size` bytes that begins with Machine */
    size_t size;
    const Part *parts;
    bool (*prepare)(Machine *, Error *err); /* before the parts are made: RAM regions, choices */
    bool (*boot)(Machine *, Error *err);    /* parts are wired and reset: load firmware or kernel, set entry points */
} MachineType;

typedef enum StopReason { RUN, STOP_POWEROFF, STOP_RESET, STOP_QUIT, STOP_PANIC } StopReason;

/* What the user asked for, gathered by the command line and read by machines. */
typedef struct MachineConfig {
    const char *cpu;   /* -cpu MODEL,+feature,-feature */
    uint64_t ram;      /* bytes */
    int cpus;
    const char *kernel, *initrd, *append, *dtb, *bios, *dump_dtb;
    const char *firmware_path; /* -L */
    bool no_reboot, no_defaults, snapshot;
    const char *machine_props; /* what followed the name in -machine */
} MachineConfig;

struct Machine {
    const MachineType *type;
    const MachineConfig *config;
    Space *memory;     /* what CPUs and, unless a bus says otherwise, devices see */
    Device *devices;   /* every part and plugged device, in order of creation */
    struct Cpu **cpu;  /* config->cpus of them */
    struct MachineRun *run; /* lock, timers, posted events, stop request: core/machine.c */
};

extern const MachineType *const machine_types[]; /* made from machines.list; ends with NULL */

/* Makes, wires, starts and resets every part. On error names the part. */
Machine *machine_new(const MachineType *, const MachineConfig *, Error *err);
bool machine_plug(Machine *, const char *device_line, Error *err); /* -device TYPE,key=value,... */
void machine_reset(Machine *);                                     /* all parts to reset state, then boot again */
Device *machine_device(Machine *, const char *id);                 /* NULL: none of that id */
bool machine_wire(Machine *, Device *from, const char *wires, Error *err);
void machine_print_qtree(Machine *, Out *);

/* RAM: one memfd for the machine, grown by ram_add; pages are numbered from 0 through all of it. */
Region *ram_add(Machine *, const char *name, uint64_t size, bool readonly);
uint64_t ram_pages(const Machine *);

/* The one lock under which devices, timers and monitor commands run. Fair; not recursive. */
void machine_lock(Machine *);
void machine_unlock(Machine *);

/* Host threads bring messages through this one door: `fn(dev, data)` runs later under the lock on the machine's thread. */
void machine_post(Machine *, void (*fn)(void *dev, uint64_t data), void *dev, uint64_t data);

void machine_stop(Machine *, StopReason); /* from anywhere: the run loop ends or resets */
StopReason machine_stopping(const Machine *);

/* Runs timers, posted events and host input until the machine stops; CPUs run on threads of their own. */
int machine_run(Machine *);
