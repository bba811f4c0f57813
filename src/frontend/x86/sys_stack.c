/* Stacks of far transfers and interrupts: volume 3, 5.8.5 and 6.14. */
#include "frontend/x86/segment.h"

X86Stack x86_stack(const X86Cpu *c)
{
    return (X86Stack){ .ss = c->seg[SS], .sp = c->r[RSP], .bytes = x86_stack_size(c), .flat = x86_in_code64(c) };
}

/* Where `bytes` at an offset are; false: #SS. An inner stack's error code is its selector. */
static bool find(X86Cpu *c, const X86Stack *s, uint64_t offset, unsigned bytes, bool write, uint64_t *linear)
{
    *linear = s->flat ? offset : (uint32_t)(s->ss.base + offset);
    uint64_t span = write ? s->ss.span_write : s->ss.span_read, from = offset - s->ss.lo;
    if (s->flat ? x86_canonical(offset) && x86_canonical(offset + bytes - 1) : from <= span && from + bytes <= span)
        return true;
    return x86_fault(c, X86_SS, s->inner ? s->ss.selector : 0);
}

bool x86_push_to(X86Cpu *c, X86Stack *s, unsigned bytes, uint64_t value)
{
    uint64_t linear, mask = x86_mask(s->bytes), offset = (s->sp - bytes) & mask;
    if (!find(c, s, offset, bytes, true, &linear))
        return false;
    bool ok = s->inner ? x86_system_write(c, linear, bytes, value)
                       : mem_store(&c->cpu, linear, (int)bytes, false, (V128){ value, 0 });
    s->sp = (s->sp & ~mask) | offset;
    return ok;
}

bool x86_pop_from(X86Cpu *c, X86Stack *s, unsigned bytes, uint64_t *value)
{
    uint64_t linear, mask = x86_mask(s->bytes), offset = s->sp & mask;
    V128 v;
    if (!find(c, s, offset, bytes, false, &linear) || !mem_load(&c->cpu, linear, (int)bytes, false, &v))
        return false;
    *value = v.lo & x86_mask(bytes);
    s->sp = (s->sp & ~mask) | ((offset + bytes) & mask);
    return true;
}

void x86_set_stack_pointer(X86Cpu *c, const X86Stack *s)
{
    uint64_t mask = x86_mask(s->bytes);
    c->r[RSP] = s->bytes == 2 ? (c->r[RSP] & ~mask) | (s->sp & mask) : s->sp & mask;
}

void x86_set_stack(X86Cpu *c, const X86Stack *s)
{
    c->seg[SS] = s->ss;
    x86_set_stack_pointer(c, s);
}

/* In IA-32e mode the task segment has pointers only, and SS becomes null. */
static bool inner_stack64(X86Cpu *c, unsigned cpl, unsigned ist, X86Stack *s)
{
    uint32_t at = ist ? 0x24 + 8 * (ist - 1) : 4 + 8 * cpl;
    if (at + 7 > c->tr.limit)
        return x86_fault(c, X86_TS, c->tr.selector);
    *s = (X86Stack){ .bytes = 8, .inner = true, .flat = true };
    s->ss.selector = cpl;
    s->ss.attr = cpl << SEG_DPL_SHIFT;
    return x86_system_read(c, c->tr.base + at, 8, &s->sp);
}

bool x86_inner_stack(X86Cpu *c, unsigned cpl, unsigned ist, X86Stack *s)
{
    bool wide = (c->tr.attr >> 8 & 15) >= SYS_TSS32;
    unsigned bytes = wide ? 4 : 2;
    uint32_t at = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
    uint64_t sp, selector;
    X86Descriptor d;
    if (x86_is_long(c))
        return inner_stack64(c, cpl, ist, s);
    if (at + bytes + 1 > c->tr.limit)
        return x86_fault(c, X86_TS, c->tr.selector);
    if (!x86_system_read(c, c->tr.base + at, bytes, &sp) ||
        !x86_system_read(c, c->tr.base + at + bytes, 2, &selector) ||
        !x86_check_stack_segment(c, (uint16_t)selector, cpl, X86_TS, &d) || !x86_set_accessed(c, &d))
        return false;
    *s = (X86Stack){ .ss = x86_segment_of(&d, (uint16_t)selector), .sp = sp, .inner = true };
    s->bytes = s->ss.attr & SEG_DB ? 4 : 2;
    return true;
}
