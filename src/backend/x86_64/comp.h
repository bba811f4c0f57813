/* The compiler's state and the allocator's verbs. The whole translation is one walk forwards over the IR.
 *
 * Host registers:
 *   rsp            host stack; spilled values at [rsp + 16 k]
 *   rbp            guest state + CPU_BIAS
 *   r14            TLB bank
 *   rax rcx rdx r13            temporaries (r13 becomes the instruction budget in counting mode)
 *   rbx r12 r15 rsi rdi r8-r11 pinned: the guest's hot integer slots, in that order
 *   xmm0-xmm9      pinned: the guest's hot vector slots
 *   xmm10-xmm13    temporaries;  xmm14 xmm15: scratch inside one op
 *
 * A value is in one of the places below. Guest slots are always up to date in their pinned register or in memory
 * before the next op, so a fault or an exit at any op finds precise state. */
#pragma once
#include "backend/x86_64/asm.h"
#include "cpu/backend.h"
#include "cpu/run.h"

enum { NO_SLOT = 0xffff };
enum { SPAN = IR_MAX - 1 }; /* stands for a value that is no op's: span.c */
enum { FLIP_C = 1, FLIP_FP = 2 };
enum {
    TEMPS = 1 << RAX | 1 << RCX | 1 << RDX | 1 << R13,
    VTEMPS = 0xf << 10,
    FIRST_VTEMP = 10,
    XS = 15,
    XT = 14,
    SPILLS = 64,
    KEEP_RAX = 0, /* spills of mem.c's: those that are reached by the shortest instructions */
    KEEP_RCX = 1,
    COLDS = 512,
    MOST_SWAPS = 8,
    HINT_LEADS = 4,
    OWED = 12,
    LATE_LEAVES = 8,
    FLAG_BYTES = 2 /* of a flags slot that are stored; a wider load would wait until the store has reached the cache */
};

typedef enum Place {
    NOWHERE, /* not computed, or a constant: made when needed */
    IN_REG,  /* temporary general register */
    IN_VREG, /* temporary vector register */
    IN_PIN,  /* the pinned register of a slot that still holds it */
    IN_SLOT, /* the memory of a slot that still holds it */
    IN_SPILL,
    IN_HOST, /* host flags: a FLAGS value, or a BIT as condition `n` */
    AS_COND, /* BIT, to be made from FLAGS value `of` by condition `n` */
    AS_CMC,  /* FLAGS value `of` with C inverted */
    AS_AND,  /* constant mask of value `of`, compared with zero by its only user */
    AS_SHL,  /* value `of` shifted left by n: part of the address arithmetic of the add that wants it */
} Place;

typedef struct Where {
    uint8_t place;
    uint8_t n; /* register, spill number, condition */
    uint8_t
        flip; /* FLAGS in host flags: FLIP_C when host CF is the complement of the value's C, FLIP_FP after ucomis */
    uint8_t offset; /* byte offset in the slot */
    uint8_t backed; /* IN_REG, IN_VREG: Backed */
    uint16_t of;    /* slot; FLAGS value; value that is shifted */
} Where;

/* A value in a temporary may also be in the memory of slot `of`, and is then given up without a store. */
typedef enum Backed {
    NOT_BACKED,
    BACKED,       /* its own width is there */
    BACKED_WHOLE, /* with zeros up to 64 bits */
    BACKED_SPILL  /* or on the stack, as spill `of` */
} Backed;

/* Slots whose 80-bit values are on the host's stack: st(k) holds slot[k]. */
typedef struct F80Cache {
    uint8_t depth, changed; /* bit per register: the slot's memory is not up to date */
    bool ran;               /* the host's status word has not been stored since the last op */
    bool valid, zero;       /* ... still is what it left; how it rounded is said by a clear bit, as moves leave it */
    uint8_t slot[8];
    uint8_t owes;
    IrRef owed[OWED]; /* puts of constants that are not done yet: owed.c */
} F80Cache;

