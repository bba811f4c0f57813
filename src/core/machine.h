/* A machine is a parts list and a netlist, read by core/board.c, plus one `boot` function. */
#pragma once
#include "core/device.h"
#include "core/space.h"
#include "core/timer.h"

typedef struct Part {
    const char *id, *type;
    const char *on;   /* bus part; NULL: the system bus */
    uint64_t at[8];   /* one address for each window; 0: not mapped */
    uint32_t port[8]; /* the same among the I/O ports; PORT_0 is the first of them */
    const char *wire; /* "irq>vic.in.12 fiq<vic.fiq.*": own pin > or < another part's; see core/wire.h */
    const char *set;  /* "chardev=serial0,fifo=on": as on the command line */
    const char *when; /* only if these machine properties have these values, "gic-version=3,its!=off"; NULL: always */
    bool optional;    /* left out with -nodefaults */
    bool asked;       /* only if the user gave a character device its id, as -serial does */
    bool each_cpu;    /* one for each CPU; `*` in id, wire and set is its number */
    uint16_t copies;  /* more than 1: that many, `*` is the number, each `step` bytes further, irq `wire` number + n */
    uint64_t step;
} Part;

#define PORT_0 0x10000u

typedef struct MachineType {
    const char *name, *about;
    const char *cpu, *cpus; /* default, and those allowed, separated by spaces */
    uint64_t ram, ram_max;  /* bytes: default and largest */
    int cpus_max;
    const Prop *props; /* -machine name,KEY=VALUE; offsets into the struct of `size` bytes that begins with Machine */
    size_t size;
    const Part *parts;
    const char *drive;                      /* the interface of a -drive without `if`; NULL: virtio */
    const char *controllers;                /* interfaces whose drives its parts take ("ide floppy"), or NULL */
    const char *card;                       /* the network card it has if none is asked for; NULL: virtio */
    bool (*prepare)(Machine *, Error *err); /* before the parts are made: RAM regions, choices */
    bool (*boot)(Machine *, Error *err);    /* parts are wired and reset: load firmware or kernel, set entry points */
} MachineType;

typedef enum StopReason { RUN, STOP_POWEROFF, STOP_RESET, STOP_QUIT, STOP_PANIC } StopReason;

/* What the user asked for, gathered by the command line and read by machines. */
typedef struct MachineConfig {
    const char *cpu; /* -cpu MODEL,+feature,-feature */
    uint64_t ram;    /* bytes */
    int cpus;
    int cores, threads; /* of a socket, of a core; 0: not said */
    const char *kernel, *initrd, *append, *dtb, *bios, *dump_dtb;
    const char *firmware_path; /* -L */
    const char *boot_order;    /* -boot order=: letters; NULL: the machine's own */
    const char *boot_once;     /* the same for the first time; NULL: as ever */
    bool boot_menu;            /* the user wants to choose */
    uint64_t boot_wait_ms;     /* how long the menu waits for a key; 0: as firmware likes */
    int64_t boot_retry_ms;     /* when nothing starts: it tries again after this; 0: as firmware likes, -1: never */
    bool no_graphics;          /* -nographic: firmware is to use a serial line */
    bool no_reboot, no_defaults, snapshot;
    bool debugged;             /* there may be nothing to run: a debugger brings it */
    const char *machine_props; /* what followed the name in -machine */
    void *(*find)(PropKind kind,
                  const char *id); /* the Chardev, Drive or Net of that id, or NULL; may be NULL itself */
} MachineConfig;

struct Cpu;

/* What runs the CPUs. cpu/ supplies it: a CPU device sets Machine.cpus in its start(). None is called with the lock
 * held. */
typedef struct MachineCpus {
    int (*start)(Machine *); /* vCPUs run (again); not 0: the exit code of a failure already reported */
    void (*stop)(Machine *); /* returns when none executes guest code */
    void (*reset)(
        Machine *); /* stopped; all devices (CPUs included) were reset or will be loaded: forget what was cached */
    /* Of CPUs whose work is the clock; else NULL. While they run they call machine_turn themselves. */
    int64_t (*now)(const Machine *);
    uint64_t (*count)(const Machine *);             /* instructions so far */
    void (*sums)(const Machine *, uint64_t sum[2]); /* what memory and registers come to; they stand */
    void (*set_now)(Machine *, int64_t);
    void (*sooner)(Machine *, int64_t when); /* a timer was set, maybe for earlier than they know of */
    void (*poke)(Machine *);                 /* from any thread: something was posted, or the machine is to stop */
    void (*settle)(Machine *); /* stopped: what is posted to them is done, as they would before anything else */
    /* For snapshots: what the engine keeps of each CPU, in a struct of state_size bytes. */
    const StateField *state;
    size_t state_size;
    void *(*state_of)(struct Cpu *);
    void (*free)(Machine *); /* the devices are gone, CPUs included */
} MachineCpus;

