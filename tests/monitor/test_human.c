/* The monitor for people: keys, words and the table of commands. */
#include "core/machine.h"
#include "host/chardev.h"
#include "monitor/command.h"
#include "monitor/edit.h"
#include "monitor/types.h"
#include "tests/monitor/session.h"
#include "tests/suite.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void says(const char *input, const char *text)
{
    char *said = session(MONITOR_HUMAN, input);
    ck_assert_msg(strstr(said, text), "'%s' is not in: %s", text, said);
    free(said);
}

START_TEST(prompts_and_echoes)
{
    char *said = session(MONITOR_HUMAN, "info status\nquit\n");
    ck_assert_msg(strstr(said, "\r\n(qemu) info status\r\nVM status: paused\r\n(qemu) quit\r\n"), "%s", said);
    free(said);
}
END_TEST

START_TEST(an_unknown_command_names_the_nearest)
{
    says("info statsu\nquit\n", "unknown command: 'info statsu'; did you mean 'info status'?");
    says("sytem_reset\nq\n", "did you mean 'system_reset'?");
    says("frobnicate\nq\n", "unknown command: 'frobnicate'; help lists them");
    says("stop now\nq\n", "stop: 'now' is too much");
}
END_TEST

START_TEST(stop_and_cont_are_seen_in_the_status)
{
    says("stop\ninfo status\nc\nq\n", "VM status: paused\r\n");
    says("stop\nc\ninfo status\nq\n", "VM status: running\r\n");
}
END_TEST

START_TEST(mon_needs_a_chardev_that_is_free)
{
    Error err;
    MonitorFacts facts = { 0 };
    Machine *m = machine_new(machine_type("virt", &err), &(MachineConfig){ .cpu = "none" }, &err);
    Monitors *all = monitors_new(m, &facts);
    ck_assert(!monitor_option(all, "x", &err));
    ck_assert_msg(strstr(err.text, "-mon x: there is no chardev 'x'"), "%s", err.text);
    ck_assert(chardev_add("mem,id=x", &err) && monitor_option(all, "x,mode=control,pretty=on", &err));
    ck_assert(!monitor_option(all, "chardev=x", &err));
    ck_assert_msg(strstr(err.text, "is in use"), "%s", err.text);
    ck_assert(!monitor_option(all, "x,mode=controll", &err));
    ck_assert(!monitor_option(all, "mode=control", &err));
    monitors_free(all);
    machine_free(m);
    chardevs_close();
}
END_TEST

/* ---- what commands print ---- */

static void line_says(const char *line, const char *text)
{
    char input[256];
    snprintf(input, sizeof input, "%s\nquit\n", line);
    char *said = session_on(NULL, MONITOR_HUMAN, input);
    ck_assert_msg(strstr(said, text), "'%s' is not in: %s", text, said);
    free(said);
}

START_TEST(expressions_compute)
{
    line_says("p 4*5", "0x14\r\n");
    line_says("p 1 + 2 * 3", "0x7\r\n");
    line_says("p (1+2)*3|0x100", "0x109\r\n");
    line_says("p/d -(7/2) % 2", "-1\r\n");
    line_says("p ~0 ^ 1", "0xfffffffffffffffe\r\n");
    line_says("p/c 0x41", "'A'\r\n");
    line_says("p/o 8", "010\r\n");
    line_says("p $x3 + 2", "0x2\r\n");
    line_says("p 1/0", "division by zero");
    line_says("p (1", "a ) is missing");
    line_says("p $x33", "there is no such register");
    line_says("p/q 1", "expected a count");
    line_says("p ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1", "nested too deeply");
}
END_TEST

