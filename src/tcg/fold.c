/* Folding as ops are built: constants by ir_eval, rules.def, and what needs to look at types or known bits. */
#include "tcg/build.h"

#include <assert.h>

/* ---- bits that are used, bits that are known ---- */

/* Extensions above the type's width do not matter to the arguments that are cut to it. */
static void narrow_args(const Ir *ir, IrInsn *w)
{
    for (int k = 0; k < ir_op[w->op].args; k++)
        if (ir_arg_kind(w, k) == ARG_SAME)
            w->arg[k] = ir_low(ir, w->arg[k], ir_bits(w->type));
}

static int length(uint64_t value)
{
    return value ? 64 - __builtin_clzll(value) : 0;
}

static int constant_length(const Ir *ir, IrRef r, int otherwise)
{
    return ir->insn[r].op == IR_const ? length(ir->insn[r].imm) : otherwise;
}

/* How many low bits of the value, within its type, may be other than 0. */
static int significant(const Ir *ir, IrRef r)
{
    const IrInsn *i = &ir->insn[r];
    int bits = ir_bits(ir_result(i));
    switch (i->op) {
    case IR_const:
        return length(i->imm);
    case IR_zext:
        return (int)i->imm;
    case IR_load:
        return i->imm & 8 ? bits : 8 << (i->imm & 7);
    case IR_rmw:
    case IR_cas:
        return 8 << (i->imm & 7);
    case IR_and:
        return constant_length(ir, i->arg[1], bits);
    case IR_shr:
        return ir->insn[i->arg[1]].op == IR_const ? bits - (int)(ir->insn[i->arg[1]].imm & (unsigned)(bits - 1)) : bits;
    case IR_clz:
    case IR_ctz:
    case IR_popcnt:
        return 7;
    default:
        return ir_op[i->op].result == BIT ? 1 : bits;
    }
}

/* An `and` that clears only bits that are 0 anyway. */
static bool masks_nothing(const Ir *ir, const IrInsn *w)
{
    if (ir->insn[w->arg[1]].op != IR_const)
        return false;
    uint64_t may = ir_mask(ir_bits(w->type));
    int known = significant(ir, w->arg[0]);
    if (known < ir_bits(w->type))
        may = known ? ir_mask(known) : 0;
    return !(may & ~ir->insn[w->arg[1]].imm);
}

/* A chain of two extensions is one. Returns false when it is none. */
static bool join_extensions(const Ir *ir, IrInsn *w)
{
    const IrInsn *a = &ir->insn[w->arg[0]];
    if (a->op != IR_zext && a->op != IR_sext)
        return false;
    if (a->imm >= w->imm) { /* the inner one changes nothing that is used */
        w->arg[0] = a->arg[0];
        return true;
    }
    if (w->op == IR_zext && a->op == IR_sext)
        return false;
    w->op = a->op;
    w->imm = a->imm;
    w->arg[0] = a->arg[0];
    return true;
}

/* Of what was just loaded: the load does it. */
static bool extended_by_load(Ir *ir, const IrInsn *w)
{
    IrInsn *load = &ir->insn[w->arg[0]];
    if (load->op != IR_load || w->arg[0] != ir->count - 1 || load->type > I64 || ir_bits(load->type) != (int)w->imm ||
        8u << (load->imm & 7) != w->imm || (w->op == IR_sext && w->type < I32))
        return false; /* no load extends a sign to less than 32 bits */
    load->type = w->type;
    load->imm |= w->op == IR_sext ? 8 : 0;
    return true;
}

IrRef ir_emit_extend(Ir *ir, IrInsn w)
{
    int bits = ir_bits(w.type);
    IrRef inner = w.arg[0];
    assert(w.imm);
    if (w.imm >= (unsigned)bits)
        return inner;
    if (ir->insn[inner].op == IR_const)
        return ir_imm(ir, w.type, ir_eval((IrOp)w.op, bits, ir->insn[inner].imm, 0, 0, w.imm));
    if (ir_bits(ir_result(&ir->insn[inner])) >= bits && significant(ir, inner) <= (int)w.imm - (w.op == IR_sext))
        return inner;
    while (join_extensions(ir, &w))
        continue;
    if (extended_by_load(ir, &w))
        return w.arg[0];
    return ir_append(ir, w);
}

/* ---- BIT values ---- */

