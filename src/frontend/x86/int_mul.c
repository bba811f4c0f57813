/* Multiplication and division. SDM volume 2: MUL, IMUL, DIV, IDIV. */
#include "frontend/x86/operand.h"

/* CF and OF say that the upper half matters. The others are undefined (SDM volume 2, MUL): left as they were. */
static IrRef product_flags(Trans *t, IrRef overflow)
{
    Ir *ir = t->ir;
    const uint32_t both = FLAG_C | FLAG_V;
    IrRef bits = ir_mul(ir, I32, overflow, ir_imm(ir, I32, both), 0);
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

/* The product is computed in the operands' own width, since mostly nobody asks for the flags. */
static bool multiply_low(Trans *t, X86Insn *i, IrRef a, IrRef b)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i);
    if (bytes < 4) {
        IrRef product = ir_mul(ir, I64, ir_sext(ir, I64, a, 8 * bytes), ir_sext(ir, I64, b, 8 * bytes), 0);
        i->flags = product_flags(t, overflows(t, product, bytes, true));
        i->out[0] = product;
        return true;
    }
    IrType type = x86_type(bytes);
    i->out[0] = ir_mul(ir, type, a, b, 0);
    IrRef sign = ir_sar(ir, type, i->out[0], ir_imm(ir, type, 8 * bytes - 1), 0);
    i->flags = product_flags(t, ir_ne(ir, type, ir_mulhs(ir, type, a, b, 0), sign, 0));
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

static void put_result(Trans *t, unsigned bytes, IrRef q, IrRef r)
{
    x86_put_reg(t, bytes, RAX, q);
    if (bytes == 1)
        ir_put(t->ir, I8, r, IR_SLOT(S_R0 + RAX, 1));
    else
        x86_put_reg(t, bytes, RDX, r);
}

static IrRef remainder_of(Trans *t, IrType type, IrRef dividend, IrRef q, IrRef d)
{
    return ir_sub(t->ir, type, dividend, ir_mul(t->ir, type, q, d, 0), 0);
}

/* 8 and 16 bits, in 32, where the quotient of what fits cannot overflow. */
static bool divide_narrow(Trans *t, X86Insn *i, unsigned bits, bool sign)
{
    Ir *ir = t->ir;
    IrRef low = x86_get_reg(t, 2, RAX), d = extended(t, I32, i->in[0], bits, sign), wide;
    if (bits == 8) {
        wide = extended(t, I32, low, 16, sign);
    } else {
        IrRef high = ir_shl(ir, I32, x86_get_reg(t, 4, RDX), x86_const(t, 16), 0);
        wide = ir_or(ir, I32, high, ir_zext(ir, I32, low, 16), 0);
    }
    IrRef q = sign ? ir_divs(ir, I32, wide, d, 0) : ir_divu(ir, I32, wide, d, 0);
    IrRef none = ir_eq(ir, I32, d, ir_imm(ir, I32, 0), 0);
    x86_raise_if(t, ir_or(ir, I64, none, ir_ne(ir, I32, q, extended(t, I32, q, bits, sign), 0), 0), X86_DE, 0);
    put_result(t, bits / 8, q, remainder_of(t, I32, wide, q, d));
    return true;
}

static bool divide_unsigned(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i);
    IrType type = x86_type(bytes);
    IrRef high = x86_get_reg(t, bytes, RDX), low = x86_get_reg(t, bytes, RAX), d = i->in[0];
    uint64_t value;
    bool plain = ir_is_const(ir, high, &value) && !value;
    x86_raise_if(t, ir_leu(ir, type, d, high, 0), X86_DE, 0);
    IrRef q = plain ? ir_divu(ir, type, low, d, 0) : ir_divwu(ir, type, high, low, d, 0);
    put_result(t, bytes, q, remainder_of(t, type, low, q, d));
    return true;
}

static bool is_sign_of(const Ir *ir, IrRef high, IrRef low, unsigned bits)
{
    const IrInsn *h = &ir->insn[high];
    uint64_t by;
    return h->op == IR_sar && h->arg[0] == low && ir_is_const(ir, h->arg[1], &by) && by == bits - 1;
}

/* Compilers divide numbers whose upper half is but the sign. A helper does all others, and what gives #DE; the most
 * negative number by -1 is among the latter. */
static bool divide_signed(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i), bits = 8 * bytes;
    IrType type = x86_type(bytes);
    IrRef high = x86_get_reg(t, bytes, RDX), low = x86_get_reg(t, bytes, RAX), d = i->in[0];
    IrRef pc = x86_const(t, t->pc), how = x86_const(t, bytes | (i->next - t->pc) << 8);
    ir_put(ir, type, d, IR_SLOT(S_TMP0, 0));
    if (!is_sign_of(ir, high, low, bits)) {
        IrRef sign = ir_sar(ir, type, low, ir_imm(ir, type, bits - 1), 0);
        ir_leave_if(ir, T_VOID, ir_ne(ir, type, high, sign, 0), pc, how, H_idiv);
    }
    IrRef odd = ir_add(ir, type, d, ir_imm(ir, type, 1), 0); /* 0 and -1, to 1 and 0 */
    ir_leave_if(ir, T_VOID, ir_leu(ir, type, odd, ir_imm(ir, type, 1), 0), pc, how, H_idiv);
    IrRef q = ir_divs(ir, type, low, d, 0);
    put_result(t, bytes, q, remainder_of(t, type, low, q, d));
    return true;
}

static bool divide(Trans *t, X86Insn *i, bool sign)
{
    i->flags = keep_two(t);
    if (x86_bytes(i) < 4)
        return divide_narrow(t, i, 8 * x86_bytes(i), sign);
    return sign ? divide_signed(t, i) : divide_unsigned(t, i);
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
