/* Flags and conditions. The host instruction that computed a value leaves its flags; they are used from there as long
 * as nothing overwrites them, and saved in packed form (lahf; seto) only when something is about to. */
#include "backend/x86_64/comp.h"

#include <assert.h>

static const Enc SETO = { 0, 1, 0x90, 0, 0, false, false };

/* Ops that emit nothing may stand between. */
bool flags_wanted(Comp *c, uint32_t at)
{
    const IrInsn *next = &c->ir->insn[at + 1];
    for (uint32_t k = at + 1; k < c->ir->count && k < at + 8; k++, next++) {
        if (next->op == IR_flags && next->arg[0] == at)
            return c->live.of[k].uses;
        if (c->live.of[k].late && !c->live.of[k].uses)
            continue;
        if (next->op != IR_const && next->op != IR_get && next->op != IR_nop && next->op != IR_cond)
            return false;
    }
    return false;
}

void set_host_flags(Comp *c, IrRef r, unsigned cc)
{
    c->host = r;
    c->host_slot = NO_SLOT;
    c->where[r] = (Where){ .place = IN_HOST, .n = (uint8_t)cc };
}

static void complement_carry(Comp *c)
{
    put8(&c->a, 0xf5);
}

/* Packed form of what ucomis left: N less, Z equal, C less, V unordered, indexed by ah after lahf (ZF 40, PF 4, CF 1).
 */
static const uint8_t *fcmp_table(void)
{
    return thunks.pool;
}

/* The host flags' packed form in rax, which the caller has taken. Host flags stay, but C may get the value's polarity.
 */
static void pack(Comp *c)
{
    Where *w = &c->where[c->host];
    if (w->flip & FLIP_FP) {
        put8(&c->a, 0x9f);                                                                  /* lahf */
        asm_op(&c->a, (Enc){ 0, 1, 0xb6, 8, 0, false, false }, false, RAX, rm_reg(RSP), 0); /* movzx eax, ah */
        asm_mov_imm(&c->a, RCX, (uint64_t)(uintptr_t)fcmp_table());
        asm_load(&c->a, 2, false, RAX, rm_index(RCX, RAX, 1, 0));
        return;
    }
    if (w->flip & FLIP_C) {
        complement_carry(c);
        w->flip = 0;
    }
    put8(&c->a, 0x9f); /* lahf */
    asm_op8(&c->a, SETO, 0, rm_reg(RAX), 0);
}

/* The slot is a home of f: when the slot changes, f is moved out of it first. */
static void hold_flags(Comp *c, unsigned slot, IrRef f)
{
    Where w = c->where[f];
    hold(c, slot, f);
    c->where[f] = w;
}

/* To a register that is neither rax nor rcx, which pack() may use and which stay as they are, or to the stack. */
static void keep_and_pack(Comp *c, IrRef f)
{
    uint32_t locked = c->locked;
    c->locked |= 1u << RAX | 1u << RCX;
    unsigned to = temp_left(c) ? scratch(c) : NO_REG;
    c->locked = locked | (to == NO_REG ? 0 : 1u << to);
    asm_lea(&c->a, true, RSP, rm_mem(RSP, -16));
    c->pushed += 16;
    asm_store(&c->a, 8, RAX, rm_mem(RSP, 0));
    asm_store(&c->a, 8, RCX, rm_mem(RSP, 8));
    pack(c);
    if (to == NO_REG)
        put_in_spill(c, f, RAX);
    else
        asm_mov(&c->a, true, to, RAX);
    asm_load(&c->a, 8, false, RAX, rm_mem(RSP, 0));
    asm_load(&c->a, 8, false, RCX, rm_mem(RSP, 8));
    asm_lea(&c->a, true, RSP, rm_mem(RSP, 16));
    c->pushed -= 16;
    if (to == NO_REG)
        return;
    c->where[f] = (Where){ .place = IN_REG, .n = (uint8_t)to };
    c->in_reg[to] = f;
}

static void save_host(Comp *c)
{
    IrRef f = c->host;
    if (ir_result(insn_of(c, f)) != T_FLAGS) {
        unsigned reg = scratch(c), cc = c->where[f].n;
        asm_op8(&c->a, (Enc){ 0, 1, (uint8_t)(0x90 | cc), 0, 0, false, false }, 0, rm_reg(reg), 0);
        asm_load(&c->a, 1, false, reg, rm_reg(reg));
        c->where[f] = (Where){ .place = IN_REG, .n = (uint8_t)reg };
        c->in_reg[reg] = f;
        return;
    }
    if (c->host_slot != NO_SLOT) {
        c->where[f] = (Where){ .place = IN_SLOT, .of = c->host_slot, .flip = c->host_slot_cmc ? FLIP_C : 0 };
        hold_flags(c, c->host_slot, f);
        return;
    }
    if (c->locked & (1u << RAX | (c->where[f].flip & FLIP_FP ? 1u << RCX : 0))) { /* they are part of the current op */
        keep_and_pack(c, f);
        return;
    }
    take(c, RAX);
    if (c->where[f].flip & FLIP_FP)
        take(c, RCX);
    pack(c);
    c->where[f] = (Where){ .place = IN_REG, .n = RAX };
    c->in_reg[RAX] = f;
}

