#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

/* The bench has RAM at 0; the flash maps itself above. */
#define BASE 0x40000000ull
#define SET  "base=0x40000000,size=1M,sector-length=64K,drive="
enum { SECTOR = 0x10000 };

static uint32_t get(Bench *b, uint64_t at)
{
    bool ok;
    uint32_t value = (uint32_t)space_load(b->machine->memory, BASE + at, 4, &ok);
    ck_assert(ok);
    return value;
}

static void put(Bench *b, uint64_t at, uint32_t value)
{
    ck_assert(space_store(b->machine->memory, BASE + at, value, 4));
}

static bool is_memory(Bench *b)
{
    return space_ram(b->machine->memory, BASE, NULL) != NULL;
}

START_TEST(a_sector_is_erased_and_programmed)
{
    Bench b = bench("cfi.pflash01", SET "mem");
    put(&b, SECTOR, 0x00200020);
    put(&b, SECTOR, 0x00d000d0);
    ck_assert_uint_eq(get(&b, SECTOR), 0x00800080);
    put(&b, 0, 0x00ff00ff);
    ck_assert_uint_eq(get(&b, SECTOR), 0xffffffff);
    ck_assert_uint_eq(get(&b, 2 * SECTOR - 4), 0xffffffff);
    ck_assert_uint_eq(get(&b, SECTOR - 4), 0);
    ck_assert_uint_eq(get(&b, 2 * SECTOR), 0);
    put(&b, SECTOR + 8, 0x00400040);
    put(&b, SECTOR + 8, 0x12345678);
    put(&b, 0, 0x00ff00ff);
    ck_assert_uint_eq(get(&b, SECTOR + 8), 0x12345678);
    put(&b, SECTOR + 8, 0x00100010);
    put(&b, SECTOR + 8, 0xffff0000); /* bits are only cleared */
    put(&b, 0, 0x00ff00ff);
    ck_assert_uint_eq(get(&b, SECTOR + 8), 0x12340000);
    bench_sleep(&b, 0);
    uint32_t saved;
    memcpy(&saved, bench_medium(&b, NULL) + SECTOR + 8, 4);
    ck_assert_uint_eq(saved, 0x12340000);
    bench_end(&b);
}
END_TEST

START_TEST(array_mode_is_plain_memory_and_the_others_are_not)
{
    Bench b = bench("cfi.pflash01", SET "none");
    ck_assert(is_memory(&b));
    put(&b, 0, 0x00700070);
    ck_assert(!is_memory(&b));
    ck_assert_uint_eq(get(&b, 0), 0x00800080);
    bench_reset(&b);
    ck_assert(is_memory(&b));
    put(&b, 0, 0x00900090);
    ck_assert_uint_eq(get(&b, 0), 0x00890089);
    ck_assert_uint_eq(get(&b, 4), 0x00180018);
    put(&b, 0, 0x00ff00ff);
    ck_assert(is_memory(&b));
    bench_end(&b);
}
END_TEST

START_TEST(the_query_tells_the_geometry)
{
    Bench b = bench("cfi.pflash01", SET "none");
    put(&b, 0x55 * 4, 0x00980098);
    ck_assert_uint_eq(get(&b, 0x10 * 4), 'Q' << 16 | 'Q');
    ck_assert_uint_eq(get(&b, 0x12 * 4) & 0xff, 'Y');
    ck_assert_uint_eq(get(&b, 0x13 * 4) & 0xff, 1);
    ck_assert_uint_eq(get(&b, 0x27 * 4) & 0xff, 19); /* half a MiB in each chip */
    ck_assert_uint_eq(get(&b, 0x2d * 4) & 0xff, 15);
    ck_assert_uint_eq(get(&b, 0x30 * 4) & 0xff, 0x8000 / 256 >> 8);
    ck_assert_uint_eq(get(&b, 0x2f * 4) & 0xff, 0x8000 / 256 & 0xff);
    bench_end(&b);
}
END_TEST

static void erase(Bench *b, uint64_t at)
{
    put(b, at, 0x00200020);
    put(b, at, 0x00d000d0);
}

START_TEST(a_buffer_is_written_at_once)
{
    Bench b = bench("cfi.pflash01", SET "none");
    erase(&b, 0);
    put(&b, 0x100, 0x00e800e8);
    ck_assert_uint_eq(get(&b, 0x100), 0x00800080);
    put(&b, 0x100, 0x00030003);
    for (uint32_t i = 0; i < 4; i++)
        put(&b, 0x100 + i * 4, 0x01010101 * (i + 1));
    put(&b, 0x100, 0x00d000d0);
    ck_assert_uint_eq(get(&b, 0), 0x00800080);
    put(&b, 0, 0x00ff00ff);
    ck_assert_uint_eq(get(&b, 0x10c), 0x04040404);
    ck_assert_uint_eq(get(&b, 0x110), 0xffffffff);
    bench_end(&b);
}
END_TEST

static uint32_t status_after_buffer(Bench *b, uint64_t at, uint32_t count, int words, uint64_t step)
{
    put(b, 0, 0x00500050);
    put(b, at, 0x00e800e8);
    put(b, at, count);
    for (int i = 0; i < words; i++)
        put(b, at + (uint64_t)i * step, 0);
    put(b, at, 0x00d000d0);
    put(b, 0, 0x00700070);
    return get(b, 0);
}

START_TEST(a_buffer_that_goes_astray_is_an_error_and_writes_nothing)
{
    Bench b = bench("cfi.pflash01", SET "none");
    uint64_t last = 16 * SECTOR - 4;
    erase(&b, last);
    ck_assert_uint_eq(status_after_buffer(&b, last, 0x00010001, 2, 0), 0x00900090); /* over the flash's end */
    ck_assert_uint_eq(status_after_buffer(&b, last, 0xffffffff, 0, 0), 0x00900090);
    ck_assert_uint_eq(status_after_buffer(&b, last - 64, 0x00010001, 2, 32), 0x00900090);
    put(&b, 0, 0x00ff00ff);
    ck_assert_uint_eq(get(&b, last), 0xffffffff);
    ck_assert_uint_eq(get(&b, last - 64), 0xffffffff);
    bench_end(&b);
}
END_TEST

START_TEST(random_commands_do_no_harm)
{
    static const uint8_t bytes[] = { 0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98,
                                     0xd0, 0xe8, 0xe9, 0xff, 0xf0, 0x01, 0x03, 0x7f };
    static const int sizes[] = { 1, 2, 4, 8 };
    Bench b = bench("cfi.pflash01", SET "mem");
    srand(5);
    for (int i = 0; i < 100000; i++) {
        uint64_t at = rand() % 4 ? (uint64_t)rand() % (1 << 20) : (1 << 20) - 8 + (uint64_t)rand() % 8;
        space_store(b.machine->memory, BASE + at, bytes[(size_t)rand() % sizeof bytes], sizes[rand() % 4]);
        space_load(b.machine->memory, BASE + at, sizes[rand() % 4], NULL);
        if (i % 100 == 0)
            bench_sleep(&b, 0);
    }
    bench_reset(&b);
    ck_assert(is_memory(&b));
    bench_end(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_sector_is_erased_and_programmed,
                                   array_mode_is_plain_memory_and_the_others_are_not,
                                   the_query_tells_the_geometry,
                                   a_buffer_is_written_at_once,
                                   a_buffer_that_goes_astray_is_an_error_and_writes_nothing,
                                   random_commands_do_no_harm,
                                   NULL };
    return run_tests("device/cfi01", tests, NULL);
}
