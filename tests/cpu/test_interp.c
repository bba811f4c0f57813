/* The interpreter: ways out of a unit, memory in every shape, faults, counting. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static Ir ir;
static ToyCpu cpu;
static uint64_t budget, next_pc;

static void begin(void)
{
    memset(&cpu, 0, sizeof cpu);
    for (int i = 0; i < 256; i++)
        cpu.memory[i] = (uint8_t)(0x80 + i);
}

static CpuExit run(const char *text, uint64_t insns)
{
    Error err;
    char why[256];
    if (!ir_parse(&ir, toy_slots(), TOY_SLOTS, toy_helpers, text, &err))
        ck_abort_msg("%s\n%s", err.text, text);
    if (!ir_verify(&ir, TOY_SLOTS, why, sizeof why))
        ck_abort_msg("%s\n%s", why, text);
    budget = insns;
    return interp_run_on(&cpu.cpu, &toy_guest, &ir, &toy_memory, &budget, &next_pc);
}

START_TEST(every_way_out_says_where_to_go_on)
{
    cpu.x[0] = 0x5000;
    ck_assert_int_eq(run("insn 0x1000\n  goto 0x2000\n", 9), EXIT_LOOKUP);
    ck_assert_uint_eq(next_pc, 0x2000);
    ck_assert_uint_eq(cpu.pc, 0x2000);
    ck_assert_int_eq(run("insn 0x1000\n  %1 = get i64 x0+0\n  goto_reg %1\n", 9), EXIT_LOOKUP);
    ck_assert_uint_eq(next_pc, 0x5000);
    ck_assert_int_eq(run("insn 0x1000\n  put pc+0 i64 #0x3000\n  goto_pc\n", 9), EXIT_LOOKUP);
    ck_assert_uint_eq(next_pc, 0x3000);
    ck_assert_int_eq(run("insn 0x1000\n  put pc+0 i64 #0x1004\n  leave exit=3\n", 9), EXIT_IDLE);
    ck_assert_uint_eq(next_pc, 0x1004);
    ck_assert_uint_eq(budget, 8);
}
END_TEST

START_TEST(a_loop_runs_inside_the_unit_until_it_ends)
{
    static const char loop[] = "label 0x1000\ninsn 0x1000\n  %1 = get i64 x0+0\n  %2 = add i64 %1, #0x1\n"
                               "  put x0+0 i64 %2\n  %3 = ltu i64 %2, #0xa\n  goto_if %3, 0x1000\n"
                               "insn 0x1004\n  goto 0x1008\n";
    ck_assert_int_eq(run(loop, 100), EXIT_LOOKUP);
    ck_assert_uint_eq(cpu.x[0], 10);
    ck_assert_uint_eq(next_pc, 0x1008);
    ck_assert_uint_eq(budget, 100 - 11);
}
END_TEST

START_TEST(a_budget_cuts_a_loop_between_instructions)
{
    static const char loop[] = "label 0x1000\ninsn 0x1000\n  %1 = get i64 x0+0\n  %2 = add i64 %1, #0x1\n"
                               "  put x0+0 i64 %2\ninsn 0x1004\n  goto 0x1000\n";
    ck_assert_int_eq(run(loop, 7), EXIT_LOOKUP);
    ck_assert_uint_eq(cpu.x[0], 4);
    ck_assert_uint_eq(next_pc, 0x1004);
    ck_assert_uint_eq(budget, 0);
    ck_assert_int_eq(run(loop, 0), EXIT_LOOKUP);
    ck_assert_uint_eq(cpu.x[0], 4);
    ck_assert_uint_eq(next_pc, 0x1000);
}
END_TEST

START_TEST(loads_extend_swap_and_add_their_displacement)
{
    cpu.x[0] = 0x10;
    run("insn 0x1000\n  %1 = get i64 x0+0\n"
        "  %2 = load i64 [%1+1] size=1\n  put x1+0 i64 %2\n"
        "  %3 = load i64 [%1-1] size=1 sign\n  put x2+0 i64 %3\n"
        "  %4 = load i32 [%1] size=2 big\n  put x3+0 zext i32 %4\n"
        "  %5 = load i32 [%1] size=0 sign\n  put x4+0 zext i32 %5\n"
        "  %6 = load i64x2 [%1] size=4 big\n  put v0+0 i64x2 %6\n"
        "  %7 = load i64 [%1] size=3 sign\n  put x5+0 i64 %7\n"
        "  %8 = load i64x2 [%1] size=3\n  put v1+0 i64x2 %8\n"
        "  leave exit=2\n",
        9);
    ck_assert_uint_eq(cpu.x[1], 0x9291);
    ck_assert_uint_eq(cpu.x[2], 0xffffffffffff908f);
    ck_assert_uint_eq(cpu.x[3], 0x90919293);
    ck_assert_uint_eq(cpu.x[4], 0xffffff90);
    ck_assert_uint_eq(cpu.x[5], 0x9796959493929190);
    ck_assert_uint_eq(cpu.v[0].hi, 0x9091929394959697);
    ck_assert_uint_eq(cpu.v[0].lo, 0x98999a9b9c9d9e9f);
    ck_assert_uint_eq(cpu.v[1].lo, 0x9796959493929190);
    ck_assert_uint_eq(cpu.v[1].hi, 0);
}
END_TEST

START_TEST(stores_write_their_size_in_their_order)
{
    cpu.x[0] = 0x20;
    cpu.x[1] = 0x1122334455667788;
    run("insn 0x1000\n  %1 = get i64 x0+0\n  %2 = get i64 x1+0\n"
        "  store i64 [%1] , %2 size=1\n  store i64 [%1+4], %2 size=2 big order=release\n"
        "  put x1+0 i64 #0x0\n  leave exit=2\n",
        9);
    static const uint8_t want[] = { 0x88, 0x77, 0xa2, 0xa3, 0x55, 0x66, 0x77, 0x88, 0xa8 };
    ck_assert_mem_eq(cpu.memory + 0x20, want, sizeof want);
}
END_TEST

START_TEST(a_fault_leaves_state_as_before_the_op)
{
    cpu.x[0] = 0x7000; /* faults */
    cpu.x[1] = 1;
    CpuExit e = run("insn 0x1000\n  put x1+0 i64 #0x2\ninsn 0x1004\n  %1 = get i64 x0+0\n  %2 = load i64 [%1] size=3\n"
                    "  put x1+0 i64 #0x3\n  leave exit=2\n",
                    9);
    ck_assert_int_eq(e, EXIT_FAULT);
    ck_assert_uint_eq(cpu.faults, 1);
    ck_assert_uint_eq(cpu.x[1], 2);
    ck_assert_uint_eq(next_pc, 0xdead); /* the toy's handler */
}
END_TEST

