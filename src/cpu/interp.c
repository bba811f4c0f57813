#include "cpu/interp.h"

#include "cpu/interp-f80.h"
#include "cpu/mem.h"
#include "tcg/ops.h"

#include <assert.h>
#include <string.h>

/* cpu/mem.c has them; without it only interp_run_on works. */
#pragma weak mem_load
#pragma weak mem_store
#pragma weak mem_rmw
#pragma weak mem_cas

typedef struct Run {
    Cpu *cpu;
    const Guest *guest;
    const Ir *ir;
    const InterpMemory *memory;
    uint32_t at; /* op that runs */
    uint64_t pc; /* of the guest instruction it is part of */
    bool left;   /* with `exit` */
    CpuExit exit;
    uint64_t *budget;
    V128 value[IR_MAX]; /* scalars: zero-extended */
} Run;

static uint64_t scalar(const Run *r, IrRef ref)
{
    return r->value[ref].lo;
}

static void set(Run *r, uint64_t v)
{
    r->value[r->at] = (V128){ v, 0 };
}

static uint8_t *slot_at(const Run *r, unsigned slot, unsigned offset)
{
    return (uint8_t *)r->cpu + r->ir->slots[slot].offset + offset;
}

static void set_pc(Run *r, uint64_t pc)
{
    memcpy(slot_at(r, r->guest->pc_slot, 0), &pc, r->ir->slots[r->guest->pc_slot].size);
}

static uint64_t get_pc(const Run *r)
{
    uint64_t pc = 0;
    memcpy(&pc, slot_at(r, r->guest->pc_slot, 0), r->ir->slots[r->guest->pc_slot].size);
    return pc;
}

static void leave(Run *r, CpuExit how)
{
    r->left = true;
    r->exit = how;
}

/* ---- state ---- */

static void run_get(Run *r, const IrInsn *i)
{
    V128 v = { 0 };
    memcpy(&v, slot_at(r, ir_slot(i->imm), ir_slot_offset(i->imm)), (size_t)ir_bits(i->type) / 8);
    if (i->type == T_FLAGS)
        v.lo &= FLAGS_ALL;
    r->value[r->at] = v;
}

static void run_put(Run *r, const IrInsn *i)
{
    unsigned slot = ir_slot(i->imm), offset = ir_slot_offset(i->imm), len = (unsigned)ir_bits(i->type) / 8;
    memcpy(slot_at(r, slot, offset), &r->value[i->arg[0]], len);
    if (i->imm & IR_ZEXT)
        memset(slot_at(r, slot, offset + len), 0, r->ir->slots[slot].size - offset - len);
}

/* ---- memory ---- */

static V128 reversed(V128 v, unsigned log2_size)
{
    if (log2_size == 4)
        return (V128){ __builtin_bswap64(v.hi), __builtin_bswap64(v.lo) };
    return (V128){ __builtin_bswap64(v.lo) >> (64 - (8 << log2_size)), 0 };
}

static V128 cut(V128 v, unsigned log2_size)
{
    return log2_size == 4 ? v : (V128){ v.lo & ir_mask(8 << log2_size), 0 };
}

/* The effective address; false if the access's alignment rule forbids it, which was raised. */
static bool address(Run *r, const IrInsn *i, IrMem m, Access access, uint64_t *addr)
{
    uint64_t size = 1u << m.size, a = scalar(r, i->arg[0]) + (uint64_t)(int64_t)m.disp;
    bool bad = m.align == ALIGN_SIZE ? (a & (size - 1)) != 0 : m.align == ALIGN_16_ATOMIC && (a & 15) + size > 16;
    *addr = a;
    set_pc(r, r->pc);
    if (bad) {
        r->guest->misaligned(r->cpu, a, access);
        leave(r, EXIT_FAULT);
    }
    return !bad;
}

static V128 extended(V128 v, IrMem m, IrType t)
{
    if (m.sign && m.size < 3 && t < 4)
        v.lo = ir_eval(IR_sext, ir_bits(t), v.lo, 0, 0, 8u << m.size);
    return v;
}

static void run_load(Run *r, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    uint64_t addr;
    V128 v = { 0 };
    if (!address(r, i, m, LOAD, &addr))
        return;
    if (!r->memory->load(r->cpu, addr, 1 << m.size, m.user, &v)) {
        leave(r, EXIT_FAULT);
        return;
    }
    v = cut(m.big ? reversed(v, m.size) : v, m.size);
    r->value[r->at] = m.sign && 8 << m.size == ir_bits(i->type) ? v : extended(v, m, i->type);
}

static void run_store(Run *r, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    uint64_t addr;
    if (!address(r, i, m, STORE, &addr))
        return;
    V128 v = cut(r->value[i->arg[1]], m.size);
    if (!r->memory->store(r->cpu, addr, 1 << m.size, m.user, m.big ? reversed(v, m.size) : v))
        leave(r, EXIT_FAULT);
    else if (m.order & ORDER_RELEASE)
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* a later acquire load must not pass it */
}

