/* Handlers of opcodes_x87.def. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87.h"

static unsigned insn_of(const X86Insn *i)
{
    return (i->opcode & 7u) << 8 | i->modrm;
}

/* What the SDM prints, of encodings that it does not. FSTPNCE is not among them: FSTP to which an empty ST(0) is no
 * stack fault. */
static unsigned canonical(unsigned insn)
{
    static const struct {
        uint16_t row, as;
    } aliases[] = { { 0x4d0, 0x0d0 }, { 0x4d8, 0x0d8 }, { 0x6d0, 0x0d8 }, { 0x7d0, 0x5d8 },
                    { 0x7d8, 0x5d8 }, { 0x5c8, 0x1c8 }, { 0x7c8, 0x1c8 } };
    for (unsigned k = 0; k < sizeof aliases / sizeof *aliases; k++)
        if ((insn & 0x7f8) == aliases[k].row)
            return aliases[k].as | (insn & 7);
    return insn;
}

static bool run(Trans *t, X86Insn *i)
{
    unsigned insn = insn_of(i), bytes = i->memory ? i->op[0].bytes : 0;
    bool write = bytes && i->op[0].access & X86_WRITE;
    IrRef offset = bytes ? x86_offset(t, i) : x86_const(t, 0);
    uint64_t what = X87_ARG(canonical(insn), bytes, write, i->seg);
    trans_call(t, I64, H_x87, x86_const(t, what), offset, x86_const(t, insn));
    return true;
}

static bool control(Trans *t, unsigned what)
{
    trans_call(t, I64, H_x87_control, x86_const(t, what), IR_NONE, IR_NONE);
    return true;
}

static bool environment(Trans *t, X86Insn *i, unsigned which)
{
    uint64_t what = which | (uint64_t)i->opsize << 8 | (uint64_t)i->seg << 16;
    trans_call(t, I64, H_x87_environment, x86_const(t, what), x86_offset(t, i), IR_NONE);
    return true;
}

#define RUN(name)                                                                                                      \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return run(t, i);                                                                                              \
    }
RUN(f2xm1)
RUN(fabs)
RUN(fadd)
RUN(faddp)
RUN(fbld)
RUN(fbstp)
RUN(fchs)
RUN(fcmovb)
RUN(fcmovbe)
RUN(fcmove)
RUN(fcmovnb)
RUN(fcmovnbe)
RUN(fcmovne)
RUN(fcmovnu)
RUN(fcmovu)
RUN(fcom)
RUN(fcomi)
RUN(fcomip)
RUN(fcomp)
RUN(fcompp)
RUN(fcos)
RUN(fdecstp)
RUN(fdiv)
RUN(fdivp)
RUN(fdivr)
RUN(fdivrp)
RUN(ffree)
RUN(ffreep)
RUN(fiadd)
RUN(ficom)
RUN(ficomp)
RUN(fidiv)
RUN(fidivr)
RUN(fild)
RUN(fimul)
RUN(fincstp)
RUN(fist)
RUN(fistp)
RUN(fisttp)
RUN(fisub)
RUN(fisubr)
RUN(fld)
RUN(fld1)
RUN(fldl2e)
RUN(fldl2t)
RUN(fldlg2)
RUN(fldln2)
RUN(fldpi)
RUN(fldz)
RUN(fmul)
RUN(fmulp)
RUN(fnop)
RUN(fpatan)
RUN(fprem)
RUN(fprem1)
RUN(fptan)
RUN(frndint)
RUN(fscale)
RUN(fsin)
RUN(fsincos)
RUN(fsqrt)
RUN(fst)
RUN(fstp)
RUN(fstpnce)
RUN(fsub)
RUN(fsubp)
RUN(fsubr)
RUN(fsubrp)
RUN(ftst)
RUN(fucom)
RUN(fucomi)
RUN(fucomip)
RUN(fucomp)
RUN(fucompp)
RUN(fxam)
RUN(fxch)
RUN(fxtract)
RUN(fyl2x)
RUN(fyl2xp1)

/* FENI, FDISI and FSETPM of the 8087 and 80287: nothing since. */
bool i86_fnop287(Trans *t, X86Insn *i)
{
    (void)t, (void)i;
    return true;
}

bool i86_fwait(Trans *t, X86Insn *i)
{
    (void)i;
    if ((t->mode & (M_TS | M_MP)) == (M_TS | M_MP)) {
        x86_raise_at(t, X86_NM, 0);
        return true;
    }
    return control(t, X87_WAIT);
}

bool i86_fldcw(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_x87_control, x86_const(t, X87_LDCW), x86_const(t, i->seg), x86_offset(t, i));
    return true;
}

bool i86_fnclex(Trans *t, X86Insn *i)
{
    (void)i;
    return control(t, X87_CLEX);
}

bool i86_fninit(Trans *t, X86Insn *i)
{
    (void)i;
    return control(t, X87_INIT);
}

bool i86_fnstcw(Trans *t, X86Insn *i)
{
    x86_store(t, i, 2, ir_get(t->ir, I16, IR_SLOT(S_FCW, 0)));
    return true;
}

bool i86_fnstsw(Trans *t, X86Insn *i)
{
    x86_put_operand(t, i, 0, trans_call(t, I16, H_x87_status, IR_NONE, IR_NONE, IR_NONE));
    return true;
}

bool i86_fldenv(Trans *t, X86Insn *i)
{
    return environment(t, i, X87_LDENV);
}

bool i86_fnstenv(Trans *t, X86Insn *i)
{
    return environment(t, i, X87_STENV);
}

bool i86_frstor(Trans *t, X86Insn *i)
{
    return environment(t, i, X87_RSTOR);
}

bool i86_fnsave(Trans *t, X86Insn *i)
{
    return environment(t, i, X87_SAVE);
}
