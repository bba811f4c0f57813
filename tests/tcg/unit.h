/* A toy guest, its memory, and random units for it: what the tests of tcg/ run units on. */
#pragma once
#include "cpu/interp.h"
#include "tcg/ops.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct ToyCpu {
    Cpu cpu;
    uint64_t x[6];
    uint64_t pc;
    uint32_t nzcv;
    V128 v[4];
    uint32_t f80_control, f80_status;
    uint8_t memory[4096];
    uint32_t faults;
} ToyCpu;

enum { TOY_PC = 6, TOY_NZCV = 7, TOY_V = 8, TOY_F80_CONTROL = 12, TOY_F80_STATUS, TOY_SLOTS };
static const StateField toy_state[] = {
    STATE_ARRAY(ToyCpu, x, .slot = true),
    STATE(ToyCpu, pc, .slot = true),
    STATE(ToyCpu, nzcv, .slot = true),
    STATE_ARRAY(ToyCpu, v, .slot = true),
    STATE(ToyCpu, f80_control, .slot = true, .brief = true),
    STATE(ToyCpu, f80_status, .slot = true, .brief = true),
    STATE_ARRAY(ToyCpu, memory),
    STATE(ToyCpu, faults),
    STATE_END,
};

static inline uint64_t toy_pure(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu;
    return (a ^ b) + 3 * c;
}

static inline uint64_t toy_state_changed(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    ToyCpu *t = (ToyCpu *)cpu;
    t->x[0] += a;
    t->v[1].hi ^= b;
    return t->x[1] + c;
}

static inline uint64_t toy_leaves(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    ToyCpu *t = (ToyCpu *)cpu;
    (void)b;
    if (a & 1)
        t->pc = c;
    return a & 1;
}

static inline uint64_t toy_fp(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu;
    return (a * 5 + b * 3 + c) * 0x10001;
}

enum { TOY_PURE, TOY_STATE, TOY_LEAVES, TOY_FP };
static const Helper toy_helpers[] = {
    { "pure", (void *)toy_pure, H_PURE },
    { "state", (void *)toy_state_changed, H_STATE },
    { "leaves", (void *)toy_leaves, H_STATE | H_LEAVES },
    { "fp", (void *)toy_fp, H_PURE },
    { NULL },
};

static inline void toy_misaligned(Cpu *cpu, uint64_t addr, Access access)
{
    ToyCpu *t = (ToyCpu *)cpu;
    (void)addr;
    (void)access;
    t->faults++;
    t->pc = 0xbad;
}

static const Guest toy_guest = {
    .name = "toy",
    .size = sizeof(ToyCpu),
    .f80_control = TOY_F80_CONTROL,
    .f80_status = TOY_F80_STATUS,
    .state = toy_state,
    .helpers = toy_helpers,
    .pc_slot = TOY_PC,
    .misaligned = toy_misaligned,
};

static inline const Slot *toy_slots(void)
{
    return guest_slots(&toy_guest, NULL);
}

/* One address in eight faults; the others wrap round in 4 KiB. */
static inline bool toy_reaches(ToyCpu *t, uint64_t addr, bool user)
{
    if ((addr >> 12 & 7) != (user ? 6 : 7))
        return true;
    t->faults++;
    t->pc = 0xdead;
    return false;
}

static inline bool toy_load(Cpu *cpu, uint64_t addr, int size, bool user, V128 *value)
{
    ToyCpu *t = (ToyCpu *)cpu;
    uint8_t bytes[16] = { 0 };
    if (!toy_reaches(t, addr, user))
        return false;
    for (int i = 0; i < size; i++)
        bytes[i] = t->memory[(addr + (uint64_t)i) & 4095];
    memcpy(value, bytes, 16);
    return true;
}

static inline bool toy_store(Cpu *cpu, uint64_t addr, int size, bool user, V128 value)
{
    ToyCpu *t = (ToyCpu *)cpu;
    uint8_t bytes[16];
    if (!toy_reaches(t, addr, user))
        return false;
    memcpy(bytes, &value, 16);
    for (int i = 0; i < size; i++)
        t->memory[(addr + (uint64_t)i) & 4095] = bytes[i];
    return true;
}

static inline bool toy_cas(Cpu *cpu, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old)
{
    if (!toy_load(cpu, addr, size, user, old))
        return false;
    return memcmp(old, &expected, (size_t)size) ? true : toy_store(cpu, addr, size, user, desired);
}

