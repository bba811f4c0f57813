/* device_add and device_del on a PC: what its guest reads of the slots (acpi_pci_hotplug.rst), and when a device is
 * gone. */
#include "core/machine.h"
#include "core/ports.h"
#include "monitor/command.h"
#include "tests/suite.h"

#include <string.h>

enum { UP = 0xae00, DOWN = 0xae04, EJECT = 0xae08, REMOVABLE = 0xae0c, GPE_STATUS = 0xafe0 };

static Machine *m;
static Monitors *monitors;
static char gone[32];

static void hear(void *who, MachineNews news)
{
    (void)who;
    if (news == NEWS_UNPLUGGED)
        strncpy(gone, machine_unplugged(m), sizeof gone - 1);
}

static void begin(const char *type)
{
    static const Option no_options[] = { { 0 } };
    static const MonitorFacts facts = { .options = no_options };
    Error err;
    m = machine_new(machine_type(type, &err), &(MachineConfig){ .cpu = "none" }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    monitors = monitors_new(m, &facts);
    machine_tell(m, hear, gone);
    *gone = 0;
}

static void end(void)
{
    monitors_free(monitors);
    machine_free(m);
}

static void line_says(const char *line, const char *text)
{
    Out o = { 0 };
    machine_lock(m);
    monitor_line(monitors, line, &o);
    machine_unlock(m);
    const char *said = o.text ? o.text : "";
    ck_assert_msg(*text ? strstr(said, text) != NULL : !*said, "%s: '%s' is not in: %s", line, text, said);
    out_free(&o);
}

static uint32_t in(uint16_t port)
{
    return (uint32_t)port_in(m, 0, port, 4);
}

START_TEST(a_card_comes_and_goes_by_its_slot)
{
    begin("pc");
    line_says("device_add virtio-rng-pci,id=card,addr=5", "");
    ck_assert_ptr_nonnull(machine_device(m, "card"));
    ck_assert_uint_eq(in(GPE_STATUS)&2, 2);
    ck_assert_uint_eq(in(UP), 1u << 5);
    ck_assert_uint_eq(in(UP), 0); /* told once */
    ck_assert_uint_eq(in(REMOVABLE), 1u << 5);
    port_out(m, 0, GPE_STATUS, 2, 1);
    ck_assert_uint_eq(in(GPE_STATUS)&2, 0);
    line_says("device_del card", "");
    ck_assert_uint_eq(in(GPE_STATUS)&2, 2);
    ck_assert_uint_eq(in(DOWN), 1u << 5);
    ck_assert_ptr_nonnull(machine_device(m, "card")); /* until the guest lets go of it */
    port_out(m, 0, EJECT, 1u << 5 | 1u << 1, 4);      /* the chip set stays */
    ck_assert_ptr_null(machine_device(m, "card"));
    ck_assert_ptr_nonnull(machine_device(m, "piix3"));
    ck_assert_str_eq(gone, "card");
    ck_assert_uint_eq(in(REMOVABLE), 0);
    line_says("device_add virtio-rng-pci,id=card,addr=5", ""); /* its place and its name are free again */
    ck_assert_uint_eq(in(UP), 1u << 5);
    end();
}
END_TEST

START_TEST(what_cannot_be_plugged_says_why)
{
    begin("pc");
    line_says("device_add i8042", "'i8042' is part of machines and cannot be added");
    line_says("device_add virtio-rng-pci,addr=1.0", "addr=1.0: piix3 is there already");
    line_says("device_add virtio-rng-pci,colour=red", "colour");
    line_says("device_add isa-debugcon,chardev=x", "Bus 'isa.0' does not support hotplugging");
    line_says("device_del piix3", "Device 'piix3' is part of the machine and cannot be removed");
    line_says("device_del nothing", "Device 'nothing' not found");
    ck_assert_uint_eq(in(UP), 0);
    end();
    begin("virt");
    line_says("device_add virtio-rng-pci", "does not support hotplugging");
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_card_comes_and_goes_by_its_slot, what_cannot_be_plugged_says_why, NULL };
    return run_tests("monitor/hotplug", tests, NULL);
}
