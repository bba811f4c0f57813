/* What both boot ROMs begin with: the header, and the loop that has each row of the table loaded by fw_cfg's DMA. The BIOS
 * finds the entry by the header for Plug and Play (BIOS Boot Specification 1.01, 3.3). PRODUCT: the name it shows. */
        .code16
        .text
        .globl _start
_start:
        .byte 0x55, 0xaa, 2             /* 1 KiB */
        lret                            /* nothing to do when it is found */
        .org 0x18
        .word 0, pnp

        .balign 16
pnp:
        .ascii "$PnP"
        .byte 1, 2                      /* revision, 32 bytes */
        .word 0
        .byte 0, 0                      /* its checksum: filled in */
        .long 0
        .word maker, product
        .byte 0, 0, 0, 0x80             /* an initial program load device */
        .word 0, 0, boot, 0, 0          /* the boot entry vector */

maker:  .asciz "Dragoman"
product:.asciz PRODUCT

/* Each row of the table is copied to the stack, for the device writes there when it is done. */
boot:
        cli
        cld
        xorl %eax, %eax
        movw %ax, %ss
        movl $0x7000, %esp
        movw %ax, %es
        movw %cs, %ax
        movw %ax, %ds
        movw $rows, %si
        movw $4, %bp
next:
        movw $0x7100, %di
        movw $8, %cx
        rep movsw
        movl %es:0x7104, %eax           /* an empty row */
        testl %eax, %eax
        jz skip
        movl $0x7100, %eax              /* where the request is, big-endian */
        bswapl %eax
        movw $0x518, %dx
        outl %eax, %dx
wait:
        movl %es:0x7100, %eax
        testl $0xfeffffff, %eax         /* 0: done; or its error bit */
        jnz wait
        testl %eax, %eax
        jnz failed
skip:
        decw %bp
        jnz next
