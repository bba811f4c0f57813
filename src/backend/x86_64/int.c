/* Integer ops in general registers. */
#include "backend/x86_64/int.h"

#include <assert.h>

static unsigned alu_number(IrOp op)
{
    switch (op) {
    case IR_add:
        return ALU_ADD;
    case IR_sub:
        return ALU_SUB;
    case IR_and:
        return ALU_AND;
    case IR_or:
        return ALU_OR;
    case IR_xor:
        return ALU_XOR;
    case IR_adc:
        return ALU_ADC;
    default:
        return ALU_SBB;
    }
}

/* After an instruction that set the flags this op's IR_flags will name. */
static void mark_flags(Comp *c)
{
    c->host = (IrRef)c->at;
    c->host_slot = NO_SLOT;
}

/* cmp or test: only the flags are wanted. */
static void flags_only(Comp *c, const IrInsn *i)
{
    int bytes = ir_bits(i->type) / 8;
    int32_t value;
    if (fits_imm(c, i->arg[1], &value)) {
        Rm a = operand(c, i->arg[0], bytes);
        clobber_flags(c);
        if (i->op == IR_sub && !value && a.kind == RM_REG)
            asm_test_bytes(&c->a, bytes, a.base, a);
        else if (i->op == IR_sub)
            asm_alu_imm_bytes(&c->a, ALU_CMP, bytes, a, value);
        else
            asm_test_imm_bytes(&c->a, bytes, a, value);
    } else {
        unsigned a = use(c, i->arg[0]);
        Rm b = operand(c, i->arg[1], bytes);
        clobber_flags(c);
        if (i->op == IR_sub)
            asm_alu_bytes(&c->a, ALU_CMP, bytes, a, b);
        else
            asm_test_bytes(&c->a, bytes, a, b);
    }
    mark_flags(c);
}

/* add of two registers, or a register and a constant, whose flags nobody wants. */
static void add_shifted(Comp *c, const IrInsn *i, IrRef shifted, IrRef other)
{
    Where s = c->where[shifted];
    int32_t value;
    bool imm = fits_imm(c, other, &value);
    unsigned x = use(c, s.of), base = imm ? NO_REG : use(c, other);
    release(c, s.of);
    if (!imm)
        release(c, other);
    unsigned dst = define(c, s.of);
    asm_lea(&c->a, wide(i), dst, rm_index(base, x, s.n, imm ? value : 0));
}

/* A shift whose only user is an add that can do it by the way. */
static bool left_to_add(Comp *c, const IrInsn *i, unsigned count)
{
    IrRef r = (IrRef)c->at, last = c->live.of[r].last;
    const IrInsn *user = insn_of(c, last);
    if (i->op != IR_shl || c->live.of[r].late || ir_bits(i->type) < 32 || !count || count > 3 ||
        c->live.of[r].uses != 1 || user->op != IR_add || user->type != i->type || (i->type != I64 && last != r + 1) ||
        is_const(c, i->arg[0]) || flags_wanted(c, last))
        return false;
    IrRef other = user->arg[user->arg[0] == r];
    if (other > r && insn_of(c, other)->op == IR_shl && c->live.of[other].uses == 1)
        return false;
    c->where[r] = (Where){ .place = AS_SHL, .n = (uint8_t)count, .of = i->arg[0] };
    if (c->live.of[i->arg[0]].last < last)
        c->live.of[i->arg[0]].last = last;
    return true;
}