struct Machine {
    const MachineType *type;
    const MachineConfig *config;
    Space *memory;           /* what CPUs and, unless a bus says otherwise, devices see */
    Space *ports;            /* I/O ports (core/ports.h); empty where the architecture has none */
    Space *private_memory;   /* what a CPU sees in a mode that others cannot look into; NULL: `memory` */
    Device *devices;         /* every part and plugged device, in order of creation */
    struct Cpu **cpu;        /* config->cpus of them, in order; each begins with Device */
    const MachineCpus *cpus; /* NULL: no CPU in this machine */
    struct Engine *engine;   /* what `cpus` keeps */
    Line power_key;          /* what the user's power button is wired to */
    struct MachineRun *run;  /* lock, timers, posted events, stop request: core/machine.c */
};

extern const MachineType *const machine_types[];               /* made from machines.list; ends with NULL */
const MachineType *machine_type(const char *name, Error *err); /* a version ("virt-7.2") is taken for the machine */
void machine_props_help(const MachineType *, Out *);

/* Makes, wires, starts and resets every part. On error names the part. */
Machine *machine_new(const MachineType *, const MachineConfig *, Error *err);
void machine_free(Machine *); /* CPUs stopped */
bool machine_boot(Machine *,
                  Error *err); /* after -device, the last step before machine_run: resets all parts, loads what runs */
bool machine_plug(Machine *, const char *device_line, Error *err); /* -device TYPE,key=value,... */
/* The guest has let go of one that was plugged in: it is gone from here on, and freed when no CPU can still see it. */
void machine_unplug(Machine *, Device *);
void machine_reset(Machine *); /* CPUs stopped: machine_boot again; if that fails, the machine stops */
Device *machine_device(Machine *, const char *id); /* NULL: none of that id */
bool machine_wire(Machine *, Device *from, const char *wires, Error *err);
bool machine_prop_is(const Machine *, const char *when); /* as Part.when */
void machine_print_qtree(Machine *, Out *);

/* RAM: one stretch of host addresses for the machine, grown by ram_add; pages are numbered from 0 through all of it. */
Region *ram_add(Machine *, const char *name, uint64_t size, bool readonly, Error *err);
uint64_t ram_pages(const Machine *);
Region *const *ram_regions(const Machine *, size_t *count);
/* Which pages of a region, counted from its start, may hold anything but zeros: the rest was never touched. */
size_t ram_touched(const Region *, uint64_t *numbers); /* room for all of them */
bool ram_clear(Region *);                              /* to zeros, as if never touched */

/* The one lock under which devices, timers and monitor commands run. Nobody waits for it long; not recursive. */
void machine_lock(Machine *);
void machine_unlock(Machine *);
bool machine_locked(const Machine *); /* by this thread; for assertions */
/* So that no device runs between several steps of a vCPU that take the lock themselves. */
void machine_lock_around(Machine *);
void machine_unlock_around(Machine *);

/* Host threads bring messages through this one door: `fn(dev, data)` runs later under the lock on the machine's thread.
 */
void machine_post(Machine *, void (*fn)(void *dev, uint64_t data), void *dev, uint64_t data);

/* Delivers what is posted and fires the timers that are due; the time of the next timer, or TIMER_OFF. */
int64_t machine_turn(Machine *);

/* From anywhere: fn(who) runs on the machine's thread, under the lock, while no CPU runs guest code and virtual time
 * stands still; not called from a device, so that it may reach device windows. For monitors, debuggers, snapshots. */
void machine_still(Machine *, void (*fn)(void *who), void *who);

/* Who is told, under the lock, what becomes of the machine: a few at most. told NULL: `who` no more. */
typedef enum MachineNews {
    NEWS_STOP,
    NEWS_RESUME,
    NEWS_RESET,
    NEWS_SHUTDOWN,
    NEWS_POWERDOWN,
    NEWS_UNPLUGGED
} MachineNews;
void machine_tell(Machine *, void (*told)(void *who, MachineNews), void *who);
const char *machine_unplugged(const Machine *); /* the device that NEWS_UNPLUGGED is about */

/* From anywhere: the run loop ends or resets. The first reason stays; RUN is no reason. */
void machine_stop(Machine *, StopReason);
void machine_exit(Machine *, int code); /* ends with this exit code */
StopReason machine_stopping(const Machine *);
void machine_powerdown(Machine *); /* presses the power key; under the lock */

/* From anywhere: the run loop stops or starts CPUs and virtual time; posted events run all the same. Before
 * machine_run, pause means that it begins paused. */
void machine_pause(Machine *);
void machine_continue(Machine *);
bool machine_paused(const Machine *);       /* no guest code and no timer runs */
bool machine_pause_wanted(const Machine *); /* by the last of machine_pause and machine_continue */
/* Said while it stands still: virtual time does not go on with the CPUs (single steps). */
void machine_hold_time(Machine *, bool hold);

/* Runs timers, posted events and host input until the machine stops; CPUs run on threads of their own. Returns the exit
 * code: 0 after a power-off or quit. */
int machine_run(Machine *);
