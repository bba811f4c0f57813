/* The intermediate representation: straight lines of typed operations, in one array. An instruction is its result: a
 * ref is the index of what computes it. One op serves all widths; the width is the type. Nothing here knows a guest.
 *
 * A unit is built by the ir_* builders, which fold constants, apply rules.def and forward slots as they go. Values
 * live from their definition to the next label; guest state lives in slots. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t IrRef;
enum { IR_NONE = 0, IR_MAX = 8192, IR_POOL = 256, IR_SLOTS = 160, IR_LABELS = 64 };

/* A type is a lane kind times a width. */
typedef enum IrKind { K_I8, K_I16, K_I32, K_I64, K_F16, K_F32, K_F64, K_F80 } IrKind;
enum { W_SCALAR = 0, W_64 = 8, W_128 = 16, W_256 = 24 };
typedef uint8_t IrType;
enum {
    I8 = K_I8,
    I16 = K_I16,
    I32 = K_I32,
    I64 = K_I64,
    F16 = K_F16,
    F32 = K_F32,
    F64 = K_F64,
    F80 = K_F80,
    I8X8 = K_I8 | W_64,
    I16X4 = K_I16 | W_64,
    I32X2 = K_I32 | W_64,
    I64X1 = K_I64 | W_64,
    F16X4 = K_F16 | W_64,
    F32X2 = K_F32 | W_64,
    F64X1 = K_F64 | W_64,
    I8X16 = K_I8 | W_128,
    I16X8 = K_I16 | W_128,
    I32X4 = K_I32 | W_128,
    I64X2 = K_I64 | W_128,
    F16X8 = K_F16 | W_128,
    F32X4 = K_F32 | W_128,
    F64X2 = K_F64 | W_128,
    T_VOID = 32,
    T_FLAGS = 33,
};
static inline IrKind ir_kind(IrType t)
{
    return (IrKind)(t & 7);
}
static inline bool ir_is_vector(IrType t)
{
    return (t & 0x18) && t < 32;
}
static inline bool ir_is_float(IrType t)
{
    return t < 32 && (t & 4);
}
/* Values of these types live in vector registers. */
static inline bool ir_in_vector_reg(IrType t)
{
    return ir_is_vector(t) || ir_is_float(t);
}
static inline int ir_lane_bits(IrType t)
{
    static const uint8_t bits[] = { 8, 16, 32, 64, 16, 32, 64, 80 };
    return bits[t & 7];
}
/* Packed flags have 32 bits; T_VOID is not asked. */
static inline int ir_bits(IrType t)
{
    static const uint16_t bits[] = {
        8,   16,  32,  64,  16,  32,  64,  80,  64,  64,  64,  64,  64,  64,  64,  64, 128,
        128, 128, 128, 128, 128, 128, 128, 256, 256, 256, 256, 256, 256, 256, 256, 8,  32
    };
    return bits[t];
}
static inline IrType ir_lanes(IrKind k, int bits)
{
    return (IrType)(k | (bits == 64 ? W_64 : bits == 128 ? W_128 : W_256));
}

typedef enum IrOp {
    IR_nop,
    IR_const, /* imm: the value; type: scalar integer (BIT results are I64) */
#define OP(name, args, result, effects, meaning) IR_##name,
#include "tcg/ops.def"
    IR_OPS
} IrOp;

enum IrEffect {
    PURE = 0,
    COMM = 1,
    READS = 2,
    WRITES = 4,
    FAULTS = 8,
    LEAVES = 16,
    CALLS = 32,
    FP = 64,
    MARK = 128,
    V = 256,
    ARG = 512
};
typedef enum IrResult { SAME, BIT, VOID, FLAGS } IrResult;

/* Packed flags, the form an integer op or a put sees: bits as lahf and seto leave them in ax. */
enum {
    FLAG_N = 1 << 15,
    FLAG_Z = 1 << 14,
    FLAG_AUX = 1 << 12, /* carry out of bit 3; logic operations clear it, shifts set it, or clear it on some hosts */
    FLAG_P = 1 << 10,   /* the low byte has an even number of ones */
    FLAG_C = 1 << 8,
    FLAG_V = 1 << 0,
    FLAGS_ALL = FLAG_N | FLAG_Z | FLAG_AUX | FLAG_P | FLAG_C | FLAG_V
};

