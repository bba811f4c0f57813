/* Every row of rules.def, proved by evaluating both sides at each width, corner values first. */
#include "tcg/rules.h"
#include "tests/suite.h"
#include "tests/tcg/unit.h"

typedef struct Case {
    uint64_t value[RULE_VALUES], constant[RULE_CONSTS], computed;
    int imm[RULE_IMMS], n;
} Case;

static uint64_t evaluate(const Case *c, const RuleNode *side, const RuleNode *at)
{
    uint64_t a[3] = { 0 };
    switch (at->kind) {
    case NODE_VALUE:
        return c->value[at->index];
    case NODE_CONST:
        return c->constant[at->index];
    case NODE_NUMBER:
        return (uint64_t)at->number;
    case NODE_COMPUTED:
        return c->computed;
    default:
        for (int k = 0; k < ir_op[at->op].args; k++)
            a[k] = evaluate(c, side, &side[at->arg[k]]);
        uint64_t imm = !at->imm ? 0 : at->imm == 3 ? c->computed : (uint64_t)c->imm[at->imm - 1];
        return ir_eval((IrOp)at->op, c->n, a[0], a[1], a[2], imm);
    }
}

/* A pattern's truth values are 0 or 1: the first argument of pick, the third of adc and sbb. */
static void make_bits(const Rule *r, Case *c)
{
    const RuleNode *root = &r->from[0];
    int k = root->op == IR_pick ? 0 : root->op == IR_adc || root->op == IR_sbb ? 2 : -1;
    if (k >= 0 && r->from[root->arg[k]].kind == NODE_VALUE)
        c->value[r->from[root->arg[k]].index] &= 1;
}

/* Powers of two, masks and their neighbours are what rows ask of constants. */
static uint64_t some_constant(Dice *d)
{
    uint64_t shift = below(d, 64);
    switch (below(d, 4)) {
    case 0:
        return 1ull << shift;
    case 1:
        return (1ull << shift) - 1;
    case 2:
        return below(d, 65);
    default:
        return interesting(d);
    }
}

static void draw(const Rule *r, Case *c, Dice *d, unsigned n)
{
    for (int k = 0; k < RULE_VALUES; k++)
        c->value[k] = n < CORNERS * CORNERS ? corners[(k ? n / CORNERS : n) % CORNERS] : interesting(d);
    for (int k = 0; k < RULE_CONSTS; k++)
        c->constant[k] = some_constant(d) & ir_mask(c->n);
    if (below(d, 4) == 0)
        c->constant[1] = c->constant[0];
    if (below(d, 4) == 0) /* shift counts that make up the width */
        c->constant[1] = ((unsigned)c->n - c->constant[0]) & (unsigned)(c->n - 1);
    for (int k = 0; k < RULE_IMMS; k++)
        c->imm[k] = 1 + (int)below(d, (uint64_t)c->n - 1);
    make_bits(r, c);
}

/* How often the row applied; -1: its sides differ, and *c says where. */
static int prove(const Rule *r, int n, unsigned rounds, Case *c)
{
    Dice d = { (uint64_t)n, 0 };
    int applied = 0;
    c->n = n;
    for (unsigned k = 0; k < rounds; k++) {
        draw(r, c, &d, k);
        if (!r->holds(c->constant[0], c->constant[1], c->imm[0], c->imm[1], n, &c->computed))
            continue;
        applied++;
        uint64_t from = evaluate(c, r->from, &r->from[0]), to = evaluate(c, r->to, &r->to[0]);
        if ((from ^ to) & ir_mask(n))
            return -1;
    }
    return applied;
}

START_TEST(both_sides_of_every_row_are_equal)
{
    static const int widths[] = { 8, 16, 32, 64 };
    int count;
    const Rule *rules = ir_rules(&count);
    ck_assert_int_ge(count, 40);
    for (int i = 0; i < count; i++) {
        int applied = 0;
        for (int w = 0; w < 4; w++) {
            Case c;
            int n = prove(&rules[i], widths[w], 6000, &c);
            ck_assert_msg(n >= 0, "wrong: %s -> %s at %d bits, x=%llx y=%llx z=%llx k=%llx l=%llx i=%d",
                          rules[i].pattern, rules[i].replacement, widths[w], (unsigned long long)c.value[0],
                          (unsigned long long)c.value[1], (unsigned long long)c.value[2],
                          (unsigned long long)c.constant[0], (unsigned long long)c.constant[1], c.imm[0]);
            applied += n;
        }
        ck_assert_msg(applied >= 20, "hardly ever applies: %s, when ...", rules[i].pattern);
    }
}
END_TEST

