/* Split virtqueues and the memory-mapped transport, with the simplest device: what a driver may do, and what a hostile
 * one tries. */
#include "tests/device/virtio_driver.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70 };
enum { SIZE = 8 };

static void start(Bench *b, Ring *r, uint64_t features)
{
    *b = bench("virtio-rng-device", NULL);
    driver_start(b, features, r, 1, SIZE);
}

/* The device gave the chain `head` back with `written` bytes. */
static void expect(Ring *r, uint32_t head, uint32_t written)
{
    uint32_t got_head, got_written;
    ck_assert(ring_done(r, &got_head, &got_written));
    ck_assert_uint_eq(got_head, head);
    ck_assert_uint_eq(got_written, written);
}

static void expect_wrong(Bench *b, Ring *r)
{
    uint32_t head, written;
    ck_assert(driver_status(b) & NEEDS_RESET);
    ck_assert(!ring_done(r, &head, &written));
    ck_assert_uint_eq(bench_read(b, INTERRUPT_STATUS) & 2, 2);
    driver_start(b, 0, r, 1, SIZE); /* a reset heals it */
    ring_desc(r, 0, BUFFERS, 4, WRITE, 0);
    ring_send(r, 0);
    expect(r, 0, 4);
    bench_end(b);
}

static bool any(const Bench *b, uint64_t at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (b->ram[at + i])
            return true;
    return false;
}

START_TEST(the_transport_says_what_it_is)
{
    Bench b = bench("virtio-rng-device", NULL);
    ck_assert_uint_eq(bench_read(&b, 0), 0x74726976);
    ck_assert_uint_eq(bench_read(&b, 4), 2);
    ck_assert_uint_eq(bench_read(&b, 8), 4);
    bench_write(&b, 0x14, 1);
    ck_assert_uint_eq(bench_read(&b, 0x10), 1);
    bench_write(&b, 0x14, 2);
    ck_assert_uint_eq(bench_read(&b, 0x10), 0);
    bench_write(&b, 0x30, 1);
    ck_assert_uint_eq(bench_read(&b, 0x34), 0);
    bench_end(&b);
}
END_TEST

START_TEST(an_empty_place_has_no_device)
{
    Bench b = bench("virtio-mmio", NULL);
    ck_assert_uint_eq(bench_read(&b, 0), 0x74726976);
    ck_assert_uint_eq(bench_read(&b, 8), 0);
    ck_assert_uint_eq(bench_read(&b, 0x34), 0);
    bench_end(&b);
}
END_TEST

START_TEST(features_that_are_not_offered_are_refused)
{
    Bench b = bench("virtio-rng-device", NULL);
    bench_write(&b, STATUS, 3);
    bench_write(&b, 0x24, 0);
    bench_write(&b, 0x20, 1);
    bench_write(&b, 0x24, 1);
    bench_write(&b, 0x20, 1);
    bench_write(&b, STATUS, 11);
    ck_assert_uint_eq(driver_status(&b), 3);
    bench_write(&b, 0x24, 0);
    bench_write(&b, 0x20, 0);
    bench_write(&b, STATUS, 11);
    ck_assert_uint_eq(driver_status(&b), 11);
    bench_end(&b);
}
END_TEST

START_TEST(a_chain_is_filled_and_given_back_with_an_interrupt)
{
    Bench b;
    Ring r;
    start(&b, &r, 0);
    ring_desc(&r, 3, BUFFERS, 16, WRITE | NEXT, 5);
    ring_desc(&r, 5, BUFFERS + 0x1000, 48, WRITE, 0);
    ring_send(&r, 3);
    expect(&r, 3, 64);
    ck_assert(any(&b, BUFFERS, 16) && any(&b, BUFFERS + 0x1000, 48));
    ck_assert(!any(&b, BUFFERS + 16, 16) && !any(&b, BUFFERS + 0x1030, 16));
    ck_assert_uint_eq(bench_read(&b, INTERRUPT_STATUS), 1);
    bench_write(&b, INTERRUPT_ACK, 1);
    ck_assert_uint_eq(bench_read(&b, INTERRUPT_STATUS), 0);
    bench_end(&b);
}
END_TEST

START_TEST(the_ring_goes_round)
{
    Bench b;
    Ring r;
    start(&b, &r, 0);
    for (uint32_t i = 0; i < 5 * SIZE + 3; i++) {
        ring_desc(&r, i % SIZE, BUFFERS, i + 1, WRITE, 0);
        ring_send(&r, (uint16_t)(i % SIZE));
        expect(&r, i % SIZE, i + 1);
    }
    bench_end(&b);
}
END_TEST

