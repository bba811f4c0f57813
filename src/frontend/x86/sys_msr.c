/* Model-specific registers: a row for each, or for a range of them. SDM volume 4; AMD's APM volume 2, appendix A. Those
 * of the local APIC are its device's (core/sysregs.h). */
#include "base/log.h"
#include "core/sysregs.h"
#include "core/timer.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

#include <stddef.h>

/* Of registers that no one bit of CPUID stands for. */
enum { X86_efer = X86_FEATURES, X86_amd_msrs };

typedef struct Msr Msr;
struct Msr {
    uint32_t number, count; /* 0: one */
    const char *name;
    int feature;
    uint16_t offset;   /* in X86Cpu, of the first; 8 bytes each */
    uint64_t reserved; /* bits that must be 0 in what is written */
    bool canonical;
    bool readonly; /* writing is #GP */
    bool (*read)(X86Cpu *, uint32_t number, uint64_t *);
    bool (*write)(X86Cpu *, uint32_t number, uint64_t); /* in place of the field */
};

/* ---- those that are more than a field ---- */

enum { MSR_APIC_BASE = 0x1b, MSR_DEADLINE = 0x6e0, MSR_X2APIC = 0x800, MSR_MC0 = 0x400, MSR_FIXED = 0x250 };

/* Bits 8, 10 and 11 of IA32_APIC_BASE; a step from "off" to x2APIC, and back from there to xAPIC, is none: 11.12.5. */
static bool apic_base_is_good(const X86Cpu *c, uint64_t old, uint64_t v)
{
    enum { X2 = 1 << 10, ON = 1 << 11 };
    uint64_t has = (1ull << c->phys_bits) - 0x1000 + 0x900 + (x86_has(c, X86_x2apic) ? X2 : 0);
    if (v & ~has || (v & X2 && !(v & ON)))
        return false;
    return !(v & X2 && !(old & ON)) && !(old & X2 && v & ON && !(v & X2));
}

static bool read_apic(X86Cpu *c, uint32_t n, uint64_t *v)
{
    if (!c->apic || !c->apic->read(c->apic_device, cpu_number(&c->cpu), n, v))
        return false;
    if (n == MSR_DEADLINE && *v)
        *v += c->tsc_offset;
    return true;
}

static bool write_apic(X86Cpu *c, uint32_t n, uint64_t v)
{
    uint64_t old;
    if (n == MSR_APIC_BASE && (!read_apic(c, n, &old) || !apic_base_is_good(c, old, v)))
        return false;
    if (n == MSR_DEADLINE && v) /* the device's clock has no offset; what is long past is due now */
        v = (int64_t)(v - c->tsc_offset) > 0 ? v - c->tsc_offset : 1;
    return c->apic && c->apic->write(c->apic_device, cpu_number(&c->cpu), n, v);
}

static bool read_zero(X86Cpu *c, uint32_t n, uint64_t *v)
{
    (void)c, (void)n;
    *v = 0;
    return true;
}

static bool write_nothing(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)c, (void)n, (void)v;
    return true;
}

static bool read_tsc(X86Cpu *c, uint32_t n, uint64_t *v)
{
    (void)n;
    *v = x86_tsc(c);
    return true;
}

/* Each of the two moves the other: 17.17.3. */
static bool write_tsc(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)n;
    uint64_t by = v - x86_tsc(c);
    c->tsc_offset += by;
    c->tsc_adjust += by;
    return true;
}

static bool write_adjust(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)n;
    c->tsc_offset += v - c->tsc_adjust;
    c->tsc_adjust = v;
    return true;
}

static bool read_mtrr_cap(X86Cpu *c, uint32_t n, uint64_t *v)
{
    (void)c, (void)n;
    *v = X86_MTRRS | 1 << 8 | 1 << 10; /* ranges, fixed ones, write combining */
    return true;
}

/* Memory types: 12.11.2 */
static bool is_type(uint64_t t)
{
    return t == 0 || t == 1 || t == 4 || t == 5 || t == 6;
}

static bool are_types(uint64_t v, uint64_t with)
{
    for (int k = 0; k < 8; k++, v >>= 8)
        if (!is_type(v & 0xff) && (v & 0xff) != with)
            return false;
    return true;
}

enum { NO_OTHER = 0, UNCACHED_MINUS = 7 };

static bool write_pat(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)n;
    if (!are_types(v, UNCACHED_MINUS))
        return false;
    c->pat = v;
    return true;
}

static bool write_mtrr_range(X86Cpu *c, uint32_t n, uint64_t v)
{
    uint64_t low = n & 1 ? 0x7ff : 0xf00; /* reserved in a mask, in a base */
    if (v >> c->phys_bits || v & low || (!(n & 1) && !is_type(v & 0xff)))
        return false;
    c->mtrr_range[n - 0x200] = v;
    return true;
}

static int fixed_range(uint32_t n)
{
    return n == 0x250 ? 0 : n < 0x260 ? (int)(n - 0x257) : (int)(n - 0x265);
}

