/* Guest memory through segments, as helpers see it. */
#include "frontend/x86/sys.h"

#include <string.h>

bool x86_linear_of(X86Cpu *c, X86Seg seg, uint64_t offset, unsigned bytes, bool write, uint64_t *linear)
{
    const X86Segment *s = &c->seg[seg];
    if (x86_in_code64(c)) {
        *linear = seg < FS ? offset : offset + s->base;
        return true;
    }
    *linear = (uint32_t)(offset + s->base);
    uint64_t span = write ? s->span_write : s->span_read;
    if (offset - s->lo <= span && offset - s->lo + bytes <= span)
        return true;
    x86_raise(c, seg == SS ? X86_SS : X86_GP, 0);
    return false;
}

bool x86_read(X86Cpu *c, X86Seg seg, uint64_t offset, unsigned bytes, uint64_t *value)
{
    V128 v;
    uint64_t linear;
    if (!x86_linear_of(c, seg, offset, bytes, false, &linear) || !mem_load(&c->cpu, linear, (int)bytes, false, &v))
        return false;
    *value = bytes < 8 ? v.lo & ((1ull << 8 * bytes) - 1) : v.lo;
    return true;
}

bool x86_write(X86Cpu *c, X86Seg seg, uint64_t offset, unsigned bytes, uint64_t value)
{
    uint64_t linear;
    return x86_linear_of(c, seg, offset, bytes, true, &linear) &&
           mem_store(&c->cpu, linear, (int)bytes, false, (V128){ value, 0 });
}

/* The largest access that is not larger than what is left. */
static unsigned piece(unsigned left)
{
    return left >= 16 ? 16 : 1u << (31 - __builtin_clz(left));
}

bool x86_read_bytes(X86Cpu *c, X86Seg seg, uint64_t offset, void *bytes, unsigned count)
{
    uint64_t linear;
    if (!x86_linear_of(c, seg, offset, count, false, &linear))
        return false;
    for (unsigned at = 0, n; at < count; at += n) {
        V128 v;
        n = piece(count - at);
        if (!mem_load(&c->cpu, linear + at, (int)n, false, &v))
            return false;
        memcpy((uint8_t *)bytes + at, &v, n);
    }
    return true;
}

static bool writable(X86Cpu *c, X86Seg seg, uint64_t offset, unsigned count, uint64_t *linear)
{
    return x86_linear_of(c, seg, offset, count, true, linear) && mem_probe(&c->cpu, *linear, (int)count, STORE, false);
}

bool x86_can_write(X86Cpu *c, X86Seg seg, uint64_t offset, unsigned count)
{
    uint64_t linear;
    return writable(c, seg, offset, count, &linear);
}

bool x86_write_bytes(X86Cpu *c, X86Seg seg, uint64_t offset, const void *bytes, unsigned count)
{
    uint64_t linear;
    if (!writable(c, seg, offset, count, &linear))
        return false;
    for (unsigned at = 0, n; at < count; at += n) {
        V128 v = { 0 };
        n = piece(count - at);
        memcpy(&v, (const uint8_t *)bytes + at, n);
        if (!mem_store(&c->cpu, linear + at, (int)n, false, v))
            return false;
    }
    return true;
}

/* A fault changes the mode, and with it the bank. */
bool x86_system_read(X86Cpu *c, uint64_t linear, unsigned bytes, uint64_t *value)
{
    V128 v;
    Regime r = x86_system_regime(c);
    TlbBank *own = c->cpu.bank;
    c->cpu.bank = cpu_bank(&c->cpu, &r);
    if (!mem_load(&c->cpu, linear, (int)bytes, false, &v))
        return false;
    c->cpu.bank = own;
    *value = bytes < 8 ? v.lo & ((1ull << 8 * bytes) - 1) : v.lo;
    return true;
}

bool x86_system_write(X86Cpu *c, uint64_t linear, unsigned bytes, uint64_t value)
{
    Regime r = x86_system_regime(c);
    TlbBank *own = c->cpu.bank;
    c->cpu.bank = cpu_bank(&c->cpu, &r);
    if (!mem_store(&c->cpu, linear, (int)bytes, false, (V128){ value, 0 }))
        return false;
    c->cpu.bank = own;
    return true;
}
