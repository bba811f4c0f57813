/* The state of the x87 unit, and instructions that run on the host's one by one: whatever they do to values, flags,
 * tags and TOP is what the hardware does. */
#include "frontend/x86/x87.h"

#include "base/f80.h"
#include "core/machine.h"
#include "frontend/x86/helpers.h"

#include <string.h>

/* ---- registers as the guest sees them ---- */

void x87_set_control(X86Cpu *c, uint32_t v)
{
    uint32_t traps = (v & FCW_MASKS) != FCW_MASKS ? X87_TRAPS : 0;
    c->fcw = (v & FCW_WRITABLE) | FCW_ONE;
    c->fcontrol = c->fcw | FCW_MASKS;
    if ((c->fpos & X87_TRAPS) == traps)
        return;
    c->fpos ^= X87_TRAPS;
    x86_mode_changed(c);
}

void x87_settle(X86Cpu *c)
{
    c->fsw = x87_flags(c);
    c->fhost &= (uint32_t)FSW_C1 << 16;
}

uint32_t x87_status(const X86Cpu *c)
{
    return x87_flags(c) | c->fcond | (c->fhost >> 16 & FSW_C1) | x87_top(c) << FSW_TOP_SHIFT |
           (x87_pending(c) ? FSW_ES | FSW_B : 0);
}

void x87_set_status(X86Cpu *c, uint32_t v)
{
    unsigned top = v >> FSW_TOP_SHIFT & 7;
    c->fsw = v & FSW_KEPT;
    c->fcond = v & FSW_COMPARED;
    c->fhost = (v & FSW_C1) << 16;
    c->fpos = (c->fpos & (X87_TRAPS | X87_ALONE)) | ((top + c->fturn) & 7);
}

/* Figure 8-7: valid, zero, special, empty. */
static uint32_t tag_of(const V128 *v)
{
    unsigned exponent = v->hi & 0x7fff;
    if (!exponent && !v->lo)
        return 1;
    return !exponent || exponent == 0x7fff || !(v->lo >> 63) ? 2 : 0;
}

uint32_t x87_tags(const X86Cpu *c)
{
    uint32_t tags = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned at = x87_physical(c, n);
        tags |= (c->ftag[at] ? tag_of(&c->st[at]) : 3) << 2 * n;
    }
    return tags;
}

void x87_set_tags(X86Cpu *c, uint32_t tags)
{
    for (unsigned n = 0; n < 8; n++)
        c->ftag[x87_physical(c, n)] = (tags >> 2 * n & 3) != 3;
}

void x87_init(X86Cpu *c)
{
    x87_set_control(c, FCW_INIT);
    x87_set_status(c, 0);
    x87_set_tags(c, 0xffff);
    c->fop = c->fcs = c->fds = 0;
    c->fip = c->fdp = 0;
}

/* ---- exceptions ---- */

static void set_ferr(X86Cpu *c, bool on)
{
    if (c->ferr.level == on)
        return;
    machine_lock(c->cpu.dev.machine);
    line_set(&c->ferr, on);
    machine_unlock(c->cpu.dev.machine);
}

/* Before an instruction that waits. true: #MF was taken. With CR0.NE clear the exception goes out of the processor by
 * its FERR# pin, and comes back as an interrupt; which is waited for only as long as that can happen. Volume 1, 8.7. */
static bool waits(X86Cpu *c)
{
    if (!x87_pending(c))
        return false;
    if (c->cr0 & CR0_NE) {
        x86_raise(c, X86_MF, 0);
        return true;
    }
    set_ferr(c, true);
    return c->eflags & FL_IF && cpu_lines(&c->cpu) >> X86_INTR & 1;
}

/* ---- one instruction on the host ---- */

static void to_image(const X86Cpu *c, F80Image *m)
{
    *m = (F80Image){ .control = (uint16_t)c->fcw, .status = (uint16_t)x87_status(c), .tags = (uint16_t)x87_tags(c) };
    for (unsigned i = 0; i < 8; i++)
        memcpy(m->st[i], &c->st[x87_at(c, i)], 10);
}

static void from_image(X86Cpu *c, const F80Image *m)
{
    x87_set_status(c, m->status);
    x87_set_tags(c, m->tags);
    for (unsigned i = 0; i < 8; i++)
        memcpy(&c->st[x87_at(c, i)], m->st[i], 10);
}

