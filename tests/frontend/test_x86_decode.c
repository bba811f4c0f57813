/* The x86 opcode map and decoder: every row can be made and is read back, lengths and names agree with Capstone, and no
 * bytes make it run over. */
#include "config.h"
#include "tests/frontend/random_x86.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#if HAVE_CAPSTONE
#include <capstone/capstone.h>
#endif

static const struct {
    uint64_t mode;
    unsigned capstone;
} modes[] = { { M_PROT, 2 }, { M_PROT | M_CODE32, 4 }, { M_PROT | M_CODE64, 8 } };
enum { MODES = 3, A_ROW = 300 };

/* Each row is found by the bytes that are made from it, in the modes it exists in. */
START_TEST(rows_are_reached)
{
    int count;
    const X86Row *rows = x86_rows(&count);
    uint64_t seed = 1;
    for (int n = 0; n < count; n++) {
        unsigned seen = 0;
        for (unsigned m = 0; m < MODES; m++)
            for (int k = 0; k < 200; k++) {
                X86Insn i;
                uint8_t code[16];
                if (!x86_random(n, modes[m].mode, &seed, code))
                    continue;
                X86Decoded how = x86_decode(code, 15, 0x1000, modes[m].mode, NULL, &i);
                seen += how == X86_DECODED && i.number == n;
            }
        ck_assert_msg(seen > 10, "row %d, \"%s\" %s, is never decoded", n, rows[n].encoding, rows[n].name);
    }
}
END_TEST

/* Whatever the bytes are, nothing beyond 15 is looked at, and fewer bytes ask for more. */
START_TEST(bytes_are_enough)
{
    uint64_t seed = 2;
    for (int k = 0; k < 200000; k++) {
        uint8_t code[16];
        X86Insn i, j;
        for (int b = 0; b < 16; b++)
            code[b] = (uint8_t)x86_random_number(&seed);
        if (k & 1)
            code[0] = 0x0f;
        uint64_t mode = modes[k % MODES].mode;
        X86Decoded how = x86_decode(code, 15, 0, mode, NULL, &i);
        ck_assert_int_ne(how, X86_MORE);
        ck_assert_int_le(i.length, 15);
        if (how != X86_DECODED)
            continue;
        ck_assert_int_eq(x86_decode(code, i.length, 0, mode, NULL, &j), X86_DECODED);
        ck_assert_int_eq(x86_decode(code, i.length - 1u, 0, mode, NULL, &j), X86_MORE);
    }
}
END_TEST

START_TEST(fifteen_bytes)
{
    uint8_t code[16];
    X86Insn i;
    memset(code, 0x66, sizeof code);
    code[14] = 0x90;
    ck_assert_int_eq(x86_decode(code, 15, 0, M_CODE32, NULL, &i), X86_DECODED);
    code[14] = 0x66;
    code[15] = 0x90;
    ck_assert_int_eq(x86_decode(code, 16, 0, M_CODE32, NULL, &i), X86_TOO_LONG);
}
END_TEST

/* SDM volume 2, LOCK: #UD with other instructions, and without a memory destination. */
START_TEST(lock_is_checked)
{
    static const struct {
        uint8_t code[15];
        X86Decoded how;
    } cases[] = {
        { { 0xf0, 0x01, 0x03 }, X86_DECODED },         /* lock add [ebx], eax */
        { { 0xf0, 0x01, 0xc3 }, X86_UNDEFINED },       /* lock add ebx, eax */
        { { 0xf0, 0x03, 0x03 }, X86_UNDEFINED },       /* lock add eax, [ebx] */
        { { 0xf0, 0x39, 0x03 }, X86_UNDEFINED },       /* lock cmp */
        { { 0xf0, 0x0f, 0xab, 0x03 }, X86_DECODED },   /* lock bts */
        { { 0xf0, 0x0f, 0xa3, 0x03 }, X86_UNDEFINED }, /* lock bt */
        { { 0xf0, 0x90 }, X86_UNDEFINED },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        X86Insn i;
        ck_assert_int_eq(x86_decode(cases[k].code, 15, 0, M_CODE32, NULL, &i), cases[k].how);
    }
}
END_TEST

