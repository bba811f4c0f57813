/* 3DNow!: pairs of singles in MMX registers. AMD 21928, chapter 2: no exceptions and no flags; denormals are zeros,
 * results that are too large become the largest number, and what comes of infinities and NaNs is undefined. */
#include "base/fp.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/vector.h"

enum { SIGN = 1u << 31, ONE = 0x3f800000, LARGEST = 0x7f7fffff };

/* ---- one lane: a is the destination's, b the source's ---- */

static FpEnv env(void)
{
    return (FpEnv){ .round = FP_RNE, .nan_rule = FP_NAN_ARM, .flush_in = true, .flush_out = true };
}

static bool is_zero(uint32_t a)
{
    return !(a & 0x7f800000);
}

static uint32_t magnitude(uint32_t a)
{
    return a & ~SIGN;
}

static uint32_t saturated(const FpEnv *e, uint32_t r)
{
    return e->flags & FP_OVERFLOW ? (r & SIGN) | LARGEST : r;
}

/* Where normal numbers cancel, the larger one's sign is kept, the first one's if they are equal. */
static uint32_t add(uint32_t a, uint32_t b)
{
    FpEnv e = env();
    uint32_t r = saturated(&e, (uint32_t)fp_add(&e, 32, a, b));
    if (is_zero(r) && !(is_zero(a) && is_zero(b)))
        r = (magnitude(a) >= magnitude(b) ? a : b) & SIGN;
    return r;
}

static uint32_t subtract(uint32_t a, uint32_t b)
{
    return add(a, b ^ SIGN);
}

static uint32_t subtract_reversed(uint32_t a, uint32_t b)
{
    return add(b, a ^ SIGN);
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
    FpEnv e = env();
    return saturated(&e, (uint32_t)fp_mul(&e, 32, a, b));
}

static FpOrder order(uint32_t a, uint32_t b)
{
    FpEnv e = env();
    return fp_compare(&e, 32, a, b, false);
}

static uint32_t truth(bool yes)
{
    return yes ? ~0u : 0;
}

static uint32_t equal(uint32_t a, uint32_t b)
{
    return truth(order(a, b) == FP_EQUAL);
}

static uint32_t greater_equal(uint32_t a, uint32_t b)
{
    FpOrder o = order(a, b);
    return truth(o == FP_EQUAL || o == FP_GREATER);
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return truth(order(a, b) == FP_GREATER);
}

static uint32_t positive_zero(uint32_t a)
{
    return is_zero(a) ? 0 : a;
}

static uint32_t maximum(uint32_t a, uint32_t b)
{
    return positive_zero(order(a, b) == FP_GREATER ? a : b);
}

static uint32_t minimum(uint32_t a, uint32_t b)
{
    return positive_zero(order(a, b) == FP_LESS ? a : b);
}

static uint32_t to_int(uint32_t a, uint32_t b)
{
    FpEnv e = env();
    (void)a;
    return (uint32_t)fp_to_int(&e, 32, b, FP_RZ, 32, true, 0);
}

static uint32_t to_short(uint32_t a, uint32_t b)
{
    FpEnv e = env();
    (void)a;
    return (uint32_t)(int16_t)fp_to_int(&e, 32, b, FP_RZ, 16, true, 0);
}

static uint32_t from_int(uint32_t a, uint32_t b)
{
    FpEnv e = env();
    (void)a;
    e.round = FP_RZ;
    return (uint32_t)fp_from_int(&e, 32, b, 32, true, 0);
}

static uint32_t from_short(uint32_t a, uint32_t b)
{
    return from_int(a, (uint32_t)(int16_t)b);
}

static uint32_t high_words(uint32_t a, uint32_t b)
{
    uint32_t lo = (uint32_t)((int16_t)a * (int16_t)b + 0x8000) >> 16;
    uint32_t hi = (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16) + 0x8000) >> 16;
    return hi << 16 | lo;
}

/* An estimate may be of any precision from 14 bits on. This one is of 24, so the steps that would improve it, whose
 * values in between are the processor's own affair, hand it on. */
static uint32_t reciprocal(uint32_t b)
{
    FpEnv e = env();
    if (is_zero(b))
        return (b & SIGN) | LARGEST;
    return magnitude(b) >= 253u << 23 ? b & SIGN : (uint32_t)fp_div(&e, 32, ONE, b);
}

