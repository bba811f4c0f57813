/* AArch64 data processing with registers. ARM DDI 0487, section C4.1.95. */
#include "frontend/arm/a64_int.h"
#include "frontend/arm/helpers.h"

/* ---- results with flags ---- the flags are asked for right after their op, so that they are the host's own */

bool a64_adds(Trans *t, const A64 *i, IrRef a, IrRef b)
{
    IrType w = arm_width(i->sf);
    IrRef flags, sum = ir_with_flags(t->ir, IR_add, w, a, b, &flags);
    arm_set_flags(t, ir_cmc(t->ir, w, flags, 0));
    arm_put(t, i->sf, i->rd, sum);
    return true;
}

bool a64_subs(Trans *t, const A64 *i, IrRef a, IrRef b)
{
    IrType w = arm_width(i->sf);
    IrRef flags, difference = ir_with_flags(t->ir, IR_sub, w, a, b, &flags);
    arm_set_flags(t, flags);
    arm_put(t, i->sf, i->rd, difference);
    return true;
}

bool a64_ands(Trans *t, const A64 *i, IrRef a, IrRef b)
{
    IrType w = arm_width(i->sf);
    IrRef flags, both = ir_with_flags(t->ir, IR_and, w, a, b, &flags);
    arm_set_flags(t, ir_cmc(t->ir, w, flags, 0));
    arm_put(t, i->sf, i->rd, both);
    return true;
}

/* ---- second operands ---- */

static IrRef shifted(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef x = arm_get(t, i->sf, i->rm);
    if (!i->imm)
        return x;
    IrRef by = arm_imm(t, i->sf, (uint64_t)i->imm);
    switch (i->shift) {
    case 0:
        return ir_shl(t->ir, w, x, by, 0);
    case 1:
        return ir_shr(t->ir, w, x, by, 0);
    case 2:
        return ir_sar(t->ir, w, x, by, 0);
    default:
        return ir_rotr(t->ir, w, x, by, 0);
    }
}

IrRef a64_extend(Trans *t, bool sf, unsigned r, unsigned option, unsigned shift)
{
    IrType w = arm_width(sf);
    unsigned bits = 8u << (option & 3);
    IrRef x = arm_get(t, sf, r);
    if (bits < (sf ? 64 : 32))
        x = option & 4 ? ir_sext(t->ir, w, x, bits) : ir_zext(t->ir, w, x, bits);
    return shift ? ir_shl(t->ir, w, x, arm_imm(t, sf, shift), 0) : x;
}

static IrRef extended(Trans *t, const A64 *i)
{
    return a64_extend(t, i->sf, i->rm, i->option, (unsigned)i->imm);
}

/* ---- logical ---- */

