/* INT n and exceptions through gates of every kind; IRET. */
#include "system.h"

static const uint16_t code_types[] = { 0xc09a, 0xc09e, 0xc0fa, 0xc0fe, 0xc0ba, 0xc01a, 0xc092 };
enum { CODES = sizeof code_types / sizeof *code_types };

static void set_codes(void)
{
    for (int n = 0; n < CODES; n++)
        gdt[FIRST + n] = segment(0, 0xfffff, code_types[n]);
}

static void through_gates(void)
{
    static const uint8_t types[] = { 0x8e, 0x8f, 0xee, 0xef, 0x6e, 0xce, 0x8c, 0xe9, 0xe2, 0x80, 0xf0, 0xee };
    for (unsigned k = 0; k < sizeof types; k++)
        for (uint32_t n = 0; n < CODES + 2; n++)
            for (int cpl = 0; cpl < 4; cpl += 3) {
                uint32_t selector = n < CODES ? (FIRST + n) << 3 : n == CODES ? 0 : 0x400;
                set_codes();
                idt[0x41] = gate(selector, (uint32_t)landing, types[k], 0);
                idt[6] = gate(selector, (uint32_t)landing, types[k], 0);
                say_hex(types[k], 2);
                say(" ");
                say_hex(selector, 4);
                run(cpl ? " int at 3" : " int at 0", cpl, "\xcd\x41", 2);
                say_hex(types[k], 2);
                say(" ");
                say_hex(selector, 4);
                run(cpl ? " ud2 at 3" : " ud2 at 0", cpl, "\x0f\x0b", 2);
            }
}

static void kinds(void)
{
    fresh();
    idt[3] = idt[4] = gate(CODE0, (uint32_t)stubs + 3 * 16, 0xee, 0);
    RUN("int3", 3, "\xcc");
    RUN("int 3", 3, "\xcd\x03");
    RUN("into", 3, "\xb0\x7f\x04\x01\xce");
    RUN("into not", 3, "\x31\xc0\xce");
    EXPECT("int1", 3, "\xf1", 1, 0);
    RUN("int 1", 3, "\xcd\x01");
    RUN("divide", 3, "\x31\xc9\xf7\xf1");
    RUN("gp", 3, "\xfa\xf4");
    RUN("bound", 3, "\x62\x04\x24");
    RUN("sti cli at 3", 3, "\xfb\xfa");
    idt[3] = 0;
    RUN("int3 absent", 3, "\xcc");
    idt[13] = 0; /* a fault that cannot be taken is a double one */
    RUN("int3 double", 3, "\xcc");
    RUN("gp double", 0, "\x31\xc0\x8e\xd0");
    fresh();
    idt[0] = 0;
    RUN("divide, then np", 3, "\x31\xc9\xf7\xf1");
    idt[6] = 0;
    RUN("ud2, then np", 3, "\x0f\x0b");
}

static void returns(void)
{
    static const uint16_t to[] = { 0x08, 0x0b, 0x1b, 0x18, 0x10, 0x00, 0x400, 0x43, 0x4b, 0x53, 0x5b, 0x63, 0x6b };
    static const uint16_t stack[] = { 0x23, 0x20, 0x10, 0x1b, 0, 0x403 };
    static const uint32_t flags[] = { 0x2, 0x202, 0x3202, 0xffe02, 0x40202, 0x200002, 0x180202 };
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
            RUN(" iret", 0, "\x52\x51\x6a\x02\x50\x53\xcf");
        }
    for (unsigned n = 0; n < sizeof flags / sizeof *flags; n++)
        for (int cpl = 0; cpl < 4; cpl += 3) {
            uint32_t f = flags[n] & ~0x1a4100u; /* VIP, VIF, VM, NT and TF are other tests' */
            regs.eax = cpl ? CODE3 : CODE0;
            regs.ebx = (uint32_t)landing;
            regs.ecx = f;
            say_hex(f, 6);
            run(cpl ? " iret at 3" : " iret at 0", cpl, "\x51\x50\x53\xcf", 4);
            say_hex(f, 6);
            run(cpl ? " popf at 3" : " popf at 0", cpl, "\x51\x9d", 2);
            say_hex(f, 6);
            run(cpl ? " popfw at 3" : " popfw at 0", cpl, "\x66\x51\x66\x9d", 4);
        }
}

void test_interrupts(void)
{
    through_gates();
    kinds();
    fresh();
    idt[6] = gate(0x400, (uint32_t)landing, 0x8e, 0);
    EXPECT("ext", 0, "\x0f\x0b", 13, 0x401);
    EXPECT("no ext", 0, "\xcd\x06", 13, 0x400);
    idt[6] = 0;
    EXPECT("idt, ext", 0, "\x0f\x0b", 13, 6 * 8 + 3);
    fresh();
    returns();
}
