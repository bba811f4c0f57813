/* 80-bit floating point on the host's own stack. A slot's value is loaded when an op wants it and stays there, until
 * somebody may look at the slot; then what changed is stored and the stack is empty. An op wants one of its operands on
 * top: which slot is in which register is only known to these files, so that an exchange of registers mostly costs
 * nothing. SDM volume 2 for the encodings. */
#include "backend/x86_64/f80.h"

static const Enc FLDCW = { 0, 0, 0xd9, 5, 0, false, false };

static void arithmetic(Comp *c, unsigned op, unsigned d, unsigned b, bool drops)
{
    F80Cache *f = &c->f80;
    f80_bring(c, b, d);
    f80_bring(c, d, b);
    if (find(f, d) && find(f, b))
        f80_to_top(c, d, b);
    unsigned kd = find(f, d), kb = find(f, b);
    if (kb == 0 && kd) {
        unsigned other = op >= F80_SUB ? op ^ 1u : op;
        insn(c, (drops ? FROM_TOP_POP : FROM_TOP) + (other << 3) + kd);
        if (drops)
            popped(f);
    } else {
        insn(c, TO_TOP + (op << 3) + kb);
        if (drops)
            f80_drop_later(c, b);
    }
    f80_now_changed(c, d);
}

/* The value itself may be left to d. */
static void move(Comp *c, unsigned d, unsigned b)
{
    F80Cache *f = &c->f80;
    f80_to_top(c, b, d);
    unsigned k = find(f, d);
    if (k == ABSENT) {
        f->slot[0] = (uint8_t)d;
        insn(c, FLD_ST); /* as it does on the stack, for the status word */
        insn(c, FSTP_ST);
    } else {
        insn(c, FSTP_ST + k);
        popped(f);
    }
    f80_now_changed(c, d);
}

static void copy(Comp *c, unsigned d, unsigned b)
{
    F80Cache *f = &c->f80;
    if (d == b) { /* wanted, and the status word as a load leaves it */
        if (find(f, d) == ABSENT) {
            f80_bring(c, d, d);
        } else {
            f80_make_room(c, d);
            insn(c, FLD_ST + find(f, d));
            insn(c, FSTP_ST);
        }
        return;
    }
    f80_bring(c, b, d);
    f80_before_new(c, d, b);
    insn(c, FLD_ST + find(f, b));
    f80_define_top(c, d);
}

static void swap(Comp *c, unsigned d, unsigned b)
{
    f80_bring(c, b, d);
    f80_to_top(c, d, b);
    insn(c, FXCH + find(&c->f80, b)); /* the values change places, the slots do not */
    f80_now_changed(c, d);
    f80_now_changed(c, b);
}

/* The host's instruction takes b from the top, d below it, and leaves the result. */
static void above(Comp *c, unsigned two, unsigned d, unsigned b, bool drops)
{
    F80Cache *f = &c->f80;
    if (drops && find(f, b) == 0 && find(f, d) == 1) {
        insn(c, two);
        popped(f);
        f80_now_changed(c, d);
        return;
    }
    f80_to_top(c, d, b);
    f80_make_room(c, d);
    unsigned k = find(f, b);
    if (k == ABSENT)
        with_slot(c, FLD_M80, b);
    else
        insn(c, FLD_ST + k);
    insn(c, two);
    f80_now_changed(c, d);
    if (drops)
        f80_drop_later(c, b);
}

/* d on top, b below it. */
static void scale(Comp *c, unsigned d, unsigned b)
{
    f80_bring(c, d, b);
    f80_to_top(c, b, d);
    f80_exchange(c, 1);
    f80_exchange(c, find(&c->f80, d));
    insn(c, 0xd9fd);
    f80_now_changed(c, d);
}

static void extract(Comp *c, unsigned d, unsigned b)
{
    f80_before_new(c, d, b);
    f80_to_top(c, b, b);
    f80_make_room(c, b);
    insn(c, 0xd9f4);
    f80_now_changed(c, b);
    f80_define_top(c, d);
}

/* What the host's C3 C2 C0 say goes into slot b. */
static void tell(Comp *c, unsigned op, unsigned d, unsigned b)
{
    static const uint16_t two[] = { [F80_EXAM] = 0xd9e5, [F80_SIN] = 0xd9fe, [F80_COS] = 0xd9ff };
    f80_to_top(c, d, d);
    insn(c, two[op]);
    if (op != F80_EXAM)
        f80_now_changed(c, d);
    owed_pay_slot(c, b);
    forget_slot(c, b);
    clobber_flags(c);
    unsigned r = scratch(c);
    asm_op(&c->a, FNSTSW, false, 0, beside_stack(), 0);
    asm_load(&c->a, 2, false, r, beside_stack());
    asm_alu_imm(&c->a, ALU_AND, false, rm_reg(r), op == F80_EXAM ? F80_TELLS_EXAM : F80_TELLS_RANGE);
    if (op != F80_EXAM) {
        asm_alu_imm(&c->a, ALU_AND, false, slot_rm(c, b, 0), (int32_t)~F80_TELLS_RANGE);
        asm_alu(&c->a, ALU_OR, false, r, slot_rm(c, b, 0));
    }
    asm_store(&c->a, 4, r, slot_rm(c, b, 0));
}

