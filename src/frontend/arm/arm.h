/* The Arm guest: CPU state and what its instruction groups share. AArch64 per ARM DDI 0487. */
#pragma once
#include "cpu/guest.h"
#include "cpu/mem.h"
#include "cpu/translate.h"
#include "frontend/arm/features.h"
#include "frontend/arm/sys.h"

#include "frontend/arm/a64_decode.h" /* generated from a64.isa: A64, a64_decode, handler prototypes */

enum { ARM_ELS = 4 };

typedef struct ArmModel ArmModel;

typedef struct ArmCpu {
    Cpu cpu;
    /* hot: reached by short displacements */
    uint64_t x[31];
    uint64_t sp; /* of the current EL and SPSel; the others wait in sp_el */
    uint64_t pc;
    /* NZCV as packed flags (tcg/ir.h), but bit FLAG_C holds NOT C: Arm's carry of a subtraction is "no borrow", the
     * host's is "borrow", and subtractions and compares are what programs do most. */
    uint32_t nzcv;
    uint32_t fpcr, fpsr; /* fpsr: what has been collected from the host's MXCSR so far */
    V128 v[32];
    V128 qc;                              /* any bit set: FPSR.QC, saturation happened */
    uint64_t excl_addr, excl_lo, excl_hi; /* exclusive monitor: address (~0: clear), what was loaded */
    uint32_t excl_size;
    V128 scratch[4]; /* dead between instructions: helper arguments and results that are wide */
    uint64_t tmp[4];

    /* PSTATE without NZCV */
    uint8_t el, sp_sel, daif /* bits DAIF as in SPSR 9..6 shifted down to 3..0 */, pan, uao, dit, ss, il, btype, tco;
    uint64_t sp_el[ARM_ELS], elr[ARM_ELS], spsr[ARM_ELS];

    /* System registers live in sysregs.c's table; those the rest of the frontend looks at: */
    uint64_t sctlr[ARM_ELS], ttbr0[ARM_ELS], ttbr1[ARM_ELS], tcr[ARM_ELS], mair[ARM_ELS], vbar[ARM_ELS];
    uint64_t esr[ARM_ELS], far[ARM_ELS], afsr0[ARM_ELS], afsr1[ARM_ELS], cpacr, cptr_el2, cptr_el3, hcr, vttbr, vtcr,
        hpfar, par;
    uint64_t tpidr[ARM_ELS], tpidrro, contextidr[ARM_ELS], mdscr, cntkctl, cnthctl;
    ArmSys sys; /* the rest: sysregs.def */
    const ArmModel *model;
    uint64_t features; /* bit per ArmFeature */
    uint64_t mpidr, rvbar;
    uint64_t step_pc;    /* instruction a software step is under way for; ~0: none */
    bool step_exclusive; /* it is a load-exclusive */
    Line timer_out[4], pmu_out;
    /* properties */
    bool has[64]; /* ArmFeature */
    bool start_powered_off, psci;
    uint64_t affinity;
} ArmCpu;

typedef enum ArmLine { ARM_IRQ, ARM_FIQ, ARM_VIRQ, ARM_VFIQ } ArmLine;

static inline bool arm_has(const ArmCpu *c, ArmFeature f)
{
    return c->features >> f & 1;
}

/* Slots, in the order of the rows of arm_state (state.c asserts it at start). */
enum {
    S_X0 = 0,
    S_X30 = 30,
    S_SP = 31,
    S_PC,
    S_NZCV,
    S_V0,
    S_V31 = S_V0 + 31,
    S_QC,
    S_EXCL_ADDR,
    S_EXCL_LO,
    S_EXCL_HI,
    S_EXCL_SIZE,
    S_SCRATCH0,
    S_TMP0 = S_SCRATCH0 + 4,
    S_FPCR = S_TMP0 + 4,
    S_FPSR,
    S_TPIDR_EL0,
    S_TPIDRRO_EL0,
    S_TPIDR_EL1,
    S_SP_EL0,
    S_ELR_EL1,
    S_SPSR_EL1,
    S_ESR_EL1,
    S_FAR_EL1,
    S_COUNT
};
extern const StateField arm_state[];
extern const Guest aarch64_guest;
extern const GuestDebug arm_debug;
bool arm_own_break(Cpu *, int n); /* debug.c */
bool arm_own_watch(Cpu *, int n, uint64_t addr, unsigned kinds, bool user);
extern const Helper arm_helpers[];
enum {
#define HELPER(name, fn, effects) H_##name,
#include "frontend/arm/helpers.def"
    H_COUNT
};

