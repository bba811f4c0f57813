/* The old chips of a PC: interrupt controllers, timer, clock, serial port, keyboard controller, debug ports. */
#include "core/ports.h"
#include "devices/intc/i8259.h"
#include "devices/timer/mc146818.h"
#include "host/input.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

static uint8_t in(Bench *b, int window, uint64_t at)
{
    uint64_t value;
    ck_assert(bench_load(b, window, at, 1, &value));
    return (uint8_t)value;
}

static void put(Bench *b, int window, uint64_t at, uint8_t value)
{
    ck_assert(bench_store(b, window, at, value, 1));
}

/* As a PC's BIOS does: vectors 8 and 70h. */
static Bench begin_pic_with(const char *set)
{
    static const uint8_t script[][3] = { { 0, 0, 0x11 }, { 0, 1, 0x08 }, { 0, 1, 0x04 }, { 0, 1, 0x01 }, { 0, 1, 0 },
                                         { 1, 0, 0x11 }, { 1, 1, 0x70 }, { 1, 1, 0x02 }, { 1, 1, 0x01 }, { 1, 1, 0 } };
    Bench b = bench("isa-i8259", set);
    for (size_t i = 0; i < sizeof script / sizeof *script; i++)
        put(&b, script[i][0], script[i][1], script[i][2]);
    return b;
}

static Bench begin_pic(void)
{
    return begin_pic_with(NULL);
}

static void pulse(Bench *b, const char *pin)
{
    bench_drive(b, pin, false);
    bench_drive(b, pin, true);
}

START_TEST(the_most_urgent_request_is_acknowledged_first)
{
    Bench b = begin_pic();
    ck_assert(!bench_line(&b, "intr"));
    pulse(&b, "in.3");
    pulse(&b, "in.1");
    ck_assert(bench_line(&b, "intr"));
    ck_assert_int_eq(i8259_acknowledge(b.dev), 9);
    ck_assert(!bench_line(&b, "intr")); /* 3 waits for the end of 1 */
    put(&b, 0, 0, 0x20);
    ck_assert(bench_line(&b, "intr"));
    ck_assert_int_eq(i8259_acknowledge(b.dev), 11);
    put(&b, 0, 0, 0x0b);
    ck_assert_uint_eq(in(&b, 0, 0), 8); /* in service */
    put(&b, 0, 0, 0x63);
    ck_assert_uint_eq(in(&b, 0, 0), 0);
    bench_end(&b);
}
END_TEST

START_TEST(the_second_chip_comes_through_input_2)
{
    Bench b = begin_pic();
    pulse(&b, "in.12");
    pulse(&b, "in.8");
    ck_assert_int_eq(i8259_acknowledge(b.dev), 0x70);
    put(&b, 1, 0, 0x20);
    put(&b, 0, 0, 0x20);
    ck_assert_int_eq(i8259_acknowledge(b.dev), 0x74);
    put(&b, 1, 0, 0x20);
    ck_assert(!bench_line(&b, "intr"));
    pulse(&b, "in.15");
    ck_assert(!bench_line(&b, "intr")); /* the cascade input is still in service */
    put(&b, 0, 0, 0x20);
    ck_assert_int_eq(i8259_acknowledge(b.dev), 0x77);
    bench_end(&b);
}
END_TEST

START_TEST(masked_and_withdrawn_requests)
{
    Bench b = begin_pic();
    put(&b, 0, 1, 0x08);
    pulse(&b, "in.3");
    ck_assert(!bench_line(&b, "intr"));
    put(&b, 0, 0, 0x0a);
    ck_assert_uint_eq(in(&b, 0, 0), 8);
    put(&b, 0, 1, 0);
    ck_assert(bench_line(&b, "intr"));
    put(&b, 2, 1, 0xff);
    ck_assert_uint_eq(in(&b, 2, 1), 0xde);
    put(&b, 2, 0, 0xff);
    ck_assert_uint_eq(in(&b, 2, 0), 0xf8);
    ck_assert_int_eq(i8259_acknowledge(b.dev), 11);
    put(&b, 0, 0, 0x20);
    ck_assert(!bench_line(&b, "intr") || i8259_acknowledge(b.dev) == 11); /* it is a level now */
    bench_drive(&b, "in.3", false);
    put(&b, 0, 0, 0x20);
    ck_assert(!bench_line(&b, "intr"));
    ck_assert_int_eq(i8259_acknowledge(b.dev), 15); /* nobody: spurious */
    put(&b, 0, 0, 0x0b);
    ck_assert_uint_eq(in(&b, 0, 0), 0);
    bench_end(&b);
}
END_TEST