/* Work left for the end of the unit. */
struct Comp;
typedef struct Cold {
    uint8_t *from[3]; /* rel32s to point at it */
    uint8_t reg[4];
    uint8_t keep;  /* mem_near.c: registers that hold what is needed later */
    uint8_t span;  /* register that such a path must set to 0, or NO_REG: span.c */
    uint16_t late; /* Comp.late.part that it begins with, from 1; 0: none */
    /* The rest is not cleared. */
    void (*emit)(struct Comp *, struct Cold *);
    uint64_t pc; /* of the guest instruction it belongs to */
    IrRef ref;
    uint32_t hint; /* mem.c: what the slow path is told of it */
    uint64_t imm;
    uint8_t *back;        /* where to go on, in the writable view */
    uint64_t imm2;        /* mem.c: of the second access of a pair, and its value's register */
    uint8_t *guess, *hit; /* mem.c: where the page is guessed, and the access itself */
    uint8_t reg2;
    F80Cache f80;
} Cold;

/* In a loop, the register of slot `out` is that of slot `in`, which is in memory between units. */
typedef struct Swap {
    uint8_t reg;
    uint16_t out, in;
} Swap;

typedef struct Comp {
    Asm a;
    const Guest *guest;
    Ir *ir;
    Compiled *out;
    uint64_t first_pc, pc;         /* of the guest instruction being compiled */
    uint32_t at;                   /* index of the op being compiled */
    uint32_t locked, vlocked;      /* registers the current op has taken */
    IrRef in_reg[16], in_vreg[16]; /* which value a temporary holds */
    IrRef host;                    /* FLAGS or BIT value in the host flags */
    uint16_t host_slot;            /* slot that holds the same FLAGS value packed, or NO_SLOT */
    bool host_slot_cmc;            /* ... with C inverted */
    uint64_t spills;
    int32_t pushed; /* bytes that rsp is lower than at the unit's entry */
    uint32_t colds, labels;
    F80Cache f80;
    bool f80_used;      /* f80_begins; else f80 is empty, and nobody looks at that of a Cold */
    uint32_t f80_fused; /* index of the f80_in or store that is done with its load or f80_out */
    bool over;          /* nothing comes here but by a label */
    bool piece;         /* of a unit: nothing is known of the rest */
    struct {
        uint8_t *at; /* in a unit that is a loop: where it goes round with its values on the stack; else NULL */
        F80Cache cache;
    } f80_loop;
    struct {
        uint32_t at; /* of the second of two accesses that share a check, when the first was compiled; else 0 */
        Cold *cold;
    } pair;
    struct {
        uint32_t head, turn;    /* indices of the first label and last branch of loops; 0: none */
        IrRef lead[HINT_LEADS]; /* loads on which depends where the unit's end goes */
        unsigned leads;
    } hint;
    struct {
        IrRef root; /* what lies between root + from and root + to was checked; while SPAN is in a register */
        bool narrow, write;
        int64_t from, to;
        uint32_t last;
    } span;
    struct {
        IrRef flags; /* that should be in the slot, until then, and are not; 0: none */
        uint16_t slot;
        uint32_t until;
        int32_t saved; /* late.c's: Comp.pushed when registers had been saved */
        IrRef made;    /* for what flags the last subroutine was made; 0: none. Which part it is, where it looks */
        uint32_t made_part, leaves;
        struct LateLeaf {
            IrRef r;
            Where where;
        } leaf[LATE_LEAVES];
        uint32_t parts, used;
        struct LateCode {
            uint32_t at;     /* in code */
            bool called;     /* it is a subroutine */
            uint8_t *placed; /* among the cold paths, or NULL: not yet */
        } part[COLDS];
        uint8_t code[32768];
    } late;
    struct {
        uint64_t pc;
        uint8_t *at;
        uint8_t *wait[8];
        uint8_t waits;
        bool bound; /* f80 is settled: somebody has jumped here already */
        F80Cache f80;
    } label[IR_LABELS];
    uint8_t pin_of[IR_SLOTS]; /* as the global one, but for the swaps of a loop */
    Swap swap[MOST_SWAPS];
    uint32_t swaps;
    uint8_t *swap_out, *swap_in;         /* subroutines, once they are made */
    IrRef holder[IR_SLOTS][4];           /* values that live in the slot (its register or memory) */
    uint64_t held[(IR_SLOTS + 63) / 64]; /* slots with holders */
    Where where[IR_MAX];
    Cold cold[COLDS];
    IrLive live;
} Comp;

