/* get and put of guest state. A get costs nothing: the value is said to live in the slot until somebody needs it. */
#include "backend/x86_64/comp.h"

#include <assert.h>

/* Where other values live in the slot. */
void op_get(Comp *c)
{
    IrRef r = (IrRef)c->at;
    const IrInsn *i = insn_of(c, r);
    unsigned slot = ir_slot(i->imm), offset = ir_slot_offset(i->imm);
    if (f80_busy(c))
        f80_flush_slot(c, slot);
    c->where[r] = (Where){ .place = c->pin_of[slot] != NO_REG ? IN_PIN : IN_SLOT,
                           .of = (uint16_t)slot,
                           .offset = (uint8_t)offset };
    if (add_holder(c, slot, r))
        return;
    /* too many values live in this slot: this one gets a register now */
    if (ir_in_vector_reg(i->type))
        vuse(c, r);
    else
        use(c, r);
    c->where[r].backed = NOT_BACKED;
}

static const Enc PINSR[] = { { 0x66, 3, 0x20, 8, 1, false, false },
                             { 0x66, 1, 0xc4, 8, 1, false, false },
                             { 0x66, 3, 0x22, 8, 1, false, false },
                             { 0x66, 3, 0x22, 8, 1, true, false } };

/* A value narrower than its slot, merged into it or with zeros above. */
static void put_narrow_vector(Comp *c, unsigned slot, unsigned offset, IrRef v, int bytes, bool zext)
{
    unsigned pin = c->pin_of[slot];
    if (pin == NO_REG) {
        unsigned reg = vuse(c, v);
        if (bytes < 4 || offset || !zext) {
            if (zext) {
                asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, XS, XS, rm_reg(XS), 0);
                asm_vstore(&c->a, 16, XS, slot_rm(c, slot, 0));
            }
            asm_vstore(&c->a, bytes, reg, slot_rm(c, slot, offset));
            return;
        }
        if (bytes == 8) {
            asm_vec2(&c->a, (Enc){ 0xf3, 1, 0x7e, 8, 0, false, false }, XS, rm_reg(reg), 0);
            asm_vstore(&c->a, 16, XS, slot_rm(c, slot, 0));
        } else {
            asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, XS, XS, rm_reg(XS), 0);
            asm_vec(&c->a, (Enc){ 0xf3, 1, 0x10, 8, 0, false, false }, XS, XS, rm_reg(reg), 0); /* movss merges */
            asm_vstore(&c->a, 16, XS, slot_rm(c, slot, 0));
        }
        return;
    }
    unsigned reg = vuse(c, v);
    if (zext && !offset && bytes == 8) {
        asm_vec2(&c->a, (Enc){ 0xf3, 1, 0x7e, 8, 0, false, false }, pin, rm_reg(reg), 0); /* movq */
    } else if (zext && !offset && bytes == 4) {
        asm_vmov(&c->a, XS, reg);
        asm_vec(&c->a, (Enc){ 0x66, 3, 0x21, 8, 1, false, false }, pin, XS, rm_reg(XS),
                0x0e); /* insertps: zeros above */
    } else {
        asm_vmov(&c->a, XS, reg);
        if (zext)
            asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, pin, pin, rm_reg(pin), 0);
        if (bytes == 8) { /* merge a half */
            asm_vec(&c->a,
                    offset ? (Enc){ 0x66, 1, 0x6c, 8, 0, false, false } : (Enc){ 0xf2, 1, 0x10, 8, 0, false, false },
                    pin, pin, rm_reg(XS), 0);
        } else if (bytes == 4) {
            asm_vec(&c->a, (Enc){ 0x66, 3, 0x21, 8, 1, false, false }, pin, pin, rm_reg(XS), (offset / 4) << 4);
        } else {
            unsigned t = scratch(c);
            asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, false, false }, XS, rm_reg(t), 0);
            asm_vec(&c->a, PINSR[bytes / 2], pin, pin, rm_reg(t), offset / (unsigned)bytes);
        }
    }
}

