/* Conversions of SSE2 and AVX. What does not fit becomes the integer indefinite. */
#include "frontend/x86/sse.h"

static uint64_t how(const Trans *t, unsigned helper, IrKind source, IrRound round)
{
    return helper | x86_fp_rules(t) | FP_SOURCE(source) | FP_ROUND(round);
}

/* ---- scalars ---- */

static bool to_int(Trans *t, X86Insn *i, IrKind source, IrRound round)
{
    bool q = i->op[0].bytes == 8, d = source == K_F64;
    unsigned helper = q ? (d ? H_f2i64_64 : H_f2i64_32) : d ? H_f2i32_64 : H_f2i32_32;
    i->out[0] = ir_f2i(t->ir, q ? I64 : I32, i->in[1], how(t, helper, source, round));
    return true;
}

bool i86_cvtss2si(Trans *t, X86Insn *i)
{
    return to_int(t, i, K_F32, ROUND_CURRENT);
}

bool i86_cvttss2si(Trans *t, X86Insn *i)
{
    return to_int(t, i, K_F32, ROUND_ZERO);
}

bool i86_cvtsd2si(Trans *t, X86Insn *i)
{
    return to_int(t, i, K_F64, ROUND_CURRENT);
}

bool i86_cvttsd2si(Trans *t, X86Insn *i)
{
    return to_int(t, i, K_F64, ROUND_ZERO);
}

static bool from_int(Trans *t, X86Insn *i, IrType to)
{
    bool q = i->op[1 + i->vex].bytes == 8, d = to == F64;
    unsigned helper = q ? (d ? H_i64_f2_64 : H_i64_f2_32) : d ? H_i32_f2_64 : H_i32_f2_32;
    IrRef r = ir_i2f(t->ir, to, x86_second(i), how(t, helper, q ? K_I64 : K_I32, ROUND_EVEN));
    i->out[0] = ir_vset(t->ir, d ? F64X2 : F32X4, x86_first(i), r, 0);
    return true;
}

bool i86_cvtsi2ss(Trans *t, X86Insn *i)
{
    return from_int(t, i, F32);
}

bool i86_cvtsi2sd(Trans *t, X86Insn *i)
{
    return from_int(t, i, F64);
}

bool i86_cvtss2sd(Trans *t, X86Insn *i)
{
    IrRef r = ir_f2f(t->ir, F64, x86_second(i), how(t, H_f32_f2_64, K_F32, ROUND_EVEN));
    i->out[0] = ir_vset(t->ir, F64X2, x86_first(i), r, 0);
    return true;
}

bool i86_cvtsd2ss(Trans *t, X86Insn *i)
{
    IrRef r = ir_f2f(t->ir, F32, x86_second(i), how(t, H_f64_f2_32, K_F64, ROUND_EVEN));
    i->out[0] = ir_vset(t->ir, F32X4, x86_first(i), r, 0);
    return true;
}

/* ---- vectors of equal lanes ---- */

bool i86_cvtdq2ps(Trans *t, X86Insn *i)
{
    i->out[0] = ir_i2f(t->ir, F32X4, i->in[1], how(t, H_i32_f2_32, K_I32, ROUND_EVEN));
    return true;
}

bool i86_cvtps2dq(Trans *t, X86Insn *i)
{
    i->out[0] = ir_f2i(t->ir, I32X4, i->in[1], how(t, H_f2i32_32, K_F32, ROUND_CURRENT));
    return true;
}

bool i86_cvttps2dq(Trans *t, X86Insn *i)
{
    i->out[0] = ir_f2i(t->ir, I32X4, i->in[1], how(t, H_f2i32_32, K_F32, ROUND_ZERO));
    return true;
}

/* ---- wider: for the upper half of 256 bits from the source's upper lanes ---- */

static IrRef lanes_of_half(Trans *t, const X86Insn *i)
{
    return i->high ? ir_vzip2(t->ir, I64X2, i->in[1], i->in[1], 0) : i->in[1];
}

bool i86_cvtdq2pd(Trans *t, X86Insn *i)
{
    i->out[0] = ir_i2f(t->ir, F64X2, lanes_of_half(t, i), how(t, H_i32_f2_64, K_I32, ROUND_EVEN));
    return true;
}

bool i86_cvtps2pd(Trans *t, X86Insn *i)
{
    i->out[0] = ir_f2f(t->ir, F64X2, lanes_of_half(t, i), how(t, H_f32_f2_64, K_F32, ROUND_EVEN));
    return true;
}

static IrRef upper_quarter(Trans *t, const X86Insn *i, IrRef v)
{
    return x86_shuffle_lanes(t, i, v, v, 4, (const uint8_t[]){ 2, 3, 0x80, 0x80 });
}

