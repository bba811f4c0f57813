#include "tests/monitor/session.h"

#include "core/machine.h"
#include "host/chardev.h"

#include <check.h>
#include <string.h>

typedef struct Typing {
    Chardev *chr;
    const char *text;
} Typing;

static void type(void *typing, uint64_t data)
{
    Typing *t = typing;
    (void)data;
    chardev_type(t->chr, t->text);
}

char *session(MonitorMode mode, const char *input)
{
    static const MachineConfig config = { .cpu = "none" };
    static const Option none[] = { { 0 } };
    static const MonitorFacts facts = { .name = "toy", .options = none };
    Error err = { "" };
    Machine *m = machine_new(machine_type("virt", &err), &config, &err);
    ck_assert_msg(m && chardev_add("mem,id=mem", &err), "%s", err.text);
    Monitors *all = monitors_new(m, &facts);
    ck_assert_msg(monitor_open(all, "mem", mode, &err), "%s", err.text);
    Typing t = { chardev_find("mem"), input };
    machine_post(m, type, &t, 0);
    ck_assert_int_eq(machine_run(m), 0);
    char *said = strdup(chardev_written(t.chr));
    monitors_free(all);
    machine_free(m);
    chardevs_close();
    return said;
}
