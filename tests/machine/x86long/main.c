#include "tests.h"

int main(void)
{
    static void (*const tests[])(void) = { test_gates, test_far, test_calls, test_control };
    for (unsigned n = 0; n < sizeof tests / sizeof *tests; n++) {
        fresh();
        tests[n]();
    }
    finish();
    return 0;
}
