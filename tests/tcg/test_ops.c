/* Every op that has a meaning: against arithmetic done in another way, and the same from the folder, the interpreter
 * and in every lane of a vector. */
#include "tests/suite.h"
#include "tests/tcg/unit.h"

typedef __int128 Wide;

static Ir ir;
static ToyCpu cpu;

static Wide sign(uint64_t a, int n)
{
    return a >> (n - 1) & 1 ? (Wide)a - ((Wide)1 << n) : (Wide)a;
}

static bool bit(uint64_t a, int n)
{
    return n >= 0 && n < 64 && a >> n & 1;
}

/* Bit by bit: result bit i is bit `from(i)` of a. */
static uint64_t moved(uint64_t a, int n, int by, bool wrap, bool fill)
{
    uint64_t r = 0;
    for (int i = 0; i < n; i++) {
        int from = wrap ? (i + by + n) % n : i + by;
        r |= (uint64_t)(from >= 0 && from < n ? bit(a, from) : from >= n && fill) << i;
    }
    return r;
}

static Wide clamp(Wide v, Wide min, Wide max)
{
    return v < min ? min : v > max ? max : v;
}

static int count_bits(uint64_t a, int n, int from, int step)
{
    int count = 0;
    for (int i = from; i >= 0 && i < n && !bit(a, i); i += step)
        count++;
    return count;
}

static uint64_t bytes_reversed(uint64_t a, int n)
{
    uint64_t r = 0;
    for (int i = 0; i < n; i += 8)
        r |= (a >> i & 0xff) << (n - 8 - i);
    return r;
}

static Wide divided(Wide a, Wide b)
{
    return b ? a / b : 0;
}

static uint64_t low(uint64_t a, int n)
{
    return a & ((1ull << n / 2) - 1);
}

