/* The virtio console: bytes both ways, waiting on either side. */
#include "tests/device/virtio_driver.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RX, TX, SIZE = 4 };

static Bench b;
static Ring ring[2];

static void begin(void)
{
    Error err;
    b = bench("virtio-serial-device", NULL);
    ck_assert_msg(machine_plug(b.machine, "virtconsole,chardev=mem", &err), "%s", err.text);
    driver_start(&b, 0, ring, 2, SIZE);
}

static void write_text(const char *text)
{
    memcpy(b.ram + BUFFERS, text, strlen(text));
    ring_desc(&ring[TX], 0, BUFFERS, 2, NEXT, 1);
    ring_desc(&ring[TX], 1, BUFFERS + 2, (uint32_t)strlen(text) - 2, 0, 0);
    ring_send(&ring[TX], 0);
}

START_TEST(what_the_guest_writes_goes_out)
{
    uint32_t head, written;
    begin();
    write_text("hello");
    ck_assert(ring_done(&ring[TX], &head, &written));
    ck_assert_str_eq(bench_written(&b), "hello");
    bench_end(&b);
}
END_TEST

START_TEST(what_is_typed_fills_one_buffer_after_the_other)
{
    uint32_t head, written;
    begin();
    ring_desc(&ring[RX], 0, BUFFERS, 4, WRITE, 0);
    ring_desc(&ring[RX], 1, BUFFERS + 16, 0, WRITE, 0);
    ring_desc(&ring[RX], 2, BUFFERS + 32, 4, WRITE, 0);
    bench_type(&b, "lost"); /* there is no room: it stays outside */
    for (uint16_t i = 0; i < 3; i++)
        ring_send(&ring[RX], i);
    bench_type(&b, "abcdef");
    static const uint32_t want[] = { 4, 0, 2 };
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(ring_done(&ring[RX], &head, &written));
        ck_assert_uint_eq(head, i);
        ck_assert_uint_eq(written, want[i]);
    }
    ck_assert_mem_eq(b.ram + BUFFERS, "abcd", 4);
    ck_assert_mem_eq(b.ram + BUFFERS + 32, "ef\0\0", 4);
    ck_assert_uint_eq(bench_read(&b, 0x60), 1);
    bench_end(&b);
}
END_TEST

static size_t room_outside; /* of a slow world */
static char taken[16];

static size_t slow_write(Chardev *c, const void *bytes, size_t n)
{
    (void)c;
    n = n < room_outside ? n : room_outside;
    room_outside -= n;
    strncat(taken, bytes, n);
    return n;
}

START_TEST(a_slow_world_is_waited_for)
{
    uint32_t head, written;
    begin();
    const Device *port = machine_device(b.machine, "virtconsole.0");
    Chardev *chardev = *(Chardev **)(void *)((char *)(uintptr_t)port + port->type->props[0].offset);
    chardev->write = slow_write;
    room_outside = 3;
    write_text("hello");
    ck_assert_str_eq(taken, "hel");
    ck_assert(!ring_done(&ring[TX], &head, &written));
    room_outside = 9;
    chardev->event(chardev->dev, CHARDEV_WRITABLE);
    ck_assert_str_eq(taken, "hello");
    ck_assert(ring_done(&ring[TX], &head, &written));
    bench_end(&b);
}
END_TEST

START_TEST(there_is_one_port)
{
    Error err;
    begin();
    ck_assert(!machine_plug(b.machine, "virtconsole", &err));
    bench_end(&b);
}
END_TEST

START_TEST(a_hostile_ring_stops_the_device)
{
    begin();
    ring_desc(&ring[_i], 0, BUFFERS, 4, NEXT | (_i == RX ? WRITE : 0), 0);
    ring_send(&ring[_i], 0);
    bench_type(&b, "x");
    ck_assert(driver_status(&b) & NEEDS_RESET);
    driver_start(&b, 0, ring, 2, SIZE);
    write_text("again");
    ck_assert_str_eq(bench_written(&b), "again");
    bench_end(&b);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, what_the_guest_writes_goes_out);
    tcase_add_test(c, what_is_typed_fills_one_buffer_after_the_other);
    tcase_add_test(c, a_slow_world_is_waited_for);
    tcase_add_test(c, there_is_one_port);
    tcase_add_loop_test(c, a_hostile_ring_stops_the_device, 0, 2);
    return run_suite("device/virtio_console", (TCase *[]){ c, NULL });
}
