/* A BIOS for gdb_session.py: some real mode, then protected mode with 32-bit segments, which counts for ever. */
    .code16
    .globl _start, real, protected, leaf
_start:
    cli
    xorw %ax, %ax
    movw %ax, %ss
    movw $0x7000, %sp
    movw %ax, %ds
    movl $0, 0x1000
    movl $5, 0x1004
    movw $0x1234, %bx
real:
    incw %bx
    movw %bx, 0x1008
    lgdtl %cs:table
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $protected + 0xf0000

    .code32
protected:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $0x7000, %esp
1:  movl 0x1004, %eax
    call leaf
    addl %eax, 0x1000
    movl $0x1000, %esi
    movl $0x1010, %edi
    movl $2, %ecx
    cld
    rep movsl
    jmp 1b
leaf:
    addl $2, %eax
    ret

    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
table:
    .word table - gdt - 1
    .long gdt + 0xf0000

    .org 0xfff0
    .code16
    ljmp $0xf000, $_start
    .org 0x10000