START_TEST(memory_is_shown_in_the_format_asked_for)
{
    line_says("xp/4xw 0x44000000", "0000000044000000: 0x00000000 0x00000000 0x00000000 0x00000000\r\n");
    line_says("xp/3xg 0x44000000", "0000000044000010: 0x0000000000000000\r\n");
    line_says("xp /2c 0x44000000", "0000000044000000: '\\x00' '\\x00'\r\n");
    line_says("xp /1i 0x44000000", "0x44000000:");
    line_says("x/1x 0x44000000", "0000000044000000: 0x00000000\r\n");
    line_says("xp 0x0b000000", "no memory at physical address 0xb000000");
    line_says("xp /2xw 0x09000fe0", "0000000009000fe0: 0x00000011 0x00000010\r\n"); /* identity of the PL011 */
    line_says("xp /99999999x 0", "at most");
    line_says("i 0x60", "nothing answers at I/O port 0x60"); /* this machine has none */
    line_says("o /g 0x60 1", "by 1, 2 or 4 bytes");
}
END_TEST

START_TEST(only_what_is_removable_is_ejected)
{
    line_says("eject disk", "Device 'disk' is not removable");
    line_says("eject -f nothing", "Device 'nothing' not found");
    line_says("change disk README.md raw read-only", "Device 'disk' is not removable");
    line_says("change disk README.md raw never", "is not one of retain|read-only|read-write");
}
END_TEST

START_TEST(cpus_are_chosen_by_number)
{
    line_says("info cpus", "* CPU #0:");
    line_says("info roms", "addr=0000000000000000 size=0x4000000 mem=romd name=\"flash0\"\r\n");
    line_says("cpu 1\ninfo cpus", "* CPU #1:");
    line_says("cpu 2", "the CPUs are 0 to 1");
    line_says("cpu -1", "the CPUs are 0 to 1");
    line_says("info registers", "CPU#0\r\n      x0=0000000040000000");
    line_says("info registers -a", "CPU#1\r\n");
}
END_TEST

START_TEST(memory_is_saved_to_a_file)
{
    char line[128], path[] = "/tmp/monitor-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    snprintf(line, sizeof line, "pmemsave 0x44000000 4100 %s", path);
    free(session_on(NULL, MONITOR_HUMAN, strcat(line, "\nquit\n")));
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 4100);
    close(fd);
    unlink(path);
    line_says("pmemsave 0 16 /nowhere/x", "Could not open '/nowhere/x'");
    line_says("memsave 0", "memsave: say size");
}
END_TEST

START_TEST(the_machine_is_described)
{
    line_says("info qtree", "dev: pl011, id \"uart0\"");
    line_says("info mtree", "0000000009000000-0000000009000fff (i/o): uart0");
    line_says("info irq", "low  uart0.irq > gic.spi.1\r\n");
    line_says("info device uart0", "cr=00000300");
    line_says("info device uart9", "Error: Device 'uart9' not found");
    line_says("info pic", "gic (gicv2)");
    line_says("gdbserver unix:/tmp/monitor-gdb\ngdbserver", "there is a gdb server already");
    line_says("gdbserver nonsense:", "there is no kind of chardev 'nonsense'");
    line_says("info jit", "gen code size");
    line_says("info mem", "\r\n0000000000000000-0000ffffffffffff 0001000000000000 rwx\r\n(qemu)"); /* the MMU is off */
    line_says("info tlb", "regime");
    line_says("info chardev", "mem: filename=mem");
    line_says("info block", "disk: README.md (raw, read-only)\r\n");
    line_says("info blockstats", "disk: rd_operations=0");
    line_says("info network", "net: type=null\r\n");
    line_says("info history", "0: 'info history'");
    line_says("help info name", "info name -- the guest's name");
    line_says("device_add virtio-rng-pci,id=r", "does not support hotplugging");
    line_says("device_del uart0", "part of the machine");
}
END_TEST

/* ---- the editor ---- */

static void press(const char *keys, const char *line)
{
    Editor e = { .prompt = "> " };
    Out o = { 0 };
    edit_prompt(&e, &o);
    for (const char *k = keys; *k; k++)
        if (edit_key(&e, *k, &o))
            edit_prompt(&e, &o);
    ck_assert_msg(e.len == strlen(line) && !memcmp(e.line, line, e.len), "%.*s is not %s", (int)e.len, e.line, line);
    out_free(&o);
    edit_free(&e);
}

