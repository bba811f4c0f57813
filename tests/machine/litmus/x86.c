/* What a PC and x86 bring: SDM volume 3, 8.2. Stores are seen by all in one order, which is the program's; a load may
 * come before an earlier store, unless something locked or MFENCE is between. */
#include "litmus.h"

/* %3 %4 are the variables, %0 the first load, %1 the second, %2 is 1. */
#define BODY(name, text, bits)                                                                                         \
    static void name##_run(Var *first, Var *second, Var *out)                                                          \
    {                                                                                                                  \
        Var a = 0, b = 0, one = 1;                                                                                     \
        __asm__ volatile(text : "+a"(a), "+d"(b), "+c"(one) : "r"(first), "r"(second), "m"(here) : "memory", "cc");    \
        *out = (a << 1 | b) & ((1u << bits) - 1);                                                                      \
    }                                                                                                                  \
    enum { name##_bits = bits };
#define B(name)                                                                                                        \
    {                                                                                                                  \
        name##_run, name##_bits                                                                                        \
    }

static Var here; /* that nothing else looks at */

BODY(one, "movl $1, (%3)", 0)
BODY(write, "movl $1, (%3); movl $1, (%4)", 0)
BODY(write_xchg, "movl $1, (%3); xchgl %2, (%4)", 0)
BODY(write_rep,
     "movl $1, (%3); xchgl %%edi, %4; movl $1, %%eax; movl $1, %%ecx; rep stosl; subl $4, %%edi; xchgl %%edi, %4", 0)
BODY(read, "movl (%3), %0; movl (%4), %1", 2)
BODY(read_add, "lock xaddl %0, (%3); movl (%4), %1", 2)
BODY(sb, "movl $1, (%3); movl (%4), %1", 1)
BODY(sb_mfence, "movl $1, (%3); mfence; movl (%4), %1", 1)
BODY(sb_lock, "movl $1, (%3); lock addl $0, %5; movl (%4), %1", 1)
BODY(sb_xchg, "xchgl %2, (%3); movl (%4), %1", 1)
BODY(sb_xadd, "lock xaddl %2, (%3); movl (%4), %1", 1)
BODY(sb_cmpxchg, "xorl %%eax, %%eax; lock cmpxchgl %2, (%3); movl (%4), %1; movl $0, %%eax", 1)
BODY(sb_cpuid,
     "movl $1, (%3); pushl %%ebx; pushl %%edx; pushl %%ecx; xorl %%eax, %%eax; cpuid; popl %%ecx; popl %%edx; popl "
     "%%ebx; movl $0, %%eax; movl (%4), %1",
     1)
BODY(lb, "movl (%3), %1; movl $1, (%4)", 1)
BODY(lb_xchg, "movl (%3), %1; xchgl %2, (%4)", 1)
BODY(ww, "movl $1, (%3); movl $2, (%4)", 0)
BODY(ww_xchg, "movl $1, (%3); incl %2; xchgl %2, (%4)", 0)

/* SB alone is allowed, and shows how often threads meet. */
const Test tests[] = {
    { "SB", 2, { B(sb), B(sb) }, false, -1, 0 },
    { "SB+mfence+mfence", 2, { B(sb_mfence), B(sb_mfence) }, false, 0, 0 },
    { "SB+lock+lock", 2, { B(sb_lock), B(sb_lock) }, false, 0, 0 },
    { "SB+xchg+xchg", 2, { B(sb_xchg), B(sb_xchg) }, false, 0, 0 },
    { "SB+xadd+cmpxchg", 2, { B(sb_xadd), B(sb_cmpxchg) }, false, 0, 0 },
    { "SB+cpuid+cpuid", 2, { B(sb_cpuid), B(sb_cpuid) }, false, 0, 0 },
    { "MP", 2, { B(write), B(read) }, false, 2, 0 },
    { "MP+xchg", 2, { B(write_xchg), B(read) }, false, 2, 0 },
    { "MP+rep", 2, { B(write_rep), B(read) }, false, 2, 0 },
    { "MP+xadd", 2, { B(write), B(read_add) }, false, 2, 0 },
    { "LB", 2, { B(lb), B(lb) }, false, 3, 0 },
    { "LB+xchg+xchg", 2, { B(lb_xchg), B(lb_xchg) }, false, 3, 0 },
    { "IRIW", 4, { B(one), B(one), B(read), B(read) }, false, 10, 0 },
    { "IRIW+xadd+xadd", 4, { B(one), B(one), B(read_add), B(read_add) }, false, 10, 0 },
    { "2+2W", 2, { B(ww), B(ww) }, true, 3, 0 },
    { "2+2W+xchg+xchg", 2, { B(ww_xchg), B(ww_xchg) }, true, 3, 0 },
    { .name = NULL },
};

/* ---- the board ---- */

static void out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

void put(char c)
{
    out8(0x3f8, (uint8_t)c);
}

char get(void)
{
    while (!(in8(0x3fd) & 1))
        ;
    return (char)in8(0x3f8);
}

void relax(void)
{
    __asm__ volatile("pause");
}

unsigned board_features(void)
{
    return 0;
}

void power_off(void)
{
    out8(0xf4, 0x10);
}

/* ---- what no table says ---- every CPU does its part of the test that is set */

static void (*volatile doing)(unsigned me);
static volatile Word turns, wrong[CPUS];

void board_part(unsigned me)
{
    doing(me);
}

/* Locked accesses to a number in two pages. Three CPUs add to its upper half, which is in the second page; the last
 * adds to the lower half, in the first, by a locked access of its own. */
static uint8_t area[8192] __attribute__((aligned(4096)));

static void add_split(unsigned me)
{
    uint32_t *split = (void *)(area + 4094);
    for (Word k = 0; k < turns; k++) {
        if (me == 3)
            __asm__ volatile("lock addw $1, %0" : "+m"(*(uint16_t *)split)::"cc");
        else if (k & 1)
            __asm__ volatile("lock addl $0x10000, %0" : "+m"(*split)::"cc");
        else
            __asm__ volatile("1: movl %0, %%eax; leal 0x10000(%%eax), %%ecx; lock cmpxchgl %%ecx, %0; jne 1b"
                             : "+m"(*split)::"eax", "ecx", "cc");
    }
}

static Word split_wrong(void)
{
    uint32_t want = (uint32_t)(3 * turns) << 16 | (uint16_t)turns, *split = (void *)(area + 4094);
    return *split != want;
}

/* Code that one CPU changes and others run: SDM volume 3, 8.1.3. `number` is in an instruction: mov $number, %eax; ret
 */
static uint8_t code[CPUS + 1][64] __attribute__((aligned(4096)));
static volatile Word told;

static void write_code(uint8_t *at)
{
    static const uint8_t bytes[] = { 0x90, 0x90, 0x90, 0xb8, 0, 0, 0, 0, 0xc3 };
    for (unsigned n = 0; n < sizeof bytes; n++)
        at[n] = bytes[n];
}

static Word call(const uint8_t *at)
{
    Word v;
    __asm__ volatile("call *%1" : "=a"(v) : "r"(at) : "memory", "cc");
    return v;
}

static void serialise(void)
{
    unsigned a = 0, c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "+c"(c)::"ebx", "edx", "memory");
}

