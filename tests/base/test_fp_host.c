/* The soft floating point with x86's rules against the host's SSE unit: values and all six flags, the denormal one
 * included, in the four rounding modes, with and without DAZ and FTZ. */
#include "fp_cases.h"

#include <check.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <string.h>

static uint64_t done, bad;

#if defined(__x86_64__)
/* Each runs one instruction on its operands; the caller has loaded MXCSR. volatile keeps the order. */
#define HOST(name, insn)                                                                                               \
    static uint64_t host_##name(uint64_t a, uint64_t b, uint64_t c)                                                    \
    {                                                                                                                  \
        asm volatile("movq %0, %%xmm0; movq %1, %%xmm1; movq %2, %%xmm2;" insn                                         \
                     : "+r"(a)                                                                                         \
                     : "r"(b), "r"(c)                                                                                  \
                     : "xmm0", "xmm1", "xmm2", "rax", "cc");                                                           \
        return a;                                                                                                      \
    }
#define TO_XMM(insn) insn "; movq %%xmm0, %0"
#define SETS_FLAGS(insn)                                                                                               \
    insn "; setp %%al; setc %%ah; sete %b0; movzbl %b0, %k0; movzwl %%ax, %%eax; shll $8, %%eax;"                      \
         "orl %%eax, %k0"
#define ROW(name, from, to, need, insn, model) HOST(name, insn)
#include "fp_x86.def"
#include "tests/suite.h"
#undef ROW

/* ucomis's ZF, PF, CF as SETS_FLAGS lays them out. */
static uint64_t order(FpEnv *e, int bits, uint64_t a, uint64_t b, bool signalling)
{
    static const uint32_t flags[] = { [FP_LESS] = 0x10000, [FP_EQUAL] = 1, [FP_GREATER] = 0, [FP_UNORDERED] = 0x10101 };
    return flags[fp_compare(e, bits, a, b, signalling)];
}

#define ROW(name, from, to, need, insn, model)                                                                         \
    static uint64_t model_##name(FpEnv *e, uint64_t a, uint64_t b, uint64_t c)                                         \
    {                                                                                                                  \
        (void)b, (void)c;                                                                                              \
        return model;                                                                                                  \
    }
#define CURRENT ((FpRound)e->round)
#include "fp_x86.def"
#undef ROW

static const struct HostOp {
    const char *name, *need;
    int from, to; /* widths of operands (0: an integer) and result */
    uint64_t (*host)(uint64_t, uint64_t, uint64_t);
    uint64_t (*model)(FpEnv *, uint64_t, uint64_t, uint64_t);
} host_ops[] = {
#define ROW(name, from, to, need, insn, model) { #name, need, from, to, host_##name, model_##name },
#include "fp_x86.def"
#undef ROW
};

/* Not __builtin_cpu_supports: clang 14 does not know f16c. */
static bool has(const char *need)
{
    unsigned a, b, c, d;
    return !*need || (__get_cpuid(1, &a, &b, &c, &d) && (c & (!strcmp(need, "fma") ? bit_FMA : bit_F16C)));
}

static uint32_t mxcsr_of(const FpEnv *e)
{
    static const uint32_t rc[] = { [FP_RNE] = 0, [FP_RM] = 1, [FP_RP] = 2, [FP_RZ] = 3 };
    return 0x1f80 | rc[e->round] << 13 | (e->flush_in ? 1u << 6 : 0) | (e->flush_out ? 1u << 15 : 0);
}

/* MXCSR: IE, DE, ZE, OE, UE, PE. */
static uint32_t flags_of(uint32_t mxcsr)
{
    return (mxcsr & 1) | (mxcsr & 2 ? FP_INPUT_DENORMAL : 0) | (mxcsr >> 1 & 0x1e);
}

static void check_case(const struct HostOp *op, const uint64_t *v)
{
    FpEnv env = { .round = (uint8_t)case_below(4),
                  .nan_rule = FP_NAN_X86,
                  .denormals_x86 = true,
                  .flush_in = case_below(4) == 0,
                  .flush_out = case_below(4) == 0 };
    FpEnv mine = env;
    uint64_t mask = (op->to == 64 ? 0 : 1ull << op->to) - 1, got = op->model(&mine, v[0], v[1], v[2]) & mask;
    uint32_t before, control = mxcsr_of(&env);
    asm volatile("stmxcsr %0; ldmxcsr %1" : "=m"(before) : "m"(control));
    uint64_t expected = op->host(v[0], v[1], v[2]) & mask;
    asm volatile("stmxcsr %0; ldmxcsr %1" : "=m"(control) : "m"(before));
    done++;
    if (got == expected && (mine.flags & FP_FLAGS) == flags_of(control))
        return;
    if (bad++ < 30)
        printf("%s(%llx, %llx, %llx) %s: %llx flags %x, host %llx flags %x\n", op->name, (long long)v[0],
               (long long)v[1], (long long)v[2], case_env_text(&env), (long long)got, mine.flags & FP_FLAGS,
               (long long)expected, flags_of(control));
}

static void operands_for(const struct HostOp *op, uint64_t *v)
{
    if (op->from) {
        case_operands(op->from, v);
        return;
    }
    v[0] = case_below(2) ? case_random() >> case_below(64) : case_mantissa(63) << case_below(2);
    v[1] = v[2] = 0;
}

START_TEST(test_host)
{
    uint64_t count = case_count(25000);
    for (size_t i = 0; i < sizeof host_ops / sizeof *host_ops; i++)
        for (uint64_t n = 0; n < count && has(host_ops[i].need); n++) {
            uint64_t v[3];
            operands_for(&host_ops[i], v);
            check_case(&host_ops[i], v);
        }
    printf("against the host: %llu cases, %llu differences\n", (unsigned long long)done, (unsigned long long)bad);
    fflush(stdout); /* a failing child of Check leaves without */
    ck_assert_uint_eq(bad, 0);
    ck_assert_uint_gt(done, 0);
}
END_TEST
#endif

int main(void)
{
    TCase *t = tcase_create("fp_host");
    tcase_set_timeout(t, 1200);
#if defined(__x86_64__)
    tcase_add_test(t, test_host);
#endif
    return run_suite("fp_host", (TCase *[]){ t, NULL });
}