static bool peculiar(Comp *c, uint64_t imm)
{
    unsigned op = imm & 0xff, d = ir_f80_d(imm), b = ir_f80_b(imm);
    static const uint16_t two[] = { [F80_YL2X] = 0xd9f1, [F80_YL2XP1] = 0xd9f9, [F80_ATAN] = 0xd9f3 };
    if (op == F80_SCALE)
        scale(c, d, b);
    else if (op >= F80_YL2X && op <= F80_ATAN)
        above(c, two[op], d, b, imm & F80_DROPS);
    else if (op == F80_XTRACT)
        extract(c, d, b);
    else if (ir_f80_tells(op))
        tell(c, op, d, b);
    else
        return false;
    return true;
}

static void of_slots(Comp *c, uint64_t imm)
{
    static const uint16_t one[] = {
        [F80_CHS] = 0xd9e0, [F80_ABS] = 0xd9e1, [F80_SQRT] = 0xd9fa, [F80_ROUND] = 0xd9fc, [F80_2XM1] = 0xd9f0
    };
    unsigned op = imm & 0xff, d = ir_f80_d(imm), b = ir_f80_b(imm);
    if (peculiar(c, imm))
        return;
    if (op < 8) {
        arithmetic(c, op, d, b, imm & F80_DROPS);
    } else if (op == F80_COPY) {
        (imm & F80_DROPS ? move : copy)(c, d, b);
    } else if (op == F80_SWAP) {
        swap(c, d, b);
    } else if (op >= F80_CONST) {
        f80_before_new(c, d, d);
        insn(c, FLD1 + op - F80_CONST);
        f80_define_top(c, d);
    } else {
        f80_to_top(c, d, d);
        insn(c, one[op]);
        f80_now_changed(c, d);
    }
}

static void compare(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm), b = ir_f80_b(i->imm);
    clobber_flags(c);
    f80_bring(c, b, d);
    f80_to_top(c, d, b);
    insn(c, (i->imm & F80_QUIET ? FUCOMI : FCOMI) + find(&c->f80, b));
    set_host_flags(c, (IrRef)c->at, 0);
}

static void status(Comp *c)
{
    f80_store_status(c);
    Rm gathered = slot_rm(c, c->guest->f80_status, 0), last = slot_rm(c, c->guest->f80_status, 2);
    clobber_flags(c);
    unsigned r = scratch(c), t = scratch(c);
    asm_load(&c->a, 2, false, t, last);
    asm_load(&c->a, 2, false, r, gathered);
    asm_alu(&c->a, ALU_OR, false, r, rm_reg(t));
    asm_alu_imm(&c->a, ALU_AND, false, rm_reg(r), 0x3f);
    asm_alu_imm(&c->a, ALU_AND, false, rm_reg(t), 0x200);
    asm_alu(&c->a, ALU_OR, false, r, rm_reg(t));
    result_stays(c, r, false);
}

static void set_control(Comp *c, const IrInsn *i)
{
    unsigned r = use(c, i->arg[0]);
    forget_slot(c, c->guest->f80_control);
    asm_store(&c->a, 4, r, slot_rm(c, c->guest->f80_control, 0));
    asm_op(&c->a, FLDCW, false, 0, slot_rm(c, c->guest->f80_control, 0), 0);
}

void f80_begins(Comp *c)
{
    for (uint32_t k = 0; k < c->colds && !c->f80_used; k++)
        c->cold[k].f80 = (F80Cache){ 0 };
    c->f80_used = true;
}

/* Of the host's instructions: not of FXCH, FLD and the like alone. */
static bool rounds(const IrInsn *i)
{
    unsigned op = i->imm & 0xff;
    bool copies = op == F80_COPY || op == F80_SWAP || op == F80_CHS || op == F80_ABS || op >= F80_CONST;
    return i->op == IR_f80_out || (i->op == IR_f80_in && op != F80_COPY) || (i->op == IR_f80 && !copies);
}

void f80_op(Comp *c)
{
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    if (i->op == IR_f80 && (i->imm & 0xff) == F80_DROP) {
        f80_drop_later(c, ir_f80_d(i->imm));
        return;
    }
    f80_begins(c);
    if (i->op != IR_f80_status && i->op != IR_f80_control && c->at != c->f80_fused)
        f80_drop_dead(c);
    switch (i->op) {
    case IR_f80:
        of_slots(c, i->imm);
        break;
    case IR_f80_in:
        f80_from_value(c, i);
        return;
    case IR_f80_out:
        f80_to_value(c, i);
        if (c->f80_fused > c->at)
            return;
        break;
    case IR_f80_cmp:
        compare(c, i);
        break;
    case IR_f80_cmp_in:
        f80_compare_value(c, i);
        break;
    case IR_f80_status:
        status(c);
        return;
    default:
        set_control(c, i);
        return;
    }
    c->f80.ran = c->f80.valid = true;
    c->f80.zero = !rounds(i);
}
