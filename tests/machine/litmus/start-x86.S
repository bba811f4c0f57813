# Where each CPU of a PC's litmus guest begins: the first by multiboot, the others at the page that a start-up interrupt
# names (SDM volume 3, 9.4), in real mode. 32-bit protected mode without paging: all memory is write-back.
        .section .head, "ax"
        .long   0x1badb002, 0, -0x1badb002
        .globl  _start
_start:
        cli
        lgdtl   gdtr
        ljmp    $8, $1f
1:      xorl    %eax, %eax              # number of this CPU
enter:
        movl    $0x10, %ecx
        movl    %ecx, %ds
        movl    %ecx, %es
        movl    %ecx, %ss
        movl    %eax, %esp
        incl    %esp
        shll    $14, %esp
        addl    $stacks, %esp
        pushl   %eax
        call    begin
        hlt

        .text
        .code16
        .globl  secondary, secondary_end
secondary:                              # copied to 0x8000
        cli
        lgdtl   %cs:gdtr - secondary
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $8, $others
        .balign 4
gdtr:   .word   23
        .long   gdt
secondary_end:
        .code32
others: movl    $0x10, %ecx
        movl    %ecx, %ds
        movl    $1, %eax
        lock xaddl %eax, started
        jmp     enter

        .data
        .balign 8
gdt:    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
started: .long  1

        .bss
        .balign 16
stacks: .skip   4 * 0x4000
        .section .note.GNU-stack, "", @progbits
