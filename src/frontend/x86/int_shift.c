/* Shifts and rotates. SDM volume 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD. A count of 0 changes no flags. */
#include "frontend/x86/operand.h"
#include "frontend/x86/shift.h"

static unsigned bits_of(const X86Insn *i)
{
    return 8u * x86_bytes(i);
}

/* The count, cut to 5 bits, 6 for 64-bit operands. */
static IrRef count_of(Trans *t, X86Insn *i, unsigned k)
{
    IrRef mask = x86_const(t, bits_of(i) == 64 ? 63 : 31);
    if (i->op[k].kind == OPERAND_IMM)
        return x86_const(t, i->imm & (bits_of(i) == 64 ? 63 : 31));
    return ir_and(t->ir, I64, ir_zext(t->ir, I64, i->in[k], 8), mask, 0);
}

/* SHIFT_ARG with the count and, for what needs them, the flags before. */
static IrRef argument(Trans *t, X86Insn *i, X86Shift op, IrRef count, bool with_flags)
{
    Ir *ir = t->ir;
    IrRef a = ir_or(ir, I64, count, x86_const(t, SHIFT_ARG(op, bits_of(i))), 0);
    if (!with_flags)
        return a;
    IrRef f = ir_zext(ir, I64, x86_flags_int(t), 32);
    return ir_or(ir, I64, a, ir_shl(ir, I64, f, x86_const(t, SHIFT_ARG_FLAGS_SHIFT), 0), 0);
}

/* Of a rotation by a constant that is not 0, from its result: the carry is the last bit that went round, the overflow
 * whether the sign would have changed by the last step. The others stay. */
static IrRef rotated_flags(Trans *t, IrRef r, unsigned bits, bool left)
{
    Ir *ir = t->ir;
    IrType type = bits == 64 ? I64 : I32;
    IrRef x = bits < 32 ? ir_zext(ir, I32, r, bits) : r, one = ir_imm(ir, type, 1);
    IrRef top = ir_shr(ir, type, x, ir_imm(ir, type, bits - 1), 0);
    IrRef next = left ? x : ir_shr(ir, type, x, ir_imm(ir, type, bits - 2), 0);
    IrRef low = ir_and(ir, type, next, one, 0), carry = left ? low : top;
    IrRef rest = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, FLAGS_ALL & ~(FLAG_C | FLAG_V)), 0);
    IrRef both = ir_or(ir, I32, ir_shl(ir, I32, carry, ir_imm(ir, I32, 8), 0), ir_xor(ir, type, top, low, 0), 0);
    return x86_as_flags(t, ir_or(ir, I32, rest, both, 0));
}

