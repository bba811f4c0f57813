/* Keys, mouse and screen through the monitor. */
#include "host/display.h"
#include "host/input.h"
#include "monitor/command.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static Bench b;
static Monitors *monitors;
static char heard[512]; /* what the listener was told, as text */

static void hear_key(void *dev, int key, bool down)
{
    (void)dev;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%c%s ", down ? '+' : '-', key_name(key));
}

static void hear_mouse(void *dev, int dx, int dy, int wheel, int buttons)
{
    (void)dev;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%d,%d,%d,%d ", dx, dy, wheel, buttons);
}

static void hear_place(void *dev, int x, int y, int wheel, int buttons)
{
    (void)dev;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "at %d,%d,%d,%d ", x, y, wheel, buttons);
}

static Listener listener = { .name = "test", .key = hear_key, .mouse = hear_mouse };

static void begin(const char *type)
{
    static const Option no_options[] = { { 0 } };
    static const MonitorFacts facts = { .options = no_options };
    b = bench(type, type && !strcmp(type, "VGA") ? "romfile=" : NULL);
    monitors = monitors_new(b.machine, &facts);
    *heard = 0;
}

static void end(void)
{
    monitors_free(monitors);
    bench_end(&b);
}

static void line_says(const char *line, const char *text)
{
    Out o = { 0 };
    machine_lock(b.machine);
    monitor_line(monitors, line, &o);
    machine_unlock(b.machine);
    ck_assert_msg(strstr(o.text ? o.text : "", text), "%s: '%s' is not in: %s", line, text, o.text ? o.text : "");
    if (!*text)
        ck_assert_msg(!o.text || !*o.text, "%s: %s", line, o.text);
    out_free(&o);
}

/* QMP: what is answered, or the error's words. */
static void asks(const char *name, const char *args, const char *answer)
{
    Error err = { "" };
    int cpu = 0;
    json_t *given = json_loads(args, 0, NULL);
    ck_assert_ptr_nonnull(given);
    Ask a = { .monitors = monitors, .machine = b.machine, .cpu = &cpu, .args = given, .err = &err };
    const Command *c = command_named(name);
    machine_lock(b.machine);
    json_t *is = args_check(c, given, &err) ? command_run(c, &a) : NULL;
    machine_unlock(b.machine);
    char *text = is ? json_dumps(is, JSON_COMPACT) : strdup(err.text);
    ck_assert_str_eq(text, answer);
    free(text);
    json_decref(is);
    json_decref(given);
}

static void hears(const char *text)
{
    ck_assert_str_eq(heard, text);
    *heard = 0;
}

START_TEST(keys_are_held_and_let_go_in_the_opposite_order)
{
    begin("i8042");
    input_listen(&listener);
    line_says("sendkey ctrl-alt-f1 50", "");
    line_says("sendkey <", "");
    hears("+ctrl +alt +f1 ");
    bench_sleep(&b, 49 * MS);
    hears("");
    bench_sleep(&b, 1 * MS);
    hears("-f1 -alt -ctrl ");
    bench_sleep(&b, 50 * MS); /* as long again before the next */
    hears("+less ");
    bench_sleep(&b, 100 * MS);
    hears("-less ");
    line_says("sendkey nokey", "unknown key: 'nokey'");
    bench_sleep(&b, 100 * MS);
    line_says("sendkey 0x1e-0x9d", "");
    hears("+a +ctrl_r ");
    for (int i = 0; i < 255; i++)
        asks("send-key", "{\"keys\":[{\"type\":\"qcode\",\"data\":\"a\"},{\"type\":\"number\",\"data\":48}]}", "{}");
    asks("send-key", "{\"keys\":[{\"type\":\"qcode\",\"data\":\"a\"},{\"type\":\"number\",\"data\":48}]}",
         "too many keys wait; ask again when they were typed");
    asks("send-key", "{\"keys\":[{\"type\":\"qcode\",\"data\":\"nokey\"}]}", "Invalid parameter 'keys[0]'");
    asks("send-key", "{\"keys\":7}", "Invalid parameter type for 'keys', expected: array of at most 16");
    asks("send-key", "{\"keys\":[],\"hold-time\":-1}", "hold-time: expected 0 to 60000 milliseconds");
    input_deafen(&listener);
    end();
}
END_TEST

