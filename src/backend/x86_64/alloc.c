/* Where values are. Only this file knows. */
#include "backend/x86_64/comp.h"

#include <assert.h>

static const uint64_t KEPT_SPILLS = 1ull << KEEP_RAX | 1ull << KEEP_RCX;

static const uint8_t order[] = { RDX, R13, RCX, RAX };

/* In the register now, and still in its slot's memory if it came from there. */
static void place(Comp *c, IrRef r, Place p, unsigned reg)
{
    Where w = c->where[r];
    if (w.place == IN_SLOT && !w.flip)
        w.backed = BACKED;
    else if (w.place == IN_SPILL)
        w = (Where){ .backed = BACKED_SPILL, .of = w.n };
    else if (w.place != IN_REG && w.place != IN_VREG)
        w = (Where){ .backed = NOT_BACKED };
    w.place = (uint8_t)p;
    w.n = (uint8_t)reg;
    c->where[r] = w;
}

static void place_reg(Comp *c, IrRef r, unsigned reg)
{
    place(c, r, IN_REG, reg);
    c->in_reg[reg] = r;
}

static void place_vreg(Comp *c, IrRef r, unsigned reg)
{
    place(c, r, IN_VREG, reg);
    c->in_vreg[reg] = r;
}

/* A value that can be had again without a store is out of its register at once. */
static bool given_up(Comp *c, IrRef r)
{
    Where *w = &c->where[r];
    if (is_const(c, r) || r == SPAN)
        w->place = NOWHERE;
    else if (w->backed == BACKED_SPILL)
        *w = (Where){ .place = IN_SPILL, .n = (uint8_t)w->of };
    else if (w->backed)
        *w = (Where){ .place = IN_SLOT, .of = w->of, .offset = w->offset };
    else
        return false;
    return true;
}

static bool is_live(const Comp *c, IrRef r)
{
    return r && c->live.of[r].uses && c->live.of[r].last >= c->at;
}

/* Spills of values that have died are only noticed when there is no other. */
static void collect_spills(Comp *c)
{
    c->spills = KEPT_SPILLS;
    for (IrRef r = 1; r <= c->at; r++) {
        Where w = c->where[r];
        if (is_live(c, r) && w.place == IN_SPILL)
            c->spills |= 1ull << w.n;
        else if (is_live(c, r) && (w.place == IN_REG || w.place == IN_VREG) && w.backed == BACKED_SPILL)
            c->spills |= 1ull << w.of;
    }
}

static unsigned new_spill(Comp *c)
{
    if (!~c->spills)
        collect_spills(c);
    unsigned k = (unsigned)__builtin_ctzll(~c->spills);
    if (!~c->spills) {
        c->a.full = true;
        return 0;
    }
    c->spills |= 1ull << k;
    return k;
}

Rm spill_rm(const Comp *c, unsigned k)
{
    return rm_mem(RSP, (int32_t)k * 16 + c->pushed);
}

void put_in_spill(Comp *c, IrRef r, unsigned reg)
{
    unsigned k = new_spill(c);
    asm_store(&c->a, 8, reg, spill_rm(c, k));
    c->where[r] = (Where){ .place = IN_SPILL, .n = (uint8_t)k };
}

bool temp_left(const Comp *c)
{
    return (c->locked & TEMPS) != TEMPS;
}

/* Moves the value out of a temporary: a free one outside `avoid`, else a spill. Keeps host flags. */
static void move_out(Comp *c, unsigned reg, uint32_t avoid)
{
    IrRef r = c->in_reg[reg];
    c->in_reg[reg] = 0;
    if (!is_live(c, r) || (c->where[r].place != IN_REG) || c->where[r].n != reg)
        return;
    if (given_up(c, r))
        return;
    for (int force = 0; force < 2; force++)
        for (unsigned i = 0; i < sizeof order; i++) {
            unsigned to = order[i];
            IrRef in = c->in_reg[to];
            if (avoid & 1u << to || c->locked & 1u << to || (is_live(c, in) && !(force && given_up(c, in))))
                continue;
            asm_mov(&c->a, true, to, reg);
            place_reg(c, r, to);
            return;
        }
    put_in_spill(c, r, reg);
}

