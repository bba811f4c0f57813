/* Writing x86-64 instructions: prefixes, ModRM, VEX (Intel SDM volume 2, chapter 2). What an instruction is called by
 * is a row of enc.def; this file only knows how rows become bytes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum Gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REG = 255 } Gpr;

/* Condition codes as in jcc, setcc, cmovcc. */
typedef enum Cc {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G
} Cc;

/* A parsed row of enc.def: "66 0F38 1C /r", "81 /0 id", "F3 REX.W 0F B8 /r". */
typedef struct Enc {
    uint8_t prefix; /* 0, 0x66, 0xf3, 0xf2 */
    uint8_t map;    /* 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A */
    uint8_t opcode;
    uint8_t ext; /* /0../7; 8: /r */
    uint8_t imm; /* bytes of immediate */
    bool w;      /* REX.W or VEX.W1 always */
    bool vex;    /* exists only with VEX */
} Enc;

/* An operand of the r/m kind, in the form that all instructions have it in. */
typedef struct Rm {
    uint8_t kind;   /* RM_REG, RM_MEM, RM_POOL */
    uint8_t base;   /* RM_REG: the register */
    uint8_t rex;    /* X and B */
    uint8_t len;    /* of `bytes` */
    uint64_t bytes; /* ModRM but for its reg field, SIB, displacement; RM_POOL: offset from asm_pool */
} Rm;
enum { RM_REG, RM_MEM, RM_POOL };
extern const uint8_t *asm_pool; /* executable address of what RM_POOL operands are part of */

static inline Rm rm_reg(unsigned r)
{
    return (Rm){ RM_REG, (uint8_t)r, (uint8_t)(r >> 3), 1, 0xc0 | (r & 7) };
}
static inline Rm rm_mem(unsigned base, int32_t disp)
{
    unsigned low = base & 7, sib = low == RSP;
    bool none = !disp && low != RBP, small = disp == (int8_t)disp;
    uint64_t head = (none ? 0 : small ? 0x40 : 0x80u) | low | (sib ? 0x2400 : 0);
    return (Rm){ RM_MEM, (uint8_t)base, (uint8_t)(base >> 3),
                 (uint8_t)(1 + sib +
                           (none    ? 0
                            : small ? 1
                                    : 4)),
                 head | (uint64_t)(uint32_t)disp << (8 + 8 * sib) };
}
/* Without a base (NO_REG) there is always a disp32. */
static inline Rm rm_index(unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    bool based = base != NO_REG, none = based && !disp && (base & 7) != RBP, small = based && disp == (int8_t)disp;
    unsigned mod = !based || none ? 0 : small ? 0x40 : 0x80;
    unsigned sib = scale << 6 | (index & 7) << 3 | (based ? base & 7 : 5);
    return (Rm){ RM_MEM, (uint8_t)base, (uint8_t)((index & 8) >> 2 | (based ? base >> 3 : 0)),
                 (uint8_t)(2 + (none    ? 0
                                : small ? 1
                                        : 4)),
                 mod | 4 | sib << 8 | (uint64_t)(uint32_t)disp << 16 };
}
static inline Rm rm_pool(const uint8_t *at)
{
    return (Rm){ .kind = RM_POOL, .base = NO_REG, .bytes = (uint64_t)(at - asm_pool) };
}

typedef struct Asm {
    uint8_t *p, *end; /* writable view */
    ptrdiff_t to_exec;
    bool full; /* ran out of room: what was written is useless */
    bool avx;
} Asm;

static inline void put8(Asm *a, unsigned b)
{
    *a->p++ = (uint8_t)b;
}
static inline void put32(Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}
static inline void put64(Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}
/* Room for one instruction; called once per IR op with the most that op may write. */
static inline bool room(Asm *a, uint32_t bytes)
{
    if (a->end - a->p < (ptrdiff_t)bytes)
        a->full = true;
    return !a->full;
}

/* Instructions without anything that varies, stored as one word. */
typedef struct AsmBytes {
    uint8_t length;
    uint8_t bytes[8];
} AsmBytes;
static inline void asm_bytes(Asm *a, AsmBytes b)
{
    memcpy(a->p, b.bytes, sizeof b.bytes);
    a->p += b.length;
}

