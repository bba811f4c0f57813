/* FXSAVE's and XSAVE's images of the floating-point and vector state, and MXCSR. SDM volume 1, 10.5 and chapter 13. */
#include "frontend/x86/xsave.h"
#include "base/f80.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87.h"

#include <string.h>

enum {
    FX_BYTES = 512,
    MXCSR_AT = 24,
    ST_AT = 32,
    XMM_AT = 160,
    HEADER_AT = 512,
    EXTENDED_AT = 576,
    MOST = 1024,
    X87 = 1,
    SSE = 2,
    AVX = 4,
};
#define COMPACTED (1ull << 63)

/* ---- MXCSR ---- */

uint32_t x86_get_mxcsr(const X86Cpu *c)
{
    return (c->mxcsr & ~(uint32_t)MXCSR_FLAGS) | (c->cpu.mxcsr & MXCSR_FLAGS);
}

void x86_put_mxcsr(X86Cpu *c, uint32_t v)
{
    bool changes = !(~c->mxcsr & MXCSR_MASKS) != !(~v & MXCSR_MASKS);
    c->mxcsr = v;
    c->cpu.mxcsr = v | MXCSR_MASKS;
    if (changes)
        x86_mode_changed(c);
}

/* ---- the parts of an image ---- */

static void put(uint8_t *at, unsigned bytes, uint64_t v)
{
    memcpy(at, &v, bytes);
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t v = 0;
    memcpy(&v, at, bytes);
    return v;
}

/* Pointers of 64 bits, which are kept canonical, or selector and offset. */
static void put_pointer(uint8_t *at, bool wide, uint64_t offset, uint32_t selector)
{
    put(at, 8, wide ? offset : (uint32_t)offset | (uint64_t)selector << 32);
}

static uint64_t get_pointer(const uint8_t *at, bool wide, uint32_t *selector)
{
    *selector = wide ? 0 : (uint32_t)get(at + 4, 2);
    return wide ? (uint64_t)((int64_t)(get(at, 8) << 16) >> 16) : get(at, 4);
}

static void put_x87(const X86Cpu *c, uint8_t *m, bool wide)
{
    memset(m, 0, MXCSR_AT);
    memset(m + ST_AT, 0, XMM_AT - ST_AT);
    put(m, 2, c->fcw);
    put(m + 2, 2, x87_status(c));
    for (unsigned n = 0; n < 8; n++)
        m[4] |= (uint8_t)(c->ftag[x87_physical(c, n)] << n);
    put(m + 6, 2, c->fop);
    put_pointer(m + 8, wide, c->fip, c->fcs);
    put_pointer(m + 16, wide, c->fdp, c->fds);
    for (unsigned i = 0; i < 8; i++)
        memcpy(m + ST_AT + 16 * i, &c->st[x87_at(c, i)], 10);
}

static void get_x87(X86Cpu *c, const uint8_t *m, bool wide)
{
    x87_set_control(c, (uint32_t)get(m, 2));
    x87_set_status(c, (uint32_t)get(m + 2, 2));
    for (unsigned n = 0; n < 8; n++)
        c->ftag[x87_physical(c, n)] = m[4] >> n & 1;
    c->fop = get(m + 6, 2) & 0x7ff;
    c->fip = get_pointer(m + 8, wide, &c->fcs);
    c->fdp = get_pointer(m + 16, wide, &c->fds);
    for (unsigned i = 0; i < 8; i++)
        memcpy(&c->st[x87_at(c, i)], m + ST_AT + 16 * i, 10);
}

static unsigned vectors(const X86Cpu *c)
{
    return x86_in_code64(c) ? 16 : 8;
}

static void initialise(X86Cpu *c, uint64_t components)
{
    if (components & X87) {
        x87_init(c);
        memset(c->st, 0, sizeof c->st);
    }
    if (components & SSE)
        memset(c->xmm, 0, sizeof *c->xmm * vectors(c));
    if (components & AVX)
        memset(c->ymm, 0, sizeof *c->ymm * vectors(c));
}

static bool all_zero(const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    for (size_t n = 0; n < count; n++)
        if (p[n])
            return false;
    return true;
}

static bool x87_is_initial(const X86Cpu *c)
{
    return c->fcw == FCW_INIT && !x87_status(c) && all_zero(c->ftag, sizeof c->ftag) && !c->fop && !c->fcs && !c->fds &&
           !c->fip && !c->fdp && all_zero(c->st, sizeof c->st);
}

/* Components that are not in their initial configuration: XINUSE. */
static uint64_t in_use(const X86Cpu *c)
{
    return (x87_is_initial(c) ? 0 : X87) | (all_zero(c->xmm, sizeof c->xmm) ? 0 : SSE) |
           (all_zero(c->ymm, sizeof c->ymm) ? 0 : AVX);
}

