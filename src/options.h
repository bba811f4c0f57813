/* The command line: what the user asked for, in order, before anything is opened. */
#pragma once
#include "base/option.h"
#include "core/machine.h"
#include "cpu/cpu.h"
#include "cpu/run.h"
#include "host/window.h"

typedef struct Texts {
    char **at;
    size_t count;
} Texts;

typedef struct Config {
    MachineConfig machine; /* its texts are the command line's or `owned` */
    const MachineType *type;
    Out machine_props;
    Texts chardevs, serials, drives, netdevs, nics, old_nics, old_nets, dumps, devices; /* arguments as given */
    Texts owned;
    Texts monitors; /* -monitor, -qmp, -qmp-pretty, -mon: the option's name, then what it says */
    bool lockstep;
    CountOptions count;
    int replay; /* -icount rr=: a ReplayMode */
    const char *replay_file;
    int64_t date_ns; /* -rtc base=DATE, if dated */
    bool dated;
    const char *vga, *debugcon, *parallel; /* NULL: not said */
    bool nographic, no_net;                /* -nographic; -nic none or -net none */
    const char *display;                   /* "none", "sdl", ...; NULL: not said */
    WindowOptions window;
    bool no_monitor;         /* -monitor none */
    Translation translation; /* -accel */
    bool seeded;
    uint64_t seed;
    const char *log_file, *pidfile, *name, *uuid, *loadvm, *snapshot_folder;
    const char *gdb; /* -gdb WHERE, NULL or "none": no server */
    bool paused;     /* -S */
    bool done;       /* -help, -version, -M help ...: it was printed, nothing is to be run */
} Config;

extern const Option options[];

bool config_parse(Config *, char *const *args, Error *); /* may be called again with more */
bool config_check(Config *, Error *);                    /* what only the whole says */
void config_free(Config *);

/* Takes a formatted text over into `owned`. */
const char *config_own(Config *, char *text);
void texts_add(Texts *, const char *);

/* The longer arguments: options_machine.c. */
bool set_machine(void *config, const char *value, Error *);
bool set_accel(void *config, const char *value, Error *);
bool set_cpu(void *config, const char *value, Error *);
bool set_smp(void *config, const char *value, Error *);
bool set_memory(void *config, const char *value, Error *);
bool set_rtc(void *config, const char *value, Error *);
bool set_icount(void *config, const char *value, Error *);
void nics_help(Out *);
bool set_display(void *config, const char *value, Error *);
bool set_sdl(void *config, const char *value, Error *);
bool set_curses(void *config, const char *value, Error *);
bool set_device(void *config, const char *value, Error *);

/* Disks and what is booted: options_drive.c. */
bool set_boot(void *config, const char *value, Error *);
bool set_cdrom(void *config, const char *value, Error *);
bool set_drive(void *config, const char *value, Error *);
bool set_fda(void *config, const char *value, Error *);
bool set_fdb(void *config, const char *value, Error *);
bool set_hda(void *config, const char *value, Error *);
bool set_hdb(void *config, const char *value, Error *);
bool set_hdc(void *config, const char *value, Error *);
bool set_hdd(void *config, const char *value, Error *);
bool set_image(void *config, const char *value, Error *);
bool set_pflash(void *config, const char *value, Error *);
