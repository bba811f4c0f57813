/* A BIOS of its own that never ends: a timer ticks 1000 times a second, and between ticks memory is filled with what
 * comes of numbers, the clocks and the ticks. It says a letter now and then. Whatever differs in two runs soon differs
 * everywhere. */
    .code16
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ss
    movw $0x7000, %sp
    movw %ax, %ds
    movw $tick, 8 * 4
    movw %cs, 8 * 4 + 2
    movw $0x2000, %ax
    movw %ax, %es

    /* the first interrupt controller: vectors from 8, the timer's line only */
    movb $0x11, %al
    outb %al, $0x20
    movb $8, %al
    outb %al, $0x21
    movb $4, %al
    outb %al, $0x21
    movb $1, %al
    outb %al, $0x21
    movb $0xfe, %al
    outb %al, $0x21

    /* the timer: a pulse each 1193 of 1193182 Hz */
    movb $0x34, %al
    outb %al, $0x43
    movb $0xa9, %al
    outb %al, $0x40
    movb $0x04, %al
    outb %al, $0x40

    movl $1, %ebx
    xorl %edi, %edi
    sti
1:  imull $1664525, %ebx, %ebx
    addl $1013904223, %ebx
    addl 0x500, %ebx
    movl %ebx, %eax
    shrl $16, %eax
    andw $0x7ffc, %ax
    movw %ax, %di
    xorl %ebx, %es:(%di)
    incw %si
    testw $0xff, %si
    jnz 1b

    /* the counter of the timer and a second of the clock */
    movb $0, %al
    outb %al, $0x43
    inb $0x40, %al
    addb %al, %bl
    inb $0x40, %al
    addb %al, %bh
    movb $0, %al
    outb %al, $0x70
    inb $0x71, %al
    addb %al, %bl
    testw $0x3fff, %si
    jnz 1b
    hlt
    movw $0x3f8, %dx
    movb %bl, %al
    outb %al, %dx
    jmp 1b

tick:
    pushw %ax
    incl 0x500
    rolw $1, 0x504
    movb $0x20, %al
    outb %al, $0x20
    popw %ax
    iretw

    .org 0xfff0
    ljmp $0xf000, $_start
    .org 0x10000
