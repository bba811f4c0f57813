/* From a Config to a machine that runs: what is opened on the host, what is plugged into the machine. */
#pragma once
#include "monitor/gdb.h"
#include "monitor/monitor.h"
#include "options.h"

/* Opens chardevs, drives and networks. On error host_close puts away what was opened so far. */
bool host_open(const Config *, Error *);
void host_close(void); /* machine gone */

Machine *start_machine(Config *, Error *); /* made, with all its devices, and booted */
/* Those the user asked for, and one beside the serial line on the terminal. Stays NULL in a build without. */
bool start_monitors(const Config *, Machine *, Monitors **, Error *);
bool start_gdb(const Config *, Machine *, Monitors *, Gdb **, Error *); /* NULL: no server */
bool start_window(Config *, Machine *, Error *);                        /* the last, just before it runs */
