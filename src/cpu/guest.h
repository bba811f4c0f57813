/* What a guest architecture provides: models, registers, translation, paging. Implemented in frontend/. */
#pragma once
#include "cpu/cpu.h"
#include "cpu/inspect.h"
#include "tcg/ir.h"

/* INSPECT is a debugger's: nothing is refused for want of permission, no table changes, and a fault's page_bits tell
 * how much around the address is not mapped (0: up to the next power of two, or that far from the top). For Guest.walk.
 */
typedef enum Access { FETCH, LOAD, STORE, INSPECT } Access;
enum { PROT_FETCH = 1 << FETCH, PROT_LOAD = 1 << LOAD, PROT_STORE = 1 << STORE };

typedef struct Walk {   /* answer of a page-table walk */
    uint64_t phys;      /* of the address asked for */
    uint8_t page_bits;  /* log2 of the mapping's size; 12 and more go to the TLB, less never do */
    uint8_t prot;       /* PROT_*: what this regime may do */
    bool global;        /* valid for every tag */
    bool device;        /* device memory: misaligned accesses fault where the guest says so */
    bool dirty_pending; /* a store must walk again first (hardware dirty-bit update): STORE not in prot yet */
    uint32_t fault;     /* 0: none, else the guest's own fault number */
    uint64_t fault_info;
} Walk;

/* Which bank of TLB and lookup table an access uses. */
typedef struct Regime {
    uint32_t regime; /* row of the guest's regimes */
    uint32_t tag;    /* architectural tag (ASID ...), 16 bits, with VMID above; never a table address. What is global is
                      * shared by those with the same VMID. */
} Regime;

/* One translation: cpu/translate.c makes it, the guest's translate fills in one instruction at a time. */
typedef struct Trans {
    Ir *ir;
    Cpu *cpu;          /* for models and constants only: what a handler looks at must be in `mode` */
    uint64_t pc;       /* of the instruction being translated */
    uint64_t mode;     /* Guest.mode of the unit */
    uint64_t page_end; /* first address beyond the unit's page */
    uint8_t code[16];  /* bytes of the instruction at pc; have: how many could be fetched */
    uint8_t have;
    bool last;           /* the unit has no room for another instruction */
    bool stops;          /* there are breakpoints somewhere */
    bool watched;        /* or instructions are counted */
    uint8_t length;      /* set by translate: bytes of this instruction */
    bool done;           /* set by translate: nothing follows in this unit */
    bool more;           /* set by translate, which built nothing: the instruction is longer than `have` */
    IrRef charge;        /* counting: the op that charges for the instruction */
    uint32_t looked;     /* counting: ops before this one were asked whether they end what is charged at once */
    uint64_t target[16]; /* forward branches seen: where the unit needs a label */
    uint32_t targets;
} Trans;

typedef struct GuestTypes {
    const char *feature, *xml; /* types that its registers use; a feature of NULL ends */
} GuestTypes;

/* For debuggers, beside the rows of the state table that name a gdb feature. */
typedef struct GuestCore {   /* an ELF core file, in the form that Linux gives it for processes */
    uint16_t machine;        /* e_machine */
    const char *const *regs; /* what elf_gregset_t has, 8 bytes each; "": nothing the guest has. NULL ends */
} GuestCore;

typedef struct GuestDebug {
    const char *architecture;   /* gdb's name */
    const GuestTypes *types;    /* NULL: none */
    const GuestCore *core;      /* NULL: there is no such form */
    const char *const *regimes; /* names by number, NULL at the end; or NULL */
    bool watch_before;          /* gdb expects to hear of an access to watched memory before it is done */
    /* Registers that are computed, or not stored in the form that the guest sees, by number from 0. */
    bool (*reg)(Cpu *, int number, InspectReg *);
    V128 (*get)(Cpu *, int number);
    void (*set)(Cpu *, int number, V128 value);
    /* The nth of debug_own is met: whether it counts now, its exception being raised then. The pc is exact. */
    bool (*own_break)(Cpu *, int n);
    bool (*own_watch)(Cpu *, int n, uint64_t addr, unsigned kinds, bool user);
    void (*explain)(Cpu *, uint64_t addr, Out *); /* each step of the address's translation in a line */
} GuestDebug;

