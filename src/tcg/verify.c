/* Says what is wrong with a unit: types of arguments, order, ranges of numbers. What it passes, the interpreter and a
 * backend may take without looking. */
#include "config.h"
#include "tcg/ops.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct Verifier {
    const Ir *ir;
    int slots, len;
    char *why;
    uint32_t at, line_start;
    bool left; /* nothing falls through to here */
} Verifier;

static bool wrong(Verifier *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(Verifier *v, const char *fmt, ...)
{
    va_list args;
    int n = snprintf(v->why, (size_t)v->len, "op %u (%s): ", v->at, ir_op[v->ir->insn[v->at].op].name);
    va_start(args, fmt);
    if (n >= 0 && n < v->len)
        vsnprintf(v->why + n, (size_t)(v->len - n), fmt, args);
    va_end(args);
    return false;
}

/* ---- the op's own type ---- */

static bool in_list(const uint8_t *list, uint8_t op)
{
    for (; *list; list++)
        if (*list == op)
            return true;
    return false;
}

static const uint8_t bitwise[] = { IR_and, IR_or, IR_xor, IR_andn, IR_not, IR_bsl, 0 };
static const uint8_t lanes_only[] = { IR_shlv,    IR_shrv,    IR_sarv,    IR_addsu,    IR_addss,   IR_subsu,
                                      IR_subss,   IR_avgu,    IR_bsl,     IR_blend,    IR_sign,    IR_mulhrs,
                                      IR_mullowu, IR_mullows, IR_muladds, IR_muladdus, IR_sumdiff, 0 };
static const uint8_t vectors_only[] = {
    IR_vconst,  IR_vdup,      IR_vset,      IR_vlow,      IR_vzip1,   IR_vzip2,   IR_vuzp1,       IR_vuzp2,
    IR_vtrn1,   IR_vtrn2,     IR_vext,      IR_vrev,      IR_vtbl,    IR_vhigh,   IR_vwidenu,     IR_vwidens,
    IR_vnarrow, IR_vnarrowss, IR_vnarrowsu, IR_vnarrowuu, IR_vmullu,  IR_vmulls,  IR_vpadd,       IR_vpaddss,
    IR_vpsub,   IR_vpsubss,   IR_vshl,      IR_vshr,      IR_vsar,    IR_vshuf,   IR_vlook,       IR_vpackss,
    IR_vpacksu, IR_vtest,     IR_vclmul,    IR_aesround,  IR_aeslast, IR_aesback, IR_aesbacklast, IR_aesunmix,
    0
};
static const uint8_t any_type[] = { IR_pick, IR_get, IR_put, IR_load, IR_store, IR_vget, IR_cas, 0 };

static bool exists(IrType t)
{
    return (t < W_256 && t != F80) || t == T_FLAGS;
}

static bool lanes_fit(const IrInsn *i)
{
    if (!(ir_op[i->op].effects & V))
        return false;
    return in_list(bitwise, i->op) || !ir_is_float(i->type) || i->op == IR_fneg || i->op == IR_fabs;
}

static bool float_op_fits(const IrInsn *i)
{
    bool wants_int = i->op == IR_f2i;
    return ir_is_float(i->type) != wants_int && i->type != T_FLAGS &&
           (!ir_is_vector(i->type) || (ir_op[i->op].effects & V) || i->op == IR_f2f);
}

static bool type_fits(const IrInsn *i)
{
    IrOp op = (IrOp)i->op;
    IrType t = i->type;
    if (op == IR_call)
        return t == T_VOID || exists(t);
    if (op == IR_nop || ir_op[op].effects & (MARK | LEAVES | ARG) || op == IR_fence || op == IR_cond || op == IR_cmc ||
        op == IR_asflags)
        return true;
    if (op == IR_f80)
        return t == F80;
    if (!exists(t))
        return false;
    if (in_list(any_type, op))
        return true;
    if (ir_op[op].effects & FP)
        return float_op_fits(i);
    if (op == IR_fneg || op == IR_fabs || op == IR_bits2f)
        return ir_is_float(t) && (op != IR_bits2f || !ir_is_vector(t));
    if (in_list(vectors_only, op))
        return ir_is_vector(t);
    if (in_list(lanes_only, op))
        return ir_is_vector(t) && lanes_fit(i);
    return t < 4 || (ir_is_vector(t) && lanes_fit(i));
}

/* ---- arguments ----
 * What lives in vector registers is told apart by its width only: an F64 is as good as an I64X1. */

static bool same_fits(const IrInsn *i, IrType have)
{
    if (i->type == T_FLAGS)
        return have == T_FLAGS;
    if (i->type < 4)
        return ir_is_int(have) && ir_bits(have) >= ir_bits(i->type);
    return ir_in_vector_reg(have) && ir_bits(have) == ir_bits(i->type);
}

static bool source_fits(const IrInsn *i, IrType have)
{
    IrType source = (IrType)(i->imm >> 24 & 15);
    if (source > F64)
        return false;
    if (!ir_is_vector(i->type))
        return source < 4 ? ir_is_int(have) && ir_bits(have) >= ir_bits(source)
                          : ir_in_vector_reg(have) && ir_bits(have) >= ir_bits(source);
    int lanes = ir_bits(i->type) / ir_lane_bits(i->type);
    return ir_in_vector_reg(have) && ir_bits(have) >= lanes * ir_bits(source);
}

static bool argument_fits(const IrInsn *i, int k, IrType have)
{
    int bits = ir_bits(have);
    switch (ir_arg_kind(i, k)) {
    case ARG_SAME:
        return same_fits(i, have);
    case ARG_INT:
        return ir_is_int(have);
    case ARG_BIT:
    case ARG_PC:
        return have == I64;
    case ARG_LOW:
        return ir_is_int(have) && (unsigned)bits >= i->imm;
    case ARG_FLAGS:
        return have == T_FLAGS;
    case ARG_FLAG32:
        return ir_is_int(have) && bits >= 32;
    case ARG_SOURCE:
        return source_fits(i, have);
    case ARG_VECTOR:
        return ir_in_vector_reg(have) && bits >= 64;
    case ARG_WIDE:
        return ir_in_vector_reg(have) && bits == 128;
    case ARG_HALF:
        return ir_in_vector_reg(have) && bits * 2 >= ir_bits(i->type);
    case ARG_SCALAR:
        return ir_is_int(have) && bits >= ir_lane_bits(i->type);
    case ARG_LANE:
        return ir_is_int(have) ? bits >= ir_lane_bits(i->type) : bits == ir_lane_bits(i->type);
    case ARG_BITS:
        return i->op == IR_bits2f ? ir_is_int(have) && bits >= ir_bits(i->type)
                                  : ir_in_vector_reg(have) && bits == ir_bits(i->type);
    default:
        return true;
    }
}

static bool check_argument(Verifier *v, const IrInsn *i, int k)
{
    char have[16], want[16];
    IrRef r = i->arg[k];
    if (!r && i->op == IR_call)
        return true;
    if (!r || r >= v->at)
        return wrong(v, "argument %d is not computed before", k);
    const IrInsn *a = &v->ir->insn[r];
    IrType t = ir_result(a);
    if (t == T_VOID)
        return wrong(v, "argument %d, op %u (%s), has no value", k, r, ir_op[a->op].name);
    if (r < v->line_start)
        return wrong(v, "argument %d, op %u, is from before a label", k, r);
    if (!argument_fits(i, k, t))
        return wrong(v, "argument %d, op %u, is of type %s in an op of type %s", k, r, ir_type_name(t, have),
                     ir_type_name(i->type, want));
    return true;
}

static bool check_arguments(Verifier *v, const IrInsn *i)
{
    for (int k = 0; k < 3; k++) {
        if (k >= ir_op[i->op].args) {
            if (i->arg[k])
                return wrong(v, "has an argument %d", k);
        } else if (!check_argument(v, i, k)) {
            return false;
        }
    }
    return true;
}

/* ---- imm ---- */

static bool check_slot(Verifier *v, const IrInsn *i)
{
    unsigned slot = ir_slot(i->imm), end = ir_slot_offset(i->imm) + (unsigned)ir_bits(i->type) / 8;
    if (slot >= (unsigned)v->slots || slot >= IR_SLOTS)
        return wrong(v, "there is no slot %u", slot);
    if (end > v->ir->slots[slot].size)
        return wrong(v, "%u bytes are beyond the end of slot %s", end, v->ir->slots[slot].name);
    return i->op == IR_put || !(i->imm & IR_ZEXT) || wrong(v, "a get cannot extend");
}

static bool check_mem(Verifier *v, const IrInsn *i)
{
    IrMem m = ir_mem_of(i->imm);
    int bits = 8 << m.size;
    if (m.size > 4 || bits > ir_bits(i->type) || i->type == T_FLAGS)
        return wrong(v, "size %u does not fit the type", m.size);
    if (ir_is_float(i->type) && !ir_is_vector(i->type) && bits != ir_bits(i->type))
        return wrong(v, "a float is loaded and stored whole");
    if (i->op == IR_rmw && (m.rmw > RMW_AND || i->type > I64))
        return wrong(v, "no such operation");
    if (m.align > ALIGN_16_ATOMIC)
        return wrong(v, "no such alignment rule");
    return i->op != IR_cas || i->type < 4 || m.size == 4 || wrong(v, "a vector is compared whole");
}

static bool check_call(Verifier *v, const IrInsn *i)
{
    const Helper *h = v->ir->helpers;
    for (unsigned n = 0; h && n <= (i->imm & 0xffff); n++)
        if (!h[n].name)
            return wrong(v, "there is no helper %u", (unsigned)(i->imm & 0xffff));
    return true;
}

static bool check_lane(Verifier *v, const IrInsn *i)
{
    IrType vector = i->op == IR_vget ? ir_result(&v->ir->insn[i->arg[0]]) : i->type;
    uint64_t end = (i->imm + 1) * (uint64_t)ir_lane_bits(i->type);
    if (i->op == IR_vget && (i->type > F64 || i->type == F80))
        return wrong(v, "a lane is a scalar");
    return (i->imm < 16 && end <= (uint64_t)ir_bits(vector)) || wrong(v, "there is no lane %u", (unsigned)i->imm);
}

static bool check_group(Verifier *v, const IrInsn *i)
{
    bool power = i->imm == 16 || i->imm == 32 || i->imm == 64;
    return (power && i->imm > (unsigned)ir_lane_bits(i->type)) || wrong(v, "no such group");
}

static bool check_f80(Verifier *v, const IrInsn *i)
{
    unsigned op = i->imm & 0xff, slot[] = { ir_f80_d(i->imm), ir_f80_b(i->imm) };
    bool arithmetic = op < 8 && op != 2 && op != 3;
    if (i->op == IR_f80 ? op >= F80_OPS || op == 2 || op == 3 : i->op == IR_f80_in && op != F80_COPY && !arithmetic)
        return wrong(v, "there is no operation %u", op);
    bool combines = i->op == IR_f80_cmp_in || (i->op == IR_f80_in && op != F80_COPY);
    if (i->type == I64 && !(i->imm & F80_FLOAT) && combines)
        return wrong(v, "a 64-bit integer can only be copied");
    if (i->type == I16 && i->imm & F80_FLOAT)
        return wrong(v, "there is no float of 16 bits");
    if (i->imm & F80_FLOAT && i->imm & F80_TRUNCATE)
        return wrong(v, "a float is not cut");
    if (i->op == IR_f80 && op >= F80_SCALE && op <= F80_XTRACT && slot[0] == slot[1])
        return wrong(v, "of one slot");
    for (int k = 0; k < 2; k++) {
        bool flags = k && (i->op == IR_f80_cmp_in || (i->op == IR_f80 && ir_f80_tells(op)));
        if (flags && (slot[k] >= (unsigned)v->slots || v->ir->slots[slot[k]].size != 4))
            return wrong(v, "slot %u is none of 4 bytes", slot[k]);
        bool used = !k || i->op == IR_f80_cmp || (i->op == IR_f80 && ir_f80_uses_b(i->imm));
        if (used && (slot[k] >= (unsigned)v->slots || v->ir->slots[slot[k]].size != 16))
            return wrong(v, "slot %u is none of 16 bytes", slot[k]);
    }
    return true;
}

static bool check_imm(Verifier *v, const IrInsn *i)
{
    if (i->op == IR_f80 || i->op == IR_f80_in || i->op == IR_f80_out || i->op == IR_f80_cmp || i->op == IR_f80_cmp_in)
        return check_f80(v, i);
    switch (i->op) {
    case IR_zext:
    case IR_sext:
        return (i->imm && i->imm < (unsigned)ir_bits(i->type)) || wrong(v, "from %u bits", (unsigned)i->imm);
    case IR_cond:
        return i->imm <= IF_NP || wrong(v, "no such condition");
    case IR_flags:
        return ir_sets_flags(v->ir, &v->ir->insn[i->arg[0]]) || wrong(v, "names an op that gives none");
    case IR_vconst:
        return i->imm < v->ir->pooled || wrong(v, "is not in the pool");
    case IR_vget:
    case IR_vset:
        return check_lane(v, i);
    case IR_vrev:
        return check_group(v, i);
    case IR_vext:
        return i->imm <= (unsigned)ir_bits(i->type) / 8 || wrong(v, "too far");
    case IR_vsum:
    case IR_vmask:
        return i->imm == 8 || i->imm == 16 || i->imm == 32 || i->imm == 64 || wrong(v, "no such lanes");
    case IR_vclmul:
        return i->imm < 4 || wrong(v, "no such lanes");
    case IR_fence:
        return i->imm <= FENCE_STORES || wrong(v, "no such fence");
    case IR_get:
    case IR_put:
        return check_slot(v, i);
    case IR_load:
    case IR_store:
    case IR_rmw:
    case IR_cas:
        return check_mem(v, i);
    default:
        return ir_names_helper((IrOp)i->op) ? check_call(v, i) : true;
    }
}

/* Shapes that only some vector ops have. */
static bool check_shape(Verifier *v, const IrInsn *i)
{
    int lane = ir_lane_bits(i->type), bits = ir_bits(i->type);
    switch (i->op) {
    case IR_vwidenu:
    case IR_vwidens:
    case IR_vmullu:
    case IR_vmulls:
        return (lane > 8 && !ir_is_float(i->type)) || wrong(v, "lanes have no half");
    case IR_vnarrow:
    case IR_vnarrowss:
    case IR_vnarrowsu:
    case IR_vnarrowuu:
        return (bits == 64 && lane < 64 && !ir_is_float(i->type)) || wrong(v, "gives 64 bits of integers");
    case IR_vhigh:
        return bits == 64 || wrong(v, "gives 64 bits");
    case IR_vtbl:
        return lane == 8 || wrong(v, "has lanes of bytes");
    case IR_vpackss:
    case IR_vpacksu:
        return (bits == 128 && lane < 64 && !ir_is_float(i->type)) || wrong(v, "gives 128 bits of integers");
    case IR_vclmul:
    case IR_aesround:
    case IR_aeslast:
    case IR_aesback:
    case IR_aesbacklast:
    case IR_aesunmix:
        return bits == 128 || wrong(v, "has 128 bits");
    case IR_vshuf:
    case IR_vlook:
        return lane == 8 || wrong(v, "has lanes of bytes");
    case IR_vpadd:
    case IR_vpsub:
    case IR_vshl:
    case IR_vshr:
    case IR_vsar:
        return !ir_is_float(i->type) || wrong(v, "has lanes of integers");
    case IR_vpaddss:
    case IR_vpsubss:
        return (lane < 64 && !ir_is_float(i->type)) || wrong(v, "has lanes of integers below 64 bits");
    case IR_vmask:
        return bits >= 16 || wrong(v, "has at least 16 bits");
    case IR_avgu:
        return lane < 64 || wrong(v, "has lanes of 8, 16 or 32 bits");
    case IR_bswap:
        return bits >= 16 || wrong(v, "has at least 16 bits");
    default:
        return true;
    }
}

/* ---- order ---- */

static bool check_order(Verifier *v, const IrInsn *i)
{
    bool mark = ir_op[i->op].effects & MARK;
    if (v->left && !mark && i->op != IR_nop && i->op != IR_const)
        return wrong(v, "is never reached");
    if (mark)
        v->left = false;
    if (ir_always_leaves((IrOp)i->op))
        v->left = true;
    if (i->op == IR_label)
        v->line_start = v->at + 1;
    return true;
}

static bool check(Verifier *v, const IrInsn *i)
{
    char buf[16];
    if (i->op == IR_const)
        return i->type < 4 ? !(i->imm & ~ir_mask(ir_bits(i->type))) || wrong(v, "is wider than its type")
                           : wrong(v, "is not an integer");
    if (!type_fits(i))
        return wrong(v, "is of type %s", ir_type_name(i->type, buf));
    return check_order(v, i) && check_arguments(v, i) && check_shape(v, i) && check_imm(v, i);
}

bool ir_verify(const Ir *ir, int slot_count, char *why, int len)
{
    Verifier v = { .ir = ir, .slots = slot_count, .why = why, .len = len, .line_start = 1 };
    for (v.at = 1; v.at < ir->count; v.at++) {
        const IrInsn *i = &ir->insn[v.at];
        if (i->op >= IR_OPS) {
            snprintf(why, (size_t)len, "op %u is none", v.at);
            return false;
        }
        if (!check(&v, i))
            return false;
    }
    return true;
}

const bool ir_checking = VERIFY_UNITS;

void ir_check(const Ir *ir, int slot_count, const char *when)
{
    char why[200];
    if (ir_verify(ir, slot_count, why, sizeof why))
        return;
    Out o = { 0 };
    ir_print(ir, &o);
    fprintf(stderr, "%s\na unit is wrong %s: %s\n", o.text, when, why);
    abort();
}