START_TEST(keys_edit_the_line)
{
    press("abc", "abc");
    press("abc\x7f\bd", "ad");
    press("ac\x02"
          "b",
          "abc");
    press("bc\x01"
          "a\x05"
          "d",
          "abcd");
    press("one two\x17x", "one x");
    press("one two\x02\x02\x02\x0b!", "one !");
    press("one two\x15x", "x");
    press("abc\033[D\033[D\033[3~x", "axc");
    press("abc\033[Hx\033[Fy", "xabcy");
    press("abc\033[1~x", "xabc");
    press("a\033Ozb", "ab");
    press("one two three\033b\033bX", "one Xtwo three");
    press("one two\x01\033fX", "oneX two");
    press("one two\x01\033d", " two");
    press("one two\033\x7f", "one ");
    press("one two\033[1;5D\033[1;3D>\033[1;5C<", ">one< two");
    press("one\033[1;2Dx", "onxe"); /* Shift does nothing */
    press("one two\x17\x19\x19", "one twotwo");
    press("one two\x01\x0bx\x19", "xone two");
    press("ab\x14", "ba");
    press("abc\x02\x02\x14", "bac");
    press("a\x14\x14", "a");
    press("\x14\x19\033b\033f\033d", "");
}
END_TEST

START_TEST(history_goes_up_and_down)
{
    press("one\rtwo\r\033[A", "two");
    press("one\rtwo\r\033[A\033[A", "one");
    press("one\rtwo\r\033[A\033[A\033[A", "one");
    press("one\rtwo\rdraft\x10\x10\x0e\x0e", "draft");
    press("one\r\none\r\ntwo\r\n\x10\x10", "one");
    press("\r\n\r\n\x10", "");
}
END_TEST

START_TEST(history_is_searched)
{
    press("info status\rstop\rinfo cpus\r\x12"
          "info\x05!",
          "info cpus!");
    press("info status\rstop\rinfo cpus\r\x12info\x12\x05!", "info status!");
    press("info status\rstop\rinfo cpus\r\x12sto\x7f\x7f\x7fstat\x01!", "!info status");
    press("one\rtwo\rdraft\x12one\x07", "draft");
    press("one\rtwo\r\x12nothing\x07", "");
    press("one\rtwo\r\x12one\033", "one");   /* ESC takes it */
    press("one\rtwo\r\x12two\033[A", "one"); /* what is older */
    press("one\rtwo\r\x12one\r\x10", "one"); /* Return runs it */
    press("\x12x\x12\x12\x07", "");
    press("a\x12\x07", "a");
}
END_TEST

START_TEST(a_line_too_long_is_cut)
{
    char keys[EDIT_LINE + 100];
    memset(keys, 'x', sizeof keys - 1);
    keys[sizeof keys - 1] = 0;
    keys[EDIT_LINE - 1] = 0;
    char *line = strdup(keys);
    keys[EDIT_LINE - 1] = 'x';
    press(keys, line);
    free(line);
}
END_TEST

/* What a terminal of 80 columns that is told this shows in its line, with | where the cursor is. */
static void screen_of(const char *text, char row[90])
{
    size_t at = 0, width = 0;
    memset(row, ' ', 89);
    for (; *text; text++) {
        unsigned back;
        int used = 0;
        if (*text == '\r') {
            at = 0;
        } else if (!strncmp(text, "\033[K", 3)) {
            memset(row + at, ' ', 80 - at);
            width = at;
            text += 2;
        } else if (sscanf(text, "\033[%uD%n", &back, &used) == 1 && used) {
            at -= back;
            text += used - 1;
        } else {
            ck_assert_uint_lt(at, 80);
            row[at++] = *text;
            width = at > width ? at : width;
        }
    }
    memmove(row + at + 1, row + at, width - at);
    row[at] = '|';
    row[width + 1] = 0;
}

static void terminal_shows(const char *keys, const char *want)
{
    char row[90];
    Editor e = { .prompt = "> " };
    Out o = { 0 };
    edit_prompt(&e, &o);
    while (*keys)
        edit_key(&e, *keys++, &o);
    screen_of(o.text, row);
    ck_assert_str_eq(row, want);
    out_free(&o);
    edit_free(&e);
}

