/* A BIOS that makes a system management interrupt before anybody has moved SMBASE, so that the map of what was saved lies
 * in ordinary memory, and prints it on the first serial port; then again with SMBASE moved by the handler. Leaves by
 * isa-debug-exit at 0xf4. */
    .code16
    .set BASE, 0x30000
    .set MOVED, 0x40000
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ss
    movw $0x7000, %sp
    movw %cs, %ax
    movw %ax, %ds
    /* the handler, to both places */
    movw $0x3800, %ax
    call copy
    movw $0x4800, %ax
    call copy
    /* DEVACTB of the power management function: APM's port makes the interrupt */
    movw $0xcf8, %dx
    movl $0x80000b58, %eax
    outl %eax, %dx
    movw $0xcfc, %dx
    movl $1 << 25, %eax
    outl %eax, %dx

    movw $0x3fe0, %bx
    call interrupt
    movw $0x4fe0, %bx
    call interrupt
    movw $done, %si
    call print
    movb $16, %al
    outb %al, $0xf4
1:  hlt
    jmp 1b

copy:
    movw %ax, %es
    xorw %di, %di
    movw $handler, %si
    movw $handler_end - handler, %cx
    rep movsb
    ret

/* Everything has a value of its own when it comes. %bx: segment of the map, whose 512 bytes are printed. */
interrupt:
    pushw %bx
    movw $0x1234, %ax
    movw %ax, %es
    movw $0x2345, %ax
    movw %ax, %fs
    movw $0x3456, %ax
    movw %ax, %gs
    lgdtl %cs:tables
    lidtl %cs:tables + 6
    movl $0xa0a0a05a, %eax
    movl $0xb1b1b1b1, %ebx
    movl $0xc2c2c2c2, %ecx
    movl $0xd3d3d3d3, %edx
    movl $0xe4e4e4e4, %esi
    movl $0xf5f5f5f5, %edi
    movl $0x96969696, %ebp
    stc
    outb %al, $0xb2
    nop
    jnc bad
    cmpl $0xc2c2c2c2, %ecx
    jne bad
    popw %bx
    movw %bx, %es
    xorw %di, %di
2:  movl %es:(%di), %eax
    testl %eax, %eax
    jz 3f
    pushl %eax
    movw %di, %ax
    addw $0xfe00, %ax
    call hex16
    movb $' ', %al
    call put
    popl %eax
    pushw %ax
    shrl $16, %eax
    call hex16
    popw %ax
    call hex16
    movw $line, %si
    call print
3:  addw $4, %di
    cmpw $0x200, %di
    jb 2b
    ret
bad:
    movw $wrong, %si
    call print
    jmp 1b

hex16:
    pushw %ax
    movb %ah, %al
    call hex8
    popw %ax
hex8:
    pushw %ax
    shrb $4, %al
    call hex4
    popw %ax
hex4:
    andb $15, %al
    addb $'0', %al
    cmpb $'9', %al
    jbe put
    addb $'a' - '9' - 1, %al
put:
    pushw %dx
    movw $0x3f8, %dx
    outb %al, %dx
    popw %dx
    ret
print:
    lodsb
    testb %al, %al
    jz 4f
    call put
    jmp print
4:  ret

/* The revision says where SMBASE is; it goes to the other place. */
handler:
    .byte 0x66, 0xbb
    .long 0xfef8            /* mov $0xfef8, %ebx: in the map of the 32-bit processors */
    .byte 0x2e, 0x67, 0x80, 0xbb, 0x04, 0x00, 0x00, 0x00, 0x64 /* cmpb $0x64, %cs:4(%ebx): the revision */
    jne 5f
    .byte 0x66, 0xbb
    .long 0xff00
5:  .byte 0x2e, 0x67, 0x66, 0xc7, 0x03
    .long MOVED             /* movl $MOVED, %cs:(%ebx) */
    rsm
handler_end:

    .balign 4
tables:
    .word 0x1357
    .long 0x00123450
    .word 0x2468
    .long 0x00abcde0
line: .asciz "\n"
done: .asciz "done\n"
wrong: .asciz "wrong\n"
    .org 0xfff0
    ljmp $0xf000, $_start
    .org 0x10000