static void vmove_out(Comp *c, unsigned reg, uint32_t avoid)
{
    IrRef r = c->in_vreg[reg];
    c->in_vreg[reg] = 0;
    if (!is_live(c, r) || c->where[r].place != IN_VREG || c->where[r].n != reg || given_up(c, r))
        return;
    for (unsigned to = FIRST_VTEMP; to < 14; to++)
        if (to != reg && !(avoid & 1u << to) && !(c->vlocked & 1u << to) && !is_live(c, c->in_vreg[to])) {
            asm_vmov(&c->a, to, reg);
            place_vreg(c, r, to);
            return;
        }
    unsigned k = new_spill(c);
    asm_vstore(&c->a, 16, reg, spill_rm(c, k));
    c->where[r] = (Where){ .place = IN_SPILL, .n = (uint8_t)k };
}

void take(Comp *c, unsigned reg)
{
    if (c->in_reg[reg])
        move_out(c, reg, 1u << reg);
    c->locked |= 1u << reg;
}

/* Which of two values to take a register from: one that needs no store, then the one that is needed longest. */
static bool cheaper(const Comp *c, IrRef a, IrRef b)
{
    bool free_a = c->where[a].backed || c->ir->insn[a].op == IR_const;
    bool free_b = c->where[b].backed || c->ir->insn[b].op == IR_const;
    return free_a != free_b ? free_a : c->live.of[a].last > c->live.of[b].last;
}

/* One that is neither taken nor holds a live value. */
static inline unsigned idle(const Comp *c)
{
    for (unsigned i = 0; i < sizeof order; i++)
        if (!(c->locked & 1u << order[i]) && !is_live(c, c->in_reg[order[i]]))
            return order[i];
    return NO_REG;
}

static __attribute__((noinline)) unsigned make_idle(Comp *c)
{
    unsigned best = NO_REG;
    for (unsigned i = 0; i < sizeof order; i++) {
        unsigned reg = order[i];
        if (c->locked & 1u << reg)
            continue;
        if (best == NO_REG || cheaper(c, c->in_reg[reg], c->in_reg[best]))
            best = reg;
    }
    if (best == NO_REG) { /* the unit is discarded: it is tried again smaller, and interpreted if even that fails */
        c->a.full = true;
        return RDX;
    }
    take(c, best);
    return best;
}

static inline unsigned scratch_now(Comp *c)
{
    unsigned reg = idle(c);
    if (reg == NO_REG)
        return make_idle(c);
    c->in_reg[reg] = 0;
    c->locked |= 1u << reg;
    return reg;
}

unsigned scratch(Comp *c)
{
    return scratch_now(c);
}

/* Neither takes the other's place for what it holds. */
void take_rax_rcx(Comp *c)
{
    if (is_live(c, c->in_reg[RAX]))
        move_out(c, RAX, 1u << RAX | 1u << RCX);
    if (is_live(c, c->in_reg[RCX]))
        move_out(c, RCX, 1u << RAX | 1u << RCX);
    c->in_reg[RAX] = c->in_reg[RCX] = 0;
    c->locked |= 1u << RAX | 1u << RCX;
}

unsigned vscratch(Comp *c)
{
    unsigned best = NO_REG;
    for (unsigned reg = FIRST_VTEMP; reg < 14; reg++) {
        if (c->vlocked & 1u << reg)
            continue;
        if (!is_live(c, c->in_vreg[reg])) {
            best = reg;
            break;
        }
        if (best == NO_REG || cheaper(c, c->in_vreg[reg], c->in_vreg[best]))
            best = reg;
    }
    if (best == NO_REG) {
        c->a.full = true;
        return FIRST_VTEMP;
    }
    if (c->in_vreg[best])
        vmove_out(c, best, 1u << best);
    c->vlocked |= 1u << best;
    return best;
}

static int value_bytes(const Comp *c, IrRef r)
{
    int bits = ir_bits(ir_result(&c->ir->insn[r]));
    return bits / 8;
}

/* From the middle of a pinned register, without touching flags. */
static void pinned_byte(Comp *c, unsigned reg, Where w)
{
    if (host_cpu.bmi2) { /* rorx */
        asm_rorx(&c->a, true, reg, c->pin_of[w.of], 8u * w.offset);
        return;
    }
    asm_store(&c->a, 8, c->pin_of[w.of], slot_rm(c, w.of, 0));
    asm_load(&c->a, 1, false, reg, slot_rm(c, w.of, w.offset));
}

