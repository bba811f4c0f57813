/* Hardware task switches. SDM volume 3, chapter 7. */
#include "frontend/x86/segment.h"

/* Where things are in a task segment, 16-bit and 32-bit. */
typedef struct Layout {
    uint8_t bytes, ip, flags, regs, segs, step, ldt, segments, cr3, trap, size;
} Layout;

static const Layout layouts[] = {
    { .bytes = 2,
      .ip = 0x0e,
      .flags = 0x10,
      .regs = 0x12,
      .segs = 0x22,
      .step = 2,
      .ldt = 0x2a,
      .segments = 4,
      .size = 0x2c },
    { .bytes = 4,
      .ip = 0x20,
      .flags = 0x24,
      .regs = 0x28,
      .segs = 0x48,
      .step = 4,
      .ldt = 0x60,
      .segments = 6,
      .cr3 = 0x1c,
      .trap = 0x64,
      .size = 0x68 },
};

typedef struct Task {
    const Layout *layout;
    uint64_t base;
    uint32_t limit;
    uint64_t ip, flags, regs[8], segs[SEGS], ldt, cr3, trap;
} Task;

static Task task_at(X86SystemType type, uint64_t base, uint32_t limit)
{
    return (Task){ .layout = &layouts[type >= SYS_TSS32], .base = base, .limit = limit };
}

static bool get(X86Cpu *c, const Task *t, unsigned at, unsigned bytes, uint64_t *v)
{
    return x86_system_read(c, (uint32_t)(t->base + at), bytes, v);
}

static bool put(X86Cpu *c, const Task *t, unsigned at, unsigned bytes, uint64_t v)
{
    return x86_system_write(c, (uint32_t)(t->base + at), bytes, v);
}

static bool read_task(X86Cpu *c, Task *t)
{
    const Layout *l = t->layout;
    bool ok = get(c, t, l->ip, l->bytes, &t->ip) && get(c, t, l->flags, l->bytes, &t->flags);
    for (unsigned n = 0; n < 8 && ok; n++)
        ok = get(c, t, l->regs + n * l->step, l->bytes, &t->regs[n]);
    for (unsigned n = 0; n < l->segments && ok; n++)
        ok = get(c, t, l->segs + n * l->step, 2, &t->segs[n]);
    ok = ok && get(c, t, l->ldt, 2, &t->ldt);
    if (ok && l->cr3)
        ok = get(c, t, l->cr3, 4, &t->cr3) && get(c, t, l->trap, 2, &t->trap);
    return ok;
}

static bool save_task(X86Cpu *c, const Task *t, uint64_t next, uint32_t flags)
{
    const Layout *l = t->layout;
    bool ok = put(c, t, l->ip, l->bytes, x86_ip(c, next)) && put(c, t, l->flags, l->bytes, flags);
    for (unsigned n = 0; n < 8 && ok; n++)
        ok = put(c, t, l->regs + n * l->step, l->bytes, c->r[n]);
    for (unsigned n = 0; n < l->segments && ok; n++)
        ok = put(c, t, l->segs + n * l->step, 2, c->seg[n].selector);
    return ok;
}

/* Everything that has no check, of the new task. Its segments have their selectors, but what is behind them is the old
 * task's until they are loaded one by one: what is wrong with one is the new task's fault, and a handler needs a stack.
 */
static void set_registers(X86Cpu *c, const Task *t, uint32_t flags)
{
    for (unsigned n = 0; n < 8; n++)
        c->r[n] = t->layout->bytes == 2 ? (c->r[n] & 0xffff0000) | t->regs[n] : t->regs[n];
    x86_put_eflags(c, flags & 0x3f7fd7);
    for (unsigned n = 0; n < SEGS; n++)
        c->seg[n].selector = (uint16_t)t->segs[n];
    c->ldtr = (X86Segment){ .selector = (uint16_t)t->ldt };
    c->cr0 |= CR0_TS;
    if (c->dr[7] & 0x155) { /* local breakpoints are the old task's */
        c->dr[7] &= ~0x155ull;
        x86_breakpoints_changed(c);
    }
    c->rip = (uint32_t)t->ip;
}