static bool read_mtrr_fixed(X86Cpu *c, uint32_t n, uint64_t *v)
{
    *v = c->mtrr_fixed[fixed_range(n)];
    return true;
}

static bool write_mtrr_fixed(X86Cpu *c, uint32_t n, uint64_t v)
{
    if (!are_types(v, NO_OTHER))
        return false;
    c->mtrr_fixed[fixed_range(n)] = v;
    return true;
}

static bool write_mtrr_default(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)n;
    if (v & ~0xcffull || !is_type(v & 0xff))
        return false;
    c->mtrr_default = v;
    return true;
}

/* A status can only be cleared: 16.3.2. Controls take what they are given: AMD's have bits that systems leave out. */
static bool write_bank(X86Cpu *c, uint32_t n, uint64_t v)
{
    enum { CTL };
    if ((n & 3) != CTL && v)
        return false;
    c->mc[n - MSR_MC0] = v;
    return true;
}

static bool read_mcg_cap(X86Cpu *c, uint32_t n, uint64_t *v)
{
    (void)c, (void)n;
    *v = X86_MC_BANKS | 1 << 8; /* there is an IA32_MCG_CTL */
    return true;
}

static bool write_efer(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)n;
    return x86_put_efer(c, v);
}

static bool read_microcode(X86Cpu *c, uint32_t n, uint64_t *v)
{
    (void)c, (void)n;
    *v = 1ull << 32;
    return true;
}

/* Bits the guest must not change: performance monitoring and BTS and PEBS, which are not there. */
static bool write_misc_enable(X86Cpu *c, uint32_t n, uint64_t v)
{
    (void)n;
    const uint64_t fixed = 1 << 7 | 1 << 11 | 1 << 12;
    c->misc_enable = (v & ~fixed) | (c->misc_enable & fixed);
    return true;
}

static bool write_fs_base(X86Cpu *c, uint32_t n, uint64_t v)
{
    c->seg[n == 0xc0000100 ? FS : GS].base = v;
    return true;
}

/* ---- the table ---- */

#define FIELD(f) .offset = offsetof(X86Cpu, f)
static const Msr msrs[] = {
    { 0x00000000, 2, "P5_MC", X86_mce, .read = read_zero, .write = write_nothing },
    { 0x00000010, 0, "IA32_TIME_STAMP_COUNTER", X86_tsc, .read = read_tsc, .write = write_tsc },
    { 0x00000017, 0, "IA32_PLATFORM_ID", X86_i686, .read = read_zero, .readonly = true },
    { 0x0000001b, 0, "IA32_APIC_BASE", X86_apic, .read = read_apic, .write = write_apic },
    { 0x0000002a, 0, "EBL_CR_POWERON", X86_i686, .read = read_zero, .write = write_nothing },
    { 0x0000003b, 0, "IA32_TSC_ADJUST", X86_tsc_adjust, FIELD(tsc_adjust), .write = write_adjust },
    { 0x00000079, 0, "IA32_BIOS_UPDT_TRIG", X86_i686, .read = read_zero, .write = write_nothing },
    { 0x0000008b, 0, "IA32_BIOS_SIGN_ID", X86_i686, .read = read_microcode, .write = write_nothing },
    { 0x000000fe, 0, "IA32_MTRRCAP", X86_mtrr, .read = read_mtrr_cap, .readonly = true },
    { 0x00000174, 0, "IA32_SYSENTER_CS", X86_sep, FIELD(sysenter_cs), .reserved = ~0xffffffffull },
    { 0x00000175, 0, "IA32_SYSENTER_ESP", X86_sep, FIELD(sysenter_esp), .canonical = true },
    { 0x00000176, 0, "IA32_SYSENTER_EIP", X86_sep, FIELD(sysenter_eip), .canonical = true },
    { 0x00000179, 0, "IA32_MCG_CAP", X86_mca, .read = read_mcg_cap, .readonly = true },
    { 0x0000017a, 0, "IA32_MCG_STATUS", X86_mca, FIELD(mcg_status), .reserved = ~7ull },
    { 0x0000017b, 0, "IA32_MCG_CTL", X86_mca, FIELD(mcg_ctl) },
    { 0x000001a0, 0, "IA32_MISC_ENABLE", X86_i686, FIELD(misc_enable), .write = write_misc_enable },
    { 0x000001d9, 0, "IA32_DEBUGCTL", X86_i686, FIELD(debugctl), .reserved = ~3ull },
    { 0x00000200, 2 * X86_MTRRS, "IA32_MTRR_PHYS", X86_mtrr, FIELD(mtrr_range), .write = write_mtrr_range },
    { 0x00000250, 0, "IA32_MTRR_FIX64K", X86_mtrr, .read = read_mtrr_fixed, .write = write_mtrr_fixed },
    { 0x00000258, 2, "IA32_MTRR_FIX16K", X86_mtrr, .read = read_mtrr_fixed, .write = write_mtrr_fixed },
    { 0x00000268, 8, "IA32_MTRR_FIX4K", X86_mtrr, .read = read_mtrr_fixed, .write = write_mtrr_fixed },
    { 0x00000277, 0, "IA32_PAT", X86_pat, FIELD(pat), .write = write_pat },
    { 0x000002ff, 0, "IA32_MTRR_DEF_TYPE", X86_mtrr, FIELD(mtrr_default), .write = write_mtrr_default },
    { MSR_MC0, 4 * X86_MC_BANKS, "IA32_MC", X86_mca, FIELD(mc), .write = write_bank },
    { MSR_DEADLINE, 0, "IA32_TSC_DEADLINE", X86_tsc_deadline, .read = read_apic, .write = write_apic },
    { MSR_X2APIC, 0x40, "IA32_X2APIC", X86_x2apic, .read = read_apic, .write = write_apic },
    { 0xc0000080, 0, "IA32_EFER", X86_efer, FIELD(efer), .write = write_efer },
    { 0xc0000081, 0, "IA32_STAR", X86_syscall, FIELD(star) },
    { 0xc0000082, 0, "IA32_LSTAR", X86_lm, FIELD(lstar), .canonical = true },
    { 0xc0000083, 0, "IA32_CSTAR", X86_lm, FIELD(cstar), .canonical = true },
    { 0xc0000084, 0, "IA32_FMASK", X86_lm, FIELD(sfmask), .reserved = ~0xffffffffull },
    { 0xc0000100, 0, "IA32_FS_BASE", X86_lm, FIELD(seg[FS].base), .canonical = true, .write = write_fs_base },
    { 0xc0000101, 0, "IA32_GS_BASE", X86_lm, FIELD(seg[GS].base), .canonical = true, .write = write_fs_base },
    { 0xc0000102, 0, "IA32_KERNEL_GS_BASE", X86_lm, FIELD(kernel_gs_base), .canonical = true },
    { 0xc0000103, 0, "IA32_TSC_AUX", X86_rdtscp, FIELD(tsc_aux), .reserved = ~0xffffffffull },
    { 0xc0010000, 8, "PerfEvtSel, PerfCtr", X86_amd_msrs, .read = read_zero, .write = write_nothing },
    { 0xc0010010, 0, "SYSCFG", X86_amd_msrs, FIELD(syscfg) },
    { 0xc0010015, 0, "HWCR", X86_amd_msrs, FIELD(hwcr) },
};

