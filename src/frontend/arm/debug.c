/* Debug registers of the guest: breakpoints and watchpoints that a debugger inside it sets. The engine finds the places
 * (cpu/debug.h); here is which of them count. ARM DDI 0487, sections D2.8 and D2.9. */
#include "frontend/arm/arm.h"

#include "cpu/debug.h"

#include <string.h>

enum { BREAKPOINTS = 6, WATCHPOINTS = 4 };
enum {
    ADDRESS = 0,
    ADDRESS_LINKED = 1,
    CONTEXT_LINKED = 3
}; /* DBGBCR.BT; the others, of whole contexts, never match */
enum { STATUS_DEBUG = 0x22, ISS_WNR = 1 << 6 };
enum { LSC_LOAD = 1, LSC_STORE = 2 };

typedef struct Pair {
    uint32_t value, control; /* offsets in ArmCpu */
} Pair;

#define BREAK_PAIR(n)                                                                                                  \
    {                                                                                                                  \
        offsetof(ArmCpu, sys.DBGBVR##n##_EL1), offsetof(ArmCpu, sys.DBGBCR##n##_EL1)                                   \
    }
#define WATCH_PAIR(n)                                                                                                  \
    {                                                                                                                  \
        offsetof(ArmCpu, sys.DBGWVR##n##_EL1), offsetof(ArmCpu, sys.DBGWCR##n##_EL1)                                   \
    }
static const Pair pairs[BREAKPOINTS + WATCHPOINTS] = {
    BREAK_PAIR(0), BREAK_PAIR(1), BREAK_PAIR(2), BREAK_PAIR(3), BREAK_PAIR(4),
    BREAK_PAIR(5), WATCH_PAIR(0), WATCH_PAIR(1), WATCH_PAIR(2), WATCH_PAIR(3),
};

static uint64_t value_of(const ArmCpu *c, int n)
{
    return *(const uint64_t *)(const void *)((const char *)c + pairs[n].value);
}

static uint64_t control_of(const ArmCpu *c, int n)
{
    return *(const uint64_t *)(const void *)((const char *)c + pairs[n].control);
}

static unsigned type_of(uint64_t control)
{
    return control >> 20 & 15;
}

/* ---- where ---- */

static DebugPoint break_place(uint64_t value, uint64_t control)
{
    if (!(control & 1) || type_of(control) > ADDRESS_LINKED)
        return (DebugPoint){ 0 };
    return (DebugPoint){ .kind = DEBUG_BREAK, .at = value & ~3ull };
}

/* Bytes by the select bits of one doubleword, which are to be next to each other, or a power of two (MASK). */
static DebugPoint watch_place(uint64_t value, uint64_t control)
{
    unsigned load_store = control >> 3 & 3, bytes = control >> 5 & 255, mask = control >> 24 & 31;
    DebugPoint p = { .kind = (DebugKind)((load_store & LSC_LOAD ? DEBUG_READ : 0) |
                                         (load_store & LSC_STORE ? DEBUG_WRITE : 0)) };
    value &= ~3ull;
    if (value & 4)
        bytes &= 15;
    if (!(control & 1) || !p.kind || (!mask && !bytes))
        return (DebugPoint){ 0 };
    if (mask >= 3) {
        p.len = 1ull << mask;
        p.at = value & ~(p.len - 1);
        return p;
    }
    unsigned first = (unsigned)__builtin_ctz(bytes);
    p.at = value + first;
    p.len = (unsigned)__builtin_ctz(~(bytes >> first));
    return p;
}

static void place(ArmCpu *c, int n)
{
    uint64_t value = value_of(c, n), control = control_of(c, n);
    DebugPoint p = n < BREAKPOINTS ? break_place(value, control) : watch_place(value, control);
    debug_own(&c->cpu, n, &p);
}

void arm_debug_changed(ArmCpu *c)
{
    for (int n = 0; n < BREAKPOINTS + WATCHPOINTS; n++)
        place(c, n);
}

void sys_set_breakpoint(ArmCpu *c, const SysReg *r, uint64_t value)
{
    sysreg_store(c, r, value);
    place(c, r->index);
}

void sys_set_watchpoint(ArmCpu *c, const SysReg *r, uint64_t value)
{
    sysreg_store(c, r, value);
    place(c, BREAKPOINTS + r->index);
}

/* ---- whether ---- */

/* PMC or PAC, and HMC: for which exception levels (table D2-10; there is no EL3, and all is one security state). */
static bool of_level(uint64_t control, int el)
{
    unsigned levels = control >> 1 & 3, secure_only = (control >> 14 & 3) == 2;
    bool higher = control >> 13 & 1;
    return !secure_only && (el == 2 ? higher : el == 1 ? levels & 1 : levels & 2);
}

/* D2.8.6: the breakpoint it is linked to compares the context, which only EL1 and EL0 have here. */
static bool of_context(const ArmCpu *c, uint64_t control)
{
    unsigned other = control >> 16 & 15;
    uint64_t linked = other < BREAKPOINTS ? control_of(c, (int)other) : 0;
    return linked & 1 && type_of(linked) == CONTEXT_LINKED && c->el < 2 &&
           (uint32_t)value_of(c, (int)other) == (uint32_t)c->contextidr[1];
}

static bool enabled(const ArmCpu *c)
{
    return c->mdscr & MDSCR_MDE && arm_debug_enabled(c);
}

/* A software step that is due comes first (D1.3.2, priority of synchronous exceptions). */
bool arm_own_break(Cpu *cpu, int n)
{
    ArmCpu *c = arm_of(cpu);
    uint64_t control = control_of(c, n);
    bool step_due = arm_step_active(c) && !c->ss;
    if (!enabled(c) || step_due || !of_level(control, c->el) ||
        (type_of(control) == ADDRESS_LINKED && !of_context(c, control)))
        return false;
    arm_take_sync(c, EC_BREAK_LOW, STATUS_DEBUG, c->pc, false, 0);
    return true;
}

/* An access that reads and writes is told as a write only if its read would not have been (D17.2.37). */
bool arm_own_watch(Cpu *cpu, int n, uint64_t addr, unsigned kinds, bool user)
{
    ArmCpu *c = arm_of(cpu);
    uint64_t control = control_of(c, n);
    bool linked = control >> 20 & 1, wants_loads = control >> 3 & LSC_LOAD;
    if (!enabled(c) || !of_level(control, user ? 0 : c->el) || (linked && !of_context(c, control)))
        return false;
    bool write = kinds & DEBUG_WRITE && !(kinds & DEBUG_READ && wants_loads);
    arm_take_sync(c, EC_WATCH_LOW, STATUS_DEBUG | (write ? ISS_WNR : 0), c->pc, true, addr);
    return true;
}
