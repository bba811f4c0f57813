// Where each CPU of the litmus guest begins: stack, and memory that is normal, write-back, inner shareable (device memory
// would be accessed in order in any case). ARM DDI 0487, D8.3 (tables), D17.2 (registers).
        .global _start, secondary
_start:
        mov     x0, #0                  // number of this CPU
secondary:
        adr     x1, stacks + 0x4000
        add     x1, x1, x0, lsl #14
        mov     sp, x1
        adr     x2, table
        msr     ttbr0_el1, x2
        mov     x2, #0xff04             // attribute 0: device nGnRE; 1: normal, write-back
        msr     mair_el1, x2
        ldr     x2, =0x100803519        // T0SZ 25: 39 bits; walks write-back, inner shareable; TTBR1 off; 36-bit addresses
        msr     tcr_el1, x2
        isb
        mrs     x2, sctlr_el1
        orr     x2, x2, #1              // M
        orr     x2, x2, #4              // C
        orr     x2, x2, #0x1000         // I
        msr     sctlr_el1, x2
        isb
        bl      begin
        b       .

        .balign 4096
table:  .quad   0x0000000000000401      // 0: 1 GiB block, attribute 0, access flag
        .quad   0x0000000040000705      // 1 GiB: RAM, attribute 1, inner shareable
        .skip   4096 - 16

        .bss
        .balign 16
stacks: .skip   4 * 0x4000