START_TEST(the_index_wraps_at_65536)
{
    Bench b;
    Ring r;
    start(&b, &r, F_EVENT_IDX);
    ring_desc(&r, 0, BUFFERS, 1, WRITE, 0);
    for (int i = 0; i < 70000; i++) {
        ring_send(&r, 0);
        expect(&r, 0, 1);
    }
    bench_end(&b);
}
END_TEST

START_TEST(the_driver_can_do_without_interrupts)
{
    Bench b;
    Ring r;
    start(&b, &r, 0);
    put16(&b, ring_avail_at(&r), 1);
    ring_desc(&r, 0, BUFFERS, 4, WRITE, 0);
    ring_send(&r, 0);
    expect(&r, 0, 4);
    ck_assert_uint_eq(bench_read(&b, INTERRUPT_STATUS), 0);
    bench_end(&b);
}
END_TEST

START_TEST(the_event_index_says_when_to_interrupt_and_to_notify)
{
    Bench b;
    Ring r;
    start(&b, &r, F_EVENT_IDX);
    for (uint32_t i = 0; i < SIZE; i++)
        ring_desc(&r, i, BUFFERS, 4, WRITE, 0);
    put16(&b, ring_avail_at(&r) + 4 + 2 * SIZE, 2); /* used_event: after the third */
    ring_send(&r, 0);
    ring_send(&r, 1);
    ck_assert_uint_eq(bench_read(&b, INTERRUPT_STATUS), 0);
    ring_send(&r, 2);
    ck_assert_uint_eq(bench_read(&b, INTERRUPT_STATUS), 1);
    ck_assert_uint_eq(get16(&b, ring_used_at(&r) + 4 + 8 * SIZE), 3); /* avail_event: at the fourth */
    bench_end(&b);
}
END_TEST

START_TEST(an_indirect_table_may_end_a_chain)
{
    Bench b;
    Ring r;
    start(&b, &r, F_INDIRECT);
    ring_desc(&r, 0, BUFFERS, 4, WRITE | NEXT, 1);
    ring_desc(&r, 1, BUFFERS + 0x1000, 32, INDIRECT, 0);
    put_desc(&b, BUFFERS + 0x1000, 0, BUFFERS + 0x2000, 8, WRITE | NEXT, 1);
    put_desc(&b, BUFFERS + 0x1000, 1, BUFFERS + 0x3000, 16, WRITE, 0);
    ring_send(&r, 0);
    expect(&r, 0, 28);
    bench_end(&b);
}
END_TEST

START_TEST(buffers_added_before_driver_ok_are_seen)
{
    Bench b;
    Ring r;
    start(&b, &r, 0);
    bench_write(&b, STATUS, 11);
    ring_desc(&r, 0, BUFFERS, 4, WRITE, 0);
    ring_send(&r, 0);
    ck_assert_uint_eq(get16(&b, ring_used_at(&r) + 2), 0);
    bench_write(&b, STATUS, 15);
    expect(&r, 0, 4);
    bench_end(&b);
}
END_TEST

static void loops(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BUFFERS, 4, WRITE | NEXT, 1);
    ring_desc(r, 1, BUFFERS, 4, WRITE | NEXT, 0);
    ring_add(r, 0);
}

static void loops_in_a_table(Bench *b, Ring *r)
{
    ring_desc(r, 0, BUFFERS, 32, INDIRECT, 0);
    put_desc(b, BUFFERS, 0, BUFFERS + 0x2000, 8, WRITE | NEXT, 0);
    ring_add(r, 0);
}

static void table_in_a_table(Bench *b, Ring *r)
{
    ring_desc(r, 0, BUFFERS, 16, INDIRECT, 0);
    put_desc(b, BUFFERS, 0, BUFFERS, 16, INDIRECT, 0);
    ring_add(r, 0);
}

static void table_with_a_next_one(Bench *b, Ring *r)
{
    ring_desc(r, 0, BUFFERS, 16, INDIRECT | NEXT, 1);
    put_desc(b, BUFFERS, 0, BUFFERS, 16, WRITE, 0);
    ring_add(r, 0);
}

static void odd_table(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BUFFERS, 24, INDIRECT, 0);
    ring_add(r, 0);
}

