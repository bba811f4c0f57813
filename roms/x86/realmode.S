/* A BIOS of its own that runs in real mode: says on the first serial port what it has found right, and leaves through
 * isa-debug-exit at 0xf4 with 16 if all of it was, with 1 at the first that was not. */
    .code16
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ss
    movw $0x7000, %sp
    movw %ax, %es
    movw %cs, %ax
    movw %ax, %ds

    /* a string, copied to memory across a page */
    movw $hello, %si
    movw $0x1ffc, %di
    movw $hello_end - hello, %cx
    rep movsb
    movw $hello, %si
    movw $0x1ffc, %di
    movw $hello_end - hello, %cx
    repe cmpsb
    jne bad
    jcxz 1f
    jmp bad
1:  xorw %ax, %ax
    movw %ax, %ds
    movw $0x1ffc, %si
2:  lodsb
    testb %al, %al
    jz 3f
    call put
    jmp 2b

    /* an interrupt and its return */
3:  movw $interrupt, 0x40 * 4
    movw %cs, 0x40 * 4 + 2
    movw $0x1234, %bx
    stc
    int $0x40
    jnc bad
    cmpw $0x1235, %bx
    jne bad

    /* 1 + 2 + ... + 100000, with flags that go from one instruction to another */
    movl $100000, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
4:  addl %ecx, %eax
    incw %si
    adcl $0, %edx
    decl %ecx
    jnz 4b
    cmpl $705082704, %eax
    jne bad
    cmpl $1, %edx
    jne bad

    /* an instruction that crosses a page, before and after its second half has changed */
    movl $0x3412b866, 0x2ffd
    movw $0x7856, 0x3001
    movb $0xcb, 0x3003
    lcall $0, $0x2ffd
    cmpl $0x78563412, %eax
    jne bad
    movb $0x99, 0x3002
    lcall $0, $0x2ffd
    cmpl $0x99563412, %eax
    jne bad

    /* far call and return, and a stack that keeps its depth */
    movw %sp, %bp
    lcall $0xf000, $far_away
    cmpw %sp, %bp
    jne bad
    cmpw $0xf000, %dx
    jne bad

    /* decimal: 59 + 48 = 107 */
    movb $0x59, %al
    addb $0x48, %al
    daa
    jnc bad
    cmpb $0x07, %al
    jne bad

    /* division by zero comes back at the instruction */
    movw $divided, 0
    movw %cs, 2
    xorw %cx, %cx
    movw $7, %ax
    cwtd
divide:
    divw %cx
    cmpw $7, %ax
    jne bad

    movw %cs, %ax
    movw %ax, %ds
    movw $right, %si
5:  lodsb
    testb %al, %al
    jz 6f
    call put
    jmp 5b
6:  movb $16, %al
    outb %al, $0xf4
bad:
    movb $1, %al
    outb %al, $0xf4
    hlt

interrupt:
    incw %bx
    iretw

far_away:
    popw %ax
    popw %dx
    pushw %dx
    pushw %ax
    lretw

divided:
    popw %dx
    cmpw $divide, %dx
    jne bad
    pushw %dx
    xorw %dx, %dx
    incw %cx
    iretw

put:
    pushw %dx
    movw $0x3f8, %dx
    outb %al, %dx
    popw %dx
    ret

hello:
    .asciz "real mode\n"
hello_end:
right:
    .asciz "all right\n"

    .org 0xfff0
    ljmp $0xf000, $_start
    .org 0x10000
