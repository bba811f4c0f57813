#include "config.h"
#include "host/door.h"
#include "host/loop.h"
#include "host/net.h"
#include "tests/suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static Error err;

static struct Guest {
    bool ready;
    int frames;
    uint8_t last[2048];
    size_t len;
} guest;

static bool is_ready(void *dev)
{
    return ((struct Guest *)dev)->ready;
}

static void receive(void *dev, const void *frame, size_t len)
{
    struct Guest *g = dev;
    g->frames++;
    g->len = len < sizeof g->last ? len : sizeof g->last;
    memcpy(g->last, frame, g->len);
}

static Net *plug(Net *n)
{
    ck_assert_ptr_nonnull(n);
    n->dev = &guest;
    n->ready = is_ready;
    n->receive = receive;
    return n;
}

START_TEST(frames_wait_until_the_device_is_ready)
{
    Net *n = plug(net_mem("m"));
    net_mem_receive(n, "first", 6);
    net_mem_receive(n, "second", 7);
    ck_assert_int_eq(guest.frames, 0);
    guest.ready = true;
    n->accept(n);
    ck_assert_int_eq(guest.frames, 2);
    ck_assert_str_eq((char *)guest.last, "second");
}
END_TEST

START_TEST(a_device_that_takes_nothing_does_not_fill_the_host)
{
    Net *n = plug(net_mem("m"));
    for (int i = 0; i < 100000; i++)
        net_mem_receive(n, &i, sizeof i);
    guest.ready = true;
    n->accept(n);
    ck_assert_int_gt(guest.frames, 100);
    ck_assert_int_lt(guest.frames, 10000);
    net_mem_receive(n, "again", 6);
    ck_assert_str_eq((char *)guest.last, "again");
}
END_TEST

START_TEST(what_a_device_sends_is_kept)
{
    Net *n = net_mem("m");
    size_t len = 0;
    static const char huge[200000];
    n->send(n, "abc", 3);
    n->send(n, huge, sizeof huge); /* no device should; no host may suffer */
    n->send(n, "de", 2);
    ck_assert_mem_eq(net_mem_sent(n, 1, &len), "de", 2);
    ck_assert_int_eq(len, 2);
    ck_assert_ptr_null(net_mem_sent(n, 2, &len));
}
END_TEST

START_TEST(a_dump_has_both_directions)
{
    char path[] = "/tmp/dragoman-test-XXXXXX", line[64];
    uint8_t got[128];
    int fd = mkstemp(path);
    snprintf(line, sizeof line, "mem,id=m,dump=%s", path);
    ck_assert_msg(net_add(line, &err), "%s", err.text);
    ck_assert(!net_dump("m", path, &err));
    Net *n = net_find("m");
    n->send(n, "out!", 4);
    net_mem_receive(n, "in", 2);
    nets_close();
    ck_assert_int_eq(read(fd, got, sizeof got), 24 + 16 + 4 + 16 + 2);
    ck_assert_mem_eq(got, "\xd4\xc3\xb2\xa1\2\0\4\0", 8);
    ck_assert_mem_eq(got + 24 + 8, "\4\0\0\0\4\0\0\0out!", 12);
    ck_assert_mem_eq(got + 60, "in", 2);
    close(fd);
    unlink(path);
}
END_TEST

static const struct {
    const char *line, *words;
} wrong[] = {
    { "user", "an id are needed" },
    { "usr,id=n", "did you mean 'user'" },
    { "tap,id=n", "this version has user and null" },
    { "null,id=n,hostfw=x", "no such key 'hostfw'" },
#if HAVE_SLIRP
    { "user,id=n,hostfwd=tcp::22", "expected tcp|udp:" },
    { "user,id=n,hostfwd=sctp::1-:1", "expected tcp|udp:" },
    { "user,id=n,hostfwd=tcp::99999-:1", "expected tcp|udp:" },
    { "user,id=n,hostfwd=tcp:x:1-:1", "expected tcp|udp:" },
    { "user,id=n,hostfwd=tcp::1-:0", "expected tcp|udp:" },
    { "user,id=n,guestfwd=tcp::1-cmd:sh", "guestfwd is not supported" },
    { "user,id=n,net=10.0.2.0/99", "expected ADDRESS/BITS" },
    { "user,id=n,host=1.2.3.4", "must lie in the network" },
    { "user,id=n,dns=x", "expected an IPv4 address" },
    { "user,id=n,hostfwdd=tcp::1-:1", "did you mean 'hostfwd'" },
#endif
};

