#include "system.h"

Descriptor gdt[128], ldt[16], idt[256];
uint8_t tss[4][0x2100] __attribute__((aligned(4096)));
uint8_t code_area[256] __attribute__((aligned(256)));

Descriptor gate(uint32_t selector, uint32_t offset, uint32_t type, uint32_t params)
{
    return (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)params << 32 | (uint64_t)type << 40 |
           (uint64_t)(offset >> 16) << 48;
}

void load_tables(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } g = { sizeof gdt - 1, (uint32_t)gdt }, i = { sizeof idt - 1, (uint32_t)idt };
    __asm__ volatile("lgdt %0; lidt %1; ljmp $8, $1f; 1: movl $0x10, %%eax; movl %%eax, %%ds; movl %%eax, %%es;"
                     "movl %%eax, %%ss; movl %%eax, %%fs; movl %%eax, %%gs; movl $0x28, %%eax; ltr %%ax" ::"m"(g),
                     "m"(i)
                     : "eax", "memory");
}

void fresh(void)
{
    clear(gdt, sizeof gdt);
    clear(ldt, sizeof ldt);
    clear(tss, sizeof tss);
    gdt[1] = segment(0, 0xfffff, 0xc09b);
    gdt[2] = segment(0, 0xfffff, 0xc093);
    gdt[3] = segment(0, 0xfffff, 0xc0fb);
    gdt[4] = segment(0, 0xfffff, 0xc0f3);
    gdt[5] = segment((uint32_t)tss[0], 0x2067 + 0x20, 0x89);
    gdt[6] = segment((uint32_t)ldt, sizeof ldt - 1, 0x82);
    for (int n = 0; n < 256; n++)
        idt[n] = gate(CODE0, (uint32_t)stubs + 16 * n, 0x8e, 0);
    idt[0x80] = gate(CODE0, (uint32_t)stubs + 16 * 0x80, 0xee, 0);
    *(uint32_t *)(tss[0] + 4) = (uint32_t)stack_top - 8192;
    *(uint32_t *)(tss[0] + 8) = DATA0;
    *(uint16_t *)(tss[0] + 0x66) = 0x68 + 0x20;
    load_tables();
}

/* Addresses are told as offsets, so that two builds of this say the same. */
static void address(const char *name, uint32_t v)
{
    uint32_t area = (uint32_t)code_area, land = (uint32_t)landing;
    say(name);
    if (v - area < sizeof code_area)
        field("code+", v - area, 2);
    else if (v - land < 16)
        field("landing+", v - land, 2);
    else
        say_hex(v, 8);
}

void result(const char *what)
{
    const Caught *c = &caught;
    int outer = (c->cs & 3) != 0 || c->eflags & 1 << 17;
    say(what);
    field(": ", c->vector, 2);
    field(" ", c->error & ~1u, 4); /* bit 0, EXT: the peer does not have it */
    field(" ", c->cs & 0xffff, 4);
    address(":", c->eip);
    field(" fl ", c->eflags & 0x3e7700, 6); /* RF is shown by debug.c; the arithmetic ones are the tests' own affair */
    field(c->eflags & 0x40 ? " z ax " : " - ax ", c->eax, 8);
    field(" s ", c->ds & 0xffff, 4);
    field(" ", c->es & 0xffff, 4);
    field(" ", c->fs & 0xffff, 4);
    field(" ", c->gs & 0xffff, 4);
    if (outer) {
        field(" ss ", c->ss & 0xffff, 4);
        field(":", c->esp - (uint32_t)stack_top, 8);
    }
    field(" in ", caught_ss & 0xffff, 4);
    say("\n");
}

static void attempt(int cpl, const char *code, int length)
{
    int n = 0;
    for (; n < length; n++)
        code_area[n] = (uint8_t)code[n];
    code_area[n++] = 0xcd;
    code_area[n++] = 0x80;
    frame[0] = (uint32_t)code_area;
    if (cpl == 0) {
        frame[1] = CODE0;
        frame[2] = 2;
        frame_words = 3;
    } else {
        frame[1] = CODE3;
        frame[2] = 0x3002;
        frame[3] = (uint32_t)stack_top - 12288;
        frame[4] = DATA3;
        frame_words = 5;
    }
    enter();
}

void run(const char *what, int cpl, const char *code, int length)
{
    attempt(cpl, code, length);
    result(what);
}

void expect(const char *what, int cpl, const char *code, int length, uint32_t vector, uint32_t error)
{
    attempt(cpl, code, length);
    if (caught.vector == vector && caught.error == error)
        return;
    say("wrong: ");
    result(what);
}
