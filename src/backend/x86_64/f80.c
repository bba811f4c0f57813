/* 80-bit floating point on the host's own stack. A slot's value is loaded when an op wants it and stays there, until
 * somebody may look at the slot; then what changed is stored and the stack is empty. An op wants one of its operands on
 * top: which slot is in which register is only known here, so that an exchange of registers mostly costs nothing.
 * SDM volume 2 for the encodings. */
#include "backend/x86_64/comp.h"

#include <assert.h>

enum { RED_ZONE = -8 };
static const Enc FLD_M80 = { 0, 0, 0xdb, 5, 0, false, false }, FSTP_M80 = { 0, 0, 0xdb, 7, 0, false, false },
                 FNSTSW = { 0, 0, 0xdd, 7, 0, false, false }, FLDCW = { 0, 0, 0xd9, 5, 0, false, false };

/* An instruction of two bytes: first byte, ModRM. */
static void insn(Comp *c, unsigned two)
{
    put8(&c->a, two >> 8);
    put8(&c->a, two & 0xff);
}
enum {
    FLD_ST = 0xd9c0,
    FXCH = 0xd9c8,
    FSTP_ST = 0xddd8,
    FUCOMI = 0xdbe8,
    FCOMI = 0xdbf0,
    FLD1 = 0xd9e8,
    TO_TOP = 0xd8c0,   /* + operation << 3: top op= st(i) */
    FROM_TOP = 0xdcc0, /* st(i) op= top; subtractions and divisions have the other's number */
    FROM_TOP_POP = 0xdec0,
};

static void with_slot(Comp *c, Enc e, unsigned slot)
{
    asm_op(&c->a, e, false, 0, slot_rm(c, slot, 0), 0);
}

static Rm beside_stack(void)
{
    return rm_mem(RSP, RED_ZONE);
}

/* ---- the stack ---- */

enum { ABSENT = 8, DEAD = 0xff /* in place of a slot */ };

static unsigned find(const F80Cache *f, unsigned slot)
{
    unsigned k = 0;
    while (k < f->depth && f->slot[k] != slot)
        k++;
    return k < f->depth ? k : ABSENT;
}

static void pushed(F80Cache *f, unsigned slot, bool changed)
{
    memmove(f->slot + 1, f->slot, 7);
    f->slot[0] = (uint8_t)slot;
    f->changed = (uint8_t)(f->changed << 1 | changed);
    f->depth++;
}

static void popped(F80Cache *f)
{
    memmove(f->slot, f->slot + 1, 7);
    f->changed >>= 1;
    f->depth--;
}

static void exchanged(F80Cache *f, unsigned k)
{
    uint8_t slot = f->slot[0];
    bool top = f->changed & 1, other = f->changed >> k & 1;
    f->slot[0] = f->slot[k];
    f->slot[k] = slot;
    f->changed = (uint8_t)((f->changed & ~(1u << k | 1u)) | (unsigned)other | (unsigned)top << k);
}

static void store_top(Comp *c)
{
    if (c->f80.changed & 1)
        with_slot(c, FSTP_M80, c->f80.slot[0]);
    else
        insn(c, FSTP_ST);
    popped(&c->f80);
}

static void exchange(Comp *c, unsigned k)
{
    if (!k)
        return;
    insn(c, FXCH + k);
    exchanged(&c->f80, k);
}

/* The deepest that is not `keep`, brought up, gives way. */
static void make_room(Comp *c, unsigned keep)
{
    unsigned k = c->f80.slot[7] == keep ? 6 : 7;
    if (c->f80.depth < 8)
        return;
    exchange(c, k);
    store_top(c);
}

static unsigned bring(Comp *c, unsigned slot, unsigned keep) /* its register */
{
    unsigned k = find(&c->f80, slot);
    if (k != ABSENT)
        return k;
    make_room(c, keep);
    with_slot(c, FLD_M80, slot);
    pushed(&c->f80, slot, false);
    return 0;
}

static void to_top(Comp *c, unsigned slot, unsigned keep)
{
    exchange(c, bring(c, slot, keep));
}

/* Of no use any more: taken from the stack before the next op, as that changes the status word. */
static void drop_later(Comp *c, unsigned slot)
{
    unsigned k = find(&c->f80, slot);
    if (k == ABSENT)
        return;
    c->f80.slot[k] = DEAD;
    c->f80.changed &= (uint8_t) ~(1u << k);
}

static void drop(Comp *c, unsigned slot)
{
    F80Cache *f = &c->f80;
    unsigned k = find(f, slot);
    if (k == ABSENT)
        return;
    insn(c, FSTP_ST + k);
    exchanged(f, k);
    popped(f);
}

