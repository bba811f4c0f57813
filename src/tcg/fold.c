/* Folding as ops are built: constants by ir_eval, rules.def, and what needs to look at types or known bits. */
#include "tcg/build.h"
#include "tcg/rules.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define RULE_NAME2(line) rule_##line
#define RULE_NAME(line)  RULE_NAME2(line)
#define RULE(pattern, replacement, value, when)                                                                        \
    static bool RULE_NAME(__LINE__)(__attribute__((unused)) uint64_t k, __attribute__((unused)) uint64_t l,            \
                                    __attribute__((unused)) int i, __attribute__((unused)) int j,                      \
                                    __attribute__((unused)) int n, uint64_t *computed)                                 \
    {                                                                                                                  \
        if (!(when))                                                                                                   \
            return false;                                                                                              \
        *computed = (uint64_t)(value);                                                                                 \
        return true;                                                                                                   \
    }
#include "tcg/rules.def"

static const struct {
    const char *pattern, *replacement;
    RuleFn *holds;
} rows[] = {
#define RULE(pattern, replacement, value, when) { pattern, replacement, RULE_NAME(__LINE__) },
#include "tcg/rules.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Rows of one op are numbered in their order: sets of them are bits. */
typedef uint32_t RowSet;
enum { OP_ROWS = 32 };
typedef struct OpRows {
    uint8_t first;               /* in row_of */
    RowSet same;                 /* those whose two arguments are one variable */
    RowSet number;               /* those whose second argument is a certain number: 0, 1 or -1 */
    RowSet a[IR_OPS], b[IR_OPS]; /* those that an argument computed by this op suits */
} OpRows;

static Rule rules[ROWS];
static uint8_t row_of[ROWS];
static OpRows op_rows[IR_OPS];
/* More than rules.def looks at arguments that are such. */
enum { CONSTANT = 1, EXTENSION = 2 };
static uint8_t special[IR_OPS];
_Static_assert(ROWS < 256, "row_of and OpRows.first hold bytes");

static uint8_t op_wanted(const Rule *r, int arg)
{
    if (arg >= ir_op[r->from[0].op].args)
        return IR_nop;
    const RuleNode *n = &r->from[r->from[0].arg[arg]];
    return n->kind == NODE_OP ? n->op : n->kind == NODE_VALUE ? IR_nop : IR_const;
}

static bool wants_same(const Rule *r)
{
    const RuleNode *a = &r->from[r->from[0].arg[0]], *b = &r->from[r->from[0].arg[1]];
    return ir_op[r->from[0].op].args >= 2 && a->kind == NODE_VALUE && b->kind == NODE_VALUE && a->index == b->index;
}

static void note_row(OpRows *o, const Rule *r, RowSet bit)
{
    uint8_t a = op_wanted(r, 0), b = op_wanted(r, 1);
    for (int op = 0; op < IR_OPS; op++) {
        o->a[op] |= !a || a == op ? bit : 0;
        o->b[op] |= !b || b == op ? bit : 0;
    }
    if (wants_same(r))
        o->same |= bit;
    const RuleNode *n = &r->from[r->from[0].arg[1]];
    if (ir_op[r->from[0].op].args >= 2 && n->kind == NODE_NUMBER && n->number >= -1 && n->number <= 1)
        o->number |= bit;
}

/* "op x k": whether it holds can be said before it is matched. */
static bool is_plain(const Rule *r)
{
    const RuleNode *n = r->from;
    return ir_op[n->op].args == 2 && !n->imm && n[n->arg[0]].kind == NODE_VALUE && n[n->arg[1]].kind == NODE_CONST &&
           n[n->arg[1]].index == 0;
}

/* Rows stay in their order within an op. */
static void read_rules(void)
{
    int at = 0;
    for (int i = 0; i < ROWS; i++)
        if (!rule_parse(&rules[i], rows[i].pattern, rows[i].replacement, rows[i].holds)) {
            fprintf(stderr, "rules.def: cannot read \"%s\", \"%s\"\n", rows[i].pattern, rows[i].replacement);
            abort();
        }
    for (int op = 0; op < IR_OPS; op++) {
        int count = 0;
        op_rows[op].first = (uint8_t)at;
        special[op] = op == IR_const ? CONSTANT : op == IR_zext || op == IR_sext ? EXTENSION : 0;
        for (int i = 0; i < ROWS; i++)
            if (rules[i].from[0].op == op) {
                assert(count < OP_ROWS);
                row_of[at++] = (uint8_t)i;
                rules[i].plain = is_plain(&rules[i]);
                note_row(&op_rows[op], &rules[i], 1u << count++);
            }
    }
}

bool ir_fold_ready;

void ir_fold_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_rules);
    __atomic_store_n(&ir_fold_ready, true, __ATOMIC_RELEASE);
}

