#include "devices/system/fw-cfg.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

enum { DATA = 0, SELECTOR = 8, DMA = 16 };

static void choose(Bench *b, uint16_t key)
{
    ck_assert(bench_store(b, 0, SELECTOR, __builtin_bswap16(key), 2));
}

static uint64_t get(Bench *b, int size)
{
    uint64_t value;
    ck_assert(bench_load(b, 0, DATA, size, &value));
    return value;
}

START_TEST(the_signature_reads_in_any_width)
{
    Bench b = bench("fw-cfg", NULL);
    choose(&b, FW_CFG_SIGNATURE);
    ck_assert_uint_eq(get(&b, 1), 'Q');
    ck_assert_uint_eq(get(&b, 2), 'E' | 'M' << 8);
    ck_assert_uint_eq(get(&b, 4), 'U'); /* zeros beyond the end */
    choose(&b, FW_CFG_SIGNATURE);
    ck_assert_uint_eq(get(&b, 8), 0x554d4551);
    choose(&b, 0x7777);
    ck_assert_uint_eq(get(&b, 8), 0);
    bench_end(&b);
}
END_TEST

static uint64_t big(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static void put_big(uint8_t *at, uint64_t value, int size)
{
    for (int i = size; i--; value >>= 8)
        at[i] = (uint8_t)value;
}

/* The control word after the request. */
static uint32_t dma(Bench *b, uint32_t control, uint32_t len, uint64_t at)
{
    put_big(b->ram + 0x100, control, 4);
    put_big(b->ram + 0x104, len, 4);
    put_big(b->ram + 0x108, at, 8);
    ck_assert(bench_store(b, 0, DMA, 0, 4));
    ck_assert(bench_store(b, 0, DMA + 4, __builtin_bswap32(0x100), 4));
    return (uint32_t)big(b->ram + 0x100, 4);
}

START_TEST(files_are_listed_and_read_by_dma)
{
    Bench b = bench("fw-cfg", NULL);
    fw_cfg_add(b.dev, "etc/one", "first", 5);
    fw_cfg_add(b.dev, "etc/two", "second", 6);
    fw_cfg_add(b.dev, "etc/one", "again", 5); /* replaces */
    ck_assert_uint_eq(dma(&b, FW_CFG_DIRECTORY << 16 | 8 | 2, 132, 0x1000), 0);
    ck_assert_uint_eq(big(b.ram + 0x1000, 4), 2);
    ck_assert_uint_eq(big(b.ram + 0x1004 + 64, 4), 6);
    ck_assert_str_eq((const char *)b.ram + 0x1004 + 8, "etc/one");
    uint32_t key = (uint32_t)big(b.ram + 0x1004 + 4, 2);
    ck_assert_uint_eq(dma(&b, key << 16 | 8 | 2, 5, 0x2000), 0);
    ck_assert_mem_eq(b.ram + 0x2000, "again", 5);
    ck_assert_uint_eq(dma(&b, key << 16 | 8 | 4, 2, 0), 0); /* skip */
    ck_assert_uint_eq(dma(&b, 2, 5, 0x2000), 0);
    ck_assert_mem_eq(b.ram + 0x2000, "ain\0\0", 5);
    bench_end(&b);
}
END_TEST

static int writes;

static void written(void *who)
{
    ck_assert_str_eq(who, "who");
    writes++;
}

START_TEST(only_writable_files_are_written)
{
    static uint8_t file[8];
    static char who[] = "who";
    Bench b = bench("fw-cfg", NULL);
    fw_cfg_add_writable(b.dev, "etc/ramfb", file, sizeof file, written, who);
    fw_cfg_add(b.dev, "etc/fixed", "fixed", 5);
    memcpy(b.ram + 0x3000, "12345678", 8);
    ck_assert_uint_eq(dma(&b, FW_CFG_FILES << 16 | 8 | 16, 8, 0x3000), 0);
    ck_assert_mem_eq(file, "12345678", 8);
    ck_assert_int_eq(writes, 1);
    ck_assert_uint_eq(dma(&b, FW_CFG_FILES << 16 | 8 | 16, 9, 0x3000), 1);
    ck_assert_uint_eq(dma(&b, (FW_CFG_FILES + 1) << 16 | 8 | 16, 5, 0x3000), 1);
    ck_assert_int_eq(writes, 1);
    bench_end(&b);
}
END_TEST

START_TEST(bad_requests_fail_and_end)
{
    Bench b = bench("fw-cfg", NULL);
    ck_assert_uint_eq(dma(&b, 8 | 2, 0xffffffff, 0x1000), 1); /* no endless zeros */
    ck_assert_uint_eq(dma(&b, 8 | 2, 4, BENCH_RAM - 2), 1);   /* past memory */
    ck_assert_uint_eq(dma(&b, 8 | 2, 4, UINT64_MAX - 1), 1);
    ck_assert_uint_eq(dma(&b, 4, 0xffffffff, 0), 0);
    ck_assert_uint_eq(dma(&b, 4, 0xffffffff, 0), 0); /* the offset does not wrap */
    ck_assert_uint_eq(get(&b, 4), 0);
    ck_assert(bench_store(&b, 0, DMA, UINT64_MAX, 8));   /* no request there */
    ck_assert_uint_eq(dma(&b, 8 | 2, 4, 1ull << 44), 1); /* into its own window */
    uint64_t value;
    ck_assert(bench_load(&b, 0, DMA, 8, &value));
    ck_assert_mem_eq(&value, "QEMU CFG", 8);
    bench_end(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { the_signature_reads_in_any_width, files_are_listed_and_read_by_dma,
                                   only_writable_files_are_written, bad_requests_fail_and_end, NULL };
    return run_tests("device/fw-cfg", tests, NULL);
}
