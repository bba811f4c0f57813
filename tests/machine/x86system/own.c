/* Instructions that change what follows them, without a jump between (SDM volume 3, 9.1.3: processors since the Pentium
 * execute what was stored), and loops that change themselves. */
#include "system.h"

static void tell(uint32_t v)
{
    say(" ");
    say_hex(v, 8);
}

static void next_one(uint32_t v)
{
    uint32_t r;
    __asm__ volatile("movb %b1, 1f + 1; 1: movl $0, %0" : "=a"(r) : "c"(v) : "memory");
    tell(r);
    __asm__ volatile("xchgb %b1, 1f + 1; 1: movl $0, %0" : "=a"(r) : "c"(v) : "memory");
    tell(r);
    __asm__ volatile("lock; addl %1, 1f + 1; nop; nop; 1: movl $0, %0" : "=a"(r) : "c"(v) : "memory");
    tell(r);
    __asm__ volatile("pushl %1; popl 1f + 1; nop; 1: movl $0, %0" : "=a"(r) : "c"(v) : "memory");
    tell(r);
}

static void by_string(uint32_t v)
{
    uint32_t r, to, count = 4;
    __asm__ volatile("movl $1f + 1, %1; cld; rep stosb; 1: movl $0, %%edx"
                     : "=d"(r), "=&D"(to), "+c"(count)
                     : "a"(v)
                     : "memory");
    tell(r);
    __asm__ volatile("movl $1f + 1, %1; cld; stosl; 1: movl $0, %%edx" : "=d"(r), "=&D"(to) : "a"(v) : "memory");
    tell(r);
}

/* NOP or INC EDX. */
static void an_opcode(uint32_t v)
{
    uint32_t r = 0;
    __asm__ volatile("movb %b1, 1f; 1: nop; movb $0x90, 1b" : "+d"(r) : "c"(v & 1 ? 0x42 : 0x90) : "memory");
    tell(r);
}

/* Adds 1, 2, 3 ... */
static void a_loop(uint32_t times)
{
    uint32_t r = 0;
    __asm__ volatile("1: addl $1, %0; incb 1b + 2; loop 1b; movb $1, 1b + 2" : "+d"(r), "+c"(times) : : "memory");
    tell(r);
}

void test_own_stores(void)
{
    for (uint32_t v = 1; v < 6; v++) {
        say("changed code:");
        next_one(v);
        by_string(v);
        an_opcode(v);
        a_loop(v * 3);
        say("\n");
    }
}