bool a64_and_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    arm_put(t, i->sf, i->rd, ir_and(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_bic_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    arm_put(t, i->sf, i->rd, ir_andn(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

/* With the zero register it is MOV. */
bool a64_orr_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    if (i->rn != 31)
        b = ir_or(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), b, 0);
    arm_put(t, i->sf, i->rd, b);
    return true;
}

bool a64_orn_reg(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef b = ir_not(t->ir, w, shifted(t, i), 0);
    arm_put(t, i->sf, i->rd, ir_or(t->ir, w, arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_eor_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    arm_put(t, i->sf, i->rd, ir_xor(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_eon_reg(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef b = ir_not(t->ir, w, shifted(t, i), 0);
    arm_put(t, i->sf, i->rd, ir_xor(t->ir, w, arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_ands_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    return a64_ands(t, i, arm_get(t, i->sf, i->rn), b);
}

bool a64_bics_reg(Trans *t, const A64 *i)
{
    IrRef b = ir_not(t->ir, arm_width(i->sf), shifted(t, i), 0);
    return a64_ands(t, i, arm_get(t, i->sf, i->rn), b);
}

/* ---- add and subtract ---- */

bool a64_add_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    arm_put(t, i->sf, i->rd, ir_add(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_adds_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    return a64_adds(t, i, arm_get(t, i->sf, i->rn), b);
}

bool a64_sub_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    arm_put(t, i->sf, i->rd, ir_sub(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_subs_reg(Trans *t, const A64 *i)
{
    IrRef b = shifted(t, i);
    return a64_subs(t, i, arm_get(t, i->sf, i->rn), b);
}

bool a64_add_ext(Trans *t, const A64 *i)
{
    IrRef b = extended(t, i);
    arm_put_sp(t, i->sf, i->rd, ir_add(t->ir, arm_width(i->sf), arm_get_sp(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_adds_ext(Trans *t, const A64 *i)
{
    IrRef b = extended(t, i);
    return a64_adds(t, i, arm_get_sp(t, i->sf, i->rn), b);
}

bool a64_sub_ext(Trans *t, const A64 *i)
{
    IrRef b = extended(t, i);
    arm_put_sp(t, i->sf, i->rd, ir_sub(t->ir, arm_width(i->sf), arm_get_sp(t, i->sf, i->rn), b, 0));
    return true;
}

bool a64_subs_ext(Trans *t, const A64 *i)
{
    IrRef b = extended(t, i);
    return a64_subs(t, i, arm_get_sp(t, i->sf, i->rn), b);
}

/* ---- with carry ---- */
enum { COND_CS = 2, COND_CC = 3 };

static IrRef add_carry(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    return ir_adc(t->ir, arm_width(i->sf), a, b, arm_cond(t, COND_CS), 0);
}

static IrRef sub_carry(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    return ir_sbb(t->ir, arm_width(i->sf), a, b, arm_cond(t, COND_CC), 0);
}

bool a64_adc(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, add_carry(t, i));
    return true;
}

bool a64_adcs(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef sum = add_carry(t, i);
    arm_set_flags(t, ir_cmc(t->ir, w, ir_flags(t->ir, w, sum, 0), 0));
    arm_put(t, i->sf, i->rd, sum);
    return true;
}

bool a64_sbc(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, sub_carry(t, i));
    return true;
}

bool a64_sbcs(Trans *t, const A64 *i)
{
    IrRef difference = sub_carry(t, i);
    arm_set_flags(t, ir_flags(t->ir, arm_width(i->sf), difference, 0));
    arm_put(t, i->sf, i->rd, difference);
    return true;
}

/* ---- flag manipulation ---- */

/* The value of packed flag `flag`, set where bit `from` of x is. */
static IrRef flag_from_bit(Trans *t, IrRef x, unsigned from, uint32_t flag)
{
    Ir *ir = t->ir;
    unsigned to = (unsigned)__builtin_ctz(flag);
    IrRef moved = from > to ? ir_shr(ir, I64, x, ir_imm(ir, I64, from - to), 0)
                            : ir_shl(ir, I64, x, ir_imm(ir, I64, to - from), 0);
    return ir_and(ir, I64, moved, ir_imm(ir, I64, flag), 0);
}

bool a64_rmif(Trans *t, const A64 *i)
{
    static const uint32_t flags[] = { FLAG_V, FLAG_C, FLAG_Z, FLAG_N };
    Ir *ir = t->ir;
    IrRef x = ir_rotr(ir, I64, arm_get(t, true, i->rn), ir_imm(ir, I64, (uint64_t)i->imm), 0);
    x = ir_xor(ir, I64, x, ir_imm(ir, I64, 2), 0); /* C is stored inverted */
    uint32_t changed = 0;
    IrRef set = ir_imm(ir, I64, 0);
    for (unsigned bit = 0; bit < 4; bit++)
        if (i->nzcv >> bit & 1) {
            changed |= flags[bit];
            set = ir_or(ir, I64, set, flag_from_bit(t, x, bit, flags[bit]), 0);
        }
    IrRef old = ir_get(ir, I32, IR_SLOT(S_NZCV, 0));
    IrRef kept = ir_and(ir, I32, old, ir_imm(ir, I32, ~changed), 0);
    arm_set_flags(t, ir_asflags(ir, T_FLAGS, ir_or(ir, I32, kept, set, 0), 0));
    return true;
}

/* N and Z of the low bits, V where the bit above differs from N; C stays. */
static bool set_from_low(Trans *t, const A64 *i, unsigned bits)
{
    Ir *ir = t->ir;
    IrRef x = arm_get(t, true, i->rn), old = ir_get(ir, I32, IR_SLOT(S_NZCV, 0));
    IrRef zero = ir_eq(ir, I64, ir_zext(ir, I64, x, bits), ir_imm(ir, I64, 0), 0);
    IrRef differs = ir_xor(ir, I64, x, ir_shr(ir, I64, x, ir_imm(ir, I64, 1), 0), 0);
    IrRef packed = ir_and(ir, I32, old, ir_imm(ir, I32, FLAG_C), 0);
    packed = ir_or(ir, I32, packed, flag_from_bit(t, x, bits - 1, FLAG_N), 0);
    packed = ir_or(ir, I32, packed, flag_from_bit(t, zero, 0, FLAG_Z), 0);
    packed = ir_or(ir, I32, packed, flag_from_bit(t, differs, bits - 1, FLAG_V), 0);
    arm_set_flags(t, ir_asflags(ir, T_FLAGS, packed, 0));
    return true;
}

bool a64_setf8(Trans *t, const A64 *i)
{
    return set_from_low(t, i, 8);
}

bool a64_setf16(Trans *t, const A64 *i)
{
    return set_from_low(t, i, 16);
}

/* ---- conditional compare ---- */

static bool compare_if(Trans *t, const A64 *i, IrRef b, bool negative)
{
    IrType w = arm_width(i->sf);
    IrRef holds = arm_cond(t, i->cond), a = arm_get(t, i->sf, i->rn);
    IrRef result = negative ? ir_add(t->ir, w, a, b, 0) : ir_sub(t->ir, w, a, b, 0);
    IrRef flags = ir_flags(t->ir, w, result, 0);
    if (negative)
        flags = ir_cmc(t->ir, w, flags, 0);
    IrRef chosen = ir_pick(t->ir, I32, holds, flags, ir_imm(t->ir, I32, arm_pack_nzcv(i->nzcv)), 0);
    arm_set_flags(t, ir_asflags(t->ir, T_FLAGS, chosen, 0));
    return true;
}

bool a64_ccmn_reg(Trans *t, const A64 *i)
{
    return compare_if(t, i, arm_get(t, i->sf, i->rm), true);
}

bool a64_ccmp_reg(Trans *t, const A64 *i)
{
    return compare_if(t, i, arm_get(t, i->sf, i->rm), false);
}

bool a64_ccmn_imm(Trans *t, const A64 *i)
{
    return compare_if(t, i, arm_imm(t, i->sf, (uint64_t)i->imm), true);
}

bool a64_ccmp_imm(Trans *t, const A64 *i)
{
    return compare_if(t, i, arm_imm(t, i->sf, (uint64_t)i->imm), false);
}

/* ---- conditional select ---- */

static bool choose(Trans *t, const A64 *i, IrRef otherwise)
{
    IrRef a = arm_get(t, i->sf, i->rn), holds = arm_cond(t, i->cond);
    arm_put(t, i->sf, i->rd, ir_pick(t->ir, arm_width(i->sf), holds, a, otherwise, 0));
    return true;
}

bool a64_csel(Trans *t, const A64 *i)
{
    return choose(t, i, arm_get(t, i->sf, i->rm));
}

/* CSET, CSETM: rn and rm are zero, so the result is the truth of the opposite condition. */
static bool is_truth(const A64 *i)
{
    return i->rn == 31 && i->rm == 31 && i->cond < 14;
}

bool a64_csinc(Trans *t, const A64 *i)
{
    if (!is_truth(i))
        return choose(t, i, ir_add(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rm), arm_imm(t, i->sf, 1), 0));
    arm_put(t, i->sf, i->rd, arm_cond(t, i->cond ^ 1u));
    return true;
}

bool a64_csinv(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    if (!is_truth(i))
        return choose(t, i, ir_not(t->ir, w, arm_get(t, i->sf, i->rm), 0));
    arm_put(t, i->sf, i->rd, ir_neg(t->ir, w, arm_cond(t, i->cond ^ 1u), 0));
    return true;
}

bool a64_csneg(Trans *t, const A64 *i)
{
    return choose(t, i, ir_neg(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rm), 0));
}

/* ---- two sources ---- */

bool a64_udiv(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_divu(t->ir, arm_width(i->sf), a, b, 0));
    return true;
}

bool a64_sdiv(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_divs(t->ir, arm_width(i->sf), a, b, 0));
    return true;
}

bool a64_lslv(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_shl(t->ir, arm_width(i->sf), a, b, 0));
    return true;
}

bool a64_lsrv(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_shr(t->ir, arm_width(i->sf), a, b, 0));
    return true;
}

bool a64_asrv(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_sar(t->ir, arm_width(i->sf), a, b, 0));
    return true;
}

bool a64_rorv(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, i->sf, i->rn), b = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_rotr(t->ir, arm_width(i->sf), a, b, 0));
    return true;
}

static bool checksum(Trans *t, const A64 *i, int helper)
{
    IrRef sum = arm_get(t, false, i->rn), data = arm_get(t, i->size == 3, i->rm);
    IrRef bytes = ir_imm(t->ir, I64, 1ull << i->size);
    arm_put(t, false, i->rd, trans_call(t, I32, helper, sum, data, bytes));
    return true;
}

bool a64_crc32(Trans *t, const A64 *i)
{
    return checksum(t, i, H_crc32);
}

bool a64_crc32c(Trans *t, const A64 *i)
{
    return checksum(t, i, H_crc32c);
}

/* ---- one source ---- */

bool a64_rbit(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, ir_rbit(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), 0));
    return true;
}

bool a64_rev16(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef x = arm_get(t, i->sf, i->rn), even = arm_imm(t, i->sf, 0x00ff00ff00ff00ff), eight = arm_imm(t, i->sf, 8);
    IrRef up = ir_shl(t->ir, w, ir_and(t->ir, w, x, even, 0), eight, 0);
    IrRef down = ir_and(t->ir, w, ir_shr(t->ir, w, x, eight, 0), even, 0);
    arm_put(t, i->sf, i->rd, ir_or(t->ir, w, up, down, 0));
    return true;
}

bool a64_rev32(Trans *t, const A64 *i)
{
    IrRef x = ir_bswap(t->ir, I64, arm_get(t, true, i->rn), 0);
    arm_put(t, true, i->rd, ir_rotr(t->ir, I64, x, arm_imm(t, true, 32), 0));
    return true;
}

bool a64_rev(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, ir_bswap(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), 0));
    return true;
}

bool a64_clz(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, ir_clz(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), 0));
    return true;
}

