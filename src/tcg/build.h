/* What the files that build a unit share: builders.c, ir.c, forward.c, fold.c, match.c. */
#pragma once
#include "tcg/ops.h"

/* ---- appending ---- */

/* What a full unit has no room for is the nop at its end: refs stay good to look at, and the unit is thrown away. */
static inline IrRef ir_append_head(Ir *ir, uint64_t head, uint64_t imm)
{
    uint32_t r = ir->count;
    if (__builtin_expect(r < IR_MAX - 1, true)) {
        memcpy(&ir->insn[r], &head, sizeof head);
        ir->insn[r].imm = imm;
        ir->count = r + 1;
    }
    return (IrRef)r;
}

static inline IrRef ir_append(Ir *ir, IrInsn want)
{
    return ir_append_head(ir, ir_head(&want), want.imm);
}

/* ---- what may be folded ---- */

/* Ways to fold an op are bits: rows of rules.def in their order, and above them what fold.c does itself. */
typedef uint32_t IrWays;
enum {
    OP_ROWS = 24,
    WAY_ROWS = (1 << OP_ROWS) - 1,
    WAY_SWAP = 1 << 24,        /* the constant goes to the right */
    WAY_CONSTANT = 1 << 25,    /* all arguments are constant */
    WAY_NARROW = 1 << 26,      /* << argument: it is an extension, which may not matter */
    WAY_TRUTH = 1 << 29,       /* a truth value is compared with a constant */
    WAY_COMPARE = 1 << 30,     /* what is compared was extended with zeros */
    WAY_MASK = (int)(1u << 31) /* the constant may mask nothing */
};
typedef struct IrFolds {    /* of an op */
    IrWays arg[3][IR_OPS];  /* that an argument computed by this op suits */
    IrWays same, same_last; /* those whose first two, last two arguments are one value */
    IrWays named;           /* those that hold for no constant on the right but 0, 1, -1 */
    IrWays large;           /* and for none from 2 to the width - 1 */
    uint8_t first;          /* row of the lowest bit: among those that match.c has sorted by op */
} IrFolds;
extern IrFolds ir_folds[IR_OPS];
void ir_fold_start(void);  /* reads the rules, once in a process */
extern bool ir_fold_ready; /* atomic: they are read */

/* The ways that may suit; mostly called with an op that the compiler knows. */
static inline IrWays ir_ways(const Ir *ir, IrOp op, int args, IrRef a, IrRef b, IrRef c)
{
    const IrFolds *f = &ir_folds[op];
    IrWays ways = f->arg[0][ir->insn[a].op];
    if (args >= 2)
        ways &= f->arg[1][ir->insn[b].op];
    if (args >= 3)
        ways &= f->arg[2][ir->insn[c].op];
    if (args >= 2 && a == b)
        ways |= f->same;
    if (args >= 3 && b == c)
        ways |= f->same_last;
    return ways;
}

IrRef ir_apply_rules(Ir *, const IrInsn *, IrWays); /* match.c: the first row that holds; IR_NONE: none does */

void ir_note_ways(IrOp); /* fold.c: its own */

/* How ops are built that are more than appended. */
IrRef ir_emit_f80(Ir *, IrInsn);     /* forward.c */
IrRef ir_fold(Ir *, IrInsn, IrWays); /* fold.c */
IrRef ir_emit_extend(Ir *, IrInsn);
IrRef ir_emit_move(Ir *, IrInsn);
IrRef ir_fold_asked(Ir *, IrInsn, IrWays); /* ir.c: an op that flags may be asked of */
IrRef ir_emit_flags(Ir *, IrInsn);
IrRef ir_emit_cmc(Ir *, IrInsn);
IrRef ir_emit_cond(Ir *, IrInsn);
IrRef ir_emit_asflags(Ir *, IrInsn);
IrRef ir_emit_store(Ir *, IrInsn);
IrRef ir_emit_call(Ir *, IrInsn);
IrRef ir_emit_label(Ir *, IrInsn);
IrRef ir_emit_goto_if(Ir *, IrInsn);

/* ---- values ---- */

static inline bool ir_is_extension(const Ir *ir, IrRef r)
{
    return ir->insn[r].op == IR_zext || ir->insn[r].op == IR_sext;
}

/* A value with the same low bits. */
static inline IrRef ir_low(const Ir *ir, IrRef r, int bits)
{
    while (ir_is_extension(ir, r) && ir->insn[r].imm >= (unsigned)bits)
        r = ir->insn[r].arg[0];
    return r;
}

#define IR_LINE (1ull << 32)

static inline void ir_forget_slots(Ir *ir)
{
    ir->line += IR_LINE;
}

/* A commutative op has its constant on the right. */
static inline void ir_constants_right(const Ir *ir, IrInsn *w)
{
    if (ir->insn[w->arg[0]].op != IR_const || !(ir_op[w->op].effects & COMM) || ir->insn[w->arg[1]].op == IR_const)
        return;
    IrRef a = w->arg[0];
    w->arg[0] = w->arg[1];
    w->arg[1] = a;
}
