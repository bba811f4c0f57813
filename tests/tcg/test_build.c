/* The builders: what folding, forwarding and flags make of what a frontend asks for. */
#include "tcg/ir.h"
#include "tests/suite.h"

#include <check.h>

static const Slot slots[] = {
    { "x0", 0, 0, 8 }, { "x1", 1, 8, 8 }, { "nzcv", 0, 16, 4 }, { "v0", 0, 32, 16 }, { "v1", 1, 48, 16 },
};
enum { X0, X1, NZCV, V0, V1 };
static const Helper helpers[] = { { "pure", NULL, H_PURE }, { "state", NULL, H_STATE }, { NULL } };
static Ir ir;

static void begin(void)
{
    ir_begin(&ir, slots, helpers);
}

static uint64_t constant(IrRef r)
{
    uint64_t value = 0;
    ck_assert(ir_is_const(&ir, r, &value));
    return value;
}

static IrRef x(unsigned n)
{
    return ir_get(&ir, I64, IR_SLOT(X0 + n, 0));
}

START_TEST(operations_on_constants_are_constants)
{
    IrRef r = ir_add(&ir, I32, ir_imm(&ir, I32, 0xffffffff), ir_imm(&ir, I32, 2), 0);
    ck_assert_uint_eq(constant(r), 1);
    r = ir_lts(&ir, I16, ir_imm(&ir, I16, 0x8000), ir_imm(&ir, I16, 0), 0);
    ck_assert_uint_eq(constant(r), 1);
    ck_assert_int_eq(ir_result(&ir.insn[r]), I64);
}
END_TEST

START_TEST(a_get_is_the_value_that_was_put)
{
    IrRef v = ir_add(&ir, I64, x(0), x(1), 0);
    ir_put(&ir, I64, v, IR_SLOT(X0, 0));
    ck_assert_int_eq(x(0), v);
    ck_assert_int_eq(ir_get(&ir, I32, IR_SLOT(X0, 0)), v);
}
END_TEST

START_TEST(a_narrow_put_that_extends_is_seen_extended)
{
    IrRef v = ir_add(&ir, I32, x(0), x(1), 0);
    ir_put(&ir, I32, v, IR_SLOT(X0, 0) | IR_ZEXT);
    IrRef wide = x(0);
    ck_assert_int_eq(ir.insn[wide].op, IR_zext);
    ck_assert_uint_eq(ir.insn[wide].imm, 32);
    ck_assert_int_eq(ir.insn[wide].arg[0], v);
    ck_assert_int_eq(x(0), wide);
    ck_assert_int_eq(ir_get(&ir, I32, IR_SLOT(X0, 0)), v);
}
END_TEST

START_TEST(a_narrow_put_that_merges_hides_the_wider_value)
{
    IrRef v = ir_add(&ir, I64, x(0), x(1), 0);
    ir_put(&ir, I64, v, IR_SLOT(X0, 0));
    ir_put(&ir, I8, x(1), IR_SLOT(X0, 1));
    ck_assert_int_eq(ir.insn[x(0)].op, IR_get);
}
END_TEST

START_TEST(labels_and_calls_that_touch_state_end_forwarding)
{
    IrRef v = x(0);
    ir_call(&ir, I64, 0, 0, 0, 0);
    ck_assert_int_eq(x(0), v);
    ir_call(&ir, I64, 0, 0, 0, 1);
    IrRef w = x(0);
    ck_assert_int_ne(w, v);
    ir_label(&ir, T_VOID, 0x1000);
    ck_assert_int_ne(x(0), w);
    ck_assert_uint_eq(ir.labels, 1);
}
END_TEST

START_TEST(a_new_unit_knows_nothing_of_the_last)
{
    ir_put(&ir, I64, ir_imm(&ir, I64, 5), IR_SLOT(X0, 0));
    begin();
    ck_assert_int_eq(ir.insn[x(0)].op, IR_get);
}
END_TEST

