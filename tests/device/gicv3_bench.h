/* The GICv3 of QEMU's virt machine with two CPUs, and its system registers by name. */
#pragma once
#include "core/sysregs.h"
#include "gic_bench.h"

enum {
    DIST = 0x08000000,
    ITS = 0x08080000,
    DOORBELL = 0x08090000,
    REDIST = 0x080a0000,
    REDIST_1 = REDIST + 0x20000,
    SGI_FRAME = 0x10000,
    /* offsets in a distributor or an SGI frame */
    GROUP = 0x80,
    ENABLE = 0x100,
    DISABLE = 0x180,
    PEND = 0x200,
    UNPEND = 0x280,
    ACTIVE = 0x300,
    PRIORITY = 0x400,
    CONFIG = 0xc00,
    ROUTER = 0x6000,
    SPURIOUS = 1023,
};

#define SYSREG(op1, crn, crm, op2) (3 << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
enum {
    PMR = SYSREG(0, 4, 6, 0),
    AP0R0 = SYSREG(0, 12, 8, 4),
    BPR0 = SYSREG(0, 12, 8, 3),
    IAR0 = SYSREG(0, 12, 8, 0),
    EOIR0 = SYSREG(0, 12, 8, 1),
    AP1R0 = SYSREG(0, 12, 9, 0),
    DIR = SYSREG(0, 12, 11, 1),
    RPR = SYSREG(0, 12, 11, 3),
    SGI1R = SYSREG(0, 12, 11, 5),
    SGI0R = SYSREG(0, 12, 11, 7),
    IAR1 = SYSREG(0, 12, 12, 0),
    EOIR1 = SYSREG(0, 12, 12, 1),
    HPPIR1 = SYSREG(0, 12, 12, 2),
    BPR1 = SYSREG(0, 12, 12, 3),
    ICC_CTLR = SYSREG(0, 12, 12, 4),
    SRE = SYSREG(0, 12, 12, 5),
    IGRPEN0 = SYSREG(0, 12, 12, 6),
    IGRPEN1 = SYSREG(0, 12, 12, 7),
    ICH_HCR = SYSREG(4, 12, 11, 0),
    ICH_VTR = SYSREG(4, 12, 11, 1),
    ICH_ELRSR = SYSREG(4, 12, 11, 5),
    ICH_LR1 = SYSREG(4, 12, 12, 1),
    VBAR = SYSREG(0, 12, 0, 0),
};

static const Part parts[] = {
    { "gic", "gicv3", .at = { DIST, REDIST } },
    { "its", "gicv3-its", .at = { ITS, DOORBELL }, .set = "gic=gic" },
    { 0 },
};

static Machine *m;
static Device *gic;

static inline uint32_t get(uint64_t at)
{
    return (uint32_t)load(m, at, 4);
}

static inline void set(uint64_t at, uint64_t value)
{
    store(m, at, value, 4);
}

static inline uint64_t mrs(int cpu, uint32_t reg)
{
    const SysregPort *port = gic->type->interface;
    uint64_t value = 0;
    ck_assert(port->read(gic, cpu, reg, &value));
    return value;
}

static inline void msr(int cpu, uint32_t reg, uint64_t value)
{
    const SysregPort *port = gic->type->interface;
    ck_assert(port->write(gic, cpu, reg, value));
}

/* As Linux leaves it: everything in group 1 and enabled, masks open. */
static inline void begin(void)
{
    m = bench_machine(parts, 2);
    gic = machine_device(m, "gic");
    for (int i = 1; i < 9; i++)
        set(DIST + GROUP + 4 * (unsigned)i, 0xffffffff);
    set(DIST, 0x13);
    for (int i = 0; i < 2; i++) {
        set(REDIST + (unsigned)i * 0x20000 + SGI_FRAME + GROUP, 0xffffffff);
        msr(i, PMR, 0xf0);
        msr(i, IGRPEN1, 1);
        msr(i, IGRPEN0, 1);
    }
}

static inline bool irq(int cpu)
{
    return output(gic, "irq", cpu);
}
