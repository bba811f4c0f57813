#include "host/door.h"
#include "host/loop.h"
#include "host/random.h"
#include "tests/suite.h"

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char seen[64];

static void note(void *who, const void *bytes, size_t len)
{
    (void)who;
    strncat(seen, bytes, len);
}

START_TEST(messages_wait_for_the_door_and_keep_their_order)
{
    door_post(DOOR_ORDER, "test", note, NULL, "a", 1);
    door_post(DOOR_ORDER, "test", note, NULL, "bc", 2);
    ck_assert_str_eq(seen, "");
    ck_assert(door_wait(0));
    ck_assert_int_eq(door_deliver(), 2);
    ck_assert_str_eq(seen, "abc");
    ck_assert_int_eq(door_deliver(), 0);
}
END_TEST

START_TEST(messages_for_what_is_gone_are_dropped)
{
    int gone, stays;
    door_post(DOOR_ORDER, "test", note, &stays, "a", 1);
    door_post(DOOR_ORDER, "test", note, &gone, "b", 1);
    door_forget(&gone);
    door_post(DOOR_ORDER, "test", note, &stays, "c", 1);
    door_post(DOOR_ORDER, "test", note, &gone, "d", 1);
    door_forget(&gone);
    ck_assert_int_eq(door_deliver(), 2);
    ck_assert_str_eq(seen, "ac");
}
END_TEST

static struct Posted {
    void (*fn)(void *, uint64_t);
    void *message;
} posted[4];
static int posts;

static void post(void *to, void (*fn)(void *, uint64_t), void *message, uint64_t data)
{
    ck_assert_ptr_eq(to, &posts);
    ck_assert_uint_eq(data, 0);
    posted[posts++] = (struct Posted){ fn, message };
}

START_TEST(an_open_door_hands_over_what_waited_and_what_comes)
{
    door_post(DOOR_ORDER, "test", note, NULL, "1", 1);
    door_open(post, &posts);
    door_post(DOOR_ORDER, "test", note, NULL, "2", 1);
    ck_assert_int_eq(posts, 2);
    ck_assert_str_eq(seen, "");
    for (int i = 0; i < posts; i++)
        posted[i].fn(posted[i].message, 0);
    ck_assert_str_eq(seen, "12");
    door_shut();
    door_post(DOOR_ORDER, "test", note, NULL, "3", 1);
    ck_assert_int_eq(posts, 2);
    ck_assert_int_eq(door_deliver(), 1);
}
END_TEST

typedef struct Reader {
    LoopSource source;
    int fd, number;
    bool timed; /* wait for time instead of the fd */
} Reader;

static void reader_prepare(void *who)
{
    Reader *r = who;
    r->number = loop_poll(r->fd, r->timed ? 0 : POLLIN);
    if (r->timed)
        loop_within(1000000);
}

static void reader_dispatch(void *who)
{
    Reader *r = who;
    char c = 't';
    if (r->timed)
        r->timed = false;
    else if (!loop_ready(r->number) || read(r->fd, &c, 1) != 1)
        return;
    door_post(DOOR_CHARS, "reader", note, NULL, &c, 1);
}

START_TEST(the_loop_brings_what_a_descriptor_and_a_clock_say)
{
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    Reader r = { .fd = fd[0], .timed = true };
    r.source = (LoopSource){ .prepare = reader_prepare, .dispatch = reader_dispatch, .who = &r };
    loop_start();
    loop_add(&r.source);
    ck_assert(door_wait(5000));
    door_deliver();
    ck_assert_int_eq(write(fd[1], "x", 1), 1);
    ck_assert(door_wait(5000));
    door_deliver();
    ck_assert_str_eq(seen, "tx");
    loop_remove(&r.source);
    ck_assert_int_eq(write(fd[1], "y", 1), 1);
    ck_assert(!door_wait(20));
    loop_stop();
    loop_start(); /* it can be started again */
    loop_add(&r.source);
    ck_assert(door_wait(5000));
    loop_stop();
}
END_TEST

START_TEST(a_seed_repeats_and_none_does_not)
{
    uint8_t a[13], b[13];
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    ck_assert_mem_ne(a, b, sizeof a);
    random_seed(5);
    random_bytes(a, sizeof a);
    ck_assert_uint_ne(random_u64(), random_u64());
    random_seed(5);
    random_bytes(b, sizeof b);
    ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("loop");
    tcase_add_test(t, messages_wait_for_the_door_and_keep_their_order);
    tcase_add_test(t, messages_for_what_is_gone_are_dropped);
    tcase_add_test(t, an_open_door_hands_over_what_waited_and_what_comes);
    tcase_add_test(t, the_loop_brings_what_a_descriptor_and_a_clock_say);
    tcase_add_test(t, a_seed_repeats_and_none_does_not);
    return run_suite("loop", (TCase *[]){ t, NULL });
}
