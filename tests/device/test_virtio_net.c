/* The virtio network card: frames both ways, with and without merged buffers, and wrong drivers. */
#include "tests/device/virtio_driver.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RX, TX, CTRL };
enum { SIZE = 16, HEADER = 12 };
#define F_MRG_RXBUF (1ull << 15)
#define F_CTRL      (1ull << 17 | 1ull << 18 | 1ull << 23)

typedef struct Card {
    Bench b;
    Ring ring[3];
    uint8_t frame[70000];
} Card;

static Card *card(uint64_t features)
{
    Card *c = calloc(1, sizeof *c);
    c->b = bench("virtio-net-device", "netdev=mem,mac=52:54:00:aa:bb:cc");
    driver_start(&c->b, features, c->ring, 3, SIZE);
    for (size_t i = 0; i < sizeof c->frame; i++)
        c->frame[i] = (uint8_t)(i * 31 >> 3);
    return c;
}

static void card_end(Card *c)
{
    bench_end(&c->b);
    free(c);
}

/* Buffers of `len` bytes each, one descriptor each. */
static void give(Card *c, int count, uint32_t len)
{
    Ring *r = &c->ring[RX];
    for (int i = 0; i < count; i++) {
        uint32_t n = r->added % SIZE;
        ring_desc(r, n, BUFFERS + n * 0x2000ull, len, WRITE, 0);
        ring_add(r, (uint16_t)n);
    }
    ring_kick(r);
}

START_TEST(the_address_is_told)
{
    Card *c = card(0);
    uint64_t low, high, status;
    ck_assert(bench_load(&c->b, 0, 0x100, 4, &low) && bench_load(&c->b, 0, 0x104, 2, &high));
    ck_assert_uint_eq(low, 0xaa005452);
    ck_assert_uint_eq(high, 0xccbb);
    ck_assert(bench_load(&c->b, 0, 0x106, 2, &status));
    ck_assert_uint_eq(status, 1);
    card_end(c);
}
END_TEST

START_TEST(a_frame_is_sent_without_its_header)
{
    Card *c = card(0);
    Ring *r = &c->ring[TX];
    uint32_t head, written;
    size_t len;
    int frames;
    memcpy(c->b.ram + BUFFERS + HEADER, c->frame, 50);
    memcpy(c->b.ram + BUFFERS + 0x1000, c->frame + 50, 1000);
    ring_desc(r, 2, BUFFERS, HEADER + 50, NEXT, 4);
    ring_desc(r, 4, BUFFERS + 0x1000, 1000, 0, 0);
    ring_send(r, 2);
    ck_assert(ring_done(r, &head, &written));
    ck_assert_uint_eq(head, 2);
    ck_assert_uint_eq(written, 0);
    const uint8_t *sent = bench_sent(&c->b, &len, &frames);
    ck_assert_int_eq(frames, 1);
    ck_assert_uint_eq(len, 1050);
    ck_assert_mem_eq(sent, c->frame, 1050);
    card_end(c);
}
END_TEST

START_TEST(frames_that_are_too_short_or_too_long_are_dropped)
{
    Card *c = card(F_INDIRECT);
    Ring *r = &c->ring[TX];
    uint32_t head, written;
    size_t len;
    int frames;
    ring_desc(r, 0, BUFFERS, HEADER, 0, 0);
    ring_desc(r, 1, BUFFERS, 3, 0, 0);
    ring_desc(r, 2, 0, BENCH_RAM, 0, 0);
    for (uint16_t i = 0; i < 3; i++) {
        ring_send(r, i);
        ck_assert(ring_done(r, &head, &written));
    }
    bench_sent(&c->b, &len, &frames);
    ck_assert_int_eq(frames, 0);
    ck_assert(!(driver_status(&c->b) & NEEDS_RESET));
    card_end(c);
}
END_TEST

START_TEST(a_frame_is_received_behind_a_header)
{
    Card *c = card(0);
    Ring *r = &c->ring[RX];
    uint32_t head, written;
    ck_assert(!bench_frame(&c->b, c->frame, 60)); /* not ready: there is no buffer */
    give(c, 2, 2000);
    ck_assert(bench_frame(&c->b, c->frame, 60));
    ck_assert(ring_done(r, &head, &written));
    ck_assert_uint_eq(head, 0);
    ck_assert_uint_eq(written, HEADER + 60);
    ck_assert_mem_eq(c->b.ram + BUFFERS, "\0\0\0\0\0\0\0\0\0\0\1\0", HEADER);
    ck_assert_mem_eq(c->b.ram + BUFFERS + HEADER, c->frame, 60);
    ck_assert_uint_eq(bench_read(&c->b, 0x60), 1);
    ck_assert(bench_frame(&c->b, c->frame, 60));
    ck_assert(!bench_frame(&c->b, c->frame, 60));
    card_end(c);
}
END_TEST

START_TEST(a_long_frame_is_spread_over_merged_buffers)
{
    Card *c = card(F_MRG_RXBUF);
    Ring *r = &c->ring[RX];
    uint32_t head, written;
    give(c, 4, 500);
    ck_assert(bench_frame(&c->b, c->frame, 1400));
    ck_assert_uint_eq(get16(&c->b, ring_used_at(r) + 2), 3);
    ck_assert_uint_eq(get16(&c->b, BUFFERS + 10), 3);
    static const uint32_t want[] = { 500, 500, 412 };
    size_t at = 0;
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(ring_done(r, &head, &written));
        ck_assert_uint_eq(head, i);
        ck_assert_uint_eq(written, want[i]);
        size_t skip = i ? 0 : HEADER;
        ck_assert_mem_eq(c->b.ram + BUFFERS + i * 0x2000 + skip, c->frame + at, want[i] - skip);
        at += want[i] - skip;
    }
    card_end(c);
}
END_TEST

