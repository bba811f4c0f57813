#include "system.h"

int main(void)
{
    static void (*const tests[])(void) = { test_segments, test_far, test_interrupts, test_tasks,     test_virtual,
                                           test_debug,    test_smm, test_pages,      test_own_stores };
    for (unsigned n = 0; n < sizeof tests / sizeof *tests; n++) {
        fresh();
        tests[n]();
    }
    finish();
    return 0;
}
