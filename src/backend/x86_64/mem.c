/* Guest memory: the inline TLB check, and the way to the slow path. */
#include "backend/x86_64/comp.h"

static const Enc LOCK_OR = { 0, 0, 0x83, 1, 1, false, false };

/* Real on a TSO host only between a store and a later load. */
static void full_fence(Comp *c)
{
    put8(&c->a, 0xf0);
    asm_op(&c->a, LOCK_OR, false, 0, rm_mem(RSP, -64), 0);
}

/* eax = number of the page that this register points into, from bit 4 on; what is above the table's size is of no
 * meaning. */
static void page_number(Comp *c, unsigned reg)
{
    if (host_cpu.bmi2) {
        asm_rorx(&c->a, false, RAX, reg, 12 - 4);
    } else {
        asm_mov(&c->a, false, RAX, reg);
        asm_op(&c->a, (Enc){ 0, 0, 0xc1, 5, 1, false, false }, false, 0, rm_reg(RAX), 12 - 4);
    }
}

static void entry_offset(Comp *c, unsigned reg)
{
    page_number(c, reg);
    asm_alu_imm(&c->a, ALU_AND, false, rm_reg(RAX), (TLB_SIZE - 1) << 4);
}

/* The check behind that names no register that varies: a few stores write what were six instructions. Of what varies
 * it has the offsets: the last offset in a page that is allowed, and where to go from others, 32 bits each. */
typedef struct CheckBytes {
    uint8_t bytes[40];
    uint8_t length, last, jump;
} CheckBytes;
#define BYTES4(v) (v) & 0xff, (v) >> 8 & 0xff, (v) >> 16 & 0xff, (v) >> 24 & 0xff
#define CHECK(...)                                                                                                     \
    {                                                                                                                  \
        0x25, BYTES4((TLB_SIZE - 1) << 4) /* and eax */, __VA_ARGS__                                                   \
    }
static const CheckBytes check_bytes[2] = {
    { CHECK(0x49, 0x2b, 0x0c, 0x06,      /* sub rcx, [r14 + rax] */
            0x48, 0x81, 0xf9, BYTES4(0), /* cmp rcx */
            0x0f, 0x87, BYTES4(0),       /* ja */
            0x49, 0x8b, 0x44, 0x06, 8),  /* mov rax, [r14 + rax + 8] */
      27, 12, 18 },
    { CHECK(0x49, 0x2b, 0x8c, 0x06, BYTES4(BANK_WRITE),      /* sub rcx, [r14 + rax + BANK_WRITE] */
            0x48, 0x81, 0xf9, BYTES4(0),                     /* cmp rcx */
            0x0f, 0x87, BYTES4(0),                           /* ja */
            0x49, 0x8b, 0x84, 0x06, BYTES4(BANK_WRITE + 8)), /* mov rax, [r14 + rax + BANK_WRITE + 8] */
      34, 16, 22 },
};
_Static_assert(BANK_READ == 0, "the first check has no displacement");

static uint8_t *check_entry(Comp *c, int32_t span, bool write)
{
    const CheckBytes *t = &check_bytes[write];
    uint8_t *p = c->a.p;
    int32_t last = 4096 - span;
    memcpy(p, t->bytes, sizeof t->bytes);
    memcpy(p + t->last, &last, sizeof last);
    c->a.p += t->length;
    return p + t->jump;
}

/* The same in the bank of unprivileged accesses. */
static uint8_t *check_user_entry(Comp *c, int32_t span, bool write)
{
    int32_t table = write ? BANK_WRITE : BANK_READ;
    asm_alu_imm(&c->a, ALU_AND, false, rm_reg(RAX), (TLB_SIZE - 1) << 4);
    asm_alu(&c->a, ALU_ADD, true, RAX, cpu_rm(offsetof(Cpu, user_bank)));
    asm_alu(&c->a, ALU_SUB, true, RCX, rm_mem(RAX, table));
    asm_alu_imm(&c->a, ALU_CMP, true, rm_reg(RCX), 4096 - span);
    uint8_t *slow = asm_jcc(&c->a, CC_A);
    asm_load(&c->a, 8, false, RAX, rm_mem(RAX, table + 8));
    return slow;
}

/* With rax and rcx taken: leaves host - guest in rax or goes to a cold path. Returns it.
 *     lea rcx, [address]; rorx eax, ecx, 8; and eax, 0xfff0; sub rcx, [bank + rax]; cmp rcx, 4096 - size; ja
 * cold mov rax, [bank + rax + 8]
 * span: bytes from the lowest address, which is at m.disp. near: a register that may well point into the same page, or
 * NO_REG. hint: go_slow may be told one. */