static void drop_dead(Comp *c)
{
    while (find(&c->f80, DEAD) != ABSENT)
        drop(c, DEAD);
}

static void now_changed(Comp *c, unsigned slot)
{
    forget_slot(c, slot);
    c->f80.changed |= (uint8_t)(1u << find(&c->f80, slot));
}

/* ---- giving way ---- */

static void store_status(Comp *c)
{
    if (c->f80.ran)
        asm_op(&c->a, FNSTSW, false, 0, slot_rm(c, c->guest->f80_status, 2), 0);
    c->f80.ran = false;
}

void f80_flush(Comp *c)
{
    F80Cache *f = &c->f80;
    owed_pay(c);
    store_status(c);
    f->valid = f->valid && (f->zero || !f->depth);
    while (f->depth)
        store_top(c);
}

void f80_flush_slot(Comp *c, unsigned slot)
{
    owed_pay_slot(c, slot);
    if (find(&c->f80, slot) != ABSENT)
        f80_flush(c);
}

void f80_out_of_the_way(Comp *c)
{
    F80Cache was = c->f80;
    f80_flush(c);
    c->f80 = was;
}

/* A dead one leaves its place to any value. */
void f80_back(Comp *c)
{
    for (unsigned k = c->f80.depth; k-- > 0;)
        if (c->f80.slot[k] == DEAD)
            insn(c, FLD1);
        else
            with_slot(c, FLD_M80, c->f80.slot[k]);
}

/* ---- ops ---- */

static void arithmetic(Comp *c, unsigned op, unsigned d, unsigned b, bool drops)
{
    F80Cache *f = &c->f80;
    bring(c, b, d);
    bring(c, d, b);
    if (find(f, d) && find(f, b))
        to_top(c, d, b);
    unsigned kd = find(f, d), kb = find(f, b);
    if (kb == 0 && kd) {
        unsigned other = op >= F80_SUB ? op ^ 1u : op;
        insn(c, (drops ? FROM_TOP_POP : FROM_TOP) + (other << 3) + kd);
        if (drops)
            popped(f);
    } else {
        insn(c, TO_TOP + (op << 3) + kb);
        if (drops)
            drop_later(c, b);
    }
    now_changed(c, d);
}

static void define_top(Comp *c, unsigned d)
{
    pushed(&c->f80, d, true);
    forget_slot(c, d);
}

/* A new value for d: what it had is of no use. */
static void before_new(Comp *c, unsigned d, unsigned keep)
{
    drop(c, d);
    make_room(c, keep);
}

/* The value itself may be left to d. */
static void move(Comp *c, unsigned d, unsigned b)
{
    F80Cache *f = &c->f80;
    to_top(c, b, d);
    unsigned k = find(f, d);
    if (k == ABSENT) {
        f->slot[0] = (uint8_t)d;
        insn(c, FLD_ST); /* as it does on the stack, for the status word */
        insn(c, FSTP_ST);
    } else {
        insn(c, FSTP_ST + k);
        popped(f);
    }
    now_changed(c, d);
}

static void copy(Comp *c, unsigned d, unsigned b)
{
    F80Cache *f = &c->f80;
    if (d == b) { /* wanted, and the status word as a load leaves it */
        if (find(f, d) == ABSENT) {
            bring(c, d, d);
        } else {
            make_room(c, d);
            insn(c, FLD_ST + find(f, d));
            insn(c, FSTP_ST);
        }
        return;
    }
    bring(c, b, d);
    before_new(c, d, b);
    insn(c, FLD_ST + find(f, b));
    define_top(c, d);
}

static void swap(Comp *c, unsigned d, unsigned b)
{
    bring(c, b, d);
    to_top(c, d, b);
    insn(c, FXCH + find(&c->f80, b)); /* the values change places, the slots do not */
    now_changed(c, d);
    now_changed(c, b);
}

/* The host's instruction takes b from the top, d below it, and leaves the result. */
static void above(Comp *c, unsigned two, unsigned d, unsigned b, bool drops)
{
    F80Cache *f = &c->f80;
    if (drops && find(f, b) == 0 && find(f, d) == 1) {
        insn(c, two);
        popped(f);
        now_changed(c, d);
        return;
    }
    to_top(c, d, b);
    make_room(c, d);
    unsigned k = find(f, b);
    if (k == ABSENT)
        with_slot(c, FLD_M80, b);
    else
        insn(c, FLD_ST + k);
    insn(c, two);
    now_changed(c, d);
    if (drops)
        drop_later(c, b);
}