#if HAVE_CAPSTONE
/* What Capstone calls differently. */
static const struct {
    const char *row, *capstone;
} aliases[] = { { "imul1", "imul" },
                { "imul3", "imul" },
                { "jmp_reg", "jmp" },
                { "call_reg", "call" },
                { "bt_string", "bt" },
                { "bts_string", "bts" },
                { "btr_string", "btr" },
                { "btc_string", "btc" },
                { "mov_from_seg", "mov" },
                { "mov_to_seg", "mov" },
                { "push_seg", "push" },
                { "pop_seg", "pop" },
                { "shl", "sal" },
                { "mov", "movabs" },
                { "movsx", "movsxd" },
                { "xlat", "xlatb" },
                { "ud2", "ud0" },
                { "ud2", "ud1" },
                { "xchg", "nop" },
                { "pause", "nop" },
                { "movq", "movd" },
                { "cvtpd2dq", "cvtpd2dqx" },
                { "cvttpd2dq", "cvttpd2dqx" },
                { "cvtpd2ps", "cvtpd2psx" },
                { "pinsrd", "pinsrq" },
                { "pextrd", "pextrq" },
                { "xchg", "pause" },
                { "mov_from_cr", "mov" },
                { "mov_to_cr", "mov" },
                { "mov_from_dr", "mov" },
                { "mov_to_dr", "mov" },
                { "sysret", "sysretq" },
                { "sysexit", "sysexitq" },
                { "fwait", "wait" },
                { "emms", "femms" },
                { "fnop287", "feni8087_nop" },
                { "fnop287", "fdisi8087_nop" },
                { "fnop287", "fsetpm" },
                { "clflush", "clflushopt" },
                { "rdpid", "rdseed" } /* Capstone 4 does not know it */ };

static bool same_name(const char *row, const char *capstone)
{
    const char *p = strrchr(capstone, ' ');
    if (p)
        capstone = p + 1; /* "rep movsb" */
    if (!strcmp(row, capstone) || (capstone[0] == 'v' && same_name(row, capstone + 1)))
        return true; /* VEX forms */
    for (unsigned k = 0; k < sizeof aliases / sizeof *aliases; k++)
        if (!strcmp(row, aliases[k].row) && !strcmp(capstone, aliases[k].capstone))
            return true;
    size_t n = strlen(row);
    if (!strncmp(row, capstone, n) && !strcmp(capstone + n, "64"))
        return true; /* with REX.W */
    static const char *const by_size[] = { "movs", "cmps",  "stos", "lods", "scas", "ins", "outs",  "pusha",
                                           "popa", "pushf", "popf", "iret", "nop",  "ret", "enter", NULL };
    for (unsigned k = 0; by_size[k]; k++)
        if (!strcmp(row, by_size[k]) && !strncmp(capstone, row, n))
            return true;
    static const struct {
        const char *row, *starts;
    } families[] = { { "jcc", "j" },       { "setcc", "set" },      { "cmov", "cmov" },     { "cbw", "c" },
                     { "cwd", "c" },       { "jcxz", "j" },         { "load_far", "l" },    { "jmp_far", "l" },
                     { "jmp_far", "jmp" }, { "call_far", "lcall" }, { "call_far", "call" }, { "ret_far", "ret" },
                     { "nop", "" },        { "andn", "andn" },      { "movd_to", "mov" },   { "movd_from", "mov" },
                     { "cmpps", "cmp" },   { "cmppd", "cmp" },      { "cmpss", "cmp" },     { "cmpsd", "cmp" } };
    for (unsigned k = 0; k < sizeof families / sizeof *families; k++)
        if (!strcmp(row, families[k].row) && !strncmp(capstone, families[k].starts, strlen(families[k].starts)))
            return true;
    return false;
}

