/* Guest memory: the inline TLB check, and the way to the slow path. */
#include "backend/x86_64/mem.h"

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

/* The usual check: a few stores write what were seven instructions. Of what varies it has the offsets: the register
 * whose page it is (a bit and a field of the first instruction), the last offset in a page that is allowed, and where
 * to go from others, 32 bits each. */
typedef struct CheckBytes {
    uint8_t bytes[48];
    uint8_t length, last, jump;
} CheckBytes;
enum { PAGE_NUMBER = 6 /* bytes of rorx */, VEX_B = 1, VEX_MODRM = 4 };
#define BYTES4(v) (v) & 0xff, (v) >> 8 & 0xff, (v) >> 16 & 0xff, (v) >> 24 & 0xff
#define CHECK(...)                                                                                                     \
    {                                                                                                                  \
        0xc4, 0xe3, 0x7b, 0xf0, 0xc0, 12 - 4, /* rorx eax, */                                                          \
            0x25, BYTES4((TLB_SIZE - 1) << 4), /* and eax */ __VA_ARGS__                                               \
    }
static const CheckBytes check_bytes[2] = {
    { CHECK(0x49, 0x2b, 0x0c, 0x06,      /* sub rcx, [r14 + rax] */
            0x48, 0x81, 0xf9, BYTES4(0), /* cmp rcx */
            0x0f, 0x87, BYTES4(0),       /* ja */
            0x49, 0x8b, 0x44, 0x06, 8),  /* mov rax, [r14 + rax + 8] */
      33, 18, 24 },
    { CHECK(0x49, 0x2b, 0x8c, 0x06, BYTES4(BANK_WRITE),      /* sub rcx, [r14 + rax + BANK_WRITE] */
            0x48, 0x81, 0xf9, BYTES4(0),                     /* cmp rcx */
            0x0f, 0x87, BYTES4(0),                           /* ja */
            0x49, 0x8b, 0x84, 0x06, BYTES4(BANK_WRITE + 8)), /* mov rax, [r14 + rax + BANK_WRITE + 8] */
      40, 22, 28 },
};
_Static_assert(BANK_READ == 0, "the first check has no displacement");

static inline uint8_t *copy_check(Comp *c, const CheckBytes *t, unsigned page_of, int32_t span)
{
    uint8_t *p = c->a.p;
    int32_t last = 4096 - span;
    if (host_cpu.bmi2) {
        memcpy(p, t->bytes, sizeof t->bytes);
        p[VEX_B] = (uint8_t)(0xe3 ^ (page_of & 8) << 2);
        p[VEX_MODRM] = (uint8_t)(0xc0 | (page_of & 7));
    } else {
        page_number(c, page_of);
        p = c->a.p - PAGE_NUMBER;
        memcpy(c->a.p, t->bytes + PAGE_NUMBER, sizeof t->bytes - PAGE_NUMBER);
    }
    memcpy(p + t->last, &last, sizeof last);
    c->a.p = p + t->length;
    return p + t->jump;
}

static inline uint8_t *check_entry(Comp *c, unsigned page_of, int32_t span, bool write)
{
    return write ? copy_check(c, &check_bytes[1], page_of, span) : copy_check(c, &check_bytes[0], page_of, span);
}

/* The same in the bank of unprivileged accesses. */
static uint8_t *check_user_entry(Comp *c, unsigned page_of, int32_t span, bool write)
{
    int32_t table = write ? BANK_WRITE : BANK_READ;
    entry_offset(c, page_of);
    asm_alu(&c->a, ALU_ADD, true, RAX, cpu_rm(offsetof(Cpu, user_bank)));
    asm_alu(&c->a, ALU_SUB, true, RCX, rm_mem(RAX, table));
    asm_alu_imm(&c->a, ALU_CMP, true, rm_reg(RCX), 4096 - span);
    uint8_t *slow = asm_jcc(&c->a, CC_A);
    asm_load(&c->a, 8, false, RAX, rm_mem(RAX, table + 8));
    return slow;
}

/* What a cold path of the current op has to know. */
static inline void belongs_to(const Comp *c, Cold *s, unsigned address)
{
    s->reg[0] = (uint8_t)address;
    s->imm = c->ir->insn[c->at].imm;
    s->hit = c->a.p;
}

