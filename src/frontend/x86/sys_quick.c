/* What kernels do all the time, where nothing comes between: segment registers, STI, POPF. Built without FP and vector
 * registers, so that such a call costs little. What they do not do the helpers of sys_segment.c and sys_flags.c do. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

/* What the mode word says of a segment outside 64-bit mode, but for SS. */
static unsigned looks(const X86Segment *s)
{
    bool whole = !s->lo && s->span_read == 1ull << 32 && s->span_write == 1ull << 32;
    return (unsigned)!s->base | (unsigned)whole << 1;
}

/* Of the GDT, as the supervisor that runs sees it. */
static bool peek(X86Cpu *c, uint16_t selector, X86Descriptor *d)
{
    uint64_t v, at = c->gdt_base + (selector & 0xfff8u);
    if (selector & 4 || (selector & 0xfff8u) + 7 > c->gdt_limit || c->cpl == 3 || c->eflags & FL_AC)
        return false;
    at = x86_is_long(c) ? at : (uint32_t)at;
    if (!mem_peek(&c->cpu, at, &v))
        return false;
    *d = (X86Descriptor){ at, (uint32_t)v, (uint32_t)(v >> 32), 0, selector };
    return true;
}

/* Data, or code that may be read and is not conforming; accessed before. */
static bool is_good(const X86Cpu *c, const X86Descriptor *d)
{
    const uint32_t must = SEG_S | SEG_P | SEG_A;
    bool code = d->high & SEG_CODE;
    if ((d->high & must) != must || (code && (d->high & (SEG_RW | SEG_CE)) != SEG_RW))
        return false;
    return x86_dpl(d) >= c->cpl && x86_dpl(d) >= (d->selector & 3u);
}

/* As x86_help_load_segment, of ES DS FS GS in protected mode. That finds the selector in tmp[1]. */
uint64_t x86_help_segment_quick(Cpu *cpu, uint64_t how, uint64_t selector, uint64_t next)
{
    X86Cpu *c = x86_of(cpu);
    X86Segment *s = &c->seg[how & 0xff], old = *s;
    unsigned bytes = how >> 8 & 0xff, stack = how >> 16 & 0xff;
    X86Descriptor d;
    c->tmp[1] = selector;
    if (!(selector & 0xfffc))
        *s = (X86Segment){ .selector = (uint16_t)selector };
    else if (peek(c, (uint16_t)selector, &d) && is_good(c, &d))
        *s = x86_segment_of(&d, (uint16_t)selector);
    else
        return QUICK_SLOW;
    if (stack) {
        uint64_t mask = x86_mask(stack), sp = (c->r[RSP] + bytes) & mask;
        c->r[RSP] = stack == 2 ? (c->r[RSP] & ~mask) | sp : sp;
    }
    if (x86_in_code64(c) || looks(&old) == looks(s))
        return QUICK_DONE;
    c->rip = next;
    x86_mode_changed(c);
    return QUICK_LEFT;
}

static bool is_plain(const X86Cpu *c)
{
    return !(c->eflags & FL_TF) && !c->shadow && !c->dr6_pending && !cpu_lines(&c->cpu);
}

/* At level 0, if the next instruction is in the same unit. */
uint64_t x86_help_sti_quick(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    if (!is_plain(c))
        return QUICK_SLOW;
    c->eflags |= FL_IF;
    return QUICK_DONE;
}

/* At level 0, but not in virtual-8086 mode, of 4 or 8 bytes; the stack pointer is the caller's business. That finds the
 * value in tmp[1]. */
uint64_t x86_help_popf_quick(Cpu *cpu, uint64_t value, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    const uint32_t may = FL_ARITH | FL_TF | FL_DF | FL_NT | FL_AC | FL_ID | FL_IF | FL_IOPL;
    (void)b, (void)x;
    c->tmp[1] = value;
    uint32_t old = x86_get_eflags(c), now = ((old & ~may) | ((uint32_t)value & may)) & ~(uint32_t)FL_RF;
    if ((old ^ now) & (FL_TF | FL_AC) || (now & ~old & FL_IF && cpu_lines(cpu)))
        return QUICK_SLOW;
    x86_put_eflags(c, now);
    return QUICK_DONE;
}

/* Where to go on is known already. */
uint64_t x86_help_nothing(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)cpu, (void)a, (void)b, (void)x;
    return 0;
}
