/* The CPU models: what each has of features.def, which -cpu MODEL,+feature,-feature changes. What is not implemented is
 * in none. */
#include "core/cpu_port.h"
#include "core/machine.h"
#include "core/sysregs.h"
#include "frontend/x86/guest.h"
#include "frontend/x86/sys.h"

#include <string.h>

/* clang-format off */
#define BIT(f, word) (X86_##f / 64 == (word) ? 1ull << (X86_##f & 63) : 0)
#define QEMU64(w)                                                                                                      \
    (BIT(base, w) | BIT(i486, w) | BIT(i586, w) | BIT(i686, w) | BIT(tsc, w) | BIT(cx8, w) | BIT(apic, w) |            \
     BIT(cmov, w) | BIT(cx16, w) | BIT(lahf_lm, w))
#define MAX(w)                                                                                                         \
    (QEMU64(w) | BIT(movbe, w) | BIT(popcnt, w) | BIT(abm, w) | BIT(bmi1, w) | BIT(bmi2, w) | BIT(adx, w) |            \
     BIT(erms, w))
/* clang-format on */

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
    c->phys_bits = 40;
    c->amd = true;
    find_apic(c);
    for (unsigned f = 0; f < X86_FEATURES; f++)
        if (c->has[f])
            c->features[f >> 6] |= 1ull << (f & 63);
    return x86_guest_start(c, err);
}

static void reset(void *dev)
{
    X86Cpu *c = dev;
    x86_guest.reset(&c->cpu);
    c->r[RDX] = 0x663; /* family, model, stepping: as CPUID says */
    cpu_power(&c->cpu, true);
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
    { .name = NULL },
};

/* clang-format off */
#define FEATURE(name_, leaf, subleaf, reg, bit, what)                                                                  \
    { .name = #name_, .help = what, .kind = PROP_BOOL, .offset = offsetof(X86Cpu, has[X86_##name_]),                   \
      .init = DEFAULT(X86_##name_ / 64) >> (X86_##name_ & 63) & 1 ? "on" : "off" },
#define DEFAULT QEMU64
static const Prop qemu64_props[] = {
#include "frontend/x86/features.def"
    { .name = NULL },
};
#undef DEFAULT
#define DEFAULT MAX
#define FEATURE(name_, leaf, subleaf, reg, bit, what)                                                                  \
    { .name = #name_, .help = what, .kind = PROP_BOOL, .offset = offsetof(X86Cpu, has[X86_##name_]),                   \
      .init = DEFAULT(X86_##name_ / 64) >> (X86_##name_ & 63) & 1 ? "on" : "off" },
static const Prop x86_max_props[] = {
#include "frontend/x86/features.def"
    { .name = NULL },
};
#define MODEL(symbol, name_, about_)                                                                                   \
    const DeviceType symbol = {                                                                                        \
        .name = name_, .about = about_, .size = sizeof(X86Cpu), .props = symbol##_props, .state = x86_state,           \
        .pins = pins, .interface = &cpu_port, .start = start, .reset = reset,                                          \
    }
/* clang-format on */

extern const DeviceType qemu64, x86_max;
MODEL(qemu64, "qemu64", "x86 with the integer instructions of the Pentium Pro, real mode");
MODEL(x86_max, "x86-max", "x86 with all that is implemented, real mode");
