/* The CPU interface of the GICv3 as system registers: ARM IHI 0069 12.2, and the stored part of the hypervisor's
 * (12.4). Called by vCPUs without the machine lock: see the head of gicv3.h for which of it needs none. */
#include "core/machine.h"
#include "devices/intc/gicv3.h"

#include <string.h>

enum {
    PMR = 3 << 14 | 4 << 7 | 6 << 3,
    ID_BITS_24 = 1,
    PRIORITY_BITS = 5,
    ICC_CTLR_FIXED = 1 << 15 | ID_BITS_24 << 11 | (PRIORITY_BITS - 1) << 8, /* A3V: affinity level 3 is valid */
};

/* ICC_SRE_ELn: system registers are the only way; no bypass. */
enum { SRE_EL1 = 7, SRE_EL2 = 0xf };

/* ICH_VTR_EL2: TDS, nV4, A3V and the same numbers of bits as above. */
static const uint64_t VTR = (uint64_t)(PRIORITY_BITS - 1) << 29 | (PRIORITY_BITS - 1) << 26 | ID_BITS_24 << 23 |
                            1 << 21 | 1 << 20 | 1 << 19 | (GICV3_LIST_REGS - 1);

static void lock(Gicv3Cpu *c)
{
    machine_lock(c->gic->dev.machine);
}

static void unlock(Gicv3Cpu *c)
{
    machine_unlock(c->gic->dev.machine);
}

/* After the vCPU changed a priority of its own. */
static void settle(Gicv3Cpu *c)
{
    if (gicv3_lines_right(c))
        return;
    lock(c);
    gicv3_lines(c);
    unlock(c);
}

static void put(uint32_t *field, uint64_t value)
{
    __atomic_store_n(field, (uint32_t)value, __ATOMIC_RELAXED);
}

static uint64_t pmr_read(Gicv3Cpu *c, int n)
{
    (void)n;
    return c->port.pmr;
}

static void pmr_write(Gicv3Cpu *c, int n, uint64_t value)
{
    (void)n;
    put(&c->port.pmr, value & GIC_PRIORITY_MASK);
    settle(c);
}

/* Group 1's binary point reads as one more than group 0's while that is used for both (12.2.5). */
static uint64_t bpr_read(Gicv3Cpu *c, int group)
{
    if (group && c->port.cbpr)
        return c->port.bpr[0] < 7 ? c->port.bpr[0] + 1 : 7;
    return c->port.bpr[group];
}

static void bpr_write(Gicv3Cpu *c, int group, uint64_t value)
{
    if (group && c->port.cbpr)
        return;
    gic_bpr_set(&c->port, group, (uint32_t)value);
    settle(c);
}

static uint64_t apr_read(Gicv3Cpu *c, int group)
{
    return c->port.apr[group];
}

static void apr_write(Gicv3Cpu *c, int group, uint64_t value)
{
    put(&c->port.apr[group], value);
    settle(c);
}

static uint64_t rpr_read(Gicv3Cpu *c, int n)
{
    (void)n;
    return gic_running(&c->port);
}

static uint64_t ctlr_read(Gicv3Cpu *c, int n)
{
    (void)n;
    return c->icc_ctlr | ICC_CTLR_FIXED;
}

static void ctlr_write(Gicv3Cpu *c, int n, uint64_t value)
{
    (void)n;
    c->icc_ctlr = value & (ICC_CTLR_CBPR | ICC_CTLR_EOIMODE);
    __atomic_store_n(&c->port.cbpr, c->icc_ctlr & ICC_CTLR_CBPR, __ATOMIC_RELAXED);
    settle(c);
}

static uint64_t sre_read(Gicv3Cpu *c, int n)
{
    (void)c;
    return (uint64_t)n;
}

static void ignore(Gicv3Cpu *c, int n, uint64_t value)
{
    (void)c, (void)n, (void)value;
}

static uint64_t group_enabled(Gicv3Cpu *c, int group)
{
    return c->groups >> group & 1;
}

