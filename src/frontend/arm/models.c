/* The CPU models: what each has, and the identification registers that say so. A feature that is not implemented is
 * never advertised, so a model is what its manual says less what is missing here. `max` has everything. */
#include "frontend/arm/models.h"

#include "core/cpu_port.h"
#include "core/machine.h"
#include "core/sysregs.h"
#include "frontend/arm/guest.h"

#include <string.h>

/* The features a user may switch with -cpu MODEL,+f,-f. */
#define SWITCHES(F)                                                                                                    \
    F(lse, "large system extensions: atomic instructions")                                                             \
    F(lor, "limited ordering regions: ldlar and stllr")                                                                \
    F(crc, "crc32 instructions")                                                                                       \
    F(rdm, "rounding double multiply accumulate")                                                                      \
    F(dp, "dot product")                                                                                               \
    F(fp16, "half-precision arithmetic")                                                                               \
    F(lrcpc, "ldapr")                                                                                                  \
    F(lrcpc2, "ldapur and stlur")                                                                                      \
    F(flagm, "flag manipulation: cfinv, rmif, setf")                                                                   \
    F(aes, "AES instructions")                                                                                         \
    F(sha, "SHA1 and SHA256 instructions")                                                                             \
    F(pmull, "64-bit polynomial multiply")                                                                             \
    F(jscvt, "fjcvtzs")                                                                                                \
    F(pan, "privileged access never")                                                                                  \
    F(uao, "user access override")                                                                                     \
    F(dpb, "dc cvap")                                                                                                  \
    F(hafdbs, "access flag and dirty state kept by the MMU")                                                           \
    F(vmid16, "16-bit VMIDs")                                                                                          \
    F(csv3, "no speculative leaks across contexts (CSV2, CSV3): guests need no workarounds")                           \
    F(csv2_3, "no speculation on other contexts' branch history: no workarounds in exception vectors")                 \
    F(e0pd, "EL0 kept out of a half of the address space: guests need no separate tables for it")                      \
    F(dit, "data-independent timing")                                                                                  \
    F(el2, "exception level 2")

/* clang-format off */
#define HAS(f)  (1ull << ARM_##f)
#define HAS_V8  (HAS(v8) | HAS(crc) | HAS(aes) | HAS(sha) | HAS(pmull))
#define HAS_V82 (HAS_V8 | HAS(lse) | HAS(lor) | HAS(rdm) | HAS(dp) | HAS(fp16) | HAS(lrcpc) | HAS(pan) | HAS(uao) |  \
                 HAS(dpb) | HAS(hafdbs) | HAS(vmid16) | HAS(csv3))
#define HAS_MAX (HAS_V82 | HAS(lrcpc2) | HAS(flagm) | HAS(jscvt) | HAS(dit) | HAS(csv2_3) | HAS(e0pd))
/* clang-format on */

/* Identification as in each core's technical reference manual. */
/* clang-format off */
static const ArmModel models[] = {
    { "cortex-a53", HAS(v8) | HAS(a5x), 0x410fd034, 0x100, 40, 0x84448004, 0x0a200023,
      { 0x700fe01a, 0x201fe00a, 0x707fe07a } },
    { "cortex-a57", HAS(v8) | HAS(a5x), 0x411fd070, 0, 44, 0x8444c004, 0x0a200023,
      { 0x701fe00a, 0x201fe012, 0x70ffe07a } },
    { "cortex-a72", HAS(v8) | HAS(a5x), 0x410fd083, 0, 44, 0x8444c004, 0x0a200023,
      { 0x701fe00a, 0x201fe012, 0x707fe07a } },
    { "cortex-a76", HAS(v8), 0x414fd0b1, 0, 40, 0x8444c004, 0x82000023, { 0x701fe01a, 0x201fe01a, 0x707fe03a } },
    { "neoverse-n1", HAS(v8), 0x414fd0c1, 0, 48, 0x8444c004, 0x82000023, { 0x701fe01a, 0x201fe01a, 0x70ffe03a } },
    /* Implementer 0 is reserved for software; CTR.IDC: instruction fetches see data writes without cleaning. */
    { "max", HAS(v8), 0x000f0510, 0, 48, 0x9444c004, 0x0a200023, { 0x701fe00a, 0x201fe012, 0x70ffe07a } },
};
/* clang-format on */

/* One field of an identification register: what it holds if the CPU has the feature. A later row overrides. */
typedef struct IdField {
    uint32_t offset;
    uint8_t shift, value, feature;
} IdField;

