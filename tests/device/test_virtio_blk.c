/* The virtio disk: requests as section 5.2 of virtio 1.2 has them, and wrong ones. */
#include "tests/device/virtio_driver.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { HEADER = BUFFERS, STATUS_AT = BUFFERS + 0x800, DATA = BUFFERS + 0x1000 };
enum { SIZE = 16 };

static void start(Bench *b, Ring *r, const char *set)
{
    *b = bench("virtio-blk-device", set);
    driver_start(b, F_INDIRECT | F_EVENT_IDX, r, 1, SIZE);
}

static void put_header(Bench *b, uint64_t at, uint32_t type, uint64_t sector)
{
    uint32_t words[2] = { type, 0 };
    memcpy(b->ram + at, words, 8);
    memcpy(b->ram + at + 8, &sector, 8);
}

/* One request with `len` bytes at DATA; its status. */
static uint8_t request(Ring *r, uint32_t type, uint64_t sector, uint32_t len)
{
    uint32_t head, written;
    bool in = type == IN || type == GET_ID;
    put_header(r->b, HEADER, type, sector);
    r->b->ram[STATUS_AT] = 0xee;
    ring_desc(r, 0, HEADER, 16, NEXT, len ? 1 : 2);
    ring_desc(r, 1, DATA, len, (uint16_t)(NEXT | (in ? WRITE : 0)), 2);
    ring_desc(r, 2, STATUS_AT, 1, WRITE, 0);
    ring_send(r, 0);
    ck_assert(ring_done(r, &head, &written));
    ck_assert_uint_eq(head, 0);
    ck_assert_uint_eq(written, 1 + (in ? len : 0));
    return r->b->ram[STATUS_AT];
}

static void put_range(Bench *b, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    uint32_t words[2] = { sectors, flags };
    memcpy(b->ram + DATA, &sector, 8);
    memcpy(b->ram + DATA + 8, words, 8);
}

START_TEST(the_capacity_is_in_sectors)
{
    Bench b = bench("virtio-blk-device", "drive=mem,logical_block_size=4096");
    uint64_t bytes, capacity, block;
    bench_medium(&b, &bytes);
    ck_assert_uint_eq(bench_read(&b, 8), 2);
    ck_assert(bench_load(&b, 0, 0x100, 8, &capacity));
    ck_assert_uint_eq(capacity, bytes / 512);
    ck_assert(bench_load(&b, 0, 0x114, 4, &block));
    ck_assert_uint_eq(block, 4096);
    bench_end(&b);
}
END_TEST

START_TEST(sectors_are_read_and_written)
{
    Bench b;
    Ring r;
    start(&b, &r, "drive=mem");
    uint8_t *medium = bench_medium(&b, NULL);
    for (int i = 0; i < 1024; i++)
        medium[3 * 512 + i] = (uint8_t)(i * 7);
    ck_assert_uint_eq(request(&r, IN, 3, 1024), OK);
    ck_assert_mem_eq(b.ram + DATA, medium + 3 * 512, 1024);
    memset(b.ram + DATA, 0x5a, 512);
    ck_assert_uint_eq(request(&r, OUT, 9, 512), OK);
    ck_assert_mem_eq(medium + 9 * 512, b.ram + DATA, 512);
    ck_assert_uint_eq(medium[10 * 512], 0);
    ck_assert_uint_eq(request(&r, FLUSH, 0, 0), OK);
    bench_end(&b);
}
END_TEST

