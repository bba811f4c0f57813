/* The generic timers. Virtual time stands still until the machine runs, so tests set compare values around 0. */
#include "arm_bench.h"

#include "core/run.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static ArmBench b;
static ArmCpu *c;
static uint32_t raised; /* bit per timer */

static void wire(void *dev, int pin, bool level)
{
    (void)dev;
    raised = (raised & ~(1u << pin)) | (uint32_t)level << pin;
}

static void setup(void)
{
    b = arm_bench(&aarch64_max, "el2=on");
    c = b.cpu;
    raised = 0;
    for (int i = 0; i < TIMERS; i++)
        c->timer_out[i] = (Line){ .changed = wire, .pin = i };
}

static void teardown(void)
{
    arm_bench_free(&b);
}

static const SysReg *reg(const char *name)
{
    for (int i = 0; i < arm_sysreg_count; i++)
        if (!strcmp(arm_sysregs[i].name, name))
            return &arm_sysregs[i];
    ck_abort_msg("no register %s", name);
}

static uint64_t get(const char *name)
{
    return sysreg_read(c, reg(name));
}

static void set(const char *name, uint64_t value)
{
    sysreg_write(c, reg(name), value);
}

static const char *const ctl[] = { "CNTP_CTL_EL0", "CNTV_CTL_EL0", "CNTHP_CTL_EL2" };
static const char *const cval[] = { "CNTP_CVAL_EL0", "CNTV_CVAL_EL0", "CNTHP_CVAL_EL2" };
static const char *const tval[] = { "CNTP_TVAL_EL0", "CNTV_TVAL_EL0", "CNTHP_TVAL_EL2" };

START_TEST(a_timer_whose_value_is_reached_raises_its_line)
{
    set(cval[_i], 0);
    ck_assert_uint_eq(get(ctl[_i]), 0);
    set(ctl[_i], 1);
    ck_assert_uint_eq(get(ctl[_i]), 5);
    ck_assert_uint_eq(raised, 1u << _i);
    set(ctl[_i], 3); /* masked */
    ck_assert_uint_eq(get(ctl[_i]), 7);
    ck_assert_uint_eq(raised, 0);
    set(ctl[_i], 1);
    set(cval[_i], 1000);
    ck_assert_uint_eq(get(ctl[_i]), 1);
    ck_assert_uint_eq(raised, 0);
    ck_assert_int_eq(c->sys.timer[_i].timer.when, 16000);
    set(ctl[_i], 0);
    ck_assert_int_eq(c->sys.timer[_i].timer.when, TIMER_OFF);
}
END_TEST

START_TEST(tval_is_the_distance)
{
    set(tval[_i], 100);
    ck_assert_uint_eq(get(cval[_i]), 100);
    set(tval[_i], (uint32_t)-5);
    ck_assert_uint_eq(get(cval[_i]), (uint64_t)-5);
    ck_assert_uint_eq(get(tval[_i]), (uint32_t)-5);
}
END_TEST

START_TEST(the_virtual_counter_is_behind_by_the_offset)
{
    set("CNTVOFF_EL2", (uint64_t)-50);
    ck_assert_uint_eq(get("CNTVCT_EL0"), 50);
    ck_assert_uint_eq(get("CNTPCT_EL0"), 0);
    set(cval[TIMER_VIRT], 60);
    set(ctl[TIMER_VIRT], 1);
    ck_assert_uint_eq(raised, 0);
    ck_assert_int_eq(c->sys.timer[TIMER_VIRT].timer.when, 160);
    set("CNTVOFF_EL2", (uint64_t)-60);
    ck_assert_uint_eq(raised, 1u << TIMER_VIRT);
}
END_TEST

START_TEST(a_value_centuries_away_never_fires)
{
    set(cval[TIMER_PHYS], ~0ull);
    set(ctl[TIMER_PHYS], 1);
    ck_assert_int_eq(c->sys.timer[TIMER_PHYS].timer.when, TIMER_OFF);
    ck_assert_uint_eq(raised, 0);
}
END_TEST

static void quit(void *m)
{
    machine_stop(m, STOP_QUIT);
}

START_TEST(a_timer_fires_when_its_time_comes)
{
    Timer end;
    timer_init(&end, b.machine, quit, b.machine);
    timer_at(&end, 4000000);
    set(tval[TIMER_VIRT], 62500); /* 1 ms */
    set(ctl[TIMER_VIRT], 1);
    ck_assert_uint_eq(raised, 0);
    b.machine->cpus = NULL; /* none of them is to run */
    ck_assert_int_eq(machine_run(b.machine), 0);
    ck_assert_uint_eq(raised, 1u << TIMER_VIRT);
    ck_assert_uint_ge(get("CNTVCT_EL0"), 62500);
}
END_TEST

/* The counter may reach the value while the timer is being set. */
START_TEST(a_timer_set_as_its_time_comes_is_not_lost)
{
    Machine *m = c->cpu.dev.machine;
    ArmTimer *timer = &c->sys.timer[TIMER_VIRT];
    set("CNTV_CTL_EL0", 1);
    clock_thaw(m);
    for (int k = 0; k < 10000; k++) {
        set("CNTV_CVAL_EL0", arm_count(c) + (uint64_t)(k % 24));
        ck_assert(raised || timer->timer.when != TIMER_OFF);
    }
    clock_freeze(m);
}
END_TEST

START_TEST(the_cycle_counter_counts_when_enabled)
{
    set("PMCCNTR_EL0", 1234);
    ck_assert_uint_eq(get("PMCCNTR_EL0"), 1234);
    set("PMCR_EL0", 1);
    set("PMCNTENSET_EL0", 1u << 31);
    ck_assert_uint_eq(get("PMCCNTR_EL0"), 1234); /* time stands still */
    set("PMCR_EL0", 5);
    ck_assert_uint_eq(get("PMCCNTR_EL0"), 0);
}
END_TEST

START_TEST(the_frequency_is_as_qemus)
{
    ck_assert_uint_eq(get("CNTFRQ_EL0"), 62500000);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("timers");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_timer_whose_value_is_reached_raises_its_line, 0, TIMERS);
    tcase_add_loop_test(t, tval_is_the_distance, 0, TIMERS);
    tcase_add_test(t, the_virtual_counter_is_behind_by_the_offset);
    tcase_add_test(t, a_value_centuries_away_never_fires);
    tcase_add_test(t, a_timer_fires_when_its_time_comes);
    tcase_add_test(t, a_timer_set_as_its_time_comes_is_not_lost);
    tcase_add_test(t, the_cycle_counter_counts_when_enabled);
    tcase_add_test(t, the_frequency_is_as_qemus);
    return run_suite("timer", (TCase *[]){ t, NULL });
}
