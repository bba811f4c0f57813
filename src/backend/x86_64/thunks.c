/* Code that all units share: entering and leaving, slow paths, helper calls. Written once, before any unit. */
#include "backend/x86_64/comp.h"

#include "cpu/interp.h"
#include <assert.h>
#include <string.h>

Thunks thunks;
uint8_t pin_of[IR_SLOTS];

enum { FRAME = SPILLS * 16 + 8, PINS = 9, VPINS = 10, POOL_CONSTS = 4096, OWN_CONSTS = 1024 };

/* Best first: registers that C preserves, so that the hottest slots survive helper calls without a store. */
static const uint8_t pin_regs[PINS] = { RBX, R12, R15, RSI, RDI, R8, R9, R10, R11 };
static const uint32_t saved_by_c = 1u << RBX | 1u << R12 | 1u << R15;

static struct Home {
    uint8_t reg;
    int32_t disp; /* of the slot, from rbp */
} pin[PINS], vpin[VPINS];
static unsigned pins, vpins;

static void choose_pins(const Guest *g)
{
    int count;
    const Slot *slots = guest_slots(g, &count);
    memset(pin_of, NO_REG, sizeof pin_of);
    for (pins = 0; pins < PINS && g->hot[pins] != 0xffff; pins++) {
        pin[pins] = (struct Home){ pin_regs[pins], slots[g->hot[pins]].offset - CPU_BIAS };
        pin_of[g->hot[pins]] = pin_regs[pins];
    }
    for (vpins = 0; vpins < VPINS && g->hot_vector[vpins] != 0xffff; vpins++) {
        vpin[vpins] = (struct Home){ (uint8_t)vpins, slots[g->hot_vector[vpins]].offset - CPU_BIAS };
        pin_of[g->hot_vector[vpins]] = (uint8_t)vpins;
    }
}

enum { ONLY_LOST = 1, ALL = 2 }; /* pins that a C call loses; all of them */

static void save_pins(Asm *a, int which)
{
    for (unsigned k = 0; k < pins; k++)
        if (which == ALL || !(saved_by_c >> pin[k].reg & 1))
            asm_store(a, 8, pin[k].reg, rm_mem(RBP, pin[k].disp));
}
static void load_pins(Asm *a, int which)
{
    for (unsigned k = 0; k < pins; k++)
        if (which == ALL || !(saved_by_c >> pin[k].reg & 1))
            asm_load(a, 8, false, pin[k].reg, rm_mem(RBP, pin[k].disp));
}
static void save_vpins(Asm *a)
{
    for (unsigned k = 0; k < vpins; k++)
        asm_vstore(a, 16, vpin[k].reg, rm_mem(RBP, vpin[k].disp));
}
static void load_vpins(Asm *a)
{
    for (unsigned k = 0; k < vpins; k++)
        asm_vload(a, 16, vpin[k].reg, rm_mem(RBP, vpin[k].disp));
}

static const Enc LDMXCSR = { 0, 1, 0xae, 2, 0, false, false }, STMXCSR = { 0, 1, 0xae, 3, 0, false, false };

/* The guest's rounding mode and sticky flags live in MXCSR only while translated code runs. rax is used. */
static void mxcsr_to_host(Asm *a)
{
    asm_op(a, STMXCSR, false, 0, cpu_rm(offsetof(Cpu, mxcsr)), 0);
    asm_load(a, 8, false, RAX, cpu_rm(offsetof(Cpu, run)));
    asm_op(a, LDMXCSR, false, 0, rm_mem(RAX, offsetof(CpuRun, host_mxcsr)), 0);
}
static void mxcsr_to_guest(Asm *a)
{
    asm_op(a, LDMXCSR, false, 0, cpu_rm(offsetof(Cpu, mxcsr)), 0);
}

/* What the host's unit still says is gathered before it is cleared. rcx is used. */
static void f80_to_guest(Asm *a, const Guest *g)
{
    static const Enc FLDCW = { 0, 0, 0xd9, 5, 0, false, false };
    int count;
    const Slot *slots = guest_slots(g, &count);
    if (!g->f80_control)
        return;
    Rm gathered = cpu_rm(slots[g->f80_status].offset), last = cpu_rm((size_t)slots[g->f80_status].offset + 2);
    asm_load(a, 2, false, RCX, last);
    asm_alu_imm(a, ALU_AND, false, rm_reg(RCX), 0x3f);
    asm_load(a, 2, false, RDX, gathered);
    asm_alu(a, ALU_OR, false, RCX, rm_reg(RDX));
    asm_store(a, 2, RCX, gathered);
    put8(a, 0xdb); /* fnclex */
    put8(a, 0xe2);
    asm_op(a, FLDCW, false, 0, cpu_rm(slots[g->f80_control].offset), 0);
}