void clobber_host(Comp *c)
{
    IrRef f = c->host;
    uint32_t locked = c->locked;
    if (c->live.of[f].uses && c->live.of[f].last >= c->at && c->where[f].place == IN_HOST)
        save_host(c);
    c->locked = locked; /* the registers that were needed for it may be had */
    c->host = 0;
    c->host_slot = NO_SLOT;
}

/* rax = packed flags f. */
unsigned flags_as_int(Comp *c, IrRef f)
{
    Where w = c->where[f];
    if (w.place == AS_CMC) {
        IrRef of = w.of;
        if (c->where[of].place == IN_HOST && !(c->where[of].flip & FLIP_FP)) {
            take(c, RAX);
            c->where[of].flip ^= FLIP_C; /* pack() brings C into this polarity, which is the inverse of `of` */
            pack(c);
            c->where[of].flip ^= FLIP_C;
            return RAX;
        }
        use_in(c, of, RAX);
        clobber_flags(c);
        asm_alu_imm(&c->a, ALU_XOR, false, rm_reg(RAX), FLAG_C);
        return RAX;
    }
    if (w.place == IN_SLOT && w.flip) {
        take(c, RAX);
        clobber_flags(c);
        asm_load(&c->a, FLAG_BYTES, false, RAX, slot_rm(c, w.of, 0));
        asm_alu_imm(&c->a, ALU_XOR, false, rm_reg(RAX), FLAG_C);
        return RAX;
    }
    if (w.place == IN_HOST) {
        assert(c->host == f);
        take(c, RAX);
        if (c->where[f].flip & FLIP_FP)
            take(c, RCX);
        pack(c);
        return RAX;
    }
    return use_in(c, f, RAX);
}

void op_flags(Comp *c)
{
    IrRef f = (IrRef)c->at, alu = insn_of(c, f)->arg[0];
    if (c->host == alu && c->where[alu].place != IN_HOST) /* int.c left a mark: the flags are this instruction's */
        set_host_flags(c, f, 0);
    else
        assert(!"flags of an op that is not the one before");
}

void op_cmc(Comp *c)
{
    IrRef r = (IrRef)c->at, f = insn_of(c, r)->arg[0];
    c->where[r] = (Where){ .place = AS_CMC, .of = f };
    if (c->live.of[f].last < c->live.of[r].last)
        c->live.of[f].last = c->live.of[r].last;
}

void op_asflags(Comp *c)
{
    IrRef r = (IrRef)c->at, v = insn_of(c, r)->arg[0];
    unsigned reg = use_in(c, v, scratch(c));
    c->where[r] = (Where){ .place = IN_REG, .n = (uint8_t)reg };
    c->in_reg[reg] = r;
}

void op_cond(Comp *c)
{
    IrRef r = (IrRef)c->at;
    const IrInsn *i = insn_of(c, r);
    c->where[r] = (Where){ .place = AS_COND, .n = (uint8_t)i->imm, .of = i->arg[0] };
    /* The flags are needed as long as the condition is. */
    for (IrRef f = i->arg[0];; f = c->where[f].of) {
        if (c->live.of[f].last < c->live.of[r].last)
            c->live.of[f].last = c->live.of[r].last;
        if (c->where[f].place != AS_CMC)
            break;
    }
}

/* cc for a condition on host flags; 0xff: not with this polarity. */
static unsigned host_cc(IrCond cond, bool flipped)
{
    static const uint8_t plain[] = { CC_E, CC_NE, CC_B, CC_AE, CC_S,  CC_NS, CC_O, CC_NO, CC_BE,
                                     CC_A, 0xff,  0xff, CC_L,  CC_GE, CC_LE, CC_G, CC_P,  CC_NP };
    static const uint8_t flip[] = { CC_E, CC_NE, CC_AE, CC_B, CC_S,  CC_NS, CC_O, CC_NO, 0xff,
                                    0xff, CC_A,  CC_BE, CC_L, CC_GE, CC_LE, CC_G, CC_P,  CC_NP };
    return flipped ? flip[cond] : plain[cond];
}
static unsigned fcmp_cc(IrCond cond)
{
    static const uint8_t cc[] = { 0xff, 0xff, 0xff, 0xff, 0xff,  0xff,  CC_P, CC_NP, 0xff,
                                  0xff, 0xff, 0xff, CC_B, CC_AE, CC_BE, CC_A, 0xff,  0xff };
    return cc[cond];
}
/* Bits whose test tells the condition (or its opposite, for odd ones); 0: not so simple. */
static uint32_t simple_mask(IrCond cond)
{
    static const uint32_t mask[] = { FLAG_Z, FLAG_C, FLAG_N, FLAG_V, FLAG_Z | FLAG_C, 0, 0, 0, FLAG_P };
    return mask[cond >> 1];
}