static void empty_table(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BUFFERS, 0, INDIRECT, 0);
    ring_add(r, 0);
}

static void huge_table(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BUFFERS, 0xfffffff0, INDIRECT, 0);
    ring_add(r, 0);
}

static void table_outside_memory(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BENCH_RAM - 16, 32, INDIRECT, 0);
    ring_add(r, 0);
}

static void next_outside_the_ring(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BUFFERS, 4, WRITE | NEXT, SIZE);
    ring_add(r, 0);
}

static void head_outside_the_ring(Bench *b, Ring *r)
{
    (void)b;
    ring_add(r, 0xffff);
}

static void buffer_outside_memory(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, 1ull << 60, 4, WRITE, 0);
    ring_add(r, 0);
}

static void buffer_across_the_end_of_memory(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BENCH_RAM - 4, 8, WRITE, 0);
    ring_add(r, 0);
}

static void buffer_that_wraps(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, UINT64_MAX - 4, 0xffffffff, WRITE, 0);
    ring_add(r, 0);
}

static void buffer_on_a_device(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, 1ull << 44, 4, WRITE, 0);
    ring_add(r, 0);
}

static void more_than_4_gib(Bench *b, Ring *r)
{
    for (uint16_t i = 0; i < 512; i++)
        put_desc(b, BUFFERS, i, 0, BENCH_RAM, WRITE | NEXT, i + 1);
    ring_desc(r, 0, BUFFERS, 512 * 16, INDIRECT, 0);
    ring_add(r, 0);
}

static void read_behind_write(Bench *b, Ring *r)
{
    (void)b;
    ring_desc(r, 0, BUFFERS, 4, WRITE | NEXT, 1);
    ring_desc(r, 1, BUFFERS, 4, 0, 0);
    ring_add(r, 0);
}

static void index_jumps(Bench *b, Ring *r)
{
    ring_desc(r, 0, BUFFERS, 4, WRITE, 0);
    put16(b, ring_avail_at(r) + 2, SIZE + 1);
}

static void index_goes_back(Bench *b, Ring *r)
{
    put16(b, ring_avail_at(r) + 2, 0xffff);
}

static void (*const attacks[])(Bench *, Ring *) = {
    loops,
    loops_in_a_table,
    table_in_a_table,
    table_with_a_next_one,
    odd_table,
    empty_table,
    huge_table,
    table_outside_memory,
    next_outside_the_ring,
    head_outside_the_ring,
    buffer_outside_memory,
    buffer_across_the_end_of_memory,
    buffer_that_wraps,
    buffer_on_a_device,
    more_than_4_gib,
    read_behind_write,
    index_jumps,
    index_goes_back,
};

START_TEST(a_hostile_ring_stops_the_device_until_it_is_reset)
{
    Bench b;
    Ring r;
    start(&b, &r, F_INDIRECT);
    attacks[_i](&b, &r);
    ring_kick(&r);
    expect_wrong(&b, &r);
}
END_TEST

START_TEST(indirect_tables_need_their_feature)
{
    Bench b;
    Ring r;
    start(&b, &r, 0);
    ring_desc(&r, 0, BUFFERS, 16, INDIRECT, 0);
    put_desc(&b, BUFFERS, 0, BUFFERS + 0x1000, 16, WRITE, 0);
    ring_send(&r, 0);
    expect_wrong(&b, &r);
}
END_TEST

/* Sizes and addresses of rings: the register, the value; then the queue is made ready. */
static const struct BadRing {
    uint64_t reg, value;
} bad_rings[] = {
    { 0x38, 0 },
    { 0x38, 3 },
    { 0x38, 16 },
    { 0x38, 0x80000000 },
    { 0x84, 1 },
    { 0xa4, 1 },
    { 0x80, RINGS + 8 },
    { 0x90, RINGS + 1 },
    { 0xa0, 0xffffff0 },
    { 0x94, 0xffffffff },
    { 0xa0, BENCH_RAM - 16 },
};

START_TEST(a_bad_ring_is_refused)
{
    Bench b;
    Ring r;
    start(&b, &r, 0);
    bench_write(&b, 0x44, 0);
    bench_write(&b, bad_rings[_i].reg, bad_rings[_i].value);
    bench_write(&b, 0x44, 1);
    ck_assert_uint_eq(bench_read(&b, 0x44), 0);
    ring_add(&r, 0);
    ring_kick(&r);
    expect_wrong(&b, &r);
}
END_TEST