static bool load_task_ldt(X86Cpu *c, uint16_t selector)
{
    X86Descriptor d;
    if (!(selector & 0xfffc))
        return true;
    if (selector & 4)
        return x86_fault(c, X86_TS, selector);
    if (!x86_descriptor(c, selector, X86_TS, &d))
        return false;
    if (!x86_is_system(&d) || x86_system_type(&d) != SYS_LDT || !(d.high & SEG_P))
        return x86_fault(c, X86_TS, selector);
    c->ldtr.base = x86_system_base(&d);
    c->ldtr.limit = x86_descriptor_limit(&d);
    c->ldtr.attr = d.high & 0xf0ff00;
    return true;
}

static bool load_task_code(X86Cpu *c, uint16_t selector, uint64_t ip)
{
    X86Descriptor d;
    unsigned rpl = selector & 3;
    if (!(selector & 0xfffc))
        return x86_fault(c, X86_TS, 0);
    if (!x86_descriptor(c, selector, X86_TS, &d))
        return false;
    if (!x86_is_code(&d) || (x86_is_conforming(&d) ? x86_dpl(&d) > rpl : x86_dpl(&d) != rpl))
        return x86_fault(c, X86_TS, selector);
    if (!(d.high & SEG_P))
        return x86_fault(c, X86_NP, selector);
    if (!x86_set_accessed(c, &d))
        return false;
    c->seg[CS] = x86_segment_of(&d, selector);
    x86_set_ip(c, ip);
    return true;
}

static bool load_task_stack(X86Cpu *c, uint16_t selector)
{
    X86Descriptor d;
    if (!x86_check_stack_segment(c, selector, c->cpl, X86_TS, &d) || !x86_set_accessed(c, &d))
        return false;
    c->seg[SS] = x86_segment_of(&d, selector);
    return true;
}

static bool load_task_data(X86Cpu *c, X86Seg seg, uint16_t selector)
{
    X86Descriptor d;
    if (!(selector & 0xfffc)) {
        x86_clear_segment(c, seg, selector);
        return true;
    }
    if (!x86_descriptor(c, selector, X86_TS, &d))
        return false;
    bool code = x86_is_code(&d), readable = !code || d.high & SEG_RW, free = code && x86_is_conforming(&d);
    if (x86_is_system(&d) || !readable || (!free && (x86_dpl(&d) < c->cpl || x86_dpl(&d) < (selector & 3u))))
        return x86_fault(c, X86_TS, selector);
    if (!(d.high & SEG_P))
        return x86_fault(c, X86_NP, selector);
    if (!x86_set_accessed(c, &d))
        return false;
    c->seg[seg] = x86_segment_of(&d, selector);
    return true;
}

static void load_virtual(X86Cpu *c, const Task *t)
{
    for (unsigned n = 0; n < SEGS; n++)
        x86_enter_virtual(c, (X86Seg)n, (uint16_t)t->segs[n]);
    x86_set_ip(c, t->ip & 0xffff);
}

static bool load_segments(X86Cpu *c, const Task *t)
{
    static const X86Seg data[] = { ES, DS, FS, GS };
    c->cpl = c->eflags & FL_VM ? 3 : t->segs[CS] & 3;
    if (!load_task_ldt(c, (uint16_t)t->ldt))
        return false;
    if (c->eflags & FL_VM) {
        load_virtual(c, t);
        return true;
    }
    if (!load_task_code(c, (uint16_t)t->segs[CS], t->ip) || !load_task_stack(c, (uint16_t)t->segs[SS]))
        return false;
    for (unsigned n = 0; n < 4; n++)
        if (!load_task_data(c, data[n], (uint16_t)t->segs[data[n]]))
            return false;
    return true;
}

/* ---- the switch ---- */

static bool check_task(X86Cpu *c, const X86Descriptor *tss, X86TaskReason why, const Task *to)
{
    X86Vector vector = why == TASK_IRET ? X86_TS : X86_GP;
    bool busy = tss->high & SEG_RW; /* the same bit */
    if (busy != (why == TASK_IRET))
        return x86_fault(c, vector, tss->selector);
    if (!(tss->high & SEG_P))
        return x86_fault(c, X86_NP, tss->selector);
    return to->limit + 1ull >= to->layout->size || x86_fault(c, X86_TS, tss->selector);
}

