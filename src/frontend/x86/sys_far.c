/* Far jumps, calls and returns. SDM volume 2, JMP, CALL and RET; volume 3, 5.8. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/segment.h"

bool x86_code_rights(const X86Descriptor *d, unsigned rpl, unsigned cpl)
{
    return x86_is_conforming(d) ? x86_dpl(d) <= cpl : rpl <= cpl && x86_dpl(d) == cpl;
}

static bool is_code64(const X86Cpu *c, const X86Descriptor *d)
{
    return x86_is_long(c) && d->high & SEG_L;
}

bool x86_check_code(X86Cpu *c, const X86Descriptor *d, uint64_t ip)
{
    if (is_code64(c, d) && d->high & SEG_DB)
        return x86_fault(c, X86_GP, d->selector);
    if (!(d->high & SEG_P))
        return x86_fault(c, X86_NP, d->selector);
    if (is_code64(c, d) ? x86_canonical(ip) : ip <= x86_descriptor_limit(d))
        return true;
    return x86_fault(c, X86_GP, 0);
}

void x86_enter_code(X86Cpu *c, const X86Descriptor *d, unsigned cpl, uint64_t ip)
{
    c->seg[CS] = x86_segment_of(d, (uint16_t)((d->selector & ~3u) | cpl));
    c->cpl = cpl;
    x86_set_ip(c, ip);
}

/* Where a gate leads to, and with what stack. */
typedef struct Gate {
    X86Descriptor code;
    uint64_t ip;
    unsigned bytes, params;
} Gate;

/* The code segment is good for a call; for a jump it may not be more privileged. */
static bool gate_code(X86Cpu *c, Gate *g, uint16_t selector, bool call)
{
    if (!(selector & 0xfffc))
        return x86_fault(c, X86_GP, 0);
    if (!x86_descriptor(c, selector, X86_GP, &g->code))
        return false;
    unsigned dpl = x86_dpl(&g->code);
    bool same = dpl == c->cpl, inner = dpl < c->cpl && (call || x86_is_conforming(&g->code));
    bool wide = !x86_is_long(c) || (g->code.high & (SEG_L | SEG_DB)) == SEG_L;
    if (!x86_is_code(&g->code) || !wide || (!same && !inner))
        return x86_fault(c, X86_GP, selector);
    return x86_check_code(c, &g->code, g->ip);
}

static bool gate_rights(X86Cpu *c, const X86Descriptor *d)
{
    if (x86_dpl(d) < c->cpl || x86_dpl(d) < (d->selector & 3u))
        return x86_fault(c, X86_GP, d->selector);
    return d->high & SEG_P || x86_fault(c, X86_NP, d->selector);
}

static bool call_gate(X86Cpu *c, X86Descriptor *d, bool call, Gate *g)
{
    if (!gate_rights(c, d) || !x86_descriptor_upper(c, d, X86_GP))
        return false;
    bool wide = x86_system_type(d) == SYS_CALL32;
    g->bytes = x86_is_long(c) ? 8 : wide ? 4 : 2;
    g->params = d->high & 31;
    g->ip = (d->low & 0xffff) | (wide ? d->high & 0xffff0000 : 0);
    g->ip |= (uint64_t)d->upper << 32;
    return gate_code(c, g, (uint16_t)(d->low >> 16), call);
}

static bool is_call_gate(const X86Cpu *c, const X86Descriptor *d)
{
    return x86_system_type(d) == SYS_CALL32 || (x86_system_type(d) == SYS_CALL16 && !x86_is_long(c));
}

static bool is_task(const X86Descriptor *d)
{
    return x86_system_type(d) == SYS_TSS16 || x86_system_type(d) == SYS_TSS32;
}

/* Task segments and gates, which IA-32e mode does not have. */
static bool far_task(X86Cpu *c, X86Descriptor *d, X86TaskReason why, uint64_t next)
{
    bool gate = x86_system_type(d) == SYS_TASK;
    if (x86_is_long(c) || (!gate && !is_task(d)))
        return x86_fault(c, X86_GP, d->selector);
    if (!gate_rights(c, d))
        return false;
    return gate ? x86_task_gate(c, d, why, next, NULL) : x86_switch_task(c, d, why, next, NULL);
}

static bool far_descriptor(X86Cpu *c, uint16_t selector, X86Descriptor *d)
{
    return selector & 0xfffc ? x86_descriptor(c, selector, X86_GP, d) : x86_fault(c, X86_GP, 0);
}

