/* Interrupt gates, their stacks, and IRET. */
#include "tests.h"

/* Descriptors a gate or a far pointer may name: FIRST and on. */
static const uint16_t types[] = { 0xa09b, 0xc09b, 0xe09b, 0xa09f, 0xa0fb, 0xa0ff,
                                  0xa01b, 0xc093, 0xa0bb, 0xc0fb, 0x009b, 0x0089 };
enum { TYPES = sizeof types / sizeof *types };

void set_types(void)
{
    for (int n = 0; n < TYPES; n++)
        gdt[FIRST + n] = segment(0, 0xfffff, types[n]);
}

static const uint16_t levels[] = { CODE0, CODE3, CODE3_32, CODE0_32 };
enum { LEVELS = sizeof levels / sizeof *levels };

void say_level(unsigned n)
{
    say_hex(levels[n], 2);
    say(" ");
}

uint16_t level(unsigned n)
{
    return levels[n];
}

static void to_gate(const char *what, unsigned l)
{
    say_level(l);
    RUN(what, levels[l], "\xcd\x40");
}

static void kinds(void)
{
    static const uint32_t ors[] = { 0, 1ull << 5, 31, 8 }; /* bits beside the stack's number */
    for (unsigned l = 0; l < LEVELS; l++)
        for (uint32_t type = 0; type < 16; type++)
            for (uint32_t dpl = 0; dpl < 4; dpl += 3)
                for (uint32_t present = 0; present < 2; present++) {
                    fresh();
                    gate(idt + 2 * 0x40, CODE0, (uint64_t)landing, type | dpl << 5 | present << 7, 0);
                    say_hex(type | dpl << 5 | present << 7, 2);
                    to_gate(" gate", l);
                }
    for (unsigned k = 0; k < sizeof ors / sizeof *ors; k++) {
        fresh();
        gate(idt + 2 * 0x40, CODE0, (uint64_t)stubs + 16 * 0x40, 0xee, ors[k] & 0xf8);
        to_gate("reserved bits", 1);
    }
}

static void targets(void)
{
    for (unsigned l = 0; l < LEVELS; l++)
        for (uint32_t n = 0; n < TYPES + 3; n++) {
            uint32_t selector = n < TYPES ? (FIRST + n) << 3 : n == TYPES ? 0 : n == TYPES + 1 ? 0x400 : 0x44;
            fresh();
            set_types();
            gate(idt + 2 * 0x40, selector, (uint64_t)stubs + 16 * 0x40, 0xee, 0);
            say_hex(n < TYPES ? types[n] : selector, 4);
            to_gate(" handler", l);
        }
    for (unsigned l = 0; l < LEVELS; l++) {
        fresh();
        gate(idt + 2 * 0x40, CODE0, BAD, 0xee, 0);
        EXPECT("handler nowhere", level(l), "\xcd\x40", 13, 0);
        fresh();
        struct __attribute__((packed)) {
            uint16_t limit;
            uint64_t base;
        } short_idt = { 0x40 * 16 + 14, (uint64_t)idt };
        __asm__ volatile("lidt %0" ::"m"(short_idt));
        to_gate("beyond the limit", l);
        fresh();
    }
}

/* Faults of stacks are taken on a good one. */
static void safe(void)
{
    fresh();
    for (unsigned v = 8; v < 15; v++)
        gate(idt + 2 * v, CODE0, (uint64_t)stubs + 16 * v, 0x8e, 7);
}

static void stacks(void)
{
    static const uint64_t bad[] = { 0x7ffffff8, 0x40001000, 0 };
    for (unsigned l = 0; l < LEVELS; l++)
        for (uint32_t ist = 0; ist < 8; ist++) {
            safe();
            gate(idt + 2 * 0x40, CODE0, (uint64_t)stubs + 16 * 0x40, 0xee, ist);
            say_hex(ist, 1);
            to_gate(" ist", l);
            gate(idt + 2 * 6, CODE0, (uint64_t)stubs + 16 * 6, 0x8e, ist);
            say_level(l);
            RUN("undefined", level(l), "\x0f\x0b");
        }
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) {
        safe();
        tss.ist[0] = bad[k] + 3;
        gate(idt + 2 * 0x40, CODE0, (uint64_t)stubs + 16 * 0x40, 0xee, 1);
        for (unsigned l = 0; l < LEVELS; l++)
            to_gate("bad ist", l);
        tss.rsp[0] = bad[k] + 3;
        gate(idt + 2 * 0x40, CODE0, (uint64_t)stubs + 16 * 0x40, 0xee, 0);
        to_gate("bad stack", 1);
    }
    safe();
    tss.rsp[0] = BAD;
    gate(idt + 2 * 0x40, CODE0, (uint64_t)stubs + 16 * 0x40, 0xee, 0);
    EXPECT("stack nowhere", CODE3, "\xcd\x40", 12, 0);
    safe();
    /* the task segment ends before the pointer */
    for (uint32_t limit = 4; limit < 0x30; limit += 4) {
        safe();
        gdt[6] = segment((uint32_t)(uint64_t)&tss, limit, 0x89);
        load_tables();
        gate(idt + 2 * 10, CODE0, (uint64_t)stubs + 16 * 10, 0x8e, 0);
        gate(idt + 2 * 0x40, CODE0, (uint64_t)stubs + 16 * 0x40, 0xee, 1);
        say_hex(limit, 2);
        to_gate(" limit, ist", 0);
    }
    safe();
}

/* ---- IRET ---- */

static void iret_with(const char *what, unsigned l, const char *code, int length, uint64_t rip, uint64_t cs,
                      uint64_t flags, uint64_t rsp, uint64_t ss)
{
    regs.r8 = rip;
    regs.rax = rip;
    regs.rcx = cs;
    regs.rdx = flags;
    regs.rsi = rsp;
    regs.rdi = ss;
    say_level(l);
    run(what, level(l), code, length);
}