static uint32_t reciprocal_root(uint32_t b)
{
    FpEnv e = env();
    if (is_zero(b))
        return (b & SIGN) | LARGEST;
    return (uint32_t)fp_div(&e, 32, ONE, fp_sqrt(&e, 32, magnitude(b))) | (b & SIGN);
}

static uint32_t second(uint32_t a, uint32_t b)
{
    (void)a;
    return b;
}

/* ---- two lanes ---- */

typedef struct Pair {
    uint32_t lo, hi;
} Pair;

static Pair accumulate(Pair a, Pair b)
{
    return (Pair){ add(a.lo, a.hi), add(b.lo, b.hi) };
}

static Pair accumulate_negative(Pair a, Pair b)
{
    return (Pair){ subtract(a.lo, a.hi), subtract(b.lo, b.hi) };
}

static Pair accumulate_mixed(Pair a, Pair b)
{
    return (Pair){ subtract(a.lo, a.hi), add(b.lo, b.hi) };
}

static Pair reciprocal_twice(Pair a, Pair b)
{
    (void)a;
    return (Pair){ reciprocal(b.lo), reciprocal(b.lo) };
}

static Pair reciprocal_root_twice(Pair a, Pair b)
{
    (void)a;
    return (Pair){ reciprocal_root(b.lo), reciprocal_root(b.lo) };
}

static Pair swap(Pair a, Pair b)
{
    (void)a;
    return (Pair){ b.hi, b.lo };
}

/* ---- by opcode ---- */

static const struct {
    uint32_t (*lane)(uint32_t a, uint32_t b);
    Pair (*pair)(Pair a, Pair b);
} operations[256] = {
    [0x0c] = { from_short },
    [0x0d] = { from_int },
    [0x1c] = { to_short },
    [0x1d] = { to_int },
    [0x8a] = { .pair = accumulate_negative },
    [0x8e] = { .pair = accumulate_mixed },
    [0x90] = { greater_equal },
    [0x94] = { minimum },
    [0x96] = { .pair = reciprocal_twice },
    [0x97] = { .pair = reciprocal_root_twice },
    [0x9a] = { subtract },
    [0x9e] = { add },
    [0xa0] = { greater },
    [0xa4] = { maximum },
    [0xa6] = { second },
    [0xa7] = { second },
    [0xaa] = { subtract_reversed },
    [0xae] = { .pair = accumulate },
    [0xb0] = { equal },
    [0xb4] = { multiply },
    [0xb6] = { second },
    [0xb7] = { high_words },
    [0xbb] = { .pair = swap },
};

uint64_t x86_help_3dnow(Cpu *cpu, uint64_t a, uint64_t b, uint64_t opcode)
{
    Pair x = { (uint32_t)a, (uint32_t)(a >> 32) }, y = { (uint32_t)b, (uint32_t)(b >> 32) };
    (void)cpu;
    if (operations[opcode].pair)
        x = operations[opcode].pair(x, y);
    else
        x = (Pair){ operations[opcode].lane(x.lo, y.lo), operations[opcode].lane(x.hi, y.hi) };
    return (uint64_t)x.hi << 32 | x.lo;
}

static bool computed(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef a = i->op[0].access & X86_READ ? ir_vget(ir, I64, i->in[0], 0) : x86_const(t, 0);
    IrRef r = trans_call(t, I64, H_now3d, a, ir_vget(ir, I64, i->in[1], 0), x86_const(t, i->opcode));
    i->out[0] = ir_vlow(ir, x86_lanes(i, K_I64), r, 0);
    return true;
}

#define COMPUTED(name)                                                                                                 \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return computed(t, i);                                                                                         \
    }
COMPUTED(pf2id)
COMPUTED(pf2iw)
COMPUTED(pfacc)
COMPUTED(pfadd)
COMPUTED(pfcmpeq)
COMPUTED(pfcmpge)
COMPUTED(pfcmpgt)
COMPUTED(pfmax)
COMPUTED(pfmin)
COMPUTED(pfmul)
COMPUTED(pfnacc)
COMPUTED(pfpnacc)
COMPUTED(pfrcp)
COMPUTED(pfrcpit1)
COMPUTED(pfrcpit2)
COMPUTED(pfrsqit1)
COMPUTED(pfrsqrt)
COMPUTED(pfsub)
COMPUTED(pfsubr)
COMPUTED(pi2fd)
COMPUTED(pi2fw)
COMPUTED(pmulhrw)
COMPUTED(pswapd)

bool i86_pavgusb(Trans *t, X86Insn *i)
{
    return i86_pavgb(t, i);
}
