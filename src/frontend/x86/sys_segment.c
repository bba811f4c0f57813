/* Segment registers and far transfers: real mode. SDM volume 3, 21.1.1. */
#include "frontend/x86/sys.h"

#include "frontend/x86/helpers.h"

/* Limits and rights stay what protected mode left, as programs rely on. */
void x86_set_real_segment(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    X86Segment *s = &c->seg[seg];
    s->selector = selector;
    s->base = (uint64_t)selector << 4;
    x86_segment_derive(s, true);
}

bool x86_load_segment(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    if (!x86_is_real(c)) {
        x86_raise(c, X86_GP, selector & ~3u);
        return false;
    }
    x86_set_real_segment(c, seg, selector);
    return true;
}

bool x86_far_jump(X86Cpu *c, uint16_t selector, uint64_t offset, unsigned bytes)
{
    (void)bytes;
    if (!x86_is_real(c) || offset > c->seg[CS].limit) {
        x86_raise(c, X86_GP, 0);
        return false;
    }
    x86_set_real_segment(c, CS, selector);
    x86_set_ip(c, offset);
    x86_mode_changed(c);
    return true;
}

bool x86_far_call(X86Cpu *c, uint16_t selector, uint64_t offset, unsigned bytes, uint64_t next)
{
    uint64_t sp = (c->r[RSP] - bytes) & 0xffff, below = (sp - bytes) & 0xffff;
    if (!x86_is_real(c) || offset > c->seg[CS].limit) {
        x86_raise(c, X86_GP, 0);
        return false;
    }
    if (!x86_write(c, SS, sp, bytes, c->seg[CS].selector) || !x86_write(c, SS, below, bytes, x86_ip(c, next)))
        return false;
    c->r[RSP] = (c->r[RSP] & ~0xffffull) | below;
    return x86_far_jump(c, selector, offset, bytes);
}

bool x86_far_return(X86Cpu *c, unsigned bytes, unsigned drop)
{
    uint64_t sp = c->r[RSP] & 0xffff, ip, cs;
    if (!x86_read(c, SS, sp, bytes, &ip) || !x86_read(c, SS, (sp + bytes) & 0xffff, bytes, &cs))
        return false;
    if (!x86_far_jump(c, (uint16_t)cs, ip, bytes))
        return false;
    c->r[RSP] = (c->r[RSP] & ~0xffffull) | ((sp + 2 * bytes + drop) & 0xffff);
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
    if (!x86_load_segment(c, seg, (uint16_t)selector))
        return 1;
    if (stack) { /* POP */
        uint64_t mask = stack == 8 ? ~0ull : (1ull << 8 * stack) - 1, sp = (c->r[RSP] + bytes) & mask;
        c->r[RSP] = stack == 2 ? (c->r[RSP] & ~mask) | sp : sp;
    }
    if (reg) /* LDS and its kin */
        c->r[reg - 1] = bytes == 2 ? (c->r[reg - 1] & ~0xffffull) | (uint16_t)c->tmp[0] : c->tmp[0];
    if (seg != SS && x86_is_real(c))
        return 0;
    if (seg == SS && !reg)
        c->shadow = 1;
    c->rip = next;
    x86_mode_changed(c);
    return 1;
}

/* what: FAR_*, operand bytes << 8, selector << 16 (of a return: bytes to drop) */

uint64_t x86_help_far(Cpu *cpu, uint64_t what, uint64_t offset, uint64_t next)
{
    X86Cpu *c = x86_of(cpu);
    unsigned bytes = what >> 8 & 0xff;
    uint16_t selector = (uint16_t)(what >> 16);
    if ((what & 0xff) == FAR_RETURN)
        x86_far_return(c, bytes, selector);
    else if ((what & 0xff) == FAR_CALL)
        x86_far_call(c, selector, offset, bytes, next);
    else
        x86_far_jump(c, selector, offset, bytes);
    return 1;
}
