#include "base/keyvals.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static KeyVals parsed(const char *line, const char *implied)
{
    KeyVals list;
    Error err;
    ck_assert_msg(keyvals_parse(line, implied, &list, &err), "%s", err.text);
    return list;
}

START_TEST(pairs_flags_and_doubled_commas)
{
    KeyVals list = parsed("file=a,,b=c,readonly,x=,", NULL);
    ck_assert_int_eq(list.count, 3);
    ck_assert_str_eq(keyvals_get(&list, "file"), "a,b=c");
    ck_assert_str_eq(keyvals_get(&list, "readonly"), "on");
    ck_assert_str_eq(keyvals_get(&list, "x"), "");
    ck_assert_ptr_null(keyvals_get(&list, "y"));
    keyvals_free(&list);
}
END_TEST

START_TEST(written_values_are_read_back)
{
    Out line = { 0 };
    out(&line, "file=");
    keyval_out(&line, "a,b,,");
    out(&line, ",id=x");
    ck_assert_str_eq(line.text, "file=a,,b,,,,,id=x");
    KeyVals list = parsed(line.text, NULL);
    ck_assert_int_eq(list.count, 2);
    ck_assert_str_eq(keyvals_get(&list, "file"), "a,b,,");
    keyvals_free(&list);
    out_free(&line);
}
END_TEST

START_TEST(first_word_is_the_implied_key)
{
    KeyVals list = parsed("pl011,,x,id=u", "type");
    ck_assert_str_eq(keyvals_get(&list, "type"), "pl011,x");
    ck_assert_str_eq(keyvals_get(&list, "id"), "u");
    keyvals_free(&list);
    list = parsed("type=pl011,id=u", "type");
    ck_assert_str_eq(keyvals_get(&list, "type"), "pl011");
    keyvals_free(&list);
    list = parsed("", "type");
    ck_assert_int_eq(list.count, 0);
    keyvals_free(&list);
}
END_TEST

START_TEST(last_of_a_repeated_key_counts_and_all_can_be_walked)
{
    KeyVals list = parsed("fwd=1,a,fwd=2", NULL);
    ck_assert_str_eq(keyvals_get(&list, "fwd"), "2");
    size_t at = 0;
    ck_assert_str_eq(keyvals_next(&list, "fwd", &at), "1");
    ck_assert_str_eq(keyvals_next(&list, "fwd", &at), "2");
    ck_assert_ptr_null(keyvals_next(&list, "fwd", &at));
    keyvals_free(&list);
}
END_TEST

START_TEST(missing_key_is_refused)
{
    KeyVals list;
    Error err;
    ck_assert(!keyvals_parse("a=1,=2", NULL, &list, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "key is missing"));
    ck_assert(!keyvals_parse(",a", NULL, &list, &err));
}
END_TEST

START_TEST(unknown_key_names_the_nearest_asked_for)
{
    KeyVals list = parsed("readonyl=on", NULL);
    Error err;
    bool readonly = false;
    ck_assert(keyvals_bool(&list, "readonly", &readonly, &err));
    ck_assert(!readonly);
    ck_assert(!keyvals_done(&list, &err));
    ck_assert_str_eq(err.text, "no such key 'readonyl'; did you mean 'readonly'?");
    keyvals_free(&list);
}
END_TEST

START_TEST(typed_values_are_checked)
{
    KeyVals list = parsed("b=perhaps,n=70000,s=64K,c=blue,m=4", NULL);
    Error err;
    bool b;
    uint64_t n = 0;
    int c = 0;
    ck_assert(!keyvals_bool(&list, "b", &b, &err));
    ck_assert(!keyvals_number(&list, "n", &n, 65535, &err));
    ck_assert(keyvals_size(&list, "s", 1, &n, &err));
    ck_assert_int_eq(n, 65536);
    ck_assert(keyvals_size(&list, "m", 1 << 20, &n, &err));
    ck_assert_int_eq(n, 4 << 20);
    ck_assert(!keyvals_choice(&list, "c", (const char *const[]){ "red", "green", NULL }, &c, &err));
    ck_assert_str_eq(err.text, "c=blue: expected red or green");
    ck_assert(keyvals_done(&list, &err));
    keyvals_free(&list);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("keyvals");
    tcase_add_test(t, pairs_flags_and_doubled_commas);
    tcase_add_test(t, written_values_are_read_back);
    tcase_add_test(t, first_word_is_the_implied_key);
    tcase_add_test(t, last_of_a_repeated_key_counts_and_all_can_be_walked);
    tcase_add_test(t, missing_key_is_refused);
    tcase_add_test(t, unknown_key_names_the_nearest_asked_for);
    tcase_add_test(t, typed_values_are_checked);
    return run_suite("keyvals", (TCase *[]){ t, NULL });
}