bool a64_cls(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef x = arm_get(t, i->sf, i->rn), sign = ir_sar(t->ir, w, x, arm_imm(t, i->sf, i->sf ? 63 : 31), 0);
    IrRef zeros = ir_clz(t->ir, w, ir_xor(t->ir, w, x, sign, 0), 0);
    arm_put(t, i->sf, i->rd, ir_sub(t->ir, w, zeros, arm_imm(t, i->sf, 1), 0));
    return true;
}

/* ---- three sources ---- */

bool a64_madd(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef product = ir_mul(t->ir, w, arm_get(t, i->sf, i->rn), arm_get(t, i->sf, i->rm), 0);
    if (i->ra != 31)
        product = ir_add(t->ir, w, product, arm_get(t, i->sf, i->ra), 0);
    arm_put(t, i->sf, i->rd, product);
    return true;
}

bool a64_msub(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef product = ir_mul(t->ir, w, arm_get(t, i->sf, i->rn), arm_get(t, i->sf, i->rm), 0);
    arm_put(t, i->sf, i->rd, ir_sub(t->ir, w, arm_get(t, i->sf, i->ra), product, 0));
    return true;
}

/* 32 times 32 bits, all 64 of the product. */
static IrRef long_product(Trans *t, const A64 *i)
{
    unsigned word = i->u ? 2 : 6; /* UXTW, SXTW */
    IrRef a = a64_extend(t, true, i->rn, word, 0), b = a64_extend(t, true, i->rm, word, 0);
    return ir_mul(t->ir, I64, a, b, 0);
}

bool a64_maddl(Trans *t, const A64 *i)
{
    IrRef product = long_product(t, i);
    arm_put(t, true, i->rd, ir_add(t->ir, I64, product, arm_get(t, true, i->ra), 0));
    return true;
}

bool a64_msubl(Trans *t, const A64 *i)
{
    IrRef product = long_product(t, i);
    arm_put(t, true, i->rd, ir_sub(t->ir, I64, arm_get(t, true, i->ra), product, 0));
    return true;
}

bool a64_mulh(Trans *t, const A64 *i)
{
    IrRef a = arm_get(t, true, i->rn), b = arm_get(t, true, i->rm);
    arm_put(t, true, i->rd, i->u ? ir_mulhu(t->ir, I64, a, b, 0) : ir_mulhs(t->ir, I64, a, b, 0));
    return true;
}
