/* Integer lanes: arithmetic, compares, shifts, logic, packing. MMX, SSE and AVX alike: vector.h. */
#include "frontend/x86/vector.h"

typedef IrRef Lanes(Trans *, IrType, IrRef a, IrRef b);

/* name: the instruction without V in front. */
#define TWO(name, op, kind)                                                                                            \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        i->out[0] = ir_##op(t->ir, x86_lanes(i, kind), x86_first(i), x86_second(i), 0);                                \
        return true;                                                                                                   \
    }
#define TWO_REVERSED(name, op, kind)                                                                                   \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        i->out[0] = ir_##op(t->ir, x86_lanes(i, kind), x86_second(i), x86_first(i), 0);                                \
        return true;                                                                                                   \
    }
#define ONE(name, op, kind)                                                                                            \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        i->out[0] = ir_##op(t->ir, x86_lanes(i, kind), i->in[1], 0);                                                   \
        return true;                                                                                                   \
    }

TWO(paddb, add, K_I8)
TWO(paddw, add, K_I16)
TWO(paddd, add, K_I32)
TWO(paddq, add, K_I64)
TWO(psubb, sub, K_I8)
TWO(psubw, sub, K_I16)
TWO(psubd, sub, K_I32)
TWO(psubq, sub, K_I64)
TWO(paddsb, addss, K_I8)
TWO(paddsw, addss, K_I16)
TWO(paddusb, addsu, K_I8)
TWO(paddusw, addsu, K_I16)
TWO(psubsb, subss, K_I8)
TWO(psubsw, subss, K_I16)
TWO(psubusb, subsu, K_I8)
TWO(psubusw, subsu, K_I16)
TWO(pavgb, avgu, K_I8)
TWO(pavgw, avgu, K_I16)
TWO(pminub, minu, K_I8)
TWO(pminuw, minu, K_I16)
TWO(pminud, minu, K_I32)
TWO(pminsb, mins, K_I8)
TWO(pminsw, mins, K_I16)
TWO(pminsd, mins, K_I32)
TWO(pmaxub, maxu, K_I8)
TWO(pmaxuw, maxu, K_I16)
TWO(pmaxud, maxu, K_I32)
TWO(pmaxsb, maxs, K_I8)
TWO(pmaxsw, maxs, K_I16)
TWO(pmaxsd, maxs, K_I32)
TWO(pmullw, mul, K_I16)
TWO(pmulld, mul, K_I32)
TWO(pmulhw, mulhs, K_I16)
TWO(pmulhuw, mulhu, K_I16)
TWO(pmulhrsw, mulhrs, K_I16)
TWO(pmuludq, mullowu, K_I64)
TWO(pmuldq, mullows, K_I64)
TWO(pmaddwd, muladds, K_I32)
TWO(pmaddubsw, muladdus, K_I16)
TWO(psadbw, sumdiff, K_I64)
TWO(psignb, sign, K_I8)
TWO(psignw, sign, K_I16)
TWO(psignd, sign, K_I32)
TWO(phaddw, vpadd, K_I16)
TWO(phaddd, vpadd, K_I32)
TWO(phaddsw, vpaddss, K_I16)
TWO(phsubw, vpsub, K_I16)
TWO(phsubd, vpsub, K_I32)
TWO(phsubsw, vpsubss, K_I16)
ONE(pabsb, abs, K_I8)
ONE(pabsw, abs, K_I16)
ONE(pabsd, abs, K_I32)

TWO(pcmpeqb, eq, K_I8)
TWO(pcmpeqw, eq, K_I16)
TWO(pcmpeqd, eq, K_I32)
TWO(pcmpeqq, eq, K_I64)
TWO_REVERSED(pcmpgtb, lts, K_I8)
TWO_REVERSED(pcmpgtw, lts, K_I16)
TWO_REVERSED(pcmpgtd, lts, K_I32)
TWO_REVERSED(pcmpgtq, lts, K_I64)

TWO(pand, and, K_I64)
TWO(por, or, K_I64)
TWO(pxor, xor, K_I64)
TWO_REVERSED(pandn, andn, K_I64)
TWO(andps, and, K_I64)
TWO(andpd, and, K_I64)
TWO(orps, or, K_I64)
TWO(orpd, or, K_I64)
TWO(xorps, xor, K_I64)
TWO(xorpd, xor, K_I64)
TWO_REVERSED(andnps, andn, K_I64)
TWO_REVERSED(andnpd, andn, K_I64)

