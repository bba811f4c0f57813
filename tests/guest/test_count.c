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

static Machine *ran(const char *firmware, uint64_t count)
{
    static MachineConfig config = { .cpu = "max", .ram = 64 << 20 };
    Error err;
    config.bios = firmware;
    cpu_use_backend(&x86_64_backend, (Translation){ .cache_bytes = 16 << 20 });
    cpu_use_counting(&(CountOptions){ .on = true, .shift = SHIFT, .stop_at = count });
    Machine *m = machine_new(machine_type("virt", &err), &config, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    ck_assert_int_eq(machine_run(m), 0);
    return m;
}

static Seen counted(uint64_t count)
{
    Machine *m = ran(code, count);
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

/* ---- a CPU that interrupts itself ---- */

static const uint32_t interrupts_itself[] = {
    0xd2810000, /* mov x0, #0x800 */
    0xd518c000, /* msr vbar_el1, x0 */
    0xd2a10014, /* mov x20, #0x8000000: the distributor */
    0x91404295, /* add x21, x20, #0x10, lsl #12: the CPU interface */
    0x529fffe0, /* mov w0, #0xffff */
    0xb9010280, /* str w0, [x20, #0x100]: GICD_ISENABLER0 */
    0x52801fe0, /* mov w0, #0xff */
    0xb90006a0, /* str w0, [x21, #4]: GICC_PMR */
    0x52800020, /* mov w0, #1 */
    0xb9000280, /* str w0, [x20]: GICD_CTLR */
    0xb90002a0, /* str w0, [x21]: GICC_CTLR */
    0xd50342ff, /* msr daifclr, #2 */
    0xd2800001, /* mov x1, #0 */
    0x910004c6, /* add x6, x6, #1 */
    0xd36700c2, /* ubfiz x2, x6, #25, #1: every second time */
    0xb90f0282, /* str w2, [x20, #0xf00]: GICD_SGIR */
    0x14000002, /* b 48 <.text+0x48> */
    0xd503201f, /* nop */
    0x91000421, /* add x1, x1, #1 */
    0x14000002, /* b 54 <.text+0x54> */
    0xd503201f, /* nop */
    0x91000421, /* add x1, x1, #1 */
    0x17fffff6, /* b 30 <.text+0x30> */
};
static const uint32_t handler[] = {
    0x8b010108, /* add x8, x8, x1 */
    0x9100054a, /* add x10, x10, #1 */
    0xb9400ea9, /* ldr w9, [x21, #0xc]: GICC_IAR */
    0xb90012a9, /* str w9, [x21, #0x10]: GICC_EOIR */
    0xd69f03e0, /* eret */
};
enum { HANDLER_AT = 0x800 + 0x280, SELF_BEFORE = 12, SELF_LOOP = 9, SELF_TURNS = 1000 };

static char self[] = "/tmp/dragoman-count-XXXXXX";

/* Whether units are linked makes no difference, as it would after a load. */
START_TEST(the_instruction_after_takes_the_interrupt)
{
    enum { HANDLER = sizeof handler / sizeof *handler };
    Machine *m = ran(self, SELF_BEFORE + SELF_TURNS * SELF_LOOP + SELF_TURNS / 2 * HANDLER);
    const ArmCpu *c = arm_of(m->cpu[0]);
    ck_assert_uint_eq(c->x[6], SELF_TURNS);
    ck_assert_uint_eq(c->x[10], SELF_TURNS / 2);
    ck_assert_uint_eq(c->x[8], 0);
    machine_free(m);
}
END_TEST

static void write_at(int fd, off_t at, const void *words, size_t bytes)
{
    if (pwrite(fd, words, bytes, at) != (ssize_t)bytes)
        exit(EXIT_FAILURE);
}

int main(void)
{
    int fd = mkstemp(code), other = mkstemp(self);
    write_at(fd, 0, program, sizeof program);
    write_at(other, 0, interrupts_itself, sizeof interrupts_itself);
    write_at(other, HANDLER_AT, handler, sizeof handler);
    close(fd);
    close(other);
    TCase *c = tcase_create("count");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, counts_are_exact_anywhere, 0, COUNTS);
    tcase_add_test(c, the_instruction_after_takes_the_interrupt);
    int failed = run_suite("count", (TCase *[]){ c, NULL });
    unlink(code);
    unlink(self);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