static uint64_t modified(IrRmw op, int n, uint64_t old, uint64_t b)
{
    static const uint8_t ops[] = { IR_add, IR_andn, IR_xor, IR_or, IR_maxs, IR_mins, IR_maxu, IR_minu, 0, IR_and };
    return op == RMW_SWAP ? b & ir_mask(n) : ir_eval((IrOp)ops[op], n, old, b, 0, 0);
}

/* A big-endian sum or comparison is not the host's: compare and swap until nobody came between. */
static bool rmw_big(Run *r, IrMem m, uint64_t addr, uint64_t b, uint64_t *old)
{
    V128 was = { 0 }, seen = { 0 };
    if (!r->memory->load(r->cpu, addr, 1 << m.size, m.user, &was))
        return false;
    for (;;) {
        uint64_t value = reversed(cut(was, m.size), m.size).lo;
        V128 want = { modified((IrRmw)m.rmw, 8 << m.size, value, b), 0 };
        if (!r->memory->cas(r->cpu, addr, 1 << m.size, was, reversed(want, m.size), m.user, &seen))
            return false;
        *old = value;
        if (cut(seen, m.size).lo == cut(was, m.size).lo)
            return true;
        was = seen;
    }
}

static void run_rmw(Run *r, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    uint64_t addr, old = 0, b = scalar(r, i->arg[1]) & ir_mask(8 << m.size);
    if (!address(r, i, m, STORE, &addr))
        return;
    bool done = m.big && m.size ? rmw_big(r, m, addr, b, &old)
                                : r->memory->rmw(r->cpu, addr, 1 << m.size, (IrRmw)m.rmw, b, m.user, &old);
    if (!done)
        leave(r, EXIT_FAULT);
    set(r, old & ir_mask(8 << m.size));
}

static void run_cas(Run *r, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    uint64_t addr;
    V128 expected = cut(r->value[i->arg[1]], m.size), desired = cut(r->value[i->arg[2]], m.size), old = { 0 };
    if (!address(r, i, m, STORE, &addr))
        return;
    if (m.big) {
        expected = reversed(expected, m.size);
        desired = reversed(desired, m.size);
    }
    if (!r->memory->cas(r->cpu, addr, 1 << m.size, expected, desired, m.user, &old))
        leave(r, EXIT_FAULT);
    old = cut(old, m.size);
    r->value[r->at] = m.big ? reversed(old, m.size) : old;
}