static void push(Asm *a, unsigned reg)
{
    if (reg & 8)
        put8(a, 0x41);
    put8(a, 0x50 | (reg & 7));
}
static void pop(Asm *a, unsigned reg)
{
    if (reg & 8)
        put8(a, 0x41);
    put8(a, 0x58 | (reg & 7));
}
static void ret(Asm *a)
{
    put8(a, 0xc3);
}
/* ... and gives up what was pushed for it. */
static void ret_8(Asm *a)
{
    put8(a, 0xc2);
    put8(a, 8);
    put8(a, 0);
}
static void call_c(Asm *a, uintptr_t fn)
{
    asm_mov_imm(a, RAX, fn);
    asm_op(a, (Enc){ 0, 0, 0xff, 2, 0, false, false }, false, 0, rm_reg(RAX), 0);
}
static void add_rsp(Asm *a, int32_t n)
{
    asm_alu_imm(a, ALU_ADD, true, rm_reg(RSP), n);
}

static const uint8_t *here(const Asm *a)
{
    return a->p + a->to_exec;
}

static const uint8_t kept[] = { RBX, RBP, R12, R13, R14, R15 };

/* enter(rdi = cpu, rsi = code) returns eax = CpuExit, rdx = link stub's return address. */
static void make_enter(Asm *a, const Guest *g)
{
    thunks.enter = (void *)(uintptr_t)here(a);
    for (unsigned k = 0; k < sizeof kept; k++)
        push(a, kept[k]);
    add_rsp(a, -FRAME);
    asm_lea(a, true, RBP, rm_mem(RDI, CPU_BIAS));
    asm_load(a, 8, false, R14, cpu_rm(offsetof(Cpu, bank)));
    asm_mov(a, true, RAX, RSI);
    mxcsr_to_guest(a);
    f80_to_guest(a, g);
    load_vpins(a);
    load_pins(a, ALL);
    asm_op(a, (Enc){ 0, 0, 0xff, 4, 0, false, false }, false, 0, rm_reg(RAX), 0); /* jmp rax */
}

/* leave: eax = CpuExit (kept), rdx = stub. */
static void make_leave(Asm *a)
{
    thunks.leave = here(a);
    save_pins(a, ALL);
    save_vpins(a);
    push(a, RAX);
    mxcsr_to_host(a);
    pop(a, RAX);
    add_rsp(a, FRAME);
    for (unsigned k = sizeof kept; k-- > 0;)
        pop(a, kept[k]);
    ret(a);
}

static void store_pc(Asm *a, const Guest *g)
{
    int count;
    asm_store(a, 8, RAX, rm_mem(RBP, guest_slots(g, &count)[g->pc_slot].offset - CPU_BIAS));
}

void jump_offset(Asm *a, const Guest *g, unsigned pc)
{
    static const Enc ROR = { 0, 0, 0xc1, 1, 1, false, false };
    if (g->pc_shift) { /* jump_place() */
        asm_lea(a, false, RCX, rm_index(NO_REG, pc, 4u - g->pc_shift, 0));
    } else {
        if (host_cpu.bmi2) {
            asm_rorx(a, false, RCX, pc, 8);
        } else {
            asm_mov(a, false, RCX, pc);
            asm_op(a, ROR, false, 0, rm_reg(RCX), 8);
        }
        asm_lea(a, false, RCX, rm_index(RCX, pc, 3, 0));
    }
    asm_alu_imm(a, ALU_AND, false, rm_reg(RCX), (JUMP_SIZE - 1) << 4);
}

