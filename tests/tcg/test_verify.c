/* What the verifier refuses, each with its words. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static Ir ir;

#define HEAD                                                                                                           \
    "  %1 = get i64 x0+0\n  %2 = get i32 x1+0\n  %3 = get f64 v0+0\n  %4 = get i32x4 v1+0\n  %5 = get flags nzcv+0\n"

static const struct {
    const char *text, *says;
} bad[] = {
    { HEAD "  %6 = add i64 %1, %2\n", "argument 1, op 2, is of type i32 in an op of type i64" },
    { HEAD "  %6 = add i64 %1, %3\n", "argument 1, op 3, is of type f64" },
    { HEAD "  %6 = add i32x4 %4, %3\n", "argument 1" },
    { HEAD "  %6 = add f64 %3, %3\n", "is of type f64" },
    { HEAD "  %6 = divu i32x4 %4, %4\n", "is of type i32x4" },
    { HEAD "  %6 = addsu i32 %2, %2\n", "is of type i32" },
    { HEAD "  %6 = fadd i64 %1, %1 @fp\n", "is of type i64" },
    { HEAD "  %6 = fma f32 %3, %3, %3 @fp\n", "argument 0" },
    { HEAD "  %6 = fadd f64 %3, %3 @77\n", "there is no helper 77" },
    { HEAD "  %6 = cond eq %1\n", "argument 0" },
    { HEAD "  %6 = pick i64 %2, %1, %1\n", "argument 0, op 2, is of type i32" },
    { HEAD "  %6 = flags i64 %1\n", "names an op that gives none" },
    { HEAD "  %6 = zext i64 %2 from=64\n", "argument 0" },
    { HEAD "  %6 = zext i64 %1 from=64\n", "from 64 bits" },
    { HEAD "  %6 = zext i64 %1 from=0\n", "from 0 bits" },
    { HEAD "  %6 = sext i64 %2 from=33\n", "argument 0" },
    { HEAD "  %6 = load i64 [%2] size=3\n", "argument 0" },
    { HEAD "  %6 = load i32 [%1] size=3\n", "size 3 does not fit" },
    { HEAD "  %6 = load f64 [%1] size=2\n", "whole" },
    { HEAD "  store i64 [%1], %2 size=3\n", "argument 1" },
    { HEAD "  %6 = rmw i32x4 [%1], %4 op=add size=2\n", "" },
    { HEAD "  put x0+0 i64 %2\n", "argument 0" },
    { HEAD "  put x0+4 i64 %1\n", "12 bytes are beyond the end of slot x0" },
    { HEAD "  put x0+0 i32x4 %4\n", "16 bytes are beyond" },
    { HEAD "  %6 = get i64x2 nzcv+0\n", "beyond the end of slot nzcv" },
    { HEAD "  %6 = vget i32 %4 lane=4\n", "there is no lane 4" },
    { HEAD "  %6 = vset i32x4 %4, %3 lane=0\n", "argument 1" },
    { HEAD "  %6 = vlow i64x2 %2\n", "argument 0" },
    { HEAD "  %6 = vtbl i8x16 %3, %4\n", "argument 0" },
    { HEAD "  %6 = vnarrow i8x16 %4\n", "gives 64 bits" },
    { HEAD "  %6 = vwidenu i8x16 %4\n", "no half" },
    { HEAD "  %6 = vrev i32x4 %4 group=32\n", "no such group" },
    { HEAD "  %6 = bswap i8 %1\n", "at least 16 bits" },
    { HEAD "  %6 = i2f f64 %2 @fp source=i64\n", "argument 0" },
    { HEAD "  goto_reg %2\n", "argument 0" },
    { HEAD "  call void @pure %3\n", "argument 0" },
    { HEAD "label 0x1000\n  put x1+0 i64 %1\n", "argument 0, op 1, is from before a label" },
    { HEAD "  goto 0x1000\n  put x1+0 i64 %1\n", "is never reached" },
    { HEAD "  leave exit=2\n  leave exit=2\n", "is never reached" },
};

START_TEST(what_is_wrong_is_named)
{
    for (unsigned n = 0; n < sizeof bad / sizeof *bad; n++) {
        Error err = { "" };
        char why[256] = "";
        ck_assert_msg(ir_parse(&ir, toy_slots(), TOY_SLOTS, toy_helpers, bad[n].text, &err), "%s: %s", bad[n].text,
                      err.text);
        ck_assert_msg(!ir_verify(&ir, TOY_SLOTS, why, sizeof why), "accepted: %s", bad[n].text + strlen(HEAD));
        ck_assert_msg(strstr(why, bad[n].says) != NULL, "%s: \"%s\" does not say \"%s\"", bad[n].text + strlen(HEAD),
                      why, bad[n].says);
    }
}
END_TEST

static const char *const good[] = {
    HEAD "  %6 = add i32 %1, %2\n",
    HEAD "  %6 = and i32 %5, #0x100\n",
    HEAD "  %6 = shl i64 %1, %2\n",
    HEAD "  %6 = eq i32 %1, %2\n  goto_if %6, 0x1000\n",
    HEAD "  %6 = add i8x16 %4, %4\n",
    HEAD "  %6 = fneg f64 %3\n",
    HEAD "  %6 = vlow i32x4 %1\n",
    HEAD "  %6 = zext i64 %2 from=32\n",
    HEAD "  put x0+0 zext i32 %1\n",
    HEAD "  goto 0x1000\ninsn 0x1004\n  %6 = get i64 x0+0\n  leave exit=1\n",
    HEAD "  %6 = adc i64 %1, %1, %2\n  %7 = flags i64 %6\n",
};

START_TEST(what_is_right_is_accepted)
{
    for (unsigned n = 0; n < sizeof good / sizeof *good; n++) {
        Error err = { "" };
        char why[256] = "";
        ck_assert_msg(ir_parse(&ir, toy_slots(), TOY_SLOTS, toy_helpers, good[n], &err), "%s", err.text);
        ck_assert_msg(ir_verify(&ir, TOY_SLOTS, why, sizeof why), "%s: %s", good[n] + strlen(HEAD), why);
    }
}
END_TEST

/* Behind a unit that is right: 1 is an I64, 2 flags. */
static void refused(IrInsn insn, const char *says)
{
    char why[256];
    ir_begin(&ir, toy_slots(), toy_helpers);
    ir_add_raw(&ir, IR_get, I64, 0, 0, 0, IR_SLOT(0, 0));
    ir_add_raw(&ir, IR_get, T_FLAGS, 0, 0, 0, IR_SLOT(TOY_NZCV, 0));
    ir_add_raw(&ir, IR_put, I64, 1, 0, 0, IR_SLOT(1, 0));
    ir_add_raw(&ir, IR_insn, T_VOID, 0, 0, 0, 0);
    ck_assert(ir_verify(&ir, TOY_SLOTS, why, sizeof why));
    ir.insn[ir.count++] = insn;
    ck_assert_msg(!ir_verify(&ir, TOY_SLOTS, why, sizeof why), "accepted: op %u, %s", insn.op, says);
    ck_assert_msg(strstr(why, says) != NULL, "\"%s\" does not say \"%s\"", why, says);
}

