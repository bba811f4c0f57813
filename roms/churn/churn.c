/* A bare guest that never lets translated code rest. All CPUs at once write functions and call them, with the cache
 * maintenance that the architecture asks of software (ARM DDI 0487, B2.7.4); exchange the pages behind one address;
 * and keep more code alive than a small code cache holds. Every result is checked against what the function was meant
 * to compute.
 *
 * The kernel command line may say seconds=N. One line tells the result, then the machine is switched off. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPUS = 8, WORDS = 16, OWN = 8192, SHARED = 256, PAGES = 8, WINDOWS = 4, PAGE = 4096 };

typedef uint64_t Function(uint64_t);
typedef struct Code {
    uint32_t word[WORDS];
} Code;

/* A function's seed says what it computes; 0: not written yet. */
typedef struct Shared {
    uint32_t lock, seed;
} Shared;

static Code own[CPUS][OWN] __attribute__((aligned(4096)));
static uint32_t own_seed[CPUS][OWN];
static Code shared_code[SHARED] __attribute__((aligned(4096)));
static Shared shared[SHARED];
static Code toggle __attribute__((aligned(64)));
static Code page[PAGES][PAGE / sizeof(Code)] __attribute__((aligned(4096)));
static uint32_t page_seed[PAGES];
static Shared window[WINDOWS]; /* seed: number of the page that is mapped */
static uint64_t level1[512] __attribute__((aligned(4096))), level2[512] __attribute__((aligned(4096))),
    level3[512] __attribute__((aligned(4096)));
static uint64_t calls[CPUS], writes[CPUS], remaps[CPUS];
static uint32_t running, stop, failed;
static const uint64_t window_at = 0x80000000;

extern char secondary[];
void cpu_main(uint64_t cpu);
void unexpected(uint64_t esr, uint64_t elr, uint64_t far);

/* ---- the outside ---- */

static void put(char c)
{
    volatile uint32_t *uart = (void *)0x09000000;
    while (uart[6] & 1 << 5)
        continue;
    uart[0] = (uint8_t)c;
}

static void say(const char *text)
{
    for (; *text; text++)
        put(*text);
}

static void say_number(uint64_t n, unsigned base)
{
    char digit[24];
    int count = 0;
    do
        digit[count++] = "0123456789abcdef"[n % base];
    while (n /= base);
    while (count)
        put(digit[--count]);
}

static uint64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b, x3 __asm__("x3") = c;
    __asm__ volatile("hvc 0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0;
}

static void off(void)
{
    psci(0x84000008, 0, 0, 0);
}

/* The first failure is told; the machine ends. */
static void fail(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
    if (__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST))
        for (;;)
            __asm__ volatile("wfi");
    say("churn: FAILED: ");
    say(what);
    say(" ");
    say_number(a, 16);
    say(" ");
    say_number(b, 16);
    say(" ");
    say_number(c, 16);
    say("\n");
    off();
}

void unexpected(uint64_t esr, uint64_t elr, uint64_t far)
{
    fail("exception: esr elr far", esr, elr, far);
}

/* ---- functions ---- */

