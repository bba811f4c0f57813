/* Multiboot kernel: leaves through isa-debug-exit at 0xf4 with 16 if what it was given is right, with the number of the
 * first thing that is not. Started with -append "one two" and this file twice as -initrd, the second time with the
 * command line "a,b c". Command lines begin with the file's name. */
    .code32
    .section .text
    .align 4
    .long 0x1badb002, 3, -(0x1badb002 + 3)
    .globl _start
_start:
    movl $stack, %esp
    movl $1, %ebp
    cmpl $0x2badb002, %eax
    jne bad
    incl %ebp                       /* 2: memory, command line, modules, map of memory */
    movl (%ebx), %eax
    andl $0x4d, %eax
    cmpl $0x4d, %eax
    jne bad
    incl %ebp                       /* 3: the command line */
    movl 16(%ebx), %esi
    movl $line, %edi
    movl $line_end - line, %ecx
    call compare_behind_name
    jne bad
    incl %ebp                       /* 4: two modules, which begin as this file does, in pages of their own */
    cmpl $2, 20(%ebx)
    jne bad
    movl 24(%ebx), %edx
    movl $2, %eax
1:  movl (%edx), %esi
    testl $0xfff, %esi
    jnz bad
    movl $first, %edi
    movl $first_end - first, %ecx
    repe cmpsb
    jne bad
    addl $16, %edx
    decl %eax
    jnz 1b
    incl %ebp                       /* 5: the second one's command line */
    movl -8(%edx), %esi
    movl $module, %edi
    movl $module_end - module, %ecx
    call compare_behind_name
    jne bad
    incl %ebp                       /* 6: the map has memory from 1 MiB on, as much as the other field says */
    movl 44(%ebx), %ecx
    movl 48(%ebx), %edi
    addl %edi, %ecx
1:  cmpl %ecx, %edi
    jae bad
    cmpl $0x100000, 4(%edi)
    je 2f
    addl (%edi), %edi
    addl $4, %edi
    jmp 1b
2:  incl %ebp                       /* 7 */
    cmpl $1, 20(%edi)
    jne bad
    movl 12(%edi), %eax
    shrl $10, %eax
    movl 8(%ebx), %edx
    subl %eax, %edx
    cmpl $64, %edx                  /* but for what the BIOS keeps */
    ja bad
    incl %ebp                       /* 8: flat segments, no paging, no interrupts */
    movl %cr0, %eax
    andl $0x80000001, %eax
    cmpl $1, %eax
    jne bad
    pushfl
    popl %eax
    testl $0x200, %eax
    jnz bad
    movl $16, %ebp
bad:
    movl %ebp, %eax
    outb %al, $0xf4
    hlt
    jmp bad

compare_behind_name:
    lodsb
    cmpb $' ', %al
    ja compare_behind_name
    repe cmpsb
    ret

line: .asciz "one two"
line_end:
module: .asciz "a,b c"
module_end:
first: .ascii "/* Multiboot kernel"
first_end:
    .bss
    .skip 4096
stack:
