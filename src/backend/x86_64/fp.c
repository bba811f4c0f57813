/* Floating point on the host. A result that is a NaN, or that lies where the host might have judged underflow
 * differently from a guest that detects tininess before rounding (exactly the least normal number), goes to a cold path
 * that computes the op again by the guest's own helper. What the host cannot do exactly goes there at once. */
#include "backend/x86_64/vec.h"

#include <assert.h>

#define SD(prefix_, map_, op_) ((Enc){ prefix_, map_, op_, 8, 0, false, false })
static const Enc UCOMIS[] = { { 0, 1, 0x2e, 8, 0, false, false }, { 0x66, 1, 0x2e, 8, 0, false, false } };
static const Enc COMIS[] = { { 0, 1, 0x2f, 8, 0, false, false }, { 0x66, 1, 0x2f, 8, 0, false, false } };
static const Enc CMPP[] = { { 0, 1, 0xc2, 8, 1, false, false }, { 0x66, 1, 0xc2, 8, 1, false, false } };
static const Enc CMPS[] = { { 0xf3, 1, 0xc2, 8, 1, false, false }, { 0xf2, 1, 0xc2, 8, 1, false, false } };
static const Enc PTEST = { 0x66, 2, 0x17, 8, 0, false, false };

static bool is_double(IrType t)
{
    return ir_kind(t) == K_F64;
}

/* The result register gets `from`, with zeros above a scalar or 64-bit vector. */
static void settle(Comp *c, unsigned dst, unsigned from, IrType t)
{
    if (ir_bits(t) == 128)
        asm_vmov(&c->a, dst, from);
    else if (ir_bits(t) == 64)
        asm_vec2(&c->a, SD(0xf3, 1, 0x7e), dst, rm_reg(from), 0);
    else
        asm_vec(&c->a, (Enc){ 0x66, 3, 0x21, 8, 1, false, false }, dst, from, rm_reg(from), 0x0e);
}

/* Cold: operands on the stack, the reference, the result at [rsp]. */
static void call_reference(Comp *c, Cold *s)
{
    IrInsn *i = insn_of(c, s->ref);
    int args = ir_args((IrOp)i->op);
    IrType source = ir_result(insn_of(c, i->arg[0]));
    asm_lea(&c->a, true, RSP, rm_mem(RSP, -64));
    for (int k = 0; k < args; k++)
        asm_vstore(&c->a, 16, s->reg[k], rm_mem(RSP, 16 * k));
    put8(&c->a, 0x68);
    put32(&c->a, (uint32_t)i->imm);
    put8(&c->a, 0x68);
    put32(&c->a, i->op | (uint32_t)i->type << 8 | (uint32_t)source << 16);
    call_thunk(c, thunks.reference, false);
}

/* ... and on where the fast path would have gone: the result in XS, or in a general register. */
static void redo(Comp *c, Cold *s)
{
    call_reference(c, s);
    asm_vload(&c->a, 16, XS, rm_mem(RSP, 0));
    asm_lea(&c->a, true, RSP, rm_mem(RSP, 64));
    asm_target(asm_jmp(&c->a), s->back);
}

static void redo_int(Comp *c, Cold *s)
{
    call_reference(c, s);
    asm_load(&c->a, 8, false, s->reg[1], rm_mem(RSP, 0));
    asm_lea(&c->a, true, RSP, rm_mem(RSP, 64));
    asm_target(asm_jmp(&c->a), s->back);
}

/* Jumps to a cold path if XS holds a NaN in some lane, or, if edge, a least normal number. */
static Cold *check(Comp *c, IrType t, bool edge)
{
    bool vector = ir_is_vector(t), d = is_double(t);
    Cold *s = cold(c, redo);
    int n = 0;
    if (!vector) {
        asm_vec2(&c->a, UCOMIS[d], XS, rm_reg(XS), 0);
        s->from[n++] = asm_jcc(&c->a, CC_P);
        if (edge) {
            unsigned r = scratch(c);
            asm_vec2(&c->a, (Enc){ 0x66, 1, 0x7e, 8, 0, d, false }, XS, rm_reg(r), 0);
            asm_alu(&c->a, ALU_ADD, d, r, rm_reg(r)); /* the sign goes out */
            const uint8_t *k = pool_const(d ? 0x0020000000000000 : 0x01000000, 0);
            if (k)
                asm_alu(&c->a, ALU_CMP, d, r, rm_pool(k));
            else
                c->a.full = true;
            s->from[n++] = asm_jcc(&c->a, CC_E);
        }
        return s;
    }
    if (ir_bits(t) == 64) /* what lies above does not count */
        asm_vec2(&c->a, SD(0xf3, 1, 0x7e), XS, rm_reg(XS), 0);
    asm_vec(&c->a, CMPP[d], XT, XS, rm_reg(XS), 3); /* unordered */
    asm_vec2(&c->a, PTEST, XT, rm_reg(XT), 0);
    s->from[n++] = asm_jcc(&c->a, CC_NE);
    if (edge) {
        uint64_t m = d ? 0x0020000000000000 : 0x0100000001000000;
        const uint8_t *k = pool_const(m, m);
        asm_vec(&c->a, d ? SD(0x66, 1, 0xd4) : SD(0x66, 1, 0xfe), XT, XS, rm_reg(XS), 0);
        if (k)
            asm_vec(&c->a, d ? SD(0x66, 2, 0x29) : SD(0x66, 1, 0x76), XT, XT, rm_pool(k), 0);
        else
            c->a.full = true;
        asm_vec2(&c->a, PTEST, XT, rm_reg(XT), 0);
        s->from[n++] = asm_jcc(&c->a, CC_NE);
    }
    return s;
}