static void put_vector(Comp *c, const IrInsn *i, unsigned slot, unsigned offset)
{
    IrRef v = i->arg[0];
    int bytes = ir_bits(i->type) / 8;
    if (!ir_in_vector_reg(ir_result(insn_of(c, v)))) { /* integer into a vector register */
        unsigned reg = use(c, v);
        if (i->imm & IR_ZEXT && !offset && bytes >= 4) {
            asm_vec2(&c->a, (Enc){ 0x66, 1, 0x6e, 8, 0, bytes == 8, false },
                     c->pin_of[slot] == NO_REG ? XS : c->pin_of[slot], rm_reg(reg), 0);
            if (c->pin_of[slot] == NO_REG)
                asm_vstore(&c->a, 16, XS, slot_rm(c, slot, 0));
        } else if (c->pin_of[slot] == NO_REG) {
            if (i->imm & IR_ZEXT) {
                asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, XS, XS, rm_reg(XS), 0);
                asm_vstore(&c->a, 16, XS, slot_rm(c, slot, 0));
            }
            asm_store(&c->a, bytes, reg, slot_rm(c, slot, offset));
        } else {
            unsigned pin = c->pin_of[slot];
            if (i->imm & IR_ZEXT)
                asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, pin, pin, rm_reg(pin), 0);
            asm_vec(&c->a,
                    PINSR[bytes == 1   ? 0
                          : bytes == 2 ? 1
                          : bytes == 4 ? 2
                                       : 3],
                    pin, pin, rm_reg(reg), offset / (unsigned)bytes);
        }
        return;
    }
    if (bytes < 16) {
        put_narrow_vector(c, slot, offset, v, bytes, i->imm & IR_ZEXT);
        return;
    }
    unsigned pin = c->pin_of[slot];
    if (pin == NO_REG)
        asm_vstore(&c->a, 16, vuse(c, v), slot_rm(c, slot, 0));
    else
        vuse_in(c, v, pin);
}

/* Into part of a pinned register, without touching flags. */
static void merge_into_pin(Comp *c, IrRef v, unsigned slot, unsigned offset, int bytes)
{
    unsigned reg = use(c, v), pin = c->pin_of[slot];
    if (!offset && bytes <= 2) {
        asm_op8(&c->a, (Enc){ bytes == 2 ? 0x66 : 0, 0, bytes == 2 ? 0x89 : 0x88, 8, 0, false, false }, reg,
                rm_reg(pin), 0);
        return;
    }
    if (host_cpu.bmi2 && bytes <= 2) {
        if (reg == pin) {
            reg = scratch(c);
            asm_mov(&c->a, true, reg, pin);
        }
        asm_rorx(&c->a, true, pin, pin, 8 * offset);
        asm_op8(&c->a, (Enc){ bytes == 2 ? 0x66 : 0, 0, bytes == 2 ? 0x89 : 0x88, 8, 0, false, false }, reg,
                rm_reg(pin), 0);
        asm_rorx(&c->a, true, pin, pin, 64 - 8 * offset);
        return;
    }
    asm_store(&c->a, 8, pin, slot_rm(c, slot, 0));
    asm_store(&c->a, bytes, reg, slot_rm(c, slot, offset));
    asm_load(&c->a, 8, false, pin, slot_rm(c, slot, 0));
}

/* A constant or register into memory; a register into the pinned one. */
static void put_int(Comp *c, const IrInsn *i, unsigned slot, unsigned offset)
{
    IrRef v = i->arg[0];
    unsigned pin = c->pin_of[slot];
    int bytes = ir_bits(i->type) / 8, size = c->ir->slots[slot].size;
    if (i->type == T_FLAGS && !is_const(c, v) && (c->where[v].place == IN_HOST || c->where[v].place == AS_CMC)) {
        bool cmc = c->where[v].place == AS_CMC;
        IrRef of = cmc ? c->where[v].of : v;
        flags_as_int(c, v);
        asm_store(&c->a, FLAG_BYTES, RAX, slot_rm(c, slot, 0));
        if (c->host == of && c->where[of].place == IN_HOST) {
            c->host_slot = (uint16_t)slot;
            c->host_slot_cmc = cmc;
        }
        return;
    }
    bool whole = bytes == size || i->imm & IR_ZEXT;
    if (pin != NO_REG && !(whole && bytes >= 4)) {
        merge_into_pin(c, v, slot, offset, bytes);
        return;
    }
    if (pin != NO_REG) {
        if (is_const(c, v))
            asm_mov_imm(&c->a, pin, bytes == 4 ? (uint32_t)insn_of(c, v)->imm : insn_of(c, v)->imm);
        else if (c->where[v].place == IN_SLOT)
            asm_load(&c->a, bytes, false, pin, slot_rm(c, c->where[v].of, c->where[v].offset));
        else
            asm_mov(&c->a, bytes == 8, pin, use(c, v));
        return;
    }
    int32_t value, disp = slot_disp(c, slot) + (int32_t)offset;
    int store = i->imm & IR_ZEXT && bytes >= 4 ? size : bytes;
    if (store >= 4 && is_const(c, v)) {
        uint64_t full = bytes == 4 ? (uint32_t)insn_of(c, v)->imm : insn_of(c, v)->imm;
        value = (int32_t)full;
        if (store == 4 || full == (uint64_t)(int64_t)value) {
            asm_rbp(&c->a, 0xc7, store == 8, 0, disp);
            put32(&c->a, (uint32_t)value);
            return;
        }
    }
    if (bytes == 1 && !(i->imm & IR_ZEXT && size > 1) && is_const(c, v)) {
        asm_op8(&c->a, (Enc){ 0, 0, 0xc6, 0, 1, false, false }, 0, rm_mem(RBP, disp), insn_of(c, v)->imm & 0xff);
        return;
    }
    unsigned reg = use(c, v);
    if (i->imm & IR_ZEXT && bytes < size) { /* clear the rest */
        unsigned t = reg;
        if (!zero_above(c, v)) {
            t = scratch(c);
            asm_load(&c->a, bytes, false, t, rm_reg(reg));
        }
        reg = t;
        bytes = size;
    }
    if (bytes >= 4)
        asm_rbp(&c->a, 0x89, bytes == 8, reg, disp);
    else
        asm_store(&c->a, bytes, reg, rm_mem(RBP, disp));
}

