/* Hardware task switches, both kinds of task segments. */
#include "system.h"

static struct __attribute__((packed)) {
    uint32_t offset;
    uint16_t selector;
} target;
static uint8_t far_code[32] __attribute__((aligned(32)));

enum { TSS_A = FIRST, TSS_16 = FIRST + 1, GATE_A = FIRST + 2, GATE_16 = FIRST + 3 };

static void put32(uint8_t *at, uint32_t v)
{
    *(uint32_t *)at = v;
}

static void set_tasks(void)
{
    fresh();
    uint8_t *a = tss[1], *b = tss[2];
    gdt[TSS_A] = segment((uint32_t)a, 0x67, 0x89);
    gdt[TSS_16] = segment((uint32_t)b, 0x2b, 0x81);
    gdt[GATE_A] = gate(TSS_A << 3, 0, 0xe5, 0);
    gdt[GATE_16] = gate(TSS_16 << 3, 0, 0xe5, 0);
    put32(a + 4, (uint32_t)stack_top - 9216);
    put32(a + 8, DATA0);
    put32(a + 0x20, (uint32_t)landing);
    put32(a + 0x24, 0x2);
    for (int n = 0; n < 8; n++)
        put32(a + 0x28 + 4 * n, 0xa0000000u + 0x111 * (uint32_t)n);
    put32(a + 0x38, (uint32_t)stack_top - 6144);
    static const uint16_t segs[] = { DATA3, CODE0, DATA0, DATA3, 0, DATA0 };
    for (int n = 0; n < 6; n++)
        put32(a + 0x48 + 4 * n, segs[n]);
    /* in low memory, as a 16-bit EIP has to be */
    *(uint16_t *)0x7000 = 0x80cd;
    *(uint16_t *)(b + 0x0e) = 0x7000;
    *(uint16_t *)(b + 0x10) = 2;
    for (int n = 0; n < 8; n++)
        *(uint16_t *)(b + 0x12 + 2 * n) = (uint16_t)(0xb000 + 0x11 * n);
    *(uint16_t *)(b + 0x1a) = 0x6f00;
    for (int n = 0; n < 4; n++)
        *(uint16_t *)(b + 0x22 + 2 * n) = segs[n];
}

static void show(const char *what, const uint8_t *t, uint32_t from, uint32_t to)
{
    say(what);
    for (uint32_t k = from; k < to; k += 2) {
        uint32_t v = *(const uint16_t *)(t + k);
        say(k & 2 ? "" : " ");
        say_hex(v, 4);
    }
    say("\n");
}

static void after(const char *what)
{
    uint16_t tr;
    uint32_t cr0;
    __asm__ volatile("str %0; movl %%cr0, %1; clts" : "=m"(tr), "=r"(cr0));
    result(what);
    say("  tr ");
    say_hex(tr, 4);
    say(cr0 & 8 ? " ts" : "");
    say(" types ");
    say_hex((uint32_t)(gdt[5] >> 40) & 0xff, 2);
    say_hex((uint32_t)(gdt[TSS_A] >> 40) & 0xff, 2);
    say_hex((uint32_t)(gdt[TSS_16] >> 40) & 0xff, 2);
    say(" dx ");
    say_hex(caught.edx, 8);
    say(" bp ");
    say_hex(caught.ebp, 8);
    say("\n");
    show("  old", tss[0], 0x24, 0x68);
    show("  new", tss[1], 0, 4);
    show("  new", tss[2], 0, 4);
}

static void go(const char *what, int cpl, const char *code, int length)
{
    for (int n = 0; n < length; n++)
        code_area[n] = (uint8_t)code[n];
    code_area[length] = 0xcd;
    code_area[length + 1] = 0x80;
    frame[0] = (uint32_t)code_area;
    frame[1] = cpl ? CODE3 : CODE0;
    frame[2] = 0x3002;
    frame[3] = (uint32_t)stack_top - 12288;
    frame[4] = DATA3;
    frame_words = cpl ? 5 : 3;
    enter();
    after(what);
    gdt[5] &= ~(2ull << 40); /* no longer busy */
    load_tables();
}
#define GO(what, cpl, code) go(what, cpl, code, sizeof code - 1)

static void each(uint32_t selector, const char *jmp, const char *call)
{
    target.selector = (uint16_t)selector;
    for (int cpl = 0; cpl < 4; cpl += 3) {
        set_tasks();
        regs.edi = (uint32_t)&target;
        say(cpl ? "3 " : "0 ");
        GO(jmp, cpl, "\xff\x2f");
        set_tasks();
        regs.edi = (uint32_t)&target;
        say(cpl ? "3 " : "0 ");
        GO(call, cpl, "\xff\x1f");
    }
}