bool i86_cvtph2ps(Trans *t, X86Insn *i)
{
    IrRef v = i->high ? upper_quarter(t, i, i->in[1]) : i->in[1];
    i->out[0] = ir_f2f(t->ir, F32X4, v, how(t, H_f16_f2_32, K_F16, ROUND_EVEN));
    return true;
}

/* ---- narrower: 256 bits become 128, both halves at once ---- */

static IrRef join(Trans *t, IrRef low, IrRef high)
{
    Ir *ir = t->ir;
    IrRef first = ir_vlow(ir, I64X2, low, 0);
    return high ? ir_vzip1(ir, I64X2, first, ir_vlow(ir, I64X2, high, 0), 0) : first;
}

typedef IrRef Narrow(Trans *, IrRef v, uint64_t how);

static IrRef to_i32(Trans *t, IrRef v, uint64_t imm)
{
    return ir_f2i(t->ir, I32X2, v, imm);
}

static IrRef to_f32(Trans *t, IrRef v, uint64_t imm)
{
    return ir_f2f(t->ir, F32X2, v, imm);
}

static IrRef to_f16(Trans *t, IrRef v, uint64_t imm)
{
    return ir_f2f(t->ir, F16X4, v, imm);
}

static bool narrow(Trans *t, X86Insn *i, Narrow *fn, uint64_t imm)
{
    IrRef low = fn(t, i->in[1], imm), high = i->op[1].bytes == 32 ? fn(t, i->in_high[1], imm) : IR_NONE;
    i->out[0] = join(t, low, high);
    return true;
}

bool i86_cvtpd2dq(Trans *t, X86Insn *i)
{
    return narrow(t, i, to_i32, how(t, H_f2i32_64, K_F64, ROUND_CURRENT));
}

bool i86_cvttpd2dq(Trans *t, X86Insn *i)
{
    return narrow(t, i, to_i32, how(t, H_f2i32_64, K_F64, ROUND_ZERO));
}

bool i86_cvtpd2ps(Trans *t, X86Insn *i)
{
    return narrow(t, i, to_f32, how(t, H_f64_f2_32, K_F64, ROUND_EVEN));
}

bool i86_cvtps2ph(Trans *t, X86Insn *i)
{
    static const uint8_t mode[] = { ROUND_EVEN, ROUND_DOWN, ROUND_UP, ROUND_ZERO };
    IrRound round = i->imm & 4 ? ROUND_CURRENT : (IrRound)mode[i->imm & 3];
    return narrow(t, i, to_f16, how(t, H_f32_f2_16, K_F32, round));
}

/* ---- MMX registers: the other two lanes are zeros, which raise nothing ---- */

static IrRef from_mmx(Trans *t, const X86Insn *i)
{
    return i->op[1].kind == OPERAND_MMX ? ir_vlow(t->ir, I64X2, i->in[1], 0) : i->in[1];
}

static IrRef low_half(Trans *t, const X86Insn *i)
{
    return x86_shuffle_lanes(t, i, i->in[1], i->in[1], 8, (const uint8_t[]){ 0, 0x80 });
}

bool i86_cvtpi2ps(Trans *t, X86Insn *i)
{
    IrRef v = ir_i2f(t->ir, F32X4, from_mmx(t, i), how(t, H_i32_f2_32, K_I32, ROUND_EVEN));
    i->out[0] = x86_merge_low(t, i, i->in[0], v, 8);
    return true;
}

bool i86_cvtpi2pd(Trans *t, X86Insn *i)
{
    i->out[0] = ir_i2f(t->ir, F64X2, from_mmx(t, i), how(t, H_i32_f2_64, K_I32, ROUND_EVEN));
    return true;
}

bool i86_cvtps2pi(Trans *t, X86Insn *i)
{
    i->out[0] = ir_f2i(t->ir, I32X4, low_half(t, i), how(t, H_f2i32_32, K_F32, ROUND_CURRENT));
    return true;
}

bool i86_cvttps2pi(Trans *t, X86Insn *i)
{
    i->out[0] = ir_f2i(t->ir, I32X4, low_half(t, i), how(t, H_f2i32_32, K_F32, ROUND_ZERO));
    return true;
}

bool i86_cvtpd2pi(Trans *t, X86Insn *i)
{
    return i86_cvtpd2dq(t, i);
}

bool i86_cvttpd2pi(Trans *t, X86Insn *i)
{
    return i86_cvttpd2dq(t, i);
}

bool i86_movq2dq(Trans *t, X86Insn *i)
{
    i->out[0] = from_mmx(t, i);
    return true;
}

bool i86_movdq2q(Trans *t, X86Insn *i)
{
    i->out[0] = low_half(t, i);
    return true;
}
