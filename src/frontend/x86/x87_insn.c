/* Handlers of opcodes_x87.def.
 *
 * Where all exceptions are masked an instruction becomes f80 ops on the slots of its registers. That needs to know
 * which slot is ST(0), and that operands are there and results have room: what the unit has not seen yet is tested
 * once, and known from then on until the next label. Whatever turns out otherwise is left to the host's unit, which
 * runs one instruction on the whole state (x87.c). So do all instructions while exceptions are unmasked, and the rare
 * ones.
 *
 * The fast way leaves alone what nothing but a handler of unmasked exceptions looks at: the last opcode and data
 * pointer (SDM volume 1, 8.1.9 and 8.1.8: processors that say so do the same), and the values of registers that became
 * empty. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/vector.h"
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

/* Alone, on the host. */
static bool run(Trans *t, X86Insn *i)
{
    unsigned insn = insn_of(i), bytes = i->memory ? i->op[0].bytes : 0;
    bool write = bytes && i->op[0].access & X86_WRITE;
    IrRef offset = bytes ? x86_offset(t, i) : x86_const(t, 0);
    uint64_t what = X87_ARG(canonical(insn), bytes, write, i->seg, i->length);
    trans_call(t, I64, H_x87, x86_const(t, what), offset, x86_const(t, insn));
    return true;
}

/* ---- what is known of the stack ---- */

static bool is_fast(const Trans *t)
{
    bool fast = !(t->mode & (M_FP_TRAPS | M_ALONE));
    t->ir->raw_only |= fast && t->ir->raw;
    return fast && !t->ir->raw;
}

/* Else leaves. The value is known from here on. */
static void expect(Trans *t, IrType type, uint64_t slot, uint64_t want, int helper)
{
    Ir *ir = t->ir;
    uint64_t have;
    IrRef v = ir_get(ir, type, slot);
    if (ir_is_const(ir, v, &have) && have == want)
        return;
    ir_leave_if(ir, T_VOID, ir_ne(ir, type, v, ir_imm(ir, type, want), 0), x86_const(t, t->pc), x86_const(t, want),
                (uint64_t)helper);
    ir_assume(ir, type, slot, want);
}

/* Behind a label it will mostly be where the instructions before it left it; at the unit's start where it is now. */
static unsigned likely_position(const Trans *t)
{
    for (uint32_t k = t->ir->count; k-- > 1;) {
        const IrInsn *i = &t->ir->insn[k];
        uint64_t pos;
        if (i->op == IR_put && ir_slot(i->imm) == S_FPOS && ir_is_const(t->ir, i->arg[0], &pos))
            return (unsigned)pos & 7;
    }
    return ((const X86Cpu *)t->cpu)->fpos & 7;
}

/* Where ST(0) is. If that is not known it is taken to be where it is likely: in a loop it will be there again. */
static unsigned position(Trans *t)
{
    uint64_t pos;
    if (ir_is_const(t->ir, ir_get(t->ir, I32, IR_SLOT(S_FPOS, 0)), &pos)) {
        if (pos & X87_MMX) /* that is over */
            ir_put(t->ir, I32, ir_imm(t->ir, I32, pos & 7), IR_SLOT(S_FPOS, 0));
        return (unsigned)pos & 7;
    }
    pos = likely_position(t);
    expect(t, I32, IR_SLOT(S_FPOS, 0), pos, H_x87_turn);
    return (unsigned)pos;
}

static unsigned at(Trans *t, unsigned i) /* number of ST(i) */
{
    return (position(t) + i) & 7;
}

static unsigned slot_of(unsigned n)
{
    return S_ST0 + n;
}

static void expect_tag(Trans *t, unsigned n, bool full)
{
    expect(t, I8, IR_SLOT(S_FTAG0 + n, 0), full, H_x87_alone);
}

static void put_tag(Trans *t, unsigned n, bool full)
{
    ir_put(t->ir, I8, ir_imm(t->ir, I8, full), IR_SLOT(S_FTAG0 + n, 0));
}

static unsigned operand(Trans *t, unsigned i) /* slot of ST(i), which is not empty */
{
    unsigned n = at(t, i);
    expect_tag(t, n, true);
    return slot_of(n);
}

static void move_top(Trans *t, unsigned by)
{
    ir_put(t->ir, I32, ir_imm(t->ir, I32, (position(t) + by) & 7), IR_SLOT(S_FPOS, 0));
}

/* Of the new ST(0): tested before, done after the value is there. */
static unsigned room(Trans *t)
{
    unsigned n = at(t, 7);
    expect_tag(t, n, false);
    return slot_of(n);
}

