/* Advanced SIMD operations on integers that are too rare or too involved for the IR: one function for a lane, and a
 * driver that applies it to all. ARM DDI 0487, section C7.2. */
#include "frontend/arm/a64_simd.h"
#include "frontend/arm/helpers.h"

typedef __int128 Wide;

typedef struct Lane {
    int bits; /* of an operand */
    bool u;
    unsigned shift;
    bool saturated; /* set when a result did */
} Lane;

typedef Wide LaneFn(Lane *, Wide n, Wide m, Wide d);

/* ---- saturation ---- */

static Wide clamp(Lane *l, Wide value, Wide low, Wide high)
{
    if (value >= low && value <= high)
        return value;
    l->saturated = true;
    return value < low ? low : high;
}

static Wide sat_signed(Lane *l, Wide value, int bits)
{
    Wide limit = (Wide)1 << (bits - 1);
    return clamp(l, value, -limit, limit - 1);
}

static Wide sat_unsigned(Lane *l, Wide value, int bits)
{
    return clamp(l, value, 0, ((Wide)1 << bits) - 1);
}

static Wide sat(Lane *l, Wide value)
{
    return l->u ? sat_unsigned(l, value, l->bits) : sat_signed(l, value, l->bits);
}

/* ---- shifts: SSHL and the like; the count is the low byte of m, right if negative ---- */

static Wide shift_right(Wide n, int by, bool round)
{
    enum { ALL = 66 }; /* shifts out even a rounded 64-bit number */
    if (by > ALL)
        by = ALL;
    return (n + (round && by ? (Wide)1 << (by - 1) : 0)) >> by;
}

static Wide shift(const Lane *l, Wide n, Wide m, bool round)
{
    int by = (int8_t)m;
    if (by < 0)
        return shift_right(n, -by, round);
    return by < l->bits ? n * ((Wide)1 << by) : 0;
}

static Wide shift_saturating(Lane *l, Wide n, Wide m, bool round)
{
    int by = (int8_t)m;
    if (by >= l->bits && n)
        return sat(l, n < 0 ? -((Wide)1 << 100) : (Wide)1 << 100);
    return sat(l, shift(l, n, m, round));
}

static Wide shl(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return shift(l, n, m, false);
}

static Wide rshl(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return shift(l, n, m, true);
}

static Wide qshl(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return shift_saturating(l, n, m, false);
}

static Wide qrshl(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return shift_saturating(l, n, m, true);
}

static Wide qshl_imm(Lane *l, Wide n, Wide m, Wide d)
{
    (void)m, (void)d;
    return sat(l, n * ((Wide)1 << l->shift));
}

static Wide sqshlu(Lane *l, Wide n, Wide m, Wide d)
{
    (void)m, (void)d;
    return sat_unsigned(l, n * ((Wide)1 << l->shift), l->bits);
}

/* ---- arithmetic ---- */

static Wide accumulate(Lane *l, Wide n, Wide m, Wide d)
{
    (void)m;
    return sat(l, d + n);
}

static Wide absolute(Lane *l, Wide n, Wide m, Wide d)
{
    (void)m, (void)d;
    return sat(l, n < 0 ? -n : n);
}

static Wide negate(Lane *l, Wide n, Wide m, Wide d)
{
    (void)m, (void)d;
    return sat(l, -n);
}

/* SQDMULH and the like: the upper half of d:0 + 2 * n * m, sign as in `product` */
static Wide upper_half(Lane *l, Wide product, Wide d, bool round)
{
    Wide half = round ? (Wide)1 << (l->bits - 1) : 0;
    return sat(l, (d * ((Wide)1 << l->bits) + 2 * product + half) >> l->bits);
}

static Wide sqdmulh(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return upper_half(l, n * m, 0, false);
}

static Wide sqrdmulh(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return upper_half(l, n * m, 0, true);
}

static Wide sqrdmlah(Lane *l, Wide n, Wide m, Wide d)
{
    return upper_half(l, n * m, d, true);
}

static Wide sqrdmlsh(Lane *l, Wide n, Wide m, Wide d)
{
    return upper_half(l, -n * m, d, true);
}

static Wide sqdmull(Lane *l, Wide n, Wide m, Wide d)
{
    (void)d;
    return sat_signed(l, 2 * n * m, 2 * l->bits);
}