static void add_by_lea(Comp *c, const IrInsn *i)
{
    for (int k = 0; k < 2; k++)
        if (c->where[i->arg[k]].place == AS_SHL && !is_const(c, i->arg[k])) {
            add_shifted(c, i, i->arg[k], i->arg[!k]);
            return;
        }
    int32_t value;
    unsigned a = use(c, i->arg[0]);
    bool imm = fits_imm(c, i->arg[1], &value);
    if (!imm) {
        Where wb = c->where[i->arg[1]];
        bool in_memory = !is_const(c, i->arg[1]) && (wb.place == IN_SLOT || wb.place == IN_SPILL);
        if (in_memory && !needed_later(c, i->arg[1])) { /* mov dst, a; add dst, [b] */
            Rm b = operand(c, i->arg[1], wide(i) ? 8 : 4);
            clobber_flags(c);
            release(c, i->arg[0]);
            unsigned dst = define(c, i->arg[0]);
            if (dst != a)
                asm_mov(&c->a, wide(i), dst, a);
            asm_alu(&c->a, ALU_ADD, wide(i), dst, b);
            return;
        }
        unsigned b = use(c, i->arg[1]);
        release(c, i->arg[0]);
        release(c, i->arg[1]);
        c->locked |= 1u << a | 1u << b;
        unsigned dst = define(c, i->arg[0]);
        if (dst == a || dst == b) {
            clobber_flags(c);
            asm_alu(&c->a, ALU_ADD, wide(i), dst, rm_reg(dst == a ? b : a));
        } else {
            asm_lea(&c->a, wide(i), dst, rm_index(a, b, 0, 0));
        }
        return;
    }
    release(c, i->arg[0]);
    unsigned dst = define(c, i->arg[0]);
    if (dst == a && !c->host) {
        asm_alu_imm(&c->a, ALU_ADD, wide(i), rm_reg(dst), value);
        return;
    }
    asm_lea(&c->a, wide(i), dst, rm_mem(a, value));
}

/* The carry of adc and the borrow of sbb into host CF. The op overwrites the flags that are there now: if they are
 * needed later they are saved first, unless a slot has them. */
static void carry_in(Comp *c, IrRef bit)
{
    bool known, value;
    if (c->host && needed_later(c, c->host) && c->host_slot == NO_SLOT)
        clobber_flags(c);
    Cc cc = condition(c, bit, &known, &value);
    if (known) {
        put8(&c->a, value ? 0xf9 : 0xf8); /* stc, clc */
    } else if (cc == CC_AE) {
        put8(&c->a, 0xf5); /* cmc */
    } else if (cc != CC_B) {
        unsigned t = scratch(c);
        asm_op8(&c->a, (Enc){ 0, 1, (uint8_t)(0x90 | cc), 0, 0, false, false }, 0, rm_reg(t), 0);
        asm_op8(&c->a, (Enc){ 0, 0, 0x80, 0, 1, false, false }, 0, rm_reg(t), 0xff); /* add t, 0xff: carry if t was 1 */
        c->locked &= ~(1u << t);
    }
    clobber_flags(c);
}

