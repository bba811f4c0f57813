/* Between the files of guest memory. */
#pragma once
#include "backend/x86_64/comp.h"

enum { F80_TOP = 0xf8 /* in place of a register: the host's 80-bit stack, f80_access */, IMMEDIATE };

/* mem.c. With rax and rcx taken: leaves host - guest in rax or goes to a cold path. Returns it.
 * span: bytes from the lowest address, which is at m.disp. near: a register that may well point into the same page, or
 * NO_REG. hint: go_slow may be told one. */
Cold *mem_check_span(Comp *, unsigned address, IrMem, int32_t span, bool write, unsigned near, bool hint,
                     void (*emit)(Comp *, Cold *));
/* rax = address, memory attributes on the stack, the slow path. */
void mem_go_slow_for(Comp *, const Cold *, uint64_t imm, uint32_t hint, const uint8_t *thunk);
void mem_value_to_rcx(Comp *, const Cold *, unsigned reg);
/* The register with what is stored, or IMMEDIATE. */
unsigned mem_stored(Comp *, const IrInsn *, bool vector);
void mem_access(Comp *, const IrInsn *, bool vector, unsigned reg, Rm);

static inline Cold *check(Comp *c, unsigned address, IrMem m, bool write, void (*emit)(Comp *, Cold *))
{
    return mem_check_span(c, address, m, 1 << m.size, write, NO_REG, false, emit);
}

static inline void go_slow(Comp *c, const Cold *s, const uint8_t *thunk)
{
    mem_go_slow_for(c, s, s->imm, s->hint, thunk);
}

static inline void jump_back(Comp *c, const Cold *s)
{
    if (s->span != NO_REG) /* what was checked may be so no longer */
        asm_alu(&c->a, ALU_XOR, false, s->span, rm_reg(s->span));
    asm_target(asm_jmp(&c->a), s->back);
}

/* Where the hot path goes on. */
static inline void goes_on(Comp *c, Cold *s)
{
    s->back = c->a.p;
    s->span = (uint8_t)span_register(c);
}

static inline Rm io(Comp *c, unsigned n)
{
    asm_load(&c->a, 8, false, RCX, cpu_rm(offsetof(Cpu, run)));
    return rm_mem(RCX, (int32_t)(offsetof(CpuRun, io) + 16 * n));
}

/* False, and nothing done: there is no other that this one can share a check with. */
bool mem_load_pair(Comp *, IrInsn *, IrMem, bool vector),
    mem_store_pair(Comp *, IrInsn *, IrMem, bool vector); /* mem_pair.c */
void mem_load_second(Comp *, IrInsn *, IrMem, bool vector);
bool mem_near_others(Comp *, const IrInsn *, IrMem, bool vector, bool f80); /* mem_near.c */
