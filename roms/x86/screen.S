/* A floppy disk that draws: boots from its first sector, reads the rest by int 13h, and shows one screen after another,
 * each until a key is pressed. tests/machine/screen.py knows what they must look like. Origin 7C00h. */
    .code16
    .globl _start
_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    movb %dl, drive
    movw $3, %ax
    int $0x10
    movw $hello, %si
    call print
    movb drive, %al
    call hex
    /* the rest: what follows on this side, then the other */
    movw $rest, %bx
    movw $0x0002, %cx
    movb $0, %dh
    movb $17, %al
    call read
    movw $rest + 17 * 512, %bx
    movw $0x0001, %cx
    movb $1, %dh
    movb $SECTORS - 17, %al
    call read
    jmp rest

/* %al sectors from cylinder, head and sector to %bx; a second try after a reset. */
read:
    pushw %ax
    movb $2, %ah
    movb drive, %dl
    int $0x13
    jnc 1f
    xorw %ax, %ax
    int $0x13
    popw %ax
    pushw %ax
    movb $2, %ah
    int $0x13
    jc fail
1:  popw %ax
    ret
fail:
    movw $failed, %si
    call print
1:  hlt
    jmp 1b

print:
    lodsb
    testb %al, %al
    jz 1f
    call put
    jmp print
1:  ret

put:
    pushw %bx
    movb $0x0e, %ah
    movw $7, %bx
    int $0x10
    popw %bx
    ret

hex:
    pushw %ax
    shrb $4, %al
    call digit
    popw %ax
digit:
    andb $15, %al
    addb $'0', %al
    cmpb $'9', %al
    jbe put
    addb $7, %al
    jmp put

hello:
    .asciz "boot sector, drive "
failed:
    .asciz "\r\nread failed\r\n"
drive:
    .byte 0
    .org 510
    .word 0xaa55

/* ---- the second sector on ---- */
rest:
    movw $loaded, %si
    call print
    movb marker, %al /* from the last sector */
    call hex
    movw $newline, %si
    call print
    call keys
    call text
    call wait
    call mode_12
    call wait
    call mode_13
    call wait
    call vbe_banked
    call wait
    call vbe_linear
    call wait
    movw $3, %ax
    int $0x10
    movw $bye, %si
    call print
    call wait
    movw $0xf4, %dx
    movb $16, %al
    outb %al, %dx
1:  hlt
    jmp 1b

wait:
    xorw %ax, %ax
    int $0x16
    ret

/* Five keys: scan code and character, as the BIOS says. */
keys:
    movw $5, %cx
1:  pushw %cx
    call wait
    pushw %ax
    movb %ah, %al
    call hex
    popw %ax
    call hex
    movb $' ', %al
    call put
    popw %cx
    loop 1b
    movw $newline, %si
    call print
    jmp wait

/* All characters, each with itself as attribute; the place of the font for whoever looks: far pointer at 0600h. */
text:
    movw $3, %ax
    int $0x10
    movw $0x0100, %ax
    movw $0x2000, %cx
    int $0x10
    movw $0x1130, %ax
    movb $6, %bh
    int $0x10
    movw %bp, 0x600
    movw %es, 0x602
    movw $0xb800, %ax
    movw %ax, %es
    movw $320, %di
    xorw %ax, %ax
1:  movb %al, %ah
    stosw
    incb %al
    jnz 1b
    ret

/* Colour ((x ^ y) >> 2) & 15, a pixel at a time: write mode 2, the mask chooses the bit. */
mode_12:
    movw $0x12, %ax
    int $0x10
    movw $0xa000, %ax
    movw %ax, %es
    movw $0x3ce, %dx
    movw $0x0205, %ax
    outw %ax, %dx
    xorw %di, %di
    xorw %si, %si /* y */
1:  xorw %cx, %cx /* x */
2:  movb $0x80, %ah
    movb %cl, %bl
    pushw %cx
    andb $7, %cl
    shrb %cl, %ah
    popw %cx
    movb $8, %al
    outw %ax, %dx
    movb %es:(%di), %al
    movw %cx, %ax
    xorw %si, %ax
    shrw $2, %ax
    andb $15, %al
    movb %al, %es:(%di)
    incw %cx
    testb $7, %cl
    jnz 3f
    incw %di
