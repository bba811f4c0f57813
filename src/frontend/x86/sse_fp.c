/* Floating-point arithmetic and compares of SSE and AVX. The host has the guest's rules (FP_NAN_FIRST); helpers say the
 * same in C. SDM volume 1, chapters 10, 11 and 14. */
#include "frontend/x86/sse.h"

static IrType type_of(const SseKind *k)
{
    return k->bits == 32 ? F32X4 : F64X2;
}

static uint64_t imm_of(const Trans *t, const SseKind *k, unsigned helper32, unsigned helper64)
{
    return (k->bits == 32 ? helper32 : helper64) | x86_fp_rules(t) | (k->scalar ? FP_LOW : 0);
}

static const SseKind ps = { 32, false }, pd = { 64, false }, ss = { 32, true }, sd = { 64, true };

#define FOR_KINDS(name, fn, ...)                                                                                       \
    bool i86_##name##ps(Trans *t, X86Insn *i)                                                                          \
    {                                                                                                                  \
        return fn(t, i, &ps, __VA_ARGS__);                                                                             \
    }                                                                                                                  \
    bool i86_##name##pd(Trans *t, X86Insn *i)                                                                          \
    {                                                                                                                  \
        return fn(t, i, &pd, __VA_ARGS__);                                                                             \
    }
#define FOR_SCALARS(name, fn, ...)                                                                                     \
    bool i86_##name##ss(Trans *t, X86Insn *i)                                                                          \
    {                                                                                                                  \
        return fn(t, i, &ss, __VA_ARGS__);                                                                             \
    }                                                                                                                  \
    bool i86_##name##sd(Trans *t, X86Insn *i)                                                                          \
    {                                                                                                                  \
        return fn(t, i, &sd, __VA_ARGS__);                                                                             \
    }

static bool two(Trans *t, X86Insn *i, const SseKind *k, IrOp op, unsigned helper32, unsigned helper64)
{
    i->out[0] = ir_emit(t->ir, op, type_of(k), x86_first(i), x86_second(i), IR_NONE, imm_of(t, k, helper32, helper64));
    return true;
}

