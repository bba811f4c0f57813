/* Building a unit: one append for each op, after whatever folding its kind allows. This is on the translation path:
 * nothing here looks at more than a few earlier ops. */
#include "tcg/ir.h"

#include "tcg/build.h"

#include <assert.h>
#include <string.h>

void ir_begin(Ir *ir, const Slot *slots, const Helper *helpers)
{
    if (!__atomic_load_n(&ir_fold_ready, __ATOMIC_ACQUIRE))
        ir_fold_start();
    ir->count = ir->line_start = 1;
    ir->insn[0] = ir->insn[IR_MAX - 1] = (IrInsn){ .op = IR_nop, .type = T_VOID };
    ir->pooled = ir->labels = ir->asks = 0;
    ir->full = false;
    ir->slots = slots;
    ir->helpers = helpers;
    for (int i = 0; i < IR_ASKED; i++)
        ir->asked[i].result = IR_NONE;
    ir_forget_slots(ir);
    if (ir->line >= -2 * IR_MAX * IR_LINE) { /* once in many million units: numbers must not come round */
        memset(ir->now, 0, sizeof ir->now);
        ir->line = IR_LINE;
    }
}

IrRef ir_imm(Ir *ir, IrType t, uint64_t value)
{
    if (t < I64)
        value &= ir_mask(8 << t);
    IrRef *recent = &ir->recent[(value * 0x9e3779b97f4a7c15 >> 60 ^ t) % IR_RECENT];
    IrRef r = *recent % IR_MAX;
    const IrInsn *i = &ir->insn[r];
    IrInsn want = ir_insn_of(IR_const, t, 0, 0, 0, value);
    bool in_line = r - ir->line_start < ir->count - ir->line_start;
    if (in_line & (ir_head(i) == ir_head(&want)) & (i->imm == value))
        return r;
    return *recent = ir_append(ir, want);
}

IrRef ir_wide(Ir *ir, IrType t, uint64_t lo, uint64_t hi)
{
    uint32_t n = ir->pooled;
    if (ir_bits(t) == 64)
        hi = 0;
    for (uint32_t back = 1; back <= 4 && back <= n; back++)
        if (ir->pool[n - back].lo == lo && ir->pool[n - back].hi == hi)
            return ir_append(ir, ir_insn_of(IR_vconst, t, 0, 0, 0, n - back));
    if (n == IR_POOL) {
        ir->full = true;
        n--;
    }
    ir->pool[n] = (struct IrWide){ lo, hi };
    ir->pooled = n + 1;
    return ir_append(ir, ir_insn_of(IR_vconst, t, 0, 0, 0, n));
}

bool ir_is_const(const Ir *ir, IrRef r, uint64_t *value)
{
    if (ir->insn[r].op != IR_const)
        return false;
    *value = ir->insn[r].imm;
    return true;
}

/* ---- flags ---- */

static IrRef packed(Ir *ir, uint32_t flags)
{
    return ir_append(ir, ir_insn_of(IR_asflags, T_FLAGS, ir_imm(ir, I32, flags), 0, 0, 0));
}

static bool packed_const(const Ir *ir, IrRef r, uint64_t *flags)
{
    return ir->insn[r].op == IR_asflags && ir_is_const(ir, ir->insn[r].arg[0], flags);
}

static bool constant_flags(const Ir *ir, const IrInsn *i, uint64_t *flags)
{
    uint64_t v[3] = { 0 };
    for (int k = 0; k < ir_op[i->op].args; k++)
        if (!ir_is_const(ir, i->arg[k], &v[k]))
            return false;
    *flags = ir_flags_of((IrOp)i->op, i->type, v[0], v[1], v[2]);
    return true;
}

/* Flags are those of the op that was asked for, not of what it was folded to. If folding made a new op for it, that op
 * becomes the one asked for again: its value is the same. */
static IrRef flags_of_asked(Ir *ir, IrAsked *asked)
{
    uint64_t flags;
    if (asked->flags)
        return asked->flags;
    if (constant_flags(ir, &asked->insn, &flags))
        return asked->flags = packed(ir, (uint32_t)flags);
    IrRef r = asked->result;
    if (asked->fresh)
        ir->insn[r] = asked->insn;
    else
        r = ir_append(ir, asked->insn);
    return asked->flags = ir_append(ir, ir_insn_of(IR_flags, asked->insn.type, r, 0, 0, 0));
}

