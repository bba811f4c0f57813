/* Far jumps, calls and returns, through segments and gates. */
#include "system.h"

static const uint16_t code_types[] = { 0xc09a, 0xc09e, 0xc0fa, 0xc0fe, 0xc0ba, 0xc0be,
                                       0xc07a, 0x401a, 0x40fe, 0xc092, 0xc0f2 };
enum { SMALL = 8, CODES = sizeof code_types / sizeof *code_types, GATES = FIRST + 16 };

static struct __attribute__((packed)) {
    uint32_t offset;
    uint16_t selector;
} target;

static void set_codes(void)
{
    for (int n = 0; n < CODES; n++)
        gdt[FIRST + n] = segment(0, 0xfffff, code_types[n]);
    gdt[FIRST + 15] = segment(0, 0xffff, 0x00fa); /* small, 16 bits */
}

/* jmp and call [edi] */
static void transfer(const char *what, int cpl, uint32_t selector, uint32_t offset)
{
    target.selector = (uint16_t)selector;
    target.offset = offset;
    regs.edi = (uint32_t)&target;
    say(what);
    say_hex(selector, 4);
    run(" jmp", cpl, "\xff\x2f", 2);
    say(what);
    say_hex(selector, 4);
    run(" call", cpl, "\xff\x1f", 2);
}

static void to_segments(void)
{
    for (int cpl = 0; cpl < 4; cpl += 3)
        for (uint32_t rpl = 0; rpl < 4; rpl++)
            for (uint32_t n = 0; n < CODES; n++) {
                set_codes();
                if (n != SMALL)
                    transfer(cpl ? "3 to " : "0 to ", cpl, (FIRST + n) << 3 | rpl, (uint32_t)landing);
            }
    transfer("null ", 0, 3, 0);
    transfer("outside ", 0, 0x400, 0);
}

/* The return of a call comes back behind it. */
static void there_and_back(void)
{
    for (uint32_t n = 0; n < SMALL; n++) {
        set_codes();
        target.selector = (uint16_t)((FIRST + n) << 3 | 3);
        target.offset = (uint32_t)landing_ret;
        regs.edi = (uint32_t)&target;
        say_hex(target.selector, 4);
        RUN(" and back", 3, "\xff\x1f\x89\xe0");
    }
}

/* Through gates: conforming code, code that is not present, and what is beyond its limit. */
static int peer_differs(uint32_t n)
{
    return n == 1 || (n >= 5 && n <= SMALL);
}

static void by_the_manual(void)
{
    set_codes();
    regs.edi = (uint32_t)&target;
    target.offset = 0x10000;
    target.selector = (FIRST + 15) << 3 | 3;
    EXPECT("jmp beyond", 3, "\xff\x2f", 13, 0);
    EXPECT("call beyond", 3, "\xff\x1f", 13, 0);
    target.selector = GATES << 3 | 3;
    gdt[GATES] = gate((FIRST + SMALL) << 3, (uint32_t)landing, 0xec, 0);
    EXPECT("gate beyond", 3, "\xff\x1f", 13, 0);
    gdt[GATES] = gate((FIRST + 6) << 3, (uint32_t)landing, 0xec, 0);
    EXPECT("jmp gate absent", 3, "\xff\x2f", 11, (FIRST + 6) << 3);
    EXPECT("call gate absent", 3, "\xff\x1f", 11, (FIRST + 6) << 3);
    gdt[GATES] = gate((FIRST + 1) << 3, (uint32_t)landing, 0xec, 0);
    EXPECT("gate conforming", 3, "\xff\x1f", 0x80, 0);
    if (caught.cs != ((FIRST + 1) << 3 | 3))
        say("wrong: a gate to conforming code changed the level\n");
}