START_TEST(a_scalar_put_that_extends_is_seen_as_a_vector)
{
    IrRef f = ir_get(&ir, F64, IR_SLOT(V1, 0));
    ir_put(&ir, F64, f, IR_SLOT(V0, 0) | IR_ZEXT);
    IrRef v = ir_get(&ir, I64X2, IR_SLOT(V0, 0));
    ck_assert_int_eq(ir.insn[v].op, IR_vlow);
    ck_assert_int_eq(ir.insn[v].arg[0], f);
}
END_TEST

START_TEST(putting_what_is_there_already_is_nothing)
{
    uint32_t before;
    IrRef v = x(0);
    before = ir.count;
    ir_put(&ir, I64, v, IR_SLOT(X0, 0));
    ck_assert_uint_eq(ir.count, before);
    ir_put(&ir, I32, v, IR_SLOT(X0, 0) | IR_ZEXT);
    ck_assert_uint_eq(ir.count, before + 1);
}
END_TEST

START_TEST(flags_are_those_of_the_op_asked_for)
{
    IrRef sum = ir_add(&ir, I64, x(0), ir_imm(&ir, I64, 3), 0);
    IrRef more = ir_add(&ir, I64, sum, ir_imm(&ir, I64, 4), 0);
    ck_assert_int_eq(ir.insn[more].arg[0], x(0)); /* joined */
    IrRef f = ir_flags(&ir, T_FLAGS, more, 0);
    const IrInsn *named = &ir.insn[ir.insn[f].arg[0]];
    ck_assert_int_eq(named->op, IR_add);
    ck_assert_int_eq(named->arg[0], sum);
    ck_assert_uint_eq(constant(named->arg[1]), 4);
    ck_assert_int_eq(ir.insn[f].arg[0], more); /* in place */
}
END_TEST

START_TEST(flags_of_an_op_folded_away_come_from_a_new_one)
{
    IrRef v = x(0);
    IrRef same = ir_sub(&ir, I64, v, ir_imm(&ir, I64, 0), 0);
    ck_assert_int_eq(same, v);
    IrRef f = ir_flags(&ir, T_FLAGS, same, 0);
    ck_assert_int_eq(ir.insn[f].op, IR_flags);
    ck_assert_int_eq(ir.insn[ir.insn[f].arg[0]].op, IR_sub);
}
END_TEST

START_TEST(conditions_on_constant_flags_are_constants)
{
    IrRef r = ir_sub(&ir, I32, ir_imm(&ir, I32, 1), ir_imm(&ir, I32, 2), 0);
    IrRef f = ir_flags(&ir, T_FLAGS, r, 0);
    ck_assert_uint_eq(constant(ir_cond(&ir, I64, f, IF_C)), 1);
    ck_assert_uint_eq(constant(ir_cond(&ir, I64, ir_cmc(&ir, T_FLAGS, f, 0), IF_C)), 0);
}
END_TEST

START_TEST(a_condition_sees_through_an_inverted_carry)
{
    IrRef f = ir_get(&ir, T_FLAGS, IR_SLOT(NZCV, 0));
    IrRef c = ir_cond(&ir, I64, ir_cmc(&ir, T_FLAGS, f, 0), IF_BE);
    ck_assert_uint_eq(ir.insn[c].imm, IF_NCZ);
    ck_assert_int_eq(ir.insn[c].arg[0], f);
    for (int cond = 0; cond < 16; cond++)
        for (int bits = 0; bits < 16; bits++) {
            uint32_t p =
                (bits & 1 ? FLAG_N : 0) | (bits & 2 ? FLAG_Z : 0) | (bits & 4 ? FLAG_C : 0) | (bits & 8 ? FLAG_V : 0);
            begin();
            c = ir_cond(&ir, I64, ir_cmc(&ir, T_FLAGS, ir_get(&ir, T_FLAGS, IR_SLOT(NZCV, 0)), 0), (uint64_t)cond);
            ck_assert_int_eq(ir_cond_holds((IrCond)cond, p ^ FLAG_C), ir_cond_holds((IrCond)ir.insn[c].imm, p));
        }
}
END_TEST

