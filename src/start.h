/* From a Config to a machine that runs: what is opened on the host, what is plugged into the machine. */
#pragma once
#include "options.h"

/* Opens chardevs, drives and networks. On error host_close puts away what was opened so far. */
bool host_open(const Config *, Error *);
void host_close(void); /* machine gone */

Machine *start_machine(Config *, Error *); /* made, with all its devices, and booted */