Cold *mem_check_usual(Comp *c, unsigned address, int32_t disp, int32_t span, bool write, void (*emit)(Comp *, Cold *))
{
    clobber_flags(c);
    asm_address(&c->a, RCX, address, disp);
    Cold *s = cold(c, emit);
    s->hint = 0;
    s->from[0] = check_entry(c, disp ? RCX : address, span, write);
    late_flags_for(c, s);
    belongs_to(c, s, address);
    return s;
}

/*     lea rcx, [address]; rorx eax, ecx, 8; and eax, 0xfff0; sub rcx, [bank + rax]; cmp rcx, 4096 - size; ja cold
 *     mov rax, [bank + rax + 8] */
Cold *mem_check_span(Comp *c, unsigned address, uint64_t imm, int32_t span, bool write, unsigned near, bool hint,
                     void (*emit)(Comp *, Cold *))
{
    IrMem m = ir_mem_of(imm);
    int32_t size = 1 << m.size;
    uint8_t *misaligned = NULL;
    clobber_flags(c);
    asm_address(&c->a, RCX, address, m.disp);
    if (m.align && size > 1) {
        asm_op8(&c->a, (Enc){ 0, 0, 0xf6, 0, 1, false, false }, 0, rm_reg(RCX),
                (uint64_t)size - 1); /* test cl, size - 1 */
        misaligned = asm_jcc(&c->a, CC_NE);
    }
    unsigned page_of = near != NO_REG ? near : m.disp ? RCX : address;
    Cold *slow = cold(c, emit);
    slow->guess = c->a.p;
    slow->hint = hint ? next_hint(span, write) : 0;
    slow->from[0] = slow->hint ? check_hint(c, slow->hint)
                    : m.user   ? check_user_entry(c, page_of, span, write)
                               : check_entry(c, page_of, span, write);
    slow->from[1] = misaligned;
    late_flags_for(c, slow);
    if (near != NO_REG) { /* by another page's number even an empty entry may be found: its addend is 0 */
        asm_op(&c->a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, true, RAX, rm_reg(RAX), 0);
        slow->from[1] = asm_jcc(&c->a, CC_E);
    }
    belongs_to(c, slow, address);
    return slow;
}

void mem_call_slow(Comp *c, uint64_t imm, uint32_t hint, const uint8_t *thunk)
{
    uint32_t pushed = ((uint32_t)imm & 0xffff) | hint;
    if (!c->swaps && !f80_busy(c)) {
        asm_push_call(&c->a, pushed, thunk);
        point(c);
        return;
    }
    put8(&c->a, 0x68); /* push imm32; the thunk pops it */
    put32(&c->a, pushed);
    call_thunk(c, thunk, true);
}

void mem_go_slow_for(Comp *c, const Cold *s, uint64_t imm, uint32_t hint, const uint8_t *thunk)
{
    asm_address(&c->a, RAX, s->reg[0], ir_mem_of(imm).disp);
    mem_call_slow(c, imm, hint, thunk);
}

/* From the cold path's full-width number in rax to what the load op gives. */
static void take_loaded(Comp *c, Cold *s)
{
    if (s->reg[1] != RAX || (s->reg[2] && ir_mem_of(s->imm).sign)) /* the thunk extends the sign to 64 bits */
        asm_mov_rax(&c->a, !s->reg[2], s->reg[1]);
    jump_back(c, s);
}

static void load_slow(Comp *c, Cold *s)
{
    go_slow(c, s, thunks.load);
    take_loaded(c, s);
}

/* After the usual check, which has left in rax and rcx what the address is made of. */
static void load_missed(Comp *c, Cold *s)
{
    mem_call_slow(c, s->imm, 0, thunks.load_missed);
    take_loaded(c, s);
}

/* ---- a guess at the page ----
 * In a load from [base + index] the entry of base's page is ready long before the sum is, and a small table is all in
 * one page. The check is that of the address itself, so that a bad guess is only slow; a site of many is made to
 * guess no more. */