START_TEST(polling_rotation_and_automatic_end)
{
    Bench b = begin_pic();
    pulse(&b, "in.5");
    put(&b, 0, 0, 0x0c);
    ck_assert_uint_eq(in(&b, 0, 0), 0x85);
    put(&b, 0, 0, 0xa0); /* rotate on EOI: 5 is the last now */
    pulse(&b, "in.5");
    pulse(&b, "in.6");
    ck_assert_int_eq(i8259_acknowledge(b.dev), 14);
    put(&b, 0, 0, 0x20);
    ck_assert_int_eq(i8259_acknowledge(b.dev), 13);
    bench_end(&b);
}
END_TEST

START_TEST(a_clock_loses_no_edge)
{
    Bench b = begin_pic_with("counted=1");
    for (int i = 0; i < 3; i++) {
        pulse(&b, "in.0");
        pulse(&b, "in.1");
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(i8259_acknowledge(b.dev), 8);
        ck_assert(!bench_line(&b, "intr"));
        put(&b, 0, 0, 0x20);
    }
    ck_assert_int_eq(i8259_acknowledge(b.dev), 9); /* that is no clock */
    put(&b, 0, 0, 0x20);
    ck_assert(!bench_line(&b, "intr"));
    pulse(&b, "in.0");
    pulse(&b, "in.0");
    put(&b, 0, 1, 1);
    put(&b, 0, 1, 0);
    ck_assert_int_eq(i8259_acknowledge(b.dev), 8); /* nothing was late while it was masked */
    put(&b, 0, 0, 0x20);
    ck_assert(!bench_line(&b, "intr"));
    bench_end(&b);
}
END_TEST

/* ---- timer ---- */

#define TICK 838.0953445

static void load_counter(Bench *b, int n, uint8_t mode, uint16_t count)
{
    put(b, 0, 3, (uint8_t)(n << 6 | 0x30 | mode << 1));
    put(b, 0, (uint64_t)n, count & 0xff);
    put(b, 0, (uint64_t)n, count >> 8);
}

static uint16_t latched(Bench *b, int n)
{
    put(b, 0, 3, (uint8_t)(n << 6));
    uint16_t low = in(b, 0, (uint64_t)n);
    return low | (uint16_t)(in(b, 0, (uint64_t)n) << 8);
}

START_TEST(a_rate_generator_interrupts_each_period)
{
    Bench b = bench("isa-pit", NULL);
    load_counter(&b, 0, 2, 11932);
    ck_assert(bench_line(&b, "irq"));
    ck_assert_uint_eq(latched(&b, 0), 11932);
    bench_sleep(&b, (int64_t)(1000 * TICK));
    ck_assert_uint_le(abs(latched(&b, 0) - 10932), 1);
    bench_sleep(&b, (int64_t)(11932 * TICK));
    ck_assert_uint_le(abs(latched(&b, 0) - 10932), 2);
    bench_end(&b);
}
END_TEST

START_TEST(a_one_shot_rises_once)
{
    Bench b = bench("isa-pit", NULL);
    load_counter(&b, 0, 0, 1000);
    ck_assert(!bench_line(&b, "irq"));
    bench_sleep(&b, (int64_t)(999 * TICK));
    ck_assert(!bench_line(&b, "irq"));
    bench_sleep(&b, (int64_t)(2 * TICK));
    ck_assert(bench_line(&b, "irq"));
    put(&b, 0, 3, 0xe2); /* read back: status of counter 0 */
    ck_assert_uint_eq(in(&b, 0, 0), 0xb0);
    bench_end(&b);
}
END_TEST

