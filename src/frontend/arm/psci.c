/* The firmware that -machine virt and its kin are born with: PSCI 1.1 (ARM DEN 0022) and the SMC calling convention
 * (ARM DEN 0028), by HVC where there is no EL2 and by SMC where there is. */
#include "frontend/arm/guest.h"

#include "base/log.h"
#include "core/machine.h"

enum { PSCI_SUCCESS = 0, PSCI_NOT_SUPPORTED = -1, PSCI_INVALID = -2, PSCI_ALREADY_ON = -4, PSCI_INVALID_ADDRESS = -9 };
#define FN_64       0x40000000u
#define MPIDR_AFF   0xff00ffffffull
#define WORKAROUND1 0x80008000u
#define WORKAROUND2 0x80007fffu
#define WORKAROUND3 0x80003fffu

typedef int64_t Call(ArmCpu *, const uint64_t *arg);

typedef struct Function {
    uint32_t id;
    bool both; /* also in the 64-bit convention */
    Call *call;
} Function;

static ArmCpu *cpu_of(const ArmCpu *c, uint64_t mpidr)
{
    const Machine *m = c->cpu.dev.machine;
    for (int i = 0; i < m->config->cpus; i++) {
        ArmCpu *other = arm_of(m->cpu[i]);
        if ((other->mpidr & MPIDR_AFF) == (mpidr & MPIDR_AFF))
            return other;
    }
    return NULL;
}

void arm_start(ArmCpu *c, uint64_t pc, uint64_t arg)
{
    arm_reset(&c->cpu);
    arm_timers_changed(c);
    c->pc = pc;
    c->x[0] = arg;
    cpu_power(&c->cpu, true);
}

static int64_t version(ArmCpu *c, const uint64_t *arg)
{
    (void)c, (void)arg;
    return 0x10001;
}

/* As a WFI that something woke at once: D.3 of the specification allows a standby state to end early. */
static int64_t cpu_suspend(ArmCpu *c, const uint64_t *arg)
{
    (void)c, (void)arg;
    return PSCI_SUCCESS;
}

static int64_t cpu_off(ArmCpu *c, const uint64_t *arg)
{
    (void)arg;
    cpu_power(&c->cpu, false);
    return PSCI_SUCCESS;
}

static int64_t cpu_on(ArmCpu *c, const uint64_t *arg)
{
    ArmCpu *target = cpu_of(c, arg[0]);
    if (!target)
        return PSCI_INVALID;
    if (arg[1] & 3)
        return PSCI_INVALID_ADDRESS;
    machine_lock(c->cpu.dev.machine);
    bool off = !cpu_powered(&target->cpu);
    if (off)
        arm_start(target, arg[1], arg[2]);
    machine_unlock(c->cpu.dev.machine);
    return off ? PSCI_SUCCESS : PSCI_ALREADY_ON;
}

static int64_t affinity_info(ArmCpu *c, const uint64_t *arg)
{
    const ArmCpu *target = cpu_of(c, arg[0]);
    if (!target || arg[1])
        return PSCI_INVALID;
    return cpu_powered(&target->cpu) ? 0 : 1;
}

/* No trusted OS that would have to be moved. */
static int64_t migrate_info_type(ArmCpu *c, const uint64_t *arg)
{
    (void)c, (void)arg;
    return 2;
}

static int64_t system_off(ArmCpu *c, const uint64_t *arg)
{
    (void)arg;
    machine_stop(c->cpu.dev.machine, STOP_POWEROFF);
    cpu_power(&c->cpu, false);
    return PSCI_SUCCESS;
}

static int64_t system_reset(ArmCpu *c, const uint64_t *arg)
{
    (void)arg;
    machine_stop(c->cpu.dev.machine, STOP_RESET);
    cpu_power(&c->cpu, false);
    return PSCI_SUCCESS;
}

/* Nothing here speculates, so no workaround is needed: answer 1 of SMCCC_ARCH_WORKAROUND_n. */
static int64_t arch_features(ArmCpu *c, const uint64_t *arg)
{
    (void)c;
    uint32_t id = (uint32_t)arg[0];
    if (id == 0x80000000 || id == 0x80000001)
        return PSCI_SUCCESS;
    return id == WORKAROUND1 || id == WORKAROUND2 || id == WORKAROUND3 ? 1 : PSCI_NOT_SUPPORTED;
}

static int64_t workaround(ArmCpu *c, const uint64_t *arg)
{
    (void)c, (void)arg;
    return PSCI_SUCCESS;
}

static Call features;

/* clang-format off */
static const Function functions[] = {
    { 0x80000000, false, version },          { 0x80000001, false, arch_features },
    { WORKAROUND1, false, workaround },      { WORKAROUND2, false, workaround },
    { WORKAROUND3, false, workaround },      { 0x84000000, false, version },
    { 0x84000001, true, cpu_suspend },       { 0x84000002, false, cpu_off },
    { 0x84000003, true, cpu_on },            { 0x84000004, true, affinity_info },
    { 0x84000006, false, migrate_info_type }, { 0x84000008, false, system_off },
    { 0x84000009, false, system_reset },     { 0x8400000a, false, features },
    { 0x84000012, true, system_reset },
};
/* clang-format on */

static const Function *find(uint32_t id)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].id == id || (functions[i].both && functions[i].id == (id & ~FN_64)))
            return &functions[i];
    return NULL;
}

static int64_t features(ArmCpu *c, const uint64_t *arg)
{
    (void)c;
    return find((uint32_t)arg[0]) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

bool arm_psci(ArmCpu *c)
{
    uint32_t id = (uint32_t)c->x[0];
    uint64_t mask = id & FN_64 ? ~0ull : 0xffffffff, arg[3];
    for (int i = 0; i < 3; i++)
        arg[i] = c->x[1 + i] & mask;
    const Function *f = find(id);
    if (!f)
        log_unimp("firmware call %x", id);
    c->x[0] = f ? (uint64_t)f->call(c, arg) : (uint64_t)PSCI_NOT_SUPPORTED;
    return f;
}