extern uint8_t pin_of[IR_SLOTS]; /* host register of a slot between units, or NO_REG: integer or vector by its size */
static inline bool slot_is_vector(const Comp *c, unsigned slot)
{
    return c->ir->slots[slot].size == 16;
}
static inline int32_t slot_disp(const Comp *c, unsigned slot)
{
    return (int32_t)c->ir->slots[slot].offset - CPU_BIAS;
}
static inline Rm slot_rm(const Comp *c, unsigned slot, unsigned offset)
{
    return rm_mem(RBP, slot_disp(c, slot) + (int32_t)offset);
}
static inline Rm cpu_rm(size_t offset)
{
    return rm_mem(RBP, (int32_t)offset - CPU_BIAS);
}
static inline IrInsn *insn_of(Comp *c, IrRef r)
{
    return &c->ir->insn[r];
}
static inline bool is_const(Comp *c, IrRef r)
{
    return c->ir->insn[r].op == IR_const;
}
static inline bool needed_later(const Comp *c, IrRef r)
{
    return c->live.of[r].last > c->at;
}

/* ---- the allocator: alloc.c ----
 * use: a register that holds the value (pinned ones are not copied); it may not be changed unless `dies` says so.
 * operand: register, memory or, for constants that fit, an immediate.  scratch: a free temporary.  define: where the
 * current op's result goes. Everything taken stays taken until the op's end. */
unsigned use_moved(Comp *, IrRef); /* alloc.c's part: a value that is in no register */
static inline unsigned use(Comp *c, IrRef r)
{
    Where w = c->where[r];
    if (w.place == IN_PIN && !slot_is_vector(c, w.of) && !w.offset)
        return c->pin_of[w.of];
    if (w.place != IN_REG || c->in_reg[w.n] != r)
        return use_moved(c, r);
    c->locked |= 1u << w.n;
    return w.n;
}
bool zero_above(const Comp *, IrRef); /* an I32 value's register has zeros above it */
bool stand_in(Comp *, IrRef z, IrRef v);
unsigned use_beside_rax(Comp *, IrRef); /* ... and is neither rax nor rcx */
static inline bool fits_imm(const Comp *c, IrRef r, int32_t *value)
{
    const IrInsn *i = &c->ir->insn[r];
    int64_t v = i->type == I32 ? (int32_t)i->imm : (int64_t)i->imm;
    *value = (int32_t)v;
    return i->op == IR_const && v == (int32_t)v;
}
Rm operand(Comp *, IrRef, int bytes);         /* bytes: width that will be read; constants go to a register */
unsigned use_in(Comp *, IrRef, unsigned reg); /* in exactly this temporary, as a copy that may be changed */
unsigned scratch(Comp *);
void take_rax_rcx(Comp *);
void take(Comp *, unsigned reg);       /* frees a certain temporary for the current op, moving what it holds */
void release(Comp *, IrRef);           /* the argument was read: if it dies here its temporary may serve the result */
unsigned define(Comp *, IrRef prefer); /* general register for the result; prefer: an argument to share with */
void result_stays(Comp *, unsigned reg, bool vector); /* ... and remains there, whatever it will be put to */
void result_in(Comp *, unsigned reg);                 /* the result is in this temporary, which the op has taken */
unsigned vuse(Comp *, IrRef);
unsigned vdefine(Comp *, bool zero_above); /* zero_above: the op leaves zeros above a narrow result */
unsigned vscratch(Comp *);
void vuse_in(Comp *, IrRef, unsigned reg); /* a copy in exactly this register */

