/* The backend's pipeline on one screen: liveness backwards, then one walk that emits each op, then the cold paths. */
#include "backend/x86_64/comp.h"

#include "base/alloc.h"

#include <assert.h>

enum { OP_ROOM = 512, COLD_ROOM = 512 };

static void op_const(Comp *c)
{
    c->where[c->at] = (Where){ .place = NOWHERE };
}

static void op_insn(Comp *c)
{
    c->pc = insn_of(c, (IrRef)c->at)->imm;
}

static void op_label(Comp *c)
{
    allocator_label(c);
    label_here(c, insn_of(c, (IrRef)c->at)->imm);
}

static void nothing(Comp *c)
{
    (void)c;
}

/* By op; integer ops on vector types go to vec_op. */
static void (*const emit[IR_OPS])(Comp *) = {
    [IR_nop] = nothing,      [IR_arg] = nothing,     [IR_const] = op_const, [IR_vconst] = op_const,
    [IR_insn] = op_insn,     [IR_label] = op_label,  [IR_get] = state_op,   [IR_put] = state_op,
    [IR_load] = mem_op,      [IR_store] = mem_op,    [IR_rmw] = mem_op,     [IR_cas] = mem_op,
    [IR_fence] = mem_op,     [IR_call] = call_op,    [IR_goto_] = exit_op,  [IR_goto_if] = exit_op,
    [IR_goto_reg] = exit_op, [IR_goto_pc] = exit_op, [IR_leave] = exit_op,  [IR_charge] = exit_op,
    [IR_flags] = op_flags,   [IR_cmc] = op_cmc,      [IR_cond] = op_cond,   [IR_asflags] = op_asflags,
    [IR_fcmp] = op_fcmp,
};

static void emit_op(Comp *c, const IrInsn *i)
{
    if (emit[i->op])
        emit[i->op](c);
    else if (ir_effects((IrOp)i->op) & FP)
        fp_op(c);
    else if (ir_in_vector_reg(i->type) || i->op >= IR_vconst)
        vec_op(c);
    else
        int_op(c);
}

Cold *cold(Comp *c, void (*emit_cold)(Comp *, Cold *))
{
    if (c->colds == COLDS) {
        c->a.full = true;
        c->colds--;
    }
    Cold *s = &c->cold[c->colds++];
    *s = (Cold){ .emit = emit_cold, .pc = c->pc, .ref = (IrRef)c->at };
    return s;
}

void point(Comp *c)
{
    if (c->out->points == UNIT_POINTS) {
        c->a.full = true;
        return;
    }
    c->out->point[c->out->points++] = (UnitPoint){ (uint32_t)(c->a.p - c->out->at), (uint32_t)(c->pc - c->first_pc) };
}

static void emit_colds(Comp *c)
{
    for (uint32_t k = 0; k < c->colds; k++) { /* a cold path may add another */
        Cold *s = &c->cold[k];
        if (!room(&c->a, COLD_ROOM))
            return;
        c->pc = s->pc;
        for (int f = 0; f < 3; f++)
            if (s->from[f])
                asm_here(&c->a, s->from[f]);
        s->emit(c, s);
    }
}

static void check(const Ir *ir, const Guest *guest)
{
    int slots;
    guest_slots(guest, &slots);
    ir_check(ir, slots, "after the backward pass");
}

static bool compile(const Guest *guest, Ir *ir, uint64_t first_pc, Compiled *out)
{
    static _Thread_local Comp *comp;
    if (!comp)
        comp = xalloc(sizeof *comp);
    Comp *c = comp;
    c->a = (Asm){ .p = out->at, .end = out->at + out->room, .to_exec = out->to_exec, .avx = host_cpu.avx };
    c->guest = guest;
    c->ir = ir;
    c->out = out;
    c->first_pc = c->pc = first_pc;
    c->colds = c->labels = 0;
    c->pair.at = 0;
    c->locked = c->vlocked = 0;
    c->pushed = 0;
    out->exits = out->points = 0;
    allocator_label(c);
    ir_live(ir, &c->live);
    loop_begin(c);
    if (ir_checking)
        check(ir, guest);
    for (c->at = 1; c->at < ir->count; c->at++) {
        const IrInsn *i = &ir->insn[c->at];
        int effects = ir_effects((IrOp)i->op);
        if (!(effects & (WRITES | FAULTS | LEAVES | CALLS | MARK | FP)) && !c->live.uses[c->at])
            continue;
        if (!room(&c->a, OP_ROOM))
            return false;
        c->where[c->at] = (Where){ .place = NOWHERE };
        emit_op(c, i);
        op_end(c);
    }
    emit_colds(c);
    out->size = (uint32_t)(c->a.p - out->at);
    return !c->a.full;
}

static void patch(uint8_t *rel32, ptrdiff_t to_exec, const void *target)
{
    int32_t rel = (int32_t)((const uint8_t *)target - (rel32 + to_exec + 4));
    __atomic_store_n((int32_t *)(void *)rel32, rel, __ATOMIC_RELEASE);
}

const Backend x86_64_backend = {
    .name = "x86-64", .prologue = thunks_make, .compile = compile, .patch = patch, .enter = thunks_enter
};