TWO(punpcklbw, vzip1, K_I8)
TWO(punpcklwd, vzip1, K_I16)
TWO(punpckldq, vzip1, K_I32)
TWO(punpcklqdq, vzip1, K_I64)
TWO(punpckhbw, vzip2, K_I8)
TWO(punpckhwd, vzip2, K_I16)
TWO(punpckhdq, vzip2, K_I32)
TWO(punpckhqdq, vzip2, K_I64)
TWO(unpcklps, vzip1, K_I32)
TWO(unpcklpd, vzip1, K_I64)
TWO(unpckhps, vzip2, K_I32)
TWO(unpckhpd, vzip2, K_I64)
TWO(pshufb, vlook, K_I8)

/* ---- packing ---- 64-bit vectors: both in one of 128, and that made narrower */

static IrRef pack64(Trans *t, IrKind k, IrRef a, IrRef b, bool to_unsigned)
{
    Ir *ir = t->ir;
    IrRef both = ir_vzip1(ir, I64X2, ir_vlow(ir, I64X2, a, 0), ir_vlow(ir, I64X2, b, 0), 0);
    IrType type = ir_lanes(k, 64);
    return to_unsigned ? ir_vnarrowsu(ir, type, both, 0) : ir_vnarrowss(ir, type, both, 0);
}

static bool pack(Trans *t, X86Insn *i, IrKind k, bool to_unsigned)
{
    IrType type = ir_lanes(k, 128);
    IrRef a = x86_first(i), b = x86_second(i);
    if (i->attr & X86_MMX)
        i->out[0] = pack64(t, k, a, b, to_unsigned);
    else
        i->out[0] = to_unsigned ? ir_vpacksu(t->ir, type, a, b, 0) : ir_vpackss(t->ir, type, a, b, 0);
    return true;
}

bool i86_packsswb(Trans *t, X86Insn *i)
{
    return pack(t, i, K_I8, false);
}

bool i86_packssdw(Trans *t, X86Insn *i)
{
    return pack(t, i, K_I16, false);
}

bool i86_packuswb(Trans *t, X86Insn *i)
{
    return pack(t, i, K_I8, true);
}

bool i86_packusdw(Trans *t, X86Insn *i)
{
    return pack(t, i, K_I16, true);
}

/* ---- shifts ---- by a number in an operand's low 64 bits, or by an immediate; what is as wide as the lane or more
 * shifts everything out */

static IrRef shift_by(Trans *t, IrOp op, IrType type, IrRef v, unsigned by)
{
    unsigned bits = (unsigned)ir_lane_bits(type);
    if (by >= bits && op != IR_sar)
        return ir_wide(t->ir, type, 0, 0);
    IrRef count = ir_imm(t->ir, I32, by < bits ? by : bits - 1);
    return ir_emit(t->ir, op, type, v, count, IR_NONE, 0);
}

static bool shift(Trans *t, X86Insn *i, IrOp op, IrKind k)
{
    static const uint8_t by_vector[] = { IR_vshl, IR_vshr, IR_vsar };
    IrType type = x86_lanes(i, k);
    if (i->op[1 + i->vex].kind == OPERAND_IMM)
        i->out[0] = shift_by(t, op, type, x86_first(i), (unsigned)i->imm & 0xff);
    else
        i->out[0] = ir_emit(t->ir, (IrOp)by_vector[op - IR_shl], type, x86_first(i), x86_second(i), IR_NONE, 0);
    return true;
}

#define SHIFT(name, op, kind)                                                                                          \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return shift(t, i, IR_##op, kind);                                                                             \
    }
SHIFT(psllw, shl, K_I16)
SHIFT(pslld, shl, K_I32)
SHIFT(psllq, shl, K_I64)
SHIFT(psrlw, shr, K_I16)
SHIFT(psrld, shr, K_I32)
SHIFT(psrlq, shr, K_I64)
SHIFT(psraw, sar, K_I16)
SHIFT(psrad, sar, K_I32)
TWO(psllvd, shlv, K_I32)
TWO(psllvq, shlv, K_I64)
TWO(psrlvd, shrv, K_I32)
TWO(psrlvq, shrv, K_I64)
TWO(psravd, sarv, K_I32)

static bool shift_bytes(Trans *t, X86Insn *i, int by)
{
    uint8_t p[16];
    for (int n = 0; n < 16; n++)
        p[n] = (uint8_t)(n + by >= 0 && n + by < 16 ? n + by : 0x80);
    i->out[0] = x86_shuffle(t, i, x86_first(i), x86_first(i), p);
    return true;
}

static int byte_count(const X86Insn *i)
{
    return (i->imm & 0xff) < 16 ? (int)(i->imm & 0xff) : 16;
}

bool i86_pslldq(Trans *t, X86Insn *i)
{
    return shift_bytes(t, i, -byte_count(i));
}

