/* Runs tests/ir/ *.t: a unit before and after, in the printed form. A file is a list of cases:
 *
 *     == name of the case
 *     ... unit as a frontend asks for it
 *     => fold            what ir_emit makes of it
 *     ...
 *     => live            and what ir_live leaves of that
 *     ...
 *
 * Each part that follows a => must be what that pass makes of the part before. IR_TEST=name runs one case. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

#include <glob.h>

static Ir before, after, expected;
static IrLive live;
static int cases;

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    Out o = { 0 };
    char line[512];
    while (fgets(line, sizeof line, f))
        out(&o, "%s", line);
    fclose(f);
    return o.text;
}

static char *printed(const Ir *unit)
{
    Out o = { 0 };
    ir_print(unit, &o);
    return o.text ? o.text : strdup("");
}

static void parse(Ir *unit, const char *name, const char *text)
{
    Error err;
    char why[256];
    if (!ir_parse(unit, toy_slots(), TOY_SLOTS, toy_helpers, text, &err))
        ck_abort_msg("%s: %s\n%s", name, err.text, text);
    if (!ir_verify(unit, TOY_SLOTS, why, sizeof why))
        ck_abort_msg("%s: %s\n%s", name, why, text);
}

static void run_pass(const char *name, const char *pass)
{
    ir_refold(&after, &before);
    if (!strcmp(pass, "live"))
        ir_live(&after, &live);
    else
        ck_assert_msg(!strcmp(pass, "fold"), "%s: no pass \"%s\"", name, pass);
}

static void compare(const char *name, const char *pass, const char *text)
{
    parse(&expected, name, text);
    char *got = printed(&after), *want = printed(&expected);
    if (strcmp(got, want))
        ck_abort_msg("%s: after %s\n%s\nexpected\n%s\nrun: IR_TEST='%s' tests/tcg_test_files", name, pass, got, want,
                     name);
    free(got);
    free(want);
}

/* text: the case without its head line; cut into its parts. */
static void run_case(const char *name, char *text)
{
    const char *only = getenv("IR_TEST");
    if (only && strcmp(only, name))
        return;
    char *arrow = strstr(text, "=> ");
    ck_assert_msg(arrow != NULL, "%s has no =>", name);
    *arrow = 0;
    parse(&before, name, text);
    while (arrow) {
        char *pass = arrow + 3, *end = strchr(pass, '\n'), *next = end ? strstr(end + 1, "=> ") : NULL;
        ck_assert_msg(end != NULL, "%s ends early", name);
        *end = 0;
        if (next)
            *next = 0;
        run_pass(name, pass);
        compare(name, pass, end + 1);
        arrow = next;
    }
    cases++;
}

static void run_file(const char *path)
{
    char *text = read_file(path), *head = strstr(text, "== ");
    while (head) {
        char *name = head + 3, *end = strchr(name, '\n'), *next = end ? strstr(end + 1, "== ") : NULL;
        *end = 0;
        if (next)
            *next = 0;
        run_case(name, end + 1);
        if (next)
            *next = '=';
        head = next;
    }
    free(text);
}

START_TEST(units_come_out_as_written)
{
    glob_t files;
    ck_assert_int_eq(glob("tests/ir/*.t", 0, NULL, &files), 0);
    for (size_t n = 0; n < files.gl_pathc; n++)
        run_file(files.gl_pathv[n]);
    globfree(&files);
    ck_assert_int_ge(cases, getenv("IR_TEST") ? 1 : 15);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { units_come_out_as_written, NULL };
    return run_tests("files", tests, NULL);
}
