/* The device tree of `virt`. Nodes of devices are rows; addresses and interrupts come from the parts as they were
 * placed and wired. Bindings: Linux Documentation/devicetree/bindings. */
#include "host/random.h"
#include "machines/virt.h"

#include <inttypes.h>
#include <string.h>

enum { PHANDLE_CLOCK = 0x8000, PHANDLE_GIC, PHANDLE_MSI, PHANDLE_GPIO, PHANDLE_CPU };
enum { SPI = 0, PPI = 1 };
enum { EDGE = 1, LEVEL = 4 };

typedef struct Row {
    const char *type; /* of the device */
    const char *node, *compatible;
    const char *clocks; /* names of its clocks, all the 24 MHz one */
    uint32_t trigger;   /* of its "irq" pin; 0: none */
    uint64_t size;      /* of reg, if not the first window's */
    bool coherent;
    void (*more)(Fdt *, const Virt *, const Device *);
} Row;

static bool is_v2(const Virt *v)
{
    return *v->gic_version == '2';
}

static void gpio_more(Fdt *f, const Virt *v, const Device *dev)
{
    (void)v, (void)dev;
    FDT_CELLS(f, "#gpio-cells", 2);
    fdt_empty(f, "gpio-controller");
    FDT_CELLS(f, "phandle", PHANDLE_GPIO);
}

/* PCI's four interrupt pins, rotated by device number over SPIs 3 to 6. */
static void interrupt_map(Fdt *f)
{
    uint32_t map[16][10];
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t slot = i / 4, pin = i % 4;
        const uint32_t row[10] = { slot << 11, 0, 0, pin + 1, PHANDLE_GIC, 0, 0, SPI, 3 + (slot + pin) % 4, LEVEL };
        memcpy(map[i], row, sizeof row);
    }
    fdt_cells(f, "interrupt-map", map[0], 160);
    FDT_CELLS(f, "interrupt-map-mask", 3 << 11, 0, 0, 7);
}

/* What takes message-signalled interrupts; NULL: nothing in this machine. */
static const char *msi_part(const Virt *v)
{
    const char *id = is_v2(v) ? "v2m" : "its";
    return machine_device((Machine *)(uintptr_t)&v->machine, id) ? id : NULL;
}

static void pcie_more(Fdt *f, const Virt *v, const Device *dev)
{
    (void)dev;
    FDT_CELLS(f, "#address-cells", 3);
    FDT_CELLS(f, "#size-cells", 2);
    FDT_CELLS(f, "#interrupt-cells", 1);
    fdt_text(f, "device_type", "pci");
    FDT_CELLS(f, "linux,pci-domain", 0);
    FDT_CELLS(f, "bus-range", 0, 255);
    if (msi_part(v))
        FDT_CELLS(f, "msi-map", 0, PHANDLE_MSI, 0, 0x10000);
    FDT_CELLS(f, "ranges", 0x01000000, 0, 0, FDT_U64(0x3eff0000), FDT_U64(0x10000), /* I/O ports */
              0x02000000, FDT_U64(0x10000000), FDT_U64(0x10000000), FDT_U64(0x2eff0000), 0x03000000,
              FDT_U64(0x8000000000), FDT_U64(0x8000000000), FDT_U64(0x8000000000));
    interrupt_map(f);
}

static const Row rows[] = {
    { "pl011", "pl011", "arm,pl011 arm,primecell", "uartclk apb_pclk", LEVEL },
    { "pl031", "pl031", "arm,pl031 arm,primecell", "apb_pclk", LEVEL },
    { "pl061", "pl061", "arm,pl061 arm,primecell", "apb_pclk", LEVEL, .more = gpio_more },
    { "fw-cfg", "fw-cfg", "qemu,fw-cfg-mmio", .size = 0x18, .coherent = true },
    { "virtio-mmio", "virtio_mmio", "virtio,mmio", .trigger = EDGE, .coherent = true },
    { "gpex", "pcie", "pci-host-ecam-generic", .coherent = true, .more = pcie_more },
};

static const Row *row_of(const Device *dev)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].type, dev->type->name))
            return &rows[i];
    return NULL;
}

/* The number of the interrupt controller's input that the device's "irq" drives. */
static uint32_t interrupt_of(const Device *dev)
{
    const Pin *pin = device_pin(dev->type, "irq", false);
    const Line *line = pin ? (const Line *)(const void *)((const char *)dev + pin->line) : NULL;
    return line && line->changed ? (uint32_t)line->pin : 0;
}

static void clocks(Fdt *f, const char *names)
{
    uint32_t cells[] = { PHANDLE_CLOCK, PHANDLE_CLOCK };
    fdt_texts(f, "clock-names", names);
    fdt_cells(f, "clocks", cells, strchr(names, ' ') ? 2 : 1);
}