static void to_gates(void)
{
    static const uint8_t types[] = { 0x8c, 0xec, 0x6c, 0x84, 0xe4, 0xac };
    for (uint32_t n = 0; n < CODES + 2; n++)
        for (uint32_t k = 0; k < sizeof types && !peer_differs(n); k++)
            for (int cpl = 0; cpl < 4; cpl += 3) {
                uint32_t selector = n < CODES ? (FIRST + n) << 3 : n == CODES ? 0 : 0x400;
                set_codes();
                /* a 16-bit gate leads to low memory */
                *(uint16_t *)0x7000 = 0x80cd;
                gdt[GATES] = gate(selector, types[k] & 8 ? (uint32_t)landing : 0x7000, types[k], 0);
                say_hex(types[k], 2);
                say(cpl ? " 3 " : " 0 ");
                transfer("gate ", cpl, GATES << 3 | (uint32_t)cpl, 0x12345678);
            }
}

/* Parameters: what is on the inner stack. */
static void params(void)
{
    const uint32_t *inner = (const uint32_t *)(stack_top - 8192);
    gdt[FIRST] = segment(0, 0xfffff, 0xc09a);
    for (uint32_t n = 0; n < 4; n++) {
        gdt[GATES] = gate(FIRST << 3, (uint32_t)landing, 0xec, n);
        target.selector = GATES << 3 | 3;
        regs.edi = (uint32_t)&target;
        regs.eax = 0x11111111;
        RUN("parameters", 3, "\x50\x40\x50\x40\x50\x40\xff\x1f");
        for (int k = 1; k <= 8; k++) {
            uint32_t v = inner[-k];
            say(" ");
            if (v - (uint32_t)code_area < 256)
                say_hex(v - (uint32_t)code_area, 2);
            else
                say_hex(v, 8);
        }
        say("\n");
    }
    /* the stacks of the task segment */
    static const uint16_t bad[] = { 0, 3, 0x13, CODE0, DATA3, 0x400, 0x410 };
    for (unsigned n = 0; n < sizeof bad / sizeof *bad; n++) {
        gdt[GATES] = gate((FIRST + 3) << 3, (uint32_t)landing, 0xec, 0);
        gdt[FIRST + 3] = segment(0, 0xfffff, 0xc0ba); /* level 1 */
        *(uint32_t *)(tss[0] + 12) = (uint32_t)stack_top - 8192;
        *(uint32_t *)(tss[0] + 16) = bad[n];
        say_hex(bad[n], 4);
        RUN(" as inner stack", 3, "\xff\x1f");
    }
}

static void returns(void)
{
    static const uint16_t to[] = { 0x08, 0x09, 0x0a,  0x0b, 0x18, 0x1b, 0x1a, 0x10, 0x13,
                                   0x00, 0x03, 0x400, 0x43, 0x40, 0x4b, 0x48, 0x53, 0x5b };
    static const uint16_t stack[] = { 0x23, 0x20, 0x10, 0x13, 0x1b, 0, 3, 0x403 };
    set_codes();
    for (unsigned n = 0; n < sizeof to / sizeof *to; n++)
        for (unsigned k = 0; k < sizeof stack / sizeof *stack; k++) {
            regs.eax = to[n];
            regs.ebx = (uint32_t)landing;
            regs.ecx = (uint32_t)stack_top - 4096;
            regs.edx = stack[k];
            say_hex(to[n], 4);
            say(" ");
            say_hex(stack[k], 4);
            RUN(" lret", 0, "\x89\xe6\x52\x51\x50\x53\xcb");
            if (k == 0) {
                say_hex(to[n], 4);
                RUN(" lret at 3", 3, "\x52\x51\x50\x53\xcb");
                say_hex(to[n], 4);
                RUN(" lret 8", 0, "\x52\x51\x6a\0\x6a\0\x50\x53\xca\x08\0");
            }
        }
}

void test_far(void)
{
    to_segments();
    there_and_back();
    to_gates();
    by_the_manual();
    fresh();
    params();
    fresh();
    returns();
}