3:  cmpw $640, %cx
    jb 2b
    incw %si
    cmpw $480, %si
    jb 1b
    /* and one by the BIOS */
    movw $0x0005, %ax
    movw $0x3ce, %dx
    outw %ax, %dx
    movw $0xff08, %ax
    outw %ax, %dx
    movw $0x0c0e, %ax
    movw $0, %bx
    movw $101, %cx
    movw $33, %dx
    int $0x10
    xorw %ax, %ax
    movw %ax, %es
    ret

/* Colour 3x + 5y, with colours of our own. */
mode_13:
    movw $0x13, %ax
    int $0x10
    movw $0x3c8, %dx
    xorw %ax, %ax
    outb %al, %dx
    incw %dx
    xorw %cx, %cx
1:  movb %cl, %al
    shrb $2, %al
    outb %al, %dx
    xorb $63, %al
    outb %al, %dx
    movb %cl, %al
    movb $5, %ah
    mulb %ah
    andb $63, %al
    outb %al, %dx
    incb %cl
    jnz 1b
    movw $0xa000, %ax
    movw %ax, %es
    xorw %di, %di
    xorb %bl, %bl /* 5y */
    movw $200, %dx
2:  movb %bl, %al
    movw $320, %cx
3:  stosb
    addb $3, %al
    loop 3b
    addb $5, %bl
    decw %dx
    jnz 2b
    xorw %ax, %ax
    movw %ax, %es
    ret

/* The next pixel of the VBE pictures, %ecx, in %eax: x in red, y in green, their product in blue. %ecx is x | y << 16. */
pixel:
    movl %ecx, %edx
    shrl $16, %edx /* y */
    movzwl %cx, %eax
    imull %edx, %eax
    movzbl %al, %eax
    movb %dl, %ah
    movzbl %cl, %edx
    shll $16, %edx
    orl %edx, %eax
    incw %cx
    cmpw $640, %cx
    jb 1f
    addl $0x10000, %ecx
    xorw %cx, %cx
1:  ret

/* 640 x 480 x 32 through the window at A0000h. */
vbe_banked:
    movw $0x4f02, %ax
    movw $0x0142, %bx
    int $0x10
    xorl %ecx, %ecx
    xorw %si, %si /* bank */
1:  pushl %ecx
    movw $0x4f05, %ax
    xorw %bx, %bx
    movw %si, %dx
    int $0x10
    popl %ecx
    movw $0xa000, %ax
    movw %ax, %es
    xorw %di, %di
2:  call pixel
    stosl
    testw %di, %di
    jz 3f
    cmpl $480 << 16, %ecx
    jb 2b
3:  incw %si
    cmpl $480 << 16, %ecx
    jb 1b
    xorw %ax, %ax
    movw %ax, %es
    ret

/* The same upside down in the linear memory that the BIOS names, with a segment that reaches all of it. */
vbe_linear:
    movw $0x4f01, %ax
    movw $0x0142, %cx
    movw $0x700, %di
    int $0x10
    movw $0x4f02, %ax
    movw $0x4142, %bx
    int $0x10
    cli
    lgdt gdt
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    movw $8, %bx
    movw %bx, %fs
    andb $0xfe, %al
    movl %eax, %cr0
    xorw %ax, %ax
    movw %ax, %fs
    sti
    movl 0x700 + 40, %ebx
    addl $479 * 2560, %ebx
    xorl %ecx, %ecx
1:  call pixel
    movl %eax, %fs:(%ebx)
    addl $4, %ebx
    testw %cx, %cx
    jnz 2f
    subl $2 * 2560, %ebx
2:  cmpl $480 << 16, %ecx
    jb 1b
    ret

loaded:
    .asciz "\r\nthe rest is there, marker "
newline:
    .asciz "\r\n"
bye:
    .asciz "that was all"
    .balign 4
gdt:
    .word 15
    .long table - 8
    .balign 8
table:
    .quad 0x00cf92000000ffff
    .org 512 + 28 * 512 - 1
marker:
    .byte 0x5a
    .set SECTORS, 28
