/* Between the files of guest memory. */
#pragma once
#include "backend/x86_64/comp.h"
#include "backend/x86_64/mem_asm.h"

enum { F80_TOP = 0xf8 /* in place of a register: the host's 80-bit stack, f80_access */, IMMEDIATE };

/* mem.c. With rax and rcx taken: leaves host - guest in rax or goes to a cold path. Returns it.
 * span: bytes from the lowest address, which is at the displacement of `imm`. near: a register that may well point into
 * the same page, or NO_REG. hint: go_slow may be told one. */
Cold *mem_check_span(Comp *, unsigned address, uint64_t imm, int32_t span, bool write, unsigned near, bool hint,
                     void (*emit)(Comp *, Cold *));
/* The same for an access that does not have to be aligned, with the current regime's rights. */
Cold *mem_check_usual(Comp *, unsigned address, int32_t disp, int32_t span, bool write, void (*emit)(Comp *, Cold *));
static inline bool mem_is_usual(uint64_t imm)
{
    return !(imm & ir_mem((IrMem){ .align = 7, .user = true }));
}
/* rax = address, memory attributes on the stack, the slow path. mem_call_slow: without the first. */
void mem_go_slow_for(Comp *, const Cold *, uint64_t imm, uint32_t hint, const uint8_t *thunk);
void mem_call_slow(Comp *, uint64_t imm, uint32_t hint, const uint8_t *thunk);
void mem_value_to_rcx(Comp *, const Cold *, unsigned reg);
/* The register with what is stored, or IMMEDIATE. */
unsigned mem_stored(Comp *, const IrInsn *, bool vector);
typedef enum MemForm { MEM_ZERO, MEM_SIGN64, MEM_SIGN32, MEM_STORE } MemForm;
extern const AccessForm mem_forms[4][4]; /* by size */
static inline MemForm mem_form(const IrInsn *i)
{
    if (i->op == IR_store)
        return MEM_STORE;
    if (!ir_mem_of(i->imm).sign)
        return MEM_ZERO;
    return i->type == I64 ? MEM_SIGN64 : i->type == I32 ? MEM_SIGN32 : MEM_ZERO;
}
void mem_access_other(Comp *, const IrInsn *, unsigned reg, Rm); /* of vectors and what is in no register */
/* At [base + disp] or [base + rax + disp]. */
static inline void mem_access(Comp *c, const IrInsn *i, bool vector, unsigned reg, unsigned base, bool rax_too,
                              int32_t disp)
{
    if (!vector && reg < F80_TOP)
        asm_access(&c->a, mem_forms[mem_form(i)][ir_mem_of(i->imm).size & 3], reg, base, rax_too, disp);
    else
        mem_access_other(c, i, reg, rax_too ? rm_index(base, RAX, 0, disp) : rm_mem(base, disp));
}

static inline Cold *check(Comp *c, unsigned address, IrMem m, bool write, void (*emit)(Comp *, Cold *))
{
    return mem_check_span(c, address, ir_mem(m), 1 << m.size, write, NO_REG, false, emit);
}

static inline void go_slow(Comp *c, const Cold *s, const uint8_t *thunk)
{
    mem_go_slow_for(c, s, s->imm, s->hint, thunk);
}

static inline void jump_back(Comp *c, const Cold *s)
{
    if (s->span != NO_REG) /* what was checked may be so no longer */
        asm_clear(&c->a, s->span);
    asm_jmp_back(&c->a, s->back);
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
bool mem_load_pair(Comp *, const IrInsn *, bool vector),
    mem_store_pair(Comp *, const IrInsn *, bool vector); /* mem_pair.c */
void mem_load_second(Comp *, const IrInsn *, bool vector);
bool mem_near(Comp *, const IrInsn *, bool vector, bool f80); /* mem_near.c */
/* A cold path that does the one access: reg[0] the address's register, reg[1] the value's, reg[3] vector, imm. */
void mem_alone(Comp *, Cold *);
unsigned mem_kept(Comp *, unsigned reg, unsigned to); /* its: one of the hot path, of which rax and rcx are kept */
/* mem_stack.c. An access on the stack; false, and nothing done: it is none. The check of one, or of several from `disp`
 * on: leaves the host's address of the lowest in `at`. */
bool mem_stack(Comp *, const IrInsn *, bool vector);
Cold *mem_check_stack(Comp *, unsigned at, unsigned address, int32_t disp, int32_t bytes);
/* The next access differs only in its place, just above this one. */
static inline bool mem_may_pair(const Comp *c, const IrInsn *i)
{
    const IrInsn *next = &c->ir->insn[c->live.access[c->at]];
    uint64_t above = (uint64_t)1 << ir_mem_of(i->imm).size << 32;
    return next->op == i->op && next->arg[0] == i->arg[0] && next->imm == i->imm + above;
}
/* There may be such accesses. */
static inline bool mem_has_others(const Comp *c)
{
    return c->live.access[c->at] || span_register(c) != NO_REG;
}
