/* The tables of instructions against themselves and against Capstone. */
#include "config.h"
#include "frontend/arm/features.h"
#include "tests/frontend/a64_capstone.h"
#include "tests/frontend/random_a64.h"
#include "tests/suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#if HAVE_CAPSTONE
#include <capstone/capstone.h>
#endif

enum { WORDS_PER_ROW = 2000, RANDOM_WORDS = 2000000 };

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

#if HAVE_CAPSTONE
/* Follows one alternative of a pattern (a64_capstone.h); true if it is exactly the mnemonic. */
static bool alternative_matches(const char *p, const char *end, uint32_t word, const char *mnemonic)
{
    while (p < end) {
        if (*p != '{') {
            if (*p++ != *mnemonic++)
                return false;
            continue;
        }
        char *text;
        unsigned shift = (unsigned)strtoul(p + 1, &text, 10), width = (unsigned)strtoul(text + 1, &text, 10);
        unsigned choice = word >> shift & ((1u << width) - 1);
        for (p = text + 1; choice; p++)
            choice -= *p == '|';
        for (; *p != '|' && *p != '}'; p++)
            if (*p != *mnemonic++)
                return false;
        p = strchr(p, '}') + 1;
    }
    return !*mnemonic;
}

static bool matches(const char *patterns, uint32_t word, const char *mnemonic)
{
    for (const char *p = patterns, *end; *p; p = *end ? end + 1 : end) {
        end = p + strcspn(p, " ");
        if (alternative_matches(p, end, word, mnemonic))
            return true;
    }
    return false;
}

static bool name_agrees(const A64Row *row, uint32_t word, const char *mnemonic)
{
    for (const CapstoneName *n = a64_capstone_names; n->row; n++)
        if (!strcmp(n->row, row->name))
            return matches(n->mnemonics, word, mnemonic);
    size_t length = strcspn(row->name, "_");
    return strlen(mnemonic) == length && !memcmp(mnemonic, row->name, length);
}

/* Capstone 4 knows Armv8.0 and its optional parts. */
static bool gap_is_known(const A64Row *row, const A64 *i)
{
    if (row->feature != ARM_v8 && row->feature != ARM_crc && row->feature != ARM_aes && row->feature != ARM_sha &&
        row->feature != ARM_pmull)
        return true;
    for (const CapstoneGap *g = a64_capstone_gaps; g->row; g++)
        if (!strcmp(g->row, row->name) && g->applies(i))
            return true;
    return false;
}

/* Later Capstones also know many extensions that the table has no rows for. */
static bool extra_is_known(uint32_t word)
{
    if (cs_version(NULL, NULL) >= CS_MAKE_VERSION(5, 0))
        return true;
    for (const CapstoneExtra *e = a64_capstone_extras; e->why; e++)
        if ((word & e->mask) == e->value)
            return true;
    return false;
}

typedef struct Judge {
    csh handle;
    cs_insn *insn;
    uint32_t both; /* words that the table and Capstone know and agree about */
} Judge;

static Judge judge_open(void)
{
    Judge j = { 0 };
    ck_assert_int_eq(cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &j.handle), CS_ERR_OK);
    j.insn = cs_malloc(j.handle);
    return j;
}

static void judge_close(Judge *j)
{
    cs_free(j->insn, 1);
    cs_close(&j->handle);
}

static void compare(Judge *j, uint32_t word)
{
    A64 i = { 0 };
    const A64Row *row = a64_decode(word, &i);
    const uint8_t *code = (const uint8_t *)&word;
    size_t size = sizeof word;
    uint64_t address = 0;
    bool known = cs_disasm_iter(j->handle, &code, &size, &address, j->insn);
    /* ck_assert tells the parent process about every call, which would take longer than the rest. */
    if (row && known) {
        if (!name_agrees(row, word, j->insn->mnemonic))
            ck_abort_msg("%08x: table %s, Capstone %s %s", word, row->name, j->insn->mnemonic, j->insn->op_str);
        j->both++;
    } else if (row && !gap_is_known(row, &i)) {
        ck_abort_msg("%08x: table %s, Capstone undefined", word, row->name);
    } else if (!row && known && !extra_is_known(word)) {
        ck_abort_msg("%08x: table undefined, Capstone %s %s", word, j->insn->mnemonic, j->insn->op_str);
    }
}

START_TEST(capstone_agrees_about_every_row)
{
    Judge j = judge_open();
    uint64_t seed = 2;
    for (int r = 0; r < A64_ROWS; r++) {
        uint32_t before = j.both;
        for (int n = 0; n < WORDS_PER_ROW; n++)
            compare(&j, a64_random(&a64_rows[r], &seed));
        ck_assert_msg(a64_rows[r].feature != ARM_v8 || j.both > before, "%s: Capstone knows none", a64_rows[r].name);
    }
    judge_close(&j);
}
END_TEST

START_TEST(capstone_agrees_about_what_is_allocated)
{
    Judge j = judge_open();
    uint64_t seed = 3;
    for (int n = 0; n < RANDOM_WORDS; n++)
        compare(&j, (uint32_t)(random_next(&seed) >> 32));
    judge_close(&j);
}
END_TEST

/* A name that no row has would be a check that never runs. */
START_TEST(every_listed_name_is_a_row)
{
    for (const CapstoneName *n = a64_capstone_names; n->row; n++) {
        bool found = false;
        for (int r = 0; r < A64_ROWS; r++)
            found |= !strcmp(n->row, a64_rows[r].name);
        ck_assert_msg(found, "%s", n->row);
    }
    for (const CapstoneGap *g = a64_capstone_gaps; g->row; g++) {
        bool found = false;
        for (int r = 0; r < A64_ROWS; r++)
            found |= !strcmp(g->row, a64_rows[r].name);
        ck_assert_msg(found, "%s", g->row);
    }
}
END_TEST
#endif

int main(void)
{
    TCase *c = tcase_create("decoder"), *capstone = NULL;
    tcase_add_test(c, every_row_decodes_its_own_words);
    tcase_add_test(c, fields_are_put_together);
    tcase_add_test(c, the_more_important_row_wins);
#if HAVE_CAPSTONE
    capstone = tcase_create("capstone");
    tcase_set_timeout(capstone, 120);
    tcase_add_test(capstone, every_listed_name_is_a_row);
    tcase_add_test(capstone, capstone_agrees_about_every_row);
    tcase_add_test(capstone, capstone_agrees_about_what_is_allocated);
#endif
    return run_suite("isa", (TCase *[]){ c, capstone, NULL });
}
