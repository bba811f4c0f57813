/* What a program of the 16-bit days asks of the BIOS, and says on its screen: fatdisk.S loads it to 1000h:0, with the
 * drive's number in %dl. Switches the machine off at last. */
    .code16
    .set SCRATCH, 0x2000 /* a segment */
    .set LINEAR, SCRATCH * 16
    .globl _start
_start:
    cld
    movw %cs, %ax
    movw %ax, %ds
    movb %dl, unit
    movw $hello, %si
    call say
    movb unit, %al
    call hex_byte
    movw $memory, %si
    call say
    int $0x12
    call hex_word

    /* the disk's shape: cylinders and sectors, heads and drives */
    movw $shape, %si
    call say
    movb $8, %ah
    movb unit, %dl
    int $0x13
    movw %cs, %ax
    movw %ax, %ds
    jc wrong
    movw %cx, %ax
    call hex_word
    movw %dx, %ax
    call hex_word

    /* its last sectors are written, and read again */
    movw $disk, %si
    call say
    movw $SCRATCH, %ax
    movw %ax, %es
    xorw %di, %di
    movw $1024, %cx
    movw $0x1234, %ax
1:  stosw
    imulw $0x4e6d, %ax, %ax
    addw $0x3039, %ax
    loop 1b
    movb $3, %ah
    xorw %bx, %bx
    call transfer
    jc wrong
    movb $2, %ah
    movw $2048, %bx
    call transfer
    jc wrong
    pushw %ds
    movw %es, %ax
    movw %ax, %ds
    xorw %si, %si
    movw $2048, %di
    movw $1024, %cx
    repe cmpsw
    popw %ds
    jne wrong
    movw $good, %si
    call say

    /* the screen: a string with attributes, and what is read back from it */
    movw $screen, %si
    call say
    movb $3, %ah
    xorb %bh, %bh
    int $0x10
    movw %dx, cursor
    movw %cs, %ax
    movw %ax, %es
    movw $sample, %bp
    movw $4, %cx
    movw $0x001e, %bx
    movw $0x1301, %ax
    int $0x10
    movw cursor, %dx
    addb $2, %dl
    movb $2, %ah
    xorb %bh, %bh
    int $0x10
    movb $8, %ah
    int $0x10
    cmpw $0x1e43, %ax
    jne wrong
    movw cursor, %dx
    addb $4, %dl
    movb $2, %ah
    int $0x10

    /* the clock ticks */
    movw $clock, %si
    call say
    xorb %ah, %ah
    int $0x1a
    movw %dx, %di
2:  hlt
    xorb %ah, %ah
    int $0x1a
    subw %di, %dx
    cmpw $3, %dx
    jb 2b
    movw $good, %si
    call say

    /* to beyond 1 MiB and back, in protected mode */
    movw $moved, %si
    call say
    movw $32, %cx
    call move
    jc wrong
    movl $0x93100000, table + 0x12
    movl $0x93000000 + LINEAR + 0x2000, table + 0x1a
    movw $32, %cx
    call move
    jc wrong
    movw $SCRATCH, %ax
    movw %ax, %es
    movw $0x2000, %di
    pushw %ds
    movw %ax, %ds
    xorw %si, %si
    movw $32, %cx
    repe cmpsw
    popw %ds
    jne wrong
    movw $good, %si
    call say

    /* the memory map */
    movw $map, %si
    call say
    xorl %ebx, %ebx
    xorw %bp, %bp
    movw $0x3000, %di
3:  movl $0xe820, %eax
    movl $0x534d4150, %edx
    movl $20, %ecx
    int $0x15
    jc wrong
    incw %bp
    testl %ebx, %ebx
    jnz 3b
    movw %bp, %ax
    call hex_byte

    /* keys */
    movw $key, %si
    call say
    xorb %ah, %ah
    int $0x16
    call hex_word
    movw $off, %si
    call say

    movw $0x5301, %ax
    xorw %bx, %bx
    int $0x15
    movw $0x530e, %ax
    movw $0x0102, %cx
    int $0x15
    movw $0x5307, %ax
    movw $1, %bx
    movw $3, %cx
    int $0x15
wrong:
    movw %cs, %ax
    movw %ax, %ds
    movw $failed, %si
    call say
4:  hlt
    jmp 4b

/* 4 sectors of the second cylinder's second head to or from %es:%bx. */
transfer:
    movb $4, %al
    movw $0x0103, %cx
    movb $1, %dh
    movb unit, %dl
    int $0x13
    ret

move:
    pushw %es
    movw %cs, %ax
    movw %ax, %es
    movw $table, %si
    movb $0x87, %ah
    int $0x15
    popw %es
    ret

say:
    pushaw
5:  lodsb
    testb %al, %al
    jz 6f
    movb $0x0e, %ah
    movw $7, %bx
    int $0x10
    jmp 5b
6:  popaw
    ret
hex_word:
    pushw %ax
    movb %ah, %al
    call hex_byte
    popw %ax
hex_byte:
    pushw %ax
    shrb $4, %al
    call hex_digit
    popw %ax
hex_digit:
    pushaw
    andb $15, %al
    addb $'0', %al
    cmpb $'9', %al
    jbe 7f
    addb $'a' - '9' - 1, %al
7:  movb $0x0e, %ah
    movw $7, %bx
    int $0x10
    popaw
    ret

hello: .asciz "\r\nprogram of drive "
memory: .asciz "\r\nmemory "
shape: .asciz "\r\nshape "
disk: .asciz "\r\ndisk "
screen: .asciz "\r\nscreen "
clock: .asciz "\r\nclock "
moved: .asciz "\r\nmoved "
map: .asciz "\r\nmap "
key: .asciz "\r\nkey "
off: .asciz "\r\noff"
good: .asciz "good"
failed: .asciz "FAILED"
sample: .ascii "ABCD"
cursor: .word 0
unit: .byte 0
    .balign 16
/* For int 15h, 87h: source at 10h, target at 18h. */
table:
    .skip 16
    .word 0xffff
    .long 0x93000000 + LINEAR
    .word 0
    .word 0xffff
    .long 0x93100000
    .word 0
    .skip 16
    .org 5 * 512
