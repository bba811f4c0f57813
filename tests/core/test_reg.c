#include "base/keyval.h"
#include "core/device.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

typedef struct Chip {
    Device dev;
    uint32_t control, status, many[4];
    uint8_t narrow;
    uint64_t wide;
    int index;
    uint64_t raw;
} Chip;

static uint64_t id_read(void *dev, int index)
{
    (void)dev;
    return 0x10u + (unsigned)index;
}

static void note(void *dev, int index, uint64_t value)
{
    Chip *c = dev;
    c->index = index;
    c->raw = value;
}

static const Reg regs[] = {
    REG(0x00, Chip, control, .writable = 0xff00ff, .reset = 0x300, .written = note),
    REG(0x04, Chip, status, .ack = 0xff, .reset = 0x8f),
    REG_ARRAY(0x10, Chip, many, .writable = UINT64_MAX, .written = note),
    REG(0x20, Chip, narrow, .writable = 0xff),
    REG(0x28, Chip, wide, .writable = UINT64_MAX),
    REG(0x40, Chip, status), /* another view of it, with no say in its reset */
    REG_CALL(0xfe0, id, .read = id_read, .count = 4),
    REG_END,
};

static Chip chip = { .dev = { .id = "chip" } };

static void setup(void)
{
    reg_reset(regs, &chip);
}

START_TEST(reset_values_are_those_of_the_rows_even_where_two_share_a_field)
{
    ck_assert_uint_eq(reg_read(regs, &chip, 0, 4), 0x300);
    ck_assert_uint_eq(reg_read(regs, &chip, 4, 4), 0x8f);
    ck_assert_uint_eq(reg_read(regs, &chip, 0x40, 4), 0x8f);
}
END_TEST

START_TEST(only_writable_bits_change_and_the_hook_sees_what_was_written)
{
    reg_write(regs, &chip, 0, 0xffffffff, 4);
    ck_assert_uint_eq(chip.control, 0xff03ff);
    ck_assert_uint_eq(chip.raw, 0xffffffff);
}
END_TEST

START_TEST(ones_acknowledge)
{
    reg_write(regs, &chip, 4, 0x0a, 4);
    ck_assert_uint_eq(chip.status, 0x85);
}
END_TEST

START_TEST(a_narrow_write_changes_and_acknowledges_its_own_bytes_only)
{
    reg_write(regs, &chip, 0, 0xff00ff, 4);
    reg_write(regs, &chip, 2, 0, 1);
    ck_assert_uint_eq(chip.control, 0x3ff);
    reg_write(regs, &chip, 5, 0xff, 1);
    ck_assert_uint_eq(chip.status, 0x8f);
}
END_TEST

START_TEST(arrays_count)
{
    reg_write(regs, &chip, 0x18, 7, 4);
    ck_assert_int_eq(chip.index, 2);
    ck_assert_uint_eq(chip.many[2], 7);
    ck_assert_uint_eq(reg_read(regs, &chip, 0xfec, 4), 0x13);
}
END_TEST

START_TEST(a_wide_access_is_two_registers_and_half_of_a_wide_one_is_one)
{
    reg_write(regs, &chip, 0x10, 0x1122334455667788, 8);
    ck_assert_uint_eq(chip.many[0], 0x55667788);
    ck_assert_uint_eq(chip.many[1], 0x11223344);
    reg_write(regs, &chip, 0x2c, 0xabcd, 4);
    ck_assert_uint_eq(chip.wide, 0xabcd00000000);
    ck_assert_uint_eq(reg_read(regs, &chip, 0x2c, 4), 0xabcd);
}
END_TEST

START_TEST(a_byte_register_fills_its_word_with_zeros)
{
    reg_write(regs, &chip, 0x20, 0x12345678, 4);
    ck_assert_uint_eq(chip.narrow, 0x78);
    ck_assert_uint_eq(reg_read(regs, &chip, 0x20, 4), 0x78);
}
END_TEST

START_TEST(offsets_without_a_register_read_zero)
{
    ck_assert_uint_eq(reg_read(regs, &chip, 0x800, 8), 0);
    reg_write(regs, &chip, 0x800, 1, 8);
}
END_TEST

START_TEST(key_value_lists_keep_doubled_commas)
{
    const char *text = "a=1,path=x,,y,flag";
    KeyVal kv;
    ck_assert(keyval_next(&text, &kv));
    ck_assert_str_eq(kv.key, "a");
    keyval_free(&kv);
    ck_assert(keyval_next(&text, &kv));
    ck_assert_str_eq(kv.value, "x,y");
    keyval_free(&kv);
    ck_assert(keyval_next(&text, &kv));
    ck_assert_str_eq(kv.key, "flag");
    ck_assert_ptr_null(kv.value);
    keyval_free(&kv);
    ck_assert(!keyval_next(&text, &kv));
}
END_TEST

START_TEST(numbers_have_suffixes_and_limits)
{
    uint64_t v;
    ck_assert(text_to_uint("64M", &v));
    ck_assert_uint_eq(v, 64 << 20);
    ck_assert(text_to_uint("0x10", &v));
    ck_assert_uint_eq(v, 16);
    ck_assert(!text_to_uint("", &v));
    ck_assert(!text_to_uint("-1", &v));
    ck_assert(!text_to_uint("12q", &v));
    ck_assert(!text_to_uint("1KB", &v));
    ck_assert(!text_to_uint("99999999999T", &v));
    ck_assert(!text_to_uint("99999999999999999999999", &v));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, reset_values_are_those_of_the_rows_even_where_two_share_a_field);
    tcase_add_test(c, only_writable_bits_change_and_the_hook_sees_what_was_written);
    tcase_add_test(c, ones_acknowledge);
    tcase_add_test(c, a_narrow_write_changes_and_acknowledges_its_own_bytes_only);
    tcase_add_test(c, arrays_count);
    tcase_add_test(c, a_wide_access_is_two_registers_and_half_of_a_wide_one_is_one);
    tcase_add_test(c, a_byte_register_fills_its_word_with_zeros);
    tcase_add_test(c, offsets_without_a_register_read_zero);
    tcase_add_test(c, key_value_lists_keep_doubled_commas);
    tcase_add_test(c, numbers_have_suffixes_and_limits);
    return run_suite("core/reg", (TCase *[]){ c, NULL });
}
