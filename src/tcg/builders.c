/* The builders: ir_add(ir, I32, x, y) and so on, one for each row of ops.def, made here so that each knows its op. Most
 * ops of most units have nothing to be folded: one look at a table says so, and they are appended. */
#include "tcg/forward.h"

/* Without those that hold for other constants only than b, the one on the right. None of them is tried for vectors. */
static inline __attribute__((always_inline)) IrWays ways_for_constant(const Ir *ir, IrOp op, IrType t, IrRef b,
                                                                      IrWays ways)
{
    static const uint64_t unnamed[] = { 0xfd, 0xfffd, 0xfffffffd, 0xfffffffffffffffd };
    uint64_t from2 = ir->insn[b].imm - 2;
    if (ir->insn[b].op != IR_const || from2 >= unnamed[t & 3])
        return ways;
    return ways & ~(from2 < (8u << (t & 3)) - 2 ? ir_folds[op].large : ir_folds[op].named);
}

static inline __attribute__((always_inline)) IrRef pure(Ir *ir, IrOp op, int args, IrType t, IrRef a, IrRef b, IrRef c,
                                                        uint64_t imm, IrRef fold(Ir *, IrInsn, IrWays))
{
    IrWays ways = ir_ways(ir, op, args, a, b, c);
    if (ways && args >= 2)
        ways = ways_for_constant(ir, op, t, b, ways);
    if (__builtin_expect(ways != 0, false))
        return fold(ir, ir_insn_of(op, t, a, b, c, imm), ways);
    return ir_append_head(ir, ir_head_of(op, t, a, b, c), imm);
}

/* Mostly called with an op that the compiler knows. */
static inline __attribute__((always_inline)) IrRef build(Ir *ir, IrOp op, int args, bool meaning, IrType t, IrRef a,
                                                         IrRef b, IrRef c, uint64_t imm)
{
    if (op == IR_insn || op == IR_load) /* raw or not */
        return ir_append_head(ir, ir_head_of(op, t, a, b, c), imm);
    if (__builtin_expect(ir->raw, false))
        return ir_append_raw(ir, ir_insn_of(op, t, a, b, c, imm));
    IrInsn w = ir_insn_of(op, t, a, b, c, imm);
    switch (op) {
    case IR_get:
        return ir_emit_get(ir, t, imm);
    case IR_put:
        return ir_emit_put(ir, t, a, imm);
    case IR_add:
    case IR_sub:
    case IR_adc:
    case IR_sbb:
    case IR_and:
    case IR_or:
    case IR_xor:
    case IR_shl:
    case IR_shr:
    case IR_sar:
        return pure(ir, op, args, t, a, b, c, imm, ir_fold_asked);
    case IR_zext:
    case IR_sext:
        return ir_emit_extend(ir, w);
    case IR_flags:
        return ir_emit_flags(ir, w);
    case IR_cmc:
        return ir_emit_cmc(ir, w);
    case IR_cond:
        return ir_emit_cond(ir, w);
    case IR_asflags:
        return ir_emit_asflags(ir, w);
    case IR_vdup:
    case IR_vlow:
    case IR_vget:
    case IR_bits2f:
    case IR_f2bits:
        return ir_emit_move(ir, w);
    case IR_store:
        return ir_emit_store(ir, w);
    case IR_call:
        return ir_emit_call(ir, w);
    case IR_f80:
    case IR_f80_in:
    case IR_f80_cmp_in:
        return ir_emit_f80(ir, w);
    case IR_label:
        return ir_emit_label(ir, w);
    case IR_goto_if:
    case IR_leave_if:
        return ir_emit_goto_if(ir, w);
    default:
        return meaning ? pure(ir, op, args, t, a, b, c, imm, ir_fold) : ir_append(ir, w);
    }
}

#define BUILD_0(name, meaning)                                                                                         \
    IrRef ir_##name(Ir *ir, IrType t, uint64_t imm)                                                                    \
    {                                                                                                                  \
        return build(ir, IR_##name, 0, meaning, t, 0, 0, 0, imm);                                                      \
    }
#define BUILD_1(name, meaning)                                                                                         \
    IrRef ir_##name(Ir *ir, IrType t, IrRef a, uint64_t imm)                                                           \
    {                                                                                                                  \
        return build(ir, IR_##name, 1, meaning, t, a, 0, 0, imm);                                                      \
    }
#define BUILD_2(name, meaning)                                                                                         \
    IrRef ir_##name(Ir *ir, IrType t, IrRef a, IrRef b, uint64_t imm)                                                  \
    {                                                                                                                  \
        return build(ir, IR_##name, 2, meaning, t, a, b, 0, imm);                                                      \
    }
#define BUILD_3(name, meaning)                                                                                         \
    IrRef ir_##name(Ir *ir, IrType t, IrRef a, IrRef b, IrRef c, uint64_t imm)                                         \
    {                                                                                                                  \
        return build(ir, IR_##name, 3, meaning, t, a, b, c, imm);                                                      \
    }
#define OP(name, args, result, effects, meaning) BUILD_##args(name, IR_HAS_MEANING(meaning))
#include "tcg/ops.def"

IrRef ir_emit(Ir *ir, IrOp op, IrType t, IrRef a, IrRef b, IrRef c, uint64_t imm)
{
    return build(ir, op, ir_args(op), ir_has_meaning(op), t, a, b, c, imm);
}
