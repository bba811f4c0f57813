/* Late flags (tcg/ir.h): what the guest's flags slot should hold is computed only on ways that are seldom taken. The
 * code for that is made where such a way begins, while it is known where values are, and put down with the cold paths.
 */
#include "backend/x86_64/mem.h"

enum { SAVED = 32, DEPTH = 16, ROOM = 640 };
static const uint8_t used[] = { RAX, RCX, RDX, R13 };

static void eval(Comp *c, IrRef r, int depth);

static void push(Comp *c)
{
    put8(&c->a, 0x50); /* push rax */
    c->pushed += 8;
}

static void pop(Comp *c, unsigned reg)
{
    put8(&c->a, 0x58 | reg);
    c->pushed -= 8;
}

static void save_used(Comp *c)
{
    asm_bytes(&c->a, (AsmBytes){ 5, { 0x50, 0x51, 0x52, 0x41, 0x55 } }); /* push rax; push rcx; push rdx; push r13 */
    c->pushed += SAVED;
    c->late.saved = c->pushed;
}

static void restore_used(Comp *c)
{
    asm_bytes(&c->a, (AsmBytes){ 5, { 0x41, 0x5d, 0x5a, 0x59, 0x58 } });
    c->pushed -= SAVED;
}

/* Memory that has the value, if there is any: it stays where it is when registers are needed for something else. */
static inline Where home(const Comp *c, IrRef r)
{
    Where w = c->where[r];
    if (w.place != IN_REG || !w.backed)
        return w;
    if (w.backed == BACKED_SPILL)
        return (Where){ .place = IN_SPILL, .n = (uint8_t)w.of };
    return (Where){ .place = IN_SLOT, .of = w.of, .offset = w.offset };
}

static inline bool is_same(Where a, Where b)
{
    return a.place == b.place && a.n == b.n && a.offset == b.offset && a.of == b.of;
}

static void note(Comp *c, IrRef r, Where w)
{
    if (c->late.leaves < LATE_LEAVES)
        c->late.leaf[c->late.leaves] = (struct LateLeaf){ r, w };
    c->late.leaves++;
}

/* The registers that are used here are on the stack. */
static void fetch(Comp *c, IrRef r, unsigned to)
{
    Where w = home(c, r), was = c->where[r];
    note(c, r, w);
    for (int32_t k = 0; k < (int32_t)sizeof used; k++)
        if (w.place == IN_REG && w.n == used[k]) {
            asm_load(&c->a, 8, false, to, rm_mem(RSP, c->pushed - c->late.saved + SAVED - 8 * (k + 1)));
            return;
        }
    IrType type = ir_result(insn_of(c, r));
    if (w.place == IN_SLOT && !w.flip && (type == I64 || type == I32)) {
        asm_rbp(&c->a, 0x8b, type == I64, to, slot_disp(c, w.of) + w.offset);
        return;
    }
    c->where[r] = w;
    load_into(c, r, to);
    c->where[r] = was;
}

/* It only has to be brought to a register. */
static bool is_fetched(const Comp *c, IrRef r)
{
    static const bool computed[IR_OPS] = {
        [IR_flags] = true, [IR_cond] = true, [IR_cmc] = true, [IR_eq] = true, [IR_ne] = true,
        [IR_ltu] = true,   [IR_lts] = true,  [IR_leu] = true, [IR_les] = true
    };
    return c->live.of[r].uses && !computed[c->ir->insn[r].op];
}

/* a to rax, b to rcx. */
static void both(Comp *c, IrRef a, IrRef b, int depth)
{
    if (is_const(c, b)) {
        eval(c, a, depth);
        asm_mov_imm(&c->a, RCX, insn_of(c, b)->imm);
    } else if (is_fetched(c, b)) {
        eval(c, a, depth);
        fetch(c, b, RCX);
    } else {
        eval(c, b, depth);
        push(c);
        eval(c, a, depth);
        pop(c, RCX);
    }
}

