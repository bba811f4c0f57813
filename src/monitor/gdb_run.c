/* Going on, stepping, and saying why the machine stopped. */
#include "monitor/gdb_session.h"

#include "cpu/inspect.h"

#include <string.h>

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5 };

static uint64_t pc_of(Gdb *g, int cpu)
{
    InspectReg r;
    for (int n = 0; inspect_reg(g->machine->cpu[cpu], n, &r); n++)
        if (r.type && !strcmp(r.type, "code_ptr"))
            return inspect_get(g->machine->cpu[cpu], n).lo;
    return 0;
}

static void step_one(Gdb *g, int cpu)
{
    unsigned flags = g->sstep & SSTEP_ENABLE ? g->sstep : 0;
    debug_run(g->machine, cpu, DEBUG_STEP, (int)flags);
}

static void go(Gdb *g)
{
    g->running = true;
    if (g->interrupt)
        gdb_interrupt(g);
    else
        machine_continue(g->machine);
}

/* Nothing is left of how it ran before, which may not have ended by itself. */
static void begin(Gdb *g)
{
    g->to = 0;
    machine_hold_time(g->machine, false);
}

/* s steps the chosen CPU while the others wait; c lets all run. */
void gdb_resume(Gdb *g, bool step)
{
    int only = g->run_cpu < 0 ? g->cpu : g->run_cpu;
    begin(g);
    for (int k = 0; k < g->machine->config->cpus; k++) {
        if (step && k == only)
            step_one(g, k);
        else
            debug_run(g->machine, k, step ? DEBUG_HOLD : DEBUG_RUN, 0);
    }
    go(g);
}

/* ---- vCont;ACTION[:THREAD];... ---- */

enum { MOST_ACTIONS = 64 };

typedef struct Action {
    char what;
    int cpu; /* -1: all that no action before it names */
    uint64_t from, to;
} Action;

static bool read_action(const char **at, Action *a)
{
    uint64_t signal;
    *a = (Action){ .what = **at, .cpu = -1 };
    if (!a->what || !strchr("cCsStr", a->what))
        return false;
    ++*at;
    if ((a->what == 'C' || a->what == 'S') && !gdb_number(at, &signal))
        return false;
    if (a->what == 'r' && !(gdb_number(at, &a->from) && *(*at)++ == ',' && gdb_number(at, &a->to)))
        return false;
    if (**at == ':' && (++*at, !gdb_thread(at, &a->cpu)))
        return false;
    return **at == ';' || !**at;
}

static const Action *action_of(const Action *a, int count, int cpu)
{
    for (int k = 0; k < count; k++)
        if (a[k].cpu == cpu || a[k].cpu < 0)
            return &a[k];
    return NULL;
}

static void apply(Gdb *g, const Action *a, int cpu)
{
    g->held[cpu] = !a || a->what == 't';
    if (g->held[cpu]) {
        debug_run(g->machine, cpu, DEBUG_HOLD, 0);
    } else if (a->what == 'c' || a->what == 'C') {
        debug_run(g->machine, cpu, DEBUG_RUN, 0);
    } else {
        step_one(g, cpu);
        g->from = a->from;
        g->to = a->what == 'r' ? a->to : 0;
    }
}

bool gdb_vcont(Gdb *g, const char *at)
{
    Action action[MOST_ACTIONS];
    int count = 0;
    do {
        if (count == MOST_ACTIONS || !read_action(&at, &action[count++]))
            return false;
    } while (*at++ == ';');
    bool any = false;
    for (int k = 0; k < g->machine->config->cpus; k++) {
        const Action *a = action_of(action, count, k);
        any |= a && a->what != 't';
    }
    if (!any)
        return false;
    begin(g);
    for (int k = 0; k < g->machine->config->cpus; k++)
        apply(g, action_of(action, count, k), k);
    go(g);
    return true;
}

/* ---- stops ---- */

void gdb_stop_reply(Gdb *g, int signal)
{
    gdb_say(g, "T%02xthread:", (unsigned)signal);
    gdb_add_thread(g, g->cpu);
    gdb_say(g, ";");
}

static void say_watch(Gdb *g, const DebugEvent *e)
{
    const char *what = e->kind == DEBUG_READ ? "rwatch" : e->kind == DEBUG_WRITE ? "watch" : "awatch";
    gdb_say(g, "%s:%llx;", what, (unsigned long long)e->at);
}

/* Still in the lines that vCont;r goes through: on without a word. */
static bool goes_on(Gdb *g, const DebugEvent *e)
{
    if (e->reason != DEBUG_STEPPED || !g->to || e->at - g->from >= g->to - g->from)
        return false;
    for (int k = 0; k < g->machine->config->cpus; k++)
        if (k == e->cpu)
            step_one(g, k);
        else
            debug_run(g->machine, k, g->held[k] ? DEBUG_HOLD : DEBUG_RUN, 0);
    machine_continue(g->machine);
    return true;
}

bool gdb_stopped(void *who, const DebugEvent *e)
{
    Gdb *g = who;
    if (!g->running)
        return false;
    if (goes_on(g, e))
        return true;
    g->running = false;
    g->cpu = e->cpu;
    gdb_stop_reply(g, SIGNAL_TRAP);
    if (e->reason == DEBUG_AT_WATCH)
        say_watch(g, e);
    if (e->reason == DEBUG_AT_BREAK)
        gdb_say(g, "%s", gdb_break_kind(g, pc_of(g, e->cpu)));
    gdb_send(g);
    return true;
}

/* gdb says so only while it thinks that the machine runs. If it does not, a stop that gdb may not tell its user of is
 * on its way there, as at a breakpoint whose condition does not hold: then it is for the next time. */
void gdb_interrupt(Gdb *g)
{
    g->interrupt = !g->running;
    if (!g->running)
        return;
    g->running = false;
    machine_hold_time(g->machine, false);
    machine_pause(g->machine);
    gdb_stop_reply(g, SIGNAL_INT);
    gdb_send(g);
}