#define ARITHMETIC(name, op)                                                                                           \
    FOR_KINDS(name, two, IR_##op, H_##op##32, H_##op##64)                                                              \
    FOR_SCALARS(name, two, IR_##op, H_##op##32, H_##op##64)
ARITHMETIC(add, fadd)
ARITHMETIC(sub, fsub)
ARITHMETIC(mul, fmul)
ARITHMETIC(div, fdiv)
ARITHMETIC(min, flesser)
ARITHMETIC(max, fgreater)
FOR_KINDS(addsub, two, IR_faddsub, H_faddsub32, H_faddsub64)

/* Of scalars the lanes above are the first operand's. */
static bool result_of_one(Trans *t, X86Insn *i, const SseKind *k, IrRef r)
{
    i->out[0] = k->scalar ? x86_merge_low(t, i, x86_first(i), r, k->bits / 8u) : r;
    return true;
}

static IrRef one_operand(const X86Insn *i, const SseKind *k)
{
    return k->scalar ? x86_second(i) : i->in[1];
}

static bool square_root(Trans *t, X86Insn *i, const SseKind *k, unsigned helper32, unsigned helper64)
{
    IrRef r = ir_fsqrt(t->ir, type_of(k), one_operand(i, k), imm_of(t, k, helper32, helper64));
    return result_of_one(t, i, k, r);
}
FOR_KINDS(sqrt, square_root, H_fsqrt32, H_fsqrt64)
FOR_SCALARS(sqrt, square_root, H_fsqrt32, H_fsqrt64)

/* imm8: bits 0-1 the mode, unless bit 2 says that of MXCSR; bit 3: inexact is not signalled. */
static bool round_to(Trans *t, X86Insn *i, const SseKind *k, unsigned helper32, unsigned helper64)
{
    static const uint8_t mode[] = { ROUND_EVEN, ROUND_DOWN, ROUND_UP, ROUND_ZERO };
    unsigned imm = (unsigned)i->imm;
    IrRound round = imm & 4 ? ROUND_CURRENT : (IrRound)mode[imm & 3];
    uint64_t how = imm_of(t, k, helper32, helper64) | FP_ROUND(round) | (imm & 8 ? 0 : FP_EXACT);
    return result_of_one(t, i, k, ir_fround(t->ir, type_of(k), one_operand(i, k), how));
}
FOR_KINDS(round, round_to, H_fround32, H_fround64)
FOR_SCALARS(round, round_to, H_fround32, H_fround64)

/* ---- compares ---- SDM volume 2, CMPPD, table 3-1; a legacy encoding has the first eight */

static bool compare(Trans *t, X86Insn *i, const SseKind *k, unsigned helper32, unsigned helper64)
{
    enum { LT = FP_LT, EQ = FP_EQ, GT = FP_GT, UN = FP_UN, S = FP_SIGNALS };
    static const uint8_t truth[] = { EQ,           LT | S,           LT | EQ | S,      UN,
                                     LT | GT | UN, EQ | GT | UN | S, GT | UN | S,      LT | EQ | GT,
                                     EQ | UN,      LT | UN | S,      LT | EQ | UN | S, 0,
                                     LT | GT,      EQ | GT | S,      GT | S,           LT | EQ | GT | UN };
    unsigned n = (unsigned)i->imm & (i->vex ? 31 : 7);
    uint64_t how = FP_PREDICATE(truth[n & 15] ^ (n & 16 ? S : 0u));
    i->out[0] = ir_fcmpp(t->ir, type_of(k), x86_first(i), x86_second(i), how | imm_of(t, k, helper32, helper64));
    return true;
}
FOR_KINDS(cmp, compare, H_fcmpp32, H_fcmpp64)
FOR_SCALARS(cmp, compare, H_fcmpp32, H_fcmpp64)

static bool to_flags(Trans *t, X86Insn *i, const SseKind *k, uint64_t signal)
{
    i->flags = ir_fcomp(t->ir, type_of(k), i->in[0], i->in[1], imm_of(t, k, H_fcomp32, H_fcomp64) | signal);
    return true;
}
FOR_SCALARS(ucomi, to_flags, 0)
FOR_SCALARS(comi, to_flags, FP_SIGNAL)

/* ---- horizontal ---- */

static bool horizontal(Trans *t, X86Insn *i, const SseKind *k, IrOp op, unsigned helper32, unsigned helper64)
{
    Ir *ir = t->ir;
    IrType lanes = k->bits == 32 ? I32X4 : I64X2;
    IrRef even = ir_vuzp1(ir, lanes, x86_first(i), x86_second(i), 0);
    IrRef odd = ir_vuzp2(ir, lanes, x86_first(i), x86_second(i), 0);
    i->out[0] = ir_emit(ir, op, type_of(k), even, odd, IR_NONE, imm_of(t, k, helper32, helper64));
    return true;
}
FOR_KINDS(hadd, horizontal, IR_fadd, H_fadd32, H_fadd64)
FOR_KINDS(hsub, horizontal, IR_fsub, H_fsub32, H_fsub64)

/* ---- estimates ---- one half of the vector by a helper, which knows no flags */

static bool estimate(Trans *t, X86Insn *i, const SseKind *k, int helper)
{
    Ir *ir = t->ir;
    IrRef v = one_operand(i, k);
    IrRef r = ir_vlow(ir, I64X2, trans_call(t, I64, helper, ir_vget(ir, I64, v, 0), IR_NONE, IR_NONE), 0);
    if (!k->scalar)
        r = ir_vset(ir, I64X2, r, trans_call(t, I64, helper, ir_vget(ir, I64, v, 1), IR_NONE, IR_NONE), 1);
    return result_of_one(t, i, k, r);
}

bool i86_rcpps(Trans *t, X86Insn *i)
{
    return estimate(t, i, &ps, H_rcp);
}

bool i86_rcpss(Trans *t, X86Insn *i)
{
    return estimate(t, i, &ss, H_rcp);
}

bool i86_rsqrtps(Trans *t, X86Insn *i)
{
    return estimate(t, i, &ps, H_rsqrt);
}

bool i86_rsqrtss(Trans *t, X86Insn *i)
{
    return estimate(t, i, &ss, H_rsqrt);
}
