/* Parts lists: what they make, and what they say when they are wrong. */
#include "core/machine.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct Toy {
    Machine machine;
    char *kind;
    bool extra;
} Toy;

static const Prop props[] = {
    { "kind", "which", PROP_TEXT, offsetof(Toy, kind), "plain" },
    { "extra", "more of it", PROP_BOOL, offsetof(Toy, extra), "off" },
    { 0 },
};

static Machine *make(const Part *parts, const char *machine_props, Error *err)
{
    static MachineType type;
    type = (MachineType){
        .name = "toy", .ram = 1 << 20, .cpus_max = 4, .props = props, .size = sizeof(Toy), .parts = parts, .cpu = "none"
    };
    return machine_new(&type, &(MachineConfig){ .cpus = 3, .machine_props = machine_props }, err);
}

static void expect_error(const Part *parts, const char *text)
{
    Error err = { "" };
    ck_assert_ptr_null(make(parts, NULL, &err));
    ck_assert_str_eq(err.text, text);
}

START_TEST(errors_name_the_part_and_what_is_wrong)
{
    expect_error((const Part[]){ { "u", "pl01" }, { 0 } }, "u: there is no device type 'pl01'; did you mean 'pl011'?");
    expect_error((const Part[]){ { "u", "pl011" }, { "u", "pl031" }, { 0 } }, "u: two parts have this id");
    expect_error((const Part[]){ { "u", "pl011", .set = "chardv=x" }, { 0 } },
                 "u: no property 'chardv'; did you mean 'chardev'?");
    expect_error((const Part[]){ { "r", "pl031", .set = "base=noon" }, { 0 } },
                 "r: base=noon: expected a number, such as 4096, 0x1000 or 4K");
    expect_error((const Part[]){ { "u", "pl011", .at = { 0x1000 } }, { "r", "pl031", .at = { 0x1fff } }, { 0 } },
                 "r: window 1fff-2ffe overlaps one of u");
    expect_error((const Part[]){ { "u", "pl011", .at = { 0x1000, 0x8000 } }, { 0 } },
                 "u: has 1 windows, but 2 addresses are given");
}
END_TEST

START_TEST(wire_errors_name_the_wire)
{
    expect_error((const Part[]){ { "u", "pl011", .wire = "irq" }, { 0 } },
                 "u: wire irq: expected PIN>PART.PIN or PIN<PART.PIN");
    expect_error((const Part[]){ { "u", "pl011", .wire = "irq>vic.3" }, { 0 } },
                 "u: wire irq>vic.3: there is no part 'vic'");
    expect_error((const Part[]){ { "u", "pl011", .wire = "irk>g.in.3" }, { "g", "pl061" }, { 0 } },
                 "u: wire irk>g.in.3: u has no output pin 'irk'; did you mean 'irq'?");
    expect_error((const Part[]){ { "u", "pl011", .wire = "irq>g.in.8" }, { "g", "pl061" }, { 0 } },
                 "u: wire irq>g.in.8: g has input pins in.0 to in.7, not 8");
    expect_error((const Part[]){ { "u", "pl011", .wire = "irq>g.in.x" }, { "g", "pl061" }, { 0 } },
                 "u: wire irq>g.in.x: 'x' is not a pin number");
    expect_error(
        (const Part[]){
            { "u", "pl011", .wire = "irq>g.in.1" }, { "r", "pl031", .wire = "irq>g.in.1" }, { "g", "pl061" }, { 0 } },
        "r: wire irq>g.in.1: input in.1 of g is driven by u already");
    expect_error((const Part[]){ { "u", "pl011", .wire = "irq>g.in.1 irq>g.in.2" }, { "g", "pl061" }, { 0 } },
                 "u: wire irq>g.in.2: output irq.0 of u is wired already");
    expect_error((const Part[]){ { "h", "pl061", .wire = "out[9]>g.in.0" }, { "g", "pl061" }, { 0 } },
                 "h: wire out[9]>g.in.0: the pins do not have 9 lines");
}
END_TEST

