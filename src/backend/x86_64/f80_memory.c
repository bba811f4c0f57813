/* Operands of 80-bit numbers that are no slots: in memory, with which the host's unit converts them, and values. */
#include "backend/x86_64/f80.h"

/* Memory operands of the host, by width and kind: first byte and reg field. */
static Enc memory_form(const IrInsn *i, unsigned f32, unsigned f64, unsigned i16, unsigned i32, unsigned i64)
{
    unsigned e = i->imm & F80_FLOAT ? (i->type == I64 ? f64 : f32) : i->type == I16 ? i16 : i->type == I64 ? i64 : i32;
    return (Enc){ 0, 0, (uint8_t)(e >> 4), (uint8_t)(e & 15), 0, false, false };
}

/* What an f80_in does, from memory. */
static void from(Comp *c, const IrInsn *i, Rm rm)
{
    unsigned op = i->imm & 0xff;
    Enc e = op == F80_COPY ? memory_form(i, 0xd90, 0xdd0, 0xdf0, 0xdb0, 0xdf5)
                           : memory_form(i, 0xd80 + op, 0xdc0 + op, 0xde0 + op, 0xda0 + op, 0);
    asm_op(&c->a, e, false, 0, rm, 0);
}

/* ... and what follows from that. */
static void came(Comp *c, const IrInsn *i)
{
    if ((i->imm & 0xff) == F80_COPY)
        f80_define_top(c, ir_f80_d(i->imm));
    else
        f80_now_changed(c, ir_f80_d(i->imm));
    c->f80.ran = c->f80.valid = true;
    c->f80.zero = (i->imm & 0xff) == F80_COPY;
}

void f80_from_value(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm);
    if (c->at == c->f80_fused)
        return;
    unsigned a = use(c, i->arg[0]);
    if ((i->imm & 0xff) == F80_COPY)
        f80_before_new(c, d, d);
    else
        f80_to_top(c, d, d);
    asm_store(&c->a, ir_bits(i->type) / 8, a, beside_stack());
    from(c, i, beside_stack());
    came(c, i);
}

static bool is_plain(uint64_t imm, IrType type)
{
    IrMem m = ir_mem_of(imm);
    return !m.big && !m.order && 8 << m.size == ir_bits(type);
}

static uint32_t next_op(const Comp *c, uint32_t k)
{
    do
        k++;
    while (k < c->ir->count && (c->ir->insn[k].op == IR_nop || c->ir->insn[k].op == IR_const));
    return k;
}

/* The load that comes now is for the f80_in right behind it alone: all is made ready for that to be done from memory.
 */
bool f80_load_comes(Comp *c)
{
    const IrInsn *load = insn_of(c, (IrRef)c->at);
    uint32_t next = next_op(c, c->at);
    const IrInsn *i = &c->ir->insn[next];
    if (next >= c->ir->count || i->op != IR_f80_in || i->arg[0] != c->at || c->live.of[c->at].uses != 1 ||
        i->type != load->type || !is_plain(load->imm, load->type))
        return false;
    unsigned d = ir_f80_d(i->imm);
    bool copies = (i->imm & 0xff) == F80_COPY;
    if (copies && find(&c->f80, d) != ABSENT) /* its old value must outlive a fault */
        return false;
    f80_drop_dead(c);
    if (copies)
        f80_make_room(c, d);
    else
        f80_to_top(c, d, d);
    f80_begins(c);
    c->f80_fused = next;
    return true;
}

/* What cannot be stored without popping. */
static bool must_pop(const IrInsn *i)
{
    return !(i->imm & F80_FLOAT) && (i->type == I64 || i->imm & F80_TRUNCATE);
}

static void to(Comp *c, const IrInsn *i, bool pops, Rm rm)
{
    Enc e = i->imm & F80_TRUNCATE ? memory_form(i, 0, 0, 0xdf1, 0xdb1, 0xdd1)
            : pops                ? memory_form(i, 0xd93, 0xdd3, 0xdf3, 0xdb3, 0xdf7)
                                  : memory_form(i, 0xd92, 0xdd2, 0xdf2, 0xdb2, 0xdf7);
    asm_op(&c->a, e, false, 0, rm, 0);
}

/* To beside the stack; the value stays. */
static void to_stack(Comp *c, const IrInsn *i)
{
    if (must_pop(i))
        insn(c, FLD_ST);
    to(c, i, false, beside_stack());
}

