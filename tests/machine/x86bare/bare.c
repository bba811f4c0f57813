#include "bare.h"

static void out(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

void say(const char *s)
{
    while (*s)
        out(0x3f8, (uint8_t)*s++);
}

void finish(void)
{
    say("done\n");
    out(0xf4, 0x10);
}

void say_hex(uint64_t v, int digits)
{
    char s[2] = { 0 };
    while (digits--) {
        s[0] = "0123456789abcdef"[v >> 4 * digits & 15];
        say(s);
    }
}

uint64_t segment(uint32_t base, uint32_t limit, uint32_t type)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(type & 0xff) << 40 |
           (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)(type >> 12 & 15) << 52 | (uint64_t)(base >> 24) << 56;
}

void clear(void *p, unsigned long n)
{
    for (uint8_t *b = p; n--;)
        *b++ = 0;
}

void field(const char *name, uint64_t v, int digits)
{
    say(name);
    say_hex(v, digits);
}
