/* A unit as text; parse.c reads it back. The form is described in words.h. */
#include "tcg/words.h"

#include <inttypes.h>

typedef struct Printer {
    const Ir *ir;
    Out *out;
    uint16_t number[IR_MAX]; /* of each value, in order */
} Printer;

static const char *type_name(IrType t, char buf[16])
{
    return ir_type_name(t, buf);
}

static void print_operand(Printer *p, const IrInsn *i, int arg)
{
    char buf[16];
    IrRef r = i->arg[arg];
    const IrInsn *a = &p->ir->insn[r];
    if (!r)
        out(p->out, "_");
    else if (a->op != IR_const)
        out(p->out, "%%%u", p->number[r]);
    else if (a->type == ir_const_type(i, arg))
        out(p->out, "#0x%" PRIx64, a->imm);
    else
        out(p->out, "#0x%" PRIx64 ":%s", a->imm, type_name(a->type, buf));
}

static int operands_shown(const IrInsn *i)
{
    int n = ir_op[i->op].args;
    while (i->op == IR_call && n && !i->arg[n - 1])
        n--;
    return n;
}

static void print_operands(Printer *p, const IrInsn *i)
{
    for (int k = 0; k < operands_shown(i); k++) {
        out(p->out, k ? ", " : " ");
        print_operand(p, i, k);
    }
}

static void print_helper(Printer *p, unsigned helper)
{
    const Helper *h = p->ir->helpers;
    for (unsigned n = 0; h && h[n].name; n++)
        if (n == helper) {
            out(p->out, " @%s", h[n].name);
            return;
        }
    out(p->out, " @%u", helper);
}

static const char *word(const char *const *list, unsigned n)
{
    while (n && *list) {
        list++;
        n--;
    }
    return *list ? *list : "?";
}

static void print_slot(Printer *p, const IrInsn *i)
{
    out(p->out, " %s+%u", p->ir->slots[ir_slot(i->imm)].name, ir_slot_offset(i->imm));
}

static void print_put(Printer *p, const IrInsn *i)
{
    char buf[16];
    print_slot(p, i);
    out(p->out, "%s %s", i->imm & IR_ZEXT ? " zext" : "", type_name(i->type, buf));
    print_operands(p, i);
}

static void print_mem(Printer *p, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    out(p->out, " [");
    print_operand(p, i, 0);
    if (m.disp)
        out(p->out, "%+d", m.disp);
    out(p->out, "]");
    for (int k = 1; k < ir_op[i->op].args; k++) {
        out(p->out, ", ");
        print_operand(p, i, k);
    }
    if (i->op == IR_rmw)
        out(p->out, " op=%s", word(ir_rmw_word, m.rmw));
    out(p->out, " size=%u%s%s", m.size, m.sign ? " sign" : "", m.big ? " big" : "");
    if (m.order)
        out(p->out, " order=%s", word(ir_order_word, m.order));
    if (m.align)
        out(p->out, " align=%s", word(ir_align_word, m.align));
    out(p->out, "%s", m.user ? " user" : "");
}

static void print_fp(Printer *p, const IrInsn *i)
{
    unsigned round = i->imm >> 16 & 7, source = i->imm >> 24 & 15;
    char buf[16];
    print_operands(p, i);
    print_helper(p, i->imm & 0xffff);
    if (i->op == IR_fcmp || i->op == IR_fcomp)
        out(p->out, "%s", i->imm & FP_SIGNAL ? " signal" : "");
    else if (i->op == IR_fcmpp)
        out(p->out, " true=%u", (unsigned)(i->imm >> 16 & 31));
    else if (round)
        out(p->out, " round=%s", word(ir_round_word, round));
    if (i->op != IR_fcmpp)
        out(p->out, "%s%s", i->imm & FP_EXACT ? " exact" : "", i->imm & FP_UNSIGNED ? " unsigned" : "");
    if (source)
        out(p->out, " source=%s", type_name((IrType)source, buf));
    out(p->out, "%s%s", i->imm & FP_LOW ? " low" : "", i->imm & FP_NAN_FIRST ? " first" : "");
    out(p->out, "%s%s", i->imm & FP_NEG_PRODUCT ? " -product" : "", i->imm & FP_NEG_ADDEND ? " -addend" : "");
    out(p->out, "%s", i->imm & FP_SOFT ? " soft" : "");
}

static void print_rest(Printer *p, const IrInsn *i)
{
    switch (ir_imm_style((IrOp)i->op)) {
    case IMM_SLOT:
        if (i->op == IR_put)
            print_put(p, i);
        else
            print_slot(p, i);
        return;
    case IMM_MEM:
        print_mem(p, i);
        return;
    case IMM_FP:
        print_fp(p, i);
        return;
    case IMM_CALL:
        print_helper(p, i->imm & 0xffff);
        print_operands(p, i);
        return;
    case IMM_COND:
        out(p->out, " %s", word(ir_cond_word, (unsigned)i->imm));
        print_operands(p, i);
        return;
    case IMM_FENCE:
        out(p->out, " %s", word(ir_fence_word, (unsigned)i->imm));
        return;
    case IMM_POOL:
        out(p->out, " lo=0x%" PRIx64 " hi=0x%" PRIx64, p->ir->pool[i->imm].lo, p->ir->pool[i->imm].hi);
        return;
    case IMM_PC:
        print_operands(p, i);
        out(p->out, "%s 0x%" PRIx64, ir_op[i->op].args ? "," : "", i->imm);
        return;
    case IMM_KEY:
        print_operands(p, i);
        out(p->out, " %s=%" PRIu64, ir_imm_key((IrOp)i->op), i->imm);
        return;
    default:
        print_operands(p, i);
    }
}

static void print_insn(Printer *p, const IrInsn *i, unsigned number)
{
    char buf[16];
    if (!(ir_op[i->op].effects & MARK))
        out(p->out, "  ");
    if (number)
        out(p->out, "%%%u = ", number);
    out(p->out, "%s", i->op == IR_goto_ ? "goto" : ir_op[i->op].name);
    if (ir_prints_type((IrOp)i->op) && i->op != IR_put)
        out(p->out, " %s", type_name(i->type, buf));
    print_rest(p, i);
    out(p->out, "\n");
}

void ir_print(const Ir *ir, Out *o)
{
    Printer p = { .ir = ir, .out = o };
    uint16_t count = 0;
    for (uint32_t r = 1; r < ir->count; r++) {
        const IrInsn *i = &ir->insn[r];
        if (i->op == IR_nop || i->op == IR_const)
            continue;
        p.number[r] = ir_result(i) == T_VOID ? 0 : ++count;
        print_insn(&p, i, p.number[r]);
    }
}
