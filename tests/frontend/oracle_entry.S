/* Into a case of the oracle and out of it: loads and stores all registers (oracle_guest.c). Offsets in OracleState: */
#define SP   248
#define PC   256
#define NZCV 264
#define FPCR 268
#define FPSR 272
#define V    280

.macro pairs op
    .irp n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
    pair \op, \n, %(\n + 1)
    .endr
.endm
.altmacro
.macro pair op, first, second
    \op x\first, x\second, [x0, #(8 * \first)]
.endm
.macro vectors op
    .irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
    vector \op, \n, %(\n + 1)
    .endr
.endm
.macro vector op, first, second
    \op q\first, q\second, [x1], #32
.endm

    .global run_case, exit_next, exit_taken, resume

/* void run_case(OracleState *, uint64_t code) */
run_case:
    stp x29, x30, [sp, #-160]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    adrp x2, saved_sp
    mov x3, sp
    str x3, [x2, #:lo12:saved_sp]
    mov x30, x1
    add x1, x0, #V
    vectors ldp
    ldr w1, [x0, #NZCV]
    msr nzcv, x1
    ldr w1, [x0, #FPCR]
    msr fpcr, x1
    ldr w1, [x0, #FPSR]
    msr fpsr, x1
    ldr x1, [x0, #SP]
    mov sp, x1
    pairs ldp
    ldr x1, [x0, #8]
    br x30

/* TPIDR_EL0 holds x0 for a moment: nothing else uses it here. PC gets the distance from the last of the case's words. */
exit_taken:
    msr tpidr_el0, x0
    adrp x0, current
    ldr x0, [x0, #:lo12:current]
    str x1, [x0, #8]
    mov x1, #8
    b 1f
exit_next:
    msr tpidr_el0, x0
    adrp x0, current
    ldr x0, [x0, #:lo12:current]
    str x1, [x0, #8]
    mov x1, #4
1:  str x1, [x0, #PC]
    pairs stp
    str x30, [x0, #240]
    mrs x1, tpidr_el0
    str x1, [x0]
    mov x1, sp
    str x1, [x0, #SP]
    mrs x1, nzcv
    str w1, [x0, #NZCV]
    mrs x1, fpsr
    str w1, [x0, #FPSR]
    add x1, x0, #V
    vectors stp

/* Back from run_case, wherever the stack is. */
resume:
    adrp x2, saved_sp
    ldr x3, [x2, #:lo12:saved_sp]
    mov sp, x3
    msr fpcr, xzr
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    ldp x29, x30, [sp], #160
    ret
