#include "host/chardev.h"
#include "host/door.h"
#include "host/loop.h"
#include "host/port.h"
#include "host/quit.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A device that can take `room` bytes. */
typedef struct Fake {
    Chardev *c;
    char got[256];
    size_t len, room;
    int event;
} Fake;

static size_t fake_room(void *dev)
{
    return ((Fake *)dev)->room;
}

static void fake_receive(void *dev, const void *bytes, size_t len)
{
    Fake *f = dev;
    ck_assert_uint_le(len, f->room);
    ck_assert_uint_lt(f->len + len, sizeof f->got);
    memcpy(f->got + f->len, bytes, len);
    f->len += len;
    f->room -= len;
}

static void fake_event(void *dev, int what)
{
    ((Fake *)dev)->event = what;
}

static void plug(Fake *f, Chardev *c)
{
    ck_assert_ptr_nonnull(c);
    f->c = c;
    c->dev = f;
    c->room = fake_room;
    c->receive = fake_receive;
    c->event = fake_event;
}

static void open_ok(const char *id, const char *where)
{
    Error err;
    ck_assert_msg(chardev_open(id, where, &err), "%s", err.text);
}

static void say(Chardev *c, const char *text)
{
    ck_assert_uint_eq(c->write(c, text, strlen(text)), strlen(text));
}

START_TEST(a_device_gets_no_more_than_it_has_room_for)
{
    Fake f = { .room = 2 };
    Chardev *c = chardev_mem("m");
    plug(&f, c);
    chardev_type(c, "hello");
    ck_assert_str_eq(f.got, "he");
    f.room = 10;
    c->accept(c);
    ck_assert_str_eq(f.got, "hello");
    say(c, "out");
    say(c, "put");
    ck_assert_str_eq(chardev_written(c), "output");
    port_free((Port *)c);
}
END_TEST

START_TEST(the_mux_turns_the_keyboard_and_shares_the_screen)
{
    Fake a = { .room = 99 }, b = { .room = 99 };
    open_ok("serial0", "mon:mem");
    plug(&a, chardev_find("serial0"));
    Chardev *base = chardev_mux_base("serial0");
    chardev_type(base, "one");
    chardev_type(base, "\1c");
    chardev_type(base, "two");
    ck_assert_str_eq(a.got, "onetwo");
    ck_assert_ptr_nonnull(strstr(chardev_written(base), "nothing to switch to"));
    plug(&b, chardev_find("monitor"));
    chardev_type(base, "\1");
    chardev_type(base, "Cinfo\1b\1cx\1\1y");
    ck_assert_str_eq(b.got, "info");
    ck_assert_int_eq(b.event, CHARDEV_BREAK);
    ck_assert_str_eq(a.got, "onetwox\1y");
    say(a.c, "from a,");
    say(b.c, "from b");
    ck_assert_ptr_nonnull(strstr(chardev_written(base), "from a,from b"));
    chardev_type(base, "\1h");
    ck_assert_ptr_nonnull(strstr(chardev_written(base), "Ctrl-A x"));
}
END_TEST

static void quitting(void *who)
{
    ++*(int *)who;
}

START_TEST(ctrl_a_x_works_on_a_guest_that_reads_nothing)
{
    Fake a = { .room = 0 };
    int quits = 0;
    quit_to(quitting, &quits);
    open_ok("serial0", "mon:mem");
    plug(&a, chardev_find("serial0"));
    Chardev *base = chardev_mux_base("serial0");
    char flood[4097];
    memset(flood, 'z', sizeof flood - 1);
    flood[sizeof flood - 1] = 0;
    for (int i = 0; i < 100; i++)
        chardev_type(base, flood);
    chardev_type(base, "\1x");
    ck_assert_int_eq(quits, 1);
    ck_assert_int_eq(a.len, 0);
}
END_TEST

