/* Starting an Arm machine: Linux by the arm64 boot protocol, programs in ELF, firmware in flash. */
#pragma once
#include "core/machine.h"
#include "machines/fdt.h"

typedef struct ArmBoot {
    uint64_t ram, ram_size;     /* where memory begins */
    uint64_t flash, flash_size; /* where firmware is and starts */
    bool flash_filled;          /* a drive brought firmware */
    Device *fw_cfg;             /* NULL: none; how firmware gets at -kernel */
    /* Makes the device tree. */
    bool (*tree)(Machine *, const FdtBoot *, Blob *, Error *err);
} ArmBoot;

/* By the machine's config: -kernel, -initrd, -append, -dtb, -bios, dumpdtb. CPU 0 is started, the others are off. */
bool arm_boot(Machine *, const ArmBoot *, Error *err);
