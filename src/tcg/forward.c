/* State forwarding: a get of what was just put is the value, and a second get is the first. now[] says what each slot
 * is known to hold; it is void when its line is not the unit's. */
#include "tcg/build.h"

/* Put together in a register and stored at once. */
static inline IrSlotNow slot_now(const Ir *ir, IrRef value, IrType t, unsigned offset, bool zext)
{
    uint64_t bits = ir->line | (uint64_t)value << 32 | (uint64_t)t << 48 | (uint64_t)(offset | zext << 7) << 56;
    IrSlotNow now;
    memcpy(&now, &bits, sizeof now);
    return now;
}

static inline bool covers_rest(const Ir *ir, IrInsn put)
{
    unsigned end = ir_slot_offset(put.imm) + (unsigned)ir_bits(put.type) / 8;
    return ir->slots && end >= ir->slots[ir_slot(put.imm)].size;
}

static IrType value_type(const Ir *ir, IrRef r)
{
    return ir_result(&ir->insn[r]);
}

/* An integer get of an integer. The slot's bytes above the value, if wanted, must be known to be zero. */
static IrRef integer_of(Ir *ir, IrSlotNow *now, IrType t)
{
    int have = ir_bits(now->type), want = ir_bits(t);
    if (t == T_FLAGS && value_type(ir, now->value) != T_FLAGS) {
        if (have < 32)
            return IR_NONE;
        return ir_asflags(ir, T_FLAGS, now->value, 0);
    }
    if (t != T_FLAGS && ir->insn[now->value].op == IR_get && ir->insn[now->value].type == T_FLAGS)
        return IR_NONE; /* flags as such have no other bits, the slot may */
    if (want <= have)
        return t == T_FLAGS ? now->value : ir_low(ir, now->value, want);
    if (!now->zext)
        return IR_NONE;
    now->value = ir_zext(ir, t, now->value, (uint64_t)have);
    now->type = t;
    return now->value;
}

/* Vector registers are taken as any type of the same width. */
static IrRef vector_of(Ir *ir, IrSlotNow *now, IrType t)
{
    static const IrKind lane[] = { [2] = K_I16, [4] = K_I32, [8] = K_I64 };
    int have = ir_bits(now->type), want = ir_bits(t);
    if (want == have)
        return now->value;
    if (want < have || !now->zext || !ir_is_vector(t))
        return IR_NONE;
    now->value = ir_vlow(ir, ir_lanes(lane[have / 8], want), now->value, 0);
    now->type = t;
    return now->value;
}

static IrRef other_kind_of(Ir *ir, const IrSlotNow *now, IrType t)
{
    IrType v = value_type(ir, now->value);
    if (t == T_FLAGS || v == T_FLAGS || ir_bits(now->type) != ir_bits(t) || ir_is_vector(t) || ir_is_vector(v))
        return IR_NONE;
    return ir_is_float(t) ? ir_bits2f(ir, t, now->value, 0) : ir_f2bits(ir, t, now->value, 0);
}

static __attribute__((noinline)) IrRef forwarded(Ir *ir, IrSlotNow *now, IrType t)
{
    if (ir_is_int(t) && ir_is_int(now->type))
        return integer_of(ir, now, t);
    if (ir_in_vector_reg(t) && ir_in_vector_reg(now->type))
        return vector_of(ir, now, t);
    return other_kind_of(ir, now, t);
}

/* Something is known of the slot. */
static __attribute__((noinline)) IrRef get_known(Ir *ir, IrInsn w, IrSlotNow *now)
{
    bool same_place = now->offset == ir_slot_offset(w.imm);
    IrRef r = same_place ? forwarded(ir, now, w.type) : IR_NONE;
    if (r)
        return r;
    r = ir_append(ir, w);
    if (same_place && ir_bits(now->type) <= ir_bits(w.type))
        *now = slot_now(ir, r, w.type, now->offset, false);
    return r;
}

IrRef ir_emit_get(Ir *ir, IrInsn w)
{
    unsigned slot = ir_slot(w.imm), offset = ir_slot_offset(w.imm);
    if (slot >= IR_SLOTS)
        return ir_append(ir, w);
    IrSlotNow *now = &ir->now[slot];
    if (now->line == ir->line) {
        bool same = now->offset == offset && now->type == w.type && w.type < 4;
        return same && ir->insn[now->value].type != T_FLAGS ? now->value : get_known(ir, w, now);
    }
    IrRef r = ir_append(ir, w);
    *now = slot_now(ir, r, w.type, offset, false);
    return r;
}

/* The slot, which has the value, has it there already: the put changes nothing. */
static bool holds_already(const IrSlotNow *now, IrInsn put)
{
    if (now->offset != ir_slot_offset(put.imm))
        return false;
    if (put.imm & IR_ZEXT)
        return now->zext && now->type == put.type;
    return now->type == put.type ||
           (ir_is_int(now->type) && ir_is_int(put.type) && ir_bits(put.type) <= ir_bits(now->type));
}

static __attribute__((noinline)) IrRef put_any(Ir *ir, IrInsn w)
{
    unsigned slot = ir_slot(w.imm);
    if (slot >= IR_SLOTS)
        return ir_append(ir, w);
    IrSlotNow *now = &ir->now[slot];
    bool zext = w.imm & IR_ZEXT && !covers_rest(ir, w);
    IrRef value = w.type < 4 ? ir_low(ir, w.arg[0], ir_bits(w.type)) : w.arg[0];
    IrInsn put = ir_insn_of(IR_put, w.type, value, 0, 0, zext ? w.imm : w.imm & ~IR_ZEXT);
    if (now->line == ir->line && now->value == value && holds_already(now, put))
        return IR_NONE;
    IrRef r = ir_append(ir, put);
    *now = slot_now(ir, value, w.type, ir_slot_offset(w.imm), zext);
    return r;
}

/* Of a whole integer that is no extension and not there already. */
IrRef ir_emit_put(Ir *ir, IrInsn w)
{
    unsigned slot = ir_slot(w.imm);
    uint8_t op = ir->insn[w.arg[0]].op;
    if (slot >= IR_SLOTS || w.type != I64 || w.imm & IR_ZEXT || op == IR_zext || op == IR_sext)
        return put_any(ir, w);
    IrSlotNow *now = &ir->now[slot];
    if (now->line == ir->line && now->value == w.arg[0])
        return put_any(ir, w);
    IrRef r = ir_append(ir, w);
    *now = slot_now(ir, w.arg[0], I64, ir_slot_offset(w.imm), false);
    return r;
}

/* What was known of the slots' bytes is so no longer. */
IrRef ir_emit_f80(Ir *ir, IrInsn w)
{
    unsigned d = ir_f80_d(w.imm), b = ir_f80_b(w.imm);
    unsigned op = w.imm & 0xff;
    bool changes_b =
        w.op == IR_f80_cmp_in || (w.op == IR_f80 && (op == F80_SWAP || op == F80_XTRACT || ir_f80_tells(op)));
    if (d < IR_SLOTS && w.op != IR_f80_cmp_in)
        ir->now[d].line = ir->line - 1;
    if (changes_b && b < IR_SLOTS)
        ir->now[b].line = ir->line - 1;
    return ir_append(ir, w);
}

void ir_assume(Ir *ir, IrType t, uint64_t slot, uint64_t value)
{
    if (!ir->raw)
        ir->now[ir_slot(slot)] = slot_now(ir, ir_imm(ir, t, value), t, ir_slot_offset(slot), false);
}