static void device_node(Fdt *f, const Virt *v, const Device *dev, const Row *r)
{
    uint64_t at, size = r->size ? r->size : dev->type->windows[0].size;
    if (!device_address(dev, 0, &at))
        return;
    fdt_node(f, "%s@%" PRIx64, r->node, !strcmp(r->node, "pcie") ? 0x10000000 : at);
    fdt_texts(f, "compatible", r->compatible);
    FDT_CELLS(f, "reg", FDT_U64(at), FDT_U64(size));
    if (r->trigger)
        FDT_CELLS(f, "interrupts", SPI, interrupt_of(dev), r->trigger);
    if (r->clocks)
        clocks(f, r->clocks);
    if (r->coherent)
        fdt_empty(f, "dma-coherent");
    if (r->more)
        r->more(f, v, dev);
    fdt_end(f);
}

/* A private interrupt's flags: its trigger, and with a GICv2 which CPUs it goes to. */
static uint32_t ppi_flags(const Virt *v)
{
    return LEVEL | (is_v2(v) ? ((1u << v->machine.config->cpus) - 1) << 8 : 0);
}

/* The controller's own registers, 64 KiB apart so that a guest may map each with large pages. */
static void gic_regs(Fdt *f, const Virt *v)
{
    if (!is_v2(v))
        FDT_CELLS(f, "reg", FDT_U64(0x08000000), FDT_U64(0x10000), FDT_U64(0x080a0000), FDT_U64(0xf60000));
    else if (v->virtualization)
        FDT_CELLS(f, "reg", FDT_U64(0x08000000), FDT_U64(0x10000), FDT_U64(0x08010000), FDT_U64(0x10000),
                  FDT_U64(0x08030000), FDT_U64(0x10000), FDT_U64(0x08040000), FDT_U64(0x10000));
    else
        FDT_CELLS(f, "reg", FDT_U64(0x08000000), FDT_U64(0x10000), FDT_U64(0x08010000), FDT_U64(0x10000));
}

static void msi_node(Fdt *f, const Virt *v)
{
    bool v2 = is_v2(v);
    if (!msi_part(v))
        return;
    uint64_t at = v2 ? 0x08020000 : 0x08080000;
    fdt_node(f, "%s@%" PRIx64, msi_part(v), at);
    fdt_text(f, "compatible", v2 ? "arm,gic-v2m-frame" : "arm,gic-v3-its");
    FDT_CELLS(f, "reg", FDT_U64(at), FDT_U64(v2 ? 0x1000 : 0x20000));
    fdt_empty(f, "msi-controller");
    if (!v2)
        FDT_CELLS(f, "#msi-cells", 1);
    FDT_CELLS(f, "phandle", PHANDLE_MSI);
    fdt_end(f);
}

static void gic_node(Fdt *f, const Virt *v)
{
    fdt_node(f, "intc@8000000");
    fdt_text(f, "compatible", is_v2(v) ? "arm,cortex-a15-gic" : "arm,gic-v3");
    fdt_empty(f, "interrupt-controller");
    FDT_CELLS(f, "#interrupt-cells", 3);
    FDT_CELLS(f, "#address-cells", 2);
    FDT_CELLS(f, "#size-cells", 2);
    fdt_empty(f, "ranges");
    FDT_CELLS(f, "phandle", PHANDLE_GIC);
    if (!is_v2(v))
        FDT_CELLS(f, "#redistributor-regions", 1);
    if (v->virtualization)
        FDT_CELLS(f, "interrupts", PPI, 9, LEVEL);
    gic_regs(f, v);
    msi_node(f, v);
    fdt_end(f);
}

static void cpu_node(Fdt *f, const Virt *v, uint32_t n)
{
    const Device *cpu = (const Device *)(const void *)v->machine.cpu[n];
    const char *model = cpu ? cpu->type->name : "";
    bool named = !strncmp(model, "cortex-", 7) || !strncmp(model, "neoverse-", 9);
    char compatible[64];
    snprintf(compatible, sizeof compatible, "arm,%s", named ? model : "armv8");
    fdt_node(f, "cpu@%x", n);
    fdt_text(f, "device_type", "cpu");
    fdt_text(f, "compatible", compatible);
    FDT_CELLS(f, "reg", n); /* the affinity of MPIDR: one cluster, as the GICv3 numbers them */
    if (v->machine.config->cpus > 1)
        fdt_text(f, "enable-method", "psci");
    FDT_CELLS(f, "phandle", PHANDLE_CPU + n);
    fdt_end(f);
}

static void cpus_node(Fdt *f, const Virt *v)
{
    uint32_t cpus = (uint32_t)v->machine.config->cpus;
    fdt_node(f, "cpus");
    FDT_CELLS(f, "#address-cells", 1);
    FDT_CELLS(f, "#size-cells", 0);
    for (uint32_t i = 0; i < cpus; i++)
        cpu_node(f, v, i);
    fdt_node(f, "cpu-map");
    fdt_node(f, "socket0");
    fdt_node(f, "cluster0");
    for (uint32_t i = 0; i < cpus; i++) {
        fdt_node(f, "core%u", i);
        FDT_CELLS(f, "cpu", PHANDLE_CPU + i);
        fdt_end(f);
    }
    fdt_end(f);
    fdt_end(f);
    fdt_end(f);
    fdt_end(f);
}

