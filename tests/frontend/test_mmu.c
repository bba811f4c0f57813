/* Walks over tables made by hand. One 4 KiB-granule tree maps VA 0x1_2345_6000 and what is around it; each test changes
 * one thing. */
#include "arm_bench.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

enum {
    L0 = BENCH_BASE,
    L1 = BENCH_BASE + 0x10000,
    L2 = BENCH_BASE + 0x20000,
    L3 = BENCH_BASE + 0x30000,
    S2L1 = BENCH_BASE + 0x40000,
    PAGE = BENCH_BASE + 0x100000,
};
#define VA        0x0000000123456000ull
#define HIGH_VA   0xffff000123456000ull
#define TABLE     3ull
#define PAGE_DESC (3ull | 1 << 10) /* valid page, AF */
#define BLOCK     (1ull | 1 << 10)
#define EL0       (1ull << 6)
#define RO        (1ull << 7)
#define NG        (1ull << 11)
#define DBM       (1ull << 51)
#define PXN       (1ull << 53)
#define UXN       (1ull << 54)

#define TCR_4K_48 (16ull | 16ull << 16 | 2ull << 30 | 5ull << 32) /* T0SZ T1SZ 16, 4 KiB, 48-bit output */

static ArmBench b;

static uint64_t index_of(uint64_t va, int level)
{
    return (va >> (12 + 9 * (3 - level)) & 511) * 8;
}

static void map(uint64_t descriptor)
{
    arm_bench_put(&b, L0 + index_of(VA, 0), L1 | TABLE);
    arm_bench_put(&b, L1 + index_of(VA, 1), L2 | TABLE);
    arm_bench_put(&b, L2 + index_of(VA, 2), L3 | TABLE);
    arm_bench_put(&b, L3 + index_of(VA, 3), descriptor);
}

static void setup_with(const char *settings)
{
    b = arm_bench(&aarch64_max, settings);
    b.cpu->el = 1;
    b.cpu->sctlr[1] |= SCTLR_M;
    b.cpu->tcr[1] = TCR_4K_48;
    b.cpu->ttbr0[1] = b.cpu->ttbr1[1] = L0;
    b.cpu->mair[1] = 0xff04; /* 0: Device-nGnRE, 1: Normal */
    map(PAGE | PAGE_DESC | 1 << 2);
}

static void setup(void)
{
    setup_with("");
}

static void teardown(void)
{
    arm_bench_free(&b);
}

static Walk walk(uint64_t va, Access access, uint32_t regime)
{
    Walk w;
    arm_walk(&b.cpu->cpu, va, access, regime, &w);
    return w;
}

static uint32_t fault(uint64_t va, Access access, uint32_t regime)
{
    return walk(va, access, regime).fault;
}

START_TEST(a_page_is_found_through_four_levels)
{
    Walk w = walk(VA + 0x123, LOAD, R_EL1);
    ck_assert_uint_eq(w.fault, 0);
    ck_assert_uint_eq(w.phys, PAGE + 0x123);
    ck_assert_int_eq(w.page_bits, 12);
    ck_assert(w.global && !w.device);
}
END_TEST

START_TEST(ttbr1_maps_the_upper_half)
{
    b.cpu->ttbr0[1] = 0;
    Walk w = walk(HIGH_VA + 8, LOAD, R_EL1);
    ck_assert_uint_eq(w.fault, 0);
    ck_assert_uint_eq(w.phys, PAGE + 8);
}
END_TEST

START_TEST(blocks_are_two_mebibytes_and_one_gibibyte)
{
    arm_bench_put(&b, L2 + index_of(VA, 2), PAGE | BLOCK);
    Walk w = walk(VA, LOAD, R_EL1);
    ck_assert_int_eq(w.page_bits, 21);
    ck_assert_uint_eq(w.phys, (PAGE & ~0x1fffffull) | (VA & 0x1fffff));
    arm_bench_put(&b, L1 + index_of(VA, 1), 0x40000000 | BLOCK);
    w = walk(VA, LOAD, R_EL1);
    ck_assert_int_eq(w.page_bits, 30);
    ck_assert_uint_eq(w.phys, 0x40000000 | (VA & 0x3fffffff));
}
END_TEST

