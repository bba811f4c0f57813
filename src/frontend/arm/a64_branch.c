/* AArch64 branches. ARM DDI 0487, section C4.1.93. The engine strips ignored top bytes of targets and raises the
 * fault of a misaligned one, when it looks the target up. */
#include "frontend/arm/arm.h"

enum { LINK_REGISTER = 30 };

static uint64_t target(const A64 *i)
{
    return i->pc + ((uint64_t)(int64_t)i->imm << 2);
}

static void link_back(Trans *t, const A64 *i)
{
    arm_put(t, true, LINK_REGISTER, arm_imm(t, true, i->pc + 4));
}

bool a64_b(Trans *t, const A64 *i)
{
    trans_goto(t, target(i));
    return true;
}

bool a64_bl(Trans *t, const A64 *i)
{
    link_back(t, i);
    trans_goto(t, target(i));
    return true;
}

bool a64_b_cond(Trans *t, const A64 *i)
{
    if (i->cond >= 14)
        trans_goto(t, target(i));
    else
        trans_goto_if(t, arm_cond(t, i->cond), target(i));
    return true;
}

bool a64_cbz(Trans *t, const A64 *i)
{
    trans_goto_if(t, ir_eq(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rt), arm_imm(t, i->sf, 0), 0), target(i));
    return true;
}

bool a64_cbnz(Trans *t, const A64 *i)
{
    trans_goto_if(t, ir_ne(t->ir, arm_width(i->sf), arm_get(t, i->sf, i->rt), arm_imm(t, i->sf, 0), 0), target(i));
    return true;
}

static IrRef tested_bit(Trans *t, const A64 *i)
{
    bool high = i->bit >= 32;
    return ir_and(t->ir, arm_width(high), arm_get(t, high, i->rt), arm_imm(t, high, 1ull << i->bit), 0);
}

bool a64_tbz(Trans *t, const A64 *i)
{
    bool high = i->bit >= 32;
    trans_goto_if(t, ir_eq(t->ir, arm_width(high), tested_bit(t, i), arm_imm(t, high, 0), 0), target(i));
    return true;
}

bool a64_tbnz(Trans *t, const A64 *i)
{
    bool high = i->bit >= 32;
    trans_goto_if(t, ir_ne(t->ir, arm_width(high), tested_bit(t, i), arm_imm(t, high, 0), 0), target(i));
    return true;
}

bool a64_br(Trans *t, const A64 *i)
{
    trans_goto_reg(t, arm_get(t, true, i->rn));
    return true;
}

bool a64_blr(Trans *t, const A64 *i)
{
    IrRef to = arm_get(t, true, i->rn);
    link_back(t, i);
    trans_goto_reg(t, to);
    return true;
}

bool a64_ret(Trans *t, const A64 *i)
{
    return a64_br(t, i);
}
