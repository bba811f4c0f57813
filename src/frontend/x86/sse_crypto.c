/* AES, carry-less multiplication, SHA. */
#include "frontend/x86/sse.h"

#define AES(name, op)                                                                                                  \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        i->out[0] = ir_##op(t->ir, I8X16, x86_first(i), x86_second(i), 0);                                             \
        return true;                                                                                                   \
    }
AES(aesenc, aesround)
AES(aesenclast, aeslast)
AES(aesdec, aesback)
AES(aesdeclast, aesbacklast)

bool i86_aesimc(Trans *t, X86Insn *i)
{
    i->out[0] = ir_aesunmix(t->ir, I8X16, i->in[1], 0);
    return true;
}

/* Lanes 1 and 3 give two each. */
bool i86_aeskeygenassist(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef half[2];
    for (unsigned n = 0; n < 2; n++) {
        IrRef lane = ir_zext(ir, I64, ir_vget(ir, I32, i->in[1], 2 * n + 1), 32);
        half[n] = trans_call(t, I64, H_aes_key, lane, x86_const(t, i->imm & 0xff), IR_NONE);
    }
    i->out[0] = ir_vset(ir, I64X2, ir_vlow(ir, I64X2, half[0], 0), half[1], 1);
    return true;
}

bool i86_pclmulqdq(Trans *t, X86Insn *i)
{
    i->out[0] = ir_vclmul(t->ir, I64X2, x86_first(i), x86_second(i), (i->imm & 1) | (i->imm >> 3 & 2));
    return true;
}

/* ---- helpers with vectors ---- */

IrRef x86_call_vectors(Trans *t, int helper, IrRef a, IrRef b, uint64_t arg)
{
    Ir *ir = t->ir;
    ir_put(ir, I8X16, a, IR_SLOT(S_SCRATCH0, 0));
    ir_put(ir, I8X16, b, IR_SLOT(S_SCRATCH0 + 1, 0));
    trans_call(t, I64, helper, x86_const(t, arg), IR_NONE, IR_NONE);
    return ir_get(ir, I8X16, IR_SLOT(S_SCRATCH0 + 2, 0));
}

#define SHA(name)                                                                                                      \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        i->out[0] = x86_call_vectors(t, H_##name, i->in[0], i->in[1], i->imm & 3);                                     \
        return true;                                                                                                   \
    }
SHA(sha1rnds4)
SHA(sha1nexte)
SHA(sha1msg1)
SHA(sha1msg2)
SHA(sha256msg1)
SHA(sha256msg2)

/* Message and constants of two rounds come in XMM0. */
bool i86_sha256rnds2(Trans *t, X86Insn *i)
{
    ir_put(t->ir, I8X16, x86_get_xmm(t, 0, false), IR_SLOT(S_SCRATCH0 + 3, 0));
    i->out[0] = x86_call_vectors(t, H_sha256rnds2, i->in[0], i->in[1], 0);
    return true;
}
