/* What AVX, AVX2, F16C have beside VEX forms of SSE: broadcasts, 128-bit lanes, permutations. */
#include "frontend/x86/sse.h"

#include <string.h>

/* In 32-bit code the upper eight registers stay. */
static void clear(Trans *t, bool whole)
{
    IrRef zero = x86_zero_vector(t);
    for (unsigned n = 0; n < (x86_code64(t) ? 16 : 8); n++)
        x86_put_xmm(t, n, whole ? zero : IR_NONE, zero);
}

bool i86_zeroupper(Trans *t, X86Insn *i)
{
    (void)i;
    clear(t, false);
    return true;
}

bool i86_zeroall(Trans *t, X86Insn *i)
{
    (void)i;
    clear(t, true);
    return true;
}

/* ---- broadcasts ---- */

static bool broadcast(Trans *t, X86Insn *i, unsigned bytes)
{
    static const uint8_t zeros[16] = { 0 };
    i->out[0] = x86_shuffle_lanes(t, i, i->in[1], i->in[1], bytes, zeros);
    return true;
}

#define BROADCAST(name, bytes)                                                                                         \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return broadcast(t, i, bytes);                                                                                 \
    }
BROADCAST(broadcastss, 4)
BROADCAST(broadcastsd, 8)
BROADCAST(broadcastf128, 16)
BROADCAST(broadcasti128, 16)
BROADCAST(pbroadcastb, 1)
BROADCAST(pbroadcastw, 2)
BROADCAST(pbroadcastd, 4)
BROADCAST(pbroadcastq, 8)

/* ---- 128-bit lanes ---- */

static bool give(Trans *t, X86Insn *i, IrRef low, IrRef high)
{
    i->out[0] = low;
    i->out_high[0] = high;
    x86_put_vector(t, i, 0);
    return true;
}

bool i86_insertf128(Trans *t, X86Insn *i)
{
    IrRef v = x86_get_vector(t, i, 2, false);
    bool upper = i->imm & 1;
    IrRef other = x86_get_vector(t, i, 1, !upper);
    return upper ? give(t, i, other, v) : give(t, i, v, other);
}

bool i86_inserti128(Trans *t, X86Insn *i)
{
    return i86_insertf128(t, i);
}

bool i86_extractf128(Trans *t, X86Insn *i)
{
    return give(t, i, x86_get_vector(t, i, 1, i->imm & 1), IR_NONE);
}

bool i86_extracti128(Trans *t, X86Insn *i)
{
    return i86_extractf128(t, i);
}

/* Four bits each: which half of which operand, or zeros. The memory operand is read whole. */
bool i86_perm2f128(Trans *t, X86Insn *i)
{
    IrRef half[4], r[2];
    for (unsigned k = 0; k < 4; k++)
        half[k] = x86_get_vector(t, i, 1 + k / 2, k & 1);
    for (unsigned k = 0; k < 2; k++) {
        unsigned how = (unsigned)i->imm >> 4 * k & 15;
        r[k] = how & 8 ? x86_zero_vector(t) : half[how & 3];
    }
    return give(t, i, r[0], r[1]);
}

bool i86_perm2i128(Trans *t, X86Insn *i)
{
    return i86_perm2f128(t, i);
}

/* Lanes of 64 bits by immediate. */
bool i86_permq(Trans *t, X86Insn *i)
{
    IrRef low = x86_get_vector(t, i, 1, false), high = x86_get_vector(t, i, 1, true), r[2];
    for (unsigned k = 0; k < 2; k++) {
        unsigned how = (unsigned)i->imm >> 4 * k;
        uint8_t lane[2] = { how & 3, how >> 2 & 3 };
        r[k] = x86_shuffle_lanes(t, i, low, high, 8, lane);
    }
    return give(t, i, r[0], r[1]);
}

bool i86_permpd(Trans *t, X86Insn *i)
{
    return i86_permq(t, i);
}

/* Of 32 bits by a vector: each byte's number from the lane's, those above 15 in the upper half. */
bool i86_permd(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef low = x86_get_vector(t, i, 2, false), high = x86_get_vector(t, i, 2, true), r[2];
    uint64_t four = 0x0404040404040404, step = 0x0302010003020100, seven = 0x0000000700000007;
    for (unsigned k = 0; k < 2; k++) {
        IrRef n = x86_get_vector(t, i, 1, k);
        n = ir_and(ir, I32X4, n, ir_wide(ir, I32X4, seven, seven), 0);
        n = x86_shuffle_lanes(t, i, n, n, 1, (const uint8_t[]){ 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12 });
        n = ir_shl(ir, I16X8, n, ir_imm(ir, I32, 2), 0);
        n = ir_add(ir, I8X16, n, ir_wide(ir, I8X16, step, step), 0);
        IrRef above = ir_sub(ir, I8X16, n, ir_wide(ir, I8X16, 4 * four, 4 * four), 0);
        IrRef a = ir_vtbl(ir, I8X16, low, n, 0), b = ir_vlook(ir, I8X16, high, above, 0);
        r[k] = ir_or(ir, I64X2, a, b, 0);
    }
    return give(t, i, r[0], r[1]);
}

bool i86_permps(Trans *t, X86Insn *i)
{
    return i86_permd(t, i);
}

/* Within 128 bits: by immediate (operand 1 is the source) or by the low bits of the second operand's lanes. */
static IrRef by_lane_numbers(Trans *t, X86Insn *i, IrRef v, IrRef n, unsigned bytes)
{
    Ir *ir = t->ir;
    uint8_t from[16], step[16];
    uint64_t w[2], mask = bytes == 4 ? 0x0303030303030303 : 0x0101010101010101;
    for (unsigned k = 0; k < 16; k++) {
        from[k] = (uint8_t)(k / bytes * bytes);
        step[k] = (uint8_t)(k % bytes);
    }
    memcpy(w, step, sizeof w);
    if (bytes == 8) /* bit 1 of the lane */
        n = ir_shr(ir, I64X2, n, ir_imm(ir, I32, 1), 0);
    n = ir_and(ir, I8X16, x86_shuffle_lanes(t, i, n, n, 1, from), ir_wide(ir, I8X16, mask, mask), 0);
    n = ir_shl(ir, I16X8, n, ir_imm(ir, I32, bytes == 4 ? 2 : 3), 0);
    return ir_vlook(ir, I8X16, v, ir_or(ir, I64X2, n, ir_wide(ir, I8X16, w[0], w[1]), 0), 0);
}

bool i86_permilps(Trans *t, X86Insn *i)
{
    if (i->op[2].kind == OPERAND_IMM)
        return i86_pshufd(t, i);
    i->out[0] = by_lane_numbers(t, i, i->in[1], i->in[2], 4);
    return true;
}

bool i86_permilpd(Trans *t, X86Insn *i)
{
    unsigned bits = (unsigned)i->imm >> (i->high ? 2 : 0);
    if (i->op[2].kind == OPERAND_IMM)
        i->out[0] = x86_shuffle_lanes(t, i, i->in[1], i->in[1], 8, (const uint8_t[]){ bits & 1, bits >> 1 & 1 });
    else
        i->out[0] = by_lane_numbers(t, i, i->in[1], i->in[2], 8);
    return true;
}
