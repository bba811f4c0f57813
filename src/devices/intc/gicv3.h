/* Arm GICv3, one security state (GICD_CTLR.DS is 1), affinity routing and system registers always on. ARM IHI 0069.
 * Private to the files gicv3*.c.
 *
 * Everything here is under the machine lock but for what a vCPU does to its own CPU interface by system registers: its
 * `pmr`, `bpr`, `apr` and the like are written by its own thread without the lock. Such a write and a change of `best`
 * by somebody else both end by comparing what the lines should be with what they are, each after a full fence, so that
 * one of the two sees the other's change and sets the lines. */
#pragma once
#include "core/device.h"
#include "core/sysregs.h"
#include "devices/intc/gic.h"

enum {
    GICV3_CPUS = 16, /* number n has affinity 0.0.0.n */
    GICV3_IIDR = 0x43b,
    GICV3_LIST_REGS = 4,
    GICV3_FRAME = 0x10000,
    LPI_FIRST = 8192,
    LPI_END = 65536,
    GICR_CTLR_ENABLE_LPIS = 1,
    ICC_CTLR_CBPR = 1 << 0,
    ICC_CTLR_EOIMODE = 1 << 1,
};

typedef struct Gicv3 Gicv3;

typedef struct Gicv3Cpu {
    Device dev; /* the redistributor, for its register table */
    Gicv3 *gic;
    unsigned number;

    /* redistributor */
    GicBank bank; /* SGIs and PPIs */
    uint32_t ctlr, statusr, waker;
    uint64_t propbaser, pendbaser;
    uint64_t lpi_pending[LPI_END / 64];

    /* CPU interface */
    GicCpu port;
    uint32_t icc_ctlr;
    uint32_t groups;                                  /* bit n: group n is enabled (ICC_IGRPENn) */
    uint64_t hcr, vmcr, vapr[2], lr[GICV3_LIST_REGS]; /* ICH: stored for hypervisors, without effect */

    /* derived */
    uint32_t routed[GIC_SPI_BANKS];        /* SPIs that go to this CPU */
    uint64_t lpi_words[LPI_END / 64 / 64]; /* which words of lpi_pending are not 0 */
    GicRank lpi_best;
} Gicv3Cpu;

struct Gicv3 {
    Device dev;
    uint64_t cpus, intids; /* properties */
    bool lpis;
    unsigned banks; /* of SPIs */
    uint32_t ctlr, statusr;
    GicBank spi[GIC_SPI_BANKS];
    uint64_t router[GIC_SPIS];
    Gicv3Cpu cpu[GICV3_CPUS];
    Line irq[GICV3_CPUS], fiq[GICV3_CPUS], virq[GICV3_CPUS], vfiq[GICV3_CPUS];
    uint8_t lpi_config[LPI_END - LPI_FIRST]; /* what was read of the guest's table; derived */
    uint8_t sysreg_row[3 << 7];              /* row + 1 for op1 0, 4, 6, then crm and op2; derived */
};

/* What it depends on changed: find the highest pending interrupt, set the lines. */
void gicv3_update(Gicv3Cpu *);
void gicv3_update_all(Gicv3 *);
void gicv3_spi_changed(Gicv3 *, unsigned spi);
void gicv3_lines(Gicv3Cpu *);            /* only the lines, under the lock */
bool gicv3_lines_right(Gicv3Cpu *);      /* lock-free */
void gicv3_route(Gicv3 *, unsigned spi); /* its router register changed */

uint64_t gicv3_dist_read(void *dev, uint64_t at, int size);
void gicv3_dist_write(void *dev, uint64_t at, uint64_t value, int size);
extern const Reg gicv3_dist_regs[];

uint64_t gicv3_redist_read(void *dev, uint64_t at, int size);
void gicv3_redist_write(void *dev, uint64_t at, uint64_t value, int size);
void gicv3_redist_reset(Gicv3Cpu *);

/* Locality-specific peripheral interrupts: numbers the guest keeps configuration and pending bits of in its memory. */
void gicv3_lpi_set(Gicv3Cpu *, uint32_t lpi, bool pending); /* ignored if the number is out of range or LPIs are off */
void gicv3_lpi_move(Gicv3Cpu *from, Gicv3Cpu *to, uint32_t lpi);
void gicv3_lpi_move_all(Gicv3Cpu *from, Gicv3Cpu *to);
void gicv3_lpi_reread(Gicv3 *, uint32_t lpi); /* its configuration in memory changed */
void gicv3_lpi_reread_all(Gicv3 *);
void gicv3_lpi_forget_all(Gicv3 *); /* the same, what is pending to be looked at again later */
void gicv3_lpi_start(Gicv3Cpu *);   /* GICR_CTLR.EnableLPIs was set: pending bits come from memory */
void gicv3_lpi_stop(Gicv3Cpu *);    /* was cleared: they go back */
void gicv3_lpi_loaded(Gicv3Cpu *);

extern const SysregPort gicv3_sysregs;
void gicv3_sysregs_index(Gicv3 *);
extern const DeviceType gicv3;
