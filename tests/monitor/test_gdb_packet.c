/* The framing of gdb's packets: checksums, escapes, acknowledgements, and bytes that are none of it. */
#include "monitor/gdb_packet.h"
#include "tests/suite.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static GdbLink link_;

static void setup(void)
{
    gdb_link_init(&link_);
}

static void teardown(void)
{
    gdb_link_free(&link_);
}

/* Gives it text by pieces of `step` bytes; how many packets and interrupts came. */
static int take(const void *bytes, size_t len, size_t step, int *breaks)
{
    int packets = 0;
    *breaks = 0;
    for (size_t at = 0; at < len;) {
        GdbNews news;
        size_t left = len - at < step ? len - at : step;
        size_t n = gdb_link_take(&link_, (const char *)bytes + at, left, &news);
        ck_assert(n > 0 && n <= left);
        ck_assert(link_.in_len <= GDB_PACKET);
        at += n;
        packets += news == GDB_GOT_PACKET;
        *breaks += news == GDB_GOT_BREAK;
    }
    return packets;
}

static int take_text(const char *text)
{
    int breaks;
    return take(text, strlen(text), 1, &breaks);
}

static bool wrote(const char *text)
{
    bool same = link_.out.len == strlen(text) && !memcmp(bytes_peek(&link_.out), text, link_.out.len);
    bytes_drop(&link_.out, link_.out.len);
    return same;
}

START_TEST(packets)
{
    ck_assert_int_eq(take_text("$g#67"), 1);
    ck_assert_str_eq(link_.in, "g");
    ck_assert(wrote("+"));
    ck_assert_int_eq(take_text("noise$qC#b4"), 1);
    ck_assert_str_eq(link_.in, "qC");
    ck_assert(wrote("+"));
    ck_assert_int_eq(take_text("$qC#b5"), 0); /* a wrong sum */
    ck_assert(wrote("-"));
    ck_assert_int_eq(take_text("$qC#xy"), 0); /* none at all */
    ck_assert(wrote("-"));
    ck_assert_int_eq(take_text("$m0,1$g#67"), 1); /* cut off by the next */
    ck_assert_str_eq(link_.in, "g");
    ck_assert(wrote("+"));
    ck_assert_int_eq(take_text("$#00"), 1);
    ck_assert_uint_eq(link_.in_len, 0);
}
END_TEST

START_TEST(escapes)
{
    ck_assert_int_eq(take_text("$X}\x03}\x04}]#33"), 1);
    ck_assert_uint_eq(link_.in_len, 4);
    ck_assert(!memcmp(link_.in, "X#$}", 4));
    bytes_drop(&link_.out, link_.out.len);
    gdb_link_send(&link_, "a#b$c}d*", 8);
    ck_assert(wrote("$a}\x03"
                    "b}\x04"
                    "c}]d}\x0a#ec"));
}
END_TEST

START_TEST(acknowledgements)
{
    gdb_link_send(&link_, "OK", 2);
    ck_assert(wrote("$OK#9a"));
    take_text("+");
    ck_assert(wrote(""));
    take_text("-");
    ck_assert(wrote("$OK#9a"));
    static char again[1 << 16]; /* whoever asks again and again does not fill the memory */
    int breaks;
    memset(again, '-', sizeof again);
    take(again, sizeof again, sizeof again, &breaks);
    ck_assert_uint_le(link_.out.len, GDB_PACKET + 16);
    bytes_drop(&link_.out, link_.out.len);
    link_.no_ack = true;
    ck_assert_int_eq(take_text("-$qC#00"), 1);
    ck_assert(wrote(""));
}
END_TEST

START_TEST(interrupts)
{
    int breaks;
    ck_assert_int_eq(take("\x03$g#67\x03", 7, 100, &breaks), 1);
    ck_assert_int_eq(breaks, 2);
    ck_assert_int_eq(take("$X\x03#5b", 6, 100, &breaks), 1); /* inside a packet it is a byte */
    ck_assert_int_eq(breaks, 0);
}
END_TEST

START_TEST(too_long)
{
    int breaks;
    size_t len = 3 * GDB_PACKET;
    char *text = malloc(len);
    memset(text, 'm', len);
    text[0] = '$';
    memcpy(text + len - 3, "#00", 3);
    take(text, len, 4096, &breaks);
    ck_assert_uint_le(link_.in_len, GDB_PACKET);
    free(text);
    ck_assert_int_eq(take_text("$g#67"), 1);
    ck_assert_str_eq(link_.in, "g");
}
END_TEST

/* Anything may come, in pieces of any size, and the next packet is understood. */
START_TEST(garbage)
{
    uint32_t seed = (uint32_t)_i + 1;
    uint8_t noise[3000];
    int breaks;
    for (int round_ = 0; round_ < 50; round_++) {
        for (size_t k = 0; k < sizeof noise; k++) {
            seed = seed * 1664525 + 1013904223;
            noise[k] = seed & 0x80000000 ? (uint8_t) "$#}+-\x03*m"[seed >> 16 & 7] : (uint8_t)(seed >> 16);
        }
        take(noise, sizeof noise, 1 + seed % 700, &breaks);
        bytes_drop(&link_.out, link_.out.len);
        take_text("#00"); /* ends what is open, if anything is */
        ck_assert_int_eq(take_text("$g#67"), 1);
        ck_assert_str_eq(link_.in, "g");
    }
}
END_TEST

START_TEST(numbers)
{
    uint64_t value;
    const char *at = "ffffffffffffffff,", *none = "x", *large = "10000000000000000";
    ck_assert(gdb_number(&at, &value) && value == UINT64_MAX && *at == ',');
    ck_assert(!gdb_number(&none, &value));
    ck_assert(!gdb_number(&large, &value));
    uint8_t bytes[2];
    ck_assert(gdb_unhex("a0Ff", bytes, 2) && bytes[0] == 0xa0 && bytes[1] == 0xff);
    ck_assert(!gdb_unhex("a", bytes, 1));
    ck_assert(!gdb_unhex("a0f", bytes, 2));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("link");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, packets);
    tcase_add_test(t, escapes);
    tcase_add_test(t, acknowledgements);
    tcase_add_test(t, interrupts);
    tcase_add_test(t, too_long);
    tcase_add_loop_test(t, garbage, 0, 8);
    tcase_add_test(t, numbers);
    return run_suite("gdb packets", (TCase *[]){ t, NULL });
}
