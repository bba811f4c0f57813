#include "options.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Config c;
static Error err;

static void reset(void)
{
    config_free(&c);
}

static bool parse(const char *a, const char *b, const char *d, const char *e)
{
    char *args[] = { (char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)d, (char *)(uintptr_t)e, NULL };
    return config_parse(&c, args, &err);
}

#define OK(...) ck_assert_msg(parse(__VA_ARGS__), "%s", err.text)

START_TEST(several_machine_options_are_one)
{
    OK("-M", "virt-7.2,gic-version=3", "-machine", "dumpdtb=a,,b,its");
    ck_assert_str_eq(c.type->name, "virt");
    ck_assert(config_check(&c, &err));
    ck_assert_str_eq(c.machine.machine_props, "gic-version=3,dumpdtb=a,,b,its=on");
}
END_TEST

static const struct {
    const char *text;
    int cpus; /* 0: refused */
} smp[] = {
    { "4", 4 },
    { "cpus=3", 3 },
    { "sockets=2,cores=3", 6 },
    { "8,sockets=1,cores=8,threads=1,maxcpus=8", 8 },
    { "0", 0 },
    { "cores=0", 0 },
    { "4,maxcpus=8", 0 },
    { "four", 0 },
    { "4,core=2", 0 },
    { "sockets=4096,cores=4096,threads=4096,dies=4096,clusters=4096,maxcpus=1", 0 },
};

START_TEST(counts_of_cpus)
{
    ck_assert_msg(parse("-smp", smp[_i].text, NULL, NULL) == !!smp[_i].cpus, "%s", smp[_i].text);
    if (smp[_i].cpus)
        ck_assert_int_eq(c.machine.cpus, smp[_i].cpus);
}
END_TEST

START_TEST(memory_is_mebibytes_unless_it_says_so)
{
    OK("-m", "512", NULL, NULL);
    ck_assert_uint_eq(c.machine.ram, 512ull << 20);
    OK("-m", "2G", NULL, NULL);
    ck_assert_uint_eq(c.machine.ram, 2ull << 30);
    OK("-m", "size=1.5G", NULL, NULL);
    ck_assert_uint_eq(c.machine.ram, 3ull << 29);
    ck_assert(!parse("-m", "0", NULL, NULL));
    ck_assert(!parse("-m", "2G,slots=4", NULL, NULL));
}
END_TEST

START_TEST(an_argument_alone_is_a_disk)
{
    OK("a,b.img", "-hda", "x", "-snapshot");
    ck_assert_int_eq(c.drives.count, 2);
    ck_assert_str_eq(c.drives.at[0], "file=a,,b.img");
    ck_assert_str_eq(c.drives.at[1], "file=x,index=0");
    ck_assert(c.machine.snapshot);
}
END_TEST

START_TEST(cards_and_networks)
{
    OK("-nic", "none", "-net", "nic,model=x");
    ck_assert(c.no_net);
    ck_assert_str_eq(c.old_nics.at[0], "model=x");
    OK("-net", "user,id=a", "-nic", "user,model=y");
    ck_assert_str_eq(c.old_nets.at[0], "user,id=a");
    ck_assert_str_eq(c.nics.at[0], "user,model=y");
}
END_TEST

START_TEST(texts_are_kept_and_a_machine_is_needed)
{
    OK("-append", "quiet", "-kernel", "Image");
    ck_assert(!config_check(&c, &err));
    OK("-M", "virt", NULL, NULL);
    ck_assert(config_check(&c, &err));
    ck_assert_str_eq(c.machine.kernel, "Image");
    ck_assert_str_eq(c.machine.append, "quiet");
}
END_TEST

/* Every row is either done, or says why not; each name is there once; what takes nothing is documented as that. */
START_TEST(rows_are_complete)
{
    for (const Option *o = options; o->name; o++) {
        bool works = o->set || o->text || o->flag;
        ck_assert_msg(works || o->help || o->same_as, "-%s", o->name);
        ck_assert_msg(!o->flag || !o->takes, "-%s", o->name);
        ck_assert_msg(!o->text || o->takes, "-%s", o->name);
        for (const Option *p = o + 1; p->name; p++)
            ck_assert_msg(strcmp(o->name, p->name) != 0, "-%s is there twice", o->name);
        bool found = !o->same_as;
        for (const Option *p = options; o->same_as && p->name; p++)
            found |= !p->same_as && !strcmp(p->name, o->same_as);
        ck_assert_msg(found, "-%s is the same as nothing", o->name);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, reset, reset);
    tcase_add_test(t, several_machine_options_are_one);
    tcase_add_loop_test(t, counts_of_cpus, 0, sizeof smp / sizeof *smp);
    tcase_add_test(t, memory_is_mebibytes_unless_it_says_so);
    tcase_add_test(t, an_argument_alone_is_a_disk);
    tcase_add_test(t, cards_and_networks);
    tcase_add_test(t, texts_are_kept_and_a_machine_is_needed);
    tcase_add_test(t, rows_are_complete);
    return run_suite("options", (TCase *[]){ t, NULL });
}
