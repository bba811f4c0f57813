/* The `pc` machine: an Intel 440FX board of 1996 with a PIIX3, at QEMU's addresses, ports and interrupt numbers. */
#include "machines/pc.h"

#include "base/alloc.h"
#include "core/cpu_port.h"
#include "machines/firmware.h"

#include <stdlib.h>
#include <string.h>

#define FOUR_GIB    (4ull << 30)
#define LOW_RAM     0xe0000000ull /* more than this, and a quarter of the space below 4 GiB is PCI's */
#define LOW_RAM_CUT 0xc0000000ull
#define BIOS_MOST   (16ull << 20)
#define BIOS_USUAL  (256ull << 10)
#define RESET_PC    0xfffffff0ull
enum { BIOS_SHOWN = 128 << 10, OPTION_ROM = 0xc0000, OPTION_ROM_SIZE = 0x20000, ONE_MIB = 1 << 20 };

static const Prop props[] = {
    { "acpi", "ACPI tables for the guest", PROP_BOOL, offsetof(Pc, acpi), "on" },
    { "hpet", "high precision event timers", PROP_BOOL, offsetof(Pc, hpet), "on" },
    { "vga", "graphics card: std, none", PROP_TEXT, offsetof(Pc, vga), "std" },
    { "smm", "system management mode: on, off, auto", PROP_TEXT, offsetof(Pc, smm), "auto" },
    { "vmport", "accepted; there is no such port", PROP_TEXT, offsetof(Pc, vmport), "off" },
    { "max-ram-below-4g", "where memory below 4 GiB ends", PROP_TEXT, offsetof(Pc, max_low), "" },
    { 0 },
};

#define CPU_WIRES "intr<apic.intr.* nmi<apic.nmi.* smi<apic.smi.* ferr>irqs.ferr.*"

/* Interrupts are those of ISA. INTA of PCI slot 1 is PIRQA, of slot 2 PIRQB, and so on. */
static const Part parts[] = {
    { "cpu*", "$cpu", .each_cpu = true, .wire = CPU_WIRES },
    { "irqs", "pc-irqs", .wire = "old[16]>pic.in.0 apic[24]>ioapic.in.0" },
    { "pic", "isa-i8259", .port = { 0x20, 0xa0, 0x4d0 }, .wire = "intr>apic.external", .set = "counted=1" },
    { "apic", "apic", .at = { 0xfee00000 }, .set = "pic=pic" },
    { "ioapic", "ioapic", .at = { 0xfec00000 }, .set = "apic=apic,counted=4" },
    { "pci.0", "i440FX-pcihost", .port = { 0xcf8 },
      .wire = "irq.0>piix3.pirq.3 irq.1>piix3.pirq.0 irq.2>piix3.pirq.1 irq.3>piix3.pirq.2 a20<i8042.a20" },
    { "piix3", "PIIX3", "pci.0", .set = "addr=1.0,multifunction=on", .wire = "irq[16]>irqs.pci.0" },
    { "ide", "piix3-ide", "pci.0", .port = { 0x1f0, 0x3f6, 0x170, 0x376 }, .wire = "irq.0>irqs.in.14 irq.1>irqs.in.15",
      .set = "addr=1.1,hda=ide0,hdb=ide1,hdc=ide2,hdd=ide3" },
    { "pm", "PIIX4_PM", "pci.0", .port = { 0xb2 }, .wire = "irq>irqs.in.9 smi>apic.smi", .set = "addr=1.3",
      .when = "smm=on" },
    { "pm", "PIIX4_PM", "pci.0", .port = { 0xb2 }, .wire = "irq>irqs.in.9 smi>apic.smi",
      .set = "addr=1.3,smm-disabled=on", .when = "smm=off" },
    { "vga", "VGA", "pci.0", .set = "addr=2.0", .when = "vga=std", .optional = true },
    { "isa.0", "isa-bus" },
    { "pit", "isa-pit", .port = { 0x40, 0x61 }, .wire = "irq>hpet.pit", .when = "hpet=on" },
    { "pit", "isa-pit", .port = { 0x40, 0x61 }, .wire = "irq>irqs.in.0", .when = "hpet=off" },
    { "rtc", "mc146818rtc", .port = { 0x70 }, .wire = "irq>hpet.rtc", .when = "hpet=on" },
    { "rtc", "mc146818rtc", .port = { 0x70 }, .wire = "irq>irqs.in.8", .when = "hpet=off" },
    { "hpet", "hpet", .at = { 0xfed00000 }, .wire = "irq.2>irqs.in.2 old.0>irqs.in.0 old.1>irqs.in.8",
      .when = "hpet=on" },
    { "dma", "i8257", .port = { PORT_0, 0xc0, 0x80 } },
    { "fdc", "isa-fdc", .port = { 0x3f0, 0x3f7 }, .wire = "irq>irqs.in.6",
      .set = "dma=dma,driveA=floppy0,driveB=floppy1" },
    { "i8042", "i8042", .port = { 0x60, 0x64, 0x92 }, .wire = "irq>irqs.in.1 mouse-irq>irqs.in.12" },
    { "serial0", "isa-serial", .port = { 0x3f8 }, .wire = "irq>irqs.in.4", .set = "chardev=serial0", .optional = true },
    { "serial1", "isa-serial", .port = { 0x2f8 }, .wire = "irq>irqs.in.3", .set = "chardev=serial1", .asked = true },
    { "serial2", "isa-serial", .port = { 0x3e8 }, .wire = "irq>irqs.second.4", .set = "chardev=serial2",
      .asked = true },
    { "serial3", "isa-serial", .port = { 0x2e8 }, .wire = "irq>irqs.second.3", .set = "chardev=serial3",
      .asked = true },
    { "parallel0", "isa-parallel", .port = { 0x378 }, .wire = "irq>irqs.in.7", .set = "chardev=parallel0",
      .optional = true },
    { "fw-cfg", "fw-cfg", .port = { 0, 0x510, 0x514 } },
    { 0 },
};

