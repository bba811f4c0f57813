/* What the machine `virt` and AArch64 bring: ARM DDI 0487, B2.3. */
#include "litmus.h"

typedef uint64_t u64;
enum { LRCPC = 1, LSE = 2 };

/* %2 %3 are the variables, w1 and w2 hold 1 and 2, w3 the first load, w4 the second. */
#define BODY(name, text, bits)                                                                                         \
    static void name##_run(Var *first, Var *second, Var *out)                                                          \
    {                                                                                                                  \
        u64 a, b;                                                                                                      \
        __asm__ volatile("mov w1, 1\n mov w2, 2\n mov w3, 0\n mov w4, 0\n" text "\n mov %0, x3\n mov %1, x4"           \
                         : "=r"(a), "=r"(b)                                                                            \
                         : "r"(first), "r"(second)                                                                     \
                         : "x1", "x2", "x3", "x4", "x5", "memory");                                                    \
        *out = (a << 1 | b) & ((1u << bits) - 1);                                                                      \
    }                                                                                                                  \
    enum { name##_bits = bits };
#define B(name)                                                                                                        \
    {                                                                                                                  \
        name##_run, name##_bits                                                                                        \
    }

BODY(one, "str w1, [%2]", 0)
BODY(write, "str w1, [%2]\n str w1, [%3]", 0)
BODY(write_dmb, "str w1, [%2]\n dmb ish\n str w1, [%3]", 0)
BODY(write_dmb_st, "str w1, [%2]\n dmb ishst\n str w1, [%3]", 0)
BODY(write_stlr, "str w1, [%2]\n stlr w1, [%3]", 0)
BODY(write_swpl, "str w1, [%2]\n .arch_extension lse\n swpl w1, w5, [%3]", 0)
BODY(read, "ldr w3, [%2]\n ldr w4, [%3]", 2)
BODY(read_dmb, "ldr w3, [%2]\n dmb ish\n ldr w4, [%3]", 2)
BODY(read_dmb_ld, "ldr w3, [%2]\n dmb ishld\n ldr w4, [%3]", 2)
BODY(read_addr, "ldr w3, [%2]\n eor w5, w3, w3\n ldr w4, [%3, w5, uxtw]", 2)
BODY(read_ldar, "ldar w3, [%2]\n ldr w4, [%3]", 2)
BODY(read_ldar2, "ldar w3, [%2]\n ldar w4, [%3]", 2)
BODY(read_ldapr, ".arch_extension rcpc\n ldapr w3, [%2]\n ldr w4, [%3]", 2)
BODY(sb, "str w1, [%2]\n ldr w4, [%3]", 1)
BODY(sb_dmb, "str w1, [%2]\n dmb ish\n ldr w4, [%3]", 1)
BODY(sb_stlr_ldar, "stlr w1, [%2]\n ldar w4, [%3]", 1)
BODY(sb_dsb, "str w1, [%2]\n dsb ish\n ldr w4, [%3]", 1)
BODY(lb, "ldr w4, [%2]\n str w1, [%3]", 1)
BODY(lb_dmb, "ldr w4, [%2]\n dmb ish\n str w1, [%3]", 1)
BODY(lb_data, "ldr w4, [%2]\n eor w5, w4, w4\n add w5, w5, w1\n str w5, [%3]", 1)
BODY(lb_ldar, "ldar w4, [%2]\n str w1, [%3]", 1)
BODY(lb_stlr, "ldr w4, [%2]\n stlr w1, [%3]", 1)
BODY(ww, "str w1, [%2]\n str w2, [%3]", 0)
BODY(ww_dmb, "str w1, [%2]\n dmb ish\n str w2, [%3]", 0)
BODY(ww_dmb_st, "str w1, [%2]\n dmb ishst\n str w2, [%3]", 0)
BODY(ww_stlr, "stlr w1, [%2]\n stlr w2, [%3]", 0)

/* The first of each family has no barrier: everything is allowed, and shows how often threads meet. */
const Test tests[] = {
    { "MP", 2, { B(write), B(read) }, false, -1, 0 },
    { "MP+dmb+dmb", 2, { B(write_dmb), B(read_dmb) }, false, 2, 0 },
    { "MP+dmb.st+dmb.ld", 2, { B(write_dmb_st), B(read_dmb_ld) }, false, 2, 0 },
    { "MP+dmb+addr", 2, { B(write_dmb), B(read_addr) }, false, 2, 0 },
    { "MP+stlr+ldar", 2, { B(write_stlr), B(read_ldar) }, false, 2, 0 },
    { "MP+stlr+ldapr", 2, { B(write_stlr), B(read_ldapr) }, false, 2, LRCPC },
    { "MP+swpl+ldar", 2, { B(write_swpl), B(read_ldar) }, false, 2, LSE },
    { "SB", 2, { B(sb), B(sb) }, false, -1, 0 },
    { "SB+dmb+dmb", 2, { B(sb_dmb), B(sb_dmb) }, false, 0, 0 },
    { "SB+dsb+dsb", 2, { B(sb_dsb), B(sb_dsb) }, false, 0, 0 },
    { "SB+stlr+ldar", 2, { B(sb_stlr_ldar), B(sb_stlr_ldar) }, false, 0, 0 },
    { "LB", 2, { B(lb), B(lb) }, false, -1, 0 },
    { "LB+dmb+dmb", 2, { B(lb_dmb), B(lb_dmb) }, false, 3, 0 },
    { "LB+data+data", 2, { B(lb_data), B(lb_data) }, false, 3, 0 },
    { "LB+ldar+stlr", 2, { B(lb_ldar), B(lb_stlr) }, false, 3, 0 },
    { "IRIW", 4, { B(one), B(one), B(read), B(read) }, false, -1, 0 },
    { "IRIW+dmb+dmb", 4, { B(one), B(one), B(read_dmb), B(read_dmb) }, false, 10, 0 },
    { "IRIW+addr+addr", 4, { B(one), B(one), B(read_addr), B(read_addr) }, false, 10, 0 },
    { "IRIW+ldar+ldar", 4, { B(one), B(one), B(read_ldar2), B(read_ldar2) }, false, 10, 0 },
    { "2+2W", 2, { B(ww), B(ww) }, true, -1, 0 },
    { "2+2W+dmb+dmb", 2, { B(ww_dmb), B(ww_dmb) }, true, 3, 0 },
    { "2+2W+dmb.st+dmb.st", 2, { B(ww_dmb_st), B(ww_dmb_st) }, true, 3, 0 },
    { "2+2W+stlr+stlr", 2, { B(ww_stlr), B(ww_stlr) }, true, 3, 0 },
    { .name = NULL },
};

/* ---- the board ---- */

static volatile uint32_t *const uart = (volatile uint32_t *)0x09000000; /* PL011 */

void put(char c)
{
    uart[0] = (uint32_t)(unsigned char)c;
}

char get(void)
{
    while (uart[6] & 16)
        ;
    return (char)uart[0];
}

void relax(void)
{
    __asm__ volatile("yield");
}

static u64 psci(u64 function, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b, x3 __asm__("x3") = c;
    __asm__ volatile("hvc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

unsigned board_features(void)
{
    u64 isar0, isar1;
    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
    __asm__("mrs %0, id_aa64isar1_el1" : "=r"(isar1));
    return (isar1 >> 20 & 15 ? LRCPC : 0) | (isar0 >> 20 & 15 ? LSE : 0);
}

Word board_tests(Word runs)
{
    (void)runs;
    return 0;
}

void board_part(unsigned me)
{
    (void)me;
}

void power_off(void)
{
    psci(0x84000008, 0, 0, 0); /* SYSTEM_OFF */
}

/* From start-arm.S, on each CPU. */
void begin(u64 number);
void begin(u64 number)
{
    extern char secondary[];
    if (number)
        helper((unsigned)number);
    for (u64 k = 1; k < CPUS; k++)
        if (psci(0xc4000003, k, (u64)secondary, k)) /* CPU_ON */
            print("a CPU did not start: run with -smp 4\n");
    run();
}
