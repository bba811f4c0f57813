/* The soft floating point against MPFR: values and flags, every rounding mode, flushing, both tininess rules.
 * MPFR gives the exact result (as much as 300 bits and a sticky one can); how IEEE 754 puts it into a format is
 * written down here once more, with MPFR's rounding to integers. */
#include "fp_mpfr.h"
#include "tests/suite.h"

#include <check.h>

static uint64_t done, bad;

typedef enum Op { ADD, SUB, MUL, DIV, SQRT, FMA, RSTEP, QSTEP, OPS } Op;
static const char *const op_names[] = { "add", "sub", "mul", "div", "sqrt", "fma", "recip_step", "rsqrt_step" };
static const int op_args[] = { 2, 2, 2, 2, 1, 3, 2, 2 };

static uint64_t ours(Op op, FpEnv *env, int bits, const uint64_t *v)
{
    switch (op) {
    case ADD:
        return fp_add(env, bits, v[0], v[1]);
    case SUB:
        return fp_sub(env, bits, v[0], v[1]);
    case MUL:
        return fp_mul(env, bits, v[0], v[1]);
    case DIV:
        return fp_div(env, bits, v[0], v[1]);
    case SQRT:
        return fp_sqrt(env, bits, v[0]);
    case FMA:
        return fp_fma(env, bits, v[0], v[1], v[2]);
    case RSTEP:
        return fp_recip_step(env, bits, v[0], v[1]);
    default:
        return fp_rsqrt_step(env, bits, v[0], v[1]);
    }
}

static int evaluate(Op op, mpfr_rnd_t r)
{
    switch (op) {
    case ADD:
        return mpfr_add(result, in[0], in[1], r);
    case SUB:
        return mpfr_sub(result, in[0], in[1], r);
    case MUL:
        return mpfr_mul(result, in[0], in[1], r);
    case DIV:
        return mpfr_div(result, in[0], in[1], r);
    case SQRT:
        return mpfr_sqrt(result, in[0], r);
    default:
        return mpfr_fma(result, in[0], in[1], in[2], r);
    }
}

/* Rounds to odd at a precision far above any format's, after which rounding once more is exact in every mode. */
static void evaluate_exactly(Op op, const FpEnv *env)
{
    mpfr_clear_flags();
    if (evaluate(op, MPFR_RNDZ)) {
        mpfr_prec_t p = mpfr_get_prec(result);
        mpfr_set_si_2exp(limit, mpfr_signbit(result) ? -1 : 1, mpfr_get_exp(result) - p - 1, MPFR_RNDN);
        mpfr_prec_round(result, p + 2, MPFR_RNDN);
        mpfr_add(result, result, limit, MPFR_RNDN);
    } else if (mpfr_zero_p(result) && env->round == FP_RM) {
        evaluate(op, MPFR_RNDD);
    }
}

static uint64_t theirs(Op op, FpEnv *env, const Format *f, const uint64_t *raw)
{
    uint64_t v[3] = { raw[0], raw[1], raw[2] };
    bool nan = false;
    if (op >= RSTEP)
        v[0] ^= sign_of(f);
    for (int i = 0; i < op_args[op]; i++) {
        nan |= is_nan(f, v[i]);
        if (is_nan(f, v[i]))
            mpfr_set_nan(in[i]);
        else
            decode(in[i], f, env, v[i]);
    }
    if (nan)
        return op == FMA ? choose_nan_fma(f, env, v) : choose_nan(f, env, v, op_args[op]);
    if (op >= RSTEP)
        mpfr_set_ui(in[2], op == RSTEP ? 2 : 3, MPFR_RNDN);
    mpfr_set_prec(result, 300);
    evaluate_exactly(op, env);
    if (op >= RSTEP && mpfr_nan_p(result)) {
        mpfr_set_ui(result, op == RSTEP ? 4 : 3, MPFR_RNDN);
        mpfr_div_2ui(result, result, 1, MPFR_RNDN);
    } else if (mpfr_nan_p(result)) {
        return invalid(f, env);
    } else if (op == QSTEP) {
        mpfr_div_2ui(result, result, 1, MPFR_RNDN);
    }
    env->flags |= mpfr_divby0_p() ? FP_DIVZERO : 0;
    return encode(f, env);
}

