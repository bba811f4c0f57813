/* State forwarding where something is known of the slot: forward.h. */
#include "tcg/forward.h"

static IrType value_type(const Ir *ir, IrRef r)
{
    return ir_result(&ir->insn[r]);
}

/* An integer get of an integer. The slot's bytes above the value, if wanted, must be known to be zero. */
static IrRef integer_of(Ir *ir, uint64_t now, IrType t)
{
    IrRef value = now_value(now);
    int have = ir_bits(now_type(now)), want = ir_bits(t);
    if (t == T_FLAGS && value_type(ir, value) != T_FLAGS)
        return have < 32 ? IR_NONE : ir_asflags(ir, T_FLAGS, value, 0);
    if (t != T_FLAGS && ir->insn[value].op == IR_get && ir->insn[value].type == T_FLAGS)
        return IR_NONE; /* flags as such have no other bits, the slot may */
    if (want <= have)
        return t == T_FLAGS ? value : ir_low(ir, value, want);
    return now & NOW_ZEXT ? ir_zext(ir, t, value, (uint64_t)have) : IR_NONE;
}

/* Vector registers are taken as any type of the same width. */
static IrRef vector_of(Ir *ir, uint64_t now, IrType t)
{
    static const IrKind lane[] = { [2] = K_I16, [4] = K_I32, [8] = K_I64 };
    int have = ir_bits(now_type(now)), want = ir_bits(t);
    if (want == have)
        return now_value(now);
    if (want < have || !(now & NOW_ZEXT) || !ir_is_vector(t))
        return IR_NONE;
    return ir_vlow(ir, ir_lanes(lane[have / 8], want), now_value(now), 0);
}

static IrRef other_kind_of(Ir *ir, uint64_t now, IrType t)
{
    IrType v = value_type(ir, now_value(now));
    if (t == T_FLAGS || v == T_FLAGS || ir_bits(now_type(now)) != ir_bits(t) || ir_is_vector(t) || ir_is_vector(v))
        return IR_NONE;
    return ir_is_float(t) ? ir_bits2f(ir, t, now_value(now), 0) : ir_f2bits(ir, t, now_value(now), 0);
}

/* What is got is more than was known, then known as well. */
static IrRef forwarded(Ir *ir, uint64_t now, IrType t, uint64_t imm)
{
    bool integers = ir_is_int(t) && ir_is_int(now_type(now));
    if (!integers && !(ir_in_vector_reg(t) && ir_in_vector_reg(now_type(now))))
        return other_kind_of(ir, now, t);
    IrRef r = integers ? integer_of(ir, now, t) : vector_of(ir, now, t);
    if (r && ir_bits(t) > ir_bits(now_type(now)))
        ir->now[ir_slot(imm)] = slot_now(ir, r, t, imm) | (now & NOW_ZEXT);
    return r;
}

IrRef ir_get_known(Ir *ir, IrType t, uint64_t imm, uint64_t now)
{
    bool same_place = now_offset(now) == ir_slot_offset(imm);
    IrRef r = same_place ? forwarded(ir, now, t, imm) : IR_NONE;
    if (r)
        return r;
    r = ir_append_head(ir, ir_head_of(IR_get, t, 0, 0, 0), imm);
    if (same_place && ir_bits(now_type(now)) <= ir_bits(t))
        ir->now[ir_slot(imm)] = slot_now(ir, r, t, imm);
    return r;
}

/* The slot, which has the value, has it there already: the put changes nothing. */
static bool holds_already(uint64_t now, uint64_t put)
{
    IrType have = now_type(now), want = now_type(put);
    if (now_offset(now) != now_offset(put))
        return false;
    if (put & NOW_ZEXT)
        return now & NOW_ZEXT && have == want;
    return have == want || (ir_is_int(have) && ir_is_int(want) && ir_bits(want) <= ir_bits(have));
}

IrRef ir_put_again(Ir *ir, IrType t, IrRef value, uint64_t imm)
{
    uint64_t *now = &ir->now[ir_slot(imm)], put = slot_now(ir, value, t, imm);
    if (holds_already(*now, put))
        return IR_NONE;
    *now = put;
    return ir_append_head(ir, ir_head_of(IR_put, t, value, 0, 0), imm);
}

/* What was known of the slots' bytes is so no longer. */
IrRef ir_emit_f80(Ir *ir, IrInsn w)
{
    unsigned d = ir_f80_d(w.imm), b = ir_f80_b(w.imm);
    unsigned op = w.imm & 0xff;
    bool changes_b =
        w.op == IR_f80_cmp_in || (w.op == IR_f80 && (op == F80_SWAP || op == F80_XTRACT || ir_f80_tells(op)));
    if (d < IR_SLOTS && w.op != IR_f80_cmp_in)
        ir->now[d] = 0;
    if (changes_b && b < IR_SLOTS)
        ir->now[b] = 0;
    return ir_append(ir, w);
}

void ir_assume(Ir *ir, IrType t, uint64_t slot, uint64_t value)
{
    if (!ir->raw)
        ir->now[ir_slot(slot)] = slot_now(ir, ir_imm(ir, t, value), t, slot & ~IR_ZEXT);
}