static void make_exits(Asm *a, const Guest *g)
{
    thunks.lookup_miss = here(a);
    asm_alu_imm(a, ALU_CMP, false, cpu_rm(offsetof(Cpu, stop)), 0);
    uint8_t *stopped = asm_jcc(a, CC_NE);
    store_pc(a, g);
    asm_mov_imm(a, RAX, EXIT_LOOKUP);
    asm_jmp_to(a, thunks.leave);

    thunks.stop = here(a);
    asm_here(a, stopped);
    store_pc(a, g);
    asm_mov_imm(a, RAX, EXIT_STOP);
    asm_jmp_to(a, thunks.leave);

    thunks.budget = here(a);
    store_pc(a, g);
    asm_mov_imm(a, RAX, EXIT_BUDGET);
    asm_jmp_to(a, thunks.leave);

    thunks.link = here(a);
    pop(a, RDX);
    asm_mov_imm(a, RAX, EXIT_LINK);
    asm_jmp_to(a, thunks.leave);

    /* goto_pc: pc and bank may have changed in C; after a fault in a slow path the pins too */
    thunks.goto_pc_reload = here(a);
    load_pins(a, ALL);
    thunks.goto_pc = here(a);
    int count;
    asm_load(a, 8, false, RAX, rm_mem(RBP, guest_slots(g, &count)[g->pc_slot].offset - CPU_BIAS));
    asm_load(a, 8, false, R14, cpu_rm(offsetof(Cpu, bank)));
    asm_alu_imm(a, ALU_CMP, false, cpu_rm(offsetof(Cpu, stop)), 0);
    asm_jcc_to(a, CC_NE, thunks.stop);
    jump_offset(a, g, RAX);
    asm_alu(a, ALU_CMP, true, RAX, rm_index(R14, RCX, 0, BANK_JUMP));
    asm_jcc_to(a, CC_NE, thunks.lookup_miss);
    asm_op(a, (Enc){ 0, 0, 0xff, 4, 0, false, false }, false, 0, rm_index(R14, RCX, 0, BANK_JUMP + 8), 0);
}

/* rdx = offset in a table of the entry for the address in rax. */
static void entry_to_rdx(Asm *a)
{
    asm_mov(a, false, RDX, RAX);
    asm_op(a, (Enc){ 0, 0, 0xc1, 5, 1, false, false }, false, 0, rm_reg(RDX), 12 - 4);
    asm_alu_imm(a, ALU_AND, false, rm_reg(RDX), (TLB_SIZE - 1) << 4);
}

/* One look at the table, for what has no room for it. The flags tell. */
static const uint8_t *make_probe(Asm *a, int32_t table)
{
    const uint8_t *at = here(a);
    push(a, RDX);
    push(a, RAX);
    entry_to_rdx(a);
    asm_alu(a, ALU_SUB, true, RAX, rm_index(R14, RDX, 0, table));
    asm_alu(a, ALU_CMP, true, RAX, rm_reg(RCX));
    asm_load(a, 8, false, RAX, rm_index(R14, RDX, 0, table + 8));
    pop(a, RCX);
    asm_lea(a, true, RAX, rm_index(RAX, RCX, 0, 0));
    pop(a, RDX);
    ret(a);
    return at;
}

/* The same, of stores, and what is found there is remembered of the stack. */
static const uint8_t *make_stack(Asm *a)
{
    static const Enc MOV = { 0, 0, 0xc7, 0, 4, false, false };
    const uint8_t *at = here(a);
    const int32_t hint = offsetof(TlbBank, stack);
    push(a, RDX);
    push(a, RAX);
    entry_to_rdx(a);
    asm_alu(a, ALU_SUB, true, RAX, rm_index(R14, RDX, 0, BANK_WRITE));
    asm_alu(a, ALU_CMP, true, RAX, rm_reg(RCX));
    uint8_t *absent = asm_jcc(a, CC_A);
    asm_load(a, 8, false, RAX, rm_index(R14, RDX, 0, BANK_WRITE));
    asm_load(a, 8, false, RDX, rm_index(R14, RDX, 0, BANK_WRITE + 8));
    asm_store(a, 8, RAX, rm_mem(R14, hint + (int32_t)offsetof(StackHint, start)));
    asm_lea(a, true, RAX, rm_index(RAX, RDX, 0, 0));
    asm_store(a, 8, RAX, rm_mem(R14, hint + (int32_t)offsetof(StackHint, host)));
    for (unsigned k = 0; k < STACK_SPANS; k++)
        asm_op(a, MOV, true, 0, rm_mem(R14, hint + (int32_t)(offsetof(StackHint, end) + 8 * k)), stack_end(k));
    asm_here(a, absent);
    pop(a, RAX);
    pop(a, RDX);
    ret(a);
    return at;
}