/* ---- jumps ---- */

static bool real_jump(X86Cpu *c, uint16_t selector, uint64_t offset)
{
    if (offset > c->seg[CS].limit)
        return x86_fault(c, X86_GP, 0);
    x86_set_real_segment(c, CS, selector);
    x86_set_ip(c, offset);
    return true;
}

static bool jump_to(X86Cpu *c, X86Descriptor *code, uint64_t ip)
{
    if (!x86_set_accessed(c, code))
        return false;
    x86_enter_code(c, code, c->cpl, ip);
    return true;
}

static bool far_jump(X86Cpu *c, uint16_t selector, uint64_t offset, uint64_t next)
{
    X86Descriptor d;
    Gate g;
    if (x86_is_real(c))
        return real_jump(c, selector, offset);
    if (!far_descriptor(c, selector, &d))
        return false;
    if (x86_is_system(&d) && !is_call_gate(c, &d))
        return far_task(c, &d, TASK_JUMP, next);
    if (x86_is_system(&d))
        return call_gate(c, &d, false, &g) && jump_to(c, &g.code, g.ip);
    if (!x86_is_code(&d) || !x86_code_rights(&d, selector & 3, c->cpl))
        return x86_fault(c, X86_GP, selector);
    return x86_check_code(c, &d, offset) && jump_to(c, &d, offset);
}

/* ---- calls ---- */

static bool push_return(X86Cpu *c, X86Stack *s, unsigned bytes, uint64_t next)
{
    return x86_push_to(c, s, bytes, c->seg[CS].selector) && x86_push_to(c, s, bytes, x86_ip(c, next));
}

static bool real_call(X86Cpu *c, uint16_t selector, uint64_t offset, unsigned bytes, uint64_t next)
{
    X86Stack s = x86_stack(c);
    if (!push_return(c, &s, bytes, next) || !real_jump(c, selector, offset))
        return false;
    x86_set_stack_pointer(c, &s);
    return true;
}

static bool call_same(X86Cpu *c, X86Descriptor *code, uint64_t ip, unsigned bytes, uint64_t next)
{
    X86Stack s = x86_stack(c);
    s.flat |=
        is_code64(c, code); /* from compatibility mode by a gate: the stack is that of the code which is entered */
    s.bytes = s.flat ? 8 : s.bytes;
    if (!push_return(c, &s, bytes, next) || !x86_set_accessed(c, code))
        return false;
    x86_enter_code(c, code, c->cpl, ip);
    x86_set_stack_pointer(c, &s);
    return true;
}

/* The parameters of the caller, the first pushed first. */
static bool copy_params(X86Cpu *c, const Gate *g, X86Stack *to)
{
    X86Stack from = x86_stack(c);
    uint64_t v[32];
    for (unsigned n = 0; n < g->params; n++)
        if (!x86_pop_from(c, &from, g->bytes, &v[n]))
            return false;
    for (unsigned n = g->params; n--;)
        if (!x86_push_to(c, to, g->bytes, v[n]))
            return false;
    return true;
}

static bool call_inner(X86Cpu *c, Gate *g, uint64_t next)
{
    X86Stack s;
    unsigned cpl = x86_dpl(&g->code);
    uint64_t old = c->r[RSP] & x86_mask(g->bytes);
    if (!x86_inner_stack(c, cpl, 0, &s))
        return false;
    if (!x86_push_to(c, &s, g->bytes, c->seg[SS].selector) || !x86_push_to(c, &s, g->bytes, old))
        return false;
    if (!x86_is_long(c) && !copy_params(c, g, &s))
        return false;
    if (!push_return(c, &s, g->bytes, next) || !x86_set_accessed(c, &g->code))
        return false;
    x86_enter_code(c, &g->code, cpl, g->ip);
    x86_set_stack(c, &s);
    return true;
}

static bool far_call(X86Cpu *c, uint16_t selector, uint64_t offset, unsigned bytes, uint64_t next)
{
    X86Descriptor d;
    Gate g;
    if (x86_is_real(c))
        return real_call(c, selector, offset, bytes, next);
    if (!far_descriptor(c, selector, &d))
        return false;
    if (x86_is_system(&d) && !is_call_gate(c, &d))
        return far_task(c, &d, TASK_CALL, next);
    if (x86_is_system(&d)) {
        if (!call_gate(c, &d, true, &g))
            return false;
        bool inner = !x86_is_conforming(&g.code) && x86_dpl(&g.code) < c->cpl;
        return inner ? call_inner(c, &g, next) : call_same(c, &g.code, g.ip, g.bytes, next);
    }
    if (!x86_is_code(&d) || !x86_code_rights(&d, selector & 3, c->cpl))
        return x86_fault(c, X86_GP, selector);
    return x86_check_code(c, &d, offset) && call_same(c, &d, offset, bytes, next);
}

