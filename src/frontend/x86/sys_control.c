/* Control registers, EFER and XCR0: what may be written, and what follows from it. SDM volume 3, 2.5, 2.2.1 and
 * 10.11.1. */
#include "core/sysregs.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

enum { ALL_REGIMES = (1 << R_COUNT) - 1, APIC_CR8 = 0x80000008u };
#define CR3_KEEP (1ull << 63) /* with PCIDs: what is cached stays */

static void flush_all(X86Cpu *c)
{
    tlb_flush(&c->cpu, ALL_REGIMES, -1);
}

static bool is_pae(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    return cr0 & CR0_PG && cr4 & CR4_PAE && !(efer & EFER_LME);
}

void x86_rederive_segments(X86Cpu *c)
{
    for (unsigned n = 0; n < SEGS; n++)
        x86_segment_derive(&c->seg[n], x86_is_real(c));
}

void x86_look_at_lines(X86Cpu *c)
{
    if (cpu_lines(&c->cpu))
        __atomic_store_n(&c->cpu.stop, CPU_STOP, __ATOMIC_RELAXED);
}

/* ---- CR0 ---- */

/* Paging goes on: 10.8.5 for long mode. */
static bool may_page(const X86Cpu *c)
{
    bool tss16 = (c->tr.attr >> 8 & 0xd) == 1;
    return !(c->efer & EFER_LME) || (c->cr4 & CR4_PAE && !(c->seg[CS].attr & SEG_L) && !tss16);
}

static bool cr0_is_good(const X86Cpu *c, uint64_t v)
{
    bool on = v & CR0_PG && !(c->cr0 & CR0_PG), off = !(v & CR0_PG) && c->cr0 & CR0_PG;
    if (v >> 32 || (v & CR0_PG && !(v & CR0_PE)) || (v & CR0_NW && !(v & CR0_CD)))
        return false;
    if (off && (x86_in_code64(c) || c->cr4 & CR4_PCIDE))
        return false;
    return !on || may_page(c);
}

bool x86_put_cr0(X86Cpu *c, uint64_t v)
{
    const uint64_t loads = CR0_PG | CR0_CD | CR0_NW;
    const uint64_t has = 0xfu | CR0_NE | CR0_WP | CR0_AM | loads;
    if (!cr0_is_good(c, v))
        return false;
    v = (v & has) | CR0_ET;
    uint64_t changed = v ^ c->cr0;
    if (changed & loads && is_pae(v, c->cr4, c->efer) && !x86_load_pdptes(c, c->cr3))
        return false;
    c->cr0 = v;
    c->efer = c->efer & EFER_LME && v & CR0_PG ? c->efer | EFER_LMA : c->efer & ~(uint64_t)EFER_LMA;
    if (changed & CR0_PE) {
        c->cpl = 0;
        x86_rederive_segments(c);
    }
    if (changed & (CR0_PG | CR0_WP | CR0_PE))
        flush_all(c);
    return true;
}

/* ---- CR3 ---- */

bool x86_put_cr3(X86Cpu *c, uint64_t v)
{
    bool keep = c->cr4 & CR4_PCIDE && v & CR3_KEEP;
    if (c->efer & EFER_LMA) {
        if (c->cr4 & CR4_PCIDE)
            v &= ~CR3_KEEP;
        if (v >> c->phys_bits)
            return false;
    } else {
        v = (uint32_t)v;
    }
    if (is_pae(c->cr0, c->cr4, c->efer) && !x86_load_pdptes(c, v))
        return false;
    c->cr3 = v;
    if (!keep)
        tlb_flush_non_global(&c->cpu, ALL_REGIMES, c->cr4 & CR4_PCIDE ? (int64_t)(v & 0xfff) : 0);
    return true;
}

/* ---- CR4 ---- */

static const struct {
    uint32_t bits;
    X86Feature feature;
} cr4_bits[] = {
    { CR4_VME | CR4_PVI, X86_vme }, { CR4_TSD, X86_tsc },        { CR4_DE, X86_de },     { CR4_PSE, X86_pse },
    { CR4_PAE, X86_pae },           { CR4_MCE, X86_mce },        { CR4_PGE, X86_pge },   { CR4_PCE, X86_i686 },
    { CR4_OSFXSR, X86_fxsr },       { CR4_OSXMMEXCPT, X86_sse }, { CR4_UMIP, X86_umip }, { CR4_FSGSBASE, X86_fsgsbase },
    { CR4_PCIDE, X86_pcid },        { CR4_OSXSAVE, X86_xsave },  { CR4_SMEP, X86_smep }, { CR4_SMAP, X86_smap },
};