static IrRef invert(Ir *ir, IrRef bit)
{
    IrInsn i = ir->insn[bit];
    switch (i.op) {
    case IR_cond:
        i.imm ^= 1;
        return ir_append(ir, i);
    case IR_eq:
        return ir_ne(ir, i.type, i.arg[0], i.arg[1], 0);
    case IR_ne:
        return ir_eq(ir, i.type, i.arg[0], i.arg[1], 0);
    case IR_ltu:
        return ir_leu(ir, i.type, i.arg[1], i.arg[0], 0);
    case IR_lts:
        return ir_les(ir, i.type, i.arg[1], i.arg[0], 0);
    case IR_leu:
        return ir_ltu(ir, i.type, i.arg[1], i.arg[0], 0);
    default:
        return ir_lts(ir, i.type, i.arg[1], i.arg[0], 0);
    }
}

/* Comparing a truth value with a constant. */
static IrRef truth(Ir *ir, const IrInsn *w)
{
    const IrInsn *a = &ir->insn[w->arg[0]], *b = &ir->insn[w->arg[1]];
    if (b->op != IR_const || b->imm > 1 || ir_op[a->op].result != BIT || ir_is_vector(a->type))
        return IR_NONE;
    if (w->op == IR_xor)
        return b->imm ? invert(ir, w->arg[0]) : w->arg[0];
    return (w->op == IR_ne) == (b->imm == 0) ? w->arg[0] : invert(ir, w->arg[0]);
}

/* Comparing what was extended with zeros: as narrow as it was, which may leave the extension unused. */
static void narrow_comparison(Ir *ir, IrInsn *w)
{
    const IrInsn *a = &ir->insn[w->arg[0]], *b = &ir->insn[w->arg[1]];
    if (a->op != IR_zext || (a->imm != 32 && a->imm != 8) || a->imm >= (unsigned)ir_bits(w->type))
        return;
    bool both = b->op == IR_zext && b->imm == a->imm;
    if (!both && (b->op != IR_const || b->imm >> a->imm))
        return;
    IrType narrow = a->imm == 32 ? I32 : I8;
    uint64_t number = b->imm;
    w->arg[0] = a->arg[0];
    w->arg[1] = both ? b->arg[0] : ir_imm(ir, narrow, number);
    w->type = narrow;
}

/* ---- entry points ---- */

static bool constant(Ir *ir, const IrInsn *w, IrRef *result)
{
    uint64_t v[3] = { 0 };
    int args = ir_op[w->op].args;
    for (int k = 0; k < args; k++)
        if (!ir_is_const(ir, w->arg[k], &v[k]))
            return false;
    *result = ir_imm(ir, ir_result(w), ir_eval((IrOp)w->op, ir_bits(w->type), v[0], v[1], v[2], w->imm));
    return true;
}

/* Marks the arguments that must be such for a way to suit. */
static void note_way(IrFolds *f, IrWays way, bool suits(uint8_t op, int arg), int arg)
{
    for (int k = 0; k < 3; k++)
        for (uint8_t op = 0; op < IR_OPS; op++)
            f->arg[k][op] |= suits(op, k - arg) ? way : 0;
}

static bool suits_constant(uint8_t op, int arg)
{
    (void)arg;
    return op == IR_const || op == IR_nop; /* nop: there is no such argument */
}

static bool suits_swap(uint8_t op, int arg)
{
    return arg == 0 ? op == IR_const : arg != 1 || op != IR_const;
}

static bool suits_narrow(uint8_t op, int arg)
{
    return arg != 0 || op == IR_zext || op == IR_sext;
}

static bool suits_truth(uint8_t op, int arg)
{
    return arg == 0 ? ir_op[op].result == BIT : arg != 1 || op == IR_const;
}

static bool suits_compare(uint8_t op, int arg)
{
    return arg == 0 ? op == IR_zext : arg != 1 || op == IR_zext || op == IR_const;
}

static bool suits_mask(uint8_t op, int arg)
{
    return arg != 1 || op == IR_const;
}

