/* Every row of enc.def, encoded with all registers, is read back by Capstone under the name the row gives. */
#include "config.h"

#include "backend/x86_64/comp.h"
#include "tests/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#if HAVE_CAPSTONE
#include <capstone/capstone.h>

static csh handle;

static void read_back(const uint8_t *code, size_t size, const char *name, const char *encoding)
{
    cs_insn *insn;
    size_t n = cs_disasm(handle, code, size, 0x1000, 1, &insn);
    ck_assert_msg(n == 1, "%s (%s): Capstone cannot read it", name, encoding);
    const char *got = insn->mnemonic;
    bool same = !strcmp(got, name) || (got[0] == 'v' && !strcmp(got + 1, name));
    ck_assert_msg(same, "%s (%s): Capstone reads %s %s", name, encoding, got, insn->op_str);
    ck_assert_msg(insn->size == size, "%s (%s): %zu bytes written, %u read", name, encoding, size, insn->size);
    cs_free(insn, n);
}

static void general(const Enc *e, const char *name, const char *encoding)
{
    uint8_t code[64];
    for (unsigned a = 0; a < 16; a++)
        for (unsigned b = 0; b < 16; b++)
            for (int w = 0; w < 2; w++) {
                Asm s = { .p = code, .end = code + sizeof code };
                asm_op(&s, *e, w, a, rm_reg(b), 3);
                read_back(code, (size_t)(s.p - code), name, encoding);
                s.p = code;
                asm_op(&s, *e, w, a, rm_index(b, a == RSP ? RAX : a, 2, 0x1234), 3);
                read_back(code, (size_t)(s.p - code), name, encoding);
            }
}

static void vector(const Enc *e, const char *name, const char *encoding)
{
    uint8_t code[64];
    for (unsigned a = 0; a < 16; a++)
        for (unsigned b = 0; b < 16; b++) {
            Asm s = { .p = code, .end = code + sizeof code, .avx = true };
            asm_vex(&s, *e, false, e->ext < 8 ? e->ext : a, b, rm_reg(b), 3);
            /* one-source instructions have no vvvv */
            cs_insn *insn;
            size_t n = cs_disasm(handle, code, (size_t)(s.p - code), 0x1000, 1, &insn);
            if (!n) {
                s.p = code;
                asm_vex(&s, *e, false, a, 0, rm_reg(b), 3);
            } else {
                cs_free(insn, n);
            }
            read_back(code, (size_t)(s.p - code), name, encoding);
            if (e->vex)
                continue;
            s.p = code;
            asm_op(&s, *e, false, a, rm_reg(b), 3);
            read_back(code, (size_t)(s.p - code), name, encoding);
        }
}

START_TEST(every_row_reads_back_under_its_own_name)
{
    ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
    for (int n = 0; n < enc_rows(); n++) {
        IrOp op;
        const char *lanes, *encoding;
        Enc e;
        const char *name = enc_row(n, &op, &lanes, &encoding, &e);
        if (*lanes == 'd')
            general(&e, name, encoding);
        else
            vector(&e, name, encoding);
    }
    cs_close(&handle);
}
END_TEST
#endif

START_TEST(a_row_serves_each_lane_kind_it_names)
{
    enc_init();
    ck_assert_ptr_nonnull(enc_int(IR_add));
    ck_assert_int_eq(enc_int(IR_add)->opcode, 0x03);
    ck_assert_int_eq(enc_vec(IR_add, I8X16)->opcode, 0xfc);
    ck_assert_int_eq(enc_vec(IR_add, I64X2)->opcode, 0xd4);
    ck_assert_int_eq(enc_vec(IR_fadd, F64)->prefix, 0xf2);
    ck_assert_int_eq(enc_vec(IR_fadd, F32X4)->prefix, 0);
    ck_assert_ptr_null(enc_vec(IR_mul, I8X16));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("enc");
#if HAVE_CAPSTONE
    tcase_add_test(t, every_row_reads_back_under_its_own_name);
#endif
    tcase_add_test(t, a_row_serves_each_lane_kind_it_names);
    return run_suite("enc", (TCase *[]){ t, NULL });
}
