/* Control registers and model-specific ones, what only the kernel may do, and addresses that are not canonical. */
#include "tests.h"

/* ---- control registers: each bit, with the value there is and back again ---- */

static uint64_t cr(int n)
{
    uint64_t v = 0;
    if (n == 0)
        __asm__ volatile("mov %%cr0, %0" : "=r"(v));
    else if (n == 3)
        __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    else if (n == 4)
        __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}

/* mov %rax, %crN; mov %crN, %rax; mov %rcx, %crN: what was there comes back. */
static void each_bit(const char *name, int n, uint64_t skip)
{
    char code[9] = { 0x0f, 0x22, 0, 0x0f, 0x20, 0, 0x0f, 0x22, 0 };
    code[2] = code[5] = (char)(0xc0 | n << 3);
    code[8] = (char)(0xc1 | n << 3);
    for (unsigned bit = 0; bit < 64; bit++) {
        if (skip >> bit & 1)
            continue;
        regs.rcx = cr(n);
        regs.rax = regs.rcx ^ 1ull << bit;
        say(name);
        say_hex(bit, 2);
        run(" bit", CODE0, code, 9);
        if (caught.vector == 0x80 && n != 3) {
            say_hex(caught.rax, 16);
            say("\n");
        }
    }
}

static void control_registers(void)
{
    fresh();
    /* CR0: not those that would end the world here; the peer keeps reserved ones, whose upper half is #GP */
    each_bit("cr0 ", 0, ~0x5002eull);
    for (unsigned bit = 32; bit < 64; bit++) {
        regs.rax = cr(0) | 1ull << bit;
        EXPECT("cr0 reserved", CODE0, "\x0f\x22\xc0", 13, 0);
    }
    each_bit("cr3 ", 3, 0xfffffff000 | ~0ull << 40 | 0xfff);
    each_bit("cr4 ", 4, ~0x507dfull); /* not SMEP and SMAP here; of reserved ones the peer is lost */
    for (unsigned bit = 0; bit < 64; bit++)
        if (bit == 15 || bit == 19 || bit > 25) {
            regs.rax = cr(4) | 1ull << bit;
            EXPECT("cr4 reserved", CODE0, "\x0f\x22\xe0", 13, 0);
        }
    EXPECT("cr0 nw without cd", CODE0, "\x0f\x20\xc0\x0d\0\0\0\x20\x0f\x22\xc0\x31\xc0", 13, 0);
    EXPECT("cr0 pe off", CODE0, "\x0f\x20\xc0\x83\xe0\xfe\x0f\x22\xc0\x31\xc0", 13, 0);
    EXPECT("cr0 pg off", CODE0, "\x0f\x20\xc0\x25\xff\xff\xff\x7f\x0f\x22\xc0\x31\xc0", 13, 0);
    EXPECT("cr4 pae off", CODE0, "\x0f\x20\xe0\x83\xe0\xdf\x0f\x22\xe0\x31\xc0", 13, 0);
    RUN("cr1", CODE0, "\x0f\x20\xc8");
    RUN("cr5", CODE0, "\x0f\x20\xe8");
    RUN("to cr7", CODE0, "\x0f\x22\xf8");
    RUN("cr8", CODE0, "\x6a\x05\x58\x44\x0f\x22\xc0\x44\x0f\x20\xc1\x31\xc0\x44\x0f\x22\xc0\x89\xc8");
    EXPECT("cr8 too large", CODE0, "\x6a\x10\x58\x44\x0f\x22\xc0", 13, 0);
    RUN("dr8", CODE0, "\x44\x0f\x21\xc0");
    RUN("dr6 too large", CODE0, "\x6a\xff\x58\x0f\x23\xf0");
    RUN("dr7 too large", CODE0, "\x6a\xff\x58\x0f\x23\xf8");
}

/* ---- model-specific registers ---- */

