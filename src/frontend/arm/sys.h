/* System registers and what hangs on them: the part of the Arm CPU that sysregs.c, timer.c, pmu.c, mmu.c and
 * exception.c share. */
#pragma once
#include "core/timer.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct ArmCpu ArmCpu;
typedef struct Cpu Cpu;
typedef struct Error Error;

enum { ARM_TIMER_HZ = 62500000, ARM_TIMER_NS = 16 }; /* one tick of the generic timers */
enum ArmTimerIndex { TIMER_PHYS, TIMER_VIRT, TIMER_HYP, TIMERS };

typedef struct ArmTimer {
    uint64_t cval;
    uint32_t ctl; /* ENABLE and IMASK; ISTATUS is computed */
    Timer timer;
} ArmTimer;

typedef struct ArmPort { /* a device that owns system registers: core/sysregs.h */
    const struct SysregPort *port;
    void *dev;
} ArmPort;

typedef struct ArmSys {
#define OWN(name, ...) uint64_t name;
#define IN(...)
#define CALL(...)
#include "frontend/arm/sysregs.def"
    ArmTimer timer[TIMERS];
    uint64_t cycles; /* PMCCNTR: its value while stopped, else what it was at time 0 */
    bool tlb_posted; /* a broadcast TLBI is under way: the next DSB waits for it */
    ArmPort port[4];
    int ports;
} ArmSys;

/* Who may be stopped from using a register, beyond the exception level: sysregs_trap.c */
typedef enum SysTrap {
    TR_NONE,
    TR_VM,
    TR_ID1,
    TR_ID2,
    TR_ID3,
    TR_ACR,
    TR_CPACR,
    TR_CTR,
    TR_SCXT,
    TR_DAIF,
    TR_FP,
    TR_CNTFRQ,
    TR_CNTPCT,
    TR_CNTVCT,
    TR_CNTP,
    TR_CNTV,
    TR_PMU,
    TR_PMSWINC,
    TR_PMSELR,
    TR_PMCCNTR,
    TR_PMUSERENR,
    TR_DCC,
    TR_DEBUG,
    TR_OSLOCK,
    TR_NO_EL2,
    TR_CACHE,  /* DC and IC operations */
    TR_POINT,  /* those by address to the point of unification */
    TR_SETWAY, /* and by set and way */
    TR_ZVA,
    TR_TLB,
    TR_PORT, /* a register of the interrupt controller */
} SysTrap;

typedef struct SysReg SysReg;
struct SysReg {
    const char *name;
    uint16_t encoding; /* SYSREG */
    uint8_t read, write, trap, size, index;
    bool ends; /* a write changes what translation depends on: the unit ends */
    uint16_t needs;
    uint32_t offset; /* in ArmCpu; size 0: no storage */
    uint64_t reset, writable;
    uint64_t (*get)(ArmCpu *, const SysReg *);
    void (*set)(ArmCpu *, const SysReg *, uint64_t value);
};
enum { NO = 4 }; /* as the lowest level that may */

extern const SysReg arm_sysregs[];
extern const int arm_sysreg_count;
const SysReg *sysreg_find(const ArmCpu *, uint32_t encoding); /* NULL: not on this CPU */
/* Registers that devices have (core/sysregs.h), without the machine lock; false: none has that one. */
bool arm_port_read(ArmCpu *, uint32_t encoding, uint64_t *value);
bool arm_port_write(ArmCpu *, uint32_t encoding, uint64_t value);
uint64_t sysreg_value(const ArmCpu *, const SysReg *);     /* as stored */
uint64_t sysreg_store(ArmCpu *, const SysReg *, uint64_t); /* the writable bits; returns what was there */
uint64_t sysreg_read(ArmCpu *, const SysReg *);
void sysreg_write(ArmCpu *, const SysReg *, uint64_t);
void sysregs_reset(ArmCpu *);
/* Exception level that an access from the current one traps to; 0: none. *ec and *iss: what it is told. */
int sysreg_trap(const ArmCpu *, SysTrap, uint32_t encoding, bool write, unsigned rt, int *ec, uint32_t *iss);
bool sysreg_may_trap(const ArmCpu *, SysTrap, int el); /* whether the check is needed at all at that level */

/* The hooks named in sysregs.def. */
typedef uint64_t SysGet(ArmCpu *, const SysReg *);
typedef void SysSet(ArmCpu *, const SysReg *, uint64_t value);
SysGet sys_get_zero, sys_get_midr, sys_get_mpidr, sys_get_ccsidr, sys_get_dczid, sys_get_isr, sys_get_rvbar;
SysGet sys_get_spsel, sys_get_current_el, sys_get_pan, sys_get_uao, sys_get_nzcv, sys_get_daif, sys_get_dit;
SysGet sys_get_fpsr, sys_get_claimset;
SysGet sys_get_cntpct, sys_get_cntvct, sys_get_tval, sys_get_timer_ctl, sys_get_cval;
SysGet sys_get_pmcnten, sys_get_pmovs, sys_get_pmceid0, sys_get_pmccntr, sys_get_pmxevtyper, sys_get_pminten;
SysSet sys_set_nothing, sys_set_sctlr, sys_set_mode, sys_set_ttbr, sys_set_tcr, sys_set_mair;
SysSet sys_set_hcr, sys_set_stage2, sys_set_spsel, sys_set_pan, sys_set_uao, sys_set_nzcv, sys_set_daif, sys_set_dit;
SysSet sys_set_fpcr, sys_set_fpsr, sys_set_oslar, sys_set_claimset, sys_set_claimclr;
SysSet sys_set_breakpoint, sys_set_watchpoint;
SysSet sys_set_tval, sys_set_timer_ctl, sys_set_cval, sys_set_cntvoff;
SysSet sys_set_pmcr, sys_set_pmcntenset, sys_set_pmcntenclr, sys_set_pmovsclr, sys_set_pmovsset, sys_set_pmccntr;
SysSet sys_set_pmxevtyper, sys_set_pmintenset, sys_set_pmintenclr;