/* d on top, b below it. */
static void scale(Comp *c, unsigned d, unsigned b)
{
    bring(c, d, b);
    to_top(c, b, d);
    exchange(c, 1);
    exchange(c, find(&c->f80, d));
    insn(c, 0xd9fd);
    now_changed(c, d);
}

static void extract(Comp *c, unsigned d, unsigned b)
{
    before_new(c, d, b);
    to_top(c, b, b);
    make_room(c, b);
    insn(c, 0xd9f4);
    now_changed(c, b);
    define_top(c, d);
}

/* What the host's C3 C2 C0 say goes into slot b. */
static void tell(Comp *c, unsigned op, unsigned d, unsigned b)
{
    static const uint16_t two[] = { [F80_EXAM] = 0xd9e5, [F80_SIN] = 0xd9fe, [F80_COS] = 0xd9ff };
    to_top(c, d, d);
    insn(c, two[op]);
    if (op != F80_EXAM)
        now_changed(c, d);
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
        before_new(c, d, d);
        insn(c, FLD1 + op - F80_CONST);
        define_top(c, d);
    } else {
        to_top(c, d, d);
        insn(c, one[op]);
        now_changed(c, d);
    }
}

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
        define_top(c, ir_f80_d(i->imm));
    else
        now_changed(c, ir_f80_d(i->imm));
    c->f80.ran = c->f80.valid = true;
    c->f80.zero = (i->imm & 0xff) == F80_COPY;
}

static void in(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm);
    if (c->at == c->f80_fused)
        return;
    unsigned a = use(c, i->arg[0]);
    if ((i->imm & 0xff) == F80_COPY)
        before_new(c, d, d);
    else
        to_top(c, d, d);
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

void f80_begins(Comp *c)
{
    for (uint32_t k = 0; k < c->colds && !c->f80_used; k++)
        c->cold[k].f80 = (F80Cache){ 0 };
    c->f80_used = true;
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
    drop_dead(c);
    if (copies)
        make_room(c, d);
    else
        to_top(c, d, d);
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
    drop_dead(c);
    to_top(c, d, d);
    if (must_pop(i))
        make_room(c, d);
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

static void out_of(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm);
    if (leave_to_store(c, i))
        return;
    to_top(c, d, d);
    if (must_pop(i))
        make_room(c, d);
    to_stack(c, i);
    if (!c->live.of[c->at].uses)
        return;
    unsigned r = scratch(c);
    asm_load(&c->a, ir_bits(i->type) / 8, false, r, beside_stack());
    result_stays(c, r, false);
}

static void compare(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm), b = ir_f80_b(i->imm);
    clobber_flags(c);
    bring(c, b, d);
    to_top(c, d, b);
    insn(c, (i->imm & F80_QUIET ? FUCOMI : FCOMI) + find(&c->f80, b));
    set_host_flags(c, (IrRef)c->at, 0);
}