/* Every kind of device, with all its features: chains of random descriptors whose buffers lie on one another, so that
 * headers, tables and data are what the rest left there. */
static const struct Noisy {
    const char *type, *set;
    uint64_t features;
    int queues;
} noisy[] = {
    { "virtio-rng-device", NULL, F_INDIRECT | F_EVENT_IDX, 1 },
    { "virtio-blk-device", "drive=mem", F_INDIRECT | F_EVENT_IDX | 0x6244, 1 },
    { "virtio-net-device", "netdev=mem", F_INDIRECT | F_EVENT_IDX | 0x878020, 3 },
    { "virtio-serial-device", NULL, F_INDIRECT, 2 },
};

static uint32_t chance(uint32_t below)
{
    return (uint32_t)rand() % below;
}

static void make_noise(Bench *b, Ring *r)
{
    static const uint32_t lengths[] = { 1, 2, 5, 16, 16, 32, 64, 512, 1024, 4096 };
    for (int i = 0; i < 32; i++)
        b->ram[BUFFERS + chance(512)] = (uint8_t)chance(chance(2) ? 16 : 256);
    for (uint16_t i = 0; i < 2 * SIZE; i++)
        put_desc(b, i < SIZE ? ring_desc_at(r) : BUFFERS + 512, i % SIZE, BUFFERS + (chance(2) ? 512 : chance(40) * 16),
                 lengths[chance(10)], (uint16_t)chance(chance(8) ? 4 : 8),
                 (uint16_t)chance(chance(8) ? SIZE : SIZE + 1));
    for (uint16_t i = 0; i < SIZE; i++)
        put16(b, ring_avail_at(r) + 4 + 2ull * i, (uint16_t)chance(chance(64) ? SIZE : 65536));
    put16(b, ring_avail_at(r) + 2, (uint16_t)(get16(b, ring_avail_at(r) + 2) + chance(SIZE)));
}

START_TEST(noise_in_the_rings_does_no_harm)
{
    const struct Noisy *n = &noisy[_i];
    Bench b = bench(n->type, n->set);
    Ring r[3];
    Error err;
    static const uint8_t frame[2000];
    uint32_t stopped = 0, served = 0;
    if (strstr(n->type, "serial"))
        ck_assert(machine_plug(b.machine, "virtconsole,chardev=mem", &err));
    srand(1);
    for (int round = 0; round < 3000; round++) {
        driver_start(&b, n->features, r, n->queues, SIZE);
        for (int i = 0; i < 8 && !(driver_status(&b) & NEEDS_RESET); i++) {
            int queue = (int)chance((uint32_t)n->queues);
            make_noise(&b, &r[queue]);
            ring_kick(&r[queue]);
            bench_frame(&b, frame, 1 + chance(2000));
            if (strstr(n->type, "serial"))
                bench_type(&b, "some text");
        }
        stopped += driver_status(&b) / NEEDS_RESET;
        for (int i = 0; i < n->queues; i++)
            served += get16(&b, ring_used_at(&r[i]) + 2);
    }
    ck_assert_uint_gt(stopped, 100);
    ck_assert_uint_gt(served, 100); /* not all of it is refused at once */
    bench_end(&b);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_transport_says_what_it_is);
    tcase_add_test(c, an_empty_place_has_no_device);
    tcase_add_test(c, features_that_are_not_offered_are_refused);
    tcase_add_test(c, a_chain_is_filled_and_given_back_with_an_interrupt);
    tcase_add_test(c, the_ring_goes_round);
    tcase_add_test(c, the_index_wraps_at_65536);
    tcase_add_test(c, the_driver_can_do_without_interrupts);
    tcase_add_test(c, the_event_index_says_when_to_interrupt_and_to_notify);
    tcase_add_test(c, an_indirect_table_may_end_a_chain);
    tcase_add_test(c, buffers_added_before_driver_ok_are_seen);
    tcase_add_loop_test(c, a_hostile_ring_stops_the_device_until_it_is_reset, 0,
                        (int)(sizeof attacks / sizeof *attacks));
    tcase_add_test(c, indirect_tables_need_their_feature);
    tcase_add_loop_test(c, a_bad_ring_is_refused, 0, (int)(sizeof bad_rings / sizeof *bad_rings));
    tcase_add_loop_test(c, noise_in_the_rings_does_no_harm, 0, (int)(sizeof noisy / sizeof *noisy));
    return run_suite("device/virtqueue", (TCase *[]){ c, NULL });
}