static void try_msr(uint32_t msr, uint64_t v)
{
    regs.rcx = msr;
    regs.rax = (uint32_t)v;
    regs.rdx = v >> 32;
    say_hex(msr, 8);
    say(" ");
    say_hex(v, 16);
    RUN(" wrmsr", CODE0, "\x0f\x30\x31\xc0");
    if (caught.vector == 0x80) {
        RUN("rdmsr", CODE0, "\x0f\x32");
        say_hex(caught.rdx, 8);
        say("\n");
    }
}

static void msrs(void)
{
    static const uint32_t addresses[] = { 0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101, 0xc0000102, 0x175, 0x176 };
    static const uint64_t values[] = { 0, 0x7fffffffffff, BAD / 2, BAD, 0xffff800000000000, 0xffff7fffffffffff, ~0ull };
    fresh();
    for (unsigned n = 0; n < sizeof addresses / sizeof *addresses; n++)
        for (unsigned k = 0; k < sizeof values / sizeof *values; k++) {
            if (addresses[n] < 0x1000 || (values[k] >> 47 != 0 && values[k] >> 47 != 0x1ffff))
                continue; /* the peer takes some that are not canonical: below */
            try_msr(addresses[n], values[k]);
        }
    for (unsigned n = 0; n < 5; n++) {
        regs.rcx = addresses[n];
        regs.rax = 0;
        regs.rdx = 0x8000;
        EXPECT("msr nowhere", CODE0, "\x0f\x30", 13, 0);
    }
    set_msr(0xc0000100, 0);
    set_msr(0xc0000101, 0);
    try_msr(0xc0000080, 0x500);
    try_msr(0xc0000080, 0xd01);
    for (unsigned bit = 0; bit < 64; bit++) /* the peer ignores what is reserved */
        if (bit != 0 && bit != 8 && bit != 10 && bit != 11 && bit != 12 && bit != 13 && bit != 14 && bit != 15) {
            regs.rcx = 0xc0000080;
            regs.rax = (uint32_t)(0xd01 | 1ull << bit);
            regs.rdx = (0xd01 | 1ull << bit) >> 32;
            EXPECT("efer reserved", CODE0, "\x0f\x30", 13, 0);
        }
    regs.rcx = 0xc0000080;
    regs.rax = 0xc01;
    regs.rdx = 0;
    EXPECT("lme off", CODE0, "\x0f\x30", 13, 0);
    set_msr(0xc0000080, 0xd01);
    regs.rcx = 0x10001;
    EXPECT("no such msr", CODE0, "\x0f\x32", 13, 0);
    EXPECT("no such msr", CODE0, "\x0f\x30", 13, 0);
    for (unsigned n = 0; n < 8; n++) { /* page attributes */
        uint64_t v = 0x0007040600070006 | (uint64_t)n << 8;
        regs.rcx = 0x277;
        regs.rax = (uint32_t)v;
        regs.rdx = v >> 32;
        if (n != 2 && n != 3)
            try_msr(0x277, v);
        else
            EXPECT("pat reserved", CODE0, "\x0f\x30", 13, 0);
    }
}

/* ---- what users may not ---- */

static void privileged(void)
{
    static const struct {
        const char *what, *code;
        uint8_t length;
    } cases[] = {
        { "hlt", "\xf4", 1 },
        { "clts", "\x0f\x06", 2 },
        { "invd", "\x0f\x08", 2 },
        { "wbinvd", "\x0f\x09", 2 },
        { "mov cr0", "\x0f\x20\xc0", 3 },
        { "mov dr0", "\x0f\x21\xc0", 3 },
        { "rdmsr", "\x0f\x32", 2 },
        { "wrmsr", "\x0f\x30", 2 },
        { "invlpg", "\x0f\x01\x3f", 3 },
        { "lgdt", "\x0f\x01\x17", 3 },
        { "lidt", "\x0f\x01\x1f", 3 },
        { "lldt", "\x0f\x00\xd0", 3 },
        { "ltr", "\x0f\x00\xd8", 3 },
        { "lmsw", "\x0f\x01\xf0", 3 },
        { "cli", "\xfa", 1 },
        { "sti", "\xfb\xfa", 2 },
        { "in", "\xe4\x80\x31\xc0", 4 },
        { "out", "\xe6\x80", 2 },
        { "swapgs", "\x0f\x01\xf8", 3 },
        { "xsetbv", "\x0f\x01\xd1", 3 },
        { "clac", "\x0f\x01\xca", 3 },
        { "stac", "\x0f\x01\xcb", 3 },
        { "popf", "\x6a\0\x9d", 3 },
        { "push es", "\x06", 1 },
        { "daa", "\x27", 1 },
        { "into", "\xce", 1 },
        { "rsm", "\x0f\xaa", 2 },
    };
    for (unsigned l = 1; l < 3; l++)
        for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
            fresh();
            regs.rdi = (uint64_t)STACK - 4096;
            regs.rax = 0;
            frame.rflags = 0;
            say_level(l);
            run(cases[k].what, level(l), cases[k].code, cases[k].length);
        }
}