Rm voperand(Comp *, IrRef, int bytes);
bool temp_left(const Comp *); /* scratch() will find one */
Rm spill_rm(const Comp *, unsigned spill);
void put_in_spill(Comp *, IrRef, unsigned reg);          /* the value is in this register, and shall be on the stack */
void evict_temps(Comp *, uint32_t regs, uint32_t vregs); /* moves live values out of these, before a call */
void forget_held_slot(Comp *, unsigned slot);
/* The slot is about to change: saves values that live there. */
static inline void forget_slot(Comp *c, unsigned slot)
{
    uint64_t any;
    memcpy(&any, c->holder[slot], sizeof any);
    if (any || c->host_slot == slot)
        forget_held_slot(c, slot);
}
void load_into(Comp *, IrRef, unsigned reg); /* from where the value is; no other register is changed */
void forget_all_slots(Comp *);
bool add_another_holder(Comp *, unsigned slot, IrRef);
/* The value is in the slot, among others: it has to be looked at when the slot changes. false: there are too many. */
static inline bool add_holder(Comp *c, unsigned slot, IrRef r)
{
    IrRef *h = c->holder[slot];
    if (*h && *h != r)
        return add_another_holder(c, slot, r);
    *h = r;
    c->held[slot / 64] |= 1ull << slot % 64;
    return true;
}
bool hold(Comp *, unsigned slot, IrRef);         /* ... and nowhere else */
void back(Comp *, unsigned slot, IrRef, Backed); /* the slot's memory holds what a temporary does */
void allocator_label(Comp *);
/* ---- pins of a loop: loop.c ---- */
void loop_begin(Comp *);
void pins_out(Comp *), pins_in(Comp *); /* to what other code expects, and back; flags and other registers are kept */
void call_thunk(Comp *, const uint8_t *thunk, bool is_point);
/* ---- flags: flags.c ---- */
void clobber_host(Comp *);
static inline void clobber_flags(Comp *c) /* before an instruction that changes host flags */
{
    if (c->host)
        clobber_host(c);
}
bool flags_wanted(Comp *, uint32_t at); /* the next op is the flags of this one */
static inline bool wants_flags(Comp *c)
{
    const IrInsn *next = &c->ir->insn[c->at + 1];
    return next->op != IR_put && next->op != IR_insn && flags_wanted(c, c->at);
}
void set_host_flags(Comp *, IrRef, unsigned cc);
Cc condition(Comp *, IrRef bit, bool *known, bool *value); /* brings a BIT into the host flags; its condition code */
Cc packed_condition(Comp *, IrCond);                       /* of packed flags in rax: into the host's */
unsigned flags_as_int(Comp *, IrRef);                      /* packed, in a register that may be changed */
void op_flags(Comp *), op_cmc(Comp *), op_cond(Comp *), op_asflags(Comp *), op_compare(Comp *), op_pick(Comp *),
    op_fcmp(Comp *), op_vtest(Comp *);
/* ---- one check for several accesses: span.c ---- the current op is the load or store in question */
static inline unsigned span_register(const Comp *c)
{
    Where w = c->where[SPAN];
    return w.place == IN_REG && c->in_reg[w.n] == SPAN && c->live.of[SPAN].last >= c->at ? w.n : NO_REG;
}
/* Others come after this one, and there is no span now: it begins `below` bytes below this access. span_open: its host
 * address is in the register. */
