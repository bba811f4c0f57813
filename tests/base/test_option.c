#include "base/option.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct Config {
    char said[128];
    bool stop, quick;
    const char *file;
} Config;

static bool say(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    strcat(c->said, value ? value : "!");
    strcat(c->said, " ");
    return true;
}

static bool stop(void *config, const char *value, Error *err)
{
    (void)value, (void)err;
    return ((Config *)config)->stop = true;
}

static const Option table[] = {
    { "machine", "name", "the machine", say, .heading = "Standard options" },
    { "M", .same_as = "machine" },
    { "loud", NULL, "shout;\n.dots too", say },
    { "help", NULL, "this", stop },
    { "quick", NULL, NULL, .flag = offsetof(Config, quick) },
    { "file", "path", NULL, .text = offsetof(Config, file) },
    { "vnc", "where", "comes later" },
    { "", "image", NULL, say },
    { 0 },
};

static bool parse(Config *c, Error *err, const char *a, const char *b, const char *d)
{
    char *args[] = { (char *)a, (char *)b, (char *)d, NULL };
    return options_parse(table, args, c, &c->stop, err);
}

START_TEST(rows_are_called_in_order)
{
    Config c = { "" };
    Error err;
    ck_assert_msg(parse(&c, &err, "-M", "virt", "--loud"), "%s", err.text);
    ck_assert_str_eq(c.said, "virt ! ");
    ck_assert(parse(&c, &err, "disk.img", "-machine", "-x"));
    ck_assert_str_eq(c.said, "virt ! disk.img -x ");
    ck_assert(parse(&c, &err, "-quick", "-file", "x"));
    ck_assert(c.quick);
    ck_assert_str_eq(c.file, "x");
}
END_TEST

START_TEST(parsing_ends_when_told)
{
    Config c = { "" };
    Error err;
    ck_assert(parse(&c, &err, "-help", "-nonsense", NULL));
    ck_assert(c.stop);
}
END_TEST

START_TEST(mistakes_are_named)
{
    Config c = { "" };
    Error err;
    ck_assert(!parse(&c, &err, "-machin", "virt", NULL));
    ck_assert_str_eq(err.text, "there is no option -machin; did you mean -machine?");
    ck_assert(!parse(&c, &err, "-zzzzzz", NULL, NULL));
    ck_assert_str_eq(err.text, "there is no option -zzzzzz; -help lists them");
    ck_assert(!parse(&c, &err, "-M", NULL, NULL));
    ck_assert_str_eq(err.text, "-M needs an argument: -M name");
    ck_assert(!parse(&c, &err, "-vnc", ":1", NULL));
    ck_assert_str_eq(err.text, "-vnc: comes later");
    ck_assert(!parse(&c, &err, "--", NULL, NULL));
}
END_TEST

START_TEST(help_and_manual_print_every_row)
{
    Out o = { 0 };
    options_help(table, &o);
    ck_assert_str_eq(o.text, "\nStandard options:\n-machine or -M name\n                the machine\n-loud\n"
                             "                shout;\n                .dots too\n-help\n                this\n");
    out_free(&o);
    options_manual(table, &o);
    ck_assert_ptr_nonnull(strstr(o.text, ".SS Standard options\n.TP\n\\fB\\-machine\\fR, \\fB\\-M\\fR \\fIname\\fR\n"));
    ck_assert_ptr_nonnull(strstr(o.text, "shout;\n\\&.dots too\n"));
    out_free(&o);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("option");
    tcase_add_test(t, rows_are_called_in_order);
    tcase_add_test(t, parsing_ends_when_told);
    tcase_add_test(t, mistakes_are_named);
    tcase_add_test(t, help_and_manual_print_every_row);
    return run_suite("option", (TCase *[]){ t, NULL });
}
