/* The backend's pipeline on one screen: liveness backwards, then one walk that emits each op, then the cold paths. */
#include "backend/x86_64/comp.h"

#include "base/alloc.h"

#include <assert.h>

enum { OP_ROOM = 1024, COLD_ROOM = 1024 };

static void op_label(Comp *c)
{
    late_flags(c);
    allocator_label(c);
    label_here(c, insn_of(c, (IrRef)c->at)->imm);
    if (insn_of(c, (IrRef)c->at)->imm == c->first_pc)
        f80_loop_head(c);
}

/* By op, whatever the type; others are integers', in int_op, or those of vectors and floats. */
static Emit *const emit[IR_OPS] = {
    [IR_label] = op_label,     [IR_get] = op_get,        [IR_put] = op_put,         [IR_load] = op_load,
    [IR_store] = op_store,     [IR_rmw] = op_rmw,        [IR_cas] = op_cas,         [IR_fence] = op_fence,
    [IR_call] = call_op,       [IR_goto_] = exit_op,     [IR_goto_if] = exit_op,    [IR_goto_reg] = exit_op,
    [IR_goto_pc] = exit_op,    [IR_leave] = exit_op,     [IR_charge] = exit_op,     [IR_flags] = op_flags,
    [IR_cmc] = op_cmc,         [IR_cond] = op_cond,      [IR_asflags] = op_asflags, [IR_fcmp] = op_fcmp,
    [IR_fcomp] = op_fcmp,      [IR_vtest] = op_vtest,    [IR_f80] = f80_op,         [IR_f80_in] = f80_op,
    [IR_f80_out] = f80_op,     [IR_f80_cmp] = f80_op,    [IR_f80_cmp_in] = f80_op,  [IR_f80_status] = f80_op,
    [IR_f80_control] = f80_op, [IR_leave_if] = leave_if,
};

/* All of them by op, for integers and for types that are in vector registers. */
static Emit *emitter[IR_OPS][2];

static void emitters_make(void)
{
    for (int op = 0; op < IR_OPS; op++)
        for (int vector = 0; vector < 2; vector++) {
            Emit *others = ir_effects((IrOp)op) & FP ? fp_op : vec_op;
            emitter[op][vector] = emit[op] ? emit[op] : !vector && int_op[op] ? int_op[op] : others;
        }
}

/* Ops that look at state in the slots, or leave. */
static bool wants_slots(const Comp *c, const IrInsn *i)
{
    if (i->op == IR_call)
        return c->guest->helpers[i->imm & 0xffff].effects & (H_STATE | H_LEAVES);
    bool branch = i->op == IR_leave_if || i->op == IR_goto_if || i->op == IR_goto_; /* see to it themselves */
    return ir_effects((IrOp)i->op) & LEAVES && !branch;
}

static __attribute__((noinline)) void f80_before(Comp *c, const IrInsn *i)
{
    if (wants_slots(c, i))
        f80_flush(c);
    if (c->f80.owes && ir_effects((IrOp)i->op) & FP) /* its helper may look at anything */
        owed_pay(c);
}

/* Ops that emit nothing themselves. */
static const bool silent[IR_OPS] = {
    [IR_nop] = true, [IR_insn] = true, [IR_const] = true, [IR_vconst] = true, [IR_arg] = true,
};

/* What is dead is a nop since the backward pass. */
static bool emit_ops(Comp *c)
{
    const IrInsn *i = c->ir->insn;
    for (uint32_t at = 1, count = c->ir->count; at < count; at++) {
        i++;
        c->where[at] = (Where){ .place = NOWHERE };
        if (silent[i->op] || (c->live.of[at].late && !c->live.of[at].uses && i->op != IR_put)) {
            c->pc = i->op == IR_insn ? i->imm : c->pc;
            continue;
        }
        if (i->op == IR_get && get_quietly(c, i, (IrRef)at))
            continue;
        c->at = at;
        c->locked = c->vlocked = 0;
        if (!room(&c->a, OP_ROOM))
            return false;
        if (f80_busy(c))
            f80_before(c, i);
        emitter[i->op][ir_in_vector_reg(i->type)](c);
    }
    c->locked = c->vlocked = 0;
    return true;
}

Cold *colds_full(Comp *c)
{
    c->a.full = true;
    return &c->cold[--c->colds];
}

void points_full(Comp *c)
{
    c->a.full = true;
    c->out->points--;
}

static void emit_colds(Comp *c)
{
    for (uint32_t k = 0; k < c->colds; k++) { /* a cold path may add another */
        Cold *s = &c->cold[k];
        if (!room(&c->a, COLD_ROOM))
            return;
        c->pc = s->pc;
        if (c->f80_used)
            c->f80 = s->f80;
        if (s->late)
            late_flags_before(c, s);
        for (int f = 0; f < 3; f++)
            if (s->from[f])
                asm_here(&c->a, s->from[f]);
        if (s->late)
            late_flags_of(c, s);
        s->emit(c, s);
    }
}

