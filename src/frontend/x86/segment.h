/* Descriptors and stacks, as loads of segment registers, far transfers, interrupts and task switches share them. Every
 * function that says false has taken the exception; nothing may be committed after that. SDM volume 3, chapters 3
 * and 5. */
#pragma once
#include "frontend/x86/sys.h"

/* Types of system descriptors. */
typedef enum X86SystemType {
    SYS_TSS16 = 1,
    SYS_LDT = 2,
    SYS_TSS16_BUSY = 3,
    SYS_CALL16 = 4,
    SYS_TASK = 5,
    SYS_INTERRUPT16 = 6,
    SYS_TRAP16 = 7,
    SYS_TSS32 = 9, /* 64-bit in IA-32e mode, as the next */
    SYS_TSS32_BUSY = 11,
    SYS_CALL32 = 12,
    SYS_INTERRUPT32 = 14,
    SYS_TRAP32 = 15,
} X86SystemType;

typedef struct X86Descriptor {
    uint64_t at; /* linear */
    uint32_t low, high;
    uint32_t upper; /* IA-32e mode: address bits 32..63 of a system descriptor or gate, once read */
    uint16_t selector;
} X86Descriptor;

static inline X86SystemType x86_system_type(const X86Descriptor *d)
{
    return (X86SystemType)(d->high >> 8 & 15);
}
static inline unsigned x86_dpl(const X86Descriptor *d)
{
    return d->high >> SEG_DPL_SHIFT & 3;
}
static inline bool x86_is_system(const X86Descriptor *d)
{
    return !(d->high & SEG_S);
}
static inline bool x86_is_code(const X86Descriptor *d)
{
    return (d->high & (SEG_S | SEG_CODE)) == (SEG_S | SEG_CODE);
}
static inline bool x86_is_conforming(const X86Descriptor *d) /* of code */
{
    return d->high & SEG_CE;
}
static inline bool x86_is_writable_data(const X86Descriptor *d)
{
    return (d->high & (SEG_S | SEG_CODE | SEG_RW)) == (SEG_S | SEG_RW);
}
static inline bool x86_is_long(const X86Cpu *c) /* IA-32e mode */
{
    return c->efer & EFER_LMA;
}
static inline uint64_t x86_mask(unsigned bytes)
{
    return bytes < 8 ? (1ull << 8 * bytes) - 1 : ~0ull;
}

static inline uint32_t x86_descriptor_limit(const X86Descriptor *d)
{
    uint32_t limit = (d->low & 0xffff) | (d->high & 0xf0000);
    return d->high & SEG_G ? limit << 12 | 0xfff : limit;
}
static inline uint32_t x86_descriptor_base(const X86Descriptor *d)
{
    return d->low >> 16 | (d->high & 0xff) << 16 | (d->high & 0xff000000);
}
static inline X86Segment x86_segment_of(const X86Descriptor *d, uint16_t selector)
{
    X86Segment s = { .base = x86_descriptor_base(d),
                     .limit = x86_descriptor_limit(d),
                     .attr = d->high & 0xf0ff00,
                     .selector = selector };
    x86_segment_derive(&s, false);
    return s;
}

/* Raises with a selector, or 0, as the error code, bit 0 of which tells that an event from outside was being
 * delivered. */
bool x86_fault(X86Cpu *, X86Vector, uint32_t selector);

/* The descriptor of a selector. Null: `vector` with 0; beyond its table: with the selector. */
bool x86_descriptor(X86Cpu *, uint16_t selector, X86Vector, X86Descriptor *);
/* Its second half in IA-32e mode (16 bytes in the table), whose type bits must be 0. */
bool x86_descriptor_upper(X86Cpu *, X86Descriptor *, X86Vector);
bool x86_descriptor_peek(X86Cpu *, uint16_t selector, X86Descriptor *, bool *ok); /* *ok: a fault was not raised */
bool x86_descriptor_inspect(X86Cpu *, uint16_t selector,
                            X86Descriptor *); /* for debuggers: nothing is raised or marked */
bool x86_set_accessed(X86Cpu *, X86Descriptor *);
bool x86_set_busy(X86Cpu *, X86Descriptor *, bool busy);
uint64_t x86_system_base(const X86Descriptor *);
void x86_clear_segment(X86Cpu *, X86Seg, uint16_t selector); /* with a null selector */

/* Code that control is to go to: present, L and D not both, the offset within it. Error codes are the selector, of the
 * offset 0. `size` is that of the offset in the gate or operand. */
bool x86_check_code(X86Cpu *, const X86Descriptor *, uint64_t ip);
bool x86_code_rights(const X86Descriptor *, unsigned rpl, unsigned cpl); /* of a jump or call without a gate */
/* Cannot fail, but for the accessed bit: call x86_set_accessed before anything is committed. */
void x86_enter_code(X86Cpu *, const X86Descriptor *, unsigned cpl, uint64_t ip);

/* What RET and IRET return to: a code segment, whose RPL is the new privilege level, and a stack of that level. */
bool x86_check_return_code(X86Cpu *, uint16_t selector, uint64_t ip, X86Descriptor *);

/* The stack segment for a privilege level; `vector` for what is wrong with the selector (#GP, #TS). */
bool x86_check_stack_segment(X86Cpu *, uint16_t selector, unsigned cpl, X86Vector, X86Descriptor *);

/* A stack that is pushed to or popped from, and becomes the current one at last. */
typedef struct X86Stack {
    X86Segment ss;
    uint64_t sp;
    unsigned bytes; /* of the stack pointer */
    bool inner;     /* of a more privileged level: the processor reaches it as the supervisor */
    bool flat;      /* 64-bit mode */
} X86Stack;
X86Stack x86_stack(const X86Cpu *);
bool x86_check_return_stack(X86Cpu *, uint16_t selector, uint64_t sp, const X86Descriptor *code, X86Stack *);
bool x86_push_to(X86Cpu *, X86Stack *, unsigned bytes, uint64_t value);
bool x86_pop_from(X86Cpu *, X86Stack *, unsigned bytes, uint64_t *value);
void x86_set_stack_pointer(X86Cpu *, const X86Stack *);
void x86_set_stack(X86Cpu *, const X86Stack *); /* the segment, too */
/* That of a more privileged level, from the task segment. ist: 1..7, IA-32e mode only, else 0. */
bool x86_inner_stack(X86Cpu *, unsigned cpl, unsigned ist, X86Stack *);

/* Data segments that a less privileged level may not use are made null. After a return to it. */
void x86_drop_segments(X86Cpu *);

void x86_enter_virtual(X86Cpu *, X86Seg, uint16_t selector); /* a segment of virtual-8086 mode */

/* ---- task switches: sys_task.c ---- */
typedef enum X86TaskReason { TASK_JUMP, TASK_CALL /* and interrupts */, TASK_IRET } X86TaskReason;
/* next: linear address at which the old task goes on. An error code, if there is one, is pushed on the new stack. */
bool x86_switch_task(X86Cpu *, X86Descriptor *tss, X86TaskReason, uint64_t next, const uint32_t *error);
bool x86_task_gate(X86Cpu *, const X86Descriptor *gate, X86TaskReason, uint64_t next, const uint32_t *error);
bool x86_task_return(X86Cpu *, uint64_t next); /* IRET with NT */