/* Conditions on flags; odd ones negate the even one before. */
typedef enum IrCond {
    IF_EQ,
    IF_NE, /* Z */
    IF_C,
    IF_NC, /* C */
    IF_N,
    IF_NN, /* N */
    IF_V,
    IF_NV, /* V */
    IF_BE,
    IF_A, /* C | Z:  unsigned <= after sub */
    IF_CNZ,
    IF_NCZ, /* C & !Z: unsigned > where C means no borrow */
    IF_LT,
    IF_GE, /* N != V */
    IF_LE,
    IF_GT, /* Z | N != V */
    IF_P,
    IF_NP, /* P */
} IrCond;

typedef enum IrRound { ROUND_EVEN, ROUND_UP, ROUND_DOWN, ROUND_ZERO, ROUND_AWAY, ROUND_ODD, ROUND_CURRENT } IrRound;
enum {
    FP_SOFT = 1u << 31,
    FP_NAN_FIRST = 1 << 30,
    FP_LOW = 1 << 29,
    FP_NEG_PRODUCT = 1 << 28, /* of fma: -(a * b), and - c; NaNs keep their signs */
    FP_NEG_ADDEND = 1 << 21,
    FP_SIGNAL = 1 << 16,
    FP_UNSIGNED = 1 << 20,
    FP_EXACT = 1 << 19,
};
/* Predicates of fcmpp. */
enum { FP_LT = 1, FP_EQ = 2, FP_GT = 4, FP_UN = 8, FP_SIGNALS = 16 };
#define FP_PREDICATE(p) ((uint64_t)(p) << 16)
#define FP_ROUND(r)     ((uint64_t)(r) << 16)
#define FP_SOURCE(k)    ((uint64_t)(k) << 24)

/* imm of get and put: slot number, byte offset within it, whether a put clears the slot's bytes above the value. */
#define IR_SLOT(slot, offset) ((uint64_t)(slot) | (uint64_t)(offset) << 16)
#define IR_ZEXT               (1ull << 23)
static inline unsigned ir_slot(uint64_t imm)
{
    return imm & 0xffff;
}
static inline unsigned ir_slot_offset(uint64_t imm)
{
    return imm >> 16 & 0x7f;
}

/* imm of the f80 ops: operation, slots d and b, flags. The first eight operations and their numbers are the x87's. */
typedef enum IrF80Op {
    F80_ADD,
    F80_MUL,
    F80_SUB = 4,
    F80_SUBR, /* b - d */
    F80_DIV,
    F80_DIVR,
    F80_COPY,   /* d = b */
    F80_SWAP,   /* d and b */
    F80_SCALE,  /* d * 2^b, b cut to an integer. From here to XTRACT the two are not the same slot */
    F80_YL2X,   /* d * log2 b */
    F80_YL2XP1, /* d * log2 (b + 1) */
    F80_ATAN,   /* angle of (b, d) */
    F80_XTRACT, /* d = significand of b, b = its exponent */
    F80_EXAM,   /* C3 C2 C0 into slot b, which is of 32 bits: of what class d is */
    F80_SIN,    /* and C2, in place, into slot b: d was too large and is as before */
    F80_COS,
    F80_DROP, /* d is of no use any more: its value is undefined */
    F80_CHS,
    F80_ABS,
    F80_SQRT,
    F80_ROUND, /* to integral */
    F80_2XM1,  /* 2^d - 1 */
    F80_CONST, /* + 0..6: 1, log2 10, log2 e, pi, log10 2, ln 2, 0 */
    F80_OPS = F80_CONST + 7
} IrF80Op;
enum {
    F80_FLOAT = 1 << 24,     /* a or the result is a float's bits */
    F80_TRUNCATE = 1 << 25,  /* to an integer: towards zero */
    F80_QUIET = 1 << 26,     /* a comparison does not signal for a quiet NaN */
    F80_TELLS_EXAM = 0x4500, /* C3 C2 C0 */
    F80_TELLS_RANGE = 0x400, /* C2 */
    F80_DROPS = 1 << 27,     /* b is dropped */
};
#define IR_F80(op, d, b) ((uint64_t)(op) | (uint64_t)(d) << 8 | (uint64_t)(b) << 16)
static inline unsigned ir_f80_d(uint64_t imm)
{
    return imm >> 8 & 0xff;
}
static inline unsigned ir_f80_b(uint64_t imm)
{
    return imm >> 16 & 0xff;
}
static inline bool ir_f80_uses_b(uint64_t imm)
{
    return (imm & 0xff) <= F80_XTRACT;
}
static inline bool ir_f80_tells(uint64_t imm) /* into slot b */
{
    return (imm & 0xff) >= F80_EXAM && (imm & 0xff) <= F80_COS;
}

