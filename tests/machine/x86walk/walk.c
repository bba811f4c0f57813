/* Page tables with random entries, and accesses through them: what faults, with which error code and CR2, what was
 * read, and which entries were marked. Built for 32-bit code (32-bit and PAE paging) with ../x86system, for 64-bit code
 * (4-level) with ../x86long: ../peer.sh compares what two programs print. */
#ifdef __x86_64__
#include "../x86long/long.h"
#else
#include "../x86system/system.h"
#endif

typedef uintptr_t Word;

#ifndef CONFIGS
#define CONFIGS 4000
#endif

enum { P = 1, W = 2, U = 4, A = 32, D = 64, PS = 128, G = 256 };
enum {
    USER_CODE = 0x400000,
    ROOT = 0x600000,
    KERNEL0 = 0x601000, /* 32-bit paging: tables of the first 8 MiB */
    KERNEL1 = 0x602000,
    POINTERS = 0x603000,
    DIRECTORY0 = 0x604000,
    DIRECTORY = 0x605000,
    POINTERS1 = 0x606000,
    TABLE = 0x607000,
    DATA = 0x800000, /* 8 MiB */
    DATA_SIZE = 0x800000,
};
enum { CR4_PSE = 16, CR4_PAE = 32, CR4_PGE = 128, CR4_OSFXSR = 512, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21 };
typedef enum Mode { MODE_32, MODE_PAE, MODE_4 } Mode;
typedef enum Kind { LOAD, STORE, CHANGE, FETCH, LOAD2, STORE2, KINDS } Kind;

/* ---- random numbers ---- */

static uint32_t random_state = 1;

static uint32_t number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static uint32_t below(uint32_t n)
{
    return number() % n;
}

static uint32_t maybe(uint32_t one_in, uint32_t bits)
{
    return below(one_in) ? 0 : bits;
}

/* ---- registers ---- */

static void set_cr0(Word v)
{
    __asm__ volatile("mov %0, %%cr0" ::"r"(v));
}

static void set_cr3(Word v)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(v) : "memory");
}

static void set_cr4(Word v)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(v) : "memory");
}

static Word get_cr2(void)
{
    Word v;
    __asm__ volatile("mov %%cr2, %0" : "=r"(v));
    return v;
}

static void set_efer(uint32_t v)
{
    __asm__ volatile("wrmsr" ::"c"(0xc0000080), "a"(v), "d"(0));
}

/* ---- the code of an access: at (%ebx), then INT 80h ---- */

static const struct {
    uint8_t bytes[8];
    char letter;
} kinds[KINDS] = {
    [LOAD] = { { 0x8b, 0x03, 0xcd, 0x80 }, 'l' },
    [STORE] = { { 0xc6, 0x03, 0xb8, 0xcd, 0x80 }, 's' },
    [CHANGE] = { { 0x80, 0x0b, 0x80, 0xcd, 0x80 }, 'c' },
    [FETCH] = { { 0xff, 0xe3 }, 'f' },
    [LOAD2] = { { 0x66, 0x8b, 0x03, 0xcd, 0x80 }, 'L' },
    [STORE2] = { { 0x66, 0xc7, 0x03, 0x90, 0xb8, 0xcd, 0x80 }, 'S' },
};
static uint8_t system_code[KINDS][8] __attribute__((aligned(64)));

/* Each 8 bytes of the data are "mov $page, %eax; int $0x80; nop", which all stores leave as it is. */
static void fill(void)
{
    for (uint32_t at = DATA; at < DATA + DATA_SIZE; at += 8) {
        uint32_t *p = (uint32_t *)(Word)at;
        p[0] = (at >> 12) << 8 | 0xb8;
        p[1] = 0x9080cd00;
    }
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned n = 0; n < 8; n++)
            system_code[k][n] = ((uint8_t *)USER_CODE)[8 * k + n] = kinds[k].bytes[n];
}

static void visit(Kind kind, int user, Word at, uint32_t flags)
{
    Word code = user ? USER_CODE + 8 * kind : (Word)system_code[kind];
#ifdef __x86_64__
    regs.rax = 0;
    regs.rbx = at;
    frame.rip = code;
    frame.cs = user ? CODE3 : CODE0;
    frame.rflags = 2 | flags;
    frame.rsp = (uint64_t)STACK;
    frame.ss = user ? DATA3 : DATA0;
#else
    regs.eax = 0;
    regs.ebx = at;
    frame[0] = code;
    frame[1] = user ? CODE3 : CODE0;
    frame[2] = 2 | flags;
    frame[3] = 0x500000;
    frame[4] = DATA3;
    frame_words = user ? 5 : 3;
#endif
    enter();
}