START_TEST(the_speaker_counter_runs_while_its_gate_is_open)
{
    Bench b = bench("isa-pit", NULL);
    put(&b, 1, 0, 0);
    load_counter(&b, 2, 0, 5000);
    bench_sleep(&b, (int64_t)(9000 * TICK));
    ck_assert_uint_eq(in(&b, 1, 0) & 0x21, 0);
    put(&b, 1, 0, 1);
    bench_sleep(&b, (int64_t)(4990 * TICK));
    ck_assert_uint_eq(in(&b, 1, 0) & 0x23, 1);
    bench_sleep(&b, (int64_t)(20 * TICK));
    ck_assert_uint_eq(in(&b, 1, 0) & 0x23, 0x21);
    bench_end(&b);
}
END_TEST

/* As Linux measures its time stamp counter: a look long after the one before does not show the end yet. */
START_TEST(a_gap_before_the_end_of_a_wait_is_to_be_seen)
{
    Bench b = bench("isa-pit", NULL);
    put(&b, 1, 0, 1);
    for (int round = 0; round < 2; round++) {
        load_counter(&b, 2, 0, 11932);
        ck_assert_uint_eq(in(&b, 1, 0) & 0x20, 0);
        bench_sleep(&b, 12000000);
        ck_assert_uint_eq(in(&b, 1, 0) & 0x20, 0);
        ck_assert_uint_eq(in(&b, 1, 0) & 0x20, 0x20);
        bench_sleep(&b, 1000000);
        ck_assert_uint_eq(in(&b, 1, 0) & 0x20, 0x20);
    }
    load_counter(&b, 2, 0, 11932); /* nobody looked before */
    bench_sleep(&b, 12000000);
    ck_assert_uint_eq(in(&b, 1, 0) & 0x20, 0x20);
    bench_end(&b);
}
END_TEST

/* ---- clock ---- */

static uint8_t cmos(Bench *b, uint8_t at)
{
    put(b, 0, 0, at);
    return in(b, 0, 1);
}

static void set_cmos(Bench *b, uint8_t at, uint8_t value)
{
    put(b, 0, 0, at);
    put(b, 0, 1, value);
}

START_TEST(the_clock_is_set_and_goes_on)
{
    static const uint8_t time[][2] = { { 0, 0x58 }, { 2, 0x59 }, { 4, 0x23 },   { 7, 0x31 },
                                       { 8, 0x12 }, { 9, 0x99 }, { 0x32, 0x19 } };
    Bench b = bench("mc146818rtc", NULL);
    ck_assert_uint_eq(cmos(&b, 13), 0x80);
    set_cmos(&b, 11, 0x82);
    for (size_t i = 0; i < 7; i++)
        set_cmos(&b, time[i][0], time[i][1]);
    ck_assert_uint_eq(cmos(&b, 0), 0x58);
    set_cmos(&b, 11, 0x02);
    bench_sleep(&b, 1500000000);
    ck_assert_uint_eq(cmos(&b, 0), 0x59);
    bench_sleep(&b, 1000000000);
    ck_assert_uint_eq(cmos(&b, 0), 0);
    ck_assert_uint_eq(cmos(&b, 9), 0);
    ck_assert_uint_eq(cmos(&b, 0x32), 0x20);
    ck_assert_uint_eq(cmos(&b, 6), 7); /* the first of 2000 was a Saturday */
    set_cmos(&b, 11, 0x04);            /* binary, 12 hours */
    ck_assert_uint_eq(cmos(&b, 4), 12);
    ck_assert_uint_eq(cmos(&b, 9), 0);
    bench_end(&b);
}
END_TEST

START_TEST(the_clock_interrupts_and_reading_c_acknowledges)
{
    Bench b = bench("mc146818rtc", NULL);
    set_cmos(&b, 10, 0x26);
    set_cmos(&b, 11, 0x42);
    ck_assert(!bench_line(&b, "irq"));
    bench_sleep(&b, 1000000);
    ck_assert(bench_line(&b, "irq"));
    ck_assert_uint_eq(cmos(&b, 12) & 0xc0, 0xc0);
    ck_assert(!bench_line(&b, "irq"));
    ck_assert_uint_eq(cmos(&b, 12) & 0x40, 0);
    set_cmos(&b, 11, 0x12);
    cmos(&b, 12);
    bench_sleep(&b, 1000000000);
    ck_assert_uint_eq(cmos(&b, 12), 0x90);
    bench_end(&b);
}
END_TEST

