/* What gdb has no words for: breakpoints at physical addresses and in one regime of translation, and how an address is
 * translated. Beside gdb's own, in the same table of the engine. */
#include "cpu/debug.h"

#include "cpu/inspect.h"
#include "monitor/command.h"
#include "monitor/register.h"

#include <inttypes.h>
#include <string.h>

static bool vtop(Ask *a, Out *o)
{
    Cpu *cpu = asked_cpu(a, a->err);
    if (cpu)
        inspect_explain(cpu, (uint64_t)ask_int(a, "addr", 0), o);
    return cpu;
}

/* A bit for each regime whose name begins with those words: EL1 is EL1 with PAN, too. */
static bool regimes_of(Ask *a, Cpu *cpu, uint32_t *regimes)
{
    const char *words = ask_text(a, "regime"), *name;
    *regimes = 0;
    if (!words)
        return true;
    for (int n = 0; (name = inspect_regime(cpu, n)); n++)
        if (!strncasecmp(name, words, strlen(words)))
            *regimes |= 1u << n;
    return *regimes || ask_fail(a, "no regime is called '%s'; info breakpoints lists them", words);
}

static bool point_of(Ask *a, DebugPoint *p)
{
    Cpu *cpu = asked_cpu(a, a->err);
    *p = (DebugPoint){ .kind = DEBUG_BREAK, .phys = ask_bool(a, "phys"), .at = (uint64_t)ask_int(a, "addr", 0) };
    return cpu && regimes_of(a, cpu, &p->regimes);
}

static bool add(Ask *a, Out *o)
{
    DebugPoint p;
    (void)o;
    return point_of(a, &p) && debug_add(a->machine, &p, a->err);
}

static bool watch(Ask *a, Out *o)
{
    static const struct {
        const char *name;
        DebugKind kind;
    } kinds[] = { { "write", DEBUG_WRITE }, { "read", DEBUG_READ }, { "access", DEBUG_ACCESS } };
    const char *kind = ask_text(a, "kind");
    DebugPoint p;
    (void)o;
    if (!point_of(a, &p))
        return false;
    p.kind = DEBUG_WRITE;
    for (size_t k = 0; kind && k < sizeof kinds / sizeof *kinds; k++)
        if (!strcmp(kind, kinds[k].name))
            p.kind = kinds[k].kind;
    p.len = (uint64_t)ask_int(a, "length", 4);
    return debug_add(a->machine, &p, a->err);
}

static bool delete (Ask *a, Out *o)
{
    int64_t n = ask_int(a, "number", 0);
    int count;
    const DebugPoint *points = debug_points(a->machine, &count);
    (void)o;
    if (n < 1 || n > count)
        return ask_fail(a, "there is no breakpoint %" PRId64 "; info breakpoints lists them", n);
    DebugPoint p = points[n - 1];
    return debug_remove(a->machine, &p, a->err);
}

static const char *kind_name(const DebugPoint *p)
{
    static const char *const names[] = { [DEBUG_BREAK] = "breakpoint",
                                         [DEBUG_READ] = "read watchpoint",
                                         [DEBUG_WRITE] = "watchpoint",
                                         [DEBUG_ACCESS] = "access watchpoint" };
    return names[p->kind];
}

static void print_regimes(Cpu *cpu, const DebugPoint *p, Out *o)
{
    const char *name;
    for (int n = 0; p->regimes && (name = inspect_regime(cpu, n)); n++)
        if (p->regimes >> n & 1)
            out(o, "%s %s", p->regimes & ((1u << n) - 1) ? "," : " in", name);
}

static bool list(Ask *a, Out *o)
{
    int count;
    Cpu *cpu = asked_cpu(a, a->err);
    const DebugPoint *p = cpu ? debug_points(a->machine, &count) : NULL;
    if (!p)
        return false;
    for (int k = 0; k < count; k++, p++) {
        out(o, "%d %s at %s0x%" PRIx64, k + 1, kind_name(p), p->phys ? "physical " : "", p->at);
        if (p->kind != DEBUG_BREAK)
            out(o, ", %" PRIu64 " bytes", p->len);
        print_regimes(cpu, p, o);
        out(o, "\n");
    }
    if (!count)
        out(o, "none are set\n");
    out(o, "regimes:");
    const char *name;
    for (int n = 0; (name = inspect_regime(cpu, n)); n++)
        out(o, "%s %s", n ? "," : "", name);
    out(o, "\n");
    return true;
}

extern const Command debug_commands[];
const Command debug_commands[] = {
    { NULL, "vtop", "addr:int", NULL, "how the chosen CPU translates an address, table by table", .show = vtop,
      .still = true },
    { NULL, "break", "phys?:-p addr:int regime?:str", NULL,
      "stop before that instruction; -p: at a physical address; in a regime: info breakpoints names them", .show = add,
      .still = true },
    { NULL, "watch", "phys?:-p addr:int length?:int kind?:write|read|access regime?:str", NULL,
      "stop where that memory is written (4 bytes), read or either", .show = watch, .still = true },
    { NULL, "delete", "number:int", NULL, "take a breakpoint or watchpoint away", .show = delete, .still = true },
    { NULL, "info breakpoints", NULL, NULL, "breakpoints and watchpoints, a debugger's too", .show = list,
      .still = true },
    { 0 },
};
