/* The x86 guest: CPU state and what its instruction groups share. Manual: Intel SDM (volume 2 instructions, volume 3
 * system), with AMD's APM where they differ in what our models claim to be.
 *
 * Where things are:
 *   opcodes.def, opcodes_*.def   the opcode map, as the SDM prints it: decode.h says how a row is written
 *   opcodes.c      the rows, read and found by opcode
 *   decode.c       bytes to X86Insn; operand.c registers and memory; translate.c one instruction around its handler
 *   int_*.c        handlers of integer instructions; helpers_int.def and help_int.c what they call
 *   string.c       string instructions and their REP forms
 *   x87.h          the x87 unit: x87.c its state, x87_insn.c handlers, x87_env.c its images in memory
 *   sys.h          what translated code and handlers ask of the system side; sys_*.c, opcodes_sys.def, helpers_sys.def
 *   segment.h      descriptors and stacks, which far transfers (sys_far.c), interrupts (sys_interrupt.c, sys_iret.c)
 * and task switches (sys_task.c) share; opcodes_seg.def. sys_event.c what comes from outside, sys_smm.c state.c the
 * state table; mode.c what translation depends on; guest.c the Guest
 *
 * Addresses: the pc slot, and X86Insn.pc and .next, are linear: CS base + EIP, cut to 32 bits outside 64-bit code. The
 * CS base is part of the mode word, so EIP is known when translating (x86_eip).
 * Outside 64-bit mode the upper halves of general registers are kept zero. */
#pragma once
#include "cpu/guest.h"
#include "cpu/mem.h"
#include "cpu/translate.h"

typedef enum X86Feature {
#define FEATURE(name, leaf, subleaf, reg, bit, what) X86_##name,
#include "frontend/x86/features.def"
    X86_FEATURES
} X86Feature;

typedef enum X86Reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 } X86Reg;
typedef enum X86Seg { ES, CS, SS, DS, FS, GS, SEGS } X86Seg; /* numbered as in encodings */

/* A segment register with its hidden part. attr: bits 8..15 and 20..23 of the descriptor's second word, in their
 * places (SEG_*). lo and span are derived by x86_segment_derive: offset o, size n may be read if o - lo and
 * o - lo + n are <= span_read as unsigned 64-bit numbers, and written if <= span_write. */
typedef struct X86Segment {
    uint64_t base, lo, span_read, span_write;
    uint32_t limit; /* in bytes, granularity applied */
    uint32_t attr;
    uint32_t selector;
} X86Segment;
enum {
    SEG_A = 1 << 8,
    SEG_RW = 1 << 9,  /* code: readable; data: writable */
    SEG_CE = 1 << 10, /* code: conforming; data: expands down */
    SEG_CODE = 1 << 11,
    SEG_S = 1 << 12, /* code or data, not a system segment */
    SEG_DPL_SHIFT = 13,
    SEG_P = 1 << 15,
    SEG_L = 1 << 21,
    SEG_DB = 1 << 22,
    SEG_G = 1 << 23,
};

enum { X86_FEATURE_WORDS = (X86_FEATURES + 63) / 64 };

typedef struct X86Model { /* a row of models.def */
    const char *name;
    uint32_t signature; /* CPUID leaf 1, EAX: family, model, stepping */
    bool amd;
    uint8_t phys_bits;
    uint32_t leaf, extended; /* the last that CPUID has */
    const char *brand, *features;
} X86Model;

enum { X86_MTRRS = 8, X86_MC_BANKS = 10 };

typedef enum X86Line { X86_INTR, X86_NMI_LINE, X86_SMI } X86Line; /* inputs of the processor */