/* ---- memory ---- */

static bool place_ram(Pc *p, Error *err)
{
    Machine *m = &p->machine;
    uint64_t size = m->config->ram;
    p->low_ram = size >= LOW_RAM ? LOW_RAM_CUT : size;
    p->high_ram = size - p->low_ram;
    p->ram = ram_add(m, "pc.ram", size, false, err);
    if (!p->ram)
        return false;
    p->low_view = *p->ram;
    p->low_view.size = p->low_ram;
    p->high_view = *p->ram;
    p->high_view.name = "pc.ram-high";
    p->high_view.size = p->high_ram;
    p->high_view.ram += p->low_ram;
    p->high_view.page += p->low_ram >> 12;
    space_map(m->memory, 0, &p->low_view, 0);
    if (p->high_ram)
        space_map(m->memory, FOUR_GIB, &p->high_view, 0);
    return true;
}

static bool read_bios(Pc *p, Blob *bios, Error *err)
{
    static const char *const folders[] = { "/usr/share/seabios", "/usr/share/qemu", NULL };
    const MachineConfig *c = p->machine.config;
    char *path = firmware_find(c, c->bios ? c->bios : "bios-256k.bin", folders);
    bool ok = load_file("firmware", path, BIOS_MOST, bios, err);
    if (ok && (!bios->len || bios->len % 4096)) {
        blob_free(bios);
        ok = error_set(err, "firmware '%s': its size is no multiple of 4 KiB; give the whole image", path);
    }
    if (!ok && !c->bios)
        error_set(err, "the BIOS, bios-256k.bin, was not found; install the package seabios, or give -bios FILE");
    free(path);
    return ok;
}

/* Firmware ends at 4 GiB, and the last 128 KiB of it at 1 MiB, too. What is missing is told when the machine is to
 * boot. */
static bool place_bios(Pc *p, Error *err)
{
    Machine *m = &p->machine;
    Blob bios = { 0 };
    bool found = read_bios(p, &bios, &p->missing);
    uint64_t size = found ? bios.len : BIOS_USUAL, shown = size < BIOS_SHOWN ? size : BIOS_SHOWN;
    p->bios = ram_add(m, "pc.bios", size, true, err);
    p->option_rom = p->bios ? ram_add(m, "pc.rom", OPTION_ROM_SIZE, true, err) : NULL;
    if (!p->option_rom)
        return false;
    if (found) {
        p->missing.text[0] = 0;
        memcpy(p->bios->ram, bios.data, bios.len);
        blob_free(&bios);
    }
    p->bios_view = *p->bios;
    p->bios_view.size = shown;
    p->bios_view.ram += size - shown;
    p->bios_view.page += (size - shown) >> 12;
    space_map(m->memory, FOUR_GIB - size, p->bios, 1);
    space_map(m->memory, ONE_MIB - shown, &p->bios_view, 1);
    space_map(m->memory, OPTION_ROM, p->option_rom, 1);
    return true;
}

static bool choose_smm(Pc *p, Error *err)
{
    if (strcmp(p->smm, "on") && strcmp(p->smm, "off") && strcmp(p->smm, "auto"))
        return error_set(err, "smm=%s: choose on, off or auto", p->smm);
    if (!strcmp(p->smm, "auto")) {
        free(p->smm);
        p->smm = xstrdup("on");
    }
    return true;
}

static bool prepare(Machine *m, Error *err)
{
    Pc *p = (Pc *)m;
    return choose_smm(p, err) && place_ram(p, err) && place_bios(p, err);
}

/* The first CPU begins at the reset vector; the others wait for its message. */
static void start_cpus(Machine *m)
{
    for (int i = 0; i < m->config->cpus; i++) {
        Device *cpu = (Device *)(void *)m->cpu[i];
        const CpuPort *port = cpu ? cpu->type->interface : NULL;
        if (port && i)
            port->stop(cpu);
        else if (port)
            port->start(cpu, RESET_PC, 0);
    }
}

static bool boot(Machine *m, Error *err)
{
    Pc *p = (Pc *)m;
    if (*p->missing.text)
        return error_set(err, "%s", p->missing.text);
    pc_firmware(p);
    if (!pc_kernel(p, machine_device(m, "fw-cfg"), err))
        return false;
    start_cpus(m);
    return true;
}

const MachineType pc = {
    .name = "pc",
    .about = "standard PC (440FX + PIIX, 1996)",
    .cpu = "qemu64",
    .drive = "ide",
    .controllers = "ide floppy",
    .card = "e1000",
    .ram = 128 << 20,
    .ram_max = 255ull << 30,
    .cpus_max = PC_CPUS,
    .props = props,
    .size = sizeof(Pc),
    .parts = parts,
    .prepare = prepare,
    .boot = boot,
};