/* What the op should give, from its name alone. */
static Wide expected(IrOp op, int n, uint64_t a, uint64_t b, uint64_t c, int imm)
{
    Wide ones = (Wide)ir_mask(n), top = (Wide)1 << (n - 1), sa = sign(a, n), sb = sign(b, n);
    int count = (int)(b % (unsigned)n), shift = b < (unsigned)n ? (int)b : n;
    switch (op) {
    case IR_add:
        return (Wide)a + b;
    case IR_sub:
        return (Wide)a - b;
    case IR_mul:
        return (Wide)((unsigned __int128)a * b);
    case IR_neg:
        return 0 - (Wide)a;
    case IR_and:
        return ones - (Wide)(~a | ~b) % (ones + 1);
    case IR_or:
        return (Wide)a + b - (a & b);
    case IR_xor:
        return (Wide)a + b - 2 * (Wide)(a & b);
    case IR_andn:
        return (Wide)a - (a & b);
    case IR_not:
        return ones - a;
    case IR_shl:
        return (Wide)moved(a, n, -count, false, false);
    case IR_shr:
        return (Wide)moved(a, n, count, false, false);
    case IR_sar:
        return (Wide)moved(a, n, count, false, sa < 0);
    case IR_rotr:
        return (Wide)moved(a, n, count, true, false);
    case IR_extr: {
        int by = (int)(c % (unsigned)n);
        return (Wide)(moved(b, n, by, false, false) | moved(a, n, by - n, false, false));
    }
    case IR_adc:
        return (Wide)a + b + (c & 1);
    case IR_sbb:
        return (Wide)a - b - (c & 1);
    case IR_mulhu:
        return (Wide)(((unsigned __int128)a * b) >> n);
    case IR_mulhs:
        return (sa * sb) >> n;
    case IR_divu:
        return divided(a, b);
    case IR_divs:
        return divided(sa, sb);
    case IR_divwu: { /* bit by bit */
        unsigned __int128 rest = a;
        uint64_t q = 0;
        if (a >= c)
            return 0;
        for (int k = n - 1; k >= 0; k--) {
            rest = rest << 1 | bit(b, k);
            q = q << 1 | (rest >= c);
            rest -= rest >= c ? c : 0;
        }
        return (Wide)q;
    }
    case IR_clz:
        return count_bits(a, n, n - 1, -1);
    case IR_ctz:
        return count_bits(a, n, 0, 1);
    case IR_popcnt: {
        int set = 0;
        for (int i = 0; i < n; i++)
            set += bit(a, i);
        return set;
    }
    case IR_rbit: {
        uint64_t r = 0;
        for (int i = 0; i < n; i++)
            r = r << 1 | bit(a, i);
        return (Wide)r;
    }
    case IR_bswap:
        return (Wide)bytes_reversed(a, n);
    case IR_zext:
        return (Wide)(a % ((Wide)1 << imm));
    case IR_sext:
        return sign((uint64_t)(a % ((Wide)1 << imm)), imm);
    case IR_eq:
        return (a ^ b) == 0;
    case IR_ne:
        return (a ^ b) != 0;
    case IR_ltu:
        return (Wide)a - (Wide)b < 0;
    case IR_leu:
        return (Wide)a - (Wide)b <= 0;
    case IR_lts:
        return sa - sb < 0;
    case IR_les:
        return sa - sb <= 0;
    case IR_pick:
        return (Wide)(a ? b : c);
    case IR_minu:
        return (Wide)a - b < 0 ? a : b;
    case IR_maxu:
        return (Wide)a - b < 0 ? b : a;
    case IR_mins:
        return sa - sb < 0 ? sa : sb;
    case IR_maxs:
        return sa - sb < 0 ? sb : sa;
    case IR_abs:
        return sa < 0 ? -sa : sa;
    case IR_shlv:
        return (Wide)moved(a, n, -shift, false, false);
    case IR_shrv:
        return (Wide)moved(a, n, shift, false, false);
    case IR_sarv:
        return (Wide)moved(a, n, shift, false, sa < 0);
    case IR_addsu:
        return clamp((Wide)a + b, 0, ones);
    case IR_addss:
        return clamp(sa + sb, -top, top - 1);
    case IR_subsu:
        return clamp((Wide)a - (Wide)b, 0, ones);
    case IR_subss:
        return clamp(sa - sb, -top, top - 1);
    case IR_avgu:
        return ((Wide)a + b + 1) / 2;
    case IR_bsl:
        return (Wide)((a & b) + (c - (a & c)));
    case IR_blend:
        return (Wide)(sa < 0 ? b : c);
    case IR_sign:
        return sb < 0 ? 0 - sa : sb > 0 ? sa : 0;
    case IR_mulhrs:
        return ((sa * sb >> (n - 2)) + 1) >> 1;
    case IR_mullowu:
        return (Wide)low(a, n) * (Wide)low(b, n);
    case IR_mullows:
        return sign(low(a, n), n / 2) * sign(low(b, n), n / 2);
    case IR_muladds:
        return sign(low(a, n), n / 2) * sign(low(b, n), n / 2) + sign(a >> n / 2, n / 2) * sign(b >> n / 2, n / 2);
    case IR_muladdus:
        return clamp((Wide)low(a, n) * sign(low(b, n), n / 2) + (Wide)(a >> n / 2) * sign(b >> n / 2, n / 2), -top,
                     top - 1);
    case IR_sumdiff: {
        Wide sum = 0;
        for (int i = 0; i < n; i += 8) {
            unsigned x = a >> i & 0xff, y = b >> i & 0xff;
            sum += x > y ? x - y : y - x;
        }
        return sum;
    }
    case IR_fneg:
        return sa < 0 ? (Wide)a - top : (Wide)a + top;
    case IR_fabs:
        return sa < 0 ? (Wide)a - top : (Wide)a;
    default:
        ck_abort_msg("%s has no test here", ir_name(op));
    }
    return 0;
}

static bool width_fits(IrOp op, int n)
{
    return !(op == IR_bswap && n == 8) && !(op == IR_avgu && n == 64);
}

typedef void CaseFn(IrOp, int n, uint64_t a, uint64_t b, uint64_t c, int imm);

static void each_case(CaseFn *fn, int random)
{
    Dice d = { 99, 0 };
    for (int op = IR_add; op < IR_OPS; op++)
        for (int n = 8; ir_has_meaning((IrOp)op) && n <= 64; n *= 2) {
            if (!width_fits((IrOp)op, n))
                continue;
            for (int k = 0; k < CORNERS * CORNERS + random; k++) {
                bool corner = k < CORNERS * CORNERS;
                uint64_t a = corner ? corners[k / CORNERS] : interesting(&d);
                uint64_t b = corner ? corners[k % CORNERS] : interesting(&d);
                int imm = 1 + (int)below(&d, (uint64_t)n - 1);
                fn((IrOp)op, n, a & ir_mask(n), b & ir_mask(n), interesting(&d) & ir_mask(n), imm);
            }
        }
}

static void check_meaning(IrOp op, int n, uint64_t a, uint64_t b, uint64_t c, int imm)
{
    uint64_t got = ir_eval(op, n, a, b, c, (uint64_t)imm), want = (uint64_t)expected(op, n, a, b, c, imm) & ir_mask(n);
    ck_assert_msg(got == want, "%s at %d bits of %llx %llx %llx, imm %d: %llx instead of %llx", ir_name(op), n,
                  (unsigned long long)a, (unsigned long long)b, (unsigned long long)c, imm, (unsigned long long)got,
                  (unsigned long long)want);
}

START_TEST(meanings_are_those_of_wide_arithmetic)
{
    each_case(check_meaning, 2000);
}
END_TEST

static IrType scalar_of(int n)
{
    return n == 8 ? I8 : n == 16 ? I16 : n == 32 ? I32 : I64;
}

static bool is_scalar_op(IrOp op)
{
    return op < IR_flags;
}

/* Bits above the type must not matter: arguments come with rubbish there. */
static void check_interpreter(IrOp op, int n, uint64_t a, uint64_t b, uint64_t c, int imm)
{
    static const IrRef args[3] = { 1, 2, 3 };
    int count = ir_args(op);
    uint64_t rubbish = n < 64 ? UINT64_C(0x5a5a5a5a5a5a5a5a) << n : 0;
    if (!is_scalar_op(op))
        return;
    if (op == IR_pick)
        a &= 1;
    memset(&cpu, 0, sizeof cpu.x + sizeof cpu.cpu);
    cpu.x[0] = op == IR_pick ? a : a | rubbish;
    cpu.x[1] = b | rubbish;
    cpu.x[2] = c | rubbish;
    ir_begin(&ir, toy_slots(), toy_helpers);
    for (unsigned k = 0; k < 3; k++)
        ir_add_raw(&ir, IR_get, I64, 0, 0, 0, IR_SLOT(k, 0));
    IrRef r = ir_add_raw(&ir, op, scalar_of(n), args[0], count > 1 ? args[1] : 0, count > 2 ? args[2] : 0,
                         op == IR_zext || op == IR_sext ? (uint64_t)imm : 0);
    ir_add_raw(&ir, IR_put, ir_result(&ir.insn[r]), r, 0, 0, IR_SLOT(3, 0) | IR_ZEXT);
    ir_add_raw(&ir, IR_leave, T_VOID, 0, 0, 0, EXIT_STOP);
    ck_assert_int_eq(toy_run(&cpu, &ir, 1), EXIT_STOP);
    uint64_t want = ir_eval(op, n, a, b, c, (uint64_t)imm);
    ck_assert_msg(cpu.x[3] == want, "%s at %d bits: %llx instead of %llx", ir_name(op), n, (unsigned long long)cpu.x[3],
                  (unsigned long long)want);
}

START_TEST(the_interpreter_gives_the_meaning_whatever_lies_above_the_type)
{
    each_case(check_interpreter, 100);
}
END_TEST

static void check_folder(IrOp op, int n, uint64_t a, uint64_t b, uint64_t c, int imm)
{
    IrType t = scalar_of(n);
    uint64_t value, want;
    if (!is_scalar_op(op))
        return;
    ir_begin(&ir, toy_slots(), toy_helpers);
    IrRef x = ir_imm(&ir, op == IR_pick ? I64 : t, op == IR_pick ? a & 1 : a), y = ir_imm(&ir, t, b),
          z = ir_imm(&ir, t, c);
    want = ir_eval(op, n, op == IR_pick ? a & 1 : a, b, c, (uint64_t)imm);
    int count = ir_args(op);
    IrRef r = ir_emit(&ir, op, t, x, count > 1 ? y : 0, count > 2 ? z : 0,
                      op == IR_zext || op == IR_sext ? (uint64_t)imm : 0);
    ck_assert_msg(ir_is_const(&ir, r, &value), "%s of constants is not folded", ir_name(op));
    ck_assert_uint_eq(value & ir_mask(n), want);
}

START_TEST(the_folder_gives_the_meaning)
{
    each_case(check_folder, 100);
}
END_TEST

/* ---- vectors ---- */

static V128 random_vector(Dice *d)
{
    return (V128){ interesting(d), interesting(d) };
}

static uint64_t lane(V128 v, int bits, int n)
{
    uint8_t bytes[24] = { 0 };
    uint64_t r = 0;
    memcpy(bytes, &v, 16);
    memcpy(&r, bytes + n * bits / 8, (size_t)bits / 8);
    return r;
}

static V128 value_of(IrOp op, IrType t, IrType source, V128 a, V128 b, V128 c, uint64_t imm)
{
    IrInsn i = { .op = (uint8_t)op, .type = t, .imm = imm };
    return interp_value(&cpu.cpu, toy_helpers, &i, source, a, b, c);
}

START_TEST(vector_ops_apply_their_meaning_to_each_lane)
{
    Dice d = { 5, 0 };
    for (int op = IR_add; op < IR_OPS; op++)
        for (int k = 0; ir_has_meaning((IrOp)op) && (ir_effects((IrOp)op) & V) && k < 400; k++) {
            IrType t = ir_lanes((IrKind)below(&d, 4), 64 << below(&d, 2));
            int n = ir_lane_bits(t);
            bool by_scalar = op == IR_shl || op == IR_shr || op == IR_sar;
            V128 a = random_vector(&d), b = random_vector(&d), c = random_vector(&d);
            if (!width_fits((IrOp)op, n))
                continue;
            V128 r = value_of((IrOp)op, t, t, a, b, c, 0);
            for (int l = 0; l < ir_bits(t) / n; l++) {
                uint64_t want = ir_eval((IrOp)op, n, lane(a, n, l), by_scalar ? b.lo : lane(b, n, l), lane(c, n, l), 0);
                if (ir_result_kind((IrOp)op) == BIT)
                    want = want ? ir_mask(n) : 0;
                ck_assert_msg(lane(r, n, l) == want, "%s of lanes of %d", ir_name((IrOp)op), n);
            }
            ck_assert(ir_bits(t) == 128 || !r.hi);
        }
}
END_TEST

#define V(hi, lo) ((V128){ lo, hi })
static const struct {
    uint8_t op, type, source;
    uint8_t imm;
    V128 a, b, r, c;
} moves[] = {
    { IR_vdup, I16X8, I64, 0, V(0, 0x12345), V(0, 0), V(0x2345234523452345, 0x2345234523452345) },
    { IR_vget, I16, I16X8, 5, V(0x77776666abcd5555, 1), V(0, 0), V(0, 0xabcd) },
    { IR_vset, I8X16, I8X16, 9, V(0, 0), V(0, 0x1ff), V(0xff00, 0) },
    { IR_vlow, I32X4, I64, 0, V(0, 0x123456789), V(0, 0), V(0, 0x23456789) },
    { IR_vlow, I64X2, F64, 0, V(7, 0x123456789), V(0, 0), V(0, 0x123456789) },
    { IR_vzip1, I32X4, I32X4, 0, V(0xa3a2, 0xa1000000a0), V(0, 0xb1000000b0), V(0xb1000000a1, 0xb0000000a0) },
    { IR_vzip2, I64X2, I64X2, 0, V(2, 1), V(4, 3), V(4, 2) },
    { IR_vuzp1, I64X2, I64X2, 0, V(2, 1), V(4, 3), V(3, 1) },
    { IR_vuzp2, I16X4, I16X4, 0, V(0, 0x0003000200010000), V(0, 0x0007000600050004), V(0, 0x0007000500030001) },
    { IR_vtrn1, I16X4, I16X4, 0, V(0, 0x0003000200010000), V(0, 0x0007000600050004), V(0, 0x0006000200040000) },
    { IR_vtrn2, I16X4, I16X4, 0, V(0, 0x0003000200010000), V(0, 0x0007000600050004), V(0, 0x0007000300050001) },
    { IR_vext, I8X16, I8X16, 3, V(0x0f0e0d0c0b0a0908, 0x0706050403020100), V(0, 0x12111f),
      V(0x12111f0f0e0d0c0b, 0x0a09080706050403) },
    { IR_vext, I8X8, I8X8, 1, V(9, 0x0706050403020100), V(9, 0xff), V(0, 0xff07060504030201) },
    { IR_vrev, I8X16, I8X16, 32, V(0x0f0e0d0c0b0a0908, 0x0706050403020100), V(0, 0),
      V(0x0c0d0e0f08090a0b, 0x0405060700010203) },
    { IR_vrev, I16X8, I16X8, 64, V(0x0003000200010000, 0x0007000600050004), V(0, 0),
      V(0x0000000100020003, 0x0004000500060007) },
    { IR_vtbl, I8X8, I8X16, 0, V(0xffeeddccbbaa9988, 0x7766554433221100), V(0, 0x10ff0f0807020100),
      V(0, 0x0000ff8877221100) },
    { IR_vhigh, I32X2, I32X4, 0, V(8, 9), V(0, 0), V(0, 8) },
    { IR_vwidenu, I16X8, I8X8, 0, V(0, 0xff7f800100ff8001), V(0, 0), V(0x00ff007f00800001, 0x000000ff00800001) },
    { IR_vwidens, I16X8, I8X16, 0, V(9, 0xff7f800100ff8001), V(0, 0), V(0xffff007fff800001, 0x0000ffffff800001) },
    { IR_vnarrow, I32X2, I64X2, 0, V(0x123456789, 0xfffffffffffffffe), V(0, 0), V(0, 0x23456789fffffffe) },
    { IR_vnarrowss, I8X8, I16X8, 0, V(0x7fff8000ff80ff7f, 0x0080007f00000001), V(0, 0), V(0, 0x7f8080807f7f0001) },
    { IR_vnarrowsu, I8X8, I16X8, 0, V(0x7fff8000ff80ff7f, 0x010000ff00000001), V(0, 0), V(0, 0xff000000ffff0001) },
    { IR_vnarrowuu, I8X8, I16X8, 0, V(0x7fff8000ff8000ff, 0x010000fe00000001), V(0, 0), V(0, 0xfffffffffffe0001) },
    { IR_vmullu, I64X2, I32X2, 0, V(0, 0xffffffff00000002), V(0, 0xffffffff00000003), V(0xfffffffe00000001, 6) },
    { IR_vmulls, I64X2, I32X4, 0, V(5, 0xffffffff00000002), V(5, 0x0000000700000003), V(-7ull, 6) },
    { IR_vpadd, I32X4, I32X4, 0, V(0x400000003, 0x200000001), V(0x800000007, 0xffffffff00000001),
      V(0x0000000f00000000, 0x0000000700000003) },
    { IR_vsum, I32, I8X16, 8, V(0x0101010101010101, 0xff), V(0, 0), V(0, 7) },
    { IR_vsum, I64, I32X2, 32, V(9, 0xffffffff00000003), V(0, 0), V(0, 2) },
    { IR_vpaddss, I16X8, I16X8, 0, V(0x7fff7fff80008000, 0x0001fffd7fff0001), V(0, 0x0002000300040005),
      V(0x0000000000050009, 0x7fff8000fffe7fff) },
    { IR_vpsub, I32X4, I32X4, 0, V(0x400000003, 0x200000001), V(0x800000007, 0xffffffff00000001),
      V(0xffffffff00000002, 0xffffffffffffffff) },
    { IR_vpsubss, I16X4, I16X4, 0, V(0, 0x7fff800080007fff), V(0, 0x0001000200030003),
      V(0, 0x000100008000 << 16 | 0x7fff) },
    { IR_vshl, I16X8, I16X8, 0, V(0xffff800000010002, 0x0102030405060708), V(9, 4),
      V(0xfff0000000100020, 0x1020304050607080) },
    { IR_vshl, I32X4, I32X4, 0, V(1, 2), V(0, 0x100000001), V(0, 0) },
    { IR_vshr, I64X2, I64X2, 0, V(1ull << 63, 0xff), V(0, 63), V(1, 0) },
    { IR_vsar, I32X2, I32X2, 0, V(0, 0x8000000040000000), V(0, 99), V(0, 0xffffffff00000000) },
    { IR_vshuf, I8X16, I8X16, 0, V(0x0f0e0d0c0b0a0908, 0x0706050403020100), V(0x1f1e1d1c1b1a1918, 0x1716151413121110),
      V(0x0010001f000f1100, 0x1f10000102030405), V(0x2010801fff0f1100, 0x1f10000102030405) },
    { IR_vshuf, I8X8, I8X8, 0, V(9, 0x0706050403020100), V(9, 0x1716151413121110), V(0, 0x1710070000000003),
      V(0, 0x0f08070010ff8003) },
    { IR_vlook, I8X16, I8X16, 0, V(0x0f0e0d0c0b0a0908, 0x0706050403020100), V(0x8f70010203040506, 0x1f0f808103020100),
      V(0x0000010203040506, 0x0f0f000003020100) },
    { IR_vlook, I8X8, I8X8, 0, V(9, 0x0706050403020100), V(9, 0x8f7f0f0903020180), V(0, 0x0007070103020100) },
    { IR_vpackss, I8X16, I8X16, 0, V(0x7fff8000ff80ff7f, 0x0080007f00000001), V(1, 0x00ff),
      V(0x000000010000007f, 0x7f8080807f7f0001) },
    { IR_vpacksu, I16X8, I16X8, 0, V(0x0001ffff80000000, 0xffff00000000), V(0x10000, 5),
      V(0x0000ffff00000005, 0xffff0000ffff0000) },
    /* FIPS 197, appendix B: the state at the start of round 1, after MixColumns, after ShiftRows */
    { IR_aesround, I8X16, I8X16, 0, V(0x0848f8e92a8dc69a, 0x2be2f4a0bee33d19), V(0, 0),
      V(0x4c2606287ad3f848, 0x9a19cbe0e5816604) },
    { IR_aeslast, I8X16, I8X16, 0, V(0x0848f8e92a8dc69a, 0x2be2f4a0bee33d19), V(0, 0),
      V(0xe598271ef11141b8, 0xae52b4e0305dbfd4) },
    { IR_aesback, I8X16, I8X16, 0, V(0xe598271ef11141b8, 0xae52b4e0305dbfd4), V(0, 0),
      V(0xd3958196aee6af1c, 0x6e6190024d003c08) },
    { IR_aesbacklast, I8X16, I8X16, 0, V(0xe598271ef11141b8, 0xae52b4e0305dbfd4), V(0, 0),
      V(0x0848f8e92a8dc69a, 0x2be2f4a0bee33d19) },
    { IR_aesunmix, I8X16, I8X16, 0, V(0x4c2606287ad3f848, 0x9a19cbe0e5816604), V(0, 0),
      V(0xe598271ef11141b8, 0xae52b4e0305dbfd4) },
    { IR_vclmul, I64X2, I64X2, 2, V(9, 7), V(3, 0), V(0, 9) },
    { IR_vclmul, I64X2, I64X2, 1, V(1ull << 63, 0), V(0, 5), V(2, 1ull << 63) },
    { IR_vmask, I32, I8X16, 8, V(0x8000000000000080, 0x80ff7f), V(0, 0), V(0, 0x8106) },
    { IR_vmask, I32, F32X2, 32, V(~0ull, 0x8000000000000000), V(0, 0), V(0, 2) },
    { IR_vmask, I32, I16X8, 16, V(0x8000000000000000, 0x80007fff), V(0, 0), V(0, 0x82) },
    { IR_vtest, I64X2, I64X2, 0, V(1, 0), V(0, 1), V(0, FLAG_Z) },
    { IR_vtest, I64X2, I64X2, 0, V(1, 3), V(1, 1), V(0, FLAG_C) },
    { IR_vtest, I64X1, I64X1, 0, V(1, 0), V(1, 0), V(0, FLAG_Z | FLAG_C) },
    { IR_pick, F64, I64, 0, V(0, 1), V(0, 5), V(0, 5) },
    { IR_bits2f, F32, I64, 0, V(0, 0x123456789), V(0, 0), V(0, 0x23456789) },
};
#undef V

START_TEST(vector_moves_are_as_described)
{
    bool tested[IR_OPS] = { 0 };
    for (unsigned n = 0; n < sizeof moves / sizeof *moves; n++) {
        V128 r = value_of((IrOp)moves[n].op, moves[n].type, moves[n].source, moves[n].a, moves[n].b, moves[n].c,
                          moves[n].imm);
        tested[moves[n].op] = true;
        ck_assert_msg(r.lo == moves[n].r.lo && r.hi == moves[n].r.hi, "%s (row %u): %016llx %016llx",
                      ir_name((IrOp)moves[n].op), n, (unsigned long long)r.hi, (unsigned long long)r.lo);
    }
    for (int op = IR_vdup; op <= IR_vsum; op++)
        ck_assert_msg(tested[op] || ir_has_meaning((IrOp)op), "%s has no row", ir_name((IrOp)op));
}
END_TEST

START_TEST(floating_point_goes_to_the_helper_lane_by_lane)
{
    V128 a = { 0x0000000300000002, 0x5 }, b = { 0x0000000100000004, 0 };
    V128 r = value_of(IR_fadd, F32X4, F32X4, a, b, (V128){ 0 }, TOY_FP);
    for (int n = 0; n < 4; n++)
        ck_assert_uint_eq(lane(r, 32, n), toy_fp(NULL, lane(a, 32, n), lane(b, 32, n), TOY_FP) & 0xffffffff);
    uint64_t imm = TOY_FP | FP_SOURCE(K_F32) | FP_ROUND(ROUND_UP);
    r = value_of(IR_f2f, F64X2, F32X4, a, b, (V128){ 0 }, imm);
    ck_assert_uint_eq(r.hi, toy_fp(NULL, 3, imm, 0));
    r = value_of(IR_fcmp, F64, F64, a, b, (V128){ 0 }, TOY_FP);
    ck_assert_uint_eq(r.lo, toy_fp(NULL, a.lo, b.lo, TOY_FP) & FLAGS_ALL);
}
END_TEST

/* ---- flags ---- */

static uint32_t flags_of(Wide value, Wide exact, bool carry, Wide digit, int n)
{
    uint64_t r = (uint64_t)value & ir_mask(n);
    Wide top = (Wide)1 << (n - 1);
    return (bit(r, n - 1) ? FLAG_N : 0) | (r ? 0 : FLAG_Z) | (carry ? FLAG_C : 0) |
           (exact < -top || exact >= top ? FLAG_V : 0) | (digit < 0 || digit > 15 ? FLAG_AUX : 0) |
           (__builtin_popcountll(r & 0xff) % 2 ? 0 : FLAG_P);
}

START_TEST(flags_are_those_of_wide_arithmetic)
{
    Dice d = { 3, 0 };
    for (int n = 8; n <= 64; n *= 2)
        for (int k = 0; k < CORNERS * CORNERS + 2000; k++) {
            bool corner = k < CORNERS * CORNERS;
            uint64_t a = (corner ? corners[k / CORNERS] : interesting(&d)) & ir_mask(n);
            uint64_t b = (corner ? corners[k % CORNERS] : interesting(&d)) & ir_mask(n), c = below(&d, 2);
            Wide limit = (Wide)ir_mask(n), sa = sign(a, n), sb = sign(b, n), cw = (Wide)c, da = a & 15, db = b & 15;
            IrType t = scalar_of(n);
            ck_assert_uint_eq(ir_flags_of(IR_add, t, a, b, 0),
                              flags_of((Wide)a + b, sa + sb, (Wide)a + b > limit, da + db, n));
            ck_assert_uint_eq(ir_flags_of(IR_adc, t, a, b, c),
                              flags_of((Wide)a + b + cw, sa + sb + cw, (Wide)a + b + cw > limit, da + db + cw, n));
            ck_assert_uint_eq(ir_flags_of(IR_sub, t, a, b, 0), flags_of((Wide)a - b, sa - sb, a < b, da - db, n));
            ck_assert_uint_eq(ir_flags_of(IR_sbb, t, a, b, c),
                              flags_of((Wide)a - b - cw, sa - sb - cw, (Wide)a < (Wide)b + cw, da - db - cw, n));
            ck_assert_uint_eq(ir_flags_of(IR_and, t, a, b, 0), flags_of(a & b, 0, false, 0, n));
            ck_assert_uint_eq(ir_flags_of(IR_or, t, a, b, 0), flags_of(a | b, 0, false, 0, n));
            ck_assert_uint_eq(ir_flags_of(IR_xor, t, a, b, 0), flags_of(a ^ b, 0, false, 0, n));
        }
}
END_TEST

