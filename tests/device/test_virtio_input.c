/* virtio input devices: what they say of themselves, and what the driver hears of keys and pointers. */
#include "host/input.h"
#include "tests/device/virtio_driver.h"
#include "tests/suite.h"

#include <string.h>

enum { EVENTS, STATUS, SIZE = 8, CONFIG = 0x100 };

static Bench b;
static Ring ring[2];

static void begin(const char *type)
{
    b = bench(type, NULL);
    driver_start(&b, 0, ring, 2, SIZE);
}

static void offer(int from, int count)
{
    for (uint16_t i = 0; i < count; i++) {
        uint16_t at = (uint16_t)(from + i) % SIZE;
        ring_desc(&ring[EVENTS], at, BUFFERS + 8u * at, 8, WRITE, 0);
        ring_send(&ring[EVENTS], at);
    }
}

static void heard(uint16_t type, uint16_t code, int32_t value)
{
    uint32_t head, written, got;
    ck_assert(ring_done(&ring[EVENTS], &head, &written));
    ck_assert_uint_eq(written, 8);
    memcpy(&got, b.ram + BUFFERS + 8 * head + 4, 4);
    ck_assert_uint_eq(get16(&b, BUFFERS + 8 * head), type);
    ck_assert_uint_eq(get16(&b, BUFFERS + 8 * head + 2), code);
    ck_assert_int_eq((int32_t)got, value);
}

static void heard_nothing(void)
{
    uint32_t head, written;
    ck_assert(!ring_done(&ring[EVENTS], &head, &written));
}

/* What it answers, as long as it says; the rest is zero. */
static unsigned asked(uint8_t select, uint8_t subselect, uint8_t *answer)
{
    uint64_t size, byte;
    ck_assert(bench_store(&b, 0, CONFIG, select, 1));
    ck_assert(bench_store(&b, 0, CONFIG + 1, subselect, 1));
    ck_assert(bench_load(&b, 0, CONFIG + 2, 1, &size));
    for (unsigned i = 0; i < 128; i++) {
        ck_assert(bench_load(&b, 0, CONFIG + 8 + i, 1, &byte));
        answer[i] = (uint8_t)byte;
        ck_assert(i < size || !byte);
    }
    return (unsigned)size;
}

START_TEST(a_keyboard_says_what_keys_it_has)
{
    uint8_t a[128];
    begin("virtio-keyboard-device");
    ck_assert_uint_eq(bench_read(&b, 8), 18);
    ck_assert_uint_eq(asked(1, 0, a), 20);
    ck_assert_mem_eq(a, "QEMU Virtio Keyboard", 20);
    ck_assert_uint_eq(asked(1, 1, a), 0);
    ck_assert_uint_eq(asked(3, 0, a), 8);
    ck_assert_mem_eq(a, "\x06\0\x27\x06\x01\0\x01\0", 8);
    ck_assert_uint_ge(asked(0x11, 1, a), 16);
    ck_assert(a[30 / 8] >> 30 % 8 & 1); /* A */
    ck_assert(a[119 / 8] >> 119 % 8 & 1);
    ck_assert_uint_eq(asked(0x11, 17, a), 1);
    ck_assert_uint_eq(a[0], 7);
    ck_assert_uint_eq(asked(0x11, 2, a), 0);
    ck_assert_uint_eq(asked(0x12, 0, a), 0);
    ck_assert_uint_eq(asked(0xff, 0xff, a), 0);
    bench_end(&b);
}
END_TEST

START_TEST(keys_come_as_reports)
{
    begin("virtio-keyboard-device");
    offer(0, 4);
    ck_assert(input_key(key_named("a", 1), true));
    ck_assert(input_key(key_named("a", 1), false));
    heard(1, 30, 1);
    heard(0, 0, 0);
    heard(1, 30, 0);
    heard(0, 0, 0);
    heard_nothing();
    ck_assert_uint_eq(bench_read(&b, 0x60), 1);
    bench_end(&b);
}
END_TEST

