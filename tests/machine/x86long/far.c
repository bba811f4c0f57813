/* Far jumps, calls and returns, and what LAR, LSL, VERR and VERW say. */
#include "tests.h"

static struct __attribute__((packed)) {
    uint32_t offset;
    uint16_t selector;
} narrow;
enum { TYPES = 12, GATES = FIRST + 24 };
enum { L_AND_D = 2, CONFORMING = 3, ABSENT = 6, SMALL = 10 }; /* of which the peer knows less, see by_the_manual() */

/* jmp and call [rdi], with offsets of 64 bits where that is what REX.W asks for, and of 32. */
static void transfer(unsigned l, uint16_t selector, uint64_t offset)
{
    static const char *const names[] = { "jmp32", "call32", "jmp16", "call16" };
    static const char codes[][4] = { "\xff\x2f", "\xff\x1f", "\x66\xff\x2f", "\x66\xff\x1f" };
    narrow.offset = (uint32_t)offset;
    narrow.selector = selector;
    for (unsigned k = 0; k < 4; k++) {
        if (k >= 2) { /* 16 bits: the selector follows two bytes of offset */
            ((uint16_t *)&narrow)[0] = 0x7000;
            ((uint16_t *)&narrow)[1] = selector;
        }
        regs.rdi = (uint64_t)&narrow;
        say_level(l);
        say_hex(selector, 4);
        say(" ");
        run(names[k], level(l), codes[k], k < 2 ? 2 : 3);
    }
}

static void to_segments(void)
{
    *(uint16_t *)0x7000 = 0x80cd;
    for (unsigned l = 0; l < LEVELS_ALL; l++) {
        for (uint32_t n = 0; n < TYPES; n++)
            for (uint32_t rpl = 0; rpl < 4 && n != L_AND_D && n != SMALL; rpl += 3) {
                fresh();
                set_types();
                transfer(l, (uint16_t)((FIRST + n) << 3 | rpl), (uint64_t)landing);
            }
        fresh();
        transfer(l, 0, (uint64_t)landing);
        transfer(l, 0x400, (uint64_t)landing);
        transfer(l, TSS, (uint64_t)landing);
        transfer(l, 0x44, (uint64_t)landing);
    }
}

static void through(unsigned l, const char *what)
{
    narrow.selector = (uint16_t)(GATES << 3 | (level(l) & 3));
    narrow.offset = 0x12345678;
    regs.rdi = (uint64_t)&narrow;
    say_level(l);
    say(what);
    run(" jmp", level(l), "\xff\x2f", 2);
    say_level(l);
    say(what);
    run(" call", level(l), "\xff\x1f", 2);
}

static void gates(void)
{
    for (unsigned l = 0; l < LEVELS_ALL; l++) {
        for (uint32_t n = 0; n < TYPES + 2; n++) {
            if (n == CONFORMING || n == ABSENT)
                continue;
            fresh();
            set_types();
            gate(gdt + GATES, n < TYPES ? (FIRST + n) << 3 : n == TYPES ? 0 : 0x400, (uint64_t)landing, 0xec, 0);
            say_hex(n, 2);
            through(l, " gate to");
        }
        for (uint32_t type = 0; type < 16; type++)
            for (uint32_t dpl = 0; dpl < 4; dpl += 3) {
                fresh();
                gate(gdt + GATES, CODE0, (uint64_t)landing, 0x80 | dpl << 5 | type, 0);
                say_hex(dpl << 5 | type, 2);
                through(l, " type");
            }
        fresh();
        gate(gdt + GATES, CODE0, (uint64_t)landing, 0x6c, 0);
        through(l, "absent");
        gate(gdt + GATES, CODE0, (uint64_t)landing, 0xec, 0);
        gdt[GATES + 1] |= 1ull << 40; /* a type in the upper half */
        through(l, "upper type");
        gate(gdt + GATES, CODE0, (uint64_t)landing, 0xec, 31); /* parameters are not copied */
        through(l, "parameters");
    }
}