/* Loads the value into this register, wherever it is. Keeps host flags unless the value itself is made of flags. */
void load_into(Comp *c, IrRef r, unsigned reg)
{
    Where w = c->where[r];
    const IrInsn *i = insn_of(c, r);
    if (i->op == IR_const) {
        asm_mov_imm(&c->a, reg, i->imm);
        return;
    }
    switch ((Place)w.place) {
    case IN_REG:
        asm_mov(&c->a, true, reg, w.n);
        break;
    case IN_PIN:
        if (slot_is_vector(c, w.of))
            asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, i->type != I32, false }, c->pin_of[w.of], rm_reg(reg),
                     0); /* movq or movd reg, xmm */
        else if (w.offset)
            pinned_byte(c, reg, w);
        else /* 32 bits get zeros above, as everywhere */
            asm_mov(&c->a, i->type != I32, reg, c->pin_of[w.of]);
        break;
    case IN_SLOT: {
        int bytes = i->type == T_FLAGS ? FLAG_BYTES : value_bytes(c, r);
        if (bytes >= 4)
            asm_rbp(&c->a, 0x8b, bytes == 8, reg, slot_disp(c, w.of) + w.offset);
        else
            asm_load(&c->a, bytes, false, reg, slot_rm(c, w.of, w.offset));
        break;
    }
    case IN_SPILL:
        asm_load(&c->a, 8, false, reg, spill_rm(c, w.n));
        break;
    default:
        assert(!"value is nowhere");
    }
}

static void spill_free(Comp *c, IrRef r)
{
    Where w = c->where[r];
    if (w.backed == BACKED_SPILL) {
        c->spills &= ~(1ull << w.of);
        c->where[r].backed = NOT_BACKED;
    }
}

/* Whether the register of an I32 value is known to have zeros above: 32-bit instructions clear them. */
bool zero_above(const Comp *c, IrRef v)
{
    static const bool clears[IR_OPS] = {
        [IR_add] = true,  [IR_sub] = true,  [IR_mul] = true,    [IR_neg] = true,   [IR_and] = true,   [IR_or] = true,
        [IR_xor] = true,  [IR_andn] = true, [IR_not] = true,    [IR_shl] = true,   [IR_shr] = true,   [IR_sar] = true,
        [IR_rotr] = true, [IR_adc] = true,  [IR_sbb] = true,    [IR_mulhu] = true, [IR_divu] = true,  [IR_divs] = true,
        [IR_clz] = true,  [IR_ctz] = true,  [IR_popcnt] = true, [IR_rbit] = true,  [IR_bswap] = true, [IR_zext] = true,
        [IR_sext] = true, [IR_pick] = true, [IR_load] = true,
    };
    const IrInsn *i = &c->ir->insn[v];
    Where w = c->where[v];
    if (i->type != I32)
        return i->type == I64 && i->op == IR_zext && i->imm <= 32 && w.place == IN_REG;
    if (i->op == IR_get)
        return w.place == IN_REG; /* load_into() cleared them */
    return clears[i->op] && (w.place == IN_REG || (w.place == IN_PIN && !slot_is_vector(c, w.of) && !w.offset));
}

/* From here on, z stands for v: their registers are equal. False, and nothing done, if some user of v looks at types.
 */
bool stand_in(Comp *c, IrRef z, IrRef v)
{
    uint32_t last = c->live.of[v].last;
    if (c->live.of[v].late)
        return false;
    for (uint32_t k = c->at + 1; k <= last; k++) {
        const IrInsn *i = insn_of(c, (IrRef)k);
        bool uses = false;
        for (int n = 0; n < ir_args((IrOp)i->op); n++)
            uses |= i->arg[n] == v;
        if (uses && !(i->op >= IR_add && i->op <= IR_abs && !ir_in_vector_reg(i->type)) && i->op != IR_put &&
            i->op != IR_load && i->op != IR_store)
            return false;
    }
    for (uint32_t k = c->at + 1; k <= last; k++) {
        IrInsn *i = insn_of(c, (IrRef)k);
        for (int n = 0; n < ir_args((IrOp)i->op); n++)
            if (i->arg[n] == v) {
                i->arg[n] = z;
                c->live.of[z].uses++;
            }
    }
    if (c->live.of[z].last < last)
        c->live.of[z].last = (IrRef)last;
    c->live.of[v].last = (IrRef)c->at;
    return true;
}