START_TEST(its_memory_survives_a_reset)
{
    Bench b = bench("mc146818rtc", NULL);
    mc146818_set(b.dev, 0x34, 0x77);
    set_cmos(&b, 0x0f, 5);
    bench_reset(&b);
    ck_assert_uint_eq(cmos(&b, 0x0f), 5);
    ck_assert_uint_eq(cmos(&b, 0x34), 0x77);
    bench_end(&b);
}
END_TEST

/* ---- serial ---- */

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

START_TEST(a_character_interrupts_at_the_trigger_level_or_after_a_while)
{
    Bench b = bench("isa-serial", "chardev=mem");
    put(&b, 0, IIR, 0x41); /* FIFOs, trigger at 4 */
    put(&b, 0, IER, 1);
    bench_type(&b, "ab");
    ck_assert(!bench_line(&b, "irq"));
    ck_assert_uint_eq(in(&b, 0, LSR), 0x61);
    bench_sleep(&b, 10000000);
    ck_assert(bench_line(&b, "irq"));
    ck_assert_uint_eq(in(&b, 0, IIR), 0xcc);
    ck_assert_uint_eq(in(&b, 0, DATA), 'a');
    ck_assert(!bench_line(&b, "irq"));
    bench_type(&b, "cde");
    ck_assert_uint_eq(in(&b, 0, IIR), 0xc4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(in(&b, 0, DATA), "bcde"[i]);
    ck_assert_uint_eq(in(&b, 0, IIR), 0xc1);
    ck_assert_uint_eq(in(&b, 0, LSR), 0x60);
    bench_end(&b);
}
END_TEST

START_TEST(an_empty_transmitter_interrupts_until_that_is_read)
{
    Bench b = bench("isa-serial", "chardev=mem");
    put(&b, 0, IER, 2);
    ck_assert(bench_line(&b, "irq"));
    ck_assert_uint_eq(in(&b, 0, IIR), 2);
    ck_assert(!bench_line(&b, "irq"));
    put(&b, 0, DATA, 'x');
    ck_assert(bench_line(&b, "irq"));
    ck_assert_str_eq(bench_written(&b), "x");
    bench_end(&b);
}
END_TEST

START_TEST(divisor_scratch_and_loopback)
{
    Bench b = bench("isa-serial", "chardev=mem");
    put(&b, 0, LCR, 0x83);
    put(&b, 0, DATA, 1);
    put(&b, 0, IER, 2);
    ck_assert_uint_eq(in(&b, 0, DATA), 1);
    ck_assert_uint_eq(in(&b, 0, IER), 2);
    put(&b, 0, LCR, 3);
    ck_assert_uint_eq(in(&b, 0, IER), 0);
    put(&b, 0, SCR, 0x5a);
    ck_assert_uint_eq(in(&b, 0, SCR), 0x5a);
    put(&b, 0, MCR, 0x1a); /* loop: RTS and OUT2 */
    ck_assert_uint_eq(in(&b, 0, MSR) & 0xf0, 0x90);
    put(&b, 0, DATA, 'l');
    ck_assert_uint_eq(in(&b, 0, DATA), 'l');
    ck_assert_str_eq(bench_written(&b), "");
    bench_end(&b);
}
END_TEST

/* ---- keyboard controller ---- */

static uint8_t next_byte(Bench *b)
{
    bench_sleep(b, 200000);
    return in(b, 1, 0) & 1 ? in(b, 0, 0) : 0;
}

START_TEST(the_controller_and_the_keyboard_test_themselves)
{
    Bench b = bench("i8042", NULL);
    put(&b, 1, 0, 0xaa);
    ck_assert_uint_eq(in(&b, 0, 0), 0x55);
    put(&b, 1, 0, 0xab);
    ck_assert_uint_eq(in(&b, 0, 0), 0);
    put(&b, 0, 0, 0xff);
    ck_assert_uint_eq(next_byte(&b), 0xfa);
    ck_assert_uint_eq(next_byte(&b), 0xaa);
    put(&b, 0, 0, 0xf2);
    ck_assert_uint_eq(next_byte(&b), 0xfa);
    ck_assert_uint_eq(next_byte(&b), 0xab);
    ck_assert_uint_eq(next_byte(&b), 0x83);
    ck_assert_uint_eq(next_byte(&b), 0);
    bench_end(&b);
}
END_TEST

static void press(const char *name, size_t len, bool down)
{
    ck_assert(input_key(key_named(name, len), down));
}

START_TEST(keys_give_codes_of_set_1_or_2)
{
    Bench b = bench("i8042", NULL);
    press("a", 1, true);
    ck_assert_uint_eq(next_byte(&b), 0x1c);
    press("a", 1, false);
    ck_assert_uint_eq(next_byte(&b), 0xf0);
    ck_assert_uint_eq(next_byte(&b), 0x1c);
    put(&b, 1, 0, 0x60);
    put(&b, 0, 0, 0x41); /* translate, interrupt */
    ck_assert(!bench_line(&b, "irq"));
    press("delete", 6, true);
    press("delete", 6, false);
    bench_sleep(&b, 200000);
    ck_assert(bench_line(&b, "irq"));
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(next_byte(&b), "\xe0\x53\xe0\xd3"[i] & 0xff);
    press("pause", 5, true);
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(next_byte(&b), "\xe1\x1d\x45\xe1\x9d\xc5"[i] & 0xff);
    bench_end(&b);
}
END_TEST

START_TEST(a_mouse_with_a_wheel_reports)
{
    static const uint8_t knock[] = { 0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2 };
    Bench b = bench("i8042", NULL);
    for (int i = 0; i < 7; i++) {
        put(&b, 1, 0, 0xd4);
        put(&b, 0, 0, knock[i]);
        ck_assert_uint_eq(next_byte(&b), 0xfa);
    }
    ck_assert_uint_eq(next_byte(&b), 3);
    put(&b, 1, 0, 0xd4);
    put(&b, 0, 0, 0xf4);
    ck_assert_uint_eq(next_byte(&b), 0xfa);
    ck_assert(input_mouse(5, -3, 1, BUTTON_LEFT));
    bench_sleep(&b, 200000);
    ck_assert_uint_eq(in(&b, 1, 0) & 0x21, 0x21);
    ck_assert(bench_line(&b, "mouse-irq"));
    ck_assert_uint_eq(next_byte(&b), 9);
    ck_assert_uint_eq(next_byte(&b), 5);
    ck_assert_uint_eq(next_byte(&b), 3);
    ck_assert_uint_eq(next_byte(&b), 1);
    bench_end(&b);
}
END_TEST

START_TEST(two_ports_gate_address_line_20)
{
    Bench b = bench("i8042", NULL);
    ck_assert(bench_line(&b, "a20"));
    put(&b, 2, 0, 0);
    ck_assert(!bench_line(&b, "a20"));
    put(&b, 1, 0, 0xd1);
    put(&b, 0, 0, 0xdf);
    ck_assert(bench_line(&b, "a20"));
    ck_assert_uint_eq(in(&b, 2, 0), 2);
    ck_assert_int_eq(machine_stopping(b.machine), RUN);
    put(&b, 1, 0, 0xfe);
    ck_assert_int_eq(machine_stopping(b.machine), STOP_RESET);
    bench_end(&b);
}
END_TEST

/* ---- debugging ---- */

START_TEST(a_strobe_prints_and_is_acknowledged)
{
    Bench b = bench("isa-parallel", "chardev=mem");
    ck_assert_uint_eq(in(&b, 0, 1), 0xd8);
    ck_assert_uint_eq(in(&b, 0, 2), 0xcc);
    put(&b, 0, 0, 'p');
    put(&b, 0, 2, 0x1c);
    put(&b, 0, 2, 0x1d);
    put(&b, 0, 2, 0x1c);
    ck_assert_str_eq(bench_written(&b), "p");
    ck_assert(bench_line(&b, "irq"));
    in(&b, 0, 1);
    ck_assert(!bench_line(&b, "irq"));
    bench_end(&b);
}
END_TEST

START_TEST(the_debug_console_writes_and_debug_ports_end)
{
    Bench b = bench("isa-debugcon", "chardev=mem");
    put(&b, 0, 0, 'h');
    ck_assert_str_eq(bench_written(&b), "h");
    ck_assert_uint_eq(in(&b, 0, 0), 0xe9);
    bench_end(&b);
    b = bench("isa-debug-exit", NULL);
    ck_assert(bench_store(&b, 0, 0, 0x10, 4));
    ck_assert_int_eq(machine_stopping(b.machine), STOP_QUIT);
    bench_end(&b);
    b = bench("pvpanic", NULL);
    ck_assert_uint_eq(in(&b, 0, 0), 3);
    put(&b, 0, 0, 2);
    ck_assert_int_eq(machine_stopping(b.machine), RUN);
    put(&b, 0, 0, 1);
    ck_assert_int_eq(machine_stopping(b.machine), STOP_PANIC);
    bench_end(&b);
}
END_TEST

START_TEST(an_access_is_whole_for_one_device_and_bytes_for_several)
{
    Error err;
    static const Part parts[] = { { "pic", "isa-i8259", .port = { 0x20, 0xa0 } },
                                  { "pit", "isa-pit", .port = { 0x40, PORT_0 } },
                                  { 0 } };
    static const MachineType type = { .name = "ports", .parts = parts, .ram = 1 << 20, .cpus_max = 1 };
    Machine *m = machine_new(&type, &(MachineConfig){ 0 }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    port_out(m, 0, 0x20, 0xff20, 2);
    ck_assert_uint_eq(port_in(m, 0, 0x21, 1), 0xff);
    port_out(m, 0, 0x21, 0xa5, 1);
    ck_assert_uint_eq(port_in(m, 0, 0x21, 4), 0xffffffa5); /* nobody is beyond */
    ck_assert_uint_eq(port_in(m, 0, 0x9f, 4) >> 24, 0xff);
    ck_assert_uint_eq(port_in(m, 0, 0, 1) & 2, 0);
    ck_assert_uint_eq(port_in(m, 0, 0xffff, 4), 0xffffffff);
    machine_free(m);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, the_most_urgent_request_is_acknowledged_first);
    tcase_add_test(c, the_second_chip_comes_through_input_2);
    tcase_add_test(c, masked_and_withdrawn_requests);
    tcase_add_test(c, polling_rotation_and_automatic_end);
    tcase_add_test(c, a_clock_loses_no_edge);
    tcase_add_test(c, a_rate_generator_interrupts_each_period);
    tcase_add_test(c, a_one_shot_rises_once);
    tcase_add_test(c, the_speaker_counter_runs_while_its_gate_is_open);
    tcase_add_test(c, a_gap_before_the_end_of_a_wait_is_to_be_seen);
    tcase_add_test(c, the_clock_is_set_and_goes_on);
    tcase_add_test(c, the_clock_interrupts_and_reading_c_acknowledges);
    tcase_add_test(c, its_memory_survives_a_reset);
    tcase_add_test(c, a_character_interrupts_at_the_trigger_level_or_after_a_while);
    tcase_add_test(c, an_empty_transmitter_interrupts_until_that_is_read);
    tcase_add_test(c, divisor_scratch_and_loopback);
    tcase_add_test(c, the_controller_and_the_keyboard_test_themselves);
    tcase_add_test(c, keys_give_codes_of_set_1_or_2);
    tcase_add_test(c, a_mouse_with_a_wheel_reports);
    tcase_add_test(c, two_ports_gate_address_line_20);
    tcase_add_test(c, a_strobe_prints_and_is_acknowledged);
    tcase_add_test(c, the_debug_console_writes_and_debug_ports_end);
    tcase_add_test(c, an_access_is_whole_for_one_device_and_bytes_for_several);
    return run_suite("device/pc-old", (TCase *[]){ c, NULL });
}
