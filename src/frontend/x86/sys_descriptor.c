/* Descriptor tables. */
#include "frontend/x86/segment.h"

#include "core/machine.h"
#include "core/space.h"
#include "cpu/inspect.h"

bool x86_fault(X86Cpu *c, X86Vector vector, uint32_t selector)
{
    x86_raise(c, vector, (selector & 0xfffc) | c->from_outside);
    return false;
}

/* Where it is; ~0: not within its table. */
static uint64_t place(const X86Cpu *c, uint16_t selector, unsigned bytes)
{
    bool local = selector & 4;
    uint32_t last = (selector & 0xfff8u) + bytes - 1;
    if (local && !(c->ldtr.attr & SEG_P))
        return ~0ull;
    if (last > (local ? c->ldtr.limit : c->gdt_limit))
        return ~0ull;
    return (local ? c->ldtr.base : c->gdt_base) + (selector & 0xfff8u);
}

static uint64_t cut(const X86Cpu *c, uint64_t linear)
{
    return x86_is_long(c) ? linear : (uint32_t)linear;
}

bool x86_descriptor_peek(X86Cpu *c, uint16_t selector, X86Descriptor *d, bool *ok)
{
    uint64_t at = selector & 0xfffc ? place(c, selector, 8) : ~0ull, v;
    *ok = true;
    if (at == ~0ull)
        return false;
    at = cut(c, at);
    *ok = x86_system_read(c, at, 8, &v);
    *d = (X86Descriptor){ at, (uint32_t)v, (uint32_t)(v >> 32), 0, selector };
    return *ok;
}

bool x86_descriptor_inspect(X86Cpu *c, uint16_t selector, X86Descriptor *d)
{
    uint64_t at = selector & 0xfffc ? place(c, selector, 8) : ~0ull, phys, v;
    if (at == ~0ull || (at & 0xfff) > 0xff8 || !inspect_translate(&c->cpu, cut(c, at), &phys) ||
        !space_read(c->cpu.dev.machine->memory, phys, &v, sizeof v))
        return false;
    *d = (X86Descriptor){ at, (uint32_t)v, (uint32_t)(v >> 32), 0, selector };
    return true;
}

bool x86_descriptor(X86Cpu *c, uint16_t selector, X86Vector vector, X86Descriptor *d)
{
    bool ok;
    return x86_descriptor_peek(c, selector, d, &ok) || (ok && x86_fault(c, vector, selector));
}

bool x86_descriptor_upper(X86Cpu *c, X86Descriptor *d, X86Vector vector)
{
    uint64_t v;
    if (!x86_is_long(c))
        return true;
    if (place(c, d->selector, 16) == ~0ull)
        return x86_fault(c, vector, d->selector);
    if (!x86_system_read(c, d->at + 8, 8, &v))
        return false;
    d->upper = (uint32_t)v;
    return !(v >> 40 & 0x1f) || x86_fault(c, vector, d->selector);
}

bool x86_set_accessed(X86Cpu *c, X86Descriptor *d)
{
    if (d->high & SEG_A)
        return true;
    d->high |= SEG_A;
    return x86_system_write(c, d->at + 5, 1, d->high >> 8 & 0xff);
}

bool x86_set_busy(X86Cpu *c, X86Descriptor *d, bool busy)
{
    d->high = busy ? d->high | SEG_RW : d->high & ~(uint32_t)SEG_RW; /* the same bit */
    return x86_system_write(c, d->at + 5, 1, d->high >> 8 & 0xff);
}

uint64_t x86_system_base(const X86Descriptor *d)
{
    return x86_descriptor_base(d) | (uint64_t)d->upper << 32;
}