/* 64-bit vectors: lanes above are junk, which must not raise flags: both operands get zeros (ones for divisors) there.
 */
static unsigned clean(Comp *c, unsigned from, unsigned to, IrType t)
{
    if (ir_bits(t) != 64 || !ir_is_vector(t) || is_double(t))
        return from;
    asm_vec2(&c->a, SD(0xf3, 1, 0x7e), to, rm_reg(from), 0);
    return to;
}

static void binary(Comp *c)
{
    IrInsn *i = now(c);
    bool edge = i->op == IR_fmul || i->op == IR_fdiv;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    clobber_flags(c);
    unsigned a = clean(c, x, XS, i->type), b = clean(c, y, XT, i->type);
    if (i->op == IR_fdiv && b == XT) { /* 0 / 1 above */
        const uint8_t *k = pool_const(0, 0x3f8000003f800000);
        if (k)
            asm_vec(&c->a, (Enc){ 0x66, 1, 0xeb, 8, 0, false, false }, XT, XT, rm_pool(k), 0);
        else
            c->a.full = true;
    }
    asm_vec(&c->a, *enc_vec((IrOp)i->op, i->type), XS, a, rm_reg(b), 0);
    Cold *s = check(c, i->type, edge);
    s->reg[0] = (uint8_t)x;
    s->reg[1] = (uint8_t)y;
    s->back = c->a.p;
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    settle(c, vdefine(c, true), XS, i->type);
}

static void square_root(Comp *c)
{
    IrInsn *i = now(c);
    unsigned x = vuse(c, i->arg[0]);
    clobber_flags(c);
    unsigned a = clean(c, x, XT, i->type);
    if (ir_is_vector(i->type))
        asm_vec2(&c->a, *enc_vec(IR_fsqrt, i->type), XS, rm_reg(a), 0);
    else
        asm_vec(&c->a, *enc_vec(IR_fsqrt, i->type), XS, a, rm_reg(a), 0);
    Cold *s = check(c, i->type, false);
    s->reg[0] = (uint8_t)x;
    s->back = c->a.p;
    release(c, i->arg[0]);
    settle(c, vdefine(c, true), XS, i->type);
}

/* XS = addend; XS += x * y. The third operand is kept for the cold path. */
static bool multiply_add(Comp *c)
{
    IrInsn *i = now(c);
    const Enc *e = enc_vec(IR_fma, i->type);
    if (!e || !host_cpu.fma || (ir_is_vector(i->type) && ir_bits(i->type) == 64))
        return false;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]), z = 0;
    clobber_flags(c);
    Where wz = c->where[i->arg[2]];
    bool spare = !(wz.place == IN_PIN && slot_is_vector(c, wz.of) && !wz.offset) && wz.place != IN_VREG &&
                 (c->vlocked & VTEMPS) == VTEMPS;
    if (spare)
        return false; /* three temporaries would be needed */
    z = vuse(c, i->arg[2]);
    asm_vmov(&c->a, XS, z);
    asm_vex(&c->a, *e, false, XS, x, rm_reg(y), 0);
    Cold *s = check(c, i->type, true);
    s->reg[0] = (uint8_t)x;
    s->reg[1] = (uint8_t)y;
    s->reg[2] = (uint8_t)z;
    s->back = c->a.p;
    for (int k = 0; k < 3; k++)
        release(c, i->arg[k]);
    settle(c, vdefine(c, true), XS, i->type);
    return true;
}

/* Lane masks. The host signals as the guest does: eq quiet, lt and le signalling; NaN operands give false. */
static void compare_lanes(Comp *c)
{
    IrInsn *i = now(c);
    bool vector = ir_is_vector(i->type), d = is_double(i->type);
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    static const uint8_t predicate[] = { 0, 1, 2 }; /* EQ_OQ, LT_OS, LE_OS */
    unsigned a = clean(c, x, XS, i->type), b = clean(c, y, XT, i->type);
    asm_vec(&c->a, vector ? CMPP[d] : CMPS[d], XS, a, rm_reg(b), predicate[i->op - IR_fcmpeq]);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    settle(c, vdefine(c, true), XS, i->type);
}

