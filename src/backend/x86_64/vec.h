/* What the files of vector ops share. */
#pragma once
#include "backend/x86_64/comp.h"

#define V66(map_, op_)  ((Enc){ 0x66, map_, op_, 8, 0, false, false })
#define V66I(map_, op_) ((Enc){ 0x66, map_, op_, 8, 1, false, false })
#define VSH(op_, ext_)  ((Enc){ 0x66, 1, op_, ext_, 1, false, false })
#define PAND            V66(1, 0xdb)
#define POR             V66(1, 0xeb)
#define PXOR            V66(1, 0xef)
#define PSHUFB          V66(2, 0x00)
#define PUNPCKLQDQ      V66(1, 0x6c)
#define PSHUFD          V66I(1, 0x70)

static inline IrInsn *now(Comp *c)
{
    return insn_of(c, (IrRef)c->at);
}

/* The lane in all of 64 bits. */
static inline uint64_t spread(uint64_t lane, int bits)
{
    for (int n = bits; n < 64; n *= 2)
        lane |= lane << n;
    return lane;
}

static inline void vec_zero(Comp *c, unsigned reg)
{
    asm_vec(&c->a, PXOR, reg, reg, rm_reg(reg), 0);
}

static inline void vec_ones(Comp *c, unsigned reg)
{
    asm_vec(&c->a, V66(1, 0x76), reg, reg, rm_reg(reg), 0);
}

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
bool vec_permute(Comp *), vec_reverse(Comp *), vec_table(Comp *), vec_dup(Comp *), vec_get_lane(Comp *),
    vec_set_lane(Comp *), vec_low(Comp *), vec_high(Comp *), vec_narrow(Comp *),
    vec_reinterpret(Comp *); /* vec_move.c */
bool vec_multiply_long(Comp *), vec_multiply_bytes(Comp *), vec_count_bits(Comp *), vec_pairwise(Comp *),
    vec_sum(Comp *); /* vec_sum.c */
