/* FMA3: the operands' order is in the name (132: first * third + second), NaNs are chosen in the order of the product's
 * operands, then the addend. SDM volume 1, 14.5. */
#include "frontend/x86/sse.h"

typedef struct FmaKind {
    uint8_t x, y, z; /* operands: x * y + z */
    uint8_t bits;
    bool scalar, negate_product, negate_addend;
} FmaKind;

/* By lane width and signs. */
static uint64_t how(const Trans *t, const FmaKind *k, bool negate_addend)
{
    static const uint16_t helpers[2][2][2] = { { { H_fma32, H_fms32 }, { H_fnma32, H_fnms32 } },
                                               { { H_fma64, H_fms64 }, { H_fnma64, H_fnms64 } } };
    return helpers[k->bits == 64][k->negate_product][negate_addend] | x86_fp_rules(t) |
           (k->negate_product ? FP_NEG_PRODUCT : 0) | (negate_addend ? FP_NEG_ADDEND : 0);
}

static bool vector(Trans *t, X86Insn *i, const FmaKind *k)
{
    IrType type = k->bits == 32 ? F32X4 : F64X2;
    i->out[0] = ir_fma(t->ir, type, i->in[k->x], i->in[k->y], i->in[k->z], how(t, k, k->negate_addend));
    return true;
}

static IrRef lane(Trans *t, X86Insn *i, const FmaKind *k, unsigned n, bool negate_addend)
{
    Ir *ir = t->ir;
    IrType type = k->bits == 32 ? F32 : F64;
    IrRef x = ir_vget(ir, type, i->in[k->x], n), y = ir_vget(ir, type, i->in[k->y], n),
          z = ir_vget(ir, type, i->in[k->z], n);
    return ir_fma(ir, type, x, y, z, how(t, k, negate_addend));
}

static bool one_lane(Trans *t, X86Insn *i, const FmaKind *k)
{
    IrRef r = lane(t, i, k, 0, k->negate_addend);
    i->out[0] = ir_vset(t->ir, k->bits == 32 ? F32X4 : F64X2, i->in[0], r, 0);
    return true;
}

/* Even lanes one way, odd ones the other. */
static bool alternating(Trans *t, X86Insn *i, const FmaKind *k)
{
    IrRef r = i->in[0];
    for (unsigned n = 0; n < 128u / k->bits; n++)
        r = ir_vset(t->ir, k->bits == 32 ? F32X4 : F64X2, r, lane(t, i, k, n, (n & 1) != k->negate_addend), n);
    i->out[0] = r;
    return true;
}

#define FORM(name, fn, x, y, z, bits, scalar, np, na)                                                                  \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        static const FmaKind k = { x, y, z, bits, scalar, np, na };                                                    \
        return fn(t, i, &k);                                                                                           \
    }
#define ORDERS(name, suffix, fn, bits, scalar, np, na)                                                                 \
    FORM(name##132##suffix, fn, 0, 2, 1, bits, scalar, np, na)                                                         \
    FORM(name##213##suffix, fn, 1, 0, 2, bits, scalar, np, na)                                                         \
    FORM(name##231##suffix, fn, 1, 2, 0, bits, scalar, np, na)
#define ALL(name, np, na)                                                                                              \
    ORDERS(name, ps, vector, 32, false, np, na)                                                                        \
    ORDERS(name, pd, vector, 64, false, np, na)                                                                        \
    ORDERS(name, ss, one_lane, 32, true, np, na)                                                                       \
    ORDERS(name, sd, one_lane, 64, true, np, na)
ALL(fmadd, false, false)
ALL(fmsub, false, true)
ALL(fnmadd, true, false)
ALL(fnmsub, true, true)
/* ADDSUB: odd lanes add, even ones subtract. */
ORDERS(fmaddsub, ps, alternating, 32, false, false, true)
ORDERS(fmaddsub, pd, alternating, 64, false, false, true)
ORDERS(fmsubadd, ps, alternating, 32, false, false, false)
ORDERS(fmsubadd, pd, alternating, 64, false, false, false)