static bool drops_next(const Comp *c, uint32_t at, unsigned d)
{
    uint32_t next = next_op(c, at);
    const IrInsn *i = &c->ir->insn[next];
    return next < c->ir->count && i->op == IR_f80 && (i->imm & 0xff) == F80_DROP && ir_f80_d(i->imm) == d;
}

/* The number goes to memory only, by a store that soon comes: that will convert it too. */
static bool leave_to_store(Comp *c, const IrInsn *i)
{
    uint32_t last = c->live.of[c->at].last;
    const IrInsn *store = &c->ir->insn[last];
    if (c->live.of[c->at].uses != 1 || store->op != IR_store || store->arg[1] != c->at || store->arg[0] == c->at ||
        !is_plain(store->imm, i->type) || (must_pop(i) && !drops_next(c, last, ir_f80_d(i->imm))))
        return false;
    for (uint32_t k = c->at + 1; k < last; k++)
        if (ir_effects((IrOp)c->ir->insn[k].op) & ~(PURE | READS | V))
            return false;
    c->f80_fused = last;
    return true;
}

/* The store that comes now is one of those; the number is brought up. */
bool f80_store_comes(Comp *c)
{
    if (c->at != c->f80_fused)
        return false;
    const IrInsn *i = insn_of(c, insn_of(c, (IrRef)c->at)->arg[1]);
    unsigned d = ir_f80_d(i->imm);
    f80_drop_dead(c);
    f80_to_top(c, d, d);
    if (must_pop(i))
        f80_make_room(c, d);
    return true;
}

/* Of such a load its f80_in, of a store its f80_out. */
static const IrInsn *converter(Comp *c, const IrInsn *i)
{
    uint32_t at = (uint32_t)(i - c->ir->insn);
    return i->op == IR_load ? &c->ir->insn[next_op(c, at)] : insn_of(c, i->arg[1]);
}

static bool pops(Comp *c, const IrInsn *store)
{
    return drops_next(c, (uint32_t)(store - c->ir->insn), ir_f80_d(converter(c, store)->imm));
}

void f80_access(Comp *c, const IrInsn *i, Rm rm)
{
    if (i->op == IR_load)
        from(c, converter(c, i), rm);
    else
        to(c, converter(c, i), pops(c, i), rm);
}

void f80_access_early(Comp *c, const IrInsn *store)
{
    to_stack(c, converter(c, store));
    c->f80.ran = true;
    asm_load(&c->a, 8, false, RCX, beside_stack());
}

void f80_access_late(Comp *c, const IrInsn *i)
{
    if (i->op == IR_load) {
        asm_store(&c->a, ir_bits(i->type) / 8, RAX, beside_stack());
        from(c, converter(c, i), beside_stack());
    } else if (pops(c, i)) {
        insn(c, FSTP_ST);
    }
}

void f80_accessed(Comp *c, const IrInsn *i)
{
    if (i->op == IR_load) {
        came(c, converter(c, i));
        return;
    }
    if (pops(c, i))
        popped(&c->f80);
    c->f80.ran = c->f80.valid = true;
    c->f80.zero = false;
}

void f80_to_value(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm);
    if (leave_to_store(c, i))
        return;
    f80_to_top(c, d, d);
    if (must_pop(i))
        f80_make_room(c, d);
    to_stack(c, i);
    if (!c->live.of[c->at].uses)
        return;
    unsigned r = scratch(c);
    asm_load(&c->a, ir_bits(i->type) / 8, false, r, beside_stack());
    result_stays(c, r, false);
}

void f80_compare_value(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm), b = ir_f80_b(i->imm), a = use(c, i->arg[0]);
    f80_to_top(c, d, d);
    owed_pay_slot(c, b);
    forget_slot(c, b);
    asm_store(&c->a, ir_bits(i->type) / 8, a, beside_stack());
    asm_op(&c->a, memory_form(i, 0xd82, 0xdc2, 0xde2, 0xda2, 0), false, 0, beside_stack(), 0);
    clobber_flags(c);
    unsigned r = scratch(c);
    asm_op(&c->a, FNSTSW, false, 0, beside_stack(), 0);
    asm_load(&c->a, 2, false, r, beside_stack());
    asm_alu_imm(&c->a, ALU_AND, false, rm_reg(r), FLAG_Z | FLAG_P | FLAG_C);
    asm_store(&c->a, 4, r, slot_rm(c, b, 0));
}
