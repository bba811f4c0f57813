/* The counts that ir_live leaves: uses, last use, first put. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static Ir ir;
static IrLive live;

static void begin(void)
{
    ir_begin(&ir, toy_slots(), toy_helpers);
}

static IrRef raw(IrOp op, IrType t, IrRef a, IrRef b, uint64_t imm)
{
    return ir_add_raw(&ir, op, t, a, b, 0, imm);
}

START_TEST(uses_are_counted_and_the_last_is_known)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0));
    IrRef twice = raw(IR_add, I64, x, x, 0);
    IrRef put = raw(IR_put, I64, twice, 0, IR_SLOT(1, 0));
    IrRef store = raw(IR_store, I64, x, twice, ir_mem((IrMem){ .size = 3 }));
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    ir_live(&ir, &live);
    ck_assert_uint_eq(live.of[x].uses, 3);
    ck_assert_uint_eq(live.of[x].last, store);
    ck_assert_uint_eq(live.of[twice].uses, 2);
    ck_assert_uint_eq(live.of[twice].put, put);
    ck_assert_uint_eq(live.of[x].put, 0);
}
END_TEST

START_TEST(what_only_dead_values_use_is_dead)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0));
    IrRef a = raw(IR_neg, I64, x, 0, 0);
    IrRef b = raw(IR_not, I64, a, 0, 0);
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    ir_live(&ir, &live);
    ck_assert_uint_eq(live.of[x].uses + live.of[a].uses + live.of[b].uses, 0);
    ck_assert_int_eq(ir.insn[x].op, IR_nop);
    ck_assert_int_eq(ir.insn[a].op, IR_nop);
}
END_TEST

START_TEST(the_first_of_several_puts_of_a_value_is_named)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0));
    IrRef first = raw(IR_put, I64, x, 0, IR_SLOT(1, 0));
    raw(IR_put, I64, x, 0, IR_SLOT(2, 0));
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    ir_live(&ir, &live);
    ck_assert_uint_eq(live.of[x].put, first);
    ck_assert_uint_eq(live.of[x].uses, 2);
}
END_TEST

START_TEST(a_dead_put_is_no_use)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0));
    IrRef y = raw(IR_get, I64, 0, 0, IR_SLOT(1, 0));
    IrRef dead = raw(IR_put, I64, x, 0, IR_SLOT(2, 0));
    IrRef put = raw(IR_put, I64, y, 0, IR_SLOT(2, 0));
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    ir_live(&ir, &live);
    ck_assert_int_eq(ir.insn[dead].op, IR_nop);
    ck_assert_uint_eq(live.of[x].uses, 0);
    ck_assert_uint_eq(live.of[y].put, put);
}
END_TEST

/* Of flags that are overwritten before anyone looks but a store that may fault. */
START_TEST(what_late_flags_need_is_kept)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0)), y = raw(IR_get, I64, 0, 0, IR_SLOT(1, 0));
    IrRef first = raw(IR_sub, I64, x, y, 0);
    IrRef less = raw(IR_cond, I64, raw(IR_flags, I64, first, 0, 0), 0, IF_N);
    IrRef second = raw(IR_sub, I64, first, x, 0), flags = raw(IR_flags, I64, second, 0, 0);
    IrRef late = raw(IR_put, T_FLAGS, flags, 0, IR_SLOT(TOY_NZCV, 0));
    IrRef store = raw(IR_store, I64, x, less, ir_mem((IrMem){ .size = 3 }));
    raw(IR_put, T_FLAGS, raw(IR_flags, I64, raw(IR_sub, I64, y, x, 0), 0, 0), 0, IR_SLOT(TOY_NZCV, 0));
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    live.defer = true;
    ir_live(&ir, &live);
    live.defer = false;
    ck_assert_uint_eq(live.of[late].late, store);
    ck_assert_uint_eq(live.of[second].uses, 0);
    ck_assert_int_eq(ir.insn[second].op, IR_sub); /* computed again there */
    ck_assert_uint_eq(live.of[first].uses, 2);    /* by its own flags, and there */
    ck_assert_uint_ge(live.of[first].last, store);
    ck_assert_uint_ge(live.of[x].last, store);
}
END_TEST

/* What leaves only by a condition does not end it; a dead op, a label, a call and an exit behind it do as they should.
 */
START_TEST(accesses_are_chained)
{
    uint64_t word = ir_mem((IrMem){ .size = 3 });
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0));
    IrRef a = raw(IR_load, I64, x, 0, word);
    raw(IR_goto_if, T_VOID, x, 0, 0x5000);
    raw(IR_neg, I64, a, 0, 0);
    IrRef b = raw(IR_store, I64, x, a, word);
    raw(IR_label, T_VOID, 0, 0, 0x1000);
    IrRef y = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0));
    IrRef c = raw(IR_load, I64, y, 0, word), d = raw(IR_load, I64, y, 0, word);
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    ir_live(&ir, &live);
    ck_assert_uint_eq(live.access[a], b);
    ck_assert_uint_eq(live.access[b], 0);
    ck_assert_uint_eq(live.access[c], d);
    ck_assert_uint_eq(live.access[d], 0);
}
END_TEST

