/* The chip set of a PC, wired as in one: bridges, power management, APICs, timers, DMA. */
#include "config.h"
#include "core/ports.h"
#include "core/requester.h"
#include "core/run.h"
#include "core/snapshot.h"
#include "core/sysregs.h"
#include "devices/intc/apic.h"
#include "devices/system/i8237.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Machine *m;

static bool prepare(Machine *machine, Error *err)
{
    Region *ram = ram_add(machine, "ram", 4 << 20, false, err), *rom = ram_add(machine, "rom", 1 << 16, true, err);
    if (!ram || !rom)
        return false;
    memset(rom->ram, 0x5a, 1 << 16);
    space_map(machine->memory, 0, ram, 0);
    space_map(machine->memory, 0xf0000, rom, 1);
    return true;
}

static const Part parts[] = {
    { "irqs", "pc-irqs", .wire = "old[16]>pic.in.0 apic[24]>ioapic.in.0" },
    { "pic", "isa-i8259", .port = { 0x20, 0xa0, 0x4d0 }, .wire = "intr>apic.external" },
    { "apic", "apic", .at = { 0xfee00000 }, .set = "pic=pic" },
    { "ioapic", "ioapic", .at = { 0xfec00000 }, .set = "apic=apic,counted=4" },
    { "pci.0", "i440FX-pcihost", .port = { 0xcf8 },
      .wire = "irq.0>isa.pirq.3 irq.1>isa.pirq.0 irq.2>isa.pirq.1 irq.3>isa.pirq.2" },
    { "isa", "PIIX3", "pci.0", .set = "addr=1.0,multifunction=on", .wire = "irq[16]>irqs.pci.0" },
    { "pm", "PIIX4_PM", "pci.0", .set = "addr=1.3", .port = { 0xb2 }, .wire = "irq>irqs.in.9 smi>apic.smi" },
    { "pit", "isa-pit", .port = { 0x40, 0x61 }, .wire = "irq>hpet.pit" },
    { "hpet", "hpet", .at = { 0xfed00000 }, .wire = "irq.2>irqs.in.2 old.0>irqs.in.0" },
    { "dma", "i8257", .port = { PORT_0, 0xc0, 0x80 } },
    { 0 },
};