/* Shifts, a bit at a time. */
START_TEST(flags_of_shifts_are_those_of_the_last_step)
{
    static const uint8_t ops[] = { IR_shl, IR_shr, IR_sar };
    Dice d = { 4, 0 };
    for (int n = 8; n <= 64; n *= 2)
        for (int k = 0; k < 3000; k++) {
            uint64_t a = interesting(&d) & ir_mask(n), r = a, count = 1 + below(&d, (unsigned)n - 1);
            IrOp op = (IrOp)ops[k % 3];
            bool out = false, changed = false;
            for (uint64_t step = 0; step < count; step++) {
                bool top = bit(r, n - 1);
                out = op == IR_shl ? top : bit(r, 0);
                r = op == IR_shl ? r << 1 & ir_mask(n) : r >> 1 | (op == IR_sar && top ? 1ull << (n - 1) : 0);
                changed = bit(r, n - 1) != top;
            }
            uint32_t want = flags_of((Wide)r, 0, out, 0, n) | (changed ? FLAG_V : 0) | FLAG_AUX;
            ck_assert_uint_eq(ir_flags_of(op, scalar_of(n), a, count, 0), want);
        }
}
END_TEST

START_TEST(conditions_after_a_subtraction_are_comparisons)
{
    Dice d = { 11, 0 };
    for (int k = 0; k < 5000; k++) {
        uint64_t a = interesting(&d), b = below(&d, 4) ? interesting(&d) : a;
        uint32_t f = ir_flags_of(IR_sub, I64, a, b, 0);
        int64_t sa = (int64_t)a, sb = (int64_t)b;
        ck_assert_int_eq(ir_cond_holds(IF_EQ, f), a == b);
        ck_assert_int_eq(ir_cond_holds(IF_C, f), a < b);
        ck_assert_int_eq(ir_cond_holds(IF_BE, f), a <= b);
        ck_assert_int_eq(ir_cond_holds(IF_CNZ, f ^ FLAG_C), a > b);
        ck_assert_int_eq(ir_cond_holds(IF_LT, f), sa < sb);
        ck_assert_int_eq(ir_cond_holds(IF_LE, f), sa <= sb);
        for (int c = 0; c < 16; c += 2)
            ck_assert_int_ne(ir_cond_holds((IrCond)c, f), ir_cond_holds((IrCond)(c + 1), f));
    }
}
END_TEST

/* ---- the table ---- */

START_TEST(a_meaning_is_known_to_be_one)
{
    static const char *const text[] = {
#define OP(name, args, result, effects, meaning) [IR_##name] = #meaning,
#include "tcg/ops.def"
    };
    for (int op = IR_add; op < IR_OPS; op++)
        ck_assert_msg(ir_has_meaning((IrOp)op) == (strcmp(text[op], "NONE") != 0), "%s", ir_name((IrOp)op));
}
END_TEST

START_TEST(commutative_ops_commute)
{
    Dice d = { 21, 0 };
    for (int op = IR_add; op < IR_OPS; op++)
        for (int k = 0; ir_has_meaning((IrOp)op) && (ir_effects((IrOp)op) & COMM) && k < 500; k++) {
            uint64_t a = interesting(&d), b = interesting(&d);
            for (int n = 8; n <= 64; n *= 2)
                if (width_fits((IrOp)op, n))
                    ck_assert_uint_eq(ir_eval((IrOp)op, n, a, b, 0, 0), ir_eval((IrOp)op, n, b, a, 0, 0));
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { meanings_are_those_of_wide_arithmetic,
                                   the_interpreter_gives_the_meaning_whatever_lies_above_the_type,
                                   the_folder_gives_the_meaning,
                                   vector_ops_apply_their_meaning_to_each_lane,
                                   vector_moves_are_as_described,
                                   floating_point_goes_to_the_helper_lane_by_lane,
                                   flags_are_those_of_wide_arithmetic,
                                   flags_of_shifts_are_those_of_the_last_step,
                                   conditions_after_a_subtraction_are_comparisons,
                                   a_meaning_is_known_to_be_one,
                                   commutative_ops_commute,
                                   NULL };
    return run_tests("ops", tests, NULL);
}