static Cold *check_span(Comp *c, unsigned address, IrMem m, int32_t span, bool write, unsigned near, bool hint,
                        void (*emit)(Comp *, Cold *))
{
    int32_t size = 1 << m.size;
    uint8_t *misaligned = NULL;
    clobber_flags(c);
    if (m.disp)
        asm_lea(&c->a, true, RCX, rm_mem(address, m.disp));
    else
        asm_mov(&c->a, true, RCX, address);
    if (m.align && size > 1) {
        asm_op8(&c->a, (Enc){ 0, 0, 0xf6, 0, 1, false, false }, 0, rm_reg(RCX),
                (uint64_t)size - 1); /* test cl, size - 1 */
        misaligned = asm_jcc(&c->a, CC_NE);
    }
    uint8_t *guess = c->a.p;
    Cold *slow = cold(c, emit);
    slow->hint = hint ? next_hint(span, write) : 0;
    if (!slow->hint)
        page_number(c, near != NO_REG ? near : m.disp ? RCX : address);
    slow->from[0] = slow->hint ? check_hint(c, slow->hint)
                    : m.user   ? check_user_entry(c, span, write)
                               : check_entry(c, span, write);
    slow->from[1] = misaligned;
    late_flags_for(c, slow);
    slow->reg[0] = (uint8_t)address;
    slow->imm = insn_of(c, (IrRef)c->at)->imm;
    if (near != NO_REG) { /* by another page's number even an empty entry may be found: its addend is 0 */
        asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, true, RAX, rm_reg(RAX), 0);
        slow->from[1] = asm_jcc(&c->a, CC_E);
    }
    slow->guess = guess;
    slow->hit = c->a.p;
    return slow;
}

static Cold *check(Comp *c, unsigned address, IrMem m, bool write, void (*emit)(Comp *, Cold *))
{
    return check_span(c, address, m, 1 << m.size, write, NO_REG, false, emit);
}

/* rax = address, memory attributes on the stack, the slow path. */
static void go_slow_for(Comp *c, const Cold *s, uint64_t imm, uint32_t hint, const uint8_t *thunk)
{
    int32_t disp = ir_mem_of(imm).disp;
    if (disp)
        asm_lea(&c->a, true, RAX, rm_mem(s->reg[0], disp));
    else
        asm_mov(&c->a, true, RAX, s->reg[0]);
    put8(&c->a, 0x68); /* push imm32; the thunk pops it */
    put32(&c->a, ((uint32_t)imm & 0xffff) | hint);
    call_thunk(c, thunk, true);
}

static void go_slow(Comp *c, const Cold *s, const uint8_t *thunk)
{
    go_slow_for(c, s, s->imm, s->hint, thunk);
}

static void jump_back(Comp *c, const Cold *s)
{
    if (s->span != NO_REG) /* what was checked may be so no longer */
        asm_alu(&c->a, ALU_XOR, false, s->span, rm_reg(s->span));
    asm_target(asm_jmp(&c->a), s->back);
}

/* Where the hot path goes on. */
static void goes_on(Comp *c, Cold *s)
{
    s->back = c->a.p;
    s->span = (uint8_t)span_register(c);
}

static Rm io(Comp *c, unsigned n)
{
    asm_load(&c->a, 8, false, RCX, cpu_rm(offsetof(Cpu, run)));
    return rm_mem(RCX, (int32_t)(offsetof(CpuRun, io) + 16 * n));
}

/* From the cold path's full-width number in rax to what the load op gives. */
static void load_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    if (s->reg[1] != RAX || (s->reg[2] && ir_mem_of(s->imm).sign)) /* the thunk extends the sign to 64 bits */
        asm_mov(&c->a, !s->reg[2], s->reg[1], RAX);
    jump_back(c, s);
}

/* ---- a guess at the page ----
 * In a load from [base + index] the entry of base's page is ready long before the sum is, and a small table is all in
 * one page. The check is that of the address itself, so that a bad guess is only slow; a site of many is made to
 * guess no more. */

static unsigned base_register(Comp *c, IrRef address, IrMem m)
{
    const IrInsn *sum = insn_of(c, address);
    if (!host_cpu.bmi2 || sum->op != IR_add || m.align || m.user || c->where[address].place != IN_REG)
        return NO_REG;
    for (int k = 0; k < 2; k++) {
        Where w = c->where[sum->arg[k]];
        if (insn_of(c, sum->arg[k])->op == IR_get && w.place == IN_PIN && !w.offset && !slot_is_vector(c, w.of))
            return c->pin_of[w.of];
    }
    return NO_REG;
}

/* What the guess got wrong. rax and rcx are free. Only here code is changed that may be running: it makes no difference
 * what register is read, or half of whose number. */
