/* Between the files of 80-bit numbers: what is on the host's stack, and its instructions. */
#pragma once
#include "backend/x86_64/comp.h"

enum { RED_ZONE = -8 };
#define FLD_M80  ((Enc){ 0, 0, 0xdb, 5, 0, false, false })
#define FSTP_M80 ((Enc){ 0, 0, 0xdb, 7, 0, false, false })
#define FNSTSW   ((Enc){ 0, 0, 0xdd, 7, 0, false, false })

/* An instruction of two bytes: first byte, ModRM. */
static inline void insn(Comp *c, unsigned two)
{
    put8(&c->a, two >> 8);
    put8(&c->a, two & 0xff);
}
enum {
    FLD_ST = 0xd9c0,
    FXCH = 0xd9c8,
    FSTP_ST = 0xddd8,
    FUCOMI = 0xdbe8,
    FCOMI = 0xdbf0,
    FLD1 = 0xd9e8,
    TO_TOP = 0xd8c0,   /* + operation << 3: top op= st(i) */
    FROM_TOP = 0xdcc0, /* st(i) op= top; subtractions and divisions have the other's number */
    FROM_TOP_POP = 0xdec0,
};

static inline void with_slot(Comp *c, Enc e, unsigned slot)
{
    asm_op(&c->a, e, false, 0, slot_rm(c, slot, 0), 0);
}

static inline Rm beside_stack(void)
{
    return rm_mem(RSP, RED_ZONE);
}

enum { ABSENT = 8, DEAD = 0xff /* in place of a slot */ };

static inline unsigned find(const F80Cache *f, unsigned slot)
{
    unsigned k = 0;
    while (k < f->depth && f->slot[k] != slot)
        k++;
    return k < f->depth ? k : ABSENT;
}

static inline void pushed(F80Cache *f, unsigned slot, bool changed)
{
    memmove(f->slot + 1, f->slot, 7);
    f->slot[0] = (uint8_t)slot;
    f->changed = (uint8_t)(f->changed << 1 | changed);
    f->depth++;
}

static inline void popped(F80Cache *f)
{
    memmove(f->slot, f->slot + 1, 7);
    f->changed >>= 1;
    f->depth--;
}

static inline void exchanged(F80Cache *f, unsigned k)
{
    uint8_t slot = f->slot[0];
    bool top = f->changed & 1, other = f->changed >> k & 1;
    f->slot[0] = f->slot[k];
    f->slot[k] = slot;
    f->changed = (uint8_t)((f->changed & ~(1u << k | 1u)) | (unsigned)other | (unsigned)top << k);
}

/* f80_stack.c. keep: a slot that must not give way. */
void f80_store_top(Comp *);
void f80_exchange(Comp *, unsigned k);
void f80_make_room(Comp *, unsigned keep);
unsigned f80_bring(Comp *, unsigned slot, unsigned keep); /* its register */
void f80_to_top(Comp *, unsigned slot, unsigned keep);
void f80_drop(Comp *, unsigned slot);
void f80_drop_later(Comp *, unsigned slot); /* it is of no use any more */
void f80_drop_dead(Comp *);                 /* those that were */
void f80_now_changed(Comp *, unsigned slot);
void f80_before_new(Comp *, unsigned slot, unsigned keep); /* a value for it comes: what it had is of no use */
void f80_define_top(Comp *, unsigned slot);
void f80_store_status(Comp *);
/* f80_memory.c: of the op, and the host's instruction takes it from beside the stack. */
void f80_from_value(Comp *, const IrInsn *), f80_to_value(Comp *, const IrInsn *),
    f80_compare_value(Comp *, const IrInsn *);