/* 2.7.4.2: the device may not rely on how a message is cut into descriptors. */
START_TEST(a_request_may_be_cut_anywhere)
{
    Bench b;
    Ring r;
    uint32_t head, written;
    start(&b, &r, "drive=mem");
    uint8_t *medium = bench_medium(&b, NULL);
    put_header(&b, HEADER, OUT, 2);
    memset(b.ram + HEADER + 16, 0xab, 512);
    ring_desc(&r, 0, HEADER, 5, NEXT, 1);
    ring_desc(&r, 1, HEADER + 5, 111, NEXT, 2);
    ring_desc(&r, 2, HEADER + 116, 412, NEXT, 3);
    ring_desc(&r, 3, STATUS_AT, 1, WRITE, 0);
    ring_send(&r, 0);
    ck_assert(ring_done(&r, &head, &written));
    ck_assert_uint_eq(b.ram[STATUS_AT], OK);
    ck_assert_mem_eq(medium + 1024, b.ram + HEADER + 16, 512);
    put_header(&b, HEADER, IN, 2);
    ring_desc(&r, 0, HEADER, 16, NEXT, 1);
    ring_desc(&r, 1, DATA, 500, NEXT | WRITE, 2);
    ring_desc(&r, 2, DATA + 500, 13, WRITE, 0);
    memset(b.ram + DATA, 0, 600);
    ring_send(&r, 0);
    ck_assert(ring_done(&r, &head, &written));
    ck_assert_uint_eq(written, 513);
    ck_assert_mem_eq(medium + 1024, b.ram + DATA, 512);
    ck_assert_uint_eq(b.ram[DATA + 512], OK);
    bench_end(&b);
}
END_TEST

START_TEST(requests_may_be_in_indirect_tables)
{
    Bench b;
    Ring r;
    uint32_t head, written;
    start(&b, &r, "drive=mem");
    memset(bench_medium(&b, NULL) + 512, 0x77, 512);
    put_header(&b, HEADER, IN, 1);
    put_desc(&b, BUFFERS + 0x8000, 0, HEADER, 16, NEXT, 1);
    put_desc(&b, BUFFERS + 0x8000, 1, DATA, 512, NEXT | WRITE, 2);
    put_desc(&b, BUFFERS + 0x8000, 2, STATUS_AT, 1, WRITE, 0);
    ring_desc(&r, 7, BUFFERS + 0x8000, 48, INDIRECT, 0);
    ring_send(&r, 7);
    ck_assert(ring_done(&r, &head, &written));
    ck_assert_uint_eq(head, 7);
    ck_assert_uint_eq(b.ram[DATA + 511], 0x77);
    bench_end(&b);
}
END_TEST

START_TEST(the_serial_number_is_told)
{
    Bench b;
    Ring r;
    start(&b, &r, "drive=mem,serial=ab12");
    ck_assert_uint_eq(request(&r, GET_ID, 0, 20), OK);
    ck_assert_mem_eq(b.ram + DATA, "ab12\0\0\0\0", 8);
    bench_end(&b);
}
END_TEST

START_TEST(ranges_are_zeroed_and_discarded)
{
    Bench b;
    Ring r;
    start(&b, &r, "drive=mem");
    uint8_t *medium = bench_medium(&b, NULL);
    memset(medium, 0xff, 4096);
    put_range(&b, 1, 2, 1);
    ck_assert_uint_eq(request(&r, WRITE_ZEROES, 0, 16), OK);
    ck_assert_uint_eq(medium[511], 0xff);
    ck_assert_uint_eq(medium[512] | medium[1535], 0);
    ck_assert_uint_eq(medium[1536], 0xff);
    put_range(&b, 1, 2, 0);
    ck_assert_uint_eq(request(&r, DISCARD, 0, 16), OK);
    put_range(&b, 1, 2, 1);
    ck_assert_uint_eq(request(&r, DISCARD, 0, 16), UNSUPP);
    put_range(&b, 1, 2, 2);
    ck_assert_uint_eq(request(&r, WRITE_ZEROES, 0, 16), UNSUPP);
    put_range(&b, 2047, 2, 0);
    ck_assert_uint_eq(request(&r, DISCARD, 0, 16), IOERR);
    put_range(&b, UINT64_MAX, 0xffffffff, 0);
    ck_assert_uint_eq(request(&r, WRITE_ZEROES, 0, 16), IOERR);
    ck_assert_uint_eq(request(&r, WRITE_ZEROES, 0, 32), IOERR);
    bench_end(&b);
}
END_TEST