static void check(const Ir *ir, const Guest *guest)
{
    int slots;
    guest_slots(guest, &slots);
    ir_check(ir, slots, "after the backward pass");
}

/* Code goes to where that of `out` ends. */
static Comp *begin(const Guest *guest, Ir *ir, uint64_t first_pc, Compiled *out)
{
    if (!out->work)
        out->work = xalloc(sizeof(Comp));
    Comp *c = out->work;
    c->a = (Asm){ .p = out->at + out->size, .end = out->at + out->room, .to_exec = out->to_exec, .avx = host_cpu.avx };
    c->guest = guest;
    c->ir = ir;
    c->out = out;
    c->first_pc = c->pc = first_pc;
    c->colds = c->labels = 0;
    c->pair.at = 0;
    c->locked = c->vlocked = 0;
    c->pushed = 0;
    c->f80 = (F80Cache){ 0 };
    c->f80_loop.at = NULL;
    c->over = c->f80_used = false;
    c->f80_fused = 0;
    allocator_label(c);
    c->late.flags = 0;
    c->late.used = c->late.parts = c->late.made = 0;
    return c;
}

static bool emit_all(Comp *c, bool piece)
{
    c->piece = piece;
    c->live.defer = !piece;
    ir_live(c->ir, &c->live);
    loop_begin(c);
    hint_begin(c);
    if (ir_checking)
        check(c->ir, c->guest);
    if (!emit_ops(c))
        return false;
    uint8_t *over = piece && c->colds && !c->over && room(&c->a, OP_ROOM) ? asm_jmp(&c->a) : NULL;
    emit_colds(c);
    if (over)
        asm_here(&c->a, over);
    c->out->size = (uint32_t)(c->a.p - c->out->at);
    return !c->a.full;
}

static bool compile(const Guest *guest, Ir *ir, uint64_t first_pc, Compiled *out)
{
    out->size = out->exits = out->points = 0;
    return emit_all(begin(guest, ir, first_pc, out), false);
}

static bool compile_piece(const Guest *guest, Ir *ir, uint64_t first_pc, Compiled *out)
{
    return emit_all(begin(guest, ir, first_pc, out), true);
}

enum { COUNTER_AT = 2 /* of its address, in: */ };
static const AsmBytes MOV_RAX = { 2, { 0x48, 0xb8 } }, /* imm64 */
    SUB_1 = { 3, { 0x83, 0x28, 1 } },                  /* sub dword [rax], 1 */
    JNS = { 2, { 0x79, LINK_CALL } };

static void count_entries(uint64_t pc, Compiled *out)
{
    Asm a = { .p = out->at, .end = out->at + out->room, .to_exec = out->to_exec };
    asm_bytes(&a, MOV_RAX);
    put64(&a, 0);
    asm_bytes(&a, SUB_1);
    asm_bytes(&a, JNS);
    out->exit[0] = (UnitExit){ .pc = pc, .stub = (uint32_t)(a.p - out->at) };
    asm_call_to(&a, thunks.link);
    out->exits = 1;
    out->points = 0;
    out->size = (uint32_t)(a.p - out->at);
}

static void unit_counts(uint8_t *code, const int32_t *left)
{
    uint64_t at = (uintptr_t)left;
    memcpy(code + COUNTER_AT, &at, sizeof at);
}

static unsigned home(const Guest *guest, unsigned slot)
{
    enum { PIN = HOME_WORD + 1 };
    int32_t disp = (int32_t)guest_slots(guest, NULL)[slot].offset - CPU_BIAS;
    return pin_of[slot] != NO_REG ? PIN + pin_of[slot] : disp == (int8_t)disp ? HOME_BYTE : HOME_WORD;
}

static void patch(uint8_t *rel32, ptrdiff_t to_exec, const void *target)
{
    int32_t rel = (int32_t)((const uint8_t *)target - (rel32 + to_exec + 4));
    __atomic_store_n((int32_t *)(void *)rel32, rel, __ATOMIC_RELEASE);
}

static uint32_t prologue(const Guest *guest, HelperThrough *through, uint8_t *w, ptrdiff_t to_exec, uint32_t room)
{
    emitters_make();
    return thunks_make(guest, through, w, to_exec, room);
}

const Backend x86_64_backend = { .name = "x86-64",
                                 .prologue = prologue,
                                 .compile = compile,
                                 .compile_piece = compile_piece,
                                 .count_entries = count_entries,
                                 .unit_counts = unit_counts,
                                 .home = home,
                                 .patch = patch,
                                 .enter = thunks_enter };