START_TEST(an_invalid_descriptor_faults_at_its_level)
{
    static const uint64_t table[] = { L0, L1, L2, L3 };
    for (int level = 0; level < 4; level++) {
        map(PAGE | PAGE_DESC);
        arm_bench_put(&b, table[level] + index_of(VA, level), 0);
        ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | (FSC_TRANSLATION + (unsigned)level));
    }
    map(PAGE | BLOCK); /* reserved at level 3 */
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | (FSC_TRANSLATION + 3));
    arm_bench_put(&b, L0 + index_of(VA, 0), PAGE | BLOCK); /* no blocks at level 0 */
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | FSC_TRANSLATION);
}
END_TEST

START_TEST(addresses_outside_both_halves_fault_at_level_0)
{
    ck_assert_uint_eq(fault(VA | 1ull << 48, LOAD, R_EL1), ARM_FAULT | FSC_TRANSLATION);
    ck_assert_uint_eq(fault(HIGH_VA & ~(1ull << 50), LOAD, R_EL1), ARM_FAULT | FSC_TRANSLATION);
    b.cpu->tcr[1] |= 1 << 7; /* EPD0 */
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | FSC_TRANSLATION);
    ck_assert_uint_eq(fault(HIGH_VA, LOAD, R_EL1), 0);
}
END_TEST

START_TEST(el0_may_be_kept_out_of_a_half)
{
    map(PAGE | PAGE_DESC | EL0);
    ck_assert_uint_eq(fault(VA, LOAD, R_EL0), 0);
    b.cpu->tcr[1] |= 1ull << 55;
    ck_assert_uint_eq(fault(VA, LOAD, R_EL0), ARM_FAULT | FSC_TRANSLATION);
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), 0);
    ck_assert_uint_eq(fault(HIGH_VA, LOAD, R_EL0), 0);
    b.cpu->tcr[1] ^= TCR_E0PD;
    ck_assert_uint_eq(fault(HIGH_VA, LOAD, R_EL0), ARM_FAULT | FSC_TRANSLATION);
}
END_TEST

START_TEST(tbi_ignores_the_top_byte)
{
    uint64_t tagged = VA | 0xa5ull << 56;
    ck_assert_uint_eq(fault(tagged, LOAD, R_EL1), ARM_FAULT | FSC_TRANSLATION);
    b.cpu->tcr[1] |= 1ull << 37;
    ck_assert_uint_eq(walk(tagged, LOAD, R_EL1).phys, PAGE);
    ck_assert_uint_eq(aarch64_guest.strip(&b.cpu->cpu, tagged), VA);
    b.cpu->tcr[1] |= 1ull << 38;
    ck_assert_uint_eq(walk((HIGH_VA & ~(0xffull << 56)) | 0x12ull << 56, LOAD, R_EL1).phys, PAGE);
    ck_assert_uint_eq(aarch64_guest.strip(&b.cpu->cpu, HIGH_VA & ~(0xffull << 56)), HIGH_VA);
}
END_TEST

typedef struct Permission {
    const char *name;
    uint64_t bits, table, sctlr;
    uint32_t regime;
    unsigned prot;
} Permission;

enum { R = PROT_LOAD, W = PROT_STORE, X = PROT_FETCH };
#define TABLE_NO_EL0   (1ull << 61)
#define TABLE_NO_WRITE (1ull << 62)
#define TABLE_UXN      (1ull << 60)
#define TABLE_PXN      (1ull << 59)

