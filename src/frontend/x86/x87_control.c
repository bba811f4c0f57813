/* Control, environment, MMX state: handlers of opcodes_x87.def and opcodes_mmx.def. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87_stack.h"

/* ---- control ---- */

static bool control(Trans *t, unsigned what)
{
    trans_call(t, I64, H_x87_control, x86_const(t, what), IR_NONE, IR_NONE);
    return true;
}

static bool environment(Trans *t, X86Insn *i, unsigned which)
{
    uint64_t what = which | (uint64_t)i->opsize << 8 | (uint64_t)i->seg << 16;
    trans_call(t, I64, H_x87_environment, x86_const(t, what), x86_offset(t, i), IR_NONE);
    return x86_go_on(t, i);
}

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
    return x87_is_fast(t) ? true : control(t, X87_WAIT);
}

/* What unmasks an exception is done alone. */
bool i86_fldcw(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    if (!x87_is_fast(t)) {
        trans_call(t, I64, H_x87_control, x86_const(t, X87_LDCW), x86_const(t, i->seg), x86_offset(t, i));
        return x86_go_on(t, i);
    }
    IrRef v = ir_zext(ir, I32, x86_load(t, i, 2), 16), masks = ir_imm(ir, I32, FCW_MASKS);
    IrRef unmasks = ir_ne(ir, I32, ir_and(ir, I32, v, masks, 0), masks, 0);
    ir_leave_if(ir, T_VOID, unmasks, x86_const(t, t->pc), x86_const(t, 0), H_x87_alone);
    v = ir_or(ir, I32, ir_and(ir, I32, v, ir_imm(ir, I32, FCW_WRITABLE), 0), ir_imm(ir, I32, FCW_ONE), 0);
    ir_put(ir, I32, v, IR_SLOT(S_FCW, 0));
    ir_f80_control(ir, I32, v, 0);
    return true;
}

bool i86_fnclex(Trans *t, X86Insn *i)
{
    (void)i;
    return control(t, X87_CLEX);
}

bool i86_fninit(Trans *t, X86Insn *i)
{
    control(t, X87_INIT);
    return x86_go_on(t, i);
}

bool i86_fnstcw(Trans *t, X86Insn *i)
{
    x86_store(t, i, 2, ir_get(t->ir, I16, IR_SLOT(S_FCW, 0)));
    return true;
}

/* Flags, what was compared, C1, and TOP; with an exception pending ES and B. */
bool i86_fnstsw(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef kept = ir_or(ir, I32, ir_get(ir, I32, IR_SLOT(S_FSW, 0)), ir_get(ir, I32, IR_SLOT(S_FCOND, 0)), 0);
    IrRef v = ir_or(ir, I32, kept, ir_f80_status(ir, I32, 0), 0);
    IrRef top = ir_sub(ir, I32, ir_get(ir, I32, IR_SLOT(S_FPOS, 0)), ir_get(ir, I32, IR_SLOT(S_FTURN, 0)), 0);
    top = ir_shl(ir, I32, ir_and(ir, I32, top, ir_imm(ir, I32, 7), 0), ir_imm(ir, I32, FSW_TOP_SHIFT), 0);
    v = ir_or(ir, I32, v, top, 0);
    if (t->mode & M_FP_TRAPS) {
        IrRef open = ir_andn(ir, I32, v, ir_get(ir, I32, IR_SLOT(S_FCW, 0)), 0);
        open = ir_ne(ir, I32, ir_and(ir, I32, open, ir_imm(ir, I32, FSW_FLAGS), 0), ir_imm(ir, I32, 0), 0);
        IrRef es = ir_pick(ir, I32, open, ir_imm(ir, I32, FSW_ES | FSW_B), ir_imm(ir, I32, 0), 0);
        v = ir_or(ir, I32, v, es, 0);
    }
    x86_put_operand(t, i, 0, v);
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

/* ---- MMX ---- */

void x86_mmx_wait(Trans *t)
{
    if (t->mode & M_FP_TRAPS)
        trans_call(t, I64, H_mmx_wait, IR_NONE, IR_NONE, IR_NONE);
}

void x86_mmx_begin(Trans *t)
{
    Ir *ir = t->ir;
    uint64_t have;
    IrRef pos = ir_get(ir, I32, IR_SLOT(S_FPOS, 0));
    if (ir_is_const(ir, pos, &have) && have & X87_MMX)
        return;
    IrRef other = ir_eq(ir, I32, ir_and(ir, I32, pos, ir_imm(ir, I32, X87_MMX), 0), ir_imm(ir, I32, 0), 0);
    ir_leave_if(ir, T_VOID, other, x86_const(t, t->pc), x86_const(t, 0), H_mmx);
    if (!(t->mode & M_FP_TRAPS))
        ir_assume(ir, I32, IR_SLOT(S_FPOS, 0), X87_MMX);
}

bool i86_emms(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_emms, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

bool i86_maskmovq(Trans *t, X86Insn *i)
{
    unsigned seg = i->override == X86_NONE ? DS : i->override;
    uint64_t how = i->op[0].n | (uint64_t)i->op[1].n << 3 | (uint64_t)seg << 8;
    trans_call(t, I64, H_maskmovq, x86_const(t, how), x86_get_wide(t, i->adsize, RDI), IR_NONE);
    return true;
}