static inline bool toy_rmw(Cpu *cpu, uint64_t addr, int size, IrRmw op, uint64_t b, bool user, uint64_t *old)
{
    static const uint8_t ops[] = {
        IR_add, IR_andn, IR_xor, IR_or, IR_maxs, IR_mins, IR_maxu, IR_minu, IR_andn, IR_and
    };
    V128 was = { 0 };
    if (!toy_load(cpu, addr, size, user, &was))
        return false;
    *old = was.lo;
    uint64_t value = op == RMW_SWAP ? b : ir_eval((IrOp)ops[op], 8 * size, was.lo, b, 0, 0);
    return toy_store(cpu, addr, size, user, (V128){ value, 0 });
}

static const InterpMemory toy_memory = { toy_load, toy_store, toy_rmw, toy_cas };

static inline CpuExit toy_run(ToyCpu *t, const Ir *ir, uint64_t budget)
{
    uint64_t pc;
    return interp_run_on(&t->cpu, &toy_guest, ir, &toy_memory, &budget, &pc);
}

/* ---- random numbers, interesting ones among them ---- */

typedef struct Dice {
    uint64_t state;
    uint64_t jump_from; /* branches go to later instructions only */
} Dice;

static inline uint64_t roll(Dice *d)
{
    d->state += 0x9e3779b97f4a7c15;
    uint64_t z = d->state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline uint64_t below(Dice *d, uint64_t n)
{
    return roll(d) % n;
}

static const uint64_t corners[] = {
    0,
    1,
    2,
    3,
    4,
    8,
    16,
    31,
    32,
    33,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    -1ull,
    -2ull,
    -8ull,
    -64ull,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    1ull << 32,
    1ull << 62,
    1ull << 63,
    7,
    0xfff0,
    0x5555,
    0xff00ff00,
    0xaaaaaaaa,
    ~0ull >> 1u,
    0x8080808080808080,
};
enum { CORNERS = sizeof corners / sizeof *corners };

static inline uint64_t interesting(Dice *d)
{
    uint64_t n = below(d, 2 * CORNERS);
    return n < CORNERS ? corners[n] : n < CORNERS + 8 ? corners[n - CORNERS] + roll(d) % 5 - 2 : roll(d);
}

static inline void toy_fill(ToyCpu *t, Dice *d)
{
    memset(t, 0, sizeof *t);
    for (int i = 0; i < 6; i++)
        t->x[i] = interesting(d);
    for (int i = 0; i < 4; i++)
        t->v[i] = (V128){ interesting(d), interesting(d) };
    t->nzcv = (uint32_t)roll(d) & FLAGS_ALL;
    t->f80_control = 0x7f | (uint32_t)below(d, 4) << 10 | (below(d, 2) ? 3u << 8 : 0);
    for (int i = 0; i < 4096; i++)
        t->memory[i] = (uint8_t)roll(d);
}

/* ---- random units ---- */

static const IrType any_types[] = { I8,    I16,   I32,   I64,   I32,   I64,   F16,   F32,   F64,   I8X8,    I16X4,
                                    I32X2, I64X1, F32X2, I8X16, I16X8, I32X4, I64X2, F32X4, F64X2, T_FLAGS, I64 };

static inline IrType random_type(Dice *d)
{
    return any_types[below(d, sizeof any_types)];
}

static inline uint64_t random_mem(Dice *d)
{
    return ir_mem((IrMem){ .size = below(d, 5),
                           .sign = below(d, 2),
                           .big = !below(d, 4),
                           .order = below(d, 4),
                           .align = below(d, 3),
                           .user = !below(d, 8),
                           .rmw = (uint8_t)below(d, 10),
                           .disp = (int32_t)below(d, 100) - 50 });
}

/* Nothing is dropped: what a slot then holds is open. */
static inline uint64_t random_f80(Dice *d, const IrInsn *i)
{
    unsigned op = (unsigned)below(d, F80_OPS);
    bool tells = i->op == IR_f80_cmp_in || (i->op == IR_f80 && ir_f80_tells(op));
    unsigned b = tells ? TOY_NZCV : TOY_V + (unsigned)below(d, 4);
    uint64_t flags = below(d, 2) ? F80_FLOAT : below(d, 2) ? F80_TRUNCATE : 0;
    if (op == F80_DROP)
        op = F80_COPY;
    return IR_F80(op, TOY_V + below(d, 4), b) | flags | (below(d, 2) ? F80_QUIET : 0);
}

static inline uint64_t random_imm(Dice *d, const Ir *ir, const IrInsn *i)
{
    static const uint8_t sizes[] = { 8, 16, 32, 64 };
    if (ir_op[i->op].effects & FP) {
        static const uint32_t extras[] = { 0, FP_SOFT, FP_UNSIGNED, FP_EXACT };
        uint64_t extra = i->op == IR_fcmp || i->op == IR_fcomp ? below(d, 2) * FP_SIGNAL
                         : i->op == IR_fcmpp                   ? FP_PREDICATE(below(d, 32))
                                                               : FP_ROUND(below(d, 7)) | extras[below(d, 4)];
        return TOY_FP | extra | FP_SOURCE(i->op == IR_f2f || i->op == IR_f2i || i->op == IR_i2f ? below(d, 7) : 0);
    }
    if (i->op >= IR_f80 && i->op <= IR_f80_cmp_in)
        return random_f80(d, i);
    switch (i->op) {
    case IR_zext:
    case IR_sext:
        return below(d, 3) ? sizes[below(d, 3)] : 1 + below(d, 63);
    case IR_cond:
    case IR_vget:
    case IR_vset:
    case IR_vext:
        return below(d, 16);
    case IR_vrev:
    case IR_vsum:
    case IR_vmask:
        return sizes[below(d, 4)];
    case IR_leave_if:
        return TOY_LEAVES;
    case IR_get:
        return IR_SLOT(below(d, TOY_F80_CONTROL), below(d, 4) ? 0 : below(d, 16));
    case IR_put:
        return IR_SLOT(below(d, TOY_F80_CONTROL), below(d, 4) ? 0 : below(d, 16)) | (below(d, 2) ? IR_ZEXT : 0);
    case IR_load:
    case IR_store:
    case IR_rmw:
    case IR_cas:
        return random_mem(d);
    case IR_fence:
        return below(d, 3);
    case IR_vclmul:
        return below(d, 4);
    case IR_charge:
        return 1 + below(d, 8);
    case IR_call:
        return below(d, 3);
    case IR_vconst:
        return below(d, ir->pooled ? ir->pooled : 1);
    case IR_goto_if:
        return d->jump_from + 4 * below(d, 8);
    default:
        return 0;
    }
}

/* A value of the current line that the place may take: some are tried. */
static inline IrRef random_argument(Dice *d, Ir *ir, const IrInsn *i, int k)
{
    IrArg kind = ir_arg_kind(i, k);
    bool integer = kind == ARG_INT || kind == ARG_PC || kind == ARG_LOW || kind == ARG_SCALAR || kind == ARG_LANE ||
                   (kind == ARG_SAME && i->type < 4);
    if (i->op == IR_leave_if && k)
        return ir_imm(ir, I64, k == 1);
    if (integer && !below(d, 3))
        return ir_imm(ir, kind == ARG_SAME ? i->type : I64, interesting(d));
    if (kind == ARG_BIT && !below(d, 8))
        return ir_imm(ir, I64, below(d, 2));
    for (int tries = 0; tries < 60; tries++) {
        uint32_t r = ir->line_start + (uint32_t)below(d, ir->count - ir->line_start + 1);
        if (r >= ir->count)
            continue;
        const IrInsn *a = &ir->insn[r];
        IrType t = ir_result(a);
        if (t == T_VOID || (kind == ARG_FLAGS && t != T_FLAGS) || (kind == ARG_PC && t != I64))
            continue;
        /* a truth value, nothing else, may decide */
        if (kind == ARG_BIT && (ir_op[a->op].result != BIT || ir_is_vector(a->type)))
            continue;
        /* below I64 a helper's argument has undefined bits */
        if (i->op == IR_call && t != I64)
            continue;
        if (kind == ARG_SAME && ir_is_int(i->type) != ir_is_int(t))
            continue;
        if (kind == ARG_BITS && (ir_is_vector(t) || ir_is_float(i->type) == ir_is_float(t)))
            continue;
        return (IrRef)r;
    }
    return IR_NONE;
}

static inline IrOp random_op(Dice *d)
{
    static const uint8_t common[] = { IR_get,   IR_get,  IR_get,  IR_put,   IR_put,    IR_put,     IR_add,  IR_sub,
                                      IR_and,   IR_zext, IR_sext, IR_flags, IR_cond,   IR_eq,      IR_load, IR_goto_if,
                                      IR_store, IR_xor,  IR_shl,  IR_shr,   IR_charge, IR_leave_if };
    if (below(d, 2))
        return (IrOp)common[below(d, sizeof common)];
    return (IrOp)(IR_add + below(d, IR_insn - IR_add));
}

/* The flags slot holds flags only: bits beside them are undefined in a FLAGS value. */
static inline bool mixes_flags(const IrInsn *i)
{
    if ((i->op != IR_get && i->op != IR_put) || (i->op == IR_get && i->type == I32))
        return false;
    return (ir_slot(i->imm) == TOY_NZCV) != (i->type == T_FLAGS);
}

/* Flags are asked for soon after their op. */
static inline bool asks_late(const Ir *ir, const IrInsn *i)
{
    int between = 0;
    for (uint32_t r = i->arg[0] + 1u; i->op == IR_flags && r < ir->count; r++)
        between += ir_sets_flags(ir, &ir->insn[r]);
    return between > 3;
}

static inline bool wanted(const Ir *ir, const IrInsn *i)
{
    return !mixes_flags(i) && !asks_late(ir, i) && i->op != IR_f80_control && i->op != IR_arg && i->op != IR_vconst &&
           (i->op != IR_call || (i->type == I64) != (i->imm == TOY_LEAVES)) &&
           (i->op != IR_flags || ir->insn[i->arg[0]].type < 4);
}

/* Adds one random op if it is valid. */
static inline void random_insn(Dice *d, Ir *ir)
{
    char why[256];
    uint32_t before = ir->count;
    IrInsn i = { .op = (uint8_t)random_op(d), .type = random_type(d) };
    if (i.op == IR_call && below(d, 2))
        i.type = below(d, 2) ? I64 : T_VOID;
    if (i.op == IR_cond || i.op == IR_cmc || i.op == IR_asflags || i.op == IR_flags)
        i.type = T_FLAGS;
    if (i.op == IR_f80)
        i.type = F80;
    if (i.op == IR_f80_in || i.op == IR_f80_out || i.op == IR_f80_cmp_in)
        i.type = below(d, 2) ? I64 : below(d, 2) ? I32 : I16;
    if (i.op == IR_f80_cmp || i.op == IR_f80_status || i.op == IR_f80_control)
        i.type = I32;
    if (i.op == IR_fence || i.op == IR_charge || i.op == IR_leave_if)
        i.type = T_VOID;
    i.imm = random_imm(d, ir, &i);
    for (int k = 0; k < ir_op[i.op].args; k++)
        i.arg[k] = random_argument(d, ir, &i, k);
    if (i.op == IR_flags)
        i.type = ir->insn[i.arg[0]].type;
    if (!wanted(ir, &i))
        return;
    uint32_t at = ir->count;
    ir->insn[ir->count++] = i;
    if (!ir_verify(ir, TOY_SLOTS, why, sizeof why)) {
        ir->count = before;
        return;
    }
    ir->count = at;
    ir_add_raw(ir, (IrOp)i.op, i.type, i.arg[0], i.arg[1], i.arg[2], i.imm);
}

/* Without loops, every run of it ends. */
static inline void random_unit(Ir *ir, uint64_t seed, int length, bool loops)
{
    Dice d = { seed, 0x1000 };
    ir_begin(ir, toy_slots(), toy_helpers);
    for (int n = 0; n < length; n++) {
        uint64_t pc = 0x1000 + 4 * (uint64_t)(n / 8);
        if (n % 8 == 0) {
            if (!below(&d, 3))
                ir_add_raw(ir, IR_label, T_VOID, 0, 0, 0, pc);
            ir_add_raw(ir, IR_insn, T_VOID, 0, 0, 0, pc);
            d.jump_from = loops ? 0x1000 : pc + 4;
        }
        if (!below(&d, 10))
            ir_wide(ir, below(&d, 2) ? I64X2 : I32X2, interesting(&d), interesting(&d));
        random_insn(&d, ir);
    }
    if (below(&d, 2))
        ir_add_raw(ir, IR_goto_, T_VOID, 0, 0, 0, d.jump_from + 4 * below(&d, 16));
    else
        ir_add_raw(ir, IR_leave, T_VOID, 0, 0, 0, EXIT_STOP);
}
