/* A program for two CPUs of machine virt without anything below it, for gdb to look at. */
#include <stdint.h>

volatile long counter, others;
volatile int table[4] = { 10, 20, 30, 40 };
static char stack[2][4096] __attribute__((aligned(16)));
void second(void);

/* Entered by gdb's `load` or as firmware; x0 of a second CPU is its stack. */
__asm__(".section .text.start,\"ax\"\n"
        ".global _start\n"
        "_start: adrp x0, stack + 4096\n"
        "        add x0, x0, :lo12:stack + 4096\n"
        "        mov sp, x0\n"
        "        mov x1, #3 << 20\n" /* CPACR_EL1.FPEN */
        "        msr cpacr_el1, x1\n"
        "        isb\n"
        "        mov x29, xzr\n"
        "        mov x30, xzr\n"
        "        b main\n"
        "begin:  mov sp, x0\n"
        "        mov x29, xzr\n"
        "        mov x30, xzr\n"
        "        b second\n"
        ".text\n");
extern char begin[];

static long firmware(uint64_t what, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = what, x1 __asm__("x1") = a, x2 __asm__("x2") = b, x3 __asm__("x3") = c;
    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return (long)x0;
}

__attribute__((noinline)) int twice(int x)
{
    __asm__ volatile("");
    return 2 * x;
}

__attribute__((noinline)) void note(long n)
{
    counter = n;
}

__attribute__((noinline)) double half(double x)
{
    __asm__ volatile("");
    return x / 2;
}

__attribute__((noinline)) void other_note(void)
{
    others++;
}

void second(void)
{
    for (;;)
        other_note();
}

__attribute__((noinline)) void finished(void)
{
    __asm__ volatile("");
}

int main(void)
{
    firmware(0xc4000003, 1, (uint64_t)begin, (uint64_t)(stack + 2)); /* PSCI CPU_ON, if there is one */
    for (long n = 0;; n++) {
        note(n);
        table[1] += twice((int)n);
        if (half((double)n) == 2.5)
            finished();
    }
}
