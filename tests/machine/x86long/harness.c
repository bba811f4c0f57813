#include "long.h"

uint64_t gdt[64], idt[512];
struct Tss tss __attribute__((aligned(256)));
uint8_t code_area[256] __attribute__((aligned(256)));

void set_msr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

void gate(uint64_t *at, uint32_t selector, uint64_t offset, uint32_t type, uint32_t ist)
{
    at[0] = (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist << 32 | (uint64_t)type << 40 |
            (offset >> 16 & 0xffff) << 48;
    at[1] = offset >> 32;
}

void load_tables(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } g = { sizeof gdt - 1, (uint64_t)gdt }, i = { sizeof idt - 1, (uint64_t)idt };
    __asm__ volatile("lgdt %0; lidt %1; pushq $8; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1: movl $0x10, %%eax;"
                     "movl %%eax, %%ds; movl %%eax, %%es; movl %%eax, %%ss; movl %%eax, %%fs; movl %%eax, %%gs;"
                     "movl $0x30, %%eax; ltr %%ax" ::"m"(g),
                     "m"(i)
                     : "eax", "memory");
}

void fresh(void)
{
    clear(gdt, sizeof gdt);
    clear(&tss, sizeof tss);
    gdt[1] = segment(0, 0xfffff, 0xa09b);
    gdt[2] = segment(0, 0xfffff, 0xc093);
    gdt[3] = segment(0, 0xfffff, 0xc0fb);
    gdt[4] = segment(0, 0xfffff, 0xc0f3);
    gdt[5] = segment(0, 0xfffff, 0xa0fb);
    gdt[6] = segment((uint32_t)(uint64_t)&tss, sizeof tss - 1, 0x89);
    gdt[10] = segment(0, 0xfffff, 0xc09b);
    for (int n = 0; n < 256; n++)
        gate(idt + 2 * n, CODE0, (uint64_t)stubs + 16 * (unsigned)n, n == 0x80 ? 0xee : 0x8e, 0);
    tss.rsp[0] = (uint64_t)stack_top - 8192;
    for (unsigned n = 0; n < 7; n++)
        tss.ist[n] = (uint64_t)stack_top - 20480 - 2048 * n;
    tss.map = sizeof tss;
    load_tables();
}

/* Addresses are told as offsets, so that two builds of this say the same. */
static void address(const char *name, uint64_t v)
{
    say(name);
    if (v - (uint64_t)code_area < sizeof code_area)
        field("code+", v - (uint64_t)code_area, 2);
    else if (v - (uint64_t)landing < 16)
        field("landing+", v - (uint64_t)landing, 2);
    else if ((uint64_t)stack_top - v < 65536)
        field("top-", (uint64_t)stack_top - v, 4);
    else
        say_hex(v, 16);
}

void result(const char *what)
{
    const Caught *c = &caught;
    say(what);
    field(": ", c->vector, 2);
    field(" ", c->error & 2 ? 2 : c->error & ~1ull, 4); /* the peer has no EXT, and vectors twice as large there */
    field(" ", c->cs & 0xffff, 4);
    address(":", c->rip);
    field(" fl ", c->rflags & 0x247700, 6); /* of RF, VIF and VIP the peer knows less */
    field(c->rflags & 0x40 ? " z ax " : " - ax ", c->rax, 8);
    field(" s ", c->ds & 0xffff, 4);
    field(" ", c->es & 0xffff, 4);
    field(" ss ", c->ss & 0xffff, 4);
    address(":", c->rsp);
    if (c->cs & 3 ||
        (caught_ss != c->ss && caught_ss)) /* the peer makes it null whenever there is a stack of the gate's */
        field(" in ", caught_ss & 0xffff, 4);
    address(" at ", caught_frame);
    if (c->vector == 14)
        address(" cr2 ", caught_cr2);
    say("\n");
}

static void attempt(uint16_t cs, const char *code, int length)
{
    int n = 0;
    for (; n < length; n++)
        code_area[n] = (uint8_t)code[n];
    code_area[n++] = 0xcd;
    code_area[n++] = 0x80;
    frame.rip = (uint64_t)code_area;
    frame.cs = cs;
    frame.rflags = cs & 3 ? 0x3002 : 2;
    frame.rsp = (uint64_t)STACK;
    frame.ss = cs & 3 ? DATA3 : DATA0;
    enter();
}

void run(const char *what, uint16_t cs, const char *code, int length)
{
    attempt(cs, code, length);
    result(what);
}

Cpuid cpuid(uint32_t leaf)
{
    Cpuid r = { .c = 0 };
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d) : "a"(leaf));
    return r;
}

/* Some of what is expected leaves the peer confused. */
int is_peer(void)
{
    return cpuid(0x40000000).b == 0x54474354; /* "TCGT" */
}

void expect(const char *what, uint16_t cs, const char *code, int length, uint32_t vector, uint32_t error)
{
    if (is_peer())
        return;
    attempt(cs, code, length);
    if (caught.vector == vector && caught.error == error)
        return;
    say("wrong: ");
    result(what);
}
