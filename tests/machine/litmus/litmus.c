/* Memory ordering by litmus tests on four CPUs. A test's threads each run a few instructions on two variables; the
 * outcome is what was loaded (or remains), a bit for each value. Types the number of runs, prints a histogram of the
 * outcomes of each test, and says which of them the architecture forbids: ARM DDI 0487, B2.3.
 *
 * Names are those of the literature: MP message passing, SB store buffering, LB load buffering, IRIW independent reads
 * of independent writes, 2+2W two threads with two writes each. */
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;

enum { CPUS = 4, CELLS = 32768, LEAST_PATIENCE = 40, PATIENCE = 4 << 20 };

typedef struct Cell { /* the variables of one run, each in a cache line of its own */
    u64 x, fill[7], y, fill2[7];
} Cell;

typedef struct Body { /* what a thread does; odd threads get x and y exchanged */
    void (*run)(u64 *first, u64 *second, u64 *out);
    unsigned bits; /* of its outcome */
} Body;

typedef struct Test {
    const char *name;
    unsigned threads;
    Body body[CPUS];
    bool final;    /* the outcome is whether 1 remains in x, in y: two bits */
    int forbidden; /* outcome, or -1 */
    unsigned needs;
} Test;

enum { LRCPC = 1, LSE = 2 };

/* %2 %3 are the variables, w1 and w2 hold 1 and 2, w3 the first load, w4 the second. */
#define BODY(name, text, bits)                                                                                         \
    static void name##_run(u64 *first, u64 *second, u64 *out)                                                          \
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
static const Test tests[] = {
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
};

/* ---- the board ---- */

static volatile uint32_t *const uart = (volatile uint32_t *)0x09000000; /* PL011 */

static void put(char c)
{
    uart[0] = (uint32_t)(unsigned char)c;
}

static void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

static void print_number(u64 n, unsigned base, unsigned digits)
{
    char text[24];
    unsigned at = sizeof text - 1, used = 0;
    text[at] = 0;
    for (; n || used < digits; n /= base, used++)
        text[--at] = (char)('0' + n % base);
    print(text + at);
}

static u64 read_number(void)
{
    u64 n = 0;
    for (;;) {
        while (uart[6] & 16)
            ;
        unsigned c = uart[0] & 0xff;
        if (c == '\r' || c == '\n')
            return n;
        put((char)c);
        if (c >= '0' && c <= '9')
            n = n * 10 + c - '0';
    }
}

static u64 psci(u64 function, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b, x3 __asm__("x3") = c;
    __asm__ volatile("hvc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

/* ---- running a test ---- */

static Cell cells[2][CELLS]; /* for each group of threads: two pairs, or all four */
static uint8_t outcome[CPUS][CELLS];
static volatile struct {
    u64 at, fill[7];
} progress[CPUS]; /* so that the threads of a group stay near each other */
static const Test *volatile current;
static u64 arrived, phase;

static void barrier(void)
{
    u64 now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == CPUS) {
        __atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&phase, now + 1, __ATOMIC_RELEASE);
    } else {
        while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) == now)
            __asm__ volatile("yield");
    }
}

/* Waits for the others of the group. They may not be running just now, on a host with few processors: so for less time
 * when that was in vain. */
static int meet(unsigned first, unsigned threads, unsigned me, u64 at, int patience)
{
    bool met = true;
    progress[me].at = at;
    for (unsigned k = first; k < first + threads; k++) {
        int tries = 0;
        while (tries < patience && progress[k].at < at)
            tries++;
        met = met && tries < patience;
    }
    if (threads > 2)
        return LEAST_PATIENCE;
    return met ? PATIENCE : patience / 2 > LEAST_PATIENCE ? patience / 2 : LEAST_PATIENCE;
}

static void part(unsigned me)
{
    const Test *t = current;
    unsigned thread = me % t->threads, first = me - thread;
    Cell *c = cells[first / t->threads];
    void (*run)(u64 *, u64 *, u64 *) = t->body[thread].run;
    int patience = PATIENCE;
    for (unsigned k = 0; k < CELLS; k++) {
        u64 out;
        patience = meet(first, t->threads, me, k + 1, patience);
        run(thread & 1 ? &c[k].y : &c[k].x, thread & 1 ? &c[k].x : &c[k].y, &out);
        outcome[me][k] = (uint8_t)out;
    }
}

void helper(void);
void helper(void)
{
    u64 me;
    __asm__("mrs %0, mpidr_el1" : "=r"(me));
    for (me &= 0xff;;) {
        barrier();
        part((unsigned)me);
        barrier();
    }
}

static unsigned outcome_of(const Test *t, unsigned group, unsigned k)
{
    const Cell *c = &cells[group][k];
    if (t->final)
        return (c->x == 1) << 1 | (c->y == 1);
    unsigned all = 0;
    for (unsigned n = 0; n < t->threads; n++)
        all = all << t->body[n].bits | outcome[group * t->threads + n][k];
    return all;
}

static void batch(const Test *t, u64 *count)
{
    unsigned groups = CPUS / t->threads;
    for (unsigned g = 0; g < groups; g++)
        for (unsigned k = 0; k < CELLS; k++)
            cells[g][k].x = cells[g][k].y = 0;
    for (unsigned k = 0; k < CPUS; k++)
        progress[k].at = 0;
    current = t;
    barrier();
    part(0);
    barrier();
    for (unsigned g = 0; g < groups; g++)
        for (unsigned k = 0; k < CELLS; k++)
            count[outcome_of(t, g, k)]++;
}

/* Prints the histogram; the number of forbidden outcomes. */
static u64 run_test(const Test *t, u64 runs)
{
    static u64 count[16];
    u64 done = 0;
    for (unsigned k = 0; k < 16; k++)
        count[k] = 0;
    unsigned bits = t->final ? 2 : 0;
    for (unsigned n = 0; n < t->threads && !t->final; n++)
        bits += t->body[n].bits;
    for (; done < runs; done += CELLS * (CPUS / t->threads))
        batch(t, count);
    print(t->name);
    print(": ");
    print_number(done, 10, 1);
    print(" runs:");
    for (unsigned k = 0; k < 1u << bits; k++)
        if (count[k]) {
            print(" ");
            print_number(k, 2, bits);
            print((int)k == t->forbidden ? " FORBIDDEN " : " ");
            print_number(count[k], 10, 1);
        }
    print("\n");
    return t->forbidden < 0 ? 0 : count[t->forbidden];
}

static unsigned features(void)
{
    u64 isar0, isar1;
    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
    __asm__("mrs %0, id_aa64isar1_el1" : "=r"(isar1));
    return (isar1 >> 20 & 15 ? LRCPC : 0) | (isar0 >> 20 & 15 ? LSE : 0);
}

void run(void);
void run(void)
{
    extern char secondary[];
    u64 forbidden = 0;
    for (u64 k = 1; k < CPUS; k++)
        if (psci(0xc4000003, k, (u64)secondary, k)) /* CPU_ON */
            print("a CPU did not start: run with -smp 4\n");
    print("runs: ");
    u64 runs = read_number();
    print("\n");
    for (unsigned k = 0; k < sizeof tests / sizeof *tests; k++)
        if ((tests[k].needs & features()) == tests[k].needs)
            forbidden += run_test(&tests[k], runs);
    print_number(forbidden, 10, 1);
    print(" forbidden outcomes\n");
    psci(0x84000008, 0, 0, 0); /* SYSTEM_OFF */
}
