/* What is printed is read back as it was. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static Ir ir, again;

static char *printed(const Ir *unit)
{
    Out o = { 0 };
    ir_print(unit, &o);
    return o.text ? o.text : strdup("");
}

static void parse(Ir *unit, const char *text)
{
    Error err;
    if (!ir_parse(unit, toy_slots(), TOY_SLOTS, toy_helpers, text, &err))
        ck_abort_msg("%s\n%s", err.text, text);
}

START_TEST(a_random_unit_is_printed_read_and_printed_the_same)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        char why[256];
        random_unit(&ir, seed, 60, true);
        if (seed & 2)
            ir_refold(&again, &ir);
        char *text = printed(seed & 2 ? &again : &ir);
        parse(&ir, text);
        char *second = printed(&ir);
        ck_assert_str_eq(text, second);
        ck_assert_msg(ir_verify(&ir, TOY_SLOTS, why, sizeof why), "%s\n%s", why, text);
        free(text);
        free(second);
    }
}
END_TEST

START_TEST(a_unit_reads_as_documented)
{
    static const char text[] = "insn 0x1000\n"
                               "  %1 = get i64 x0+0\n"
                               "  %2 = add i32 %1, #0x10\n"
                               "  put x5+0 zext i32 %2\n"
                               "  %3 = load i64 [%1+16] size=2 sign order=acquire\n"
                               "  store i64 [%1-8], %3 size=3 big align=16 user\n"
                               "  %4 = rmw i64 [%1], #0x1 op=smax size=3 order=both\n"
                               "  %5 = get f64 v1+8\n"
                               "  %6 = fadd f64 %5, %5 @fp soft\n"
                               "  %7 = f2i i64 %6 @fp round=zero unsigned source=f64\n"
                               "  %8 = flags i32 %2\n"
                               "  %9 = cond nc %8\n"
                               "  goto_if %9, 0x1000\n"
                               "label 0x1004\n"
                               "  %10 = vconst i32x4 lo=0x100000002 hi=0x3\n"
                               "  %11 = vget i32 %10 lane=2\n"
                               "  %12 = zext i64 %11 from=32\n"
                               "  call void @pure %12, _, #0x2\n"
                               "  fence full\n"
                               "  leave exit=2\n";
    char why[256];
    parse(&ir, text);
    ck_assert_msg(ir_verify(&ir, TOY_SLOTS, why, sizeof why), "%s", why);
    char *second = printed(&ir);
    ck_assert_str_eq(text, second);
    free(second);
    IrMem m = { 0 };
    for (uint32_t r = 1; r < ir.count; r++)
        if (ir.insn[r].op == IR_load)
            m = ir_mem_of(ir.insn[r].imm);
    ck_assert(m.size == 2 && m.sign && m.disp == 16 && m.order == ORDER_ACQUIRE && !m.big);
}
END_TEST

START_TEST(mistakes_are_named_with_their_line)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "  %1 = get i64 x0+0\n  %2 = add i64 %1, %3\n", "line 2: value is not defined" },
        { "  %1 = frob i64 %1\n", "line 1: no such op" },
        { "; fine\n\n  %1 = get i64 y0+0\n", "line 3: no such slot" },
        { "  %1 = get q64 x0+0\n", "line 1: type expected" },
        { "  %1 = get i64 x0+0 more\n", "line 1: end of line expected" },
        { "  get i64 x0+0\n", "line 1: the op has a value" },
        { "  %1 = leave exit=1\n", "line 1: the op has no value" },
        { "  %1 = get i64 x0+0\n  %1 = get i64 x0+0\n", "line 2: value is defined twice" },
        { "  %99999 = get i64 x0+0\n", "line 1: numbers of values" },
        { "  call void @nobody\n", "line 1: no such helper" },
    };
    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        Error err = { "" };
        ck_assert(!ir_parse(&ir, toy_slots(), TOY_SLOTS, toy_helpers, cases[n].text, &err));
        ck_assert_msg(!strncmp(err.text, cases[n].says, strlen(cases[n].says)), "%s instead of %s", err.text,
                      cases[n].says);
    }
}
END_TEST

/* Damaged text is refused or read, never worse; what is read can be printed. */
START_TEST(damaged_text_does_no_harm)
{
    Dice d = { 7, 0 };
    for (int n = 0; n < 3000; n++) {
        random_unit(&ir, (uint64_t)n, 30, true);
        char *text = printed(&ir);
        size_t len = strlen(text);
        for (int k = 0; k < 3; k++)
            text[below(&d, len)] = "%#0123456789abcdefx_[]+-=,: \n;@"[below(&d, 31)];
        if (ir_parse(&again, toy_slots(), TOY_SLOTS, toy_helpers, text, NULL)) {
            char why[256];
            if (ir_verify(&again, TOY_SLOTS, why, sizeof why))
                free(printed(&again));
        }
        free(text);
    }
}
END_TEST

START_TEST(every_type_has_a_name)
{
    char buf[16];
    IrType t;
    for (int n = 0; n <= T_FLAGS; n++) {
        ck_assert(ir_type_named(ir_type_name((IrType)n, buf), &t));
        ck_assert_int_eq(t, n);
    }
    ck_assert(!ir_type_named("i128", &t));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_random_unit_is_printed_read_and_printed_the_same,
                                   a_unit_reads_as_documented,
                                   mistakes_are_named_with_their_line,
                                   damaged_text_does_no_harm,
                                   every_type_has_a_name,
                                   NULL };
    return run_tests("text", tests, NULL);
}
