/* Moves, shuffles by immediates, lanes in and out, signs. */
#include "frontend/x86/vector.h"

/* ---- whole vectors ---- */

#define MOVE(name)                                                                                                     \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        (void)t;                                                                                                       \
        i->out[0] = i->in[1];                                                                                          \
        return true;                                                                                                   \
    }
MOVE(movups)
MOVE(movupd)
MOVE(movaps)
MOVE(movapd)
MOVE(movdqa)
MOVE(movdqu)
MOVE(lddqu)
MOVE(movntps)
MOVE(movntpd)
MOVE(movntdq)
MOVE(movntdqa)
MOVE(movnti)
MOVE(movntq)

/* ---- low lanes ---- from and to memory the rest of the register is cleared; between registers it stays */

static bool move_low(Trans *t, X86Insn *i, unsigned bytes)
{
    bool merge = i->op[0].kind == OPERAND_XMM && i->op[i->operands - 1].kind == OPERAND_XMM;
    i->out[0] = merge ? x86_merge_low(t, i, x86_first(i), x86_second(i), bytes) : i->in[1];
    return true;
}

bool i86_movss(Trans *t, X86Insn *i)
{
    return move_low(t, i, 4);
}

bool i86_movsd(Trans *t, X86Insn *i)
{
    return move_low(t, i, 8);
}

/* MOVQ clears the upper half in every form, MOVD and MOVQ with general registers too. */
bool i86_movq(Trans *t, X86Insn *i)
{
    static const uint8_t low[2] = { 0, 0x80 };
    bool whole = i->op[0].kind != OPERAND_XMM || i->memory;
    i->out[0] = whole ? i->in[1] : x86_shuffle_lanes(t, i, i->in[1], i->in[1], 8, low);
    return true;
}

bool i86_movd_to(Trans *t, X86Insn *i)
{
    i->out[0] = ir_vlow(t->ir, x86_lanes(i, i->op[1].bytes == 8 ? K_I64 : K_I32), i->in[1], 0);
    return true;
}

bool i86_movd_from(Trans *t, X86Insn *i)
{
    i->out[0] = ir_vget(t->ir, i->op[0].bytes == 8 ? I64 : I32, i->in[1], 0);
    return true;
}

/* MOVLPS, MOVLPD from memory: the low half of two operands; MOVHPS, MOVHPD, MOVLHPS: the second's low half above. */
bool i86_movlps(Trans *t, X86Insn *i)
{
    i->out[0] = i->op[0].kind == OPERAND_MEM ? i->in[1] : x86_merge_low(t, i, x86_first(i), x86_second(i), 8);
    return true;
}

bool i86_movlpd(Trans *t, X86Insn *i)
{
    return i86_movlps(t, i);
}

bool i86_movlhps(Trans *t, X86Insn *i)
{
    i->out[0] = ir_vzip1(t->ir, I64X2, x86_first(i), x86_second(i), 0);
    return true;
}

bool i86_movhlps(Trans *t, X86Insn *i)
{
    i->out[0] = ir_vzip2(t->ir, I64X2, x86_second(i), x86_first(i), 0);
    return true;
}

bool i86_movhps(Trans *t, X86Insn *i)
{
    if (i->op[0].kind != OPERAND_MEM)
        return i86_movlhps(t, i);
    i->out[0] = ir_vzip2(t->ir, I64X2, i->in[1], i->in[1], 0);
    return true;
}

bool i86_movhpd(Trans *t, X86Insn *i)
{
    return i86_movhps(t, i);
}

static bool repeat(Trans *t, X86Insn *i, unsigned bytes, const uint8_t *lanes)
{
    i->out[0] = x86_shuffle_lanes(t, i, i->in[1], i->in[1], bytes, lanes);
    return true;
}

bool i86_movddup(Trans *t, X86Insn *i)
{
    return repeat(t, i, 8, (const uint8_t[]){ 0, 0 });
}

bool i86_movsldup(Trans *t, X86Insn *i)
{
    return repeat(t, i, 4, (const uint8_t[]){ 0, 0, 2, 2 });
}

bool i86_movshdup(Trans *t, X86Insn *i)
{
    return repeat(t, i, 4, (const uint8_t[]){ 1, 1, 3, 3 });
}

/* ---- shuffles by immediate ---- */

static unsigned imm_of(const X86Insn *i)
{
    return (unsigned)i->imm & 0xff;
}

/* Lanes at `from` to `from` + 3 of eight words are chosen by two bits each. */
static bool shuffle_words(Trans *t, X86Insn *i, unsigned from)
{
    uint8_t lane[8];
    for (unsigned n = 0; n < 8; n++)
        lane[n] = (uint8_t)(n / 4 == from / 4 ? from + (imm_of(i) >> 2 * (n & 3) & 3) : n);
    return repeat(t, i, 2, lane);
}

/* MMX's: as PSHUFLW of its only half. */
bool i86_pshufw(Trans *t, X86Insn *i)
{
    unsigned imm = imm_of(i);
    uint8_t lane[8] = { imm & 3, imm >> 2 & 3, imm >> 4 & 3, (uint8_t)(imm >> 6), 0, 0, 0, 0 };
    i->out[0] = x86_shuffle_lanes(t, i, i->in[1], i->in[1], 2, lane);
    return true;
}

bool i86_pshuflw(Trans *t, X86Insn *i)
{
    return shuffle_words(t, i, 0);
}

bool i86_pshufhw(Trans *t, X86Insn *i)
{
    return shuffle_words(t, i, 4);
}

bool i86_pshufd(Trans *t, X86Insn *i)
{
    uint8_t lane[4];
    for (unsigned n = 0; n < 4; n++)
        lane[n] = imm_of(i) >> 2 * n & 3;
    return repeat(t, i, 4, lane);
}

