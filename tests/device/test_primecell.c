/* The PrimeCells of a small Arm machine: UART, clock, GPIO. */
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

enum { DR = 0, FR = 0x18, LCR_H = 0x2c, CR = 0x30, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };
enum { INT_RX = 0x10, INT_TX = 0x20, FIFO = 0x10 };

START_TEST(a_received_byte_raises_irq_until_read)
{
    Bench b = bench("pl011", "chardev=mem");
    bench_write(&b, IMSC, INT_RX);
    bench_type(&b, "h");
    ck_assert(bench_line(&b, "irq"));
    ck_assert_int_eq(bench_read(&b, DR), 'h');
    ck_assert(!bench_line(&b, "irq"));
    bench_end(&b);
}
END_TEST

START_TEST(what_is_written_goes_out_and_interrupts)
{
    Bench b = bench("pl011", "chardev=mem");
    bench_write(&b, IMSC, INT_TX);
    ck_assert(!bench_line(&b, "irq"));
    bench_write(&b, DR, 'o');
    bench_write(&b, DR, 'k');
    ck_assert_str_eq(bench_written(&b), "ok");
    ck_assert(bench_line(&b, "irq"));
    bench_write(&b, ICR, INT_TX);
    ck_assert(!bench_line(&b, "irq"));
    bench_end(&b);
}
END_TEST

START_TEST(without_the_fifo_one_byte_waits_with_it_sixteen)
{
    Bench b = bench("pl011", "chardev=mem");
    ck_assert_uint_eq(bench_read(&b, FR), 0x90);
    bench_type(&b, "0123456789abcdefgh");
    ck_assert_uint_eq(bench_read(&b, FR), 0xc0);
    ck_assert_int_eq(bench_read(&b, DR), '0');
    ck_assert_uint_eq(bench_read(&b, FR), 0x90);
    bench_write(&b, LCR_H, FIFO);
    bench_type(&b, "0123456789abcdefgh");
    ck_assert_uint_eq(bench_read(&b, FR), 0xc0);
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(bench_read(&b, DR), "0123456789abcdef"[i]);
    ck_assert_uint_eq(bench_read(&b, FR), 0x90);
    bench_end(&b);
}
END_TEST

START_TEST(loopback_hears_itself_and_nobody_else)
{
    Bench b = bench("pl011", "chardev=mem");
    bench_write(&b, CR, 0x380);
    bench_type(&b, "x");
    ck_assert_uint_eq(bench_read(&b, FR), 0x90);
    bench_write(&b, DR, 'y');
    ck_assert_str_eq(bench_written(&b), "");
    ck_assert_int_eq(bench_read(&b, DR), 'y');
    bench_end(&b);
}
END_TEST

START_TEST(a_primecell_says_what_it_is)
{
    static const struct {
        const char *type;
        uint32_t part;
    } chips[] = { { "pl011", 0x011 }, { "pl031", 0x031 }, { "pl061", 0x061 } };
    for (int i = 0; i < 3; i++) {
        Bench b = bench(chips[i].type, NULL);
        ck_assert_uint_eq(bench_read(&b, 0xfe0) | (bench_read(&b, 0xfe4) & 0xf) << 8, chips[i].part);
        ck_assert_uint_eq(bench_read(&b, 0xff0), 0x0d);
        ck_assert_uint_eq(bench_read(&b, 0xff4), 0xf0);
        ck_assert_uint_eq(bench_read(&b, 0xff8), 0x05);
        ck_assert_uint_eq(bench_read(&b, 0xffc), 0xb1);
        bench_end(&b);
    }
}
END_TEST

#define SECOND INT64_C(1000000000)
enum { RTC_DR = 0, RTC_MR = 4, RTC_LR = 8, RTC_IMSC = 0x10, RTC_RIS = 0x14, RTC_ICR = 0x1c };

START_TEST(the_clock_counts_virtual_seconds_and_can_be_set)
{
    Bench b = bench("pl031", "base=1000000000");
    ck_assert_uint_eq(bench_read(&b, RTC_DR), 1000000000);
    bench_sleep(&b, 5 * SECOND / 2);
    ck_assert_uint_eq(bench_read(&b, RTC_DR), 1000000002);
    bench_write(&b, RTC_LR, 77);
    ck_assert_uint_eq(bench_read(&b, RTC_DR), 77);
    bench_sleep(&b, SECOND);
    ck_assert_uint_eq(bench_read(&b, RTC_DR), 78);
    bench_end(&b);
}
END_TEST

