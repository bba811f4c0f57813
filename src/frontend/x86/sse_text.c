/* SSE4.1's and SSE4.2's instructions that are many in one: string compares, sums of differences, dot products. */
#include "frontend/x86/sse.h"

/* ---- PCMPxSTRx ---- raw: the helper knows lengths and flags; tmp[0] is the index */

static bool compare_strings(Trans *t, X86Insn *i, bool lengths, bool mask)
{
    Ir *ir = t->ir;
    IrRef a = x86_get_vector(t, i, 0, false), b = x86_get_vector(t, i, 1, false);
    uint64_t how = (i->imm & 0xff) | (lengths ? 1u << 8 : 0) | (mask ? 1u << 9 : 0) | (i->opsize == 8 ? 1u << 10 : 0);
    IrRef r = x86_call_vectors(t, H_string_compare, a, b, how);
    x86_put_flags(t, x86_as_flags(t, ir_get(ir, I32, IR_SLOT(S_TMP0 + 1, 0))));
    if (mask)
        x86_put_xmm(t, 0, r, i->vex ? x86_zero_vector(t) : IR_NONE);
    else
        x86_put_reg(t, 4, RCX, ir_get(ir, I32, IR_SLOT(S_TMP0, 0)));
    return true;
}

bool i86_pcmpestrm(Trans *t, X86Insn *i)
{
    return compare_strings(t, i, true, true);
}

bool i86_pcmpestri(Trans *t, X86Insn *i)
{
    return compare_strings(t, i, true, false);
}

bool i86_pcmpistrm(Trans *t, X86Insn *i)
{
    return compare_strings(t, i, false, true);
}

bool i86_pcmpistri(Trans *t, X86Insn *i)
{
    return compare_strings(t, i, false, false);
}

/* ---- others ---- */

bool i86_mpsadbw(Trans *t, X86Insn *i)
{
    i->out[0] = x86_call_vectors(t, H_mpsadbw, x86_first(i), x86_second(i), i->imm >> (i->high ? 3 : 0) & 7);
    return true;
}

bool i86_phminposuw(Trans *t, X86Insn *i)
{
    i->out[0] = x86_call_vectors(t, H_phminposuw, i->in[1], i->in[1], 0);
    return true;
}

/* Products of the lanes that the immediate's upper half names, all added, to those that its lower half names. The
 * sums are those of pairs first. */
static IrRef kept(Trans *t, X86Insn *i, IrRef v, unsigned bytes, unsigned lanes)
{
    uint8_t lane[4];
    for (unsigned n = 0; n < 16 / bytes; n++)
        lane[n] = (uint8_t)(lanes >> n & 1 ? n : 0x80);
    return x86_shuffle_lanes(t, i, v, v, bytes, lane);
}

bool i86_dpps(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned from = (unsigned)i->imm >> 4 & 15;
    IrRef a = kept(t, i, x86_first(i), 4, from), b = kept(t, i, x86_second(i), 4, from);
    IrRef v = ir_fmul(ir, F32X4, a, b, H_fmul32 | x86_fp_rules(t));
    IrRef swapped = x86_shuffle_lanes(t, i, v, v, 4, (const uint8_t[]){ 1, 0, 3, 2 });
    v = ir_fadd(ir, F32X4, v, swapped, H_fadd32 | x86_fp_rules(t));
    swapped = x86_shuffle_lanes(t, i, v, v, 4, (const uint8_t[]){ 2, 3, 0, 1 });
    v = ir_fadd(ir, F32X4, v, swapped, H_fadd32 | x86_fp_rules(t));
    i->out[0] = kept(t, i, x86_shuffle_lanes(t, i, v, v, 4, (const uint8_t[]){ 0, 0, 0, 0 }), 4, (unsigned)i->imm & 15);
    return true;
}

bool i86_dppd(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned from = (unsigned)i->imm >> 4 & 3;
    IrRef a = kept(t, i, x86_first(i), 8, from), b = kept(t, i, x86_second(i), 8, from);
    IrRef v = ir_fmul(ir, F64X2, a, b, H_fmul64 | x86_fp_rules(t));
    IrRef swapped = x86_shuffle_lanes(t, i, v, v, 8, (const uint8_t[]){ 1, 0 });
    v = ir_fadd(ir, F64X2, v, swapped, H_fadd64 | x86_fp_rules(t));
    i->out[0] = kept(t, i, x86_shuffle_lanes(t, i, v, v, 8, (const uint8_t[]){ 0, 0 }), 8, (unsigned)i->imm & 3);
    return true;
}
