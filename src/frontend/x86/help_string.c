/* String instructions by a helper: REP, ports. Registers are those of the elements done, so that a fault, an interrupt
 * or single-stepping in between finds what the SDM says (volume 2, REP). */
#include "frontend/x86/helpers.h"
#include "frontend/x86/strings.h"
#include "frontend/x86/sys.h"

static void advance(const String *s, bool source, bool dest)
{
    if (source)
        string_set(s, RSI, string_index(s, RSI) + s->step);
    if (dest)
        string_set(s, RDI, string_index(s, RDI) + s->step);
}

static bool read_source(const String *s, uint64_t *v)
{
    return x86_read(s->c, s->seg, string_index(s, RSI), s->bytes, v);
}

static bool read_dest(const String *s, uint64_t *v)
{
    return x86_read(s->c, ES, string_index(s, RDI), s->bytes, v);
}

static bool write_dest(const String *s, uint64_t v)
{
    return x86_write(s->c, ES, string_index(s, RDI), s->bytes, v);
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
    if (!x86_linear_of(s->c, ES, string_index(s, RDI), s->bytes, true, &linear) ||
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
    return string_compares(s) && (s->rep == 0xf3) != ((s->c->flags & FLAG_Z) != 0);
}

/* Returns whether it is done; *ok false: an exception was taken. n: elements done of this batch. */
static bool repeat(const String *s, uint64_t n, bool *ok)
{
    uint64_t batch = s->c->eflags & FL_TF ? 1 : string_batch(s), run;
    *ok = true;
    for (; string_index(s, RCX); n += run) {
        if (n && (n >= batch || cpu_hurries(&s->c->cpu)))
            return false;
        run = x86_string_run(s, batch - n);
        if (run && !string_compares(s))
            continue;
        run++;
        *ok = one[s->op](s);
        if (!*ok)
            return false;
        string_set(s, RCX, string_index(s, RCX) - 1);
        if (ended(s))
            return true;
        if (s->c->dr6_pending)
            return !string_index(s, RCX);
    }
    return true;
}

/* how: STRING_ARG; pc: of this instruction. Leaves unless all is done. Then the pc slot is that of the next
 * instruction, else still of this one. */
uint64_t x86_help_string(Cpu *cpu, uint64_t how, uint64_t pc, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    String s = string_of(c, how);
    bool ok = true, done, port = s.op == STRING_INS || s.op == STRING_OUTS;
    (void)x;
    c->rip = pc;
    if (port && !x86_port_allowed(c, c->r[RDX] & 0xffff, s.bytes))
        return 1; /* even if nothing is to be done */
    if (s.rep) {
        done = repeat(&s, how & STRING_RESUMED ? c->tmp[0] : 0, &ok);
    } else {
        ok = one[s.op](&s);
        done = ok;
    }
    if (done)
        x86_set_ip(c, x86_ip(c, pc + s.length));
    if (done && !port)
        return 0;
    if (ok && (c->eflags & FL_TF || c->shadow || c->dr6_pending))
        x86_finish(c, c->eflags & FL_TF);
    return 1; /* of a port: a device may have changed anything, leave to look */
}