static void look_again(Comp *c, Cold *s)
{
    enum { MODRM = 4, REXB = 1, TIMES = 64 };
    IrMem m = ir_mem_of(s->imm);
    asm_lea(&c->a, true, RCX, rm_mem(s->reg[0], m.disp));
    uint8_t *right = c->a.p;
    entry_offset(c, m.disp ? RCX : s->reg[0]);
    Rm entry = rm_index(R14, RAX, 0, BANK_READ);
    asm_alu(&c->a, ALU_SUB, true, RCX, entry);
    asm_alu_imm(&c->a, ALU_CMP, true, rm_reg(RCX), 4096 - (1 << m.size));
    uint8_t *absent = asm_jcc(&c->a, CC_A);
    asm_load(&c->a, 8, false, RAX, rm_index(R14, RAX, 0, BANK_READ + 8));
    asm_load(&c->a, 8, false, RCX, cpu_rm(offsetof(Cpu, run)));
    unsigned count = s->pc >> c->guest->pc_shift & (SITES - 1);
    asm_alu_imm_bytes(&c->a, ALU_ADD, 1, rm_mem(RCX, (int32_t)(offsetof(CpuRun, bad_guesses) + count)), 256 / TIMES);
    asm_target(asm_jcc(&c->a, CC_AE), s->hit);
    static const Enc MOV8 = { 0, 0, 0xc6, 0, 1, false, false };
    asm_mov_imm(&c->a, RCX, (uint64_t)(uintptr_t)s->guess);
    asm_op8(&c->a, MOV8, 0, rm_mem(RCX, REXB), right[REXB]);
    asm_op8(&c->a, MOV8, 0, rm_mem(RCX, MODRM), right[MODRM]);
    asm_target(asm_jmp(&c->a), s->hit);
    asm_here(&c->a, absent);
    load_slow(c, s);
}

static void vload_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    asm_vload(&c->a, 1 << ir_mem_of(s->imm).size, s->reg[1], io(c, 0));
    jump_back(c, s);
}

enum { F80_TOP = 0xf8 /* in place of a register: the host's 80-bit stack, f80_access */, IMMEDIATE };

/* A store of a constant that its instruction can hold. */
static bool is_immediate(Comp *c, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    int32_t value;
    return is_const(c, i->arg[1]) && !m.big &&
           (m.size == 0 || m.size == 2 || (m.size == 3 && fits_imm(c, i->arg[1], &value)));
}

static void store_immediate(Comp *c, const IrInsn *i, Rm rm)
{
    int size = ir_mem_of(i->imm).size;
    uint64_t value = insn_of(c, i->arg[1])->imm;
    if (size == 0)
        asm_op8(&c->a, (Enc){ 0, 0, 0xc6, 0, 1, false, false }, 0, rm, value & 0xff);
    else
        asm_op(&c->a, (Enc){ 0, 0, 0xc7, 0, 4, false, false }, size == 3, 0, rm, (uint32_t)value);
}

static void value_to_rcx(Comp *c, const Cold *s, unsigned reg)
{
    if (reg == IMMEDIATE)
        asm_mov_imm(&c->a, RCX, insn_of(c, insn_of(c, s->ref)->arg[1])->imm);
    else
        asm_mov(&c->a, true, RCX, reg);
}

static void store_slow(Comp *c, Cold *s)
{
    /* the value first: rcx is free, rax gets the address and may hold neither */
    value_to_rcx(c, s, s->reg[1]);
    go_slow(c, s, thunks.store);
    jump_back(c, s);
}

static void vstore_slow(Comp *c, Cold *s)
{
    asm_vstore(&c->a, 16, s->reg[1], io(c, 1));
    asm_load(&c->a, 8, false, RCX, io(c, 1));
    go_slow(c, s, thunks.store);
    jump_back(c, s);
}

static void swap_value(Comp *c, unsigned reg, int size)
{
    if (size == 1) {
        asm_op(&c->a, (Enc){ 0x66, 0, 0xc1, 0, 1, false, false }, false, 0, rm_reg(reg), 8);
        return;
    }
    if (size == 3 || reg & 8)
        put8(&c->a, 0x40 | (size == 3 ? 8u : 0) | (reg >> 3 & 1));
    put8(&c->a, 0x0f);
    put8(&c->a, 0xc8 | (reg & 7));
}

/* ---- two accesses next to each other, as ldp and stp make them: one check for both. The cold path does both. ---- */

static void load_pair_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    asm_mov(&c->a, true, s->reg[1], RAX);
    go_slow_for(c, s, s->imm2, 0, thunks.load);
    if (s->reg2 != RAX)
        asm_mov(&c->a, true, s->reg2, RAX);
    jump_back(c, s);
}

