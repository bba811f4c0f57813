/* Taking exceptions and interrupts. SDM volume 3, chapter 6, 21.1.4 and 21.3. */
#include "base/log.h"
#include "core/machine.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

typedef struct Event {
    uint8_t vector;
    bool soft;             /* INT n, INT3, INTO: the gate's privilege level counts */
    const uint32_t *error; /* NULL: none */
    uint64_t next;         /* where it goes on, linear */
    uint32_t flags;        /* as they are pushed */
} Event;

/* ---- real mode ---- */

static bool push_real(X86Cpu *c, X86Stack *s, const Event *e)
{
    return x86_push_to(c, s, 2, e->flags) && x86_push_to(c, s, 2, c->seg[CS].selector) &&
           x86_push_to(c, s, 2, x86_ip(c, e->next));
}

/* Through a vector in memory at `table`. Its stack is the current one. */
static bool take_vector(X86Cpu *c, const Event *e, uint64_t table, uint32_t clear)
{
    X86Stack s = x86_stack(c);
    uint64_t entry;
    if (!x86_system_read(c, table + 4 * e->vector, 4, &entry) || !push_real(c, &s, e))
        return false;
    x86_set_stack_pointer(c, &s);
    c->eflags &= ~clear;
    x86_set_real_segment(c, CS, (uint16_t)(entry >> 16));
    x86_set_ip(c, entry & 0xffff);
    return true;
}

static bool take_real(X86Cpu *c, const Event *e)
{
    if (c->idt_limit < 4u * e->vector + 3)
        return x86_fault(c, X86_GP, e->vector * 8u + 2);
    return take_vector(c, e, c->idt_base, FL_IF | FL_TF | FL_RF | FL_AC);
}

/* ---- protected mode ---- */

typedef struct Gate {
    X86Descriptor d; /* selector: as error codes have it */
    X86Descriptor code;
    uint64_t ip;
    unsigned bytes, ist;
    bool trap;
} Gate;

/* Bit 1 of an error code: it is about the IDT. */
static bool gate_fault(X86Cpu *c, X86Vector vector, const Event *e)
{
    x86_raise(c, vector, e->vector * 8u + 2 + c->from_outside);
    return false;
}

static bool read_gate(X86Cpu *c, const Event *e, Gate *g)
{
    unsigned bytes = x86_is_long(c) ? 16 : 8;
    uint64_t v, upper = 0, at = c->idt_base + e->vector * bytes;
    if (e->vector * bytes + bytes - 1 > c->idt_limit)
        return gate_fault(c, X86_GP, e);
    if (!x86_system_read(c, at, 8, &v) || (bytes == 16 && !x86_system_read(c, at + 8, 8, &upper)))
        return false;
    g->d = (X86Descriptor){ at, (uint32_t)v, (uint32_t)(v >> 32), (uint32_t)upper, 0 };
    return true;
}

static bool check_gate(X86Cpu *c, const Event *e, Gate *g)
{
    X86SystemType type = x86_system_type(&g->d);
    bool wide = type == SYS_INTERRUPT32 || type == SYS_TRAP32, narrow = type == SYS_INTERRUPT16 || type == SYS_TRAP16;
    bool good = wide || (!x86_is_long(c) && (narrow || type == SYS_TASK));
    if (!x86_is_system(&g->d) || !good || (e->soft && x86_dpl(&g->d) < c->cpl))
        return gate_fault(c, X86_GP, e);
    if (!(g->d.high & SEG_P))
        return gate_fault(c, X86_NP, e);
    g->trap = type == SYS_TRAP32 || type == SYS_TRAP16;
    g->bytes = x86_is_long(c) ? 8 : wide ? 4 : 2;
    g->ist = x86_is_long(c) ? g->d.high & 7 : 0;
    g->ip = (g->d.low & 0xffff) | (wide ? g->d.high & 0xffff0000 : 0) | (uint64_t)g->d.upper << 32;
    return true;
}