static void compare_in(Comp *c, const IrInsn *i)
{
    unsigned d = ir_f80_d(i->imm), b = ir_f80_b(i->imm), a = use(c, i->arg[0]);
    to_top(c, d, d);
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

static void status(Comp *c)
{
    store_status(c);
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

/* ---- loops ---- a unit that branches to its start keeps what it works on where it is on the way round */

/* Slots that are read before they are written, up to the last branch to the unit's start. */
typedef struct Reads {
    uint8_t slot[8], count;
    bool seen[IR_SLOTS];
} Reads;

static void touches(Reads *r, unsigned slot, bool reads)
{
    enum { MOST = 6 }; /* some room must be left to work in */
    if (!r->seen[slot] && reads && r->count < MOST)
        r->slot[r->count++] = (uint8_t)slot;
    r->seen[slot] = true;
}

static void note(Reads *r, const IrInsn *i)
{
    unsigned op = i->imm & 0xff, d = ir_f80_d(i->imm), b = ir_f80_b(i->imm);
    if (i->op == IR_f80_status || i->op == IR_f80_control || (i->op == IR_f80 && op == F80_DROP))
        return;
    if ((i->op == IR_f80 && ir_f80_uses_b(i->imm)) || i->op == IR_f80_cmp)
        touches(r, b, true);
    bool defines = i->op == IR_f80_in ? op == F80_COPY
                                      : i->op == IR_f80 && (op == F80_COPY || op == F80_XTRACT || op >= F80_CONST);
    touches(r, d, !defines);
}

/* false: the loop, if there is one, looks at state on its way. */
static bool find_reads(const Comp *c, Reads *r)
{
    bool found = false;
    for (uint32_t k = c->at + 1; k < c->ir->count; k++) {
        const IrInsn *i = &c->ir->insn[k];
        bool call = i->op == IR_call && c->guest->helpers[i->imm & 0xffff].effects & (H_STATE | H_LEAVES);
        if (i->op == IR_charge || call)
            break;
        if (i->op >= IR_f80 && i->op <= IR_f80_control)
            note(r, i);
        else if ((i->op == IR_goto_ || i->op == IR_goto_if) && i->imm == c->first_pc)
            found = true;
        if (ir_effects((IrOp)i->op) & LEAVES && i->op != IR_goto_if && i->op != IR_leave_if)
            break;
    }
    return found;
}

void f80_loop_head(Comp *c)
{
    if (!c->guest->f80_status || !c->live.loops)
        return;
    Reads r = { .count = 0 };
    if (!find_reads(c, &r) || !r.count)
        return;
    for (unsigned k = r.count; k-- > 0;) {
        with_slot(c, FLD_M80, r.slot[k]);
        pushed(&c->f80, r.slot[k], true);
    }
    c->f80.ran = c->f80.valid = true;
    c->f80.zero = false;
    f80_begins(c);
    c->f80_loop.at = c->a.p;
    c->f80_loop.cache = c->f80;
}

bool f80_goes_round(const Comp *c, uint64_t pc)
{
    return c->f80_loop.at && pc == c->first_pc;
}

/* ---- where paths meet ---- */

bool f80_same(const F80Cache *f, const F80Cache *want)
{
    return f->depth == want->depth && !memcmp(f->slot, want->slot, f->depth);
}

bool f80_keeps(const F80Cache *f, const F80Cache *want)
{
    return f->valid && (f->zero || f80_same(f, want));
}

F80Cache f80_alive(const F80Cache *f)
{
    F80Cache alive = *f;
    for (unsigned k; (k = find(&alive, DEAD)) != ABSENT;) { /* as drop() does it */
        exchanged(&alive, k);
        popped(&alive);
    }
    return alive;
}

unsigned f80_changed(const F80Cache *f, const F80Cache *like)
{
    unsigned changed = 0;
    for (unsigned k = 0; k < f->depth; k++) {
        unsigned there = find(like, f->slot[k]);
        if (there != ABSENT)
            changed |= (f->changed >> k & 1u) << there;
    }
    return changed;
}

bool f80_fits(Comp *c, const F80Cache *want)
{
    const F80Cache *f = &c->f80;
    return owed_among(c, want, f) && (!want->ran || f80_keeps(f, want)) &&
           !(f80_changed(f, want) & ~(unsigned)want->changed);
}

static void evict_others(Comp *c, const F80Cache *want)
{
    F80Cache *f = &c->f80;
    for (unsigned k = 0; k < f->depth; k++)
        if (find(want, f->slot[k]) == ABSENT) {
            exchange(c, k);
            store_top(c);
            k = ~0u; /* from the top again */
        }
}

void f80_become(Comp *c, const F80Cache *want)
{
    F80Cache *f = &c->f80;
    owed_become(c, want);
    if (!want->ran)
        store_status(c);
    drop_dead(c);
    evict_others(c, want);
    for (unsigned k = 0; k < want->depth; k++)
        bring(c, want->slot[k], want->slot[k]);
    for (unsigned k = want->depth; k-- > 1;)
        if (f->slot[k] != want->slot[k]) {
            exchange(c, find(f, want->slot[k]));
            exchange(c, k);
        }
    *f = *want;
}

void f80_settle(Comp *c)
{
    F80Cache *f = &c->f80;
    owed_pay(c);
    store_status(c);
    drop_dead(c);
    f->changed = 0xff; /* others may have changed them */
    f->valid = f->zero = false;
}

void f80_go_round(Comp *c)
{
    f80_become(c, &c->f80_loop.cache);
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
        drop_later(c, ir_f80_d(i->imm));
        return;
    }
    f80_begins(c);
    if (i->op != IR_f80_status && i->op != IR_f80_control && c->at != c->f80_fused)
        drop_dead(c);
    switch (i->op) {
    case IR_f80:
        of_slots(c, i->imm);
        break;
    case IR_f80_in:
        in(c, i);
        return;
    case IR_f80_out:
        out_of(c, i);
        if (c->f80_fused > c->at)
            return;
        break;
    case IR_f80_cmp:
        compare(c, i);
        break;
    case IR_f80_cmp_in:
        compare_in(c, i);
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