/* Of flags that a branch inside the unit sees, but not what follows it. */
START_TEST(flags_are_late_over_a_branch_to_a_label)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0)), y = raw(IR_get, I64, 0, 0, IR_SLOT(1, 0));
    IrRef flags = raw(IR_flags, I64, raw(IR_sub, I64, x, y, 0), 0, 0);
    IrRef late = raw(IR_put, T_FLAGS, flags, 0, IR_SLOT(TOY_NZCV, 0));
    IrRef branch = raw(IR_goto_if, T_VOID, raw(IR_cond, I64, flags, 0, IF_EQ), 0, 0x2000);
    IrRef now = raw(IR_put, T_FLAGS, raw(IR_flags, I64, raw(IR_sub, I64, y, x, 0), 0, 0), 0, IR_SLOT(TOY_NZCV, 0));
    raw(IR_label, T_VOID, 0, 0, 0x2000);
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    live.defer = true;
    ir_live(&ir, &live);
    live.defer = false;
    ck_assert_uint_eq(live.of[late].late, branch);
    ck_assert_uint_eq(live.of[now].late, 0); /* the label sees them */
}
END_TEST

static IrRef put_flags(IrRef x, IrRef y)
{
    return raw(IR_put, T_FLAGS, raw(IR_flags, I64, raw(IR_sub, I64, x, y, 0), 0, 0), 0, IR_SLOT(TOY_NZCV, 0));
}

/* They are put again both there and where it is not taken. */
START_TEST(flags_are_dead_over_a_branch_to_a_label_that_does_not_see_them)
{
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0)), y = raw(IR_get, I64, 0, 0, IR_SLOT(1, 0));
    IrRef dead = put_flags(x, y);
    raw(IR_goto_if, T_VOID, raw(IR_eq, I64, x, y, 0), 0, 0x2000);
    IrRef also = put_flags(y, x);
    raw(IR_label, T_VOID, 0, 0, 0x2000);
    IrRef z = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0)), now = put_flags(z, z);
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    live.defer = true;
    ir_live(&ir, &live);
    live.defer = false;
    ck_assert_int_eq(ir.insn[dead].op, IR_nop);
    ck_assert_int_eq(ir.insn[also].op, IR_nop);
    ck_assert_int_eq(ir.insn[now].op, IR_put);
    ck_assert_uint_eq(live.dead[0], TOY_NZCV);
}
END_TEST

static void loop(bool head_sees, IrRef *put, IrRef *branch)
{
    raw(IR_label, T_VOID, 0, 0, 0x2000);
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0)), y = raw(IR_get, I64, 0, 0, IR_SLOT(1, 0));
    if (head_sees)
        raw(IR_load, I64, x, 0, ir_mem((IrMem){ .size = 3 }));
    put_flags(x, y);
    *put = put_flags(y, x);
    *branch = raw(IR_goto_if, T_VOID, raw(IR_eq, I64, x, y, 0), 0, 0x2000);
    put_flags(x, x);
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    live.defer = true;
    ir_live(&ir, &live);
    live.defer = false;
}

/* Only who is stopped on the way round wants them; the backend has to know whether the head does. */
START_TEST(flags_are_late_over_a_branch_to_the_head_of_a_loop)
{
    IrRef put, branch;
    loop(false, &put, &branch);
    ck_assert_uint_eq(live.of[put].late, branch);
    ck_assert_uint_eq(live.dead[0], TOY_NZCV);
    begin();
    loop(true, &put, &branch);
    ck_assert_uint_eq(live.of[put].late, branch);
    ck_assert_uint_ne(live.dead[0], TOY_NZCV);
}
END_TEST

/* The branch leads where nobody sees them; only who goes on to the label puts them there. */
START_TEST(flags_are_put_behind_a_branch)
{
    raw(IR_label, T_VOID, 0, 0, 0x2000);
    IrRef x = raw(IR_get, I64, 0, 0, IR_SLOT(0, 0)), y = raw(IR_get, I64, 0, 0, IR_SLOT(1, 0));
    put_flags(x, y);
    IrRef flags = raw(IR_flags, I64, raw(IR_sub, I64, y, x, 0), 0, 0);
    IrRef late = raw(IR_put, T_FLAGS, flags, 0, IR_SLOT(TOY_NZCV, 0));
    raw(IR_goto_if, T_VOID, raw(IR_cond, I64, flags, 0, IF_EQ), 0, 0x2000);
    IrRef label = raw(IR_label, T_VOID, 0, 0, 0x3000);
    raw(IR_leave, T_VOID, 0, 0, EXIT_STOP);
    live.defer = true;
    ir_live(&ir, &live);
    live.defer = false;
    ck_assert_uint_eq(live.of[late].late, label);
    ck_assert_uint_eq(live.dead[0], TOY_NZCV);
    ck_assert_uint_ne(live.dead[1], TOY_NZCV);
}
END_TEST

/* Counted again from what is left, in the plain way. */
START_TEST(counts_of_random_units_are_right)
{
    for (uint64_t seed = 1; seed <= 500; seed++) {
        static uint16_t uses[IR_MAX];
        random_unit(&ir, seed, 60, true);
        ir_live(&ir, &live);
        memset(uses, 0, sizeof uses);
        for (uint32_t r = 1; r < ir.count; r++)
            for (int k = 0; k < ir_args((IrOp)ir.insn[r].op); k++)
                uses[ir.insn[r].arg[k]]++;
        for (uint32_t r = 1; r < ir.count; r++) {
            ck_assert_uint_eq(live.of[r].uses, uses[r]);
            ck_assert(!uses[r] || live.of[r].last > r);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { uses_are_counted_and_the_last_is_known,
                                   what_only_dead_values_use_is_dead,
                                   the_first_of_several_puts_of_a_value_is_named,
                                   a_dead_put_is_no_use,
                                   what_late_flags_need_is_kept,
                                   accesses_are_chained,
                                   flags_are_late_over_a_branch_to_a_label,
                                   flags_are_dead_over_a_branch_to_a_label_that_does_not_see_them,
                                   flags_are_late_over_a_branch_to_the_head_of_a_loop,
                                   flags_are_put_behind_a_branch,
                                   counts_of_random_units_are_right,
                                   NULL };
    return run_tests("live", tests, begin);
}
