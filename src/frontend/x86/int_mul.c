/* Multiplication and division. SDM volume 2: MUL, IMUL, DIV, IDIV. */
#include "frontend/x86/operand.h"

/* CF and OF say that the upper half matters. The others are undefined (SDM volume 2, MUL): left as they were. */
static IrRef product_flags(Trans *t, IrRef overflow)
{
    Ir *ir = t->ir;
    const uint32_t both = FLAG_C | FLAG_V;
    IrRef bits = ir_pick(ir, I32, overflow, ir_imm(ir, I32, both), ir_imm(ir, I32, 0), 0);
    IrRef rest = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, FLAGS_ALL & ~both), 0);
    return x86_as_flags(t, ir_or(ir, I32, rest, bits, 0));
}

static IrRef extended(Trans *t, IrType to, IrRef v, unsigned bits, bool sign)
{
    return sign ? ir_sext(t->ir, to, v, bits) : ir_zext(t->ir, to, v, bits);
}

/* Whether a product of up to 4 bytes each, exact in 64 bits, is more than its low half says. */
static IrRef overflows(Trans *t, IrRef product, unsigned bytes, bool sign)
{
    return ir_ne(t->ir, I64, product, extended(t, I64, product, 8 * bytes, sign), 0);
}

static void put_halves(Trans *t, IrRef v, unsigned bytes)
{
    Ir *ir = t->ir;
    if (bytes == 1) {
        x86_put_reg(t, 2, RAX, v);
        return;
    }
    IrRef high = ir_shr(ir, I64, v, x86_const(t, 8 * bytes), 0);
    x86_put_reg(t, bytes, RAX, v);
    x86_put_reg(t, bytes, RDX, high);
}

static bool multiply(Trans *t, X86Insn *i, bool sign)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i);
    IrRef a = x86_get_reg(t, bytes, RAX), b = i->in[0];
    if (bytes < 8) {
        IrRef product = ir_mul(ir, I64, extended(t, I64, a, 8 * bytes, sign), extended(t, I64, b, 8 * bytes, sign), 0);
        i->flags = product_flags(t, overflows(t, product, bytes, sign));
        put_halves(t, product, bytes);
        return true;
    }
    IrRef low = ir_mul(ir, I64, a, b, 0), high = sign ? ir_mulhs(ir, I64, a, b, 0) : ir_mulhu(ir, I64, a, b, 0);
    IrRef plain = sign ? ir_sar(ir, I64, low, x86_const(t, 63), 0) : x86_const(t, 0);
    i->flags = product_flags(t, ir_ne(ir, I64, high, plain, 0));
    x86_put_reg(t, 8, RAX, low);
    x86_put_reg(t, 8, RDX, high);
    return true;
}

bool i86_mul(Trans *t, X86Insn *i)
{
    return multiply(t, i, false);
}

bool i86_imul1(Trans *t, X86Insn *i)
{
    return multiply(t, i, true);
}

static bool multiply_low(Trans *t, X86Insn *i, IrRef a, IrRef b)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i);
    if (bytes < 8) {
        IrRef product = ir_mul(ir, I64, ir_sext(ir, I64, a, 8 * bytes), ir_sext(ir, I64, b, 8 * bytes), 0);
        i->flags = product_flags(t, overflows(t, product, bytes, true));
        i->out[0] = product;
        return true;
    }
    i->out[0] = ir_mul(ir, I64, a, b, 0);
    IrRef sign = ir_sar(ir, I64, i->out[0], x86_const(t, 63), 0);
    i->flags = product_flags(t, ir_ne(ir, I64, ir_mulhs(ir, I64, a, b, 0), sign, 0));
    return true;
}

bool i86_imul(Trans *t, X86Insn *i)
{
    return multiply_low(t, i, i->in[0], i->in[1]);
}

bool i86_imul3(Trans *t, X86Insn *i)
{
    return multiply_low(t, i, i->in[1], i->in[2]);
}

bool i86_mulx(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i);
    IrRef a = x86_get_reg(t, bytes, RDX), b = i->in[2];
    if (bytes == 8) {
        i->out[0] = ir_mulhu(ir, I64, a, b, 0);
        i->out[1] = ir_mul(ir, I64, a, b, 0);
    } else {
        i->out[1] = ir_mul(ir, I64, ir_zext(ir, I64, a, 32), ir_zext(ir, I64, b, 32), 0);
        i->out[0] = ir_shr(ir, I64, i->out[1], x86_const(t, 32), 0);
    }
    if (i->op[0].n == i->op[1].n)
        i->out[1] = IR_NONE; /* the high half is what stays */
    return true;
}

