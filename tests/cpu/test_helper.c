/* What helpers call that are built without vector registers keeps those. */
#include "tests/suite.h"

#include "base/log.h"
#include "cpu/cpu.h"

#include <string.h>

typedef struct Vectors {
    uint8_t v[16][16];
} Vectors;

/* Calls it with these in xmm0 to xmm15, and has them as they are then. */
static void call_with(Vectors *v, void (*fn)(void))
{
    __asm__ volatile("mov %%rsp, %%r12; sub $256, %%rsp; and $-64, %%rsp\n"
                     ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
                     "movups 16 * \\n(%%rbx), %%xmm\\n\n"
                     ".endr\n"
                     "call *%%rax\n"
                     ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
                     "movups %%xmm\\n, 16 * \\n(%%rbx)\n"
                     ".endr\n"
                     "mov %%r12, %%rsp"
                     : "+a"(fn)
                     : "b"(v)
                     : "memory", "cc", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "xmm0", "xmm1",
                       "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15");
}

static bool are_kept(void (*fn)(void))
{
    Vectors v, was;
    for (unsigned n = 0; n < sizeof v; n++)
        ((uint8_t *)&v)[n] = (uint8_t)(n * 7 + 1);
    was = v;
    call_with(&v, fn);
    return !memcmp(&v, &was, sizeof v);
}

static void change_one(void)
{
    __asm__ volatile("pcmpeqd %%xmm9, %%xmm9" ::: "xmm9");
}

static void log_one(void)
{
    cpu_log("cpu %d: %s at %llx, %u", 1, "a line that is long enough for all that moves bytes by sixteen",
            0x123456789abcull, 9u);
}

START_TEST(a_line_of_the_log)
{
    Error err;
    ck_assert(log_to("/dev/null", &err));
    ck_assert(!are_kept(change_one));
    ck_assert(are_kept(log_one));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_line_of_the_log, NULL };
    return run_tests("helper", tests, NULL);
}