START_TEST(an_inverted_bit_is_the_opposite_condition)
{
    IrRef c = ir_cond(&ir, I64, ir_get(&ir, T_FLAGS, IR_SLOT(NZCV, 0)), IF_LT);
    IrRef n = ir_eq(&ir, I64, c, ir_imm(&ir, I64, 0), 0);
    ck_assert_int_eq(ir.insn[n].op, IR_cond);
    ck_assert_uint_eq(ir.insn[n].imm, IF_GE);
}
END_TEST

START_TEST(extensions_join_and_vanish)
{
    IrRef v = x(0);
    IrRef byte = ir_zext(&ir, I32, v, 8);
    IrRef wide = ir_zext(&ir, I64, byte, 32);
    ck_assert_uint_eq(ir.insn[wide].imm, 8);
    ck_assert_int_eq(ir.insn[wide].arg[0], v);
    ck_assert_int_eq(ir_and(&ir, I64, wide, ir_imm(&ir, I64, 0xffff), 0), wide);
    ck_assert_int_eq(ir_zext(&ir, I64, v, 64), v);
    IrRef load = ir_load(&ir, I64, v, ir_mem((IrMem){ .size = 1 }));
    ck_assert_int_eq(ir_zext(&ir, I64, load, 16), load);
    ck_assert_int_ne(ir_sext(&ir, I64, load, 16), load);
}
END_TEST

START_TEST(an_overfull_unit_says_so_and_stays_in_bounds)
{
    for (int i = 0; i < IR_MAX + 100; i++) {
        IrRef v = ir_add(&ir, I64, x(0), x(1), 0);
        ir_put(&ir, I64, v, IR_SLOT(X0, 0));
        ir_flags(&ir, T_FLAGS, v, 0);
        ck_assert_uint_lt(v, IR_MAX);
        /* what would name itself, being written over the last op, and be looked through for ever */
        ir_put(&ir, I32, ir_zext(&ir, I64, v, 32), IR_SLOT(X0, 0));
        ir_cond(&ir, T_FLAGS, ir_cmc(&ir, T_FLAGS, ir_get(&ir, T_FLAGS, IR_SLOT(NZCV, 0)), 0), IF_C);
    }
    ck_assert(ir_full(&ir));
    ck_assert_uint_le(ir.count, IR_MAX);
    begin();
    ck_assert(!ir_full(&ir));
    for (uint64_t i = 0; i < IR_POOL + 10; i++)
        ir_wide(&ir, I64X2, i, ~i);
    ck_assert(ir_full(&ir));
    begin();
    for (uint64_t i = 0; i < IR_LABELS + 10; i++)
        ir_label(&ir, T_VOID, i);
    ck_assert(ir_full(&ir));
    ck_assert_uint_eq(ir.labels, IR_LABELS);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("build");
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, operations_on_constants_are_constants);
    tcase_add_test(t, a_get_is_the_value_that_was_put);
    tcase_add_test(t, a_narrow_put_that_extends_is_seen_extended);
    tcase_add_test(t, a_narrow_put_that_merges_hides_the_wider_value);
    tcase_add_test(t, labels_and_calls_that_touch_state_end_forwarding);
    tcase_add_test(t, a_new_unit_knows_nothing_of_the_last);
    tcase_add_test(t, a_scalar_put_that_extends_is_seen_as_a_vector);
    tcase_add_test(t, putting_what_is_there_already_is_nothing);
    tcase_add_test(t, flags_are_those_of_the_op_asked_for);
    tcase_add_test(t, flags_of_an_op_folded_away_come_from_a_new_one);
    tcase_add_test(t, conditions_on_constant_flags_are_constants);
    tcase_add_test(t, a_condition_sees_through_an_inverted_carry);
    tcase_add_test(t, an_inverted_bit_is_the_opposite_condition);
    tcase_add_test(t, extensions_join_and_vanish);
    tcase_add_test(t, an_overfull_unit_says_so_and_stays_in_bounds);
    return run_suite("build", (TCase *[]){ t, NULL });
}
