/* Commands that run, stop and end the machine. */
#include "monitor/command.h"

#include <string.h>

static json_t *capabilities(Ask *a)
{
    (void)a;
    return json_object();
}

static const char *run_state(const Machine *m)
{
    return machine_pause_wanted(m) ? "paused" : "running";
}

static json_t *status(Ask *a)
{
    bool running = !machine_pause_wanted(a->machine);
    return json_pack("{s:b,s:b,s:s}", "running", (int)running, "singlestep", 0, "status", run_state(a->machine));
}

static void print_status(const json_t *s, Out *o)
{
    bool running = json_is_true(json_object_get(s, "running"));
    out(o, "VM status: %s", running ? "running" : "paused");
    const char *state = json_string_value(json_object_get(s, "status"));
    if (!running && strcmp(state, "paused"))
        out(o, " (%s)", state);
    out(o, "\n");
}

static json_t *stop(Ask *a)
{
    machine_pause(a->machine);
    return json_object();
}

static json_t *cont(Ask *a)
{
    machine_continue(a->machine);
    return json_object();
}

static json_t *quit(Ask *a)
{
    monitor_reason(a->monitors, "host-qmp-quit");
    machine_stop(a->machine, STOP_QUIT);
    return json_object();
}

static json_t *reset(Ask *a)
{
    monitor_reason(a->monitors, "host-qmp-system-reset");
    machine_stop(a->machine, STOP_RESET);
    return json_object();
}

static json_t *powerdown(Ask *a)
{
    machine_powerdown(a->machine);
    return json_object();
}

static bool gdbserver(Ask *a, Out *o)
{
    const char *where = ask_text(a, "where");
    where = where ? where : "tcp::1234";
    if (!monitor_gdb(a->monitors, where, a->err))
        return false;
    out(o, "Waiting for gdb connection on device '%s'\n", where);
    return true;
}

extern const Command run_commands[];
const Command run_commands[] = {
    { "qmp_capabilities", NULL, "enable?:[str]", NULL, "begin to take commands", capabilities },
    { "query-status", "info status", NULL, "{running:bool singlestep:bool status:paused|running}",
      "whether the machine runs", status, .print = print_status },
    { "stop", "stop", NULL, NULL, "stop the machine: CPUs and virtual time", stop, .alias = "s", .still = true },
    { "cont", "cont", NULL, NULL, "let it go on", cont, .alias = "c" },
    { "quit", "quit", NULL, NULL, "end the program", quit, .alias = "q" },
    { "system_reset", "system_reset", NULL, NULL, "reset the machine", reset },
    { "system_powerdown", "system_powerdown", NULL, NULL, "press its power button", powerdown },
    { NULL, "gdbserver", "where?:str", NULL, "wait for gdb, on tcp::1234 unless said otherwise", .show = gdbserver },
    { 0 },
};