/* Only a segment of level 0 that is not conforming takes over from virtual-8086 mode. */
static bool check_handler(X86Cpu *c, Gate *g)
{
    uint16_t selector = (uint16_t)(g->d.low >> 16);
    bool vm = c->eflags & FL_VM, wide = true;
    if (!(selector & 0xfffc))
        return x86_fault(c, X86_GP, 0);
    if (!x86_descriptor(c, selector, X86_GP, &g->code))
        return false;
    if (x86_is_long(c))
        wide = (g->code.high & (SEG_L | SEG_DB)) == SEG_L;
    bool inner = !x86_is_conforming(&g->code) && x86_dpl(&g->code) < c->cpl;
    if (!x86_is_code(&g->code) || !wide || x86_dpl(&g->code) > c->cpl || (vm && (!inner || x86_dpl(&g->code))))
        return x86_fault(c, X86_GP, selector);
    return x86_check_code(c, &g->code, g->ip);
}

/* The old stack's pointer, always in IA-32e mode, else where the privilege changes. */
static bool push_old_stack(X86Cpu *c, X86Stack *s, const Gate *g)
{
    static const X86Seg data[] = { GS, FS, DS, ES };
    for (unsigned n = 0; n < 4 && c->eflags & FL_VM; n++)
        if (!x86_push_to(c, s, g->bytes, c->seg[data[n]].selector))
            return false;
    return x86_push_to(c, s, g->bytes, c->seg[SS].selector) &&
           x86_push_to(c, s, g->bytes, c->r[RSP] & x86_mask(g->bytes));
}

static bool push_frame(X86Cpu *c, X86Stack *s, const Gate *g, const Event *e)
{
    return x86_push_to(c, s, g->bytes, e->flags) && x86_push_to(c, s, g->bytes, c->seg[CS].selector) &&
           x86_push_to(c, s, g->bytes, x86_ip(c, e->next)) && (!e->error || x86_push_to(c, s, g->bytes, *e->error));
}

static bool handler_stack(X86Cpu *c, const Gate *g, unsigned cpl, X86Stack *s)
{
    if (cpl < c->cpl || g->ist) {
        if (!x86_inner_stack(c, cpl, g->ist, s))
            return false;
        if (cpl == c->cpl)
            s->ss = c->seg[SS];
    } else {
        *s = x86_stack(c);
    }
    if (!x86_is_long(c))
        return true;
    s->flat = true;
    s->bytes = 8;
    s->sp &= ~15ull;
    return true;
}

static void enter_handler(X86Cpu *c, const Gate *g, const X86Stack *s, unsigned cpl)
{
    bool vm = c->eflags & FL_VM;
    c->eflags &= ~(uint32_t)(FL_TF | FL_NT | FL_RF | FL_VM | (g->trap ? 0 : FL_IF));
    x86_enter_code(c, &g->code, cpl, g->ip);
    x86_set_stack(c, s);
    static const X86Seg data[] = { GS, FS, DS, ES };
    for (unsigned n = 0; n < 4 && vm; n++)
        x86_clear_segment(c, data[n], 0);
}

static bool take_protected(X86Cpu *c, const Event *e)
{
    Gate g = { 0 };
    X86Stack s;
    if (!read_gate(c, e, &g) || !check_gate(c, e, &g))
        return false;
    if (x86_system_type(&g.d) == SYS_TASK)
        return x86_task_gate(c, &g.d, TASK_CALL, e->next, e->error);
    if (!check_handler(c, &g))
        return false;
    unsigned cpl = x86_is_conforming(&g.code) ? c->cpl : x86_dpl(&g.code);
    if (!handler_stack(c, &g, cpl, &s))
        return false;
    if ((cpl < c->cpl || x86_is_long(c)) && !push_old_stack(c, &s, &g))
        return false;
    if (!push_frame(c, &s, &g, e) || !x86_set_accessed(c, &g.code))
        return false;
    enter_handler(c, &g, &s, cpl);
    return true;
}