static void group_enable(Gicv3Cpu *c, int group, uint64_t value)
{
    lock(c);
    c->groups = value & 1 ? c->groups | 1u << group : c->groups & ~(1u << group);
    gicv3_update(c);
    unlock(c);
}

static uint64_t hppir_read(Gicv3Cpu *c, int group)
{
    GicRank rank = __atomic_load_n(&c->port.best, __ATOMIC_SEQ_CST);
    return rank != GIC_NONE && rank_group(rank) == group ? rank_intid(rank) : GIC_SPURIOUS;
}

/* What became of an SGI, PPI or SPI changed for CPUs that may take it. */
static void changed(Gicv3Cpu *c, uint32_t intid)
{
    if (intid < GIC_INTERNAL)
        gicv3_update(c);
    else
        gicv3_spi_changed(c->gic, intid - GIC_INTERNAL);
}

static GicBank *bank(Gicv3Cpu *c, uint32_t intid)
{
    if (intid < GIC_INTERNAL)
        return &c->bank;
    return intid < c->gic->intids ? &c->gic->spi[intid / 32 - 1] : NULL;
}

static uint32_t acknowledge(Gicv3Cpu *c, int group)
{
    GicRank rank = c->port.best;
    if (!gic_signals(&c->port, rank) || rank_group(rank) != group)
        return GIC_SPURIOUS;
    uint32_t intid = rank_intid(rank), bit = 1u << intid % 32;
    GicBank *b = bank(c, intid);
    gic_activate(&c->port, rank);
    if (b) {
        b->active |= bit;
        b->latch &= ~bit;
        changed(c, intid);
    } else {
        gicv3_lpi_set(c, intid, false);
    }
    return intid;
}

static uint64_t iar_read(Gicv3Cpu *c, int group)
{
    lock(c);
    uint32_t intid = acknowledge(c, group);
    gicv3_lines(c);
    unlock(c);
    return intid;
}

static void deactivate(Gicv3Cpu *c, uint64_t value)
{
    uint32_t intid = value & 0xffffff;
    GicBank *b = bank(c, intid);
    if (!b) /* LPIs have no active state */
        return;
    lock(c);
    b->active &= ~(1u << intid % 32);
    changed(c, intid);
    unlock(c);
}

static void eoir_write(Gicv3Cpu *c, int group, uint64_t value)
{
    uint32_t intid = value & 0xffffff;
    if (intid >= 1020 && intid <= GIC_SPURIOUS)
        return;
    gic_drop(&c->port, group);
    if (!(c->icc_ctlr & ICC_CTLR_EOIMODE))
        deactivate(c, value);
    settle(c);
}

static void dir_write(Gicv3Cpu *c, int n, uint64_t value)
{
    (void)n;
    if (c->icc_ctlr & ICC_CTLR_EOIMODE)
        deactivate(c, value);
}

/* A software-generated interrupt becomes pending where it is configured to be of the group meant (table 4-5). */
static void sgi_send(Gicv3Cpu *to, unsigned sgi, int group)
{
    if ((int)(to->bank.group >> sgi & 1) != group)
        return;
    to->bank.latch |= 1u << sgi;
    gicv3_update(to);
}

/* ICC_SGInR: IRM means all others; else up to sixteen CPUs of one cluster, and all ours are in cluster 0.0.0. */
static void sgi_write(Gicv3Cpu *c, int group, uint64_t value)
{
    const uint64_t others = 1ull << 40, clusters = 0x00fff0ff00ff0000;
    uint32_t list = value & others ? 0xffff & ~(1u << c->number) : value & clusters ? 0 : value & 0xffff;
    lock(c);
    for (unsigned i = 0; i < c->gic->cpus; i++)
        if (list >> i & 1)
            sgi_send(&c->gic->cpu[i], value >> 24 & 15, group);
    unlock(c);
}

static uint64_t hcr_read(Gicv3Cpu *c, int n)
{
    (void)n;
    return c->hcr;
}