static void push(Trans *t)
{
    put_tag(t, at(t, 7), true);
    move_top(t, 7);
}

static void pop(Trans *t)
{
    put_tag(t, at(t, 0), false);
    move_top(t, 1);
}

static void pop_value(Trans *t)
{
    ir_f80(t->ir, F80, IR_F80(F80_DROP, slot_of(at(t, 0)), 0));
    pop(t);
}

static bool done(Trans *t)
{
    ir_put(t->ir, I64, x86_const(t, x86_eip(t, t->pc)), IR_SLOT(S_FIP, 0));
    return true;
}

/* ---- operands in memory ---- */

static uint64_t kind(bool is_float)
{
    return is_float ? F80_FLOAT : 0;
}

static void in(Trans *t, X86Insn *i, IrF80Op op, unsigned d, bool floating)
{
    unsigned bytes = i->op[0].bytes;
    IrRef v = x86_load(t, i, bytes);
    ir_f80_in(t->ir, x86_type(bytes), v, IR_F80(op, d, 0) | kind(floating));
}

/* ---- arithmetic ---- */

static bool arithmetic(Trans *t, X86Insn *i, IrF80Op op)
{
    bool pops = i->opcode == 0xde, to_top = i->opcode == 0xd8;
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0);
    if (i->memory) {
        in(t, i, op, top, !(i->opcode & 2));
        return done(t);
    }
    unsigned other = operand(t, i->modrm & 7);
    ir_f80(t->ir, F80, IR_F80(op, to_top ? top : other, to_top ? other : top) | (pops && top != other ? F80_DROPS : 0));
    if (pops)
        pop(t);
    return done(t);
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
    if (!is_fast(t))
        return run(t, i);
    ir_f80(t->ir, F80, IR_F80(op, operand(t, 0), 0));
    return done(t);
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
    if (!is_fast(t))
        return run(t, i);
    ir_f80(t->ir, F80, IR_F80(op, operand(t, 0), S_FCOND));
    return done(t);
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
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0), next = operand(t, 1);
    ir_f80(t->ir, F80, IR_F80(op, next, top) | F80_DROPS);
    pop(t);
    return done(t);
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
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0), next = operand(t, 1);
    ir_f80(t->ir, F80, IR_F80(F80_SCALE, top, next));
    return done(t);
}

bool i86_fxtract(Trans *t, X86Insn *i)
{
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0), d = room(t);
    ir_f80(t->ir, F80, IR_F80(F80_XTRACT, d, top));
    push(t);
    return done(t);
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
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0);
    if (i->memory) {
        IrRef v = x86_load(t, i, i->op[0].bytes);
        ir_f80_cmp_in(ir, x86_type(i->op[0].bytes), v, IR_F80(0, top, S_FCOND) | kind(!(i->opcode & 2)));
    } else {
        unsigned other = operand(t, i->modrm & 7);
        compared(t, ir_f80_cmp(ir, I32, IR_F80(0, top, other) | quiet), how);
    }
    while (pops--)
        pop_value(t);
    return done(t);
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
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0);
    ir_f80(ir, F80, IR_F80(F80_CONST + 6, S_SCRATCH0, 0));
    compared(t, ir_f80_cmp(ir, I32, IR_F80(0, top, S_SCRATCH0)), 0);
    ir_f80(ir, F80, IR_F80(F80_DROP, S_SCRATCH0, 0));
    return done(t);
}

/* ---- loads ---- */

static bool load80(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef offset = x86_offset(t, i);
    IrRef after = x86_widen(t, i->adsize, ir_add(ir, I64, offset, x86_const(t, 8), 0));
    unsigned d = room(t);
    IrRef low = x86_load_at(t, i->seg, offset, 8), high = x86_load_at(t, i->seg, after, 2);
    ir_put(ir, I64, low, IR_SLOT(d, 0));
    ir_put(ir, I16, high, IR_SLOT(d, 8));
    ir_f80(ir, F80, IR_F80(F80_COPY, d, d));
    push(t);
    return done(t);
}

bool i86_fld(Trans *t, X86Insn *i)
{
    if (!is_fast(t))
        return run(t, i);
    if (i->memory && i->op[0].bytes == 10)
        return load80(t, i);
    unsigned from = i->memory ? 0 : operand(t, i->modrm & 7), d = room(t);
    if (i->memory)
        in(t, i, F80_COPY, d, true);
    else
        ir_f80(t->ir, F80, IR_F80(F80_COPY, d, from));
    push(t);
    return done(t);
}

