/* The parts of the `virt` machine; private to machines/virt*.c. */
#pragma once
#include "core/machine.h"
#include "machines/fdt.h"

#define VIRT_RAM        0x40000000ull
#define VIRT_FLASH_SIZE (64ull << 20) /* each of two, from 0 */

typedef struct Virt {
    Machine machine;
    char *gic_version; /* "2" or "3" once prepared */
    bool its, virtualization, dtb_randomness, acpi, highmem, secure, mte;
    char *iommu;
    Region *ram;
} Virt;

bool virt_tree(Machine *, const FdtBoot *, Blob *, Error *err);