void ir_note_ways(IrOp op)
{
    IrFolds *f = &ir_folds[op];
    const IrInsn i = { .op = (uint8_t)op };
    bool equal = op == IR_eq || op == IR_ne;
    if (!ir_has_meaning(op))
        return;
    note_way(f, WAY_CONSTANT, suits_constant, 0);
    if (ir_op[op].effects & COMM)
        note_way(f, WAY_SWAP, suits_swap, 0);
    for (int k = 0; k < ir_op[op].args; k++)
        if (ir_arg_kind(&i, k) == ARG_SAME)
            note_way(f, (IrWays)WAY_NARROW << k, suits_narrow, k);
    if (equal || op == IR_xor)
        note_way(f, WAY_TRUTH, suits_truth, 0);
    if (equal || op == IR_ltu || op == IR_leu)
        note_way(f, WAY_COMPARE, suits_compare, 0);
    if (op == IR_and)
        note_way(f, WAY_MASK, suits_mask, 0);
}

static inline IrWays ways_of(const Ir *ir, const IrInsn *w)
{
    return ir_ways(ir, (IrOp)w->op, ir_op[w->op].args, w->arg[0], w->arg[1], w->arg[2]);
}

/* What fold.c does itself with scalars; *ways is what is left to try. */
static IrRef fold_scalar(Ir *ir, IrInsn *w, IrWays *ways)
{
    IrRef r = IR_NONE;
    if (*ways & WAY_CONSTANT && constant(ir, w, &r))
        return r;
    if (*ways & (WAY_NARROW | WAY_NARROW << 1 | WAY_NARROW << 2) && w->type < I64) {
        narrow_args(ir, w);
        *ways = ways_of(ir, w);
    }
    if (*ways & WAY_TRUTH)
        r = truth(ir, w);
    if (!r && *ways & WAY_COMPARE) {
        narrow_comparison(ir, w);
        *ways = ways_of(ir, w);
    }
    return !r && *ways & WAY_MASK && masks_nothing(ir, w) ? w->arg[0] : r;
}

IrRef ir_fold(Ir *ir, IrInsn w, IrWays ways)
{
    IrRef r = IR_NONE;
    if (ways & WAY_SWAP) {
        ir_constants_right(ir, &w);
        ways = ways_of(ir, &w);
    }
    if (ways & ~WAY_ROWS && w.type < 4)
        r = fold_scalar(ir, &w, &ways);
    if (!r)
        r = ir_apply_rules(ir, &w, ways);
    return r ? r : ir_append(ir, w);
}

/* ---- moves between registers and vectors ---- */

static uint64_t repeated(uint64_t value, int bits)
{
    value &= ir_mask(bits);
    for (; bits < 64; bits *= 2)
        value |= value << bits;
    return value;
}

static IrRef vector_of_constant(Ir *ir, const IrInsn *w, const IrInsn *a)
{
    if (w->op == IR_vlow)
        return ir_wide(ir, w->type, a->imm & ir_mask(ir_lane_bits(w->type)), 0);
    uint64_t lanes = repeated(a->imm, ir_lane_bits(w->type));
    return ir_wide(ir, w->type, lanes, lanes);
}

static IrRef lane_of_constant(Ir *ir, const IrInsn *w, const IrInsn *a)
{
    int bits = ir_bits(w->type);
    unsigned at = (unsigned)w->imm * (unsigned)bits;
    return ir_imm(ir, w->type, (at < 64 ? ir->pool[a->imm].lo : ir->pool[a->imm].hi) >> (at & 63));
}

/* Taking out what was just put in, if it is as wide and in the same kind of register. */
static IrRef taken_out(const Ir *ir, const IrInsn *w, const IrInsn *a)
{
    IrType put = ir_result(&ir->insn[a->arg[0]]);
    bool inverse = (w->op == IR_f2bits && a->op == IR_bits2f) || (w->op == IR_bits2f && a->op == IR_f2bits) ||
                   (w->op == IR_vget && a->op == IR_vlow && w->imm == 0);
    return inverse && put == w->type ? a->arg[0] : IR_NONE;
}

IrRef ir_emit_move(Ir *ir, IrInsn w)
{
    const IrInsn *a = &ir->insn[w.arg[0]];
    if (a->op == IR_const && (w.op == IR_vdup || w.op == IR_vlow))
        return vector_of_constant(ir, &w, a);
    if (a->op == IR_vconst && w.op == IR_vget && w.type < 4)
        return lane_of_constant(ir, &w, a);
    IrRef r = taken_out(ir, &w, a);
    return r ? r : ir_append(ir, w);
}
