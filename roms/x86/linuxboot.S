/* Option ROM that starts Linux: loads what the machine was given with -kernel by fw_cfg's DMA and jumps to the kernel's
 * real-mode code (Linux Documentation/arch/x86/boot.rst). The machine fills in the table at the end, and the checksum. */
#define PRODUCT "Linux loader"
#include "loader.inc"
        movw $0x1000, %ax               /* real-mode code is at 10000h */
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %fs
        movw %ax, %gs
        movw %ax, %ss
        movl $0xfff0, %esp
        xorl %ebx, %ebx
        xorl %ecx, %ecx
        xorl %edx, %edx
        xorl %esi, %esi
        xorl %edi, %edi
        xorl %ebp, %ebp
        ljmp $0x1020, $0
failed:
        sti
        int $0x18                       /* the next device */
1:      hlt
        jmp 1b

        .org 0x3b0
rows:   .fill 64, 1, 0                  /* control, length, address: setup, command line, kernel, initrd */
        .org 0x400
