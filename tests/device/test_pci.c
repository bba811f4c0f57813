#include "devices/bus/pci.h"
#include "gicv3_bench.h"

#include <string.h>

enum {
    ECAM_SLOT = 0x8000,
    MMIO = 0x10000000,
    PORTS = 0x3eff0000,
    BAR_IO = 0,
    BAR_MSIX = 1,
    BAR_WIDE = 4,
    WIDE_SIZE = 0x4000,
};
static const uint64_t ECAM = 0x4010000000, HIGH = 0x8000000000;

static const Part pci_parts[] = {
    { "gic", "gicv3", .at = { DIST, REDIST } },
    { "its", "gicv3-its", .at = { ITS, DOORBELL }, .set = "gic=gic" },
    { "pcie.0", "gpex", .at = { 0x4010000000 }, .wire = "irq[4]>gic.spi.3" },
    { 0 },
};

/* A function with a port window, a table of vectors, and 16 KiB in 64-bit space that answers with its offset. */
typedef struct Probe {
    PciDevice pci;
    uint64_t written;
} Probe;

static uint64_t probe_read(void *dev, uint64_t at, int size)
{
    (void)dev, (void)size;
    return at;
}

static void probe_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    ((Probe *)dev)->written = value;
}

static const PciBar bars[] = {
    { BAR_IO, 0, PCI_BAR_IO },
    { BAR_MSIX, 1, 0 },
    { BAR_WIDE, 2, PCI_BAR_64 | PCI_BAR_PREFETCH },
    PCI_BARS_END,
};
static const PciType function = {
    .vendor = 0x1af4,
    .device = 0x1000,
    .subsystem_vendor = 0x1af4,
    .subsystem = 1,
    .class = 0x020000,
    .pin = 1,
    .bars = bars,
};
static const Window windows[] = {
    { 32, .read = probe_read, .write = probe_write },
    PCI_MSIX_WINDOW,
    { WIDE_SIZE, .read = probe_read, .write = probe_write },
    { 0 },
};
static const DeviceType probe_type = {
    .name = "probe",
    .about = "for tests",
    .bus = "pci",
    .size = sizeof(Probe),
    .windows = windows,
    .interface = &function,
};

static Probe probe[3];
static uint64_t config; /* of probe[0] */

static bool plug(int n, const char *addr, Error *err)
{
    Probe *p = &probe[n];
    Device *bridge = machine_device(m, "pcie.0");
    memset(p, 0, sizeof *p);
    p->pci.dev = (Device){ .type = &probe_type, .id = "probe", .machine = m, .dma = m->memory, .bus = bridge };
    p->pci.addr = (char *)(uintptr_t)addr;
    if (!bridge->type->attach(bridge, &p->pci.dev, err))
        return false;
    pci_msix_init(&p->pci, 4, BAR_MSIX);
    pci_reset(&p->pci);
    return true;
}

static void begin_pci(void)
{
    m = bench_machine(pci_parts, 2);
    gic = machine_device(m, "gic");
    Error err;
    ck_assert(plug(0, NULL, &err));
    config = ECAM + ECAM_SLOT;
}

static uint32_t config_get(uint32_t at, int size)
{
    return (uint32_t)load(m, config + at, size);
}

static void config_set(uint32_t at, uint32_t value, int size)
{
    store(m, config + at, value, size);
}

static uint32_t bar(int n)
{
    return PCI_BAR_0 + (uint32_t)n * 4;
}