static __attribute__((noinline)) unsigned use_elsewhere(Comp *c, IrRef r)
{
    Where w = c->where[r];
    if (!is_const(c, r)) {
        if (w.place == IN_HOST || w.place == AS_COND || w.place == AS_CMC || (w.place == IN_SLOT && w.flip)) {
            unsigned reg = ir_result(insn_of(c, r)) == T_FLAGS ? flags_as_int(c, r) : 0;
            if (ir_result(insn_of(c, r)) != T_FLAGS) {
                bool known = false, value = false;
                Cc cc = condition(c, r, &known, &value);
                reg = scratch(c);
                asm_op8(&c->a, (Enc){ 0, 1, (uint8_t)(0x90 | cc), 0, 0, false, false }, 0, rm_reg(reg), 0);
                asm_load(&c->a, 1, false, reg, rm_reg(reg));
            }
            if (c->host == r)
                c->host = 0;
            place_reg(c, r, reg);
            c->locked |= 1u << reg;
            return reg;
        }
        if (w.place == IN_REG) {
            c->locked |= 1u << w.n;
            return w.n;
        }
        if (w.place == IN_PIN && !slot_is_vector(c, w.of) && !w.offset)
            return c->pin_of[w.of];
    }
    if (w.place == IN_REG && is_const(c, r) && c->in_reg[w.n] == r) {
        c->locked |= 1u << w.n;
        return w.n;
    }
    unsigned reg = scratch(c);
    load_into(c, r, reg);
    place_reg(c, r, reg);
    return reg;
}

/* Mostly from the memory of a slot. */
unsigned use_moved(Comp *c, IrRef r)
{
    Where w = c->where[r];
    const IrInsn *i = insn_of(c, r);
    if (w.place != IN_SLOT || w.flip || i->op != IR_get || (i->type != I64 && i->type != I32))
        return use_elsewhere(c, r);
    unsigned reg = scratch_now(c);
    asm_rbp(&c->a, 0x8b, i->type == I64, reg, slot_disp(c, w.of) + w.offset);
    c->where[r] = (Where){ .place = IN_REG, .n = (uint8_t)reg, .of = w.of, .offset = w.offset, .backed = BACKED };
    c->in_reg[reg] = r;
    return reg;
}

/* For what is used after a condition was brought into the flags, which may need rax and rcx. */
unsigned use_beside_rax(Comp *c, IrRef r)
{
    unsigned reg = use(c, r);
    if (reg != RAX && reg != RCX)
        return reg;
    uint32_t locked = c->locked & ~(1u << reg);
    c->locked |= 1u << RAX | 1u << RCX;
    unsigned to = scratch(c);
    asm_mov(&c->a, true, to, reg);
    if (c->in_reg[reg] == r)
        c->in_reg[reg] = 0;
    c->locked = locked | 1u << to;
    place_reg(c, r, to);
    return to;
}

Rm operand(Comp *c, IrRef r, int bytes)
{
    Where w = c->where[r];
    if (!is_const(c, r) && w.place == IN_SLOT && !w.flip && value_bytes(c, r) >= bytes && !needed_later(c, r))
        return slot_rm(c, w.of, w.offset);
    if (!is_const(c, r) && w.place == IN_SPILL && !needed_later(c, r))
        return spill_rm(c, w.n);
    return rm_reg(use(c, r));
}

unsigned use_in(Comp *c, IrRef r, unsigned reg)
{
    Where w = c->where[r];
    if (!is_const(c, r) && w.place == IN_REG && w.n == reg) {
        if (needed_later(c, r)) {
            move_out(c, reg, 1u << reg);
            /* move_out copies; the register still holds the bits */
        }
        c->in_reg[reg] = 0;
        c->locked |= 1u << reg;
        return reg;
    }
    if (!is_const(c, r) &&
        (w.place == IN_HOST || w.place == AS_COND || w.place == AS_CMC || (w.place == IN_SLOT && w.flip))) {
        unsigned from = use(c, r);
        if (from == reg)
            return use_in(c, r, reg);
    }
    take(c, reg);
    load_into(c, r, reg);
    return reg;
}