START_TEST(several_devices_share_a_chardev_with_mux)
{
    Error err;
    ck_assert(chardev_add("mem,id=m,mux=on", &err));
    open_ok("serial0", "chardev:m");
    open_ok("serial1", "chardev:m");
    Fake a = { .room = 9 }, b = { .room = 9 }, c = { .room = 9 };
    plug(&a, chardev_find("serial0"));
    plug(&b, chardev_find("serial1"));
    plug(&c, chardev_find("m"));
    chardev_type(chardev_mux_base("m"), "1\1c2\1c3\1c4");
    ck_assert_str_eq(a.got, "14");
    ck_assert_str_eq(b.got, "2");
    ck_assert_str_eq(c.got, "3");
}
END_TEST

/* Lets the loop run until `f` has `want`. */
static void await(Fake *f, const char *want)
{
    while (strcmp(f->got, want)) {
        ck_assert_msg(door_wait(5000), "got '%s', wanted '%s'", f->got, want);
        door_deliver();
    }
}

static int connect_unix(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    strcpy(un.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
    return fd;
}

static void expect_read(int fd, const char *text)
{
    char got[64] = "";
    size_t len = 0;
    while (len < strlen(text)) {
        ssize_t n = read(fd, got + len, sizeof got - 1 - len);
        ck_assert_int_gt(n, 0);
        len += (size_t)n;
    }
    ck_assert_mem_eq(got, text, strlen(text));
}

START_TEST(a_socket_server_takes_one_client_after_the_other)
{
    char path[] = "/tmp/dragoman-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char *name = malloc(64), where[128];
    snprintf(name, 64, "%s/s", path);
    snprintf(where, sizeof where, "unix:%s,server,nowait", name);
    loop_start();
    open_ok("s", where);
    Fake f = { .room = 99 };
    plug(&f, chardev_find("s"));
    say(f.c, "lost, nobody is there");
    for (int round = 0; round < 2; round++) {
        int fd = connect_unix(name);
        while (f.event != CHARDEV_OPENED)
            if (door_wait(5000))
                door_deliver();
        say(f.c, "hello");
        expect_read(fd, "hello");
        ck_assert_int_eq(write(fd, "hi ", 3), 3);
        await(&f, round ? "hi hi " : "hi ");
        close(fd);
        while (f.event != CHARDEV_CLOSED)
            if (door_wait(5000))
                door_deliver();
    }
    loop_stop();
    chardevs_close();
    ck_assert_int_ne(access(name, F_OK), 0);
    rmdir(path);
    free(name);
}
END_TEST

START_TEST(telnet_commands_are_not_input)
{
    char path[] = "/tmp/dragoman-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char name[64], line[128];
    snprintf(name, sizeof name, "%s/s", path);
    snprintf(line, sizeof line, "socket,id=s,path=%s,server=on,wait=off,telnet=on", name);
    Error err;
    loop_start();
    ck_assert_msg(chardev_add(line, &err), "%s", err.text);
    Fake f = { .room = 99 };
    plug(&f, chardev_find("s"));
    int fd = connect_unix(name);
    expect_read(fd, "\377\373\1\377\373\3");
    static const char sent[] = "a\377\375\1b\377\372\30\0\377\360c\377\377\r\0d";
    ck_assert_int_eq(write(fd, sent, sizeof sent - 1), sizeof sent - 1);
    await(&f, "abc\377\rd");
    close(fd);
    loop_stop();
    chardevs_close();
    rmdir(path);
}
END_TEST

START_TEST(a_slow_reader_cuts_writes_short_and_the_device_hears_of_room)
{
    char path[] = "/tmp/dragoman-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char name[64], where[128];
    snprintf(name, sizeof name, "%s/s", path);
    snprintf(where, sizeof where, "unix:%s,server,nowait", name);
    loop_start();
    open_ok("s", where);
    Fake f = { .room = 99 };
    plug(&f, chardev_find("s"));
    int fd = connect_unix(name);
    while (f.event != CHARDEV_OPENED)
        if (door_wait(5000))
            door_deliver();
    static char block[65536];
    size_t taken = 0, n;
    while ((n = f.c->write(f.c, block, sizeof block)) == sizeof block) {
        taken += n;
        ck_assert_uint_lt(taken, 64u << 20);
    }
    taken += n;
    for (size_t got = 0; got < taken; got += n) {
        ssize_t r = read(fd, block, sizeof block);
        ck_assert_int_gt(r, 0);
        n = (size_t)r;
    }
    while (f.event != CHARDEV_WRITABLE) {
        ck_assert(door_wait(5000));
        door_deliver();
    }
    loop_stop();
    chardevs_close();
    rmdir(path);
}
END_TEST

START_TEST(a_pty_passes_bytes_both_ways_unchanged)
{
    int saved = dup(2), trap[2];
    ck_assert_int_eq(pipe(trap), 0);
    dup2(trap[1], 2);
    loop_start();
    open_ok("p", "pty");
    dup2(saved, 2);
    char said[128] = "", name[64];
    ck_assert_int_gt(read(trap[0], said, sizeof said - 1), 0);
    ck_assert_int_eq(sscanf(said, "char device redirected to %63s (label p)", name), 1);
    Fake f = { .room = 99 };
    plug(&f, chardev_find("p"));
    int fd = open(name, O_RDWR | O_NOCTTY);
    ck_assert_int_ge(fd, 0);
    say(f.c, "login:\n");
    expect_read(fd, "login:\n");
    ck_assert_int_eq(write(fd, "r\003\r", 3), 3);
    await(&f, "r\003\r");
    loop_stop();
    chardevs_close();
}
END_TEST

START_TEST(a_file_gets_everything_by_the_time_it_is_closed)
{
    char path[] = "/tmp/dragoman-test-XXXXXX", where[64], got[8] = "";
    int fd = mkstemp(path);
    snprintf(where, sizeof where, "file:%s", path);
    open_ok("f", where);
    Chardev *c = chardev_find("f");
    say(c, "abc");
    say(c, "def");
    chardevs_close(); /* the loop never ran */
    ck_assert_int_eq(read(fd, got, sizeof got), 6);
    ck_assert_str_eq(got, "abcdef");
    unlink(path);
}
END_TEST

static const struct {
    const char *where, *words;
} wrong[] = {
    { "vc", "needs a window" },
    { "stdoi", "did you mean 'stdio'" },
    { "file:", "path is needed" },
    { "file:/nonexistent/x", "No such file" },
    { "tcp:nowhere", "expected HOST:PORT" },
    { "unix:/nonexistent/s", "cannot connect to /nonexistent/s" },
    { "unix:/tmp/x,sever", "did you mean 'server'" },
    { "chardev:x", "there is no chardev 'x'" },
    { "udp::1", "there is no kind of chardev 'udp'" },
    { "socket", "expected socket:WHERE" },
    { "mon:vc", "needs a window" },
};

START_TEST(wrong_places_are_refused_with_words)
{
    Error err = { "" };
    ck_assert(!chardev_open("x", wrong[_i].where, &err));
    ck_assert_msg(strstr(err.text, wrong[_i].words), "%s", err.text);
    ck_assert_ptr_null(chardev_find("x"));
}
END_TEST

START_TEST(ids_are_unique)
{
    Error err;
    ck_assert(chardev_add("null,id=a", &err));
    ck_assert(!chardev_add("null,id=a", &err));
    ck_assert(!chardev_add("null", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "id"));
    ck_assert(!chardev_add("nul,id=b", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'null'"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("chardev");
    tcase_add_test(t, a_device_gets_no_more_than_it_has_room_for);
    tcase_add_test(t, the_mux_turns_the_keyboard_and_shares_the_screen);
    tcase_add_test(t, ctrl_a_x_works_on_a_guest_that_reads_nothing);
    tcase_add_test(t, several_devices_share_a_chardev_with_mux);
    tcase_add_test(t, a_socket_server_takes_one_client_after_the_other);
    tcase_add_test(t, telnet_commands_are_not_input);
    tcase_add_test(t, a_slow_reader_cuts_writes_short_and_the_device_hears_of_room);
    tcase_add_test(t, a_pty_passes_bytes_both_ways_unchanged);
    tcase_add_test(t, a_file_gets_everything_by_the_time_it_is_closed);
    tcase_add_loop_test(t, wrong_places_are_refused_with_words, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, ids_are_unique);
    tcase_set_timeout(t, 30);
    return run_suite("chardev", (TCase *[]){ t, NULL });
}
