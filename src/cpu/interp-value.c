#include "cpu/interp-value.h"

#include "base/aes.h"
#include "tcg/ops.h"

#include <string.h>

static uint64_t vector_lane(V128 v, int bits, int lane)
{
    int at = bits * lane;
    return (at < 64 ? v.lo >> at : v.hi >> (at - 64)) & ir_mask(bits);
}

/* The lane must be 0 before. */
static void vector_set(V128 *v, int bits, int lane, uint64_t value)
{
    int at = bits * lane;
    value &= ir_mask(bits);
    if (at < 64)
        v->lo |= value << at;
    else
        v->hi |= value << (at - 64);
}

static uint8_t byte_of(const V128 *v, int n)
{
    return (uint8_t)vector_lane(*v, 8, n);
}

/* What most operations here look at. */
typedef struct Shape {
    int bits, lanes; /* of a lane; of the type */
    IrOp op;
    uint64_t imm;
    IrType source;
} Shape;

static int64_t signed_lane(V128 v, int bits, int lane)
{
    return (int64_t)(vector_lane(v, bits, lane) << (64 - bits)) >> (64 - bits);
}

static bool shifts_by_scalar(IrOp op)
{
    return op == IR_shl || op == IR_shr || op == IR_sar;
}

/* The meaning of the op, lane by lane; a true comparison is a lane of ones. */
static V128 by_lanes(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++) {
        uint64_t x[3] = { 0 };
        for (int k = 0; k < ir_op[s->op].args; k++)
            x[k] = k && shifts_by_scalar(s->op) ? a[k].lo & 63 : vector_lane(a[k], s->bits, n);
        uint64_t value = ir_eval(s->op, s->bits, x[0], x[1], x[2], s->imm);
        vector_set(&r, s->bits, n, ir_op[s->op].result == BIT && value ? ~0ull : value);
    }
    return r;
}

static V128 dup(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n, a[0].lo);
    return r;
}

static V128 get_lane(const Shape *s, const V128 *a)
{
    return (V128){ vector_lane(a[0], s->bits, (int)s->imm), 0 };
}

static V128 set_lane(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n, n == (int)s->imm ? a[1].lo : vector_lane(a[0], s->bits, n));
    return r;
}

static V128 low(const Shape *s, const V128 *a)
{
    return (V128){ a[0].lo & ir_mask(s->bits), 0 };
}

/* Which lane of a:b (b's lanes counted on from a's) result lane n is. */
static int permuted(const Shape *s, int n)
{
    int half = s->lanes / 2, from_b = s->lanes;
    switch (s->op) {
    case IR_vzip1:
        return n / 2 + (n & 1 ? from_b : 0);
    case IR_vzip2:
        return n / 2 + half + (n & 1 ? from_b : 0);
    case IR_vuzp1:
        return n < half ? 2 * n : from_b + 2 * (n - half);
    case IR_vuzp2:
        return n < half ? 2 * n + 1 : from_b + 2 * (n - half) + 1;
    case IR_vtrn1:
        return (n & ~1) + (n & 1 ? from_b : 0);
    default:
        return (n | 1) + (n & 1 ? from_b : 0);
    }
}

/* One lane has no odd or upper ones: zip, uzp and trn of single lanes are a or b whole. */
static V128 permute(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    if (s->lanes == 1)
        return s->op == IR_vzip1 || s->op == IR_vuzp1 || s->op == IR_vtrn1 ? a[0] : a[1];
    for (int n = 0; n < s->lanes; n++) {
        int from = permuted(s, n);
        vector_set(&r, s->bits, n, vector_lane(a[from >= s->lanes], s->bits, from % s->lanes));
    }
    return r;
}

static V128 extract(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    int bytes = s->bits * s->lanes / 8;
    for (int n = 0; n < bytes; n++) {
        int from = n + (int)s->imm;
        vector_set(&r, 8, n, byte_of(&a[from >= bytes], from % bytes));
    }
    return r;
}

static V128 reverse(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    int group = (int)s->imm / s->bits;
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n, vector_lane(a[0], s->bits, n - n % group + group - 1 - n % group));
    return r;
}

static V128 table(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++) {
        int from = byte_of(&a[1], n);
        vector_set(&r, 8, n, from < 16 ? byte_of(&a[0], from) : 0);
    }
    return r;
}

static V128 high(const Shape *s, const V128 *a)
{
    (void)s;
    return (V128){ a[0].hi, 0 };
}

static V128 widen(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n,
                   s->op == IR_vwidens ? (uint64_t)signed_lane(a[0], s->bits / 2, n)
                                       : vector_lane(a[0], s->bits / 2, n));
    return r;
}

