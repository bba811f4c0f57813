/* Integer helpers that touch memory or may raise. */
#include "frontend/x86/guest.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"
#include "host/random.h"

uint64_t x86_help_raise(Cpu *cpu, uint64_t vector, uint64_t error, uint64_t x)
{
    (void)x;
    x86_raise(x86_of(cpu), (X86Vector)vector, (uint32_t)error);
    return 1;
}

/* In place of the instruction at pc. */
uint64_t x86_help_raise_at(Cpu *cpu, uint64_t pc, uint64_t what, uint64_t x)
{
    (void)x;
    x86_of(cpu)->rip = pc;
    x86_raise(x86_of(cpu), (X86Vector)(what & 0xff), (uint32_t)(what >> 8));
    return 1;
}

uint64_t x86_help_check_ip(Cpu *cpu, uint64_t ip, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (ip <= c->seg[CS].limit)
        return 0;
    x86_raise(c, X86_GP, 0);
    return 1;
}

static uint64_t divide_error(X86Cpu *c)
{
    x86_raise(c, X86_DE, 0);
    return 1;
}

/* IDIV by tmp[0] of what does not simply fit: all of the instruction at pc. how: bytes, the instruction's length. */
uint64_t x86_help_idiv(Cpu *cpu, uint64_t pc, uint64_t how, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    unsigned bits = 8 * (how & 0xff);
    int64_t d = bits == 64 ? (int64_t)c->tmp[0] : (int32_t)c->tmp[0];
    uint64_t mask = bits == 64 ? ~0ull : UINT32_MAX;
    __int128 n = (__int128)((unsigned __int128)c->r[RDX] << 64 | c->r[RAX]);
    (void)x;
    c->rip = pc;
    if (bits == 32)
        n = (int64_t)((c->r[RDX] & mask) << 32 | (c->r[RAX] & mask));
    if (!d || (n == (__int128)((unsigned __int128)1 << 127) && d == -1)) /* the host's C cannot do that either */
        return divide_error(c);
    __int128 q = n / d;
    if (bits == 64 ? q != (int64_t)q : q != (int32_t)q)
        return divide_error(c);
    c->r[RAX] = (uint64_t)q & mask;
    c->r[RDX] = (uint64_t)(n % d) & mask;
    c->flags = (c->flags & (FLAG_C | FLAG_V)) | FLAG_AUX;
    c->rip = pc + (uint64_t)((int64_t)how >> 8);
    if (x86_mode(cpu) & M_ALONE)
        x86_finish(c, c->eflags & FL_TF);
    return 1;
}

static void pair(const X86Cpu *c, unsigned high, unsigned low, unsigned bytes, V128 *v)
{
    *v = bytes == 8 ? (V128){ (uint32_t)c->r[low] | c->r[high] << 32, 0 } : (V128){ c->r[low], c->r[high] };
}

/* CMPXCHG8B and 16B at a linear address; 16B must be aligned. Memory is written in either case. */
uint64_t x86_help_cmpxchg_pair(Cpu *cpu, uint64_t linear, uint64_t bytes, uint64_t x)
{
    (void)x;
    X86Cpu *c = x86_of(cpu);
    V128 expected, desired, old;
    if (bytes == 16 && linear & 15) {
        x86_raise(c, X86_GP, 0);
        return 1;
    }
    pair(c, RDX, RAX, (unsigned)bytes, &expected);
    pair(c, RCX, RBX, (unsigned)bytes, &desired);
    if (!mem_cas(cpu, linear, (int)bytes, expected, desired, false, &old))
        return 1;
    if (old.lo == expected.lo && (bytes == 8 || old.hi == expected.hi)) {
        c->flags |= FLAG_Z;
        return 0;
    }
    c->flags &= ~(uint32_t)FLAG_Z;
    c->r[RAX] = bytes == 8 ? (uint32_t)old.lo : old.lo;
    c->r[RDX] = bytes == 8 ? old.lo >> 32 : old.hi;
    return 0;
}

static uint64_t cut(uint64_t v, unsigned bytes)
{
    return bytes < 8 ? v & ((1ull << 8 * bytes) - 1) : v;
}

static void merge(uint64_t *reg, unsigned bytes, uint64_t v)
{
    *reg = bytes == 2 ? (*reg & ~0xffffull) | (uint16_t)v : cut(v, bytes);
}

/* Frames are copied for levels above 1. */
static bool copy_frames(X86Cpu *c, unsigned bytes, unsigned level, uint64_t *sp)
{
    unsigned stack = x86_stack_size(c);
    uint64_t bp = cut(c->r[RBP], stack), v;
    for (unsigned n = 1; n < level; n++) {
        bp = cut(bp - bytes, stack);
        *sp = cut(*sp - bytes, stack);
        if (!x86_read(c, SS, bp, bytes, &v) || !x86_write(c, SS, *sp, bytes, v))
            return false;
    }
    return true;
}

/* SDM volume 2, ENTER: the place that rSP will point to must be writable, too. size: of the frame; how: operand bytes,
 * level << 8. */
uint64_t x86_help_enter(Cpu *cpu, uint64_t size, uint64_t how, uint64_t x)
{
    (void)x;
    X86Cpu *c = x86_of(cpu);
    unsigned bytes = how & 0xff, level = how >> 8 & 31, stack = x86_stack_size(c);
    uint64_t sp = cut(c->r[RSP] - bytes, stack), frame = sp, linear;
    if (!x86_write(c, SS, sp, bytes, c->r[RBP]) || !copy_frames(c, bytes, level, &sp))
        return 1;
    if (level) {
        sp = cut(sp - bytes, stack);
        if (!x86_write(c, SS, sp, bytes, frame))
            return 1;
    }
    sp = cut(sp - size, stack);
    if (!x86_linear_of(c, SS, sp, bytes, true, &linear) || !mem_probe(cpu, linear, (int)bytes, STORE, false))
        return 1;
    merge(&c->r[RBP], bytes, frame);
    merge(&c->r[RSP], stack, sp);
    return 0;
}

uint64_t x86_help_random(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)cpu, (void)a, (void)b, (void)x;
    return random_u64();
}