void op_fcmp(Comp *c)
{
    IrInsn *i = now(c);
    if (i->imm & FP_SOFT || ir_kind(i->type) == K_F16) {
        fp_op(c);
        return;
    }
    bool d = is_double(i->type);
    unsigned x = vuse(c, i->arg[0]);
    Rm y = rm_reg(vuse(c, i->arg[1]));
    clobber_flags(c);
    asm_vec2(&c->a, i->imm & FP_SIGNAL ? COMIS[d] : UCOMIS[d], x, y, 0);
    set_host_flags(c, (IrRef)c->at, 0);
    c->where[c->at].flip = i->op == IR_fcmp ? FLIP_FP : 0;
}

/* Fast when the host's answer is not the "integer indefinite" that stands for NaN and overflow. */
static bool to_int(Comp *c)
{
    IrInsn *i = now(c);
    IrKind source = (IrKind)(i->imm >> 24 & 15);
    IrRound round = (IrRound)(i->imm >> 16 & 7);
    bool w = ir_bits(i->type) == 64, d = source == K_F64;
    if (ir_is_vector(i->type) || i->imm & FP_UNSIGNED || (source != K_F32 && source != K_F64) ||
        (round != ROUND_ZERO && round != ROUND_CURRENT) || ir_in_vector_reg(i->type))
        return false;
    unsigned x = vuse(c, i->arg[0]);
    clobber_flags(c);
    unsigned r = scratch(c);
    asm_vec2(&c->a, (Enc){ d ? 0xf2 : 0xf3, 1, round == ROUND_ZERO ? 0x2c : 0x2d, 8, 0, w, false }, r, rm_reg(x), 0);
    asm_alu_imm(&c->a, ALU_CMP, w, rm_reg(r), 1); /* overflows only for the indefinite */
    Cold *s = cold(c, redo_int);
    s->from[0] = asm_jcc(&c->a, CC_O);
    s->reg[0] = (uint8_t)x;
    s->reg[1] = (uint8_t)r;
    s->back = c->a.p;
    release(c, i->arg[0]);
    unsigned dst = define(c, 0);
    asm_mov(&c->a, w, dst, r);
    return true;
}

static bool from_int(Comp *c)
{
    IrInsn *i = now(c);
    IrKind source = (IrKind)(i->imm >> 24 & 15);
    bool uns = i->imm & FP_UNSIGNED, d = is_double(i->type);
    IrType from = ir_result(insn_of(c, i->arg[0]));
    if (ir_is_vector(i->type)) {
        if (uns || source != K_I32 || d || ir_bits(i->type) != 128)
            return false;
        Rm x = voperand(c, i->arg[0], 16);
        release(c, i->arg[0]);
        asm_vec2(&c->a, SD(0, 1, 0x5b), vdefine(c, false), x, 0);
        return true;
    }
    if ((source != K_I32 && source != K_I64) || (uns && source == K_I64) || ir_in_vector_reg(from) ||
        ir_kind(i->type) == K_F16)
        return false;
    unsigned r = use(c, i->arg[0]);
    bool w = source == K_I64;
    if (uns) { /* a zero-extended 32-bit number is a positive 64-bit one */
        unsigned t = scratch(c);
        asm_mov(&c->a, false, t, r);
        r = t;
        w = true;
    }
    asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, XS, XS, rm_reg(XS), 0);
    asm_vec(&c->a, (Enc){ d ? 0xf2 : 0xf3, 1, 0x2a, 8, 0, w, false }, XS, XS, rm_reg(r), 0);
    settle(c, vdefine(c, true), XS, i->type);
    return true;
}

/* single and double only; narrowing can underflow */
static bool between_floats(Comp *c)
{
    IrInsn *i = now(c);
    IrKind source = (IrKind)(i->imm >> 24 & 15);
    if (ir_is_vector(i->type) || ir_kind(i->type) == K_F16 || source == K_F16 || i->imm >> 16 & 7)
        return false;
    bool narrow = source == K_F64;
    unsigned x = vuse(c, i->arg[0]);
    clobber_flags(c);
    asm_vec(&c->a, SD(narrow ? 0xf2 : 0xf3, 1, 0x5a), XS, x, rm_reg(x), 0);
    Cold *s = check(c, i->type, narrow);
    s->reg[0] = (uint8_t)x;
    s->back = c->a.p;
    release(c, i->arg[0]);
    settle(c, vdefine(c, true), XS, i->type);
    return true;
}