static void compare(const char *what, int bits, const uint64_t *v, const FpEnv *env, const FpEnv *mine, uint64_t got,
                    const FpEnv *other, uint64_t expected)
{
    done++;
    if (got == expected && (mine->flags & FP_FLAGS) == other->flags)
        return;
    if (bad++ < 20)
        printf("%s%d(%llx, %llx, %llx) %s: %llx flags %x, MPFR %llx flags %x\n", what, bits, (long long)v[0],
               (long long)v[1], (long long)v[2], case_env_text(env), (long long)got, mine->flags & FP_FLAGS,
               (long long)expected, other->flags);
}

static FpEnv random_env(void)
{
    uint64_t r = case_random();
    return (FpEnv){ .round = (uint8_t)case_below(6),
                    .nan_rule = (uint8_t)case_below(3),
                    .flush_in = (r & 3) == 0,
                    .flush_out = (r >> 2 & 3) == 0,
                    .default_nan = (r >> 4 & 3) == 0,
                    .tiny_before = r >> 6 & 1,
                    .half_alt = (r >> 7 & 3) == 0 };
}

static void check_op(Op op, const Format *f, const uint64_t *v)
{
    FpEnv env = random_env(), mine = env, other = env;
    uint64_t got = ours(op, &mine, f->bits, v);
    compare(op_names[op], f->bits, v, &env, &mine, got, &other, theirs(op, &other, f, v));
}

static void report(const char *what)
{
    printf("%s against MPFR: %llu cases, %llu differences\n", what, (unsigned long long)done, (unsigned long long)bad);
    fflush(stdout); /* a failing child of Check leaves without */
    ck_assert_uint_eq(bad, 0);
    ck_assert_uint_gt(done, 0);
}

START_TEST(test_arithmetic)
{
    uint64_t count = case_count(20000);
    for (Op op = 0; op < OPS; op++)
        for (int i = 0; i < 3; i++)
            for (uint64_t n = 0; n < count; n++) {
                uint64_t v[3];
                case_operands(formats[i].bits, v);
                check_op(op, &formats[i], v);
            }
    report("arithmetic");
}
END_TEST

START_TEST(test_specials)
{
    for (Op op = 0; op < OPS; op++)
        for (int i = 0; i < 3; i++)
            for (uint32_t n = 0; n < CASE_SPECIALS * CASE_SPECIALS * (op == FMA ? CASE_SPECIALS : 12); n++) {
                int bits = formats[i].bits;
                uint64_t v[] = { case_special(bits, n % CASE_SPECIALS),
                                 case_special(bits, n / CASE_SPECIALS % CASE_SPECIALS),
                                 case_special(bits, n / CASE_SPECIALS / CASE_SPECIALS) };
                check_op(op, &formats[i], v);
            }
    report("special values");
}
END_TEST

static uint64_t convert_theirs(FpEnv *env, int from_bits, int to_bits, uint64_t v)
{
    const Format *from = from_bits == 16 && env->half_alt ? &half_alt : format_of(from_bits);
    const Format *to = to_bits == 16 && env->half_alt ? &half_alt : format_of(to_bits);
    FpEnv e = *env;
    e.flush_in = from_bits != 16 && env->flush_in;
    e.flush_out = to_bits != 16 && env->flush_out;
    uint64_t sign = v & sign_of(from) ? sign_of(to) : 0, r;
    bool nan = is_nan(from, v), inf = from != &half_alt && (v & ~sign_of(from)) == inf_of(from);
    if (to == &half_alt && (nan || inf)) {
        e.flags |= FP_INVALID;
        r = sign | (nan ? 0 : 0x7fff);
    } else if (nan) {
        uint64_t frac = v & ((1ull << (from->p - 1)) - 1);
        frac = from->p > to->p ? frac >> (from->p - to->p) : frac << (to->p - from->p);
        e.flags |= is_snan(from, v) ? FP_INVALID : 0;
        r = e.default_nan ? default_nan(to, &e) : sign | inf_of(to) | frac | 1ull << (to->p - 2);
    } else {
        decode(result, from, &e, v);
        r = encode(to, &e);
    }
    env->flags |= e.flags;
    return r;
}

