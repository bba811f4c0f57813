/* Random units: what folding and the passes make of one does what it did. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static Ir raw, folded;
static IrLive live;
static ToyCpu before, a, b;

static void fail_with(uint64_t seed, const char *what, Out *differences)
{
    Out text = { 0 };
    out(&text, "seed %llu: %s\n%s\nbefore:\n", (unsigned long long)seed, what, differences ? differences->text : "");
    ir_print(&raw, &text);
    out(&text, "after:\n");
    ir_print(&folded, &text);
    ck_abort_msg("%s", text.text);
}

static void same_effect(uint64_t seed, const char *what, uint64_t budget)
{
    Dice d = { seed ^ 0x1234567 };
    for (int n = 0; n < 6; n++) {
        Out differences = { 0 };
        toy_fill(&before, &d);
        a = b = before;
        CpuExit x = toy_run(&a, &raw, budget), y = toy_run(&b, &folded, budget);
        int found = state_diff(toy_state, &a, &b, &differences);
        if (found || x != y)
            fail_with(seed, what, &differences);
        out_free(&differences);
    }
}

/* A dead put may show where a run is cut short, so units whose puts were dropped have no loops and are run to the end.
 */
static void check_unit(uint64_t seed)
{
    char why[256];
    bool loops = seed & 1;
    random_unit(&raw, seed, 60, loops);
    if (!ir_verify(&raw, TOY_SLOTS, why, sizeof why))
        ck_abort_msg("the generator is wrong: seed %llu: %s", (unsigned long long)seed, why);
    ir_refold(&folded, &raw);
    if (!ir_verify(&folded, TOY_SLOTS, why, sizeof why))
        fail_with(seed, why, NULL);
    same_effect(seed, "folding", 40);
    if (loops)
        return;
    ir_live(&folded, &live);
    if (!ir_verify(&folded, TOY_SLOTS, why, sizeof why))
        fail_with(seed, why, NULL);
    same_effect(seed, "dead puts", 1000);
}

START_TEST(folding_and_dropping_dead_puts_change_no_effect)
{
    const char *only = getenv("SEED"), *count = getenv("COUNT");
    uint64_t n = count ? strtoull(count, NULL, 0) : 4000;
    for (uint64_t seed = 1; seed <= n; seed++)
        check_unit(only ? strtoull(only, NULL, 0) : seed);
}
END_TEST

/* The generator reaches everything, or the test above proves little. */
START_TEST(random_units_hold_every_op)
{
    uint32_t seen[IR_OPS] = { 0 };
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        random_unit(&raw, seed, 60, true);
        for (uint32_t r = 1; r < raw.count; r++)
            seen[raw.insn[r].op]++;
    }
    for (int op = IR_const; op < IR_OPS; op++)
        if (op != IR_arg && op != IR_goto_reg && op != IR_goto_pc && op != IR_f80_control)
            ck_assert_msg(seen[op] >= 3, "%s: %u", ir_op[op].name, seen[op]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { folding_and_dropping_dead_puts_change_no_effect, random_units_hold_every_op, NULL };
    return run_tests("fuzz", tests, NULL);
}
