#include "base/nearest.h"
#include "base/number.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    const char *text;
    uint64_t unit;
    bool ok;
    uint64_t bytes;
} sizes[] = {
    { "512", 1 << 20, true, 512ull << 20 },
    { "512M", 1, true, 512ull << 20 },
    { "2g", 1, true, 2ull << 30 },
    { "1.5G", 1, true, 3ull << 29 },
    { "0x10k", 1, true, 16384 },
    { "7b", 1 << 20, true, 7 },
    { "010", 1, true, 10 },
    { "", 1, false, 0 },
    { "-1", 1, false, 0 },
    { " 1", 1, false, 0 },
    { "1X", 1, false, 0 },
    { "1MM", 1, false, 0 },
    { "1.2.3G", 1, false, 0 },
    { "99999999T", 1, false, 0 },
    { "18446744073709551616", 1, false, 0 },
};

START_TEST(sizes_read_whole_or_are_refused)
{
    uint64_t bytes = 0;
    ck_assert_msg(text_to_size(sizes[_i].text, sizes[_i].unit, &bytes) == sizes[_i].ok, "%s", sizes[_i].text);
    if (sizes[_i].ok)
        ck_assert_uint_eq(bytes, sizes[_i].bytes);
}
END_TEST

static const char *answer(const char *word)
{
    static const char *const names[] = { "serial", "kernel", "nographic", "netdev", "m" };
    Nearest n = NEAREST(word);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        nearest_try(&n, names[i]);
    return nearest_answer(&n);
}

START_TEST(nearest_forgives_typos_and_is_silent_about_strangers)
{
    ck_assert_str_eq(answer("kernal"), "kernel");
    ck_assert_str_eq(answer("keernel"), "kernel");
    ck_assert_str_eq(answer("esrial"), "serial");
    ck_assert_str_eq(answer("nographci"), "nographic");
    ck_assert_str_eq(answer("net"), "netdev");
    ck_assert_ptr_null(answer("zzzz"));
    ck_assert_ptr_null(answer("abc"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("number");
    tcase_add_loop_test(t, sizes_read_whole_or_are_refused, 0, sizeof sizes / sizeof *sizes);
    tcase_add_test(t, nearest_forgives_typos_and_is_silent_about_strangers);
    return run_suite("number", (TCase *[]){ t, NULL });
}
