/* A system management interrupt, which the BIOS's handler takes: RSM brings everything back. */
#include "system.h"

static void out32(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

void test_smm(void)
{
    uint32_t saved[8], now;
    /* the bit of DEVACTB in the power management function that lets APM's port make an SMI */
    out32(0xcf8, 0x80000b58);
    out32(0xcfc, 1 << 25);
    __asm__ volatile(
        "movl $0x11111111, %%ebx; movl $0x22222222, %%ecx; movl $0x33333333, %%esi; movl $0x44444444, %%edi;"
        "stc; outb %%al, $0xb2; nop; movl %%ebx, 0(%1); movl %%ecx, 4(%1); movl %%esi, 8(%1);"
        "movl %%edi, 12(%1); pushfl; popl 16(%1); movl %%cr0, %%eax; movl %%eax, 20(%1)"
        : "=a"(now)
        : "d"(saved), "a"(0x5a)
        : "ebx", "ecx", "esi", "edi", "memory");
    for (int n = 0; n < 6; n++) {
        say_hex(saved[n], 8);
        say(" ");
    }
    say("\n");
}
