/* Arithmetic and comparison: handlers of opcodes_x87.def. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87_stack.h"

/* ---- arithmetic ---- */

static bool arithmetic(Trans *t, X86Insn *i, IrF80Op op)
{
    bool pops = i->opcode == 0xde, to_top = i->opcode == 0xd8;
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0);
    if (i->memory) {
        st_memory(t, i, op, top, !(i->opcode & 2));
        return x87_done(t);
    }
    unsigned other = st_operand(t, i->modrm & 7);
    ir_f80(t->ir, F80, IR_F80(op, to_top ? top : other, to_top ? other : top) | (pops && top != other ? F80_DROPS : 0));
    if (pops)
        st_pop(t);
    return x87_done(t);
}

#define ARITHMETIC(name, op)                                                                                           \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return arithmetic(t, i, op);                                                                                   \
    }
ARITHMETIC(fadd, F80_ADD)
ARITHMETIC(fmul, F80_MUL)
ARITHMETIC(fsub, F80_SUB)
ARITHMETIC(fsubr, F80_SUBR)
ARITHMETIC(fdiv, F80_DIV)
ARITHMETIC(fdivr, F80_DIVR)
ARITHMETIC(faddp, F80_ADD)
ARITHMETIC(fmulp, F80_MUL)
ARITHMETIC(fsubp, F80_SUB)
ARITHMETIC(fsubrp, F80_SUBR)
ARITHMETIC(fdivp, F80_DIV)
ARITHMETIC(fdivrp, F80_DIVR)
ARITHMETIC(fiadd, F80_ADD)
ARITHMETIC(fimul, F80_MUL)
ARITHMETIC(fisub, F80_SUB)
ARITHMETIC(fisubr, F80_SUBR)
ARITHMETIC(fidiv, F80_DIV)
ARITHMETIC(fidivr, F80_DIVR)

static bool one(Trans *t, X86Insn *i, IrF80Op op)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    ir_f80(t->ir, F80, IR_F80(op, st_operand(t, 0), 0));
    return x87_done(t);
}

#define ONE(name, op)                                                                                                  \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return one(t, i, op);                                                                                          \
    }
ONE(fchs, F80_CHS)
ONE(fabs, F80_ABS)
ONE(fsqrt, F80_SQRT)
ONE(frndint, F80_ROUND)
ONE(f2xm1, F80_2XM1)

/* Of ST(0); C3 C2 C0 say something of it. */
static bool tells(Trans *t, X86Insn *i, IrF80Op op)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    ir_f80(t->ir, F80, IR_F80(op, st_operand(t, 0), S_FCOND));
    return x87_done(t);
}

bool i86_fxam(Trans *t, X86Insn *i)
{
    return tells(t, i, F80_EXAM);
}

bool i86_fsin(Trans *t, X86Insn *i)
{
    return tells(t, i, F80_SIN);
}

bool i86_fcos(Trans *t, X86Insn *i)
{
    return tells(t, i, F80_COS);
}

/* ST(1) = ST(1) op ST(0), which is popped. */
static bool with_next(Trans *t, X86Insn *i, IrF80Op op)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0), next = st_operand(t, 1);
    ir_f80(t->ir, F80, IR_F80(op, next, top) | F80_DROPS);
    st_pop(t);
    return x87_done(t);
}

bool i86_fyl2x(Trans *t, X86Insn *i)
{
    return with_next(t, i, F80_YL2X);
}

bool i86_fyl2xp1(Trans *t, X86Insn *i)
{
    return with_next(t, i, F80_YL2XP1);
}

bool i86_fpatan(Trans *t, X86Insn *i)
{
    return with_next(t, i, F80_ATAN);
}

bool i86_fscale(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0), next = st_operand(t, 1);
    ir_f80(t->ir, F80, IR_F80(F80_SCALE, top, next));
    return x87_done(t);
}

bool i86_fxtract(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0), d = st_room(t);
    ir_f80(t->ir, F80, IR_F80(F80_XTRACT, d, top));
    st_push(t);
    return x87_done(t);
}

/* ---- comparison ---- */

enum { TO_EFLAGS = 1, QUIET = 2 };

static void compared(Trans *t, IrRef flags, unsigned how)
{
    Ir *ir = t->ir;
    if (how & TO_EFLAGS)
        x86_put_flags(t, flags);
    else
        ir_put(ir, I32, ir_and(ir, I32, flags, ir_imm(ir, I32, FSW_COMPARED), 0), IR_SLOT(S_FCOND, 0));
}

static bool compare(Trans *t, X86Insn *i, unsigned how, unsigned pops)
{
    Ir *ir = t->ir;
    uint64_t quiet = how & QUIET ? F80_QUIET : 0;
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0);
    if (i->memory) {
        IrRef v = x86_load(t, i, i->op[0].bytes);
        ir_f80_cmp_in(ir, x86_type(i->op[0].bytes), v, IR_F80(0, top, S_FCOND) | f80_kind(!(i->opcode & 2)));
    } else {
        unsigned other = st_operand(t, i->modrm & 7);
        compared(t, ir_f80_cmp(ir, I32, IR_F80(0, top, other) | quiet), how);
    }
    while (pops--)
        st_pop_value(t);
    return x87_done(t);
}

#define COMPARE(name, how, pops)                                                                                       \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return compare(t, i, how, pops);                                                                               \
    }
COMPARE(fcom, 0, 0)
COMPARE(fcomp, 0, 1)
COMPARE(fcompp, 0, 2)
COMPARE(fucom, QUIET, 0)
COMPARE(fucomp, QUIET, 1)
COMPARE(fucompp, QUIET, 2)
COMPARE(ficom, 0, 0)
COMPARE(ficomp, 0, 1)
COMPARE(fcomi, TO_EFLAGS, 0)
COMPARE(fcomip, TO_EFLAGS, 1)
COMPARE(fucomi, TO_EFLAGS | QUIET, 0)
COMPARE(fucomip, TO_EFLAGS | QUIET, 1)

bool i86_ftst(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0);
    ir_f80(ir, F80, IR_F80(F80_CONST + 6, S_SCRATCH0, 0));
    compared(t, ir_f80_cmp(ir, I32, IR_F80(0, top, S_SCRATCH0)), 0);
    ir_f80(ir, F80, IR_F80(F80_DROP, S_SCRATCH0, 0));
    return x87_done(t);
}