/* imm of memory ops, bit by bit. The effective address is argument a + disp. */
typedef struct IrMem {
    uint32_t size : 3;  /* log2 of bytes: 0..4 */
    uint32_t sign : 1;  /* a load extends its sign to the type's width, else zeros */
    uint32_t big : 1;   /* big-endian */
    uint32_t order : 2; /* IrOrder */
    uint32_t align : 3; /* IrAlign */
    uint32_t user : 1;  /* as the unprivileged regime, not the current one */
    uint32_t : 1;
    uint32_t rmw : 4; /* IrRmw */
    uint32_t : 16;
    int32_t disp;
} IrMem;
_Static_assert(sizeof(IrMem) == sizeof(uint64_t), "IrMem is an imm");
typedef enum IrOrder { ORDER_PLAIN, ORDER_ACQUIRE, ORDER_RELEASE, ORDER_BOTH } IrOrder;
typedef enum IrAlign { ALIGN_ANY, ALIGN_SIZE, ALIGN_16_ATOMIC } IrAlign; /* 16: fault if not inside 16 aligned bytes */
typedef enum IrRmw {
    RMW_ADD,
    RMW_ANDN,
    RMW_XOR,
    RMW_OR,
    RMW_SMAX,
    RMW_SMIN,
    RMW_UMAX,
    RMW_UMIN,
    RMW_SWAP,
    RMW_AND
} IrRmw;
typedef enum IrFence { FENCE_FULL, FENCE_LOADS, FENCE_STORES } IrFence; /* only FULL costs on a TSO host */

/* __builtin: a file that is built with -fno-builtin calls no function here either. */
static inline uint64_t ir_mem(IrMem m)
{
    uint64_t imm;
    __builtin_memcpy(&imm, &m, sizeof imm);
    return imm;
}
static inline IrMem ir_mem_of(uint64_t imm)
{
    IrMem m;
    __builtin_memcpy(&m, &imm, sizeof m);
    return m;
}

typedef struct IrInsn { /* 16 bytes */
    uint8_t op;
    IrType type;
    IrRef arg[3];
    uint64_t imm;
} IrInsn;

typedef struct IrOpInfo { /* a row of ops.def */
    const char *name;
    uint8_t args, result;
    uint16_t effects;
    bool meaning;
} IrOpInfo;
extern const IrOpInfo ir_op[IR_OPS];

/* Put together in a register: it is passed in two, and stored by two stores. */
static inline uint64_t ir_head_of(IrOp op, IrType t, IrRef a, IrRef b, IrRef c)
{
    return (uint64_t)(op & 0xff) | (uint64_t)t << 8 | (uint64_t)a << 16 | (uint64_t)b << 32 | (uint64_t)c << 48;
}

static inline IrInsn ir_insn_of(IrOp op, IrType t, IrRef a, IrRef b, IrRef c, uint64_t imm)
{
    uint64_t head = ir_head_of(op, t, a, b, c);
    IrInsn i;
    memcpy(&i, &head, sizeof head);
    i.imm = imm;
    return i;
}

/* All but imm, as one number. */
static inline uint64_t ir_head(const IrInsn *i)
{
    uint64_t head;
    memcpy(&head, i, sizeof head);
    return head;
}

static inline int ir_args(IrOp op)
{
    return ir_op[op].args;
}
static inline int ir_effects(IrOp op)
{
    return ir_op[op].effects;
}
static inline IrResult ir_result_kind(IrOp op)
{
    return (IrResult)ir_op[op].result;
}
static inline bool ir_has_meaning(IrOp op)
{
    return ir_op[op].meaning;
}
/* Type of the value: BIT results are I64. */
static inline IrType ir_result(const IrInsn *i)
{
    uint8_t kind = ir_op[i->op].result;
    if (kind == SAME)
        return i->type;
    return kind == FLAGS ? T_FLAGS : kind == VOID ? T_VOID : ir_is_vector(i->type) ? i->type : I64;
}