static uint64_t pc_seen;
static bool looking_load(Cpu *c, uint64_t addr, int size, bool user, V128 *value)
{
    pc_seen = ((ToyCpu *)c)->pc;
    return toy_load(c, addr, size, user, value);
}

START_TEST(the_pc_slot_holds_the_instruction_when_memory_is_accessed)
{
    static const InterpMemory memory = { looking_load, toy_store, toy_rmw, toy_cas, NULL, false };
    run("insn 0x1234\n  %1 = get i64 x0+0\n  %2 = load i64 [%1] size=3\n  put x1+0 i64 %2\n  goto 0x1238\n", 9);
    budget = 9;
    interp_run_on(&cpu.cpu, &toy_guest, &ir, &memory, &budget, &next_pc);
    ck_assert_uint_eq(pc_seen, 0x1234);
}
END_TEST

START_TEST(alignment_is_checked_where_the_op_asks)
{
    static const struct {
        uint64_t address;
        const char *rule;
        bool faults;
    } cases[] = {
        { 0x24, "", false },           { 0x21, "", false },        { 0x24, "align=size", true },
        { 0x28, "align=size", false }, { 0x29, "align=16", true }, { 0x21, "align=16", false },
        { 0x28, "align=16", false },
    };
    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        char text[256];
        snprintf(text, sizeof text,
                 "insn 0x1000\n  %%1 = get i64 x0+0\n  %%2 = load i64 [%%1] size=3 %s\n  goto 0x1004\n", cases[n].rule);
        begin();
        cpu.x[0] = cases[n].address;
        ck_assert_int_eq(run(text, 9), cases[n].faults ? EXIT_FAULT : EXIT_LOOKUP);
        ck_assert_uint_eq(next_pc, cases[n].faults ? 0xbad : 0x1004);
    }
}
END_TEST

START_TEST(atomics_work_in_both_byte_orders)
{
    for (int big = 0; big < 2; big++)
        for (unsigned op = RMW_ADD; op <= RMW_AND; op++) {
            static const char *const names[] = { "add",  "andn", "xor",  "or",   "smax",
                                                 "smin", "umax", "umin", "swap", "and" };
            static const uint32_t want[] = { 0x80000011, 0x80000000, 0x8000000d, 0x8000000f, 0xf,
                                             0x80000002, 0x80000002, 0xf,        0xf,        2 };
            char text[256];
            uint32_t was = 0x80000002, is;
            begin();
            was = big ? __builtin_bswap32(was) : was;
            memcpy(cpu.memory + 0x40, &was, 4);
            snprintf(text, sizeof text,
                     "insn 0x1000\n  %%1 = rmw i32 [#0x40], #0xf op=%s size=2 %s\n  put x1+0 zext i32 %%1\n"
                     "  leave exit=2\n",
                     names[op], big ? "big" : "");
            run(text, 9);
            memcpy(&is, cpu.memory + 0x40, 4);
            is = big ? __builtin_bswap32(is) : is;
            ck_assert_uint_eq(cpu.x[1], 0x80000002);
            ck_assert_msg(is == want[op], "%s: %x instead of %x", names[op], is, want[op]);
        }
}
END_TEST

