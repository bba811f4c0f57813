/* SYSCALL, SYSENTER and the ways back. */
#include "tests.h"

enum { EFER = 0xc0000080, STAR, LSTAR, CSTAR, SFMASK };
enum { SYSENTER_CS = 0x174, SYSENTER_ESP, SYSENTER_EIP };

static void set_msrs(uint64_t star, uint32_t sysenter_cs)
{
    fresh();
    set_msr(STAR, star);
    set_msr(LSTAR, (uint64_t)landing);
    set_msr(CSTAR, (uint64_t)landing);
    set_msr(SFMASK, 0x40400);
    set_msr(SYSENTER_CS, sysenter_cs);
    set_msr(SYSENTER_ESP, (uint64_t)STACK - 4096);
    set_msr(SYSENTER_EIP, (uint64_t)landing);
}

static void try(const char *what, unsigned l, const char *code, int length)
{
    say_level(l);
    run(what, level(l), code, length);
    say("  cx ");
    say_hex(caught.rcx == (uint64_t)code_area + (uint64_t)length ? 1 : caught.rcx, 16);
    say(" r11 ");
    say_hex(caught.r11 & 0x3c7700, 16);
    say("\n");
}

static int is_amd(void)
{
    return cpuid(0).c == 0x444d4163; /* "cAMD" */
}

/* What the manuals say is #UD in compatibility mode, where the peer has both pairs on all processors: AMD's of SYSENTER
 * and SYSEXIT, Intel's of SYSCALL and SYSRET. */
static void try_of(int amd, const char *what, unsigned l, const char *code, int length)
{
    if (amd == is_amd() || l < 2)
        try(what, l, code, length);
    else
        expect(what, level(l), code, length, 6, 0);
}

/* The peer does not look whether the addresses are canonical. */
static void sysexit_nowhere(unsigned l, const char *code, int length)
{
    expect("sysexit nowhere", level(l), code, length, is_amd() ? 6 : 13, 0);
}

static void each_level(uint64_t star, uint32_t sysenter_cs)
{
    static const uint64_t to[] = { 0, BAD, 0xffff800000000000, 0x100000000 };
    for (unsigned l = 0; l < LEVELS_ALL; l++) {
        set_msrs(star, sysenter_cs);
        say_hex(star >> 32, 8);
        say(" ");
        regs.r11 = 0x40f7;
        try_of(1, "syscall", l, "\x0f\x05", 2);
        try_of(0, "sysenter", l, "\x0f\x34", 2);
        for (unsigned k = 0; k < sizeof to / sizeof *to; k++) {
            int nowhere = k == 1;
            set_msrs(star, sysenter_cs);
            regs.rcx = to[k] ? to[k] : (uint64_t)landing;
            regs.r11 = 0x3f7fd7;
            if (l < 2 && !nowhere)
                try_of(1, "sysretq", l, "\x48\x0f\x07", 3);
            try_of(1, "sysretl", l, "\x0f\x07", 2);
            regs.rcx = (uint64_t)STACK - 4096;
            regs.rdx = to[k] ? to[k] : (uint64_t)landing;
            if (l < 2 && nowhere)
                sysexit_nowhere(l, "\x48\x0f\x35", 3);
            else if (l < 2)
                try_of(0, "sysexitq", l, "\x48\x0f\x35", 3);
            try_of(0, "sysexitl", l, "\x0f\x35", 2);
            regs.rdx = (uint64_t)landing;
            regs.rcx = to[k] ? to[k] : (uint64_t)STACK - 4096;
            if (l < 2 && nowhere)
                sysexit_nowhere(l, "\x48\x0f\x35", 3);
            else if (l < 2)
                try_of(0, "sysexitq", l, "\x48\x0f\x35", 3);
        }
    }
}

void test_calls(void)
{
    each_level((uint64_t)(0x1b << 16 | CODE0) << 32, CODE0);
    each_level((uint64_t)(0x18 << 16 | (CODE0 + 3)) << 32, 0);
    set_msrs((uint64_t)(0x1b << 16 | CODE0) << 32, CODE0);
    set_msr(EFER, 0x900);
    try("syscall off", 1, "\x0f\x05", 2);
    try("sysret off", 0, "\x48\x0f\x07", 3);
    set_msr(EFER, 0x901);
}