START_TEST(test_formats)
{
    uint64_t count = case_count(15000);
    mpfr_set_prec(result, 300);
    for (int i = 0; i < 16; i++)
        for (uint64_t n = 0; n < count; n++) {
            int from = formats[i / 4].bits, to = formats[i % 4].bits;
            uint64_t v[3] = { case_number(from), (uint64_t)from, 0 };
            if (n & 1 && from > to &&
                from != FP_BFLOAT16) /* of the small format's size, so that it is not all overflow */
                v[0] = fp_convert(&(FpEnv){ 0 }, to, from, case_number(to)) + case_below(5) - 2;
            FpEnv env = random_env(), mine = env, other = env;
            bool odd = env.round == FP_RODD;
            uint64_t got = odd ? fp_convert_odd(&mine, from, to, v[0]) : fp_convert(&mine, from, to, v[0]);
            compare("convert to ", to, v, &env, &mine, got, &other, convert_theirs(&other, from, to, v[0]));
        }
    report("format conversion");
}
END_TEST

static uint64_t to_int_theirs(FpEnv *env, const Format *f, uint64_t v, int size, bool is_signed, int frac)
{
    uint64_t lowest = is_signed ? 1ull << (size - 1) : 0, all = size == 64 ? UINT64_MAX : (1ull << size) - 1;
    bool nan = is_nan(f, v);
    mpfr_set_prec(result, 300);
    if (!nan) {
        decode(result, f, env, v);
        mpfr_mul_2ui(scaled, result, (unsigned)frac, MPFR_RNDN);
        round_integer(rounded, scaled, env->round);
        mpfr_set_uj(limit, (all - lowest), MPFR_RNDN);
        bool high = mpfr_cmp(rounded, limit) > 0;
        mpfr_set_uj(limit, lowest, MPFR_RNDN);
        mpfr_neg(limit, limit, MPFR_RNDN);
        if (!high && mpfr_cmp(rounded, limit) >= 0) {
            env->flags |= mpfr_integer_p(scaled) ? 0 : FP_INEXACT;
            mpfr_abs(limit, rounded, MPFR_RNDN);
            uint64_t n = mpfr_get_uj(limit, MPFR_RNDN);
            return (mpfr_signbit(rounded) ? 0 - n : n) & all;
        }
    }
    env->flags |= FP_INVALID;
    if (env->nan_rule == FP_NAN_X86)
        return is_signed ? lowest : all;
    if (nan)
        return env->nan_rule == FP_NAN_ARM ? 0 : lowest;
    return v & sign_of(f) ? lowest : all - lowest;
}

static void check_to_int(const Format *f)
{
    static const int sizes[] = { 16, 32, 64 };
    FpEnv env = random_env(), mine = env, other = env;
    int size = sizes[case_below(3)], frac = case_below(2) ? 0 : (int)case_below((uint32_t)size + 1);
    bool is_signed = case_below(2);
    uint64_t v[3] = { case_number(f->bits), (uint64_t)size << is_signed * 8, (uint64_t)frac };
    if (case_below(4) == 0) /* around the limits and small odd integers */
        v[0] = fp_from_int(&(FpEnv){ .round = (uint8_t)case_below(4) }, f->bits,
                           (case_below(2) ? 1ull << (size - (int)case_below(2) - 1) : 0) + case_below(9) - 4, 64, true,
                           frac + (int)case_below(3));
    uint64_t got = fp_to_int(&mine, f->bits, v[0], (FpRound)env.round, size, is_signed, frac);
    compare("to_int", f->bits, v, &env, &mine, got, &other, to_int_theirs(&other, f, v[0], size, is_signed, frac));
}