/* ---- FXSAVE ---- */

static bool aligned(X86Cpu *c, X86Seg seg, uint64_t offset, unsigned to)
{
    uint64_t linear;
    if (!x86_linear_of(c, seg, offset, 1, false, &linear))
        return false;
    if (linear % to)
        x86_raise(c, X86_GP, 0);
    return linear % to == 0;
}

/* Without CR4.OSFXSR the vector half is left alone. */
uint64_t x86_help_fxsave(Cpu *cpu, uint64_t how, uint64_t offset, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    X86Seg seg = XSAVE_SEG(how);
    uint8_t m[FX_BYTES];
    unsigned size = XMM_AT;
    (void)x;
    if (!aligned(c, seg, offset, 16) || !x86_can_write(c, seg, offset, FX_BYTES))
        return 1;
    put_x87(c, m, XSAVE_WIDE(how));
    put(m + MXCSR_AT, 4, x86_get_mxcsr(c));
    put(m + MXCSR_AT + 4, 4, MXCSR_WRITABLE);
    if (c->cr4 & CR4_OSFXSR) {
        memcpy(m + XMM_AT, c->xmm, 16 * vectors(c));
        size += 16 * vectors(c);
    }
    return !x86_write_bytes(c, seg, offset, m, size);
}

uint64_t x86_help_fxrstor(Cpu *cpu, uint64_t how, uint64_t offset, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    X86Seg seg = XSAVE_SEG(how);
    uint8_t m[FX_BYTES];
    (void)x;
    if (!aligned(c, seg, offset, 16) || !x86_read_bytes(c, seg, offset, m, sizeof m))
        return 1;
    if (c->cr4 & CR4_OSFXSR) {
        if (get(m + MXCSR_AT, 4) & ~(uint64_t)MXCSR_WRITABLE) {
            x86_raise(c, X86_GP, 0);
            return 1;
        }
        x86_put_mxcsr(c, (uint32_t)get(m + MXCSR_AT, 4));
        memcpy(c->xmm, m + XMM_AT, 16 * vectors(c));
    }
    get_x87(c, m, XSAVE_WIDE(how));
    f80_reset((uint16_t)c->fcontrol);
    return 0;
}

/* ---- XSAVE ---- */

/* #UD, #NM, #GP as the instruction's page has it. */
static bool may(X86Cpu *c, X86Seg seg, uint64_t offset)
{
    if (!(c->cr4 & CR4_OSXSAVE))
        x86_raise(c, X86_UD, 0);
    else if (c->cr0 & CR0_TS)
        x86_raise(c, X86_NM, 0);
    else
        return aligned(c, seg, offset, 64);
    return false;
}

static uint64_t requested(const X86Cpu *c)
{
    return ((uint32_t)c->r[RAX] | c->r[RDX] << 32) & c->xcr0;
}

/* Where a component is: at its place, or after those that are there too. */
static unsigned place(const X86Component *k, uint64_t compacted)
{
    unsigned at = EXTENDED_AT;
    if (!(compacted & COMPACTED) || k->bit < 2)
        return k->offset;
    for (const X86Component *p = x86_components; p != k; p++)
        at += p->bit >= 2 && compacted >> p->bit & 1 ? p->size : 0;
    return at;
}

static unsigned image_size(uint64_t components, uint64_t compacted)
{
    unsigned end = EXTENDED_AT;
    for (const X86Component *k = x86_components; k->size; k++)
        if (k->bit >= 2 && components >> k->bit & 1)
            end = place(k, compacted) + k->size;
    return end;
}

static bool write_component(X86Cpu *c, const X86Component *k, X86Seg seg, uint64_t to, unsigned at, bool wide)
{
    uint8_t m[XMM_AT];
    if (k->bit == 1)
        return x86_write_bytes(c, seg, to + at, c->xmm, 16 * vectors(c));
    if (k->bit == 2)
        return x86_write_bytes(c, seg, to + at, c->ymm, 16 * vectors(c));
    put_x87(c, m, wide);
    return x86_write_bytes(c, seg, to, m, MXCSR_AT) && x86_write_bytes(c, seg, to + ST_AT, m + ST_AT, XMM_AT - ST_AT);
}