START_TEST(the_alarm_rings_when_the_clock_matches)
{
    Bench b = bench("pl031", "base=100");
    bench_write(&b, RTC_IMSC, 1);
    bench_write(&b, RTC_MR, 103);
    bench_sleep(&b, 3 * SECOND - 1);
    ck_assert(!bench_line(&b, "irq"));
    bench_sleep(&b, 1);
    ck_assert(bench_line(&b, "irq"));
    bench_write(&b, RTC_ICR, 1);
    ck_assert(!bench_line(&b, "irq"));
    ck_assert_uint_eq(bench_read(&b, RTC_RIS), 0);
    bench_end(&b);
}
END_TEST

enum { DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, GRIS = 0x414, IC = 0x41c };

START_TEST(the_address_masks_the_pins_that_are_written_and_read)
{
    Bench b = bench("pl061", NULL);
    bench_write(&b, DIR, 0x0f);
    bench_write(&b, 0x3fc, 0xff);
    ck_assert_uint_eq(bench_read(&b, 0x3fc), 0x0f); /* inputs are low */
    bench_write(&b, 0x05 << 2, 0);
    ck_assert_uint_eq(bench_read(&b, 0x3fc), 0x0a);
    ck_assert(bench_line(&b, "out.1"));
    ck_assert(!bench_line(&b, "out.0"));
    bench_drive(&b, "in.7", true);
    ck_assert_uint_eq(bench_read(&b, 0x80 << 2), 0x80);
    bench_end(&b);
}
END_TEST

START_TEST(a_rising_edge_is_remembered_until_cleared)
{
    Bench b = bench("pl061", NULL);
    bench_write(&b, IEV, 8);
    bench_write(&b, IE, 8);
    bench_drive(&b, "in.3", true);
    ck_assert(bench_line(&b, "irq"));
    bench_drive(&b, "in.3", false);
    ck_assert(bench_line(&b, "irq"));
    bench_write(&b, IC, 8);
    ck_assert(!bench_line(&b, "irq"));
    bench_write(&b, IBE, 8);
    bench_drive(&b, "in.3", true);
    bench_write(&b, IC, 8);
    bench_drive(&b, "in.3", false);
    ck_assert(bench_line(&b, "irq"));
    bench_end(&b);
}
END_TEST

START_TEST(a_level_lasts_as_long_as_the_pin)
{
    Bench b = bench("pl061", NULL);
    bench_write(&b, IEV, 1);
    bench_write(&b, IS, 1);
    bench_write(&b, IE, 1);
    ck_assert(!bench_line(&b, "irq"));
    bench_drive(&b, "in.0", true);
    bench_write(&b, IC, 1);
    ck_assert(bench_line(&b, "irq"));
    bench_drive(&b, "in.0", false);
    ck_assert(!bench_line(&b, "irq"));
    bench_end(&b);
}
END_TEST

START_TEST(the_power_key_is_pressed_and_let_go)
{
    Bench b = bench("gpio-key", NULL);
    machine_powerdown(b.machine);
    ck_assert(bench_line(&b, "out"));
    bench_sleep(&b, SECOND);
    ck_assert(!bench_line(&b, "out"));
    bench_end(&b);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, a_received_byte_raises_irq_until_read);
    tcase_add_test(c, what_is_written_goes_out_and_interrupts);
    tcase_add_test(c, without_the_fifo_one_byte_waits_with_it_sixteen);
    tcase_add_test(c, loopback_hears_itself_and_nobody_else);
    tcase_add_test(c, a_primecell_says_what_it_is);
    tcase_add_test(c, the_clock_counts_virtual_seconds_and_can_be_set);
    tcase_add_test(c, the_alarm_rings_when_the_clock_matches);
    tcase_add_test(c, the_address_masks_the_pins_that_are_written_and_read);
    tcase_add_test(c, a_rising_edge_is_remembered_until_cleared);
    tcase_add_test(c, a_level_lasts_as_long_as_the_pin);
    tcase_add_test(c, the_power_key_is_pressed_and_let_go);
    return run_suite("device/primecell", (TCase *[]){ c, NULL });
}
