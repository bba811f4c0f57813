/* Bits: tests, scans, counts, BMI. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/operand.h"

static IrType type_of(const X86Insn *i)
{
    return x86_type(x86_bytes(i));
}

static unsigned bits_of(const X86Insn *i)
{
    return 8u * x86_bytes(i);
}

/* The packed flags with some cleared and then some set by truth values. */
static IrRef with_flags(Trans *t, uint32_t keep, IrRef c, IrRef z)
{
    Ir *ir = t->ir;
    IrRef zero = ir_imm(ir, I32, 0), f = zero;
    if (keep)
        f = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, keep), 0);
    if (c)
        f = ir_or(ir, I32, f, ir_pick(ir, I32, c, ir_imm(ir, I32, FLAG_C), zero, 0), 0);
    if (z)
        f = ir_or(ir, I32, f, ir_pick(ir, I32, z, ir_imm(ir, I32, FLAG_Z), zero, 0), 0);
    return x86_as_flags(t, f);
}

/* ---- BT and its kin: CF is the bit; ZF stays, the others are undefined and left ---- */

typedef enum BitOp { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT } BitOp;

static IrRef change_bit(Trans *t, IrType type, BitOp op, IrRef v, IrRef mask)
{
    switch (op) {
    case BIT_SET:
        return ir_or(t->ir, type, v, mask, 0);
    case BIT_RESET:
        return ir_andn(t->ir, type, v, mask, 0);
    default:
        return ir_xor(t->ir, type, v, mask, 0);
    }
}

/* The bit's number within the operand; at least 32 bits wide. */
static IrRef bit_number(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned bits = bits_of(i);
    if (i->op[1].kind == OPERAND_IMM)
        return x86_const(t, i->imm & (bits - 1));
    return ir_and(ir, I64, ir_zext(ir, I64, i->in[1], 8), x86_const(t, bits - 1), 0);
}

static bool bit_op(Trans *t, X86Insn *i, BitOp op)
{
    Ir *ir = t->ir;
    unsigned bits = bits_of(i);
    IrRef n = bit_number(t, i), v = bits == 64 ? i->in[0] : ir_zext(ir, I64, i->in[0], bits);
    IrRef bit = ir_and(ir, I64, ir_shr(ir, I64, v, n, 0), x86_const(t, 1), 0);
    i->flags = with_flags(t, FLAGS_ALL & ~FLAG_C, ir_ne(ir, I64, bit, x86_const(t, 0), 0), IR_NONE);
    if (op != BIT_TEST)
        i->out[0] = change_bit(t, I64, op, v, ir_shl(ir, I64, x86_const(t, 1), n, 0));
    return true;
}

bool i86_bt(Trans *t, X86Insn *i)
{
    return bit_op(t, i, BIT_TEST);
}

bool i86_bts(Trans *t, X86Insn *i)
{
    return bit_op(t, i, BIT_SET);
}

bool i86_btr(Trans *t, X86Insn *i)
{
    return bit_op(t, i, BIT_RESET);
}

bool i86_btc(Trans *t, X86Insn *i)
{
    return bit_op(t, i, BIT_COMPLEMENT);
}

/* A register's bit number reaches beyond the operand: SDM volume 2, 3.1.1.9 "BitBase and BitOffset". Moves the offset
 * by as many operands. */
static void address_bit(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned bytes = x86_bytes(i), log2 = (unsigned)__builtin_ctz(bytes);
    IrRef n = x86_get_operand(t, i, 1);
    i->in[1] = n;
    IrRef wide = bytes == 8 ? n : ir_sext(ir, I64, n, 8 * bytes);
    IrRef step = ir_shl(ir, I64, ir_sar(ir, I64, wide, x86_const(t, log2 + 3), 0), x86_const(t, log2), 0);
    IrRef offset = ir_add(ir, I64, x86_offset(t, i), step, 0);
    i->offset = i->adsize == 8 ? offset : ir_zext(ir, I64, offset, 8u * i->adsize);
    i->linear = x86_linear(t, i->seg, i->offset, bytes, i->op[0].access & X86_WRITE);
    i->linear_disp = 0;
}

static bool bit_string(Trans *t, X86Insn *i, BitOp op)
{
    unsigned bytes = x86_bytes(i);
    address_bit(t, i);
    if (op != BIT_TEST && i->lock) {
        static const uint8_t rmw[] = { [BIT_SET] = RMW_OR, [BIT_RESET] = RMW_ANDN, [BIT_COMPLEMENT] = RMW_XOR };
        IrMem m = x86_mem(t, bytes);
        m.order = ORDER_BOTH;
        m.rmw = rmw[op];
        IrRef mask = ir_shl(t->ir, I64, x86_const(t, 1), bit_number(t, i), 0);
        i->in[0] = ir_rmw(t->ir, type_of(i), i->linear, mask, ir_mem(m));
        bit_op(t, i, BIT_TEST);
    } else {
        i->in[0] = x86_load(t, i, bytes);
        bit_op(t, i, op);
        if (op != BIT_TEST)
            x86_store(t, i, bytes, i->out[0]);
    }
    x86_put_flags(t, i->flags);
    return true;
}