/* Of an op that stands as it was asked for; they may have been asked for before. */
static IrRef flags_of_op(Ir *ir, IrRef r)
{
    const IrInsn *i = &ir->insn[r];
    assert(ir_full(ir) || ir_sets_flags(ir, i));
    for (IrRef k = r + 1; k < ir->count && k < r + IR_ASKED; k++)
        if (ir->insn[k].op == IR_flags && ir->insn[k].arg[0] == r)
            return k;
    return ir_append(ir, ir_insn_of(IR_flags, i->type, r, 0, 0, 0));
}

IrRef ir_with_flags(Ir *ir, IrOp op, IrType t, IrRef a, IrRef b, IrRef *flags)
{
    IrInsn w = ir_insn_of(op, t, a, b, 0, 0);
    uint64_t known;
    if (!ir->raw && ir->insn[a].op == IR_const && constant_flags(ir, &w, &known)) {
        *flags = packed(ir, (uint32_t)known);
        return ir_imm(ir, t, ir_eval(op, ir_bits(t), ir->insn[a].imm, ir->insn[b].imm, 0, 0));
    }
    if (!ir->raw) {
        ir_constants_right(ir, &w);
        w.arg[0] = ir_low(ir, w.arg[0], ir_bits(t));
        w.arg[1] = ir_low(ir, w.arg[1], ir_bits(t));
    }
    IrRef r = ir_append(ir, w);
    *flags = ir_append(ir, ir_insn_of(IR_flags, t, r, 0, 0, 0));
    return r;
}

IrRef ir_emit_flags(Ir *ir, IrInsn w)
{
    for (uint32_t n = 0; n < IR_ASKED; n++) {
        IrAsked *asked = &ir->asked[(ir->asks - 1 - n) % IR_ASKED];
        if (asked->result == w.arg[0] && asked->result)
            return flags_of_asked(ir, asked);
    }
    return flags_of_op(ir, w.arg[0]);
}

/* Whether asking for flags of this value already means another op. */
static bool means_another(const Ir *ir, IrRef r)
{
    for (int n = 0; n < IR_ASKED; n++)
        if (ir->asked[n].result == r)
            return true;
    return ir_sets_flags(ir, &ir->insn[r]);
}

/* What folding made of an op that flags may be asked of. There is nothing to remember of one that stands as it is. */
IrRef ir_fold_asked(Ir *ir, IrInsn w, IrWays ways)
{
    uint32_t before = ir->count, asks = ir->asks;
    IrRef r = ir_fold(ir, w, ways);
    const IrInsn *i = &ir->insn[r];
    if (r >= before && i->op == w.op && i->arg[0] == w.arg[0] && i->arg[1] == w.arg[1])
        return r;
    IrInsn asked = w;
    ir_constants_right(ir, &asked);
    ir->asks = asks; /* what rules built on the way was not asked for */
    if (w.type >= 4 || !ir_sets_flags(ir, &asked))
        return r;
    if (r < before && means_another(ir, r)) {
        if (i->op != IR_const)
            return ir_append(ir, asked);
        IrInsn again = *i;
        r = ir_append(ir, again);
    }
    ir->asked[ir->asks++ % IR_ASKED] = (IrAsked){ asked, r, IR_NONE, r >= before && ir->insn[r].op != IR_const };
    return r;
}

IrRef ir_emit_cmc(Ir *ir, IrInsn w)
{
    const IrInsn *a = &ir->insn[w.arg[0]];
    uint64_t flags;
    if (a->op == IR_cmc)
        return a->arg[0];
    if (packed_const(ir, w.arg[0], &flags))
        return packed(ir, (uint32_t)flags ^ FLAG_C);
    return ir_append(ir, w);
}

/* The condition that holds for flags with C inverted when this one does for the flags as they are. */
static IrCond with_carry_inverted(IrCond c)
{
    static const uint8_t partner[] = { IF_EQ,  IF_NE, IF_NC, IF_C,  IF_N,  IF_NN, IF_V,  IF_NV, IF_NCZ,
                                       IF_CNZ, IF_A,  IF_BE, IF_LT, IF_GE, IF_LE, IF_GT, IF_P,  IF_NP };
    return (IrCond)partner[c];
}

/* The bits a condition looks at. */
static uint32_t looked_at(IrCond cond)
{
    static const uint32_t bits[] = { FLAG_Z,          FLAG_C,          FLAG_N,          FLAG_V,
                                     FLAG_Z | FLAG_C, FLAG_Z | FLAG_C, FLAG_N | FLAG_V, FLAG_Z | FLAG_N | FLAG_V,
                                     FLAG_P };
    return bits[cond >> 1];
}