const Rule *ir_rules(int *count)
{
    ir_fold_start();
    *count = ROWS;
    return rules;
}

/* ---- matching ---- */

static bool match_constant(const RuleNode *n, uint64_t value, RuleVars *v)
{
    if (v->bound[n->index])
        return v->constant[n->index] == value;
    v->bound[n->index] = true;
    v->constant[n->index] = value;
    return true;
}

static bool match(const Ir *ir, const RuleNode *side, const RuleNode *n, IrRef ref, IrType t, RuleVars *v);

static bool match_args(const Ir *ir, const RuleNode *side, const RuleNode *n, const IrInsn *i, RuleVars *v)
{
    if (n->imm)
        v->imm[n->imm - 1] = (int)i->imm;
    for (int k = 0; k < ir_op[n->op].args; k++)
        if (!match(ir, side, &side[n->arg[k]], i->arg[k], i->type, v))
            return false;
    return true;
}

static bool match(const Ir *ir, const RuleNode *side, const RuleNode *n, IrRef ref, IrType t, RuleVars *v)
{
    const IrInsn *i = &ir->insn[ref];
    if (n->kind == NODE_VALUE) {
        if (v->value[n->index])
            return v->value[n->index] == ref;
        v->value[n->index] = ref;
        return true;
    }
    if (n->kind == NODE_OP)
        return i->op == n->op && i->type == t && match_args(ir, side, n, i, v);
    if (i->op != IR_const)
        return false;
    uint64_t mask = ir_mask(t < 4 ? ir_bits(t) : 64);
    return n->kind == NODE_NUMBER ? !((i->imm ^ (uint64_t)n->number) & mask) : match_constant(n, i->imm & mask, v);
}

static IrRef number_of(Ir *ir, IrType t, uint64_t value)
{
    return ir_in_vector_reg(t) ? ir_wide(ir, t, 0, 0) : ir_imm(ir, t, value);
}

static IrRef build(Ir *ir, const RuleNode *side, const RuleNode *n, IrType t, const RuleVars *v)
{
    IrRef arg[3] = { 0 };
    switch (n->kind) {
    case NODE_VALUE:
        return v->value[n->index];
    case NODE_CONST:
        return ir_imm(ir, t, v->constant[n->index]);
    case NODE_NUMBER:
        return number_of(ir, t, (uint64_t)n->number);
    case NODE_COMPUTED:
        return ir_imm(ir, t, v->computed);
    default:
        for (int k = 0; k < ir_op[n->op].args; k++)
            arg[k] = build(ir, side, &side[n->arg[k]], t, v);
        return ir_emit(ir, (IrOp)n->op, t, arg[0], arg[1], arg[2],
                       !n->imm       ? 0
                       : n->imm == 3 ? v->computed
                                     : (uint64_t)v->imm[n->imm - 1]);
    }
}