/* ---- division ---- flags are undefined: AMD's processors set AF and clear SF ZF PF */

static IrRef keep_two(Trans *t)
{
    Ir *ir = t->ir;
    IrRef f = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, FLAG_C | FLAG_V), 0);
    return x86_as_flags(t, ir_or(ir, I32, f, ir_imm(ir, I32, FLAG_AUX), 0));
}

static IrRef dividend(Trans *t, unsigned bytes)
{
    Ir *ir = t->ir;
    if (bytes == 1)
        return x86_get_reg(t, 2, RAX);
    IrRef high = ir_zext(ir, I64, x86_get_reg(t, bytes, RDX), 8 * bytes);
    IrRef low = ir_zext(ir, I64, x86_get_reg(t, bytes, RAX), 8 * bytes);
    return ir_or(ir, I64, ir_shl(ir, I64, high, x86_const(t, 8 * bytes), 0), low, 0);
}

/* In 64 bits, where the quotient of what fits cannot overflow but for the most negative number by -1, which gives
 * itself: too large as well. */
static bool divide(Trans *t, X86Insn *i, bool sign)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i), bits = 8 * bytes;
    i->flags = keep_two(t);
    if (bytes == 8) {
        trans_call(t, I64, sign ? H_idiv64 : H_div64, i->in[0], IR_NONE, IR_NONE);
        return true;
    }
    IrRef wide = dividend(t, bytes), d = extended(t, I64, i->in[0], bits, sign);
    if (bytes < 4)
        wide = extended(t, I64, wide, 2 * bits, sign);
    IrRef q = sign ? ir_divs(ir, I64, wide, d, 0) : ir_divu(ir, I64, wide, d, 0);
    IrRef fits = extended(t, I64, q, bits, sign);
    IrRef bad = ir_or(ir, I64, ir_eq(ir, I64, d, x86_const(t, 0), 0), ir_ne(ir, I64, q, fits, 0), 0);
    x86_raise_if(t, bad, X86_DE, 0);
    IrRef r = ir_sub(ir, I64, wide, ir_mul(ir, I64, q, d, 0), 0);
    x86_put_reg(t, bytes, RAX, q);
    if (bytes == 1)
        ir_put(ir, I8, r, IR_SLOT(S_R0 + RAX, 1));
    else
        x86_put_reg(t, bytes, RDX, r);
    return true;
}

bool i86_div(Trans *t, X86Insn *i)
{
    return divide(t, i, false);
}

bool i86_idiv(Trans *t, X86Insn *i)
{
    return divide(t, i, true);
}

/* ---- decimal ---- */

static bool adjust(Trans *t, int helper)
{
    trans_call(t, I64, helper, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

bool i86_daa(Trans *t, X86Insn *i)
{
    (void)i;
    return adjust(t, H_daa);
}

bool i86_das(Trans *t, X86Insn *i)
{
    (void)i;
    return adjust(t, H_das);
}

bool i86_aaa(Trans *t, X86Insn *i)
{
    (void)i;
    return adjust(t, H_aaa);
}

bool i86_aas(Trans *t, X86Insn *i)
{
    (void)i;
    return adjust(t, H_aas);
}

/* SF ZF PF of AL; the others are undefined: processors clear them. */
static void adjusted_flags(Trans *t, X86Insn *i, IrRef al)
{
    i->flags = ir_flags(t->ir, I8, ir_and(t->ir, I8, al, al, 0), 0);
}

bool i86_aam(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    if (!i->imm) {
        x86_raise_at(t, X86_DE, 0);
        return true;
    }
    IrRef al = ir_zext(ir, I32, x86_get_reg(t, 1, RAX), 8), base = ir_imm(ir, I32, i->imm);
    IrRef q = ir_divu(ir, I32, al, base, 0), r = ir_sub(ir, I32, al, ir_mul(ir, I32, q, base, 0), 0);
    ir_put(ir, I8, q, IR_SLOT(S_R0 + RAX, 1));
    x86_put_reg(t, 1, RAX, r);
    adjusted_flags(t, i, r);
    return true;
}

bool i86_aad(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef ah = ir_get(ir, I8, IR_SLOT(S_R0 + RAX, 1)), al = x86_get_reg(t, 1, RAX);
    IrRef scaled = ir_mul(ir, I32, ir_zext(ir, I32, ah, 8), ir_imm(ir, I32, i->imm), 0);
    IrRef sum = ir_add(ir, I8, al, scaled, 0);
    i->flags = ir_flags(ir, I8, sum, 0);
    x86_put_reg(t, 2, RAX, ir_zext(ir, I16, sum, 8));
    return true;
}