static bool always(uint64_t k, uint64_t l, int i, int j, int n, uint64_t *computed)
{
    (void)i, (void)j, (void)n;
    *computed = k + l;
    return true;
}

START_TEST(a_wrong_row_is_found)
{
    static const char *const wrong[][2] = {
        { "sub x 0", "0" },
        { "sub x y", "sub y x" },
        { "add (sub x k) l", "add x #" },
        { "shl x 63", "0" },
        { "ltu x -1", "1" },
        { "zext:i (sext:i x)", "sext:i x" },
        { "and x (not x)", "x" },
        { "sar (neg x) 1", "neg (sar x 1)" },
        { "mins x 0", "0" },
        { "pick x y z", "pick x z y" },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Rule r;
        bool found = false;
        ck_assert(rule_parse(&r, wrong[i][0], wrong[i][1], always));
        for (int n = 8; n <= 64; n *= 2) {
            Case c;
            found |= prove(&r, n, 6000, &c) < 0;
        }
        ck_assert_msg(found, "%s -> %s", wrong[i][0], wrong[i][1]);
    }
}
END_TEST

START_TEST(a_row_that_is_no_rule_is_refused)
{
    Rule r;
    ck_assert(!rule_parse(&r, "x", "x", always));
    ck_assert(!rule_parse(&r, "frob x", "x", always));
    ck_assert(!rule_parse(&r, "add x", "x", always));
    ck_assert(!rule_parse(&r, "add x (neg y", "x", always));
    ck_assert(!rule_parse(&r, "add x y z", "x", always));
    ck_assert(!rule_parse(&r, "zext:q x", "x", always));
}
END_TEST

/* ---- and through the builders: every row is found there ---- */

static Ir ir;

static IrRef build_side(const Rule *r, const Case *c, const RuleNode *at, IrType t, const IrRef *value)
{
    IrRef a[3] = { 0 };
    if (at->kind == NODE_VALUE)
        return value[at->index];
    if (at->kind != NODE_OP)
        return ir_imm(&ir, t, at->kind == NODE_CONST ? c->constant[at->index] : (uint64_t)at->number);
    for (int k = 0; k < ir_op[at->op].args; k++)
        a[k] = build_side(r, c, &r->from[at->arg[k]], t, value);
    uint64_t imm = at->imm ? (uint64_t)c->imm[at->imm - 1] : 0;
    if (at == &r->from[0])
        return ir_emit(&ir, (IrOp)at->op, t, a[0], a[1], a[2], imm);
    return ir_add_raw(&ir, (IrOp)at->op, t, a[0], a[1], a[2], imm);
}

static bool built_the_same(const Rule *r, const Case *c)
{
    IrType t = c->n == 8 ? I8 : c->n == 16 ? I16 : c->n == 32 ? I32 : I64;
    IrRef value[RULE_VALUES];
    ir_begin(&ir, toy_slots(), toy_helpers);
    for (unsigned k = 0; k < RULE_VALUES; k++)
        value[k] = ir_add_raw(&ir, IR_get, I64, 0, 0, 0, IR_SLOT(k, 0));
    IrRef root = build_side(r, c, &r->from[0], t, value);
    const IrInsn *i = &ir.insn[root];
    if (i->op != r->from[0].op)
        return false;
    for (int k = 0; k < ir_op[i->op].args; k++) {
        const RuleNode *n = &r->from[r->from[0].arg[k]];
        if (n->kind == NODE_VALUE && i->arg[k] != value[n->index])
            return false;
    }
    return r->to[0].op != i->op;
}

START_TEST(the_builders_apply_every_row)
{
    int count;
    const Rule *rules = ir_rules(&count);
    for (int i = 0; i < count; i++) {
        Dice d = { 1, 0 };
        Case c = { .n = 32 };
        bool applied = false;
        IrOp op = (IrOp)rules[i].from[0].op;
        if (op == IR_fneg || op == IR_fabs || op >= IR_shlv)
            continue; /* of vectors */
        for (int n = 0; n < 4000 && !applied; n++) {
            c.n = n & 1 ? 64 : 32;
            draw(&rules[i], &c, &d, 1u << 20);
            if (rules[i].holds(c.constant[0], c.constant[1], c.imm[0], c.imm[1], c.n, &c.computed))
                applied = !built_the_same(&rules[i], &c);
        }
        ck_assert_msg(applied, "never applied: %s", rules[i].pattern);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { both_sides_of_every_row_are_equal, a_wrong_row_is_found,
                                   a_row_that_is_no_rule_is_refused, the_builders_apply_every_row, NULL };
    return run_tests("rules", tests, NULL);
}