static bool has(const X86Cpu *c, int feature)
{
    if (feature == X86_amd_msrs)
        return c->amd;
    if (feature == X86_efer)
        return x86_has(c, X86_syscall) || x86_has(c, X86_lm) || x86_has(c, X86_nx);
    return x86_has(c, (X86Feature)feature);
}

static const Msr *find(const X86Cpu *c, uint32_t number)
{
    for (unsigned k = 0; k < sizeof msrs / sizeof *msrs; k++) {
        const Msr *m = &msrs[k];
        if (number - m->number < (m->count ? m->count : 1u) && has(c, m->feature))
            return m;
    }
    return NULL;
}

static uint64_t *field(X86Cpu *c, const Msr *m, uint32_t number)
{
    return (uint64_t *)(void *)((char *)c + m->offset) + (number - m->number);
}

bool x86_msr_read(X86Cpu *c, uint32_t number, uint64_t *value)
{
    const Msr *m = find(c, number);
    if (!m) {
        log_unimp("cpu %d: model-specific register %x read, at %llx", cpu_number(&c->cpu), number,
                  (unsigned long long)c->rip);
        return false;
    }
    if (m->read)
        return m->read(c, number, value);
    *value = *field(c, m, number);
    return true;
}

bool x86_msr_write(X86Cpu *c, uint32_t number, uint64_t value)
{
    const Msr *m = find(c, number);
    if (!m) {
        log_unimp("cpu %d: model-specific register %x written with %llx, at %llx", cpu_number(&c->cpu), number,
                  (unsigned long long)value, (unsigned long long)c->rip);
        return false;
    }
    if (m->readonly || value & m->reserved || (m->canonical && x86_has(c, X86_lm) && !x86_canonical(value)))
        return false;
    if (m->write)
        return m->write(c, number, value);
    *field(c, m, number) = value;
    return true;
}

/* ---- helpers ---- */

uint64_t x86_help_rdmsr(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint64_t v;
    (void)a, (void)b, (void)x;
    if (!x86_msr_read(c, (uint32_t)c->r[RCX], &v)) {
        x86_raise(c, X86_GP, 0);
        return 1;
    }
    c->r[RAX] = (uint32_t)v;
    c->r[RDX] = v >> 32;
    return 0;
}

uint64_t x86_help_wrmsr(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (!x86_msr_write(c, (uint32_t)c->r[RCX], (uint32_t)c->r[RAX] | c->r[RDX] << 32)) {
        x86_raise(c, X86_GP, 0);
        return 1;
    }
    x86_mode_changed(c);
    return 0;
}