static void hcr_write(Gicv3Cpu *c, int n, uint64_t value)
{
    (void)n;
    c->hcr = value & 0xf8007cff;
}

static uint64_t vtr_read(Gicv3Cpu *c, int n)
{
    (void)c, (void)n;
    return VTR;
}

static uint64_t zero_read(Gicv3Cpu *c, int n)
{
    (void)c, (void)n;
    return 0;
}

static uint64_t elrsr_read(Gicv3Cpu *c, int n)
{
    (void)n;
    uint64_t empty = 0;
    for (unsigned i = 0; i < GICV3_LIST_REGS; i++)
        empty |= (uint64_t) !(c->lr[i] >> 62) << i;
    return empty;
}

static uint64_t vmcr_read(Gicv3Cpu *c, int n)
{
    (void)n;
    return c->vmcr;
}

static void vmcr_write(Gicv3Cpu *c, int n, uint64_t value)
{
    (void)n;
    c->vmcr = value & 0xfffc021f;
}

static uint64_t vapr_read(Gicv3Cpu *c, int group)
{
    return c->vapr[group];
}

static void vapr_write(Gicv3Cpu *c, int group, uint64_t value)
{
    c->vapr[group] = (uint32_t)value;
}

static uint64_t lr_read(Gicv3Cpu *c, int n)
{
    return c->lr[n];
}

static void lr_write(Gicv3Cpu *c, int n, uint64_t value)
{
    c->lr[n] = value;
}

/* All are op0 3, CRn 12 (PMR: 4). Registers without `read` can only be written, those without `write` only read. */
typedef struct Row {
    const char *name; /* the manual's */
    uint8_t op1, crm, op2;
    int8_t n; /* argument of the functions: a group, or which of several */
    uint64_t (*read)(Gicv3Cpu *, int n);
    void (*write)(Gicv3Cpu *, int n, uint64_t value);
} Row;

static const Row rows[] = {
    { "ICC_IAR0_EL1", 0, 8, 0, 0, iar_read, NULL },
    { "ICC_EOIR0_EL1", 0, 8, 1, 0, NULL, eoir_write },
    { "ICC_HPPIR0_EL1", 0, 8, 2, 0, hppir_read, NULL },
    { "ICC_BPR0_EL1", 0, 8, 3, 0, bpr_read, bpr_write },
    { "ICC_AP0R0_EL1", 0, 8, 4, 0, apr_read, apr_write },
    { "ICC_AP1R0_EL1", 0, 9, 0, 1, apr_read, apr_write },
    { "ICC_DIR_EL1", 0, 11, 1, 0, NULL, dir_write },
    { "ICC_RPR_EL1", 0, 11, 3, 0, rpr_read, NULL },
    { "ICC_SGI1R_EL1", 0, 11, 5, 1, NULL, sgi_write },
    { "ICC_ASGI1R_EL1", 0, 11, 6, 0, NULL, ignore }, /* there is no other security state */
    { "ICC_SGI0R_EL1", 0, 11, 7, 0, NULL, sgi_write },
    { "ICC_IAR1_EL1", 0, 12, 0, 1, iar_read, NULL },
    { "ICC_EOIR1_EL1", 0, 12, 1, 1, NULL, eoir_write },
    { "ICC_HPPIR1_EL1", 0, 12, 2, 1, hppir_read, NULL },
    { "ICC_BPR1_EL1", 0, 12, 3, 1, bpr_read, bpr_write },
    { "ICC_CTLR_EL1", 0, 12, 4, 0, ctlr_read, ctlr_write },
    { "ICC_SRE_EL1", 0, 12, 5, SRE_EL1, sre_read, ignore },
    { "ICC_IGRPEN0_EL1", 0, 12, 6, 0, group_enabled, group_enable },
    { "ICC_IGRPEN1_EL1", 0, 12, 7, 1, group_enabled, group_enable },
    { "ICC_SRE_EL2", 4, 9, 5, SRE_EL2, sre_read, ignore },
    { "ICC_SRE_EL3", 6, 12, 5, SRE_EL2, sre_read, ignore },
    { "ICC_CTLR_EL3", 6, 12, 4, 0, ctlr_read, ctlr_write }, /* the one state's bits are at the same place */
    { "ICC_IGRPEN1_EL3", 6, 12, 7, 1, group_enabled, group_enable },
    { "ICH_AP0R0_EL2", 4, 8, 0, 0, vapr_read, vapr_write },
    { "ICH_AP1R0_EL2", 4, 9, 0, 1, vapr_read, vapr_write },
    { "ICH_HCR_EL2", 4, 11, 0, 0, hcr_read, hcr_write },
    { "ICH_VTR_EL2", 4, 11, 1, 0, vtr_read, NULL },
    { "ICH_MISR_EL2", 4, 11, 2, 0, zero_read, NULL },
    { "ICH_EISR_EL2", 4, 11, 3, 0, zero_read, NULL },
    { "ICH_ELRSR_EL2", 4, 11, 5, 0, elrsr_read, NULL },
    { "ICH_VMCR_EL2", 4, 11, 7, 0, vmcr_read, vmcr_write },
    { "ICH_LR0_EL2", 4, 12, 0, 0, lr_read, lr_write },
    { "ICH_LR1_EL2", 4, 12, 1, 1, lr_read, lr_write },
    { "ICH_LR2_EL2", 4, 12, 2, 2, lr_read, lr_write },
    { "ICH_LR3_EL2", 4, 12, 3, 3, lr_read, lr_write },
};