/* push %rdi, %rsi, %rdx, %rcx, %rax; iretq. The same in compatibility mode with operands of 32 bits. */
#define IRETQ "\x57\x56\x52\x51\x50\x48\xcf"
#define IRETD "\x57\x56\x52\x51\x50\xcf"
#define IRETD64                                                                                                        \
    "\x48\x83\xec\x14\x89\x04\x24\x89\x4c\x24\x04\x89\x54\x24\x08\x89\x74\x24\x0c\x89\x7c\x24\x10\xcf" /* of 32 bits   \
                                                                                                        */

/* The peer lets pass: L with D, offsets beyond a limit, a null stack for what is no 64-bit code. */
static int peer_errs(uint64_t cs, uint64_t ss)
{
    uint64_t type = gdt[cs >> 3] >> 40;
    int wide = type & 0x2000 && !(type & 0x4000);
    return (type & 0x6000) == 0x6000 || (type & 0xe000) == 0 || (ss < 4 && (!wide || (ss ^ cs) & 3));
}

static void irets_to(unsigned l, uint64_t cs, uint64_t ss)
{
    if (peer_errs(cs & 0x1ff, ss))
        return;
    uint64_t sp = (uint64_t)STACK - 4096, to = (uint64_t)landing;
    say_hex(cs, 4);
    say(" ");
    say_hex(ss, 4);
    say(" ");
    if (level(l) == CODE0 || level(l) == CODE3) {
        iret_with("iretq", l, IRETQ, sizeof IRETQ - 1, to, cs, 0x3002, sp, ss);
        iret_with("iretd", l, IRETD64, sizeof IRETD64 - 1, to, cs, 0x3002, sp, ss);
    } else {
        iret_with("iretd", l, IRETD, sizeof IRETD - 1, to, cs, 0x3002, sp, ss);
    }
}

static void irets(void)
{
    static const uint16_t stacks[] = { DATA0, DATA3, 0, 1, 2, 3, 0x13, 0x20, CODE0, 0x400 };
    for (unsigned l = 0; l < LEVELS; l++)
        for (unsigned k = 0; k < sizeof stacks / sizeof *stacks; k++) {
            fresh();
            set_types();
            for (uint32_t rpl = 0; rpl < 4; rpl++)
                for (uint32_t n = 0; n < TYPES; n++)
                    irets_to(l, (FIRST + n) << 3 | rpl, stacks[k]);
            irets_to(l, CODE3, stacks[k]);
            irets_to(l, CODE0, stacks[k]);
            irets_to(l, 0, stacks[k]);
            irets_to(l, 0x400, stacks[k]);
        }
}

static void iret_expected(uint64_t rip, uint64_t cs, uint64_t rsp, uint64_t ss, uint32_t vector, uint32_t error)
{
    regs.rax = rip;
    regs.rcx = cs;
    regs.rdx = 2;
    regs.rsi = rsp ? rsp : (uint64_t)STACK - 4096;
    regs.rdi = ss;
    EXPECT("iret", CODE0, IRETQ, vector, error);
}

static void iret_flags(void)
{
    static const uint32_t flags[] = { 0x2,     0x202,    0x3002,   0x4002,   0x10002, 0x20002, 0x40002,
                                      0x80002, 0x100002, 0x200002, 0x3d7002, 0x400d7, 0x28 };
    for (unsigned l = 0; l < LEVELS; l++)
        for (unsigned k = 0; k < sizeof flags / sizeof *flags; k++) {
            fresh();
            uint64_t sp = (uint64_t)STACK - 4096, to = (uint64_t)landing;
            uint16_t ss = level(l) & 3 ? DATA3 : DATA0;
            if (l >= 2 && flags[k] & 1 << 17) /* the peer enters virtual-8086 mode, which there is none of */
                continue;
            say_hex(flags[k], 6);
            say(" ");
            if (level(l) == CODE0 || level(l) == CODE3)
                iret_with("flags", l, IRETQ, sizeof IRETQ - 1, to, level(l), flags[k], sp, ss);
            else
                iret_with("flags", l, IRETD, sizeof IRETD - 1, to, level(l), flags[k], sp, ss);
        }
    regs.rax = (uint64_t)landing;
    regs.rcx = CODE3_32;
    regs.rdx = 0x20002;
    EXPECT("iret with VM", CODE3_32, IRETD, 0x80, 0);
    /* NT */
    fresh();
    RUN("nested", CODE0, "\x68\0\x40\0\0\x9d\x48\xcf");
    set_types();
    iret_expected(BAD, CODE0, (uint64_t)STACK - 4096, DATA0, 13, 0);
    iret_expected(0xffff000000000000, CODE3, (uint64_t)STACK - 4096, DATA3, 13, 0);
    iret_expected((uint64_t)landing, CODE3, BAD, DATA3, 0x80, 0);
    iret_expected((uint64_t)landing, (FIRST + 2) << 3, 0, DATA0, 13, (FIRST + 2) << 3); /* L and D */
    iret_expected((uint64_t)landing, (FIRST + 1) << 3, 0, 0, 13, 0);                    /* a null stack for 32 bits */
    iret_expected((uint64_t)landing, CODE3, 0, 3, 13, 0);                               /* and for level 3 */
    iret_expected((uint64_t)landing, FIRST << 3, 0, 0, 0x80, 0);
    iret_expected(0x200000, (FIRST + 10) << 3, 0, DATA0, 13, 0); /* beyond the limit */
}

void test_gates(void)
{
    kinds();
    targets();
    stacks();
    fresh();
    irets();
    iret_flags();
}
