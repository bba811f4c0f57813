#include "tcg/words.h"

static const struct {
    uint8_t style;
    const char *key;
} imms[IR_OPS] = {
    [IR_zext] = { IMM_KEY, "from" },    [IR_sext] = { IMM_KEY, "from" },      [IR_vget] = { IMM_KEY, "lane" },
    [IR_vset] = { IMM_KEY, "lane" },    [IR_vext] = { IMM_KEY, "by" },        [IR_vrev] = { IMM_KEY, "group" },
    [IR_vsum] = { IMM_KEY, "lanes" },   [IR_leave] = { IMM_KEY, "exit" },     [IR_cond] = { IMM_COND, NULL },
    [IR_vconst] = { IMM_POOL, NULL },   [IR_get] = { IMM_SLOT, NULL },        [IR_put] = { IMM_SLOT, NULL },
    [IR_load] = { IMM_MEM, NULL },      [IR_store] = { IMM_MEM, NULL },       [IR_rmw] = { IMM_MEM, NULL },
    [IR_cas] = { IMM_MEM, NULL },       [IR_fence] = { IMM_FENCE, NULL },     [IR_call] = { IMM_CALL, NULL },
    [IR_insn] = { IMM_PC, NULL },       [IR_label] = { IMM_PC, NULL },        [IR_goto_] = { IMM_PC, NULL },
    [IR_vmask] = { IMM_KEY, "lanes" },  [IR_goto_if] = { IMM_PC, NULL },      [IR_charge] = { IMM_KEY, "insns" },
    [IR_f80] = { IMM_KEY, "f80" },      [IR_f80_in] = { IMM_KEY, "f80" },     [IR_f80_out] = { IMM_KEY, "f80" },
    [IR_f80_cmp] = { IMM_KEY, "f80" },  [IR_f80_cmp_in] = { IMM_KEY, "f80" }, [IR_leave_if] = { IMM_CALL, NULL },
    [IR_vclmul] = { IMM_KEY, "lanes" },
};

ImmStyle ir_imm_style(IrOp op)
{
    return ir_op[op].effects & FP ? IMM_FP : (ImmStyle)imms[op].style;
}

const char *ir_imm_key(IrOp op)
{
    return imms[op].key;
}

bool ir_prints_type(IrOp op)
{
    return !(ir_op[op].effects & (MARK | LEAVES | ARG)) && op != IR_fence && op != IR_cond && op != IR_cmc &&
           op != IR_asflags;
}

IrType ir_const_type(const IrInsn *i, int arg)
{
    switch (ir_arg_kind(i, arg)) {
    case ARG_SAME:
    case ARG_INT:
    case ARG_LOW:
    case ARG_SCALAR:
    case ARG_LANE:
    case ARG_BITS:
        return i->type < 4 ? i->type : I64; /* of lanes and floats too */
    case ARG_FLAG32:
        return I32;
    default:
        return I64;
    }
}

const char *const ir_cond_word[] = { "eq",  "ne",  "c",  "nc", "n",  "nn", "v", "nv", "be", "a",
                                     "cnz", "ncz", "lt", "ge", "le", "gt", "p", "np", NULL };
const char *const ir_round_word[] = { "even", "up", "down", "zero", "away", "odd", "current", NULL };
const char *const ir_order_word[] = { "plain", "acquire", "release", "both", NULL };
const char *const ir_align_word[] = { "any", "size", "16", NULL };
const char *const ir_rmw_word[] = { "add", "andn", "xor", "or", "smax", "smin", "umax", "umin", "swap", "and", NULL };
const char *const ir_fence_word[] = { "full", "loads", "stores", NULL };