/* Of flags put together from two, `(a & k) | (b & l)`: the one that has all the bits of the mask. */
static IrRef one_of_two(const Ir *ir, IrRef f, uint32_t mask)
{
    const IrInsn *as = &ir->insn[f], *either = &ir->insn[as->arg[0]];
    if (as->op != IR_asflags || either->op != IR_or)
        return f;
    uint64_t keeps[2];
    const IrInsn *side[2] = { &ir->insn[either->arg[0]], &ir->insn[either->arg[1]] };
    for (int k = 0; k < 2; k++)
        if (side[k]->op != IR_and || !ir_is_const(ir, side[k]->arg[1], &keeps[k]))
            return f;
    for (int k = 0; k < 2; k++)
        if ((keeps[k] & mask) == mask && !(keeps[1 - k] & mask) && ir_result(&ir->insn[side[k]->arg[0]]) == T_FLAGS)
            return side[k]->arg[0];
    return f;
}

IrRef ir_emit_cond(Ir *ir, IrInsn w)
{
    IrInsn i = w;
    uint64_t flags;
    while (ir->insn[i.arg[0]].op == IR_cmc) {
        i.arg[0] = ir->insn[i.arg[0]].arg[0];
        i.imm = with_carry_inverted((IrCond)i.imm);
    }
    if (packed_const(ir, i.arg[0], &flags))
        return ir_imm(ir, I64, ir_cond_holds((IrCond)i.imm, (uint32_t)flags));
    i.type = T_FLAGS;
    i.arg[0] = one_of_two(ir, i.arg[0], looked_at((IrCond)i.imm));
    return ir_append(ir, i);
}

IrRef ir_emit_asflags(Ir *ir, IrInsn w)
{
    uint64_t flags;
    if (ir_result(&ir->insn[w.arg[0]]) == T_FLAGS)
        return w.arg[0];
    if (ir_is_const(ir, w.arg[0], &flags))
        return packed(ir, (uint32_t)flags & FLAGS_ALL);
    return ir_append(ir, w);
}

/* ---- what ends straight lines or touches state ---- */

IrRef ir_emit_label(Ir *ir, IrInsn w)
{
    if (ir->labels == IR_LABELS)
        ir->full = true;
    else
        ir->label[ir->labels++] = w.imm;
    IrRef r = ir_append(ir, w);
    ir->line_start = ir->count;
    ir_forget_slots(ir);
    return r;
}

IrRef ir_emit_call(Ir *ir, IrInsn w)
{
    if (!ir->helpers || (ir->helpers[w.imm & 0xffff].effects & H_STATE))
        ir_forget_slots(ir);
    return ir_append(ir, w);
}

IrRef ir_emit_goto_if(Ir *ir, IrInsn w)
{
    uint64_t taken;
    if (ir_is_const(ir, w.arg[0], &taken) && !taken)
        return IR_NONE;
    return ir_append(ir, w);
}

IrRef ir_emit_store(Ir *ir, IrInsn w)
{
    IrRef value = ir_is_int(w.type) ? ir_low(ir, w.arg[1], ir_bits(w.type)) : w.arg[1];
    return ir_append(ir, ir_insn_of(IR_store, w.type, w.arg[0], value, 0, w.imm));
}

/* Bookkeeping only, so that raw and folded building can be mixed. */
IrRef ir_append_raw(Ir *ir, IrInsn want)
{
    if (want.op == IR_label)
        return ir_emit_label(ir, want);
    if (want.op == IR_call)
        return ir_emit_call(ir, want);
    IrRef r = ir_append(ir, want);
    if (want.op == IR_put && ir_slot(want.imm) < IR_SLOTS)
        ir->now[ir_slot(want.imm)] = 0; /* there is no line 0 */
    return r;
}

IrRef ir_add_raw(Ir *ir, IrOp op, IrType t, IrRef a, IrRef b, IrRef c, uint64_t imm)
{
    return ir_append_raw(ir, ir_insn_of(op, t, a, b, c, imm));
}

void ir_refold(Ir *to, const Ir *from)
{
    IrRef map[IR_MAX];
    ir_begin(to, from->slots, from->helpers);
    map[0] = IR_NONE;
    for (uint32_t r = 1; r < from->count; r++) {
        const IrInsn *i = &from->insn[r];
        if (i->op == IR_vconst)
            map[r] = ir_wide(to, i->type, from->pool[i->imm].lo, from->pool[i->imm].hi);
        else if (i->op == IR_const)
            map[r] = ir_imm(to, i->type, i->imm);
        else if (i->op != IR_nop)
            map[r] = ir_emit(to, (IrOp)i->op, i->type, map[i->arg[0]], map[i->arg[1]], map[i->arg[2]], i->imm);
    }
}