/* Bits of the registers that more than one file looks at. */
#define SCTLR_M     (1ull << 0)
#define SCTLR_A     (1ull << 1)
#define SCTLR_UMA   (1ull << 9)
#define SCTLR_DZE   (1ull << 14)
#define SCTLR_UCT   (1ull << 15)
#define SCTLR_NTWI  (1ull << 16)
#define SCTLR_NTWE  (1ull << 18)
#define SCTLR_WXN   (1ull << 19)
#define TCR_E0PD    (3ull << 55)
#define SCTLR_TSCXT (1ull << 20)
#define SCTLR_SPAN  (1ull << 23)
#define SCTLR_E0E   (1ull << 24)
#define SCTLR_EE    (1ull << 25)
#define SCTLR_UCI   (1ull << 26)
#define HCR_VM      (1ull << 0)
#define HCR_PTW     (1ull << 2)
#define HCR_FMO     (1ull << 3)
#define HCR_IMO     (1ull << 4)
#define HCR_AMO     (1ull << 5)
#define HCR_VF      (1ull << 6)
#define HCR_VI      (1ull << 7)
#define HCR_VSE     (1ull << 8)
#define HCR_DC      (1ull << 12)
#define HCR_TWI     (1ull << 13)
#define HCR_TWE     (1ull << 14)
#define HCR_TID1    (1ull << 16)
#define HCR_TID2    (1ull << 17)
#define HCR_TID3    (1ull << 18)
#define HCR_TSC     (1ull << 19)
#define HCR_TIDCP   (1ull << 20)
#define HCR_TACR    (1ull << 21)
#define HCR_TSW     (1ull << 22)
#define HCR_TPC     (1ull << 23)
#define HCR_TPU     (1ull << 24)
#define HCR_TTLB    (1ull << 25)
#define HCR_TVM     (1ull << 26)
#define HCR_TGE     (1ull << 27)
#define HCR_TDZ     (1ull << 28)
#define HCR_HCD     (1ull << 29)
#define HCR_TRVM    (1ull << 30)
#define HCR_RW      (1ull << 31)
#define HCR_CD      (1ull << 32)
#define HCR_ID      (1ull << 33)
#define HCR_ENSCXT  (1ull << 53)
#define MDSCR_SS    (1ull << 0)
#define MDSCR_KDE   (1ull << 13)
#define MDSCR_MDE   (1ull << 15)
#define MDSCR_MDE   (1ull << 15)
enum {
    SCTLR_RES1 = 0x30d00800, /* of ARMv8.0 */
    SCTLR_RES1_EL2 = 0x30c50830,
    TCR_RES1_EL2 = (int)0x80800000,
    CPTR_RES1 = 0x33ff,
    PMU_CYCLES = 1u << 31,
    PMCR_RESET = 0x41000040,
};
#define SPSR_BITS 0xffffffffull
#define MDCR_TDE  (1ull << 8)

/* HCR as it acts: nothing without EL2, nothing while in it for what concerns EL1 and EL0. */
uint64_t arm_hcr(const ArmCpu *);

/* exception.c */
void arm_take_sync_to(ArmCpu *, int target, int ec, uint32_t iss, uint64_t return_pc, bool has_far, uint64_t far);
bool arm_interrupt_pending(const ArmCpu *); /* one that the current state lets through */
void arm_recheck_interrupts(ArmCpu *);      /* after unmasking: leave translated code soon if one is pending */
bool arm_debug_enabled(const ArmCpu *);
void arm_debug_changed(ArmCpu *);     /* the debug registers were reset or loaded: debug.c */
bool arm_step_active(const ArmCpu *); /* MDSCR.SS and debug exceptions possible from here */
bool arm_interrupt(Cpu *);
bool arm_wakes(const Cpu *);
void arm_fault(Cpu *, uint64_t addr, int access, const struct Walk *, bool user);

/* psci.c: a call of the firmware, answered in x0; false: one it does not have. */
bool arm_psci(ArmCpu *);
void arm_start(ArmCpu *, uint64_t pc, uint64_t arg); /* reset state, at the highest EL there is; powers it on */

/* models.c */
void arm_model_reset(ArmCpu *); /* identification registers */

/* timer.c */
uint64_t arm_count(const ArmCpu *); /* the physical counter */
void arm_timers_start(ArmCpu *);
void arm_timers_changed(ArmCpu *); /* under the machine lock: compares again, sets the lines */

/* sysops.c: SYS and SYSL. mmu.c: AT. */
typedef struct SysOp {
    const char *name;
    uint16_t encoding;
    uint8_t el, trap;
    bool all;                        /* of every CPU in the machine */
    void (*fn)(Cpu *, uint64_t arg); /* NULL: nothing to do */
    uint16_t needs;
} SysOp;
/* run: true if it took an exception */
const SysOp *sysop_find(const ArmCpu *, uint32_t encoding);
bool sysop_run(ArmCpu *, const SysOp *, uint64_t arg);
bool arm_at(Cpu *, uint64_t addr, uint32_t encoding);
