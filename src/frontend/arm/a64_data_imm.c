/* AArch64 data processing with immediates. ARM DDI 0487, section C4.1.92. */
#include "frontend/arm/a64_int.h"
#include "frontend/arm/arm.h"

/* ---- PC-relative addresses ---- */

bool a64_adr(Trans *t, const A64 *i)
{
    arm_put(t, true, i->rd, arm_imm(t, true, i->pc + ((uint64_t)(int64_t)i->imm << 2 | i->lo)));
    return true;
}

bool a64_adrp(Trans *t, const A64 *i)
{
    uint64_t pages = (uint64_t)(int64_t)i->imm << 2 | i->lo;
    arm_put(t, true, i->rd, arm_imm(t, true, (i->pc & ~0xfffull) + (pages << 12)));
    return true;
}

/* ---- add and subtract ---- */

static IrRef add_imm(Trans *t, const A64 *i)
{
    return arm_imm(t, i->sf, (uint64_t)i->imm << (i->sh ? 12 : 0));
}

bool a64_add_imm(Trans *t, const A64 *i)
{
    arm_put_sp(t, i->sf, i->rd, ir_add(t->ir, arm_width(i->sf), arm_get_sp(t, i->sf, i->rn), add_imm(t, i), 0));
    return true;
}

bool a64_adds_imm(Trans *t, const A64 *i)
{
    return a64_adds(t, i, arm_get_sp(t, i->sf, i->rn), add_imm(t, i));
}

bool a64_sub_imm(Trans *t, const A64 *i)
{
    IrRef negative = arm_imm(t, i->sf, -((uint64_t)i->imm << (i->sh ? 12 : 0)));
    arm_put_sp(t, i->sf, i->rd, ir_add(t->ir, arm_width(i->sf), arm_get_sp(t, i->sf, i->rn), negative, 0));
    return true;
}

bool a64_subs_imm(Trans *t, const A64 *i)
{
    return a64_subs(t, i, arm_get_sp(t, i->sf, i->rn), add_imm(t, i));
}

/* ---- logical ---- */

static uint64_t ones(unsigned count)
{
    return count >= 64 ? ~0ull : (1ull << count) - 1;
}

/* DecodeBitMasks: imms + 1 ones in an element, rotated right by immr, the element repeated. The table has refused
 * what is reserved. */
static uint64_t bit_mask(const A64 *i)
{
    unsigned length = 31 - (unsigned)__builtin_clz((unsigned)i->n << 6 | (~i->imms & 0x3f));
    unsigned size = 1u << length, count = (i->imms & (size - 1)) + 1u, turn = i->immr & (size - 1);
    uint64_t element = ones(count);
    if (turn)
        element = (element >> turn | element << (size - turn)) & ones(size);
    for (; size < 64; size *= 2)
        element |= element << size;
    return element;
}

bool a64_and_imm(Trans *t, const A64 *i)
{
    IrRef mask = arm_imm(t, i->sf, bit_mask(i));
    arm_put_sp(t, i->sf, i->rd, ir_and(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), mask, 0));
    return true;
}

bool a64_orr_imm(Trans *t, const A64 *i)
{
    IrRef mask = arm_imm(t, i->sf, bit_mask(i));
    arm_put_sp(t, i->sf, i->rd, ir_or(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), mask, 0));
    return true;
}

bool a64_eor_imm(Trans *t, const A64 *i)
{
    IrRef mask = arm_imm(t, i->sf, bit_mask(i));
    arm_put_sp(t, i->sf, i->rd, ir_xor(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rn), mask, 0));
    return true;
}

bool a64_ands_imm(Trans *t, const A64 *i)
{
    return a64_ands(t, i, arm_get(t, i->sf, i->rn), arm_imm(t, i->sf, bit_mask(i)));
}

/* ---- move wide ---- */

bool a64_movz(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, arm_imm(t, i->sf, (uint64_t)i->imm << 16 * i->hw));
    return true;
}

bool a64_movn(Trans *t, const A64 *i)
{
    arm_put(t, i->sf, i->rd, arm_imm(t, i->sf, ~((uint64_t)i->imm << 16 * i->hw)));
    return true;
}

bool a64_movk(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    IrRef rest = ir_and(t->ir, w, arm_get(t, i->sf, i->rd), arm_imm(t, i->sf, ~(0xffffull << 16 * i->hw)), 0);
    arm_put(t, i->sf, i->rd, ir_or(t->ir, w, rest, arm_imm(t, i->sf, (uint64_t)i->imm << 16 * i->hw), 0));
    return true;
}

/* ---- bit fields ---- imms >= immr: bits immr..imms of rn go to the bottom; else its low bits go up to n - immr. */

bool a64_ubfm(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    unsigned n = i->sf ? 64 : 32;
    IrRef x = arm_get(t, i->sf, i->rn);
    if (i->imms >= i->immr) {
        if (i->immr)
            x = ir_shr(t->ir, w, x, arm_imm(t, i->sf, i->immr), 0);
        if (i->imms < n - 1)
            x = ir_zext(t->ir, w, x, i->imms - i->immr + 1u);
    } else {
        if (i->imms + 1 < i->immr) /* else the shift drops what is above: LSL */
            x = ir_zext(t->ir, w, x, i->imms + 1u);
        x = ir_shl(t->ir, w, x, arm_imm(t, i->sf, n - i->immr), 0);
    }
    arm_put(t, i->sf, i->rd, x);
    return true;
}

bool a64_sbfm(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    unsigned n = i->sf ? 64 : 32;
    IrRef x = arm_get(t, i->sf, i->rn);
    if (i->immr == 0 && i->imms < n - 1) {
        x = ir_sext(t->ir, w, x, i->imms + 1u);
    } else if (i->imms >= i->immr) {
        x = ir_shl(t->ir, w, x, arm_imm(t, i->sf, n - 1 - i->imms), 0);
        x = ir_sar(t->ir, w, x, arm_imm(t, i->sf, n - 1 - i->imms + i->immr), 0);
    } else {
        if (i->imms + 1 < i->immr)
            x = ir_sext(t->ir, w, x, i->imms + 1u);
        x = ir_shl(t->ir, w, x, arm_imm(t, i->sf, n - i->immr), 0);
    }
    arm_put(t, i->sf, i->rd, x);
    return true;
}

bool a64_bfm(Trans *t, const A64 *i)
{
    IrType w = arm_width(i->sf);
    bool down = i->imms >= i->immr;
    unsigned at = down ? 0 : (i->sf ? 64u : 32u) - i->immr;
    uint64_t mask = ones(down ? i->imms - i->immr + 1u : i->imms + 1u) << at;
    IrRef x = arm_get(t, i->sf, i->rn);
    x = down ? ir_shr(t->ir, w, x, arm_imm(t, i->sf, i->immr), 0) : ir_shl(t->ir, w, x, arm_imm(t, i->sf, at), 0);
    x = ir_and(t->ir, w, x, arm_imm(t, i->sf, mask), 0);
    IrRef rest = ir_and(t->ir, w, arm_get(t, i->sf, i->rd), arm_imm(t, i->sf, ~mask), 0);
    arm_put(t, i->sf, i->rd, ir_or(t->ir, w, rest, x, 0));
    return true;
}

bool a64_extr(Trans *t, const A64 *i)
{
    IrRef high = arm_get(t, i->sf, i->rn), low = arm_get(t, i->sf, i->rm);
    arm_put(t, i->sf, i->rd, ir_extr(t->ir, arm_width(i->sf), high, low, arm_imm(t, i->sf, (uint64_t)i->imm), 0));
    return true;
}