static void vload_pair_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    asm_vload(&c->a, 1 << ir_mem_of(s->imm).size, s->reg[1], io(c, 0));
    go_slow_for(c, s, s->imm2, 0, thunks.load);
    asm_vload(&c->a, 1 << ir_mem_of(s->imm).size, s->reg2, io(c, 0));
    jump_back(c, s);
}

static void store_pair_slow(Comp *c, Cold *s)
{
    asm_mov(&c->a, true, RCX, s->reg[1]);
    go_slow(c, s, thunks.store);
    asm_mov(&c->a, true, RCX, s->reg2);
    go_slow_for(c, s, s->imm2, 0, thunks.store);
    jump_back(c, s);
}

static void vstore_pair_slow(Comp *c, Cold *s)
{
    asm_vstore(&c->a, 16, s->reg[1], io(c, 1));
    asm_load(&c->a, 8, false, RCX, io(c, 1));
    go_slow(c, s, thunks.store);
    asm_vstore(&c->a, 16, s->reg2, io(c, 1));
    asm_load(&c->a, 8, false, RCX, io(c, 1));
    go_slow_for(c, s, s->imm2, 0, thunks.store);
    jump_back(c, s);
}

/* Index of the access right after this one that differs only in its place, just above this one; 0: none. */
uint32_t partner(Comp *c)
{
    const IrInsn *i = insn_of(c, (IrRef)c->at), *next = i;
    uint32_t k = c->at;
    do {
        if (++k == c->ir->count)
            return 0;
        next++;
    } while (next->op == IR_nop || next->op == IR_const);
    if (next->op != i->op || next->arg[0] != i->arg[0])
        return 0;
    IrMem m = ir_mem_of(i->imm), n = m;
    n.disp += 1 << m.size;
    bool plain = !m.big && !m.order && !m.align && !m.user && m.size >= 2 && !(m.sign && i->type == I32);
    bool same = next->type == i->type && next->imm == ir_mem(n);
    if (!plain || !same || is_const(c, i->arg[0]))
        return 0;
    if (i->op == IR_store && next->arg[1] > c->at)
        return 0;
    if (i->op == IR_store &&
        ir_in_vector_reg(ir_result(insn_of(c, i->arg[1]))) != ir_in_vector_reg(ir_result(insn_of(c, next->arg[1]))))
        return 0;
    return k;
}

/* rax, rcx and everything that this needs are taken before the check: the cold path must not miss a move. */
static bool load_first(Comp *c, IrInsn *i, IrMem m, bool vector)
{
    uint32_t second = partner(c);
    if (!second)
        return false;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned dst = vector ? vscratch(c) : scratch(c), dst2 = vector ? vscratch(c) : 0;
    Cold *s = check_span(c, address, m, 2 << m.size, false, NO_REG, wants_hint(c, m),
                         vector ? vload_pair_slow : load_pair_slow);
    Rm rm = rm_index(address, RAX, 0, m.disp);
    if (vector)
        asm_vload(&c->a, 1 << m.size, dst, rm);
    else
        asm_load(&c->a, 1 << m.size, m.sign && i->type == I64, dst, rm);
    result_stays(c, dst, vector);
    s->reg[1] = (uint8_t)dst;
    s->reg2 = (uint8_t)dst2;
    c->pair.at = second;
    c->pair.cold = s;
    return true;
}

static void load_second(Comp *c, IrInsn *i, IrMem m, bool vector)
{
    Cold *s = c->pair.cold;
    c->pair.at = 0;
    Rm rm = rm_index(s->reg[0], RAX, 0, m.disp);
    unsigned dst;
    s->imm2 = i->imm;
    if (vector) {
        dst = s->reg2;
        asm_vload(&c->a, 1 << m.size, dst, rm);
        result_stays(c, dst, true);
    } else { /* rax is free, so that no other value has to move */
        c->locked |= 1u << s->reg[1];
        use(c, i->arg[0]);
        release(c, i->arg[0]);
        dst = define(c, i->arg[0]);
        asm_load(&c->a, 1 << m.size, m.sign && i->type == I64, dst, rm);
    }
    s->reg2 = (uint8_t)dst;
    goes_on(c, s);
}

static bool in_pin(Comp *c, IrRef r)
{
    Where w = c->where[r];
    return !is_const(c, r) && w.place == IN_PIN && !slot_is_vector(c, w.of) && !w.offset;
}