static void alu(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i), flags = wants_flags(c), with_carry = i->op == IR_adc || i->op == IR_sbb;
    int bytes = flags || w ? ir_bits(i->type) / 8 : 4; /* where only the value counts, 32 bits are as good as 8 or 16 */
    if (flags && c->live.of[c->at].uses == 1 && (i->op == IR_sub || i->op == IR_and)) {
        flags_only(c, i);
        return;
    }
    if (!flags && i->op == IR_add) {
        add_by_lea(c, i);
        return;
    }
    if (!flags && i->op == IR_and && left_to_compare(c, i))
        return;
    IrRef a = i->arg[0], b = i->arg[1];
    int32_t value = 0;
    bool imm = fits_imm(c, b, &value);
    if (i->op == IR_sub && !imm && is_const(c, a) && insn_of(c, a)->imm == 0 && !flags) { /* 0 - b */
        unsigned y = use(c, b);
        clobber_flags(c);
        release(c, b);
        unsigned dst = define(c, b);
        if (dst != y)
            asm_mov(&c->a, w, dst, y);
        asm_op(&c->a, *enc_int(IR_neg), w, 0, rm_reg(dst), 0);
        return;
    }
    unsigned x = with_carry ? use_beside_rax(c, a) : use(c, a);
    Rm y = imm ? rm_reg(0) : with_carry ? rm_reg(use_beside_rax(c, b)) : operand(c, b, bytes);
    if (with_carry)
        carry_in(c, i->arg[2]);
    else
        clobber_flags(c);
    if (imm && !flags && i->op == IR_and && (value == 0xff || value == 0xffff)) {
        release(c, a);
        asm_load(&c->a, value == 0xff ? 1 : 2, false, define(c, a), rm_reg(x));
        return;
    }
    bool comm = ir_effects((IrOp)i->op) & COMM || i->op == IR_adc;
    bool into_b = comm && !imm && y.kind == RM_REG && c->where[b].place == IN_REG && !needed_later(c, b) &&
                  (c->where[a].place != IN_REG || needed_later(c, a));
    release(c, a);
    if (into_b)
        release(c, b);
    c->locked |= 1u << x;
    unsigned dst = define(c, into_b ? b : a);
    if (!imm && y.kind == RM_REG && y.base == dst && x != dst) {
        if (comm) {
            asm_alu_bytes(&c->a, alu_number((IrOp)i->op), bytes, dst, rm_reg(x));
        } else { /* dst = x - dst, in place of the second operand: through a scratch */
            unsigned t = scratch(c);
            asm_mov(&c->a, w, t, x);
            asm_alu_bytes(&c->a, alu_number((IrOp)i->op), bytes, t, y);
            asm_mov(&c->a, w, dst, t);
        }
    } else {
        if (dst != x)
            asm_mov(&c->a, w, dst, x);
        if (imm)
            asm_alu_imm_bytes(&c->a, alu_number((IrOp)i->op), bytes, rm_reg(dst), value);
        else
            asm_alu_bytes(&c->a, alu_number((IrOp)i->op), bytes, dst, y);
    }
    if (flags)
        mark_flags(c);
}

static void unary(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    unsigned x = use(c, i->arg[0]);
    if (i->op == IR_neg)
        clobber_flags(c);
    release(c, i->arg[0]);
    unsigned dst = define(c, i->arg[0]);
    if (dst != x)
        asm_mov(&c->a, wide(i), dst, x);
    asm_op(&c->a, *enc_int((IrOp)i->op), wide(i), 0, rm_reg(dst), 0);
}

static void and_not(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    unsigned x = use(c, i->arg[0]), y = use(c, i->arg[1]), t = scratch(c);
    clobber_flags(c);
    if (host_cpu.bmi2) { /* andn t, y, x */
        asm_vex(&c->a, (Enc){ 0, 2, 0xf2, 8, 0, w, true }, false, t, y, rm_reg(x), 0);
    } else {
        asm_mov(&c->a, w, t, y);
        asm_op(&c->a, *enc_int(IR_not), w, 0, rm_reg(t), 0);
        asm_alu(&c->a, ALU_AND, w, t, rm_reg(x));
    }
    result_in(c, t);
}

/* Where flags are wanted, or bits must come in at the top of 8 or 16: in the op's own width. */
static void shift_in_width(Comp *c, const IrInsn *i, bool flags)
{
    int bits = ir_bits(i->type);
    unsigned count = (unsigned)insn_of(c, i->arg[1])->imm & ((unsigned)bits - 1);
    unsigned x = use(c, i->arg[0]);
    clobber_flags(c);
    release(c, i->arg[0]);
    c->locked |= 1u << x;
    unsigned dst = define(c, i->arg[0]);
    if (dst != x)
        asm_mov(&c->a, bits == 64, dst, x);
    asm_shift_bytes(&c->a, enc_int((IrOp)i->op)->ext, bits / 8, dst, count);
    if (flags)
        mark_flags(c);
}

