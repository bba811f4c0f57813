/* Segment registers, LDTR and TR. SDM volume 3, chapters 3 and 5, 8.2 and 21.1.1; volume 2, MOV. */
#include "frontend/x86/guest.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

/* Limits and rights stay what protected mode left, as programs rely on. */
void x86_set_real_segment(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    X86Segment *s = &c->seg[seg];
    s->selector = selector;
    s->base = (uint64_t)selector << 4;
    x86_segment_derive(s, true);
}

void x86_clear_segment(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    c->seg[seg] = (X86Segment){ .selector = selector };
}

/* A null selector in SS is for the kernels of 64-bit mode. */
static bool load_null(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    if (seg == SS && !(x86_in_code64(c) && c->cpl < 3 && (selector & 3) == c->cpl))
        return x86_fault(c, X86_GP, 0);
    x86_clear_segment(c, seg, selector);
    if (seg == SS)
        c->seg[SS].attr = c->cpl << SEG_DPL_SHIFT;
    return true;
}

bool x86_check_stack_segment(X86Cpu *c, uint16_t selector, unsigned cpl, X86Vector vector, X86Descriptor *d)
{
    if (!(selector & 0xfffc))
        return x86_fault(c, vector, 0);
    if (!x86_descriptor(c, selector, vector, d))
        return false;
    if ((selector & 3) != cpl || x86_dpl(d) != cpl || !x86_is_writable_data(d))
        return x86_fault(c, vector, selector);
    return d->high & SEG_P || x86_fault(c, X86_SS, selector);
}

static bool check_data_segment(X86Cpu *c, uint16_t selector, X86Descriptor *d)
{
    if (!x86_descriptor(c, selector, X86_GP, d))
        return false;
    bool code = x86_is_code(d), readable = !code || d->high & SEG_RW;
    bool free = code && x86_is_conforming(d); /* to every privilege level */
    if (x86_is_system(d) || !readable || (!free && (x86_dpl(d) < c->cpl || x86_dpl(d) < (selector & 3u))))
        return x86_fault(c, X86_GP, selector);
    return d->high & SEG_P || x86_fault(c, X86_NP, selector);
}

bool x86_load_segment(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    X86Descriptor d;
    if (x86_is_real(c)) {
        x86_set_real_segment(c, seg, selector);
        return true;
    }
    if (!(selector & 0xfffc))
        return load_null(c, seg, selector);
    bool ok =
        seg == SS ? x86_check_stack_segment(c, selector, c->cpl, X86_GP, &d) : check_data_segment(c, selector, &d);
    if (!ok || !x86_set_accessed(c, &d))
        return false;
    c->seg[seg] = x86_segment_of(&d, selector);
    return true;
}

/* Volume 2, RET and IRET: "PL > DPL". */
void x86_drop_segments(X86Cpu *c)
{
    static const X86Seg data[] = { ES, DS, FS, GS };
    for (unsigned n = 0; n < 4; n++) {
        const X86Segment *s = &c->seg[data[n]];
        if (!(s->attr & SEG_P)) /* null already: what FS and GS have for a base in 64-bit mode stays */
            continue;
        bool free = (s->attr & (SEG_CODE | SEG_CE)) == (SEG_CODE | SEG_CE);
        if (!free && (s->attr >> SEG_DPL_SHIFT & 3) < c->cpl)
            x86_clear_segment(c, data[n], 0);
    }
}

/* ---- system segments ---- */

static bool load_system(X86Cpu *c, uint16_t selector, X86Descriptor *d)
{
    if (selector & 4)
        return x86_fault(c, X86_GP, selector);
    return x86_descriptor(c, selector, X86_GP, d);
}

static void set_system(X86Segment *s, const X86Descriptor *d, uint16_t selector)
{
    *s = (X86Segment){
        .base = x86_system_base(d), .limit = x86_descriptor_limit(d), .attr = d->high & 0xf0ff00, .selector = selector
    };
}

static bool load_ldt(X86Cpu *c, uint16_t selector)
{
    X86Descriptor d;
    if (!(selector & 0xfffc)) {
        c->ldtr = (X86Segment){ .selector = selector };
        return true;
    }
    if (!load_system(c, selector, &d))
        return false;
    if (!x86_is_system(&d) || x86_system_type(&d) != SYS_LDT)
        return x86_fault(c, X86_GP, selector);
    if (!(d.high & SEG_P))
        return x86_fault(c, X86_NP, selector);
    if (!x86_descriptor_upper(c, &d, X86_GP))
        return false;
    set_system(&c->ldtr, &d, selector);
    return true;
}

static bool load_task_register(X86Cpu *c, uint16_t selector)
{
    X86Descriptor d;
    if (!(selector & 0xfffc))
        return x86_fault(c, X86_GP, 0);
    if (!load_system(c, selector, &d))
        return false;
    X86SystemType type = x86_system_type(&d);
    if (!x86_is_system(&d) || (type != SYS_TSS32 && (type != SYS_TSS16 || x86_is_long(c))))
        return x86_fault(c, X86_GP, selector);
    if (!(d.high & SEG_P))
        return x86_fault(c, X86_NP, selector);
    if (!x86_descriptor_upper(c, &d, X86_GP) || !x86_set_busy(c, &d, true))
        return false;
    set_system(&c->tr, &d, selector);
    return true;
}

/* ---- helpers ---- */

/* how: SEGMENT_ARG. What the instruction does beside loading happens after that has succeeded. Leaves where the mode
 * may have changed; MOV and POP of SS begin the interrupt shadow. */
uint64_t x86_help_load_segment(Cpu *cpu, uint64_t how, uint64_t selector, uint64_t next)
{
    X86Cpu *c = x86_of(cpu);
    X86Seg seg = (X86Seg)(how & 0xff);
    unsigned bytes = how >> 8 & 0xff, stack = how >> 16 & 0xff, reg = how >> 24 & 0xff;
    uint64_t was = x86_mode(cpu);
    if (!x86_load_segment(c, seg, (uint16_t)selector))
        return 1;
    if (stack) { /* POP */
        uint64_t mask = stack == 8 ? ~0ull : (1ull << 8 * stack) - 1, sp = (c->r[RSP] + bytes) & mask;
        c->r[RSP] = stack == 2 ? (c->r[RSP] & ~mask) | sp : sp;
    }
    if (reg) /* LDS and its kin */
        c->r[reg - 1] = bytes == 2 ? (c->r[reg - 1] & ~0xffffull) | (uint16_t)c->tmp[0] : c->tmp[0];
    if (seg == SS && !reg)
        c->shadow = 1;
    if (x86_mode(cpu) == was)
        return 0;
    c->rip = next;
    x86_mode_changed(c);
    if (was & M_ALONE && (was & M_SHADOW || !c->shadow))
        x86_finish(c, was & M_STEP);
    return 1;
}

uint64_t x86_help_lldt(Cpu *cpu, uint64_t selector, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    return !load_ldt(x86_of(cpu), (uint16_t)selector);
}

uint64_t x86_help_ltr(Cpu *cpu, uint64_t selector, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    return !load_task_register(x86_of(cpu), (uint16_t)selector);
}
