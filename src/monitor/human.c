/* The monitor for people: words in, text out. Every command is one that programs have, its answer printed. */
#include "base/alloc.h"
#include "config.h"
#include "monitor/complete.h"
#include "monitor/session.h"

#include <stdlib.h>
#include <string.h>

#define PROMPT "(qemu) " /* scripts wait for it */

static void show(Monitor *mon, Out *o)
{
    if (o->len)
        monitor_say(mon, o->text);
    out_free(o);
}

static void prompt(Monitor *mon)
{
    Out o = { 0 };
    edit_prompt(&mon->edit, &o);
    show(mon, &o);
}

static void complete(void *mon, const char *line, void (*try)(void *, const char *), void *to)
{
    Error err;
    Ask a = monitor_ask(mon, &err);
    complete_line(&a, line, try, to);
}

/* ---- running ---- */

static void print_error(const Ask *a, Out *o)
{
    out(o, "Error: %s\n", a->err->text);
}

static void run_command(const Command *c, Ask *a, Out *o)
{
    if (c->show) {
        if (!c->show(a, o))
            print_error(a, o);
        return;
    }
    json_t *value = command_run(c, a);
    if (!value)
        print_error(a, o);
    else if (c->print)
        c->print(value, o);
    json_decref(value);
}

void human_line(Ask *a, const char *line, Out *o)
{
    const char *rest;
    line += strspn(line, " \t");
    if (!*line)
        return;
    const Command *c = command_of_line(line, &rest, a->err);
    a->args = c ? args_of_line(c, rest, a, a->err) : NULL;
    if (a->args)
        run_command(c, a, o);
    else
        out(o, "%s\n", a->err->text);
    json_decref(a->args);
    a->args = NULL;
}

static void run(Monitor *mon)
{
    Error err;
    Ask a = monitor_ask(mon, &err);
    Out o = { 0 };
    char *line = mon->line;
    mon->line = NULL;
    human_line(&a, line, &o);
    free(line);
    show(mon, &o);
    if (machine_stopping(a.machine) != STOP_QUIT)
        prompt(mon);
}

static void opened(Monitor *mon)
{
    if (!mon->edit.prompt) {
        monitor_say(mon, "dragoman " VERSION " monitor - type 'help' for more information\n");
        mon->edit.prompt = PROMPT;
        mon->edit.complete = complete;
        mon->edit.who = mon;
    }
    prompt(mon);
}

static size_t take(Monitor *mon, const char *bytes, size_t len)
{
    size_t i = 0;
    Out o = { 0 };
    while (i < len && !mon->waits) {
        bool done = edit_key(&mon->edit, bytes[i++], &o);
        if (!done)
            continue;
        show(mon, &o);
        const char *rest;
        const Command *c = command_of_line(mon->edit.line + strspn(mon->edit.line, " \t"), &rest, NULL);
        mon->line = xstrdup(mon->edit.line);
        monitor_run(mon, c && c->still);
    }
    show(mon, &o);
    return i;
}

static void forget(Monitor *mon)
{
    free(mon->line);
    mon->line = NULL;
}

const MonitorKind monitor_human = { opened, take, run, forget, NULL };