typedef struct X86Cpu {
    Cpu cpu;
    /* hot: reached by short displacements */
    uint64_t r[16];
    uint64_t rip;    /* linear: CS base + EIP */
    uint32_t flags;  /* CF PF AF ZF SF OF as packed flags (tcg/ir.h) */
    uint32_t eflags; /* all other bits of EFLAGS, in their places; bit 1 is added when it is read */
    uint64_t tmp[4]; /* dead between instructions */
    V128 scratch[4];

    /* x87 and MMX (x87.h): stack register i is st[(fpos + i) & 7] */
    V128 st[8];        /* low 80 bits */
    uint8_t ftag[8];   /* of st[]: 1, or 0 for an empty one */
    uint32_t fpos;     /* where ST(0) is, and X87_TRAPS */
    uint32_t fturn;    /* fpos - TOP */
    uint32_t fcw, fsw; /* fsw: IE to SF alone */
    uint32_t fcond;    /* C0 C2 C3 */
    uint32_t fhost,
        fcontrol; /* of the host's unit while it runs translated code: Guest.f80_status, f80_control. C1 is there */
    uint32_t fop, fcs, fds;
    uint64_t fip, fdp;
    uint32_t mxcsr; /* as the guest last set or read it; Cpu.mxcsr is what the host runs with */
    V128 xmm[16];
    V128 ymm[16]; /* upper halves */

    X86Segment seg[SEGS];
    X86Segment ldtr, tr;
    uint64_t gdt_base, idt_base;
    uint32_t gdt_limit, idt_limit;
    uint64_t cr0, cr2, cr3, cr4, xcr0;
    uint64_t pdpte[4]; /* with PAE paging: loaded with CR3 */
    uint64_t dr[8];
    uint32_t cpl;    /* CS.RPL, but 3 in virtual-8086 mode and 0 in real mode */
    uint32_t shadow; /* 1: no interrupt before the next instruction has run (STI, MOV SS, POP SS) */
    uint32_t smm, nmi_blocked, halted;
    uint32_t smm_blocked_nmi;          /* whether NMIs were when the system management interrupt came */
    uint32_t delivering, from_outside; /* 1 + the exception that is being taken; EXT of error codes meanwhile; else 0 */
    uint32_t dr6_pending;              /* what #DB is to say after the instruction that is running; else 0 */
    Line ferr;                         /* FERR#: an x87 exception waits, where it is not #MF */

    /* model-specific registers */
    uint64_t efer, star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux, tsc_offset;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, pat, apic_base, misc_enable, smbase;
    uint64_t tsc_adjust, debugctl, microcode, syscfg, hwcr, mtrr_default;
    uint64_t mtrr_range[2 * X86_MTRRS], mtrr_fixed[11]; /* base and mask of each */
    uint64_t mcg_status, mcg_ctl, mc[4 * X86_MC_BANKS]; /* CTL, STATUS, ADDR, MISC of each bank */

    const struct SysregPort *apic; /* core/sysregs.h; NULL: there is none */
    void *apic_device;
    uint8_t phys_bits; /* of physical addresses */
    bool amd;          /* where AMD's processors differ from Intel's, theirs is the way */
    const X86Model *model;
    uint64_t features[X86_FEATURE_WORDS]; /* bit per X86Feature */
    char *has[X86_FEATURES];              /* properties: "on", "off"; NULL: as the model has it */
} X86Cpu;

/* Slots, in the order of the rows of x86_state (state.c asserts it). */
enum {
    S_R0 = 0,
    S_RIP = 16,
    S_FLAGS,
    S_EFLAGS,
    S_TMP0,
    S_SCRATCH0 = S_TMP0 + 4,
    S_ST0 = S_SCRATCH0 + 4,
    S_FTAG0 = S_ST0 + 8,
    S_FPOS = S_FTAG0 + 8,
    S_FTURN,
    S_FCW,
    S_FSW,
    S_FCOND,
    S_FHOST,
    S_FCONTROL,
    S_FOP,
    S_FCS,
    S_FDS,
    S_FIP,
    S_FDP,
    S_MXCSR,
    S_XMM0,
    S_YMM0 = S_XMM0 + 16,
    S_SEL0 = S_YMM0 + 16, /* selectors, ES CS SS DS FS GS */
    S_BASE0 = S_SEL0 + 6,
    S_LO0 = S_BASE0 + 6,
    S_SPAN_READ0 = S_LO0 + 6,
    S_SPAN_WRITE0 = S_SPAN_READ0 + 6,
    S_SHADOW = S_SPAN_WRITE0 + 6,
    S_COUNT
};
extern const StateField x86_state[];
extern const Guest x86_guest;
extern const Helper x86_helpers[];
enum {
#define HELPER(name, fn, effects) H_##name,
#include "frontend/x86/helpers.def"
    H_COUNT
};

enum { DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15, DR7_GD = 1 << 13, DR7_ENABLED = 0xff };

/* In X86Cpu.fpos. MMX: registers are where MMX instructions take them to be: fturn and TOP are 0, no tag says empty.
 * TRAPS: not every exception is masked, so each instruction looks whether one is pending. ALONE: the next instruction
 * is to be run alone, as it does what translated code does not. */
enum { X87_MMX = 8, X87_TRAPS = 16, X87_ALONE = 32 };

/* EFLAGS */
enum {
    FL_C = 1 << 0,
    FL_P = 1 << 2,
    FL_A = 1 << 4,
    FL_Z = 1 << 6,
    FL_S = 1 << 7,
    FL_TF = 1 << 8,
    FL_IF = 1 << 9,
    FL_DF = 1 << 10,
    FL_O = 1 << 11,
    FL_IOPL = 3 << 12,
    FL_NT = 1 << 14,
    FL_RF = 1 << 16,
    FL_VM = 1 << 17,
    FL_AC = 1 << 18,
    FL_VIF = 1 << 19,
    FL_VIP = 1 << 20,
    FL_ID = 1 << 21,
    FL_ARITH = FL_C | FL_P | FL_A | FL_Z | FL_S | FL_O,
};
enum {
    CR0_PE = 1,
    CR0_MP = 2,
    CR0_EM = 4,
    CR0_TS = 8,
    CR0_ET = 16,
    CR0_NE = 32,
    CR0_WP = 1 << 16,
    CR0_AM = 1 << 18,
    CR0_NW = 1 << 29,
    CR0_CD = 1 << 30
};
#define CR0_PG (1u << 31)
enum {
    CR4_VME = 1,
    CR4_PVI = 2,
    CR4_TSD = 4,
    CR4_DE = 8,
    CR4_PSE = 16,
    CR4_PAE = 32,
    CR4_MCE = 64,
    CR4_PGE = 128,
    CR4_PCE = 256,
    CR4_OSFXSR = 512,
    CR4_OSXMMEXCPT = 1024,
    CR4_UMIP = 1 << 11,
    CR4_FSGSBASE = 1 << 16,
    CR4_PCIDE = 1 << 17,
    CR4_OSXSAVE = 1 << 18,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21,
};
enum { EFER_SCE = 1, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };

/* What translation depends on (Guest.mode); from bit 30 on the CS base. Bits 62 and 63 are the engine's. */
enum {
    M_CPL = 3,
    M_CODE32 = 1 << 2,  /* default sizes are 32 bits: CS.D */
    M_CODE64 = 1 << 3,  /* 64-bit mode; then M_CODE32 is 0 */
    M_STACK32 = 1 << 4, /* SS.B: ESP, not SP. Not looked at in 64-bit mode */
    M_PROT = 1 << 5,    /* CR0.PE */
    M_VM = 1 << 6,      /* virtual-8086 mode */
    M_STEP = 1 << 7,    /* EFLAGS.TF */
    M_EM = 1 << 8,      /* CR0.EM, TS, MP */
    M_TS = 1 << 9,
    M_MP = 1 << 10,
    M_SSE = 1 << 11,          /* CR4.OSFXSR */
    M_AVX = 1 << 12,          /* CR4.OSXSAVE and XCR0 has x87, SSE and AVX */
    M_ALIGN = 1 << 13,        /* misaligned data accesses fault: CR0.AM, EFLAGS.AC, CPL 3 */
    M_IP16 = 1 << 14,         /* CS limit is 0xffff: an instruction may not go beyond */
    M_IP_LIMIT = 1 << 15,     /* CS limit is another one below 4 GiB: tested by a helper */
    M_BASE0 = 1 << 16,        /* << segment (not CS): its base is 0. SEGS bits */
    M_SHADOW = M_BASE0 << CS, /* no interrupt before the next instruction has run: units of one instruction */
    M_WHOLE = 1 << 22,        /* << segment: 4 GiB that may be read and, but for CS, written. SEGS bits */
    M_FP_TRAPS = 1 << 28,     /* floating point goes one by one: MXCSR unmasks an exception, X87_TRAPS, X87_ALONE */
    M_DEBUG = 1 << 29,        /* DR7 enables a breakpoint: units of one instruction */
    M_FSGSBASE = M_WHOLE,     /* CR4.FSGSBASE, in 64-bit mode */
};
enum { M_ALONE = M_STEP | M_SHADOW | M_DEBUG }; /* something is looked at after each instruction */
enum { M_CS_BASE_SHIFT = 30 };

enum { MXCSR_FLAGS = 0x3f, MXCSR_DAZ = 1 << 6, MXCSR_MASKS = 0x1f80, MXCSR_FTZ = 1 << 15 };

static inline X86Cpu *x86_of(Cpu *c)
{
    return (X86Cpu *)c;
}
static inline bool x86_has(const X86Cpu *c, X86Feature f)
{
    return c->features[f >> 6] >> (f & 63) & 1;
}
static inline bool x86_can(const Trans *t, X86Feature f)
{
    return x86_has((const X86Cpu *)t->cpu, f);
}
static inline bool x86_code64(const Trans *t)
{
    return t->mode & M_CODE64;
}
static inline unsigned x86_cpl(const Trans *t)
{
    return t->mode & M_CPL;
}
static inline uint64_t x86_cs_base(const Trans *t)
{
    return (uint32_t)(t->mode >> M_CS_BASE_SHIFT);
}
/* EIP of a linear address in the current code segment. */
static inline uint64_t x86_eip(const Trans *t, uint64_t linear)
{
    return x86_code64(t) ? linear : (uint32_t)(linear - x86_cs_base(t));
}

/* EFLAGS as the guest sees it, and its parts. */
uint32_t x86_pack_flags(uint32_t eflags);   /* arithmetic flags to the stored form */
uint32_t x86_unpack_flags(uint32_t packed); /* and back */
uint32_t x86_get_eflags(const X86Cpu *);
void x86_put_eflags(X86Cpu *, uint32_t); /* all bits, without any check; the caller calls x86_mode_changed */
void x86_segment_derive(X86Segment *,
                        bool real); /* lo and span_* from attr and limit. real: real or virtual-8086 mode */
void x86_mode_changed(X86Cpu *);    /* after any change of what x86_mode or x86_regime look at */
