/* Loading segment registers and looking at selectors. */
#include "system.h"

static const uint16_t types[] = {
    0xc090, 0xc092, 0xc094, 0xc096, 0xc098, 0xc09a, 0xc09c, 0xc09e, /* present, DPL 0 */
    0xc0f0, 0xc0f2, 0xc0f4, 0xc0f6, 0xc0f8, 0xc0fa, 0xc0fc, 0xc0fe, /* DPL 3 */
    0xc0b2, 0xc0ba, 0xc012, 0xc01a, 0xc072, 0x40f2, 0x00f2, 0x00fa, /* DPL 1, not present, small */
    0x0081, 0x0082, 0x0083, 0x0084, 0x0085, 0x0086, 0x0087, 0x0088, /* system */
    0x0089, 0x008a, 0x008b, 0x008c, 0x008d, 0x008e, 0x008f, 0x0080, 0x00e2, 0x00e9, 0x0002, 0x0009, 0x00e5, 0x00ec,
};
enum { TYPES = sizeof types / sizeof *types };

static void set_types(void)
{
    for (int n = 0; n < TYPES; n++)
        gdt[FIRST + n] = segment(0x100 * n, 0x12345, types[n]);
}

static void each_selector(const char *name, int cpl, const char *code, int length)
{
    for (int n = 0; n < TYPES; n++)
        for (uint32_t rpl = 0; rpl < 4; rpl += 3 - cpl ? 3 : 1) {
            set_types();
            regs.eax = (uint32_t)(FIRST + n) << 3 | rpl;
            regs.ecx = 0xcccccccc;
            regs.edx = cpl ? DATA3 : DATA0;
            say_hex(types[n], 4);
            say(" ");
            say_hex(rpl, 1);
            say(" ");
            run(name, cpl, code, length);
            if (!(gdt[FIRST + n] >> 40 & 1) != !(types[n] & 1))
                say("  accessed\n");
        }
}

static void odd_selectors(const char *name, int cpl, const char *code, int length)
{
    static const uint16_t odd[] = { 0, 1, 3, 4, 7, 0x3f8, 0x3fb, 0x400, 0xfff8, 0xffff };
    for (unsigned n = 0; n < sizeof odd / sizeof *odd; n++) {
        regs.eax = odd[n];
        regs.ecx = 0xcccccccc;
        regs.edx = cpl ? DATA3 : DATA0;
        say_hex(odd[n], 4);
        say(" ");
        run(name, cpl, code, length);
    }
}

#define BOTH(name, code)                                                                                               \
    for (int cpl = 0; cpl < 4; cpl += 3) {                                                                             \
        each_selector(name, cpl, code, sizeof code - 1);                                                               \
        odd_selectors(name, cpl, code, sizeof code - 1);                                                               \
    }
/* A result to ECX goes on to EAX, which is printed. */
#define SHOW "\x89\xc8"

void test_segments(void)
{
    BOTH("mov ds", "\x8e\xd8");
    BOTH("mov gs", "\x8e\xe8");
    BOTH("mov ss", "\x8e\xd0\x8c\xd1\x8e\xd2\x89\xc8");
    BOTH("lar", "\x0f\x02\xc8" SHOW);
    BOTH("lsl", "\x0f\x03\xc8" SHOW);
    BOTH("verr", "\x0f\x00\xe0");
    BOTH("verw", "\x0f\x00\xe8");
    each_selector("lldt", 0, "\x0f\x00\xd0", 3);
    odd_selectors("lldt", 0, "\x0f\x00\xd0", 3);
    each_selector("ltr", 0, "\x0f\x00\xd8", 3);
    for (regs.eax = 0; regs.eax < 4; regs.eax++)
        EXPECT("ltr null", 0, "\x0f\x00\xd8", 13, 0);
    fresh();
    RUN("lldt at 3", 3, "\x0f\x00\xd0");
    RUN("ltr at 3", 3, "\x0f\x00\xd8");
    RUN("lgdt at 3", 3, "\x0f\x01\x10");
    RUN("hlt at 3", 3, "\xf4");
    /* what a segment lets through */
    gdt[FIRST] = segment(0x1000, 0xfff, 0x4093);     /* 4 KiB */
    gdt[FIRST + 1] = segment(0x1000, 0xfff, 0x4097); /* all but 4 KiB */
    gdt[FIRST + 2] = segment(0x1000, 0xfff, 0x0097); /* ... of 64 KiB */
    gdt[FIRST + 3] = segment(0x1000, 0xfff, 0x4091); /* read-only */
    gdt[FIRST + 4] = segment(0x1000, 0xfff, 0x4099); /* execute-only */
    for (uint32_t n = 0; n < 4; n++) {
        static const uint32_t at[] = { 0, 0xffc, 0xffd, 0x1000, 0xfffc, 0xfffd, 0x10000, 0xfffffffc, 0xfffffffd };
        for (unsigned k = 0; k < sizeof at / sizeof *at; k++) {
            uint64_t last = (uint64_t)at[k] + 3;
            int down = n == 1 || n == 2, good = down ? at[k] > 0xfff && last <= (n == 1 ? ~0u : 0xffff) : last <= 0xfff;
            regs.eax = (FIRST + n) << 3;
            regs.ebx = at[k];
            EXPECT("read", 0, "\x8e\xe0\x64\x8b\x03\x31\xc0", good ? 0x80 : 13, 0);
            EXPECT("write", 0, "\x8e\xe0\x64\x8b\x03\x64\x89\x03\x31\xc0", good && n < 3 ? 0x80 : 13, 0);
        }
    }
    /* the stack */
    gdt[FIRST] = segment(0x1000, 0xfff, 0x40f3);
    regs.eax = FIRST << 3 | 3;
    regs.ebx = 0x2000;
    EXPECT("push beyond", 3, "\x8e\xd0\x89\xdc\x50", 12, 0);
    EXPECT("pop beyond", 3, "\x8e\xd0\x89\xdc\x58", 12, 0);
    EXPECT("call beyond", 3, "\x8e\xd0\x89\xdc\xe8\0\0\0\0", 12, 0);
    regs.eax = 0x1b;
    regs.ecx = 0x18;
    RUN("arpl up", 0, "\x63\xc1\x89\xc8");
    regs.eax = 0x18;
    regs.ecx = 0x1b;
    RUN("arpl stays", 0, "\x63\xc1\x89\xc8");
}
