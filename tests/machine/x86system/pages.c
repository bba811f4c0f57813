/* An instruction that lies on two pages, of which one changes: its bytes, or where it is. */
#include "system.h"

enum { WINDOW = 0x40000000, P = 1, W = 2, U = 4, PS = 128, ROUNDS = 3 };

static uint32_t directory[1024] __attribute__((aligned(4096))), table[1024] __attribute__((aligned(4096)));
static uint8_t page[4][4096] __attribute__((aligned(4096)));

static void set_cr0(uint32_t v)
{
    __asm__ volatile("movl %0, %%cr0; jmp 1f; 1:" ::"r"(v) : "memory");
}

static uint32_t get_cr0(void)
{
    uint32_t v;
    __asm__ volatile("movl %%cr0, %0" : "=r"(v));
    return v;
}

static void begin(void)
{
    for (uint32_t n = 0; n < 8; n++)
        directory[n] = n << 22 | PS | W | U | P;
    directory[WINDOW >> 22] = (uint32_t)table | W | U | P;
    __asm__ volatile("movl %%cr4, %%eax; orl $16, %%eax; movl %%eax, %%cr4; movl %0, %%cr3" ::"r"(directory)
                     : "eax", "memory");
    set_cr0(get_cr0() | 1u << 31);
}

static void map(unsigned n, const uint8_t *to, int all)
{
    table[n] = to ? (uint32_t)to | W | U | P : 0;
    if (all)
        __asm__ volatile("movl %0, %%cr3" ::"r"(directory) : "memory");
    else
        __asm__ volatile("invlpg (%0)" ::"r"(WINDOW + 4096 * n) : "memory");
}

/* "mov $..., %eax; ret", of which `before` bytes are on the first page, and with one byte before it. */
static void put(unsigned before, uint8_t number)
{
    for (unsigned p = 0; p < 4; p++) {
        uint8_t insn[6] = { 0xb8, 0, 0, 0, 0, 0xc3 };
        for (unsigned k = 0; k < 4; k++)
            insn[k + 1] = (uint8_t)(0x11 * k + 0x10 * p + number);
        page[p][4096 - before - 1] = 0x90;
        for (unsigned k = 0; k < before; k++)
            page[p][4096 - before + k] = insn[k];
        for (unsigned k = before; k < 6; k++)
            page[p][k - before] = insn[k];
    }
}

static void call(unsigned before, int from_before)
{
    uint32_t v;
    __asm__ volatile("call *%1" : "=a"(v) : "r"(WINDOW + 4096 - before - (unsigned)from_before) : "memory");
    say(" ");
    say_hex(v, 8);
}

static void calls(const char *what, unsigned before)
{
    say(what);
    for (int k = 0; k < ROUNDS; k++)
        call(before, k & 1);
    say("\n");
}

static void change(unsigned before)
{
    put(before, 1);
    map(0, page[0], 0);
    map(1, page[1], 0);
    calls("two pages:", before);
    page[1][4 - before]++;
    calls("its end written elsewhere:", before);
    ((volatile uint8_t *)WINDOW)[4096 + 4 - before] += 1;
    calls("its end written:", before);
    page[1][100]++;
    calls("another byte written:", before);
    map(1, page[2], 0);
    calls("another page behind, INVLPG:", before);
    page[2][4 - before]++;
    calls("its end written elsewhere:", before);
    map(1, page[1], 1);
    calls("the first again, CR3:", before);
    map(0, page[3], 0);
    calls("another page in front:", before);
    if (before > 1) {
        page[3][4095]++;
        calls("its beginning written:", before);
    }
    map(1, page[3], 0);
    calls("one page twice:", before);
    page[3][4 - before]++;
    calls("its end written:", before);
}

/* The fault is that of the page which is not there. */
static void missing(void)
{
    static const char code[] = "\xb8\xfd\x0f\x00\x40\xff\xd0"; /* mov $0x40000ffd, %eax; call *%eax */
    uint32_t at;
    put(3, 2);
    for (int k = 0; k < 4; k++) {
        map(0, page[0], 0);
        map(1, k & 1 ? 0 : page[1], k & 2);
        RUN("the second page comes and goes", 0, code);
        __asm__ volatile("movl %%cr2, %0" : "=r"(at));
        say("  cr2 ");
        say_hex(at, 8);
        say("\n");
    }
}

void test_pages(void)
{
    begin();
    for (unsigned before = 1; before < 5; before++)
        change(before);
    missing();
    set_cr0(get_cr0() & ~(1u << 31));
}