static IrCond with_c_inverted(IrCond cond)
{
    static const uint8_t other[] = { IF_EQ,  IF_NE, IF_NC, IF_C,  IF_N,  IF_NN, IF_V,  IF_NV, IF_NCZ,
                                     IF_CNZ, IF_A,  IF_BE, IF_LT, IF_GE, IF_LE, IF_GT, IF_P,  IF_NP };
    return (IrCond)other[cond];
}

/* Of packed flags in rax. */
Cc packed_condition(Comp *c, IrCond cond)
{
    put8(&c->a, 0x04); /* add al, 0x7f: V to OF */
    put8(&c->a, 0x7f);
    put8(&c->a, 0x9e); /* sahf */
    unsigned cc = host_cc(cond, false);
    if (cc != 0xff)
        return (Cc)cc;
    complement_carry(c);
    return (Cc)host_cc(cond, true);
}

static Cc from_packed(Comp *c, IrRef f, IrCond cond)
{
    static const Enc TEST = { 0, 0, 0xf7, 0, 4, false, false };
    if (c->where[f].place == IN_SLOT && c->where[f].flip) {
        cond = with_c_inverted(cond);
        c->where[f].flip = 0;
        Cc cc = from_packed(c, f, cond);
        if (c->where[f].place == IN_SLOT)
            c->where[f].flip = FLIP_C;
        else if (needed_later(c, f))
            c->a.full = true;
        return cc;
    }
    uint32_t mask = simple_mask(cond);
    if (mask) {
        Where w = c->where[f];
        if (w.place == IN_SLOT) {
            static const Enc TEST8 = { 0, 0, 0xf6, 0, 1, false, false };
            clobber_flags(c);
            asm_op8(&c->a, TEST8, 0, slot_rm(c, w.of, mask > 0xff), mask > 0xff ? mask >> 8 : mask);
        } else {
            unsigned reg = use(c, f);
            clobber_flags(c);
            asm_op(&c->a, TEST, false, 0, rm_reg(reg), mask);
        }
        c->host = 0;
        return cond & 1 ? CC_E : CC_NE;
    }
    clobber_flags(c);
    Where w = c->where[f];
    if (w.place == IN_SLOT) {
        take(c, RAX);
        asm_load(&c->a, FLAG_BYTES, false, RAX, slot_rm(c, w.of, 0));
    } else {
        use_in(c, f, RAX);
    }
    c->host = 0;
    return packed_condition(c, cond);
}

static Cc from_flags(Comp *c, IrRef f, IrCond cond)
{
    Where *w = &c->where[f];
    if (w->place == AS_CMC)
        return from_flags(c, w->of, with_c_inverted(cond));
    if (w->place != IN_HOST)
        return from_packed(c, f, cond);
    if (w->flip & FLIP_FP) {
        unsigned cc = fcmp_cc(cond);
        if (cc != 0xff)
            return (Cc)cc;
        uint32_t last = c->live.of[f].last;
        c->live.of[f].last = (IrRef)(c->at > last ? c->at : last);
        clobber_flags(c); /* saves it packed */
        return from_packed(c, f, cond);
    }
    unsigned cc = host_cc(cond, w->flip);
    if (cc == 0xff) {
        complement_carry(c);
        w->flip ^= FLIP_C;
        cc = host_cc(cond, w->flip);
    }
    return (Cc)cc;
}

Cc condition(Comp *c, IrRef bit, bool *known, bool *value)
{
    *known = is_const(c, bit);
    if (*known) {
        *value = insn_of(c, bit)->imm & 1;
        return CC_E;
    }
    Where w = c->where[bit];
    if (w.place == IN_HOST)
        return (Cc)w.n;
    if (w.place == AS_COND)
        return from_flags(c, w.of, (IrCond)w.n);
    unsigned reg = use(c, bit);
    clobber_flags(c);
    asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, false, reg, rm_reg(reg), 0);
    return CC_NE;
}