/* Volume 1, 8.1.8: of this instruction and its operand. While all exceptions are masked only the instruction's offset
 * is kept, as translated code does (x87_insn.c): what FNSAVE shows must not depend on which way an instruction was run.
 */
static void set_pointers(X86Cpu *c, unsigned insn, bool memory, X86Seg seg, uint64_t offset)
{
    c->fip = x86_ip(c, c->rip);
    if (!(c->fpos & X87_TRAPS))
        return;
    c->fop = insn & 0x7ff;
    c->fcs = c->seg[CS].selector;
    if (memory) {
        c->fdp = offset;
        c->fds = c->seg[seg].selector;
    }
}

/* FCOMI and its kin set ZF PF CF and clear the rest; nothing else sets flags. */
static bool compares_to_eflags(unsigned insn)
{
    unsigned row = insn & 0x7f8;
    return row == 0x3e8 || row == 0x3f0 || row == 0x7e8 || row == 0x7f0;
}

/* It was for this instruction only: goes on behind it. */
static bool ran_alone(X86Cpu *c, unsigned length)
{
    if (!(c->fpos & X87_ALONE))
        return false;
    c->fpos &= ~(uint32_t)X87_ALONE;
    c->rip = x86_in_code64(c) ? c->rip + length : (uint32_t)(c->rip + length);
    x86_mode_changed(c);
    return true;
}

/* Translated code found an operand's place empty, or full: the instruction is to be run alone. */
uint64_t x86_help_x87_alone(Cpu *cpu, uint64_t pc, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    c->rip = pc;
    c->fpos |= X87_ALONE;
    x86_mode_changed(c);
    return 1;
}

static void turn(X86Cpu *c, unsigned by)
{
    V128 st[8];
    uint8_t tag[8];
    memcpy(st, c->st, sizeof st);
    memcpy(tag, c->ftag, sizeof tag);
    for (unsigned n = 0; n < 8; n++) {
        c->st[(n + by) & 7] = st[n];
        c->ftag[(n + by) & 7] = tag[n];
    }
    c->fturn = (c->fturn + by) & 7;
    c->fpos = (c->fpos & (X87_TRAPS | X87_ALONE)) | ((c->fpos + by) & 7);
}

/* ... or ST(0) elsewhere than at `want`. */
uint64_t x86_help_x87_turn(Cpu *cpu, uint64_t pc, uint64_t want, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)x;
    turn(c, ((unsigned)want - c->fpos) & 7);
    c->rip = pc;
    return 1;
}

/* ---- MMX ---- SDM volume 3, 12.2: every instruction clears TOP and sets all tags to valid, EMMS to empty */

uint64_t x86_help_mmx(Cpu *cpu, uint64_t pc, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    turn(c, (8 - c->fturn) & 7);
    c->fpos = (c->fpos & (X87_TRAPS | X87_ALONE)) | X87_MMX;
    memset(c->ftag, 1, sizeof c->ftag);
    c->rip = pc;
    return 1;
}

uint64_t x86_help_emms(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    x87_set_status(c, x87_status(c) & ~(7u << FSW_TOP_SHIFT));
    memset(c->ftag, 0, sizeof c->ftag);
    return 0;
}

/* Bytes of one register where the other's have their top bit set. how: registers, segment << 8. */
uint64_t x86_help_maskmovq(Cpu *cpu, uint64_t how, uint64_t offset, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint64_t data = c->st[how & 7].lo, mask = c->st[how >> 3 & 7].lo;
    X86Seg seg = (X86Seg)(how >> 8 & 7);
    (void)x;
    if (!x86_can_write(c, seg, offset, 8))
        return 1;
    for (unsigned n = 0; n < 8; n++)
        if (mask >> (8 * n + 7) & 1 && !x86_write(c, seg, offset + n, 1, data >> 8 * n & 0xff))
            return 1;
    return 0;
}

/* All ten bytes of st[at], as they are. */
uint64_t x86_help_x87_store(Cpu *cpu, uint64_t seg, uint64_t offset, uint64_t at)
{
    X86Cpu *c = x86_of(cpu);
    return !x86_write_bytes(c, (X86Seg)seg, offset, &c->st[at & 7], 10);
}

/* Before an MMX instruction while exceptions may be pending. */
uint64_t x86_help_mmx_wait(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    x87_settle(c);
    f80_reset((uint16_t)c->fcontrol);
    return waits(c);
}

