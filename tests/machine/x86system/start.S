# Entry, exception stubs and the ways in and out of a case: see system.h.
    .section .head, "ax"
    .long 0x1badb002, 0, -0x1badb002
    .globl _start
_start:
    cli
    movl $stack_top, %esp
    call main
1:  hlt
    jmp 1b

    .text
    .include "stubs.inc"

# What the case was interrupted with goes to `caught`, then enter() returns.
common:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %esp, %esi
    movl $caught, %edi
    movl $(4 + 8 + 2 + 9), %ecx
    cld
    rep movsl %ss:(%esi), %es:(%edi)
    movw %ss, caught_ss
    movl back, %esp
    movl $0x10, %eax
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    xorl %eax, %eax
    lldt %ax
    movl %eax, %dr7
    pushl $2
    popfl
    popal
    ret

# void enter(void): iret to what `frame` has (eip cs eflags esp ss es ds fs gs), with the registers in `regs`. frame_words
# of it are put on the stack.
    .globl enter
enter:
    pushal
    movl %esp, back
    movl frame_words, %ecx
1:  pushl frame - 4(, %ecx, 4)
    loop 1b
    testb $3, frame + 4
    jz 2f
    movl $0x23, %ecx
    movl %ecx, %ds
    movl %ecx, %es
2:  movl $regs, %esi
    movl 0(%esi), %eax
    movl 4(%esi), %ecx
    movl 8(%esi), %edx
    movl 12(%esi), %ebx
    movl 20(%esi), %ebp
    movl 28(%esi), %edi
    pushl 24(%esi)
    popl %esi
    iretl

# Code that far transfers arrive at.
    .globl landing
landing:
    int $0x80
    .globl landing_ret
landing_ret:
    lretl
    .globl landing_code
landing_code:

    .bss
    .balign 16
    .globl caught, caught_ss, regs, frame, frame_words, stack_top
caught: .skip 128
caught_ss: .skip 4
back:   .skip 4
regs:   .skip 32
frame:  .skip 48
frame_words: .skip 4
    .balign 16
    .skip 16384
stack_top:
    .section .note.GNU-stack, "", @progbits