/* and x k; eq 0: one test. Nothing but constants may stand between, so that x is where it was. */
bool left_to_compare(Comp *c, const IrInsn *i)
{
    IrRef r = (IrRef)c->at, last = c->live.of[r].last;
    const IrInsn *user = insn_of(c, last);
    int32_t mask, zero;
    if (ir_bits(i->type) < 32 || c->live.of[r].late || c->live.of[r].uses != 1 ||
        (user->op != IR_eq && user->op != IR_ne) || user->type != i->type || user->arg[0] != r ||
        !fits_imm(c, user->arg[1], &zero) || zero || !fits_imm(c, i->arg[1], &mask) || is_const(c, i->arg[0]) ||
        (mask < 0 && i->type == I64))
        return false;
    for (IrRef k = (IrRef)(r + 1); k < last; k++)
        if (insn_of(c, k)->op != IR_const && insn_of(c, k)->op != IR_nop)
            return false;
    c->where[r] = (Where){ .place = AS_AND, .of = i->arg[0] };
    if (c->live.of[i->arg[0]].last < last)
        c->live.of[i->arg[0]].last = last;
    return true;
}

static void test_mask(Comp *c, IrRef masked)
{
    static const Enc TEST = { 0, 0, 0xf7, 0, 4, false, false }, TEST8 = { 0, 0, 0xf6, 0, 1, false, false };
    uint32_t mask = (uint32_t)insn_of(c, insn_of(c, masked)->arg[1])->imm;
    unsigned x = use(c, c->where[masked].of);
    clobber_flags(c);
    if (mask < 0x100)
        asm_op8(&c->a, TEST8, 0, rm_reg(x), mask);
    else
        asm_op(&c->a, TEST, false, 0, rm_reg(x), mask);
}

/* eq ne ltu lts leu les of scalars: a compare whose outcome stays in the host flags. */
void op_compare(Comp *c)
{
    IrRef r = (IrRef)c->at;
    const IrInsn *i = insn_of(c, r);
    static const uint8_t cc[] = { CC_E, CC_NE, CC_B, CC_L, CC_BE, CC_LE };
    bool w = i->type == I64;
    IrRef a = i->arg[0], b = i->arg[1];
    int32_t value;
    if (i->type == I8 && is_const(c, b) && !is_const(c, a) && c->where[a].place == IN_SLOT) {
        clobber_flags(c);
        asm_alu_imm_bytes(&c->a, ALU_CMP, 1, slot_rm(c, c->where[a].of, c->where[a].offset),
                          (int8_t)insn_of(c, b)->imm);
    } else if (ir_bits(i->type) < 32) { /* narrow: shift both to the top of 32 bits */
        unsigned x = use_in(c, a, RAX), y = use_in(c, b, RCX);
        static const Enc SHL = { 0, 0, 0xc1, 4, 1, false, false };
        clobber_flags(c);
        asm_op(&c->a, SHL, false, 0, rm_reg(x), 32 - (unsigned)ir_bits(i->type));
        asm_op(&c->a, SHL, false, 0, rm_reg(y), 32 - (unsigned)ir_bits(i->type));
        asm_alu(&c->a, ALU_CMP, false, x, rm_reg(y));
    } else if (!is_const(c, a) && c->where[a].place == AS_AND) {
        test_mask(c, a);
    } else if (fits_imm(c, b, &value)) {
        Rm x = operand(c, a, w ? 8 : 4);
        clobber_flags(c);
        if (!value && x.kind == RM_REG)
            asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, w, x.base, x, 0);
        else
            asm_alu_imm(&c->a, ALU_CMP, w, x, value);
    } else {
        unsigned x = use(c, a);
        Rm y = operand(c, b, w ? 8 : 4);
        clobber_flags(c);
        asm_alu(&c->a, ALU_CMP, w, x, y);
    }
    set_host_flags(c, r, cc[i->op - IR_eq]);
}

void op_pick(Comp *c)
{
    IrRef r = (IrRef)c->at;
    const IrInsn *i = insn_of(c, r);
    IrRef bit = i->arg[0], yes = i->arg[1], no = i->arg[2];
    bool known, value, w = i->type == I64;
    /* Values made of flags must be in registers before the condition is brought into the flags. */
    unsigned y = use_beside_rax(c, yes);
    c->locked |= 1u << y;
    unsigned n = use_beside_rax(c, no);
    Cc cc = condition(c, bit, &known, &value);
    if (known) {
        unsigned dst = define(c, 0);
        asm_mov(&c->a, w, dst, value ? y : n);
        return;
    }
    IrRef host = c->host;
    c->locked &= ~(1u << RAX | 1u << RCX); /* what condition() needed it for is in the flags */
    release(c, no);
    unsigned dst = define(c, no);
    c->host = host;
    if (dst == y && dst != n) {
        asm_op(&c->a, (Enc){ 0, 1, (uint8_t)(0x40 | (cc ^ 1)), 8, 0, false, false }, w, dst, rm_reg(n), 0);
        return;
    }
    if (dst != n)
        asm_mov(&c->a, w, dst, n);
    asm_op(&c->a, (Enc){ 0, 1, (uint8_t)(0x40 | cc), 8, 0, false, false }, w, dst, rm_reg(y), 0);
}
