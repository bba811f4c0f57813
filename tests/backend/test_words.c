/* Instructions that are put together as words, and sequences that are copied, are read back by Capstone. */
#include "config.h"

#include "backend/x86_64/mem.h"
#include "base/alloc.h"
#include "tests/suite.h"
#include <check.h>
#include <stdio.h>

#if HAVE_CAPSTONE
#include <capstone/capstone.h>

static const char *const r64[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const r32[] = { "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                   "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d" };
static const char *const r16[] = { "ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                   "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w" };
static const char *const r8[] = { "al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                  "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b" };
static const char *const *const by_size[] = { r8, r16, r32, r64 };
static const char *const pointer[] = { "byte", "word", "dword", "qword" };
static const int32_t disps[] = { 0, 1, 9, 10, 127, 128, -1, -128, -129, 0x12345678, -0x12345678 };
enum { DISPS = sizeof disps / sizeof *disps };

static csh handle;
static uint8_t code[256];
static Asm s;

static void start(void)
{
    ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
}

static void begin(void)
{
    s = (Asm){ .p = code, .end = code + sizeof code };
}

/* As Capstone writes them. */
static void number(char *to, size_t room, uint64_t n)
{
    snprintf(to, room, n < 10 ? "%llu" : "0x%llx", (unsigned long long)n);
}

static const char *place(unsigned base, bool rax_too, int32_t disp)
{
    static char text[64];
    char n[24] = "";
    if (disp)
        number(n, sizeof n, (uint64_t)(disp < 0 ? -(int64_t)disp : disp));
    snprintf(text, sizeof text, "[%s%s%s%s]", r64[base], rax_too ? " + rax" : "",
             disp < 0   ? " - "
             : disp > 0 ? " + "
                        : "",
             n);
    return text;
}

/* What was written since begin() is these instructions, one a line. */
static void reads(const char *want)
{
    cs_insn *insn;
    size_t size = (size_t)(s.p - code), n = cs_disasm(handle, code, size, 0x1000, 0, &insn), used = 0;
    char got[512] = "", *p = got;
    for (size_t k = 0; k < n; k++) {
        p += snprintf(p, (size_t)(got + sizeof got - p), "%s%s %s", k ? "\n" : "", insn[k].mnemonic, insn[k].op_str);
        used += insn[k].size;
    }
    ck_assert_str_eq(got, want);
    ck_assert_uint_eq(used, size);
    cs_free(insn, n);
}

START_TEST(addresses)
{
    char want[96];
    for (unsigned dst = 0; dst < 16; dst++)
        for (unsigned base = 0; base < 16; base++)
            for (unsigned k = 0; k < DISPS; k++) {
                begin();
                asm_address(&s, dst, base, disps[k]);
                if (disps[k])
                    snprintf(want, sizeof want, "lea %s, %s", r64[dst], place(base, false, disps[k]));
                else
                    snprintf(want, sizeof want, "mov %s, %s", r64[dst], r64[base]);
                reads(want);
            }
}
END_TEST

static void access_as(MemForm form, unsigned size, unsigned reg, unsigned base, bool rax_too, int32_t disp)
{
    bool sign = form == MEM_SIGN64 || form == MEM_SIGN32;
    const char *name = form == MEM_STORE || size == 3 || (size == 2 && form != MEM_SIGN64) ? "mov"
                       : !sign                                                             ? "movzx"
                       : size == 2                                                         ? "movsxd"
                                                                                           : "movsx";
    const char *r = form == MEM_STORE ? by_size[size][reg] : size == 3 || form == MEM_SIGN64 ? r64[reg] : r32[reg];
    char want[128], at[80];
    begin();
    asm_access(&s, mem_forms[form][size], reg, base, rax_too, disp);
    snprintf(at, sizeof at, "%s ptr %s", pointer[size], place(base, rax_too, disp));
    if (form == MEM_STORE)
        snprintf(want, sizeof want, "%s %s, %s", name, at, r);
    else
        snprintf(want, sizeof want, "%s %s, %s", name, r, at);
    reads(want);
}

START_TEST(accesses)
{
    for (unsigned form = 0; form < 4; form++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned reg = 0; reg < 16; reg++)
                for (unsigned base = 0; base < 16; base++)
                    for (unsigned k = 0; k < 4; k++) /* all displacements with each form and size */
                        access_as((MemForm)form, size, reg, base, k & 1, disps[(reg + 5 * base + k) % DISPS]);
}
END_TEST

START_TEST(registers)
{
    char want[64];
    for (unsigned reg = 0; reg < 16; reg++) {
        begin();
        asm_mov_rax(&s, true, reg);
        snprintf(want, sizeof want, "mov %s, rax", r64[reg]);
        reads(want);
        begin();
        asm_mov_rax(&s, false, reg);
        snprintf(want, sizeof want, "mov %s, eax", r32[reg]);
        reads(want);
        begin();
        asm_clear(&s, reg);
        snprintf(want, sizeof want, "xor %s, %s", r32[reg], r32[reg]);
        reads(want);
        begin();
        uint8_t *jump = asm_if_zero(&s, reg);
        asm_target(jump, code);
        snprintf(want, sizeof want, "test %s, %s\nje 0x1000", r64[reg], r64[reg]);
        reads(want);
    }
}
END_TEST

START_TEST(calls_and_jumps)
{
    static const uint32_t pushed[] = { 0, 0x7f, 0x80, 0xff, 0x7fffffff };
    for (unsigned k = 0; k < sizeof pushed / sizeof *pushed; k++) {
        char want[64], n[24];
        begin();
        s.to_exec = 0x100;
        asm_push_call(&s, pushed[k], code + 0x100);
        number(n, sizeof n, pushed[k]);
        snprintf(want, sizeof want, "push %s\ncall 0x1000", n);
        reads(want);
    }
    begin();
    s.p += 3;
    memset(code, 0x90, 3);
    asm_jmp_back(&s, code + 1);
    reads("nop \nnop \nnop \njmp 0x1001");
}
END_TEST

/* From mem_check_usual, of a Comp in which there is nothing else. */
static void check_as(Comp *c, unsigned address, int32_t disp, bool write, bool bmi2)
{
    char want[400], first[64], page[64], entry[64], addend[64];
    unsigned page_of = disp ? RCX : address;
    begin();
    c->a = s;
    c->colds = 0;
    host_cpu.bmi2 = bmi2;
    Cold *path = mem_check_usual(c, address, disp, 24, write, NULL);
    asm_target(path->from[0], code);
    s = c->a;
    snprintf(first, sizeof first, disp ? "lea rcx, %s" : "mov rcx, %s",
             disp ? place(address, false, disp) : r64[address]);
    snprintf(page, sizeof page, bmi2 ? "rorx eax, %s, 8" : "mov eax, %s\nshr eax, 8", r32[page_of]);
    snprintf(entry, sizeof entry, "%s", place(R14, true, write ? BANK_WRITE : 0));
    snprintf(addend, sizeof addend, "%s", place(R14, true, (write ? BANK_WRITE : 0) + 8));
    snprintf(want, sizeof want,
             "%s\n%s\nand eax, 0x%x\nsub rcx, qword ptr %s\ncmp rcx, 0x%x\nja 0x1000\n"
             "mov rax, qword ptr %s",
             first, page, (unsigned)(TLB_SIZE - 1) << 4, entry, 4096 - 24, addend);
    reads(want);
    ck_assert_ptr_eq(path->hit, s.p);
    ck_assert_uint_eq(path->reg[0], address);
}

START_TEST(checks)
{
    Comp *c = xalloc(sizeof *c);
    memset(c, 0, sizeof *c);
    c->ir = xalloc(sizeof *c->ir);
    memset(c->ir, 0, sizeof *c->ir);
    HostCpu was = host_cpu;
    for (unsigned address = 0; address < 16; address++)
        for (unsigned k = 0; k < 4 * DISPS; k++)
            if (address != RAX && address != RCX)
                check_as(c, address, disps[k / 4], k & 1, k & 2);
    host_cpu = was;
    free(c->ir);
    free(c);
}
END_TEST
#endif

int main(void)
{
    TCase *t = tcase_create("words");
#if HAVE_CAPSTONE
    tcase_add_unchecked_fixture(t, start, NULL);
    tcase_add_test(t, addresses);
    tcase_add_test(t, accesses);
    tcase_add_test(t, registers);
    tcase_add_test(t, calls_and_jumps);
    tcase_add_test(t, checks);
#endif
    return run_suite("words", (TCase *[]){ t, NULL });
}
