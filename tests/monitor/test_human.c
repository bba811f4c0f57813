/* The monitor for people: keys, words and the table of commands. */
#include "monitor/command.h"
#include "monitor/edit.h"
#include "tests/monitor/session.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void says(const char *input, const char *text)
{
    char *said = session(MONITOR_HUMAN, input);
    ck_assert_msg(strstr(said, text), "'%s' is not in: %s", text, said);
    free(said);
}

START_TEST(prompts_and_echoes)
{
    char *said = session(MONITOR_HUMAN, "info status\nquit\n");
    ck_assert_msg(strstr(said, "\r\n(qemu) info status\r\nVM status: running\r\n(qemu) quit\r\n"), "%s", said);
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

START_TEST(tab_completes_commands)
{
    says("info stat\t\nquit\n", "VM status: running");
    says("system_\t\nquit\n", "system_reset  system_powerdown");
}
END_TEST

/* ---- the table ---- */

START_TEST(rows_are_well_formed)
{
    for (const Command *c = NULL; (c = command_next(c));) {
        const char *name = c->human ? c->human : c->name, *takes = c->takes;
        ck_assert_ptr_nonnull(name);
        ck_assert_msg(!c->run == !!c->show && !(c->show && c->name), "%s", name);
        ck_assert_msg(islower((unsigned char)*c->help), "%s: %s", name, c->help);
        bool optional = false;
        for (Param p; param_next(&takes, &p); optional |= p.optional)
            ck_assert_msg(p.optional || !optional || !c->human, "%s: %s follows what may be missing", name, p.name);
        for (const Command *d = NULL; (d = command_next(d)) && d != c;)
            ck_assert_msg((!c->name || !d->name || strcmp(c->name, d->name)) &&
                              (!c->human || !d->human || strcmp(c->human, d->human)),
                          "%s", name);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("monitor/human");
    TCase *c = tcase_create("human");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, prompts_and_echoes);
    tcase_add_test(c, an_unknown_command_names_the_nearest);
    tcase_add_test(c, stop_and_cont_are_seen_in_the_status);
    tcase_add_test(c, keys_edit_the_line);
    tcase_add_test(c, history_goes_up_and_down);
    tcase_add_test(c, a_line_too_long_is_cut);
    tcase_add_test(c, tab_completes_commands);
    tcase_add_test(c, rows_are_well_formed);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