static bool cr4_is_good(const X86Cpu *c, uint64_t v)
{
    uint64_t has = 0;
    for (unsigned k = 0; k < sizeof cr4_bits / sizeof *cr4_bits; k++)
        has |= x86_has(c, cr4_bits[k].feature) ? cr4_bits[k].bits : 0;
    bool pcid_on = v & CR4_PCIDE && !(c->cr4 & CR4_PCIDE);
    if (v & ~has || (c->efer & EFER_LMA && !(v & CR4_PAE)))
        return false;
    return !pcid_on || (c->efer & EFER_LMA && !(c->cr3 & 0xfff));
}

bool x86_put_cr4(X86Cpu *c, uint64_t v)
{
    const uint64_t loads = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP;
    if (!cr4_is_good(c, v))
        return false;
    uint64_t changed = v ^ c->cr4;
    if (changed & loads && is_pae(c->cr0, v, c->efer) && !x86_load_pdptes(c, c->cr3))
        return false;
    c->cr4 = v;
    if (changed & (loads | CR4_SMAP | CR4_PCIDE))
        flush_all(c);
    return true;
}

/* ---- EFER and XCR0 ---- */

bool x86_put_efer(X86Cpu *c, uint64_t v)
{
    uint64_t has = EFER_LMA; /* written as it is, or otherwise: it does not change */
    has |= x86_has(c, X86_syscall) ? EFER_SCE : 0;
    has |= x86_has(c, X86_lm) ? EFER_LME : 0;
    has |= x86_has(c, X86_nx) ? EFER_NXE : 0;
    uint64_t changed = v ^ c->efer;
    if (v & ~has || (changed & EFER_LME && c->cr0 & CR0_PG))
        return false;
    c->efer = (v & ~(uint64_t)EFER_LMA) | (c->efer & EFER_LMA);
    if (changed & EFER_NXE)
        flush_all(c);
    return true;
}

const X86Component x86_components[] = {
    { 0, X86_fpu, 0, 160 },
    { 1, X86_sse, 160, 256 },
    { 2, X86_avx, 576, 256 },
    { 0, 0, 0, 0 },
};

uint64_t x86_xsave_components(const X86Cpu *c)
{
    uint64_t bits = 0;
    for (const X86Component *k = x86_components; k->size; k++)
        bits |= x86_has(c, k->feature) ? 1ull << k->bit : 0;
    return bits;
}

bool x86_put_xcr0(X86Cpu *c, uint64_t v)
{
    enum { X87 = 1, SSE = 2, AVX = 4 };
    if (v & ~x86_xsave_components(c) || !(v & X87) || (v & AVX && !(v & SSE)))
        return false;
    c->xcr0 = v;
    return true;
}

/* ---- helpers ---- */

static uint64_t refuse(X86Cpu *c)
{
    x86_raise(c, X86_GP, 0);
    return 1;
}

uint64_t x86_help_read_cr(Cpu *cpu, uint64_t n, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint64_t tpr = 0;
    (void)b, (void)x;
    if (n == 8)
        return c->apic && c->apic->read(c->apic_device, cpu_number(cpu), APIC_CR8, &tpr) ? tpr : 0;
    return n == 0 ? c->cr0 : n == 2 ? c->cr2 : n == 3 ? c->cr3 : c->cr4;
}

static bool put_cr8(X86Cpu *c, uint64_t v)
{
    if (v >> 4)
        return false;
    if (c->apic)
        c->apic->write(c->apic_device, cpu_number(&c->cpu), APIC_CR8, v);
    return true;
}

uint64_t x86_help_write_cr(Cpu *cpu, uint64_t n, uint64_t v, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)x;
    bool ok = true;
    if (n == 2)
        c->cr2 = v;
    else
        ok = n == 0 ? x86_put_cr0(c, v) : n == 3 ? x86_put_cr3(c, v) : n == 4 ? x86_put_cr4(c, v) : put_cr8(c, v);
    if (!ok)
        return refuse(c);
    x86_mode_changed(c);
    return 0;
}

