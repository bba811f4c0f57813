/* The `virt` machine: QEMU's addresses and interrupt numbers, so that guests and firmware made for it fit. */
#include "machines/virt.h"

#include "base/alloc.h"
#include "devices/storage/cfi01.h"
#include "machines/arm_boot.h"

#include <stdlib.h>
#include <string.h>

static const Prop props[] = {
    { "gic-version", "interrupt controller: 2, 3, max (3)", PROP_TEXT, offsetof(Virt, gic_version), "2" },
    { "its", "message-signalled interrupts as LPIs (with GICv3)", PROP_BOOL, offsetof(Virt, its), "on" },
    { "virtualization", "CPUs have exception level 2", PROP_BOOL, offsetof(Virt, virtualization), "off" },
    { "dtb-randomness", "seeds for the guest's random numbers in the device tree", PROP_BOOL,
      offsetof(Virt, dtb_randomness), "on" },
    { "acpi", "accepted; firmware is given the device tree", PROP_BOOL, offsetof(Virt, acpi), "on" },
    { "secure", "exception level 3: not there", PROP_BOOL, offsetof(Virt, secure), "off" },
    { "mte", "memory tagging: not there", PROP_BOOL, offsetof(Virt, mte), "off" },
    { "iommu", "none", PROP_TEXT, offsetof(Virt, iommu), "none" },
    { "highmem", "accepted; memory above 4 GiB is always there", PROP_BOOL, offsetof(Virt, highmem), "on" },
    { 0 },
};

/* Private interrupts by their numbers within a CPU's sixteen: INTID minus 16 (Arm BSA, 3.6). */
#define CPU_WIRES                                                                                                      \
    "irq<gic.irq.* fiq<gic.fiq.* virq<gic.virq.* vfiq<gic.vfiq.* timer-sec>gic.ppi.13+16* timer-phys>gic.ppi.14+16* "  \
    "timer-virt>gic.ppi.11+16* timer-hyp>gic.ppi.10+16* pmu>gic.ppi.7+16*"

static const Part parts[] = {
    { "cpu*", "$cpu", .each_cpu = true, .wire = CPU_WIRES, .set = "el2=off,mp-affinity=*",
      .when = "virtualization=off" },
    { "cpu*", "$cpu", .each_cpu = true, .wire = CPU_WIRES, .set = "el2=on,mp-affinity=*", .when = "virtualization=on" },
    { "gic", "gicv2", .at = { 0x08000000, 0x08010000 }, .when = "gic-version=2,virtualization=off" },
    { "gic", "gicv2", .at = { 0x08000000, 0x08010000, 0x08030000 }, .when = "gic-version=2,virtualization=on" },
    { "v2m", "gicv2m", .at = { 0x08020000 }, .wire = "spi[64]>gic.spi.48", .when = "gic-version=2" },
    { "gic", "gicv3", .at = { 0x08000000, 0x080a0000 }, .when = "gic-version=3,its=on" },
    { "gic", "gicv3", .at = { 0x08000000, 0x080a0000 }, .set = "has-lpi=off", .when = "gic-version=3,its=off" },
    { "its", "gicv3-its", .at = { 0x08080000, 0x08090000 }, .set = "gic=gic", .when = "gic-version=3,its=on" },
    { "flash0", "cfi.pflash01", .set = "base=0,size=64M,drive=pflash0" },
    { "flash1", "cfi.pflash01", .set = "base=0x04000000,size=64M,drive=pflash1" },
    { "fw-cfg", "fw-cfg", .at = { 0x09020000 } },
    { "uart0", "pl011", .at = { 0x09000000 }, .wire = "irq>gic.spi.1", .set = "chardev=serial0" },
    { "rtc", "pl031", .at = { 0x09010000 }, .wire = "irq>gic.spi.2" },
    { "gpio", "pl061", .at = { 0x09030000 }, .wire = "irq>gic.spi.7" },
    { "pcie.0", "gpex", .at = { 0x4010000000 }, .wire = "irq[4]>gic.spi.3" },
    { "virtio-mmio-bus.*", "virtio-mmio", .at = { 0x0a000000 }, .wire = "irq>gic.spi.16", .copies = 32, .step = 0x200 },
    { "power-key", "gpio-key", .wire = "out>gpio.in.3" },
    { 0 },
};

static bool choose_gic(Virt *v, Error *err)
{
    static const char *const known[][2] = { { "2", "2" }, { "3", "3" }, { "max", "3" }, { "host", "3" } };
    for (int i = 0; i < 4; i++)
        if (!strcmp(v->gic_version, known[i][0])) {
            free(v->gic_version);
            v->gic_version = xstrdup(known[i][1]);
            if (*v->gic_version == '2' && v->machine.config->cpus > 8)
                return error_set(err, "-smp %d: a GICv2 serves at most 8 CPUs; use -machine virt,gic-version=3",
                                 v->machine.config->cpus);
            return true;
        }
    return error_set(err, "gic-version=%s: choose 2, 3 or max", v->gic_version);
}

static bool prepare(Machine *m, Error *err)
{
    Virt *v = (Virt *)m;
    if (v->secure || v->mte || strcmp(v->iommu, "none"))
        return error_set(err, "%s is not there yet; leave it out",
                         v->secure ? "secure=on"
                         : v->mte  ? "mte=on"
                                   : "an iommu");
    if (!choose_gic(v, err))
        return false;
    v->ram = ram_add(m, "mach-virt.ram", m->config->ram, false, err);
    if (v->ram)
        space_map(m->memory, VIRT_RAM, v->ram, 0);
    return v->ram;
}

static bool boot(Machine *m, Error *err)
{
    return arm_boot(m,
                    &(ArmBoot){ .ram = VIRT_RAM,
                                .ram_size = m->config->ram,
                                .flash_size = VIRT_FLASH_SIZE,
                                .flash_filled = cfi01_filled(machine_device(m, "flash0")),
                                .fw_cfg = machine_device(m, "fw-cfg"),
                                .tree = virt_tree },
                    err);
}

const MachineType virt = {
    .name = "virt",
    .about = "Arm virtual machine for Linux and firmware",
    .cpu = "max",
    .ram = 128 << 20,
    .ram_max = 255ull << 30,
    .cpus_max = 16,
    .props = props,
    .size = sizeof(Virt),
    .parts = parts,
    .prepare = prepare,
    .boot = boot,
};