/* As firmware leaves it. */
static void assign(void)
{
    config_set(bar(BAR_IO), 0x1000, 4);
    config_set(bar(BAR_MSIX), MMIO, 4);
    config_set(bar(BAR_WIDE), 0x4000, 4);
    config_set(bar(BAR_WIDE) + 4, HIGH >> 32, 4);
    config_set(PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

START_TEST(the_bridge_and_its_functions_are_found_by_their_numbers)
{
    begin_pci();
    ck_assert_uint_eq(load(m, ECAM, 4), 0x00081b36);
    ck_assert_uint_eq(load(m, ECAM + 8, 4), 0x06000000);
    ck_assert_uint_eq(config_get(PCI_VENDOR_ID, 4), 0x10001af4);
    ck_assert_uint_eq(config_get(PCI_DEVICE_ID, 2), 0x1000);
    ck_assert_uint_eq(config_get(PCI_CLASS + 2, 1), 2);
    ck_assert_uint_eq(config_get(PCI_INTERRUPT_PIN, 1), 1);
    ck_assert_uint_eq(load(m, ECAM + 2 * ECAM_SLOT, 4), 0xffffffff);
    ck_assert_uint_eq(load(m, ECAM + ECAM_SLOT + 0x1000, 2), 0xffff);
    ck_assert_uint_eq(load(m, ECAM + 0x100000, 1), 0xff);
    ck_assert_msg(config_get(0x100, 4) == 0xffffffff, "it is no PCI Express function");
}
END_TEST

START_TEST(slots_are_taken_in_turn_or_as_asked)
{
    begin_pci();
    Error err;
    ck_assert(plug(1, NULL, &err));
    ck_assert_uint_eq(probe[1].pci.devfn, 2 << 3);
    ck_assert(!plug(2, "2", &err));
    ck_assert(!plug(2, "2.1", &err)); /* the function 0 there has the slot to itself */
    ck_assert(!plug(2, "20", &err));
    ck_assert(!plug(2, "1.8", &err));
    ck_assert(!plug(2, "x", &err));
    ck_assert(plug(2, "1f.7", &err));
    ck_assert_uint_eq(load(m, ECAM + 0xff000, 2), 0x1af4);
}
END_TEST

START_TEST(base_address_registers_tell_their_sizes)
{
    begin_pci();
    ck_assert_uint_eq(config_get(bar(BAR_WIDE), 4), 0xc);
    for (int i = 0; i < PCI_BARS; i++)
        config_set(bar(i), 0xffffffff, 4);
    ck_assert_uint_eq(config_get(bar(BAR_IO), 4), 0xffffffe1);
    ck_assert_uint_eq(config_get(bar(BAR_MSIX), 4), 0xfffff000);
    ck_assert_uint_eq(config_get(bar(2), 4), 0);
    ck_assert_uint_eq(config_get(bar(BAR_WIDE), 4), 0xffffc00c);
    ck_assert_uint_eq(config_get(bar(BAR_WIDE) + 4, 4), 0xffffffff);
    config_set(PCI_COMMAND, 0xffff, 2);
    ck_assert_uint_eq(config_get(PCI_COMMAND, 2), 0x0547);
    config_set(PCI_VENDOR_ID, 0, 4);
    ck_assert_uint_eq(config_get(PCI_VENDOR_ID, 2), 0x1af4);
}
END_TEST

START_TEST(windows_appear_where_they_are_put_and_when_enabled)
{
    begin_pci();
    ck_assert_uint_eq(load(m, HIGH + 0x4010, 4), 0xffffffff);
    ck_assert_uint_eq(load(m, PORTS + 0x1008, 1), 0xff);
    assign();
    ck_assert_uint_eq(load(m, HIGH + 0x4010, 4), 0x10);
    ck_assert_uint_eq(load(m, PORTS + 0x1008, 1), 8);
    store(m, PORTS + 0x1008, 77, 1);
    ck_assert_uint_eq(probe[0].written, 77);
    config_set(bar(BAR_WIDE), 0x8000, 4);
    ck_assert_uint_eq(load(m, HIGH + 0x4010, 4), 0xffffffff);
    ck_assert_uint_eq(load(m, HIGH + 0x8010, 4), 0x10);
    config_set(PCI_COMMAND, PCI_COMMAND_IO, 2);
    ck_assert_uint_eq(load(m, HIGH + 0x8010, 4), 0xffffffff);
    ck_assert_uint_eq(load(m, PORTS + 0x1008, 1), 8);
    machine_lock(m);
    pci_reset(&probe[0].pci);
    machine_unlock(m);
    ck_assert_uint_eq(load(m, PORTS + 0x1008, 1), 0xff);
    ck_assert_uint_eq(config_get(bar(BAR_IO), 4), 1);
}
END_TEST

START_TEST(only_a_bus_master_reaches_memory)
{
    begin_pci();
    uint32_t word;
    ck_assert(!space_read(probe[0].pci.dev.dma, RAM_AT, &word, 4));
    assign();
    ck_assert(space_read(probe[0].pci.dev.dma, RAM_AT, &word, 4));
}
END_TEST

static bool spi_pending(unsigned spi)
{
    return get(DIST + PEND + 4 + spi / 32 * 4) >> spi % 32 & 1;
}

START_TEST(interrupt_pins_are_shared_and_rotated_by_slot)
{
    begin_pci();
    Error err;
    ck_assert(plug(1, "5", &err)); /* the same line as slot 1 */
    ck_assert(plug(2, "2", &err));
    for (int i = 0; i < 3; i++)
        pci_intx(&probe[i].pci, true);
    ck_assert(!spi_pending(3) && spi_pending(4) && spi_pending(5) && !spi_pending(6));
    pci_intx(&probe[0].pci, false);
    ck_assert(spi_pending(4));
    ck_assert_uint_eq(config_get(PCI_STATUS, 2) & 8, 0);
    ck_assert_uint_eq(load(m, ECAM + 5 * ECAM_SLOT + PCI_STATUS, 2) & 8, 8);
    store(m, ECAM + 5 * ECAM_SLOT + PCI_COMMAND, PCI_COMMAND_NO_INTX, 2);
    ck_assert(!spi_pending(4));
    store(m, ECAM + 5 * ECAM_SLOT + PCI_COMMAND, 0, 2);
    ck_assert(spi_pending(4));
    Device *bridge = machine_device(m, "pcie.0");
    bridge->type->detach(bridge, &probe[1].pci.dev);
    ck_assert(!spi_pending(4));
}
END_TEST

START_TEST(capabilities_form_a_list)
{
    begin_pci();
    ck_assert_uint_eq(config_get(PCI_STATUS, 2), 0x10);
    ck_assert_uint_eq(config_get(PCI_CAPABILITIES, 1), 0x40);
    ck_assert_uint_eq(config_get(0x40, 2), 0x0011);
    ck_assert_uint_eq(config_get(0x42, 2), 3);
    ck_assert_uint_eq(config_get(0x44, 4), BAR_MSIX);
    ck_assert_uint_eq(config_get(0x48, 4), 0x800 | BAR_MSIX);
    uint8_t at = pci_capability(&probe[0].pci, 9, 0x11);
    ck_assert_uint_eq(config_get(0x40, 2), 0x11 | at << 8);
    pci_express_init(&probe[0].pci);
    ck_assert_uint_eq(config_get(at + 1u, 1), at + 0x14);
    ck_assert_uint_eq(config_get(at + 0x14u, 1), 0x10);
    pci_extended_capability(&probe[0].pci, 0x100, 1, 2, 0);
    ck_assert_uint_eq(config_get(0x100, 4), 0x00020001);
}
END_TEST

/* The ITS with device 8 (slot 1) event 3 as LPI 8192 of CPU 0. */
static void messages_begin(void)
{
    const uint64_t valid = 1ull << 63, ram = RAM_AT;
    begin_pci();
    set(DIST, 0x13);
    msr(0, PMR, 0xf0);
    msr(0, IGRPEN1, 1);
    store(m, REDIST + 0x70, (ram + 0x400000) | 15, 8);
    store(m, REDIST + 0x78, ram + 0x500000, 8);
    set(REDIST, 1);
    store(m, ram + 0x400000, 0xa1, 1);
    const uint64_t command[3][4] = { { 8 | 8ull << 32, 4, valid | (ram + 0x600000) },
                                     { 9, 0, valid },
                                     { 10 | 8ull << 32, 8192ull << 32 | 3, 0 } };
    for (unsigned i = 0; i < 12; i++)
        store(m, ram + 0x100000 + i * 8, command[i / 4][i % 4], 8);
    store(m, ITS + 0x80, valid | (ram + 0x100000), 8);
    store(m, ITS + 0x100, valid | (ram + 0x200000), 8);
    store(m, ITS + 0x108, valid | (ram + 0x300000), 8);
    set(ITS, 1);
    store(m, ITS + 0x88, 96, 8);
    assign();
    store(m, MMIO + 2 * 16, DOORBELL + 0x40, 8);
    store(m, MMIO + 2 * 16 + 8, 3, 4);
    store(m, MMIO + 2 * 16 + 12, 0, 4);
}

static void notify(unsigned vector)
{
    machine_lock(m);
    pci_msix_notify(&probe[0].pci, vector);
    machine_unlock(m);
}

START_TEST(a_message_goes_from_the_function_through_the_its_to_a_cpu)
{
    messages_begin();
    notify(2);
    ck_assert_msg(!irq(0), "MSI-X is not enabled");
    config_set(0x42, 0x8000, 2);
    ck_assert_uint_eq(config_get(0x42, 2), 0x8003);
    notify(2);
    ck_assert(irq(0));
    ck_assert_uint_eq(mrs(0, IAR1), 8192);
    msr(0, EOIR1, 8192);
    notify(4), notify(~0u), notify(1);
    ck_assert(!irq(0));
}
END_TEST

START_TEST(a_masked_message_waits_as_a_pending_bit)
{
    messages_begin();
    config_set(0x42, 0x8000, 2);
    store(m, MMIO + 2 * 16 + 12, 1, 4);
    notify(2);
    ck_assert(!irq(0));
    ck_assert_uint_eq(load(m, MMIO + 0x800, 8), 4);
    config_set(0x42, 0xc000, 2);
    store(m, MMIO + 2 * 16 + 12, 0, 4);
    ck_assert_msg(!irq(0), "the whole function is masked");
    config_set(0x42, 0x8000, 2);
    ck_assert(irq(0));
    ck_assert_uint_eq(load(m, MMIO + 0x800, 4), 0);
    config_set(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    ck_assert_uint_eq(mrs(0, IAR1), 8192);
    notify(2);
    ck_assert_msg(mrs(0, HPPIR1) == SPURIOUS, "no bus master, no message");
}
END_TEST

START_TEST(every_offset_survives_every_access)
{
    begin_pci();
    assign();
    for (uint64_t at = 0; at < 0x10000; at++)
        for (int size = 1; size <= 8; size *= 2) {
            load(m, ECAM + at, size);
            store(m, ECAM + at, ~0ull, size);
            store(m, ECAM + at, at * 0x9e3779b97f4a7c15, size);
        }
    assign();
    for (uint64_t at = 0; at < 0x1000; at++)
        for (int size = 1; size <= 8; size *= 2) {
            store(m, MMIO + at, ~0ull, size);
            load(m, MMIO + at, size);
        }
    load(m, ECAM + 0xfffffff, 8);
}
END_TEST

START_TEST(a_machine_with_a_bridge_can_be_freed)
{
    begin_pci();
    assign();
    Device *bridge = machine_device(m, "pcie.0");
    bridge->type->detach(bridge, &probe[0].pci.dev);
    ck_assert_uint_eq(config_get(0, 4), 0xffffffff);
    machine_free(m);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { the_bridge_and_its_functions_are_found_by_their_numbers,
                                   slots_are_taken_in_turn_or_as_asked,
                                   base_address_registers_tell_their_sizes,
                                   windows_appear_where_they_are_put_and_when_enabled,
                                   only_a_bus_master_reaches_memory,
                                   interrupt_pins_are_shared_and_rotated_by_slot,
                                   capabilities_form_a_list,
                                   a_message_goes_from_the_function_through_the_its_to_a_cpu,
                                   a_masked_message_waits_as_a_pending_bit,
                                   every_offset_survives_every_access,
                                   a_machine_with_a_bridge_can_be_freed,
                                   NULL };
    return run_tests("pci", tests, NULL);
}