/* One opcode byte, a register and what is beside rbp: most accesses to guest state. */
static inline void asm_rbp(Asm *a, unsigned opcode, bool w, unsigned reg, int32_t disp)
{
    bool small = disp == (int8_t)disp;
    unsigned rex = 0x40 | (unsigned)w << 3 | (reg & 8) >> 1, has_rex = rex != 0x40;
    uint64_t v = opcode | (uint64_t)((small ? 0x45u : 0x85u) | (reg & 7) << 3) << 8 | (uint64_t)(uint32_t)disp << 16;
    v = has_rex ? v << 8 | rex : v;
    memcpy(a->p, &v, 8);
    a->p += 2 + has_rex + (small ? 1 : 4);
}

/* Rotates right by a constant and keeps the flags. Needs BMI2. */
static inline void asm_rorx(Asm *a, bool w, unsigned dst, unsigned src, unsigned count)
{
    unsigned rxb = ((dst & 8) >> 1 | src >> 3) ^ 7;
    uint64_t v = 0xc4 | (rxb << 5 | 3) << 8 | (w ? 0xfbu : 0x7bu) << 16 | (uint64_t)0xf0 << 24 |
                 (uint64_t)(0xc0 | (dst & 7) << 3 | (src & 7)) << 32 | (uint64_t)count << 40;
    memcpy(a->p, &v, 8);
    a->p += 6;
}

/* One instruction in legacy or REX form: operand width by w; reg is the ModRM.reg register or the row's /n. */
void asm_op(Asm *, Enc, bool w, unsigned reg, Rm rm, uint64_t imm);
/* byte registers: REX is forced so that sil, dil ... are meant and never dh, bh. */
void asm_op8(Asm *, Enc, unsigned reg, Rm rm, uint64_t imm);
/* VEX form with a second source. */
void asm_vex(Asm *, Enc, bool l256, unsigned reg, unsigned vvvv, Rm rm, uint64_t imm);
/* A vector instruction dst = src1 op src2, in VEX form or, without AVX, as mov and the two-operand form (then dst must
 * not be src2's register unless it is src1's too). */
void asm_vec(Asm *, Enc, unsigned dst, unsigned src1, Rm src2, uint64_t imm);
void asm_vec2(Asm *, Enc, unsigned dst, Rm src, uint64_t imm); /* one source */

void asm_mov(Asm *, bool w, unsigned dst, unsigned src);
void asm_mov_imm(Asm *, unsigned dst, uint64_t value); /* keeps flags */
void asm_load(Asm *, int bytes, bool sign64, unsigned dst,
              Rm rm); /* 1 2 4 8; zero-extends or sign-extends to 64 bits */
void asm_store(Asm *, int bytes, unsigned src, Rm rm);
void asm_lea(Asm *, bool w, unsigned dst, Rm rm);
void asm_alu(Asm *, unsigned n, bool w, unsigned dst, Rm src); /* n: ALU_ADD ..: dst op= src */
void asm_alu_imm(Asm *, unsigned n, bool w, Rm dst, int32_t value);
/* The same for operands of 1, 2, 4 or 8 bytes, which leave the bits above 1 and 2 alone; flags are of that width. */
void asm_alu_bytes(Asm *, unsigned n, int bytes, unsigned dst, Rm src);
void asm_alu_imm_bytes(Asm *, unsigned n, int bytes, Rm dst, int32_t value);
void asm_shift_bytes(Asm *, unsigned n, int bytes, unsigned dst, unsigned count); /* n: /4 shl, /5 shr, /7 sar */
void asm_test_bytes(Asm *, int bytes, unsigned a, Rm b);
void asm_test_imm_bytes(Asm *, int bytes, Rm a, int32_t value);
void asm_vmov(Asm *, unsigned dst, unsigned src);       /* whole register */
void asm_vload(Asm *, int bytes, unsigned dst, Rm rm);  /* 4 8 16; zero above */
void asm_vstore(Asm *, int bytes, unsigned src, Rm rm); /* 1 and 2 too (lane 0) */
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

/* Jumps. Forward ones return where their rel32 is, to be set by asm_here. The aligned kinds have a rel32 at a multiple
 * of 4. */
uint8_t *asm_jcc(Asm *, Cc);
uint8_t *asm_jmp(Asm *);
uint8_t *asm_call(Asm *);
uint8_t *asm_jcc_aligned(Asm *, Cc);
uint8_t *asm_jmp_aligned(Asm *);
void asm_align_jcc(Asm *, unsigned before); /* so that a jcc after that many more bytes has its rel32 aligned */
void asm_here(Asm *, uint8_t *rel32);
void asm_target(uint8_t *rel32, const uint8_t *target); /* both in the writable view */
void asm_jmp_to(Asm *, const void *exec);               /* to an executable address */
void asm_jcc_to(Asm *, Cc, const void *exec);
void asm_call_to(Asm *, const void *exec);
