/* The opcode map and the decoder.
 *
 * A row of opcodes_*.def is OP(encoding, handler, operands, attributes, feature).
 *
 * encoding: as the SDM prints it: [NP|66|F3|F2|NF] [REX.W] [0F|0F 38|0F 3A|0F 0F] opcode [+r|+cc] [/digit] [m|r] or
 *     [prefix] [map] opcode modrm[+i]    (x87, 0F 01 xx: that ModRM byte, or the eight from it)
 *     VEX.{128|256|LIG}.{NP|66|F3|F2}.{0F|0F38|0F3A}.{W0|W1|WIG} opcode [/digit] [m|r]
 *   NP: none of 66 F3 F2; NF: neither F3 nor F2. Nothing said: they do not choose the instruction. A row that says a
 *   prefix wins over one that does not; else the first row that fits, in a CPU that has the feature. For 0F 0F (3DNow!)
 *   the opcode is the byte after the operands.
 * operands: the SDM's codes (volume 2, A.2), with = in front of those that are written and + of those that are read and
 *   written; a comma between. Beside the SDM's: Z is the register in the opcode's low bits, Ibs an immediate that is
 *   sign-extended to the operand size, M alone an address that is not accessed. A fixed register is called by its name
 *   (AL CL DX eAX rAX ES ... 1; eAX has size z, rAX size v).
 * attributes: words.
 *     lock     LOCK may be given where the first operand is memory
 *     i64 o64  not in 64-bit mode; only there
 *     d64 f64  in 64-bit mode: 64-bit operands unless 66; always
 *     cpl0     #GP unless the current privilege level is 0
 *     prot     #UD in real and virtual-8086 mode
 *     fpu mmx sse avx   the unit the instruction needs, for #NM and #UD by CR0 and CR4
 *     halves   with 256-bit operands the handler is called for each half: in[] and out[] are the lower halves, then,
 *              with `high` set, the upper ones; an operand of 128 bits or less is the same for both
 *     unal     a memory operand of 128 bits or more may be misaligned
 *     align    it may not; nothing said: it may if VEX-encoded
 *     vsib     the index of the memory operand is a register of vectors
 *     raw      the handler loads and stores its operands itself
 *
 * handler: bool i86_NAME(Trans *, X86Insn *), false for #UD. For rows that are not `raw` the caller loads every operand
 * that is read to in[], and takes out[] of those that are written and `flags` back, in an order that leaves precise
 * state: so a handler only computes. It must set out[k] of each written operand, or IR_NONE to leave it as it was. */
#pragma once
#include "frontend/x86/x86.h"

typedef enum X86Kind {
    OPERAND_NONE,
    OPERAND_REG,
    OPERAND_HIGH, /* AH CH DH BH: n is the number of the whole register */
    OPERAND_MEM,
    OPERAND_IMM,
    OPERAND_REL, /* imm is the linear target */
    OPERAND_FAR, /* imm: offset, imm2: selector */
    OPERAND_SEG,
    OPERAND_CR,
    OPERAND_DR,
    OPERAND_XMM,
    OPERAND_MMX,
    OPERAND_SOURCE, /* DS:rSI, ES:rDI of string instructions */
    OPERAND_DEST,
} X86Kind;
enum { X86_READ = 1, X86_WRITE = 2 };

typedef struct X86Operand {
    uint8_t kind, n, access;
    uint8_t bytes; /* 0: of no size of its own */
    bool vector;   /* a register of vectors, or memory in place of one */
} X86Operand;

typedef enum X86Attr {
    X86_LOCK = 1,
    X86_I64 = 2,
    X86_O64 = 4,
    X86_D64 = 8,
    X86_F64 = 16,
    X86_CPL0 = 32,
    X86_PROT = 64,
    X86_FPU = 128,
    X86_MMX = 256,
    X86_SSE = 512,
    X86_AVX = 1024,
    X86_RAW = 2048,
    X86_HALVES = 4096,
    X86_UNALIGNED = 8192,
    X86_ALIGNED = 16384,
    X86_VSIB = 32768,
} X86Attr;

typedef struct X86Row {
    const char *encoding, *name, *operands, *attributes;
    uint8_t feature;
} X86Row;

enum { X86_NONE = 0xff };
typedef enum X86Map { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A, MAP_3DNOW, X86_MAPS } X86Map;
typedef enum X86Prefix { P_ANY, P_NP, P_66, P_F3, P_F2, P_NF } X86Prefix;

