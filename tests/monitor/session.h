/* A monitor on a machine that is paused: what it says to an input, which must end with the command quit. */
#pragma once
#include "monitor/monitor.h"

char *session(MonitorMode, const char *input);                     /* without CPUs; free it */
char *session_on(const char *cpu, MonitorMode, const char *input); /* with two of a model; NULL: the usual one */
