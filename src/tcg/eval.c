/* The meaning of operations: evaluation of one scalar, or of one lane, from the last column of ops.def. */
#include "tcg/ops.h"

static inline int64_t sext(uint64_t a, int n)
{
    return (int64_t)(a << (64 - n)) >> (64 - n);
}

static uint64_t reverse_bits(uint64_t a, int n)
{
    uint64_t r = 0;
    for (int i = 0; i < n; i++)
        r |= (a >> i & 1) << (n - 1 - i);
    return r;
}

static uint64_t addsu(uint64_t a, uint64_t b, int n)
{
    uint64_t sum = a + b;
    return sum < a || (sum & ~ir_mask(n)) ? ir_mask(n) : sum;
}

static uint64_t clamp(__int128 v, int n)
{
    __int128 max = (__int128)(ir_mask(n) >> 1), min = -max - 1;
    return (uint64_t)(v > max ? max : v < min ? min : v);
}

static uint64_t addss(uint64_t a, uint64_t b, int n)
{
    return clamp((__int128)sext(a, n) + sext(b, n), n);
}

static uint64_t subss(uint64_t a, uint64_t b, int n)
{
    return clamp((__int128)sext(a, n) - sext(b, n), n);
}

/* n is twice the width of what is multiplied. */
static uint64_t muladds(uint64_t a, uint64_t b, int n)
{
    int h = n / 2;
    return (uint64_t)(sext(a, h) * sext(b, h)) + (uint64_t)(sext(a >> h, h) * sext(b >> h, h));
}

static uint64_t muladdus(uint64_t a, uint64_t b, int n)
{
    int h = n / 2;
    __int128 low = (__int128)(a & ir_mask(h)) * sext(b, h), high = (__int128)(a >> h & ir_mask(h)) * sext(b >> h, h);
    return clamp(low + high, n);
}

static uint64_t sumdiff(uint64_t a, uint64_t b, int n)
{
    uint64_t sum = 0;
    for (int i = 0; i < n; i += 8) {
        int d = (int)(a >> i & 0xff) - (int)(b >> i & 0xff);
        sum += (uint64_t)(d < 0 ? -d : d);
    }
    return sum;
}

uint64_t ir_eval(IrOp op, int bits, uint64_t a, uint64_t b, uint64_t c, uint64_t imm)
{
    uint64_t n = (unsigned)bits, mask = ir_mask(bits), r = 0;
    a &= mask;
    b &= mask;
    c &= mask;
    switch (op) {
#define NONE 0
#define OP(name, args, result, effects, meaning)                                                                       \
    case IR_##name:                                                                                                    \
        r = (uint64_t)(meaning);                                                                                       \
        break;
#include "tcg/ops.def"
#undef NONE
    default:
        break;
    }
    return r & mask;
}

typedef struct Sum {
    uint64_t value;
    bool carry, overflow;
} Sum;

static Sum add_with_carry(int n, uint64_t a, uint64_t b, uint64_t in)
{
    unsigned __int128 wide = (unsigned __int128)a + b + in;
    uint64_t r = (uint64_t)wide & ir_mask(n);
    return (Sum){ r, (wide >> n & 1) != 0, ((a ^ r) & (b ^ r)) >> (n - 1) & 1 };
}

static Sum sub_with_borrow(int n, uint64_t a, uint64_t b, uint64_t in)
{
    uint64_t r = (a - b - in) & ir_mask(n);
    return (Sum){ r, a < (unsigned __int128)b + in, ((a ^ b) & (a ^ r)) >> (n - 1) & 1 };
}

/* V says whether the last of the steps changed the sign; that of sar never does. */
static Sum shifted(IrOp op, int n, uint64_t a, unsigned count)
{
    uint64_t r = ir_eval(op, n, a, count, 0, 0);
    uint64_t before = ir_eval(op, n, a, count - 1, 0, 0);
    bool out = op == IR_shl ? before >> (n - 1) & 1 : before & 1;
    return (Sum){ r, out, (before ^ r) >> (n - 1) & 1 };
}

uint32_t ir_flags_of(IrOp op, IrType type, uint64_t a, uint64_t b, uint64_t c)
{
    int n = ir_bits(type);
    uint64_t in = op == IR_adc || op == IR_sbb ? c & 1 : 0;
    Sum s = { 0 };
    a &= ir_mask(n);
    b &= ir_mask(n);
    if (op == IR_add || op == IR_adc)
        s = add_with_carry(n, a, b, in);
    else if (op == IR_sub || op == IR_sbb)
        s = sub_with_borrow(n, a, b, in);
    else if (ir_is_shift(op))
        s = shifted(op, n, a, (unsigned)b & ((unsigned)n - 1));
    else
        s.value = ir_eval(op, n, a, b, 0, 0);
    bool sum = op == IR_add || op == IR_adc || op == IR_sub || op == IR_sbb;
    bool aux = sum ? (a ^ b ^ s.value) & 16 : ir_is_shift(op);
    return (s.value >> (n - 1) & 1 ? FLAG_N : 0) | (s.value ? 0 : FLAG_Z) | (s.carry ? FLAG_C : 0) |
           (s.overflow ? FLAG_V : 0) | (__builtin_parity(s.value & 0xff) ? 0 : FLAG_P) | (aux ? FLAG_AUX : 0);
}

bool ir_cond_holds(IrCond cond, uint32_t f)
{
    bool n = f & FLAG_N, z = f & FLAG_Z, c = f & FLAG_C, v = f & FLAG_V, p = f & FLAG_P;
    bool holds[] = { z, c, n, v, c || z, c && !z, n != v, z || n != v, p };
    return holds[cond >> 1] != (cond & 1);
}
