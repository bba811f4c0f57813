/* The guest half of oracle_a64.c: runs the cases it finds in memory and stores what happened. Every case begins and
 * ends at EL1 with stage 1 off. Any exception returns to x30 with x10..x14 telling about it. */
#define CASES   0x42000000
#define RESULTS 0x44000000
#define TTBR0   0x40400000
#define SCTLR   0x30d00800

.globl _start
_start:
    ldr x0, =vectors
    msr vbar_el1, x0
    mov x0, #3 << 20
    msr cpacr_el1, x0
    ldr x20, =CASES
    ldr x21, =RESULTS
next:
    bl restore
    mov x10, #0
    mov x11, #0
    mov x12, #0
    mov x13, #0
    mov x14, #0
    ldp x0, x1, [x20]
    ldp x2, x3, [x20, #16]
    ldp x4, x5, [x20, #32]
    ldp x6, x7, [x20, #48]
    adr x30, done
    cmp x0, #1
    b.eq access
    cmp x0, #2
    b.eq access
    cmp x0, #3
    b.eq return_to
    cmp x0, #4
    b.eq register
    cmp x0, #5
    b.eq instruction
    ldr x0, =0x84000008
    hvc #0
    b .

done:
    bl restore
    stp x10, x11, [x21], #16
    stp x12, x13, [x21], #16
    add x20, x20, #64
    b next

restore:
    ldr x16, =SCTLR
    msr sctlr_el1, x16
    isb
    msr S3_0_C4_C2_3, xzr      /* PAN */
    msr S3_0_C4_C2_4, xzr      /* UAO */
    ldr x16, =vectors
    msr vbar_el1, x16
    mov x16, #3 << 20
    msr cpacr_el1, x16
    msr mdscr_el1, xzr
    msr cntkctl_el1, xzr
    msr pmuserenr_el0, xzr
    msr spsel, #1
    isb
    ret

/* 1, 2: tcr, ttbr1, mair, sctlr, va, kind, pan */
access:
    msr tcr_el1, x1
    msr ttbr1_el1, x2
    ldr x16, =TTBR0
    msr ttbr0_el1, x16
    msr mair_el1, x3
    isb
    tlbi vmalle1
    dsb sy
    isb
    msr sctlr_el1, x4
    isb
    msr S3_0_C4_C2_3, x7
    isb
    cmp x0, #2
    b.eq translate
    ldr x9, =0xd4000001d4000001
    cmp x6, #1
    b.lo 0f
    b.eq 1f
    cmp x6, #3
    b.lo 2f
    b.eq 3f
    cmp x6, #5
    b.lo 4f
    msr spsr_el1, xzr
    msr elr_el1, x5
    eret
0:  ldr x9, [x5]
    br x30
1:  str x9, [x5]
    br x30
2:  ldtr x9, [x5]
    br x30
3:  sttr x9, [x5]
    br x30
4:  br x5

translate:
    adr x16, 0f
    add x16, x16, x6, lsl #3
    br x16
0:  at s1e1r, x5
    b 1f
    at s1e1w, x5
    b 1f
    at s1e0r, x5
    b 1f
    at s1e0w, x5
    b 1f
    at s1e1rp, x5
    b 1f
    at s1e1wp, x5
1:  isb
    mrs x10, par_el1
    br x30

/* 3: spsr, elr, sctlr */
return_to:
    msr sctlr_el1, x3
    isb
    msr spsr_el1, x1
    msr elr_el1, x2
    eret

/* 4: function, value */
register:
    mov x0, x2
    blr x1
    mov x10, x0
    b done

/* 5: where, el, sctlr, cntkctl, pmuserenr */
instruction:
    msr sctlr_el1, x3
    msr cntkctl_el1, x4
    msr pmuserenr_el0, x5
    isb
    cbz x2, 0f
    br x1
0:  mov x16, #0x3c0
    msr spsr_el1, x16
    msr elr_el1, x1
    eret

exception:
    mrs x10, esr_el1
    mrs x11, far_el1
    mrs x12, elr_el1
    mrs x13, spsr_el1
    add x13, x13, x14, lsl #32
    br x30

.macro vector number
    .balign 0x80
    mov x14, #\number
    b exception
.endm

.balign 0x800
vectors:
    vector 0
    vector 1
    vector 2
    vector 3
    vector 4
    vector 5
    vector 6
    vector 7
    vector 8
    vector 9
    vector 10
    vector 11
    vector 12
    vector 13
    vector 14
    vector 15