void release(Comp *c, IrRef r)
{
    Where w = c->where[r];
    if (needed_later(c, r))
        return;
    spill_free(c, r);
    if (w.place == IN_REG && c->in_reg[w.n] == r) {
        c->in_reg[w.n] = 0;
        c->locked &= ~(1u << w.n);
    } else if (w.place == IN_VREG && c->in_vreg[w.n] == r) {
        c->in_vreg[w.n] = 0;
        c->vlocked &= ~(1u << w.n);
    }
}

/* The pinned register that the current op's value will be put to, if nothing still needs what it holds now. */
static inline unsigned hinted(Comp *c, bool vector, bool zero_above)
{
    IrRef put = c->live.of[c->at].put;
    const IrInsn *p = insn_of(c, put);
    unsigned slot = ir_slot(p->imm);
    if (!put || c->pin_of[slot] == NO_REG || ir_slot_offset(p->imm) || slot_is_vector(c, slot) != vector)
        return NO_REG;
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    IrType t = ir_result(i);
    if (vector ? t != p->type || (ir_bits(t) != 128 && !(zero_above && p->imm & IR_ZEXT))
               : t != p->type || !(t == I64 || (t == I32 && p->imm & IR_ZEXT)))
        return NO_REG;
    for (int k = 0; k < 4; k++) {
        IrRef r = c->holder[slot][k];
        if (r && c->live.of[r].last > c->at && (c->where[r].place == IN_PIN && c->where[r].of == slot))
            return NO_REG;
    }
    return slot;
}

static __attribute__((noinline)) bool define_pin(Comp *c, unsigned *reg)
{
    unsigned slot = hinted(c, false, false);
    if (slot == NO_REG)
        return false;
    memset(c->holder[slot], 0, sizeof c->holder[slot]);
    hold(c, slot, (IrRef)c->at);
    *reg = c->pin_of[slot];
    return true;
}

/* A temporary that this argument gives up. */
static inline bool inherits(const Comp *c, IrRef prefer)
{
    Where w = c->where[prefer];
    if (w.place != IN_REG || needed_later(c, prefer) || c->ir->insn[prefer].op == IR_const)
        return false;
    return c->in_reg[w.n] == prefer || !is_live(c, c->in_reg[w.n]);
}

unsigned define(Comp *c, IrRef prefer)
{
    IrRef r = (IrRef)c->at, put = c->live.of[r].put;
    unsigned reg;
    if (put && c->pin_of[ir_slot(insn_of(c, put)->imm)] != NO_REG && define_pin(c, &reg))
        return reg;
    if (prefer && inherits(c, prefer)) {
        reg = c->where[prefer].n;
        c->locked |= 1u << reg;
    } else {
        reg = scratch_now(c);
    }
    c->where[r] = (Where){ .place = IN_REG, .n = (uint8_t)reg };
    c->in_reg[reg] = r;
    return reg;
}

void result_stays(Comp *c, unsigned reg, bool vector)
{
    if (vector)
        place_vreg(c, (IrRef)c->at, reg);
    else
        place_reg(c, (IrRef)c->at, reg);
}

void result_in(Comp *c, unsigned reg)
{
    unsigned slot = hinted(c, false, false);
    if (slot == NO_REG) {
        place_reg(c, (IrRef)c->at, reg);
        return;
    }
    memset(c->holder[slot], 0, sizeof c->holder[slot]);
    hold(c, slot, (IrRef)c->at);
    asm_mov(&c->a, true, c->pin_of[slot], reg);
}

unsigned vdefine(Comp *c, bool zero_above)
{
    IrRef r = (IrRef)c->at;
    unsigned slot = hinted(c, true, zero_above);
    if (slot != NO_REG) {
        memset(c->holder[slot], 0, sizeof c->holder[slot]);
        hold(c, slot, r);
        return c->pin_of[slot];
    }
    unsigned reg = vscratch(c);
    place_vreg(c, r, reg);
    return reg;
}

static const Enc MOVQ_FROM_GPR = { 0x66, 1, 0x6e, 8, 0, true, false }, PSRLDQ = { 0x66, 1, 0x73, 3, 1, false, false };