static bool is_shift(IrOp op)
{
    return op == IR_shl || op == IR_shr || op == IR_sar;
}

static void eval_flags(Comp *c, IrRef f, int depth)
{
    IrRef r = insn_of(c, f)->arg[0];
    const IrInsn *i = insn_of(c, r);
    static const uint8_t number[IR_OPS] = {
        [IR_add] = ALU_ADD, [IR_sub] = ALU_CMP, [IR_and] = ALU_AND, [IR_or] = ALU_OR,
        [IR_xor] = ALU_XOR, [IR_adc] = ALU_ADC, [IR_sbb] = ALU_SBB
    };
    int bytes = ir_bits(i->type) / 8;
    if (c->live.of[f].late & LATE_RESULT && (i->op == IR_add || i->op == IR_sub)) {
        both(c, r, i->arg[1], depth);
        asm_alu(&c->a, i->op == IR_add ? ALU_SUB : ALU_ADD, true, RAX, rm_reg(RCX));
        asm_alu_bytes(&c->a, number[i->op], bytes, RAX, rm_reg(RCX));
    } else if (c->live.of[f].late & LATE_RESULT) {
        eval(c, r, depth);
        asm_test_bytes(&c->a, bytes, RAX, rm_reg(RAX));
    } else if (is_shift((IrOp)i->op)) {
        unsigned count = (unsigned)insn_of(c, i->arg[1])->imm & ((unsigned)ir_bits(i->type) - 1);
        eval(c, i->arg[0], depth);
        asm_shift_bytes(&c->a, enc_int((IrOp)i->op)->ext, bytes, RAX, count);
    } else if (i->op == IR_adc || i->op == IR_sbb) {
        eval(c, i->arg[2], depth);
        push(c);
        both(c, i->arg[0], i->arg[1], depth);
        pop(c, RDX);
        asm_op8(&c->a, (Enc){ 0, 0, 0x80, 0, 1, false, false }, 0, rm_reg(RDX),
                0xff); /* add dl, 0xff: carry if it was 1 */
        asm_alu_bytes(&c->a, number[i->op], bytes, RAX, rm_reg(RCX));
    } else {
        both(c, i->arg[0], i->arg[1], depth);
        asm_alu_bytes(&c->a, number[i->op], bytes, RAX, rm_reg(RCX));
    }
    asm_bytes(&c->a, (AsmBytes){ 7, { 0x9f, 0x0f, 0x90, 0xc0, 0x0f, 0xb7, 0xc0 } }); /* lahf; seto al; movzx eax, ax */
}

static void set_bit(Comp *c, unsigned cc)
{
    asm_op8(&c->a, (Enc){ 0, 1, (uint8_t)(0x90 | cc), 0, 0, false, false }, 0, rm_reg(RAX), 0);
    asm_load(&c->a, 1, false, RAX, rm_reg(RAX));
}

static void eval_cond(Comp *c, const IrInsn *i, int depth)
{
    eval(c, i->arg[0], depth);
    set_bit(c, packed_condition(c, (IrCond)i->imm));
}

/* A pure helper. The code is copied to where it will run: the call is absolute. */
static void eval_call(Comp *c, const IrInsn *i, int depth)
{
    static const Enc CALL = { 0, 0, 0xff, 2, 0, false, false };
    for (int k = 2; k > 0; k--) {
        if (i->arg[k])
            eval(c, i->arg[k], depth);
        push(c);
    }
    if (i->arg[0])
        eval(c, i->arg[0], depth);
    pop(c, RCX);
    pop(c, RDX);
    int32_t odd = c->pushed & 8; /* of rsp's multiples of 16 */
    asm_mov_imm(&c->a, R13, (uint64_t)(uintptr_t)thunks.helper[i->imm]);
    asm_lea(&c->a, true, RSP, rm_mem(RSP, -odd));
    asm_op(&c->a, CALL, false, 0, rm_reg(R13), 0);
    asm_lea(&c->a, true, RSP, rm_mem(RSP, odd));
}

