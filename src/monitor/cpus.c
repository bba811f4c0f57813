/* The CPUs of the machine, and those it could have. */
#include "base/number.h"
#include "cpu/report.h"
#include "monitor/command.h"
#include "monitor/objects.h"
#include "monitor/register.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int count(const Machine *m)
{
    return m->cpu && m->cpu[0] ? m->config->cpus : 0;
}

static json_t *target(Ask *a)
{
    return json_pack("{s:s}", "arch", count(a->machine) ? report_guest(a->machine->cpu[0]) : "none");
}

static json_t *cpus_fast(Ask *a)
{
    const Machine *m = a->machine;
    json_t *list = json_array();
    for (int i = 0; i < count(m); i++) {
        char *path = object_path(m, &m->cpu[i]->dev);
        int thread = report_thread(m->cpu[i]);
        json_array_append_new(list, json_pack("{s:i,s:i,s:s,s:s,s:{s:i,s:i,s:i,s:i}}", "cpu-index", i, "thread-id",
                                              thread ? thread : (int)getpid(), "qom-path", path, "target",
                                              report_guest(m->cpu[i]), "props", "core-id", i, "thread-id", 0,
                                              "socket-id", 0, "cluster-id", 0));
        free(path);
    }
    return list;
}

static bool info_cpus(Ask *a, Out *o)
{
    const Machine *m = a->machine;
    for (int i = 0; i < count(m); i++)
        out(o, "%c CPU #%d: pc=0x%016" PRIx64 "%s thread_id=%d\n", i == *a->cpu ? '*' : ' ', i, report_pc(m->cpu[i]),
            cpu_powered(m->cpu[i]) ? "" : " (off)", report_thread(m->cpu[i]));
    return true;
}

static bool choose(Ask *a, Out *o)
{
    int64_t n = ask_int(a, "index", 0);
    (void)o;
    if (n < 0 || n >= count(a->machine))
        return ask_fail(a, "invalid CPU index: the CPUs are 0 to %d", count(a->machine) - 1);
    *a->cpu = (int)n;
    return true;
}

static bool registers(Ask *a, Out *o)
{
    const Machine *m = a->machine;
    Cpu *own = asked_cpu(a, a->err);
    for (int i = 0; own && i < count(m); i++)
        if (m->cpu[i] == own || ask_bool(a, "cpustate_all"))
            registers_print(m->cpu[i], ask_bool(a, "all"), o);
    return own;
}

static bool tlb(Ask *a, Out *o)
{
    Cpu *cpu = asked_cpu(a, a->err);
    if (cpu)
        report_tlb(cpu, o);
    return cpu;
}

static bool mem(Ask *a, Out *o)
{
    Cpu *cpu = asked_cpu(a, a->err);
    if (cpu)
        report_map(cpu, o);
    return cpu;
}

static bool jit(Ask *a, Out *o)
{
    if (!asked_cpu(a, a->err))
        return false;
    report_code(a->machine, o);
    return true;
}

/* ---- models ---- */

static json_t *definitions(Ask *a)
{
    (void)a;
    json_t *list = json_array();
    for (const DeviceType *const *t = cpu_types; *t; t++)
        json_array_append_new(list, json_pack("{s:s,s:o,s:b,s:b}", "name", (*t)->name, "typename",
                                              json_sprintf("%s-cpu", (*t)->name), "static", 0, "deprecated", 0));
    return list;
}

static const DeviceType *model(const char *name)
{
    for (const DeviceType *const *t = cpu_types; *t; t++)
        if (!strcmp((*t)->name, name))
            return *t;
    return NULL;
}

/* What is on in a model, with what the asker changed. */
static json_t *features(const DeviceType *t, const json_t *changes)
{
    json_t *props = json_object();
    for (const Prop *p = t->props; p && p->name; p++) {
        bool on = false;
        if (p->kind == PROP_BOOL && (!p->init || text_to_bool(p->init, &on)))
            json_object_set_new(props, p->name, json_boolean(on));
    }
    if (changes)
        json_object_update_existing(props, (json_t *)(uintptr_t)changes);
    return props;
}

static json_t *expansion(Ask *a)
{
    const json_t *asked = json_object_get(a->args, "model"), *changes = json_object_get(asked, "props");
    const char *name = json_string_value(json_object_get(asked, "name")), *key;
    const DeviceType *t = name ? model(name) : NULL;
    json_t *value;
    if (!t)
        return ask_fail(a, "there is no CPU model '%s'", name ? name : "");
    json_t *props = features(t, NULL);
    json_object_foreach((json_t *)(uintptr_t)changes, key, value)
    {
        if (!json_object_get(props, key)) {
            json_decref(props);
            return ask_fail(a, "Parameter 'model.props.%s' is unexpected", key);
        }
    }
    json_decref(props);
    return json_pack("{s:{s:s,s:o}}", "model", "name", name, "props", features(t, changes));
}

extern const Command cpu_commands[];
const Command cpu_commands[] = {
    { "query-target", NULL, NULL, "{arch:str}", "the architecture of the machine's CPUs", target },
    { "query-cpus-fast", NULL, NULL,
      "[{cpu-index:int thread-id:int qom-path:str target:str "
      "props:{core-id:int thread-id:int socket-id:int cluster-id:int}}]",
      "the CPUs of the machine", cpus_fast },
    { NULL, "info cpus", NULL, NULL, "the CPUs of the machine", .show = info_cpus, .still = true },
    { NULL, "cpu", "index:int", NULL, "choose the CPU that other commands are about", .show = choose, .still = true },
    { NULL, "info registers", "cpustate_all?:-a all?:-v", NULL,
      "registers of the chosen CPU; -a: of all CPUs, -v: vector and system registers too", .show = registers,
      .still = true },
    { NULL, "info tlb", NULL, NULL, "what the chosen CPU's TLB holds", .show = tlb, .still = true },
    { NULL, "info mem", NULL, NULL, "what the chosen CPU's page tables map, and how", .show = mem, .still = true },
    { NULL, "info jit", NULL, NULL, "how much was translated", .show = jit, .still = true },
    { "query-cpu-definitions", NULL, NULL, "[{name:str typename:str static:bool deprecated:bool}]", "models of CPU",
      definitions },
    { "query-cpu-model-expansion", NULL, "type:full|static model:json", "{model:{name:str props:json}}",
      "the features of a model", expansion },
    { 0 },
};
