# Entry in 32-bit mode, then long mode; exception stubs; the ways in and out of a case: see long.h.
    .section .head, "ax"
    .code32
    .long 0x1badb002, 0, -0x1badb002
    .globl _start
_start:
    cli
    # the first GiB as it is, for everybody, in pages of 2 MiB
    movl $directory, %edi
    movl $0x87, %eax
    movl $512, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl $pointers + 7, root
    movl $directory + 7, pointers
    movl $root, %eax
    movl %eax, %cr3
    movl $0x620, %eax                   # PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $0xc0000080, %ecx
    movl $0x901, %eax                   # NXE, LME, SCE
    xorl %edx, %edx
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    lgdt first_gdtr
    ljmp $8, $2f
    .code64
2:  movl $0x10, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    movq $stack_top, %rsp
    call main
3:  hlt
    jmp 3b
    .balign 8
first_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
first_gdtr:
    .word 23
    .long first_gdt

    .text
    .include "stubs.inc"

# What the case was interrupted with goes to `caught`, then enter() returns.
common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r11
    movl %ds, %eax
    pushq %rax
    movl %es, %eax
    pushq %rax
    movl %fs, %eax
    pushq %rax
    movl %gs, %eax
    pushq %rax
    movl %ss, %eax
    movl %eax, caught_ss
    movq %cr2, %rax
    movq %rax, caught_cr2
    leaq 160(%rsp), %rax
    movq %rax, caught_frame
    movq %rsp, %rsi
    movq $caught, %rdi
    movl $20, %ecx
    cld
    rep movsq
    movq back, %rsp
    movl $0x10, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    xorl %eax, %eax
    lldt %ax
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

# void enter(void): iret to what `frame` has (rip cs rflags rsp ss), with the registers in `regs`.
    .globl enter
enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushfq
    movq %rsp, back
    testb $3, frame + 8
    jz 1f
    movl $0x23, %ecx
    movl %ecx, %ds
    movl %ecx, %es
1:  pushq frame + 32
    pushq frame + 24
    pushq frame + 16
    pushq frame + 8
    pushq frame
    movq regs, %rax
    movq regs + 8, %rcx
    movq regs + 16, %rdx
    movq regs + 24, %rbx
    movq regs + 40, %rbp
    movq regs + 48, %rsi
    movq regs + 56, %rdi
    movq regs + 64, %r8
    movq regs + 72, %r11
    iretq

# Code that far transfers arrive at, of any size.
    .globl landing
landing:
    int $0x80
    .globl landing_ret
landing_ret:
    lretq

    .bss
    .globl caught, caught_ss, caught_cr2, caught_frame, regs, frame, stack_top, root, pointers
    .balign 4096
root:   .skip 4096
pointers: .skip 4096
directory: .skip 4096
caught: .skip 176
caught_cr2: .skip 8
caught_frame: .skip 8
caught_ss: .skip 8
back:   .skip 8
regs:   .skip 80
frame:  .skip 40
    .balign 4096
    .skip 65536
stack_top:
    .skip 4096
    .section .note.GNU-stack, "", @progbits
