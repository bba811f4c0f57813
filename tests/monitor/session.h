/* A monitor on a machine without CPUs: what it says to an input, which must end with the command quit. */
#pragma once
#include "monitor/monitor.h"

char *session(MonitorMode, const char *input); /* free it */
