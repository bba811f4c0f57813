#include "tests/frontend/random_a64.h"
#include <check.h>
#include <stdlib.h>

START_TEST(every_row_decodes_its_own_words)
{
    uint64_t seed = 1;
    for (int r = 0; r < A64_ROWS; r++)
        for (int n = 0; n < 100; n++) {
            A64 i = { .pc = 42 };
            uint32_t word = a64_random(&a64_rows[r], &seed);
            ck_assert_ptr_eq(a64_decode(word, &i), &a64_rows[r]);
            ck_assert_uint_eq(i.row, r);
            ck_assert_uint_eq(i.word, word);
            ck_assert_uint_eq(i.pc, 42);
        }
}
END_TEST

/* Fields that are split, signed, implied by the encoding, or partly fixed. */
START_TEST(fields_are_put_together)
{
    A64 i = { 0 };
    ck_assert(a64_decode(0xb6b7fffd, &i)); /* tbz x29, #54, .-4 */
    ck_assert_uint_eq(i.bit, 54);
    ck_assert_int_eq(i.imm, -1);
    ck_assert_uint_eq(i.rt, 29);
    ck_assert(a64_decode(0x4d4093e1, &i)); /* ld1 { v1.s }[3], [sp] */
    ck_assert_uint_eq(i.index, 3);
    ck_assert_uint_eq(i.size, 2);
    ck_assert_uint_eq(i.selem, 1);
    ck_assert_uint_eq(i.post, 0);
    ck_assert_uint_eq(i.bit, 0);           /* not the one above */
    ck_assert(a64_decode(0x3dc00827, &i)); /* ldr q7, [x1, #32] */
    ck_assert_uint_eq(i.size, 4);
    ck_assert_int_eq(i.imm, 2);
    ck_assert(a64_decode(0x4f052561, &i)); /* movi v1.4s, #0xab, lsl #8 */
    ck_assert_uint_eq(i.cmode, 2);
    ck_assert_int_eq(i.imm, 0xab);
    ck_assert(a64_decode(0xd5181003, &i)); /* msr sctlr_el1, x3 */
    ck_assert_uint_eq(i.op0, 3);
}
END_TEST

START_TEST(the_more_important_row_wins)
{
    A64 i = { 0 };
    ck_assert_str_eq(a64_decode(0xd503201f, &i)->name, "nop");
    ck_assert_str_eq(a64_decode(0xd503233f, &i)->name, "hint"); /* paciasp */
    ck_assert_str_eq(a64_decode(0x0f000400, &i)->name, "movi"); /* and no shift by an immh of 0 */
    ck_assert_ptr_null(a64_decode(0x2f00fc00, &i));             /* the shift, reserved */
    ck_assert_ptr_null(a64_decode(0, &i));
    ck_assert_ptr_null(a64_decode(0xffffffff, &i));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("isa");
    TCase *c = tcase_create("decoder");
    tcase_add_test(c, every_row_decodes_its_own_words);
    tcase_add_test(c, fields_are_put_together);
    tcase_add_test(c, the_more_important_row_wins);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