bool i86_psrldq(Trans *t, X86Insn *i)
{
    return shift_bytes(t, i, byte_count(i));
}

/* ---- wider lanes ---- the upper half of a 256-bit result is made of what follows in the 128-bit source */

static IrRef upper_bytes(Trans *t, X86Insn *i, IrRef v, int from)
{
    uint8_t p[16];
    for (int n = 0; n < 16; n++)
        p[n] = (uint8_t)(n + from < 16 ? n + from : 0x80);
    return x86_shuffle(t, i, v, v, p);
}

static bool widen(Trans *t, X86Insn *i, IrKind from, IrKind to, bool sign)
{
    IrRef v = i->in[1];
    if (i->high)
        v = upper_bytes(t, i, v, 16 >> (to - from));
    for (int k = (int)from + 1; k <= (int)to; k++) {
        IrType type = ir_lanes((IrKind)k, 128);
        v = sign ? ir_vwidens(t->ir, type, v, 0) : ir_vwidenu(t->ir, type, v, 0);
    }
    i->out[0] = v;
    return true;
}

#define WIDEN(letters, from, to)                                                                                       \
    bool i86_pmovsx##letters(Trans *t, X86Insn *i)                                                                     \
    {                                                                                                                  \
        return widen(t, i, from, to, true);                                                                            \
    }                                                                                                                  \
    bool i86_pmovzx##letters(Trans *t, X86Insn *i)                                                                     \
    {                                                                                                                  \
        return widen(t, i, from, to, false);                                                                           \
    }
WIDEN(bw, K_I8, K_I16)
WIDEN(bd, K_I8, K_I32)
WIDEN(bq, K_I8, K_I64)
WIDEN(wd, K_I16, K_I32)
WIDEN(wq, K_I16, K_I64)
WIDEN(dq, K_I32, K_I64)

/* ---- choosing by sign ---- VEX: the fourth operand; else XMM0 */

static bool choose(Trans *t, X86Insn *i, IrKind k)
{
    IrRef mask = i->vex ? i->in[3] : x86_get_xmm(t, 0, false);
    i->out[0] = ir_blend(t->ir, ir_lanes(k, 128), mask, x86_second(i), x86_first(i), 0);
    return true;
}

bool i86_pblendvb(Trans *t, X86Insn *i)
{
    return choose(t, i, K_I8);
}

bool i86_blendvps(Trans *t, X86Insn *i)
{
    return choose(t, i, K_I32);
}

bool i86_blendvpd(Trans *t, X86Insn *i)
{
    return choose(t, i, K_I64);
}

/* ---- PTEST, VTESTPS, VTESTPD ---- raw: both halves give one answer */

static IrRef sign_lanes(Trans *t, IrRef v, int bits)
{
    uint64_t m = bits == 32 ? 0x8000000080000000 : bits == 64 ? 1ull << 63 : ~0ull;
    return bits == 128 ? v : ir_and(t->ir, I64X2, v, ir_wide(t->ir, I64X2, m, m), 0);
}

/* ZF and CF of the upper half as well: a & b and ~a & b of both, tested by themselves. */
static bool test(Trans *t, X86Insn *i, int bits)
{
    Ir *ir = t->ir;
    IrRef a = x86_get_vector(t, i, 0, false), b = sign_lanes(t, x86_get_vector(t, i, 1, false), bits);
    if (i->op[0].bytes < 32) {
        x86_put_flags(t, ir_vtest(ir, I64X2, a, b, 0));
        return true;
    }
    IrRef a2 = x86_get_vector(t, i, 0, true), b2 = sign_lanes(t, x86_get_vector(t, i, 1, true), bits);
    IrRef z = ir_or(ir, I64X2, ir_and(ir, I64X2, a, b, 0), ir_and(ir, I64X2, a2, b2, 0), 0);
    IrRef c = ir_or(ir, I64X2, ir_andn(ir, I64X2, b, a, 0), ir_andn(ir, I64X2, b2, a2, 0), 0);
    IrRef zf = ir_and(ir, I32, ir_vtest(ir, I64X2, z, z, 0), ir_imm(ir, I32, FLAG_Z), 0);
    IrRef cf = ir_and(ir, I32, ir_vtest(ir, I64X2, x86_zero_vector(t), c, 0), ir_imm(ir, I32, FLAG_C), 0);
    x86_put_flags(t, x86_as_flags(t, ir_or(ir, I32, zf, cf, 0)));
    return true;
}

bool i86_ptest(Trans *t, X86Insn *i)
{
    return test(t, i, 128);
}

bool i86_testps(Trans *t, X86Insn *i)
{
    return test(t, i, 32);
}

bool i86_testpd(Trans *t, X86Insn *i)
{
    return test(t, i, 64);
}