/* A row as the decoder needs it. */
typedef struct X86Form {
    uint8_t map, opcode, opcodes; /* first opcode and how many */
    uint8_t prefix;
    bool vex, modrm;
    uint8_t vl, w;         /* 0: either, else 1 + the bit */
    uint8_t digit;         /* of ModRM.reg; X86_NONE */
    uint8_t mod;           /* 'm', 'r', 0 */
    uint8_t exact, exacts; /* ModRM byte, and how many from it; 0: any */
    uint16_t attr;
    bool relative, registers, mmx; /* an operand is J; is R; may be an MMX register */
    uint8_t operands;
    struct {
        char code, size; /* size: the SDM's letter, in one byte (opcodes.c) */
        uint8_t n, access;
        bool sign;
    } op[4];
} X86Form;

typedef struct X86Insn {
    const X86Row *row;
    uint16_t number; /* of the row */
    uint16_t attr;
    uint64_t pc, next; /* linear; of this instruction and of the one after */
    uint8_t length;
    uint8_t opsize, adsize; /* bytes */
    bool lock, op66, vex, w, l256;
    uint8_t rep; /* 0xf3, 0xf2, 0 */
    uint8_t rex; /* REX prefix, or 0 */
    uint8_t map, opcode, modrm;
    uint8_t reg, rm, vvvv; /* with their extension bits */
    bool has_modrm, memory;
    uint8_t seg;                /* X86Seg of the memory operand, override applied */
    uint8_t override;           /* X86Seg of a prefix, or X86_NONE */
    uint8_t base, index, scale; /* general registers or X86_NONE; 16-bit addressing has them, too */
    bool rip_relative;          /* disp is the address */
    int64_t disp;
    uint64_t imm, imm2; /* extended as the row says */
    uint8_t operands;
    X86Operand op[4];
    /* while it is translated */
    IrRef in[4], out[4];
    IrRef in_high[4], out_high[4]; /* upper halves of 256-bit operands */
    bool high;                     /* the handler is to do the upper half */
    IrRef flags;                   /* FLAGS to take, or IR_NONE */
    IrRef offset;                  /* of the memory operand in its segment, once computed: I64 */
    IrRef linear;                  /* its address, once computed, without linear_disp */
    int32_t linear_disp;
} X86Insn;

typedef bool X86Handler(Trans *, X86Insn *);
#define OP(encoding, name, operands, attributes, feature) X86Handler i86_##name;
#include "frontend/x86/opcodes.def"

typedef enum X86Decoded {
    X86_DECODED,
    X86_UNDEFINED, /* #UD */
    X86_MORE,      /* it goes on beyond the bytes there are */
    X86_TOO_LONG,  /* more than 15 bytes: #GP */
} X86Decoded;

/* mode: M_CODE32, M_CODE64, M_PROT and M_VM of it are looked at. features: two words, or NULL for all. `pc` is cut to
 * 32 bits outside 64-bit code. */
X86Decoded x86_decode(const uint8_t *code, unsigned have, uint64_t pc, uint64_t mode, const uint64_t *features,
                      X86Insn *);
const X86Row *x86_rows(int *count);
const X86Form *x86_form(int row);
/* After x86_rows was called once: the tables themselves, and what chooses among the rows of an opcode, in the order
 * they are tried: the bits of `mask` are `value`. */
enum {
    CHOICE_MODRM = 0xff,
    CHOICE_REGISTER = 1 << 8, /* ModRM.mod is 11 */
    CHOICE_66 = 1 << 9,
    CHOICE_F3 = 1 << 10,
    CHOICE_F2 = 1 << 11,
    CHOICE_VEX = 1 << 12,
    CHOICE_256 = 1 << 13,
    CHOICE_W = 1 << 14,
    CHOICE_CODE64 = 1 << 15,
};
typedef struct X86Choice {
    uint16_t mask, value, row;
    uint8_t feature;
} X86Choice;
typedef struct X86Choices { /* of an opcode */
    uint16_t first, count;
    bool modrm[2]; /* without VEX, with it: there is a ModRM byte. All rows agree about that */
} X86Choices;
extern const X86Row x86_opcodes[];
extern X86Form x86_forms[];
extern X86Choice x86_choice[];
extern X86Choices x86_choices[X86_MAPS][256];
extern bool x86_rows_read;               /* atomic: x86_rows was called */
extern X86Handler *const x86_handlers[]; /* by row */
