/* NaNs: recognising them, and which one an operation returns. */
#include "base/fp_impl.h"

/* x86's default NaN is the negative one (SDM volume 1, 4.8.3.7, "real indefinite"). */
uint64_t fp_nan_default(const FpEnv *env, const FpFormat *f)
{
    return fp_inf(f, env->nan_rule == FP_NAN_X86) | 1ull << (f->frac_bits - 1);
}

uint64_t fp_nan_invalid(FpEnv *env, const FpFormat *f, uint32_t why)
{
    env->flags |= FP_INVALID | why;
    return fp_nan_default(env, f);
}

/* The NaN `n`, made quiet; its fraction is cut or extended at the low end when the format changes. */
uint64_t fp_nan_of(FpEnv *env, const FpFormat *to, FpNum n)
{
    if (n.kind == FP_IS_SNAN)
        env->flags |= FP_INVALID | FP_WHY_SNAN;
    if (env->default_nan)
        return fp_nan_default(env, to);
    return fp_inf(to, n.sign) | 1ull << (to->frac_bits - 1) | n.sig >> (63 - to->frac_bits);
}

/* The first signalling NaN if `snan_first` (DDI 0487, FPProcessNaNs), else simply the first NaN. */
static uint64_t choose(FpEnv *env, const FpFormat *f, const FpNum *n, int count, bool snan_first)
{
    int first = -1, first_snan = -1;
    for (int i = count - 1; i >= 0; i--) {
        if (fp_nan(n[i]))
            first = i;
        if (n[i].kind == FP_IS_SNAN)
            first_snan = i;
    }
    if (first_snan >= 0)
        env->flags |= FP_INVALID | FP_WHY_SNAN;
    return fp_nan_of(env, f, n[snan_first && first_snan >= 0 ? first_snan : first]);
}

uint64_t fp_nan_of_2(FpEnv *env, const FpFormat *f, FpNum a, FpNum b)
{
    FpNum n[] = { a, b };
    return choose(env, f, n, 2, env->nan_rule == FP_NAN_ARM);
}

/* a * b + c. ARM looks at the addend first (FPProcessNaNs3 as FPMulAdd calls it), PowerPC at FRA, FRB (our c), FRC. */
uint64_t fp_nan_of_3(FpEnv *env, const FpFormat *f, FpNum a, FpNum b, FpNum c)
{
    FpNum arm[] = { c, a, b }, x86[] = { a, b, c }, ppc[] = { a, c, b };
    const FpNum *n = env->nan_rule == FP_NAN_ARM ? arm : env->nan_rule == FP_NAN_X86 ? x86 : ppc;
    return choose(env, f, n, 3, env->nan_rule == FP_NAN_ARM);
}

uint64_t fp_default_nan(const FpEnv *env, int bits)
{
    return fp_nan_default(env, fp_format(bits));
}

bool fp_is_nan(int bits, uint64_t a)
{
    FpEnv env = { 0 };
    return fp_nan(fp_unpack(&env, fp_format(bits), a));
}

bool fp_is_snan(int bits, uint64_t a)
{
    FpEnv env = { 0 };
    return fp_unpack(&env, fp_format(bits), a).kind == FP_IS_SNAN;
}