bool i86_shufps(Trans *t, X86Insn *i)
{
    uint8_t lane[4];
    for (unsigned n = 0; n < 4; n++)
        lane[n] = (uint8_t)((imm_of(i) >> 2 * n & 3) + (n < 2 ? 0 : 4));
    i->out[0] = x86_shuffle_lanes(t, i, x86_first(i), x86_second(i), 4, lane);
    return true;
}

/* The upper half of 256 bits has the next bits of the immediate. */
bool i86_shufpd(Trans *t, X86Insn *i)
{
    unsigned bits = imm_of(i) >> (i->high ? 2 : 0);
    uint8_t lane[2] = { bits & 1, (uint8_t)(2 + (bits >> 1 & 1)) };
    i->out[0] = x86_shuffle_lanes(t, i, x86_first(i), x86_second(i), 8, lane);
    return true;
}

/* The bytes of second:first from the immediate on; beyond them zeros. */
bool i86_palignr(Trans *t, X86Insn *i)
{
    unsigned bytes = i->attr & X86_MMX ? 8 : 16;
    uint8_t p[16];
    for (unsigned n = 0; n < 16; n++)
        p[n] = (uint8_t)(n + imm_of(i) < 2 * bytes ? n + imm_of(i) : 0x80);
    i->out[0] = x86_shuffle(t, i, x86_second(i), x86_first(i), p);
    return true;
}

/* ---- lanes and general registers ---- */

static unsigned lane_of(const X86Insn *i, unsigned bits)
{
    return imm_of(i) & ((i->attr & X86_MMX ? 64 : 128) / bits - 1);
}

static bool extract(Trans *t, X86Insn *i, IrType type)
{
    unsigned bits = (unsigned)ir_bits(type);
    IrRef v = ir_vget(t->ir, type, i->in[1], lane_of(i, bits));
    i->out[0] = bits < 32 && i->op[0].kind != OPERAND_MEM ? ir_zext(t->ir, I32, v, bits) : v;
    return true;
}

bool i86_pextrb(Trans *t, X86Insn *i)
{
    return extract(t, i, I8);
}

bool i86_pextrw(Trans *t, X86Insn *i)
{
    return extract(t, i, I16);
}

bool i86_pextrd(Trans *t, X86Insn *i)
{
    return extract(t, i, i->op[0].bytes == 8 ? I64 : I32);
}

bool i86_extractps(Trans *t, X86Insn *i)
{
    return extract(t, i, I32);
}

static bool insert(Trans *t, X86Insn *i, IrKind k)
{
    IrType type = x86_lanes(i, k);
    i->out[0] = ir_vset(t->ir, type, x86_first(i), x86_second(i), lane_of(i, (unsigned)ir_lane_bits(type)));
    return true;
}

bool i86_pinsrb(Trans *t, X86Insn *i)
{
    return insert(t, i, K_I8);
}

bool i86_pinsrw(Trans *t, X86Insn *i)
{
    return insert(t, i, K_I16);
}

bool i86_pinsrd(Trans *t, X86Insn *i)
{
    return insert(t, i, i->op[1 + i->vex].bytes == 8 ? K_I64 : K_I32);
}

/* From memory there is only one lane, whatever the immediate says. */
bool i86_insertps(Trans *t, X86Insn *i)
{
    unsigned imm = imm_of(i), from = i->memory ? 0 : imm >> 6;
    uint8_t lane[4];
    for (unsigned n = 0; n < 4; n++)
        lane[n] = (uint8_t)(imm >> n & 1 ? 0x80 : n == (imm >> 4 & 3) ? 4 + from : n);
    i->out[0] = x86_shuffle_lanes(t, i, x86_first(i), x86_second(i), 4, lane);
    return true;
}

/* ---- blends ---- */

static bool blend(Trans *t, X86Insn *i, unsigned bytes, unsigned bits)
{
    uint8_t lane[8];
    for (unsigned n = 0; n < 16 / bytes; n++)
        lane[n] = (uint8_t)(bits >> n & 1 ? n + 16 / bytes : n);
    i->out[0] = x86_shuffle_lanes(t, i, x86_first(i), x86_second(i), bytes, lane);
    return true;
}

bool i86_pblendw(Trans *t, X86Insn *i)
{
    return blend(t, i, 2, imm_of(i));
}

bool i86_blendps(Trans *t, X86Insn *i)
{
    return blend(t, i, 4, imm_of(i) >> (i->high ? 4 : 0));
}

bool i86_pblendd(Trans *t, X86Insn *i)
{
    return i86_blendps(t, i);
}

bool i86_blendpd(Trans *t, X86Insn *i)
{
    return blend(t, i, 8, imm_of(i) >> (i->high ? 2 : 0));
}

/* ---- signs ---- raw: the halves' bits come together */

static bool mask(Trans *t, X86Insn *i, unsigned bits)
{
    Ir *ir = t->ir;
    IrRef m = ir_vmask(ir, I32, x86_get_vector(t, i, 1, false), bits);
    if (i->op[1].bytes == 32) {
        IrRef high = ir_vmask(ir, I32, x86_get_vector(t, i, 1, true), bits);
        m = ir_or(ir, I32, m, ir_shl(ir, I32, high, ir_imm(ir, I32, 128 / bits), 0), 0);
    }
    x86_put_operand(t, i, 0, m);
    return true;
}

bool i86_pmovmskb(Trans *t, X86Insn *i)
{
    return mask(t, i, 8);
}

bool i86_movmskps(Trans *t, X86Insn *i)
{
    return mask(t, i, 32);
}

bool i86_movmskpd(Trans *t, X86Insn *i)
{
    return mask(t, i, 64);
}