bool i86_fild(Trans *t, X86Insn *i)
{
    if (!is_fast(t))
        return run(t, i);
    unsigned d = room(t);
    in(t, i, F80_COPY, d, false);
    push(t);
    return done(t);
}

static bool constant(Trans *t, X86Insn *i)
{
    if (!is_fast(t))
        return run(t, i);
    ir_f80(t->ir, F80, IR_F80(F80_CONST + (i->modrm & 7), room(t), 0));
    push(t);
    return done(t);
}

#define CONSTANT(name)                                                                                                 \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return constant(t, i);                                                                                         \
    }
CONSTANT(fld1)
CONSTANT(fldl2t)
CONSTANT(fldl2e)
CONSTANT(fldpi)
CONSTANT(fldlg2)
CONSTANT(fldln2)
CONSTANT(fldz)

/* ---- stores ---- the value is gone from the stack only when memory has it */

static void out_to_memory(Trans *t, X86Insn *i, uint64_t how)
{
    unsigned bytes = i->op[0].bytes, top = operand(t, 0);
    IrRef v = ir_f80_out(t->ir, x86_type(bytes), IR_F80(0, top, 0) | how);
    x86_store(t, i, bytes, v);
}

/* As it is. C1 is cleared as by any store. */
static void store80(Trans *t, X86Insn *i)
{
    unsigned top = operand(t, 0);
    ir_f80(t->ir, F80, IR_F80(F80_COPY, top, top));
    trans_call(t, I64, H_x87_store, x86_const(t, i->seg), x86_offset(t, i), x86_const(t, top - S_ST0));
}

static bool store(Trans *t, X86Insn *i, uint64_t how, bool pops)
{
    if (!is_fast(t))
        return run(t, i);
    if (i->op[0].bytes == 10)
        store80(t, i);
    else
        out_to_memory(t, i, how);
    if (pops)
        pop_value(t);
    return done(t);
}

/* FST and FSTP to a register, which may be empty. */
static bool store_register(Trans *t, X86Insn *i, bool pops)
{
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0), n = at(t, i->modrm & 7);
    if (slot_of(n) == top) {
        ir_f80(t->ir, F80, IR_F80(F80_COPY, top, top));
        if (pops)
            pop_value(t);
        return done(t);
    }
    ir_f80(t->ir, F80, IR_F80(F80_COPY, slot_of(n), top) | (pops ? F80_DROPS : 0));
    put_tag(t, n, true);
    if (pops)
        pop(t);
    return done(t);
}

bool i86_fst(Trans *t, X86Insn *i)
{
    return i->memory ? store(t, i, F80_FLOAT, false) : store_register(t, i, false);
}

bool i86_fstp(Trans *t, X86Insn *i)
{
    return i->memory ? store(t, i, F80_FLOAT, true) : store_register(t, i, true);
}

bool i86_fist(Trans *t, X86Insn *i)
{
    return store(t, i, 0, false);
}

bool i86_fistp(Trans *t, X86Insn *i)
{
    return store(t, i, 0, true);
}

bool i86_fisttp(Trans *t, X86Insn *i)
{
    return store(t, i, F80_TRUNCATE, true);
}

bool i86_fxch(Trans *t, X86Insn *i)
{
    if (!is_fast(t))
        return run(t, i);
    unsigned top = operand(t, 0), other = operand(t, i->modrm & 7);
    ir_f80(t->ir, F80, IR_F80(F80_SWAP, top, other));
    return done(t);
}

bool i86_fnop(Trans *t, X86Insn *i)
{
    return is_fast(t) ? done(t) : run(t, i);
}

/* ---- one by one ---- */

#define RUN(name)                                                                                                      \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return run(t, i);                                                                                              \
    }
RUN(fbld)
RUN(fbstp)
RUN(fcmovb)
RUN(fcmovbe)
RUN(fcmove)
RUN(fcmovnb)
RUN(fcmovnbe)
RUN(fcmovne)
RUN(fcmovnu)
RUN(fcmovu)
RUN(fdecstp)
RUN(ffree)
RUN(ffreep)
RUN(fincstp)
RUN(fprem)
RUN(fprem1)
RUN(fptan)
RUN(fsincos)
RUN(fstpnce)

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
    return is_fast(t) ? true : control(t, X87_WAIT);
}

/* What unmasks an exception is done alone. */
bool i86_fldcw(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    if (!is_fast(t)) {
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