static IrRef apply(Ir *ir, const Rule *r, const IrInsn *w)
{
    int n = w->type < 4 ? ir_bits(w->type) : 32;
    uint64_t computed;
    if (r->plain && !r->holds(ir->insn[w->arg[1]].imm & ir_mask(n), 0, 0, 0, n, &computed))
        return IR_NONE;
    RuleVars v = { 0 };
    if (!match_args(ir, r->from, &r->from[0], w, &v))
        return IR_NONE;
    if (!r->holds(v.constant[0], v.constant[1], v.imm[0], v.imm[1], n, &v.computed))
        return IR_NONE;
    return build(ir, r->to, &r->to[0], r->to[0].kind == NODE_OP ? w->type : ir_result(w), &v);
}

/* The rows that may suit. */
static inline RowSet rows_for(const Ir *ir, const IrInsn *w)
{
    const OpRows *o = &op_rows[w->op];
    const IrInsn *a = &ir->insn[w->arg[0]], *b = &ir->insn[w->arg[1]];
    RowSet set = o->a[a->op] & o->b[b->op];
    return a == b ? set : set & ~o->same;
}

/* The constant is none of those that rows name. */
static inline bool unnamed(const IrInsn *w, uint64_t value)
{
    uint64_t mask = ir_mask(w->type < 4 ? ir_bits(w->type) : 64);
    return (value & mask) > 1 && (value & mask) != mask;
}

static IrRef apply_rules(Ir *ir, const IrInsn *w)
{
    const IrInsn *b = &ir->insn[w->arg[1]];
    bool scalar = w->type < 4;
    RowSet left = rows_for(ir, w);
    if (b->op == IR_const && unnamed(w, b->imm))
        left &= ~op_rows[w->op].number;
    for (; left; left &= left - 1) {
        const Rule *r = &rules[row_of[op_rows[w->op].first + __builtin_ctz(left)]];
        IrRef result = scalar || r->vector ? apply(ir, r, w) : IR_NONE;
        if (result)
            return result;
    }
    return IR_NONE;
}

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

static __attribute__((noinline)) IrRef fold(Ir *ir, IrInsn w, int kinds)
{
    IrRef r = IR_NONE;
    ir_constants_right(ir, &w);
    if (w.type < 4) {
        if (ir->insn[w.arg[0]].op == IR_const && constant(ir, &w, &r))
            return r;
        if (w.type < I64 && kinds & EXTENSION)
            narrow_args(ir, &w);
        if (w.op == IR_eq || w.op == IR_ne || w.op == IR_xor)
            r = truth(ir, &w);
        if (!r && (w.op == IR_eq || w.op == IR_ne || w.op == IR_ltu || w.op == IR_leu))
            narrow_comparison(ir, &w);
        if (w.op == IR_and && masks_nothing(ir, &w))
            return w.arg[0];
    }
    if (!r)
        r = apply_rules(ir, &w);
    return r ? r : ir_append(ir, w);
}

/* Whether there is nothing to do but try these rows, if any: the op is of values that nothing is known of, and perhaps
 * a constant on the right that no row names. */
static inline bool ordinary(const Ir *ir, IrInsn w, RowSet *suit)
{
    const IrInsn *b = &ir->insn[w.arg[1]];
    int left = special[ir->insn[w.arg[0]].op] | special[ir->insn[w.arg[2]].op];
    *suit = rows_for(ir, &w);
    if (left || special[b->op] == EXTENSION)
        return false;
    if (b->op != IR_const)
        return true;
    *suit &= ~op_rows[w.op].number;
    return unnamed(&w, b->imm) && w.op != IR_and;
}

IrRef ir_emit_pure(Ir *ir, IrInsn w)
{
    RowSet suit;
    if (ordinary(ir, w, &suit) && !suit)
        return ir_append(ir, w);
    uint8_t a = ir->insn[w.arg[0]].op, b = ir->insn[w.arg[1]].op, c = ir->insn[w.arg[2]].op;
    return fold(ir, w, special[a] | special[b] | special[c]);
}

/* An op that flags may be asked of. */
IrRef ir_emit_asking(Ir *ir, IrInsn w)
{
    RowSet suit;
    return ordinary(ir, w, &suit) && !suit ? ir_append(ir, w) : ir_emit_asked(ir, w);
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
