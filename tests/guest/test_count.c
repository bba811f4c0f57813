/* -icount: after N instructions exactly N were run, wherever in a unit that is, and the guest's clock says so. */
#include "core/machine.h"
#include "cpu/engine.h"
#include "frontend/arm/arm.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

/* Nine instructions before the eighth turn of the loop, eight in it; seven when it leaves one out. */
static const uint32_t program[] = {
    0xd2a8021d, /* mov x29, #0x40100000 */
    0xd2800001, /* mov x1, #0x0 */
    0x91000421, /* add x1, x1, #0x1 */
    0xf94003a2, /* ldr x2, [x29] */
    0xd53be043, /* mrs x3, cntvct_el0 */
    0xf1001c3f, /* cmp x1, #0x7 */
    0x54000041, /* b.ne 20 <.text+0x20> */
    0xf90007a1, /* str x1, [x29, #8] */
    0xca010084, /* eor x4, x4, x1 */
    0x17fffff9, /* b 8 <.text+0x8> */
};
enum { BEFORE = 2 /* instructions, of the loop */, SHIFT = 5 };

static char code[] = "/tmp/dragoman-count-XXXXXX";

typedef struct Seen {
    uint64_t pc, turns, xored, clock, count;
    int64_t time;
} Seen;

/* What the C program makes of it. */
static Seen expected(uint64_t count)
{
    Seen s = { .count = count, .time = (int64_t)(count << SHIFT) };
    for (uint64_t n = 0; n < count; n++) {
        uint32_t word = program[s.pc / 4];
        s.pc += 4;
        if (word == 0x91000421) /* add x1, x1, #1 */
            s.turns++;
        else if (word == 0xd53be043) /* mrs x3, cntvct_el0: it counts itself */
            s.clock = ((n + 1) << SHIFT) / 16;
        else if (word == 0xca010084) /* eor x4, x4, x1 */
            s.xored ^= s.turns;
        else if (word == 0x54000041) /* b.ne */
            s.pc += s.turns != 7 ? 4 : 0;
        else if (word >> 26 == 5) /* b */
            s.pc = 4 * BEFORE;
    }
    return s;
}

static Seen counted(uint64_t count)
{
    Error err;
    MachineConfig config = { .cpu = "max", .bios = code, .ram = 64 << 20 };
    cpu_use_backend(&x86_64_backend, (Translation){ .cache_bytes = 16 << 20 });
    cpu_use_counting(&(CountOptions){ .on = true, .shift = SHIFT, .stop_at = count });
    Machine *m = machine_new(machine_type("virt", &err), &config, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    ck_assert_int_eq(machine_run(m), 0);
    const ArmCpu *c = arm_of(m->cpu[0]);
    Seen s = { c->pc, c->x[1], c->x[4], c->x[3], cpu_count(m), time_now(m) };
    machine_free(m);
    return s;
}

static const uint64_t counts[] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,     44,    45,    46,
                                   47, 48, 49, 50, 51, 52, 53, 54, 49999, 50000, 50001, 1000003 };
enum { COUNTS = sizeof counts / sizeof *counts };

/* A process has one machine. */
START_TEST(counts_are_exact_anywhere)
{
    Seen want = expected(counts[_i]), got = counted(counts[_i]);
    ck_assert_uint_eq(got.count, want.count);
    ck_assert_int_eq(got.time, want.time);
    ck_assert_uint_eq(got.pc, want.pc);
    ck_assert_uint_eq(got.turns, want.turns);
    ck_assert_uint_eq(got.xored, want.xored);
    ck_assert_uint_eq(got.clock, want.clock);
}
END_TEST

int main(void)
{
    int fd = mkstemp(code);
    if (write(fd, program, sizeof program) != sizeof program)
        return EXIT_FAILURE;
    close(fd);
    TCase *c = tcase_create("count");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, counts_are_exact_anywhere, 0, COUNTS);
    int failed = run_suite("count", (TCase *[]){ c, NULL });
    unlink(code);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
