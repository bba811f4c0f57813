/* What all Arm generic interrupt controllers share: thirty-two interrupts as one word of each register file, and the
 * priority logic of a CPU interface. ARM IHI 0048B chapters 3 and 4; ARM IHI 0069 chapter 4. */
#pragma once
#include "base/state.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GIC_SGIS = 16,     /* INTIDs 0-15: software generated */
    GIC_INTERNAL = 32, /* INTIDs 16-31: private peripherals; from 32 on shared ones */
    GIC_SPI_BANKS = 31,
    GIC_SPIS = GIC_SPI_BANKS * 32,
    GIC_SPURIOUS = 1023,
    GIC_PRIORITY_MASK = 0xf8, /* five bits are implemented */
    GIC_PRIORITY_SHIFT = 3,
    GIC_IDLE = 0xff,
    GIC_BPR_MIN = 2, /* of group 0; the other group's is one more and means the same */
};

typedef struct GicBank {
    uint32_t group; /* 1: group 1 */
    uint32_t enabled;
    uint32_t latch; /* an edge, a message or a write made it pending */
    uint32_t level; /* input is high */
    uint32_t edge;  /* edge-triggered */
    uint32_t active;
    uint8_t priority[32];
} GicBank;

extern const StateField gic_bank_state[], gic_cpu_state[];

static inline uint32_t bank_pending(const GicBank *b)
{
    return b->latch | (b->level & ~b->edge);
}

/* Those a CPU interface may be told of, given which groups are enabled (bit 0: group 0, bit 1: group 1). */
static inline uint32_t bank_ready(const GicBank *b, unsigned groups)
{
    uint32_t allowed = (groups & 2 ? b->group : 0) | (groups & 1 ? ~b->group : 0);
    return bank_pending(b) & b->enabled & ~b->active & allowed;
}

/* The input of interrupt n of the bank changed; false: nothing a CPU could notice. */
bool bank_input(GicBank *b, unsigned n, bool level);

/* The registers of interrupts that have the same layout in every distributor and redistributor (GICD_IGROUPR ...
 * GICD_ICFGR). A row tells how many bytes of the array describe one bank. */
typedef struct BankReg {
    uint16_t at, end, stride;
    uint32_t (*get)(const GicBank *, unsigned word);                       /* NULL: reads 0 */
    void (*set)(GicBank *, unsigned word, uint32_t value, uint32_t lanes); /* lanes: bits that are written */
} BankReg;

const BankReg *bank_reg(uint64_t at); /* NULL: not one of these */
static inline unsigned bank_of(const BankReg *r, uint64_t at)
{
    return (unsigned)(at - r->at) / r->stride;
}
uint32_t bank_read(const BankReg *, const GicBank *, uint64_t at, int size);
void bank_write(const BankReg *, GicBank *, uint64_t at, uint32_t value, int size);

/* A candidate: priority above, then INTID, then group, so that the smallest number is the most urgent. */
typedef uint32_t GicRank;
#define GIC_NONE ((GicRank)GIC_IDLE << 24 | GIC_SPURIOUS << 1)

static inline GicRank rank_of(uint8_t priority, uint32_t intid, bool group)
{
    return (GicRank)priority << 24 | intid << 1 | group;
}
static inline uint8_t rank_priority(GicRank r)
{
    return (uint8_t)(r >> 24);
}
static inline uint32_t rank_intid(GicRank r)
{
    return r >> 1 & 0xffff;
}
static inline int rank_group(GicRank r)
{
    return r & 1;
}

/* The best of the ready interrupts `mask` of a bank whose first is `first`, or `best` if none is better. */
GicRank bank_best(const GicBank *, uint32_t mask, uint32_t first, GicRank best);

/* Priorities of one CPU interface. pmr and apr are changed by their own vCPU without the machine lock (GICv3), best
 * under the lock; all three are read by both, so they are accessed as atomics. */
typedef struct GicCpu {
    uint32_t pmr;
    uint32_t bpr[2]; /* binary points of group 0 and 1 */
    uint32_t apr[2]; /* active priorities: bit n is preemption level n * 8 */
    bool cbpr;       /* group 1 uses bpr[0] too */
    GicRank best;    /* highest-priority pending interrupt; derived */
} GicCpu;

void gic_cpu_reset(GicCpu *);
uint8_t gic_running(const GicCpu *);       /* priority of what runs; GIC_IDLE */
bool gic_signals(const GicCpu *, GicRank); /* it is urgent enough to interrupt what runs */
void gic_activate(GicCpu *, GicRank);      /* acknowledged: its priority runs */
void gic_drop(GicCpu *, int group); /* end of interrupt: the highest active priority goes if it is that group's */
void gic_bpr_set(GicCpu *, int group, uint32_t value);
