/* Words of the printed form, shared by print.c and parse.c.
 *
 *     insn 0x1000
 *       %1 = get i64 x0+0
 *       %2 = add i32 %1, #0x10
 *       put x5+0 zext i32 %2
 *       %3 = load i64 [%1+16] size=2 sign order=acquire
 *       %4 = fadd f64 %5, %6 @fadd64 soft
 *       %7 = call i64 @name %1, _, #0x2:i32
 *       goto_if %8, 0x1000
 *
 * Values are numbered as they are printed; a constant stands where it is used, with its type if that is not the one
 * the place expects. A semicolon begins a comment. */
#pragma once
#include "tcg/ops.h"

typedef enum ImmStyle {
    IMM_NONE,
    IMM_KEY,   /* key=number, see ir_imm_key */
    IMM_PC,    /* the last operand, in hexadecimal */
    IMM_COND,  /* a condition's name before the operands */
    IMM_SLOT,  /* slot+offset */
    IMM_MEM,   /* key=word ... */
    IMM_FP,    /* @helper, then words */
    IMM_CALL,  /* @helper before the operands */
    IMM_FENCE, /* full, loads, stores */
    IMM_POOL,  /* lo=number hi=number */
} ImmStyle;
ImmStyle ir_imm_style(IrOp);
const char *ir_imm_key(IrOp);
bool ir_prints_type(IrOp);
IrType ir_const_type(const IrInsn *, int arg); /* what a constant's type is there if nothing is said */

extern const char *const ir_cond_word[19]; /* NULL ends each list */
extern const char *const ir_round_word[8];
extern const char *const ir_order_word[5];
extern const char *const ir_align_word[4];
extern const char *const ir_rmw_word[11];
extern const char *const ir_fence_word[4];