/* how: XSAVE_OPT leaves out what is in its initial configuration; XSAVE_COMPACT also packs. */
static bool save(X86Cpu *c, uint64_t how, X86Seg seg, uint64_t to, uint64_t rfbm)
{
    uint64_t used = in_use(c), compacted = how & XSAVE_COMPACT ? rfbm | COMPACTED : 0, header[2] = { 0, compacted };
    if (!x86_can_write(c, seg, to, image_size(rfbm, compacted)))
        return false;
    if (compacted && x86_get_mxcsr(c) != MXCSR_INIT)
        used |= SSE; /* MXCSR is a part of it there */
    uint64_t written = how & (XSAVE_OPT | XSAVE_COMPACT) ? rfbm & used : rfbm;
    for (const X86Component *k = x86_components; k->size; k++)
        if (written >> k->bit & 1 && !write_component(c, k, seg, to, place(k, compacted), XSAVE_WIDE(how)))
            return false;
    if (compacted ? written & SSE : rfbm & (SSE | AVX))
        if (!x86_write(c, seg, to + MXCSR_AT, 8, x86_get_mxcsr(c) | (uint64_t)MXCSR_WRITABLE << 32))
            return false;
    if (!compacted && !x86_read(c, seg, to + HEADER_AT, 8, &header[0]))
        return false;
    header[0] = (header[0] & ~rfbm) | (used & rfbm);
    if (compacted)
        header[0] = used & rfbm;
    return x86_write_bytes(c, seg, to + HEADER_AT, header, compacted ? 16 : 8);
}

uint64_t x86_help_xsave(Cpu *cpu, uint64_t how, uint64_t offset, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    X86Seg seg = XSAVE_SEG(how);
    (void)x;
    return !may(c, seg, offset) || !save(c, how, seg, offset, requested(c));
}

/* Volume 1, 13.8.1, 13.8.2 and 13.12: what a header may say. */
static bool header_is_good(const X86Cpu *c, const uint8_t *header, uint64_t how)
{
    uint64_t there = get(header, 8), compacted = get(header + 8, 8);
    if (!(compacted & COMPACTED))
        return !(how & XSAVE_SUPERVISOR) && !(there & ~c->xcr0) && all_zero(header + 8, 16);
    return x86_has(c, X86_xsavec) && !(compacted & ~COMPACTED & ~c->xcr0) && !(there & ~(compacted & ~COMPACTED)) &&
           all_zero(header + 16, 48);
}

static void read_component(X86Cpu *c, const X86Component *k, const uint8_t *m, unsigned at, bool wide)
{
    if (k->bit == 0)
        get_x87(c, m, wide);
    else
        memcpy(k->bit == 1 ? c->xmm : c->ymm, m + at, 16 * vectors(c));
}

static bool restore(X86Cpu *c, const uint8_t *m, uint64_t how, uint64_t rfbm)
{
    uint64_t there = get(m + HEADER_AT, 8), compacted = get(m + HEADER_AT + 8, 8), mxcsr = get(m + MXCSR_AT, 4);
    bool sets_mxcsr = compacted & COMPACTED ? rfbm & SSE : rfbm & (SSE | AVX);
    if (compacted & COMPACTED && !(there & SSE))
        mxcsr = MXCSR_INIT;
    if (sets_mxcsr && mxcsr & ~(uint64_t)MXCSR_WRITABLE)
        return false;
    if (sets_mxcsr)
        x86_put_mxcsr(c, (uint32_t)mxcsr);
    initialise(c, rfbm & ~there);
    for (const X86Component *k = x86_components; k->size; k++)
        if ((rfbm & there) >> k->bit & 1)
            read_component(c, k, m, place(k, compacted), XSAVE_WIDE(how));
    if (rfbm & X87)
        f80_reset((uint16_t)c->fcontrol);
    return true;
}

uint64_t x86_help_xrstor(Cpu *cpu, uint64_t how, uint64_t offset, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    X86Seg seg = XSAVE_SEG(how);
    uint8_t m[MOST];
    (void)x;
    if (!may(c, seg, offset) || !x86_read_bytes(c, seg, offset, m, EXTENDED_AT))
        return 1;
    uint64_t rfbm = requested(c), compacted = get(m + HEADER_AT + 8, 8);
    bool good = header_is_good(c, m + HEADER_AT, how);
    if (good) {
        uint64_t there = get(m + HEADER_AT, 8) & rfbm;
        unsigned size = image_size(there, compacted);
        if (size > EXTENDED_AT && !x86_read_bytes(c, seg, offset + EXTENDED_AT, m + EXTENDED_AT, size - EXTENDED_AT))
            return 1;
        good = restore(c, m, how, rfbm);
    }
    if (!good)
        x86_raise(c, X86_GP, 0);
    return !good;
}

/* ---- MXCSR ---- */

uint64_t x86_help_ldmxcsr(Cpu *cpu, uint64_t v, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (v & ~(uint64_t)MXCSR_WRITABLE) {
        x86_raise(c, X86_GP, 0);
        return 1;
    }
    x86_put_mxcsr(c, (uint32_t)v);
    return 0;
}

uint64_t x86_help_stmxcsr(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return x86_get_mxcsr(x86_of(cpu));
}