static void shift(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i), flags = wants_flags(c);
    if (is_const(c, i->arg[1]) && i->op != IR_rotr && (flags || (ir_bits(i->type) < 32 && i->op != IR_shl))) {
        shift_in_width(c, i, flags);
        return;
    }
    if (is_const(c, i->arg[1])) {
        unsigned count = (unsigned)insn_of(c, i->arg[1])->imm & (w ? 63 : 31);
        if (left_to_add(c, i, count))
            return;
        unsigned x = use(c, i->arg[0]);
        release(c, i->arg[0]);
        c->locked |= 1u << x;
        if (i->op == IR_rotr && host_cpu.bmi2) {
            unsigned dst = define(c, i->arg[0]); /* rorx keeps flags */
            asm_rorx(&c->a, w, dst, x, count);
            return;
        }
        clobber_flags(c);
        unsigned dst = define(c, i->arg[0]);
        if (i->op == IR_shl && count && count <= 3 && dst != x) { /* lea dst, [x * 2^count] */
            asm_lea(&c->a, w, dst, rm_index(NO_REG, x, count, 0));
            return;
        }
        if (dst != x)
            asm_mov(&c->a, w, dst, x);
        if (count)
            asm_op(&c->a, *enc_int((IrOp)i->op), w, 0, rm_reg(dst), count);
        else if (!w)
            asm_mov(&c->a, false, dst, dst);
        return;
    }
    if (host_cpu.bmi2 && i->op != IR_rotr) {
        static const uint8_t pp[] = { 0x66, 0xf2, 0xf3 };
        unsigned x = use(c, i->arg[0]), n = use(c, i->arg[1]);
        release(c, i->arg[0]);
        release(c, i->arg[1]);
        c->locked |= 1u << x | 1u << n;
        unsigned dst = define(c, i->arg[0]);
        asm_vex(&c->a, (Enc){ pp[i->op - IR_shl], 2, 0xf7, 8, 0, w, true }, false, dst, n, rm_reg(x), 0);
        return;
    }
    static const uint8_t ext[] = { 4, 5, 7, 1 };
    use_in(c, i->arg[1], RCX);
    unsigned t = use_in(c, i->arg[0], scratch(c));
    clobber_flags(c);
    asm_op(&c->a, (Enc){ 0, 0, 0xd3, ext[i->op - IR_shl], 0, false, false }, w, 0, rm_reg(t), 0);
    result_in(c, t);
}

static void extract_pair(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    assert(is_const(c, i->arg[2]));
    unsigned count = (unsigned)insn_of(c, i->arg[2])->imm & (w ? 63 : 31);
    unsigned hi = use(c, i->arg[0]), t = use_in(c, i->arg[1], scratch(c));
    clobber_flags(c);
    if (count)
        asm_op(&c->a, (Enc){ 0, 1, 0xac, 8, 1, false, false }, w, hi, rm_reg(t), count); /* shrd t, hi, count */
    result_in(c, t);
}

/* zext of an I32 whose register has zeros above already: the same register, under a new name. */
static bool already_extended(Comp *c, IrRef v)
{
    IrRef z = (IrRef)c->at;
    Where w = c->where[v];
    if (!zero_above(c, v) || insn_of(c, v)->type != I32 || is_const(c, v))
        return false;
    if (w.place == IN_PIN)
        return hold(c, w.of, z);
    if (c->in_reg[w.n] != v || (needed_later(c, v) && !stand_in(c, z, v)))
        return false;
    c->where[z] = w;
    if (w.backed == BACKED_WHOLE)
        back(c, w.of, z, BACKED_WHOLE);
    else if (w.backed == BACKED)
        c->where[z].backed = NOT_BACKED;
    c->in_reg[w.n] = z;
    return true;
}