static void eval_binary(Comp *c, const IrInsn *i, int depth)
{
    static const uint8_t number[IR_OPS] = {
        [IR_add] = ALU_ADD, [IR_sub] = ALU_SUB, [IR_and] = ALU_AND, [IR_or] = ALU_OR, [IR_xor] = ALU_XOR
    };
    bool w = i->type == I64;
    both(c, i->arg[0], i->arg[1], depth);
    if (i->op == IR_mul)
        asm_op(&c->a, *enc_int(IR_mul), w, RAX, rm_reg(RCX), 0);
    else if (i->op == IR_mulhs || i->op == IR_mulhu) {
        asm_op(&c->a, (Enc){ 0, 0, 0xf7, i->op == IR_mulhs ? 5 : 4, 0, false, false }, w, 0, rm_reg(RCX), 0);
        asm_mov(&c->a, true, RAX, RDX);
    } else if (is_shift((IrOp)i->op)) {
        static const Enc BY_CL = { 0, 0, 0xd3, 0, 0, false, false };
        Enc e = BY_CL;
        e.ext = enc_int((IrOp)i->op)->ext;
        asm_op(&c->a, e, w, 0, rm_reg(RAX), 0);
    } else
        asm_alu(&c->a, number[i->op], w, RAX, rm_reg(RCX));
}

static void eval_unary(Comp *c, const IrInsn *i, int depth)
{
    eval(c, i->arg[0], depth);
    if (i->op == IR_zext || i->op == IR_sext) {
        unsigned by = 64 - (unsigned)i->imm;
        asm_op(&c->a, (Enc){ 0, 0, 0xc1, 4, 1, false, false }, true, 0, rm_reg(RAX), by);
        asm_op(&c->a, (Enc){ 0, 0, 0xc1, i->op == IR_sext ? 7 : 5, 1, false, false }, true, 0, rm_reg(RAX), by);
    } else if (i->op != IR_asflags) {
        asm_op(&c->a, *enc_int((IrOp)i->op), i->type == I64, 0, rm_reg(RAX), 0);
    }
}

static void eval_compare(Comp *c, const IrInsn *i, int depth)
{
    static const uint8_t cc[] = { CC_E, CC_NE, CC_B, CC_L, CC_BE, CC_LE };
    both(c, i->arg[0], i->arg[1], depth);
    asm_alu_bytes(&c->a, ALU_CMP, ir_bits(i->type) / 8, RAX, rm_reg(RCX));
    set_bit(c, cc[i->op - IR_eq]);
}

static void eval_pick(Comp *c, const IrInsn *i, int depth)
{
    eval(c, i->arg[0], depth);
    push(c);
    both(c, i->arg[1], i->arg[2], depth);
    pop(c, RDX);
    asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, false, RDX, rm_reg(RDX), 0);
    asm_op(&c->a, (Enc){ 0, 1, 0x44, 8, 0, false, false }, true, RAX, rm_reg(RCX), 0); /* cmove rax, rcx */
}

/* What a value that is kept, or computed here, is: to rax. rcx and rdx are changed. */
static void eval(Comp *c, IrRef r, int depth)
{
    const IrInsn *i = insn_of(c, r);
    if (depth == DEPTH || !room(&c->a, 64)) {
        c->a.full = true;
        return;
    }
    depth++;
    if (i->op == IR_const)
        asm_mov_imm(&c->a, RAX, i->imm);
    else if (is_fetched(c, r))
        fetch(c, r, RAX);
    else if (i->op == IR_flags)
        eval_flags(c, r, depth);
    else if (i->op == IR_cond)
        eval_cond(c, i, depth);
    else if (i->op == IR_cmc) {
        eval(c, i->arg[0], depth);
        asm_alu_imm(&c->a, ALU_XOR, false, rm_reg(RAX), FLAG_C);
    } else if (i->op >= IR_eq && i->op <= IR_les)
        eval_compare(c, i, depth);
    else if (i->op == IR_call)
        eval_call(c, i, depth);
    else if (i->op == IR_pick)
        eval_pick(c, i, depth);
    else if (ir_args((IrOp)i->op) == 1)
        eval_unary(c, i, depth);
    else
        eval_binary(c, i, depth);
}

