/* Reading a printed unit back. */
#include "tcg/words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct Parser {
    Ir *ir;
    const char *at;
    int line, slot_count;
    Error *err;
    bool bad;
    IrRef value[IR_MAX]; /* by printed number; IR_NONE: not defined yet */
} Parser;

static void fail(Parser *p, const char *what)
{
    if (!p->bad)
        error_set(p->err, "line %d: %s at \"%.20s\"", p->line, what, p->at);
    p->bad = true;
}

static void skip_spaces(Parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
    if (*p->at == ';')
        p->at += strcspn(p->at, "\n");
}

static bool accept(Parser *p, char c)
{
    skip_spaces(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static void expect(Parser *p, char c)
{
    if (!accept(p, c))
        fail(p, c == '=' ? "= expected" : c == ',' ? ", expected" : c == ']' ? "] expected" : "syntax error");
}

/* A run of letters, digits and a few signs; empty if there is none. */
static const char *read_word(Parser *p, char word[64])
{
    skip_spaces(p);
    size_t len = 0;
    while ((isalnum((unsigned char)p->at[len]) || (p->at[len] && strchr("_[].-", p->at[len]))) && len < 63)
        len++;
    memcpy(word, p->at, len);
    word[len] = 0;
    p->at += len;
    return word;
}

static uint64_t read_number(Parser *p)
{
    char *end;
    skip_spaces(p);
    uint64_t value = strtoull(p->at, &end, 0);
    if (end == p->at || *p->at == '-')
        fail(p, "number expected");
    p->at = end;
    return value;
}

static IrType read_type(Parser *p)
{
    char word[64];
    IrType t = T_VOID;
    if (!ir_type_named(read_word(p, word), &t))
        fail(p, "type expected");
    return t;
}

static unsigned word_number(Parser *p, const char *const *list, const char *word)
{
    for (unsigned n = 0; list[n]; n++)
        if (!strcmp(list[n], word))
            return n;
    fail(p, "unknown word");
    return 0;
}

static unsigned read_listed(Parser *p, const char *const *list)
{
    char word[64];
    return word_number(p, list, read_word(p, word));
}

/* ---- operands ---- */

static IrRef read_const(Parser *p, IrType t)
{
    uint64_t value = read_number(p);
    if (accept(p, ':'))
        t = read_type(p);
    if (t >= 4)
        fail(p, "constants are integers");
    return p->bad ? IR_NONE : ir_imm(p->ir, t, value);
}

static IrRef read_operand(Parser *p, const IrInsn *i, int arg)
{
    if (accept(p, '_'))
        return IR_NONE;
    if (accept(p, '#'))
        return read_const(p, ir_const_type(i, arg));
    expect(p, '%');
    uint64_t n = read_number(p);
    if (n >= IR_MAX || !p->value[n]) {
        fail(p, "value is not defined");
        return IR_NONE;
    }
    return p->value[n];
}

static bool operand_follows(Parser *p)
{
    skip_spaces(p);
    return *p->at == '%' || *p->at == '#' || *p->at == '_';
}

static void read_operands(Parser *p, IrInsn *i)
{
    int n = ir_op[i->op].args;
    for (int k = 0; k < n && !p->bad; k++) {
        if (i->op == IR_call && (k ? !accept(p, ',') : !operand_follows(p)))
            return;
        if (k && i->op != IR_call)
            expect(p, ',');
        i->arg[k] = read_operand(p, i, k);
    }
}

static uint64_t read_helper(Parser *p)
{
    char word[64];
    const Helper *h = p->ir->helpers;
    expect(p, '@');
    read_word(p, word);
    for (unsigned n = 0; h && h[n].name; n++)
        if (!strcmp(h[n].name, word))
            return n;
    char *end;
    unsigned long n = strtoul(word, &end, 10);
    if (!*word || *end || n > 0xffff)
        fail(p, "no such helper");
    return n & 0xffff;
}

/* ---- what imm says ---- */

static void read_slot(Parser *p, IrInsn *i)
{
    char word[64];
    int n = 0;
    read_word(p, word);
    while (n < p->slot_count && strcmp(p->ir->slots[n].name, word))
        n++;
    if (n == p->slot_count)
        fail(p, "no such slot");
    expect(p, '+');
    i->imm = IR_SLOT(n, read_number(p) & 0x7f);
}

static void read_put(Parser *p, IrInsn *i)
{
    char word[64];
    read_slot(p, i);
    const char *before = p->at;
    if (!strcmp(read_word(p, word), "zext"))
        i->imm |= IR_ZEXT;
    else
        p->at = before;
    i->type = read_type(p);
    read_operands(p, i);
}

static void read_mem_word(Parser *p, IrMem *m)
{
    char word[64];
    read_word(p, word);
    if (!strcmp(word, "sign"))
        m->sign = true;
    else if (!strcmp(word, "big"))
        m->big = true;
    else if (!strcmp(word, "user"))
        m->user = true;
    else if (expect(p, '='), !strcmp(word, "size"))
        m->size = read_number(p) & 7;
    else if (!strcmp(word, "op"))
        m->rmw = (uint8_t)read_listed(p, ir_rmw_word);
    else if (!strcmp(word, "order"))
        m->order = (uint8_t)read_listed(p, ir_order_word);
    else if (!strcmp(word, "align"))
        m->align = (uint8_t)read_listed(p, ir_align_word);
    else
        fail(p, "unknown word");
}

static bool line_ends(Parser *p)
{
    skip_spaces(p);
    return !*p->at || *p->at == '\n';
}

static void read_mem(Parser *p, IrInsn *i)
{
    IrMem m = { 0 };
    expect(p, '[');
    i->arg[0] = read_operand(p, i, 0);
    skip_spaces(p);
    if (*p->at == '+' || *p->at == '-') {
        char *end;
        m.disp = (int32_t)strtol(p->at, &end, 10);
        p->at = end;
    }
    expect(p, ']');
    for (int k = 1; k < ir_op[i->op].args; k++) {
        expect(p, ',');
        i->arg[k] = read_operand(p, i, k);
    }
    while (!p->bad && !line_ends(p))
        read_mem_word(p, &m);
    i->imm = ir_mem(m);
}

static void read_fp(Parser *p, IrInsn *i)
{
    char word[64];
    read_operands(p, i);
    i->imm = read_helper(p);
    while (!p->bad && !line_ends(p)) {
        read_word(p, word);
        if (!strcmp(word, "signal"))
            i->imm |= FP_SIGNAL;
        else if (!strcmp(word, "exact"))
            i->imm |= FP_EXACT;
        else if (!strcmp(word, "unsigned"))
            i->imm |= FP_UNSIGNED;
        else if (!strcmp(word, "soft"))
            i->imm |= FP_SOFT;
        else if (!strcmp(word, "low"))
            i->imm |= FP_LOW;
        else if (!strcmp(word, "-product"))
            i->imm |= FP_NEG_PRODUCT;
        else if (!strcmp(word, "-addend"))
            i->imm |= FP_NEG_ADDEND;
        else if (!strcmp(word, "first"))
            i->imm |= FP_NAN_FIRST;
        else if (expect(p, '='), !strcmp(word, "round"))
            i->imm |= FP_ROUND(read_listed(p, ir_round_word));
        else if (!strcmp(word, "true"))
            i->imm |= FP_PREDICATE(read_number(p) & 31);
        else if (!strcmp(word, "source"))
            i->imm |= FP_SOURCE(read_type(p) & 15);
        else
            fail(p, "unknown word");
    }
}

static uint64_t read_keyed(Parser *p, const char *key)
{
    char word[64];
    if (strcmp(read_word(p, word), key))
        fail(p, "unknown word");
    expect(p, '=');
    return read_number(p);
}

static void read_pool(Parser *p, IrInsn *i)
{
    uint64_t lo = read_keyed(p, "lo"), hi = read_keyed(p, "hi");
    IrRef r = ir_wide(p->ir, i->type, lo, hi);
    i->imm = p->ir->insn[r].imm;
    p->ir->count--; /* only the pool was wanted */
}

static void read_rest(Parser *p, IrInsn *i)
{
    switch (ir_imm_style((IrOp)i->op)) {
    case IMM_SLOT:
        if (i->op == IR_put)
            read_put(p, i);
        else
            read_slot(p, i);
        return;
    case IMM_MEM:
        read_mem(p, i);
        return;
    case IMM_FP:
        read_fp(p, i);
        return;
    case IMM_CALL:
        i->imm = read_helper(p);
        read_operands(p, i);
        return;
    case IMM_COND:
        i->imm = read_listed(p, ir_cond_word);
        read_operands(p, i);
        return;
    case IMM_FENCE:
        i->imm = read_listed(p, ir_fence_word);
        return;
    case IMM_POOL:
        read_pool(p, i);
        return;
    case IMM_PC:
        read_operands(p, i);
        if (ir_op[i->op].args)
            expect(p, ',');
        i->imm = read_number(p);
        return;
    case IMM_KEY:
        read_operands(p, i);
        i->imm = read_keyed(p, ir_imm_key((IrOp)i->op));
        return;
    default:
        read_operands(p, i);
    }
}

/* ---- lines ---- */

static uint8_t read_op(Parser *p)
{
    char word[64];
    read_word(p, word);
    if (!strcmp(word, "goto"))
        return IR_goto_;
    for (int op = IR_const + 1; op < IR_OPS; op++)
        if (!strcmp(ir_op[op].name, word))
            return (uint8_t)op;
    fail(p, "no such op");
    return IR_nop;
}

static void define(Parser *p, uint64_t number, IrRef r)
{
    bool valued = ir_result(&p->ir->insn[r]) != T_VOID;
    if (valued != (number != 0))
        fail(p, valued ? "the op has a value: %n = expected" : "the op has no value");
    else if (number >= IR_MAX || p->value[number])
        fail(p, "value is defined twice");
    else if (number)
        p->value[number] = r;
}

static void read_insn(Parser *p)
{
    uint64_t number = 0;
    if (accept(p, '%')) {
        number = read_number(p);
        expect(p, '=');
        if (!number || number >= IR_MAX)
            fail(p, "numbers of values begin at 1");
    }
    IrInsn i = { .op = read_op(p), .type = T_VOID };
    if (p->bad)
        return;
    if (i.op == IR_cond || i.op == IR_cmc || i.op == IR_asflags)
        i.type = T_FLAGS;
    else if (ir_prints_type((IrOp)i.op) && i.op != IR_put)
        i.type = read_type(p);
    if (!p->bad)
        read_rest(p, &i);
    if (p->bad)
        return;
    if (!line_ends(p)) {
        fail(p, "end of line expected");
        return;
    }
    define(p, number, ir_add_raw(p->ir, (IrOp)i.op, i.type, i.arg[0], i.arg[1], i.arg[2], i.imm));
}

bool ir_parse(Ir *ir, const Slot *slots, int slot_count, const Helper *helpers, const char *text, Error *err)
{
    Parser p = { .ir = ir, .at = text, .line = 1, .slot_count = slot_count, .err = err };
    ir_begin(ir, slots, helpers);
    while (!p.bad) {
        if (!line_ends(&p))
            read_insn(&p);
        if (p.bad || !*p.at)
            break;
        p.at++;
        p.line++;
    }
    if (ir_full(ir) && !p.bad)
        return error_set(err, "line %d: the unit is too long", p.line);
    return !p.bad;
}