static void check_from_int(const Format *f)
{
    FpEnv env = random_env(), mine = env, other = env;
    int size = 16 << case_below(3), frac = case_below(2) ? 0 : (int)case_below((uint32_t)size + 1);
    bool is_signed = case_below(2);
    uint64_t r = case_random() >> case_below(64), v[3] = { r, (uint64_t)size << is_signed * 8, (uint64_t)frac };
    if (case_below(3) == 0)
        v[0] = case_mantissa(63) << case_below(2);
    uint64_t value = size == 64 ? v[0] : v[0] & ((1ull << size) - 1);
    mpfr_set_prec(result, 300);
    if (is_signed)
        mpfr_set_sj(result, (int64_t)(value << (64 - size)) >> (64 - size), MPFR_RNDN);
    else
        mpfr_set_uj(result, value, MPFR_RNDN);
    mpfr_div_2ui(result, result, (unsigned)frac, MPFR_RNDN);
    uint64_t got = fp_from_int(&mine, f->bits, v[0], size, is_signed, frac);
    compare("from_int", f->bits, v, &env, &mine, got, &other, encode(f, &other));
}

static void check_round_int(const Format *f)
{
    FpEnv env = random_env(), mine = env, other = env;
    bool exact = case_below(2);
    uint64_t v[3] = { case_number(f->bits), exact }, expected;
    if (is_nan(f, v[0])) {
        expected = choose_nan(f, &other, v, 1);
    } else {
        decode(scaled, f, &other, v[0]);
        mpfr_set_prec(result, 300);
        round_integer(result, scaled, env.round);
        if (!mpfr_equal_p(result, scaled) && exact)
            other.flags |= FP_INEXACT;
        expected = encode(f, &other);
    }
    uint64_t got = fp_round_int(&mine, f->bits, v[0], (FpRound)env.round, exact);
    compare("round_int", f->bits, v, &env, &mine, got, &other, expected);
}

static void check_compare(const Format *f)
{
    FpEnv env = random_env(), mine = env, other = env;
    uint64_t v[3];
    case_operands(f->bits, v);
    bool signalling = case_below(2), nan = is_nan(f, v[0]) || is_nan(f, v[1]);
    FpOrder expected = FP_UNORDERED;
    for (int i = 0; i < 2; i++)
        if (!is_nan(f, v[i]))
            decode(in[i], f, &other, v[i]);
    if (!nan) {
        int cmp = mpfr_cmp(in[0], in[1]);
        expected = cmp < 0 ? FP_LESS : cmp > 0 ? FP_GREATER : FP_EQUAL;
    } else if (signalling || is_snan(f, v[0]) || is_snan(f, v[1])) {
        other.flags |= FP_INVALID;
    }
    FpOrder got = fp_compare(&mine, f->bits, v[0], v[1], signalling);
    compare("compare", f->bits, v, &env, &mine, got, &other, expected);
}

START_TEST(test_integers)
{
    uint64_t count = case_count(40000);
    for (int i = 0; i < 3; i++)
        for (uint64_t n = 0; n < count; n++) {
            check_to_int(&formats[i]);
            check_from_int(&formats[i]);
            check_round_int(&formats[i]);
            check_compare(&formats[i]);
        }
    report("integers and comparison");
}
END_TEST

int main(void)
{
    mpfr_set_emin(-100000);
    mpfr_set_emax(100000);
    mpfr_inits2(2400, scaled, rounded, limit, (mpfr_ptr)NULL);
    mpfr_inits2(300, in[0], in[1], in[2], result, (mpfr_ptr)NULL);
    TCase *t = tcase_create("fp_mpfr");
    tcase_set_timeout(t, 1200);
    tcase_add_test(t, test_arithmetic);
    tcase_add_test(t, test_specials);
    tcase_add_test(t, test_formats);
    tcase_add_test(t, test_integers);
    return run_suite("fp_mpfr", (TCase *[]){ t, NULL });
}
