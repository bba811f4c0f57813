/* Walk.fault of this guest, and a walk in full. */
#pragma once
#include "frontend/arm/arm.h"

/* Walk.fault: ARM_FAULT set, the fault status code of ISS (DDI 0487 D17.2.37), and: */
enum {
    FSC_ADDRESS_SIZE = 0x00, /* these four: + level */
    FSC_TRANSLATION = 0x04,
    FSC_ACCESS_FLAG = 0x08,
    FSC_PERMISSION = 0x0c,
    FSC_EXTERNAL = 0x10,
    FSC_EXTERNAL_WALK = 0x14, /* + level */
    FSC_ALIGN = 0x21,
    ARM_FAULT_STAGE2 = 0x40, /* Walk.fault_info is the intermediate physical address */
    ARM_FAULT_S1PTW = 0x80,  /* ... of a descriptor of stage 1 */
    ARM_FAULT_PC = 0x200,    /* not an address at all: the pc is misaligned */
    ARM_FAULT = 0x100,
    ARM_FAULT_ALIGN = ARM_FAULT | FSC_ALIGN,
    ARM_FAULT_EXTERNAL = ARM_FAULT | FSC_EXTERNAL,
};

typedef struct ArmWalk {
    uint64_t addr; /* what is translated at this stage */
    Access access;
    bool privileged, pan;
    bool probe;   /* AT: not an access that makes anything dirty */
    bool inspect; /* a debugger's: neither access flag nor permissions count, no table changes */
    Out *show;    /* a line for each descriptor read goes here; NULL: none */
    Walk *w;
    uint8_t attributes; /* as in a byte of MAIR */
    uint8_t shareability;
} ArmWalk;

/* One translation table walk: what differs between regimes and stages. */
typedef struct TableWalk {
    uint64_t addr; /* input address, tag removed */
    uint64_t base; /* of the table at `level` */
    int level, page_shift;
    int input_bits, output_bits;
    bool big_endian, set_access, set_dirty;
    bool stage2_on; /* table addresses are translated by stage 2 */
    int stage;      /* for `show` */
    Out *show;
    /* answer */
    uint64_t descriptor, phys;
    uint64_t entry, *host; /* the descriptor as it is in memory, and where */
    uint64_t table_bits;   /* APTable, UXNTable, PXNTable of all levels */
    Flat memory;           /* where it is */
} TableWalk;

/* Each fills w, and w->fault. Stage 2 continues what stage 1 left there; off, it changes nothing. */
void arm_stage1(ArmCpu *, uint32_t regime, ArmWalk *);
void arm_stage2(ArmCpu *, ArmWalk *);
bool arm_stage2_table(ArmCpu *, uint64_t *at, ArmWalk *); /* for the address of a descriptor */
/* Follows the tables; 0, or the fault code. */
uint32_t table_walk(ArmCpu *, TableWalk *, ArmWalk *);
/* Replaces the descriptor found if it is still the same; false: somebody changed it, walk again. */
bool table_update(TableWalk *, uint64_t descriptor);
