#include "frontend/x86/x87_stack.h"

#include "frontend/x86/helpers.h"

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

bool x87_run_alone(Trans *t, X86Insn *i)
{
    unsigned insn = insn_of(i), bytes = i->memory ? i->op[0].bytes : 0;
    bool write = bytes && i->op[0].access & X86_WRITE;
    IrRef offset = bytes ? x86_offset(t, i) : x86_const(t, 0);
    uint64_t what = X87_ARG(canonical(insn), bytes, write, i->seg, i->length);
    trans_call(t, I64, H_x87, x86_const(t, what), offset, x86_const(t, insn));
    return true;
}

/* ---- what is known of the stack ---- */

bool x87_is_fast(const Trans *t)
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

unsigned st_number(Trans *t, unsigned i)
{
    return (position(t) + i) & 7;
}

unsigned st_slot(unsigned n)
{
    return S_ST0 + n;
}

static void expect_tag(Trans *t, unsigned n, bool full)
{
    expect(t, I8, IR_SLOT(S_FTAG0 + n, 0), full, H_x87_alone);
}

void st_put_tag(Trans *t, unsigned n, bool full)
{
    ir_put(t->ir, I8, ir_imm(t->ir, I8, full), IR_SLOT(S_FTAG0 + n, 0));
}

unsigned st_operand(Trans *t, unsigned i)
{
    unsigned n = st_number(t, i);
    expect_tag(t, n, true);
    return st_slot(n);
}

static void move_top(Trans *t, unsigned by)
{
    ir_put(t->ir, I32, ir_imm(t->ir, I32, (position(t) + by) & 7), IR_SLOT(S_FPOS, 0));
}

unsigned st_room(Trans *t)
{
    unsigned n = st_number(t, 7);
    expect_tag(t, n, false);
    return st_slot(n);
}

void st_push(Trans *t)
{
    st_put_tag(t, st_number(t, 7), true);
    move_top(t, 7);
}

void st_pop(Trans *t)
{
    st_put_tag(t, st_number(t, 0), false);
    move_top(t, 1);
}

void st_pop_value(Trans *t)
{
    ir_f80(t->ir, F80, IR_F80(F80_DROP, st_slot(st_number(t, 0)), 0));
    st_pop(t);
}

bool x87_done(Trans *t)
{
    ir_put(t->ir, I64, x86_const(t, x86_eip(t, t->pc)), IR_SLOT(S_FIP, 0));
    return true;
}

/* ---- operands in memory ---- */

void st_memory(Trans *t, X86Insn *i, IrF80Op op, unsigned d, bool floating)
{
    unsigned bytes = i->op[0].bytes;
    IrRef v = x86_load(t, i, bytes);
    ir_f80_in(t->ir, x86_type(bytes), v, IR_F80(op, d, 0) | f80_kind(floating));
}
