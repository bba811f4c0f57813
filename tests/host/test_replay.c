#include "host/door.h"
#include "host/replay.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/recordingXXXXXX", seen[64], refused[64];
static Moment moment;
static int sender, watcher;
static Error err;

static Moment now(void *who)
{
    ck_assert_ptr_eq(who, &moment);
    return moment;
}

static void note(void *who, const void *bytes, size_t len)
{
    (void)who;
    strncat(seen, bytes, len);
}

static void refuse(void *who, const void *bytes, size_t len)
{
    ck_assert_ptr_eq(who, &sender);
    strncat(refused, bytes, len);
}

static void set_up(void)
{
    close(mkstemp(path));
    replay_clock(now, &moment);
    door_source(DOOR_CHARS, "line", note, refuse, &sender);
    door_source(DOOR_FRAME, "net", note, NULL, &sender);
    door_source(DOOR_CHARS, "monitor", note, NULL, &watcher);
    door_about(&watcher);
}

static void tear_down(void)
{
    replay_close();
    door_forget(&sender);
    door_forget(&watcher);
    unlink(path);
    strcpy(path, "/tmp/recordingXXXXXX");
}

static void begin(ReplayMode mode)
{
    replay_close();
    ck_assert_msg(replay_open(mode, path, &err), "%s", err.text);
    replay_clock(now, &moment);
    *seen = *refused = 0;
}

static void say(DoorKind kind, const char *source, void *who, const char *text)
{
    door_post(kind, source, note, who, text, strlen(text));
    door_deliver();
}

static void record(void)
{
    begin(REPLAY_RECORDS);
    ck_assert(replay_machine("one\ntwo\n", &err));
    moment = (Moment){ .count = 10, .time = 100, .fired = 1 };
    say(DOOR_CHARS, "line", &sender, "a\n1");
    say(DOOR_CHARS, "monitor", &watcher, "M");
    say(DOOR_ORDER, "window", &sender, "W");
    moment = (Moment){ .count = 10, .time = 120, .fired = 1 };
    say(DOOR_FRAME, "net", &sender, "frame");
    moment = (Moment){ .count = 50, .time = 500, .fired = 3 };
    replay_note_end((const uint64_t[]){ 0x123, 0x456 });
    replay_close();
    ck_assert_str_eq(seen, "a\n1MWframe");
}

START_TEST(what_came_is_played_at_its_moments)
{
    record();
    begin(REPLAY_PLAYS);
    ck_assert_msg(replay_machine("one\ntwo\n", &err), "%s", err.text);
    const ReplayEntry *e = replay_next();
    ck_assert_uint_eq(e->when.count, 10);
    ck_assert_int_eq(e->when.time, 100);
    ck_assert_uint_eq(e->when.fired, 1);
    ck_assert(!e->end);
    ck_assert(door_play());
    ck_assert_int_eq(replay_next()->when.time, 120);
    ck_assert(door_play());
    ck_assert_str_eq(seen, "a\n1frame");
    e = replay_next();
    ck_assert(e->end);
    ck_assert_uint_eq(e->sums[0], 0x123);
    ck_assert_uint_eq(e->sums[1], 0x456);
}
END_TEST

START_TEST(what_really_comes_meanwhile_does_not_reach_the_machine)
{
    record();
    begin(REPLAY_PLAYS);
    say(DOOR_CHARS, "line", &sender, "x");
    say(DOOR_FRAME, "net", &sender, "y");
    say(DOOR_CHARS, "monitor", &watcher, "M");
    say(DOOR_ORDER, "window", &sender, "W");
    ck_assert_str_eq(seen, "MW");
    ck_assert_str_eq(refused, "x");
}
END_TEST

START_TEST(another_machine_is_refused)
{
    record();
    begin(REPLAY_PLAYS);
    ck_assert(!replay_machine("one\nthree\n", &err));
    ck_assert_msg(strstr(err.text, "with two, and here is three"), "%s", err.text);
}
END_TEST

START_TEST(a_file_cut_off_anywhere_ends_where_it_is_whole)
{
    char whole[512];
    record();
    FILE *f = fopen(path, "rb");
    size_t size = fread(whole, 1, sizeof whole, f);
    fclose(f);
    for (size_t cut = 0; cut < size; cut++) {
        f = fopen(path, "wb");
        fwrite(whole, 1, cut, f);
        fclose(f);
        replay_close();
        if (!replay_open(REPLAY_PLAYS, path, &err)) {
            ck_assert(strstr(err.text, "no recording"));
            continue;
        }
        if (!replay_machine("one\ntwo\n", &err))
            continue;
        *seen = 0;
        while (replay_next() && !replay_next()->end)
            ck_assert(door_play());
        ck_assert(!replay_next());
        ck_assert(!strncmp(seen, "a\n1frame", strlen(seen)));
    }
}
END_TEST

static const char *const nonsense[] = {
    "x",
    "1 2\n",
    "1 2 3 chars 99999999999 line\n",
    "1 2 3 chars -1 line\nx",
    "1 2 3 muchtoolongforakindofmessage 1 line\nx\n",
    "1 2 3 end 3 machine\nabc\n",
    "1 2 3 chars 5 line\nab\n",
};

START_TEST(nonsense_is_a_recording_that_is_cut_off)
{
    FILE *f = fopen(path, "wb");
    fprintf(f, "dragoman recording 1\n\n%s", nonsense[_i]);
    fclose(f);
    begin(REPLAY_PLAYS);
    ck_assert(replay_machine("", &err));
    ck_assert_ptr_null(replay_next());
    ck_assert_ptr_null(replay_next());
}
END_TEST

START_TEST(a_sender_that_is_not_there_is_told_of)
{
    record();
    begin(REPLAY_PLAYS);
    ck_assert(replay_machine("one\ntwo\n", &err));
    door_forget(&sender);
    ck_assert(!door_play());
}
END_TEST

START_TEST(moments_have_an_order)
{
    const Moment at = { .count = 5, .time = 2, .fired = 50 };
    const struct {
        Moment when;
        int order;
    } rows[] = {
        { { .count = 5, .time = 2, .fired = 50 }, 0 }, { { .count = 6 }, -1 },
        { { .count = 4, .time = 9, .fired = 90 }, 1 }, { { .count = 5, .time = 3 }, -1 },
        { { .count = 5, .time = 1, .fired = 99 }, 1 }, { { .count = 5, .time = 2, .fired = 51 }, -1 },
        { { .count = 5, .time = 2, .fired = 49 }, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_int_eq(moment_order(&at, &rows[i].when), rows[i].order);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("replay");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, what_came_is_played_at_its_moments);
    tcase_add_test(t, what_really_comes_meanwhile_does_not_reach_the_machine);
    tcase_add_test(t, another_machine_is_refused);
    tcase_add_test(t, a_file_cut_off_anywhere_ends_where_it_is_whole);
    tcase_add_loop_test(t, nonsense_is_a_recording_that_is_cut_off, 0, sizeof nonsense / sizeof *nonsense);
    tcase_add_test(t, a_sender_that_is_not_there_is_told_of);
    tcase_add_test(t, moments_have_an_order);
    return run_suite("replay", (TCase *[]){ t, NULL });
}