START_TEST(a_line_wider_than_the_terminal_moves_sideways)
{
#define TENS                                                                                                           \
    "0---------1---------2---------3---------4---------5---------6---------7---------8---------9---------A---------"
    terminal_shows("abc", "> abc|");
    terminal_shows("abc\002\002", "> a|bc");
    terminal_shows(TENS, "> --4---------5---------6---------7---------8---------9---------A---------|");
    terminal_shows(TENS "\001", "> |0---------1---------2---------3---------4---------5---------6---------7------");
    terminal_shows(TENS "\001x", "> x|0---------1---------2---------3---------4---------5---------6---------7-----");
    terminal_shows(TENS "\025end", "> end|");
}
END_TEST

START_TEST(tab_completes_commands)
{
    says("info stat\t\nquit\n", "VM status: paused");
    says("system_\t\nquit\n", "system_reset  system_powerdown");
}
END_TEST

START_TEST(tab_completes_arguments)
{
    says("device_add virtio-rng-d\t\nquit\n", "device_add virtio-rng-device ");
    says("info device uar\t\nquit\n", "info device uart0 ");
    says("change -f dis\tREADM\traw read-o\t\nquit\n", "change -f disk README.md raw read-only ");
    says("delvm /\t\nquit\n", "(qemu) delvm /\r\n"); /* no such snapshot */
    says("snapshot load src/monitor/compl\t\t\nquit\n", "src/monitor/complete.c");
    says("watch 0 8 acc\t\nquit\n", "watch 0 8 access ");
    line_says("p 4+$x1\t", "4+$x1  4+$x10");
    line_says("x /2xg $TPIDR_EL\t", "$TPIDR_EL1  $TPIDR_EL0");
    line_says("break 0 EL\t", "EL0  EL1");
    says("stop \t\t\nquit\n", "(qemu) stop ");
    says("no_such \t\nquit\n", "(qemu) no_such ");
}
END_TEST

/* ---- the table ---- */

START_TEST(rows_are_well_formed)
{
    for (const Command *c = NULL; (c = command_next(c));) {
        const char *name = c->human ? c->human : c->name, *takes = c->takes ? c->takes : "";
        ck_assert_ptr_nonnull(name);
        ck_assert_msg(!!c->run + !!c->show + !!c->answer + !!c->refusal == 1 && !(c->show && c->name), "%s", name);
        ck_assert_msg(*c->help && !strchr(c->help, '\n'), "%s", name);
        bool optional = false;
        for (Member p; member_next(&takes, takes + strlen(takes), &p);
             optional |= p.optional && !type_is(p.type, "fmt") && *p.type.at != '-')
            ck_assert_msg(p.optional || !optional || !c->human || type_is(p.type, "json"),
                          "%s: %s follows what may be missing", name, p.name);
        for (const Command *d = NULL; (d = command_next(d)) && d != c;)
            ck_assert_msg((!c->name || !d->name || strcmp(c->name, d->name)) &&
                              (!c->human || !d->human || strcmp(c->human, d->human)),
                          "%s", name);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("human");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, prompts_and_echoes);
    tcase_add_test(c, an_unknown_command_names_the_nearest);
    tcase_add_test(c, stop_and_cont_are_seen_in_the_status);
    tcase_add_test(c, mon_needs_a_chardev_that_is_free);
    tcase_add_test(c, expressions_compute);
    tcase_add_test(c, memory_is_shown_in_the_format_asked_for);
    tcase_add_test(c, only_what_is_removable_is_ejected);
    tcase_add_test(c, cpus_are_chosen_by_number);
    tcase_add_test(c, memory_is_saved_to_a_file);
    tcase_add_test(c, the_machine_is_described);
    tcase_add_test(c, keys_edit_the_line);
    tcase_add_test(c, history_is_searched);
    tcase_add_test(c, history_goes_up_and_down);
    tcase_add_test(c, a_line_too_long_is_cut);
    tcase_add_test(c, a_line_wider_than_the_terminal_moves_sideways);
    tcase_add_test(c, tab_completes_commands);
    tcase_add_test(c, tab_completes_arguments);
    tcase_add_test(c, rows_are_well_formed);
    return run_suite("monitor/human", (TCase *[]){ c, NULL });
}
