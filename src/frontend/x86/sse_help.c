/* The floating point of SSE in C: one lane, what the host does (tcg/ops.def, FP_NAN_FIRST). */
#include "base/fp.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

enum { IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32 };

/* ---- one lane ---- */

/* Unmasked underflow: of every tiny result, exact ones too, and none is flushed. */
static bool finds_underflow(const Cpu *c)
{
    return !(((const X86Cpu *)c)->mxcsr & UE << 7);
}

static FpEnv begin(const Cpu *c)
{
    static const uint8_t round[] = { FP_RNE, FP_RM, FP_RP, FP_RZ };
    return (FpEnv){ .round = round[c->mxcsr >> 13 & 3],
                    .nan_rule = FP_NAN_X86,
                    .flush_in = c->mxcsr & MXCSR_DAZ,
                    .flush_out = c->mxcsr & MXCSR_FTZ && !finds_underflow(c),
                    .denormals_x86 = true };
}

static void end(Cpu *c, const FpEnv *env)
{
    static const struct {
        uint32_t from;
        uint8_t to;
    } flags[] = { { FP_INVALID, IE },  { FP_INPUT_DENORMAL, DE }, { FP_DIVZERO, ZE },
                  { FP_OVERFLOW, OE }, { FP_UNDERFLOW, UE },      { FP_INEXACT, PE } };
    for (unsigned k = 0; k < sizeof flags / sizeof *flags; k++)
        c->mxcsr |= env->flags & flags[k].from ? flags[k].to : 0u;
}

#define LANE(name, bits_, expression)                                                                                  \
    uint64_t x86_help_##name(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)                                             \
    {                                                                                                                  \
        enum { bits = bits_ };                                                                                         \
        FpEnv env = begin(cpu);                                                                                        \
        (void)a, (void)b, (void)c;                                                                                     \
        uint64_t value = expression;                                                                                   \
        end(cpu, &env);                                                                                                \
        return value;                                                                                                  \
    }
