/* The parts of the `pc` machine; private to machines/pc*.c. */
#pragma once
#include "core/load.h"
#include "core/machine.h"

typedef struct Pc {
    Machine machine;
    char *smm, *vga, *vmport, *max_low;
    bool acpi, hpet;
    uint64_t low_ram, high_ram; /* bytes below and above 4 GiB */
    Region *ram, *bios, *option_rom, low_view, high_view, bios_view;
    Error missing; /* why there is no firmware */
} Pc;

enum { PC_CPUS = 16 };

void pc_firmware(Pc *); /* fills fw-cfg and CMOS */
void pc_acpi(Pc *, Device *fw_cfg);
void pc_smbios(Pc *, Device *fw_cfg);
bool pc_kernel(Pc *, Device *fw_cfg, Error *); /* -kernel, if there is one */
struct Aml;
void pc_dsdt(Pc *, struct Aml *); /* the body of the DSDT */
