/* Virtual-8086 mode, its extensions, and what users may do with ports. */
#include "system.h"

enum { CODE_AT = 0x8000, STACK_AT = 0x9000 };

static void set_cr4(uint32_t v)
{
    __asm__ volatile("movl %0, %%cr4" ::"r"(v));
}

static void enter_v86(uint32_t flags, const char *code, int length)
{
    static const uint32_t words[] = { 0, CODE_AT / 16, 0, 0x1000, STACK_AT / 16, 0x1111, 0x2222, 0x3333, 0x4444 };
    uint8_t *at = (uint8_t *)CODE_AT;
    for (int n = 0; n < length; n++)
        at[n] = (uint8_t)code[n];
    at[length] = 0xf4; /* HLT faults */
    for (int n = 1; n <= 8; n++)
        ((uint16_t *)(STACK_AT + 0x1000))[-n] = 0;
    for (unsigned n = 0; n < 9; n++)
        frame[n] = words[n];
    frame[2] = 0x20002 | flags;
    frame_words = 9;
    enter();
}

/* The words on the program's stack and where it went on. */
static void v86(const char *what, uint32_t flags, const char *code, int length)
{
    const uint16_t *stack = (const uint16_t *)(STACK_AT + 0x1000);
    enter_v86(flags, code, length);
    say_hex(flags, 6);
    result(what);
    say("  sp ");
    say_hex(caught.esp, 4);
    say(" es ");
    say_hex(caught.ves, 4);
    say(" gs ");
    say_hex(caught.vgs, 4);
    for (int n = 1; n <= 4; n++) {
        say(" ");
        say_hex(stack[-n], 4);
    }
    say("\n");
}
#define V86(what, code) v86(what, flags, code, sizeof code - 1)

static void instructions(uint32_t flags)
{
    V86("hlt", "");
    V86("cli", "\xfa");
    V86("sti", "\xfb");
    V86("sti cli", "\xfb\xfa");
    V86("pushf", "\x9c\x58");
    V86("pushfd", "\x66\x9c\x66\x58");
    V86("popf 0", "\x6a\0\x9d");
    V86("popf if", "\x68\0\x02\x9d");
    V86("popf nt", "\x68\0\x40\x9d");
    V86("popfd", "\x66\x68\0\x02\0\0\x66\x9d");
    V86("iret", "\x68\0\x02\x68\0\x08\x68\x0c\0\xcf\x90\x90\x90");
    V86("iretd", "\x66\x6a\x02\x66\x68\0\x08\0\0\x66\x6a\x10\x66\xcf\x90\x90\x90");
    V86("int 20h", "\xcd\x20");
    V86("int 21h", "\xcd\x21");
    V86("int3", "\xcc");
    V86("mov ds", "\xb8\x34\x12\x8e\xd8\x8c\xd8");
    V86("lds", "\xbb\0\0\xc5\x07");
    V86("far jump", "\xea\x06\0\0\x08\xf4\x8c\xc8");
    V86("far call", "\x9a\x06\0\0\x08\xf4\x8c\xc8");
    V86("smsw", "\x0f\x01\xe0");
    V86("sldt", "\x0f\x00\xc0");
    V86("lar", "\x0f\x02\xc0");
    V86("mov cr0", "\x0f\x20\xc0");
    V86("clts", "\x0f\x06");
    V86("in 60h", "\xe4\x60");
    V86("in 40h", "\xe4\x40\x31\xc0");
    V86("ud2", "\x0f\x0b");
}

static void set_maps(void)
{
    fresh();
    /* the map of ports ends the segment; that of interrupts lies before it: 20h is the program's own */
    for (int n = 0; n < 32; n++)
        tss[0][0x68 + n] = 0xff;
    tss[0][0x68 + 4] = 0xfe;
    for (int n = 0x88; n < 0x2088; n++)
        tss[0][n] = 0xff;
    tss[0][0x88 + 8] = 0xfe; /* port 40h */
    *(uint16_t *)(0x20 * 4) = 0x40;
    *(uint16_t *)(0x20 * 4 + 2) = CODE_AT / 16;
    ((uint8_t *)CODE_AT)[0x40] = 0xf4;
}