/* What translation depends on (Guest.mode). */
enum {
    M_EL = 3,             /* exception level */
    M_FP_TRAP = 1 << 2,   /* FP and SIMD trap here (CPACR, CPTR) */
    M_FP_SOFT = 1 << 3,   /* FPCR.FZ: single and double always go to the helpers */
    M_FP_SOFT16 = 1 << 4, /* FPCR.FZ16 or AHP */
    M_ALIGN = 1 << 5,     /* SCTLR.A: misaligned data accesses fault */
    M_BIG = 1 << 6,       /* data is big-endian (SCTLR.EE, E0E) */
    M_TBI0 = 1 << 7,
    M_TBI1 = 1 << 8,     /* top byte of branch targets ignored: low, high half */
    M_STEP = 1 << 9,     /* software step active */
    M_MMU_OFF = 1 << 10, /* stage 1 off: data is Device-nGnRnE, so misaligned accesses fault */
    M_UAO = 1 << 11,     /* ldtr and sttr behave as ldr and str */
    M_SP_SEL = 1 << 12,
    /* nobody traps: DC ZVA, cache maintenance by address, CNTVCT_EL0 */
    M_ZVA = 1 << 13,
    M_CACHE = 1 << 14,
    M_COUNTER = 1 << 15,
};
static inline int arm_el(const Trans *t)
{
    return (int)(t->mode & M_EL);
}
static inline ArmCpu *arm_of(Cpu *c)
{
    return (ArmCpu *)c;
}
static inline bool arm_can(const Trans *t, ArmFeature f)
{
    return arm_has((const ArmCpu *)t->cpu, f);
}

/* ---- operands: translate.c ---- sf: 64 bits; register 31 is zero, or SP in the _sp forms */
static inline IrType arm_width(bool sf)
{
    return sf ? I64 : I32;
}
static inline IrRef arm_imm(Trans *t, bool sf, uint64_t value)
{
    return ir_imm(t->ir, arm_width(sf), value);
}
static inline IrRef arm_get_sp(Trans *t, bool sf, unsigned r)
{
    return ir_get(t->ir, arm_width(sf), IR_SLOT(S_X0 + r, 0));
}
static inline IrRef arm_get(Trans *t, bool sf, unsigned r)
{
    return r == 31 ? arm_imm(t, sf, 0) : arm_get_sp(t, sf, r);
}
static inline void arm_put_sp(Trans *t, bool sf, unsigned r, IrRef value)
{
    ir_put(t->ir, arm_width(sf), value, IR_SLOT(S_X0 + r, 0) | (sf ? 0 : IR_ZEXT));
}
static inline void arm_put(Trans *t, bool sf, unsigned r, IrRef value)
{
    if (r != 31)
        arm_put_sp(t, sf, r, value);
}

/* Flags. arm_cond: BIT, whether condition 0..15 holds. Every flag setter ends in arm_set_flags (a FLAGS value in the
 * stored polarity: C inverted) or arm_set_nzcv (an ordinary 4-bit N Z C V constant). */
IrRef arm_cond(Trans *, unsigned cond);
void arm_set_flags(Trans *, IrRef flags);
void arm_set_nzcv(Trans *, unsigned nzcv);
uint32_t arm_pack_nzcv(unsigned nzcv); /* architectural 4 bits to the stored form */
unsigned arm_unpack_nzcv(uint32_t packed);