static bool store_first(Comp *c, IrInsn *i, IrMem m, bool vector)
{
    uint32_t second = partner(c);
    if (!second)
        return false;
    IrRef other = insn_of(c, (IrRef)second)->arg[1];
    if (!vector && !in_pin(c, i->arg[0]) + !in_pin(c, i->arg[1]) + !in_pin(c, other) > 2)
        return false; /* more than there are registers */
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned value = vector ? vuse(c, i->arg[1]) : use(c, i->arg[1]);
    unsigned next = vector ? vuse(c, other) : use(c, other);
    Cold *s = check_span(c, address, m, 2 << m.size, true, NO_REG, wants_hint(c, m),
                         vector ? vstore_pair_slow : store_pair_slow);
    for (int k = 0; k < 2; k++) {
        Rm rm = rm_index(address, RAX, 0, m.disp + (k << m.size));
        if (vector)
            asm_vstore(&c->a, 1 << m.size, k ? next : value, rm);
        else
            asm_store(&c->a, 1 << m.size, k ? next : value, rm);
    }
    s->reg[1] = (uint8_t)value;
    s->reg2 = (uint8_t)next;
    s->imm2 = insn_of(c, (IrRef)second)->imm;
    goes_on(c, s);
    c->pair.at = second;
    return true;
}

/* ---- accesses near one another: span.c says which ---- */

static void access(Comp *c, const IrInsn *i, bool vector, unsigned reg, Rm rm)
{
    IrMem m = ir_mem_of(i->imm);
    if (reg == F80_TOP)
        f80_access(c, i, rm);
    else if (reg == IMMEDIATE)
        store_immediate(c, i, rm);
    else if (i->op == IR_store && vector)
        asm_vstore(&c->a, 1 << m.size, reg, rm);
    else if (i->op == IR_store)
        asm_store(&c->a, 1 << m.size, reg, rm);
    else if (vector)
        asm_vload(&c->a, 1 << m.size, reg, rm);
    else if (m.sign && i->type == I32 && m.size < 2)
        asm_op8(&c->a, (Enc){ 0, 1, m.size ? 0xbf : 0xbe, 8, 0, false, false }, reg, rm, 0);
    else
        asm_load(&c->a, 1 << m.size, m.sign && i->type == I64, reg, rm);
}

/* A register of the hot path, of which rax and rcx have been kept. */
static unsigned kept(Comp *c, unsigned reg, unsigned to)
{
    if (reg != RAX && reg != RCX)
        return reg;
    asm_load(&c->a, 8, false, to, spill_rm(c, reg == RAX ? KEEP_RAX : KEEP_RCX));
    return to;
}

/* By the table, from which the page may be missing: then what follows is done. Returns what jumps over that. */
static uint8_t *by_probe(Comp *c, const Cold *s, const IrInsn *i, bool vector)
{
    IrMem m = ir_mem_of(s->imm);
    bool is_store = i->op == IR_store, f80 = s->reg[1] == F80_TOP;
    asm_lea(&c->a, true, RAX, rm_mem(kept(c, s->reg[0], RAX), m.disp));
    asm_mov_imm(&c->a, RCX, (uint64_t)(4096 - (1 << m.size)));
    asm_call_to(&c->a, thunks.probe[is_store]);
    uint8_t *absent = asm_jcc(&c->a, CC_A);
    access(c, i, vector, is_store && !vector && !f80 ? kept(c, s->reg[1], RCX) : s->reg[1], rm_mem(RAX, 0));
    uint8_t *done = asm_jmp(&c->a);
    asm_here(&c->a, absent);
    return done;
}

/* No page is open in the table, or the span goes beyond it: the one access alone. Where there is a hint, the slow path
 * is to see the access. */
static void alone(Comp *c, Cold *s)
{
    const IrInsn *i = insn_of(c, s->ref);
    IrMem m = ir_mem_of(s->imm);
    bool vector = s->reg[3], is_store = i->op == IR_store, f80 = s->reg[1] == F80_TOP;
    asm_store(&c->a, 8, RAX, spill_rm(c, KEEP_RAX));
    asm_store(&c->a, 8, RCX, spill_rm(c, KEEP_RCX));
    uint8_t *done = s->hint ? NULL : by_probe(c, s, i, vector);
    if (is_store && f80) {
        f80_access_early(c, i);
    } else if (is_store && vector) {
        asm_vstore(&c->a, 16, s->reg[1], io(c, 1));
        asm_load(&c->a, 8, false, RCX, io(c, 1));
    } else if (is_store) {
        value_to_rcx(c, s, kept(c, s->reg[1], RCX));
    }
    asm_lea(&c->a, true, RAX, rm_mem(kept(c, s->reg[0], RAX), m.disp));
    put8(&c->a, 0x68); /* push imm32; the thunk pops it */
    put32(&c->a, ((uint32_t)s->imm & 0xffff) | s->hint);
    call_thunk(c, is_store ? thunks.store : thunks.load, true);
    if (f80)
        f80_access_late(c, i);
    else if (!is_store && vector)
        asm_vload(&c->a, 1 << m.size, s->reg[1], io(c, 0));
    else if (!is_store)
        asm_mov(&c->a, i->type != I32, s->reg[1], RAX);
    if (done)
        asm_here(&c->a, done);
    if (is_store || vector || s->reg[1] != RAX)
        asm_load(&c->a, 8, false, RAX, spill_rm(c, KEEP_RAX));
    if (is_store || vector || s->reg[1] != RCX)
        asm_load(&c->a, 8, false, RCX, spill_rm(c, KEEP_RCX));
    jump_back(c, s);
}