static const Row pmr_row = { "ICC_PMR_EL1", .read = pmr_read, .write = pmr_write };

static const uint8_t class_of_op1[8] = { 1, 0, 0, 0, 2, 0, 3, 0 }; /* op1 0, 4 and 6 */

void gicv3_sysregs_index(Gicv3 *g)
{
    memset(g->sysreg_row, 0, sizeof g->sysreg_row);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        g->sysreg_row[(class_of_op1[rows[i].op1] - 1) << 7 | rows[i].crm << 3 | rows[i].op2] = (uint8_t)(i + 1);
}

static const Row *find(const Gicv3 *g, uint32_t encoding)
{
    if (encoding == PMR)
        return &pmr_row;
    unsigned class = class_of_op1[encoding >> 11 & 7];
    if (encoding >> 14 != 3 || (encoding >> 7 & 15) != 12 || !class)
        return NULL;
    unsigned row = g->sysreg_row[(class - 1) << 7 | (encoding & 0x7f)];
    return row ? &rows[row - 1] : NULL;
}

static bool sysreg_read(void *dev, int cpu, uint32_t encoding, uint64_t *value)
{
    Gicv3 *g = dev;
    const Row *row = find(g, encoding);
    if (!row || !row->read || (unsigned)cpu >= g->cpus)
        return false;
    *value = row->read(&g->cpu[cpu], row->n);
    return true;
}

static bool sysreg_write(void *dev, int cpu, uint32_t encoding, uint64_t value)
{
    Gicv3 *g = dev;
    const Row *row = find(g, encoding);
    if (!row || !row->write || (unsigned)cpu >= g->cpus)
        return false;
    row->write(&g->cpu[cpu], row->n, value);
    return true;
}

static uint32_t encoding_of(const Row *r)
{
    return r == &pmr_row ? (uint32_t)PMR : 3u << 14 | (uint32_t)(r->op1 << 11 | 12 << 7 | r->crm << 3 | r->op2);
}

/* What acknowledges an interrupt by being read is not for looking. */
static const char *sysreg_name(void *dev, int n, uint32_t *encoding)
{
    (void)dev;
    const Row *row = &pmr_row;
    for (size_t i = 0; n && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].read && rows[i].read != iar_read && !--n)
            row = &rows[i];
    *encoding = encoding_of(row);
    return n ? NULL : row->name;
}

const SysregPort gicv3_sysregs = { sysreg_read, sysreg_write, .name = sysreg_name };
