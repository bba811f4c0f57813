/* dragoman: options -> machine -> run -> exit code. */
#include "base/alloc.h"
#include "base/log.h"
#include "cpu/run.h"
#include "host/chardev.h"
#include "host/door.h"
#include "host/loop.h"
#include "host/quit.h"
#include "image.h"
#include "start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const Error *err)
{
    fprintf(stderr, "dragoman: %s\n", err->text);
    return 1;
}

static void post(void *machine, void (*fn)(void *, uint64_t), void *message, uint64_t data)
{
    machine_post(machine, fn, message, data);
}

static void quit(void *machine)
{
    machine_stop(machine, STOP_QUIT);
}

static bool write_pid(const char *path, Error *err)
{
    FILE *f = fopen(path, "we");
    bool ok = f && fprintf(f, "%d\n", (int)getpid()) > 0;
    if (f && fclose(f))
        ok = false;
    return ok || error_set(err, "-pidfile %s: %s; name a file that can be written", path, strerror(errno));
}

typedef struct Started { /* what runs */
    Machine *machine;
    Monitors *monitors;
    Gdb *gdb;
} Started;

static void put_away(Started *s)
{
    gdb_free(s->gdb);
    monitors_free(s->monitors);
    if (s->machine)
        machine_free(s->machine);
    *s = (Started){ 0 };
}

static int run_machine(Started *s)
{
    door_open(post, s->machine);
    quit_to(quit, s->machine);
    int code = machine_run(s->machine);
    quit_to(NULL, NULL);
    Out balance = OUT_TO(stderr);
    cpu_lockstep_balance(s->machine, &balance);
    door_shut();
    window_close();
    put_away(s);
    return code;
}

/* false: with words in *err. */
static bool start(Config *c, Started *s, Error *err)
{
    if (!host_open(c, err) || (c->pidfile && !write_pid(c->pidfile, err)))
        return false;
    s->machine = start_machine(c, err);
    if (s->machine && start_monitors(c, s->machine, &s->monitors, err) &&
        start_gdb(c, s->machine, s->monitors, &s->gdb, err) && start_window(c, s->machine, err))
        return true;
    put_away(s);
    return false;
}

static int start_and_run(Config *c, Error *err)
{
    if (!config_check(c, err))
        return fail(err);
    cpu_use_backend(&x86_64_backend, c->translation);
    cpu_use_lockstep(c->lockstep);
    cpu_use_counting(&c->count);
    quit_on_signals();
    loop_start();
    Started s = { 0 };
    bool ok = start(c, &s, err);
    int code = ok ? run_machine(&s) : 1;
    host_close();
    if (c->pidfile && ok)
        unlink(c->pidfile);
    if (!ok)
        return fail(err);
    if (quit_signal())
        fprintf(stderr, "dragoman: ended by signal %d (%s)\n", quit_signal(), strsignal(quit_signal()));
    return code;
}

/* qemu-system-ARCH, a link to this program, runs the guests of that processor, on QEMU's machine for them if the user
 * names none. */
static const struct Called {
    const char *arch, *machine, *cpu; /* NULL: the user must say */
} called[] = { { "aarch64", NULL, NULL }, { "x86_64", "pc", "qemu64" }, { "i386", "pc", "qemu32" } };

static bool known_guest(const char *program, const struct Called **as, Error *err)
{
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    static const char prefix[] = "qemu-system-";
    *as = NULL;
    if (strncmp(name, prefix, sizeof prefix - 1))
        return true;
    for (size_t i = 0; i < sizeof called / sizeof *called && !*as; i++)
        if (!strcmp(name + sizeof prefix - 1, called[i].arch))
            *as = &called[i];
    return *as || error_set(err,
                            "%s: this version runs aarch64, x86_64 and i386 guests only; link it as "
                            "qemu-system-aarch64, qemu-system-x86_64 or qemu-system-i386",
                            name);
}

static bool use_machine_of(const struct Called *as, Config *c, Error *err)
{
    static char machine[] = "-machine";
    if (!as || !as->machine || c->type)
        return true;
    char *args[] = { machine, (char *)(uintptr_t)as->machine, NULL };
    c->machine.cpu = c->machine.cpu ? c->machine.cpu : as->cpu;
    return config_parse(c, args, err);
}

static int emulate(char **args, const struct Called *as)
{
    Config c = { 0 };
    Error err;
    bool ok = config_parse(&c, args, &err) && use_machine_of(as, &c, &err);
    int code = ok ? c.done ? 0 : start_and_run(&c, &err) : fail(&err);
    config_free(&c);
    return code;
}

/* Parses the options that run FILE, but for those the user gives: they come later and win. */
static bool choose(Config *c, const ImageInfo *image, char *path, Error *err)
{
    char *words = image_options(image), *args[16], *rest;
    size_t n = 0;
    if (!words)
        return error_set(err, "%s is nothing that can be started; if it is, say how, with -kernel, -bios or -drive",
                         path);
    for (char *word = strtok_r(words, " ", &rest); word && n < 14; word = strtok_r(NULL, " ", &rest))
        args[n++] = (char *)(uintptr_t)config_own(c, xstrdup(word));
    args[n++] = path;
    args[n] = NULL;
    free(words);
    return config_parse(c, args, err);
}

static int run(char **args)
{
    ImageInfo image;
    Error err;
    Out o = OUT_TO(stdout);
    if (!*args)
        return error_set(&err, "run what? dragoman run FILE [options]"), fail(&err);
    if (!image_inspect(*args, NULL, &image, &err))
        return fail(&err);
    if (image.refusal)
        return error_set(&err, "%s %s", *args, image.refusal), fail(&err);
    image_inspect(*args, &o, &image, &err);
    fflush(stdout);
    Config c = { 0 };
    bool ok = choose(&c, &image, *args, &err) && config_parse(&c, args + 1, &err);
    int code = !ok ? fail(&err) : c.done ? 0 : start_and_run(&c, &err);
    config_free(&c);
    return code;
}

static int inspect(char **args)
{
    ImageInfo image;
    Error err;
    Out o = OUT_TO(stdout);
    if (!*args)
        return error_set(&err, "inspect what? dragoman inspect FILE"), fail(&err);
    for (; *args; args++)
        if (!image_inspect(*args, &o, &image, &err))
            return fail(&err);
    return 0;
}

static const struct Verb {
    const char *name;
    int (*fn)(char **args);
} verbs[] = { { "run", run }, { "inspect", inspect } };

int main(int argc, char **argv)
{
    Error err;
    const struct Called *as;
    if (!known_guest(argc ? argv[0] : "", &as, &err))
        return fail(&err);
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return verbs[i].fn(argv + 2);
    return emulate(argc ? argv + 1 : argv, as);
}