/* ---- returns ---- */

static bool real_return(X86Cpu *c, X86Stack *s, uint16_t selector, uint64_t ip, unsigned drop)
{
    if (!real_jump(c, selector, ip))
        return false;
    s->sp += drop;
    x86_set_stack_pointer(c, s);
    return true;
}

bool x86_check_return_code(X86Cpu *c, uint16_t selector, uint64_t ip, X86Descriptor *d)
{
    unsigned rpl = selector & 3;
    if (!far_descriptor(c, selector, d))
        return false;
    if (!x86_is_code(d) || rpl < c->cpl || (x86_is_conforming(d) ? x86_dpl(d) > rpl : x86_dpl(d) != rpl))
        return x86_fault(c, X86_GP, selector);
    return x86_check_code(c, d, ip);
}

/* A null SS may be returned to by 64-bit code below privilege level 3. */
bool x86_check_return_stack(X86Cpu *c, uint16_t selector, uint64_t sp, const X86Descriptor *code, X86Stack *s)
{
    unsigned rpl = code->selector & 3;
    X86Descriptor d = { 0 };
    *s = (X86Stack){ .sp = sp, .flat = is_code64(c, code) };
    bool null = !(selector & 0xfffc) && s->flat && rpl < 3 && (selector & 3u) == rpl;
    if (null) {
        s->ss.selector = selector;
        s->ss.attr = rpl << SEG_DPL_SHIFT;
    } else if (!x86_check_stack_segment(c, selector, rpl, X86_GP, &d) || !x86_set_accessed(c, &d)) {
        return false;
    } else {
        s->ss = x86_segment_of(&d, selector);
    }
    s->bytes = s->flat ? 8 : s->ss.attr & SEG_DB ? 4 : 2;
    return true;
}

static bool return_outer(X86Cpu *c, X86Stack *s, X86Descriptor *code, uint64_t ip, unsigned bytes, unsigned drop)
{
    X86Stack outer;
    uint64_t sp, selector;
    s->sp = (s->sp & ~x86_mask(s->bytes)) | ((s->sp + drop) & x86_mask(s->bytes));
    if (!x86_pop_from(c, s, bytes, &sp) || !x86_pop_from(c, s, bytes, &selector) ||
        !x86_check_return_stack(c, (uint16_t)selector, sp, code, &outer) || !x86_set_accessed(c, code))
        return false;
    outer.sp += drop;
    x86_enter_code(c, code, code->selector & 3, ip);
    x86_set_stack(c, &outer);
    x86_drop_segments(c);
    return true;
}

static bool far_return(X86Cpu *c, unsigned bytes, unsigned drop)
{
    X86Stack s = x86_stack(c);
    X86Descriptor code;
    uint64_t ip, selector;
    if (!x86_pop_from(c, &s, bytes, &ip) || !x86_pop_from(c, &s, bytes, &selector))
        return false;
    if (x86_is_real(c))
        return real_return(c, &s, (uint16_t)selector, ip, drop);
    if (!x86_check_return_code(c, (uint16_t)selector, ip, &code))
        return false;
    if ((selector & 3) > c->cpl)
        return return_outer(c, &s, &code, ip, bytes, drop);
    if (!jump_to(c, &code, ip))
        return false;
    s.sp += drop;
    x86_set_stack_pointer(c, &s);
    return true;
}

/* ---- helper ---- what: FAR_*, operand bytes << 8, selector << 16 (of a return: bytes to drop) */

uint64_t x86_help_far(Cpu *cpu, uint64_t what, uint64_t offset, uint64_t next)
{
    X86Cpu *c = x86_of(cpu);
    unsigned bytes = what >> 8 & 0xff;
    uint16_t selector = (uint16_t)(what >> 16);
    uint32_t flags = c->eflags;
    bool ok = (what & 0xff) == FAR_RETURN ? far_return(c, bytes, selector)
              : (what & 0xff) == FAR_CALL ? far_call(c, selector, offset, bytes, next)
                                          : far_jump(c, selector, offset, next);
    if (ok)
        x86_finish(c, flags & FL_TF);
    return 1;
}
