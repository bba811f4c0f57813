/* Handlers of opcodes_xsave.def. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/xsave.h"

static bool image(Trans *t, X86Insn *i, int helper, unsigned how)
{
    trans_call(t, I64, helper, x86_const(t, XSAVE_ARG(how, i->seg, i->w != 0)), x86_offset(t, i), IR_NONE);
    return true;
}

bool i86_fxsave(Trans *t, X86Insn *i)
{
    return image(t, i, H_fxsave, 0);
}

/* MXCSR's masks are part of the mode. */
bool i86_fxrstor(Trans *t, X86Insn *i)
{
    return image(t, i, H_fxrstor, 0) && x86_go_on(t, i);
}

bool i86_xsave(Trans *t, X86Insn *i)
{
    return image(t, i, H_xsave, 0);
}

bool i86_xsaveopt(Trans *t, X86Insn *i)
{
    return image(t, i, H_xsave, XSAVE_OPT);
}

bool i86_xsavec(Trans *t, X86Insn *i)
{
    return image(t, i, H_xsave, XSAVE_COMPACT);
}

bool i86_xsaves(Trans *t, X86Insn *i)
{
    return image(t, i, H_xsave, XSAVE_COMPACT | XSAVE_SUPERVISOR);
}

bool i86_xrstor(Trans *t, X86Insn *i)
{
    return image(t, i, H_xrstor, 0) && x86_go_on(t, i);
}

bool i86_xrstors(Trans *t, X86Insn *i)
{
    return image(t, i, H_xrstor, XSAVE_SUPERVISOR) && x86_go_on(t, i);
}

bool i86_ldmxcsr(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_ldmxcsr, ir_zext(t->ir, I64, x86_load(t, i, 4), 32), IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

bool i86_stmxcsr(Trans *t, X86Insn *i)
{
    x86_store(t, i, 4, trans_call(t, I32, H_stmxcsr, IR_NONE, IR_NONE, IR_NONE));
    return true;
}