static void shift_down(Comp *c, unsigned dst, unsigned src, unsigned bytes)
{
    if (c->a.avx) {
        asm_vex(&c->a, PSRLDQ, false, 3, dst, rm_reg(src), bytes);
        return;
    }
    asm_vmov(&c->a, dst, src);
    asm_op(&c->a, PSRLDQ, false, 3, rm_reg(dst), bytes);
}

/* When the shared pool is full. */
static void build_wide(Comp *c, unsigned reg, uint64_t lo, uint64_t hi)
{
    unsigned t = scratch(c);
    asm_mov_imm(&c->a, t, lo);
    asm_vec2(&c->a, MOVQ_FROM_GPR, reg, rm_reg(t), 0);
    asm_mov_imm(&c->a, t, hi);
    asm_vec(&c->a, (Enc){ 0x66, 3, 0x22, 8, 1, true, false }, reg, reg, rm_reg(t), 1); /* pinsrq */
}

static void vload_into(Comp *c, IrRef r, unsigned reg)
{
    Where w = c->where[r];
    const IrInsn *i = insn_of(c, r);
    int bytes = value_bytes(c, r);
    if (i->op == IR_vconst) {
        const struct IrWide *v = &c->ir->pool[i->imm];
        if (!v->lo && !v->hi) {
            asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, reg, reg, rm_reg(reg), 0);
            return;
        }
        const uint8_t *at = pool_guest_const(v->lo, v->hi);
        if (at)
            asm_vload(&c->a, 16, reg, rm_pool(at));
        else
            build_wide(c, reg, v->lo, v->hi);
        return;
    }
    switch ((Place)w.place) {
    case IN_VREG:
        asm_vmov(&c->a, reg, w.n);
        break;
    case IN_PIN:
        if (!slot_is_vector(c, w.of))
            asm_vec2(&c->a, MOVQ_FROM_GPR, reg, rm_reg(c->pin_of[w.of]), 0);
        else if (w.offset)
            shift_down(c, reg, c->pin_of[w.of], w.offset);
        else
            asm_vmov(&c->a, reg, c->pin_of[w.of]);
        break;
    case IN_SLOT:
        asm_vload(&c->a, bytes, reg, slot_rm(c, w.of, w.offset));
        break;
    case IN_SPILL:
        asm_vload(&c->a, 16, reg, spill_rm(c, w.n));
        break;
    default:
        assert(!"vector value is nowhere");
    }
}

unsigned vuse(Comp *c, IrRef r)
{
    Where w = c->where[r];
    if (w.place == IN_VREG && c->in_vreg[w.n] == r) {
        c->vlocked |= 1u << w.n;
        return w.n;
    }
    if (w.place == IN_PIN && slot_is_vector(c, w.of) && !w.offset)
        return c->pin_of[w.of];
    unsigned reg = vscratch(c);
    vload_into(c, r, reg);
    place_vreg(c, r, reg);
    return reg;
}

void vuse_in(Comp *c, IrRef r, unsigned reg)
{
    vload_into(c, r, reg);
}

Rm voperand(Comp *c, IrRef r, int bytes)
{
    Where w = c->where[r];
    if (insn_of(c, r)->op == IR_vconst && bytes == 16) {
        const uint8_t *at = pool_guest_const(c->ir->pool[insn_of(c, r)->imm].lo, c->ir->pool[insn_of(c, r)->imm].hi);
        if (at)
            return rm_pool(at);
    }
    if (w.place == IN_SLOT && value_bytes(c, r) >= bytes && !needed_later(c, r) && c->ir->slots[w.of].size == 16 &&
        (bytes < 16 || !w.offset))
        return slot_rm(c, w.of, w.offset);
    return rm_reg(vuse(c, r));
}