/* CPU 0 writes the number and then tells it; who was told, and serialises, runs that one or a later one. */
static void cross_modify(unsigned me)
{
    volatile Word *number = (void *)&code[CPUS][4];
    if (me == 0) {
        for (Word k = 1; k <= turns; k++) {
            *number = k;
            told = k;
        }
        return;
    }
    for (Word was = 0; was < turns;) {
        Word least = told;
        serialise();
        Word now = call(code[CPUS]);
        wrong[me] += now < least || now < was;
        was = now;
    }
}

/* Each changes its own, all in one page, and runs it behind a jump. */
static void self_modify(unsigned me)
{
    volatile Word *number = (void *)&code[me][4];
    for (Word k = 1; k <= turns; k++) {
        *number = k;
        wrong[me] += call(code[me]) != k;
    }
}

static Word board_test(const char *name, void (*part)(unsigned), Word times, Word (*end)(void))
{
    Word sum = 0;
    for (unsigned n = 0; n < CPUS; n++)
        wrong[n] = 0;
    for (unsigned n = 0; n < sizeof area; n++)
        area[n] = 0;
    for (unsigned n = 0; n <= CPUS; n++)
        write_code(code[n]);
    told = 0;
    turns = times;
    doing = part;
    everybody();
    for (unsigned n = 0; n < CPUS; n++)
        sum += wrong[n];
    sum += end ? end() : 0;
    print(name);
    print(": ");
    print_number(times, 10, 1);
    print(sum ? " times: FORBIDDEN " : " times: wrong ");
    print_number(sum, 10, 1);
    print("\n");
    return sum;
}

Word board_tests(Word runs)
{
    Word sum = board_test("locked in two pages", add_split, runs / 16, split_wrong);
    sum += board_test("code of another CPU", cross_modify, runs / 4, NULL);
    return sum + board_test("code of one's own", self_modify, runs / 4, NULL);
}

/* ---- starting CPUs ---- SDM volume 3, 8.4.4.1 */

static void command(uint32_t v)
{
    volatile uint32_t *apic = (volatile uint32_t *)0xfee00000;
    apic[0x310 / 4] = 0;
    apic[0x300 / 4] = v;
    for (int k = 0; k < 20000; k++) /* a microsecond each */
        in8(0x80);
}

void begin(unsigned number);
void begin(unsigned number)
{
    extern const char secondary[], secondary_end[];
    if (number)
        helper(number);
    for (int n = 0; n < secondary_end - secondary; n++)
        ((volatile char *)0x8000)[n] = secondary[n];
    command(0xc4500); /* INIT to all others */
    command(0xc4608); /* and start-up, at 08000h */
    run();
}