static void by_the_manual(void)
{
    for (unsigned l = 0; l < LEVELS_ALL; l += 3) {
        fresh();
        set_types();
        regs.rdi = (uint64_t)&narrow;
        narrow.selector = (FIRST + L_AND_D) << 3;
        EXPECT("L and D", level(l), "\xff\x2f", 13, narrow.selector);
        narrow.selector = (FIRST + SMALL) << 3;
        narrow.offset = 0x200000;
        EXPECT("beyond", level(l), "\xff\x1f", 13, 0);
    }
    for (unsigned l = 0; l < LEVELS_ALL; l++) {
        fresh();
        set_types();
        regs.rdi = (uint64_t)&narrow;
        narrow.selector = (uint16_t)(GATES << 3 | (level(l) & 3));
        gate(gdt + GATES, CODE0, BAD, 0xec, 0);
        EXPECT("gate to nowhere", level(l), "\xff\x1f", 13, 0);
        gate(gdt + GATES, (FIRST + CONFORMING) << 3, (uint64_t)landing, 0xec, 0);
        EXPECT("gate to conforming", level(l), "\xff\x1f", 0x80, 0);
        if (!is_peer() && caught.cs != ((FIRST + CONFORMING) << 3 | (level(l) & 3u)))
            say("wrong: a gate to conforming code changed the level\n");
        gate(gdt + GATES, (FIRST + ABSENT) << 3, (uint64_t)landing, 0xec, 0);
        EXPECT("gate to absent code", level(l), "\xff\x1f", 11, (FIRST + ABSENT) << 3);
    }
}

static void returns(void)
{
    static const uint16_t stacks[] = { DATA0, DATA3, 0, 3, 0x400 };
    /* push %rdi, %rsi, %rcx, %rax; retf in 64-bit and 32-bit form */
    static const char codes[][16] = { "\x57\x56\x51\x50\x48\xcb", "\x57\x56\x51\x50\x48\xca\x08\0",
                                      "\x57\x56\x51\x50\xcb" };
    static const int lengths[] = { 6, 8, 5 };
    for (unsigned l = 0; l < LEVELS_ALL; l++)
        for (unsigned k = 0; k < sizeof stacks / sizeof *stacks; k++)
            for (uint32_t n = 0; n < TYPES + 1; n++)
                for (uint32_t rpl = 0; rpl < 4; rpl += 3) {
                    int is64 = l < 2;
                    if (n == L_AND_D || n == SMALL)
                        continue;
                    fresh();
                    set_types();
                    regs.rax = (uint64_t)landing;
                    regs.rcx = n < TYPES ? (FIRST + n) << 3 | rpl : rpl;
                    regs.rsi = (uint64_t)STACK - 4096;
                    regs.rdi = stacks[k];
                    say_level(l);
                    say_hex(regs.rcx, 4);
                    say(" ");
                    say_hex(stacks[k], 4);
                    run(" retf", level(l), codes[is64 ? 0 : 2], lengths[is64 ? 0 : 2]);
                    if (is64)
                        run("retf 8", level(l), codes[1], lengths[1]);
                }
    fresh();
    regs.rax = BAD;
    regs.rcx = CODE0;
    EXPECT("retf nowhere", CODE0, "\x57\x56\x51\x50\x48\xcb", 13, 0);
    regs.rcx = CODE3;
    regs.rax = (uint64_t)landing;
    regs.rsi = BAD;
    regs.rdi = DATA3;
    EXPECT("retf rsp nowhere", CODE0, "\x57\x56\x51\x50\x48\xcb", 0x80, 0);
}

/* ---- what may be done with a segment ---- */

static void verify(void)
{
    static const char *const names[] = { " lar", " lsl", " verr", " verw" };
    static const char codes[][8] = { "\x0f\x02\xc1", "\x0f\x03\xc1", "\x0f\x00\xe1", "\x0f\x00\xe9" };
    for (unsigned l = 0; l < LEVELS_ALL; l++)
        for (uint32_t type = 0; type < 32; type++)
            for (uint32_t more = 0; more < 4; more++)
                for (unsigned k = 0; k < 4; k++) {
                    if (k < 2 && (type == 1 || (type >= 3 && type <= 5)))
                        continue; /* there are none of these: tables 3-53, 3-62; the peer takes them */
                    fresh();
                    gdt[FIRST] = segment(0x12345, 0xabcde, type | (more & 1 ? 0xe0 : 0x80) | (more & 2 ? 0x8000 : 0));
                    regs.rcx = FIRST << 3 | (more == 3 ? 3 : 0);
                    regs.rax = 0x55555555;
                    say_level(l);
                    say_hex(type | more << 8, 3);
                    run(names[k], level(l), codes[k], 3);
                }
    for (unsigned k = 0; k < 4; k++) {
        regs.rcx = 3;
        run(names[k], CODE0, codes[k], 3);
        regs.rcx = 0x400;
        run(names[k], CODE0, codes[k], 3);
        regs.rcx = 0x44;
        run(names[k], CODE0, codes[k], 3);
    }
}

void test_far(void)
{
    to_segments();
    gates();
    by_the_manual();
    returns();
    verify();
}
