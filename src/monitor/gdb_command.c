/* The packets by their first letter: gdb's manual, appendix E.2. */
#include "monitor/gdb_session.h"

#include "core/machine.h"
#include "cpu/inspect.h"

#include <stdint.h>
#include <string.h>

enum { SIGNAL_TRAP = 5, BAD_PACKET = 22, NO_MEMORY = 14 }; /* the errors are EINVAL and EFAULT */

static void fail(Gdb *g, int code)
{
    bytes_drop(&g->answer, g->answer.len);
    gdb_say(g, "E%02x", (unsigned)code);
}

static void ok(Gdb *g, bool well)
{
    if (well)
        gdb_say(g, "OK");
    else
        fail(g, BAD_PACKET);
}

static Cpu *cpu_of(const Gdb *g)
{
    return g->machine->cpu[g->cpu];
}

/* ---- threads ---- */

static bool signed_number(const char **at, uint64_t *value)
{
    if (!strncmp(*at, "-1", 2)) {
        *value = UINT64_MAX;
        *at += 2;
        return true;
    }
    return gdb_number(at, value);
}

bool gdb_thread(const char **at, int *cpu)
{
    uint64_t process = 1, thread;
    bool both = **at == 'p';
    *at += both;
    if (!signed_number(at, both ? &process : &thread))
        return false;
    if (both && **at != '.')
        thread = UINT64_MAX;
    else if (both && (++*at, !signed_number(at, &thread)))
        return false;
    bool all = thread == UINT64_MAX || process == UINT64_MAX;
    *cpu = all ? -1 : !thread ? 0 : thread < INT32_MAX && process <= 1 ? (int)thread - 1 : INT32_MAX;
    return true;
}

void gdb_add_thread(Gdb *g, int cpu)
{
    gdb_say(g, g->multiprocess ? "p1.%x" : "%x", (unsigned)cpu + 1);
}

static bool exists(const Gdb *g, int cpu)
{
    return cpu < g->machine->config->cpus;
}

/* H: c for what runs next, g for everything else. */
static void set_thread(Gdb *g, const char *at)
{
    char what = *at ? *at++ : 0;
    int cpu;
    if (!strchr("cg", what) || !what || !gdb_thread(&at, &cpu) || !exists(g, cpu)) {
        fail(g, BAD_PACKET);
        return;
    }
    if (what == 'c')
        g->run_cpu = cpu;
    else
        g->cpu = cpu < 0 ? 0 : cpu;
    ok(g, true);
}

static void thread_alive(Gdb *g, const char *at)
{
    int cpu;
    ok(g, gdb_thread(&at, &cpu) && exists(g, cpu));
}

/* ---- registers ---- */

static void read_all(Gdb *g, const char *at)
{
    (void)at;
    gdb_read_all(g);
}

static void write_all(Gdb *g, const char *at)
{
    ok(g, gdb_write_all(g, at));
}

static void read_one(Gdb *g, const char *at)
{
    uint64_t number;
    if (!gdb_number(&at, &number) || !gdb_read_reg(g, number))
        fail(g, BAD_PACKET);
}

static void write_one(Gdb *g, const char *at)
{
    uint64_t number;
    ok(g, gdb_number(&at, &number) && *at == '=' && gdb_write_reg(g, number, at + 1));
}

/* ---- memory ---- */

/* "ADDRESS,LENGTH", no more than fits into a packet as it is or, `wide`, in hexadecimal. */
static bool range(const char **at, bool wide, uint64_t *from, uint64_t *len)
{
    return gdb_number(at, from) && *(*at)++ == ',' && gdb_number(at, len) && *len <= GDB_PACKET / (wide ? 2u : 1u) - 8;
}

/* As much as there is: gdb asks for more than it needs. False: nothing, or the packet is wrong, which was said. */
static bool read_range(Gdb *g, const char *at, uint8_t *bytes, size_t *got)
{
    uint64_t from, len;
    if (!range(&at, true, &from, &len)) {
        fail(g, BAD_PACKET);
        return false;
    }
    for (size_t n = *got = 0; *got < len; *got += n) {
        n = 0x1000 - ((from + *got) & 0xfff);
        n = n < len - *got ? n : len - *got;
        if (!inspect_read(cpu_of(g), from + *got, g->phys, bytes + *got, n))
            break;
    }
    if (!*got && len)
        fail(g, NO_MEMORY);
    return *got || !len;
}

static void read_memory(Gdb *g, const char *at)
{
    static uint8_t bytes[GDB_PACKET];
    size_t got;
    if (read_range(g, at, bytes, &got))
        gdb_add_hex(g, bytes, got);
}

static void read_binary(Gdb *g, const char *at)
{
    static uint8_t bytes[GDB_PACKET];
    size_t got;
    if (!read_range(g, at, bytes, &got))
        return;
    gdb_say(g, "b");
    gdb_add(g, bytes, got);
}

static void write_memory(Gdb *g, const char *at)
{
    static uint8_t bytes[GDB_PACKET];
    uint64_t to, len;
    if (!range(&at, true, &to, &len) || *at != ':' || strlen(at + 1) != 2 * len || !gdb_unhex(at + 1, bytes, len))
        fail(g, BAD_PACKET);
    else if (!inspect_write(cpu_of(g), to, g->phys, bytes, len))
        fail(g, NO_MEMORY);
    else
        ok(g, true);
}