uint64_t x86_help_x87(Cpu *cpu, uint64_t what, uint64_t offset, uint64_t shown)
{
    X86Cpu *c = x86_of(cpu);
    unsigned insn = what & 0x7ff, bytes = what >> 16 & 0xff;
    bool write = what >> 24 & 1;
    X86Seg seg = (X86Seg)(what >> 32 & 7);
    uint8_t operand[16] = { 0 };
    F80Image m;
    x87_settle(c);
    if (waits(c))
        return 1;
    if (bytes && !write && !x86_read_bytes(c, seg, offset, operand, bytes))
        return 1;
    to_image(c, &m);
    if (!(c->cr0 & CR0_NE)) /* it was let pass: the host would wait for it */
        m.status &= (uint16_t)(m.control | ~FSW_FLAGS);
    uint32_t flags = f80_execute(&m, insn, operand, x86_unpack_flags(c->flags));
    /* an unmasked exception, inexact but, leaves the destination alone */
    bool stored = !(m.status & ~m.control & (FSW_FLAGS & ~0x20));
    if (bytes && write &&
        (!x86_can_write(c, seg, offset, bytes) || (stored && !x86_write_bytes(c, seg, offset, operand, bytes))))
        return 1;
    from_image(c, &m);
    set_pointers(c, (unsigned)shown, bytes, seg, offset);
    if (compares_to_eflags(insn))
        c->flags = x86_pack_flags(flags & (FL_Z | FL_P | FL_C));
    f80_reset((uint16_t)c->fcontrol);
    return ran_alone(c, what >> 40 & 15);
}

/* ---- control ---- */

uint64_t x86_help_x87_control(Cpu *cpu, uint64_t what, uint64_t seg, uint64_t offset)
{
    X86Cpu *c = x86_of(cpu);
    uint64_t v;
    x87_settle(c);
    if ((what == X87_WAIT || what == X87_LDCW) && waits(c))
        return 1;
    if (what == X87_LDCW && !x86_read(c, (X86Seg)seg, offset, 2, &v))
        return 1;
    if (what == X87_LDCW)
        x87_set_control(c, (uint32_t)v);
    if (what == X87_INIT)
        x87_init(c);
    if (what == X87_CLEX)
        c->fsw = 0;
    f80_reset((uint16_t)c->fcontrol);
    if (!x87_pending(c))
        set_ferr(c, false);
    return 0;
}

static unsigned format_of(const X86Cpu *c, unsigned bytes)
{
    return (bytes == 2 ? X87_16 : 0u) | (x86_is_real(c) ? X87_REAL : 0u);
}

enum { STACK_BYTES = 80 };

static bool store(X86Cpu *c, unsigned bytes, bool stack, X86Seg seg, uint64_t offset)
{
    uint8_t image[28 + STACK_BYTES];
    unsigned size = x87_store_environment(c, format_of(c, bytes), image);
    for (unsigned i = 0; i < 8; i++)
        memcpy(image + size + 10 * i, &c->st[x87_at(c, i)], 10);
    if (!x86_write_bytes(c, seg, offset, image, size + (stack ? STACK_BYTES : 0)))
        return false;
    if (stack)
        x87_init(c);
    else
        x87_set_control(c, c->fcw | FCW_MASKS);
    return true;
}

static bool load(X86Cpu *c, unsigned bytes, bool stack, X86Seg seg, uint64_t offset)
{
    uint8_t image[28 + STACK_BYTES];
    unsigned size = bytes == 2 ? 14 : 28;
    if (!x86_read_bytes(c, seg, offset, image, size + (stack ? STACK_BYTES : 0)))
        return false;
    x87_load_environment(c, format_of(c, bytes), image);
    for (unsigned i = 0; i < 8 && stack; i++)
        memcpy(&c->st[x87_at(c, i)], image + size + 10 * i, 10);
    return true;
}

/* FLDENV FNSTENV FRSTOR FNSAVE. what: which, operand bytes << 8, segment << 16. */
uint64_t x86_help_x87_environment(Cpu *cpu, uint64_t what, uint64_t offset, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    unsigned which = what & 0xff, bytes = what >> 8 & 0xff;
    X86Seg seg = (X86Seg)(what >> 16 & 7);
    bool loads = which == X87_LDENV || which == X87_RSTOR, stack = which == X87_RSTOR || which == X87_SAVE;
    (void)x;
    x87_settle(c);
    if (loads && waits(c))
        return 1;
    bool done = loads ? load(c, bytes, stack, seg, offset) : store(c, bytes, stack, seg, offset);
    f80_reset((uint16_t)c->fcontrol);
    return !done;
}
