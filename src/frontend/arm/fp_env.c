/* FPCR and FPSR. While translated code runs, FPCR.RMode is in the host's MXCSR and the host gathers the cumulative
 * flags there; Cpu.mxcsr is its value whenever C code runs. FPSR is put together when the guest looks. */
#include "frontend/arm/arm.h"

#include "base/fp.h"
#include "frontend/arm/helpers.h"

enum { MXCSR_MASKED = 0x1f80, MXCSR_FLAGS = 0x3f };
enum { FPSR_IOC = 1, FPSR_DZC = 2, FPSR_OFC = 4, FPSR_UFC = 8, FPSR_IXC = 16, FPSR_IDC = 128, FPSR_QC = 1 << 27 };

/* IE, (DE), ZE, OE, UE, PE to IOC, DZC, OFC, UFC, IXC. */
static uint32_t flags_of(uint32_t mxcsr)
{
    return (mxcsr & 1) | (mxcsr >> 1 & (FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC));
}

static void collect(ArmCpu *c)
{
    c->fpsr |= flags_of(c->cpu.mxcsr);
    c->cpu.mxcsr &= ~(uint32_t)MXCSR_FLAGS;
}

void arm_sync_mxcsr(ArmCpu *c)
{
    static const uint8_t round[] = { 0, 2, 1, 3 }; /* RN RP RM RZ as the host numbers them */
    collect(c);
    c->cpu.mxcsr = MXCSR_MASKED | (uint32_t)round[c->fpcr >> 22 & 3] << 13;
}

uint64_t sys_get_fpsr(ArmCpu *c, const SysReg *r)
{
    (void)r;
    collect(c);
    return c->fpsr | (c->qc.lo | c->qc.hi ? FPSR_QC : 0);
}

void sys_set_fpsr(ArmCpu *c, const SysReg *r, uint64_t value)
{
    (void)r;
    collect(c);
    c->fpsr = value & (FPSR_IOC | FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC | FPSR_IDC);
    c->qc = (V128){ value & FPSR_QC ? ~0ull : 0, 0 };
}

enum { FPCR_FZ16 = 1 << 19, FPCR_FZ = 1 << 24, FPCR_DN = 1 << 25, FPCR_AHP = 1 << 26 };

void arm_fp_begin(ArmCpu *c, FpEnv *env, int bits)
{
    bool flush = c->fpcr & (bits == 16 ? FPCR_FZ16 : FPCR_FZ);
    *env = (FpEnv){
        .round = c->fpcr >> 22 & 3, /* numbered alike */
        .nan_rule = FP_NAN_ARM,
        .flush_in = flush,
        .flush_out = flush,
        .default_nan = c->fpcr & FPCR_DN,
        .tiny_before = true,
        .half_alt = c->fpcr & FPCR_AHP,
    };
}

/* A half that is flushed on input raises nothing: FPUnpackBase in DDI 0487 J1.3. */
void arm_fp_end(ArmCpu *c, const FpEnv *env, int bits)
{
    c->fpsr |= env->flags & (bits == 16 ? FP_FLAGS & ~(uint32_t)FP_INPUT_DENORMAL : (uint32_t)FP_FLAGS);
}

/* MSR FPCR. Leaves for `next` if translation depends on what changed. */
uint64_t arm_help_fpcr(Cpu *cpu, uint64_t value, uint64_t mask, uint64_t next)
{
    ArmCpu *c = arm_of(cpu);
    uint32_t before = c->fpcr;
    c->fpcr = (before & ~(uint32_t)mask) | (uint32_t)(value & mask);
    arm_sync_mxcsr(c);
    if (!((before ^ c->fpcr) & (FPCR_FZ | FPCR_FZ16 | FPCR_AHP)))
        return 0;
    c->pc = next;
    arm_mode_changed(c);
    return 1;
}