/* Busy bits and the link: 7.3, table 7-2. */
static bool leave_task(X86Cpu *c, const Task *from, X86TaskReason why, uint64_t next)
{
    X86Descriptor old;
    bool ok = true;
    uint32_t flags = x86_get_eflags(c);
    if (why != TASK_CALL && !x86_descriptor_peek(c, (uint16_t)c->tr.selector, &old, &ok) && !ok)
        return false;
    if (why == TASK_IRET)
        flags &= ~(uint32_t)FL_NT;
    if (why != TASK_CALL && !x86_set_busy(c, &old, false))
        return false;
    return save_task(c, from, next, flags);
}

static bool push_error(X86Cpu *c, const Task *to, const uint32_t *error)
{
    X86Stack s = x86_stack(c);
    if (!error)
        return true;
    if (!x86_push_to(c, &s, to->layout->bytes, *error))
        return false;
    x86_set_stack_pointer(c, &s);
    return true;
}

static bool enter_task(X86Cpu *c, X86Descriptor *tss, const Task *to, X86TaskReason why)
{
    uint64_t link = c->tr.selector;
    uint32_t flags = (uint32_t)to->flags;
    if (why == TASK_CALL && !put(c, to, 0, 2, link))
        return false;
    if (why != TASK_IRET && !x86_set_busy(c, tss, true))
        return false;
    if (why == TASK_CALL)
        flags |= FL_NT;
    c->tr = (X86Segment){
        .base = to->base, .limit = to->limit, .attr = (tss->high & 0xf0ff00) | SEG_RW, .selector = tss->selector
    };
    set_registers(c, to, flags);
    if (to->layout->cr3 && c->cr0 & CR0_PG)
        x86_put_cr3(c, to->cr3);
    x86_mode_changed(c);
    return true;
}

bool x86_switch_task(X86Cpu *c, X86Descriptor *tss, X86TaskReason why, uint64_t next, const uint32_t *error)
{
    Task from = task_at((X86SystemType)(c->tr.attr >> 8 & 15), c->tr.base, c->tr.limit);
    Task to = task_at(x86_system_type(tss), x86_system_base(tss), x86_descriptor_limit(tss));
    if (!check_task(c, tss, why, &to) || !read_task(c, &to) || !leave_task(c, &from, why, next) ||
        !enter_task(c, tss, &to, why))
        return false;
    if (!load_segments(c, &to) || !push_error(c, &to, error))
        return false;
    if (x86_ip(c, c->rip) > c->seg[CS].limit)
        return x86_fault(c, X86_GP, 0);
    if (to.trap & 1)
        c->dr6_pending |= DR6_BT;
    return true;
}

bool x86_task_gate(X86Cpu *c, const X86Descriptor *gate, X86TaskReason why, uint64_t next, const uint32_t *error)
{
    X86Descriptor tss;
    uint16_t selector = (uint16_t)(gate->low >> 16);
    if (!(selector & 0xfffc))
        return x86_fault(c, X86_GP, 0);
    if (selector & 4)
        return x86_fault(c, X86_GP, selector);
    if (!x86_descriptor(c, selector, X86_GP, &tss))
        return false;
    X86SystemType type = x86_system_type(&tss);
    if (!x86_is_system(&tss) || (type != SYS_TSS16 && type != SYS_TSS32))
        return x86_fault(c, X86_GP, selector);
    return x86_switch_task(c, &tss, why, next, error);
}

bool x86_task_return(X86Cpu *c, uint64_t next)
{
    X86Descriptor tss;
    uint64_t link;
    if (!x86_system_read(c, c->tr.base, 2, &link))
        return false;
    if (link & 4 || !(link & 0xfffc))
        return x86_fault(c, X86_TS, (uint32_t)link);
    if (!x86_descriptor(c, (uint16_t)link, X86_TS, &tss))
        return false;
    X86SystemType type = x86_system_type(&tss);
    if (!x86_is_system(&tss) || (type != SYS_TSS16_BUSY && type != SYS_TSS32_BUSY))
        return x86_fault(c, X86_TS, (uint32_t)link);
    return x86_switch_task(c, &tss, TASK_IRET, next, NULL);
}
