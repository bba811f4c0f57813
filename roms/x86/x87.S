/* A BIOS that computes with the x87 for ever: what the translator keeps on the host's stack, stores, loads, compares, waits
 * for, and drops. */
    .code16
    .globl _start
_start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7000, %sp
    fninit
    movl $3, 0x1000
1:  fld1
    fiaddl 0x1000
    fldpi
    fmul %st(1), %st
    fxch %st(1)
    fsqrt
    fwait
    fstps 0x1010
    fstl 0x1018
    fcoms 0x1010
    fnstsw %ax
    movw %ax, 0x1020
    call 2f
    fstpt 0x1028
    fldt 0x1028
    fistpl 0x1038
    incl 0x1000
    fwait
    testl $0xfff, 0x1000
    jnz 1b
    jmp 1b
2:  fadds 0x1010
    fchs
    fabs
    ret
    .org 0xfff0
    ljmp $0xf000, $_start
    .org 0x10000