/* The host may still have them. */
static bool pack_host(Comp *c)
{
    IrRef f = c->late.flags, r = c->in_reg[RAX];
    Where w = c->where[f];
    bool keep = r && c->where[r].place == IN_REG && c->where[r].n == RAX && needed_later(c, r);
    if (c->host != f || w.place != IN_HOST || w.flip & FLIP_FP)
        return false;
    if (keep)
        push(c);
    if (w.flip & FLIP_C)
        put8(&c->a, 0xf5);                                         /* cmc */
    asm_bytes(&c->a, (AsmBytes){ 4, { 0x9f, 0x0f, 0x90, 0xc0 } }); /* lahf; seto al */
    asm_store(&c->a, FLAG_BYTES, RAX, slot_rm(c, c->late.slot, 0));
    if (keep)
        pop(c, RAX);
    return true;
}

static void compute(Comp *c)
{
    save_used(c);
    eval(c, c->late.flags, 0);
    asm_access(&c->a, (AccessForm){ .opcode = 0x89, .bits = 8, .half = true }, RAX, RBP, false,
               slot_disp(c, c->late.slot));
    restore_used(c);
}

void late_flags(Comp *c)
{
    if (flags_are_late(c) && !pack_host(c))
        compute(c);
}

/* The last subroutine that was made for cold paths does what this one wants too. */
static bool again(const Comp *c)
{
    if (c->late.made != c->late.flags || c->host == c->late.flags || c->late.leaves > LATE_LEAVES)
        return false;
    for (unsigned k = 0; k < c->late.leaves; k++)
        if (!is_same(home(c, c->late.leaf[k].r), c->late.leaf[k].where))
            return false;
    return true;
}

/* Into late.code: a subroutine, or what is as short as its call would be. */
static void make(Comp *c)
{
    struct LateCode *made = &c->late.part[c->late.parts++];
    made->at = c->late.used;
    made->placed = NULL;
    made->called = !pack_host(c);
    if (made->called) {
        c->late.made = c->late.flags;
        c->late.made_part = c->late.parts;
        c->late.leaves = 0;
        c->pushed += 8;
        compute(c);
        c->pushed -= 8;
        put8(&c->a, 0xc3); /* ret */
    }
    c->late.used = (uint32_t)(c->a.p - c->late.code);
}

void late_flags_make(Comp *c, Cold *s)
{
    if (again(c)) {
        s->late = (uint16_t)c->late.made_part;
        return;
    }
    if (c->late.used + ROOM > sizeof c->late.code || c->late.parts == COLDS) {
        c->a.full = true;
        return;
    }
    Asm hot = c->a;
    c->a.p = c->late.code + c->late.used;
    c->a.end = c->a.p + ROOM;
    make(c);
    s->late = (uint16_t)c->late.parts;
    hot.full = c->a.full;
    c->a = hot;
}

static void put_part(Comp *c, unsigned part)
{
    uint32_t at = c->late.part[part].at, end = part + 1 < c->late.parts ? c->late.part[part + 1].at : c->late.used;
    memcpy(c->a.p, c->late.code + at, end - at);
    c->a.p += end - at;
}

void late_flags_before(Comp *c, const Cold *s)
{
    struct LateCode *l = &c->late.part[s->late - 1];
    if (!l->called || l->placed)
        return;
    l->placed = c->a.p;
    put_part(c, s->late - 1u);
}

void late_flags_of(Comp *c, const Cold *s)
{
    const struct LateCode *l = &c->late.part[s->late - 1];
    if (l->called)
        asm_target(asm_call(&c->a), l->placed);
    else
        put_part(c, s->late - 1u);
}