bool i86_bt_string(Trans *t, X86Insn *i)
{
    return bit_string(t, i, BIT_TEST);
}

bool i86_bts_string(Trans *t, X86Insn *i)
{
    return bit_string(t, i, BIT_SET);
}

bool i86_btr_string(Trans *t, X86Insn *i)
{
    return bit_string(t, i, BIT_RESET);
}

bool i86_btc_string(Trans *t, X86Insn *i)
{
    return bit_string(t, i, BIT_COMPLEMENT);
}

/* ---- scans and counts ---- */

static IrRef is_zero(Trans *t, IrType type, IrRef v)
{
    return ir_eq(t->ir, type, v, ir_imm(t->ir, type, 0), 0);
}

/* Leading zeros of 16 bits: of 32, less the upper half. */
static IrRef leading(Trans *t, X86Insn *i, IrRef v)
{
    Ir *ir = t->ir;
    if (bits_of(i) > 16)
        return ir_clz(ir, type_of(i), v, 0);
    return ir_sub(ir, I32, ir_clz(ir, I32, ir_zext(ir, I32, v, 16), 0), ir_imm(ir, I32, 16), 0);
}

/* Trailing zeros, `bits` for 0. */
static IrRef trailing(Trans *t, X86Insn *i, IrRef v)
{
    Ir *ir = t->ir;
    if (bits_of(i) > 16)
        return ir_ctz(ir, type_of(i), v, 0);
    return ir_ctz(ir, I32, ir_or(ir, I32, ir_zext(ir, I32, v, 16), ir_imm(ir, I32, 0x10000), 0), 0);
}

/* Of 0 the destination is undefined in Intel's manual, and stays as it is in processors; AMD documents that. */
static bool scan(Trans *t, X86Insn *i, IrRef found)
{
    Ir *ir = t->ir;
    IrRef zero = is_zero(t, type_of(i), i->in[1]);
    i->flags = with_flags(t, FLAGS_ALL & ~FLAG_Z, IR_NONE, zero);
    if (x86_bytes(i) == 4) { /* then the upper half stays, too */
        IrRef whole = ir_pick(ir, I64, zero, x86_get_reg(t, 8, i->op[0].n), ir_zext(ir, I64, found, 32), 0);
        x86_put_reg(t, 8, i->op[0].n, whole);
    } else {
        i->out[0] = ir_pick(ir, type_of(i), zero, i->in[0], found, 0);
    }
    return true;
}

bool i86_bsf(Trans *t, X86Insn *i)
{
    return scan(t, i, trailing(t, i, i->in[1]));
}

bool i86_bsr(Trans *t, X86Insn *i)
{
    IrRef top = ir_imm(t->ir, I64, bits_of(i) - 1);
    return scan(t, i, ir_sub(t->ir, type_of(i), top, leading(t, i, i->in[1]), 0));
}

/* SF PF AF are undefined, and cleared; OF too, and left. */
static bool count(Trans *t, X86Insn *i, IrRef n)
{
    IrRef none = is_zero(t, type_of(i), i->in[1]), result = is_zero(t, type_of(i), n);
    i->flags = with_flags(t, FLAG_V, none, result);
    i->out[0] = n;
    return true;
}

bool i86_tzcnt(Trans *t, X86Insn *i)
{
    return count(t, i, trailing(t, i, i->in[1]));
}

bool i86_lzcnt(Trans *t, X86Insn *i)
{
    return count(t, i, leading(t, i, i->in[1]));
}

bool i86_popcnt(Trans *t, X86Insn *i)
{
    bool narrow = x86_bytes(i) == 2;
    IrRef v = narrow ? ir_zext(t->ir, I32, i->in[1], 16) : i->in[1];
    i->out[0] = ir_popcnt(t->ir, narrow ? I32 : type_of(i), v, 0);
    i->flags = with_flags(t, 0, IR_NONE, is_zero(t, type_of(i), i->in[1]));
    return true;
}

bool i86_crc32(Trans *t, X86Insn *i)
{
    i->out[0] = trans_call(t, I32, H_crc32, i->in[0], i->in[1], x86_const(t, i->op[1].bytes));
    if (x86_bytes(i) == 8)
        i->out[0] = ir_zext(t->ir, I64, i->out[0], 32);
    return true;
}

/* ---- BMI1 and 2 ---- flags of the result as of a logic operation, CF apart; AF and PF are undefined */

