/* What the files of vector ops share. */
#pragma once
#include "backend/x86_64/comp.h"

#define V66(map_, op_)  ((Enc){ 0x66, map_, op_, 8, 0, false, false })
#define V66I(map_, op_) ((Enc){ 0x66, map_, op_, 8, 1, false, false })
#define VSH(op_, ext_)  ((Enc){ 0x66, 1, op_, ext_, 1, false, false })

/* dst = src1 op src2 whatever registers these are. */
void vop(Comp *, Enc, unsigned dst, unsigned src1, Rm src2, uint64_t imm);
Rm vconstant(Comp *, uint64_t lo, uint64_t hi); /* as an operand */
/* dst = x's bytes by pattern (0x80 and more: 0), and of x and y: 0 to 31, the rest 0. */
void shuffle1(Comp *, unsigned dst, unsigned x, const uint8_t pattern[16]);
void shuffle2(Comp *, unsigned dst, unsigned x, unsigned y, const uint8_t pattern[16]);
bool vec_one_instruction(Comp *);

/* Of one op; false: not in this form. */
bool vec_shuffle(Comp *), vec_set_float(Comp *), vec_get_float(Comp *);         /* vec_shuffle.c */
bool vec_blend(Comp *), vec_mask(Comp *), vec_look(Comp *), vec_crypto(Comp *); /* vec_lanes.c */
bool fp_op_plain(Comp *);                                                       /* fp_plain.c: NAN_FIRST */