static unsigned base_register(Comp *c, IrRef address, uint64_t imm)
{
    const IrInsn *sum = insn_of(c, address);
    if (sum->op != IR_add || !host_cpu.bmi2 || !mem_is_usual(imm) || c->piece || c->where[address].place != IN_REG)
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

void mem_value_to_rcx(Comp *c, const Cold *s, unsigned reg)
{
    if (reg == IMMEDIATE)
        asm_mov_imm(&c->a, RCX, insn_of(c, insn_of(c, s->ref)->arg[1])->imm);
    else
        asm_address(&c->a, RCX, reg, 0);
}

const AccessForm mem_forms[4][4] = {
    [MEM_ZERO] = { { 0xb60f, 16, 0, 0, 0 }, { 0xb70f, 16, 0, 0, 0 }, { 0x8b, 8, 0, 0, 0 }, { 0x8b, 8, 0, 1, 0 } },
    [MEM_SIGN64] = { { 0xbe0f, 16, 0, 1, 0 }, { 0xbf0f, 16, 0, 1, 0 }, { 0x63, 8, 0, 1, 0 }, { 0x8b, 8, 0, 1, 0 } },
    [MEM_SIGN32] = { { 0xbe0f, 16, 0, 0, 0 }, { 0xbf0f, 16, 0, 0, 0 }, { 0x8b, 8, 0, 0, 0 }, { 0x8b, 8, 0, 1, 0 } },
    [MEM_STORE] = { { 0x88, 8, 0, 0, 1 }, { 0x89, 8, 1, 0, 0 }, { 0x89, 8, 0, 0, 0 }, { 0x89, 8, 0, 1, 0 } },
};

void mem_access_other(Comp *c, const IrInsn *i, unsigned reg, Rm rm)
{
    int bytes = 1 << ir_mem_of(i->imm).size;
    if (reg == F80_TOP)
        f80_access(c, i, rm);
    else if (reg == IMMEDIATE)
        store_immediate(c, i, rm);
    else if (i->op == IR_store)
        asm_vstore(&c->a, bytes, reg, rm);
    else
        asm_vload(&c->a, bytes, reg, rm);
}

unsigned mem_stored(Comp *c, const IrInsn *i, bool vector)
{
    if (is_immediate(c, i))
        return IMMEDIATE;
    return vector ? vuse(c, i->arg[1]) : use(c, i->arg[1]);
}

static void store_slow(Comp *c, Cold *s)
{
    /* the value first: rcx is free, rax gets the address and may hold neither */
    mem_value_to_rcx(c, s, s->reg[1]);
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

static void access_f80(Comp *c, const IrInsn *i)
{
    bool write = i->op == IR_store;
    IrMem m = ir_mem_of(i->imm);
    if (!mem_has_others(c) || !mem_near(c, i, false, true)) {
        take_rax_rcx(c);
        unsigned address = use(c, i->arg[0]);
        Cold *s = check(c, address, m, write, write ? store_f80_slow : load_f80_slow);
        f80_access(c, i, rm_index(address, RAX, 0, m.disp));
        goes_on(c, s);
    }
    f80_accessed(c, i);
}

static inline bool swaps(const IrInsn *i)
{
    return ir_mem_of(i->imm).big && ir_mem_of(i->imm).size;
}

/* What movzx or movsx did went to the wrong end. */
static void swap_loaded(Comp *c, const IrInsn *i, unsigned dst)
{
    IrMem m = ir_mem_of(i->imm);
    swap_value(c, dst, m.size);
    if (m.size == 1 || (m.sign && m.size < 3))
        asm_op(&c->a, (Enc){ 0, m.size == 1 ? 1 : 0, m.size == 1 ? (m.sign ? 0xbf : 0xb7) : 0x63, 8, 0, false, false },
               m.sign && i->type == I64, dst, rm_reg(dst), 0);
}

static Cold *check_load(Comp *c, const IrInsn *i, unsigned address, bool vector)
{
    bool hint = wants_hint(c, i->imm);
    int32_t disp = ir_mem_of(i->imm).disp, bytes = 1 << ir_mem_of(i->imm).size;
    unsigned near = vector || hint ? NO_REG : base_register(c, i->arg[0], i->imm);
    if (near == NO_REG && !hint && mem_is_usual(i->imm))
        return mem_check_usual(c, address, disp, bytes, false, vector ? vload_slow : load_missed);
    return mem_check_span(c, address, i->imm, bytes, false, near, hint,
                          vector           ? vload_slow
                          : near == NO_REG ? load_slow
                                           : look_again);
}

/* In a piece of a unit, which is for being short: by the shared code that looks at the table. */
static bool is_short(const Comp *c, const IrInsn *i, bool vector)
{
    return c->piece && !vector && mem_is_usual(i->imm) && !ir_mem_of(i->imm).order && !swaps(i);
}

static void load_shortly(Comp *c, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    take_rax_rcx(c);
    clobber_flags(c);
    asm_address(&c->a, RAX, use(c, i->arg[0]), m.disp);
    mem_call_slow(c, i->imm, 0, thunks.near_load[m.size][m.sign]);
    if (i->type == I32 && m.sign)
        asm_mov(&c->a, false, RAX, RAX);
    release(c, i->arg[0]);
    result_in(c, RAX);
}

static void store_shortly(Comp *c, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    take_rax_rcx(c);
    clobber_flags(c);
    unsigned address = use(c, i->arg[0]);
    mem_value_to_rcx(c, &(Cold){ .ref = (IrRef)c->at }, mem_stored(c, i, false));
    asm_address(&c->a, RAX, address, m.disp);
    mem_call_slow(c, i->imm, 0, thunks.near_store[m.size]);
}

void op_load(Comp *c)
{
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    bool vector = ir_in_vector_reg(i->type);
    if (c->pair.at == c->at) {
        mem_load_second(c, i, vector);
        return;
    }
    if (is_short(c, i, vector)) {
        load_shortly(c, i);
        return;
    }
    if (c->guest->f80_control && f80_load_comes(c)) {
        access_f80(c, i);
        return;
    }
    if (mem_has_others(c) && (mem_near(c, i, vector, false) || (mem_may_pair(c, i) && mem_load_pair(c, i, vector))))
        return;
    if (mem_stack(c, i, vector))
        return;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned dst = vector ? vdefine(c, true) : 0; /* before the check: it may have to move another value */
    Cold *s = check_load(c, i, address, vector);
    release(c, i->arg[0]);
    if (!vector) {
        /* the address's own temporary may serve the result: the cold path reads it before */
        c->locked &= ~(1u << RAX);
        dst = define(c, i->arg[0]);
        s->reg[2] = i->type == I32; /* 32-bit results are zero-extended on either path */
    }
    mem_access(c, i, vector, dst, address, true, ir_mem_of(i->imm).disp);
    s->reg[1] = (uint8_t)dst;
    if (!vector && swaps(i))
        swap_loaded(c, i, dst);
    goes_on(c, s);
}

static Cold *check_store(Comp *c, const IrInsn *i, unsigned address, bool vector)
{
    bool hint = wants_hint(c, i->imm);
    int32_t disp = ir_mem_of(i->imm).disp, bytes = 1 << ir_mem_of(i->imm).size;
    if (!hint && mem_is_usual(i->imm))
        return mem_check_usual(c, address, disp, bytes, true, vector ? vstore_slow : store_slow);
    return mem_check_span(c, address, i->imm, bytes, true, NO_REG, hint, vector ? vstore_slow : store_slow);
}

void op_store(Comp *c)
{
    const IrInsn *i = insn_of(c, (IrRef)c->at);
    bool vector = ir_in_vector_reg(ir_result(insn_of(c, i->arg[1])));
    if (c->pair.at == c->at) { /* done with the first */
        c->pair.at = 0;
        return;
    }
    if (c->at == c->f80_fused && f80_store_comes(c)) {
        access_f80(c, i);
        return;
    }
    if (is_short(c, i, vector)) {
        store_shortly(c, i);
        return;
    }
    if (mem_has_others(c) && (mem_near(c, i, vector, false) || (mem_may_pair(c, i) && mem_store_pair(c, i, vector))))
        return;
    if (mem_stack(c, i, vector))
        return;
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned value = mem_stored(c, i, vector);
    Cold *s = check_store(c, i, address, vector);
    s->reg[1] = (uint8_t)value;
    if (!vector && swaps(i)) {
        asm_mov(&c->a, true, RCX, value);
        swap_value(c, RCX, ir_mem_of(i->imm).size);
        value = RCX;
    }
    mem_access(c, i, vector, value, address, true, ir_mem_of(i->imm).disp);
    goes_on(c, s);
    if (ir_mem_of(i->imm).order & ORDER_RELEASE)
        full_fence(c);
}

void op_fence(Comp *c)
{
    if (insn_of(c, (IrRef)c->at)->imm == FENCE_FULL) {
        clobber_flags(c);
        full_fence(c);
    }
}