START_TEST(the_mouse_moves_and_clicks)
{
    begin("i8042");
    input_listen(&listener);
    line_says("mouse_button 5", "");
    line_says("mouse_move 3 -4 1", "");
    line_says("mouse_move 3 x", "dy: 'x' is not a number");
    hears("0,0,0,3 3,-4,1,3 ");
    asks("input-send-event",
         "{\"events\":[{\"type\":\"btn\",\"data\":{\"down\":false,\"button\":\"left\"}},"
         "{\"type\":\"rel\",\"data\":{\"axis\":\"y\",\"value\":9}},"
         "{\"type\":\"btn\",\"data\":{\"down\":true,\"button\":\"wheel-up\"}},"
         "{\"type\":\"key\",\"data\":{\"down\":true,\"key\":{\"type\":\"qcode\",\"data\":\"z\"}}}]}",
         "{}");
    hears("0,0,0,2 0,9,0,2 0,0,-1,2 +z ");
    asks("input-send-event", "{\"events\":[{\"type\":\"btn\",\"data\":{\"down\":true,\"button\":\"fire\"}}]}",
         "button: expected left, middle, right, wheel-up or wheel-down");
    asks("input-send-event", "{\"events\":[{\"type\":\"mtt\"}]}", "type: expected key, btn, rel or abs");
    line_says("info mice", "* Mouse #0: test\n  Mouse #1: QEMU PS/2 Mouse\n");
    input_deafen(&listener);
    end();
    begin("pl011");
    line_says("sendkey a", "this machine has no keyboard");
    line_says("mouse_move 1 1", "this machine has no mouse");
    line_says("info mice", "No mouse devices connected");
    end();
}
END_TEST

START_TEST(a_pointer_is_told_places)
{
    Listener tablet = { .name = "tablet", .point = hear_place };
    begin("i8042");
    asks("input-send-event", "{\"events\":[{\"type\":\"abs\",\"data\":{\"axis\":\"x\",\"value\":1}}]}",
         "this machine has no pointer that is told places");
    input_listen(&tablet);
    asks("input-send-event",
         "{\"events\":[{\"type\":\"abs\",\"data\":{\"axis\":\"x\",\"value\":32767}},"
         "{\"type\":\"abs\",\"data\":{\"axis\":\"y\",\"value\":7}}]}",
         "{}");
    hears("at 32767,7,0,0 ");
    line_says("mouse_button 1", "");
    hears("at 32767,7,0,1 ");
    asks("input-send-event", "{\"events\":[{\"type\":\"abs\",\"data\":{\"axis\":\"x\",\"value\":32768}}]}",
         "value: expected 0 to 32767");
    line_says("info mice", "* Mouse #0: tablet (absolute)\n  Mouse #1: QEMU PS/2 Mouse\n");
    input_deafen(&tablet);
    end();
}
END_TEST

START_TEST(the_screen_is_saved_as_the_name_or_the_option_says)
{
    char path[] = "/tmp/dragoman-screen-XXXXXX", line[128], head[9] = "";
    int fd = mkstemp(path);
    begin("VGA");
    snprintf(line, sizeof line, "screendump %s", path);
    line_says(line, "");
    ck_assert_int_eq(pread(fd, head, 3, 0), 3);
    ck_assert_str_eq(head, "P6\n");
    snprintf(line, sizeof line, "screendump %s -f png dut", path);
    Display *d = display_first();
    Error err;
    if (display_save(d, path, true, &err)) {
        line_says(line, "");
        ck_assert_int_eq(pread(fd, head, 8, 0), 8);
        ck_assert_mem_eq(head, "\x89PNG\r\n\x1a\n", 8);
    } else {
        line_says(line, "PNG needs zlib");
    }
    asks("screendump", "{\"filename\":\"/nowhere/x\"}", "/nowhere/x: No such file or directory");
    asks("screendump", "{\"filename\":\"x\",\"device\":\"y\"}", "Device 'y' not found");
    asks("screendump", "{\"filename\":\"x\",\"device\":\"bus\"}", "'bus' shows nothing");
    asks("screendump", "{\"filename\":\"x\",\"head\":0}", "'head' must be specified together with 'device'");
    asks("screendump", "{\"filename\":\"x\",\"device\":\"dut\",\"head\":1}", "'dut' has one screen, number 0");
    asks("screendump", "{\"filename\":\"x\",\"format\":\"gif\"}", "Parameter 'format' does not accept value 'gif'");
    line_says("info screen", "the screen shows graphics");
    line_says("info pci", "    VGA controller: PCI device 1234:1111\n");
    end();
    close(fd);
    unlink(path);
    begin("i8042");
    line_says("screendump x", "There is no console to take a screendump from");
    line_says("info pci", "PCI devices: none");
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { keys_are_held_and_let_go_in_the_opposite_order, the_mouse_moves_and_clicks,
                                   a_pointer_is_told_places, the_screen_is_saved_as_the_name_or_the_option_says, NULL };
    return run_tests("monitor/screen", tests, NULL);
}