/* ---- virtual-8086 mode extensions: 21.3 ---- */

/* INT n goes through the program's own vector if its bit of the map, which ends at the I/O map, is 0. */
static bool is_redirected(X86Cpu *c, unsigned vector, bool *redirected)
{
    uint64_t map, bits;
    *redirected = false;
    if (!(c->cr4 & CR4_VME) || (c->tr.attr >> 8 & 15) < SYS_TSS32 || c->tr.limit < 0x67)
        return true;
    if (!x86_system_read(c, c->tr.base + 0x66, 2, &map))
        return false;
    if (map < 32 || map - 32 + vector / 8 > c->tr.limit)
        return true;
    if (!x86_system_read(c, c->tr.base + map - 32 + vector / 8, 1, &bits))
        return false;
    *redirected = !(bits >> vector % 8 & 1);
    return true;
}

/* Methods 2 to 6: below IOPL 3, VIF stands for IF. */
static bool take_virtual(X86Cpu *c, Event *e, bool *taken)
{
    bool full = (c->eflags & FL_IOPL) == FL_IOPL, redirected;
    *taken = true;
    if (!is_redirected(c, e->vector, &redirected))
        return false;
    if (redirected && full)
        return take_vector(c, e, 0, FL_IF | FL_TF | FL_AC);
    if (redirected) {
        bool vif = c->eflags & FL_VIF;
        e->flags = (e->flags & ~(uint32_t)FL_IF) | FL_IOPL | (vif ? FL_IF : 0);
        return take_vector(c, e, 0, FL_VIF | FL_TF | FL_AC);
    }
    if (!full)
        return x86_fault(c, X86_GP, 0);
    *taken = false;
    return true;
}

/* ---- any of them ---- */

static void take(X86Cpu *c, Event *e, bool is_int_n)
{
    bool taken = false, ok = true;
    if (c->eflags & FL_VM && is_int_n)
        ok = take_virtual(c, e, &taken);
    if (ok && !taken)
        ok = c->cr0 & CR0_PE ? take_protected(c, e) : take_real(c, e);
    if (!ok)
        return; /* something worse was taken in its place */
    c->shadow = 0;
    c->delivering = 0;
    c->from_outside = 0;
    x86_mode_changed(c);
    if (c->dr6_pending) /* a task switch found its trap bit */
        x86_finish(c, false);
}

/* The processor stops, and a PC resets it. */
void x86_shut_down(X86Cpu *c, const char *why)
{
    log_guest("cpu %d: shut down: %s (at %x:%llx)", cpu_number(&c->cpu), why, c->seg[CS].selector,
              (unsigned long long)x86_ip(c, c->rip));
    c->delivering = 0;
    c->from_outside = 0;
    machine_stop(c->cpu.dev.machine, STOP_RESET);
    cpu_power(&c->cpu, false);
}

/* Table 6-5: what an exception during the delivery of another comes to. */
static bool is_contributory(unsigned vector)
{
    return vector == X86_DE || (vector >= X86_TS && vector <= X86_GP);
}

static bool is_double(unsigned first, unsigned second)
{
    if (first == X86_PF)
        return second == X86_PF || is_contributory(second);
    return is_contributory(first) && is_contributory(second);
}

static bool has_error_code(unsigned vector)
{
    return vector == X86_DF || (vector >= X86_TS && vector <= X86_PF) || vector == X86_AC;
}

/* Faults, after which the instruction is to be tried again, push RF = 1; those of breakpoints and traps do not. */
static bool is_fault(unsigned vector)
{
    return vector != X86_DB && vector != X86_NMI && vector != X86_BP && vector != X86_OF && vector != X86_DF &&
           vector != X86_MC;
}