static uint32_t random32(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* One instruction on x0, and the same on *x. */
static uint32_t step(uint32_t *seed, uint64_t *x)
{
    uint32_t r = random32(seed), n = r >> 8 & 0xfff, shift = 1 + (n & 31);
    switch (r % 6) {
    case 0:
        *x += n;
        return 0x91000000 | n << 10; /* add x0, x0, n */
    case 1:
        *x -= n;
        return 0xd1000000 | n << 10; /* sub x0, x0, n */
    case 2:
        *x ^= *x >> shift;
        return 0xca400000 | shift << 10; /* eor x0, x0, x0, lsr shift */
    case 3:
        *x = *x >> shift | *x << (64 - shift);
        return 0x93c00000 | shift << 10; /* ror x0, x0, shift */
    case 4:
        *x = (*x & ~0xffffull) | n;
        return 0xf2800000 | n << 5; /* movk x0, n */
    default:
        *x = ~*x;
        return 0xaa2003e0; /* mvn x0, x0 */
    }
}

static uint64_t meant(uint32_t seed, uint64_t x)
{
    for (int i = 0; i < WORDS - 1; i++)
        step(&seed, &x);
    return x;
}

static void publish(const void *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        __asm__ volatile("dc cvau, %0" ::"r"((const char *)at + i) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    for (size_t i = 0; i < bytes; i += 64)
        __asm__ volatile("ic ivau, %0" ::"r"((const char *)at + i) : "memory");
    __asm__ volatile("dsb ish; isb" ::: "memory");
}

static void write_function(Code *code, uint32_t seed)
{
    uint64_t x = 0;
    for (int i = 0; i < WORDS - 1; i++)
        code->word[i] = step(&seed, &x);
    code->word[WORDS - 1] = 0xd65f03c0; /* ret */
    publish(code, sizeof *code);
}

static void call(unsigned cpu, const char *what, const void *code, uint32_t seed, uint64_t x)
{
    uint64_t got = ((Function *)(uintptr_t)code)(x);
    calls[cpu]++;
    if (got != meant(seed, x))
        fail(what, (uintptr_t)code, got, meant(seed, x));
}

static bool take(uint32_t *lock)
{
    if (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
        return false;
    __asm__ volatile("isb" ::: "memory"); /* what others made executable before they gave the lock back */
    return true;
}

static void give(uint32_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* ---- what is done over and over ---- */

/* Functions of this CPU's own: many, so that regions are emptied; some are written anew. */
static void use_own(unsigned cpu, uint32_t *seed)
{
    uint32_t start = random32(seed) % OWN;
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t k = (start + i) % OWN;
        if (!own_seed[cpu][k] || random32(seed) % 16 == 0) {
            own_seed[cpu][k] = random32(seed);
            write_function(&own[cpu][k], own_seed[cpu][k]);
            writes[cpu]++;
        }
        call(cpu, "own function: at got meant", &own[cpu][k], own_seed[cpu][k], random32(seed));
    }
}

static void use_shared(unsigned cpu, uint32_t *seed)
{
    uint32_t k = random32(seed) % SHARED;
    if (!take(&shared[k].lock))
        return;
    if (!shared[k].seed || random32(seed) % 2) {
        shared[k].seed = random32(seed);
        write_function(&shared_code[k], shared[k].seed);
        writes[cpu]++;
    }
    for (int i = 0; i < 4; i++)
        call(cpu, "shared function: at got meant", &shared_code[k], shared[k].seed, random32(seed));
    give(&shared[k].lock);
}

/* A branch and a no-operation may be exchanged while others execute them (B2.2.5): either is what they get. */
static void use_toggle(unsigned cpu, uint32_t *seed)
{
    uint32_t *first = &toggle.word[0];
    if (random32(seed) % 4 == 0) {
        __atomic_store_n(first, random32(seed) & 1 ? 0x14000002 : 0xd503201f, __ATOMIC_RELAXED);
        publish(first, 4);
        writes[cpu]++;
    }
    for (int i = 0; i < 8; i++) {
        uint64_t got = ((Function *)(uintptr_t)first)(100);
        calls[cpu]++;
        if (got != 102 && got != 103)
            fail("exchanged branch: got", got, *first, 0);
    }
}

static void map(unsigned w, uint64_t entry)
{
    __atomic_store_n(&level3[w], entry, __ATOMIC_RELEASE);
    __asm__ volatile("dsb ishst" ::: "memory");
}

static void use_window(unsigned cpu, uint32_t *seed)
{
    unsigned w = random32(seed) % WINDOWS, k = random32(seed) % (PAGE / sizeof(Code));
    char *at = (char *)(uintptr_t)(window_at + w * PAGE);
    if (!take(&window[w].lock))
        return;
    if (random32(seed) % 2) { /* break before make: D8.16.1 */
        window[w].seed = random32(seed) % PAGES;
        map(w, 0);
        __asm__ volatile("tlbi vaae1is, %0; dsb ish; isb" ::"r"((uint64_t)(uintptr_t)at >> 12) : "memory");
        map(w, (uint64_t)(uintptr_t)page[window[w].seed] | 3 | 1 << 2 | 3 << 8 | 1 << 10);
        __asm__ volatile("isb" ::: "memory");
        remaps[cpu]++;
    }
    if (random32(seed) % 64 == 0)
        __asm__ volatile("tlbi vmalle1is; dsb ish; isb" ::: "memory");
    call(cpu, "window: at got meant", at + k * sizeof(Code), page_seed[window[w].seed] + k, random32(seed));
    give(&window[w].lock);
}

/* ---- starting and ending ---- */

static void make_tables(void)
{
    level1[0] = 1 | 0 << 2 | 1 << 10;
    level1[1] = 0x40000000 | 1 | 1 << 2 | 3 << 8 | 1 << 10;
    level1[2] = (uint64_t)(uintptr_t)level2 | 3;
    level2[0] = (uint64_t)(uintptr_t)level3 | 3;
}

/* 39-bit addresses, 4 KiB granule, write-back inner shareable. */
static void enable_mmu(void)
{
    uint64_t tcr = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2ull << 32;
    __asm__ volatile("msr mair_el1, %0; msr tcr_el1, %1; msr ttbr0_el1, %2; isb; tlbi vmalle1; dsb nsh; isb;"
                     "msr sctlr_el1, %3; isb" ::"r"(0xff04ull),
                     "r"(tcr), "r"(level1), "r"(0x30d01805ull)
                     : "memory");
}

static void prepare(void)
{
    static const uint32_t toggled[] = { 0xd503201f, 0x91000400, 0x91000800, 0xd65f03c0 }; /* nop; add 1; add 2; ret */
    for (size_t i = 0; i < sizeof toggled / 4; i++)
        toggle.word[i] = toggled[i];
    publish(&toggle, sizeof toggle);
    for (unsigned p = 0; p < PAGES; p++) {
        page_seed[p] = 0x10000 * (p + 1);
        for (unsigned k = 0; k < PAGE / sizeof(Code); k++)
            write_function(&page[p][k], page_seed[p] + k);
    }
    for (unsigned w = 0; w < WINDOWS; w++)
        map(w, (uint64_t)(uintptr_t)page[0] | 3 | 1 << 2 | 3 << 8 | 1 << 10);
}

/* "seconds=N" in the device tree, which lies at the beginning of memory; 10 without. */
static uint64_t seconds_asked(void)
{
    const volatile unsigned char *dtb = (void *)0x40000000;
    static const char key[] = "seconds=";
    uint32_t size = (uint32_t)dtb[4] << 24 | dtb[5] << 16 | dtb[6] << 8 | dtb[7];
    if (dtb[0] != 0xd0 || dtb[1] != 0x0d || size > 1 << 20)
        return 10;
    for (uint32_t i = 0; i + sizeof key < size; i++) {
        uint32_t k = 0;
        while (k < sizeof key - 1 && dtb[i + k] == (unsigned char)key[k])
            k++;
        uint64_t n = 0;
        if (k == sizeof key - 1) {
            for (i += k; dtb[i] >= '0' && dtb[i] <= '9'; i++)
                n = n * 10 + (dtb[i] - '0');
            return n;
        }
    }
    return 10;
}

static uint64_t now(void)
{
    uint64_t t;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t)::"memory");
    return t;
}

static void work(unsigned cpu, uint64_t until)
{
    uint32_t seed = 0x9e3779b9u * (cpu + 1);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        use_own(cpu, &seed);
        for (int i = 0; i < 8; i++) {
            use_shared(cpu, &seed);
            use_toggle(cpu, &seed);
            use_window(cpu, &seed);
        }
        if (!cpu && now() > until)
            __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    }
}

static void report(unsigned cpus)
{
    uint64_t sum[3] = { 0 };
    for (unsigned k = 0; k < cpus; k++) {
        sum[0] += calls[k];
        sum[1] += writes[k];
        sum[2] += remaps[k];
    }
    say("churn: ");
    say_number(cpus, 10);
    say(" CPUs, ");
    say_number(sum[0], 10);
    say(" calls, ");
    say_number(sum[1], 10);
    say(" functions written, ");
    say_number(sum[2], 10);
    say(" pages exchanged: all right\n");
    off();
}

static void first_cpu(void)
{
    uint64_t frequency, cpus = 1;
    make_tables();
    enable_mmu();
    prepare();
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    __atomic_store_n(&running, 1, __ATOMIC_SEQ_CST);
    while (cpus < CPUS && !psci(0xc4000003, cpus, (uint64_t)(uintptr_t)secondary, cpus))
        cpus++;
    work(0, now() + frequency * seconds_asked());
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) != cpus)
        __asm__ volatile("yield"); /* the others count themselves when they are done */
    report((unsigned)cpus);
}

void cpu_main(uint64_t cpu)
{
    if (!cpu) {
        first_cpu();
        return;
    }
    enable_mmu();
    work((unsigned)cpu, 0);
    __atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
}