typedef struct Slot { /* one element of a StateField row with .slot */
    const char *name; /* its own: "sp", "x5" */
    uint16_t index;   /* element of an array row */
    uint16_t offset;  /* in the CPU struct */
    uint16_t size;    /* bytes */
} Slot;

enum IrHelperEffect {
    H_PURE = 0,    /* only its arguments and constant tables */
    H_STATE = 1,   /* reads or writes any slot or other CPU state */
    H_LEAVES = 2,  /* returns not 0 to leave the instruction: state and pc slot are set, execution goes on at goto_pc */
    H_FP = 4,      /* uses the host FPU or vector registers (all C does unless built with -mgeneral-regs-only) */
    H_SLOW = 8,    /* may take the machine lock or wait */
    H_MEMORY = 16, /* reads or writes the guest's memory, and says nothing of it: H_STATE does that, too */
};
typedef struct Helper { /* a C function of the guest that generated code calls */
    const char *name;   /* NULL ends the list */
    void *fn;           /* uint64_t fn(Cpu *, uint64_t a, uint64_t b, uint64_t c); V128 arguments go through slots */
    uint32_t effects;
} Helper;

typedef struct IrAsked { /* an op that can give flags, as its user asked for it, and what folding made of it */
    IrInsn insn;
    IrRef result, flags;
    bool fresh; /* result is an op made for this alone */
} IrAsked;

enum { IR_RECENT = 16, IR_ASKED = 8 };
typedef struct Ir { /* zeroed once by its owner, then used again and again */
    uint32_t count; /* insn[0] is a nop, so that ref 0 means none */
    uint32_t pooled, labels;
    uint32_t line_start; /* first op after the last label: older values are dead */
    uint64_t line;       /* of now[]: what it knew in another line is void. Labels and calls that touch state end one */
    bool raw;            /* its owner's choice: builders add ops as they are, for those who check folding */
    bool raw_only;       /* set by a frontend: without `raw` it would have asked for something else */
    bool full;           /* the pool or the labels overflowed: ir_full says whether anything did */
    const Slot *slots;
    const Helper *helpers;
    IrRef recent[IR_RECENT]; /* constants, by hash */
    IrAsked asked[IR_ASKED];
    uint32_t asks;
    IrInsn insn[IR_MAX];
    struct IrWide {
        uint64_t lo, hi;
    } pool[IR_POOL];
    uint64_t label[IR_LABELS];
    uint64_t now[IR_SLOTS]; /* what the slots hold: forward.c */
} Ir;

void ir_begin(Ir *, const Slot *slots, const Helper *helpers); /* NULL helpers: every call touches all state */
IrRef ir_emit(Ir *, IrOp, IrType, IrRef a, IrRef b, IrRef c, uint64_t imm); /* folds; the ref may be an older one */
/* add, sub or and, of a scalar type, whose flags are wanted for certain: the op as it is asked for, and its flags. */
IrRef ir_with_flags(Ir *, IrOp, IrType, IrRef a, IrRef b, IrRef *flags);
IrRef ir_append_raw(Ir *, IrInsn);                                             /* as it is */
IrRef ir_add_raw(Ir *, IrOp, IrType, IrRef a, IrRef b, IrRef c, uint64_t imm); /* as it is */
IrRef ir_imm(Ir *, IrType, uint64_t value);
IrRef ir_wide(Ir *, IrType, uint64_t lo, uint64_t hi); /* a 128- or 64-bit vector constant */
bool ir_is_const(const Ir *, IrRef, uint64_t *value);

/* The slot holds that constant here: what was built so far makes sure of it. */
void ir_assume(Ir *, IrType, uint64_t slot, uint64_t value);

/* Some array overflowed: discard the unit and retry with fewer guest instructions. The last op of all is a nop. */
static inline bool ir_full(const Ir *ir)
{
    return ir->full || ir->count == IR_MAX - 1;
}

