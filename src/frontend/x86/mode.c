/* What translation depends on, flags as the guest sees them, and the derived half of segment registers. Asked at every
 * change of privilege, so built without FP and vector registers. */
#include "frontend/x86/guest.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

uint32_t x86_pack_flags(uint32_t f)
{
    return (f & (FL_C | FL_P | FL_A | FL_Z | FL_S)) << 8 | (f & FL_O ? FLAG_V : 0);
}

uint32_t x86_unpack_flags(uint32_t packed)
{
    return (packed >> 8 & (FL_C | FL_P | FL_A | FL_Z | FL_S)) | (packed & FLAG_V ? FL_O : 0);
}

uint32_t x86_get_eflags(const X86Cpu *c)
{
    return x86_unpack_flags(c->flags) | c->eflags | 2;
}

void x86_put_eflags(X86Cpu *c, uint32_t f)
{
    c->flags = x86_pack_flags(f);
    c->eflags = f & ~(uint32_t)(FL_ARITH | 2);
}

/* Volume 3, 5.3 and 5.5: a segment that expands down holds what is above its limit. Execute-only code cannot be read;
 * in real and virtual-8086 mode the type is not looked at. */
void x86_segment_derive(X86Segment *s, bool real)
{
    uint64_t top = s->attr & SEG_DB ? 1ull << 32 : 1ull << 16, size = (uint64_t)s->limit + 1;
    bool code = s->attr & SEG_CODE, down = !code && s->attr & SEG_CE;
    bool there = real || (s->attr & (SEG_P | SEG_S)) == (SEG_P | SEG_S);
    s->lo = there && down && !real ? size : 0;
    uint64_t span = !there ? 0 : !s->lo ? size : size < top ? top - size : 0;
    s->span_read = real || !code || s->attr & SEG_RW ? span : 0;
    s->span_write = real || (!code && s->attr & SEG_RW) ? span : 0;
}

static uint64_t segment_mode(const X86Cpu *c, bool real)
{
    uint64_t mode = 0;
    for (unsigned n = 0; n < SEGS; n++) {
        const X86Segment *s = &c->seg[n];
        bool whole = !s->lo && s->span_read == 1ull << 32 && (n == CS || s->span_write == 1ull << 32);
        /* a real-mode program changes bases all the time: not worth a key */
        mode |= !real && !s->base && n != CS ? (uint64_t)M_BASE0 << n : 0;
        mode |= whole ? (uint64_t)M_WHOLE << n : 0;
    }
    return mode;
}

static uint64_t code_mode(const X86Cpu *c)
{
    const X86Segment *cs = &c->seg[CS];
    if (c->efer & EFER_LMA && cs->attr & SEG_L)
        return M_CODE64;
    uint64_t limit = cs->limit == ~0u ? 0 : cs->limit == 0xffff ? M_IP16 : M_IP_LIMIT;
    return limit | (cs->attr & SEG_DB ? M_CODE32 : 0) | (c->seg[SS].attr & SEG_DB ? M_STACK32 : 0) |
           (cs->base & 0xffffffff) << M_CS_BASE_SHIFT;
}

static uint64_t fp_mode(const X86Cpu *c)
{
    uint64_t mode = c->cr0 & CR0_EM ? M_EM : 0;
    mode |= c->cr0 & CR0_TS ? M_TS : 0;
    mode |= c->cr0 & CR0_MP ? M_MP : 0;
    mode |= c->cr4 & CR4_OSFXSR ? M_SSE : 0;
    mode |= ~c->mxcsr & MXCSR_MASKS ? M_FP_TRAPS : 0;
    return mode | (c->cr4 & CR4_OSXSAVE && (c->xcr0 & 7) == 7 ? M_AVX : 0);
}

uint64_t x86_mode(const Cpu *cpu)
{
    const X86Cpu *c = (const X86Cpu *)cpu;
    bool vm = c->eflags & FL_VM, real = !(c->cr0 & CR0_PE) || vm;
    uint64_t mode = code_mode(c) | fp_mode(c) | c->cpl;
    mode |= c->cr0 & CR0_PE ? M_PROT : 0;
    mode |= vm ? M_VM : 0;
    mode |= c->eflags & FL_TF ? M_STEP : 0;
    mode |= c->shadow ? M_SHADOW : 0;
    mode |= c->dr[7] & DR7_ENABLED ? M_DEBUG : 0;
    mode |= c->cr4 & CR4_FSGSBASE && mode & M_CODE64 ? M_FSGSBASE : 0;
    mode |= c->fpos & (X87_TRAPS | X87_ALONE) ? M_FP_TRAPS : 0;
    mode |= c->cpl == 3 && c->cr0 & CR0_AM && c->eflags & FL_AC ? M_ALIGN : 0;
    return mode & M_CODE64 ? mode : mode | segment_mode(c, real);
}

/* The tag of banks is CR3's PCID: 4.10.1. */
static uint32_t tag(const X86Cpu *c)
{
    return c->cr4 & CR4_PCIDE ? c->cr3 & 0xfff : 0;
}

Regime x86_regime(const Cpu *cpu, bool user)
{
    const X86Cpu *c = (const X86Cpu *)cpu;
    if (user || c->cpl == 3)
        return (Regime){ R_USER, tag(c) };
    return (Regime){ c->eflags & FL_AC ? R_SUPERVISOR_AC : R_SUPERVISOR, tag(c) };
}

Regime x86_system_regime(const X86Cpu *c)
{
    return (Regime){ R_SUPERVISOR, tag(c) };
}

void x86_mode_changed(X86Cpu *c)
{
    cpu_switch_bank(&c->cpu);
}

/* ---- helpers ---- */

uint64_t x86_help_swapgs(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    uint64_t was = c->seg[GS].base;
    c->seg[GS].base = c->kernel_gs_base;
    c->kernel_gs_base = was;
    return 0;
}

uint64_t x86_help_rdpid(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return x86_of(cpu)->tsc_aux;
}

uint64_t x86_help_clts(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    c->cr0 &= ~(uint64_t)CR0_TS;
    x86_mode_changed(c);
    return 0;
}

/* Sets or clears EFLAGS.AC. */
uint64_t x86_help_access(Cpu *cpu, uint64_t on, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    c->eflags = on ? c->eflags | FL_AC : c->eflags & ~(uint32_t)FL_AC;
    x86_mode_changed(c);
    return 0;
}
