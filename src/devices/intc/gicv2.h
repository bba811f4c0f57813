/* Arm GICv2, as the GIC-400 without Security Extensions: two interrupt groups, one security state. ARM IHI 0048B,
 * ARM DDI 0471B. Private to the files gicv2*.c. */
#pragma once
#include "core/device.h"
#include "devices/intc/gic.h"

enum {
    GICV2_CPUS = 8,
    GICV2_LIST_REGS = 4,
    GICV2_IIDR = 0x0200143b, /* GIC-400 r0p1, by Arm */
    GICC_CTLR_ACK = 1 << 2,  /* GICC_IAR acknowledges group 1 too */
    GICC_CTLR_FIQ = 1 << 3,  /* group 0 raises FIQ */
    GICC_CTLR_CBPR = 1 << 4,
    GICC_CTLR_EOIMODE = 1 << 9, /* GICC_EOIR only drops the priority, GICC_DIR deactivates */
};

typedef struct Gicv2Cpu {
    GicBank bank;               /* SGIs and PPIs */
    uint8_t sgi_from[GIC_SGIS]; /* which CPUs have each SGI pending here */
    GicCpu port;
    uint32_t ctlr;
    uint32_t hcr, vmcr, vapr, lr[GICV2_LIST_REGS]; /* GICH: stored for hypervisors, without effect */
    uint32_t routed[GIC_SPI_BANKS];                /* SPIs that may go to this CPU; derived */
} Gicv2Cpu;

typedef struct Gicv2 {
    Device dev;
    uint64_t cpus, intids; /* properties */
    unsigned banks;        /* of SPIs */
    uint32_t ctlr;
    GicBank spi[GIC_SPI_BANKS];
    uint8_t target[GIC_SPIS];
    Gicv2Cpu cpu[GICV2_CPUS];
    Line irq[GICV2_CPUS], fiq[GICV2_CPUS], virq[GICV2_CPUS], vfiq[GICV2_CPUS];
} Gicv2;

void gicv2_update(Gicv2 *, unsigned cpu); /* what it depends on changed: highest pending interrupt and lines */
void gicv2_update_all(Gicv2 *);
Gicv2Cpu *gicv2_requester(Gicv2 *, unsigned *number);       /* whose banked registers are meant */
GicBank *gicv2_bank(Gicv2 *, unsigned cpu, unsigned index); /* 0: the private one; NULL: not implemented */
void gicv2_route(Gicv2 *, unsigned spi);                    /* its targets changed */

uint64_t gicv2_dist_read(void *dev, uint64_t at, int size);
void gicv2_dist_write(void *dev, uint64_t at, uint64_t value, int size);
extern const Reg gicv2_cpu_regs[], gicv2_hyp_regs[];
