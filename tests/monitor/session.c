#include "tests/monitor/session.h"

#include "core/machine.h"
#include "cpu/run.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "host/net.h"

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
    return session_on("none", mode, input);
}

char *session_on(const char *cpu, MonitorMode mode, const char *input)
{
    bool none = cpu && !strcmp(cpu, "none");
    MachineConfig config = { .cpu = cpu, .cpus = none ? 1 : 2, .bios = none ? NULL : "README.md" };
    static const Option no_options[] = { { 0 } };
    static const MonitorFacts facts = { .name = "toy", .options = no_options };
    Error err = { "" };
    cpu_use_backend(&x86_64_backend, (Translation){ .cache_bytes = 16 << 20 });
    Machine *m = machine_new(machine_type("virt", &err), &config, &err);
    ck_assert_msg(m && chardev_add("mem,id=mem", &err) &&
                      drive_add("file=README.md,if=none,id=disk,readonly=on,format=raw", "virtio", false, &err) &&
                      net_add("null,id=net", &err),
                  "%s", err.text);
    Monitors *all = monitors_new(m, &facts);
    ck_assert_msg(monitor_open(all, "mem", mode, &err), "%s", err.text);
    ck_assert_msg(none || machine_boot(m, &err), "%s", err.text);
    machine_pause(m);
    Typing t = { chardev_find("mem"), input };
    machine_post(m, type, &t, 0);
    ck_assert_int_eq(machine_run(m), 0);
    char *said = strdup(chardev_written(t.chr));
    monitors_free(all);
    machine_free(m);
    space_watch(NULL); /* the engine that is gone */
    nets_close();
    drives_close();
    chardevs_close();
    return said;
}
