#include "core/machine.h"
#include "host/clock.h"
#include "tests/suite.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { MS = 1000000 };

static const MachineType bare = { .name = "bare", .ram = 16 << 20, .ram_max = 64 << 20, .cpus_max = 4 };

static Machine *machine(void)
{
    static const MachineConfig config = { 0 };
    Error err;
    Machine *m = machine_new(&bare, &config, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    return m;
}

static char order[8];
static int fired;

static void fire(void *who)
{
    order[fired++] = *(char *)who;
}

static void stop_now(void *dev, uint64_t why)
{
    machine_stop(dev, (StopReason)why);
}

static void quit(void *m)
{
    machine_stop(m, STOP_QUIT);
}

START_TEST(timers_fire_in_the_order_of_their_times)
{
    Machine *m = machine();
    static char names[] = "abcd";
    Timer t[4], end;
    for (int i = 0; i < 4; i++)
        timer_init(&t[i], m, fire, &names[i]);
    timer_init(&end, m, quit, m);
    timer_at(&t[0], 3 * MS);
    timer_at(&t[1], 1 * MS);
    timer_at(&t[2], 2 * MS);
    timer_at(&t[3], 2 * MS);
    timer_at(&t[2], 4 * MS); /* moved */
    timer_off(&t[1]);
    timer_at(&end, 5 * MS);
    int64_t before = clock_ns();
    ck_assert_int_eq(machine_run(m), 0);
    ck_assert_int_ge(clock_ns() - before, 5 * MS);
    ck_assert_str_eq(order, "dac");
    machine_free(m);
}
END_TEST

static Timer again;

static void set_again(void *m)
{
    if (++fired == 100000)
        machine_stop(m, STOP_QUIT);
    timer_at(&again, 0);
}

START_TEST(a_timer_that_is_always_due_cannot_keep_the_lock)
{
    Machine *m = machine();
    timer_init(&again, m, set_again, m);
    timer_at(&again, 0);
    timers_run(m);
    ck_assert_int_lt(fired, 100000);
    ck_assert_int_eq(machine_run(m), 0);
    ck_assert_int_eq(fired, 100000);
    machine_free(m);
}
END_TEST

static void *post_soon(void *m)
{
    usleep(2000);
    machine_post(m, stop_now, m, STOP_QUIT);
    return NULL;
}

START_TEST(a_posted_event_wakes_the_machine)
{
    Machine *m = machine();
    pthread_t thread;
    pthread_create(&thread, NULL, post_soon, m);
    ck_assert_int_eq(machine_run(m), 0);
    pthread_join(thread, NULL);
    machine_free(m);
}
END_TEST

static Timer late;

static void *set_timer_soon(void *m)
{
    usleep(2000);
    machine_lock(m);
    timer_at(&late, time_now(m) + MS);
    machine_unlock(m);
    return NULL;
}

START_TEST(a_timer_set_by_another_thread_shortens_the_sleep)
{
    Machine *m = machine();
    timer_init(&late, m, quit, m);
    pthread_t thread;
    pthread_create(&thread, NULL, set_timer_soon, m);
    ck_assert_int_eq(machine_run(m), 0);
    pthread_join(thread, NULL);
    machine_free(m);
}
END_TEST

START_TEST(panic_is_the_one_reason_with_a_bad_exit_code)
{
    static const StopReason reasons[] = { STOP_POWEROFF, STOP_QUIT, STOP_PANIC };
    for (int i = 0; i < 3; i++) {
        Machine *m = machine();
        machine_stop(m, reasons[i]);
        machine_stop(m, STOP_QUIT); /* the first reason stays */
        ck_assert_int_eq(machine_run(m), reasons[i] == STOP_PANIC);
        machine_free(m);
    }
}
END_TEST

static int starts, stops, resets;

static int cpus_start(Machine *m)
{
    if (++starts == 3)
        machine_post(m, stop_now, m, STOP_POWEROFF);
    else
        machine_post(m, stop_now, m, STOP_RESET);
    return 0;
}

static void cpus_stop(Machine *m)
{
    ck_assert(!machine_locked(m));
    stops++;
}

static void cpus_reset(Machine *m)
{
    ck_assert(!machine_locked(m));
    resets++;
}

static const MachineCpus cpus = { cpus_start, cpus_stop, cpus_reset };

START_TEST(a_reset_stops_resets_and_starts_the_cpus)
{
    Machine *m = machine();
    m->cpus = &cpus;
    ck_assert_int_eq(machine_run(m), 0);
    ck_assert_int_eq(starts, 3);
    ck_assert_int_eq(stops, 3);
    ck_assert_int_eq(resets, 2);
    machine_free(m);
}
END_TEST

static int64_t paused_at;

static void *pause_and_go_on(void *p)
{
    Machine *m = p;
    usleep(5000);
    machine_pause(m);
    while (!machine_paused(m))
        usleep(100);
    paused_at = time_now(m);
    usleep(30000);
    ck_assert_int_eq(time_now(m), paused_at);
    machine_continue(m);
    while (machine_paused(m))
        usleep(100);
    ck_assert_int_lt(time_now(m) - paused_at, 25 * MS);
    machine_stop(m, STOP_QUIT);
    return NULL;
}

START_TEST(virtual_time_stands_still_while_paused)
{
    Machine *m = machine();
    pthread_t thread;
    pthread_create(&thread, NULL, pause_and_go_on, m);
    ck_assert_int_eq(machine_run(m), 0);
    pthread_join(thread, NULL);
    machine_free(m);
}
END_TEST

typedef struct Contest {
    Machine *m;
    long shared;
} Contest;

static void *contend(void *p)
{
    Contest *c = p;
    for (int i = 0; i < 20000; i++) {
        machine_lock(c->m);
        ck_assert(machine_locked(c->m));
        c->shared++;
        machine_unlock(c->m);
    }
    return NULL;
}

START_TEST(the_lock_excludes)
{
    Contest c = { machine(), 0 };
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, contend, &c);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(c.shared, 80000);
    ck_assert(!machine_locked(c.m));
    machine_free(c.m);
}
END_TEST