/* rax = what the slow path read; ends it. */
static void slow_done(Asm *a)
{
    load_pins(a, ONLY_LOST);
    asm_load(a, 8, false, RAX, cpu_rm(offsetof(Cpu, run)));
    asm_load(a, 8, false, RAX, rm_mem(RAX, offsetof(CpuRun, io)));
    pop(a, RCX);
    pop(a, RDX);
    ret_8(a);
}

/* A slow path: rax address, rcx value, [rsp] return, [rsp+8] IrMem; rax result. Everything else but rcx is kept. `far`,
 * if any, is tried first, at a fraction of the cost: it uses no vector register. */
static const uint8_t *make_slow(Asm *a, uintptr_t fn, uintptr_t far)
{
    const uint8_t *at = here(a);
    push(a, RDX);
    push(a, RAX);
    asm_load(a, 8, false, RDX, cpu_rm(offsetof(Cpu, run)));
    asm_store(a, 8, RCX, rm_mem(RDX, offsetof(CpuRun, io) + 16));
    save_pins(a, ALL);
    if (far) {
        asm_lea(a, true, RDI, rm_mem(RBP, -CPU_BIAS));
        asm_mov(a, true, RSI, RAX);
        asm_load(a, 4, false, RDX, rm_mem(RSP, 24));
        call_c(a, far);
        asm_op8(a, (Enc){ 0, 0, 0x84, 8, 0, false, false }, RAX, rm_reg(RAX), 0); /* test al, al */
        uint8_t *no = asm_jcc(a, CC_E);
        slow_done(a);
        asm_here(a, no);
    }
    save_vpins(a);
    add_rsp(a, -64);
    for (unsigned k = 0; k < 4; k++)
        asm_vstore(a, 16, FIRST_VTEMP + k, rm_mem(RSP, (int32_t)(16 * k)));
    mxcsr_to_host(a);
    asm_lea(a, true, RDI, rm_mem(RBP, -CPU_BIAS));
    asm_load(a, 8, false, RSI, rm_mem(RSP, 64));
    asm_load(a, 4, false, RDX, rm_mem(RSP, 64 + 24));
    asm_load(a, 8, false, RCX, rm_mem(RSP, 64 + 16));
    call_c(a, fn);
    mxcsr_to_guest(a);
    for (unsigned k = 0; k < 4; k++)
        asm_vload(a, 16, FIRST_VTEMP + k, rm_mem(RSP, (int32_t)(16 * k)));
    add_rsp(a, 64);
    load_vpins(a);
    asm_op(a, (Enc){ 0, 0, 0x85, 8, 0, false, false }, false, RAX, rm_reg(RAX), 0);
    uint8_t *fault = asm_jcc(a, CC_NE);
    slow_done(a);
    asm_here(a, fault);
    add_rsp(a, 32); /* both pushes, the return address, the attributes: the unit is left for good */
    asm_jmp_to(a, thunks.goto_pc_reload);
    return at;
}

/* A load or store whose page may well be in the table. As a slow path, which it goes on to if it is not. */
static const uint8_t *make_near(Asm *a, int size, bool sign, bool write)
{
    const uint8_t *at = here(a);
    int32_t table = write ? BANK_WRITE : BANK_READ;
    push(a, RCX);
    push(a, RDX);
    entry_to_rdx(a);
    asm_mov(a, true, RCX, RAX);
    asm_alu(a, ALU_SUB, true, RCX, rm_index(R14, RDX, 0, table));
    asm_alu_imm(a, ALU_CMP, true, rm_reg(RCX), 4096 - (1 << size));
    uint8_t *absent = asm_jcc(a, CC_A);
    asm_load(a, 8, false, RDX, rm_index(R14, RDX, 0, table + 8));
    if (write) {
        asm_load(a, 8, false, RCX, rm_mem(RSP, 8));
        asm_store(a, 1 << size, RCX, rm_index(RAX, RDX, 0, 0));
    } else {
        asm_load(a, 1 << size, sign, RAX, rm_index(RAX, RDX, 0, 0));
    }
    pop(a, RDX);
    pop(a, RCX);
    ret_8(a);
    asm_here(a, absent);
    pop(a, RDX);
    pop(a, RCX);
    asm_jmp_to(a, write ? thunks.store : thunks.load);
    return at;
}