static Word loaded(void)
{
#ifdef __x86_64__
    return caught.rax;
#else
    return caught.eax;
#endif
}

/* ---- tables ---- */

static void put(Mode mode, Word table, unsigned n, uint64_t v)
{
    if (mode == MODE_32)
        ((uint32_t *)table)[n] = (uint32_t)v;
    else
        ((uint64_t *)table)[n] = v;
}

static uint64_t get(Mode mode, Word table, unsigned n)
{
    return mode == MODE_32 ? ((uint32_t *)table)[n] : ((uint64_t *)table)[n];
}

/* Flags of an entry. shift: of the page it would map, 12 for the last level. */
static uint64_t flags_of(Mode mode, unsigned shift)
{
    uint64_t v = (below(16) ? P : 0) | (below(4) ? W : 0) | (below(4) ? U : 0);
    v |= number() & (A | D | G | 0xe18);
    if (mode != MODE_32) {
        v |= maybe(4, 1) ? 1ull << 63 : 0;
        v |= maybe(32, 1) ? 1ull << (40 + below(12)) : 0;
    }
    if (mode == MODE_4)
        v |= (uint64_t)(number() & 0x7f) << 52;
    if (mode == MODE_PAE)
        v |= maybe(32, 1) ? 1ull << (52 + below(11)) : 0;
    if (shift == 39)
        v |= maybe(24, PS);
    else if (shift > 12)
        v |= maybe(4, PS);
    return v;
}

/* Where an entry leads: the page, of that size, or the next table. */
static uint64_t target_of(uint64_t flags, unsigned shift, Word table)
{
    uint64_t low = maybe(12, 1) ? 1ull << (13 + below(shift > 13 ? shift - 13 : 1)) : 0;
    if (shift == 12)
        return DATA + below(DATA_SIZE >> 12) * 4096u;
    if (!(flags & PS) || shift == 39)
        return table;
    if (shift == 22)
        low = low ? 1u << 21 : 0; /* the others are high bits of the address */
    uint64_t base = shift == 30 ? 0 : DATA + (below(DATA_SIZE >> shift) << shift);
    return base | low | maybe(2, 1u << 12);
}

static void set(Mode mode, Word table, unsigned n, unsigned shift, Word next)
{
    uint64_t flags = flags_of(mode, shift);
    put(mode, table, n, flags | target_of(flags, shift, next));
}

typedef struct Config {
    Mode mode;
    Word linear;
    unsigned count; /* of entries that may be marked */
    struct {
        Word table;
        unsigned n;
    } entry[5];
} Config;

static void entry(Config *c, Word table, unsigned n, unsigned shift, Word next)
{
    set(c->mode, table, n, shift, next);
    c->entry[c->count].table = table;
    c->entry[c->count++].n = n;
}

static void make_tables(Config *c)
{
    unsigned bits = c->mode == MODE_32 ? 10 : 9, mask = (1u << bits) - 1;
    c->count = 0;
    if (c->mode == MODE_4) {
        entry(c, ROOT, (unsigned)((uint64_t)c->linear >> 39 & 511), 39, POINTERS1);
        entry(c, POINTERS1, (unsigned)(c->linear >> 30 & 511), 30, DIRECTORY);
    }
    entry(c, c->mode == MODE_32 ? ROOT : DIRECTORY, (unsigned)(c->linear >> (12 + bits)) & mask, 12 + bits, TABLE);
    entry(c, TABLE, (unsigned)(c->linear >> 12) & mask, 12, 0);
    entry(c, TABLE, (unsigned)((c->linear >> 12) + 1) & mask, 12, 0); /* of an access to two pages */
}

/* What all configurations have: the program itself, for the supervisor, and the code that users run. */
static void make_kernel(Mode mode)
{
    for (Word at = ROOT; at < TABLE + 4096; at += sizeof(Word))
        *(volatile Word *)at = 0;
    for (unsigned n = 0; n < 2048 && mode == MODE_32; n++)
        put(mode, KERNEL0, n, n << 12 | P | W | (n >= USER_CODE >> 12 && n < ROOT >> 12 ? U : 0));
    for (unsigned n = 0; n < 4 && mode != MODE_32; n++)
        put(mode, DIRECTORY0, n, n << 21 | P | W | PS | (n == USER_CODE >> 21 ? U : 0));
    if (mode == MODE_32) {
        put(mode, ROOT, 0, KERNEL0 | P | W);
        put(mode, ROOT, 1, KERNEL1 | P | W | U);
    } else {
        put(mode, POINTERS, 0, DIRECTORY0 | P | (mode == MODE_4 ? W | U : 0));
        put(mode, POINTERS, 1, DIRECTORY | P);
    }
    if (mode == MODE_4)
        put(mode, ROOT, 0, POINTERS | P | W | U);
}