static void begin(void)
{
    static const MachineType type = {
        .name = "chipset", .parts = parts, .prepare = prepare, .ram = 4 << 20, .cpus_max = 4
    };
    Error err;
    m = machine_new(&type, &(MachineConfig){ .cpus = 4 }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
}

static uint64_t load(uint64_t at, int size)
{
    machine_lock(m);
    uint64_t value = space_load(m->memory, at, size, NULL);
    machine_unlock(m);
    return value;
}

static void store(uint64_t at, uint64_t value, int size)
{
    machine_lock(m);
    ck_assert(space_store(m->memory, at, value, size));
    machine_unlock(m);
}

static uint32_t config_get(unsigned devfn, uint32_t at, int size)
{
    port_out(m, 0, 0xcf8, 0x80000000 | devfn << 8 | (at & 0xfc), 4);
    return port_in(m, 0, (uint16_t)(0xcfc + at % 4), size);
}

static void config_set(unsigned devfn, uint32_t at, uint32_t value, int size)
{
    port_out(m, 0, 0xcf8, 0x80000000 | devfn << 8 | (at & 0xfc), 4);
    port_out(m, 0, (uint16_t)(0xcfc + at % 4), value, size);
}

static void drive(const char *id, const char *pin, int n, bool level)
{
    Device *d = machine_device(m, id);
    machine_lock(m);
    device_pin(d->type, pin, true)->in(d, device_pin(d->type, pin, true)->first + n, level);
    machine_unlock(m);
}

static const Line *line(const char *id, const char *pin, int n)
{
    Device *d = machine_device(m, id);
    return (const Line *)(void *)((char *)d + device_pin(d->type, pin, false)->line) + n;
}

START_TEST(functions_are_found_by_configuration_mechanism_1)
{
    begin();
    ck_assert_uint_eq(config_get(0, 0, 4), 0x12378086);
    ck_assert_uint_eq(config_get(8, 0, 4), 0x70008086);
    ck_assert_uint_eq(config_get(8, 0x0e, 1), 0x80);
    ck_assert_uint_eq(config_get(11, 2, 2), 0x7113);
    ck_assert_uint_eq(config_get(0x18, 0, 4), 0xffffffff);
    ck_assert_uint_eq(port_in(m, 0, 0xcf8, 4), 0x80001800);
    port_out(m, 0, 0xcf8, 0x80010000, 4); /* another bus */
    ck_assert_uint_eq(port_in(m, 0, 0xcfc, 4), 0xffffffff);
    port_out(m, 0, 0xcf9, 2, 1);
    ck_assert_int_eq(machine_stopping(m), RUN);
    port_out(m, 0, 0xcf9, 6, 1);
    ck_assert_int_eq(machine_stopping(m), STOP_RESET);
    machine_free(m);
}
END_TEST

START_TEST(a_segment_is_rom_or_ram_as_the_bridge_is_told)
{
    begin();
    ck_assert_uint_eq(load(0xf0000, 1), 0x5a);
    store(0xf0000, 1, 1);
    ck_assert_uint_eq(load(0xf0000, 1), 0x5a);
    config_set(0, 0x59, 0x20, 1); /* reads ROM, writes RAM */
    store(0xf0000, 0x11, 1);
    ck_assert_uint_eq(load(0xf0000, 1), 0x5a);
    config_set(0, 0x59, 0x10, 1); /* reads RAM only */
    ck_assert_uint_eq(load(0xf0000, 1), 0x11);
    store(0xf0000, 0x22, 1);
    ck_assert_uint_eq(load(0xf0000, 1), 0x11);
    config_set(0, 0x59, 0x30, 1);
    store(0xf0000, 0x33, 1);
    ck_assert_uint_eq(load(0xf0000, 1), 0x33);
    machine_reset(m);
    ck_assert_uint_eq(load(0xf0000, 1), 0x5a);
    machine_free(m);
}
END_TEST

START_TEST(system_management_ram_is_hidden_and_locked)
{
    begin();
    config_set(0, 0x72, 0x4a, 1); /* open */
    store(0xa0000, 0x77, 1);
    config_set(0, 0x72, 0x0a, 1);
    ck_assert_uint_eq(*space_ram(m->private_memory, 0xa0000, NULL), 0x77);
    config_set(0, 0x72, 0x1a, 1);
    config_set(0, 0x72, 0x4a, 1);
    ck_assert_uint_eq(config_get(0, 0x72, 1), 0x1a);
    machine_reset(m);
    ck_assert_uint_eq(config_get(0, 0x72, 1), 0x02);
    machine_free(m);
}
END_TEST

START_TEST(address_line_20_can_be_gated)
{
    begin();
    store(0x1234, 0xab, 1);
    store(0x101234, 0xcd, 1);
    drive("pci.0", "a20", 0, false);
    ck_assert_uint_eq(load(0x101234, 1), 0xab);
    drive("pci.0", "a20", 0, true);
    ck_assert_uint_eq(load(0x101234, 1), 0xcd);
    drive("pci.0", "a20", 0, false);
    machine_free(m);
}
END_TEST

/* ---- interrupts ---- */

static const SysregPort *port(void)
{
    return machine_device(m, "apic")->type->interface;
}

static int take(int cpu)
{
    return port()->acknowledge(machine_device(m, "apic"), cpu);
}

static void apic_store(int cpu, uint32_t at, uint32_t value)
{
    requester_cpu = cpu;
    store(0xfee00000 + at, value, 4);
    requester_cpu = 0;
}

static uint32_t apic_load(int cpu, uint32_t at)
{
    requester_cpu = cpu;
    uint32_t value = (uint32_t)load(0xfee00000 + at, 4);
    requester_cpu = 0;
    return value;
}

static void ioapic_entry(int n, uint64_t entry)
{
    for (int i = 0; i < 2; i++) {
        store(0xfec00000, (uint64_t)(0x10 + n * 2 + i), 4);
        store(0xfec00010, (uint32_t)(entry >> i * 32), 4);
    }
}

START_TEST(old_software_gets_interrupts_through_the_first_local_apic)
{
    begin();
    port_out(m, 0, 0x20, 0x11, 1);
    port_out(m, 0, 0x21, 8, 1);
    port_out(m, 0, 0x21, 4, 1);
    port_out(m, 0, 0x21, 1, 1);
    drive("irqs", "in", 3, true);
    ck_assert(line("apic", "intr", 0)->level);
    ck_assert(!line("apic", "intr", 1)->level);
    ck_assert_int_eq(take(0), 11);
    ck_assert(!line("apic", "intr", 0)->level);
    machine_free(m);
}
END_TEST

START_TEST(the_io_apic_sends_levels_until_their_end)
{
    begin();
    apic_store(2, 0xf0, 0x1ff);
    ck_assert_uint_eq(apic_load(2, 0x20), 2u << 24);
    ck_assert_uint_eq(apic_load(2, 0x30), 0x50014);
    ioapic_entry(11, 0x0200000000008051); /* level, to APIC 2 */
    drive("irqs", "in", 11, true);
    ck_assert(line("apic", "intr", 2)->level);
    ck_assert_int_eq(take(2), 0x51);
    ck_assert(!line("apic", "intr", 2)->level);
    apic_store(2, 0xb0, 0);
    ck_assert_int_eq(take(2), 0x51); /* it is still there */
    drive("irqs", "in", 11, false);
    apic_store(2, 0xb0, 0);
    ck_assert(!line("apic", "intr", 2)->level);
    ck_assert_int_eq(take(2), 0xff);
    machine_free(m);
}
END_TEST

static void pulse(int n)
{
    drive("irqs", "in", n, true);
    drive("irqs", "in", n, false);
}

/* How often CPU 0 takes this vector until nothing is left. */
static int takes(int vector)
{
    int times = 0;
    for (; line("apic", "intr", 0)->level && times < 1000; times++) {
        ck_assert_int_eq(take(0), vector);
        apic_store(0, 0xb0, 0);
    }
    return times;
}

START_TEST(a_clock_loses_no_edge_while_its_cpu_is_away)
{
    begin();
    port_out(m, 0, 0x21, 0xff, 1);
    apic_store(0, 0xf0, 0x1ff);
    ioapic_entry(2, 0x30);
    ioapic_entry(3, 0x31);
    for (int i = 0; i < 5; i++)
        pulse(0);
    ck_assert_int_eq(takes(0x30), 5);
    for (int i = 0; i < 5; i++)
        pulse(3);
    ck_assert_int_eq(takes(0x31), 1); /* no clock */
    for (int i = 0; i < 10000; i++)
        pulse(0);
    ck_assert_int_eq(takes(0x30), 251);
    pulse(0);
    pulse(0);
    ioapic_entry(2, 0x10030); /* masked: what was late is forgotten */
    pulse(0);
    ioapic_entry(2, 0x30);
    ck_assert_int_eq(takes(0x30), 1);
    machine_free(m);
}
END_TEST

START_TEST(priorities_hold_lower_vectors_back)
{
    begin();
    apic_store(0, 0xf0, 0x1ff);
    apic_store(0, 0x300, 0x44031); /* to itself */
    apic_store(0, 0x300, 0x44061);
    ck_assert_int_eq(take(0), 0x61);
    ck_assert(!line("apic", "intr", 0)->level);
    ck_assert_uint_eq(apic_load(0, 0xa0), 0x60);
    apic_store(0, 0xb0, 0);
    ck_assert(line("apic", "intr", 0)->level);
    apic_store(0, 0x80, 0x30);
    ck_assert(!line("apic", "intr", 0)->level);
    apic_store(0, 0x80, 0x20);
    ck_assert_int_eq(take(0), 0x31);
    machine_free(m);
}
END_TEST

START_TEST(messages_reach_sets_and_everybody)
{
    begin();
    for (int i = 0; i < 4; i++) {
        apic_store(i, 0xf0, 0x1ff);
        apic_store(i, 0xd0, 1u << (24 + i));
    }
    apic_store(0, 0x310, 0x0a000000);
    apic_store(0, 0x300, 0x4840); /* logical: 1 and 3 */
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(line("apic", "intr", i)->level, i % 2);
    apic_store(0, 0x300, 0xc4050); /* all but itself */
    ck_assert_int_eq(take(2), 0x50);
    ck_assert_int_eq(take(0), 0xff);
    machine_lock(m);
    apic_signal(machine_device(m, "apic"), 0xfee00000, 0x4066); /* MSI to APIC 0 */
    machine_unlock(m);
    ck_assert_int_eq(take(0), 0x66);
    machine_free(m);
}
END_TEST

START_TEST(x2apic_registers_are_model_specific)
{
    Device *apic;
    uint64_t value;
    begin();
    apic = machine_device(m, "apic");
    ck_assert(!port()->read(apic, 1, 0x802, &value));
    ck_assert(port()->read(apic, 1, 0x1b, &value));
    ck_assert_uint_eq(value, 0xfee00800);
    ck_assert(port()->write(apic, 1, 0x1b, 0xfee00c00));
    ck_assert(port()->read(apic, 1, 0x802, &value));
    ck_assert_uint_eq(value, 1);
    ck_assert(port()->read(apic, 1, 0x80d, &value));
    ck_assert_uint_eq(value, 2);
    ck_assert(port()->write(apic, 1, 0x80f, 0x1ff));
    ck_assert(port()->write(apic, 1, 0x83f, 0x45));
    ck_assert_int_eq(take(1), 0x45);
    ck_assert(port()->write(apic, 1, 0x80000008, 9)); /* CR8 */
    ck_assert(port()->read(apic, 1, 0x808, &value));
    ck_assert_uint_eq(value, 0x90);
    ck_assert(!port()->read(apic, 1, 0x10, &value));
    machine_free(m);
}
END_TEST

START_TEST(pci_interrupts_are_routed)
{
    begin();
    config_set(8, 0x60, 10, 1);
    drive("isa", "pirq", 0, true);
    ck_assert(line("irqs", "old", 10)->level);
    config_set(8, 0x60, 11, 1);
    ck_assert(!line("irqs", "old", 10)->level);
    ck_assert(line("irqs", "old", 11)->level);
    drive("irqs", "in", 11, true);
    drive("isa", "pirq", 0, false);
    ck_assert(line("irqs", "old", 11)->level);
    machine_free(m);
}
END_TEST

/* ---- power management ---- */

enum { PM = 0xb000 };

static void begin_pm(void)
{
    begin();
    config_set(11, 0x40, PM | 1, 4);
    config_set(11, 0x80, 1, 1);
    port_out(m, 0, 0xb2, 0xf1, 1);
}

START_TEST(the_power_button_interrupts_and_sleep_type_0_is_off)
{
    begin_pm();
    ck_assert_uint_eq(port_in(m, 0, PM + 4, 2), 1); /* ACPI mode */
    port_out(m, 0, PM + 2, 0x100, 2);
    machine_lock(m);
    machine_powerdown(m);
    machine_unlock(m);
    ck_assert(line("pm", "irq", 0)->level);
    ck_assert_uint_eq(port_in(m, 0, PM, 2), 0x100);
    port_out(m, 0, PM, 0x100, 2);
    ck_assert(!line("pm", "irq", 0)->level);
    port_out(m, 0, PM + 4, 0x0401, 2);
    ck_assert_int_eq(machine_stopping(m), RUN);
    port_out(m, 0, PM + 4, 0x2001, 2);
    ck_assert_int_eq(machine_stopping(m), STOP_POWEROFF);
    config_set(11, 0x80, 0, 1);
    ck_assert_uint_eq(port_in(m, 0, PM, 2), 0xffff);
    machine_free(m);
}
END_TEST

/* ---- DMA ---- */

START_TEST(a_dma_channel_moves_to_memory_and_stops_at_its_end)
{
    begin();
    Device *dma = machine_device(m, "dma");
    static const uint8_t script[][2] = { { 0x0c, 0 }, { 0x0b, 0x46 }, { 4, 0x00 }, { 4, 0x20 },
                                         { 5, 3 },    { 5, 0 },       { 0x81, 1 }, { 0x0a, 2 } };
    for (size_t i = 0; i < sizeof script / sizeof *script; i++)
        port_out(m, 0, script[i][0], script[i][1], 1);
    char bytes[] = "abcdefgh";
    bool last;
    machine_lock(m);
    ck_assert_uint_eq(i8237_transfer(dma, 2, bytes, 2, &last), 2);
    ck_assert(!last);
    ck_assert_uint_eq(i8237_transfer(dma, 2, bytes + 2, 6, &last), 2);
    ck_assert(last);
    ck_assert_uint_eq(i8237_transfer(dma, 2, bytes, 8, &last), 0);
    machine_unlock(m);
    ck_assert_uint_eq(load(0x12000, 4), 0x64636261);
    ck_assert_uint_eq(port_in(m, 0, 8, 1), 4);
    ck_assert_uint_eq(port_in(m, 0, 8, 1), 0);
    machine_free(m);
}
END_TEST

/* ---- timers, on benches whose time moves ---- */

START_TEST(the_event_timer_is_periodic_and_replaces_the_old_one)
{
    Bench b = bench("hpet", NULL);
    uint64_t value;
    ck_assert(bench_load(&b, 0, 0, 8, &value));
    ck_assert_uint_eq(value, 0x009896808086a201);
    bench_drive(&b, "pit", true);
    ck_assert(bench_line(&b, "old.0"));
    ck_assert(bench_store(&b, 0, 0x10, 3, 8));
    ck_assert(!bench_line(&b, "old.0"));
    ck_assert(bench_store(&b, 0, 0x100, 0x4e, 8)); /* level, periodic */
    ck_assert(bench_store(&b, 0, 0x108, 1000, 8));
    ck_assert(bench_store(&b, 0, 0x108, 500, 8));
    bench_sleep(&b, 9990);
    ck_assert(!bench_line(&b, "old.0"));
    bench_sleep(&b, 20);
    ck_assert(bench_line(&b, "old.0"));
    ck_assert(bench_store(&b, 0, 0x20, 1, 8));
    ck_assert(!bench_line(&b, "old.0"));
    bench_sleep(&b, 5000);
    ck_assert(bench_line(&b, "old.0"));
    ck_assert(bench_load(&b, 0, 0xf0, 4, &value));
    ck_assert_uint_eq(value, 1501);
    bench_end(&b);
}
END_TEST

static int ticks;

static void tick(void *dev, int pin, bool level)
{
    (void)dev, (void)pin;
    ticks += level;
}

/* The host had no time for us meanwhile. */
static void oversleep(Bench *b, int64_t ns)
{
    b->machine->run->frozen += ns;
    bench_sleep(b, 0);
}

START_TEST(late_periods_follow_but_not_those_of_a_long_sleep)
{
    Bench b = bench("hpet", NULL);
    Line *old = (Line *)(void *)((char *)b.dev + device_pin(b.dev->type, "old", false)->line);
    ck_assert(bench_store(&b, 0, 0x100, 0x4c, 8)); /* edges, periodic */
    ck_assert(bench_store(&b, 0, 0x108, 1000, 8));
    ck_assert(bench_store(&b, 0, 0x108, 1000, 8));
    ck_assert(bench_store(&b, 0, 0x10, 3, 8));
    old->changed = tick;
    ticks = 0;
    oversleep(&b, 20 * 10000 + 5);
    ck_assert_int_eq(ticks, 20);
    oversleep(&b, INT64_C(3000000000));
    ck_assert_int_eq(ticks, 21);
    bench_sleep(&b, 10000);
    ck_assert_int_eq(ticks, 22);
    bench_end(&b);
}
END_TEST

START_TEST(the_local_timer_fires_once_or_each_period)
{
    Bench b = bench("apic", NULL);
    bench_write(&b, 0xf0, 0x1ff);
    bench_write(&b, 0x3e0, 0xb); /* by 1 */
    bench_write(&b, 0x320, 0x20040);
    bench_write(&b, 0x380, 1000);
    bench_sleep(&b, 400);
    ck_assert_uint_eq(bench_read(&b, 0x390), 600);
    ck_assert(!bench_line(&b, "intr.0"));
    bench_sleep(&b, 700);
    ck_assert(bench_line(&b, "intr.0"));
    ck_assert_uint_eq(bench_read(&b, 0x390), 900);
    bench_write(&b, 0x320, 0x40);
    bench_sleep(&b, 10000);
    ck_assert_uint_eq(bench_read(&b, 0x390), 0);
    bench_end(&b);
}
END_TEST

START_TEST(the_event_timer_keeps_to_its_ticks)
{
    Bench b = bench("hpet", NULL);
    ck_assert(bench_store(&b, 0, 0x10, 3, 8));
    ck_assert(bench_store(&b, 0, 0x100, 0x46, 8)); /* level */
    bench_sleep(&b, 1003);                         /* 10 ns each */
    ck_assert(bench_store(&b, 0, 0x108, 200, 8));
    bench_sleep(&b, 996);
    ck_assert(!bench_line(&b, "old.0"));
    bench_sleep(&b, 1);
    ck_assert(bench_line(&b, "old.0"));
    bench_end(&b);
}
END_TEST

/* It was just about to fire. */
START_TEST(a_timer_that_is_due_outlives_a_snapshot)
{
    char path[] = "/tmp/dragoman-due-XXXXXX";
    Error err;
    Bench b = bench("apic", NULL);
    bench_write(&b, 0xf0, 0x1ff);
    bench_write(&b, 0x3e0, 0xb); /* by 1 */
    bench_write(&b, 0x320, 0x40);
    bench_write(&b, 0x380, 1000);
    b.machine->run->frozen += 1000;
    close(mkstemp(path));
    machine_lock(b.machine);
    ck_assert_msg(snapshot_save(b.machine, path, &err), "%s", err.text);
    ck_assert_msg(snapshot_load(b.machine, path, &err), "%s", err.text);
    machine_unlock(b.machine);
    unlink(path);
    bench_sleep(&b, 0);
    ck_assert(bench_line(&b, "intr.0"));
    bench_end(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { functions_are_found_by_configuration_mechanism_1,
                                   a_segment_is_rom_or_ram_as_the_bridge_is_told,
                                   system_management_ram_is_hidden_and_locked,
                                   address_line_20_can_be_gated,
                                   old_software_gets_interrupts_through_the_first_local_apic,
                                   the_io_apic_sends_levels_until_their_end,
                                   a_clock_loses_no_edge_while_its_cpu_is_away,
                                   priorities_hold_lower_vectors_back,
                                   messages_reach_sets_and_everybody,
                                   x2apic_registers_are_model_specific,
                                   pci_interrupts_are_routed,
                                   the_power_button_interrupts_and_sleep_type_0_is_off,
                                   a_dma_channel_moves_to_memory_and_stops_at_its_end,
                                   the_event_timer_is_periodic_and_replaces_the_old_one,
                                   late_periods_follow_but_not_those_of_a_long_sleep,
                                   the_event_timer_keeps_to_its_ticks,
                                   the_local_timer_fires_once_or_each_period,
                                   HAVE_ZLIB ? a_timer_that_is_due_outlives_a_snapshot : NULL, /* snapshots need it */
                                   NULL };
    return run_tests("device/pc-chipset", tests, NULL);
}
