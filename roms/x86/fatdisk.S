/* A FAT12 disk of 1.44 MB, floppy or hard disk, that boots: the first sector finds PROGRAM.BIN in the root directory,
 * follows its chain of clusters to memory and runs it. */
    .code16
    .set FAT_AT, 1
    .set FATS, 9
    .set ROOT_AT, FAT_AT + 2 * FATS
    .set DATA_AT, ROOT_AT + 14
    .set TABLE, 0xa000      /* where the FAT and the root directory are read to */
    .set ROOT, 0xc000
    .globl _start
_start:
    jmp 1f
    nop
    .ascii "DRAGOMAN"
    .word 512
    .byte 1
    .word 1
    .byte 2
    .word 224, 2880
    .byte 0xf0
    .word FATS, 18, 2
    .long 0, 0
    .byte 0, 0, 0x29
    .long 0x12345678
    .ascii "BIOS TEST  FAT12   "
1:  cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    movb %dl, drive
    movw $FAT_AT, %ax
    movw $TABLE, %bx
    movw $FATS, %cx
    call read
    movw $ROOT_AT, %ax
    movw $ROOT, %bx
    movw $14, %cx
    call read
    /* its entry in the directory */
    movw $ROOT, %di
    movw $224, %dx
2:  movw $name, %si
    movw $11, %cx
    pushw %di
    repe cmpsb
    popw %di
    je 3f
    addw $32, %di
    decw %dx
    jnz 2b
    movw $missing, %si
    call print
    jmp .
    /* cluster by cluster to 1000h:0 */
3:  movw 26(%di), %ax
    movw $0x1000, %cx
    movw %cx, %es
    xorw %bx, %bx
4:  pushw %ax
    addw $DATA_AT - 2, %ax
    movw $1, %cx
    call read
    popw %si
    movw %si, %di
    shrw $1, %di
    addw %si, %di
    movw TABLE(%di), %ax
    testw $1, %si
    jz 5f
    shrw $4, %ax
5:  andw $0xfff, %ax
    cmpw $0xff8, %ax
    jb 4b
    movb drive, %dl
    ljmp $0x1000, $0

/* %cx sectors from number %ax on to %es:%bx, which moves on. Hard disks by number, floppies by place. */
read:
    pushaw
    movb drive, %dl
    testb %dl, %dl
    js 6f
    movw $18, %si
    xorw %dx, %dx
    divw %si
    movw %dx, %cx
    incw %cx
    xorw %dx, %dx
    movw $2, %si
    divw %si
    movb %al, %ch
    movb %dl, %dh
    movb drive, %dl
    movw $0x0201, %ax
    int $0x13
    jmp 7f
6:  pushl $0
    pushw $0
    pushw %ax
    pushw %es
    pushw %bx
    pushw $1
    pushw $16
    movw %sp, %si
    movb $0x42, %ah
    int $0x13
    leaw 16(%si), %sp
7:  popaw
    jc 8f
    addw $512, %bx
    incw %ax
    loop read
    ret
8:  movw $unreadable, %si
    call print
    jmp .

print:
    lodsb
    testb %al, %al
    jz 9f
    movb $0x0e, %ah
    movw $7, %bx
    int $0x10
    jmp print
9:  ret
name: .ascii "PROGRAM BIN"
missing: .asciz "no program"
unreadable: .asciz "cannot read"
drive: .byte 0
    .org 510
    .word 0xaa55

/* Clusters 2, 5, 3, 4, 6. */
    .macro fat
    .byte 0xf0, 0xff, 0xff
    .byte 0x05, 0x40, 0x00      /* 2 -> 5, 3 -> 4 */
    .byte 0x06, 0x30, 0x00      /* 4 -> 6, 5 -> 3 */
    .byte 0xff, 0x0f, 0x00      /* 6 ends */
    .endm
    .org FAT_AT * 512
    fat
    .org (FAT_AT + FATS) * 512
    fat
    .org ROOT_AT * 512
    .ascii "BIOS TEST  "
    .byte 8
    .skip 20
    .ascii "PROGRAM BIN"
    .byte 0x20
    .skip 14
    .word 2
    .long 5 * 512

/* The program (biostest.S), whose clusters lie in another order than the file has them. */
    .macro cluster n, piece
    .org (DATA_AT + \n - 2) * 512
    .incbin "biostest.bin", \piece * 512, 512
    .endm
    cluster 2, 0
    cluster 3, 2
    cluster 4, 3
    cluster 5, 1
    cluster 6, 4
    .org 2880 * 512