static Wide sqdmlal(Lane *l, Wide n, Wide m, Wide d)
{
    return sat_signed(l, d + sqdmull(l, n, m, 0), 2 * l->bits);
}

static Wide sqdmlsl(Lane *l, Wide n, Wide m, Wide d)
{
    return sat_signed(l, d - sqdmull(l, n, m, 0), 2 * l->bits);
}

/* Product of polynomials over {0, 1} */
static Wide pmul(Lane *l, Wide n, Wide m, Wide d)
{
    unsigned __int128 product = 0;
    (void)d;
    for (int b = 0; b < l->bits; b++)
        if (m >> b & 1)
            product ^= (unsigned __int128)n << b;
    return (Wide)product;
}

/* ---- all lanes ---- */

static const struct {
    LaneFn *fn;
    bool longer;   /* the result and d are twice as wide */
    bool unlike_n; /* n is signed if the rest is not, and the other way round */
} operations[SIMD_COUNT] = {
    [SIMD_SHL] = { shl, false, false },           [SIMD_RSHL] = { rshl, false, false },
    [SIMD_QSHL] = { qshl, false, false },         [SIMD_QRSHL] = { qrshl, false, false },
    [SIMD_QSHL_IMM] = { qshl_imm, false, false }, [SIMD_SQSHLU] = { sqshlu, false, false },
    [SIMD_QACC] = { accumulate, false, true },    [SIMD_SQABS] = { absolute, false, false },
    [SIMD_SQNEG] = { negate, false, false },      [SIMD_SQDMULH] = { sqdmulh, false, false },
    [SIMD_SQRDMULH] = { sqrdmulh, false, false }, [SIMD_SQRDMLAH] = { sqrdmlah, false, false },
    [SIMD_SQRDMLSH] = { sqrdmlsh, false, false }, [SIMD_SQDMULL] = { sqdmull, true, false },
    [SIMD_SQDMLAL] = { sqdmlal, true, false },    [SIMD_SQDMLSL] = { sqdmlsl, true, false },
    [SIMD_PMUL] = { pmul, false, false },         [SIMD_PMULL] = { pmul, true, false },
};

static uint64_t mask_of(int bits)
{
    return bits == 64 ? ~0ull : (1ull << bits) - 1;
}

static Wide get(const V128 *v, int bits, int lane, bool u)
{
    int at = bits * lane;
    uint64_t value = (at < 64 ? v->lo >> at : v->hi >> (at - 64)) & mask_of(bits);
    return u ? (Wide)value : (Wide)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

/* The lane must be 0 before. */
static void set(V128 *v, int bits, int lane, Wide value)
{
    int at = bits * lane;
    uint64_t part = (uint64_t)value & mask_of(bits);
    if (at < 64)
        v->lo |= part << at;
    else
        v->hi |= part << (at - 64);
}

uint64_t arm_help_simd(Cpu *cpu, uint64_t how, uint64_t b, uint64_t c)
{
    ArmCpu *arm = arm_of(cpu);
    V128 result = { 0 }, *s = arm->scratch;
    unsigned op = how & 255;
    Lane l = { .bits = 8 << (how >> 8 & 3), .u = how >> 20 & 1, .shift = how >> 24 & 63 };
    int lanes = how >> 12 & 31, to = operations[op].longer ? 2 * l.bits : l.bits;
    int first = how >> 21 & 1 ? 64 / l.bits : 0;
    (void)b, (void)c;
    for (int k = 0; k < lanes; k++) {
        Wide n = get(&s[0], l.bits, first + k, l.u ^ operations[op].unlike_n);
        set(&result, to, k, operations[op].fn(&l, n, get(&s[1], l.bits, first + k, l.u), get(&s[2], to, k, l.u)));
    }
    s[0] = result;
    if (l.saturated)
        arm->qc.lo = 1;
    return 0;
}

/* PMULL of 64-bit polynomials: a and b to all of scratch 0 */
uint64_t arm_help_pmull64(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Lane l = { .bits = 64 };
    unsigned __int128 product = (unsigned __int128)pmul(&l, a, b, 0);
    (void)c;
    arm_of(cpu)->scratch[0] = (V128){ (uint64_t)product, (uint64_t)(product >> 64) };
    return 0;
}
