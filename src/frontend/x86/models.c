/* The CPU models of models.def, whose features -cpu MODEL,+feature,-feature changes. What is not implemented is in
 * none. */
#include "base/alloc.h"
#include "base/number.h"
#include "core/cpu_port.h"
#include "core/machine.h"
#include "core/sysregs.h"
#include "frontend/x86/decode.h"
#include "frontend/x86/guest.h"
#include "frontend/x86/sys.h"

#include <stdlib.h>
#include <string.h>

static const X86Model models[] = {
#define MODEL(symbol, name, about, ...) { name, __VA_ARGS__ },
#include "frontend/x86/models.def"
};

static const char *const feature_names[] = {
#define FEATURE(name, leaf, subleaf, reg, bit, what) #name,
#include "frontend/x86/features.def"
};

/* Features that are there although no instruction belongs to them. */
static const X86Feature without_instructions[] = {
    X86_de,         X86_pse,        X86_pae,
    X86_mce,        X86_apic,       X86_mtrr,
    X86_pge,        X86_mca,        X86_pat,
    X86_pse36,      X86_ss,         X86_ht,
    X86_pcid,       X86_x2apic,     X86_smep,
    X86_umip,       X86_pdpe1gb,    X86_nx,
    X86_erms,       X86_lm,         X86_tsc_deadline,
    X86_invtsc,     X86_tsc_adjust, X86_msr,
    X86_tsc,        X86_sep,        X86_hypervisor,
    X86_cmp_legacy, X86_vme,        X86_mmxext /* SSE has them, too, and their rows say so */,
};

static void set(uint64_t *bits, unsigned f)
{
    bits[f >> 6] |= 1ull << (f & 63);
}

static bool is_set(const uint64_t *bits, unsigned f)
{
    return bits[f >> 6] >> (f & 63) & 1;
}

/* The rest is implemented if a row of the opcode map has it. */
static void implemented(uint64_t *bits)
{
    int count;
    const X86Row *row = x86_rows(&count);
    for (int k = 0; k < count; k++)
        set(bits, row[k].feature);
    for (unsigned k = 0; k < sizeof without_instructions / sizeof *without_instructions; k++)
        set(bits, without_instructions[k]);
}

static bool lists(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += len)
        if ((at == names || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return true;
    return false;
}

/* What the model has, and what the user wants otherwise. Afterwards the property says how it came out. */
static bool choose(X86Cpu *c, unsigned f, const uint64_t *there, Error *err)
{
    bool has = lists(c->model->features, feature_names[f]), asked = c->has[f];
    if (asked && !text_to_bool(c->has[f], &has))
        return error_set(err, "-cpu %s: %s=%s: expected on or off", c->model->name, feature_names[f], c->has[f]);
    if (has && !is_set(there, f)) {
        if (asked)
            return error_set(err, "-cpu %s: %s is not implemented in this version", c->model->name, feature_names[f]);
        has = false;
    }
    if (has)
        set(c->features, f);
    free(c->has[f]);
    c->has[f] = xstrdup(has ? "on" : "off");
    return true;
}

static void find_apic(X86Cpu *c)
{
    Machine *m = c->cpu.dev.machine;
    for (Device *d = m->devices; d; d = d->next)
        if (d->type->offers && !strcmp(d->type->offers, SYSREGS)) {
            c->apic = d->type->interface;
            c->apic_device = d;
        }
}

static bool start(void *dev, Error *err)
{
    X86Cpu *c = dev;
    uint64_t there[X86_FEATURE_WORDS] = { 0 };
    for (c->model = models; strcmp(c->model->name, c->cpu.dev.type->name);)
        c->model++;
    c->phys_bits = c->model->phys_bits;
    c->amd = c->model->amd;
    find_apic(c);
    implemented(there);
    for (unsigned f = 0; f < X86_FEATURES; f++)
        if (!choose(c, f, there, err))
            return false;
    return x86_guest_start(c, err);
}

static void reset(void *dev)
{
    X86Cpu *c = dev;
    x86_guest.reset(&c->cpu);
    for (int line = X86_INTR; line <= X86_SMI; line++)
        cpu_interrupt_line(&c->cpu, line, false); /* whose levels are told again after all devices are reset */
    c->r[RDX] = c->model->signature;
    cpu_power(&c->cpu, true);
}

static void loaded(void *dev)
{
    x86_breakpoints_changed(dev);
}

static void port_start(void *dev, uint64_t pc, uint64_t arg)
{
    (void)arg;
    cpu_post(dev, x86_init, pc);
    cpu_power(dev, true);
}

static void port_stop(void *dev)
{
    cpu_power(dev, false);
}

static const CpuPort cpu_port = { .start = port_start, .stop = port_stop };

static void input(void *dev, int pin, bool level)
{
    x86_input(dev, pin, level);
}

static const Pin pins[] = {
    { .name = "intr", .in = input, .first = X86_INTR, .count = 1 },
    { .name = "nmi", .in = input, .first = X86_NMI_LINE, .count = 1 },
    { .name = "smi", .in = input, .first = X86_SMI, .count = 1 },
    { .name = "ferr", .line = offsetof(X86Cpu, ferr), .count = 1 },
    { .name = NULL },
};

/* clang-format off */
static const Prop props[] = {
#define FEATURE(name_, leaf, subleaf, reg, bit, what)                                                                  \
    { .name = #name_, .help = what, .kind = PROP_TEXT, .offset = offsetof(X86Cpu, has[X86_##name_]) },
#include "frontend/x86/features.def"
    { .name = NULL },
};

#define MODEL(symbol, name_, about_, ...)                                                                              \
    extern const DeviceType symbol;                                                                                    \
    const DeviceType symbol = {                                                                                        \
        .name = name_, .about = about_, .size = sizeof(X86Cpu), .props = props, .state = x86_state, .pins = pins,      \
        .interface = &cpu_port, .start = start, .reset = reset, .loaded = loaded,                                                        \
    };
#include "frontend/x86/models.def"
/* clang-format on */
