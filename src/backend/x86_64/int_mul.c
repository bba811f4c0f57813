/* Products and quotients of integers. */
#include "backend/x86_64/int.h"

static const Enc TEST = { 0, 0, 0x85, 8, 0, false, false }, MUL = { 0, 0, 0xf7, 4, 0, false, false },
                 IMUL = { 0, 0, 0xf7, 5, 0, false, false }, IMUL3 = { 0, 0, 0x69, 8, 4, false, false };

void op_mul(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    int32_t value;
    if (fits_imm(c, i->arg[1], &value)) {
        Rm a = operand(c, i->arg[0], w ? 8 : 4);
        clobber_flags(c);
        release(c, i->arg[0]);
        unsigned dst = define(c, i->arg[0]);
        asm_op(&c->a, IMUL3, w, dst, a, (uint64_t)(int64_t)value);
        return;
    }
    unsigned x = use(c, i->arg[0]);
    Rm y = operand(c, i->arg[1], w ? 8 : 4);
    clobber_flags(c);
    release(c, i->arg[0]);
    c->locked |= 1u << x;
    unsigned dst = define(c, i->arg[0]);
    if (y.kind == RM_REG && y.base == dst && x != dst) {
        asm_op(&c->a, *enc_int(IR_mul), w, dst, rm_reg(x), 0);
        return;
    }
    if (dst != x)
        asm_mov(&c->a, w, dst, x);
    asm_op(&c->a, *enc_int(IR_mul), w, dst, y, 0);
}

/* High half of a product: rdx after mul. */
void op_mul_high(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    take(c, RDX);
    use_in(c, i->arg[0], RAX);
    Rm y = operand(c, i->arg[1], 8);
    clobber_flags(c);
    if (wide(i)) {
        asm_op(&c->a, i->op == IR_mulhu ? MUL : IMUL, true, 0, y, 0);
    } else {
        asm_op(&c->a, i->op == IR_mulhu ? MUL : IMUL, false, 0, y.kind == RM_REG ? y : rm_reg(use(c, i->arg[1])), 0);
    }
    release(c, i->arg[1]);
    result_in(c, RDX);
}

static void quotient_zero(Comp *c, Cold *s)
{
    asm_alu(&c->a, ALU_XOR, false, RAX, rm_reg(RAX));
    asm_target(asm_jmp(&c->a), s->back);
}

static void quotient_negated(Comp *c, Cold *s)
{
    asm_op(&c->a, *enc_int(IR_neg), s->imm, 0, rm_reg(RAX), 0);
    asm_target(asm_jmp(&c->a), s->back);
}

/* Division that never traps: x / 0 = 0, MIN / -1 = MIN. */
void op_divide(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i), sign = i->op == IR_divs;
    if (!is_const(c, i->arg[1]) && c->where[i->arg[1]].place == AS_COND) { /* it needs rax while it is made */
        use(c, i->arg[1]);
        c->locked = 0;
    }
    take(c, RDX);
    use_in(c, i->arg[0], RAX);
    unsigned y = use(c, i->arg[1]);
    clobber_flags(c);
    asm_op(&c->a, TEST, w, y, rm_reg(y), 0);
    Cold *zero = cold(c, quotient_zero), *minus = NULL;
    zero->from[0] = asm_jcc(&c->a, CC_E);
    if (sign) {
        asm_alu_imm(&c->a, ALU_CMP, w, rm_reg(y), -1);
        minus = cold(c, quotient_negated);
        minus->imm = w;
        minus->from[0] = asm_jcc(&c->a, CC_E);
        if (w)
            put8(&c->a, 0x48);
        put8(&c->a, 0x99); /* cqo, cdq */
    } else {
        asm_alu(&c->a, ALU_XOR, false, RDX, rm_reg(RDX));
    }
    asm_op(&c->a, (Enc){ 0, 0, 0xf7, sign ? 7 : 6, 0, false, false }, w, 0, rm_reg(y), 0);
    zero->back = c->a.p;
    if (minus)
        minus->back = c->a.p;
    release(c, i->arg[1]);
    result_in(c, RAX);
}

/* Of twice the width. The one compare rules out a divisor of 0, too. */
void op_divide_wide(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    bool w = wide(i);
    for (int k = 0; k < 3; k++)
        if (!is_const(c, i->arg[k]) && c->where[i->arg[k]].place == AS_COND) { /* it needs rax while it is made */
            use(c, i->arg[k]);
            c->locked = 0;
        }
    use_in(c, i->arg[0], RDX);
    use_in(c, i->arg[1], RAX);
    unsigned y = use(c, i->arg[2]);
    clobber_flags(c);
    asm_alu(&c->a, ALU_CMP, w, RDX, rm_reg(y));
    Cold *zero = cold(c, quotient_zero);
    zero->from[0] = asm_jcc(&c->a, CC_AE);
    asm_op(&c->a, (Enc){ 0, 0, 0xf7, 6, 0, false, false }, w, 0, rm_reg(y), 0);
    zero->back = c->a.p;
    release(c, i->arg[2]);
    result_in(c, RAX);
}