static unsigned result_of(Comp *c, const IrInsn *i, bool vector)
{
    release(c, i->arg[0]);
    return vector ? vdefine(c, true) : define(c, i->arg[0]);
}

/* The register with what is stored, or IMMEDIATE. */
static unsigned stored(Comp *c, const IrInsn *i, bool vector)
{
    if (is_immediate(c, i))
        return IMMEDIATE;
    return vector ? vuse(c, i->arg[1]) : use(c, i->arg[1]);
}

/* What was checked for an access before holds for this one. All registers are ready before the test. */
static void access_open(Comp *c, const IrInsn *i, bool vector, bool f80, int32_t offset)
{
    unsigned span = span_register(c);
    c->locked |= 1u << span;
    unsigned address = use(c, i->arg[0]), reg = F80_TOP;
    if (i->op == IR_store && !f80)
        reg = stored(c, i, vector);
    clobber_flags(c);
    if (i->op == IR_load && !f80)
        reg = result_of(c, i, vector);
    asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, true, span, rm_reg(span), 0);
    Cold *s = cold(c, alone);
    s->from[0] = asm_jcc(&c->a, CC_E);
    late_flags_for(c, s);
    s->reg[0] = (uint8_t)address;
    s->reg[1] = (uint8_t)reg;
    s->reg[3] = vector;
    s->imm = i->imm;
    access(c, i, vector, reg, rm_mem(span, offset));
    goes_on(c, s);
}

/* The first of several. False, and nothing done: there is no register for it. */
static bool open_span(Comp *c, const IrInsn *i, IrMem m, bool vector, bool f80)
{
    int32_t below, bytes;
    bool write;
    if (!span_begins(c, &below, &bytes, &write))
        return false;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]), reg = F80_TOP;
    if (i->op == IR_store && !f80)
        reg = stored(c, i, vector);
    if (!temp_left(c))
        return false;
    unsigned span = scratch(c);
    if (i->op == IR_load && vector)
        reg = vdefine(c, true);
    m.disp -= below;
    Cold *s = check_span(c, address, m, bytes, write, NO_REG, wants_hint(c, m), alone);
    asm_lea(&c->a, true, span, rm_index(address, RAX, 0, m.disp));
    span_open(c, span);
    c->locked &= ~(1u << RAX);
    if (i->op == IR_load && !vector && !f80)
        reg = result_of(c, i, false);
    s->reg[1] = (uint8_t)reg;
    s->reg[3] = vector;
    access(c, i, vector, reg, rm_mem(span, below));
    goes_on(c, s);
    return true;
}

static bool near_others(Comp *c, const IrInsn *i, IrMem m, bool vector, bool f80)
{
    int32_t offset;
    if (span_covers(c, &offset)) {
        access_open(c, i, vector, f80, offset);
        return true;
    }
    return open_span(c, i, m, vector, f80);
}

/* ---- numbers of 80 bits: the host's unit has memory operands ---- */

static void load_f80_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    f80_access_late(c, insn_of(c, s->ref));
    jump_back(c, s);
}

static void store_f80_slow(Comp *c, Cold *s)
{
    f80_access_early(c, insn_of(c, s->ref));
    go_slow(c, s, thunks.store);
    f80_access_late(c, insn_of(c, s->ref));
    jump_back(c, s);
}

static void access_f80(Comp *c, const IrInsn *i, IrMem m)
{
    bool write = i->op == IR_store;
    if (!near_others(c, i, m, false, true)) {
        take_rax_rcx(c);
        unsigned address = use(c, i->arg[0]);
        Cold *s = check(c, address, m, write, write ? store_f80_slow : load_f80_slow);
        f80_access(c, i, rm_index(address, RAX, 0, m.disp));
        goes_on(c, s);
    }
    f80_accessed(c, i);
}

