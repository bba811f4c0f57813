/* State forwarding: a get of what was just put is the value, and a second get is the first. now[] says what each slot
 * is known to hold, in one number that is compared and stored as such:
 *     offset   7 bits   of the value in the slot
 *     zext     1        the rest of the slot above the value is zero
 *     type     8        of the put or get
 *     value    16       the ref
 *     line     32       Ir.line when that was known
 * The lower half is the put's own head and place. */
#pragma once
#include "tcg/build.h"

enum { NOW_ZEXT = 1 << 7, NOW_TYPE = 8, NOW_VALUE = 16 };

/* imm: of the put or get. */
static inline uint64_t slot_now(const Ir *ir, IrRef value, IrType t, uint64_t imm)
{
    return ir->line | (uint64_t)value << NOW_VALUE | (uint64_t)t << NOW_TYPE | imm >> 16;
}

static inline IrRef now_value(uint64_t now)
{
    return (IrRef)(now >> NOW_VALUE);
}

static inline IrType now_type(uint64_t now)
{
    return (IrType)(now >> NOW_TYPE);
}

static inline unsigned now_offset(uint64_t now)
{
    return now & 0x7f;
}

/* forward.c: of a slot of which something is known. */
IrRef ir_get_known(Ir *, IrType, uint64_t imm, uint64_t now);
IrRef ir_put_again(Ir *, IrType, IrRef value, uint64_t imm); /* of the value it has, perhaps in another way */

static inline IrRef ir_emit_get(Ir *ir, IrType t, uint64_t imm)
{
    unsigned slot = ir_slot(imm);
    uint64_t head = ir_head_of(IR_get, t, 0, 0, 0);
    if (slot >= IR_SLOTS)
        return ir_append_head(ir, head, imm);
    uint64_t now = ir->now[slot], get = slot_now(ir, 0, t, imm), differ = now ^ get;
    if (differ >> 32) {
        IrRef r = ir_append_head(ir, head, imm);
        ir->now[slot] = get | (uint64_t)r << NOW_VALUE;
        return r;
    }
    bool same = !((uint16_t)differ & ~NOW_ZEXT) && t < T_VOID && ir->insn[now_value(now)].type != T_FLAGS;
    return same ? now_value(now) : ir_get_known(ir, t, imm, now);
}

static inline bool covers_rest(const Ir *ir, IrType t, uint64_t imm)
{
    return ir->slots && ir_slot_offset(imm) + (unsigned)ir_bits(t) / 8 >= ir->slots[ir_slot(imm)].size;
}

static inline IrRef ir_emit_put(Ir *ir, IrType t, IrRef value, uint64_t imm)
{
    unsigned slot = ir_slot(imm);
    if (slot >= IR_SLOTS)
        return ir_append_head(ir, ir_head_of(IR_put, t, value, 0, 0), imm);
    if (ir_is_extension(ir, value) && t < 4)
        value = ir_low(ir, value, ir_bits(t));
    if (imm & IR_ZEXT && covers_rest(ir, t, imm))
        imm &= ~IR_ZEXT;
    uint64_t put = slot_now(ir, value, t, imm);
    if (!((ir->now[slot] ^ put) >> NOW_VALUE))
        return ir_put_again(ir, t, value, imm);
    ir->now[slot] = put;
    return ir_append_head(ir, ir_head_of(IR_put, t, value, 0, 0), imm);
}
