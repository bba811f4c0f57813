/* Runs the test functions of one file. */
#pragma once
#include <check.h>

static inline int run_tests(const char *name, const TTest *const *tests, void (*before)(void))
{
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 300);
    if (before)
        tcase_add_checked_fixture(t, before, NULL);
    for (; *tests; tests++)
        tcase_add_test(t, *tests);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