static const Permission permissions[] = {
    { "kernel data", 0, 0, 0, R_EL1, R | W | X },
    { "kernel data from EL0", 0, 0, 0, R_EL0, X },
    { "kernel text", RO, 0, 0, R_EL1, R | X },
    { "user data", EL0, 0, 0, R_EL0, R | W | X },
    { "user data from EL1: writable at EL0 is never executed", EL0, 0, 0, R_EL1, R | W },
    { "user text", EL0 | RO, 0, 0, R_EL0, R | X },
    { "user text from EL1", EL0 | RO, 0, 0, R_EL1, R | X },
    { "uxn", EL0 | UXN, 0, 0, R_EL0, R | W },
    { "pxn", RO | PXN, 0, 0, R_EL1, R },
    { "pxn leaves EL0 alone", EL0 | RO | PXN, 0, 0, R_EL0, R | X },
    { "user data under PAN", EL0, 0, 0, R_EL1_PAN, 0 },
    { "kernel data under PAN", PXN, 0, 0, R_EL1_PAN, R | W },
    { "user text under PAN can be executed", EL0 | RO, 0, 0, R_EL1_PAN, X },
    { "wxn", 0, 0, SCTLR_WXN, R_EL1, R | W },
    { "wxn at EL0", EL0, 0, SCTLR_WXN, R_EL0, R | W },
    { "wxn leaves read-only alone", EL0 | RO, 0, SCTLR_WXN, R_EL0, R | X },
    { "table: no EL0", EL0 | RO, TABLE_NO_EL0, 0, R_EL0, X },
    { "table: no write", EL0, TABLE_NO_WRITE, 0, R_EL0, R | X },
    { "table: uxn", EL0 | RO, TABLE_UXN, 0, R_EL0, R },
    { "table: pxn", RO, TABLE_PXN, 0, R_EL1, R },
};

START_TEST(permissions_are_the_manuals)
{
    const Permission *p = &permissions[_i];
    map(PAGE | PAGE_DESC | p->bits);
    arm_bench_put(&b, L1 + index_of(VA, 1), L2 | TABLE | p->table);
    b.cpu->sctlr[1] |= p->sctlr;
    for (Access a = FETCH; a <= STORE; a++) {
        Walk w = walk(VA, a, p->regime);
        bool allowed = p->prot >> a & 1;
        ck_assert_msg(allowed == !w.fault, "%s, access %d: fault %x", p->name, a, w.fault);
        if (allowed)
            ck_assert_msg(w.prot == p->prot, "%s: prot %x, not %x", p->name, w.prot, p->prot);
        else
            ck_assert_uint_eq(w.fault, ARM_FAULT | (FSC_PERMISSION + 3));
    }
}
END_TEST

START_TEST(the_access_flag_faults_or_is_set)
{
    map(PAGE | 3);
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | (FSC_ACCESS_FLAG + 3));
    b.cpu->tcr[1] |= 1ull << 39; /* HA */
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), 0);
    ck_assert_uint_eq(arm_bench_get(&b, L3 + index_of(VA, 3)), PAGE | 3 | 1 << 10);
}
END_TEST

START_TEST(a_store_makes_a_page_dirty)
{
    map(PAGE | PAGE_DESC | DBM | RO);
    ck_assert_uint_eq(fault(VA, STORE, R_EL1), ARM_FAULT | (FSC_PERMISSION + 3));
    b.cpu->tcr[1] |= 3ull << 39; /* HA, HD */
    Walk w = walk(VA, LOAD, R_EL1);
    ck_assert(!w.fault && !(w.prot & PROT_STORE) && w.dirty_pending);
    ck_assert(arm_bench_get(&b, L3 + index_of(VA, 3)) & RO);
    w = walk(VA, STORE, R_EL1);
    ck_assert(!w.fault && w.prot & PROT_STORE && !w.dirty_pending);
    ck_assert(!(arm_bench_get(&b, L3 + index_of(VA, 3)) & RO));
}
END_TEST

