/* A BIOS of its own that says what CPUID says: a line for each leaf and subleaf on the first serial port, "leaf subleaf
 * EAX EBX ECX EDX"; then leaves through isa-debug-exit at 0xf4. For comparing CPU models with another machine's. */
    .code16
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ss
    movw $0x7000, %sp
    movw %cs, %ax
    movw %ax, %ds
    movw $leaves, %si
next:
    lodsl
    cmpl $-1, %eax
    je end
    movl %eax, %ebp
    call hex
    lodsl
    movl %eax, %edi
    call hex
    movl %edi, %ecx
    movl %ebp, %eax
    cpuid
    pushl %edx
    pushl %ecx
    pushl %ebx
    call hex
    popl %eax
    call hex
    popl %eax
    call hex
    popl %eax
    call hex
    movb $'\n', %al
    call put
    jmp next
end:
    movb $0x10, %al
    outb %al, $0xf4
    hlt

hex: /* EAX and a space */
    movl %eax, %ebx
    movw $8, %cx
1:  roll $4, %ebx
    movb %bl, %al
    andb $15, %al
    cmpb $10, %al
    sbbb $0x69, %al
    das
    orb $0x20, %al
    call put
    loop 1b
    movb $' ', %al
put:
    movb %al, %ah
    movw $0x3fd, %dx
2:  inb %dx, %al
    testb $0x20, %al
    jz 2b
    movb %ah, %al
    movw $0x3f8, %dx
    outb %al, %dx
    ret

    .align 4
leaves:
    .long 0, 0, 1, 0, 2, 0, 4, 0, 4, 1, 4, 2, 4, 3, 4, 4, 5, 0, 6, 0, 7, 0, 7, 1, 0xa, 0, 0xb, 0, 0xb, 1, 0xb, 2
    .long 0xd, 0, 0xd, 1, 0xd, 2, 0x40000000, 0, 0x80000000, 0, 0x80000001, 0, 0x80000002, 0, 0x80000003, 0
    .long 0x80000004, 0, 0x80000005, 0, 0x80000006, 0, 0x80000007, 0, 0x80000008, 0, 0x8000001d, 0, 0x8000001e, 0
    .long -1

    .org 0xfff0
    ljmpw $0xf000, $_start
    .org 0x10000