/* Instructions of one shape are translated alike but for the numbers in their operands: cpu/stencil.h. */
enum { SHAPE_FIELDS = 5, SHAPE_BITS = 44, SHAPE_NUMBER = 0xff };
typedef struct ShapeField { /* an operand, and where in the word */
    uint8_t at, bits;
    bool sign;
    uint8_t slots; /* it is the number of a register, whose slots begin here; or SHAPE_NUMBER */
} ShapeField;
typedef struct InsnShape {
    uint64_t key; /* the word, typical numbers in place of its own, and what else makes a difference: 44 bits */
    const ShapeField *field;
    uint32_t fields;
} InsnShape;
static inline int32_t shape_operand(ShapeField f, uint32_t word)
{
    int32_t up = (int32_t)(word << (32 - f.bits - f.at));
    return f.sign ? up >> (32 - f.bits) : (int32_t)((uint32_t)up >> (32 - f.bits));
}

/* Hosts have instructions for numbers of some sizes; those of one of these go into the same ones. */
static inline uint64_t number_size(uint64_t v)
{
    uint64_t above = v >> 31;
    return above <= 1 ? above : above == ~0ull >> 31 ? 2 : 3;
}

struct Guest {
    const char *name;           /* "aarch64" */
    size_t size;                /* of its CPU struct */
    const StateField *state;    /* rows with .slot are slots, numbered in order */
    const uint16_t *hot;        /* integer slots (8 bytes) worth a host register, best first; 0xffff ends */
    const uint16_t *hot_vector; /* vector slots, likewise */
    const Helper *helpers;
    uint16_t pc_slot, stack_slot;
    bool has_stack;                   /* in stack_slot */
    uint8_t pc_shift;                 /* log2 of the instruction alignment */
    uint8_t insn_max;                 /* longest instruction in bytes */
    uint16_t f80_control, f80_status; /* slots of 32 bits: the host's control word, all exceptions masked; in the low
                                         half exceptions so far, above them the last status word. 0: no f80 ops */
    uint32_t flags_mask;              /* bits of packed flags the guest can see; 0: FLAGS_ALL */

    void (*reset)(Cpu *);
    uint64_t (*mode)(const Cpu *); /* everything translation depends on besides pc and page, in bits 0 to 61 */
    Regime (*regime)(const Cpu *, bool user);
    void (*translate)(Trans *); /* exactly one instruction */
    void (*shape)(uint32_t word, uint64_t pc,
                  InsnShape *); /* of an instruction of 4 bytes; NULL: no stencils are made */
    /* addr: as the guest gave it. Fills w; w->fault if the access is not allowed. Lock-free; no machine lock held. */
    void (*walk)(Cpu *, uint64_t addr, Access, uint32_t regime, Walk *w);
    void (*fault)(Cpu *, uint64_t addr, Access, const Walk *,
                  bool user); /* raise it: sets pc and mode to the handler's */
    void (*misaligned)(Cpu *, uint64_t addr, Access);
    void (*bus_error)(Cpu *, uint64_t addr, Access, uint64_t phys);
    bool (*interrupt)(Cpu *);                      /* take what is pending and enabled; true: pc and mode changed */
    bool (*wakes)(const Cpu *);                    /* something ends a wait for interrupt */
    bool split_atomics;                            /* atomic accesses need not be aligned */
    bool sees_own_stores;                          /* what an instruction stores where the next one is, is executed */
    uint64_t (*strip)(const Cpu *, uint64_t addr); /* address without ignored tag bits, or NULL */
    void (*settle)(Cpu *); /* brings what is kept elsewhere while code runs to the rows of the state table */
    void (*forget)(Cpu *); /* on a copy, to compare it: clears what the manual leaves open; may be NULL */
    /* NULL: there are no such tests. Registers as a line of tests/guest has them: of `before` those that are read, of
     * `after` those that changed; the pc if it is not `next`. */
    void (*test_line)(const Cpu *before, const Cpu *after, const bool *read, uint64_t next, Out *, Out *after_out);
    const char *(*disassembler)(const Cpu *, int *arch, int *mode); /* Capstone's, for listings */
    const GuestDebug *debug;                                        /* NULL: the state table says it all */
};

/* Slots of a guest's state table, made once. */
const Slot *guest_slots(const Guest *, int *count);
int guest_helper(const Guest *, const char *name); /* number of a row of helpers; -1 */