/* LMSW sets PE, but does not clear it. */
uint64_t x86_help_lmsw(Cpu *cpu, uint64_t v, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (!x86_put_cr0(c, (c->cr0 & ~0xeull) | (v & 0xf)))
        return refuse(c);
    x86_mode_changed(c);
    return 0;
}

/* XGETBV and XSETBV. */
uint64_t x86_help_xsave_on(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (c->cr4 & CR4_OSXSAVE)
        return 0;
    x86_raise(c, X86_UD, 0);
    return 1;
}

uint64_t x86_help_xgetbv(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    uint32_t number = (uint32_t)c->r[RCX];
    if (number > 1 || (number == 1 && !x86_has(c, X86_xgetbv1)))
        return refuse(c);
    /* 1: what is in use; everything may be */
    c->r[RAX] = (uint32_t)c->xcr0;
    c->r[RDX] = c->xcr0 >> 32;
    return 0;
}

uint64_t x86_help_xsetbv(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if ((uint32_t)c->r[RCX] || !x86_put_xcr0(c, (uint32_t)c->r[RAX] | c->r[RDX] << 32))
        return refuse(c);
    x86_mode_changed(c);
    return 0;
}

uint64_t x86_help_umip(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    return c->cr4 & CR4_UMIP && c->cpl ? refuse(c) : 0;
}

static int64_t tag_now(const X86Cpu *c)
{
    return c->cr4 & CR4_PCIDE ? (int64_t)(c->cr3 & 0xfff) : 0;
}

uint64_t x86_help_invlpg(Cpu *cpu, uint64_t linear, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    tlb_flush_va(cpu, linear, ALL_REGIMES, tag_now(x86_of(cpu)));
    return 0;
}

/* SDM volume 2, INVPCID. The descriptor is in memory at `linear`. */
uint64_t x86_help_invpcid(Cpu *cpu, uint64_t type, uint64_t linear, uint64_t x)
{
    enum { ONE_ADDRESS, ONE_PCID, ALL, ALL_NOT_GLOBAL };
    X86Cpu *c = x86_of(cpu);
    V128 d;
    (void)x;
    if (!mem_load(cpu, linear, 16, false, &d))
        return 1;
    bool names_pcid = type <= ONE_PCID;
    if (type > ALL_NOT_GLOBAL || d.lo >> 12 || (names_pcid && d.lo && !(c->cr4 & CR4_PCIDE)) ||
        (type == ONE_ADDRESS && !x86_canonical(d.hi)))
        return refuse(c);
    if (type == ONE_ADDRESS)
        tlb_flush_va(cpu, d.hi, ALL_REGIMES, (int64_t)d.lo);
    else if (type == ALL)
        flush_all(c);
    else
        tlb_flush_non_global(cpu, ALL_REGIMES, type == ONE_PCID ? (int64_t)d.lo : -1);
    return 0;
}

/* ---- debug registers: 17.2 ---- */

static bool debug_register(X86Cpu *c, uint64_t *n)
{
    if (*n == 4 || *n == 5) {
        if (c->cr4 & CR4_DE) {
            x86_raise(c, X86_UD, 0);
            return false;
        }
        *n += 2;
    }
    if (c->dr[7] & DR7_GD) {
        c->dr[7] &= ~(uint64_t)DR7_GD;
        c->dr[6] |= DR6_BD;
        x86_raise(c, X86_DB, 0);
        return false;
    }
    return true;
}

void x86_put_dr(X86Cpu *c, unsigned n, uint64_t v)
{
    c->dr[n] = n == 6 ? (v & 0xe00f) | 0xffff0ff0 : n == 7 ? (v & 0xffff23ff) | 0x400 : v;
    if (n != 6)
        x86_breakpoints_changed(c);
}

/* The value goes to tmp[0]. */
uint64_t x86_help_read_dr(Cpu *cpu, uint64_t n, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (!debug_register(c, &n))
        return 1;
    c->tmp[0] = c->dr[n];
    return 0;
}

uint64_t x86_help_write_dr(Cpu *cpu, uint64_t n, uint64_t v, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)x;
    if (!debug_register(c, &n))
        return 1;
    if (n >= 6 && v >> 32)
        return refuse(c);
    x86_put_dr(c, (unsigned)n, v);
    return 0;
}
