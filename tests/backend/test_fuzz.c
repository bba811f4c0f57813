/* Random units of integer ops, memory accesses, flags, branches and calls: what compiled code makes of state and memory
 * is what the interpreter makes of it. */
#include "backend/x86_64/comp.h"
#include "tests/tcg/main.h"
#include "tests/tcg/unit.h"

#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 2 << 20, UNIT_AT = 1 << 20 };

static const uint16_t hot[] = { 0, 1, 2, 0xffff }, no_vectors[] = { 0xffff };
static Guest guest;
static Ir raw, folded, again;
static ToyCpu before, a, b;
static CpuRun run;
static TlbBank bank;
static Compiled compiled;
static uint8_t *code;
static ptrdiff_t to_exec;

/* ---- what the slow paths of compiled code call ---- */

static bool aligned(Cpu *cpu, uint64_t addr, IrMem m)
{
    uint64_t size = 1u << m.size;
    if (!m.align || !(addr & (size - 1)) || (m.align == ALIGN_16_ATOMIC && (addr & 15) + size <= 16))
        return true;
    toy_misaligned(cpu, addr, LOAD);
    return false;
}

static uint64_t swapped(uint64_t v, IrMem m)
{
    return m.big && m.size && m.size <= 3 ? __builtin_bswap64(v) >> (64 - (8 << m.size)) : v;
}

bool far_load(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    (void)cpu, (void)addr, (void)mem;
    return false;
}

bool far_store(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    (void)cpu, (void)addr, (void)mem;
    return false;
}

uint32_t slow_load(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *v = &run.io[0];
    (void)ret;
    if (!aligned(cpu, addr, m) || !toy_load(cpu, addr, 1 << m.size, m.user, v))
        return SLOW_FAULT;
    v->lo = swapped(v->lo, m);
    if (m.sign && m.size < 3) {
        int shift = 64 - (8 << m.size);
        v->lo = (uint64_t)((int64_t)(v->lo << shift) >> shift);
    }
    return SLOW_DONE;
}

