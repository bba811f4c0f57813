/* What kernels do all the time, where nothing comes between: segment registers, STI, POPF, IRET. Built without FP and
 * vector registers, so that such a call costs little. What they do not do the helpers of sys_segment.c and sys_flags.c
 * do. */
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

/* ---- IRET of 4 or 8 bytes, at level 0 of flat protected or 64-bit mode, to such code of level 0 or 3 ---- */

typedef struct Return {
    uint64_t word[5]; /* IP, CS, flags; SP, SS */
    X86Descriptor code, stack;
    bool wide; /* to 64-bit code */
} Return;

static bool peek_words(X86Cpu *c, unsigned bytes, unsigned from, unsigned count, uint64_t *word)
{
    for (unsigned n = from; n < count; n++) {
        uint64_t at = c->r[RSP] + n * bytes;
        if (!mem_peek(&c->cpu, bytes == 8 ? at : (uint32_t)at, &word[n]))
            return false;
        word[n] &= x86_mask(bytes);
    }
    return true;
}

static bool returns_to_code(X86Cpu *c, Return *r)
{
    const uint32_t type = SEG_S | SEG_P | SEG_A | SEG_CODE, look = type | SEG_CE;
    unsigned rpl = r->word[1] & 3;
    if (!(r->word[1] & 0xfffc) || !peek(c, (uint16_t)r->word[1], &r->code) || (r->code.high & look) != type)
        return false;
    r->wide = x86_is_long(c) && r->code.high & SEG_L;
    if (x86_dpl(&r->code) != rpl || (r->wide && r->code.high & SEG_DB))
        return false;
    return r->wide ? x86_canonical(r->word[0]) : r->word[0] <= x86_descriptor_limit(&r->code);
}

/* A null one may be that of 64-bit code below level 3. */
static bool returns_to_stack(X86Cpu *c, Return *r)
{
    const uint32_t type = SEG_S | SEG_P | SEG_A | SEG_RW, look = type | SEG_CODE;
    unsigned rpl = r->word[1] & 3;
    if ((r->word[4] & 3) != rpl)
        return false;
    if (!(r->word[4] & 0xfffc)) {
        r->stack = (X86Descriptor){ .selector = (uint16_t)r->word[4] };
        return r->wide && rpl < 3;
    }
    return peek(c, (uint16_t)r->word[4], &r->stack) && (r->stack.high & look) == type && x86_dpl(&r->stack) == rpl &&
           (r->wide || r->stack.high & SEG_DB);
}

/* None that the level returned to may not have: x86_drop_segments. */
static bool keeps_segments(const X86Cpu *c, unsigned cpl)
{
    static const X86Seg data[] = { ES, DS, FS, GS };
    for (unsigned n = 0; n < 4; n++) {
        uint32_t attr = c->seg[data[n]].attr;
        if (attr & SEG_P && (attr >> SEG_DPL_SHIFT & 3) < cpl)
            return false;
    }
    return true;
}

static void set_return_flags(X86Cpu *c, uint32_t flags)
{
    const uint32_t may = FL_ARITH | FL_TF | FL_DF | FL_NT | FL_RF | FL_AC | FL_ID | FL_IF | FL_IOPL | FL_VIF | FL_VIP;
    x86_put_eflags(c, (x86_get_eflags(c) & ~may) | (flags & may));
    if (!(c->dr[7] & 0xff))
        c->eflags &= ~(uint32_t)FL_RF;
}

static void set_return_stack(X86Cpu *c, const Return *r)
{
    c->seg[SS] = x86_segment_of(&r->stack, (uint16_t)r->word[4]);
    if (!(r->word[4] & 0xfffc))
        c->seg[SS] =
            (X86Segment){ .selector = r->stack.selector, .attr = (uint32_t)(r->stack.selector & 3u) << SEG_DPL_SHIFT };
    c->r[RSP] = r->wide ? r->word[3] : (uint32_t)r->word[3];
}

static bool may_be_quick(const X86Cpu *c, unsigned bytes)
{
    const X86Segment *ss = &c->seg[SS];
    if (!is_plain(c) || c->eflags & FL_NT)
        return false;
    return x86_in_code64(c) ? bytes == 8 : !x86_is_long(c) && bytes == 4 && looks(ss) == 3 && ss->attr & SEG_DB;
}

uint64_t x86_help_iret_quick(Cpu *cpu, uint64_t bytes, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    Return r;
    (void)b, (void)x;
    if (!may_be_quick(c, (unsigned)bytes) || !peek_words(c, (unsigned)bytes, 0, 3, r.word) ||
        (bytes == 4 && r.word[2] & FL_VM) || !returns_to_code(c, &r))
        return QUICK_SLOW;
    unsigned cpl = r.word[1] & 3;
    bool pops = cpl || bytes == 8;
    if (pops && (!peek_words(c, (unsigned)bytes, 3, 5, r.word) || !returns_to_stack(c, &r) || !keeps_segments(c, cpl)))
        return QUICK_SLOW;
    c->nmi_blocked = 0;
    set_return_flags(c, (uint32_t)r.word[2]);
    if (pops)
        set_return_stack(c, &r);
    else
        c->r[RSP] = (uint32_t)(c->r[RSP] + 3 * bytes);
    c->seg[CS] = x86_segment_of(&r.code, (uint16_t)r.word[1]);
    c->cpl = cpl;
    x86_set_ip(c, r.word[0]);
    x86_mode_changed(c);
    return QUICK_DONE;
}

/* Where to go on is known already. */
uint64_t x86_help_nothing(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)cpu, (void)a, (void)b, (void)x;
    return 0;
}
