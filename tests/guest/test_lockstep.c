/* --lockstep on a small program: nothing differs; and when the translation is made to be wrong, that is found, and told
 * in a line that test_guest takes. argv[1]: test_guest. */
#include "base/log.h"
#include "core/machine.h"
#include "cpu/run.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t program[] = {
    0xd2a8021d, /* mov x29, #0x40100000 */
    0x910003bf, /* mov sp, x29 */
    0xd2a12014, /* mov x20, #0x9000000 */
    0xd2800513, /* mov x19, #0x28 */
    0xd2824681, /* mov x1, #0x1234 */
    0xd2a00609, /* mov x9, #0x300000 */
    0xd5181049, /* msr cpacr_el1, x9 */
    0xd5033fdf, /* isb */
    0x1e6f1001, /* fmov d1, #1.500000000000000000e+00 */
    0x8b131c21, /* add x1, x1, x19, lsl #7 */
    0xca130022, /* eor x2, x1, x19 */
    0xa9bf0be1, /* stp x1, x2, [sp, #-16]! */
    0xb94007e3, /* ldr w3, [sp, #4] */
    0xab030044, /* adds x4, x2, x3 */
    0x9a812085, /* csel x5, x4, x1, cs */
    0x1e610821, /* fmul d1, d1, d1 */
    0xd53be046, /* mrs x6, cntvct_el0 */
    0xd5380007, /* mrs x7, midr_el1 */
    0x528005c8, /* mov w8, #0x2e */
    0x39000288, /* strb w8, [x20] */
    0xb9401a89, /* ldr w9, [x20, #24] */
    0xf8337ba5, /* str x5, [x29, x19, lsl #3] */
    0x396007aa, /* ldrb w10, [x29, #2049] */
    0x9400000a, /* bl 84 <.text+0x84> */
    0xf1000673, /* subs x19, x19, #0x1 */
    0x54fffe01, /* b.ne 24 <.text+0x24> */
    0x93c534ab, /* ror x11, x5, #13 */
    0x8a21016c, /* bic x12, x11, x1 */
    0xf90007ac, /* str x12, [x29, #8] */
    0xf94007ad, /* ldr x13, [x29, #8] */
    0x52b08000, /* mov w0, #0x84000000 */
    0x72800100, /* movk w0, #0x8 */
    0xd4000002, /* hvc #0x0 */
    0xd280006e, /* mov x14, #0x3 */
    0xd10005ce, /* sub x14, x14, #0x1 */
    0xb5ffffee, /* cbnz x14, 88 <.text+0x88> */
    0xd65f03c0, /* ret */
};

static const char *guest_test;
static char code[] = "/tmp/dragoman-lockstep-code-XXXXXX", log_file[] = "/tmp/dragoman-lockstep-log-XXXXXX",
            case_file[] = "/tmp/dragoman-lockstep-case-XXXXXX";

/* ---- a translator that takes BIC for AND ---- */

static bool wrong;

static bool compile(const Guest *g, Ir *ir, uint64_t pc, Compiled *to)
{
    for (uint32_t k = 1; wrong && k < ir->count; k++)
        if (ir->insn[k].op == IR_andn)
            ir->insn[k].op = IR_and;
    return x86_64_backend.compile(g, ir, pc, to);
}

static Backend backend;

/* Its exit code; what it said at the end in *text. */
static int run(bool plant, Out *text)
{
    Error err;
    MachineConfig config = { .cpu = "max", .bios = code, .ram = 64 << 20 };
    wrong = plant;
    backend = x86_64_backend;
    backend.compile = compile;
    cpu_use_backend(&backend, (Translation){ 0 });
    cpu_use_lockstep(true);
    ck_assert_msg(log_to(log_file, &err), "%s", err.text);
    const MachineType *type = machine_type("virt", &err);
    Machine *m = machine_new(type, &config, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    int result = machine_run(m);
    cpu_lockstep_balance(m, text);
    machine_free(m);
    return result;
}

static unsigned long long number_before(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    ck_assert_msg(at != NULL, "no '%s' in: %s", what, text);
    while (at > text && at[-1] != ' ' && at[-1] != '\n')
        at--;
    at--;
    while (at > text && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return strtoull(at, NULL, 10);
}

START_TEST(both_agree_over_devices_helpers_and_loops)
{
    Out text = { 0 };
    ck_assert_int_eq(run(false, &text), 0);
    ck_assert_msg(strstr(text.text, "no difference") != NULL, "%s", text.text);
    ck_assert_uint_gt(number_before(text.text, " instructions compared"), 40 * 20);
    ck_assert_uint_ge(number_before(text.text, " device accesses"), 80);
    ck_assert_uint_ge(number_before(text.text, " helper calls"), 40);
    ck_assert_msg(strstr(text.text, "not compared") == NULL, "%s", text.text);
    out_free(&text);
}
END_TEST

/* The line after the one that announces it. */
static void take_line(char *line, size_t room)
{
    FILE *log = fopen(log_file, "r");
    bool next = false;
    line[0] = 0;
    ck_assert(log != NULL);
    while (!next && fgets(line, (int)room, log))
        next = strstr(line, "A line for tests/guest") != NULL;
    ck_assert(next && fgets(line, (int)room, log));
    fclose(log);
}

START_TEST(a_difference_is_found_and_told_in_a_line)
{
    char line[4096], command[600];
    Out text = { 0 };
    ck_assert_msg(run(true, &text) == 1, "%s", text.text);
    ck_assert_msg(strstr(text.text, "no difference") == NULL, "%s", text.text);
    take_line(line, sizeof line);
    ck_assert_msg(strstr(line, ".inst 0x8a21016c  8a21016c") == line, "%s", line); /* the BIC alone */
    ck_assert_msg(strstr(line, " x12=") != NULL, "%s", line);
    FILE *f = fopen(case_file, "w");
    fputs(line, f);
    fclose(f);
    snprintf(command, sizeof command, "%s %s > /dev/null", guest_test, case_file);
    ck_assert_int_eq(system(command), 0);
    char *result = strstr(strstr(line, "->"), " x12=") + 5; /* and it does not take a wrong one */
    result[0] = result[0] == '1' ? '2' : '1';
    f = fopen(case_file, "w");
    fputs(line, f);
    fclose(f);
    ck_assert_int_ne(system(command), 0);
    out_free(&text);
}
END_TEST

static void setup(void)
{
    int fd = mkstemp(code);
    ck_assert_int_eq(write(fd, program, sizeof program), sizeof program);
    close(fd);
    close(mkstemp(log_file));
    close(mkstemp(case_file));
}

static void teardown(void)
{
    unlink(code);
    unlink(log_file);
    unlink(case_file);
}

int main(int argc, char **argv)
{
    guest_test = argc > 1 ? argv[1] : "";
    TCase *c = tcase_create("lockstep");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, both_agree_over_devices_helpers_and_loops);
    tcase_add_test(c, a_difference_is_found_and_told_in_a_line);
    return run_suite("lockstep", (TCase *[]){ c, NULL });
}