START_TEST(a_frame_waits_for_enough_buffers)
{
    Card *c = card(F_MRG_RXBUF | F_EVENT_IDX);
    Ring *r = &c->ring[RX];
    give(c, 2, 500);
    ck_assert(bench_frame(&c->b, c->frame, 1400));
    ck_assert_uint_eq(get16(&c->b, ring_used_at(r) + 2), 0);
    ck_assert(!bench_frame(&c->b, c->frame, 60)); /* one waits: back-pressure */
    give(c, 1, 500);
    ck_assert_uint_eq(get16(&c->b, ring_used_at(r) + 2), 3);
    ck_assert_mem_eq(c->b.ram + BUFFERS + 2 * 0x2000, c->frame + 988, 412);
    give(c, 1, 500);
    ck_assert(bench_frame(&c->b, c->frame, 60));
    card_end(c);
}
END_TEST

START_TEST(a_frame_that_can_never_fit_is_dropped)
{
    Card *c = card(_i ? F_MRG_RXBUF : 0);
    give(c, SIZE, 100);
    ck_assert(bench_frame(&c->b, c->frame, 5000));
    ck_assert_uint_eq(get16(&c->b, ring_used_at(&c->ring[RX]) + 2), 0);
    ck_assert(bench_frame(&c->b, c->frame, 60)); /* all buffers are still there */
    ck_assert_uint_eq(get16(&c->b, ring_used_at(&c->ring[RX]) + 2), 1);
    card_end(c);
}
END_TEST

START_TEST(a_buffer_without_room_for_the_header_stops_the_device)
{
    Card *c = card(F_MRG_RXBUF);
    give(c, 1, 8);
    bench_frame(&c->b, c->frame, 60);
    ck_assert(driver_status(&c->b) & NEEDS_RESET);
    ck_assert(!bench_frame(&c->b, c->frame, 60));
    card_end(c);
}
END_TEST

START_TEST(a_hostile_receive_ring_stops_the_device)
{
    Card *c = card(F_MRG_RXBUF);
    Ring *r = &c->ring[RX];
    ring_desc(r, 0, BUFFERS, 500, WRITE | NEXT, 0);
    ring_send(r, 0);
    bench_frame(&c->b, c->frame, 60);
    ck_assert(driver_status(&c->b) & NEEDS_RESET);
    ck_assert(!bench_frame(&c->b, c->frame, 60));
    card_end(c);
}
END_TEST

START_TEST(a_reset_forgets_the_frame_that_waits)
{
    Card *c = card(F_MRG_RXBUF);
    give(c, 1, 500);
    ck_assert(bench_frame(&c->b, c->frame, 1400));
    driver_start(&c->b, F_MRG_RXBUF, c->ring, 3, SIZE);
    give(c, 4, 500);
    ck_assert_uint_eq(get16(&c->b, ring_used_at(&c->ring[RX]) + 2), 0);
    ck_assert(bench_frame(&c->b, c->frame, 60));
    card_end(c);
}
END_TEST

static uint8_t command(Card *c, uint8_t class, uint8_t what, const void *data, uint32_t len)
{
    Ring *r = &c->ring[CTRL];
    uint32_t head, written;
    c->b.ram[BUFFERS] = class;
    c->b.ram[BUFFERS + 1] = what;
    memcpy(c->b.ram + BUFFERS + 2, data, len);
    c->b.ram[BUFFERS + 0x100] = 0xee;
    ring_desc(r, 0, BUFFERS, 2 + len, NEXT, 1);
    ring_desc(r, 1, BUFFERS + 0x100, 1, WRITE, 0);
    ring_send(r, 0);
    ck_assert(ring_done(r, &head, &written));
    ck_assert_uint_eq(written, 1);
    return c->b.ram[BUFFERS + 0x100];
}

START_TEST(the_control_queue_answers)
{
    Card *c = card(F_CTRL);
    uint64_t mac;
    ck_assert_uint_eq(command(c, 0, 0, "\1", 1), 0);
    ck_assert_uint_eq(command(c, 1, 1, "\2\1\2\3\4\5", 6), 0);
    ck_assert(bench_load(&c->b, 0, 0x100, 4, &mac));
    ck_assert_uint_eq(mac, 0x03020102);
    ck_assert_uint_eq(command(c, 1, 1, "\2", 1), 1);
    ck_assert_uint_eq(command(c, 200, 0, "", 0), 1);
    card_end(c);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_add_test(t, the_address_is_told);
    tcase_add_test(t, a_frame_is_sent_without_its_header);
    tcase_add_test(t, frames_that_are_too_short_or_too_long_are_dropped);
    tcase_add_test(t, a_frame_is_received_behind_a_header);
    tcase_add_test(t, a_long_frame_is_spread_over_merged_buffers);
    tcase_add_test(t, a_frame_waits_for_enough_buffers);
    tcase_add_loop_test(t, a_frame_that_can_never_fit_is_dropped, 0, 2);
    tcase_add_test(t, a_buffer_without_room_for_the_header_stops_the_device);
    tcase_add_test(t, a_hostile_receive_ring_stops_the_device);
    tcase_add_test(t, a_reset_forgets_the_frame_that_waits);
    tcase_add_test(t, the_control_queue_answers);
    return run_suite("device/virtio_net", (TCase *[]){ t, NULL });
}