static void log_exception(const X86Cpu *c, unsigned vector, uint32_t error)
{
    log_line("cpu %d: exception %u, error %x, at %x:%llx (linear %llx), cpl %u, cr2 %llx", cpu_number(&c->cpu), vector,
             error, c->seg[CS].selector, (unsigned long long)x86_ip(c, c->rip), (unsigned long long)c->rip, c->cpl,
             (unsigned long long)c->cr2);
}

void x86_raise(X86Cpu *c, X86Vector vector, uint32_t error)
{
    if (log_on(LOG_INT))
        log_exception(c, vector, error);
    unsigned first = c->delivering;
    if (first == 1 + X86_DF) {
        x86_shut_down(c, "triple fault");
        return;
    }
    if (first && is_double(first - 1, vector)) {
        vector = X86_DF;
        error = 0;
    }
    bool pushes = has_error_code(vector) && c->cr0 & CR0_PE;
    c->delivering = 1 + vector;
    c->from_outside = 1;
    if (vector == X86_DB)
        c->dr[7] &= ~(uint64_t)DR7_GD;
    Event e = { .vector = (uint8_t)vector,
                .error = pushes ? &error : NULL,
                .next = c->rip,
                .flags = x86_get_eflags(c) | (is_fault(vector) ? FL_RF : 0) };
    take(c, &e, false);
}

void x86_raise_page_fault(X86Cpu *c, uint64_t linear, uint32_t error)
{
    c->cr2 = linear;
    x86_raise(c, X86_PF, error);
}

void x86_soft_interrupt(X86Cpu *c, X86Soft kind, unsigned vector, uint64_t next)
{
    if (log_on(LOG_INT))
        log_line("cpu %d: INT %u at %x:%llx, ax %x", cpu_number(&c->cpu), vector, c->seg[CS].selector,
                 (unsigned long long)x86_ip(c, c->rip), (unsigned)c->r[RAX]);
    c->delivering = 0;
    c->from_outside = kind == SOFT_INT1;
    Event e = { .vector = (uint8_t)vector, .soft = kind != SOFT_INT1, .next = next, .flags = x86_get_eflags(c) };
    take(c, &e, kind == SOFT_INT);
}

void x86_take_interrupt(X86Cpu *c, unsigned vector)
{
    if (log_on(LOG_INT))
        log_line("cpu %d: interrupt %u at %x:%llx", cpu_number(&c->cpu), vector, c->seg[CS].selector,
                 (unsigned long long)x86_ip(c, c->rip));
    c->delivering = 0;
    c->from_outside = 1;
    Event e = { .vector = (uint8_t)vector, .next = c->rip, .flags = x86_get_eflags(c) };
    take(c, &e, false);
}

/* ---- after an instruction ---- */

/* DR6: what was found while the instruction ran, and BS if it began with TF. */
void x86_finish(X86Cpu *c, bool trap)
{
    c->shadow = 0;
    x86_mode_changed(c);
    if (trap)
        c->dr6_pending |= DR6_BS;
    if (c->dr6_pending) {
        c->dr[6] |= c->dr6_pending;
        c->dr6_pending = 0;
        x86_raise(c, X86_DB, 0);
    }
    x86_look_at_lines(c); /* an interrupt may have waited for this */
}

/* ---- helpers ---- */

uint64_t x86_help_after(Cpu *cpu, uint64_t pc, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)pc, (void)b, (void)x;
    x86_finish(c, c->eflags & FL_TF);
    return 0;
}

uint64_t x86_help_soft_interrupt(Cpu *cpu, uint64_t vector, uint64_t next, uint64_t kind)
{
    x86_soft_interrupt(x86_of(cpu), (X86Soft)kind, (unsigned)vector, next);
    return 1;
}

uint64_t x86_help_into(Cpu *cpu, uint64_t overflow, uint64_t next, uint64_t x)
{
    (void)x;
    if (overflow)
        x86_soft_interrupt(x86_of(cpu), SOFT_TRAP, X86_OF, next);
    return overflow;
}
