/* Loads, stores, exchange, and what is done alone: handlers of opcodes_x87.def. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87_stack.h"

/* ---- loads ---- */

static bool load80(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef offset = x86_offset(t, i);
    IrRef after = x86_widen(t, i->adsize, ir_add(ir, I64, offset, x86_const(t, 8), 0));
    unsigned d = st_room(t);
    IrRef low = x86_load_at(t, i->seg, offset, 8), high = x86_load_at(t, i->seg, after, 2);
    ir_put(ir, I64, low, IR_SLOT(d, 0));
    ir_put(ir, I16, high, IR_SLOT(d, 8));
    ir_f80(ir, F80, IR_F80(F80_COPY, d, d));
    st_push(t);
    return x87_done(t);
}

bool i86_fld(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    if (i->memory && i->op[0].bytes == 10)
        return load80(t, i);
    unsigned from = i->memory ? 0 : st_operand(t, i->modrm & 7), d = st_room(t);
    if (i->memory)
        st_memory(t, i, F80_COPY, d, true);
    else
        ir_f80(t->ir, F80, IR_F80(F80_COPY, d, from));
    st_push(t);
    return x87_done(t);
}

bool i86_fild(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned d = st_room(t);
    st_memory(t, i, F80_COPY, d, false);
    st_push(t);
    return x87_done(t);
}

static bool constant(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    ir_f80(t->ir, F80, IR_F80(F80_CONST + (i->modrm & 7), st_room(t), 0));
    st_push(t);
    return x87_done(t);
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
    unsigned bytes = i->op[0].bytes, top = st_operand(t, 0);
    IrRef v = ir_f80_out(t->ir, x86_type(bytes), IR_F80(0, top, 0) | how);
    x86_store(t, i, bytes, v);
}

/* As it is. C1 is cleared as by any store. */
static void store80(Trans *t, X86Insn *i)
{
    unsigned top = st_operand(t, 0);
    ir_f80(t->ir, F80, IR_F80(F80_COPY, top, top));
    trans_call(t, I64, H_x87_store, x86_const(t, i->seg), x86_offset(t, i), x86_const(t, top - S_ST0));
}

static bool store(Trans *t, X86Insn *i, uint64_t how, bool pops)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    if (i->op[0].bytes == 10)
        store80(t, i);
    else
        out_to_memory(t, i, how);
    if (pops)
        st_pop_value(t);
    return x87_done(t);
}

/* FST and FSTP to a register, which may be empty. */
static bool store_register(Trans *t, X86Insn *i, bool pops)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0), n = st_number(t, i->modrm & 7);
    if (st_slot(n) == top) {
        ir_f80(t->ir, F80, IR_F80(F80_COPY, top, top));
        if (pops)
            st_pop_value(t);
        return x87_done(t);
    }
    ir_f80(t->ir, F80, IR_F80(F80_COPY, st_slot(n), top) | (pops ? F80_DROPS : 0));
    st_put_tag(t, n, true);
    if (pops)
        st_pop(t);
    return x87_done(t);
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
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    unsigned top = st_operand(t, 0), other = st_operand(t, i->modrm & 7);
    ir_f80(t->ir, F80, IR_F80(F80_SWAP, top, other));
    return x87_done(t);
}

/* The register's value is of no use any more. C1 is cleared as by any store. */
static void empty(Trans *t, unsigned i)
{
    unsigned d = st_operand(t, i);
    ir_f80(t->ir, F80, IR_F80(F80_COPY, d, d));
    ir_f80(t->ir, F80, IR_F80(F80_DROP, d, 0));
    st_put_tag(t, st_number(t, i), false);
}

bool i86_ffree(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    empty(t, i->modrm & 7);
    return x87_done(t);
}

bool i86_ffreep(Trans *t, X86Insn *i)
{
    if (!x87_is_fast(t))
        return x87_run_alone(t, i);
    st_operand(t, 0);
    empty(t, i->modrm & 7);
    if (i->modrm & 7)
        st_pop_value(t);
    else
        st_pop(t);
    return x87_done(t);
}

bool i86_fnop(Trans *t, X86Insn *i)
{
    return x87_is_fast(t) ? x87_done(t) : x87_run_alone(t, i);
}

/* ---- one by one ---- */

#define RUN(name)                                                                                                      \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return x87_run_alone(t, i);                                                                                    \
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
RUN(fincstp)
RUN(fprem)
RUN(fprem1)
RUN(fptan)
RUN(fsincos)
RUN(fstpnce)