static uint64_t saturated(IrOp op, V128 v, int from, int lane, int to)
{
    uint64_t u = vector_lane(v, from, lane);
    int64_t i = signed_lane(v, from, lane), max = (int64_t)(ir_mask(to) >> 1);
    if (op == IR_vnarrowss)
        return (uint64_t)(i > max ? max : i < -max - 1 ? -max - 1 : i);
    if (op == IR_vnarrowsu)
        return i < 0 ? 0 : u > ir_mask(to) ? ir_mask(to) : u;
    return op == IR_vnarrowuu && u > ir_mask(to) ? ir_mask(to) : u;
}

static V128 narrow(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n, saturated(s->op, a[0], s->bits * 2, n, s->bits));
    return r;
}

static V128 pack(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    IrOp op = s->op == IR_vpackss ? IR_vnarrowss : IR_vnarrowsu;
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n, saturated(op, a[n >= s->lanes / 2], s->bits * 2, n % (s->lanes / 2), s->bits));
    return r;
}

static V128 multiply(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    int half = s->bits / 2;
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n,
                   s->op == IR_vmulls ? (uint64_t)(signed_lane(a[0], half, n) * signed_lane(a[1], half, n))
                                      : vector_lane(a[0], half, n) * vector_lane(a[1], half, n));
    return r;
}

static V128 pairs(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    IrOp op = s->op == IR_vpadd ? IR_add : s->op == IR_vpaddss ? IR_addss : s->op == IR_vpsub ? IR_sub : IR_subss;
    for (int n = 0; n < s->lanes; n++) {
        uint64_t x[2];
        for (int k = 0; k < 2; k++)
            x[k] = vector_lane(a[2 * n + k >= s->lanes], s->bits, (2 * n + k) % s->lanes);
        vector_set(&r, s->bits, n, ir_eval(op, s->bits, x[0], x[1], 0, 0));
    }
    return r;
}

static V128 shift_all(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    IrOp op = s->op == IR_vshl ? IR_shlv : s->op == IR_vshr ? IR_shrv : IR_sarv;
    uint64_t by = a[1].lo < (unsigned)s->bits ? a[1].lo : (unsigned)s->bits;
    for (int n = 0; n < s->lanes; n++)
        vector_set(&r, s->bits, n, ir_eval(op, s->bits, vector_lane(a[0], s->bits, n), by, 0, 0));
    return r;
}

static V128 look(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++) {
        int from = byte_of(&a[1], n);
        vector_set(&r, 8, n, from & 0x80 ? 0 : byte_of(&a[0], from % s->lanes));
    }
    return r;
}

static V128 shuffle(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    for (int n = 0; n < s->lanes; n++) {
        int from = byte_of(&a[2], n);
        vector_set(&r, 8, n, from < 2 * s->lanes ? byte_of(&a[from >= s->lanes], from % s->lanes) : 0);
    }
    return r;
}

static V128 sum(const Shape *s, const V128 *a)
{
    uint64_t total = 0;
    int bits = (int)s->imm;
    for (int n = 0; n < ir_bits(s->source) / bits; n++)
        total += vector_lane(a[0], bits, n);
    return (V128){ total & ir_mask(bits), 0 };
}

static V128 multiply_carryless(const Shape *s, const V128 *a)
{
    unsigned __int128 r = 0;
    uint64_t x = s->imm & 1 ? a[0].hi : a[0].lo, y = s->imm & 2 ? a[1].hi : a[1].lo;
    for (int n = 0; n < 64; n++)
        r ^= y >> n & 1 ? (unsigned __int128)x << n : 0;
    return (V128){ (uint64_t)r, (uint64_t)(r >> 64) };
}

static V128 aes(const Shape *s, const V128 *a)
{
    uint8_t state[16];
    bool inverse = s->op == IR_aesback || s->op == IR_aesbacklast || s->op == IR_aesunmix;
    V128 r;
    memcpy(state, &a[0], sizeof state);
    if (s->op != IR_aesunmix)
        aes_shift_sub(state, inverse);
    if (s->op != IR_aeslast && s->op != IR_aesbacklast)
        aes_mix(state, inverse);
    memcpy(&r, state, sizeof r);
    return s->op == IR_aesunmix ? r : (V128){ r.lo ^ a[1].lo, r.hi ^ a[1].hi };
}

static V128 sign_bits(const Shape *s, const V128 *a)
{
    V128 r = { 0 };
    int bits = (int)s->imm;
    for (int n = 0; n < ir_bits(s->source) / bits; n++)
        r.lo |= vector_lane(a[0], bits, n) >> (bits - 1) << n;
    return r;
}

static V128 test(const Shape *s, const V128 *a)
{
    uint64_t high = s->bits * s->lanes == 128 ? ~0ull : 0;
    bool z = !(a[0].lo & a[1].lo) && !(a[0].hi & a[1].hi & high);
    bool c = !(~a[0].lo & a[1].lo) && !(~a[0].hi & a[1].hi & high);
    return (V128){ (z ? FLAG_Z : 0) | (c ? FLAG_C : 0), 0 };
}

typedef V128 VectorFn(const Shape *, const V128 *);