START_TEST(a_refused_store_leaves_the_descriptor_alone)
{
    map(PAGE | PAGE_DESC | DBM | RO);
    b.cpu->tcr[1] |= 3ull << 39;
    ck_assert_uint_eq(fault(VA, STORE, R_EL0), ARM_FAULT | (FSC_PERMISSION + 3));
    ck_assert(arm_bench_get(&b, L3 + index_of(VA, 3)) & RO);
}
END_TEST

START_TEST(output_addresses_beyond_ips_are_address_size_faults)
{
    b.cpu->tcr[1] &= ~(7ull << 32); /* 32 bits */
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), 0);
    map(0x100000000 | PAGE_DESC);
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | (FSC_ADDRESS_SIZE + 3));
    arm_bench_put(&b, L1 + index_of(VA, 1), 0x100000000 | TABLE);
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | (FSC_ADDRESS_SIZE + 1));
    b.cpu->ttbr0[1] = 0x100000000;
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | FSC_ADDRESS_SIZE);
}
END_TEST

START_TEST(tables_where_nothing_is_abort_the_walk)
{
    arm_bench_put(&b, L1 + index_of(VA, 1), 0x10000000 | TABLE);
    ck_assert_uint_eq(fault(VA, LOAD, R_EL1), ARM_FAULT | (FSC_EXTERNAL_WALK + 2));
}
END_TEST

START_TEST(attributes_tell_device_memory_and_tags)
{
    map(PAGE | PAGE_DESC | NG);
    Walk w = walk(VA, LOAD, R_EL1);
    ck_assert(w.device && !w.global);
}
END_TEST

START_TEST(without_stage_1_addresses_are_physical)
{
    b.cpu->sctlr[1] &= ~SCTLR_M;
    Walk w = walk(0x40001234, LOAD, R_EL1);
    ck_assert(!w.fault && w.device && w.phys == 0x40001234);
    ck_assert_uint_eq(fault(1ull << 48, LOAD, R_EL1), ARM_FAULT | FSC_ADDRESS_SIZE);
}
END_TEST

START_TEST(a_misaligned_pc_faults_before_any_table)
{
    ck_assert_uint_eq(fault(VA + 2, FETCH, R_EL1), ARM_FAULT_PC);
}
END_TEST

START_TEST(the_other_granules_work)
{
    /* 64 KiB, 42 bits: levels 2 and 3 */
    b.cpu->tcr[1] = 22 | 1 << 14 | 5ull << 32;
    arm_bench_put(&b, L0 + (VA >> 29) * 8, L2 | TABLE);
    arm_bench_put(&b, L2 + (VA >> 16 & 8191) * 8, PAGE | PAGE_DESC);
    Walk w = walk(VA, LOAD, R_EL1);
    ck_assert_uint_eq(w.fault, 0);
    ck_assert_int_eq(w.page_bits, 16);
    ck_assert_uint_eq(w.phys, PAGE | (VA & 0xffff));
    /* 16 KiB, 36 bits: levels 2 and 3 */
    b.cpu->tcr[1] = 28 | 2 << 14 | 5ull << 32;
    arm_bench_put(&b, L0 + (VA >> 25) * 8, L3 | TABLE);
    arm_bench_put(&b, L3 + (VA >> 14 & 2047) * 8, PAGE | PAGE_DESC);
    w = walk(VA, LOAD, R_EL1);
    ck_assert_uint_eq(w.fault, 0);
    ck_assert_int_eq(w.page_bits, 14);
    ck_assert_uint_eq(w.phys, PAGE | (VA & 0x3fff));
}
END_TEST

START_TEST(big_endian_tables_are_read_as_such)
{
    b.cpu->sctlr[1] |= SCTLR_EE;
    for (int level = 0; level < 4; level++) {
        uint64_t at = (uint64_t[]){ L0, L1, L2, L3 }[level] + index_of(VA, level);
        arm_bench_put(&b, at, __builtin_bswap64(arm_bench_get(&b, at)));
    }
    ck_assert_uint_eq(walk(VA, LOAD, R_EL1).phys, PAGE);
}
END_TEST

