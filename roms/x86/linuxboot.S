/* Option ROM that starts Linux: loads what the machine was given with -kernel by fw_cfg's DMA and jumps to the kernel's
 * real-mode code (Linux Documentation/arch/x86/boot.rst). The machine fills in the table at the end, and the checksum.
 * The BIOS finds the entry by the header for Plug and Play (BIOS Boot Specification 1.01, 3.3). */
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
product:.asciz "Linux loader"

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
        movw $0x1000, %ax               /* real-mode code is at 10000h */
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %fs
        movw %ax, %gs
        movw %ax, %ss
        movl $0xfff0, %esp
        xorl %ebx, %ebx
        xorl %ecx, %ecx
        xorl %edx, %edx
        xorl %esi, %esi
        xorl %edi, %edi
        xorl %ebp, %ebp
        ljmp $0x1020, $0
failed:
        sti
        int $0x18                       /* the next device */
1:      hlt
        jmp 1b

        .org 0x3b0
rows:   .fill 64, 1, 0                  /* control, length, address: setup, command line, kernel, initrd */
        .org 0x400