/* rax: offset of the entry in the table; rcx: address less what the entry says. */
static const uint8_t *make_load_missed(Asm *a)
{
    const uint8_t *at = here(a);
    asm_alu(a, ALU_ADD, true, RCX, rm_index(R14, RAX, 0, BANK_READ));
    asm_mov(a, true, RAX, RCX);
    asm_jmp_to(a, thunks.load);
    return at;
}

/* rax, rcx, rdx: arguments; called from a unit, so rsp is 8 off. */
static const uint8_t *make_helper(Asm *a, const Helper *helpers, int number, HelperThrough *through)
{
    const Helper *h = &helpers[number];
    const uint8_t *at = here(a);
    bool state = h->effects & (H_STATE | H_LEAVES), fp = h->effects & H_FP;
    add_rsp(a, -24);
    save_pins(a, state ? ALL : ONLY_LOST);
    if (fp) {
        save_vpins(a);
        asm_store(a, 8, RAX, rm_mem(RSP, 0));
        mxcsr_to_host(a);
        asm_load(a, 8, false, RAX, rm_mem(RSP, 0));
    }
    asm_lea(a, true, RDI, rm_mem(RBP, -CPU_BIAS));
    asm_mov(a, true, RSI, RAX);
    static const Enc XCHG = { 0, 0, 0x87, 8, 0, false, false };
    asm_op(a, XCHG, true, RDX, rm_reg(RCX), 0); /* second argument to rdx, third to rcx */
    if (through)
        asm_mov_imm(a, R8, (uint64_t)number);
    call_c(a, through ? (uintptr_t)through : (uintptr_t)h->fn);
    if (fp) {
        mxcsr_to_guest(a);
        load_vpins(a);
    }
    load_pins(a, state ? ALL : ONLY_LOST);
    if (state)
        asm_load(a, 8, false, R14, cpu_rm(offsetof(Cpu, bank)));
    add_rsp(a, 24);
    ret(a);
    return at;
}

/* An op by its meaning in C: what the interpreter does, and for floating point the guest's exact helper lane by lane.
 * what: op | type << 8 | source type << 16. v: operands in, result out at v[0]. */
static void reference_op(Cpu *cpu, V128 *v, uint32_t what, uint32_t imm)
{
    IrInsn i = { .op = (uint8_t)what, .type = (IrType)(what >> 8), .imm = imm };
    v[0] = interp_value(cpu, cpu->run->guest->helpers, &i, (IrType)(what >> 16), v[0], v[1], v[2]);
}

/* Everything is kept, XS and XT too, but the host flags. [rsp] return, [rsp+8] what, [rsp+16] imm, [rsp+24] operands.
 */
static void make_reference(Asm *a)
{
    thunks.reference = here(a);
    enum { FRAME_BYTES = 6 * 16 + 3 * 8 + 16 }; /* keeps rsp a multiple of 16 at the call: three words were pushed */
    add_rsp(a, -FRAME_BYTES);
    static const uint8_t regs[] = { RAX, RCX, RDX };
    for (int k = 0; k < 3; k++)
        asm_store(a, 8, regs[k], rm_mem(RSP, 96 + 8 * k));
    for (unsigned k = 0; k < 6; k++)
        asm_vstore(a, 16, FIRST_VTEMP + k, rm_mem(RSP, (int32_t)(16 * k)));
    save_pins(a, ONLY_LOST);
    save_vpins(a);
    mxcsr_to_host(a);
    asm_lea(a, true, RDI, rm_mem(RBP, -CPU_BIAS));
    asm_lea(a, true, RSI, rm_mem(RSP, FRAME_BYTES + 24));
    asm_load(a, 4, false, RDX, rm_mem(RSP, FRAME_BYTES + 8));
    asm_load(a, 4, false, RCX, rm_mem(RSP, FRAME_BYTES + 16));
    call_c(a, (uintptr_t)reference_op);
    mxcsr_to_guest(a);
    load_vpins(a);
    load_pins(a, ONLY_LOST);
    for (unsigned k = 0; k < 6; k++)
        asm_vload(a, 16, FIRST_VTEMP + k, rm_mem(RSP, (int32_t)(16 * k)));
    for (int k = 0; k < 3; k++)
        asm_load(a, 8, false, regs[k], rm_mem(RSP, 96 + 8 * k));
    add_rsp(a, FRAME_BYTES);
    put8(a, 0xc2); /* ret 16 */
    put8(a, 16);
    put8(a, 0);
}