static const struct BadRequest {
    uint32_t type;
    uint64_t sector;
    uint32_t len;
    uint8_t status;
} bad[] = {
    { IN, 2048, 512, IOERR }, { IN, 2047, 1024, IOERR },      { OUT, 2047, 1024, IOERR },
    { IN, 0, 100, IOERR },    { IN, UINT64_MAX, 512, IOERR }, { OUT, 1ull << 55, 512, IOERR },
    { 99, 0, 0, UNSUPP },     { 99, 0, 512, UNSUPP },         { 2, 0, 0, UNSUPP },
    { DISCARD, 0, 0, IOERR },
};

START_TEST(wrong_requests_fail_alone)
{
    Bench b;
    Ring r;
    start(&b, &r, "drive=mem");
    ck_assert_uint_eq(request(&r, bad[_i].type, bad[_i].sector, bad[_i].len), bad[_i].status);
    ck_assert_uint_eq(request(&r, IN, 0, 512), OK);
    bench_end(&b);
}
END_TEST

START_TEST(a_request_without_header_or_status_stops_the_device)
{
    Bench b;
    Ring r;
    start(&b, &r, "drive=mem");
    ring_desc(&r, 0, HEADER, 15, _i ? NEXT : 0, 1);
    ring_desc(&r, 1, STATUS_AT, 1, WRITE, 0);
    if (_i == 2)
        ring_desc(&r, 0, HEADER, 16, 0, 0);
    ring_send(&r, 0);
    ck_assert(driver_status(&b) & NEEDS_RESET);
    bench_end(&b);
}
END_TEST

/* The same chain again and again, as fast as the ring takes it, without waiting for answers. */
START_TEST(a_flood_is_served_in_turn)
{
    Bench b;
    Ring r;
    uint32_t head, written, done = 0;
    start(&b, &r, "drive=mem");
    put_header(&b, HEADER, IN, 0);
    ring_desc(&r, 0, HEADER, 16, NEXT, 1);
    ring_desc(&r, 1, DATA, 512, NEXT | WRITE, 2);
    ring_desc(&r, 2, STATUS_AT, 1, WRITE, 0);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < SIZE; i++)
            ring_add(&r, 0);
        bench_write(&b, 0x50, 0);
        bench_write(&b, 0x50, 0);
        bench_sleep(&b, 1000);
        while (ring_done(&r, &head, &written))
            done++;
    }
    ck_assert_uint_eq(done, 100 * SIZE);
    bench_end(&b);
}
END_TEST

START_TEST(a_reset_waits_for_the_drive_and_answers_nothing)
{
    Bench b;
    Ring r;
    start(&b, &r, "drive=mem");
    memset(bench_medium(&b, NULL), 0x42, 512);
    put_header(&b, HEADER, IN, 0);
    b.ram[STATUS_AT] = 0xee;
    ring_desc(&r, 0, HEADER, 16, NEXT, 1);
    ring_desc(&r, 1, DATA, 512, NEXT | WRITE, 2);
    ring_desc(&r, 2, STATUS_AT, 1, WRITE, 0);
    ring_add(&r, 0);
    bench_write(&b, 0x50, 0); /* submitted, not yet finished */
    bench_write(&b, 0x70, 0);
    bench_sleep(&b, 1000);
    ck_assert_uint_eq(get16(&b, ring_used_at(&r) + 2), 0);
    ck_assert_uint_eq(bench_read(&b, 0x60), 0);
    driver_start(&b, 0, &r, 1, SIZE);
    ck_assert_uint_eq(request(&r, IN, 0, 512), OK);
    bench_end(&b);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_capacity_is_in_sectors);
    tcase_add_test(c, sectors_are_read_and_written);
    tcase_add_test(c, a_request_may_be_cut_anywhere);
    tcase_add_test(c, requests_may_be_in_indirect_tables);
    tcase_add_test(c, the_serial_number_is_told);
    tcase_add_test(c, ranges_are_zeroed_and_discarded);
    tcase_add_loop_test(c, wrong_requests_fail_alone, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(c, a_request_without_header_or_status_stops_the_device, 0, 3);
    tcase_add_test(c, a_flood_is_served_in_turn);
    tcase_add_test(c, a_reset_waits_for_the_drive_and_answers_nothing);
    return run_suite("device/virtio_blk", (TCase *[]){ c, NULL });
}
