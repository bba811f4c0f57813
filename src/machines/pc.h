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
    bool began;    /* it has booted before */
} Pc;

enum { PC_CPUS = 16 };

void pc_firmware(Pc *); /* fills fw-cfg and CMOS */
void pc_acpi(Pc *, Device *fw_cfg);
void pc_smbios(Pc *, Device *fw_cfg);
bool pc_kernel(Pc *, Device *fw_cfg, Error *); /* -kernel, if there is one */

/* -initrd: one file, or of a Multiboot kernel as many as there are, separated by commas, each with a command line of
 * its own behind a blank. A comma in one is written twice. They lie behind each other at the beginning of pages. */
enum { PC_MODULES = 64 };
typedef struct PcModules {
    unsigned count;
    struct {
        uint32_t start, end;
        char *line;
    } of[PC_MODULES];
    Blob bytes;
} PcModules;
bool pc_modules_load(PcModules *, const MachineConfig *, bool several, uint64_t most, Error *);
void pc_modules_free(PcModules *);

/* Kernels that are entered in protected mode: pc_elf.c */
bool pc_is_elf_kernel(const Blob *);
bool pc_is_multiboot(const Blob *);
bool pc_elf_kernel(Pc *, Device *fw_cfg, const Blob *kernel, const PcModules *, Error *);

/* An option ROM that the BIOS starts from: its table of what to load, checksums and place in the order. */
typedef struct PcRow {
    uint16_t key; /* of fw-cfg */
    uint32_t len, at;
} PcRow;
enum { PC_ROM_ROWS = 4 };
void pc_boot_rom(Device *fw_cfg, const char *name, uint8_t *rom, size_t size, const PcRow *rows);
bool pc_place_initrd(const Pc *, uint64_t kernel_end, uint64_t most, size_t len, uint32_t *at, Error *);

struct Aml;
void pc_dsdt(Pc *, struct Aml *); /* the body of the DSDT */
