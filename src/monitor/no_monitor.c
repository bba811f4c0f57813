/* Instead of all the rest, in a build without jansson. */
#include "monitor/monitor.h"

Monitors *monitors_new(Machine *m, const MonitorFacts *facts)
{
    (void)m, (void)facts;
    return NULL;
}

void monitors_free(Monitors *all)
{
    (void)all;
}

bool monitor_open(Monitors *all, const char *chardev, MonitorMode mode, Error *err)
{
    (void)all, (void)chardev, (void)mode;
    return error_set(err, "this build has no monitor; build it with jansson, or leave the monitor out");
}

bool monitor_option(Monitors *all, const char *line, Error *err)
{
    return monitor_open(all, line, MONITOR_HUMAN, err);
}

void monitor_line(Monitors *all, const char *line, Out *o)
{
    (void)all, (void)line;
    out(o, "this build has no monitor; build it with jansson\n");
}