static VectorFn *const vector_by[IR_OPS] = {
    [IR_vdup] = dup,        [IR_vget] = get_lane,    [IR_vset] = set_lane,    [IR_vlow] = low,
    [IR_vzip1] = permute,   [IR_vzip2] = permute,    [IR_vuzp1] = permute,    [IR_vuzp2] = permute,
    [IR_vtrn1] = permute,   [IR_vtrn2] = permute,    [IR_vext] = extract,     [IR_vrev] = reverse,
    [IR_vtbl] = table,      [IR_vhigh] = high,       [IR_vwidenu] = widen,    [IR_vwidens] = widen,
    [IR_vnarrow] = narrow,  [IR_vnarrowss] = narrow, [IR_vnarrowsu] = narrow, [IR_vnarrowuu] = narrow,
    [IR_vmullu] = multiply, [IR_vmulls] = multiply,  [IR_vpadd] = pairs,      [IR_vsum] = sum,
    [IR_vpaddss] = pairs,   [IR_vpsub] = pairs,      [IR_vpsubss] = pairs,    [IR_vshl] = shift_all,
    [IR_vshr] = shift_all,  [IR_vsar] = shift_all,   [IR_vshuf] = shuffle,    [IR_vpackss] = pack,
    [IR_vpacksu] = pack,    [IR_vmask] = sign_bits,  [IR_vtest] = test,       [IR_vclmul] = multiply_carryless,
    [IR_aesround] = aes,    [IR_aeslast] = aes,      [IR_aesback] = aes,      [IR_aesbacklast] = aes,
    [IR_aesunmix] = aes,    [IR_vlook] = look,
};

static V128 vector_value(const IrInsn *i, IrType source, const V128 a[3])
{
    Shape s = { .bits = ir_lane_bits(i->type),
                .lanes = ir_bits(i->type) / ir_lane_bits(i->type),
                .op = (IrOp)i->op,
                .imm = i->imm,
                .source = source };
    VectorFn *fn = vector_by[i->op];
    return fn ? fn(&s, a) : by_lanes(&s, a);
}

/* ---- floating point: the guest's helper for each lane ---- */

typedef uint64_t HelperFn(Cpu *, uint64_t, uint64_t, uint64_t);

uint64_t helper_call(Cpu *cpu, const Helper *helpers, uint64_t number, const uint64_t a[3])
{
    HelperFn *fn = (HelperFn *)(uintptr_t)helpers[number & 0xffff].fn;
    return fn(cpu, a[0], a[1], a[2]);
}

static int source_bits(const IrInsn *i)
{
    bool converts = i->op == IR_f2f || i->op == IR_f2i || i->op == IR_i2f;
    return ir_lane_bits(converts ? (IrType)(i->imm >> 24 & 15) : i->type);
}

static V128 fp_value(Cpu *cpu, const Helper *helpers, const IrInsn *i, const V128 *a)
{
    int to = ir_lane_bits(i->type), from = source_bits(i), args = ir_op[i->op].args;
    int lanes = ir_is_vector(i->type) ? ir_bits(i->type) / to : 1;
    V128 r = { 0 };
    if (i->op == IR_fcomp)
        lanes = 1;
    if (i->imm & FP_LOW) {
        for (int n = 1; n < lanes; n++)
            vector_set(&r, to, n, vector_lane(a[0], to, n));
        lanes = 1;
    }
    for (int n = 0; n < lanes; n++) {
        uint64_t x[3] = { 0 };
        for (int k = 0; k < args; k++)
            x[k] = vector_lane(a[k], from, n);
        if (args < 3)
            x[args] = i->op == IR_faddsub ? (uint64_t)n & 1 : i->imm;
        uint64_t bits = helper_call(cpu, helpers, i->imm, x);
        if (i->op == IR_fcmp || i->op == IR_fcomp)
            r.lo = bits & FLAGS_ALL;
        else
            vector_set(&r, to, n, bits);
    }
    return r;
}

/* The low bits of a value that go into one of type t. */
static V128 cut(V128 v, IrType t)
{
    return ir_is_vector(t) ? v : (V128){ v.lo & ir_mask(ir_bits(t)), 0 };
}

V128 interp_value(Cpu *cpu, const Helper *helpers, const IrInsn *i, IrType source, V128 a, V128 b, V128 c)
{
    const V128 v[3] = { a, b, c };
    if (ir_op[i->op].effects & FP)
        return fp_value(cpu, helpers, i, v);
    if (i->op == IR_pick)
        return cut(a.lo ? b : c, i->type);
    if (i->op == IR_bits2f || i->op == IR_f2bits)
        return cut(a, i->type);
    if (ir_is_vector(i->type) || !ir_op[i->op].meaning)
        return vector_value(i, source, v);
    return (V128){ ir_eval((IrOp)i->op, ir_bits(i->type), a.lo, b.lo, c.lo, i->imm), 0 };
}