uint32_t slow_store(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 v = run.io[1];
    (void)ret;
    v.lo = swapped(v.lo, m);
    return aligned(cpu, addr, m) && toy_store(cpu, addr, 1 << m.size, m.user, v) ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_rmw(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    (void)ret;
    m.align = ALIGN_SIZE;
    bool ok =
        aligned(cpu, addr, m) && toy_rmw(cpu, addr, 1 << m.size, (IrRmw)m.rmw, run.io[1].lo, m.user, &run.io[0].lo);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_cas(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    (void)ret;
    m.align = ALIGN_SIZE;
    bool ok = aligned(cpu, addr, m) && toy_cas(cpu, addr, 1 << m.size, run.io[1], run.io[2], m.user, &run.io[0]);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

/* ---- running ---- */

static void start(void)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ck_assert(fd >= 0 && !ftruncate(fd, BYTES));
    code = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *x = mmap(NULL, BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    ck_assert(code != MAP_FAILED && x != MAP_FAILED);
    to_exec = x - code;
    close(fd);
    guest = toy_guest;
    guest.hot = hot;
    guest.hot_vector = no_vectors;
    guest.pc_shift = 2;
    run.guest = &guest;
    run.host_mxcsr = 0x1f80;
    x86_64_backend.prologue(&guest, NULL, code, to_exec, UNIT_AT);
}

/* Some pages are found by generated code itself, the rest take the slow path. */
static void fill_tlb(ToyCpu *t)
{
    static const uint64_t pages[] = { 0, 0x5000, 0x8000, 0x10000, 0x80000000 };
    for (uint64_t i = 0; i < TLB_SIZE; i++) {
        bank.read[i].page = bank.write[i].page = (i ^ 1) << 12;
        bank.jump[i].pc = (i ^ 1) << 2;
    }
    for (unsigned k = 0; k < sizeof pages / sizeof *pages; k++) {
        uint64_t at = pages[k] >> 12 & (TLB_SIZE - 1);
        bank.read[at] = bank.write[at] = (TlbEntry){ pages[k], (uint64_t)(uintptr_t)t->memory - pages[k] };
    }
    t->cpu.run = &run;
    t->cpu.bank = t->cpu.user_bank = run.bank[0] = &bank;
    t->cpu.mxcsr = 0x1f80;
    t->cpu.budget = INT64_MAX;
}

static uint64_t run_compiled(ToyCpu *t)
{
    const void *stub = NULL;
    fill_tlb(t);
    CpuExit e = x86_64_backend.enter(&t->cpu, compiled.at + to_exec, &stub);
    uint32_t offset = e == EXIT_LINK ? (uint32_t)((const uint8_t *)stub - to_exec - compiled.at) : 0;
    for (uint32_t k = 0; e == EXIT_LINK && k < compiled.exits; k++)
        if (compiled.exit[k].stub + LINK_CALL == offset)
            return compiled.exit[k].pc;
    ck_assert(e != EXIT_LINK);
    return t->pc;
}

static uint64_t run_interpreted(ToyCpu *t, const Ir *ir)
{
    uint64_t budget = 1000, pc = 0;
    t->cpu.run = &run;
    CpuExit e = interp_run_on(&t->cpu, &guest, ir, &toy_memory, &budget, &pc);
    return e == EXIT_LOOKUP ? pc : t->pc;
}

/* ---- units ---- */

static bool for_integers(const IrInsn *i)
{
    bool type = i->type == I32 || i->type == I64 || i->type == T_FLAGS || i->type == T_VOID;
    bool constant_only = i->op == IR_extr || i->op == IR_asflags;
    return type && !(ir_effects((IrOp)i->op) & FP) && (i->op < IR_shlv || i->op >= IR_get || i->op == IR_const) &&
           !constant_only && i->op != IR_goto_reg && i->op != IR_goto_pc && i->op != IR_leave;
}

/* What a frontend would say: whole slots, sizes that the types can hold. */
static bool sensible(const Ir *ir, const IrInsn *i)
{
    if (i->op == IR_get || i->op == IR_put) {
        unsigned slot = ir_slot(i->imm);
        if (slot >= TOY_PC && (slot != TOY_NZCV || i->type != T_FLAGS)) /* beside the flags there is anything */
            return false;
        if (i->op == IR_put && (ir_result(&ir->insn[i->arg[0]]) == T_FLAGS) != (i->type == T_FLAGS))
            return false;
        return !ir_slot_offset(i->imm) && (slot == TOY_NZCV || i->op == IR_get || i->type == I64 || i->imm & IR_ZEXT);
    }
    if (i->op == IR_load || i->op == IR_store || i->op == IR_rmw || i->op == IR_cas) {
        IrMem m = ir_mem_of(i->imm);
        if (m.size > 3 || (i->op == IR_load && (1 << m.size) * 8 > ir_bits(i->type)) ||
            (i->op != IR_load && i->op != IR_store && (m.big || m.align != ALIGN_SIZE)))
            return false;
    }
    if ((i->op == IR_zext || i->op == IR_sext) && (int)i->imm >= ir_bits(i->type))
        return false;
    if (i->op == IR_flags && ir->insn + i->arg[0] + 1 != i)
        return false;
    for (int k = 0; k < 3 && i->op == IR_call; k++)
        if (!i->arg[k])
            return false;
    if ((i->op == IR_adc || i->op == IR_sbb) && ir_op[ir->insn[i->arg[2]].op].result != BIT)
        return false;
    for (int k = 0; k < ir_op[i->op].args; k++)
        if (i->arg[k] && ir_result(&ir->insn[i->arg[k]]) == T_FLAGS && i->op != IR_cond && i->op != IR_cmc &&
            !(i->op == IR_put && i->type == T_FLAGS))
            return false;
    return true;
}

/* Accesses come in pairs often, as those of ldp and stp. */
static void maybe_pair(Dice *d, Ir *ir)
{
    IrInsn *i = &ir->insn[ir->count - 1];
    if ((i->op != IR_load && i->op != IR_store) || !below(d, 3))
        return;
    IrMem m = ir_mem_of(i->imm);
    m.big = m.user = false;
    m.order = m.align = 0;
    i->imm = ir_mem(m);
    m.disp += 1 << m.size;
    IrRef value = i->arg[1];
    for (uint32_t r = ir->line_start; i->op == IR_store && r < ir->count; r++)
        if (ir->insn[r].op == IR_get && ir->insn[r].type == I64 && !below(d, 4))
            value = (IrRef)r;
    ir_add_raw(ir, (IrOp)i->op, i->type, i->arg[0], value, 0, ir_mem(m));
}

static void make_unit(uint64_t seed, int length)
{
    Dice d = { seed, 0x1000 };
    ir_begin(&raw, toy_slots(), toy_helpers);
    for (int n = 0; n < length; n++) {
        uint64_t pc = 0x1000 + 4 * (uint64_t)(n / 8);
        if (n % 8 == 0) {
            if (!below(&d, 3))
                ir_add_raw(&raw, IR_label, T_VOID, 0, 0, 0, pc);
            ir_add_raw(&raw, IR_insn, T_VOID, 0, 0, 0, pc);
            d.jump_from = pc + 4;
        }
        for (int tries = 0; tries < 20; tries++) {
            uint32_t at = raw.count;
            random_insn(&d, &raw);
            const IrInsn *last = &raw.insn[raw.count - 1];
            if (raw.count == at || (for_integers(last) && sensible(&raw, last)))
                break;
            raw.count = at;
        }
        maybe_pair(&d, &raw);
    }
    ir_add_raw(&raw, IR_goto_, T_VOID, 0, 0, 0, 0x1000 + 4 * (uint64_t)(length / 8 + 1));
}

static void fail_with(uint64_t seed, uint64_t pc, uint64_t want, Out *differences)
{
    Out text = { 0 };
    out(&text, "seed %llu: pc %llx, not %llx\n%s\n", (unsigned long long)seed, (unsigned long long)pc,
        (unsigned long long)want, differences->text ? differences->text : "");
    ir_print(&again, &text);
    ck_abort_msg("%s", text.text);
}

static void check_unit(uint64_t seed)
{
    char why[256];
    make_unit(seed, 100);
    if (!ir_verify(&raw, TOY_SLOTS, why, sizeof why))
        ck_abort_msg("the generator is wrong: seed %llu: %s", (unsigned long long)seed, why);
    ir_refold(&folded, &raw);
    again = folded;
    compiled.at = code + UNIT_AT;
    compiled.to_exec = to_exec;
    compiled.room = BYTES - UNIT_AT;
    if (!x86_64_backend.compile(&guest, &folded, 0x1000, &compiled)) /* too big, or values of flags in odd places */
        return;
    for (uint32_t k = 0; k < compiled.exits; k++)
        if (compiled.exit[k].patch)
            x86_64_backend.patch(compiled.at + compiled.exit[k].patch, to_exec,
                                 compiled.at + compiled.exit[k].stub + to_exec);
    Dice d = { seed ^ 0x1234567 };
    for (int n = 0; n < 6; n++) {
        Out differences = { 0 };
        toy_fill(&before, &d);
        a = b = before;
        uint64_t want = run_interpreted(&a, &again), pc = run_compiled(&b);
        a.pc = b.pc = 0;
        a.nzcv &= FLAGS_ALL;
        b.nzcv &= FLAGS_ALL;
        if (state_diff(toy_state, &a, &b, &differences) || pc != want)
            fail_with(seed, pc, want, &differences);
        out_free(&differences);
    }
}

START_TEST(compiled_units_do_what_interpreted_ones_do)
{
    const char *only = getenv("SEED"), *count = getenv("COUNT");
    uint64_t n = count ? strtoull(count, NULL, 0) : 4000;
    start();
    for (uint64_t seed = 1; seed <= n; seed++)
        check_unit(only ? strtoull(only, NULL, 0) : seed);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { compiled_units_do_what_interpreted_ones_do, NULL };
    return run_tests("backend fuzz", tests, NULL);
}