static int greedy_done, turns;

static void *greedy(void *m)
{
    while (!__atomic_load_n(&greedy_done, __ATOMIC_RELAXED)) {
        machine_lock(m);
        machine_unlock(m);
    }
    return NULL;
}

START_TEST(a_thread_that_takes_the_lock_all_the_time_cannot_starve_another)
{
    Machine *m = machine();
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, greedy, m);
    for (turns = 0; turns < 1000; turns++) {
        machine_lock(m);
        machine_unlock(m);
    }
    __atomic_store_n(&greedy_done, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    machine_free(m);
}
END_TEST

START_TEST(ram_pages_are_numbered_through)
{
    Machine *m = machine();
    Error err;
    Region *a = ram_add(m, "a", 3 << 20, false, &err), *b = ram_add(m, "b", 1 << 20, true, &err);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_eq(a->page, 0);
    ck_assert_uint_eq(b->ram - a->ram, b->page << 12);
    ck_assert_uint_ge(ram_pages(m), b->page + (b->size >> 12));
    size_t count;
    ck_assert_ptr_eq(ram_regions(m, &count)[1], b);
    ck_assert_uint_eq(count, 2);
    ck_assert_ptr_null(ram_add(m, "far too much", 1ull << 50, false, &err));
    ck_assert_ptr_null(ram_add(m, "more than there is", UINT64_MAX, false, &err));
    machine_free(m);
}
END_TEST

