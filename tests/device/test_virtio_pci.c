/* The PCI transport of virtio, with the simplest device: capabilities, queues, both kinds of interrupt. */
#include "devices/bus/pci.h"
#include "tests/device/virtio_driver.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT = 0x8000, BAR_1 = 0x14, BAR_4 = 0x20, MSIX_AT = 0x10000000, MESSAGE = 0x300000 };
enum { COMMON = 1, NOTIFY, ISR, DEVICE, ACCESS };
static const uint64_t WINDOW_AT = 0x8000004000;

static Bench b;
static uint64_t part[6]; /* where each kind of capability says its part is */
static uint32_t access_cap;

static uint32_t config_get(uint32_t at, int size)
{
    uint64_t value;
    ck_assert(bench_load(&b, 0, SLOT + at, size, &value));
    return (uint32_t)value;
}

static void config_set(uint32_t at, uint32_t value, int size)
{
    ck_assert(bench_store(&b, 0, SLOT + at, value, size));
}

static uint64_t load(uint64_t at, int size)
{
    bool ok;
    machine_lock(b.machine);
    uint64_t value = space_load(b.machine->memory, at, size, &ok);
    machine_unlock(b.machine);
    ck_assert(ok);
    return value;
}

static void store(uint64_t at, uint64_t value, int size)
{
    machine_lock(b.machine);
    ck_assert(space_store(b.machine->memory, at, value, size));
    machine_unlock(b.machine);
}

static uint64_t common(uint32_t at, int size)
{
    return load(part[COMMON] + at, size);
}

static void set_common(uint32_t at, uint64_t value, int size)
{
    store(part[COMMON] + at, value, size);
}

static void find_parts(void)
{
    for (uint32_t at = config_get(0x34, 1); at; at = config_get(at + 1, 1)) {
        uint32_t kind = config_get(at + 3, 1);
        if (config_get(at, 1) != 9)
            continue;
        ck_assert_uint_ge(kind, COMMON);
        ck_assert_uint_le(kind, ACCESS);
        if (kind == ACCESS)
            access_cap = at;
        else
            ck_assert_uint_eq(config_get(at + 4, 1), 4);
        part[kind] = WINDOW_AT + config_get(at + 8, 4);
    }
}