/* ---- configurations ---- */

static void set_modes(Mode mode)
{
    uint32_t fixed = CR4_OSFXSR | (mode == MODE_32 ? maybe(2, CR4_PSE) : CR4_PAE);
    uint32_t cr4 = fixed | maybe(2, CR4_SMEP) | maybe(2, CR4_SMAP) | maybe(2, CR4_PGE);
    uint32_t cr0 = 0x80000033 | maybe(2, 1 << 16), efer = maybe(3, 1) ? 0 : 0x800;
    set_cr4(fixed); /* without PGE: forgets global pages, too */
    set_efer(efer | (mode == MODE_4 ? 0x501 : 0));
    set_cr3(mode == MODE_PAE ? POINTERS : ROOT);
    set_cr0(cr0);
    set_cr4(cr4);
    set_cr3(mode == MODE_PAE ? POINTERS : ROOT);
    say_hex(cr4 >> 4 & 0xf, 1);
    say_hex(cr4 >> 20, 1);
    say_hex(cr0 >> 16 & 1, 1);
    say_hex(efer >> 11, 1);
}

static Word random_linear(Mode mode)
{
    uint64_t at = 0x40000000u + DATA + below(DATA_SIZE);
    if (mode == MODE_4) {
        at = (uint64_t)(1 + below(511)) << 39 | (uint64_t)below(512) << 30 | (at & 0x3fffffff);
        at = (uint64_t)((int64_t)(at << 16) >> 16);
    }
    return (Word)at & ~(Word)7;
}

/* Without a flush in between: what the first one left in the TLB is good for the next ones only as far as it says. */
static int accesses(const Config *c)
{
    int done = 0;
    for (int k = 0; k < 3; k++) {
        Kind kind = (Kind)below(KINDS);
        int user = below(3) != 0;
        Word at = kind >= LOAD2 ? c->linear | 4095 : c->linear;
        char text[4] = { ' ', kinds[kind].letter, user ? 'u' : 'k', 0 };
        visit(kind, user, at, maybe(3, 1 << 18));
        say(text);
        say_hex(caught.vector, 2);
        if (caught.vector == 0x80) {
            say_hex(loaded(), 6);
            done++;
            continue;
        }
        say_hex(caught.error | (caught.error >> 3 & 1), 4); /* the peer does not set P beside RSVD: SDM volume 3, 4.7 */
        say("+");
        say_hex(caught.vector == 14 ? get_cr2() - c->linear : 0, 4);
    }
    return done;
}

/* The peer marks pages of 1 GiB as accessed that must not be. */
static uint64_t not_compared(const Config *c, unsigned n, uint64_t e, int done)
{
    return c->mode == MODE_4 && n == 1 && e & PS && !done ? A : 0;
}

static void configuration(Mode mode)
{
    Config c = { .mode = mode, .linear = random_linear(mode) };
    uint64_t before[5];
    make_tables(&c);
    for (unsigned n = 0; n < c.count; n++)
        before[n] = get(mode, c.entry[n].table, c.entry[n].n);
    set_modes(mode);
    int done = accesses(&c);
    for (unsigned n = 0; n < c.count; n++) {
        uint64_t now = get(mode, c.entry[n].table, c.entry[n].n) & ~not_compared(&c, n, before[n], done);
        before[n] &= ~not_compared(&c, n, before[n], done);
        say(" ");
        say_hex(before[n] >> 32, mode == MODE_32 ? 0 : 8);
        say_hex(before[n], 8);
        say("/");
        say_hex((now ^ before[n]) >> 4, 2);
        put(mode, c.entry[n].table, c.entry[n].n, 0);
    }
    say("\n");
}

static void run_mode(Mode mode)
{
    make_kernel(mode);
    for (int n = 0; n < CONFIGS; n++)
        configuration(mode);
    set_cr4(CR4_OSFXSR | (mode == MODE_32 ? 0 : CR4_PAE));
}

int main(void)
{
    fresh();
    fill();
#ifdef __x86_64__
    run_mode(MODE_4);
#else
    make_kernel(MODE_32);
    run_mode(MODE_32);
    set_cr0(0x33);
    run_mode(MODE_PAE);
    set_cr0(0x33);
#endif
    finish();
    return 0;
}
