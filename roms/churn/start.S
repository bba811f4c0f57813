/* Every CPU enters at EL1 with the MMU off; the first at _start, the others at secondary with their number in x0. */
    .global _start, secondary, vectors

    .section .text.start, "ax"
_start:
    mov x0, 0
secondary:
    adrp x1, stacks
    add x1, x1, :lo12:stacks
    add x2, x0, 1
    lsl x2, x2, 14
    add x1, x1, x2
    mov sp, x1
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    msr vbar_el1, x1
    isb
    bl cpu_main
0:  wfi
    b 0b

    /* Nothing here is expected: every vector tells what happened. */
    .balign 2048
vectors:
    .rept 16
    .balign 128
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    b unexpected
    .endr

    .bss
    .balign 16
stacks:
    .skip 8 << 14
