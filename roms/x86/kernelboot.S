/* Option ROM that starts a 32-bit kernel, of the PVH or the Multiboot protocol: loads what the machine prepared by
 * fw_cfg's DMA, adds the BIOS's map of memory and jumps to the entry in flat protected mode. The machine fills in the
 * table at the end and the checksum. */
#define PRODUCT "kernel loader"
#include "loader.inc"

/* The map of memory, 24 bytes for each entry at 8000h, of which INT 15h fills 20. Multiboot wants their number in front
 * of them, PVH zeros behind. */
        sti
        movw $0x8000, %di
        xorl %ebx, %ebx
map:
        xorl %eax, %eax
        movl %eax, %es:20(%di)
        cmpl $0, multiboot
        je 1f
        movl $20, %es:(%di)
        addw $4, %di
1:      movl $0xe820, %eax
        movl $0x534d4150, %edx          /* "SMAP" */
        movl $20, %ecx
        int $0x15
        jc mapped
        cmpl $0, multiboot
        je 5f
        cmpl $0x100000, %es:(%di)       /* what begins at 1 MiB is the "upper memory", less what the BIOS took of it */
        jne 5f
        movl %es:8(%di), %eax
        shrl $10, %eax
        movw info, %si
        movl %eax, %es:8(%si)
5:      addw $20, %di
        cmpl $0, multiboot
        jne 2f
        addw $4, %di
2:      testl %ebx, %ebx
        jz full
        cmpw $0x8c00, %di
        jb map
full:
        cmpl $0, multiboot
        je 3f
        addw $4, %di
3:
mapped: cli
        cmpl $0, multiboot
        je 4f
        subw $4, %di
4:      movzwl %di, %eax
        subl $0x8000, %eax
        cmpl $0, multiboot
        jne 5f
        xorl %edx, %edx                 /* entries, not bytes */
        movl $24, %ecx
        divl %ecx
5:      movw length_at, %di
        movl %eax, %es:(%di)

/* Flat protected mode, paging off. The GDT and the entry's far pointer go to low memory. */
        movw $gdt, %si
        movw $0x7200, %di
        movw $(gdt_end - gdt) / 2, %cx
        rep movsw
        movl entry, %eax
        movl %eax, %es:0x7220
        movw $0x08, %es:0x7224
        movl info, %ebx
        movl magic, %ebp
        lgdtl gdtr
        movl %cr0, %eax
        orb $1, %al
        movl %eax, %cr0
        movw $0x10, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %fs
        movw %ax, %gs
        movw %ax, %ss
        movl %ebp, %eax
        xorl %ecx, %ecx
        xorl %edx, %edx
        xorl %esi, %esi
        xorl %edi, %edi
        xorl %ebp, %ebp
        ljmpl *0x7220
failed:
        sti
        int $0x18                       /* the next device */
1:      hlt
        jmp 1b

        .balign 8
gdt:    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_end:
gdtr:   .word gdt_end - gdt - 1
        .long 0x7200

        .org 0x390
entry:  .long 0
info:   .long 0                         /* EBX */
magic:  .long 0                         /* EAX */
multiboot: .long 0                      /* which protocol */
length_at: .long 0                      /* where the length of the map goes */
        .org 0x3b0
rows:   .fill 64, 1, 0                  /* control, length, address: image, command line, initrd, information */
        .org 0x400
