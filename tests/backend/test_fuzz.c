/* Random units of integer ops, memory accesses, flags, branches and calls: what compiled code makes of state and memory
 * is what the interpreter makes of it. */
#include "tests/backend/jit.h"
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static const uint16_t hot[] = { 0, 1, 2, 0xffff }, no_vectors[] = { 0xffff };
static Guest guest;
static Ir raw, folded, again;
static ToyCpu before, a, b;

static void start(void)
{
    guest = toy_guest;
    guest.hot = hot;
    guest.hot_vector = no_vectors;
    guest.has_stack = true;
    guest.stack_slot = 1;
    guest.pc_shift = 2;
    jit_start(&guest, &toy_memory, NULL);
}

/* Some pages are found by compiled code itself, the rest take the slow path. */
static uint64_t run_compiled(ToyCpu *t)
{
    static const uint64_t pages[] = { 0, 0x5000, 0x8000, 0x10000, 0x80000000 };
    uint64_t next;
    for (unsigned k = 0; k < sizeof pages / sizeof *pages; k++)
        jit_map(pages[k], t->memory);
    jit_use(&t->cpu);
    t->cpu.mxcsr = 0x1f80;
    t->cpu.budget = INT64_MAX;
    t->cpu.stop = CPU_STOP; /* a branch back leaves */
    return jit_run(&t->cpu, &next) ? next : t->pc;
}

static uint64_t run_interpreted(ToyCpu *t, const Ir *ir)
{
    InterpMemory memory = toy_memory;
    uint64_t budget = 1000, pc = 0;
    memory.forward = true;
    jit_use(&t->cpu);
    CpuExit e = interp_run_on(&t->cpu, &guest, ir, &memory, &budget, &pc);
    return e == EXIT_LOOKUP ? pc : t->pc;
}

/* ---- units ---- */

static bool for_integers(const IrInsn *i)
{
    bool type = i->type == I32 || i->type == I64 || i->type == T_FLAGS || i->type == T_VOID;
    if (i->op >= IR_f80 && i->op <= IR_f80_cmp_in)
        return true;
    bool constant_only = i->op == IR_extr || i->op == IR_asflags;
    return type && !(ir_effects((IrOp)i->op) & FP) && (i->op < IR_shlv || i->op >= IR_get || i->op == IR_const) &&
           !constant_only && i->op != IR_goto_reg && i->op != IR_goto_pc && i->op != IR_leave && i->op != IR_f80_status;
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
    if (below(d, 2)) { /* or several, loads and stores, around one address */
        IrInsn first = *i;
        for (unsigned n = below(d, 5); n--;) {
            m.disp += (int32_t)below(d, 64) - 32;
            m.size = (uint8_t)below(d, 4);
            bool same = first.op == IR_store && first.type == I64 && below(d, 2);
            IrRef v = same ? first.arg[1] : ir_imm(ir, I64, below(d, 100000));
            if (below(d, 2))
                ir_add_raw(ir, IR_store, I64, first.arg[0], v, 0, ir_mem(m));
            else
                ir_add_raw(ir, IR_load, I64, first.arg[0], 0, 0, ir_mem(m));
        }
        return;
    }
    IrRef value = i->arg[1];
    for (uint32_t r = ir->line_start; i->op == IR_store && r < ir->count; r++)
        if (ir->insn[r].op == IR_get && ir->insn[r].type == I64 && !below(d, 4))
            value = (IrRef)r;
    ir_add_raw(ir, (IrOp)i->op, i->type, i->arg[0], value, 0, ir_mem(m));
}

/* The unit is a loop that uses slots which are not pinned; a few are, and others leave it. */
static void go_round(Dice *d, int n)
{
    IrRef one = ir_add_raw(&raw, IR_const, I64, 0, 0, 0, 1), x = 0;
    for (unsigned slot = 3; slot < 3 + below(d, 4); slot++) {
        x = ir_add_raw(&raw, IR_get, I64, 0, 0, 0, IR_SLOT(slot, 0));
        ir_add_raw(&raw, IR_put, I64, ir_add_raw(&raw, IR_add, I64, x, one, 0, 0), 0, 0, IR_SLOT(slot, 0));
    }
    if (!x || below(d, 4))
        return;
    IrRef bit = ir_add_raw(&raw, IR_eq, I64, ir_add_raw(&raw, IR_and, I64, x, one, 0, 0), one, 0, 0);
    ir_add_raw(&raw, IR_goto_if, T_VOID, bit, 0, 0, n > 48 && below(d, 4) ? 0x1000 : 0x1100);
}

/* A load whose address is in another page than its base. */
static void load_far_from_base(void)
{
    IrRef base = ir_add_raw(&raw, IR_get, I64, 0, 0, 0, IR_SLOT(1, 0));
    IrRef index = ir_add_raw(&raw, IR_get, I64, 0, 0, 0, IR_SLOT(2, 0));
    IrRef sum = ir_add_raw(&raw, IR_add, I64, base, index, 0, 0);
    IrRef value = ir_add_raw(&raw, IR_load, I64, sum, 0, 0, ir_mem((IrMem){ .size = 3 }));
    ir_add_raw(&raw, IR_put, I64, value, 0, 0, IR_SLOT(0, 0));
}

static void make_unit(uint64_t seed, int length)
{
    Dice d = { seed, 0x1000 };
    bool loop = seed & 1; /* with branches to the start */
    ir_begin(&raw, toy_slots(), toy_helpers);
    for (int n = 0; n < length; n++) {
        uint64_t pc = 0x1000 + 4 * (uint64_t)(n / 8);
        if (n % 8 == 0) {
            if (loop ? !n || !below(&d, 4) : !below(&d, 3))
                ir_add_raw(&raw, IR_label, T_VOID, 0, 0, 0, pc);
            ir_add_raw(&raw, IR_insn, T_VOID, 0, 0, 0, pc);
            d.jump_from = pc + 4;
            if (loop)
                go_round(&d, n);
        }
        if (!n && seed & 2)
            load_far_from_base();
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

static uint32_t exceptions(const ToyCpu *t)
{
    return (t->f80_status | t->f80_status >> 16) & 0x3f;
}

static void check_unit(uint64_t seed)
{
    char why[256];
    make_unit(seed, 100);
    if (!ir_verify(&raw, TOY_SLOTS, why, sizeof why))
        ck_abort_msg("the generator is wrong: seed %llu: %s", (unsigned long long)seed, why);
    ir_refold(&folded, &raw);
    again = folded;
    if (!jit_compile(&folded, 0x1000)) /* too big, or values of flags in odd places */
        return;
    Dice d = { seed ^ 0x1234567 };
    for (int n = 0; n < 6; n++) {
        Out differences = { 0 };
        toy_fill(&before, &d);
        if (seed & 2 && below(&d, 2)) {
            before.x[1] = 0x5000 + below(&d, 64);
            before.x[2] = 0x3000 + below(&d, 64);
        }
        a = b = before;
        uint64_t want = run_interpreted(&a, &again), pc = run_compiled(&b);
        a.pc = b.pc = 0;
        a.f80_status = exceptions(&a); /* the rest is how the last one came about */
        b.f80_status = exceptions(&b);
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