static void set_cr4(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(v) : "memory");
}

static void umip(void)
{
    static const struct {
        const char *what, *code;
    } cases[] = { { "sgdt", "\x0f\x01\x07" },
                  { "sidt", "\x0f\x01\x0f" },
                  { "sldt", "\x0f\x00\xc0" },
                  { "str", "\x0f\x00\xc8" },
                  { "smsw", "\x0f\x01\xe0" } };
    uint64_t now = cr(4);
    Cpuid has = cpuid(7);
    for (int on = 0; on < 2; on++) {
        if (on && !(has.c >> 2 & 1))
            break;
        set_cr4(now | (on ? 1 << 11 : 0));
        for (unsigned l = 0; l < LEVELS_ALL; l++)
            for (unsigned k = 0; k < 5; k++) {
                regs.rdi = (uint64_t)STACK - 4096;
                regs.rax = 0;
                say_level(l);
                run(cases[k].what, level(l), cases[k].code, 3);
            }
    }
    set_cr4(now | 1 << 2); /* TSD */
    for (unsigned l = 0; l < LEVELS_ALL; l++) {
        say_level(l);
        run("rdtsc", level(l), "\x0f\x31\x31\xc0\x31\xd2", 6);
    }
    set_cr4(now);
}

/* ---- PCIDs ---- */

/* SDM volume 2, INVPCID, "Protected Mode Exceptions" */
static void invpcid(uint64_t type, uint64_t pcid, uint64_t address)
{
    static uint64_t descriptor[2];
    int on = cr(4) >> 17 & 1;
    int bad = type > 3 || pcid >> 12 || (type < 2 && pcid && !on) || (type == 0 && address == BAD);
    descriptor[0] = pcid;
    descriptor[1] = address;
    regs.rax = type;
    regs.rdi = (uint64_t)descriptor;
    EXPECT("invpcid", CODE0, "\x66\x0f\x38\x82\x07", bad ? 13 : 0x80, 0);
    EXPECT("invpcid of users", CODE3, "\x66\x0f\x38\x82\x07", 13, 0);
}

static void pcids(void)
{
    uint64_t now = cr(4);
    if (is_peer() || !(cpuid(1).c >> 17 & 1))
        return;
    fresh();
    for (int on = 0; on < 2; on++) {
        set_cr4(now | (on ? 1 << 17 : 0));
        for (uint64_t type = 0; type < 6; type++)
            for (uint64_t pcid = 0; pcid < 3; pcid++)
                invpcid(type, pcid, 0x200000);
        invpcid(0, 0x1000, 0);
        invpcid(1, 0x1000, 0);
        invpcid(0, 0, BAD);
        invpcid(1, 0, BAD);
        invpcid(2, 0, BAD);
        invpcid(3, 0x1000, 0);
        invpcid(1ull << 32, 0, 0);
    }
    /* on only with PCID 0: 4.10.1 */
    regs.rcx = (uint64_t)root | 5;
    EXPECT("cr3 with pcid", CODE0, "\x0f\x22\xd9", 0x80, 0);
    EXPECT("pcide off", CODE0, "\x0f\x20\xe0\x0f\xba\xf0\x11\x0f\x22\xe0", 0x80, 0);
    EXPECT("cr3 with pcid", CODE0, "\x0f\x22\xd9", 0x80, 0);
    EXPECT("pcide on", CODE0, "\x0f\x20\xe0\x0f\xba\xe8\x11\x0f\x22\xe0", 13, 0);
    regs.rcx = (uint64_t)root;
    EXPECT("cr3 without pcid", CODE0, "\x0f\x22\xd9", 0x80, 0);
    EXPECT("pcide on", CODE0, "\x0f\x20\xe0\x0f\xba\xe8\x11\x0f\x22\xe0", 0x80, 0);
    regs.rcx = (uint64_t)root | 1ull << 63;
    EXPECT("cr3 that keeps", CODE0, "\x0f\x22\xd9", 0x80, 0);
    set_cr4(now);
}