static bool round_integral(Comp *c)
{
    IrInsn *i = now(c);
    static const uint8_t mode[] = {
        [ROUND_EVEN] = 0, [ROUND_UP] = 2, [ROUND_DOWN] = 1, [ROUND_ZERO] = 3, [ROUND_CURRENT] = 4
    };
    IrRound round = (IrRound)(i->imm >> 16 & 7);
    if (round == ROUND_AWAY || round == ROUND_ODD || ir_bits(i->type) == 16 || ir_kind(i->type) == K_F16 ||
        (ir_is_vector(i->type) && ir_bits(i->type) == 64))
        return false;
    bool d = is_double(i->type), vector = ir_is_vector(i->type);
    unsigned x = vuse(c, i->arg[0]);
    clobber_flags(c);
    unsigned imm = mode[round] | (i->imm & FP_EXACT ? 0u : 8u);
    Enc e = { 0x66, 3, (uint8_t)((vector ? 0x08 : 0x0a) | d), 8, 1, false, false };
    if (vector)
        asm_vec2(&c->a, e, XS, rm_reg(x), imm);
    else
        asm_vec(&c->a, e, XS, x, rm_reg(x), imm);
    Cold *s = check(c, i->type, false);
    s->reg[0] = (uint8_t)x;
    s->back = c->a.p;
    release(c, i->arg[0]);
    settle(c, vdefine(c, true), XS, i->type);
    return true;
}

/* minimum and maximum: the host's min and max differ only for NaN and for zeros of both signs. */
static bool min_max(Comp *c)
{
    IrInsn *i = now(c);
    bool d = is_double(i->type), vector = ir_is_vector(i->type);
    if (vector && ir_bits(i->type) == 64)
        return false;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    clobber_flags(c);
    uint8_t opcode = i->op == IR_fmin ? 0x5d : 0x5f;
    Enc e = vector ? SD(d ? 0x66 : 0, 1, opcode) : SD(d ? 0xf2 : 0xf3, 1, opcode);
    Cold *s = cold(c, redo);
    /* first, as the host's min and max would signal invalid for a quiet NaN */
    if (vector) {
        asm_vec(&c->a, CMPP[d], XT, x, rm_reg(y), 3);
        asm_vec2(&c->a, PTEST, XT, rm_reg(XT), 0);
        s->from[0] = asm_jcc(&c->a, CC_NE);
    } else {
        asm_vec2(&c->a, UCOMIS[d], x, rm_reg(y), 0);
        s->from[0] = asm_jcc(&c->a, CC_P);
    }
    /* min(x, y) and min(y, x) are the same bits unless the operands are zeros */
    asm_vec(&c->a, e, XS, x, rm_reg(y), 0);
    asm_vec(&c->a, e, XT, y, rm_reg(x), 0);
    asm_vec(&c->a, (Enc){ 0x66, 1, 0xef, 8, 0, false, false }, XT, XT, rm_reg(XS), 0);
    if (!vector)
        asm_vec2(&c->a, SD(0xf3, 1, 0x7e), XT, rm_reg(XT), 0);
    if (!vector && !d)
        asm_vec(&c->a, (Enc){ 0x66, 3, 0x21, 8, 1, false, false }, XT, XT, rm_reg(XT), 0x0e);
    asm_vec2(&c->a, PTEST, XT, rm_reg(XT), 0);
    s->from[1] = asm_jcc(&c->a, CC_NE);
    s->reg[0] = (uint8_t)x;
    s->reg[1] = (uint8_t)y;
    s->back = c->a.p;
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    settle(c, vdefine(c, true), XS, i->type);
    return true;
}

void fp_op(Comp *c)
{
    IrInsn *i = now(c);
    bool soft = i->imm & FP_SOFT || (ir_kind(i->type) == K_F16 && i->op != IR_f2f);
    bool done = !soft && i->imm & FP_NAN_FIRST && fp_op_plain(c);
    if (!soft && !done && ir_kind(i->type) != K_F16 && !(i->imm & FP_LOW)) {
        done = true;
        switch (i->op) {
        case IR_fadd:
        case IR_fsub:
        case IR_fmul:
        case IR_fdiv:
            binary(c);
            break;
        case IR_fsqrt:
            square_root(c);
            break;
        case IR_fma:
            done = multiply_add(c);
            break;
        case IR_fcmpeq:
        case IR_fcmplt:
        case IR_fcmple:
            compare_lanes(c);
            break;
        case IR_f2i:
            done = to_int(c);
            break;
        case IR_i2f:
            done = from_int(c);
            break;
        case IR_f2f:
            done = between_floats(c);
            break;
        case IR_fround:
            done = round_integral(c);
            break;
        case IR_fmin:
        case IR_fmax:
            done = min_max(c);
            break;
        default:
            done = false;
        }
    }
    if (!done)
        by_reference(c);
}