void evict_temps(Comp *c, uint32_t regs, uint32_t vregs)
{
    for (unsigned reg = 0; reg < 16; reg++) {
        IrRef r = c->in_reg[reg];
        if (!(regs >> reg & 1) || !r)
            continue;
        c->in_reg[reg] = 0;
        if (!needed_later(c, r) || !c->live.of[r].uses || c->where[r].place != IN_REG || c->where[r].n != reg ||
            given_up(c, r))
            continue;
        unsigned k = new_spill(c);
        asm_store(&c->a, 8, reg, spill_rm(c, k));
        c->where[r] = (Where){ .place = IN_SPILL, .n = (uint8_t)k };
    }
    for (unsigned reg = FIRST_VTEMP; reg < 14; reg++) {
        IrRef r = c->in_vreg[reg];
        if (!(vregs >> reg & 1) || !r)
            continue;
        c->in_vreg[reg] = 0;
        if (!needed_later(c, r) || !c->live.of[r].uses || c->where[r].place != IN_VREG || c->where[r].n != reg ||
            given_up(c, r))
            continue;
        unsigned k = new_spill(c);
        asm_vstore(&c->a, 16, reg, spill_rm(c, k));
        c->where[r] = (Where){ .place = IN_SPILL, .n = (uint8_t)k };
    }
}

static bool lives_in(const Comp *c, IrRef r, unsigned slot)
{
    Where w = c->where[r];
    bool in_memory = w.backed == BACKED || w.backed == BACKED_WHOLE;
    return (w.place == IN_PIN || w.place == IN_SLOT || in_memory) && w.of == slot;
}

bool add_another_holder(Comp *c, unsigned slot, IrRef r)
{
    IrRef *h = c->holder[slot];
    int k = 0;
    while (k < 4 && h[k] && h[k] != r && needed_later(c, h[k]) && lives_in(c, h[k], slot))
        k++;
    if (k == 4)
        return false;
    h[k] = r;
    c->held[slot / 64] |= 1ull << slot % 64;
    return true;
}

bool hold(Comp *c, unsigned slot, IrRef r)
{
    if (!add_holder(c, slot, r))
        return false;
    c->where[r] = (Where){ .place = c->pin_of[slot] != NO_REG ? IN_PIN : IN_SLOT, .of = (uint16_t)slot };
    return true;
}

void back(Comp *c, unsigned slot, IrRef r, Backed how)
{
    if (add_holder(c, slot, r)) {
        spill_free(c, r);
        c->where[r].backed = (uint8_t)how;
        c->where[r].of = (uint16_t)slot;
        c->where[r].offset = 0;
    }
}

void forget_held_slot(Comp *c, unsigned slot)
{
    IrRef *h = c->holder[slot];
    uint64_t any;
    memcpy(&any, h, sizeof any);
    for (int k = 0; any; any >>= 16, k++) {
        IrRef r = (IrRef)any;
        h[k] = 0;
        if (!r || !needed_later(c, r) || !c->live.of[r].uses)
            continue;
        if (!lives_in(c, r, slot))
            continue;
        if (c->where[r].backed) {
            c->where[r].backed = NOT_BACKED;
            continue;
        }
        if (ir_in_vector_reg(ir_result(insn_of(c, r)))) {
            unsigned reg = vscratch(c);
            vload_into(c, r, reg);
            place_vreg(c, r, reg);
        } else {
            unsigned reg = scratch(c);
            load_into(c, r, reg);
            place_reg(c, r, reg);
        }
        c->where[r].backed = NOT_BACKED;
    }
    if (c->host_slot == slot)
        c->host_slot = NO_SLOT;
}

/* What one slot's values took may be given to the next one's: then those go to the stack. */
void forget_all_slots(Comp *c)
{
    uint32_t locked = c->locked, vlocked = c->vlocked;
    for (unsigned w = 0; w < sizeof c->held / 8; w++)
        for (; c->held[w]; c->held[w] &= c->held[w] - 1) {
            forget_slot(c, w * 64 + (unsigned)__builtin_ctzll(c->held[w]));
            c->locked = locked;
            c->vlocked = vlocked;
        }
}

/* Nothing is carried over a label: every path that comes here left the slots up to date. */
void allocator_label(Comp *c)
{
    memset(c->in_reg, 0, sizeof c->in_reg);
    memset(c->in_vreg, 0, sizeof c->in_vreg);
    for (unsigned w = 0; w < sizeof c->held / 8; w++)
        for (; c->held[w]; c->held[w] &= c->held[w] - 1)
            memset(c->holder[w * 64 + (unsigned)__builtin_ctzll(c->held[w])], 0, sizeof c->holder[0]);
    c->spills = KEPT_SPILLS;
    c->where[SPAN].place = NOWHERE;
    c->host = 0;
    c->host_slot = NO_SLOT;
}