/* ---- memory ---- the mode's endianness and alignment rule are applied. address: I64 value; disp as IrMem.disp */
IrRef arm_load_special(Trans *, IrType result, IrRef address, IrMem m);
void arm_store_special(Trans *, IrType type, IrRef address, IrRef value, IrMem m);
static inline bool arm_access_is_special(const Trans *t)
{
    return t->mode & (M_BIG | M_ALIGN | M_MMU_OFF);
}
static inline IrRef arm_load(Trans *t, IrType result, IrRef address, IrMem m)
{
    if (arm_access_is_special(t))
        return arm_load_special(t, result, address, m);
    return ir_load(t->ir, result, address, ir_mem(m));
}
static inline void arm_store(Trans *t, IrType type, IrRef address, IrRef value, IrMem m)
{
    if (arm_access_is_special(t))
        arm_store_special(t, type, address, value, m);
    else
        ir_store(t->ir, type, address, value, ir_mem(m));
}

/* ---- vector registers ---- */
static inline IrRef arm_get_v(Trans *t, IrType type, unsigned r) /* low bytes of V[r] as that type */
{
    return ir_get(t->ir, type, IR_SLOT(S_V0 + (r & 31), 0));
}
static inline void arm_put_v(Trans *t, IrType type, unsigned r, IrRef value) /* the rest of the register becomes zero */
{
    ir_put(t->ir, type, value, IR_SLOT(S_V0 + (r & 31), 0) | IR_ZEXT);
}
bool arm_fp_ok(Trans *); /* false: an FP access trap was emitted in place of the instruction, which is then done */

/* ---- exceptions ---- exception.c. Syndromes as ISS/EC of DDI 0487 D17.2.37 */
typedef enum ArmEc {
    EC_UNKNOWN = 0,
    EC_WFX = 1,
    EC_FP = 7,
    EC_ILLEGAL = 0xe,
    EC_SVC64 = 0x15,
    EC_HVC64 = 0x16,
    EC_SMC64 = 0x17,
    EC_SYSREG = 0x18,
    EC_IABORT_LOW = 0x20,
    EC_IABORT = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_DABORT_LOW = 0x24,
    EC_DABORT = 0x25,
    EC_SP_ALIGN = 0x26,
    EC_FP_EXC = 0x2c,
    EC_SERROR = 0x2f,
    EC_BREAK_LOW = 0x30,
    EC_BREAK = 0x31,
    EC_STEP_LOW = 0x32,
    EC_STEP = 0x33,
    EC_WATCH_LOW = 0x34,
    EC_WATCH = 0x35,
    EC_BRK64 = 0x3c,
} ArmEc;
/* Emits: take a synchronous exception to the default EL with that syndrome; `return_pc` is what ELR gets. Ends the
 * unit. */
void arm_raise(Trans *, ArmEc, uint32_t iss, uint64_t return_pc);
bool arm_undefined(Trans *); /* false, for `return arm_undefined(t)`-style use: handlers just return false */
/* Takes it now (from C): target EL chosen by the routing rules; sets ESR, FAR (if has_far), ELR, SPSR, PSTATE, pc. */
void arm_take_sync(ArmCpu *, ArmEc, uint32_t iss, uint64_t return_pc, bool has_far, uint64_t far);
/* What of it a debugger may change: not to a level or an instruction set that the CPU does not have. */
void arm_set_pstate(ArmCpu *, uint64_t spsr);
void arm_take_interrupt(ArmCpu *, bool fiq, int target_el);
uint64_t arm_get_spsr(const ArmCpu *); /* PSTATE as SPSR would hold it */
void arm_eret(ArmCpu *);               /* exception return from the current EL, illegal returns included */
void arm_set_pstate_el(ArmCpu *, int el, int sp_sel); /* swaps SP, chooses banks */
void arm_mode_changed(ArmCpu *);                      /* after any change of what mode() or regime() look at */

/* ---- system registers ---- sysregs.c */
#define SYSREG(op0, op1, crn, crm, op2) ((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))

/* ---- mmu.c ---- */
void arm_walk(Cpu *, uint64_t addr, Access, uint32_t regime, Walk *);
enum { R_EL0, R_EL1, R_EL1_PAN, R_EL2, R_COUNT };

/* ---- FP ---- fp_env.c */
struct FpEnv;
void arm_fp_begin(ArmCpu *, struct FpEnv *, int bits);     /* FPCR to environment */
void arm_fp_end(ArmCpu *, const struct FpEnv *, int bits); /* its flags into fpsr */
void arm_sync_mxcsr(ArmCpu *); /* FPCR.RMode to Cpu.mxcsr; sticky flags out of it into fpsr */