static void ports(void)
{
    static const uint16_t at[] = { 0x3f, 0x40, 0x41, 0x80, 0xffff };
    for (unsigned n = 0; n < sizeof at / sizeof *at; n++) {
        regs.edx = at[n];
        code_area[100] = 0;
        for (int k = 0; k < 3; k++) {
            static const char *const code[] = { "\xec", "\x66\xed", "\xed" };
            uint8_t now[8];
            int length = k == 1 ? 2 : 1;
            for (int b = 0; b < length; b++)
                now[b] = (uint8_t)code[k][b];
            now[length] = 0x31; /* what is read is not compared */
            now[length + 1] = 0xc0;
            frame[0] = (uint32_t)code_area;
            for (int b = 0; b < length + 2; b++)
                code_area[b] = now[b];
            code_area[length + 2] = 0xcd;
            code_area[length + 3] = 0x80;
            frame[1] = CODE3;
            frame[2] = 2;
            frame[3] = (uint32_t)stack_top - 12288;
            frame[4] = DATA3;
            frame_words = 5;
            enter();
            say_hex(at[n], 4);
            result(k == 0 ? " in byte" : k == 1 ? " in word" : " in dword");
        }
    }
}

/* The extensions, which the peer does not have: 21.3. In what order the flags are given: IOPL 0, with VIF and VIP. */
static void extensions(void)
{
    static const struct {
        const char *code;
        uint8_t length, ip;
        uint32_t flags, left; /* VIF, VIP and IF afterwards */
        uint16_t ax;
    } cases[] = {
        { "\xfa", 1, 1, 0x80000, 0, 0x1b },             /* CLI */
        { "\xfb", 1, 1, 0, 0x80000, 0x1b },             /* STI */
        { "\xfb", 1, 0, 0x100000, 0x100000, 0x1b },     /* which faults with VIP */
        { "\x9c\x58", 2, 2, 0x80000, 0x80000, 0x3202 }, /* PUSHF */
        { "\x9c\x58", 2, 2, 0x200, 0x200, 0x3002 },
        { "\x66\x9c", 2, 0, 0, 0, 0x1b },             /* PUSHFD */
        { "\x68\0\x02\x9d", 4, 4, 0, 0x80000, 0x1b }, /* POPF */
        { "\x6a\0\x9d", 3, 3, 0x80200, 0x200, 0x1b },
        { "\x68\0\x02\x9d", 4, 3, 0x100000, 0x100000, 0x1b },
        { "\x68\0\x01\x9d", 4, 3, 0, 0, 0x1b },                                         /* with TF */
        { "\x68\0\x02\x68\0\x08\x68\x0c\0\xcf\x90\x90\x90", 13, 13, 0, 0x80000, 0x1b }, /* IRET */
        { "\xcd\x20", 2, 0x40, 0x80000, 0, 0x1b },                                      /* INT of the program's own */
        { "\xcd\x21", 2, 0, 0x80000, 0x80000, 0x1b },
        { "\xcd\x20", 2, 0x40, 0x3200, 0, 0x1b },
    };
    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        set_maps();
        set_cr4(1);
        regs.eax = 0x1b;
        enter_v86(cases[n].flags, cases[n].code, cases[n].length);
        if (caught.vector != 13 || caught.error || caught.eip != cases[n].ip || (uint16_t)caught.eax != cases[n].ax ||
            (caught.eflags & 0x180200) != cases[n].left) {
            say("wrong: extension ");
            say_hex(n, 2);
            result("");
        }
    }
}

void test_virtual(void)
{
    static const uint32_t flags[] = { 0, 0x200, 0x3000, 0x3200, 0x80000, 0x100000 };
    for (unsigned n = 0; n < sizeof flags / sizeof *flags; n++) {
        set_maps();
        instructions(flags[n]);
    }
    extensions();
    set_cr4(0);
    set_maps();
    ports();
}