/* The called task returns at once, by IRET. */
static void and_back(uint32_t selector, const char *what)
{
    set_tasks();
    far_code[0] = 0xcf;
    *(uint8_t *)0x7100 = 0xcf;
    put32(tss[1] + 0x20, (uint32_t)far_code);
    *(uint16_t *)(tss[2] + 0x0e) = 0x7100;
    target.selector = (uint16_t)selector;
    regs.edi = (uint32_t)&target;
    regs.edx = 0x12345678;
    GO(what, 0, "\xff\x1f\x40");
}

/* What is wrong in the new task is its own fault: 7.3. */
static void bad_segments(void)
{
    static const struct {
        uint8_t at;
        uint16_t selector;
        uint8_t vector;
    } bad[] = {
        { 0x48, 0, 0x80 },   { 0x48, CODE0, 0x80 },  { 0x48, 0x400, 10 },    { 0x48, TSS_MAIN, 10 },
        { 0x48, 4, 10 },     { 0x4c, 0, 10 },        { 0x4c, CODE0, 0x80 },  { 0x4c, DATA0, 10 },
        { 0x4c, DATA3, 10 }, { 0x4c, 0x400, 10 },    { 0x4c, TSS_MAIN, 10 }, { 0x50, 0, 10 },
        { 0x50, CODE0, 10 }, { 0x50, DATA3, 10 },    { 0x50, 0x13, 10 },     { 0x50, 0x400, 10 },
        { 0x54, 0, 0x80 },   { 0x54, 0x400, 10 },    { 0x60, 0, 0x80 },      { 0x60, LDT, 0x80 },
        { 0x60, DATA0, 10 }, { 0x60, TSS_MAIN, 10 }, { 0x60, 0x404, 10 },
    };
    for (unsigned n = 0; n < sizeof bad / sizeof *bad; n++) {
        set_tasks();
        put32(tss[1] + bad[n].at, bad[n].selector);
        target.selector = TSS_A << 3;
        regs.edi = (uint32_t)&target;
        EXPECT("segment of a task", 0, "\xff\x2f", bad[n].vector, bad[n].vector == 10 ? bad[n].selector & ~3u : 0);
        gdt[5] &= ~(2ull << 40);
        load_tables();
    }
}

static void faults(void)
{
    bad_segments();
    set_tasks();
    gdt[TSS_A] = segment((uint32_t)tss[1], 0x66, 0x89);
    GO("short", 0, "\xff\x2f");
    set_tasks();
    gdt[TSS_A] = segment((uint32_t)tss[1], 0x67, 0x8b);
    GO("busy", 0, "\xff\x2f");
    set_tasks();
    gdt[TSS_A] = segment((uint32_t)tss[1], 0x67, 0x09);
    GO("absent", 0, "\xff\x2f");
    set_tasks();
    *(uint16_t *)tss[0] = 0x400;
    GO("nt, bad link", 0, "\x68\x02\x40\0\0\x9d\xcf");
    set_tasks();
    *(uint16_t *)tss[0] = TSS_A << 3;
    GO("nt, not busy", 0, "\x68\x02\x40\0\0\x9d\xcf");
}

static void by_gates(void)
{
    set_tasks();
    idt[0x41] = gate(TSS_A << 3, 0, 0xe5, 0);
    GO("int by task gate", 3, "\xcd\x41");
    set_tasks();
    idt[0x41] = gate(TSS_A << 3, 0, 0x85, 0);
    GO("int by task gate, dpl", 3, "\xcd\x41");
    set_tasks();
    idt[13] = gate(TSS_A << 3, 0, 0x85, 0);
    GO("gp by task gate", 3, "\xf4");
    say("  error ");
    say_hex(*(uint32_t *)(stack_top - 6144 - 4), 8);
    say("\n");
    set_tasks();
    idt[0x41] = gate(CODE0, 0, 0xe5, 0);
    GO("gate to no task", 3, "\xcd\x41");
    set_tasks();
    tss[1][0x64] = 1;
    target.selector = TSS_A << 3;
    regs.edi = (uint32_t)&target;
    EXPECT("trap bit", 0, "\xff\x2f", 1, 0);
}

void test_tasks(void)
{
    each(TSS_A << 3, "jmp 32", "call 32");
    each(TSS_16 << 3, "jmp 16", "call 16");
    each(GATE_A << 3 | 3, "jmp gate 32", "call gate 32");
    each(GATE_16 << 3 | 3, "jmp gate 16", "call gate 16");
    and_back(TSS_A << 3, "32 and back");
    and_back(TSS_16 << 3, "16 and back");
    faults();
    by_gates();
    fresh();
}