/* ---- addresses that are not canonical ---- SDM volume 1, 3.3.7.1: #SS through the stack, else #GP */

static void nowhere(void)
{
    static const struct {
        const char *what, *code;
        uint8_t length, vector;
    } cases[] = {
        { "load", "\x48\x8b\x00", 3, 13 },
        { "store", "\x48\x89\x00", 3, 13 },
        { "load rbp", "\x48\x8b\x45\x00", 4, 12 },
        { "store rbp", "\x48\x89\x45\x08", 4, 12 },
        { "load rsp", "\x48\x89\xc4\x48\x8b\x04\x24", 7, 12 },
        { "push", "\x48\x89\xc4\x50", 4, 12 },
        { "pop", "\x48\x89\xc4\x58", 4, 12 },
        { "push memory", "\xff\x30", 2, 13 },
        { "pop memory", "\x8f\x00", 2, 13 },
        { "push from good", "\x48\x89\xc4\xff\x37", 5, 12 },
        { "pushf", "\x48\x89\xc4\x9c", 4, 12 },
        { "popf", "\x48\x89\xc4\x9d", 4, 12 },
        { "call", "\x48\x89\xc4\xe8\0\0\0\0", 8, 12 },
        { "call through good", "\x48\x89\xc4\xff\x17", 5, 12 },
        { "call through bad", "\xff\x10", 2, 13 },
        { "call to nowhere", "\xff\xd0", 2, 13 },
        { "jmp to nowhere", "\xff\xe0", 2, 13 },
        { "ret to nowhere", "\x50\xc3", 2, 13 },
        { "ret", "\x48\x89\xc4\xc3", 4, 12 },
        { "leave", "\xc9", 1, 12 },
        { "enter", "\x48\x89\xc4\xc8\0\0\0", 7, 12 },
        { "iret", "\x48\x89\xc4\x48\xcf", 5, 12 },
        { "retf", "\x48\x89\xc4\x48\xcb", 5, 12 },
        { "movs", "\x48\x89\xc6\xa4", 4, 13 },
        { "stos", "\x48\x89\xc7\xaa", 4, 13 },
        { "xlat", "\x48\x89\xc3\xd7", 4, 13 },
        { "fxsave", "\x0f\xae\x00", 3, 13 },
        { "cmpxchg16b rbp", "\x48\x0f\xc7\x4d\x00", 5, 12 },
        { "movaps rbp", "\x0f\x28\x45\x00", 4, 12 },
        { "fld rbp", "\xdd\x45\x00", 3, 12 },
        { "lock add rbp", "\xf0\x01\x45\x00", 4, 12 },
        { "movaps", "\x0f\x28\x00", 3, 13 },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        fresh();
        gate(idt + 2 * 12, CODE0, (uint64_t)stubs + 16 * 12, 0x8e, 1);
        gate(idt + 2 * 13, CODE0, (uint64_t)stubs + 16 * 13, 0x8e, 1);
        regs.rax = regs.rbp = BAD;
        regs.rdi = (uint64_t)STACK - 4096;
        expect(cases[k].what, CODE3, cases[k].code, cases[k].length, cases[k].vector, 0);
        if (k != 7 && k != 8) /* ends up on the stack of level 3, too */
            expect(cases[k].what, CODE0, cases[k].code, cases[k].length, cases[k].vector, 0);
    }
}

void test_control(void)
{
    control_registers();
    msrs();
    privileged();
    umip();
    pcids();
    nowhere();
}
