/* Runs what a test program holds and returns its exit code; CK_VERBOSITY says how much is told. */
#pragma once
#include <check.h>

static inline int run_suite(const char *name, TCase *const *cases) /* up to a NULL */
{
    Suite *s = suite_create(name);
    for (; *cases; cases++)
        suite_add_tcase(s, *cases);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

static inline int run_tests(const char *name, const TTest *const *tests, void (*before)(void)) /* up to a NULL */
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 300);
    if (before)
        tcase_add_checked_fixture(t, before, NULL);
    for (; *tests; tests++)
        tcase_add_test(t, *tests);
    return run_suite(name, (TCase *[]){ t, NULL });
}