bool span_begins(Comp *, int32_t *below, int32_t *bytes, bool *write);
void span_open(Comp *, unsigned reg);
bool span_covers(Comp *, int32_t *offset); /* that there is */
/* An access that is plain, and whose address is the guest's stack pointer or a constant from it. */
bool on_stack(const Comp *, const IrInsn *);
uint32_t partner(Comp *); /* mem_pair.c: the access right after this one with which it makes a pair, or 0 */
/* ---- where accesses in loops found memory: hint.c ---- */
void hint_begin(Comp *);
bool wants_one_here(const Comp *);
static inline bool wants_hint(const Comp *c, uint64_t imm) /* the current op, that with `imm` */
{
    return (c->hint.turn || c->hint.leads) && !ir_mem_of(imm).user && wants_one_here(c);
}
uint32_t next_hint(int32_t bytes, bool write); /* for the slow path to fill; 0: the access is too wide */
uint8_t *check_hint(Comp *, uint32_t);         /* rcx: address. rax: host - guest, or the branch that is returned */
/* ---- late flags: late.c ---- */
static inline bool flags_are_late(const Comp *c)
{
    return c->late.flags && c->at <= c->late.until;
}
void late_flags(Comp *); /* to their slot. Everything but the host's flags is kept */
void late_flags_make(Comp *, Cold *);
/* The same at the beginning of a cold path to which a jump from here leads. */
static inline void late_flags_for(Comp *c, Cold *s)
{
    if (flags_are_late(c))
        late_flags_make(c, s);
}
void late_flags_before(Comp *, const Cold *); /* just before that path: what it will call */
void late_flags_of(Comp *, const Cold *);     /* what it begins with */
/* ---- the rest, by file ---- */
bool left_to_compare(Comp *, const IrInsn *);
typedef void Emit(Comp *);
extern Emit *const int_op[IR_OPS]; /* integer ops of scalar types */
void vec_op(Comp *);
void by_reference(Comp *);
void fp_op(Comp *);
void f80_op(Comp *);
void f80_begins(Comp *);                    /* from here on the unit works on such numbers */
void f80_flush(Comp *);                     /* everything to its slot, before state is looked at */
void f80_flush_slot(Comp *, unsigned slot); /* the same if that slot is among them */
void f80_out_of_the_way(
    Comp *); /* if it is busy, around a slow path: to the slots, and back again; EFLAGS and registers are kept */
void f80_back(Comp *);
void f80_loop_head(Comp *); /* at the label of the unit's start */
bool f80_goes_round(const Comp *, uint64_t pc);
bool f80_keeps(const F80Cache *,
               const F80Cache *want); /* what the status word says is kept on the way from one to the other */
bool f80_same(const F80Cache *, const F80Cache *);
bool f80_fits(Comp *, const F80Cache *want);                  /* what is now can become that, and nothing is lost */
F80Cache f80_alive(const F80Cache *);                         /* without what is of no use any more */
unsigned f80_changed(const F80Cache *, const F80Cache *like); /* its `changed` in that order */
void f80_become(Comp *, const F80Cache *want);
void f80_settle(Comp *);   /* before a jump to where others will come: what is on the stack is in order, and told */
void f80_go_round(Comp *); /* the stack as the loop's head wants it */
static inline bool f80_busy(const Comp *c)
{
    return __builtin_expect(c->f80_used, false) && (c->f80.depth || c->f80.ran || c->f80.owes);
}
/* ---- constants that are put later: owed.c ---- */
bool owe(Comp *); /* the put that comes now need not be done yet */
void owed_pay(Comp *);
void owed_pay_slot(Comp *, unsigned slot);
bool owed_among(Comp *, const F80Cache *some, const F80Cache *all);
void owed_meet(Comp *, F80Cache *, const F80Cache *other); /* what both owe */
void owed_become(Comp *, const F80Cache *want);            /* pays what `want` does not owe */
/* With an operand in memory, for mem.c. comes: the load or store shall be done by the host's 80-bit unit. access: that.
 * early, late: around a slow path that has a store's value in rcx, gives a load's in rax. accessed: afterwards. */
bool f80_load_comes(Comp *), f80_store_comes(Comp *);
void f80_access(Comp *, const IrInsn *, Rm);
void f80_access_early(Comp *, const IrInsn *), f80_access_late(Comp *, const IrInsn *),
    f80_accessed(Comp *, const IrInsn *);
