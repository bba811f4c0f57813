/* IRET in its forms. SDM volume 2, IRET; volume 3, 21.2.3 and 21.3. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

static unsigned iopl(const X86Cpu *c)
{
    return c->eflags >> 12 & 3;
}

/* What a return to `cpl` and lower may change, from the level that executes it. */
static uint32_t changeable(const X86Cpu *c, unsigned bytes)
{
    uint32_t may = FL_ARITH | FL_TF | FL_DF | FL_NT;
    if (bytes > 2)
        may |= FL_RF | FL_AC | FL_ID;
    if (c->cpl <= iopl(c))
        may |= FL_IF;
    if (c->cpl == 0)
        may |= FL_IOPL;
    if (c->cpl == 0 && bytes > 2)
        may |= FL_VIF | FL_VIP;
    return may;
}

static void set_flags(X86Cpu *c, uint32_t flags, uint32_t may)
{
    x86_put_eflags(c, (x86_get_eflags(c) & ~may) | (flags & may));
}

typedef struct Frame {
    uint64_t ip, cs, flags;
} Frame;

static bool pop_frame(X86Cpu *c, X86Stack *s, unsigned bytes, Frame *f)
{
    return x86_pop_from(c, s, bytes, &f->ip) && x86_pop_from(c, s, bytes, &f->cs) &&
           x86_pop_from(c, s, bytes, &f->flags);
}

/* Real mode, and virtual-8086 mode with IOPL 3. With VME and a lower IOPL the 16-bit form sets VIF in place of IF. */
static bool return_real(X86Cpu *c, unsigned bytes)
{
    X86Stack s = x86_stack(c);
    Frame f;
    bool vm = c->eflags & FL_VM, virtual = vm && iopl(c) < 3;
    if (virtual && (!(c->cr4 & CR4_VME) || bytes != 2))
        return x86_fault(c, X86_GP, 0);
    if (!pop_frame(c, &s, bytes, &f))
        return false;
    bool refused = virtual && (f.flags & FL_TF || (f.flags & FL_IF && c->eflags & FL_VIP));
    if (refused || f.ip > c->seg[CS].limit)
        return x86_fault(c, X86_GP, 0);
    uint32_t may = (changeable(c, bytes) & ~(uint32_t)(FL_VIF | FL_VIP | (vm ? FL_IOPL : 0)));
    if (virtual) {
        may = (may & ~(uint32_t)FL_IF) | FL_VIF;
        f.flags |= f.flags & FL_IF ? FL_VIF : 0;
    }
    set_flags(c, (uint32_t)f.flags, may);
    x86_set_stack_pointer(c, &s);
    x86_set_real_segment(c, CS, (uint16_t)f.cs);
    x86_set_ip(c, f.ip);
    return true;
}

void x86_enter_virtual(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    c->seg[seg] = (X86Segment){ .limit = 0xffff,
                                .attr = SEG_P | SEG_S | SEG_RW | SEG_A | 3 << SEG_DPL_SHIFT |
                                        (seg == CS ? (uint32_t)SEG_CODE : 0) };
    x86_set_real_segment(c, seg, selector);
}

static bool return_virtual(X86Cpu *c, X86Stack *s, const Frame *f)
{
    static const X86Seg order[] = { SS, ES, DS, FS, GS };
    uint64_t sp, selector[5];
    if (!x86_pop_from(c, s, 4, &sp))
        return false;
    for (unsigned n = 0; n < 5; n++)
        if (!x86_pop_from(c, s, 4, &selector[n]))
            return false;
    set_flags(c, (uint32_t)f->flags, changeable(c, 4) | FL_VM);
    c->cpl = 3;
    x86_enter_virtual(c, CS, (uint16_t)f->cs);
    for (unsigned n = 0; n < 5; n++)
        x86_enter_virtual(c, order[n], (uint16_t)selector[n]);
    x86_set_ip(c, f->ip & 0xffff);
    c->r[RSP] = (uint32_t)sp;
    return true;
}

/* In 64-bit mode the stack is popped even if the privilege level stays. */
static bool return_protected(X86Cpu *c, X86Stack *s, const Frame *f, unsigned bytes)
{
    X86Descriptor code;
    X86Stack to = *s;
    uint64_t sp, selector;
    if (!x86_check_return_code(c, (uint16_t)f->cs, f->ip, &code))
        return false;
    unsigned cpl = f->cs & 3;
    bool outer = cpl > c->cpl, pops = outer || x86_in_code64(c);
    if (pops && (!x86_pop_from(c, s, bytes, &sp) || !x86_pop_from(c, s, bytes, &selector) ||
                 !x86_check_return_stack(c, (uint16_t)selector, sp, &code, &to)))
        return false;
    if (!x86_set_accessed(c, &code))
        return false;
    set_flags(c, (uint32_t)f->flags, changeable(c, bytes));
    if (pops)
        c->seg[SS] = to.ss;
    x86_set_stack_pointer(c, pops ? &to : s);
    x86_enter_code(c, &code, cpl, f->ip);
    if (outer)
        x86_drop_segments(c);
    return true;
}

static bool iret(X86Cpu *c, unsigned bytes, uint64_t next)
{
    X86Stack s = x86_stack(c);
    Frame f;
    if (x86_is_real(c))
        return return_real(c, bytes);
    if (c->eflags & FL_NT)
        return x86_is_long(c) ? x86_fault(c, X86_GP, 0) : x86_task_return(c, next);
    if (!pop_frame(c, &s, bytes, &f))
        return false;
    if (f.flags & FL_VM && c->cpl == 0 && bytes == 4 && !x86_is_long(c))
        return return_virtual(c, &s, &f);
    return return_protected(c, &s, &f, bytes);
}

/* NMIs are let through again, even if it faults. RF is for an instruction breakpoint only: without any it would stay
 * until something is pushed. */
uint64_t x86_help_iret(Cpu *cpu, uint64_t bytes, uint64_t next, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint32_t flags = c->eflags;
    (void)x;
    c->nmi_blocked = 0;
    if (!iret(c, (unsigned)bytes, next))
        return 1;
    if (!(c->dr[7] & 0xff))
        c->eflags &= ~(uint32_t)FL_RF;
    x86_finish(c, flags & FL_TF);
    return 1;
}