static IrRef logic_flags(Trans *t, X86Insn *i, IrRef r, IrRef carry)
{
    Ir *ir = t->ir;
    IrRef f = ir_flags(ir, type_of(i), ir_and(ir, type_of(i), r, r, 0), 0);
    if (!carry)
        return f;
    IrRef c = ir_pick(ir, I32, carry, ir_imm(ir, I32, FLAG_C), ir_imm(ir, I32, 0), 0);
    return x86_as_flags(t, ir_or(ir, I32, ir_and(ir, I32, f, ir_imm(ir, I32, FLAGS_ALL & ~FLAG_C), 0), c, 0));
}

static bool logic(Trans *t, X86Insn *i, IrRef r, IrRef carry)
{
    i->out[0] = r;
    i->flags = logic_flags(t, i, r, carry);
    return true;
}

bool i86_andn(Trans *t, X86Insn *i)
{
    return logic(t, i, ir_andn(t->ir, type_of(i), i->in[2], i->in[1], 0), IR_NONE);
}

static IrRef less_one(Trans *t, X86Insn *i)
{
    return ir_sub(t->ir, type_of(i), i->in[1], ir_imm(t->ir, type_of(i), 1), 0);
}

bool i86_blsr(Trans *t, X86Insn *i)
{
    IrRef r = ir_and(t->ir, type_of(i), i->in[1], less_one(t, i), 0);
    return logic(t, i, r, is_zero(t, type_of(i), i->in[1]));
}

bool i86_blsmsk(Trans *t, X86Insn *i)
{
    IrRef r = ir_xor(t->ir, type_of(i), i->in[1], less_one(t, i), 0);
    return logic(t, i, r, is_zero(t, type_of(i), i->in[1]));
}

bool i86_blsi(Trans *t, X86Insn *i)
{
    IrType type = type_of(i);
    IrRef r = ir_and(t->ir, type, i->in[1], ir_neg(t->ir, type, i->in[1], 0), 0);
    return logic(t, i, r, ir_ne(t->ir, type, i->in[1], ir_imm(t->ir, type, 0), 0));
}

/* The low n bits of v; all of them from the width on. */
static IrRef low_bits(Trans *t, X86Insn *i, IrRef v, IrRef n)
{
    Ir *ir = t->ir;
    IrType type = type_of(i);
    IrRef mask = ir_sub(ir, type, ir_shl(ir, type, ir_imm(ir, type, 1), n, 0), ir_imm(ir, type, 1), 0);
    IrRef all = ir_leu(ir, I64, x86_const(t, bits_of(i)), n, 0);
    return ir_pick(ir, type, all, v, ir_and(ir, type, v, mask, 0), 0);
}

bool i86_bzhi(Trans *t, X86Insn *i)
{
    IrRef n = ir_zext(t->ir, I64, i->in[2], 8);
    IrRef beyond = ir_ltu(t->ir, I64, x86_const(t, bits_of(i) - 1), n, 0);
    return logic(t, i, low_bits(t, i, i->in[1], n), beyond);
}

bool i86_bextr(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrType type = type_of(i);
    IrRef start = ir_zext(ir, I64, i->in[2], 8), zero = ir_imm(ir, type, 0);
    IrRef length = ir_zext(ir, I64, ir_shr(ir, I32, i->in[2], ir_imm(ir, I32, 8), 0), 8);
    IrRef within = ir_ltu(ir, I64, start, x86_const(t, bits_of(i)), 0);
    IrRef v = ir_pick(ir, type, within, ir_shr(ir, type, i->in[1], start, 0), zero, 0);
    i->out[0] = low_bits(t, i, v, length);
    /* AF SF PF are undefined: AMD's processors set AF and clear SF */
    IrRef f = logic_flags(t, i, i->out[0], IR_NONE);
    f = ir_and(ir, I32, f, ir_imm(ir, I32, FLAG_Z | FLAG_P), 0);
    i->flags = x86_as_flags(t, ir_or(ir, I32, f, ir_imm(ir, I32, FLAG_AUX), 0));
    return true;
}

static bool scatter(Trans *t, X86Insn *i, int helper)
{
    IrRef mask = x86_bytes(i) == 4 ? ir_zext(t->ir, I64, i->in[2], 32) : i->in[2];
    i->out[0] = trans_call(t, I64, helper, i->in[1], mask, IR_NONE);
    return true;
}

bool i86_pdep(Trans *t, X86Insn *i)
{
    return scatter(t, i, H_pdep);
}

bool i86_pext(Trans *t, X86Insn *i)
{
    return scatter(t, i, H_pext);
}

/* RDRAND and RDSEED, which always have a number: CF. */
bool i86_rdrand(Trans *t, X86Insn *i)
{
    i->out[0] = trans_call(t, I64, H_random, IR_NONE, IR_NONE, IR_NONE);
    i->flags = x86_as_flags(t, ir_imm(t->ir, I32, FLAG_C));
    return true;
}

bool i86_rdseed(Trans *t, X86Insn *i)
{
    return i86_rdrand(t, i);
}
