/* Breakpoint registers. SDM volume 3, 17.2. While DR7 enables any, units have one instruction (M_DEBUG), so that each
 * begins with a look at instruction breakpoints and ends with one at what was touched. Data breakpoints are points of
 * the engine's table (cpu/debug.h): the access is done, and told after the instruction. */
#include "cpu/debug.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

#include <string.h>

typedef enum Kind { ON_FETCH, ON_WRITE, ON_PORT, ON_ACCESS } Kind;

static Kind kind_of(const X86Cpu *c, unsigned n)
{
    return (Kind)(c->dr[7] >> (16 + 4 * n) & 3);
}

static unsigned length_of(const X86Cpu *c, unsigned n)
{
    static const uint8_t lengths[] = { 1, 2, 8, 4 };
    return lengths[c->dr[7] >> (18 + 4 * n) & 3];
}

static bool is_enabled(const X86Cpu *c, unsigned n)
{
    return c->dr[7] >> 2 * n & 3;
}

static bool overlaps(const X86Cpu *c, unsigned n, uint64_t at, uint64_t bytes)
{
    uint64_t length = length_of(c, n), from = c->dr[n] & ~(length - 1);
    return at - from < length || from - at < bytes;
}

/* Bits of DR6. */
static uint32_t hits(const X86Cpu *c, unsigned kinds, uint64_t at, uint64_t bytes)
{
    uint32_t found = 0;
    for (unsigned n = 0; n < 4; n++)
        if (is_enabled(c, n) && kinds >> kind_of(c, n) & 1 && overlaps(c, n, at, bytes))
            found |= 1u << n;
    return found;
}

bool x86_own_watch(Cpu *cpu, int n, uint64_t at, unsigned kinds, bool user)
{
    (void)at, (void)kinds, (void)user;
    x86_of(cpu)->dr6_pending |= 1u << n;
    return false;
}

void x86_touched_port(X86Cpu *c, unsigned port, unsigned bytes)
{
    if (c->dr[7] & DR7_ENABLED && c->cr4 & CR4_DE)
        c->dr6_pending |= hits(c, 1 << ON_PORT, port, bytes);
}

static DebugPoint point_of(const X86Cpu *c, unsigned n)
{
    Kind kind = kind_of(c, n);
    DebugPoint p;
    memset(&p, 0, sizeof p); /* compared as a whole */
    if (!is_enabled(c, n) || (kind != ON_WRITE && kind != ON_ACCESS))
        return p;
    p.kind = kind == ON_WRITE ? DEBUG_WRITE : DEBUG_ACCESS;
    p.len = length_of(c, n);
    p.at = c->dr[n] & ~(p.len - 1);
    return p;
}

/* After any change of DR0 to DR3 or DR7. */
void x86_breakpoints_changed(X86Cpu *c)
{
    for (unsigned n = 0; n < 4; n++) {
        DebugPoint p = point_of(c, n);
        debug_own(&c->cpu, (int)n, &p);
    }
    x86_mode_changed(c);
}

/* Before an instruction. RF lets one through. */
uint64_t x86_help_check_break(Cpu *cpu, uint64_t pc, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (c->eflags & FL_RF) {
        c->eflags &= ~(uint32_t)FL_RF;
        return 0;
    }
    uint32_t found = hits(c, 1 << ON_FETCH, pc, 1);
    if (!found)
        return 0;
    c->dr[6] = (c->dr[6] & ~0xfull) | found;
    x86_raise(c, X86_DB, 0);
    return 1;
}