/* Debian's Capstone 4 reads some encodings otherwise than the SDM: those are left out here, and named. */
static bool capstone_errs(const X86Insn *i, uint64_t mode)
{
    bool branch = i->attr & X86_F64;
    if (i->attr & X86_MMX && i->rex & 8)
        return true; /* it takes REX.W for a choice between MMX and SSE */
    if (i->op66 && i->rep)
        return true; /* it takes one of them for another instruction's */
    if (branch && mode & M_CODE64 && (i->op66 || i->rex & 8))
        return true; /* near branches do not look at 66 in 64-bit mode (Intel), nor at REX.W */
    if (!(mode & (M_CODE32 | M_CODE64)) && (i->op66 || i->rep) && i->map != MAP_1)
        return true; /* in 16-bit code it does not know prefixes as part of the opcode */
    if (i->op[1].kind == OPERAND_SEG && i->rex & 4)
        return true; /* there is no more than three bits of a segment register */
    if (!strcmp(i->row->name, "pause") && i->rex & 9)
        return true; /* that is xchg, as it says: int_branch.c */
    if (i->row->feature == X86_3dnowprefetch || !strcmp(i->row->name, "salc") || !strcmp(i->row->name, "ud2"))
        return true;
    if (strstr(i->row->name, "fence") || !strcmp(i->row->name, "clwb"))
        return true; /* of the eight encodings of a fence it knows one; CLWB is newer than it is */
    if (!strcmp(i->row->name, "nop") || !strcmp(i->row->name, "broadcasti128"))
        return true; /* the reserved ones have other names there, or none */
    if ((i->attr & X86_SSE || !strcmp(i->row->name, "clflush")) && i->rex & 8 && i->adsize == 4 && mode & M_CODE64)
        return true;                       /* it takes NP for 66 */
    return i->vex && !(i->attr & X86_AVX); /* of general registers: Capstone 4 ignores L */
}

START_TEST(capstone_agrees)
{
    int count;
    const X86Row *rows = x86_rows(&count);
    uint64_t seed = 3;
    int different = 0;
    for (unsigned m = 0; m < MODES; m++) {
        csh cs;
        cs_insn *insn;
        ck_assert_int_eq(cs_open(CS_ARCH_X86, (cs_mode)modes[m].capstone, &cs), CS_ERR_OK);
        for (int n = 0; n < count; n++)
            for (int k = 0; k < A_ROW; k++) {
                X86Insn i;
                uint8_t code[16];
                if (!x86_random(n, modes[m].mode, &seed, code) ||
                    x86_decode(code, 15, 0x1000, modes[m].mode, NULL, &i) != X86_DECODED ||
                    capstone_errs(&i, modes[m].mode))
                    continue;
                size_t got = cs_disasm(cs, code, 15, 0x1000, 1, &insn);
                bool good = got && insn->size == i.length && same_name(i.row->name, insn->mnemonic);
                if (!good) {
                    char hex[40];
                    for (int b = 0; b < i.length; b++)
                        sprintf(hex + 2 * b, "%02x", code[b]);
                    printf("%d-bit %s: row \"%s\" %s, %d bytes; Capstone: %s, %d bytes\n", 8 * (int)modes[m].capstone,
                           hex, rows[i.number].encoding, i.row->name, i.length, got ? insn->mnemonic : "none",
                           got ? insn->size : 0);
                    different++;
                }
                cs_free(insn, got);
            }
        cs_close(&cs);
    }
    ck_assert_int_eq(different, 0);
}
END_TEST
#endif

int main(void)
{
    TCase *t = tcase_create("decoder");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, rows_are_reached);
    tcase_add_test(t, bytes_are_enough);
    tcase_add_test(t, fifteen_bytes);
    tcase_add_test(t, lock_is_checked);
#if HAVE_CAPSTONE
    tcase_add_test(t, capstone_agrees);
#endif
    return run_suite("x86 decoder", (TCase *[]){ t, NULL });
}