static void run_fence(Run *r, const IrInsn *i)
{
    (void)r;
    if (i->imm == FENCE_FULL)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* ---- calls ---- */

static void run_call(Run *r, const IrInsn *i)
{
    uint64_t a[3] = { 0 };
    for (int k = 0; k < 3; k++)
        if (i->arg[k])
            a[k] = scalar(r, i->arg[k]);
    uint64_t result =
        r->memory->call ? r->memory->call(r->cpu, r->ir, i, a) : helper_call(r->cpu, r->ir->helpers, i->imm, a);
    if (i->type != T_VOID)
        set(r, result & ir_mask(ir_bits(i->type) < 64 ? ir_bits(i->type) : 64));
    if ((r->ir->helpers[i->imm & 0xffff].effects & H_LEAVES) && result)
        leave(r, EXIT_LOOKUP);
}

static void run_leave_if(Run *r, const IrInsn *i)
{
    uint64_t a[3] = { scalar(r, i->arg[1]), scalar(r, i->arg[2]), 0 };
    if (!scalar(r, i->arg[0]))
        return;
    if (r->memory->call)
        r->memory->call(r->cpu, r->ir, i, a);
    else
        helper_call(r->cpu, r->ir->helpers, i->imm, a);
    leave(r, EXIT_LOOKUP);
}

/* ---- 80-bit floating point ---- */

static void run_f80(Run *r, const IrInsn *i)
{
    uint64_t a = ir_op[i->op].args ? scalar(r, i->arg[0]) : 0;
    uint8_t *d = slot_at(r, ir_f80_d(i->imm), 0), *b = slot_at(r, ir_f80_b(i->imm), 0);
    uint32_t *control = (void *)slot_at(r, r->guest->f80_control, 0);
    uint32_t *status = (void *)slot_at(r, r->guest->f80_status, 0);
    if (i->op == IR_f80_control)
        *control = (uint32_t)a;
    else if (i->op == IR_f80_status)
        set(r, ((*status | *status >> 16) & F80_EXCEPTIONS) | (*status >> 16 & F80_ROUNDED_UP));
    else
        set(r, interp_f80(i, a, d, b, *control, status));
}

/* ---- flags ---- */

static void run_flags(Run *r, const IrInsn *i)
{
    const IrInsn *of = &r->ir->insn[i->arg[0]];
    uint64_t c = of->op == IR_adc || of->op == IR_sbb ? scalar(r, of->arg[2]) : 0;
    set(r, ir_flags_of((IrOp)of->op, of->type, scalar(r, of->arg[0]), scalar(r, of->arg[1]), c));
}

static void run_cmc(Run *r, const IrInsn *i)
{
    set(r, scalar(r, i->arg[0]) ^ FLAG_C);
}

static void run_cond(Run *r, const IrInsn *i)
{
    set(r, ir_cond_holds((IrCond)i->imm, (uint32_t)scalar(r, i->arg[0])));
}

static void run_asflags(Run *r, const IrInsn *i)
{
    set(r, scalar(r, i->arg[0]) & FLAGS_ALL);
}

/* ---- the rest ---- */

static void run_const(Run *r, const IrInsn *i)
{
    set(r, i->imm);
}

static void run_vconst(Run *r, const IrInsn *i)
{
    r->value[r->at] = (V128){ r->ir->pool[i->imm].lo, r->ir->pool[i->imm].hi };
}

static void run_value(Run *r, const IrInsn *i)
{
    V128 a[3] = { { 0 } };
    for (int k = 0; k < ir_op[i->op].args; k++)
        a[k] = r->value[i->arg[k]];
    IrType source = ir_op[i->op].args ? ir_result(&r->ir->insn[i->arg[0]]) : T_VOID;
    r->value[r->at] = interp_value(r->cpu, r->ir->helpers, i, source, a[0], a[1], a[2]);
}

static void run_nothing(Run *r, const IrInsn *i)
{
    (void)r;
    (void)i;
}

/* ---- order ---- */

static void run_insn(Run *r, const IrInsn *i)
{
    r->pc = i->imm;
    if (*r->budget) {
        --*r->budget;
        return;
    }
    set_pc(r, i->imm);
    leave(r, EXIT_LOOKUP);
}

static void go_to(Run *r, uint64_t pc)
{
    bool inside = false;
    for (uint32_t n = 0; n < r->ir->labels && !inside; n++)
        inside = r->ir->label[n] == pc;
    for (uint32_t n = 1; inside && n < r->ir->count; n++)
        if (r->ir->insn[n].op == IR_label && r->ir->insn[n].imm == pc) {
            if (r->memory->forward && n <= r->at)
                break;
            r->at = n;
            return;
        }
    set_pc(r, pc);
    leave(r, EXIT_LOOKUP);
}

static void run_goto(Run *r, const IrInsn *i)
{
    go_to(r, i->imm);
}

static void run_goto_if(Run *r, const IrInsn *i)
{
    if (scalar(r, i->arg[0]))
        go_to(r, i->imm);
}

static void run_goto_reg(Run *r, const IrInsn *i)
{
    set_pc(r, scalar(r, i->arg[0]));
    leave(r, EXIT_LOOKUP);
}

static void run_goto_pc(Run *r, const IrInsn *i)
{
    (void)i;
    leave(r, EXIT_LOOKUP);
}

static void run_leave(Run *r, const IrInsn *i)
{
    leave(r, (CpuExit)i->imm);
}

typedef void RunFn(Run *, const IrInsn *);

/* Ops without an entry only compute a value. */
static RunFn *const run_by[IR_OPS] = {
    [IR_nop] = run_nothing,     [IR_const] = run_const,       [IR_flags] = run_flags,     [IR_cmc] = run_cmc,
    [IR_cond] = run_cond,       [IR_asflags] = run_asflags,   [IR_vconst] = run_vconst,   [IR_get] = run_get,
    [IR_put] = run_put,         [IR_load] = run_load,         [IR_store] = run_store,     [IR_rmw] = run_rmw,
    [IR_cas] = run_cas,         [IR_charge] = run_nothing,    [IR_fence] = run_fence,     [IR_arg] = run_nothing,
    [IR_call] = run_call,       [IR_insn] = run_insn,         [IR_label] = run_nothing,   [IR_goto_] = run_goto,
    [IR_f80] = run_f80,         [IR_f80_in] = run_f80,        [IR_f80_out] = run_f80,     [IR_f80_cmp] = run_f80,
    [IR_f80_cmp_in] = run_f80,  [IR_f80_status] = run_f80,    [IR_f80_control] = run_f80, [IR_leave_if] = run_leave_if,
    [IR_goto_if] = run_goto_if, [IR_goto_reg] = run_goto_reg, [IR_goto_pc] = run_goto_pc, [IR_leave] = run_leave,
};

CpuExit interp_run_on(Cpu *cpu, const Guest *guest, const Ir *ir, const InterpMemory *memory, uint64_t *budget,
                      uint64_t *next_pc)
{
    Run r; /* not cleared: no value is read before it is set */
    r.cpu = cpu;
    r.guest = guest;
    r.ir = ir;
    r.memory = memory;
    r.pc = 0;
    r.left = false;
    r.exit = EXIT_LOOKUP;
    r.budget = budget;
    for (r.at = 1; !r.left; r.at++) {
        assert(r.at < ir->count); /* units end by leaving */
        const IrInsn *i = &ir->insn[r.at];
        (run_by[i->op] ? run_by[i->op] : run_value)(&r, i);
    }
    *next_pc = get_pc(&r);
    return r.exit;
}

CpuExit interp_run(Cpu *cpu, const Guest *guest, const Ir *ir, uint64_t *budget, uint64_t *next_pc)
{
    static const InterpMemory memory = { mem_load, mem_store, mem_rmw, mem_cas, NULL, false };
    return interp_run_on(cpu, guest, ir, &memory, budget, next_pc);
}
