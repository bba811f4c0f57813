/* rules.def: which rows may suit an op, and whether they do. */
#include "tcg/build.h"
#include "tcg/rules.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
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

static Rule rules[ROWS];
static uint8_t row_of[ROWS];
IrFolds ir_folds[IR_OPS];
_Static_assert(ROWS < 256, "row_of and IrFolds.first hold bytes");

/* ---- which rows may suit ---- */

static uint8_t op_wanted(const Rule *r, int arg)
{
    if (arg >= ir_op[r->from[0].op].args)
        return IR_nop;
    const RuleNode *n = &r->from[r->from[0].arg[arg]];
    return n->kind == NODE_OP ? n->op : n->kind == NODE_VALUE ? IR_nop : IR_const;
}

static bool one_value(const Rule *r, int first)
{
    const RuleNode *root = &r->from[0], *a = &r->from[root->arg[first]], *b = &r->from[root->arg[first + 1]];
    return ir_op[root->op].args >= first + 2 && a->kind == NODE_VALUE && b->kind == NODE_VALUE && a->index == b->index;
}

/* "op x k": whether it holds can be said before it is matched. */
static bool is_plain(const Rule *r)
{
    const RuleNode *n = r->from;
    return ir_op[n->op].args == 2 && !n->imm && n[n->arg[0]].kind == NODE_VALUE && n[n->arg[1]].kind == NODE_CONST &&
           n[n->arg[1]].index == 0;
}

static const RuleNode *on_the_right(const Rule *r)
{
    return ir_op[r->from[0].op].args >= 2 ? &r->from[r->from[0].arg[1]] : NULL;
}

static bool wants_named(const Rule *r)
{
    const RuleNode *n = on_the_right(r);
    return n && n->kind == NODE_NUMBER && n->number >= -1 && n->number <= 1;
}

/* No constant from 2 to the width - 1 makes it hold. */
static bool wants_large(const Rule *r)
{
    uint64_t computed;
    for (int n = 8; n <= 64; n *= 2)
        for (uint64_t k = 2; k < (unsigned)n; k++)
            if (r->holds(k, 0, 0, 0, n, &computed))
                return false;
    return true;
}

/* "op (other x y) y": the other argument again, which is looked for first. */
static void note_again(Rule *r)
{
    const RuleNode *n = r->from;
    for (unsigned in = 0; in < 2 && ir_op[n->op].args == 2; in++) {
        const RuleNode *inner = &n[n->arg[in]], *other = &n[n->arg[1 - in]];
        for (unsigned at = 0; at < 2 && inner->kind == NODE_OP && at < ir_op[inner->op].args; at++)
            if (other->kind == NODE_VALUE && n[inner->arg[at]].kind == NODE_VALUE &&
                n[inner->arg[at]].index == other->index)
                r->again = (RuleAgain){ true, (uint8_t)in, (uint8_t)at };
    }
}

static void note_row(IrFolds *f, const Rule *r, IrWays way)
{
    bool same = one_value(r, 0), same_last = one_value(r, 1);
    f->same |= same ? way : 0;
    f->same_last |= same_last ? way : 0;
    f->named |= wants_named(r) ? way : 0;
    f->large |= wants_named(r) || (r->plain && wants_large(r)) ? way : 0;
    for (int k = 0; k < 3 && !same && !same_last; k++) {
        uint8_t wanted = op_wanted(r, k);
        for (int op = 0; op < IR_OPS; op++)
            f->arg[k][op] |= !wanted || wanted == op ? way : 0;
    }
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
        ir_folds[op].first = (uint8_t)at;
        for (int i = 0; i < ROWS; i++)
            if (rules[i].from[0].op == op) {
                assert(count < OP_ROWS);
                row_of[at++] = (uint8_t)i;
                rules[i].plain = is_plain(&rules[i]);
                note_again(&rules[i]);
                note_row(&ir_folds[op], &rules[i], 1u << count++);
            }
        ir_note_ways((IrOp)op);
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
    if (r->again.wanted && ir->insn[w->arg[r->again.in]].arg[r->again.at] != w->arg[1 - r->again.in])
        return IR_NONE;
    RuleVars v = { 0 };
    if (!match_args(ir, r->from, &r->from[0], w, &v))
        return IR_NONE;
    if (!r->holds(v.constant[0], v.constant[1], v.imm[0], v.imm[1], n, &v.computed))
        return IR_NONE;
    return build(ir, r->to, &r->to[0], r->to[0].kind == NODE_OP ? w->type : ir_result(w), &v);
}

IrRef ir_apply_rules(Ir *ir, const IrInsn *w, IrWays ways)
{
    bool scalar = w->type < 4;
    for (ways &= WAY_ROWS; ways; ways &= ways - 1) {
        const Rule *r = &rules[row_of[ir_folds[w->op].first + __builtin_ctz(ways)]];
        IrRef result = scalar || r->vector ? apply(ir, r, w) : IR_NONE;
        if (result)
            return result;
    }
    return IR_NONE;
}