START_TEST(what_has_no_buffer_yet_waits_and_too_much_is_lost)
{
    begin("virtio-keyboard-device");
    for (int i = 0; i < 1000; i++)
        ck_assert(input_key(key_named("a", 1), i % 2 == 0));
    int events = 0;
    for (int i = 0; i < 100; i++) {
        uint32_t head, written;
        offer(i * 4, 4);
        while (ring_done(&ring[EVENTS], &head, &written))
            events++;
    }
    ck_assert_int_gt(events, 200);
    ck_assert_int_le(events, 256);
    ck_assert_int_eq(events % 2, 0); /* whole reports */
    bench_end(&b);
}
END_TEST

START_TEST(it_hears_only_while_its_driver_is_there)
{
    b = bench("virtio-keyboard-device", NULL);
    ck_assert(!input_key(key_named("a", 1), true));
    driver_start(&b, 0, ring, 2, SIZE);
    ck_assert(input_key(key_named("a", 1), true));
    bench_write(&b, 0x70, 0);
    ck_assert(!input_key(key_named("a", 1), true));
    driver_start(&b, 0, ring, 2, SIZE);
    offer(0, 4);
    heard_nothing(); /* what was before the reset is gone */
    bench_end(&b);
}
END_TEST

START_TEST(a_mouse_reports_movements_and_buttons)
{
    begin("virtio-mouse-device");
    offer(0, 8);
    ck_assert(input_mouse(3, -4, 1, BUTTON_LEFT));
    heard(2, 0, 3);
    heard(2, 1, -4);
    heard(1, 0x110, 1);
    heard(2, 8, -1);
    heard(0, 0, 0);
    ck_assert(input_mouse(0, 0, 0, BUTTON_LEFT | BUTTON_RIGHT));
    heard(1, 0x111, 1);
    heard(0, 0, 0);
    heard_nothing();
    ck_assert(!input_points());
    bench_end(&b);
}
END_TEST

START_TEST(a_tablet_reports_places)
{
    uint8_t a[128];
    begin("virtio-tablet-device");
    ck_assert(input_points());
    ck_assert_uint_eq(asked(0x11, 3, a), 1);
    ck_assert_uint_eq(a[0], 3);
    ck_assert_uint_eq(asked(0x12, 1, a), 20);
    ck_assert_mem_eq(a, "\0\0\0\0\xff\x7f\0\0", 8);
    ck_assert_uint_eq(asked(0x12, 2, a), 0);
    offer(0, 8);
    ck_assert(input_point(INPUT_PLACES, 12, 0, 0));
    heard(3, 0, INPUT_PLACES);
    heard(3, 1, 12);
    heard(0, 0, 0);
    heard_nothing();
    bench_end(&b);
    ck_assert(!input_points());
}
END_TEST

START_TEST(lamps_are_taken_and_small_buffers_refused)
{
    uint32_t head, written;
    begin("virtio-keyboard-device");
    ring_desc(&ring[STATUS], 0, BUFFERS, 8, 0, 0);
    ring_send(&ring[STATUS], 0);
    ck_assert(ring_done(&ring[STATUS], &head, &written));
    ck_assert_uint_eq(written, 0);
    ck_assert(!(driver_status(&b) & NEEDS_RESET));
    ring_desc(&ring[EVENTS], 0, BUFFERS, 7, WRITE, 0);
    ring_send(&ring[EVENTS], 0);
    ck_assert(input_key(key_named("a", 1), true));
    ck_assert(driver_status(&b) & NEEDS_RESET);
    bench_end(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_keyboard_says_what_keys_it_has,
                                   keys_come_as_reports,
                                   what_has_no_buffer_yet_waits_and_too_much_is_lost,
                                   it_hears_only_while_its_driver_is_there,
                                   a_mouse_reports_movements_and_buttons,
                                   a_tablet_reports_places,
                                   lamps_are_taken_and_small_buffers_refused,
                                   NULL };
    return run_tests("device/virtio-input", tests, NULL);
}