START_TEST(ram_knows_what_was_touched)
{
    Machine *m = machine();
    Error err;
    Region *r = ram_add(m, "a", 5 << 20, false, &err);
    uint64_t *numbers = calloc(r->size >> 12, sizeof *numbers);
    ck_assert_uint_eq(ram_touched(r, numbers), 0);
    r->ram[0x234567] = 0x17;
    size_t count = ram_touched(r, numbers), k = 0;
    while (k < count && numbers[k] != 0x234)
        k++;
    ck_assert_uint_lt(k, count); /* beside it the rest of a large page, perhaps */
    ck_assert(ram_clear(r));
    ck_assert_uint_eq(ram_touched(r, numbers), 0);
    ck_assert_uint_eq(r->ram[0x234567], 0);
    free(numbers);
    machine_free(m);
}
END_TEST

START_TEST(what_the_user_asks_for_is_within_the_machine)
{
    Error err;
    ck_assert_ptr_null(machine_new(&bare, &(MachineConfig){ .cpus = 5 }, &err));
    ck_assert_str_eq(err.text, "-smp 5: the machine bare has 1 to 4 CPUs");
    ck_assert_ptr_null(machine_new(&bare, &(MachineConfig){ .ram = 65 << 20 }, &err));
    ck_assert_str_eq(err.text, "-m: the machine bare has at most 64 MiB");
    ck_assert_ptr_null(machine_new(&bare, &(MachineConfig){ .machine_props = "nonsense=1" }, &err));
    ck_assert_str_eq(err.text, "-machine bare: no property 'nonsense'; -machine bare,help lists them");
    ck_assert_ptr_null(machine_new(&bare, &(MachineConfig){ .machine_props = "acel=tcg" }, &err));
    ck_assert_str_eq(err.text, "-machine bare: no property 'acel'; did you mean 'accel'?");
    ck_assert_ptr_null(machine_new(&bare, &(MachineConfig){ .machine_props = "accel=kvm" }, &err));
    ck_assert_str_eq(err.text, "-machine bare: accel=kvm: only tcg is there, which translates guest code");
}
END_TEST

START_TEST(options_may_be_machine_properties)
{
    Error err;
    Machine *m = machine_new(
        &bare, &(MachineConfig){ .machine_props = "kernel=a,append=x,,y,accel=kvm:tcg,graphics=off", .append = "z" },
        &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_str_eq(m->config->kernel, "a");
    ck_assert_str_eq(m->config->append, "z"); /* the option of its own wins */
    machine_free(m);
}
END_TEST

START_TEST(machines_are_found_by_name_and_version)
{
    Error err;
    ck_assert_ptr_nonnull(machine_type("virt", &err));
    ck_assert_ptr_eq(machine_type("virt-7.2", &err), machine_type("virt", &err));
    ck_assert_ptr_null(machine_type("vir", &err));
    ck_assert_str_eq(err.text, "there is no machine 'vir'; did you mean 'virt'?");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, timers_fire_in_the_order_of_their_times);
    tcase_add_test(c, a_timer_that_is_always_due_cannot_keep_the_lock);
    tcase_add_test(c, a_posted_event_wakes_the_machine);
    tcase_add_test(c, a_timer_set_by_another_thread_shortens_the_sleep);
    tcase_add_test(c, panic_is_the_one_reason_with_a_bad_exit_code);
    tcase_add_test(c, a_reset_stops_resets_and_starts_the_cpus);
    tcase_add_test(c, virtual_time_stands_still_while_paused);
    tcase_add_test(c, the_lock_excludes);
    tcase_add_test(c, a_thread_that_takes_the_lock_all_the_time_cannot_starve_another);
    tcase_add_test(c, ram_pages_are_numbered_through);
    tcase_add_test(c, ram_knows_what_was_touched);
    tcase_add_test(c, what_the_user_asks_for_is_within_the_machine);
    tcase_add_test(c, options_may_be_machine_properties);
    tcase_add_test(c, machines_are_found_by_name_and_version);
    return run_suite("core/machine", (TCase *[]){ c, NULL });
}