static void timer_nodes(Fdt *f, const Virt *v)
{
    uint32_t flags = ppi_flags(v);
    fdt_node(f, "timer");
    fdt_texts(f, "compatible", "arm,armv8-timer arm,armv7-timer");
    fdt_empty(f, "always-on");
    FDT_CELLS(f, "interrupts", PPI, 13, flags, PPI, 14, flags, PPI, 11, flags, PPI, 10, flags);
    fdt_end(f);
    fdt_node(f, "pmu");
    fdt_text(f, "compatible", "arm,armv8-pmuv3");
    FDT_CELLS(f, "interrupts", PPI, 7, flags);
    fdt_end(f);
}

static void psci_node(Fdt *f, const Virt *v)
{
    fdt_node(f, "psci");
    fdt_texts(f, "compatible", "arm,psci-1.0 arm,psci-0.2 arm,psci");
    fdt_text(f, "method", v->virtualization ? "smc" : "hvc");
    FDT_CELLS(f, "cpu_suspend", 0xc4000001);
    FDT_CELLS(f, "cpu_off", 0x84000002);
    FDT_CELLS(f, "cpu_on", 0xc4000003);
    FDT_CELLS(f, "migrate", 0xc4000005);
    fdt_end(f);
}

static void clock_node(Fdt *f)
{
    fdt_node(f, "apb-pclk");
    fdt_text(f, "compatible", "fixed-clock");
    FDT_CELLS(f, "#clock-cells", 0);
    FDT_CELLS(f, "clock-frequency", 24000000);
    fdt_text(f, "clock-output-names", "clk24mhz");
    FDT_CELLS(f, "phandle", PHANDLE_CLOCK);
    fdt_end(f);
}

static void keys_node(Fdt *f)
{
    fdt_node(f, "gpio-keys");
    fdt_text(f, "compatible", "gpio-keys");
    fdt_node(f, "poweroff");
    fdt_text(f, "label", "GPIO Key Poweroff");
    FDT_CELLS(f, "linux,code", 116); /* KEY_POWER */
    FDT_CELLS(f, "gpios", PHANDLE_GPIO, 3, 0);
    fdt_end(f);
    fdt_end(f);
}

static void flash_node(Fdt *f, const Machine *m)
{
    if (!machine_device((Machine *)(uintptr_t)m, "flash0"))
        return;
    fdt_node(f, "flash@0");
    fdt_text(f, "compatible", "cfi-flash");
    FDT_CELLS(f, "reg", FDT_U64(0), FDT_U64(VIRT_FLASH_SIZE), FDT_U64(VIRT_FLASH_SIZE), FDT_U64(VIRT_FLASH_SIZE));
    FDT_CELLS(f, "bank-width", 4);
    fdt_end(f);
}

static void chosen_node(Fdt *f, const Virt *v, const FdtBoot *b)
{
    fdt_node(f, "chosen");
    fdt_text(f, "stdout-path", "/pl011@9000000");
    if (b->bootargs)
        fdt_text(f, "bootargs", b->bootargs);
    if (b->initrd) {
        FDT_CELLS(f, "linux,initrd-start", FDT_U64(b->initrd));
        FDT_CELLS(f, "linux,initrd-end", FDT_U64(b->initrd_end));
    }
    if (v->dtb_randomness) {
        uint8_t seed[32];
        random_bytes(seed, sizeof seed);
        fdt_bytes(f, "rng-seed", seed, sizeof seed);
        random_bytes(seed, 8);
        fdt_bytes(f, "kaslr-seed", seed, 8);
    }
    fdt_end(f);
}

static void memory_node(Fdt *f, const FdtBoot *b)
{
    fdt_node(f, "memory@%" PRIx64, b->ram);
    fdt_text(f, "device_type", "memory");
    FDT_CELLS(f, "reg", FDT_U64(b->ram), FDT_U64(b->ram_size));
    fdt_end(f);
}

bool virt_tree(Machine *m, const FdtBoot *b, Blob *tree, Error *err)
{
    const Virt *v = (const Virt *)m;
    Fdt f;
    fdt_new(&f);
    fdt_text(&f, "model", "linux,dummy-virt");
    fdt_text(&f, "compatible", "linux,dummy-virt");
    FDT_CELLS(&f, "#address-cells", 2);
    FDT_CELLS(&f, "#size-cells", 2);
    FDT_CELLS(&f, "interrupt-parent", PHANDLE_GIC);
    chosen_node(&f, v, b);
    memory_node(&f, b);
    clock_node(&f);
    psci_node(&f, v);
    cpus_node(&f, v);
    timer_nodes(&f, v);
    gic_node(&f, v);
    flash_node(&f, m);
    keys_node(&f);
    for (const Device *d = m->devices; d; d = d->next)
        if (row_of(d))
            device_node(&f, v, d, row_of(d));
    return fdt_done(&f, tree, err);
}