void leave_if(Comp *);
void op_load(Comp *), op_store(Comp *), op_rmw(Comp *), op_cas(Comp *), op_fence(Comp *);
void call_op(Comp *);
void exit_op(Comp *);
void label_here(Comp *, uint64_t pc); /* where paths meet: each leaves the 80-bit numbers as this one has them */
bool unit_has_label(const Comp *, uint64_t pc);
void op_get(Comp *), op_put(Comp *);
/* A get only says where a value is, and nobody else's is there. */
static inline bool get_quietly(Comp *c, const IrInsn *i, IrRef at)
{
    unsigned slot = ir_slot(i->imm);
    if (f80_busy(c) || c->holder[slot][0])
        return false;
    c->where[at] = (Where){ .place = c->pin_of[slot] != NO_REG ? IN_PIN : IN_SLOT,
                            .of = (uint16_t)slot,
                            .offset = (uint8_t)ir_slot_offset(i->imm) };
    return add_holder(c, slot, at);
}
Cold *colds_full(Comp *);
static inline Cold *cold(Comp *c, void (*emit)(Comp *, Cold *))
{
    Cold *s = &c->cold[c->colds++];
    if (c->colds > COLDS)
        s = colds_full(c);
    memset(s, 0, offsetof(Cold, emit));
    s->span = NO_REG;
    s->emit = emit;
    s->pc = c->pc;
    s->ref = (IrRef)c->at;
    if (__builtin_expect(c->f80_used, false))
        s->f80 = c->f80;
    return s;
}
void points_full(Comp *);
/* Records that a host return address here belongs to the current guest instruction. */
static inline void point(Comp *c)
{
    UnitPoint p = { (uint32_t)(c->a.p - c->out->at), (uint32_t)(c->pc - c->first_pc) };
    if (c->out->points == UNIT_POINTS)
        points_full(c);
    c->out->point[c->out->points++] = p;
}

/* ---- enc.c ---- */
const Enc *enc_int(IrOp);         /* "d" rows */
const Enc *enc_vec(IrOp, IrType); /* scalar floats and vectors; NULL: no single instruction (or not on this CPU) */
void enc_init(void);
int enc_rows(void); /* the table itself, for its test */
const char *enc_row(int n, IrOp *op, const char **lanes, const char **encoding, Enc *e);
typedef struct HostCpu {
    bool avx, avx2, fma, bmi2, lzcnt, f16c, avx512vl, aes, clmul;
} HostCpu;
extern HostCpu host_cpu;

/* ---- thunks.c: shared code, executable addresses ---- */
typedef struct Thunks {
    const uint8_t *leave;       /* eax: CpuExit */
    const uint8_t *lookup_miss; /* rax: pc */
    const uint8_t *stop;        /* rax: pc */
    const uint8_t *budget;      /* rax: pc */
    const uint8_t *goto_pc, *goto_pc_reload;
    const uint8_t *link;     /* called by exit stubs: the return address tells which */
    const uint8_t *probe[2]; /* read, write. rax: address, rcx: 4096 - bytes; rax: host address unless "above" */
    /* The same, but the table is looked at first: by log2 of bytes, with zeros or the sign above. */
    const uint8_t *near_load[4][2], *near_store[4];
    const uint8_t *stack;       /* as probe, but rax is kept: "above", or TlbBank.stack is good for it */
    const uint8_t *load_missed; /* the same as the next, after the usual check: mem.c */
    const uint8_t *load, *store, *rmw,
        *cas; /* rax: address, rcx: value, pushed: IrMem; rax: result. All else but rcx is kept */
    const uint8_t
        *reference; /* pushed: imm, then op | type << 8 | source type << 16; operands, then result, above them */
    const uint8_t *helper[512];
    const uint8_t *pool; /* constants: thunks.c pool_* */
    void *enter;
} Thunks;
extern Thunks thunks;
/* ecx = offset of the entry for the pc in that register in the table of lookups */
void jump_offset(Asm *, const Guest *, unsigned pc);
uint32_t thunks_make(const Guest *, HelperThrough *, uint8_t *w, ptrdiff_t to_exec, uint32_t bytes);
CpuExit thunks_enter(Cpu *, const void *code, const void **stub);
/* Executable address of a 16-byte aligned constant, shared by all units; NULL when the pool is full. Under the
 * translation lock. */
const uint8_t *pool_const(uint64_t lo, uint64_t hi);
/* The same for one that the guest chose: those cannot take the room of the backend's own, of which there are few. */
const uint8_t *pool_guest_const(uint64_t lo, uint64_t hi);