static void assign(void)
{
    config_set(BAR_1, MSIX_AT, 4);
    config_set(BAR_4, (uint32_t)WINDOW_AT, 4);
    config_set(BAR_4 + 4, WINDOW_AT >> 32, 4);
    config_set(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    find_parts();
}

static void begin(const char *type)
{
    b = bench(type, strstr(type, "blk") ? "drive=mem" : NULL);
    assign();
}

/* The first queue at RINGS, eight entries. */
static void start(Ring *r)
{
    *r = (Ring){ .b = &b, .size = 8 };
    set_common(0x14, 3, 1);
    set_common(0x08, 1, 4);
    set_common(0x0c, 1, 4);
    set_common(0x14, 11, 1);
    ck_assert_uint_eq(common(0x14, 1), 11);
    set_common(0x18, 8, 2);
    set_common(0x20, ring_desc_at(r), 8);
    set_common(0x28, ring_avail_at(r), 4);
    set_common(0x2c, 0, 4);
    set_common(0x30, ring_used_at(r), 8);
    set_common(0x1c, 1, 2);
    ck_assert_uint_eq(common(0x1c, 2), 1);
    set_common(0x14, 15, 1);
    ring_desc(r, 0, BUFFERS, 16, WRITE, 0);
}

static void ask(Ring *r)
{
    uint32_t head, written;
    ring_add(r, 0);
    store(part[NOTIFY] + common(0x1e, 2) * 4, 0, 2);
    ck_assert(ring_done(r, &head, &written));
    ck_assert_uint_eq(written, 16);
}

static bool line(int n)
{
    Device *bus = machine_device(b.machine, "bus");
    const Pin *pin = device_pin(bus->type, "irq", false);
    return ((const Line *)(const void *)((const char *)bus + pin->line))[n].level;
}

START_TEST(the_function_says_what_it_is)
{
    static const struct Known {
        const char *type;
        uint32_t id, class, queues;
    } known[] = {
        { "virtio-net-pci", 0x10411af4, 0x020000, 3 },
        { "virtio-blk-pci", 0x10421af4, 0x010000, 1 },
        { "virtio-rng-pci", 0x10441af4, 0x00ff00, 1 },
    };
    begin(known[_i].type);
    ck_assert_uint_eq(config_get(0, 4), known[_i].id);
    ck_assert_uint_eq(config_get(8, 4), known[_i].class << 8 | 1);
    ck_assert(part[COMMON] && part[NOTIFY] && part[ISR] && part[ACCESS]);
    ck_assert_uint_eq(common(0x12, 2), known[_i].queues);
    set_common(0, 1, 4);
    ck_assert_uint_eq(common(4, 4), 1);
    bench_end(&b);
}
END_TEST

START_TEST(the_disk_tells_its_capacity)
{
    begin("virtio-blk-pci");
    ck_assert_uint_eq(load(part[DEVICE], 8), 2048);
    bench_end(&b);
}
END_TEST

START_TEST(a_pin_is_pulled_until_the_isr_is_read)
{
    Ring r;
    begin("virtio-rng-pci");
    start(&r);
    ask(&r);
    ck_assert(line(1)); /* slot 1 */
    ck_assert_uint_eq(load(part[ISR], 1), 1);
    ck_assert(!line(1));
    ck_assert_uint_eq(load(part[ISR], 1), 0);
    bench_end(&b);
}
END_TEST

static uint32_t msix(void)
{
    uint32_t at = config_get(0x34, 1);
    while (config_get(at, 1) != 0x11)
        at = config_get(at + 1, 1);
    return at;
}

START_TEST(a_message_is_sent_for_the_queue)
{
    Ring r;
    uint32_t word;
    begin("virtio-rng-pci");
    ck_assert_uint_eq(config_get(msix() + 2, 2), 1); /* two vectors */
    config_set(msix() + 2, 0x8000, 2);
    store(MSIX_AT + 16, MESSAGE, 8);
    store(MSIX_AT + 24, 0x1234, 4);
    store(MSIX_AT + 28, 0, 4);
    set_common(0x1a, 2, 2);
    ck_assert_uint_eq(common(0x1a, 2), 0xffff); /* there is no third */
    set_common(0x10, 0, 2);
    set_common(0x1a, 1, 2);
    ck_assert_uint_eq(common(0x10, 2), 0);
    ck_assert_uint_eq(common(0x1a, 2), 1);
    start(&r);
    ask(&r);
    memcpy(&word, b.ram + MESSAGE, 4);
    ck_assert_uint_eq(word, 0x1234);
    ck_assert(!line(1));
    set_common(0x14, 0, 1);
    ck_assert_uint_eq(common(0x1a, 2), 0xffff);
    bench_end(&b);
}
END_TEST

START_TEST(nothing_happens_while_it_is_no_bus_master)
{
    Ring r;
    uint32_t head, written;
    begin("virtio-rng-pci");
    start(&r);
    config_set(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    ring_add(&r, 0);
    store(part[NOTIFY], 0, 2);
    ck_assert(!ring_done(&r, &head, &written));
    config_set(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    store(part[NOTIFY], 0, 2);
    ck_assert(ring_done(&r, &head, &written));
    bench_end(&b);
}
END_TEST

START_TEST(configuration_space_is_a_way_to_the_window)
{
    begin("virtio-rng-pci");
    config_set(PCI_COMMAND, 0, 2);
    config_set(access_cap + 4, 4, 1);
    config_set(access_cap + 8, 0x12, 4);
    config_set(access_cap + 12, 2, 4);
    ck_assert_uint_eq(config_get(access_cap + 16, 4) & 0xffff, 1); /* queues */
    config_set(access_cap + 8, 0x14, 4);
    config_set(access_cap + 12, 1, 4);
    config_set(access_cap + 16, 3, 4);
    ck_assert_uint_eq(config_get(access_cap + 16, 1), 3);
    config_set(access_cap + 8, 0xfffffffc, 4); /* outside, and a length that is none */
    config_set(access_cap + 12, 4, 4);
    config_set(access_cap + 16, 0xdead, 4);
    ck_assert_uint_eq(config_get(access_cap + 16, 4), 0xdead);
    config_set(access_cap + 8, 0, 4);
    config_set(access_cap + 12, 3, 4);
    ck_assert_uint_eq(config_get(access_cap + 16, 4), 0xdead);
    bench_end(&b);
}
END_TEST

START_TEST(a_reset_takes_everything_back)
{
    Ring r;
    begin("virtio-rng-pci");
    start(&r);
    bench_reset(&b);
    ck_assert_uint_eq(config_get(BAR_4, 4), 0xc);
    assign();
    ck_assert_uint_eq(common(0x14, 1), 0);
    ck_assert_uint_eq(common(0x1c, 2), 0);
    bench_end(&b);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, the_function_says_what_it_is, 0, 3);
    tcase_add_test(c, the_disk_tells_its_capacity);
    tcase_add_test(c, a_pin_is_pulled_until_the_isr_is_read);
    tcase_add_test(c, a_message_is_sent_for_the_queue);
    tcase_add_test(c, nothing_happens_while_it_is_no_bus_master);
    tcase_add_test(c, configuration_space_is_a_way_to_the_window);
    tcase_add_test(c, a_reset_takes_everything_back);
    return run_suite("device/virtio_pci", (TCase *[]){ c, NULL });
}