static Machine *made(const Part *parts, const char *machine_props)
{
    Error err;
    Machine *m = make(parts, machine_props, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    return m;
}

static const Line *line(Machine *m, const char *id, const char *pin, int index)
{
    Device *d = machine_device(m, id);
    ck_assert_msg(d != NULL, "no %s", id);
    return (const Line *)(const void *)((const char *)d + device_pin(d->type, pin, false)->line) + index;
}

START_TEST(copies_are_numbered_spaced_and_wired_in_a_row)
{
    Machine *m =
        made((const Part[]){ { "r", "pl031", .at = { 0x10000 }, .wire = "irq>g.in.2", .copies = 3, .step = 0x1000 },
                             { "g", "pl061" },
                             { 0 } },
             NULL);
    Flat f;
    ck_assert(space_flat(m->memory, 0x12fff, &f));
    ck_assert_str_eq(f.region->name, "r2");
    ck_assert(!space_flat(m->memory, 0x13000, &f));
    ck_assert_int_eq(line(m, "r2", "irq", 0)->pin, 4);
    machine_free(m);
}
END_TEST

START_TEST(a_part_for_each_cpu_counts_by_its_number)
{
    Machine *m = made(
        (const Part[]){ { "r*", "pl031", .each_cpu = true, .wire = "irq>g.in.1+2*" }, { "g", "pl061" }, { 0 } }, NULL);
    ck_assert_int_eq(line(m, "r0", "irq", 0)->pin, 1);
    ck_assert_int_eq(line(m, "r2", "irq", 0)->pin, 5);
    ck_assert_ptr_null(machine_device(m, "r3"));
    machine_free(m);
}
END_TEST

START_TEST(wires_run_backwards_and_in_bundles)
{
    Machine *m = made((const Part[]){ { "g", "pl061", .wire = "in.7<h.out.1" },
                                      { "h", "pl061" },
                                      { "i", "pl061", .wire = "out[4]>g.in.2" },
                                      { 0 } },
                      NULL);
    ck_assert_int_eq(line(m, "h", "out", 1)->pin, 7);
    ck_assert_ptr_eq(line(m, "h", "out", 1)->dev, machine_device(m, "g"));
    ck_assert_int_eq(line(m, "i", "out", 3)->pin, 5);
    machine_free(m);
}
END_TEST

START_TEST(machine_properties_choose_parts)
{
    static const Part parts[] = { { "a", "pl011", .when = "kind=plain" },
                                  { "b", "pl011", .when = "kind!=plain,extra=on" },
                                  { "c", "pl011", .when = "extra=off" },
                                  { 0 } };
    Machine *m = made(parts, NULL);
    ck_assert(machine_device(m, "a") && !machine_device(m, "b") && machine_device(m, "c"));
    machine_free(m);
    m = made(parts, "kind=fancy,extra=on");
    ck_assert(!machine_device(m, "a") && machine_device(m, "b") && !machine_device(m, "c"));
    machine_free(m);
    m = made(parts, "kind=fancy");
    ck_assert(!machine_device(m, "b"));
    machine_free(m);
}
END_TEST

START_TEST(a_line_that_is_high_after_reset_is_told_to_what_was_reset_later)
{
    Machine *m = made(
        (const Part[]){ { "i", "pl061", .wire = "out.0>g.in.0" }, { "g", "pl061", .at = { 0x1000 } }, { 0 } }, NULL);
    Error err;
    ck_assert(machine_boot(m, &err));
    ck_assert_uint_eq(space_load(m->memory, 0x13fc, 4, NULL), 0);
    machine_wire(m, machine_device(m, "i"), "", &err);
    machine_free(m);
}
END_TEST

START_TEST(devices_that_belong_to_machines_cannot_be_plugged)
{
    Machine *m = made((const Part[]){ { 0 } }, NULL);
    Error err;
    ck_assert(!machine_plug(m, "pl011,id=x", &err));
    ck_assert_str_eq(
        err.text, "-device pl011,id=x: 'pl011' is part of machines and cannot be added; -device help lists what can");
    ck_assert(!machine_plug(m, "nonsense", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "there is no device type 'nonsense'"));
    machine_free(m);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, errors_name_the_part_and_what_is_wrong);
    tcase_add_test(c, wire_errors_name_the_wire);
    tcase_add_test(c, copies_are_numbered_spaced_and_wired_in_a_row);
    tcase_add_test(c, a_part_for_each_cpu_counts_by_its_number);
    tcase_add_test(c, wires_run_backwards_and_in_bundles);
    tcase_add_test(c, machine_properties_choose_parts);
    tcase_add_test(c, a_line_that_is_high_after_reset_is_told_to_what_was_reset_later);
    tcase_add_test(c, devices_that_belong_to_machines_cannot_be_plugged);
    return run_suite("machine/board", (TCase *[]){ c, NULL });
}