START_TEST(compare_and_swap_stores_only_on_equality)
{
    cpu.x[0] = 0x8180;
    static const char text[] = "insn 0x1000\n  %1 = get i64 x0+0\n  %2 = cas i64 [#0x0], %1, #0x1234 size=1\n"
                               "  put x0+0 i64 %2\n  leave exit=2\n";
    run(text, 9);
    ck_assert_uint_eq(cpu.x[0], 0x8180);
    ck_assert_uint_eq(cpu.memory[0], 0x34);
    cpu.x[0] = 0x9999;
    cpu.memory[0] = 0x77;
    run(text, 9);
    ck_assert_uint_eq(cpu.x[0], 0x1277);
    ck_assert_uint_eq(cpu.memory[0], 0x77);
}
END_TEST

START_TEST(helpers_get_arguments_and_may_leave)
{
    cpu.x[1] = 5;
    run("insn 0x1000\n  %1 = call i64 @pure #0x6, #0x3, #0x1\n  put x2+0 i64 %1\n"
        "  %2 = call i64 @state #0x10, _, #0x2\n  put x3+0 i64 %2\n  leave exit=2\n",
        9);
    ck_assert_uint_eq(cpu.x[2], 8);
    ck_assert_uint_eq(cpu.x[3], 7);
    ck_assert_uint_eq(cpu.x[0], 0x10);
    static const char leaving[] = "insn 0x1000\n  %1 = get i64 x4+0\n  call void @leaves %1, _, #0x4440\n"
                                  "  put x5+0 i64 #0x1\n  goto 0x1004\n";
    cpu.x[4] = 1;
    ck_assert_int_eq(run(leaving, 9), EXIT_LOOKUP);
    ck_assert_uint_eq(next_pc, 0x4440);
    ck_assert_uint_eq(cpu.x[5], 0);
    cpu.x[4] = 2;
    run(leaving, 9);
    ck_assert_uint_eq(next_pc, 0x1004);
    ck_assert_uint_eq(cpu.x[5], 1);
}
END_TEST

START_TEST(puts_merge_or_extend)
{
    for (int i = 0; i < 6; i++)
        cpu.x[i] = ~0ull;
    cpu.v[0] = cpu.v[1] = (V128){ ~0ull, ~0ull };
    run("insn 0x1000\n  put x0+1 i8 #0x12\n  put x1+0 zext i32 #0x5\n  put x2+4 zext i16 #0x7\n"
        "  %1 = bits2f f32 #0x3f800000\n  put v0+0 zext f32 %1\n  put v1+8 f32 %1\n  leave exit=2\n",
        9);
    ck_assert_uint_eq(cpu.x[0], 0xffffffffffff12ff);
    ck_assert_uint_eq(cpu.x[1], 5);
    ck_assert_uint_eq(cpu.x[2], 0x00000007ffffffff);
    ck_assert_uint_eq(cpu.v[0].lo, 0x3f800000);
    ck_assert_uint_eq(cpu.v[0].hi, 0);
    ck_assert_uint_eq(cpu.v[1].lo, ~0ull);
    ck_assert_uint_eq(cpu.v[1].hi, 0xffffffff3f800000);
}
END_TEST

START_TEST(slots_and_helpers_are_found_by_name)
{
    int count;
    const Slot *s = guest_slots(&toy_guest, &count);
    ck_assert_int_eq(count, TOY_SLOTS);
    ck_assert_ptr_eq(s, guest_slots(&toy_guest, NULL));
    ck_assert_str_eq(s[5].name, "x5");
    ck_assert_uint_eq(s[5].offset, offsetof(ToyCpu, x[5]));
    ck_assert_str_eq(s[TOY_PC].name, "pc");
    ck_assert_uint_eq(s[TOY_V + 1].size, 16);
    ck_assert_int_eq(guest_helper(&toy_guest, "leaves"), TOY_LEAVES);
    ck_assert_int_eq(guest_helper(&toy_guest, "nobody"), -1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { every_way_out_says_where_to_go_on,
                                   a_loop_runs_inside_the_unit_until_it_ends,
                                   a_budget_cuts_a_loop_between_instructions,
                                   loads_extend_swap_and_add_their_displacement,
                                   stores_write_their_size_in_their_order,
                                   a_fault_leaves_state_as_before_the_op,
                                   the_pc_slot_holds_the_instruction_when_memory_is_accessed,
                                   alignment_is_checked_where_the_op_asks,
                                   atomics_work_in_both_byte_orders,
                                   compare_and_swap_stores_only_on_equality,
                                   helpers_get_arguments_and_may_leave,
                                   puts_merge_or_extend,
                                   slots_and_helpers_are_found_by_name,
                                   NULL };
    return run_tests("interp", tests, begin);
}
