/* String instructions by a helper: REP, ports. Registers are those of the elements done, so that a fault, an interrupt
 * or single-stepping in between finds what the SDM says (volume 2, REP). */
#include "frontend/x86/helpers.h"
#include "frontend/x86/strings.h"
#include "frontend/x86/sys.h"

enum { BATCH = 4096 }; /* elements before the next test for interrupts */

typedef struct String {
    X86Cpu *c;
    X86String op;
    unsigned bytes, adsize, rep;
    X86Seg seg;
    uint64_t mask, step;
} String;

static uint64_t index_of(const String *s, unsigned reg)
{
    return s->c->r[reg] & s->mask;
}

/* A register of the address size: 32 bits clear the upper half, 16 leave the rest. */
static void set(const String *s, unsigned reg, uint64_t v)
{
    uint64_t *r = &s->c->r[reg];
    *r = s->adsize == 2 ? (*r & ~0xffffull) | (v & 0xffff) : v & s->mask;
}

static void advance(const String *s, bool source, bool dest)
{
    if (source)
        set(s, RSI, index_of(s, RSI) + s->step);
    if (dest)
        set(s, RDI, index_of(s, RDI) + s->step);
}

static bool read_source(const String *s, uint64_t *v)
{
    return x86_read(s->c, s->seg, index_of(s, RSI), s->bytes, v);
}

static bool read_dest(const String *s, uint64_t *v)
{
    return x86_read(s->c, ES, index_of(s, RDI), s->bytes, v);
}

static bool write_dest(const String *s, uint64_t v)
{
    return x86_write(s->c, ES, index_of(s, RDI), s->bytes, v);
}

static void put_accumulator(const String *s, uint64_t v)
{
    uint64_t *a = &s->c->r[RAX];
    *a = s->bytes == 1 ? (*a & ~0xffull) | v : s->bytes == 2 ? (*a & ~0xffffull) | v : v;
}

static void compare(const String *s, uint64_t a, uint64_t b)
{
    s->c->flags = ir_flags_of(IR_sub, x86_type(s->bytes), a, b, 0);
}

static bool one_movs(const String *s)
{
    uint64_t v;
    if (!read_source(s, &v) || !write_dest(s, v))
        return false;
    advance(s, true, true);
    return true;
}

static bool one_stos(const String *s)
{
    if (!write_dest(s, s->c->r[RAX]))
        return false;
    advance(s, false, true);
    return true;
}

static bool one_lods(const String *s)
{
    uint64_t v;
    if (!read_source(s, &v))
        return false;
    put_accumulator(s, v);
    advance(s, true, false);
    return true;
}

static bool one_cmps(const String *s)
{
    uint64_t a, b;
    if (!read_source(s, &a) || !read_dest(s, &b))
        return false;
    compare(s, a, b);
    advance(s, true, true);
    return true;
}

static bool one_scas(const String *s)
{
    uint64_t b;
    if (!read_dest(s, &b))
        return false;
    compare(s, s->c->r[RAX], b);
    advance(s, false, true);
    return true;
}

/* The destination must be writable before the port is read: reading may change the device. */
static bool one_ins(const String *s)
{
    unsigned port = s->c->r[RDX] & 0xffff;
    uint64_t linear;
    if (!x86_linear_of(s->c, ES, index_of(s, RDI), s->bytes, true, &linear) ||
        !mem_probe(&s->c->cpu, linear, (int)s->bytes, STORE, false))
        return false;
    if (!write_dest(s, x86_in(s->c, port, s->bytes)))
        return false;
    advance(s, false, true);
    return true;
}

static bool one_outs(const String *s)
{
    unsigned port = s->c->r[RDX] & 0xffff;
    uint64_t v;
    if (!read_source(s, &v))
        return false;
    x86_out(s->c, port, s->bytes, (uint32_t)v);
    advance(s, true, false);
    return true;
}

static bool (*const one[])(const String *) = {
    [STRING_MOVS] = one_movs, [STRING_CMPS] = one_cmps, [STRING_STOS] = one_stos, [STRING_LODS] = one_lods,
    [STRING_SCAS] = one_scas, [STRING_INS] = one_ins,   [STRING_OUTS] = one_outs,
};

/* REPE and REPNE end a comparison that turned out the other way. */
static bool ended(const String *s)
{
    bool compares = s->op == STRING_CMPS || s->op == STRING_SCAS;
    return compares && (s->rep == 0xf3) != ((s->c->flags & FLAG_Z) != 0);
}

/* Returns whether it is done; *ok false: an exception was taken. */
static bool repeat(const String *s, bool *ok)
{
    unsigned batch = s->c->eflags & FL_TF ? 1 : BATCH, n = 0;
    *ok = true;
    for (; index_of(s, RCX); n++) {
        if (n && (n >= batch || s->c->cpu.stop))
            return false;
        *ok = one[s->op](s);
        if (!*ok)
            return false;
        set(s, RCX, index_of(s, RCX) - 1);
        if (ended(s))
            return true;
        if (s->c->dr6_pending)
            return !index_of(s, RCX);
    }
    return true;
}

/* how: STRING_ARG; next: the next instruction. Leaves unless all is done; then the pc is this instruction's still. */
uint64_t x86_help_string(Cpu *cpu, uint64_t how, uint64_t next, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)x;
    String s = { .c = c,
                 .op = (X86String)(how & 0xff),
                 .bytes = how >> 8 & 0xff,
                 .adsize = how >> 16 & 0xff,
                 .seg = (X86Seg)(how >> 24 & 0xff),
                 .rep = how >> 32 & 0xff };
    bool ok = true, done;
    s.mask = s.adsize == 8 ? ~0ull : (1ull << 8 * s.adsize) - 1;
    s.step = c->eflags & FL_DF ? -(uint64_t)s.bytes : s.bytes;
    bool port = s.op == STRING_INS || s.op == STRING_OUTS;
    if (port && !x86_port_allowed(c, c->r[RDX] & 0xffff, s.bytes))
        return 1; /* even if nothing is to be done */
    if (s.rep) {
        done = repeat(&s, &ok);
    } else {
        ok = one[s.op](&s);
        done = ok;
    }
    if (done && !port)
        return 0;
    if (done)
        c->rip = next; /* a device may have changed anything: leave to look */
    if (ok && (c->eflags & FL_TF || c->shadow || c->dr6_pending))
        x86_finish(c, c->eflags & FL_TF);
    return 1;
}
