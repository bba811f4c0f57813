/* Reading rules.def: at start every row's two expressions become trees. */
#include "tcg/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader {
    const char *at;
    RuleNode *node;
    int count;
    bool bad;
} Reader;

static int read_node(Reader *, bool nested);

static bool op_named(const char *name, size_t len, uint8_t *op)
{
    for (int o = 0; o < IR_OPS; o++)
        if (strlen(ir_op[o].name) == len && !memcmp(ir_op[o].name, name, len)) {
            *op = (uint8_t)o;
            return true;
        }
    return false;
}

static void skip_spaces(Reader *r)
{
    while (*r->at == ' ')
        r->at++;
}

static void read_imm(Reader *r, RuleNode *n)
{
    if (*r->at != ':')
        return;
    const char *at = strchr("ij#", r->at[1]);
    if (!at || !*at) {
        r->bad = true;
        return;
    }
    n->imm = (uint8_t)(at - "ij#" + 1);
    r->at += 2;
}

static void read_op(Reader *r, RuleNode *n)
{
    size_t len = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789");
    n->kind = NODE_OP;
    if (!op_named(r->at, len, &n->op)) {
        r->bad = true;
        return;
    }
    r->at += len;
    read_imm(r, n);
    for (int i = 0; i < ir_op[n->op].args && !r->bad; i++)
        n->arg[i] = (uint8_t)read_node(r, true);
}

static bool read_variable(Reader *r, RuleNode *n)
{
    static const char names[] = "xyzkl";
    const char *at = !*r->at || isalpha((unsigned char)r->at[1]) ? NULL : strchr(names, *r->at);
    if (!at || !*at)
        return false;
    n->kind = at < names + RULE_VALUES ? NODE_VALUE : NODE_CONST;
    n->index = (uint8_t)(n->kind == NODE_VALUE ? at - names : at - names - RULE_VALUES);
    r->at++;
    return true;
}

/* x, k, 12, #, or an op with its arguments, in parentheses when it is itself an argument. */
static int read_node(Reader *r, bool nested)
{
    skip_spaces(r);
    if (r->count == RULE_NODES) {
        r->bad = true;
        return 0;
    }
    int index = r->count++;
    RuleNode *n = &r->node[index];
    if (*r->at == '#') {
        n->kind = NODE_COMPUTED;
        r->at++;
    } else if (*r->at == '-' || isdigit((unsigned char)*r->at)) {
        char *end;
        n->kind = NODE_NUMBER;
        n->number = strtoll(r->at, &end, 0);
        r->at = end;
    } else if (*r->at == '(') {
        r->at++;
        read_op(r, n);
        skip_spaces(r);
        r->bad |= *r->at != ')';
        r->at += !r->bad;
    } else if (!read_variable(r, n)) {
        if (nested)
            r->bad = true;
        else
            read_op(r, n);
    }
    return index;
}

static bool read_side(const char *text, RuleNode *node)
{
    Reader r = { .at = text, .node = node };
    memset(node, 0, sizeof *node * RULE_NODES);
    read_node(&r, false);
    skip_spaces(&r);
    return !r.bad && !*r.at;
}

/* Without constants and lane by lane, or a choice between whole values by a constant. */
static bool fits_vectors(const RuleNode *side, int at, bool root)
{
    const RuleNode *n = &side[at];
    if (n->kind == NODE_VALUE)
        return true;
    if (n->kind == NODE_NUMBER)
        return root && n->number == 0;
    if (n->kind != NODE_OP || n->imm || ir_op[n->op].result != SAME)
        return false;
    if (n->op == IR_pick)
        return side[n->arg[1]].kind == NODE_VALUE && side[n->arg[2]].kind == NODE_VALUE;
    if (!(ir_op[n->op].effects & V) || n->op == IR_shl || n->op == IR_shr || n->op == IR_sar)
        return false;
    for (int i = 0; i < ir_op[n->op].args; i++)
        if (!fits_vectors(side, n->arg[i], false))
            return false;
    return true;
}

bool rule_parse(Rule *r, const char *pattern, const char *replacement, RuleFn *holds)
{
    *r = (Rule){ .pattern = pattern, .replacement = replacement, .holds = holds };
    if (!read_side(pattern, r->from) || !read_side(replacement, r->to) || r->from[0].kind != NODE_OP)
        return false;
    r->vector = fits_vectors(r->from, 0, false) && fits_vectors(r->to, 0, true);
    return true;
}
