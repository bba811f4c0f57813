/* -icount: what comes from outside while an x86 CPU runs does not change what it counts. */
#include "core/machine.h"
#include "cpu/backend.h"
#include "cpu/run.h"
#include "frontend/x86/x86.h"
#include "tests/suite.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char bios[] = "/tmp/dragoman-bios-XXXXXX";

/* Nearly all its time is in repeated string instructions. */
static const uint8_t strings[] = {
    0xfc,             /* cld */
    0xb8, 0x00, 0x10, /* mov $0x1000, %ax */
    0x8e, 0xc0,       /* mov %ax, %es */
    0x8e, 0xd8,       /* mov %ax, %ds */
    0x45,             /* 1: inc %bp */
    0x31, 0xff,       /* xor %di, %di */
    0x31, 0xf6,       /* xor %si, %si */
    0xb9, 0xff, 0xff, /* mov $0xffff, %cx */
    0xf3, 0xaa,       /* rep stosb */
    0xb9, 0xff, 0xff, /* mov $0xffff, %cx */
    0xf3, 0xac,       /* rep lodsb */
    0xeb, 0xef,       /* jmp 1b */
};
static const uint8_t at_reset[] = { 0xe9, 0x0d, 0xf0 }; /* jmp 0xf000 */

static void write_bios(void)
{
    uint8_t image[4096] = { 0 };
    memcpy(image, strings, sizeof strings);
    memcpy(image + 0xff0, at_reset, sizeof at_reset);
    int fd = mkstemp(bios);
    ck_assert_int_eq(write(fd, image, sizeof image), sizeof image);
    close(fd);
}

static bool over; /* atomic */

static void look_up(void *dev, uint64_t data)
{
    (void)dev, (void)data;
}

static void *disturb(void *machine)
{
    while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
        machine_post(machine, look_up, machine, 0);
        usleep(20);
    }
    return NULL;
}

START_TEST(what_comes_from_outside_does_not_count)
{
    enum { COUNT = 3000, LOOP = 7 + 16 /* rep lodsb begins again every 4096 bytes */, BEGIN = 5 };
    Error err;
    pthread_t thread;
    write_bios();
    cpu_use_backend(&x86_64_backend, (Translation){ .cache_bytes = 16 << 20 });
    cpu_use_counting(&(CountOptions){ .on = true, .stop_at = COUNT });
    Machine *m =
        machine_new(machine_type("pc", &err), &(MachineConfig){ .cpu = "max", .bios = bios, .ram = 64 << 20 }, &err);
    ck_assert_msg(m && machine_boot(m, &err), "%s", err.text);
    ck_assert_int_eq(pthread_create(&thread, NULL, disturb, m), 0);
    ck_assert_int_eq(machine_run(m), 0);
    __atomic_store_n(&over, true, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    unlink(bios);
    const X86Cpu *c = x86_of(m->cpu[0]);
    ck_assert_uint_eq(cpu_count(m), COUNT);
    ck_assert_uint_eq(c->r[RBP], (COUNT - BEGIN + LOOP - 1) / LOOP);
    machine_free(m);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("count");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, what_comes_from_outside_does_not_count);
    return run_suite("count-x86", (TCase *[]){ c, NULL }) ? EXIT_FAILURE : EXIT_SUCCESS;
}