void op_load(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    IrMem m = ir_mem_of(i->imm);
    bool vector = ir_in_vector_reg(i->type);
    if (c->pair.at == c->at) {
        load_second(c, i, m, vector);
        return;
    }
    bool f80 = f80_load_comes(c);
    if (f80) {
        access_f80(c, i, m);
        return;
    }
    if (near_others(c, i, m, vector, false) || load_first(c, i, m, vector))
        return;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned dst = vector ? vdefine(c, true) : 0; /* before the check: it may have to move another value */
    bool hint = wants_hint(c, m);
    unsigned near = vector || hint ? NO_REG : base_register(c, i->arg[0], m);
    Cold *s = check_span(c, address, m, 1 << m.size, false, near, hint,
                         vector           ? vload_slow
                         : near == NO_REG ? load_slow
                                          : look_again);
    release(c, i->arg[0]);
    if (!vector) {
        /* the address's own temporary may serve the result: the cold path reads it before */
        c->locked &= ~(1u << RAX);
        dst = define(c, i->arg[0]);
        s->reg[2] = i->type == I32; /* 32-bit results are zero-extended on either path */
    }
    access(c, i, vector, dst, rm_index(address, RAX, 0, m.disp));
    s->reg[1] = (uint8_t)dst;
    if (!vector && m.big && m.size) {
        swap_value(c, dst, m.size);
        if (m.size == 1 || (m.sign && m.size < 3)) /* what movzx or movsx did went to the wrong end */
            asm_op(&c->a,
                   (Enc){ 0, m.size == 1 ? 1 : 0, m.size == 1 ? (m.sign ? 0xbf : 0xb7) : 0x63, 8, 0, false, false },
                   m.sign && i->type == I64, dst, rm_reg(dst), 0);
    }
    goes_on(c, s);
}

void op_store(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    IrMem m = ir_mem_of(i->imm);
    IrType t = ir_result(insn_of(c, i->arg[1]));
    bool vector = ir_in_vector_reg(t);
    if (c->pair.at == c->at) { /* done with the first */
        c->pair.at = 0;
        return;
    }
    bool f80 = f80_store_comes(c);
    if (f80) {
        access_f80(c, i, m);
        return;
    }
    if (near_others(c, i, m, vector, false) || store_first(c, i, m, vector))
        return;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned value = stored(c, i, vector);
    Cold *s = check_span(c, address, m, 1 << m.size, true, NO_REG, wants_hint(c, m), vector ? vstore_slow : store_slow);
    Rm rm = rm_index(address, RAX, 0, m.disp);
    s->reg[1] = (uint8_t)value;
    if (!vector && m.big && m.size) {
        asm_mov(&c->a, true, RCX, value);
        swap_value(c, RCX, m.size);
        asm_store(&c->a, 1 << m.size, RCX, rm);
    } else {
        access(c, i, vector, value, rm);
    }
    goes_on(c, s);
    if (m.order & ORDER_RELEASE)
        full_fence(c);
}

/* Atomics that are not on a plain page: operands in rcx and CpuRun.io. */
static void atomic_slow(Comp *c, Cold *s, const uint8_t *thunk)
{
    go_slow(c, s, thunk);
    jump_back(c, s);
}

static void rmw_slow(Comp *c, Cold *s)
{
    asm_mov(&c->a, true, RCX, s->reg[1]);
    atomic_slow(c, s, thunks.rmw);
}

static const Enc MOVQ_TO = { 0x66, 1, 0x7e, 8, 0, true, false }, MOVQ_FROM = { 0x66, 1, 0x6e, 8, 0, true, false };

static void lock_op(Comp *c, uint8_t map, uint8_t opcode, int size, unsigned reg, Rm rm)
{
    put8(&c->a, 0xf0);
    Enc e = { size == 1 ? 0x66 : 0, map, (uint8_t)(size ? opcode | 1 : opcode & 0xfe), 8, 0, false, false };
    if (size == 0)
        asm_op8(&c->a, e, reg, rm, 0);
    else
        asm_op(&c->a, e, size == 3, reg, rm, 0);
}

static void zero_extend(Comp *c, unsigned dst, unsigned src, int size)
{
    asm_load(&c->a, 1 << size, false, dst, rm_reg(src));
}