static bool shifts(Trans *t, X86Insn *i, X86Shift op)
{
    Ir *ir = t->ir;
    IrType type = x86_type(x86_bytes(i));
    unsigned bits = bits_of(i);
    IrRef count = count_of(t, i, 1), v = i->in[0];
    uint64_t known;
    if (ir_is_const(ir, count, &known) && !known) {
        i->out[0] = v;
        return true;
    }
    bool straight = op == SHIFT_SHL || op == SHIFT_SHR || op == SHIFT_SAR;
    if (ir_is_const(ir, count, &known) && known < bits && straight) {
        IrRef by = ir_imm(ir, type, known);
        i->out[0] = op == SHIFT_SHL   ? ir_shl(ir, type, v, by, 0)
                    : op == SHIFT_SHR ? ir_shr(ir, type, v, by, 0)
                                      : ir_sar(ir, type, v, by, 0);
        i->flags = ir_flags(ir, type, i->out[0], 0);
        return true;
    }
    bool rotates = op == SHIFT_ROL || op == SHIFT_ROR, by_constant = ir_is_const(ir, count, &known);
    IrRef f = IR_NONE;
    if (!rotates || !by_constant)
        f = trans_call(t, I32, H_shift_flags, v, argument(t, i, op, count, true), IR_NONE);
    bool narrow = bits < 32; /* a count up to 31 shifts everything out of 8 and 16 bits: done in 32, 64 for its sign */
    if (op == SHIFT_RCL || op == SHIFT_RCR)
        i->out[0] = trans_call(t, I64, H_shift, v, argument(t, i, op, count, true), IR_NONE);
    else if (rotates) {
        IrRef by = op == SHIFT_ROR ? count : ir_neg(ir, I64, count, 0);
        if (narrow) { /* the operand twice or four times over, turned as a whole */
            IrRef twice =
                ir_mul(ir, I32, ir_zext(ir, I32, v, bits), ir_imm(ir, I32, bits == 8 ? 0x01010101 : 0x10001), 0);
            i->out[0] = ir_rotr(ir, I32, twice, by, 0);
        } else {
            i->out[0] = ir_rotr(ir, type, v, by, 0);
        }
        if (by_constant)
            f = rotated_flags(t, i->out[0], bits, op == SHIFT_ROL);
    } else if (op == SHIFT_SHL) {
        i->out[0] = ir_shl(ir, narrow ? I32 : type, narrow ? ir_zext(ir, I32, v, bits) : v, count, 0);
    } else if (op == SHIFT_SHR) {
        i->out[0] = ir_shr(ir, narrow ? I32 : type, narrow ? ir_zext(ir, I32, v, bits) : v, count, 0);
    } else {
        i->out[0] = ir_sar(ir, narrow ? I32 : type, narrow ? ir_sext(ir, I32, v, bits) : v, count, 0);
    }
    i->flags = by_constant && rotates ? f : x86_as_flags(t, f);
    return true;
}

bool i86_rol(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_ROL);
}

bool i86_ror(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_ROR);
}

bool i86_rcl(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_RCL);
}

bool i86_rcr(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_RCR);
}

bool i86_shl(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_SHL);
}

bool i86_shr(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_SHR);
}

bool i86_sar(Trans *t, X86Insn *i)
{
    return shifts(t, i, SHIFT_SAR);
}

static bool double_shift(Trans *t, X86Insn *i, X86Shift op)
{
    Ir *ir = t->ir;
    IrRef count = count_of(t, i, 2);
    unsigned bits = bits_of(i);
    uint64_t by;
    i->flags =
        x86_as_flags(t, trans_call(t, I32, H_double_shift_flags, i->in[0], i->in[1], argument(t, i, op, count, true)));
    if (bits >= 32 && ir_is_const(ir, count, &by) && by) {
        IrRef high = op == SHIFT_SHLD ? i->in[0] : i->in[1], low = op == SHIFT_SHLD ? i->in[1] : i->in[0];
        uint64_t down = op == SHIFT_SHLD ? bits - by : by;
        i->out[0] = ir_extr(ir, x86_type(bits / 8), high, low, x86_const(t, down), 0);
        return true;
    }
    i->out[0] = trans_call(t, I64, H_double_shift, i->in[0], i->in[1], argument(t, i, op, count, false));
    return true;
}

bool i86_shld(Trans *t, X86Insn *i)
{
    return double_shift(t, i, SHIFT_SHLD);
}

bool i86_shrd(Trans *t, X86Insn *i)
{
    return double_shift(t, i, SHIFT_SHRD);
}

/* ---- BMI2: no flags ---- */

bool i86_shlx(Trans *t, X86Insn *i)
{
    i->out[0] = ir_shl(t->ir, x86_type(x86_bytes(i)), i->in[1], i->in[2], 0);
    return true;
}

bool i86_shrx(Trans *t, X86Insn *i)
{
    i->out[0] = ir_shr(t->ir, x86_type(x86_bytes(i)), i->in[1], i->in[2], 0);
    return true;
}

bool i86_sarx(Trans *t, X86Insn *i)
{
    i->out[0] = ir_sar(t->ir, x86_type(x86_bytes(i)), i->in[1], i->in[2], 0);
    return true;
}

bool i86_rorx(Trans *t, X86Insn *i)
{
    i->out[0] = ir_rotr(t->ir, x86_type(x86_bytes(i)), i->in[1], x86_const(t, i->imm), 0);
    return true;
}