static void write_binary(Gdb *g, const char *at)
{
    uint64_t to, len;
    if (!range(&at, false, &to, &len) || *at != ':' || g->link.in + g->link.in_len != at + 1 + len)
        fail(g, BAD_PACKET);
    else if (!inspect_write(cpu_of(g), to, g->phys, at + 1, len))
        fail(g, NO_MEMORY);
    else
        ok(g, true);
}

/* ---- breakpoints ---- */

static void add_point(Gdb *g, const char *at)
{
    gdb_point(g, at, true);
}

static void remove_point(Gdb *g, const char *at)
{
    gdb_point(g, at, false);
}

/* ---- running ---- */

static bool set_pc(Gdb *g, const char *at)
{
    uint64_t pc;
    if (!gdb_number(&at, &pc))
        return false;
    InspectReg r;
    for (int n = 0; inspect_reg(cpu_of(g), n, &r); n++)
        if (r.type && !strcmp(r.type, "code_ptr")) {
            inspect_set(cpu_of(g), n, (V128){ pc, 0 });
            return true;
        }
    return false;
}

/* c and s with an address, C and S with a signal, which no CPU can be given, before one. */
static void resume(Gdb *g, const char *at, bool step, bool signal)
{
    uint64_t ignored;
    if ((signal && !gdb_number(&at, &ignored)) || (*at && !set_pc(g, at + (*at == ';'))))
        fail(g, BAD_PACKET);
    else
        gdb_resume(g, step);
}

static void go(Gdb *g, const char *at)
{
    resume(g, at, false, false);
}

static void go_signal(Gdb *g, const char *at)
{
    resume(g, at, false, true);
}

static void step(Gdb *g, const char *at)
{
    resume(g, at, true, false);
}

static void step_signal(Gdb *g, const char *at)
{
    resume(g, at, true, true);
}

static void why(Gdb *g, const char *at)
{
    (void)at;
    gdb_points_clear(g); /* of a debugger before, whose end nobody saw */
    gdb_stop_reply(g, SIGNAL_TRAP);
}

static void extended(Gdb *g, const char *at)
{
    (void)at;
    ok(g, true);
}

static void detach(Gdb *g, const char *at)
{
    (void)at;
    gdb_detach(g, true);
    ok(g, true);
}

static void kill_machine(Gdb *g, const char *at)
{
    (void)at;
    g->attached = false;
    machine_stop(g->machine, STOP_QUIT);
}

static void restart(Gdb *g, const char *at)
{
    (void)at;
    machine_stop(g->machine, STOP_RESET);
}

/* ---- packets that begin with a word ---- */

static void v_attach(Gdb *g, const char *at)
{
    (void)at;
    gdb_stop_reply(g, SIGNAL_TRAP);
}

static void v_kill(Gdb *g, const char *at)
{
    ok(g, true);
    gdb_send(g);
    kill_machine(g, at);
}

static void has_reset(void *who)
{
    Gdb *g = who;
    gdb_stop_reply(g, SIGNAL_TRAP);
    gdb_send(g);
}

/* The machine starts anew before what waits for it to stand still runs again. */
static void v_run(Gdb *g, const char *at)
{
    restart(g, at);
    machine_still(g->machine, has_reset, g);
}

static void v_cont(Gdb *g, const char *at)
{
    if (!gdb_vcont(g, at))
        fail(g, BAD_PACKET);
}

static void v_cont_what(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "vCont;c;C;s;S;t;r");
}

typedef struct GdbCommand {
    const char *name;
    void (*run)(Gdb *, const char *at); /* at: what follows the name */
    bool silent;                        /* the answer comes later, or never */
} GdbCommand;

/* A packet is the first row it begins with. */
static const GdbCommand commands[] = {
    { "!", extended },
    { "?", why },
    { "C", go_signal, .silent = true },
    { "D", detach },
    { "G", write_all },
    { "H", set_thread },
    { "M", write_memory },
    { "P", write_one },
    { "R", restart, .silent = true },
    { "S", step_signal, .silent = true },
    { "T", thread_alive },
    { "X", write_binary },
    { "Z", add_point },
    { "c", go, .silent = true },
    { "g", read_all },
    { "k", kill_machine, .silent = true },
    { "m", read_memory },
    { "p", read_one },
    { "s", step, .silent = true },
    { "vAttach;", v_attach },
    { "vCont?", v_cont_what },
    { "vCont;", v_cont, .silent = true },
    { "vKill", v_kill, .silent = true },
    { "vRun", v_run, .silent = true },
    { "x", read_binary },
    { "z", remove_point },
};

static const GdbCommand *find(const char *text)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strncmp(text, commands[i].name, strlen(commands[i].name)))
            return &commands[i];
    return NULL;
}

void gdb_command(Gdb *g)
{
    const char *text = g->link.in;
    const GdbCommand *c = find(text);
    if (*text == 'q' || *text == 'Q')
        gdb_query(g, text);
    else if (c)
        c->run(g, text + strlen(c->name));
    /* An empty answer says that a packet is not known; a silent one speaks up if it went wrong. */
    if (!c || !c->silent || g->answer.len)
        gdb_send(g);
}