/* ir_add(ir, I32, x, y), ...: one typed builder for each row of ops.def; those that have an imm take it last. */
#define IR_BUILD_0(name)                         IrRef ir_##name(Ir *, IrType, uint64_t imm);
#define IR_BUILD_1(name)                         IrRef ir_##name(Ir *, IrType, IrRef a, uint64_t imm);
#define IR_BUILD_2(name)                         IrRef ir_##name(Ir *, IrType, IrRef a, IrRef b, uint64_t imm);
#define IR_BUILD_3(name)                         IrRef ir_##name(Ir *, IrType, IrRef a, IrRef b, IrRef c, uint64_t imm);
#define OP(name, args, result, effects, meaning) IR_BUILD_##args(name)
#include "tcg/ops.def"

/* The value of a pure scalar op, or of one lane: from the meaning column. n: lane bits. */
uint64_t ir_eval(IrOp, int n, uint64_t a, uint64_t b, uint64_t c, uint64_t imm);
uint32_t ir_flags_of(IrOp, IrType, uint64_t a, uint64_t b, uint64_t c); /* packed flags of add sub adc sbb and or xor */
bool ir_cond_holds(IrCond, uint32_t packed);
const char *ir_name(IrOp);
const char *ir_type_name(IrType, char buf[16]);
bool ir_type_named(const char *, IrType *);

/* Text: print and parse are inverse; verify says what is wrong with a unit. Helper names come from the guest's table.
 */
void ir_print(const Ir *, Out *);
bool ir_parse(Ir *, const Slot *slots, int slot_count, const Helper *helpers, const char *text, Error *err);
bool ir_verify(const Ir *, int slot_count, char *why, int len);
/* Ends the program, with the unit and what is wrong, if it does not verify. Builds with -Dverify=true do so for each
 * unit before and after its passes. */
extern const bool ir_checking;
void ir_check(const Ir *, int slot_count, const char *when);
void ir_refold(Ir *to, const Ir *from); /* builds the unit again through ir_emit */

/* The backward pass: last uses and dead puts. Zeroed once by its owner, then used again and again. */
/* Of the label with that pc, in their order; Ir.labels: there is none. */
static inline uint32_t ir_label_number(const Ir *ir, uint64_t pc)
{
    uint32_t k = 0;
    while (k < ir->labels && ir->label[k] != pc)
        k++;
    return k;
}

typedef struct IrLive {
    struct IrSeen {           /* of a slot, by what comes later */
        uint32_t line;        /* when overwritten was set: void if it is another now */
        uint32_t overwritten; /* bytes that are put later, before anyone looks */
        uint32_t touch;       /* the next live get or put */
        uint32_t none;
    } seen[IR_SLOTS];
    uint32_t line; /* changes at each place where state is seen */
    struct IrUse {
        uint16_t uses; /* how often live ops use the value; 0: dead */
        IrRef last;    /* index of the last of them */
        IrRef put;     /* of a put that takes the value to a slot, the first one: where to compute it; 0: none */
        uint16_t late; /* IrLate */
    } of[IR_MAX];
    IrRef access[IR_MAX]; /* of a load or store: the next one, if nothing between surely leaves, joins or calls; or 0 */
    uint8_t dead[IR_LABELS]; /* with `defer`, at a label: the slot of flags that are put there before they are seen */
    bool defer;              /* the caller's choice: late puts are found, and values that only they use are left */
    bool loops;              /* there is a branch to the first label */
    bool up;                 /* with `defer`: there is a branch to a label before it */
} IrLive;
/* A put of flags is late if nobody sees it but who comes by a way that is seldom taken: an access that faults, a branch
 * out of the unit. Nothing is put until then; there the flags are computed again from what they were computed from.
 * IrUse.late of the put is the last op that may want them, and of a value the last that wants it for that; a value with
 * no uses is then computed only there. */
enum {
    LATE_LAST = IR_MAX - 1,
    LATE_VALUE = 1 << 14, /* the value is wanted, not only what it is computed from, to compute its flags */
    LATE_RESULT = 1 << 15 /* of flags: from the result and the second operand */
};
bool ir_may_be_late(IrOp, IrType); /* it can be computed again */
/* Turns dead puts and values into nops. An op with an FP effect is live even with no uses: it
 * raises the guest's flags. */
void ir_live(Ir *, IrLive *);