/* cmpxchg loop: to = new value from rax = old and the operand. */
static void combine(Comp *c, IrRmw op, int size, unsigned operand_reg, unsigned to)
{
    static const uint8_t alu[] = {
        [RMW_ADD] = ALU_ADD, [RMW_ANDN] = ALU_AND, [RMW_XOR] = ALU_XOR, [RMW_OR] = ALU_OR, [RMW_AND] = ALU_AND
    };
    static const uint8_t keep[] = { [RMW_SMAX] = CC_L, [RMW_SMIN] = CC_G, [RMW_UMAX] = CC_B, [RMW_UMIN] = CC_A };
    bool w = size == 3;
    if (op < RMW_SMAX || op == RMW_AND) {
        asm_mov(&c->a, w, to, operand_reg);
        if (op == RMW_ANDN)
            asm_op(&c->a, *enc_int(IR_not), w, 0, rm_reg(to), 0);
        asm_alu(&c->a, alu[op], w, to, rm_reg(RAX));
        return;
    }
    bool sign = op == RMW_SMAX || op == RMW_SMIN;
    asm_load(&c->a, 1 << size, sign && size < 3, to, rm_reg(operand_reg)); /* operand as a full number */
    if (size <
        2) { /* compare at full width: rax zero-extended from memory is sign-extended in place by a compare of bytes */
        Enc cmp = { size == 1 ? 0x66 : 0, 0, size == 1 ? 0x3b : 0x3a, 8, 0, false, false };
        asm_op8(&c->a, cmp, RAX, rm_reg(to), 0);
    } else {
        asm_alu(&c->a, ALU_CMP, w, RAX, rm_reg(to));
    }
    /* to = old unless (old keep-condition operand) */
    asm_op(&c->a, (Enc){ 0, 1, (uint8_t)(0x40 | (keep[op] ^ 1)), 8, 0, false, false }, true, to, rm_reg(RAX), 0);
}

void op_rmw(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    IrMem m = ir_mem_of(i->imm);
    m.align = m.align ? m.align : ALIGN_SIZE; /* a host atomic may not cross a page: the slow path sorts it out */
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned operand_reg = use(c, i->arg[1]);
    Cold *s = check(c, address, m, true, rmw_slow);
    asm_lea(&c->a, true, RCX, rm_index(address, RAX, 0, m.disp)); /* host address */
    if (m.rmw == RMW_ADD || m.rmw == RMW_SWAP) {
        asm_mov(&c->a, true, RAX, operand_reg);
        lock_op(c, m.rmw == RMW_ADD, m.rmw == RMW_ADD ? 0xc0 : 0x86, m.size, RAX, rm_mem(RCX, 0)); /* xadd, xchg */
    } else { /* one register more than there are: its value waits in XS */
        unsigned to = operand_reg == RDX ? R13 : RDX;
        asm_vec2(&c->a, MOVQ_FROM, XS, rm_reg(to), 0);
        asm_load(&c->a, 1 << m.size, false, RAX, rm_mem(RCX, 0));
        uint8_t *again = c->a.p;
        combine(c, (IrRmw)m.rmw, m.size, operand_reg, to);
        lock_op(c, 1, 0xb0, m.size, to, rm_mem(RCX, 0)); /* cmpxchg */
        asm_target(asm_jcc(&c->a, CC_NE), again);
        asm_vec2(&c->a, MOVQ_TO, XS, rm_reg(to), 0);
    }
    zero_extend(c, RAX, RAX, m.size);
    s->reg[1] = (uint8_t)operand_reg;
    goes_on(c, s);
    result_in(c, RAX);
}

static void cas_slow(Comp *c, Cold *s)
{
    asm_load(&c->a, 8, false, RAX, cpu_rm(offsetof(Cpu, run)));
    asm_store(&c->a, 8, s->reg[3], rm_mem(RAX, offsetof(CpuRun, io) + 32));
    asm_vec2(&c->a, MOVQ_TO, XS, rm_reg(RCX), 0);
    atomic_slow(c, s, thunks.cas);
}

void op_cas(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    IrMem m = ir_mem_of(i->imm);
    m.align = m.align ? m.align : ALIGN_SIZE;
    unsigned address = use_beside_rax(c, i->arg[0]); /* one value may be all three */
    unsigned desired = use_beside_rax(c, i->arg[2]);
    use_in(c, i->arg[1], RAX);
    take(c, RCX);
    clobber_flags(c);
    asm_vec2(&c->a, MOVQ_FROM, XS, rm_reg(RAX), 0); /* expected */
    Cold *s = check(c, address, m, true, cas_slow);
    asm_lea(&c->a, true, RCX, rm_index(address, RAX, 0, m.disp));
    asm_vec2(&c->a, MOVQ_TO, XS, rm_reg(RAX), 0);
    lock_op(c, 1, 0xb0, m.size, desired, rm_mem(RCX, 0)); /* cmpxchg */
    zero_extend(c, RAX, RAX, m.size);
    s->reg[3] = (uint8_t)desired;
    goes_on(c, s);
    result_in(c, RAX);
}

void op_fence(Comp *c)
{
    if (insn_of(c, (IrRef)c->at)->imm == FENCE_FULL) {
        clobber_flags(c);
        full_fence(c);
    }
}