/* clang-format off */
#define ID(reg, shift_, value_, feature_) { offsetof(ArmCpu, sys.ID_AA64##reg##_EL1), shift_, value_, ARM_##feature_ }
static const IdField id_fields[] = {
    ID(PFR0, 0, 1, v8), /* EL0 and EL1: AArch64 only */
    ID(PFR0, 4, 1, v8),
    ID(PFR0, 8, 1, el2),
    ID(PFR0, 16, 1, fp16),
    ID(PFR0, 20, 1, fp16),
    ID(PFR0, 48, 1, dit),
    ID(PFR0, 56, 1, csv3),
    ID(PFR0, 56, 3, csv2_3),
    ID(PFR0, 60, 1, csv3),
    ID(DFR0, 0, 6, v8),  /* ARMv8.0 debug */
    ID(DFR0, 8, 1, v8),  /* PMUv3 */
    ID(DFR0, 12, 5, v8), /* 6 breakpoints, 4 watchpoints, 2 that compare contexts: one less than the number */
    ID(DFR0, 20, 3, v8),
    ID(DFR0, 28, 1, v8),
    ID(ISAR0, 4, 1, aes),
    ID(ISAR0, 4, 2, pmull),
    ID(ISAR0, 8, 1, sha),
    ID(ISAR0, 12, 1, sha),
    ID(ISAR0, 16, 1, crc),
    ID(ISAR0, 20, 2, lse),
    ID(ISAR0, 28, 1, rdm),
    ID(ISAR0, 44, 1, dp),
    ID(ISAR0, 52, 1, flagm),
    ID(ISAR1, 0, 1, dpb),
    ID(ISAR1, 12, 1, jscvt),
    ID(ISAR1, 20, 1, lrcpc),
    ID(ISAR1, 20, 2, lrcpc2),
    ID(MMFR0, 4, 2, v8),  /* 16-bit ASIDs */
    ID(MMFR0, 8, 1, v8),  /* both byte orders */
    ID(MMFR0, 16, 1, v8), /* at EL0 too */
    ID(MMFR0, 20, 1, v8), /* 16 KiB granule; 4 and 64 KiB are 0 */
    ID(MMFR1, 0, 2, hafdbs),
    ID(MMFR1, 4, 2, vmid16),
    ID(MMFR1, 16, 1, lor),
    ID(MMFR1, 20, 2, pan), /* AT S1E1RP and WP too */
    ID(MMFR2, 4, 1, uao),
    ID(MMFR2, 60, 1, e0pd),
};
/* clang-format on */

/* ID_AA64MMFR0.PARange */
static unsigned pa_range(int bits)
{
    static const uint8_t range[] = { 32, 36, 40, 42, 44, 48 };
    unsigned r = 0;
    while (range[r] < bits)
        r++;
    return r;
}

void arm_model_reset(ArmCpu *c)
{
    for (size_t i = 0; i < sizeof id_fields / sizeof *id_fields; i++) {
        const IdField *f = &id_fields[i];
        uint64_t *reg = (uint64_t *)(void *)((char *)c + f->offset);
        if (arm_has(c, f->feature))
            *reg = (*reg & ~(15ull << f->shift)) | (uint64_t)f->value << f->shift;
    }
    c->sys.ID_AA64MMFR0_EL1 |= pa_range(c->model->pa_bits);
    if (c->sys.ports)
        c->sys.ID_AA64PFR0_EL1 |= 1 << 24; /* the interrupt controller's registers */
    c->sys.MIDR_EL1 = c->sys.VPIDR_EL2 = c->model->midr;
    c->sys.VMPIDR_EL2 = c->mpidr;
    c->sys.REVIDR_EL1 = c->model->revidr;
    c->sys.CTR_EL0 = c->model->ctr;
    c->sys.CLIDR_EL1 = c->model->clidr;
}

uint64_t sys_get_ccsidr(ArmCpu *c, const SysReg *r)
{
    (void)r;
    unsigned which = c->sys.CSSELR_EL1 & 0xf;
    return which < 3 ? c->model->ccsidr[which] : 0;
}

static void add_ports(ArmCpu *c)
{
    for (Device *d = c->cpu.dev.machine->devices; d; d = d->next)
        if (d->type->offers && !strcmp(d->type->offers, SYSREGS) && c->sys.ports < 4)
            c->sys.port[c->sys.ports++] = (ArmPort){ d->type->interface, d };
}

/* The affinity of CPU n where the machine does not say: clusters of 8, as a GICv2 can address. */
static uint64_t affinity(const ArmCpu *c, unsigned n)
{
    return c->affinity != ~0ull ? c->affinity : (uint64_t)(n / 8) << 8 | n % 8;
}

static bool start(void *dev, Error *err)
{
    ArmCpu *c = dev;
    const char *name = c->cpu.dev.type->name;
    for (c->model = models; strcmp(c->model->name, name);)
        c->model++;
    c->features = c->model->features;
    for (int f = 0; f < 64; f++)
        c->features |= (uint64_t)c->has[f] << f;
    if (!arm_guest_start(c, err))
        return false;
    c->mpidr = 1u << 31 | affinity(c, (unsigned)cpu_number(&c->cpu));
    add_ports(c);
    arm_timers_start(c);
    return true;
}

