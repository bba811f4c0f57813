/* What holds for every machine: all its parts exist and start, all wires resolve, no two windows overlap. */
#include "config.h"
#include "core/machine.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int machines(void)
{
    int n = 0;
    while (machine_types[n])
        n++;
    return n;
}

START_TEST(it_is_made_reset_and_printed)
{
    const MachineType *t = machine_types[_i];
    Error err;
    Machine *m = machine_new(t, &(MachineConfig){ .cpu = "none", .cpus = _i % 2 + 1 }, &err);
    ck_assert_msg(m != NULL, "%s: %s", t->name, err.text);
    /* without firmware there is nothing to run, and it says what to do */
    ck_assert(machine_boot(m, &err) || strstr(err.text, "-bios"));
    Out o = { 0 };
    space_print(m->memory, &o);
    machine_print_qtree(m, &o);
    ck_assert_uint_gt(o.len, 0);
    out_free(&o);
    machine_free(m);
}
END_TEST

/* Properties that choose other parts. */
static const struct Variant {
    const char *machine, *props;
} variants[] = {
    { "virt", "virtualization=on" },
    { "virt", "gic-version=3" },
    { "virt", "gic-version=3,its=off,virtualization=on" },
    { "virt", "gic-version=max,dtb-randomness=off" },
    { "pc", "hpet=off,smm=off" },
};
enum { VARIANTS = sizeof variants / sizeof *variants };

START_TEST(its_variants_are_made)
{
    Error err;
    const MachineType *t = machine_type(variants[_i].machine, &err);
    Machine *m = machine_new(
        t, &(MachineConfig){ .cpu = "none", .machine_props = variants[_i].props, .dump_dtb = "/dev/null" }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err) || strstr(err.text, "-bios"), "%s", err.text);
    machine_free(m);
}
END_TEST

START_TEST(its_default_cpu_is_one_of_those_allowed)
{
    const MachineType *t = machine_types[_i];
    ck_assert_ptr_nonnull(t->cpu);
    ck_assert(!t->cpus || strstr(t->cpus, t->cpu));
    ck_assert_uint_le(t->ram, t->ram_max);
    ck_assert_ptr_nonnull(t->about);
}
END_TEST

/* The wires of parts that no configuration above makes are at least parsed by the machines' own tests. */
START_TEST(parts_that_are_always_there_have_known_types)
{
    for (const Part *p = machine_types[_i]->parts; p && p->id; p++) {
        Error err;
        ck_assert_msg(p->when || !strcmp(p->type, "$cpu") || device_type(p->type, &err), "%s: %s", p->id, err.text);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, it_is_made_reset_and_printed, 0, machines());
    if (HAVE_FDT) /* they boot without -dtb */
        tcase_add_loop_test(c, its_variants_are_made, 0, VARIANTS);
    tcase_add_loop_test(c, its_default_cpu_is_one_of_those_allowed, 0, machines());
    tcase_add_loop_test(c, parts_that_are_always_there_have_known_types, 0, machines());
    return run_suite("machine/every", (TCase *[]){ c, NULL });
}