START_TEST(wrong_networks_are_refused_with_words)
{
    ck_assert(!net_add(wrong[_i].line, &err));
    ck_assert_msg(strstr(err.text, wrong[_i].words), "%s", err.text);
    ck_assert_ptr_null(net_find("n"));
}
END_TEST

#if HAVE_SLIRP

/* Ethernet and ARP (RFC 826): who has 10.0.9.2? tell 10.0.9.15 */
static const uint8_t who_has[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, 0, 1, 8, 0,  6, 4, 0,
    1,    0x52, 0x54, 0,    0x12, 0x34, 0x56, 10,   0, 9,    15,   0,    0, 0, 0, 0, 0, 10, 0, 9, 2,
};

static void await_frame(void)
{
    int before = guest.frames;
    while (guest.frames == before) {
        ck_assert(door_wait(5000));
        door_deliver();
    }
}

static bool is_arp(int operation)
{
    return guest.len >= sizeof who_has && guest.last[12] == 8 && guest.last[13] == 6 && guest.last[21] == operation;
}

START_TEST(the_host_of_the_user_network_answers_arp)
{
    ck_assert_msg(net_add("user,id=n,net=10.0.9.0/24", &err), "%s", err.text);
    Net *n = plug(net_find("n"));
    guest.ready = true;
    loop_start();
    n->send(n, who_has, sizeof who_has);
    do
        await_frame(); /* IPv6 router advertisements may come between */
    while (!is_arp(2));
    static const uint8_t host[] = { 10, 0, 9, 2 };
    ck_assert_mem_eq(guest.last + 28, host, 4);
    loop_stop();
    nets_close();
}
END_TEST

static int free_port(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, len), 0);
    getsockname(fd, (struct sockaddr *)&in, &len);
    close(fd);
    return ntohs(in.sin_port);
}

START_TEST(a_forwarded_port_reaches_the_guest)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char line[128];
    int port = free_port(), fd = socket(AF_INET, SOCK_STREAM, 0);
    snprintf(line, sizeof line, "user,id=n,hostfwd=tcp:127.0.0.1:%d-:22", port);
    ck_assert_msg(net_add(line, &err), "%s", err.text);
    snprintf(line, sizeof line, "user,id=o,hostfwd=tcp:127.0.0.1:%d-:22", port);
    ck_assert(!net_add(line, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "choose another port"));
    plug(net_find("n"));
    guest.ready = true;
    loop_start();
    to.sin_port = htons((uint16_t)port);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    do
        await_frame();
    while (!is_arp(1)); /* it asks for the guest, to pass the connection on */
    static const uint8_t lease[] = { 10, 0, 2, 15 };
    ck_assert_mem_eq(guest.last + 38, lease, 4);
    close(fd);
    loop_stop();
    nets_close();
}
END_TEST

#endif

int main(void)
{
    TCase *t = tcase_create("net");
    tcase_add_test(t, frames_wait_until_the_device_is_ready);
    tcase_add_test(t, a_device_that_takes_nothing_does_not_fill_the_host);
    tcase_add_test(t, what_a_device_sends_is_kept);
    tcase_add_test(t, a_dump_has_both_directions);
    tcase_add_loop_test(t, wrong_networks_are_refused_with_words, 0, sizeof wrong / sizeof *wrong);
#if HAVE_SLIRP
    tcase_add_test(t, the_host_of_the_user_network_answers_arp);
    tcase_add_test(t, a_forwarded_port_reaches_the_guest);
#endif
    tcase_set_timeout(t, 30);
    return run_suite("net", (TCase *[]){ t, NULL });
}