#define LANES(name, expression)                                                                                        \
    LANE(name##32, 32, expression)                                                                                     \
    LANE(name##64, 64, expression)

static uint64_t tiny(const Cpu *c, FpEnv *env, int bits, uint64_t v)
{
    int fraction = bits == 16 ? 10 : bits == 32 ? 23 : 52;
    uint64_t magnitude = v & ((1ull << (bits - 1)) - 1);
    if (magnitude && magnitude < 1ull << fraction && finds_underflow(c))
        env->flags |= FP_UNDERFLOW;
    return v;
}
#define ARITHMETIC(name, expression) LANES(name, tiny(cpu, &env, bits, expression))

ARITHMETIC(fadd, fp_add(&env, bits, a, b))
ARITHMETIC(fsub, fp_sub(&env, bits, a, b))
ARITHMETIC(fmul, fp_mul(&env, bits, a, b))
ARITHMETIC(fdiv, fp_div(&env, bits, a, b))
LANES(fsqrt, fp_sqrt(&env, bits, a))
LANES(flesser, fp_min(&env, bits, a, b))
LANES(fgreater, fp_max(&env, bits, a, b))
ARITHMETIC(faddsub, c ? fp_add(&env, bits, a, b) : fp_sub(&env, bits, a, b))

/* A NaN keeps its sign. */
static uint64_t negated(int bits, uint64_t v)
{
    return fp_is_nan(bits, v) ? v : v ^ 1ull << (bits - 1);
}

ARITHMETIC(fma, fp_fma(&env, bits, a, b, c))
ARITHMETIC(fms, fp_fma(&env, bits, a, b, negated(bits, c)))
ARITHMETIC(fnma, fp_fma(&env, bits, negated(bits, a), b, c))
ARITHMETIC(fnms, fp_fma(&env, bits, negated(bits, a), b, negated(bits, c)))

static FpRound rounding(const FpEnv *env, uint64_t imm)
{
    unsigned round = imm >> 16 & 7;
    return round == ROUND_CURRENT ? (FpRound)env->round : (FpRound)round;
}

LANES(fround, fp_round_int(&env, bits, a, rounding(&env, b), b &FP_EXACT))

static uint64_t packed(FpOrder order)
{
    static const uint64_t flags[] = {
        [FP_LESS] = FLAG_C, [FP_EQUAL] = FLAG_Z, [FP_UNORDERED] = FLAG_Z | FLAG_P | FLAG_C
    };
    return flags[order];
}

LANES(fcomp, packed(fp_compare(&env, bits, a, b, c &FP_SIGNAL)))

static uint64_t holds(FpOrder order, uint64_t imm)
{
    return imm >> (16 + order) & 1 ? ~0ull : 0;
}

LANES(fcmpp, holds(fp_compare(&env, bits, a, b, c &FP_PREDICATE(FP_SIGNALS)), c))

#define TO_INT(n) LANES(f2i##n##_, fp_to_int(&env, bits, a, rounding(&env, b), n, true, 0))
TO_INT(32)
TO_INT(64)
#define FROM_INT(n) LANES(i##n##_f2_, fp_from_int(&env, bits, a, n, true, 0))
FROM_INT(32)
FROM_INT(64)
LANE(f32_f2_64, 64, fp_convert(&env, 32, bits, a))
LANE(f64_f2_32, 32, tiny(cpu, &env, bits, fp_convert(&env, 64, bits, a)))

/* Denormal halves are never zeros, whatever DAZ and FTZ say: SDM volume 1, 14.4.1. */
LANE(f16_f2_32, 32, (env.flush_in = false, env.denormals_x86 = false, fp_convert(&env, 16, bits, a)))
LANE(f32_f2_16, 16,
     (env.round = rounding(&env, b), env.flush_out = false, tiny(cpu, &env, bits, fp_convert(&env, 32, bits, a))))

/* ---- exceptions that are not masked ---- */

uint64_t x86_help_fp_begin(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    x86_of(cpu)->tmp[3] = cpu->mxcsr & MXCSR_FLAGS;
    cpu->mxcsr &= ~(uint32_t)MXCSR_FLAGS;
    return 0;
}

/* Those that are found before the operation is done keep the others from being found. bytes: that will be stored. */
uint64_t x86_help_fp_check(Cpu *cpu, uint64_t address, uint64_t bytes, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint32_t flags = cpu->mxcsr & MXCSR_FLAGS, before = (uint32_t)c->tmp[3];
    uint32_t taken = flags & ~(c->mxcsr >> 7) & MXCSR_FLAGS;
    (void)x;
    if (bytes && !mem_probe(cpu, address, (int)bytes, STORE, false)) {
        cpu->mxcsr = (cpu->mxcsr & ~(uint32_t)MXCSR_FLAGS) | before;
        return 1;
    }
    if (taken & (IE | DE | ZE))
        flags &= IE | DE | ZE;
    cpu->mxcsr = (cpu->mxcsr & ~(uint32_t)MXCSR_FLAGS) | before | flags;
    if (taken)
        x86_raise(c, c->cr4 & CR4_OSXMMEXCPT ? X86_XM : X86_UD, 0);
    return taken != 0;
}

/* ---- estimates ---- of two single-precision numbers. Processors differ in what they give within a relative error of
 * 1.5 * 2^-12 (SDM volume 2, RCPPS); this is the same everywhere: the exact value, rounded to 12 bits. */

enum { QUIET = 0x400000, INFINITE = 0x7f800000, SIGN = 1u << 31, KEPT = 1u << 11 };

static uint32_t rounded(uint32_t v)
{
    return (v + KEPT / 2) & ~(uint32_t)(KEPT - 1);
}

/* Denormals count as zeros; where the result would be one it is 0. */
static uint32_t reciprocal(uint32_t v)
{
    FpEnv env = { .nan_rule = FP_NAN_X86, .flush_in = true, .flush_out = true };
    if ((v & ~SIGN) > INFINITE)
        return v | QUIET;
    uint32_t r = (uint32_t)fp_div(&env, 32, 0x3f800000, v);
    return (r & ~SIGN) == INFINITE ? r : rounded(r);
}

static uint32_t reciprocal_root(uint32_t v)
{
    FpEnv env = { .nan_rule = FP_NAN_X86, .flush_in = true, .flush_out = true };
    if ((v & ~SIGN) > INFINITE)
        return v | QUIET;
    uint64_t wide = fp_sqrt(&env, 64, fp_convert(&env, 32, 64, v));
    uint32_t r = (uint32_t)fp_convert(&env, 64, 32, fp_div(&env, 64, 0x3ff0000000000000, wide));
    return (r & ~SIGN) >= INFINITE ? r : rounded(r);
}

uint64_t x86_help_rcp(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu, (void)b, (void)c;
    return reciprocal((uint32_t)a) | (uint64_t)reciprocal((uint32_t)(a >> 32)) << 32;
}

uint64_t x86_help_rsqrt(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu, (void)b, (void)c;
    return reciprocal_root((uint32_t)a) | (uint64_t)reciprocal_root((uint32_t)(a >> 32)) << 32;
}
