/* Every integer vector op, on every type it takes and in pinned registers and memory: compiled code gives what the
 * interpreter does. */
#include "tests/backend/jit.h"
#include "tests/suite.h"
#include "tests/tcg/unit.h"

static const uint16_t hot[] = { 0, 1, 0xffff }, hot_vector[] = { TOY_V, TOY_V + 3, 0xffff };
static Guest guest;
static Ir ir, folded, again;
static ToyCpu before, a, b;

static void start(void)
{
    guest = toy_guest;
    guest.hot = hot;
    guest.hot_vector = hot_vector;
    guest.pc_shift = 2;
    jit_start(&guest, &toy_memory, NULL);
}

static bool by_bytes(IrOp op)
{
    return op == IR_vtbl || op == IR_vshuf;
}

static IrRef argument(const IrInsn *i, int k, Dice *d)
{
    IrArg kind = ir_arg_kind(i, k);
    unsigned v = TOY_V + (unsigned)below(d, 3);
    IrType same = ir_is_vector(i->type) ? i->type : I8X16;
    if (kind == ARG_SCALAR || kind == ARG_INT || (kind == ARG_LANE && below(d, 2)))
        return ir_add_raw(&ir, IR_get, I64, 0, 0, 0, IR_SLOT(below(d, 6), 0));
    if (kind == ARG_LANE)
        same = (IrType)ir_kind(i->type) < 4 ? I64X1 : (IrType)ir_kind(i->type);
    if (kind == ARG_LANE && ir_bits(same) != ir_lane_bits(i->type))
        return ir_add_raw(&ir, IR_get, I64, 0, 0, 0, IR_SLOT(below(d, 6), 0));
    if (kind == ARG_WIDE || (kind == ARG_VECTOR && below(d, 2)))
        same = I8X16;
    if (i->op == IR_vshuf && k == 2 && below(d, 4)) {
        uint8_t pattern[16];
        unsigned step = 1u << below(d, 4), base = (unsigned)below(d, 32), bytes = (unsigned)ir_bits(i->type) / 8;
        for (unsigned n = 0; n < 16; n += step) {
            unsigned from = below(d, 3) ? (unsigned)below(d, 4 * bytes) / step * step : base + n;
            for (unsigned m = 0; m < step; m++)
                pattern[n + m] = (uint8_t)(from + m);
        }
        uint64_t w[2];
        memcpy(w, pattern, 16);
        return ir_wide(&ir, i->type, w[0], bytes == 8 ? 0 : w[1]);
    }
    return ir_add_raw(&ir, IR_get, same, 0, 0, 0, IR_SLOT(v, 0));
}

static bool make(IrOp op, Dice *d)
{
    static const IrType types[] = { I8X8,  I16X4, I32X2, I64X1, I8X16, I16X8, I32X4,
                                    I64X2, F32X4, F64X2, F32,   F64,   I32,   I64 };
    char why[200];
    IrInsn i = { .op = (uint8_t)op, .type = types[below(d, sizeof types)] };
    if (op >= IR_vzip1 && op <= IR_vtrn2 && i.type == I64X1)
        return false; /* one lane has no halves */
    ir_begin(&ir, toy_slots(), toy_helpers);
    i.imm = random_imm(d, &ir, &i);
    ir_add_raw(&ir, IR_label, T_VOID, 0, 0, 0, 0x1000);
    ir_add_raw(&ir, IR_insn, T_VOID, 0, 0, 0, 0x1000);
    for (int k = 0; k < ir_args(op); k++)
        i.arg[k] = argument(&i, k, d);
    IrRef r = ir_add_raw(&ir, op, i.type, i.arg[0], i.arg[1], i.arg[2], i.imm);
    IrType t = ir_result(&ir.insn[r]);
    bool vector = ir_in_vector_reg(t);
    ir_add_raw(&ir, IR_put, t, r, 0, 0,
               IR_SLOT(t == T_FLAGS ? TOY_NZCV
                       : vector     ? TOY_V + below(d, 4)
                                    : below(d, 6),
                       0) |
                   (ir_bits(t) < (vector ? 128 : 64) && t != T_FLAGS ? IR_ZEXT : 0));
    ir_add_raw(&ir, IR_goto_, T_VOID, 0, 0, 0, 0x1004);
    return ir_verify(&ir, TOY_SLOTS, why, sizeof why);
}

static void check(IrOp op, uint64_t seed)
{
    uint64_t budget = 10, next;
    Dice d = { seed, 0x1000 };
    ir_refold(&folded, &ir);
    again = folded;
    if (!jit_compile(&folded, 0x1000))
        ck_abort_msg("%s is refused", ir_name(op));
    for (int n = 0; n < 20; n++) {
        Out o = { 0 };
        toy_fill(&before, &d);
        for (int k = 0; k < 3 && by_bytes(op); k++) /* numbers of bytes that are there */
            before.v[k] = (V128){ roll(&d) & 0x1f1f9f1f1f1f1f1f, roll(&d) & 0x1f1f1f1f3f1f1f1f };
        if (op >= IR_vshl && op <= IR_vsar)
            before.v[below(&d, 3)].lo &= 63;
        a = b = before;
        jit_use(&a.cpu);
        interp_run_on(&a.cpu, &guest, &again, &toy_memory, &budget, &next);
        budget = 10;
        jit_use(&b.cpu);
        b.cpu.mxcsr = 0x1f80;
        b.cpu.budget = INT64_MAX;
        jit_run(&b.cpu, &next);
        a.pc = b.pc = 0;
        a.nzcv &= FLAGS_ALL;
        b.nzcv &= FLAGS_ALL;
        if (!state_diff(toy_state, &a, &b, &o))
            continue;
        ir_print(&again, &o);
        ck_abort_msg("%s, seed %llu:\n%s", ir_name(op), (unsigned long long)seed, o.text);
    }
}

START_TEST(compiled_vector_ops_do_what_interpreted_ones_do)
{
    start();
    for (int op = IR_add; op < IR_OPS; op++) {
        int effects = ir_effects((IrOp)op), seen = 0;
        bool lanes = effects & V || (op >= IR_vconst && op <= IR_vtest);
        if (!lanes || effects & FP)
            continue;
        for (uint64_t seed = 1; seed < 2000 && seen < 120; seed++) {
            Dice d = { seed * 7919 + (uint64_t)op, 0x1000 };
            if (!make((IrOp)op, &d))
                continue;
            check((IrOp)op, seed);
            seen++;
        }
        ck_assert_msg(seen > 20 || op == IR_vconst, "%s was made %d times", ir_name((IrOp)op), seen);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { compiled_vector_ops_do_what_interpreted_ones_do, NULL };
    return run_tests("backend vectors", tests, NULL);
}