START_TEST(stage_2_translates_what_stage_1_found)
{
    teardown();
    setup_with("el2=on");
    b.cpu->el = 1;
    b.cpu->hcr |= HCR_VM;
    b.cpu->vtcr = 25 | 1 << 6 | 5 << 16; /* 39 bits from level 1 */
    b.cpu->vttbr = S2L1 | 7ull << 48;
    arm_bench_put(&b, S2L1 + 8, 0x40000000 | BLOCK | 3 << 6 | 0xf << 2); /* the RAM as it is */
    Walk w = walk(VA + 4, STORE, R_EL1);
    ck_assert_uint_eq(w.fault, 0);
    ck_assert_uint_eq(w.phys, PAGE + 4);
    ck_assert_int_eq(w.page_bits, 12);
    arm_bench_put(&b, S2L1 + 8, 0x40000000 | BLOCK | 1 << 6 | 0xf << 2); /* read-only */
    ck_assert_uint_eq(fault(VA, STORE, R_EL1), ARM_FAULT | ARM_FAULT_STAGE2 | (FSC_PERMISSION + 1));
    arm_bench_put(&b, S2L1 + 8, 0);
    w = walk(VA, LOAD, R_EL1);
    ck_assert_uint_eq(w.fault, ARM_FAULT | ARM_FAULT_STAGE2 | ARM_FAULT_S1PTW | (FSC_TRANSLATION + 1));
    ck_assert_uint_eq(w.fault_info, L0 + index_of(VA, 0));
}
END_TEST

START_TEST(at_reports_in_par)
{
    arm_at(&b.cpu->cpu, VA + 0x10, SYSREG(1, 0, 7, 8, 0));
    ck_assert_uint_eq(b.cpu->par, PAGE | 0xffull << 56 | 1 << 9 | 1 << 11);
    arm_at(&b.cpu->cpu, VA, SYSREG(1, 0, 7, 8, 2)); /* as EL0: no permission */
    ck_assert_uint_eq(b.cpu->par, 1 | (FSC_PERMISSION + 3) << 1 | 1 << 11);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("walks");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_page_is_found_through_four_levels);
    tcase_add_test(t, ttbr1_maps_the_upper_half);
    tcase_add_test(t, blocks_are_two_mebibytes_and_one_gibibyte);
    tcase_add_test(t, an_invalid_descriptor_faults_at_its_level);
    tcase_add_test(t, addresses_outside_both_halves_fault_at_level_0);
    tcase_add_test(t, el0_may_be_kept_out_of_a_half);
    tcase_add_test(t, tbi_ignores_the_top_byte);
    tcase_add_loop_test(t, permissions_are_the_manuals, 0, sizeof permissions / sizeof *permissions);
    tcase_add_test(t, the_access_flag_faults_or_is_set);
    tcase_add_test(t, a_store_makes_a_page_dirty);
    tcase_add_test(t, a_refused_store_leaves_the_descriptor_alone);
    tcase_add_test(t, output_addresses_beyond_ips_are_address_size_faults);
    tcase_add_test(t, tables_where_nothing_is_abort_the_walk);
    tcase_add_test(t, attributes_tell_device_memory_and_tags);
    tcase_add_test(t, without_stage_1_addresses_are_physical);
    tcase_add_test(t, a_misaligned_pc_faults_before_any_table);
    tcase_add_test(t, the_other_granules_work);
    tcase_add_test(t, big_endian_tables_are_read_as_such);
    tcase_add_test(t, stage_2_translates_what_stage_1_found);
    tcase_add_test(t, at_reports_in_par);
    return run_suite("mmu", (TCase *[]){ t, NULL });
}