/* Cold paths will change the slot. Whatever else is put to the slot of late flags, they are so no longer. */
static bool put_late(Comp *c, unsigned slot, IrRef v)
{
    uint32_t until = c->live.of[c->at].late;
    if (until) {
        forget_slot(c, slot);
        c->late.flags = v;
        c->late.slot = (uint16_t)slot;
        c->late.until = until;
    } else if (c->late.slot == slot) {
        c->late.flags = 0;
    }
    return until;
}

static __attribute__((noinline)) void put_any(Comp *c)
{
    if (c->f80_used && owe(c)) {
        forget_slot(c, ir_slot(insn_of(c, (IrRef)c->at)->imm));
        return;
    }
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    unsigned slot = ir_slot(i->imm), offset = ir_slot_offset(i->imm);
    IrRef v = i->arg[0];
    if (f80_busy(c))
        f80_flush_slot(c, slot);
    if (put_late(c, slot, v))
        return;
    Where w = c->where[v];
    if (w.place == IN_PIN && w.of == slot && !is_const(c, v) && c->holder[slot][0] == v &&
        insn_of(c, v)->op != IR_get && !offset && ir_result(insn_of(c, v)) == i->type)
        return; /* computed in place */
    forget_slot(c, slot);
    if (slot_is_vector(c, slot))
        put_vector(c, i, slot, offset);
    else
        put_int(c, i, slot, offset);
    /* From here on the slot is a home of the value too: its temporary can be given away without a spill. */
    IrType t = ir_result(insn_of(c, v));
    bool same = t == i->type && !offset && (ir_bits(t) == c->ir->slots[slot].size * 8 || i->imm & IR_ZEXT);
    if (!same || !needed_later(c, v) || is_const(c, v) || insn_of(c, v)->op == IR_vconst || t == T_FLAGS)
        return;
    if (c->where[v].place == IN_REG || c->where[v].place == IN_VREG) {
        if (c->pin_of[slot] == NO_REG) { /* a register beats memory while it lasts */
            back(c, slot, v, BACKED_WHOLE);
            return;
        }
        if (c->where[v].place == IN_REG)
            c->in_reg[c->where[v].n] = 0;
        else
            c->in_vreg[c->where[v].n] = 0;
        hold(c, slot, v);
    }
}

/* Of an integer as wide as the slot, or with zeros above, from a temporary to the slot's memory: what most puts are. */
static inline bool is_usual(const Comp *c, const IrInsn *i, const IrInsn *v, Where w, unsigned slot)
{
    bool plain = w.place == IN_REG && c->in_reg[w.n] == i->arg[0] && c->pin_of[slot] == NO_REG && !f80_busy(c) &&
                 c->ir->slots[slot].size == 8 && v->type == i->type && v->op != IR_const;
    return plain && (i->type == I64 ||
                     (i->type == I32 && i->imm & IR_ZEXT && !ir_slot_offset(i->imm) && zero_above(c, i->arg[0])));
}

void op_put(Comp *c)
{
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    unsigned slot = ir_slot(i->imm);
    IrRef v = i->arg[0];
    Where w = c->where[v];
    bool of_type = i->type == I64 && insn_of(c, v)->type == I64 && insn_of(c, v)->op != IR_get;
    if (w.place == IN_PIN && w.of == slot && of_type && !is_const(c, v) && c->holder[slot][0] == v && !f80_busy(c) &&
        c->late.slot != slot)
        return; /* computed in place */
    /* A single value that nobody needs any more, as that which the guest's register had, is no obstacle. */
    uint64_t held;
    memcpy(&held, c->holder[slot], sizeof held);
    if (held > IR_MAX || needed_later(c, (IrRef)held) || c->host_slot == slot || c->late.slot == slot ||
        !is_usual(c, i, insn_of(c, v), w, slot)) {
        put_any(c);
        return;
    }
    c->holder[slot][0] = 0;
    asm_rbp(&c->a, 0x89, true, w.n, slot_disp(c, slot));
    if (needed_later(c, v))
        back(c, slot, v, BACKED_WHOLE);
}