/* ---- constants ---- */
static struct {
    uint64_t lo, hi;
} * pool_w;
static const uint8_t *pool_x;
static unsigned pool_used;
static uint16_t pool_hash[POOL_CONSTS * 2];

static const uint8_t *pool_find(uint64_t lo, uint64_t hi, unsigned most)
{
    unsigned h = (unsigned)((lo * 0x9e3779b97f4a7c15 ^ hi * 0xc2b2ae3d27d4eb4f) >> 51) % (POOL_CONSTS * 2);
    for (; pool_hash[h]; h = (h + 1) % (POOL_CONSTS * 2)) {
        unsigned n = pool_hash[h] - 1u;
        if (pool_w[n].lo == lo && pool_w[n].hi == hi)
            return pool_x + 16 * n;
    }
    if (pool_used >= most)
        return NULL;
    pool_w[pool_used].lo = lo;
    pool_w[pool_used].hi = hi;
    pool_hash[h] = (uint16_t)++pool_used;
    return pool_x + 16 * (pool_used - 1);
}

const uint8_t *pool_const(uint64_t lo, uint64_t hi)
{
    return pool_find(lo, hi, POOL_CONSTS);
}

const uint8_t *pool_guest_const(uint64_t lo, uint64_t hi)
{
    return pool_find(lo, hi, POOL_CONSTS - OWN_CONSTS);
}

/* What fcmp's packed flags are for each ah after ucomis; lahf: ZF 40, PF 04, CF 01. */
static void fill_fcmp_table(uint16_t *table)
{
    for (unsigned ah = 0; ah < 256; ah++) {
        bool z = ah & 0x40, p = ah & 4, cf = ah & 1;
        table[ah] = p ? FLAG_V : z ? FLAG_Z : cf ? (FLAG_N | FLAG_C) : 0;
    }
}

uint32_t thunks_make(const Guest *g, HelperThrough *through, uint8_t *w, ptrdiff_t to_exec, uint32_t bytes)
{
    enc_init();
    choose_pins(g);
    Asm a = { .p = w, .end = w + bytes, .to_exec = to_exec, .avx = host_cpu.avx };
    fill_fcmp_table((uint16_t *)(void *)w);
    thunks.pool = asm_pool = w + to_exec;
    a.p += 512;
    pool_w = (void *)a.p;
    pool_x = here(&a);
    pool_used = 0;
    memset(pool_hash, 0, sizeof pool_hash);
    a.p += POOL_CONSTS * 16;
    make_enter(&a, g);
    make_leave(&a);
    make_exits(&a, g);
    thunks.probe[0] = make_probe(&a, BANK_READ);
    thunks.probe[1] = make_probe(&a, BANK_WRITE);
    thunks.stack = make_stack(&a);
    thunks.load = make_slow(&a, (uintptr_t)slow_load, (uintptr_t)far_load);
    thunks.store = make_slow(&a, (uintptr_t)slow_store, (uintptr_t)far_store);
    thunks.load_missed = make_load_missed(&a);
    for (int size = 0; size < 4; size++) {
        thunks.near_load[size][0] = make_near(&a, size, false, false);
        thunks.near_load[size][1] = make_near(&a, size, true, false);
        thunks.near_store[size] = make_near(&a, size, false, true);
    }
    thunks.rmw = make_slow(&a, (uintptr_t)slow_rmw, 0);
    thunks.cas = make_slow(&a, (uintptr_t)slow_cas, 0);
    make_reference(&a);
    for (int n = 0; g->helpers[n].name; n++) {
        assert(n < 512 && a.p + 1024 < a.end);
        thunks.helper[n] = make_helper(&a, g->helpers, n, through);
    }
    return (uint32_t)(a.p - w);
}

CpuExit thunks_enter(Cpu *cpu, const void *code, const void **stub)
{
    struct Result { /* returned in rax and rdx */
        uint64_t exit;
        const void *stub;
    };
    struct Result (*enter)(Cpu *, const void *) = (struct Result(*)(Cpu *, const void *))(uintptr_t)thunks.enter;
    struct Result r = enter(cpu, code);
    *stub = r.stub;
    return (CpuExit)r.exit;
}