static void reset(void *dev)
{
    ArmCpu *c = dev;
    aarch64_guest.reset(&c->cpu);
    cpu_power(&c->cpu, !c->start_powered_off);
}

static void settle(void *dev)
{
    arm_sync_mxcsr(dev);
}

static void loaded(void *dev)
{
    ArmCpu *c = dev;
    c->cpu.mxcsr = 0x1f80;
    arm_sync_mxcsr(c);
    arm_timers_changed(c);
    arm_debug_changed(c);
    arm_mode_changed(c);
}

static void port_start(void *dev, uint64_t pc, uint64_t arg)
{
    arm_start(dev, pc, arg);
}

static void port_stop(void *dev)
{
    cpu_power(dev, false);
}

static const CpuPort cpu_port = { .start = port_start, .stop = port_stop };

static void input(void *dev, int pin, bool level)
{
    cpu_interrupt_line(dev, pin, level);
}

static const Pin pins[] = {
    { .name = "irq", .in = input, .first = ARM_IRQ, .count = 1 },
    { .name = "fiq", .in = input, .first = ARM_FIQ, .count = 1 },
    { .name = "virq", .in = input, .first = ARM_VIRQ, .count = 1 },
    { .name = "vfiq", .in = input, .first = ARM_VFIQ, .count = 1 },
    { .name = "timer-phys", .line = offsetof(ArmCpu, timer_out[TIMER_PHYS]), .count = 1 },
    { .name = "timer-virt", .line = offsetof(ArmCpu, timer_out[TIMER_VIRT]), .count = 1 },
    { .name = "timer-hyp", .line = offsetof(ArmCpu, timer_out[TIMER_HYP]), .count = 1 },
    { .name = "timer-sec", .line = offsetof(ArmCpu, timer_out[TIMERS]), .count = 1 },
    { .name = "pmu", .line = offsetof(ArmCpu, pmu_out), .count = 1 },
    { .name = NULL },
};

/* clang-format off */
#define SWITCH(f, help_)                                                                                               \
    { .name = #f, .help = help_, .kind = PROP_BOOL, .offset = offsetof(ArmCpu, has[ARM_##f]),                          \
      .init = DEFAULT_FEATURES >> ARM_##f & 1 ? "on" : "off" },
#define PROPS(symbol)                                                                                                  \
    static const Prop symbol##_props[] = {                                                                             \
        SWITCHES(SWITCH){ .name = "mp-affinity", .help = "affinity fields of MPIDR_EL1", .kind = PROP_UINT,            \
                          .offset = offsetof(ArmCpu, affinity), .init = "0xffffffffffffffff" },                        \
        { .name = "rvbar", .help = "address of the first instruction", .kind = PROP_UINT,                              \
          .offset = offsetof(ArmCpu, rvbar) },                                                                         \
        { .name = "psci", .help = "hvc or smc calls the firmware built in", .kind = PROP_BOOL,                         \
          .offset = offsetof(ArmCpu, psci), .init = "on" },                                                            \
        { .name = "start-powered-off", .help = "waits to be started by another CPU", .kind = PROP_BOOL,                \
          .offset = offsetof(ArmCpu, start_powered_off) },                                                             \
        { .name = NULL },                                                                                              \
    }
#define MODEL(symbol, name_, about_)                                                                                   \
    const DeviceType symbol = {                                                                                        \
        .name = name_, .about = about_, .size = sizeof(ArmCpu), .props = symbol##_props, .state = arm_state,           \
        .pins = pins, .interface = &cpu_port, .start = start, .reset = reset, .settle = settle, .loaded = loaded,                                          \
    }

#define DEFAULT_FEATURES HAS_V8
PROPS(cortex_a53);
PROPS(cortex_a57);
PROPS(cortex_a72);
#undef DEFAULT_FEATURES
#define DEFAULT_FEATURES HAS_V82
PROPS(cortex_a76);
PROPS(neoverse_n1);
#undef DEFAULT_FEATURES
#define DEFAULT_FEATURES HAS_MAX
PROPS(aarch64_max);

extern const DeviceType cortex_a53, cortex_a57, cortex_a72, cortex_a76, neoverse_n1, aarch64_max;
MODEL(cortex_a53, "cortex-a53", "Arm Cortex-A53, AArch64 only");
MODEL(cortex_a57, "cortex-a57", "Arm Cortex-A57, AArch64 only");
MODEL(cortex_a72, "cortex-a72", "Arm Cortex-A72, AArch64 only");
MODEL(cortex_a76, "cortex-a76", "Arm Cortex-A76, AArch64 only");
MODEL(neoverse_n1, "neoverse-n1", "Arm Neoverse N1");
MODEL(aarch64_max, "max", "everything implemented here; the fastest");
/* clang-format on */
