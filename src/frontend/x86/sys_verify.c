/* LAR, LSL, VERR, VERW and ARPL: what a selector would give, without loading it. SDM volume 3, 5.10. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

enum { LAR_TYPES = 0x1a3e, LAR_LONG = 0x1a04, LSL_TYPES = 0x0a0e, LSL_LONG = 0x0a04 };

/* A descriptor that may be looked at from here; *ok false: a page fault was taken. */
static bool look(X86Cpu *c, uint16_t selector, uint32_t types, X86Descriptor *d, bool *ok)
{
    if (!x86_descriptor_peek(c, selector, d, ok))
        return false;
    bool free = x86_is_code(d) && x86_is_conforming(d);
    if (x86_is_system(d) && !(types >> x86_system_type(d) & 1))
        return false;
    return free || (x86_dpl(d) >= c->cpl && x86_dpl(d) >= (selector & 3u));
}

static void set_zero(X86Cpu *c, bool zero)
{
    c->flags = zero ? c->flags | FLAG_Z : c->flags & ~(uint32_t)FLAG_Z;
}

/* what: 0 LAR, 1 LSL; a register of `bytes`. */
uint64_t x86_help_look(Cpu *cpu, uint64_t selector, uint64_t what, uint64_t reg)
{
    X86Cpu *c = x86_of(cpu);
    X86Descriptor d;
    unsigned bytes = what >> 8 & 0xff;
    bool limit = what & 1, ok;
    uint32_t types = x86_is_long(c) ? (limit ? LSL_LONG : LAR_LONG) : limit ? LSL_TYPES : LAR_TYPES;
    bool seen = look(c, (uint16_t)selector, types, &d, &ok);
    if (!ok)
        return 1;
    set_zero(c, seen);
    if (!seen)
        return 0;
    uint64_t v = limit ? x86_descriptor_limit(&d) : d.high & 0xf0ff00;
    c->r[reg] = bytes == 2 ? (c->r[reg] & ~0xffffull) | (v & 0xffff) : v;
    return 0;
}

/* write: VERW. */
uint64_t x86_help_verify(Cpu *cpu, uint64_t selector, uint64_t write, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    X86Descriptor d;
    bool ok, seen = look(c, (uint16_t)selector, 0, &d, &ok);
    (void)x;
    if (!ok)
        return 1;
    bool may = seen && (write ? x86_is_writable_data(&d) : !x86_is_code(&d) || d.high & SEG_RW);
    set_zero(c, may);
    return 0;
}