START_TEST(what_text_cannot_say_is_refused_too)
{
    static const IrInsn wrong[] = {
        { .op = 255, .type = I64 },
        { .op = IR_add, .type = I64, .arg = { 5, 5 } },    /* itself */
        { .op = IR_add, .type = I64, .arg = { 9, 1 } },    /* later */
        { .op = IR_add, .type = I64, .arg = { 1, 1, 1 } }, /* one too many */
        { .op = IR_add, .type = I64, .arg = { 1 } },       /* one too few */
        { .op = IR_get, .type = I64, .imm = IR_SLOT(TOY_SLOTS, 0) },
        { .op = IR_get, .type = F80 },
        { .op = IR_get, .type = K_I8 | W_256 },
        { .op = IR_const, .type = I8, .imm = 256 },
        { .op = IR_const, .type = F64 },
        { .op = IR_vconst, .type = I64X2, .imm = 3 },
        { .op = IR_cond, .type = T_FLAGS, .arg = { 2 }, .imm = IF_NP + 1 },
        { .op = IR_fence, .type = T_VOID, .imm = 3 },
        { .op = IR_add, .type = 77, .arg = { 1, 1 } },
    };
    for (unsigned n = 0; n < sizeof wrong / sizeof *wrong; n++)
        refused(wrong[n], "");
}
END_TEST

START_TEST(what_is_wrong_of_80_bit_numbers_is_named)
{
    enum { V0 = TOY_V, V1 };
    static const struct {
        IrInsn insn;
        const char *says;
    } wrong[] = {
        { { .op = IR_f80, .type = F80, .imm = IR_F80(2, V0, V1) }, "there is no operation 2" },
        { { .op = IR_f80, .type = F80, .imm = IR_F80(F80_OPS, V0, V1) }, "there is no operation" },
        { { .op = IR_f80_in, .type = I32, .arg = { 1 }, .imm = IR_F80(F80_SWAP, V0, 0) }, "there is no operation" },
        { { .op = IR_f80_in, .type = I64, .arg = { 1 }, .imm = IR_F80(F80_ADD, V0, 0) }, "can only be copied" },
        { { .op = IR_f80_out, .type = I16, .imm = IR_F80(0, V0, 0) | F80_FLOAT }, "no float of 16 bits" },
        { { .op = IR_f80_out, .type = I32, .imm = IR_F80(0, V0, 0) | F80_FLOAT | F80_TRUNCATE }, "is not cut" },
        { { .op = IR_f80, .type = F80, .imm = IR_F80(F80_SCALE, V0, V0) }, "of one slot" },
        { { .op = IR_f80, .type = F80, .imm = IR_F80(F80_XTRACT, V1, V1) }, "of one slot" },
        { { .op = IR_f80, .type = F80, .imm = IR_F80(F80_EXAM, V0, V1) }, "is none of 4 bytes" },
        { { .op = IR_f80, .type = F80, .imm = IR_F80(F80_ADD, V0, TOY_SLOTS) }, "is none of 16 bytes" },
        { { .op = IR_f80, .type = F80, .imm = IR_F80(F80_CHS, 0, 0) }, "slot 0 is none of 16 bytes" },
    };
    for (unsigned n = 0; n < sizeof wrong / sizeof *wrong; n++)
        refused(wrong[n].insn, wrong[n].says);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { what_is_wrong_is_named, what_is_right_is_accepted,
                                   what_text_cannot_say_is_refused_too, what_is_wrong_of_80_bit_numbers_is_named,
                                   NULL };
    return run_tests("verify", tests, NULL);
}