static void extend(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    unsigned bits = (unsigned)i->imm;
    bool sign = i->op == IR_sext, w = wide(i);
    if (bits == 32 && !sign && w && already_extended(c, i->arg[0]))
        return;
    if (bits == 8 || bits == 16 || bits == 32) {
        Rm x = operand(c, i->arg[0], (int)bits / 8);
        release(c, i->arg[0]);
        unsigned dst = define(c, i->arg[0]);
        if (!sign)
            asm_load(&c->a, (int)bits / 8, false, dst, x);
        else if (w)
            asm_load(&c->a, (int)bits / 8, true, dst, x);
        else
            asm_op8(&c->a,
                    (Enc){ 0, bits == 32 ? 0 : 1,
                           bits == 8    ? 0xbe
                           : bits == 16 ? 0xbf
                                        : 0x8b,
                           8, 0, false, false },
                    dst, x, 0);
        return;
    }
    unsigned x = use(c, i->arg[0]);
    clobber_flags(c);
    release(c, i->arg[0]);
    c->locked |= 1u << x;
    unsigned dst = define(c, i->arg[0]);
    if (!sign && bits < 32 && !c->piece) { /* else code for another number would be different */
        if (dst != x)
            asm_mov(&c->a, false, dst, x);
        asm_alu_imm(&c->a, ALU_AND, false, rm_reg(dst), (int32_t)((1u << bits) - 1));
        return;
    }
    bool as64 = w || bits > 32;
    unsigned by = (as64 ? 64 : 32) - bits;
    if (dst != x)
        asm_mov(&c->a, as64, dst, x);
    asm_op(&c->a, (Enc){ 0, 0, 0xc1, 4, 1, false, false }, as64, 0, rm_reg(dst), by);
    asm_op(&c->a, (Enc){ 0, 0, 0xc1, sign ? 7 : 5, 1, false, false }, as64, 0, rm_reg(dst), by);
}

/* min, max, abs of scalars: compare and conditional move. */
static void min_max(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    static const uint8_t cc[] = { CC_A, CC_B, CC_G, CC_L }; /* replace a by b if a cc b: minu maxu mins maxs */
    bool w = wide(i);
    unsigned t = use_in(c, i->arg[0], scratch(c)), y = use(c, i->arg[1]);
    clobber_flags(c);
    asm_alu(&c->a, ALU_CMP, w, t, rm_reg(y));
    asm_op(&c->a, (Enc){ 0, 1, (uint8_t)(0x40 | cc[i->op - IR_minu]), 8, 0, false, false }, w, t, rm_reg(y), 0);
    result_in(c, t);
}

static void absolute(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    unsigned x = use(c, i->arg[0]), t = scratch(c);
    clobber_flags(c);
    asm_mov(&c->a, w, t, x);
    asm_op(&c->a, *enc_int(IR_neg), w, 0, rm_reg(t), 0);
    asm_op(&c->a, (Enc){ 0, 1, 0x48, 8, 0, false, false }, w, t, rm_reg(x), 0); /* cmovs t, x */
    result_in(c, t);
}

Emit *const int_op[IR_OPS] = {
    [IR_add] = alu,
    [IR_sub] = alu,
    [IR_and] = alu,
    [IR_or] = alu,
    [IR_xor] = alu,
    [IR_adc] = alu,
    [IR_sbb] = alu,
    [IR_mul] = op_mul,
    [IR_neg] = unary,
    [IR_not] = unary,
    [IR_andn] = and_not,
    [IR_shl] = shift,
    [IR_shr] = shift,
    [IR_sar] = shift,
    [IR_rotr] = shift,
    [IR_extr] = extract_pair,
    [IR_mulhu] = op_mul_high,
    [IR_mulhs] = op_mul_high,
    [IR_divu] = op_divide,
    [IR_divs] = op_divide,
    [IR_divwu] = op_divide_wide,
    [IR_clz] = op_count_zeros,
    [IR_ctz] = op_count_zeros,
    [IR_popcnt] = op_pop_count,
    [IR_rbit] = op_bit_reverse,
    [IR_bswap] = op_byte_swap,
    [IR_zext] = extend,
    [IR_sext] = extend,
    [IR_eq] = op_compare,
    [IR_ne] = op_compare,
    [IR_ltu] = op_compare,
    [IR_lts] = op_compare,
    [IR_leu] = op_compare,
    [IR_les] = op_compare,
    [IR_pick] = op_pick,
    [IR_minu] = min_max,
    [IR_maxu] = min_max,
    [IR_mins] = min_max,
    [IR_maxs] = min_max,
    [IR_abs] = absolute,
};
