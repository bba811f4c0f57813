/* The table of operations, and names of operations and types. */
#include "tcg/ops.h"

#include <stdlib.h>
#include <string.h>

const IrOpInfo ir_op[IR_OPS] = {
    [IR_nop] = { "nop", 0, VOID, PURE, false },
    [IR_const] = { "const", 0, SAME, PURE, false },
#define OP(name, args, result, effects, meaning)                                                                       \
    [IR_##name] = { #name, args, result, effects, IR_HAS_MEANING(meaning) },
#include "tcg/ops.def"
};

const char *ir_name(IrOp op)
{
    return ir_op[op].name;
}

/* Those that differ from ARG_SAME. */
static const uint8_t arg_kind[IR_OPS][3] = {
    [IR_shl] = { ARG_SAME, ARG_INT },
    [IR_shr] = { ARG_SAME, ARG_INT },
    [IR_sar] = { ARG_SAME, ARG_INT },
    [IR_rotr] = { ARG_SAME, ARG_INT },
    [IR_extr] = { ARG_SAME, ARG_SAME, ARG_INT },
    [IR_adc] = { ARG_SAME, ARG_SAME, ARG_INT },
    [IR_sbb] = { ARG_SAME, ARG_SAME, ARG_INT },
    [IR_zext] = { ARG_LOW },
    [IR_sext] = { ARG_LOW },
    [IR_pick] = { ARG_BIT, ARG_SAME, ARG_SAME },
    [IR_flags] = { ARG_VALUE },
    [IR_cmc] = { ARG_FLAGS },
    [IR_cond] = { ARG_FLAGS },
    [IR_asflags] = { ARG_FLAG32 },
    [IR_vdup] = { ARG_SCALAR },
    [IR_vget] = { ARG_VECTOR },
    [IR_vset] = { ARG_SAME, ARG_LANE },
    [IR_vlow] = { ARG_LANE },
    [IR_vtbl] = { ARG_WIDE, ARG_SAME },
    [IR_vhigh] = { ARG_WIDE },
    [IR_vwidenu] = { ARG_HALF },
    [IR_vwidens] = { ARG_HALF },
    [IR_vnarrow] = { ARG_WIDE },
    [IR_vnarrowss] = { ARG_WIDE },
    [IR_vnarrowsu] = { ARG_WIDE },
    [IR_vnarrowuu] = { ARG_WIDE },
    [IR_vmullu] = { ARG_HALF, ARG_HALF },
    [IR_vmulls] = { ARG_HALF, ARG_HALF },
    [IR_vshl] = { ARG_SAME, ARG_VECTOR },
    [IR_vshr] = { ARG_SAME, ARG_VECTOR },
    [IR_vsar] = { ARG_SAME, ARG_VECTOR },
    [IR_vsum] = { ARG_VECTOR },
    [IR_vmask] = { ARG_VECTOR },
    [IR_f2f] = { ARG_SOURCE },
    [IR_f2i] = { ARG_SOURCE },
    [IR_i2f] = { ARG_SOURCE },
    [IR_bits2f] = { ARG_BITS },
    [IR_f2bits] = { ARG_BITS },
    [IR_load] = { ARG_PC },
    [IR_store] = { ARG_PC, ARG_SAME },
    [IR_rmw] = { ARG_PC, ARG_SAME },
    [IR_cas] = { ARG_PC, ARG_SAME, ARG_SAME },
    [IR_arg] = { ARG_VALUE },
    [IR_call] = { ARG_INT, ARG_INT, ARG_INT },
    [IR_f80_control] = { ARG_FLAG32 },
    [IR_goto_if] = { ARG_BIT },
    [IR_leave_if] = { ARG_BIT, ARG_INT, ARG_INT },
    [IR_goto_reg] = { ARG_PC },
};

IrArg ir_arg_kind(const IrInsn *i, int k)
{
    if (k >= ir_op[i->op].args)
        return ARG_NONE;
    return arg_kind[i->op][k] ? (IrArg)arg_kind[i->op][k] : ARG_SAME;
}

static const char *const kind_name[] = { "i8", "i16", "i32", "i64", "f16", "f32", "f64", "f80" };

const char *ir_type_name(IrType t, char buf[16])
{
    if (t == T_VOID || t == T_FLAGS)
        return t == T_VOID ? "void" : "flags";
    if (t > T_FLAGS)
        return "?";
    if (!ir_is_vector(t))
        return kind_name[ir_kind(t)];
    snprintf(buf, 16, "%sx%d", kind_name[ir_kind(t)], ir_bits(t) / ir_lane_bits(t));
    return buf;
}

bool ir_type_named(const char *name, IrType *type)
{
    char buf[16];
    for (int t = 0; t <= T_FLAGS; t++)
        if (!strcmp(ir_type_name((IrType)t, buf), name)) {
            *type = (IrType)t;
            return true;
        }
    return false;
}
